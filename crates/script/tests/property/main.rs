//! Random operations on worlds of one and four pure shards, and on the plainest possible model.
//!
//! What the world answers, the model must be able to answer. In between the logs are compacted and the
//! shards opened again, the state is compared with the fold of its log (I2), and at the end of a case each
//! log is trimmed at every entry (I3), with payloads in memory, some of them, and none.
//! `PROPTEST_CASES` raises the number of cases.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

mod model;
mod operation;

use model::Model;
use operation::{Operation, operations};
use postrider_script::{Options, Target, World};
use proptest::prelude::*;

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(200)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        failure_persistence: None,
        max_shrink_iters: 4000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_world_answers_like_the_model(
        shards in prop::sample::select(vec![1u16, 4]),
        body_memory in prop::sample::select(vec![0u64, 5, u64::MAX]),
        operations in prop::collection::vec(operations(), 1..120),
    ) {
        compare(Options { shards, body_memory, ..Options::default() }, &operations);
    }
}

fn compare(options: Options, operations: &[Operation]) {
    let mut world = World::new(options);
    let mut model = Model::default();
    for (at, operation) in operations.iter().enumerate() {
        if let Some(time_ms) = operation.time_ms(&model) {
            model.at(time_ms);
            world.at(time_ms);
        }
        if let Some(action) = operation.action(&model) {
            let answer = world.perform(&action).unwrap_or_else(|fault| panic!("{action:?}: {fault}"));
            if let Err(wrong) = model.judge(&action, &answer) {
                panic!("operation {at}, {action:?}\n  answered {answer:?}\n  but {wrong}");
            }
        }
        if at % 3 == 0 {
            world.verify();
        }
    }
    assert_eq!(world.dropped(), model.dropped(), "deliveries that nobody could take");
    world.verify_trims();
}
