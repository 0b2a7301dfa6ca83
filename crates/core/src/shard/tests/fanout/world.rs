//! What is done at random, and what must hold meanwhile.

use crate::command::{
    AskQueue, AskTopic, Command, Dedup, Notice, Outcome, Publish, Receive, Replayed, Report, Subscribe,
    TopicMeaning,
};
use crate::event::{Occasion, SubscriptionStated, Tags};
use crate::id::{DedupKey, GroupKey, Ids, PublicationId, TopicId, Uuid};
use crate::outbox::Parcel;
use crate::queue::message::Content;
use crate::queue::settings::{Setting, Switch};
use crate::rejection::Crossing;
use crate::reply::Reply;
use crate::shard::tests::logged::{Dice, Logged, Restart};
use crate::shard::tests::{BEGIN, payload, queue, wanted};
use crate::shard::{Bounds, Config, Shard, Waits};
use crate::topic::filter::{AttributeFact, Facts};
use crate::topic::retry::{Backoff, Phases, Policy, Schedule};
use crate::topic::subscription::{
    Change, Confirmation, Endpoint, Form, Meaning, Protocol, Span, Standing, Token,
};
use crate::{Arn, Rejection, Timestamp};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Which delivery to an endpoint.
type Line = (usize, TopicId, Uuid, PublicationId);

/// Two shards, and what their clients know.
pub(super) struct World {
    pub(super) shards: [Logged; 2],
    ids: Ids,
    dice: Dice,
    now: Timestamp,
    topics: Vec<Arn>,
    pub(super) queues: Vec<Arn>,
    tokens: Vec<Token>,
    pub(super) claimed: BTreeSet<Line>,
    archives: BTreeMap<(usize, TopicId), Vec<Replayed>>,
    pub(super) published: u64,
    pub(super) handed_out: u64,
}

/// Queues whose name begins with an `x` may not be sent to.
fn permit(crossing: &Crossing<'_>) -> bool {
    !crossing.target.resource().starts_with('x')
}

fn config(index: u16) -> Config {
    Config {
        index,
        shards: 2,
        waits: Waits { deleted_ms: 0, purge_ms: 0 },
        bounds: Bounds { owed_per_endpoint: 5, ..Bounds::default() },
        permit: Arc::new(permit),
        ..Config::default()
    }
}

fn schedule() -> Schedule {
    let (min_delay_ms, max_delay_ms) = (1_000, 4_000);
    let (retries, no_delay_retries, min_delay_retries, max_delay_retries) = (4, 1, 0, 1);
    let backoff = Backoff::Linear;
    Schedule::new(Phases {
        min_delay_ms,
        max_delay_ms,
        retries,
        no_delay_retries,
        min_delay_retries,
        max_delay_retries,
        backoff,
    })
    .unwrap()
}

fn named(shard: u16, prefix: &str, suffix: &str, of: impl Fn(&str) -> Arn) -> Arn {
    let mut names = (0..).map(|i| of(&format!("{prefix}{i}{suffix}")));
    names.find(|arn| arn.shard(2) == shard).unwrap()
}

fn topic(name: &str) -> Arn {
    Arn::of("aws", "sns", "us-east-1", "000000000000", name)
}

impl World {
    pub(super) fn new(seed: u64) -> World {
        let topics = [(0, ""), (0, ".fifo"), (1, ".fifo")];
        let queues = [0, 1].into_iter().flat_map(|shard| {
            [("q", ""), ("d", ""), ("q", ".fifo"), ("d", ".fifo"), ("x", "")]
                .map(|(prefix, suffix)| named(shard, prefix, suffix, queue))
        });
        let mut world = World {
            shards: [0, 1].map(|index| Logged::new(config(index))),
            ids: Ids::new(u128::from(seed)),
            dice: Dice(seed),
            now: BEGIN,
            topics: topics.map(|(shard, suffix)| named(shard, "t", suffix, topic)).to_vec(),
            queues: queues.collect(),
            tokens: Vec::new(),
            claimed: BTreeSet::new(),
            archives: BTreeMap::new(),
            published: 0,
            handed_out: 0,
        };
        world.queues.clone().iter().for_each(|arn| world.create_queue(arn));
        world.topics.clone().iter().for_each(|arn| world.create_topic(arn));
        world
    }

    fn run(&mut self, arn: &Arn, command: Command) -> Result<Reply, Rejection> {
        self.shards[usize::from(arn.shard(2))].run(command, &mut self.ids)
    }

    fn create_queue(&mut self, arn: &Arn) {
        let settings = if arn.is_fifo() { vec![Setting::FifoQueue(Switch::On)] } else { Vec::new() };
        let (judged, tags) = (self.judged(arn), Tags::new());
        self.run(arn, Command::CreateQueue { arn: arn.clone(), judged, settings, tags }).unwrap();
    }

    fn create_topic(&mut self, arn: &Arn) {
        let mut attributes = BTreeMap::new();
        if arn.is_fifo() && self.dice.one_in(2) {
            attributes.insert("FifoThroughputScope".into(), "MessageGroup".into());
        }
        let meaning = TopicMeaning {
            archive_days: (arn.is_fifo() && self.dice.one_in(2)).then_some(1),
            delivery: None,
        };
        self.run(arn, Command::CreateTopic { arn: arn.clone(), attributes, meaning, tags: None }).unwrap();
    }

    fn judged(&self, arn: &Arn) -> crate::id::Revision {
        let shard = &self.shards[usize::from(arn.shard(2))].shard;
        shard.judgement(arn).map(|judgement| judgement.revision).unwrap_or_default()
    }

    fn ask(&mut self, arn: &Arn, ask: AskQueue) -> Result<Reply, Rejection> {
        let judged = self.judged(arn);
        self.run(arn, Command::Queue { arn: arn.clone(), judged, ask })
    }

    fn ask_topic(&mut self, arn: &Arn, ask: AskTopic) -> Result<Reply, Rejection> {
        let judged = self.judged(arn);
        self.run(arn, Command::Topic { arn: arn.clone(), judged, ask })
    }

    fn publish(&mut self) {
        let arn = self.dice.one(&self.topics).clone();
        let mut messages = Vec::new();
        for _ in 0..1 + self.dice.below(3) {
            self.published += 1;
            let attributes = if self.dice.one_in(5) { 11 } else { 1 };
            let attribute = |n| (format!("k{n}").into(), AttributeFact::Binary);
            let body = Box::leak(format!("{:06}", self.published).into_boxed_str());
            let id = self.dice.below(30).to_string();
            messages.push(Publish {
                facts: Facts::new((0..attributes).map(attribute).collect(), None),
                group: arn.is_fifo().then(|| GroupKey::of(&format!("g{}", self.dice.below(2)))),
                dedup: arn.is_fifo().then(|| Dedup::Explicit(DedupKey::of(&id))),
                ..Publish::new(payload(body))
            });
        }
        self.ask_topic(&arn, AskTopic::Publish(messages)).unwrap();
    }

    fn notice(&mut self, arn: &Arn) -> Notice {
        let mut token = [0; 32];
        token[..2].copy_from_slice(&arn.shard(2).to_be_bytes());
        token[2..10].copy_from_slice(&self.dice.below(u64::MAX).to_be_bytes());
        self.tokens.push(Token(token));
        Notice { payload: payload("notice"), token: Token(token) }
    }

    fn dead_letter(&mut self) -> Option<Arn> {
        let nobody = [queue("nobody"), queue("nobody-else")];
        match self.dice.below(6) {
            0 => None,
            1 => Some(self.dice.one(&nobody).clone()),
            _ => Some(self.dice.one(&self.queues).clone()).filter(|arn| arn.resource().starts_with('d')),
        }
    }

    fn span(&mut self) -> Span {
        let ago = |world: &mut World| Timestamp(world.now.0 - world.dice.below(100_000));
        Span { from: ago(self), until: self.dice.one_in(3).then(|| ago(self) + 20_000) }
    }

    fn subscribe(&mut self) {
        let arn = self.dice.one(&self.topics).clone();
        let web = !arn.is_fifo() && !self.dice.one_in(3);
        let endpoint = if web {
            Endpoint::Other(Protocol::Http, format!("http://e{}/", self.dice.below(4)).into())
        } else {
            Endpoint::Queue(self.dice.one(&self.queues).clone())
        };
        let mut next = SubscriptionStated {
            form: if self.dice.one_in(2) { Form::Raw } else { Form::Envelope },
            dead_letter: self.dead_letter(),
            ..wanted(endpoint)
        };
        let pending = web || self.dice.one_in(6);
        if pending {
            next.standing = Standing::Pending(Timestamp::ZERO);
        }
        if self.dice.one_in(2) {
            next.delivery = Policy { schedule: Some(schedule()), ..Policy::default() };
        }
        let notice = pending.then(|| self.notice(&arn));
        let replay = (arn.is_fifo() && self.dice.one_in(4)).then(|| self.span());
        let asked = Subscribe { notice, replay, ..Subscribe::new(next) };
        match self.ask_topic(&arn, AskTopic::Subscribe(Box::new(asked))) {
            Ok(_) | Err(Rejection::NoArchive) => {}
            Err(other) => panic!("{other:?}"),
        }
    }

    fn some_subscription(&mut self) -> Option<(Arn, Uuid)> {
        let arn = self.dice.one(&self.topics).clone();
        let shard = &self.shards[usize::from(arn.shard(2))].shard;
        let ids = shard.topic_by_name(&arn)?.subscriptions.keys().copied().collect::<Vec<_>>();
        (!ids.is_empty()).then(|| (arn, *self.dice.one(&ids)))
    }

    fn change_subscription(&mut self) {
        let Some((arn, id)) = self.some_subscription() else { return };
        let attribute = |meaning| {
            let text: Option<Box<str>> = Some("{}".into());
            Change::Attribute { name: "A".into(), text, meaning }
        };
        let change = match self.dice.below(5) {
            0 => Change::Form(if self.dice.one_in(2) { Form::Raw } else { Form::Envelope }),
            1 => attribute(Meaning::DeadLetter(self.dead_letter())),
            2 => attribute(Meaning::Delivery(Policy::default())),
            3 => attribute(Meaning::Replay(Some(self.span()))),
            _ => attribute(Meaning::Replay(None)),
        };
        match self.ask_topic(&arn, AskTopic::SetSubscription(id, change)) {
            Ok(_) | Err(Rejection::NoArchive | Rejection::SubscriptionDoesNotExist) => {}
            Err(other) => panic!("{other:?}"),
        }
    }

    fn unsubscribe(&mut self) {
        let Some((arn, id)) = self.some_subscription() else { return };
        let notice = self.dice.one_in(2).then(|| Box::new(self.notice(&arn)));
        match self.ask_topic(&arn, AskTopic::Unsubscribe(id, notice)) {
            Ok(_) | Err(Rejection::SubscriptionPending | Rejection::UnsubscribeNotAuthenticated) => {}
            Err(other) => panic!("{other:?}"),
        }
    }

    fn confirm(&mut self) {
        if self.tokens.is_empty() {
            return;
        }
        let recent = self.tokens.len().saturating_sub(4);
        let from = if self.dice.one_in(3) { 0 } else { recent };
        let token = *self.dice.one(&self.tokens[from..]);
        let by = if self.dice.one_in(4) { Confirmation::Authenticated } else { Confirmation::Link };
        let shard = usize::from(u16::from_be_bytes([token.0[0], token.0[1]]));
        match self.shards[shard].run(Command::Confirm { token, by }, &mut self.ids) {
            Ok(Reply::Confirmed(..)) | Err(Rejection::TokenUnknown) => {}
            other => panic!("{other:?}"),
        }
    }

    fn claim(&mut self) {
        let index = self.dice.below(2) as usize;
        let Reply::Claimed(claimed) = self.shards[index].shard.take_due(4, 1_000) else { panic!() };
        for next in claimed {
            let line = (index, next.topic, next.subscription.id, next.id);
            assert!(self.claimed.insert(line), "{line:?} is handed out once");
            let standing = next.subscription.standing;
            let fits = match next.published.occasion {
                Occasion::Notice => true,
                Occasion::Published | Occasion::Replayed => matches!(standing, Standing::Confirmed(_)),
            };
            assert!(fits, "I9: others never: {next:?}");
            self.handed_out += 1;
        }
    }

    fn report(&mut self) {
        let index = self.dice.below(2) as usize;
        let mut reports = Vec::new();
        for line in self.claimed.clone().into_iter().filter(|line| line.0 == index) {
            if self.dice.one_in(2) {
                self.claimed.remove(&line);
                let outcomes = [Outcome::Delivered, Outcome::Failed, Outcome::Failed, Outcome::Refused];
                let (_, topic, subscription, publication) = line;
                let outcome = *self.dice.one(&outcomes);
                reports.push(Report { topic, subscription, publication, outcome });
            }
        }
        self.shards[index].run(Command::Tried(reports), &mut self.ids).unwrap();
    }

    fn set_topic(&mut self) {
        let arn = self.dice.one(&self.topics).clone();
        let archive_days = arn.is_fifo().then(|| self.dice.below(2) as u16);
        let meaning = TopicMeaning { archive_days, delivery: None };
        let set = self.ask_topic(&arn, AskTopic::Set("DisplayName".into(), None, meaning));
        // What waits behind a replay keeps the archive.
        assert!(matches!(set, Ok(_) | Err(Rejection::ReplaysUnderWay)), "{set:?}");
    }

    fn delete_topic(&mut self) {
        let arn = self.dice.one(&self.topics).clone();
        match self.ask_topic(&arn, AskTopic::Delete) {
            Ok(_) => self.create_topic(&arn),
            Err(Rejection::ArchiveActive) => {}
            Err(other) => panic!("{other:?}"),
        }
    }

    /// What the archivist does: it takes in what waits, perhaps not all of it, and says so, perhaps.
    fn archive(&mut self, index: usize) {
        let Ok(Reply::ToArchive(page)) =
            self.shards[index].run(Command::ToArchive { after: TopicId(0), skip: Vec::new() }, &mut self.ids)
        else {
            panic!()
        };
        let mut up_to = BTreeMap::new();
        for next in page {
            let sequence = next.published.fifo.unwrap().sequence;
            let archive = self.archives.entry((index, next.topic)).or_default();
            let last = archive.last().map_or(0, |last| last.published.fifo.unwrap().sequence);
            if sequence > last {
                let bytes = Bytes::copy_from_slice(next.body.resident.as_deref().unwrap());
                let payload = crate::body::Payload::new(bytes, next.body.size);
                archive.push(Replayed { published: next.published, payload, facts: Facts::default() });
            }
            up_to.insert(next.topic, sequence);
        }
        for (topic, up_to) in up_to {
            self.shards[index].run(Command::Archived { topic, up_to }, &mut self.ids).unwrap();
        }
    }

    fn replay(&mut self, index: usize) {
        let Ok(Reply::Replays(replays)) = self.shards[index].run(Command::Replays, &mut self.ids) else {
            panic!()
        };
        for view in replays {
            let replay = view.replay;
            let archive = self.archives.get(&(index, replay.topic)).map_or(&[][..], |archive| &archive[..]);
            let sequence = |message: &&Replayed| message.published.fifo.unwrap().sequence;
            let next = archive.iter().filter(|message| sequence(message) > replay.cursor).take(2);
            let messages = next.cloned().collect::<Vec<_>>();
            let up_to = messages.last().map_or(replay.cursor, |last| sequence(&last));
            let (topic, subscription, id) = (replay.topic, replay.subscription, replay.id);
            let command = Command::Replay { topic, subscription, id, messages, up_to };
            self.shards[index].run(command, &mut self.ids).unwrap();
        }
    }

    fn exchange(&mut self, from: usize, to: usize, settles: bool) -> bool {
        let owed = self.shards[from].run(Command::Owed { to: to as u16 }, &mut self.ids);
        let Ok(Reply::Owed(owed)) = owed else { panic!() };
        if owed.is_empty() {
            return false;
        }
        let fill = |owed: &crate::reply::OwedParcel| {
            let mut parcel: Parcel = owed.parcel.clone();
            parcel.payload.bytes = Bytes::copy_from_slice(owed.body.resident.as_deref().unwrap());
            parcel
        };
        let deliver = Command::Deliver { from: from as u16, parcels: owed.iter().map(fill).collect() };
        let taken = self.shards[to].run(deliver, &mut self.ids);
        let Ok(Reply::Taken { accepted, refused }) = taken else { panic!() };
        if settles {
            let settle = Command::Settle { to: to as u16, accepted, refused };
            self.shards[from].run(settle, &mut self.ids).unwrap();
        }
        true
    }

    fn upset_queue(&mut self) {
        let arn = self.dice.one(&self.queues).clone();
        match self.dice.below(3) {
            0 => drop(self.ask(&arn, AskQueue::Purge).unwrap()),
            1 => {
                self.ask(&arn, AskQueue::Delete).unwrap();
                self.create_queue(&arn);
            }
            _ => {
                let receive = Receive { max: 10, visibility_s: Some(3), wait_s: Some(0), attempt: None };
                let Ok(Reply::Received(got)) = self.ask(&arn, AskQueue::Receive(receive)) else { panic!() };
                let receipts = got.into_iter().map(|delivery| delivery.receipt.into()).collect();
                self.ask(&arn, AskQueue::DeleteMessages(receipts)).unwrap();
            }
        }
    }

    fn pass(&mut self) {
        let days = if self.dice.one_in(5) { self.dice.below(4 * 86_400) } else { 0 };
        self.now = self.now + days * 1_000 + self.dice.below(5_000);
        for logged in &mut self.shards {
            logged.shard.advance(self.now);
            logged.step();
        }
    }

    pub(super) fn turn(&mut self) {
        let index = self.dice.below(2) as usize;
        match self.dice.below(32) {
            0..=5 => self.publish(),
            6..=8 => self.subscribe(),
            9 => self.change_subscription(),
            10 => self.unsubscribe(),
            11..=12 => self.confirm(),
            13..=15 => self.claim(),
            16..=18 => self.report(),
            19 if self.dice.one_in(3) => self.set_topic(),
            19 if self.dice.one_in(3) => self.delete_topic(),
            19..=20 => self.archive(index),
            21..=22 => self.replay(index),
            23..=25 => {
                let (to, settles) = (self.dice.below(2) as usize, !self.dice.one_in(3));
                self.exchange(index, to, settles);
            }
            26 => self.upset_queue(),
            27 => self.pass(),
            28..=29 => {
                let entries = self.dice.below(self.shards[index].log.len() as u64) as usize;
                self.shards[index].slice(entries);
            }
            30 => {
                let entries = self.dice.below(self.shards[index].log.len() as u64) as usize;
                self.shards[index].trim(entries);
                self.check(index);
            }
            _ => self.check(index),
        }
    }

    pub(super) fn check(&mut self, index: usize) {
        let restart = if self.dice.one_in(2) { Restart::Yes } else { Restart::No };
        self.shards[index].check(restart);
        if restart == Restart::Yes {
            self.claimed.retain(|line| line.0 != index);
        }
    }

    /// Publications of one topic, in the order in which they are in a FIFO queue, by subscription and group.
    pub(super) fn in_order(&self, arn: &Arn) {
        let shard = &self.shards[usize::from(arn.shard(2))].shard;
        let Some(queue) = shard.queue_by_name(arn) else { return };
        let mut last = BTreeMap::new();
        for message in queue.messages.all() {
            let Content::Copy { publication, subscription, .. } = message.content else { continue };
            let published = &shard.publications[&publication].published;
            if let (Some(fifo), Occasion::Published) = (published.fifo, published.occasion) {
                let before = last.insert((subscription, published.group), fifo.sequence);
                assert!(before < Some(fifo.sequence), "{arn} is in order");
            }
        }
    }

    /// Lets everything come to its end.
    pub(super) fn settle(&mut self) {
        for round in 0..3_000 {
            for (from, to) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                while self.exchange(from, to, true) {}
            }
            for index in 0..2 {
                self.archive(index);
                self.replay(index);
            }
            self.claim();
            self.report();
            self.now = self.now + 500;
            for logged in &mut self.shards {
                logged.shard.advance(self.now);
            }
            let owes = |shard: &Shard| shard.owed_count() + shard.due_count();
            if round > 100 && self.shards.iter().all(|logged| owes(&logged.shard) == 0) {
                return;
            }
        }
        panic!("something is owed for ever");
    }
}
