//! Subscribers of whom the model knows nothing: web servers of the topics, and a FIFO topic with an archive and a queue.
//!
//! What they get is not compared with anything here. They are for the state: the log must make it with all that they
//! leave there, wherever power fails and wherever the log is trimmed.

use crate::dice::Dice;
use crate::model;
use crate::work::{TOPICS, topic};
use crate::world::{Gone, Trouble, World};
use postrider_core::body::Payload;
use postrider_core::command::{
    AskQueue, AskTopic, Dedup, Notice, Outcome, Publish, Replayed, Report, Subscribe, TopicMeaning,
};
use postrider_core::event::SubscriptionStated;
use postrider_core::id::{DedupKey, GroupKey, Revision, TopicId, Uuid};
use postrider_core::queue::settings::{Setting, Switch};
use postrider_core::reply::Reply;
use postrider_core::topic::filter::Facts;
use postrider_core::topic::subscription::{
    Change, Confirmation, Endpoint, Meaning, Protocol, Span, Standing, Token,
};
use postrider_core::{Arn, Command, Timestamp};
use std::collections::BTreeMap;

/// The subscribers, and what they know.
#[derive(Default)]
pub struct Audience {
    tokens: Vec<Token>,
    /// Attempts that are under way, by shard.
    attempts: Vec<(u16, Report)>,
    /// What the archives have, by shard and topic: no power loss takes it.
    archives: BTreeMap<(u16, TopicId), Vec<Replayed>>,
    published: u64,
}

/// The dead-letter queue of the web servers. It is never there.
fn dead() -> Arn {
    Arn::of("aws", "sqs", "us-east-1", "000000000000", "dead")
}

fn fifo_queue() -> Arn {
    Arn::of("aws", "sqs", "us-east-1", "000000000000", "audience.fifo")
}

fn fifo_topic() -> Arn {
    Arn::of("aws", "sns", "us-east-1", "000000000000", "audience.fifo")
}

fn sequence(message: &Replayed) -> u64 {
    message.published.fifo.map_or(0, |fifo| fifo.sequence)
}

impl Audience {
    /// One thing that one of them does.
    ///
    /// # Errors
    /// Power went off, or an answer is an odd one.
    pub fn step(&mut self, world: &mut World, dice: &mut Dice) -> Result<(), Trouble> {
        let shard = u16::try_from(dice.below(u64::from(world.count()))).expect("less than a u16");
        match dice.below(16) {
            0..=1 => self.subscribe_web(world, dice),
            2..=3 => self.confirm(world, dice)?,
            4 => self.unsubscribe(world, dice)?,
            5..=6 => self.claim(world, shard)?,
            7..=8 => self.report(world, dice),
            9 => create(world),
            10..=12 => self.publish(world, dice),
            13 => self.archive(world, shard)?,
            14 => self.replay(world, shard)?,
            _ => start_replay(world, dice)?,
        }
        Ok(())
    }

    fn notice(&mut self, world: &World, arn: &Arn, dice: &mut Dice) -> Notice {
        let mut token = [0; 32];
        token[..2].copy_from_slice(&arn.shard(world.count()).to_be_bytes());
        token[2..10].copy_from_slice(&dice.any().to_be_bytes());
        self.tokens.push(Token(token));
        Notice { payload: Payload::new(model::payload(dice.below(9)), 9), token: Token(token) }
    }

    fn subscribe_web(&mut self, world: &mut World, dice: &mut Dice) {
        let arn = topic(dice.index(TOPICS));
        let address = format!("http://e{}/", dice.below(3));
        let endpoint = Endpoint::Other(Protocol::Http, address.into());
        let wanted = SubscriptionStated {
            standing: Standing::Pending(Timestamp::ZERO),
            dead_letter: dice.one_in(2).then(dead),
            ..SubscriptionStated::wanted(endpoint, "000000000000", "arn:aws:iam::000000000000:root")
        };
        let notice = Some(self.notice(world, &arn, dice));
        let asked = Subscribe { notice, ..Subscribe::new(wanted) };
        ask_topic(world, &arn, AskTopic::Subscribe(Box::new(asked)));
    }

    fn confirm(&mut self, world: &mut World, dice: &mut Dice) -> Result<(), Trouble> {
        if self.tokens.is_empty() {
            return Ok(());
        }
        let token = self.tokens.swap_remove(dice.index(self.tokens.len()));
        let shard = u16::from_be_bytes([token.0[0], token.0[1]]);
        world.ask_through(shard, Command::Confirm { token, by: Confirmation::Link }).map(drop)
    }

    fn unsubscribe(&mut self, world: &mut World, dice: &mut Dice) -> Result<(), Trouble> {
        let arn = topic(dice.index(TOPICS));
        let is_web = |endpoint: &Endpoint| matches!(endpoint, Endpoint::Other(..));
        let Some(id) = some_subscription(world, &arn, is_web)? else { return Ok(()) };
        let notice = dice.one_in(2).then(|| Box::new(self.notice(world, &arn, dice)));
        ask_topic(world, &arn, AskTopic::Unsubscribe(id, notice));
        Ok(())
    }

    fn claim(&mut self, world: &mut World, shard: u16) -> Result<(), Trouble> {
        let answer = world.ask_through(shard, Command::Claim { max: 3, bytes_max: 10_000 })?;
        let Ok(Reply::Claimed(claimed)) = answer.result else { return Err(odd("Claim")) };
        for next in claimed {
            let (topic, subscription, publication) = (next.topic, next.subscription.id, next.id);
            let report = Report { topic, subscription, publication, outcome: Outcome::Delivered };
            self.attempts.push((shard, report));
        }
        Ok(())
    }

    /// Tells what became of some attempts; those of a life before are told, too.
    fn report(&mut self, world: &mut World, dice: &mut Dice) {
        if self.attempts.is_empty() {
            return;
        }
        let (shard, report) = self.attempts.swap_remove(dice.index(self.attempts.len()));
        let outcome = [Outcome::Delivered, Outcome::Failed, Outcome::Refused][dice.index(3)];
        world.ask(shard, Command::Tried(vec![Report { outcome, ..report }]), Gone::No);
    }

    fn publish(&mut self, world: &mut World, dice: &mut Dice) {
        self.published += 1;
        let payload = Payload::new(model::payload(self.published), 100);
        let message = Publish {
            group: Some(GroupKey::of(&dice.below(2).to_string())),
            dedup: Some(Dedup::Explicit(DedupKey::of(&dice.below(20).to_string()))),
            ..Publish::new(payload)
        };
        ask_topic(world, &fifo_topic(), AskTopic::Publish(vec![message]));
        if dice.one_in(20) {
            let arn = fifo_queue();
            let judged = world.judgement(&arn).map_or(Revision(0), |judgement| judgement.revision);
            let shard = arn.shard(world.count());
            world.ask(shard, Command::Queue { arn, judged, ask: AskQueue::Purge }, Gone::No);
        }
    }

    fn archive(&mut self, world: &mut World, shard: u16) -> Result<(), Trouble> {
        let answer = world.ask_through(shard, Command::ToArchive { after: TopicId(0), skip: Vec::new() })?;
        let Ok(Reply::ToArchive(page)) = &answer.result else { return Err(odd("ToArchive")) };
        let mut up_to = None;
        for next in page {
            let Ok(bytes) = answer.bytes(&next.body) else { return Err(Trouble::Off) };
            let payload = Payload::new(bytes::Bytes::copy_from_slice(&bytes), next.body.size);
            let message = Replayed { published: next.published.clone(), payload, facts: Facts::default() };
            let archive = self.archives.entry((shard, next.topic)).or_default();
            up_to = Some((next.topic, sequence(&message)));
            if archive.last().is_none_or(|last| sequence(last) < sequence(&message)) {
                archive.push(message);
            }
        }
        if let Some((topic, up_to)) = up_to {
            world.ask(shard, Command::Archived { topic, up_to }, Gone::No);
        }
        Ok(())
    }

    fn replay(&mut self, world: &mut World, shard: u16) -> Result<(), Trouble> {
        let answer = world.ask_through(shard, Command::Replays)?;
        let Ok(Reply::Replays(replays)) = answer.result else { return Err(odd("Replays")) };
        for replay in replays.into_iter().map(|view| view.replay) {
            let archive = self.archives.get(&(shard, replay.topic)).map_or(&[][..], |archive| archive);
            let next = archive.iter().filter(|message| sequence(message) > replay.cursor).take(3);
            let messages = next.cloned().collect::<Vec<_>>();
            let up_to = messages.last().map_or(replay.cursor, sequence);
            let (topic, subscription, id) = (replay.topic, replay.subscription, replay.id);
            world.ask_through(shard, Command::Replay { topic, subscription, id, messages, up_to })?;
        }
        Ok(())
    }
}

/// Makes what is not there yet of the FIFO topic, its queue and the subscription.
fn create(world: &mut World) {
    let (topic, queue) = (fifo_topic(), fifo_queue());
    let (attributes, meaning) =
        (BTreeMap::new(), TopicMeaning { archive_days: Some(1), ..TopicMeaning::default() });
    let create = Command::CreateTopic { arn: topic.clone(), attributes, meaning, tags: None };
    world.ask(topic.shard(world.count()), create, Gone::No);
    let judged = world.judgement(&queue).map_or(Revision(0), |judgement| judgement.revision);
    let settings = vec![Setting::FifoQueue(Switch::On)];
    let create = Command::CreateQueue { arn: queue.clone(), judged, settings, tags: BTreeMap::new() };
    world.ask(queue.shard(world.count()), create, Gone::No);
    let wanted = SubscriptionStated::wanted(Endpoint::Queue(queue), "000000000000", "p");
    ask_topic(world, &topic, AskTopic::Subscribe(Box::new(Subscribe::new(wanted))));
}

fn start_replay(world: &mut World, dice: &mut Dice) -> Result<(), Trouble> {
    let arn = fifo_topic();
    let Some(id) = some_subscription(world, &arn, |_| true)? else { return Ok(()) };
    let from = Timestamp(world.now().0 - dice.below(100_000));
    let span = (!dice.one_in(4)).then_some(Span { from, until: dice.one_in(4).then_some(from + 50_000) });
    let (name, text) = ("ReplayPolicy".into(), span.map(|_| "{}".into()));
    let change = Change::Attribute { name, text, meaning: Meaning::Replay(span) };
    ask_topic(world, &arn, AskTopic::SetSubscription(id, change));
    Ok(())
}

fn ask_topic(world: &mut World, arn: &Arn, ask: AskTopic) {
    let judged = world.judgement(arn).map_or(Revision(0), |judgement| judgement.revision);
    let command = Command::Topic { arn: arn.clone(), judged, ask };
    world.ask(arn.shard(world.count()), command, Gone::No);
}

/// The first subscription of a topic to such an endpoint.
fn some_subscription(
    world: &mut World,
    arn: &Arn,
    wanted: impl Fn(&Endpoint) -> bool,
) -> Result<Option<Uuid>, Trouble> {
    let Some(judgement) = world.judgement(arn) else { return Ok(None) };
    let (judged, ask) = (judgement.revision, AskTopic::ListSubscriptions(None));
    let shard = arn.shard(world.count());
    let answer = world.ask_through(shard, Command::Topic { arn: arn.clone(), judged, ask })?;
    // Something that was asked before may have changed the topic in this very turn.
    let Ok(Reply::Subscriptions(found, _)) = answer.result else { return Ok(None) };
    Ok(found.iter().find(|(_, stated)| wanted(&stated.endpoint)).map(|(_, stated)| stated.id))
}

fn odd(to: &str) -> Trouble {
    Trouble::Wrong(format!("an odd answer to {to}"))
}
