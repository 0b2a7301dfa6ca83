//! Tests of the codec: it gives back what it was given, its bytes are pinned, and no bytes break it.

mod samples;

use super::{Malformed, decode, encode};
use crate::Lsn;
use crate::body::{self, Payload, Place};
use crate::event::Event;
use bytes::Bytes;
use proptest::prelude::*;
use samples::{
    accounts, edges, further_edges, golden, grown, grown_further, more_edges, samples, second, third,
};

const AT: Lsn = Lsn(9);

fn encoded(events: &mut [Event]) -> Vec<u8> {
    let mut entry = Vec::new();
    events.iter_mut().for_each(|event| encode(AT, event, &mut entry));
    entry
}

fn decoded(entry: &[u8]) -> Result<Vec<Event>, Malformed> {
    let mut events = Vec::new();
    decode(AT, &Bytes::copy_from_slice(entry), |event| events.push(event))?;
    Ok(events)
}

fn hex(bytes: &[u8]) -> String {
    let lines =
        bytes.chunks(32).map(|line| line.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    lines.map(|line| line + "\n").collect()
}

/// An event of `tag` with these bytes as its fields.
fn raw(tag: u16, fields: &[u8]) -> Vec<u8> {
    let mut entry = tag.to_le_bytes().to_vec();
    entry.extend_from_slice(&u32::try_from(fields.len()).unwrap().to_le_bytes());
    entry.extend_from_slice(fields);
    entry
}

#[test]
fn each_event_comes_back_alone_and_in_a_row() {
    let mut all = samples();
    all.extend(edges());
    all.extend(second());
    all.extend(third());
    all.extend(grown().into_iter().chain(grown_further()).map(|(event, _)| event));
    all.extend(more_edges());
    all.extend(further_edges());
    all.extend(accounts());
    for event in &mut all {
        let entry = encoded(std::slice::from_mut(event));
        assert_eq!(decoded(&entry), Ok(vec![event.clone()]));
    }
    let entry = encoded(&mut all);
    assert_eq!(decoded(&entry), Ok(all));
    assert_eq!(decoded(&[]), Ok(Vec::new()));
}

#[test]
fn a_payload_lies_where_its_place_says() {
    let mut events = [
        Event::Opened,
        Event::Message(samples::message()),
        Event::Publication(Box::new(samples::publication())),
    ];
    let entry = encoded(&mut events);
    let mut places = Vec::new();
    for event in decoded(&entry).unwrap() {
        let Some(payload) = payload_of(&event) else { continue };
        let Place { lsn, offset, len, crc } = payload.place;
        let read = &entry[offset as usize..][..len as usize];
        assert_eq!((lsn, read, body::crc(read)), (AT, &payload.bytes[..], crc));
        places.push(String::from_utf8(read.to_vec()).unwrap());
    }
    assert_eq!(places, ["a body", "hello, all"]);
}

fn payload_of(event: &Event) -> Option<&Payload> {
    if let Event::Message(stated) = event {
        return Some(&stated.payload);
    }
    if let Event::Publication(stated) = event {
        return Some(&stated.payload);
    }
    None
}

/// The format promise: what each version wrote is what is written, and is read as what it meant.
#[test]
fn the_bytes_are_those_of_the_golden_files() {
    let plain = samples().into_iter().chain(second()).chain(third()).chain(accounts());
    let plain = plain.map(|event| (golden(&event), event));
    let grown = grown().into_iter().chain(grown_further()).map(|(event, file)| (file, event));
    for (file, mut event) in plain.chain(grown) {
        assert_eq!(hex(&encoded(std::slice::from_mut(&mut event))), file, "of {event:?}");
        let digits = file.split_whitespace().collect::<String>();
        let bytes =
            (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap());
        assert_eq!(decoded(&bytes.collect::<Vec<_>>()), Ok(vec![event]));
    }
}

#[test]
fn the_samples_have_each_kind_of_event_once() {
    let all = samples().into_iter().chain(second()).chain(third()).chain(accounts()).collect::<Vec<_>>();
    let mut files = all.iter().map(golden).collect::<Vec<_>>();
    files.sort_unstable();
    files.dedup();
    assert_eq!((files.len(), all.len()), (36, 36));
}

#[test]
fn fields_of_later_versions_are_skipped() {
    // After the fields of `Inbox`: an integer, bytes, and a nested field under tags that nobody knows.
    let mut fields = vec![1 << 2, 3, 2 << 2, 77];
    fields.extend_from_slice(&[100 << 2 & 0x7f | 0x80, 100 << 2 >> 7, 5]);
    fields.extend_from_slice(&[30 << 2 | 1, 2, 0xff, 0xff]);
    fields.extend_from_slice(&[31 << 2 | 2, 1, 0, 0, 0, 0xff]);
    assert_eq!(decoded(&raw(51, &fields)), Ok(vec![Event::Inbox { from: 3, number: 77 }]));
}

#[test]
fn an_event_of_a_later_version_stops_the_reader() {
    let mut entry = raw(1, &[]);
    entry.extend(raw(999, &[1, 2, 3]));
    let mut events = Vec::new();
    let read = decode(AT, &Bytes::from(entry), |event| events.push(event));
    assert_eq!((read, events), (Err(Malformed::UnknownEvent(999)), vec![Event::Opened]));
}

#[test]
fn what_must_be_there_is_asked_for() {
    let cases: &[(u16, &[u8], Malformed)] = &[
        (3, &[], Malformed::Field(1)),
        (10, &[], Malformed::Field(2)),
        (11, &[2 << 2 | 1, 1, b'x'], Malformed::Field(2)),
        (13, &[], Malformed::Field(3)),
        (33, &[2 << 2 | 1, 2, 0, 0], Malformed::Field(2)),
        (34, &[], Malformed::Field(2)),
        (32, &[], Malformed::Field(3)),
        (32, &[10 << 2, 9], Malformed::Field(10)),
        (35, &[1 << 2, 2, 2 << 2 | 1, 1, 0, 3 << 2, 1, 4 << 2, 0], Malformed::Field(2)),
        (36, &[1 << 2, 41], Malformed::Field(2)),
        (37, &[1 << 2, 2], Malformed::Field(2)),
        (39, &[1 << 2, 2], Malformed::Field(2)),
        (50, &[1 << 2, 0x80, 0x80, 0x04], Malformed::Field(1)),
        (2, &[1 << 2, 0x80, 0x80, 0x80, 0x80, 0x10], Malformed::Field(1)),
        (51, &[1 << 2 | 3, 0], Malformed::Layout),
        (51, &[1 << 2], Malformed::Layout),
        (51, &[1 << 2 | 1, 9, 0], Malformed::Layout),
        (51, &[1 << 2 | 2, 0, 0], Malformed::Layout),
        (51, &[1 << 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], Malformed::Layout),
    ];
    for (tag, fields, error) in cases {
        assert_eq!(decoded(&raw(*tag, fields)), Err(*error), "event {tag} with {fields:?}");
    }
    assert_eq!(decoded(&[1]), Err(Malformed::Layout));
    assert_eq!(decoded(&[1, 0, 9, 0, 0, 0]), Err(Malformed::Layout));
    assert_eq!(decoded(&[1, 0, 0xff, 0xff, 0xff, 0xff]), Err(Malformed::Layout));
}

#[test]
fn a_rotten_filter_is_an_error() {
    let mut event = samples().swap_remove(12);
    let Event::Subscription(stated) = &event else { panic!("{event:?}") };
    let mut policy = Vec::new();
    stated.filter.as_ref().unwrap().policy.encode(&mut policy);
    let mut entry = encoded(std::slice::from_mut(&mut event));
    let at = entry.windows(policy.len()).position(|window| window == policy).unwrap();
    entry[at] = 0xff;
    assert_eq!(decoded(&entry), Err(Malformed::Filter));
}

#[test]
fn an_entry_that_was_cut_gives_its_first_events_or_an_error() {
    let mut events = samples();
    let entry = encoded(&mut events);
    for end in 0..entry.len() {
        if let Ok(read) = decoded(&entry[..end]) {
            assert_eq!(read, events[..read.len()], "cut at {end}");
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_break_the_reader(bytes: Vec<u8>, tag in 0u16..60) {
        let _ = decoded(&bytes);
        let _ = decoded(&raw(tag, &bytes));
    }

    /// Whatever rotten bytes are read as can be written and read again.
    #[test]
    fn rotten_events_are_refused_or_readable(
        which in 0usize..42,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut all = samples();
        all.extend(second());
        all.extend(third());
        all.extend(grown().into_iter().chain(grown_further()).map(|(event, _)| event));
        all.extend(accounts());
        let mut entry = encoded(&mut all[which..=which]);
        for (at, byte) in changes {
            let at = at.index(entry.len());
            entry[at] = byte;
        }
        if let Ok(mut events) = decoded(&entry) {
            let again = encoded(&mut events);
            prop_assert_eq!(decoded(&again), Ok(events));
        }
    }
}
