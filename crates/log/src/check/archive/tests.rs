//! What verifying says of archives that are whole, torn, rotten and incomplete.

use std::sync::Arc;

use super::*;
use crate::archive::Options;
use crate::contract::SEGMENT_BYTES;
use crate::faulty::FaultyDisk;
use crate::file::segment::FRAMES_START;
use crate::frame;
use crate::{Archive, Record};

const PLACE: ArchivePlace = ArchivePlace { shard: 3, topic: 42 };

fn open(disk: &FaultyDisk) -> Result<Archive, Fault> {
    let options = Options {
        segment_bytes: SEGMENT_BYTES,
        record_bytes_max: 8 << 10,
        pack_bytes: 4 << 10,
        ..Options::new(3, 42)
    };
    Archive::open(Arc::new(disk.clone()), &options)
}

fn record(sequence: u64) -> Record {
    Record { sequence, time_ms: 10 * sequence, bytes: vec![sequence as u8; 700].into() }
}

/// 200 records of 700 bytes, in six segments.
fn archive() -> FaultyDisk {
    let disk = FaultyDisk::new();
    open(&disk).unwrap().append(&(1..=200).map(record).collect::<Vec<_>>()).unwrap();
    assert_eq!(disk.list().unwrap().len(), 6);
    disk
}

fn verify(disk: &FaultyDisk) -> ArchiveReport {
    verify_archive(disk, PLACE, &mut |_| {}).unwrap()
}

/// The file, the offset and the number of places of damage.
fn damage(report: &ArchiveReport) -> (&str, u64, u64) {
    match &report.verdict {
        ArchiveVerdict::Damaged { file, offset, places, .. } => (file, *offset, *places),
        ArchiveVerdict::Empty | ArchiveVerdict::Sound | ArchiveVerdict::TornTail { .. } => panic!("{report}"),
    }
}

#[test]
fn a_sound_archive_is_shown_record_by_record_and_nothing_is_changed() {
    let disk = archive();
    let changes = disk.counts().changes();
    let (mut records, mut files) = (Vec::new(), Vec::new());
    let report = verify_archive(&disk, PLACE, &mut |seen| match seen {
        Seen::Record(report) => {
            assert_eq!(report.bytes, record(report.at.sequence).bytes);
            records.push(report.at);
        }
        Seen::Segment(segment) => files.push((segment.file.clone(), records.len())),
    });
    let report = report.unwrap();
    assert_eq!(records, (1..=200).map(|it| At { sequence: it, time_ms: 10 * it }).collect::<Vec<_>>());
    assert_eq!((report.records, report.segments, &report.verdict), (200, 6, &ArchiveVerdict::Sound));
    assert_eq!((report.first, report.last), (Some(records[0]), Some(records[199])));
    assert_eq!((files.len(), &*files[5].0, files[5].1), (6, "0000000006.log", 200));
    assert_eq!(disk.counts().changes(), changes);
    let text = report.to_string();
    assert!(text.contains("200 records") && text.contains("sequence=1..200 time_ms=10..2000"), "{text}");
    assert!(text.ends_with("  sound\n"), "{text}");
}

#[test]
fn an_archive_may_be_empty_or_emptied() {
    let disk = FaultyDisk::new();
    assert_eq!(verify(&disk).verdict, ArchiveVerdict::Empty);
    drop(open(&disk).unwrap());
    let report = verify(&disk);
    assert_eq!((report.records, report.first, report.verdict), (0, None, ArchiveVerdict::Sound));
    let disk = archive();
    open(&disk).unwrap().trim_before(5_000).unwrap();
    let report = verify(&disk);
    assert_eq!((report.records, report.segments, report.verdict), (0, 1, ArchiveVerdict::Sound));
    open(&disk).unwrap().append(&[record(201), record(202)]).unwrap();
    let report = verify(&disk);
    assert_eq!((report.records, report.verdict), (2, ArchiveVerdict::Sound));
}

#[test]
fn a_flipped_byte_in_an_older_segment_is_told_and_what_is_behind_it_is_read() {
    let disk = archive();
    disk.rot("0000000003.log", FRAMES_START + 5_000, 1);
    assert!(open(&disk).is_ok(), "opening does not find it");
    let report = verify(&disk);
    let (file, offset, places) = damage(&report);
    assert_eq!((file, places), ("0000000003.log", 1));
    assert!(offset > FRAMES_START && offset <= FRAMES_START + 5_000, "{offset}");
    assert!(report.records > 150 && report.records < 200 && !report.is_whole());
    assert_eq!(report.last.map(|at| at.sequence), Some(200));
    let text = report.to_string();
    assert!(text.contains("damaged: 0000000003.log at byte"), "{text}");
    assert!(text.contains("restore archive/000000000000002a-0003 from a copy"), "{text}");
    disk.rot("0000000005.log", FRAMES_START + 9, 1);
    assert_eq!(damage(&verify(&disk)), (file, offset, 2));
}

#[test]
fn what_is_told_to_be_done_helps() {
    let disk = archive();
    disk.rot("0000000003.log", FRAMES_START + 5_000, 1);
    for ordinal in 1..=3 {
        disk.remove(&segment::name(ordinal)).unwrap();
    }
    let report = verify(&disk);
    assert_eq!((report.segments, &report.verdict), (3, &ArchiveVerdict::Sound));
    let archive = open(&disk).unwrap();
    let first = archive.reader().after(0, 0).unwrap();
    assert_eq!(report.first.map(|at| at.sequence), Some(first[0].sequence));
    drop(archive);
    for ordinal in 4..=6 {
        disk.remove(&segment::name(ordinal)).unwrap();
    }
    open(&disk).unwrap().append(&[record(201)]).unwrap();
    assert_eq!(verify(&disk).first, Some(At { sequence: 201, time_ms: 2_010 }));
}

#[test]
fn a_torn_tail_is_told_as_what_it_is_and_rot_before_it_as_rot() {
    let disk = FaultyDisk::new();
    let mut archive = open(&disk).unwrap();
    archive.append(&[record(1)]).unwrap();
    archive.append(&[record(2)]).unwrap();
    drop(archive);
    let frame = frame::framed(721);
    disk.rot("0000000001.log", FRAMES_START + frame + 70, 1);
    let report = verify(&disk);
    assert!(matches!(report.verdict, ArchiveVerdict::TornTail { entries: 0, .. }), "{report}");
    assert!(report.is_whole() && report.records == 1 && report.to_string().contains("torn tail"), "{report}");
    assert_eq!(open(&disk).unwrap().last_sequence(), Some(1));
    assert_eq!(verify(&disk).verdict, ArchiveVerdict::Sound, "opening cuts it");
    open(&disk).unwrap().append(&[record(2)]).unwrap();
    disk.rot("0000000001.log", FRAMES_START + 70, 1);
    assert_eq!(damage(&verify(&disk)), ("0000000001.log", FRAMES_START, 1));
}

#[test]
fn headers_are_the_index_and_missing_or_damaged_ones_are_told() {
    for (name, offset) in [("0000000001.log", 9), ("0000000002.log", 30), ("0000000006.log", 9)] {
        let disk = archive();
        disk.rot(name, offset, 1);
        assert_eq!(damage(&verify(&disk)), (name, 0, 1));
        disk.remove(name).unwrap();
        let report = verify(&disk);
        match name {
            "0000000002.log" => assert_eq!(damage(&report), ("0000000003.log", 0, 1)),
            // Removed from the front it looks trimmed, and from the end it looks shorter.
            _ => assert_eq!(report.verdict, ArchiveVerdict::Sound),
        }
    }
    let disk = archive();
    disk.rot("0000000003.log", 9, 1);
    disk.rot("0000000004.log", 9, 1);
    assert_eq!(damage(&verify(&disk)), ("0000000003.log", 0, 2));
    let other = ArchivePlace { shard: 4, topic: 42 };
    assert!(!verify_archive(&archive(), other, &mut |_| {}).unwrap().is_whole(), "of another shard");
}

#[test]
fn an_archive_that_names_its_records_wrongly_is_told() {
    let disk = FaultyDisk::new();
    let header = |epoch, time_ms| Header {
        crc: 0,
        length: 0,
        version: frame::VERSION,
        epoch,
        number: 1,
        time_ms,
        chain: 0,
        synced: 0,
    };
    let mut pack = pack::Pack::after(4, 40);
    [record(5), record(6)].iter().for_each(|record| pack.add(record));
    let payload = pack.into_bytes();
    let flaw = |last, header, payload: &[u8]| {
        let mut walk = Walk::new(PLACE);
        walk.report.last = last;
        match read(&mut walk.report, ("x", &header, 0), payload, &mut |_| {}) {
            Ok(()) => None,
            Err(Flaw::Content(why)) => Some(why),
            Err(Flaw::Newer(_)) => Some("newer"),
        }
    };
    assert_eq!(flaw(None, header(6, 60), &payload), None);
    assert_eq!(flaw(None, header(7, 60), &payload), Some("the frame does not name its last record"));
    assert_eq!(flaw(None, header(6, 61), &payload), Some("the frame does not name its last record"));
    let before = Some(At { sequence: 5, time_ms: 0 });
    assert_eq!(flaw(before, header(6, 60), &payload), Some("the records are not in order"));
    assert_eq!(flaw(None, header(6, 60), &payload[..99]), Some("the entry does not hold records"));
    assert_eq!(flaw(None, header(6, 60), &[9]), Some("newer"));
    assert_eq!(verify(&disk).verdict, ArchiveVerdict::Empty);
}

#[test]
fn an_archive_of_many_segments_is_read_two_at_a_time() {
    let disk = FaultyDisk::new();
    let mut archive = open(&disk).unwrap();
    for group in (1..=2_000).map(record).collect::<Vec<_>>().chunks(50) {
        archive.append(group).unwrap();
    }
    drop(archive);
    let mut walk = Walk::new(PLACE);
    let mut most = 0;
    for ordinal in folder::names(&disk).unwrap().0 {
        walk.segment(&disk, ordinal, &mut |_| {}).unwrap();
        most = most.max(walk.pair.len());
    }
    let report = walk.end().unwrap();
    assert!(report.segments > 40 && most == 1, "one is kept for the next to be judged by");
    assert_eq!((report.records, report.verdict), (2_000, ArchiveVerdict::Sound));
}
