//! What verify, inspect and repair say of logs that are whole, torn and rotten.

use std::sync::Arc;

use super::*;
use crate::contract::{ENTRY_BYTES_MAX, SEGMENT_BYTES, entry, everything};
use crate::faulty::FaultyDisk;
use crate::{FileLog, Log, Options, Spares};

fn open(disk: &FaultyDisk) -> Result<FileLog, Fault> {
    let options = Options {
        spares: Spares::Inline,
        segment_bytes: SEGMENT_BYTES,
        first_segment_bytes: SEGMENT_BYTES,
        entry_bytes_max: ENTRY_BYTES_MAX,
        ..Options::new(2, 42)
    };
    FileLog::open(Arc::new(disk.clone()), &options)
}

/// 20 entries of 4,056 bytes as frames: 1–7, 8–14, 15–20.
fn log() -> FaultyDisk {
    let disk = FaultyDisk::new();
    let mut log = open(&disk).unwrap();
    for number in 1..=20 {
        log.append(&[entry(1, number, 4_000)]).unwrap();
    }
    disk
}

#[test]
fn a_sound_log_is_reported_segment_by_segment() {
    let report = verify(&log(), 2).unwrap();
    assert_eq!((report.verdict.clone(), report.spares, report.starts()), (Verdict::Sound, 3, true));
    let entries: Vec<(u64, u64)> = report.segments.iter().map(|one| (one.first, one.entries)).collect();
    assert_eq!(entries, [(1, 7), (8, 7), (15, 6)]);
    let text = report.to_string();
    assert!(text.contains("  0000000002.log: 7 entries from 8, 28392 of 32768 bytes\n"), "{text}");
    assert_eq!(verify(&FaultyDisk::new(), 0).unwrap().verdict, Verdict::Empty);
}

#[test]
fn inspecting_shows_the_frames_that_are_asked_for() {
    let mut seen = Vec::new();
    let report = inspect(&log(), 2, 7..=8, &mut |frame| {
        seen.push((frame.file.to_owned(), frame.offset, frame.number, frame.synced, frame.payload.to_vec()));
    });
    assert_eq!(report.unwrap().verdict, Verdict::Sound);
    let payload = |number| entry(1, number, 4_000).payload.to_vec();
    let expected = [
        ("0000000001.log".to_owned(), 4096 + 6 * 4_056, 7, 6, payload(7)),
        ("0000000002.log".to_owned(), 4096, 8, 7, payload(8)),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn verifying_changes_nothing_and_tells_torn_from_rotten() {
    let disk = log();
    disk.rot("0000000003.log", 4096 + 5 * 4_056 + 60, 1);
    let counts = disk.counts().changes();
    let report = verify(&disk, 2).unwrap();
    assert_eq!(disk.counts().changes(), counts);
    assert_eq!(report.verdict, Verdict::TornTail { entries: 0, bytes: 56 });
    disk.rot("0000000002.log", 4096 + 60, 1);
    let report = verify(&disk, 2).unwrap();
    assert!(matches!(report.verdict, Verdict::Damaged { entries: 11, .. }), "{report}");
    assert!(
        !report.starts() && report.to_string().contains("then 6 stray entries in 28392 bytes"),
        "{report}"
    );
}

#[test]
fn a_repair_ends_the_log_at_the_damage_and_keeps_what_it_drops() {
    let disk = log();
    disk.rot("0000000002.log", 4096 + 2 * 4_056 + 60, 1);
    let before: Vec<Vec<u8>> =
        ["0000000002.log", "0000000003.log"].iter().map(|name| disk.content(name).unwrap()).collect();
    assert!(open(&disk).is_err());
    let repaired = truncate(&disk, 2).unwrap().unwrap();
    assert_eq!((repaired.tail, repaired.entries), (9, 4 + 6));
    assert_eq!(repaired.saved, ["0000000002.log.cut-at-12208.1", "0000000003.log.cut-at-0.1"]);
    assert_eq!(disk.content(&repaired.saved[0]).unwrap(), before[0][12_208..]);
    assert_eq!(disk.content(&repaired.saved[1]).unwrap(), before[1]);
    assert_eq!(truncate(&disk, 2).unwrap(), None);
    let mut log = open(&disk).unwrap();
    log.append(&[entry(2, 10, 4_000)]).unwrap();
    drop(log);
    let log = open(&disk).unwrap();
    assert_eq!(everything(log.reader().as_ref(), 1).len(), 10);
}

#[test]
fn a_repair_goes_on_until_the_log_can_be_started() {
    let disk = log();
    disk.rot("0000000003.log", 20, 1);
    disk.rot("0000000001.log", 4096 + 60, 1);
    let repaired = truncate(&disk, 2).unwrap().unwrap();
    assert_eq!((repaired.tail, repaired.saved.len()), (0, 3));
    assert_eq!(open(&disk).unwrap().tail(), 0);
}

#[test]
fn a_repair_that_would_leave_nothing_is_refused() {
    let disk = log();
    disk.rot("0000000001.log", 20, 1);
    let fault = truncate(&disk, 2).unwrap_err();
    assert!(matches!(fault, Fault::Irreparable { .. }), "{fault}");
    assert!(disk.list().unwrap().iter().all(|name| !name.contains("cut-at")));
}

#[test]
fn a_repair_may_be_cut_short_by_power_loss_and_done_again() {
    for step in 1..40 {
        let disk = log();
        disk.rot("0000000002.log", 4096 + 2 * 4_056 + 60, 1);
        disk.power_off_after(step);
        let done = truncate(&disk, 2).is_ok();
        let disk = disk.crash(step);
        truncate(&disk, 2).unwrap();
        assert_eq!(open(&disk).unwrap().tail(), 9, "step {step}");
        if done {
            return;
        }
    }
    panic!("a repair takes fewer steps");
}
