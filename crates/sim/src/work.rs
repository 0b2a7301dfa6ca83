//! Made-up work: what clients ask, and what they make of the answers.

use crate::dice::Dice;
use crate::model::{self, Asked, Held, Key, Model, Sure};
use crate::world::{Gone, World};
use postrider_core::body::Payload;
use postrider_core::command::{AskQueue, AskTopic, Publish, Receive, Send, Subscribe, TopicMeaning};
use postrider_core::event::SubscriptionStated;
use postrider_core::id::Revision;
use postrider_core::queue::settings::Setting;
use postrider_core::reply::Reply;
use postrider_core::topic::filter::{AttributeFact, Facts, Policy, Scope, Value};
use postrider_core::topic::subscription::{Endpoint, Filter, Form};
use postrider_core::{Arn, Command, Rejection};
use postrider_runtime::Answer;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Queues that there may be.
pub const QUEUES: usize = 5;
/// Topics that there may be.
pub const TOPICS: usize = 2;

/// The ARN of a queue.
pub fn queue(index: usize) -> Arn {
    Arn::of("aws", "sqs", "us-east-1", "000000000000", &format!("q{index}"))
}

/// The ARN of a topic.
pub fn topic(index: usize) -> Arn {
    Arn::of("aws", "sns", "us-east-1", "000000000000", &format!("t{index}"))
}

/// Clients, with what they know.
pub struct Work {
    /// What they know.
    pub model: Model,
    /// How often they purge, delete and reconfigure.
    pub upheaval: Upheaval,
}

/// How often queues and topics are purged, deleted and reconfigured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upheaval {
    /// Now and then.
    Rare,
    /// Most of the time.
    Often,
}

impl Work {
    /// One thing that one client does. Says which shard has got something to do.
    pub fn step(&mut self, world: &mut World, dice: &mut Dice) -> u16 {
        let (queue, topic) = (queue(dice.index(QUEUES)), topic(dice.index(TOPICS)));
        let (queue_there, topic_there) =
            (self.model.queue(&queue) != Sure::No, self.model.topic(&topic) != Sure::No);
        let often = self.upheaval == Upheaval::Often;
        match dice.below(100) {
            _ if often && dice.one_in(4) => match dice.below(6) {
                0 => self.purge(world, queue),
                1 => self.delete_queue(world, queue),
                2 if dice.one_in(2) => self.delete_topic(world, topic),
                3 => self.unsubscribe(world, topic, queue),
                _ => self.set(world, dice, queue),
            },
            _ if !queue_there && !dice.one_in(4) => self.create_queue(world, queue),
            _ if !topic_there && dice.one_in(2) => self.create_topic(world, topic),
            0..30 => self.send(world, dice, queue),
            30..42 => self.publish(world, dice, topic),
            42..58 => self.receive(world, dice, queue),
            58..73 => self.delete(world, dice, queue),
            73..77 => self.change_visibility(world, dice, queue),
            77..79 => self.create_queue(world, queue),
            79..89 => self.subscribe(world, topic, queue),
            89 => self.unsubscribe(world, topic, queue),
            90 => self.purge(world, queue),
            91 if dice.one_in(2) => self.delete_queue(world, queue),
            92 if dice.one_in(3) => self.delete_topic(world, topic),
            91..94 => self.set(world, dice, queue),
            _ => {
                world.pass(if dice.one_in(6) { dice.below(70_000) } else { dice.below(2_000) });
                u16::try_from(dice.below(u64::from(world.count()))).expect("less than a u16")
            }
        }
    }

    fn ask(&mut self, world: &mut World, arn: &Arn, command: Command, asked: Asked) -> u16 {
        let shard = arn.shard(world.count());
        let token = world.ask(shard, command, Gone::No);
        self.model.asked(token, asked);
        shard
    }

    fn ask_queue(&mut self, world: &mut World, arn: &Arn, ask: AskQueue, asked: Asked) -> u16 {
        let judged = world.judgement(arn).map_or(Revision(0), |judgement| judgement.revision);
        self.ask(world, arn, Command::Queue { arn: arn.clone(), judged, ask }, asked)
    }

    fn ask_topic(&mut self, world: &mut World, arn: &Arn, ask: AskTopic, asked: Asked) -> u16 {
        let judged = world.judgement(arn).map_or(Revision(0), |judgement| judgement.revision);
        self.ask(world, arn, Command::Topic { arn: arn.clone(), judged, ask }, asked)
    }

    fn create_queue(&mut self, world: &mut World, arn: Arn) -> u16 {
        let judged = world.judgement(&arn).map_or(Revision(0), |judgement| judgement.revision);
        let command =
            Command::CreateQueue { arn: arn.clone(), judged, settings: vec![], tags: BTreeMap::new() };
        self.ask(world, &arn.clone(), command, Asked::CreateQueue(arn))
    }

    fn delete_queue(&mut self, world: &mut World, arn: Arn) -> u16 {
        let keys = self.model.keys(&arn);
        self.ask_queue(world, &arn.clone(), AskQueue::Delete, Asked::DeleteQueue(arn, keys))
    }

    fn create_topic(&mut self, world: &mut World, arn: Arn) -> u16 {
        let attributes = BTreeMap::from([("DisplayName".into(), "sim".into())]);
        let command = Command::CreateTopic {
            arn: arn.clone(),
            attributes,
            meaning: TopicMeaning::default(),
            tags: None,
        };
        self.ask(world, &arn.clone(), command, Asked::CreateTopic(arn))
    }

    fn delete_topic(&mut self, world: &mut World, arn: Arn) -> u16 {
        self.ask_topic(world, &arn.clone(), AskTopic::Delete, Asked::DeleteTopic(arn))
    }

    fn subscribe(&mut self, world: &mut World, topic: Arn, queue: Arn) -> u16 {
        let endpoint = Endpoint::Queue(queue.clone());
        let principal = "arn:aws:iam::000000000000:root";
        let wanted = SubscriptionStated {
            form: if wants(&queue) == Wants::A { Form::Raw } else { Form::Envelope },
            filter: filter(&queue).map(Arc::new),
            ..SubscriptionStated::wanted(endpoint, "000000000000", principal)
        };
        let ask = AskTopic::Subscribe(Box::new(Subscribe::new(wanted)));
        self.ask_topic(world, &topic.clone(), ask, Asked::Subscribe(topic, queue))
    }

    fn unsubscribe(&mut self, world: &mut World, topic: Arn, queue: Arn) -> u16 {
        let known = self.model.subscriptions.get(&(topic.clone(), queue.clone()));
        let known = known.filter(|subscribed| subscribed.thing.sure == Sure::Yes);
        let Some(id) = known.and_then(|subscribed| subscribed.id) else {
            return self.subscribe(world, topic, queue);
        };
        self.ask_topic(
            world,
            &topic.clone(),
            AskTopic::Unsubscribe(id, None),
            Asked::Unsubscribe(topic, queue),
        )
    }

    /// Sends a batch to a queue.
    pub fn send(&mut self, world: &mut World, dice: &mut Dice, arn: Arn) -> u16 {
        let tags = (0..1 + dice.below(3)).map(|_| self.model.next_tag()).collect::<Vec<_>>();
        let sends = tags.iter().map(|tag| Send {
            payload: loaded(*tag),
            delay_s: dice.one_in(4).then(|| u32::try_from(dice.below(20)).expect("less than 20")),
            group: None,
            dedup: None,
        });
        let ask = AskQueue::Send(sends.collect());
        for tag in &tags {
            self.model.on_its_way((*tag, arn.clone()), world.now(), Sure::Yes, true);
        }
        self.ask_queue(world, &arn.clone(), ask, Asked::Send(arn, tags))
    }

    fn publish(&mut self, world: &mut World, dice: &mut Dice, arn: Arn) -> u16 {
        let mut messages = Vec::new();
        let mut copies = Vec::new();
        for _ in 0..1 + dice.below(2) {
            let tag = self.model.next_tag();
            let kind = if tag.is_multiple_of(2) { Wants::A } else { Wants::B };
            let attribute = ("kind".into(), AttributeFact::Text(kind.text().into()));
            let facts = Facts::new(vec![attribute], None);
            messages.push(Publish { facts, ..Publish::new(loaded(tag)) });
            copies.push(self.fan_out(world, &arn, tag, kind));
        }
        self.ask_topic(world, &arn, AskTopic::Publish(messages), Asked::Publish(copies))
    }

    fn fan_out(&mut self, world: &World, topic: &Arn, tag: u64, kind: Wants) -> Vec<Key> {
        let mut keys = Vec::new();
        for index in 0..QUEUES {
            let queue = queue(index);
            let subscribed = self.model.subscriptions.get(&(topic.clone(), queue.clone()));
            let sure = subscribed.map_or(Sure::No, |subscribed| subscribed.thing.sure);
            let wanted = wants(&queue) == Wants::All || wants(&queue) == kind;
            if sure == Sure::No || !wanted {
                continue;
            }
            let sure = if sure == Sure::Yes { self.model.queue(&queue) } else { sure };
            let local = topic.shard(world.count()) == queue.shard(world.count());
            self.model.on_its_way((tag, queue.clone()), world.now(), sure, local);
            keys.push((tag, queue));
        }
        keys
    }

    /// Asks a queue for messages, with a long poll at times.
    pub fn receive(&mut self, world: &mut World, dice: &mut Dice, arn: Arn) -> u16 {
        let small = |dice: &mut Dice, bound| u32::try_from(dice.below(bound)).expect("a small number");
        let visibility_s = dice.one_in(2).then(|| small(dice, 30));
        let wait_s = Some(if dice.one_in(4) { 1 + small(dice, 19) } else { 0 });
        let receive = Receive { max: 1 + small(dice, 10), visibility_s, wait_s, attempt: None };
        let gone = if dice.one_in(10) { Gone::Yes } else { Gone::No };
        let judged = world.judgement(&arn).map_or(Revision(0), |judgement| judgement.revision);
        let command = Command::Queue { arn: arn.clone(), judged, ask: AskQueue::Receive(receive) };
        let shard = arn.shard(world.count());
        let token = world.ask(shard, command, gone);
        if gone == Gone::No {
            self.model.asked(token, Asked::Receive(arn));
        }
        shard
    }

    /// Deletes some of what was handed out by a queue.
    pub fn delete(&mut self, world: &mut World, dice: &mut Dice, arn: Arn) -> u16 {
        let mut chosen = Vec::new();
        let held = std::mem::take(&mut self.model.held);
        for held in held {
            if held.key.1 == arn && chosen.len() < 10 && !dice.one_in(3) {
                chosen.push(held);
            } else {
                self.model.held.push(held);
            }
        }
        let keys = chosen.iter().map(|held| held.key.clone()).collect();
        let receipts = chosen.into_iter().map(|held| held.receipt).collect();
        self.ask_queue(world, &arn, AskQueue::DeleteMessages(receipts), Asked::Delete(keys))
    }

    fn change_visibility(&mut self, world: &mut World, dice: &mut Dice, arn: Arn) -> u16 {
        let held = self.model.held.iter().filter(|held| held.key.1 == arn).take(10);
        let mut changes = Vec::new();
        for held in held {
            changes.push((held.receipt.clone(), u32::try_from(dice.below(40)).expect("less than 40")));
        }
        self.ask_queue(world, &arn, AskQueue::ChangeVisibility(changes), Asked::Other)
    }

    /// Purges a queue.
    pub fn purge(&mut self, world: &mut World, arn: Arn) -> u16 {
        let keys = self.model.keys(&arn);
        self.ask_queue(world, &arn, AskQueue::Purge, Asked::Purge(keys))
    }

    fn set(&mut self, world: &mut World, dice: &mut Dice, arn: Arn) -> u16 {
        let retention_s = [60, 120, 3_600, 345_600][dice.index(4)];
        self.model.retention(&arn, retention_s);
        let policy = Setting::Policy(dice.one_in(2).then(|| "p".repeat(dice.index(400)).into()));
        let settings = vec![Setting::Retention(retention_s), policy];
        self.ask_queue(world, &arn, AskQueue::Set(settings), Asked::Other)
    }

    /// Takes in an answer.
    ///
    /// # Errors
    /// It is not what it may be.
    pub fn absorb(&mut self, token: u64, answer: &Answer, power: Power) -> Result<(), String> {
        let Some(asked) = self.model.answered(token) else { return Ok(()) };
        let model = &mut self.model;
        let done = answer.result.is_ok();
        let not = matches!(
            answer.result,
            Err(Rejection::QueueDoesNotExist
                | Rejection::QueueDeletedRecently
                | Rejection::TopicDoesNotExist)
        );
        match asked {
            Asked::CreateQueue(arn) if done || not => {
                model.queue_is(&arn, token, if done { Sure::Yes } else { Sure::No });
            }
            Asked::DeleteQueue(arn, keys) if done || not => {
                model.queue_is(&arn, token, Sure::No);
                if done {
                    model.local_must_be_gone(&keys);
                }
            }
            Asked::CreateTopic(arn) if done => model.topic_is(&arn, token, Sure::Yes),
            Asked::DeleteTopic(arn) if done || not => model.topic_is(&arn, token, Sure::No),
            Asked::Subscribe(topic, queue) => match &answer.result {
                Ok(Reply::Subscribed(id, _)) => {
                    model.subscription_is(&topic, &queue, token, Sure::Yes, Some(*id));
                }
                _ if not => model.subscription_is(&topic, &queue, token, Sure::No, None),
                _ => {}
            },
            Asked::Unsubscribe(topic, queue) if done || not => {
                model.subscription_is(&topic, &queue, token, Sure::No, None);
            }
            Asked::Purge(keys) if done => model.local_must_be_gone(&keys),
            Asked::Send(arn, tags) => sent(model, &arn, &tags, answer),
            Asked::Publish(copies) => published(model, &copies, answer),
            Asked::Delete(keys) => deleted(model, &keys, answer),
            Asked::Receive(arn) => return received(model, &arn, answer, power),
            Asked::CreateQueue(_)
            | Asked::DeleteQueue(..)
            | Asked::CreateTopic(_)
            | Asked::DeleteTopic(_)
            | Asked::Unsubscribe(..)
            | Asked::Purge(_)
            | Asked::Other => {}
        }
        Ok(())
    }
}

/// Whether payloads can be read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// They can.
    On,
    /// They cannot.
    Off,
}

fn sent(model: &mut Model, arn: &Arn, tags: &[u64], answer: &Answer) {
    for (index, tag) in tags.iter().enumerate() {
        let key = (*tag, arn.clone());
        match &answer.result {
            Ok(Reply::Sent(each)) if each[index].is_ok() => model.acknowledge(&[key]),
            _ => model.must_be_gone(&[key]),
        }
    }
}

fn published(model: &mut Model, copies: &[Vec<Key>], answer: &Answer) {
    for (index, keys) in copies.iter().enumerate() {
        match &answer.result {
            Ok(Reply::Published(each)) if each[index].is_ok() => model.acknowledge(keys),
            _ => model.must_be_gone(keys),
        }
    }
}

fn deleted(model: &mut Model, keys: &[Key], answer: &Answer) {
    let Ok(Reply::Each(each)) = &answer.result else { return };
    for (key, result) in keys.iter().zip(each) {
        if result.is_ok() {
            model.must_be_gone(std::slice::from_ref(key));
        }
    }
}

fn received(model: &mut Model, arn: &Arn, answer: &Answer, power: Power) -> Result<(), String> {
    let Ok(Reply::Received(messages)) = &answer.result else { return Ok(()) };
    for delivery in messages {
        let bytes = match answer.bytes(delivery.message.content.body()) {
            Ok(bytes) => bytes,
            Err(_) if power == Power::Off => continue,
            Err(error) => return Err(format!("a payload cannot be read back: {error:?}")),
        };
        let key = (model::tag(&bytes)?, arn.clone());
        model.seen(&key)?;
        model.held.push(Held { key, receipt: delivery.receipt.into() });
    }
    Ok(())
}

/// What a subscription wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wants {
    All,
    A,
    B,
}

impl Wants {
    fn text(self) -> &'static str {
        match self {
            Wants::All => "all",
            Wants::A => "a",
            Wants::B => "b",
        }
    }
}

/// What the subscriptions of a queue want: always the same.
fn wants(queue: &Arn) -> Wants {
    match queue.as_str().as_bytes().last().map_or(0, |last| last % 3) {
        0 => Wants::All,
        1 => Wants::A,
        _ => Wants::B,
    }
}

fn filter(queue: &Arn) -> Option<Filter> {
    let kind = match wants(queue) {
        Wants::All => return None,
        kind @ (Wants::A | Wants::B) => kind.text(),
    };
    let policy = Value::Object(vec![("kind".into(), Value::Array(vec![Value::String(kind.into())]))]);
    let scope = Scope::MessageAttributes;
    let policy = Policy::compile(&policy, scope).expect("a policy that compiles");
    Some(Filter { text: format!("{{\"kind\":[\"{kind}\"]}}").into(), scope, policy })
}

fn loaded(tag: u64) -> Payload {
    let bytes = model::payload(tag);
    let size = u32::try_from(bytes.len()).expect("a small payload");
    Payload::new(bytes, size)
}
