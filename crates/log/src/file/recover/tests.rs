//! The table of cases of recovery, row by row.

use std::sync::Arc;

use super::*;
use crate::contract::{ENTRY_BYTES_MAX, SEGMENT_BYTES, entry};
use crate::faulty::FaultyDisk;
use crate::file::disk::Disk;
use crate::file::segment::{FRAMES_START, SEGMENT_HEADER_BYTES};
use crate::file::{self, Durability, FileLog, Options, Spares};
use crate::frame;
use crate::{Entry, Log};

/// Bytes of a frame in these logs, so that the layout below can be computed.
const FRAME: u64 = 3_056;
const ACTIVE: &str = "0000000004.log";

fn options(durability: Durability) -> Options {
    Options {
        durability,
        spares: Spares::Inline,
        segment_bytes: SEGMENT_BYTES,
        first_segment_bytes: SEGMENT_BYTES / 2,
        entry_bytes_max: ENTRY_BYTES_MAX,
        spare_count: 1,
        ..Options::new(3, 42)
    }
}

fn group(numbers: std::ops::RangeInclusive<u64>) -> Vec<Entry> {
    numbers.map(|number| entry(1, number, 3_000)).collect()
}

/// A log of 30 entries, one group each: 1–4 in the first segment, 5–13, 14–22, 23–30 in the next ones.
fn log(durability: Durability) -> (FaultyDisk, FileLog) {
    let disk = FaultyDisk::new();
    let mut log = FileLog::open(Arc::new(disk.clone()), &options(durability)).unwrap();
    for number in 1..=30 {
        log.append(&group(number..=number)).unwrap();
    }
    (disk, log)
}

fn frame_at(index: u64) -> u64 {
    FRAMES_START + index * FRAME
}

fn found(disk: &FaultyDisk) -> Case {
    let folder = file::read(disk, &mut |_, _, _, _| {}).unwrap();
    judge(3, &folder.segments, folder.spares.len())
}

/// The case after a fresh log under `durability` was damaged by `hurt`.
fn after(durability: Durability, hurt: impl FnOnce(&FaultyDisk)) -> Case {
    let (disk, _) = log(durability);
    hurt(&disk);
    found(&disk)
}

fn torn(keep: usize, number: u64) -> impl Fn(&Case) -> bool {
    move |case| matches!(case, Case::Torn(damage) if damage.keep == Some(keep) && damage.number == number)
}

fn rot(keep: usize, number: u64, why: &'static str) -> impl Fn(&Case) -> bool {
    move |case| {
        let keep = Some(keep);
        matches!(case, Case::Rot(damage) if damage.keep == keep && damage.number == number && damage.why == why)
    }
}

#[track_caller]
fn expect(case: &Case, wanted: impl Fn(&Case) -> bool) {
    assert!(wanted(case), "{case:?}");
}

#[test]
fn fresh_is_no_segment_and_no_spare() {
    assert_eq!(found(&FaultyDisk::new()), Case::Fresh);
}

#[test]
fn clean_is_what_a_stop_leaves() {
    assert_eq!(after(Durability::Fsync, |_| {}), Case::Clean);
    assert_eq!(after(Durability::Os, |_| {}), Case::Clean);
}

#[test]
fn clean_is_also_a_recycled_segment_full_of_stale_frames() {
    let (disk, mut log) = log(Durability::Fsync);
    log.trim(30).unwrap();
    log.append(&group(31..=33)).unwrap();
    assert_eq!(
        disk.content("0000000005.log").unwrap()[4096..][..4],
        disk.content(ACTIVE).unwrap()[4096..][..4]
    );
    assert_eq!(found(&disk), Case::Clean);
}

#[test]
fn torn_is_a_damaged_last_frame() {
    let case = after(Durability::Fsync, |disk| disk.rot(ACTIVE, frame_at(7) + 100, 1));
    expect(&case, torn(3, 30));
}

#[test]
fn torn_is_a_damaged_frame_with_whole_ones_of_the_same_group_behind_it() {
    let (disk, mut log) = log(Durability::Fsync);
    let first = group(31..=31);
    log.append(&first).unwrap();
    log.append(&group(32..=34)).unwrap();
    // 23 to 31 fill the fourth segment, so the group begins the fifth.
    disk.rot("0000000005.log", frame_at(0) + 100, 1);
    expect(&found(&disk), torn(4, 32));
    let folder = file::read(&disk, &mut |_, _, _, _| {}).unwrap();
    assert_eq!(folder.loss(Some(4)), (2, 3 * FRAME));
}

#[test]
fn rot_is_a_damaged_frame_with_a_witness_behind_it() {
    let why = "the frame is not whole";
    for byte in [0, 5, 9, 13, 17, 25, 41, 49, 60, 3_055 - 8] {
        let case = after(Durability::Fsync, |disk| disk.rot(ACTIVE, frame_at(2) + byte, 0x10));
        expect(&case, rot(3, 25, why));
    }
}

#[test]
fn rot_is_a_damaged_frame_in_a_sealed_segment() {
    let why = "frames are missing before the next segment";
    let case = after(Durability::Fsync, |disk| disk.rot("0000000002.log", frame_at(1) + 100, 1));
    expect(&case, rot(1, 6, why));
    let last = after(Durability::Fsync, |disk| disk.rot("0000000002.log", frame_at(8) + 100, 1));
    expect(&last, rot(1, 13, why));
}

#[test]
fn under_os_the_same_damage_is_torn() {
    let case = after(Durability::Os, |disk| disk.rot("0000000002.log", frame_at(1) + 100, 1));
    expect(&case, torn(1, 6));
    let case = after(Durability::Os, |disk| disk.rot(ACTIVE, frame_at(2), 1));
    expect(&case, torn(3, 25));
}

#[test]
fn under_os_it_is_rot_once_a_trim_has_made_it_durable() {
    let (disk, mut log) = log(Durability::Os);
    log.trim(14).unwrap();
    log.append(&group(31..=32)).unwrap();
    disk.rot(ACTIVE, frame_at(1), 1);
    expect(
        &found(&disk),
        |case| matches!(case, Case::Rot(damage) if damage.number == 24 && damage.synced == 30),
    );
}

#[test]
fn rot_is_a_damaged_segment_header_under_every_durability() {
    for durability in [Durability::Fsync, Durability::Os] {
        let case = after(durability, |disk| disk.rot("0000000003.log", 30, 1));
        expect(&case, rot(1, 14, "the segment header has a wrong CRC"));
        let case = after(durability, |disk| disk.rot("0000000001.log", 0, 1));
        expect(&case, |case| matches!(case, Case::Rot(damage) if damage.keep.is_none()));
    }
}

#[test]
fn rot_is_a_missing_segment_in_the_middle() {
    let case = after(Durability::Os, |disk| disk.remove("0000000002.log").unwrap());
    expect(&case, rot(0, 5, "the segment file before it is missing"));
}

#[test]
fn rot_is_a_folder_with_spares_only() {
    let case = after(Durability::Fsync, |disk| {
        for ordinal in 1..=4 {
            disk.remove(&format!("000000000{ordinal}.log")).unwrap();
        }
    });
    expect(&case, |case| matches!(case, Case::Rot(damage) if damage.keep.is_none()));
}

#[test]
fn rot_is_a_segment_that_does_not_belong() {
    let (disk, _) = log(Durability::Fsync);
    let folder = file::read(&disk, &mut |_, _, _, _| {}).unwrap();
    expect(
        &judge(4, &folder.segments, 0),
        |case| matches!(case, Case::Rot(damage) if damage.why.contains("another shard")),
    );
    disk.rename(ACTIVE, "0000000009.log").unwrap();
    disk.rename("0000000003.log", ACTIVE).unwrap();
    disk.rename("0000000009.log", "0000000003.log").unwrap();
    expect(&found(&disk), rot(1, 14, "the segment header does not match the file's name"));
}

/// Rewrites the header of the third segment.
fn reheaded(change: impl FnOnce(&mut SegmentHeader)) -> Case {
    after(Durability::Fsync, |disk| {
        let mut header = SegmentHeader::parse(&disk.content("0000000003.log").unwrap()).unwrap();
        change(&mut header);
        disk.open("0000000003.log").unwrap().write_at(&header.encode(), 0).unwrap();
    })
}

#[test]
fn rot_is_a_segment_that_repeats_numbers_or_continues_another_past() {
    let why = "the segment does not continue the one before it";
    expect(&reheaded(|header| header.before.chain ^= 1), rot(1, 14, why));
    expect(&reheaded(|header| header.before.number -= 1), rot(1, 14, why));
    expect(&reheaded(|header| header.identity.salt ^= 1), rot(1, 14, "the segment belongs to another log"));
}

#[test]
fn newer_is_a_segment_or_a_frame_of_a_version_to_come() {
    let (disk, log) = log(Durability::Fsync);
    drop(log);
    let mut header = disk.content(ACTIVE).unwrap()[..SEGMENT_HEADER_BYTES].to_vec();
    header[12] = 2;
    let crc = frame::crc(&header[12..]);
    header[8..12].copy_from_slice(&crc.to_le_bytes());
    disk.open(ACTIVE).unwrap().write_at(&header, 0).unwrap();
    assert_eq!(found(&disk), Case::Newer(ACTIVE.to_owned(), 2));
    let refusal = FileLog::open(Arc::new(disk), &options(Durability::Fsync)).err().unwrap();
    assert!(matches!(refusal, Fault::Newer { version: 2, version_max: 1, .. }), "{refusal}");
}

#[test]
fn newer_is_a_frame_of_a_version_to_come() {
    let (disk, _) = log(Durability::Fsync);
    let at = usize::try_from(frame_at(7)).unwrap();
    let mut frame = disk.content(ACTIVE).unwrap()[at..at + 3_056].to_vec();
    frame[12] = 2;
    let crc = frame::crc(&frame[8..]);
    frame[4..8].copy_from_slice(&crc.to_le_bytes());
    disk.open(ACTIVE).unwrap().write_at(&frame, frame_at(7)).unwrap();
    let read = file::read(&disk, &mut |_, _, _, _| {});
    assert!(matches!(read, Err(Fault::Newer { version: 2, .. })));
}

#[test]
fn a_payload_that_looks_like_frames_is_no_witness() {
    let before = frame::Position { number: 98, epoch: 9, time_ms: 0, chain: 0 };
    for (salt, witness) in [(0, false), (42, true)] {
        let forged = frame::Identity { shard: 3, salt };
        let mut payload = Vec::new();
        let _ = frame::write(&mut payload, forged, &before, &entry(9, 99, 10), 98);
        let (disk, mut log) = log(Durability::Fsync);
        log.append(&[Entry { payload: payload.into(), ..entry(1, 31, 0) }]).unwrap();
        disk.rot(ACTIVE, frame_at(8) + 33, 1);
        match found(&disk) {
            Case::Torn(damage) => assert!(!witness && damage.number == 31),
            Case::Rot(damage) => assert!(witness && damage.synced == 98, "only who knows the salt"),
            other @ (Case::Fresh | Case::Clean | Case::Newer(..)) => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_refusal_names_the_tools() {
    let (disk, _) = log(Durability::Fsync);
    disk.rot(ACTIVE, frame_at(2), 1);
    let text = FileLog::open(Arc::new(disk), &options(Durability::Fsync)).err().unwrap().to_string();
    for part in [
        "0000000004.log is damaged at byte 10208",
        "entry 25",
        "up to 29",
        "postrider log verify",
        "inspect",
        "repair",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
