//! The archive on a disk in memory, on the faulty disk, and on the real one.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::check::{self, Verdict};
use crate::contract::SEGMENT_BYTES;
use crate::faulty::FaultyDisk;
use crate::file::disk::RealDisk;

fn options() -> Options {
    Options {
        segment_bytes: SEGMENT_BYTES,
        record_bytes_max: 8 << 10,
        pack_bytes: 4 << 10,
        ..Options::new(3, 42)
    }
}

fn open(disk: &FaultyDisk) -> Archive {
    try_open(disk).unwrap()
}

fn try_open(disk: &FaultyDisk) -> Result<Archive, Fault> {
    Archive::open(Arc::new(disk.clone()), &options())
}

/// Record `sequence` has its own time, ten times its sequence, and `bytes` bytes that follow from it.
fn record(sequence: u64, bytes: usize) -> Record {
    let bytes = (0..bytes as u64).map(|at| (sequence * 31 + at * 7) as u8).collect();
    Record { sequence, time_ms: 10 * sequence, bytes }
}

fn records(sequences: std::ops::RangeInclusive<u64>, bytes: usize) -> Vec<Record> {
    sequences.map(|sequence| record(sequence, bytes)).collect()
}

/// Everything after `sequence`, read in small pieces.
fn everything(reader: &ArchiveReader, mut sequence: u64) -> Vec<Record> {
    let mut all = Vec::new();
    loop {
        let more = reader.after(sequence, 3_000).unwrap();
        let Some(last) = more.last() else { return all };
        sequence = last.sequence;
        all.extend(more);
    }
}

/// Runs a check on every kind of disk.
fn on_every_disk(check: fn(Arc<dyn Disk>)) {
    check(Arc::new(MemoryDisk::default()));
    check(Arc::new(FaultyDisk::new()));
    let folder = tempfile::tempdir().unwrap();
    check(Arc::new(RealDisk::new(folder.path())));
}

#[test]
fn an_empty_archive_is_empty() {
    let mut archive = Archive::in_memory();
    let reader = archive.reader();
    archive.append(&[]).unwrap();
    archive.trim_before(1_000).unwrap();
    assert_eq!((archive.last_sequence(), archive.first_time_ms(), archive.bytes()), (None, None, 0));
    assert_eq!((reader.after(0, 100).unwrap(), reader.seek(0).unwrap()), (vec![], None));
}

#[test]
fn what_is_appended_is_read_from_any_sequence_and_again_after_opening() {
    on_every_disk(|disk| {
        let mut archive = Archive::open(Arc::clone(&disk), &options()).unwrap();
        assert!(archive.recovery().fresh);
        let all = records(1..=400, 700);
        for group in all.chunks(7) {
            archive.append(group).unwrap();
        }
        for archive in [archive, Archive::open(disk, &options()).unwrap()] {
            let reader = archive.reader();
            assert_eq!((archive.last_sequence(), archive.first_time_ms()), (Some(400), Some(10)));
            assert_eq!((reader.last_sequence(), reader.first_time_ms()), (Some(400), Some(10)));
            assert!(archive.bytes() > 400 * 720 && archive.bytes() < 400 * 750, "{}", archive.bytes());
            for from in [0, 1, 6, 7, 8, 199, 398, 399] {
                assert_eq!(everything(&reader, from), all[usize::try_from(from).unwrap()..]);
            }
            assert_eq!(reader.after(400, 100).unwrap(), []);
            assert_eq!(reader.after(u64::MAX, 100).unwrap(), []);
        }
    });
}

#[test]
fn an_answer_is_bounded_but_never_empty_while_there_is_more() {
    let mut archive = Archive::in_memory();
    archive.append(&records(1..=10, 100)).unwrap();
    let reader = archive.reader();
    for (bytes_max, count) in [(0, 1), (99, 1), (100, 1), (199, 1), (200, 2), (999, 9), (1_000, 10)] {
        assert_eq!(reader.after(0, bytes_max).unwrap().len(), count, "{bytes_max}");
    }
}

#[test]
fn sequences_may_have_gaps_and_repeated_records_are_skipped() {
    on_every_disk(|disk| {
        let mut archive = Archive::open(Arc::clone(&disk), &options()).unwrap();
        let group = [record(5, 10), record(9, 10), record(9, 20), record(7, 20), record(20, 10)];
        archive.append(&group).unwrap();
        let bytes = archive.bytes();
        archive.append(&group).unwrap();
        assert_eq!(archive.bytes(), bytes, "nothing is written twice");
        let mut archive = Archive::open(disk, &options()).unwrap();
        archive.append(&[record(20, 10), record(21, 10)]).unwrap();
        let kept = [record(5, 10), record(9, 10), record(20, 10), record(21, 10)];
        let reader = archive.reader();
        assert_eq!(everything(&reader, 0), kept);
        assert_eq!(everything(&reader, 5), kept[1..]);
        assert_eq!(everything(&reader, 8), kept[1..]);
    });
}

#[test]
fn times_never_fall() {
    let mut archive = Archive::in_memory();
    let at = |sequence, time_ms| Record { sequence, time_ms, bytes: Bytes::new() };
    archive.append(&[at(1, 50), at(2, 40)]).unwrap();
    archive.append(&[at(3, 30), at(4, 60)]).unwrap();
    let times: Vec<u64> = everything(&archive.reader(), 0).iter().map(|record| record.time_ms).collect();
    assert_eq!(times, [50, 50, 50, 60]);
}

#[test]
fn seeking_finds_the_first_record_at_or_after_a_time() {
    on_every_disk(|disk| {
        let mut archive = Archive::open(Arc::clone(&disk), &options()).unwrap();
        for group in records(1..=300, 500).chunks(11) {
            archive.append(group).unwrap();
        }
        let equal: Vec<Record> = (301..=400).map(|it| Record { time_ms: 3_005, ..record(it, 500) }).collect();
        archive.append(&equal).unwrap();
        for archive in [archive, Archive::open(disk, &options()).unwrap()] {
            let reader = archive.reader();
            assert_eq!(reader.seek(0).unwrap(), Some(0));
            for sequence in 1..=300 {
                for time_ms in [10 * sequence - 9, 10 * sequence] {
                    assert_eq!(reader.seek(time_ms).unwrap(), Some(sequence - 1), "{time_ms}");
                }
            }
            for time_ms in 3_001..=3_005 {
                assert_eq!(reader.seek(time_ms).unwrap(), Some(300), "{time_ms}");
            }
            assert_eq!(reader.seek(3_006).unwrap(), None);
        }
    });
}

#[test]
fn trimming_hides_what_is_older_and_frees_whole_segments() {
    on_every_disk(|disk| {
        let mut archive = Archive::open(Arc::clone(&disk), &options()).unwrap();
        let all = records(1..=400, 700);
        archive.append(&all).unwrap();
        let reader = archive.reader();
        let (bytes, mut files) = (archive.bytes(), disk.list().unwrap().len());
        for (time_ms, first) in [(10, 1), (11, 2), (2_000, 200), (1_500, 200), (3_995, 400)] {
            archive.trim_before(time_ms).unwrap();
            assert_eq!(everything(&reader, 0), all[first - 1..]);
            assert_eq!(everything(&reader, 0), everything(&reader, first as u64 - 1));
            assert_eq!(reader.seek(0).unwrap(), Some(first as u64 - 1));
            assert_eq!(archive.first_time_ms(), Some(10 * first as u64));
            assert!(disk.list().unwrap().len() <= files);
            files = disk.list().unwrap().len();
        }
        assert!(archive.bytes() < bytes / 5 && files <= 2, "{files} files");
        archive.trim_before(4_001).unwrap();
        assert_eq!((archive.bytes(), archive.first_time_ms()), (0, None), "also the active segment is freed");
        assert_eq!((everything(&reader, 0), reader.seek(0).unwrap()), (vec![], None));
        drop(archive);
        let mut archive = Archive::open(disk, &options()).unwrap();
        assert_eq!(archive.last_sequence(), Some(400), "known though every record is gone");
        archive.append(&records(399..=402, 10)).unwrap();
        assert_eq!(everything(&archive.reader(), 0), records(401..=402, 10));
        assert_eq!(archive.first_time_ms(), Some(4_010));
    });
}

#[test]
fn a_record_older_than_the_trim_mark_is_not_shown_when_it_comes_late() {
    let mut archive = Archive::in_memory();
    archive.trim_before(25).unwrap();
    archive.append(&records(1..=4, 10)).unwrap();
    assert_eq!(everything(&archive.reader(), 0), records(3..=4, 10));
    assert_eq!(archive.first_time_ms(), Some(30));
}

#[test]
fn too_large_a_record_is_refused_and_the_largest_is_not() {
    let mut archive = Archive::open(Arc::new(MemoryDisk::default()), &options()).unwrap();
    let fault = archive.append(&[record(1, 10), record(2, (8 << 10) + 1)]).unwrap_err();
    assert!(matches!(fault, Fault::TooLarge { bytes: 8_193, bytes_max: 8_192 }), "{fault}");
    assert_eq!(archive.last_sequence(), None);
    archive.append(&records(1..=9, 8 << 10)).unwrap();
    assert_eq!(everything(&archive.reader(), 0), records(1..=9, 8 << 10));
    let tight = Options { segment_bytes: 8 << 10, ..options() };
    let fault = Archive::open(Arc::new(MemoryDisk::default()), &tight).map(drop).unwrap_err();
    assert!(matches!(fault, Fault::Options { .. }), "{fault}");
}

#[test]
fn a_group_is_one_write_and_one_sync() {
    let disk = FaultyDisk::new();
    let mut archive = open(&disk);
    let before = disk.counts();
    archive.append(&records(1..=10, 1_000)).unwrap();
    let after = disk.counts();
    assert_eq!((after.writes - before.writes, after.syncs - before.syncs), (1, 1));
    assert_eq!(after.changes() - before.changes(), 2, "and nothing else");
}

#[test]
fn opening_reads_headers_and_the_last_segment_only() {
    let disk = FaultyDisk::new();
    open(&disk).append(&records(1..=2_000, 700)).unwrap();
    let before = disk.counts();
    let archive = open(&disk);
    let segments = archive.shared.segments().len();
    assert!(segments > 40);
    let reads = disk.counts().reads - before.reads;
    assert!(reads < segments as u64 + 70, "{reads} reads for {segments} segments");
    assert!(archive.shared.segments().iter().rev().skip(1).all(|segment| segment.marks() == 1));
}

#[cfg(target_os = "linux")]
#[test]
fn no_file_is_open_between_two_calls() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(Arc::new(RealDisk::new(folder.path())), &options()).unwrap();
    archive.append(&records(1..=200, 700)).unwrap();
    let reader = archive.reader();
    reader.after(0, 10_000).unwrap();
    archive.trim_before(500).unwrap();
    let open = std::fs::read_dir("/proc/self/fd").unwrap();
    let links = open.filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok());
    assert_eq!(links.filter(|link| link.starts_with(folder.path())).count(), 0);
}

#[test]
fn the_index_is_sparse_whether_records_come_together_or_alone() {
    for group in [1, 1_000] {
        let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::default());
        let options = Options::new(0, 1);
        let mut archive = Archive::open(Arc::clone(&disk), &options).unwrap();
        for from in (1..=200_000).step_by(group) {
            archive.append(&records(from..=from + group as u64 - 1, 100)).unwrap();
        }
        let again = Archive::open(disk, &options).unwrap();
        for archive in [archive, again] {
            let (mut sequence, mut count) = (0, 0);
            while let Some(last) = archive.reader().after(sequence, 1 << 20).unwrap().last() {
                count += 1;
                sequence = last.sequence;
            }
            assert!(sequence == 200_000 && count < 40);
            let segments = archive.shared.segments();
            let marks: usize = segments.iter().map(|segment| segment.marks()).sum();
            let bytes = marks * size_of::<Mark>() + segments.len() * (size_of::<Segment>() + 64);
            let per_mib = bytes as u64 * (1 << 20) / archive.bytes();
            assert!(per_mib < 200, "{bytes} bytes for 200,000 records, {per_mib} for a MiB");
        }
    }
}

#[test]
fn a_full_disk_is_no_harm_and_appending_again_goes_on() {
    let disk = FaultyDisk::new();
    let mut archive = open(&disk);
    let all = records(1..=100, 700);
    archive.append(&all[..10]).unwrap();
    for bytes in [20 << 10, 40 << 10, 70 << 10] {
        disk.limit(Some(bytes));
        let fault = archive.append(&all).unwrap_err();
        assert!(matches!(fault, Fault::Full), "{fault:?}");
        let there = everything(&archive.reader(), 0);
        assert_eq!(there, all[..there.len()]);
        assert!(archive.trim_before(5).is_ok());
    }
    disk.limit(None);
    archive.append(&all).unwrap();
    assert_eq!(everything(&archive.reader(), 0), all);
    drop(archive);
    assert_eq!(everything(&open(&disk.crash(1)).reader(), 0), all);
}

#[test]
fn after_a_failed_sync_nothing_is_written_until_it_is_opened_again() {
    for fail in [|disk: &FaultyDisk| disk.fail_sync(1), |disk: &FaultyDisk| disk.fail_change(1)] {
        let disk = FaultyDisk::new();
        let mut archive = open(&disk);
        archive.append(&records(1..=2, 100)).unwrap();
        fail(&disk);
        assert!(matches!(archive.append(&records(3..=4, 100)), Err(Fault::Io { .. })));
        let before = disk.counts().changes();
        assert!(matches!(archive.append(&records(3..=4, 100)), Err(Fault::Poisoned)));
        assert!(matches!(archive.trim_before(20), Err(Fault::Poisoned)));
        assert_eq!(disk.counts().changes(), before);
        assert_eq!(everything(&archive.reader(), 0), records(1..=2, 100), "reading goes on");
        drop(archive);
        let mut archive = open(&disk);
        archive.append(&records(3..=4, 100)).unwrap();
        drop(archive);
        assert_eq!(everything(&open(&disk.crash(7)).reader(), 0), records(1..=4, 100));
    }
}

#[test]
fn damage_at_the_end_is_cut_and_damage_before_it_is_refused() {
    let disk = FaultyDisk::new();
    let mut archive = open(&disk);
    archive.append(&records(1..=1, 100)).unwrap();
    archive.append(&records(2..=2, 100)).unwrap();
    drop(archive);
    let second = FRAMES_START + frame::framed(121);
    disk.rot("0000000001.log", second + 70, 1);
    assert!(matches!(check::verify(&disk, 3).unwrap().verdict, Verdict::TornTail { .. }));
    let mut archive = open(&disk);
    assert_eq!((archive.last_sequence(), archive.recovery().fresh), (Some(1), false));
    assert!(archive.recovery().bytes_cut > 0);
    archive.append(&records(1..=3, 100)).unwrap();
    drop(archive);
    assert_eq!(everything(&open(&disk).reader(), 0), records(1..=3, 100));
    disk.rot("0000000001.log", FRAMES_START + 70, 1);
    let fault = try_open(&disk).map(drop).unwrap_err();
    assert!(matches!(fault, Fault::Rot { number: 1, .. }), "{fault:?}");
    assert!(!check::verify(&disk, 3).unwrap().starts());
}

#[test]
fn damage_in_an_older_segment_is_found_where_it_is_read() {
    let disk = FaultyDisk::new();
    let mut archive = open(&disk);
    archive.append(&records(1..=200, 700)).unwrap();
    drop(archive);
    assert_eq!(check::verify(&disk, 3).unwrap().verdict, Verdict::Sound, "the log's tools read archives");
    disk.rot("0000000003.log", FRAMES_START + 5_000, 1);
    let reader = open(&disk).reader();
    let mut sequence = 0;
    let fault = loop {
        match reader.after(sequence, 1_000) {
            Ok(more) => sequence = more.last().unwrap().sequence,
            Err(fault) => break fault,
        }
    };
    assert!(matches!(&fault, Fault::Rot { file, .. } if file == "0000000003.log"), "{fault:?}");
    assert!(sequence > 60 && sequence < 100, "{sequence}");
    assert_eq!(reader.after(150, 0).unwrap(), records(151..=151, 700), "the rest is readable");
    for (name, offset) in [("0000000002.log", 30), ("0000000001.log", 9)] {
        disk.rot(name, offset, 1);
        let fault = try_open(&disk).map(drop).unwrap_err();
        assert!(matches!(&fault, Fault::Rot { file, offset: 0, .. } if file == name), "{fault:?}");
    }
}

#[test]
fn a_missing_or_strange_segment_is_refused() {
    let full = FaultyDisk::new();
    open(&full).append(&records(1..=200, 700)).unwrap();
    let disk = full.crash(1);
    disk.remove("0000000003.log").unwrap();
    assert!(matches!(try_open(&disk), Err(Fault::Rot { .. })));
    let disk = full.crash(1);
    disk.rename("0000000002.log", "0000000003.log").unwrap();
    assert!(matches!(try_open(&disk), Err(Fault::Rot { .. })));
    let other = Archive::open(Arc::new(full.crash(1)), &Options { shard: 4, ..options() });
    assert!(matches!(other, Err(Fault::Rot { .. })), "of another shard");
}

#[test]
fn readers_see_a_gapless_run_while_the_owner_appends_and_trims() {
    let folder = tempfile::tempdir().unwrap();
    let own = Options { durability: Durability::Os, ..options() };
    let mut archive = Archive::open(Arc::new(RealDisk::new(folder.path())), &own).unwrap();
    archive.append(&records(1..=1, 300)).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let (reader, done) = (archive.reader(), &done);
            scope.spawn(move || {
                let mut sequence = 0;
                loop {
                    let last_round = done.load(Ordering::Acquire);
                    let more = reader.after(sequence, 5_000).unwrap();
                    for (index, record) in more.iter().enumerate() {
                        let expected = if index == 0 { record.sequence } else { sequence + 1 };
                        assert!(expected > sequence, "{expected} after {sequence}");
                        assert_eq!(*record, super::tests::record(expected, 300));
                        sequence = expected;
                    }
                    reader.seek(10 * sequence).unwrap();
                    if last_round && more.is_empty() {
                        return assert_eq!(sequence, 3_000);
                    }
                }
            });
        }
        for group in records(2..=3_000, 300).chunks(13) {
            archive.append(group).unwrap();
            archive.trim_before((10 * group[0].sequence).saturating_sub(2_000)).unwrap();
        }
        done.store(true, Ordering::Release);
    });
    archive.trim_before(29_000).unwrap();
    assert!(archive.bytes() < 2 * SEGMENT_BYTES, "what a reader held is freed later");
}
