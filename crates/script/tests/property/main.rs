//! Random operations on worlds of one and four pure shards, and on the plainest possible models of standard queues with
//! topics, and of FIFO queues.
//!
//! What the world answers, the model must answer. In between the logs are compacted and the shards opened again, the
//! state is compared with the fold of its log (I2), and now and then each log is trimmed at every entry (I3), with
//! payloads in memory, some of them, and none. Then, that messages which move between four shards, by redrive and by
//! tasks, are neither lost nor doubled, whenever a shard is opened again; and that what is published comes to all who are
//! to have it, in order where there is one (I9).
//!
//! Everything is drawn from fixed seeds, so a failure comes again. `PROPERTY_SEED` stands in place of the first.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

mod conservation;
mod dice;
mod fan_out;
mod fifo;
mod fifo_operation;
mod model;
mod operation;

use postrider_script::{Action, OnQueue, Options, Target, World};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Cases of one seed, and operations of one case.
const CASES: u32 = 135;
const OPERATIONS: std::ops::Range<usize> = 220..260;
/// Besides letting time pass. Each model is compared over at least four times as many, with the four seeds.
const OPERATIONS_OF_A_SEED: u64 = 25_000;

/// What a world is compared with.
trait Model {
    /// A random operation, with open choices.
    type Operation: std::fmt::Debug;

    fn new(shards: u16) -> Self;
    /// What is there from the beginning.
    fn beginning() -> Vec<Action>;
    fn at(&mut self, time_ms: u64);
    /// When it is after this operation, if it lets time pass.
    fn time_ms(&self, operation: &Self::Operation) -> Option<u64>;
    /// What to do now. Nothing if the choice is among nothing.
    fn action(&self, operation: &Self::Operation) -> Option<Action>;
    /// Does the action, and says how the answer is wrong.
    fn judge(&mut self, action: &Action, answer: &[String]) -> Result<(), String>;
    /// Deliveries that nobody could take.
    fn dropped(&self) -> u64;
}

/// Do two queues live in different shards?
fn apart(a: &str, b: &str, shards: u16) -> bool {
    let shard =
        |name: &str| postrider_core::Arn::of("aws", "sqs", "us-east-1", "000000000000", name).shard(shards);
    shard(a) != shard(b)
}

fn runner(seed: u64, cases: u32) -> TestRunner {
    let given = std::env::var("PROPERTY_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.filter(|_| seed == 1).unwrap_or(seed);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 2000, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

/// How often what happened over which the answers agreed.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    operations: u64,
    /// Messages that were handed out.
    received: u64,
    /// Those of them that came from another queue.
    moved: u64,
    /// Sends that only repeated an earlier one.
    repeated: u64,
    refused: u64,
}

impl Tally {
    fn add(&mut self, action: &Action, answer: &[String]) {
        let count =
            |matches: &dyn Fn(&String) -> bool| answer.iter().filter(|word| matches(word)).count() as u64;
        self.operations += 1;
        self.refused += count(&|word| word.starts_with('!'));
        self.repeated += count(&|word| word.starts_with('='));
        if matches!(action, Action::Queue(_, OnQueue::Receive(_))) {
            self.received += count(&|word| !word.starts_with('!'));
            self.moved += count(&|word| !word.starts_with('!') && !word.ends_with(":-"));
        }
    }
}

/// Whether each log is trimmed at each of its entries in the end, which takes time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trims {
    Each,
    None,
}

/// Runs the cases of one seed.
fn compare<M: Model>(seed: u64, operations: impl Strategy<Value = M::Operation>) -> Tally {
    let tally = Cell::new(Tally::default());
    let cases = Cell::new(0);
    let world = (prop::sample::select(vec![1u16, 4]), prop::sample::select(vec![0u64, 5, u64::MAX]));
    let strategy = (world, prop::collection::vec(operations, OPERATIONS));
    let ended = runner(seed, CASES).run(&strategy, |((shards, body_memory), operations)| {
        cases.set(cases.get() + 1);
        let options = Options { shards, body_memory, ..Options::default() };
        let trims = if cases.get() % 30 == 0 { Trims::Each } else { Trims::None };
        let mut agreed = tally.get();
        case::<M>(options, &operations, trims, &mut |_, action, answer| agreed.add(action, answer))?;
        tally.set(agreed);
        Ok(())
    });
    match ended {
        Ok(()) => tally.get(),
        Err(TestError::Abort(reason)) => panic!("seed {seed}: {reason}"),
        Err(TestError::Fail(reason, ((shards, body_memory), operations))) => {
            let mut trace =
                format!("seed {seed}, {shards} shards, {body_memory} bytes of payloads: {reason}\n");
            let options = Options { shards, body_memory, ..Options::default() };
            let mut write = |time_ms: u64, action: &Action, answer: &[String]| {
                trace.push_str(&format!("{time_ms} {action:?} -> {answer:?}\n"));
            };
            let again = || case::<M>(options, &operations, Trims::Each, &mut write);
            let _ = catch_unwind(AssertUnwindSafe(again));
            panic!("{trace}");
        }
    }
}

/// Runs one case. Tells `seen` the time, the operation and the answer of each.
fn case<M: Model>(
    options: Options,
    operations: &[M::Operation],
    trims: Trims,
    seen: &mut dyn FnMut(u64, &Action, &[String]),
) -> Result<(), TestCaseError> {
    let mut model = M::new(options.shards);
    let mut world = World::new(options);
    let mut now_ms = 0;
    for action in M::beginning() {
        let answer = world.perform(&action).unwrap_or_else(|fault| panic!("{action:?}: {fault}"));
        prop_assert_eq!(model.judge(&action, &answer), Ok(()));
    }
    for (at, operation) in operations.iter().enumerate() {
        if let Some(time_ms) = model.time_ms(operation) {
            now_ms = time_ms;
            model.at(time_ms);
            world.at(time_ms);
        }
        if let Some(action) = model.action(operation) {
            let answer = world.perform(&action).unwrap_or_else(|fault| panic!("{action:?}: {fault}"));
            seen(now_ms, &action, &answer);
            if let Err(wrong) = model.judge(&action, &answer) {
                let text = format!("operation {at}, {action:?}\n  answered {answer:?}\n  but {wrong}");
                return Err(TestCaseError::fail(text));
            }
        }
        if at % 20 == 0 {
            world.verify();
        }
    }
    prop_assert_eq!(world.dropped(), model.dropped(), "deliveries that nobody could take");
    if trims == Trims::Each {
        world.verify_trims();
    }
    Ok(())
}

fn standard(seed: u64) {
    let tally = compare::<model::Model>(seed, operation::operations());
    assert!(tally.operations >= OPERATIONS_OF_A_SEED, "{tally:?}");
    assert!(tally.received > 3_000 && tally.moved > 100 && tally.refused > 1_000, "{tally:?}");
}

fn fifo(seed: u64) {
    let tally = compare::<fifo::Model>(seed, fifo_operation::operations());
    assert!(tally.operations >= OPERATIONS_OF_A_SEED, "{tally:?}");
    assert!(tally.received > 3_000 && tally.moved > 100 && tally.refused > 1_000, "{tally:?}");
    assert!(tally.repeated > 500, "{tally:?}");
}

#[test]
fn standard_queues_and_topics_are_like_their_model_1() {
    standard(1);
}

#[test]
fn standard_queues_and_topics_are_like_their_model_2() {
    standard(2);
}

#[test]
fn standard_queues_and_topics_are_like_their_model_3() {
    standard(3);
}

#[test]
fn standard_queues_and_topics_are_like_their_model_4() {
    standard(4);
}

#[test]
fn fifo_queues_are_like_their_model_1() {
    fifo(1);
}

#[test]
fn fifo_queues_are_like_their_model_2() {
    fifo(2);
}

#[test]
fn fifo_queues_are_like_their_model_3() {
    fifo(3);
}

#[test]
fn fifo_queues_are_like_their_model_4() {
    fifo(4);
}

#[test]
fn messages_that_move_are_neither_lost_nor_doubled() {
    conservation::run();
}

#[test]
fn what_is_published_comes_to_all_who_are_to_have_it() {
    fan_out::run();
}
