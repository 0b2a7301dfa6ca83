//! Several lives of one machine: work, power loss in the middle of anything, everything opened again and
//! compared; at the end nothing is owed any more and everything is where it belongs.

use crate::audience::Audience;
use crate::dice::Dice;
use crate::disk::Deed;
use crate::model::{self, Found, Key, Model};
use crate::work::{self, Power, QUEUES, TOPICS, Upheaval, Work};
use crate::world::{Ends, Pace, Setup, Storage, Trouble, World};
use postrider_core::command::{AskQueue, AskTopic};
use postrider_core::id::Number;
use postrider_core::outbox::Cargo;
use postrider_core::reply::Reply;
use postrider_core::shard::Waits;
use postrider_core::topic::subscription::Endpoint;
use postrider_core::{Arn, Command};
use postrider_runtime::Answer;
use std::collections::BTreeMap;

/// How long a run is, and on what disk.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Times that everything is opened.
    pub lives: u64,
    /// Things that clients do in one life, at most.
    pub steps: u64,
    /// Whether the disk does what it says.
    pub syncs: Syncs,
}

/// Whether syncs make anything durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syncs {
    /// They do.
    Honest,
    /// They say so and do nothing, as if the program had left them out.
    Ignored,
}

/// What happened in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// A number that depends on everything that happened.
    pub trace: u64,
    /// What was being done when power went off, and the very operation.
    pub deeds: Vec<(&'static str, Deed)>,
    /// How often an acknowledged message was found where it had to be.
    pub found: u64,
    /// Entries that were trimmed at the end, over all shards.
    pub trimmed: u64,
}

/// One run.
///
/// # Errors
/// What is wrong, for the seed to be added.
pub fn run(seed: u64, plan: Plan) -> Result<Outcome, String> {
    let mut dice = Dice::new(seed);
    let waits = Waits { deleted_ms: 0, purge_ms: 0 };
    let setup = Setup {
        shards: if seed.is_multiple_of(2) { 1 } else { 4 },
        body_memory: [0, 2_000, u64::MAX][dice.index(3)],
        waits: if dice.one_in(2) { waits } else { Waits::default() },
        segment_bytes: 16 << 10,
        slice_bytes: 1_500,
        storage: Storage::Files,
        compaction: Pace::Usual,
    };
    let mut world = World::new(setup);
    if plan.syncs == Syncs::Ignored {
        (0..world.count()).for_each(|shard| world.disk(shard).faulty().ignore_syncs());
    }
    let mut work = Work { model: Model::default(), upheaval: Upheaval::Rare };
    let mut audience = Audience::default();
    let mut deeds = Vec::new();
    for life in 0..plan.lives {
        if !dice.one_in(5) {
            let shard = some_shard(&world, &mut dice);
            let within = if dice.one_in(3) { 30 } else { 500 };
            world.disk(shard).faulty().power_off_after(1 + dice.below(within));
        }
        let lived = live(&mut world, &mut work, &mut audience, &mut dice, plan.steps);
        explained(lived, life)?;
        absorb(&mut world, &mut work).or_else(|trouble| explained(Err(trouble), life))?;
        deeds.extend(world.last_deed());
        work.model.forget_waiting();
        if world.is_off() || !dice.one_in(4) {
            world.crash(&mut dice);
        } else {
            world.kill();
        }
    }
    world.crash(&mut dice);
    end(&mut world, &mut work, &mut dice).map_err(|trouble| format!("at the end: {trouble:?}"))?;
    let trimmed = (0..world.count()).map(|shard| world.extent(shard).0 - 1).sum();
    Ok(Outcome { trace: world.trace(), deeds, found: work.model.found(), trimmed })
}

/// A fault is explained by power that is off.
fn explained(result: Result<(), Trouble>, life: u64) -> Result<(), String> {
    match result {
        Ok(()) | Err(Trouble::Off) => Ok(()),
        Err(Trouble::Wrong(why)) => Err(format!("life {life}: {why}")),
    }
}

/// Opens everything, compares, and works until power goes off or it is enough.
fn live(
    world: &mut World,
    work: &mut Work,
    audience: &mut Audience,
    dice: &mut Dice,
    steps: u64,
) -> Result<(), Trouble> {
    world.open(dice)?;
    verify(world, work)?;
    for _ in 0..dice.below(steps) {
        let shard = work.step(world, dice);
        if !dice.one_in(3) || world.is_busy(shard) {
            world.turn(shard)?;
        }
        absorb(world, work)?;
        if dice.one_in(4) {
            audience.step(world, dice)?;
            absorb(world, work)?;
        }
        if dice.one_in(5) {
            let pair = (some_shard(world, dice), some_shard(world, dice));
            let ends = [Ends::BeforeDelivery, Ends::BeforeSettling, Ends::Settled, Ends::Settled];
            world.exchange(pair.0, pair.1, ends[dice.index(4)])?;
        }
        if dice.one_in(80) {
            verify(world, work)?;
        }
    }
    Ok(())
}

fn some_shard(world: &World, dice: &mut Dice) -> u16 {
    u16::try_from(dice.below(u64::from(world.count()))).expect("less than a u16")
}

/// Lets the relays come to their end, and compares: then everything is in its queue.
fn end(world: &mut World, work: &mut Work, dice: &mut Dice) -> Result<(), Trouble> {
    world.open(dice)?;
    verify(world, work)?;
    for from in 0..world.count() {
        for to in 0..world.count() {
            while world.exchange(from, to, Ends::Settled)? {}
        }
    }
    let found = verify(world, work)?;
    match found.owed.first_key_value() {
        None => Ok(()),
        Some((key, _)) => Err(Trouble::Wrong(format!("I9: {key:?} is owed for ever"))),
    }
}

/// Takes in all answers that have arrived.
///
/// # Errors
/// One is not what it may be.
pub fn absorb(world: &mut World, work: &mut Work) -> Result<(), Trouble> {
    for (token, answer) in world.take_answers() {
        let power = if world.is_off() { Power::Off } else { Power::On };
        work.absorb(token, &answer, power).map_err(Trouble::Wrong)?;
    }
    Ok(())
}

/// Looks at everything and compares it with what the clients know.
///
/// # Errors
/// Power went off, or something is wrong.
pub fn verify(world: &mut World, work: &mut Work) -> Result<Found, Trouble> {
    for shard in 0..world.count() {
        world.check(shard)?;
    }
    absorb(world, work)?;
    let mut found = Found::default();
    for index in 0..QUEUES {
        look_at_queue(world, &work.model, work::queue(index), &mut found)?;
    }
    for index in 0..TOPICS {
        look_at_topic(world, work::topic(index), &mut found)?;
    }
    for from in 0..world.count() {
        for to in 0..world.count() {
            look_at_owed(world, (from, to), &mut found)?;
        }
    }
    absorb(world, work)?;
    let twice = found.queued.iter().chain(&found.owed).find(|(_, times)| **times > 1);
    if let Some((key, _)) = twice {
        return Err(Trouble::Wrong(format!("I9: {key:?} is there twice")));
    }
    work.model.settle(&found, world.now()).map_err(Trouble::Wrong)?;
    Ok(found)
}

fn look_at_queue(world: &mut World, model: &Model, arn: Arn, found: &mut Found) -> Result<(), Trouble> {
    let shard = arn.shard(world.count());
    let judgement = world.judgement(&arn);
    found.queues.insert(arn.clone(), judgement.is_some());
    let Some(judgement) = judgement else { return Ok(()) };
    let (judged, mut after): (_, Number) = (judgement.revision, 0);
    loop {
        let ask = AskQueue::Peek { after, max: 100 };
        let answer = world.ask_through(shard, Command::Queue { arn: arn.clone(), judged, ask })?;
        let Ok(Reply::Peeked(messages)) = &answer.result else {
            return Err(Trouble::Wrong(format!("an odd answer to Peek: {answer:?}")));
        };
        let Some(last) = messages.last() else { return Ok(()) };
        after = last.number;
        for message in messages {
            let key = key(world, &answer, message.content.body(), &arn)?;
            model.seen(&key).map_err(Trouble::Wrong)?;
            count(&mut found.queued, key);
        }
    }
}

fn look_at_topic(world: &mut World, arn: Arn, found: &mut Found) -> Result<(), Trouble> {
    let judgement = world.judgement(&arn);
    found.topics.insert(arn.clone(), judgement.is_some());
    let Some(judgement) = judgement else { return Ok(()) };
    let ask = AskTopic::ListSubscriptions(None);
    let command = Command::Topic { arn: arn.clone(), judged: judgement.revision, ask };
    let answer = world.ask_through(arn.shard(world.count()), command)?;
    let Ok(Reply::Subscriptions(subscriptions, _)) = answer.result else {
        return Err(Trouble::Wrong("an odd answer to ListSubscriptions".to_owned()));
    };
    let by_queue = subscriptions.iter().filter_map(|(_, stated)| match &stated.endpoint {
        Endpoint::Queue(queue) => Some(((arn.clone(), queue.clone()), stated.id)),
        Endpoint::Other(..) => None,
    });
    found.subscriptions.extend(by_queue);
    Ok(())
}

fn look_at_owed(world: &mut World, pair: (u16, u16), found: &mut Found) -> Result<(), Trouble> {
    let answer = world.ask_through(pair.0, Command::Owed { to: pair.1 })?;
    let Ok(Reply::Owed(parcels)) = &answer.result else {
        return Err(Trouble::Wrong("an odd answer to Owed".to_owned()));
    };
    for owed in parcels {
        let Cargo::Publication { deliveries, .. } = &owed.parcel.cargo else { continue };
        // What goes to queues that the model does not know is not compared.
        for delivery in deliveries.iter().filter(|delivery| delivery.queue.resource().starts_with('q')) {
            let key = key(world, &answer, &owed.body, &delivery.queue)?;
            count(&mut found.owed, key);
        }
    }
    Ok(())
}

fn key(
    world: &World,
    answer: &Answer,
    body: &postrider_core::body::Body,
    queue: &Arn,
) -> Result<Key, Trouble> {
    let bytes = answer.bytes(body).map_err(|error| {
        if world.is_off() { Trouble::Off } else { Trouble::Wrong(format!("reading back: {error:?}")) }
    })?;
    let tag = model::tag(&bytes).map_err(Trouble::Wrong)?;
    Ok((tag, queue.clone()))
}

fn count(keys: &mut BTreeMap<Key, u32>, key: Key) {
    *keys.entry(key).or_default() += 1;
}
