//! I3: the log may be trimmed at any legal point. Random work with compaction under way all the time; after
//! each step the state is compared with a fold from some point before which the log might have been trimmed
//! by then, and at the end with a fold from every such point.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use postrider_core::Command;
use postrider_core::command::AskQueue;
use postrider_core::shard::Waits;
use postrider_sim::audience::Audience;
use postrider_sim::dice::Dice;
use postrider_sim::life;
use postrider_sim::model::Model;
use postrider_sim::work::{Upheaval, Work};
use postrider_sim::world::{Ends, Pace, Setup, Storage, Trouble, World};
use std::collections::BTreeMap;

fn run(seed: u64, storage: Storage) -> Result<u64, Trouble> {
    let mut dice = Dice::new(seed);
    let mut world = World::new(Setup {
        shards: if dice.one_in(2) { 1 } else { 4 },
        body_memory: if dice.one_in(2) { 0 } else { 1_000 },
        waits: Waits { deleted_ms: 0, purge_ms: 0 },
        segment_bytes: 16 << 10,
        slice_bytes: dice.index(3_000),
        storage,
        compaction: Pace::Eager,
    });
    let mut audience = Audience::default();
    let mut work = Work { model: Model::default(), upheaval: Upheaval::Often };
    world.open(&mut dice)?;
    for _ in 0..300 {
        let shard = work.step(&mut world, &mut dice);
        world.turn(shard)?;
        life::absorb(&mut world, &mut work)?;
        if dice.one_in(3) {
            audience.step(&mut world, &mut dice)?;
        }
        world.check_from(shard, |points| dice.below(points))?;
        if dice.one_in(4) {
            let count = u64::from(world.count());
            let [from, to] = [dice.below(count), dice.below(count)].map(|n| u16::try_from(n).unwrap());
            let ends = if dice.one_in(3) { Ends::BeforeSettling } else { Ends::Settled };
            world.exchange(from, to, ends)?;
        }
    }
    life::verify(&mut world, &mut work)?;
    let mut trimmed = 0;
    for shard in 0..world.count() {
        let points = world.check_from(shard, |_| 0)?;
        for point in 1..points {
            world.check_from(shard, |_| point)?;
        }
        trimmed += points - 1;
    }
    Ok(trimmed)
}

fn many(storage: Storage, first: u64) {
    let mut trimmed = 0;
    for seed in first..first + 15 {
        trimmed += run(seed, storage).unwrap_or_else(|why| panic!("seed {seed}: {why:?}"));
    }
    println!("{trimmed} points");
    assert!(trimmed > 1_000, "only {trimmed} points before which a log might have been trimmed");
}

#[test]
fn a_log_in_files_may_be_trimmed_at_any_legal_point() {
    many(Storage::Files, 0);
}

#[test]
fn a_log_in_memory_may_be_trimmed_at_any_legal_point() {
    many(Storage::Memory, 1_000);
}

/// Compaction comes to an end when nobody asks anything, even where the estimate of what is live is far too
/// low: names of deleted queues, which must be kept for a while, do not count as live at all.
#[test]
fn an_idle_log_comes_to_rest() {
    let mut dice = Dice::new(5);
    let mut world = World::new(Setup {
        shards: 1,
        body_memory: 0,
        waits: Waits::default(),
        segment_bytes: 16 << 10,
        slice_bytes: 2_000,
        storage: Storage::Files,
        compaction: Pace::Usual,
    });
    world.open(&mut dice).unwrap();
    for index in 0..800 {
        let arn = postrider_sim::work::queue(1_000 + index);
        let create = Command::CreateQueue {
            arn: arn.clone(),
            judged: Default::default(),
            settings: vec![],
            tags: BTreeMap::new(),
        };
        world.ask_through(0, create).unwrap().result.unwrap();
        let judged = world.judgement(&arn).unwrap().revision;
        let delete = Command::Queue { arn, judged, ask: AskQueue::Delete };
        world.ask_through(0, delete).unwrap().result.unwrap();
    }
    let mut rest = |turns| {
        for _ in 0..turns {
            world.turn(0).unwrap();
        }
        world.extent(0)
    };
    let (first, tail, _) = rest(5_000);
    assert!(first > 1 && tail > 1_600, "some of it was stated again: {first}..{tail}");
    assert_eq!(rest(5_000).1, tail, "nothing is written any more");
    world.pass(61_000);
    let arn = postrider_sim::work::queue(0);
    let create =
        Command::CreateQueue { arn, judged: Default::default(), settings: vec![], tags: BTreeMap::new() };
    world.ask_through(0, create).unwrap().result.unwrap();
    world.check(0).unwrap();
}
