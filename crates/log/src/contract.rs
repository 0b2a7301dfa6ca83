//! The suite that every log passes: the promises of the crate's first page, as checks that panic.
//!
//! A new kind of log gives [`run`] a way to make fresh logs, and [`run_persistent`] a way to open the same
//! one again; both must be made with [`SEGMENT_BYTES`] and [`ENTRY_BYTES_MAX`].

use std::sync::Arc;

use bytes::Bytes;

use crate::{Entry, Fault, Log, Reader};

/// Segments of the logs under test, in bytes.
pub const SEGMENT_BYTES: u64 = 32 << 10;
/// The largest payload of the logs under test, in bytes.
pub const ENTRY_BYTES_MAX: u32 = 8 << 10;

/// Opens a log: the same number gives the same storage, a new number fresh storage. The caller drops a log
/// before it opens the same one again.
pub type Open<'a> = &'a mut dyn FnMut(u32) -> Box<dyn Log>;

/// Checks what every log promises while it is open.
pub fn run(open: Open<'_>) {
    an_empty_log_is_empty(open(1).as_ref());
    what_is_appended_is_read(open(2).as_mut());
    a_refused_append_changes_nothing(open(3).as_mut());
    a_group_may_span_segments(open(4).as_mut());
    trimming_frees_whole_segments_only(open(5).as_mut());
    a_pin_keeps_its_segment(open(6).as_mut());
    a_scan_is_bounded(open(7).as_mut());
    readers_see_whole_groups_while_the_owner_appends(open(8).as_mut());
    recycled_space_holds_new_entries(open(9).as_mut());
}

/// Checks what logs promise that outlive their process.
pub fn run_persistent(open: Open<'_>) {
    opening_again_gives_the_same_log(open);
    opening_again_and_again_goes_on(open);
}

/// An entry whose payload of `bytes` bytes follows from its number.
#[must_use]
pub fn entry(epoch: u64, number: u64, bytes: usize) -> Entry {
    let payload: Bytes =
        (0..bytes as u64).map(|at| (number.wrapping_mul(31) + at * 7 + epoch) as u8).collect();
    Entry { epoch, number, time_ms: 1_000 * number, payload }
}

/// Everything in the log from `from` on.
///
/// # Panics
/// If it cannot be read.
#[must_use]
pub fn everything(reader: &dyn Reader, from: u64) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let next = entries.last().map_or(from, |entry| entry.number + 1);
        let more = reader.scan(next, 10_000).expect("a readable log");
        if more.is_empty() {
            return entries;
        }
        assert_eq!(more[0].number, next, "a scan begins where it was asked to");
        entries.extend(more);
    }
}

fn group(epoch: u64, numbers: std::ops::RangeInclusive<u64>, bytes: usize) -> Vec<Entry> {
    numbers.map(|number| entry(epoch, number, bytes)).collect()
}

fn append(log: &mut dyn Log, entries: &[Entry]) {
    log.append(entries).expect("an append that is in order");
}

fn an_empty_log_is_empty(log: &dyn Log) {
    let reader = log.reader();
    assert_eq!((log.tail(), log.first(), log.epoch(), log.time_ms()), (0, 1, 0, 0));
    assert_eq!((reader.tail(), reader.first(), reader.bytes(), reader.oldest_sealed_end()), (0, 1, 0, None));
    assert_eq!(reader.scan(1, 1_000).expect("an empty answer"), []);
    assert!(reader.pin(1).is_none());
    assert!(log.space().room(1_000) && !log.space().full());
}

fn what_is_appended_is_read(log: &mut dyn Log) {
    let sizes = [0, 1, 7, 8, 9, 511, 512, 513, 4096, ENTRY_BYTES_MAX as usize];
    let entries: Vec<Entry> = (1..).zip(sizes).map(|(number, bytes)| entry(3, number, bytes)).collect();
    append(log, &[]);
    append(log, &entries[..1]);
    append(log, &entries[1..6]);
    append(log, &entries[6..]);
    assert_eq!((log.tail(), log.first(), log.epoch(), log.time_ms()), (10, 1, 3, 10_000));
    assert_eq!(everything(log.reader().as_ref(), 1), entries);
    assert_eq!(everything(log.reader().as_ref(), 7), entries[6..]);
    assert_eq!(log.reader().scan(11, 100).expect("an empty answer"), []);
    assert_eq!((log.stats().appends(), log.stats().entries()), (3, 10));
}

fn a_refused_append_changes_nothing(log: &mut dyn Log) {
    append(log, &group(5, 1..=2, 10));
    let before = log.reader().bytes();
    let refused = |result: Result<(), Fault>| result.expect_err("a refusal");
    assert!(matches!(refused(log.append(&group(5, 2..=3, 10))), Fault::NotAtTail { next: 3, got: 2 }));
    assert!(matches!(refused(log.append(&group(5, 4..=4, 10))), Fault::NotAtTail { next: 3, got: 4 }));
    let gap = [entry(5, 3, 10), entry(5, 5, 10)];
    assert!(matches!(refused(log.append(&gap)), Fault::NotAtTail { next: 4, got: 5 }));
    assert!(matches!(refused(log.append(&group(4, 3..=3, 10))), Fault::Fenced { epoch: 5, got: 4 }));
    let falling = [entry(6, 3, 10), entry(5, 4, 10)];
    assert!(matches!(refused(log.append(&falling)), Fault::Fenced { epoch: 6, got: 5 }));
    let large = [entry(5, 3, 1), entry(5, 4, ENTRY_BYTES_MAX as usize + 1)];
    assert!(matches!(refused(log.append(&large)), Fault::TooLarge { .. }));
    assert_eq!((log.tail(), log.epoch(), log.reader().bytes()), (2, 5, before));
    append(log, &group(6, 3..=3, 10));
    let expected = [entry(5, 1, 10), entry(5, 2, 10), entry(6, 3, 10)];
    assert_eq!(everything(log.reader().as_ref(), 1), expected);
}

fn a_group_may_span_segments(log: &mut dyn Log) {
    let entries = group(1, 1..=40, 5_000);
    append(log, &entries);
    assert_eq!(log.tail(), 40);
    assert_eq!(everything(log.reader().as_ref(), 1), entries);
    let sealed = log.reader().oldest_sealed_end().expect("200 kB do not fit in one segment");
    assert!((1..40).contains(&sealed));
    assert!(log.reader().bytes() >= 40 * 5_000);
}

fn trimming_frees_whole_segments_only(log: &mut dyn Log) {
    for number in 1..=40 {
        append(log, &group(1, number..=number, 5_000));
    }
    let reader = log.reader();
    let (bytes, sealed) = (reader.bytes(), reader.oldest_sealed_end().expect("many segments"));
    assert_eq!(log.trim(sealed).expect("a trim"), 1, "the oldest segment still holds `sealed`");
    assert_eq!(log.trim(sealed + 1).expect("a trim"), sealed + 1);
    assert_eq!((log.first(), reader.first()), (sealed + 1, sealed + 1));
    assert!(reader.bytes() < bytes && reader.oldest_sealed_end() > Some(sealed));
    assert!(matches!(reader.scan(1, 100), Err(Fault::Trimmed { number: 1, first }) if first == sealed + 1));
    assert!(matches!(reader.scan(0, 100), Err(Fault::Trimmed { .. })));
    assert!(reader.pin(sealed).is_none());
    let first = log.trim(1_000).expect("a trim beyond the tail");
    assert!(first <= 40, "the active segment stays");
    assert_eq!((reader.oldest_sealed_end(), log.first()), (None, first));
    assert_eq!(log.trim(1).expect("a trim of what is gone"), first);
    append(log, &group(1, 41..=41, 100));
    let numbers: Vec<u64> = everything(reader.as_ref(), first).iter().map(|entry| entry.number).collect();
    assert_eq!(numbers, (first..=41).collect::<Vec<u64>>());
}

fn a_pin_keeps_its_segment(log: &mut dyn Log) {
    append(log, &group(1, 1..=40, 5_000));
    let reader = log.reader();
    let sealed = reader.oldest_sealed_end().expect("many segments");
    let pin = reader.pin(2).expect("entry 2 is there");
    assert_eq!(log.trim(41).expect("a trim"), 1, "nothing behind a pinned segment is freed either");
    let payload = entry(1, 2, 5_000).payload;
    assert_eq!(pin.read_at(2, 0, 5_000).expect("the payload"), payload);
    assert_eq!(pin.read_at(2, 4_990, 10).expect("its end"), payload[4_990..]);
    assert_eq!(pin.read_at(2, 5_000, 0).expect("nothing at its end"), payload[..0]);
    assert_eq!(pin.read_at(1, 17, 30).expect("a neighbour"), entry(1, 1, 5_000).payload[17..47]);
    for (number, offset, len) in
        [(2, 4_990, 11), (2, 5_001, 0), (2, u32::MAX, u32::MAX), (40, 0, 1), (0, 0, 1)]
    {
        let beyond = pin.read_at(number, offset, len);
        assert!(matches!(beyond, Err(Fault::OutOfRange { .. })), "{number} {offset} {len}");
    }
    drop(pin);
    assert!(log.trim(41).expect("a trim") > sealed);
    let last = reader.pin(40).expect("the active segment can be pinned");
    assert_eq!(last.read_at(40, 0, 1).expect("a byte"), entry(1, 40, 5_000).payload[..1]);
    assert!(reader.pin(41).is_none(), "there is no such entry yet");
}

fn a_scan_is_bounded(log: &mut dyn Log) {
    append(log, &group(1, 1..=5, 1_000));
    let reader = log.reader();
    let count = |from, bytes_max| reader.scan(from, bytes_max).expect("entries").len();
    assert_eq!(count(1, 0), 1, "at least one");
    assert_eq!(count(1, 1_999), 1);
    assert_eq!(count(1, 2_000), 2);
    assert_eq!(count(1, usize::MAX), 5);
    assert_eq!(count(5, 3_000), 1);
}

fn readers_see_whole_groups_while_the_owner_appends(log: &mut dyn Log) {
    const GROUPS: u64 = 60;
    let reader = log.reader();
    let watcher = std::thread::spawn(move || {
        let mut seen = 0;
        while seen < GROUPS * 3 {
            let tail = reader.tail();
            assert_eq!(tail % 3, 0, "a group is shown as a whole");
            for found in everything_until(&reader, seen + 1, tail) {
                seen += 1;
                assert_eq!(found, entry(1, seen, 700));
            }
            std::thread::yield_now();
        }
    });
    for index in 0..GROUPS {
        append(log, &group(1, index * 3 + 1..=index * 3 + 3, 700));
    }
    watcher.join().expect("the watcher found what was appended");
}

fn everything_until(reader: &Arc<dyn Reader>, from: u64, tail: u64) -> Vec<Entry> {
    let mut entries = reader.scan(from, 100_000).expect("a readable log");
    entries.retain(|entry| entry.number <= tail);
    entries
}

fn recycled_space_holds_new_entries(log: &mut dyn Log) {
    let mut next = 1;
    for round in 0..40_u64 {
        let bytes = 300 + 97 * (round as usize % 13);
        let entries = group(1 + round, next..=next + 9, bytes);
        append(log, &entries);
        next += 10;
        log.trim(next - 5).expect("a trim");
        let kept = everything(log.reader().as_ref(), next - 5);
        assert_eq!(kept, entries[5..]);
    }
    assert!(log.first() > 1);
}

fn opening_again_gives_the_same_log(open: Open<'_>) {
    let mut log = open(20);
    append(log.as_mut(), &group(1, 1..=40, 3_000));
    append(log.as_mut(), &group(2, 41..=41, 0));
    let first = log.trim(20).expect("a trim");
    assert!(first > 1);
    let (bytes, kept) = (log.reader().bytes(), everything(log.reader().as_ref(), first));
    drop(log);
    let mut log = open(20);
    assert_eq!((log.tail(), log.first(), log.epoch(), log.time_ms()), (41, first, 2, 41_000));
    assert_eq!(log.reader().bytes(), bytes);
    assert_eq!(everything(log.reader().as_ref(), first), kept);
    assert!(matches!(log.append(&group(1, 42..=42, 1)), Err(Fault::Fenced { .. })));
    append(log.as_mut(), &group(3, 42..=42, 1));
}

fn opening_again_and_again_goes_on(open: Open<'_>) {
    let mut expected = Vec::new();
    for round in 0..20_u64 {
        let mut log = open(21);
        assert_eq!(log.tail(), round * 4);
        let entries = group(round, round * 4 + 1..=round * 4 + 4, 1_500);
        append(log.as_mut(), &entries);
        expected.extend(entries);
        assert_eq!(everything(log.reader().as_ref(), 1), expected);
    }
    let mut log = open(21);
    let first = log.trim(u64::MAX).expect("a trim");
    drop(log);
    let log = open(21);
    assert_eq!((log.first(), log.tail()), (first, 80));
}
