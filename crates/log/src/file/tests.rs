//! The file log: appending, rolling, trimming, and failing for good.

use super::*;
use crate::contract::{ENTRY_BYTES_MAX, SEGMENT_BYTES, entry, everything};
use crate::faulty::FaultyDisk;

fn options() -> Options {
    Options {
        spares: Spares::Inline,
        segment_bytes: SEGMENT_BYTES,
        first_segment_bytes: SEGMENT_BYTES / 2,
        entry_bytes_max: ENTRY_BYTES_MAX,
        retry: Duration::from_millis(1),
        ..Options::new(0, 42)
    }
}

fn open(disk: &FaultyDisk, options: &Options) -> FileLog {
    FileLog::open(Arc::new(disk.clone()), options).unwrap()
}

fn group(numbers: std::ops::RangeInclusive<u64>, bytes: usize) -> Vec<Entry> {
    numbers.map(|number| entry(1, number, bytes)).collect()
}

#[test]
fn a_group_is_one_write_and_one_sync() {
    let disk = FaultyDisk::new();
    let mut log = open(&disk, &options());
    let before = disk.counts();
    log.append(&group(1..=10, 100)).unwrap();
    let after = disk.counts();
    assert_eq!((after.writes - before.writes, after.syncs - before.syncs), (1, 1));
    assert_eq!(after.changes() - before.changes(), 2, "and nothing else");
    let stats = log.stats();
    assert_eq!((stats.syncs(), stats.appends(), stats.entries(), stats.bytes()), (1, 1, 10, 1_600));
    assert_eq!(stats.sync_ns(), stats.sync_ns_last());
}

#[test]
fn under_os_an_append_syncs_nothing_and_a_trim_does() {
    let disk = FaultyDisk::new();
    let mut log = open(&disk, &Options { durability: Durability::Os, ..options() });
    let before = disk.counts().syncs;
    log.append(&group(1..=2, 5_000)).unwrap();
    assert_eq!(disk.counts().syncs, before);
    log.append(&group(3..=4, 5_000)).unwrap();
    log.trim(3).unwrap();
    assert_eq!((log.stats().syncs(), log.first()), (2, 3), "both segments");
}

#[test]
fn after_a_failed_sync_or_write_nothing_more_is_written() {
    for fail in [|disk: &FaultyDisk| disk.fail_sync(1), |disk: &FaultyDisk| disk.fail_change(1)] {
        let disk = FaultyDisk::new();
        let mut log = open(&disk, &options());
        log.append(&group(1..=1, 100)).unwrap();
        fail(&disk);
        let fault = log.append(&group(2..=2, 100)).unwrap_err();
        assert!(matches!(fault, Fault::Io { .. }), "{fault}");
        let counts = disk.counts();
        assert!(matches!(log.append(&group(2..=2, 100)), Err(Fault::Poisoned)));
        assert!(matches!(log.trim(2), Err(Fault::Poisoned)));
        assert_eq!(disk.counts(), counts);
        assert_eq!((log.tail(), everything(log.reader().as_ref(), 1).len()), (1, 1), "reading still works");
    }
}

#[test]
fn trimmed_segments_are_recycled_and_the_small_first_one_is_removed() {
    let disk = FaultyDisk::new();
    let mut log = open(&disk, &options());
    log.append(&group(1..=40, 5_000)).unwrap();
    let files = disk.counts().names;
    for round in 1..20 {
        log.trim(40 * round).unwrap();
        log.append(&group(40 * round + 1..=40 * round + 40, 5_000)).unwrap();
    }
    let names = disk.list().unwrap();
    assert!(!names.contains(&"0000000001.log".to_owned()));
    let spares = names.iter().filter(|name| name.ends_with(".spare")).count();
    assert_eq!(spares, options().spare_count, "{names:?}");
    // Eight segments a round; each costs two renames, and a spare that was made costs two and a removal more.
    assert!(disk.counts().names - files < 19 * 8 * 6);
}

#[test]
fn a_full_disk_refuses_growth_keeps_a_reserve_and_recovers() {
    let disk = FaultyDisk::new();
    disk.limit(Some(4 * SEGMENT_BYTES));
    let mut log = open(&disk, &options());
    let space = log.space();
    assert!(!space.full(), "a small segment and three spares fit");
    let mut next = 1;
    while space.room(5_056) {
        log.append(&group(next..=next, 5_000)).unwrap();
        next += 1;
    }
    assert!(space.full());
    let reserved = next;
    loop {
        match log.append(&group(next..=next, 5_000)) {
            Ok(()) => next += 1,
            Err(Fault::Full) => break,
            Err(fault) => panic!("{fault}"),
        }
    }
    assert!(next - reserved >= 10, "two segments hold five entries each, and {} fitted", next - reserved);
    assert!(matches!(log.append(&group(next..=next, 5_000)), Err(Fault::Full)), "and it is not poisoned");
    assert_eq!(everything(log.reader().as_ref(), 1).len() as u64, next - 1);
    log.trim(next - 1).unwrap();
    assert!(!space.full() && space.room(u64::MAX), "what was trimmed is recycled");
    log.append(&group(next..=next, 5_000)).unwrap();
}

#[test]
fn the_maker_of_spares_recovers_by_itself_when_space_returns() {
    let disk = FaultyDisk::new();
    disk.limit(Some(2 * SEGMENT_BYTES));
    let mut log = open(&disk, &Options { spares: Spares::Background, ..options() });
    let space = log.space();
    wait(|| space.full());
    assert!(!space.room(1), "one spare is less than the reserve");
    log.append(&group(1..=1, 100)).unwrap();
    disk.limit(None);
    wait(|| !space.full());
    assert!(space.room(u64::MAX));
}

/// Waits for a level, with a bound.
fn wait(level: impl Fn() -> bool) {
    let started = Instant::now();
    while !level() {
        assert!(started.elapsed() < Duration::from_secs(30), "waited too long");
        std::thread::yield_now();
    }
}

#[test]
fn a_group_of_more_segments_than_there_are_spares_waits_for_them() {
    for spares in [Spares::Inline, Spares::Background] {
        let mut log = open(&FaultyDisk::new(), &Options { spares, spare_count: 1, ..options() });
        let entries = group(1..=60, 8_000);
        log.append(&entries).unwrap();
        assert_eq!(everything(log.reader().as_ref(), 1), entries);
    }
}

#[test]
fn an_entry_as_large_as_the_bound_fits_even_if_the_first_segment_is_too_small_for_it() {
    let options = Options { first_segment_bytes: 5_000, entry_bytes_max: 28_000, ..options() };
    let disk = FaultyDisk::new();
    let mut log = open(&disk, &options);
    let entries = group(1..=2, 28_000);
    log.append(&entries).unwrap();
    assert_eq!(log.reader().oldest_sealed_end(), Some(1), "the empty first segment does not count");
    drop(log);
    let mut log = open(&disk, &options);
    assert_eq!(everything(log.reader().as_ref(), 1), entries);
    assert_eq!(log.trim(2).unwrap(), 2);
}

#[test]
fn options_that_cannot_work_are_refused() {
    let small = Options { segment_bytes: 8_192, entry_bytes_max: 4_096, ..options() };
    let large = Options { segment_bytes: SEGMENT_BYTES_MAX + 1, ..options() };
    for options in [small, large] {
        let refused = FileLog::open(Arc::new(FaultyDisk::new()), &options);
        assert!(matches!(refused, Err(Fault::Options { .. })));
    }
}

#[test]
fn rot_under_an_open_log_is_noticed_by_scans() {
    let disk = FaultyDisk::new();
    let mut log = open(&disk, &options());
    log.append(&group(1..=3, 100)).unwrap();
    disk.rot("0000000001.log", 4096 + 160 + 80, 4);
    let reader = log.reader();
    assert_eq!(reader.scan(1, 100).unwrap().len(), 1);
    assert!(matches!(reader.scan(2, 100), Err(Fault::Rot { number: 2, .. })));
}
