//! Topics with subscribers of every kind, in two shards, with compaction, trimming and restarts anywhere: the log makes
//! the state, nothing is handed out twice, and what is published to FIFO queues stays in order.

mod world;

use super::logged::Restart;
use world::World;

/// Publications, and attempts at endpoints.
fn run(seed: u64, turns: u64) -> (u64, u64) {
    let mut world = World::new(seed);
    for _ in 0..turns {
        world.turn();
    }
    // What comes to a dead-letter queue by several ways is in order on each of them only.
    let subscribed = world.queues.iter().filter(|arn| arn.resource().starts_with('q'));
    subscribed.for_each(|arn| world.in_order(arn));
    for index in [0, 1, 0, 1] {
        let logged = &mut world.shards[index];
        logged.compact(logged.log.len() / 2);
        world.claimed.retain(|line| line.0 != index);
        logged.check(Restart::Yes);
    }
    world.settle();
    for index in 0..2 {
        world.check(index);
        let logged = &mut world.shards[index];
        logged.compact(logged.log.len());
        logged.check(Restart::No);
        assert!(logged.shard.unarchived.is_empty(), "all is in the archives");
    }
    (world.published, world.handed_out)
}

/// A setting of a longer run: `SEEDS=1000 TURNS=3000 cargo test fanout`.
fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn the_log_makes_the_state_whatever_becomes_of_topics_and_subscriptions() {
    let (from, seeds) = (number("FROM", 1), number("SEEDS", 40));
    let (mut published, mut handed_out) = (0, 0);
    for seed in from..from + seeds {
        let run = std::panic::catch_unwind(|| run(seed * 104_729, number("TURNS", 500)));
        let run = run.unwrap_or_else(|_| panic!("seed {seed}"));
        (published, handed_out) = (published + run.0, handed_out + run.1);
    }
    assert!(
        seeds == 1 || published > 100 * seeds && handed_out > 10 * seeds,
        "{published} published, {handed_out} handed out"
    );
}
