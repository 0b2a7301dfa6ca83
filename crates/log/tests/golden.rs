//! The bytes of segment headers, frames and archives are pinned: what is written here must equal the golden
//! file, and the golden file must be readable. Golden files are made by the version that introduced them and
//! never again.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use postrider_log::faulty::FaultyDisk;
use postrider_log::file::disk::Disk;
use postrider_log::file::segment::FRAMES_START;
use postrider_log::{Archive, Entry, FileLog, Log, Options, Record, Spares, archive};

fn golden(file: &'static str) -> HashMap<&'static str, Vec<u8>> {
    let lines = file.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once(' '));
    pairs.map(|(name, hex)| (name, unhex(hex))).collect()
}

const FRAMES: &str = include_str!("golden/frames-v1.hex");
const ARCHIVE: &str = include_str!("golden/archive-v1.hex");

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn options() -> Options {
    Options {
        spares: Spares::Inline,
        segment_bytes: 16 << 10,
        first_segment_bytes: 16 << 10,
        entry_bytes_max: 4 << 10,
        ..Options::new(3, 0x0123_4567_89ab_cdef)
    }
}

fn entries() -> Vec<Entry> {
    let time_ms = 1_767_225_600_000;
    vec![
        Entry { epoch: 1, number: 1, time_ms, payload: Bytes::from_static(b"opened") },
        Entry { epoch: 1, number: 2, time_ms: time_ms + 5, payload: Bytes::new() },
        Entry { epoch: 2, number: 3, time_ms: time_ms + 9, payload: Bytes::from_static(b"0123456789abcdef") },
    ]
}

fn parts(file: &[u8]) -> [(&'static str, Vec<u8>); 4] {
    let start = FRAMES_START as usize;
    let frames = &file[start..];
    [
        ("segment-header", file[..72].to_vec()),
        ("frame-1", frames[..64].to_vec()),
        ("frame-2", frames[64..120].to_vec()),
        ("frame-3", frames[120..192].to_vec()),
    ]
}

#[test]
fn what_is_written_equals_the_golden_file() {
    let disk = FaultyDisk::new();
    let mut log = FileLog::open(Arc::new(disk.clone()), &options()).unwrap();
    log.append(&entries()[..1]).unwrap();
    log.append(&entries()[1..]).unwrap();
    let (file, golden) = (disk.content("0000000001.log").unwrap(), golden(FRAMES));
    let lines: Vec<String> =
        parts(&file).iter().map(|(name, bytes)| format!("{name} {}", hex(bytes))).collect();
    for (name, bytes) in parts(&file) {
        assert_eq!(golden.get(name), Some(&bytes), "this version writes:\n{}\n", lines.join("\n"));
    }
    assert!(file[72..4096].iter().chain(&file[4096 + 192..]).all(|byte| *byte == 0));
}

#[test]
fn the_golden_file_is_readable() {
    let golden = golden(FRAMES);
    let disk = FaultyDisk::new();
    let file = disk.create("0000000001.log").unwrap();
    file.write_at(&[0; 16 << 10], 0).unwrap();
    file.write_at(&golden["segment-header"], 0).unwrap();
    let frames = [&golden["frame-1"][..], &golden["frame-2"], &golden["frame-3"]].concat();
    file.write_at(&frames, FRAMES_START).unwrap();
    let log = FileLog::open(Arc::new(disk), &options()).unwrap();
    assert_eq!(log.reader().scan(1, 1_000).unwrap(), entries());
}

fn archive_options() -> archive::Options {
    archive::Options::new(3, 0x0123_4567_89ab_cdef)
}

fn records() -> Vec<Record> {
    let time_ms = 1_767_225_600_000;
    vec![
        Record { sequence: 10, time_ms, bytes: Bytes::from_static(b"first") },
        Record { sequence: 12, time_ms: time_ms + 5, bytes: Bytes::new() },
        Record { sequence: 13, time_ms: time_ms + 9, bytes: Bytes::from_static(b"0123456789abcdef") },
    ]
}

fn archive_parts(file: &[u8]) -> [(&'static str, Vec<u8>); 3] {
    let start = FRAMES_START as usize;
    let frames = &file[start..];
    [
        ("segment-header", file[..72].to_vec()),
        ("pack-1", frames[..104].to_vec()),
        ("pack-2", frames[104..].to_vec()),
    ]
}

#[test]
fn what_is_archived_equals_the_golden_file() {
    let disk = FaultyDisk::new();
    let mut archive = Archive::open(Arc::new(disk.clone()), &archive_options()).unwrap();
    archive.append(&records()[..2]).unwrap();
    archive.append(&records()[2..]).unwrap();
    let (file, golden) = (disk.content("0000000001.log").unwrap(), golden(ARCHIVE));
    let parts = archive_parts(&file);
    let lines: Vec<String> = parts.iter().map(|(name, bytes)| format!("{name} {}", hex(bytes))).collect();
    for (name, bytes) in &parts {
        assert_eq!(golden.get(name), Some(bytes), "this version writes:\n{}\n", lines.join("\n"));
    }
    assert!(file[72..4096].iter().all(|byte| *byte == 0));
}

#[test]
fn the_golden_archive_is_readable() {
    let golden = golden(ARCHIVE);
    let disk = FaultyDisk::new();
    let file = disk.create("0000000001.log").unwrap();
    file.write_at(&golden["segment-header"], 0).unwrap();
    file.write_at(&[&golden["pack-1"][..], &golden["pack-2"]].concat(), FRAMES_START).unwrap();
    let archive = Archive::open(Arc::new(disk), &archive_options()).unwrap();
    assert_eq!(archive.reader().after(0, 1_000).unwrap(), records());
    assert_eq!(archive.last_sequence(), Some(13));
}
