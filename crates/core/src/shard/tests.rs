//! Tests of a shard that need a hand on its log or its surroundings. What clients can see is tested by the
//! scripts and by the property tests of the `script` crate.

mod accounts;
mod applications;
mod exchange;
mod fanout;
mod fifo_topics;
mod hub;
mod limits;
mod live;
mod logged;
mod moves;
mod redrive;
mod replays;
mod retries;
mod statuses;
mod subscriptions;

use super::{Config, Decided, Shard};
use crate::body::Payload;
use crate::command::{
    AskQueue, AskTopic, Command, Presence, Publish, Receive, Send, Subscribe, TopicMeaning,
};
use crate::event::{Event, SubscriptionStated, Tags};
use crate::id::{Ids, Revision, Uuid};
use crate::queue::settings::Setting;
use crate::reply::Reply;
use crate::topic::subscription::{Endpoint, Filter, Form};
use crate::{Arn, Lsn, Rejection, Timestamp, codec};
use bytes::Bytes;
use std::sync::Arc;

const BEGIN: Timestamp = Timestamp(1_750_000_000_000);

/// A shard and the events it has written, entry by entry.
struct Live {
    shard: Shard,
    ids: Ids,
    now: Timestamp,
    entries: Vec<Vec<Event>>,
}

impl Live {
    fn new(config: Config) -> Live {
        let mut shard = Shard::new(config);
        shard.advance(BEGIN);
        let mut live = Live { shard, ids: Ids::new(7), now: BEGIN, entries: Vec::new() };
        live.append(live.shard.claim([3; 32]));
        live
    }

    fn at(&mut self, seconds: u32) {
        self.now = BEGIN.plus_s(seconds);
        self.shard.advance(self.now);
    }

    /// One entry with these events; gives its position.
    fn append(&mut self, mut events: Vec<Event>) -> Lsn {
        let lsn = Lsn(self.entries.len() as u64 + 1);
        let mut bytes = Vec::new();
        for event in &mut events {
            codec::encode(lsn, event, &mut bytes);
            self.shard.apply(lsn, event);
        }
        self.entries.push(events);
        lsn
    }

    fn decide(&mut self, command: Command) -> Result<Decided, Rejection> {
        self.shard.decide(command, &mut self.ids)
    }

    fn run(&mut self, command: Command) -> Result<Decided, Rejection> {
        let decided = self.decide(command)?;
        if !decided.events.is_empty() {
            self.append(decided.events.clone());
            self.shard.check();
        }
        Ok(decided)
    }

    fn judged(&self, arn: &Arn) -> Revision {
        self.shard.judgement(arn).map(|judgement| judgement.revision).unwrap_or_default()
    }

    fn create(&mut self, name: &str, settings: Vec<Setting>) {
        let (arn, judged) = (queue(name), self.judged(&queue(name)));
        self.run(Command::CreateQueue { arn, judged, settings, tags: Tags::new() }).unwrap();
    }

    fn ask(&mut self, name: &str, ask: AskQueue) -> Result<Decided, Rejection> {
        let arn = queue(name);
        let judged = self.judged(&arn);
        self.run(Command::Queue { arn, judged, ask })
    }

    fn ask_topic(&mut self, ask: AskTopic) -> Result<Decided, Rejection> {
        let arn = topic();
        let judged = self.judged(&arn);
        self.run(Command::Topic { arn, judged, ask })
    }

    fn send(&mut self, name: &str, body: &'static str) {
        let sends = vec![Send { payload: payload(body), delay_s: None, group: None, dedup: None }];
        self.ask(name, AskQueue::Send(sends)).unwrap();
    }

    fn create_topic(&mut self) {
        let (attributes, meaning) = (Default::default(), TopicMeaning::default());
        self.run(Command::CreateTopic { arn: topic(), attributes, meaning, tags: None }).unwrap();
    }

    fn subscribe(&mut self, name: &str, filter: Option<Arc<Filter>>) -> Result<Uuid, Rejection> {
        let wanted = SubscriptionStated { form: Form::Raw, filter, ..wanted(Endpoint::Queue(queue(name))) };
        let reply = self.ask_topic(AskTopic::Subscribe(Box::new(Subscribe::new(wanted))))?.reply;
        let Reply::Subscribed(id, _) = reply else { panic!("{reply:?}") };
        Ok(id)
    }

    fn publish(&mut self, body: &'static str) -> Decided {
        let message = Publish { body: Presence::Present, ..Publish::new(payload(body)) };
        self.ask_topic(AskTopic::Publish(vec![message])).unwrap()
    }

    fn receive(&mut self, name: &str, max: u32) -> Vec<String> {
        let receive = Receive { max, visibility_s: None, wait_s: Some(0), attempt: None };
        let reply = self.ask(name, AskQueue::Receive(receive)).unwrap().reply;
        let Reply::Received(deliveries) = reply else { panic!("{reply:?}") };
        deliveries.iter().map(body_of).collect()
    }
}

fn body_of(delivery: &crate::reply::Delivery) -> String {
    let bytes = delivery.message.content.body().resident.as_deref().unwrap_or_default();
    String::from_utf8_lossy(bytes).into_owned()
}

fn queue(name: &str) -> Arn {
    Arn::of("aws", "sqs", "us-east-1", "000000000000", name)
}

fn topic() -> Arn {
    Arn::of("aws", "sns", "us-east-1", "000000000000", "news")
}

fn wanted(endpoint: Endpoint) -> SubscriptionStated {
    SubscriptionStated::wanted(endpoint, "000000000000", "arn:aws:iam::000000000000:root")
}

fn payload(body: &'static str) -> Payload {
    Payload::new(Bytes::from_static(body.as_bytes()), body.len() as u32)
}

#[test]
fn who_was_judged_by_another_revision_is_judged_again() {
    let mut live = Live::new(Config::default());
    live.create("orders", vec![]);
    let before = live.judged(&queue("orders"));
    live.ask("orders", AskQueue::Set(vec![Setting::Delay(0)])).unwrap();
    assert_ne!(live.judged(&queue("orders")), before);
    let late = live.decide(Command::Queue { arn: queue("orders"), judged: before, ask: AskQueue::Purge });
    assert_eq!(late.unwrap_err(), Rejection::Stale);
    let nobody = Command::Queue { arn: queue("nobody"), judged: before, ask: AskQueue::Purge };
    assert_eq!(live.decide(nobody).unwrap_err(), Rejection::QueueDoesNotExist);
}

#[test]
fn what_waits_for_a_queue_hears_of_it() {
    let mut live = Live::new(Config::default());
    live.create("orders", vec![Setting::Wait(7)]);
    live.shard.take_ready();
    let id = live.shard.queue_id(&queue("orders")).unwrap();
    assert_eq!(live.shard.default_wait_s(id), 7);
    assert_eq!(live.shard.due(), None);
    let sends = vec![Send { payload: payload("a"), delay_s: Some(5), group: None, dedup: None }];
    live.ask("orders", AskQueue::Send(sends)).unwrap();
    assert!(live.shard.take_ready().is_empty(), "a delayed message is not there yet");
    assert_eq!(live.shard.due(), Some(BEGIN.plus_s(5)));
    live.at(5);
    assert!(live.shard.take_ready().contains(&id));
    assert!(live.shard.take_ready().is_empty(), "it is told once");
    live.ask("orders", AskQueue::Delete).unwrap();
    assert!(live.shard.take_ready().contains(&id), "a deleted queue answers its waiting consumers");
}

#[test]
fn callers_are_told_whose_judgement_changed() {
    let mut live = Live::new(Config::default());
    live.create("orders", vec![]);
    live.create_topic();
    assert_eq!(live.shard.take_changed(), [queue("orders"), topic()]);
    live.subscribe("orders", None).unwrap();
    assert_eq!(live.shard.take_changed(), [topic()]);
    live.send("orders", "a");
    assert!(live.shard.take_changed().is_empty());
    assert_eq!(live.shard.resources().cloned().collect::<Vec<_>>(), [queue("orders"), topic()]);
    live.ask("orders", AskQueue::Delete).unwrap();
    live.ask_topic(AskTopic::Delete).unwrap();
    assert_eq!(live.shard.take_changed(), [queue("orders"), topic()]);
    assert_eq!(live.shard.judgement(&queue("orders")), None);
    assert_eq!(live.shard.resources().count(), 0);
}

#[test]
fn memory_of_purged_and_deleted_messages_is_freed_in_slices() {
    let mut live = Live::new(Config::default());
    live.create("orders", vec![]);
    for _ in 0..5 {
        live.send("orders", "12345678");
    }
    let (resident, bytes) = (live.shard.resident_bytes(), live.shard.live_bytes());
    assert_eq!(resident, 40);
    live.ask("orders", AskQueue::Purge).unwrap();
    assert_eq!(live.shard.resident_bytes(), 40, "a purge costs nothing in its turn");
    assert!(live.shard.reap(3));
    assert_eq!(live.shard.resident_bytes(), 16);
    live.shard.check();
    while live.shard.reap(3) {}
    assert_eq!(live.shard.resident_bytes(), 0);
    assert!(live.shard.live_bytes() < bytes - 40);
    live.send("orders", "1");
    live.ask("orders", AskQueue::Delete).unwrap();
    while live.shard.reap(1) {}
    assert_eq!(live.shard.resident_bytes(), 0);
}

#[test]
fn payloads_beyond_the_budget_are_not_kept() {
    let mut live = Live::new(Config { body_memory: 5, ..Config::default() });
    live.create("orders", vec![]);
    for body in ["abc", "defg", "hi"] {
        live.send("orders", body);
    }
    assert_eq!(live.shard.resident_bytes(), 5);
    assert_eq!(live.receive("orders", 10), ["abc", "", "hi"]);
}

#[test]
fn a_shard_that_is_opened_again_claims_only_what_it_lacks() {
    let live = Live::new(Config::default());
    assert_eq!(live.entries[0].len(), 3);
    assert!(matches!(live.entries[0][..], [Event::Opened, Event::FormatRaised(3), Event::Shard(_)]));
    assert_eq!(live.shard.claim([9; 32]), [Event::Opened]);
}
