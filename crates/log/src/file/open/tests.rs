//! Opening a log after each kind of stop.

use super::*;
use crate::contract::{ENTRY_BYTES_MAX, SEGMENT_BYTES, entry, everything};
use crate::faulty::FaultyDisk;
use crate::file::{FileLog, Spares};
use crate::{Entry, Log};

fn options(durability: Durability) -> Options {
    Options {
        durability,
        spares: Spares::Inline,
        segment_bytes: SEGMENT_BYTES,
        first_segment_bytes: SEGMENT_BYTES,
        entry_bytes_max: ENTRY_BYTES_MAX,
        spare_count: 1,
        ..Options::new(0, 42)
    }
}

fn open(disk: &FaultyDisk, durability: Durability) -> FileLog {
    FileLog::open(Arc::new(disk.clone()), &options(durability)).unwrap()
}

fn group(epoch: u64, numbers: std::ops::RangeInclusive<u64>) -> Vec<Entry> {
    numbers.map(|number| entry(epoch, number, 100)).collect()
}

#[test]
fn a_torn_tail_is_cut_and_never_comes_back() {
    let disk = FaultyDisk::new();
    let mut log = open(&disk, Durability::Fsync);
    log.append(&group(1, 1..=2)).unwrap();
    log.append(&group(1, 3..=6)).unwrap();
    drop(log);
    disk.rot("0000000001.log", 4096 + 2 * 160 + 70, 1);
    let mut log = open(&disk, Durability::Fsync);
    let expected = Recovery { entries_cut: 3, bytes_cut: 4 * 160, fresh: false };
    assert_eq!((log.tail(), log.recovery()), (2, expected));
    // The very entry that was torn, written again: what stood behind it would continue it, were it still there.
    log.append(&group(1, 3..=3)).unwrap();
    drop(log);
    let log = open(&disk, Durability::Fsync);
    assert_eq!((log.tail(), log.recovery().bytes_cut), (3, 0));
}

#[test]
fn under_os_later_segments_go_with_the_cut_and_are_not_recycled() {
    let disk = FaultyDisk::new();
    let mut log = open(&disk, Durability::Os);
    for number in 1..=20 {
        log.append(&[entry(1, number, 4_000)]).unwrap();
    }
    drop(log);
    disk.rot("0000000001.log", 4096 + 3 * 4_056, 1);
    let before = disk.list().unwrap().len();
    let log = open(&disk, Durability::Os);
    assert_eq!((log.tail(), log.first()), (3, 1));
    assert_eq!(log.recovery().entries_cut, 16);
    assert_eq!(disk.list().unwrap().len(), before - 2);
    assert_eq!(everything(log.reader().as_ref(), 1).len(), 3);
}

#[test]
fn what_a_failed_sync_left_in_the_cache_is_durable_once_it_is_shown_again() {
    let disk = FaultyDisk::new();
    let mut log = open(&disk, Durability::Fsync);
    log.append(&group(1, 1..=1)).unwrap();
    disk.fail_sync(1);
    log.append(&group(1, 2..=2)).unwrap_err();
    drop(log);
    assert_eq!(open(&disk, Durability::Fsync).tail(), 2, "the cache still has it");
    for seed in 0..20 {
        assert_eq!(open(&disk.crash(seed), Durability::Fsync).tail(), 2, "shown, so durable");
    }
}

#[test]
fn leftovers_of_unfinished_files_are_removed_and_strangers_left_alone() {
    let disk = FaultyDisk::new();
    drop(open(&disk, Durability::Fsync));
    for name in ["0000000077.tmp", "notes.txt", "0000000001.log.cut-at-4096.1"] {
        disk.create(name).unwrap();
    }
    let log = open(&disk, Durability::Fsync);
    assert!(!log.recovery().fresh);
    let names = disk.list().unwrap();
    assert!(!names.contains(&"0000000077.tmp".to_owned()));
    assert!(
        names.contains(&"notes.txt".to_owned()) && names.contains(&"0000000001.log.cut-at-4096.1".to_owned())
    );
}
