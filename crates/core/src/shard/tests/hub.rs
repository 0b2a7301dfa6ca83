//! Shards with their logs, and everything that topics are asked: what the tests of deliveries are written with.

use super::logged::{Logged, Restart};
use super::{BEGIN, payload, queue, wanted};
use crate::command::{
    AskQueue, AskTopic, Command, Dedup, Notice, Outcome, Publish, Replayed, Report, Subscribe, TopicMeaning,
};
use crate::event::{ReplayStated, SubscriptionStated, Tags};
use crate::id::{DedupKey, GroupKey, Ids, Revision, TopicId, Uuid};
use crate::outbox::Parcel;
use crate::queue::settings::{Setting, Switch};
use crate::reply::{Claimed, Confirmed, OwedParcel, Peeked, PublishedAs, Reply, TopicView};
use crate::shard::Config;
use crate::topic::filter::Facts;
use crate::topic::status::Ended;
use crate::topic::subscription::{Endpoint, Protocol, Standing, Token};
use crate::{Arn, Rejection, Timestamp};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) struct Hub {
    pub(super) shards: Vec<Logged>,
    pub(super) ids: Ids,
    pub(super) now: Timestamp,
    pub(super) dropped: u64,
    /// What topics were told of deliveries to queues.
    pub(super) ended: Vec<Ended>,
}

/// A topic of this name.
pub(super) fn topic(name: &str) -> Arn {
    Arn::of("aws", "sns", "us-east-1", "000000000000", name)
}

/// A web server.
pub(super) fn web() -> Endpoint {
    Endpoint::Other(Protocol::Https, "https://example.com/".into())
}

/// A token of a shard.
pub(super) fn token(shard: u16, number: u8) -> Token {
    let mut token = [number; 32];
    token[..2].copy_from_slice(&shard.to_be_bytes());
    Token(token)
}

/// A message for a FIFO topic.
pub(super) fn grouped(body: &'static str, group: &str, id: &str) -> Publish {
    Publish {
        group: Some(GroupKey::of(group)),
        dedup: Some(Dedup::Explicit(DedupKey::of(id))),
        ..Publish::new(payload(body))
    }
}

impl Hub {
    /// One shard.
    pub(super) fn new(config: Config) -> Hub {
        Hub { shards: vec![Logged::new(config)], ids: Ids::new(5), now: BEGIN, dropped: 0, ended: Vec::new() }
    }

    /// Two shards.
    pub(super) fn pair(config: &Config) -> Hub {
        let logged = |index| Logged::new(Config { index, shards: 2, ..config.clone() });
        Hub {
            shards: vec![logged(0), logged(1)],
            ids: Ids::new(5),
            now: BEGIN,
            dropped: 0,
            ended: Vec::new(),
        }
    }

    /// The first queue of such a name that a shard holds.
    pub(super) fn name_at(&self, shard: u16, prefix: &str, suffix: &str) -> String {
        let count = self.shards.len() as u16;
        let mut names = (0..).map(|n| format!("{prefix}{n}{suffix}"));
        names.find(|name| queue(name).shard(count) == shard).unwrap()
    }

    /// The first topic of such a name that a shard holds.
    pub(super) fn topic_at(&self, shard: u16, suffix: &str) -> Arn {
        let count = self.shards.len() as u16;
        (0..).map(|n| topic(&format!("t{n}{suffix}"))).find(|arn| arn.shard(count) == shard).unwrap()
    }

    pub(super) fn home(&mut self, arn: &Arn) -> &mut Logged {
        let shard = arn.shard(self.shards.len() as u16);
        &mut self.shards[usize::from(shard)]
    }

    pub(super) fn run_at(&mut self, shard: usize, command: Command) -> Result<Reply, Rejection> {
        let logged = &mut self.shards[shard];
        let decided = logged.shard.decide(command, &mut self.ids)?;
        self.dropped += decided.dropped;
        self.ended.extend(decided.ended);
        logged.append(decided.events);
        logged.shard.check();
        Ok(decided.reply)
    }

    pub(super) fn run(&mut self, arn: &Arn, command: Command) -> Result<Reply, Rejection> {
        self.run_at(usize::from(arn.shard(self.shards.len() as u16)), command)
    }

    pub(super) fn judged(&mut self, arn: &Arn) -> Revision {
        let judgement = self.home(arn).shard.judgement(arn);
        judgement.map(|judgement| judgement.revision).unwrap_or_default()
    }

    pub(super) fn ask(&mut self, name: &str, ask: AskQueue) -> Reply {
        let (arn, judged) = (queue(name), self.judged(&queue(name)));
        self.run(&arn.clone(), Command::Queue { arn, judged, ask }).unwrap()
    }

    pub(super) fn ask_topic(&mut self, arn: &Arn, ask: AskTopic) -> Result<Reply, Rejection> {
        let judged = self.judged(arn);
        self.run(arn, Command::Topic { arn: arn.clone(), judged, ask })
    }

    pub(super) fn create_queue(&mut self, name: &str, mut settings: Vec<Setting>) {
        let (arn, judged) = (queue(name), Revision(0));
        if arn.is_fifo() {
            settings.push(Setting::FifoQueue(Switch::On));
        }
        let create = Command::CreateQueue { arn: arn.clone(), judged, settings, tags: Tags::new() };
        self.run(&arn, create).unwrap();
    }

    pub(super) fn create_topic(&mut self, arn: &Arn, attributes: &[(&str, &str)], meaning: TopicMeaning) {
        let pairs = attributes.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let attributes = pairs.collect::<BTreeMap<_, _>>();
        self.run(arn, Command::CreateTopic { arn: arn.clone(), attributes, meaning, tags: None }).unwrap();
    }

    pub(super) fn subscribe(&mut self, arn: &Arn, asked: Subscribe) -> Result<(Uuid, Confirmed), Rejection> {
        let reply = self.ask_topic(arn, AskTopic::Subscribe(Box::new(asked)))?;
        let Reply::Subscribed(id, confirmed) = reply else { panic!("{reply:?}") };
        Ok((id, confirmed))
    }

    /// Subscribes an endpoint that does not have to confirm.
    pub(super) fn subscribed(
        &mut self,
        arn: &Arn,
        endpoint: Endpoint,
        change: impl FnOnce(&mut SubscriptionStated),
    ) -> Uuid {
        let mut next = wanted(endpoint);
        change(&mut next);
        self.subscribe(arn, Subscribe::new(next)).unwrap().0
    }

    /// Subscribes an endpoint that has to.
    pub(super) fn pending(
        &mut self,
        arn: &Arn,
        endpoint: Endpoint,
        token: Token,
    ) -> Result<(Uuid, Confirmed), Rejection> {
        let next = SubscriptionStated { standing: Standing::Pending(Timestamp::ZERO), ..wanted(endpoint) };
        let notice = Some(Notice { payload: payload("confirm"), token });
        self.subscribe(arn, Subscribe { notice, ..Subscribe::new(next) })
    }

    pub(super) fn stated(&mut self, arn: &Arn, id: Uuid) -> Result<Arc<SubscriptionStated>, Rejection> {
        let reply = self.ask_topic(arn, AskTopic::Subscription(id))?;
        let Reply::Subscription(stated, _) = reply else { panic!("{reply:?}") };
        Ok(stated)
    }

    pub(super) fn replay_of(&mut self, arn: &Arn, id: Uuid) -> Option<ReplayStated> {
        let reply = self.ask_topic(arn, AskTopic::Subscription(id)).unwrap();
        let Reply::Subscription(_, replay) = reply else { panic!("{reply:?}") };
        replay
    }

    pub(super) fn view(&mut self, arn: &Arn) -> TopicView {
        let reply = self.ask_topic(arn, AskTopic::View).unwrap();
        let Reply::Topic(view) = reply else { panic!("{reply:?}") };
        *view
    }

    pub(super) fn publish(&mut self, arn: &Arn, messages: Vec<Publish>) -> Vec<PublishedAs> {
        let reply = self.ask_topic(arn, AskTopic::Publish(messages)).unwrap();
        let Reply::Published(each) = reply else { panic!("{reply:?}") };
        each.into_iter().map(|each| each.unwrap()).collect()
    }

    pub(super) fn say(&mut self, arn: &Arn, body: &'static str) -> PublishedAs {
        self.publish(arn, vec![Publish::new(payload(body))]).remove(0)
    }

    /// What may be attempted now.
    pub(super) fn claim(&mut self, arn: &Arn) -> Vec<Claimed> {
        let Reply::Claimed(claimed) = self.home(arn).shard.take_due(100, 1 << 20) else { panic!() };
        claimed
    }

    pub(super) fn report(&mut self, arn: &Arn, claimed: &[Claimed], outcome: Outcome) {
        let report = |claimed: &Claimed| Report {
            topic: claimed.topic,
            subscription: claimed.subscription.id,
            publication: claimed.id,
            outcome,
        };
        self.run(arn, Command::Tried(claimed.iter().map(report).collect())).unwrap();
    }

    pub(super) fn pass(&mut self, ms: u64) {
        self.now = self.now + ms;
        for logged in &mut self.shards {
            logged.shard.advance(self.now);
        }
    }

    /// Lets all deliveries between shards arrive.
    pub(super) fn exchange(&mut self) {
        let count = self.shards.len();
        for _ in 0..100 {
            for (from, to) in (0..count).flat_map(|from| (0..count).map(move |to| (from, to))) {
                self.carry(from, to);
            }
        }
        assert!(self.shards.iter().all(|logged| logged.shard.owed_count() == 0));
    }

    fn carry(&mut self, from: usize, to: usize) {
        let Ok(Reply::Owed(owed)) = self.run_at(from, Command::Owed { to: to as u16 }) else { panic!() };
        if owed.is_empty() {
            return;
        }
        let fill = |owed: &OwedParcel| {
            let mut parcel: Parcel = owed.parcel.clone();
            parcel.payload.bytes = Bytes::copy_from_slice(owed.body.resident.as_deref().unwrap());
            parcel
        };
        let deliver = Command::Deliver { from: from as u16, parcels: owed.iter().map(fill).collect() };
        let Ok(Reply::Taken { accepted, refused }) = self.run_at(to, deliver) else { panic!() };
        self.run_at(from, Command::Settle { to: to as u16, accepted, refused }).unwrap();
    }

    /// All shards are opened again, out of logs that were compacted before.
    pub(super) fn restart(&mut self) {
        for logged in &mut self.shards {
            logged.check(Restart::No);
            logged.compact(logged.log.len());
            logged.check(Restart::Yes);
        }
    }

    pub(super) fn peek(&mut self, name: &str) -> Vec<Peeked> {
        let Reply::Peeked(found) = self.ask(name, AskQueue::Peek { after: 0, max: 100 }) else { panic!() };
        found
    }

    pub(super) fn bodies(&mut self, name: &str) -> Vec<String> {
        let text = |message: &Peeked| {
            String::from_utf8_lossy(message.content.body().resident.as_deref().unwrap()).into_owned()
        };
        self.peek(name).iter().map(text).collect()
    }

    /// Puts what waits for the archives into them.
    pub(super) fn archive(&mut self, arn: &Arn, archive: &mut Vec<Replayed>) {
        let Ok(Reply::ToArchive(page)) =
            self.run(arn, Command::ToArchive { after: TopicId(0), skip: Vec::new() })
        else {
            panic!()
        };
        for next in page {
            let (topic, up_to) = (next.topic, next.published.fifo.unwrap().sequence);
            let bytes = Bytes::copy_from_slice(next.body.resident.as_deref().unwrap());
            let payload = crate::body::Payload::new(bytes, next.body.size);
            archive.push(Replayed { published: next.published, payload, facts: Facts::default() });
            self.run(arn, Command::Archived { topic, up_to }).unwrap();
        }
    }

    /// The next messages of an archive for each replay, so many at most.
    pub(super) fn replay(&mut self, arn: &Arn, archive: &[Replayed], most: usize) -> Vec<(TopicId, Uuid)> {
        let Ok(Reply::Replays(replays)) = self.run(arn, Command::Replays) else { panic!() };
        let mut stepped = Vec::new();
        for ReplayStated { topic, subscription, id, cursor, .. } in replays.iter().map(|view| view.replay) {
            let sequence = |message: &Replayed| message.published.fifo.unwrap().sequence;
            let next = archive.iter().filter(|message| sequence(message) > cursor).take(most);
            let messages = next.cloned().collect::<Vec<_>>();
            let up_to = messages.last().map_or(cursor, sequence);
            let command = Command::Replay { topic, subscription, id, messages, up_to };
            self.run(arn, command).unwrap();
            stepped.push((topic, subscription));
        }
        stepped
    }
}
