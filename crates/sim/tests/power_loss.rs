//! Power fails at any operation of the disk: whatever was acknowledged is there after the restart, whatever
//! was deleted stays deleted, and the log makes the state. And the proof that this test can fail: on a disk
//! that ignores syncs it does.
//!
//! `POSTRIDER_SIM_RUNS` and `POSTRIDER_SIM_SEED` choose how many runs there are, and the first seed.

use postrider_sim::disk::Operation::{self, Create, Rename, Sync, SyncFolder, Write};
use postrider_sim::life::{Outcome, Plan, Syncs, run};
use std::collections::BTreeSet;

const PLAN: Plan = Plan { lives: 4, steps: 200, syncs: Syncs::Honest };

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// All moments at which power must have failed in some run.
const MOMENTS: [(&str, Operation, &str); 16] = [
    ("open", Create, "tmp"),
    ("open", Write, "tmp"),
    ("open", Sync, "tmp"),
    ("open", Rename, "spare"),
    ("open", SyncFolder, "folder"),
    ("open", Write, "log"),
    ("open", Sync, "log"),
    ("append", Write, "log"),
    ("append", Sync, "log"),
    ("append", Write, "spare"),
    ("append", Sync, "spare"),
    ("append", Rename, "log"),
    ("append", SyncFolder, "folder"),
    ("append", Sync, "tmp"),
    ("trim", Rename, "spare"),
    ("trim", SyncFolder, "folder"),
];

/// All runs, some at the same time.
fn outcomes(first: u64, end: u64) -> Vec<Outcome> {
    let each = |seed| run(seed, PLAN).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        let spawn = |thread| {
            let seeds = (first..end).skip(thread).step_by(threads);
            scope.spawn(move || seeds.map(each).collect::<Vec<_>>())
        };
        let running = (0..threads).map(spawn).collect::<Vec<_>>();
        let finished = running.into_iter().flat_map(|thread| match thread.join() {
            Ok(outcomes) => outcomes,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        finished.collect()
    })
}

#[test]
fn nothing_acknowledged_is_lost() {
    let (runs, first) = (setting("POSTRIDER_SIM_RUNS", 1_000), setting("POSTRIDER_SIM_SEED", 0));
    let mut moments = BTreeSet::new();
    let (mut found, mut trimmed) = (0, 0);
    for outcome in outcomes(first, first + runs) {
        moments.extend(outcome.deeds);
        found += outcome.found;
        trimmed += outcome.trimmed;
    }
    println!("{found} messages found, {trimmed} entries trimmed, power failed at {moments:?}");
    if runs >= 1_000 {
        for (activity, operation, file) in MOMENTS {
            let moment = (activity, (operation, file.to_owned()));
            assert!(moments.contains(&moment), "power never failed at {moment:?}, only at {moments:?}");
        }
        assert!(found > 20 * runs && trimmed > 20 * runs, "the work must be worth it: {found} {trimmed}");
    }
}

#[test]
fn the_same_test_fails_on_a_disk_that_ignores_syncs() {
    let plan = Plan { syncs: Syncs::Ignored, ..PLAN };
    let lost = (0..60).filter(|seed| run(*seed, plan).is_err()).count();
    assert!(lost > 30, "only {lost} of 60 seeds noticed that nothing is ever synced");
}

#[test]
fn the_same_seed_twice_gives_the_same_trace() {
    for seed in [2, 3] {
        assert_eq!(run(seed, PLAN), run(seed, PLAN));
    }
    assert_ne!(run(2, PLAN), run(4, PLAN));
}
