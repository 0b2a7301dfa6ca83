//! The archives of topics, as `verify` and `inspect` show them.
//!
//! Which topic an archive belongs to is said by its records, each of which states a publication. What is shown is
//! written as it is read, so the size of an archive does not matter.

use super::{LookFault, Place, events};
use postrider_core::{Event, Lsn, codec};
use postrider_log::check::{ArchiveReport, RecordReport, Seen, verify_archive};
use postrider_log::directory::{ArchivePlace, Directory};
use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::process::ExitCode;

/// Reads and judges the archives of a data directory, or of one shard. Sets a failing status if one is damaged.
pub(super) fn verify(
    directory: &Directory,
    only: Option<u16>,
    code: &mut ExitCode,
    out: &mut dyn Write,
) -> Result<(), LookFault> {
    for place in directory.archives_as_they_are()? {
        if only.is_none_or(|only| only == place.shard) && !look(directory, place, None, out)?.is_whole() {
            *code = ExitCode::FAILURE;
        }
    }
    Ok(())
}

/// Shows the records with these sequence numbers of the archive of one topic; several shards may have a topic of
/// that number.
pub(super) fn inspect(
    place: &Place,
    only: Option<u16>,
    topic: u64,
    sequences: RangeInclusive<u64>,
    out: &mut dyn Write,
) -> Result<ExitCode, LookFault> {
    let directory = Directory::existing(&place.data_dir)?;
    let mut places = directory.archives_as_they_are()?;
    places.retain(|place| place.topic == topic && only.is_none_or(|only| only == place.shard));
    if places.is_empty() {
        return Err(LookFault::Archive(topic));
    }
    let mut code = ExitCode::SUCCESS;
    for place in places {
        if !look(&directory, place, Some(&sequences), out)?.is_whole() {
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

/// Says what is in an archive: its records if they are wanted, its segments, and the judgement.
fn look(
    directory: &Directory,
    place: ArchivePlace,
    wanted: Option<&RangeInclusive<u64>>,
    out: &mut dyn Write,
) -> Result<ArchiveReport, LookFault> {
    let (mut written, mut begun) = (Ok(()), false);
    let report = verify_archive(&directory.archive(place)?, place, &mut |seen| {
        if written.is_ok() {
            written = show(place, &seen, wanted, &mut begun, out);
        }
    })?;
    written?;
    if !begun {
        begin(place, None, out)?;
    }
    write!(out, "{report}")?;
    Ok(report)
}

fn show(
    place: ArchivePlace,
    seen: &Seen<'_>,
    wanted: Option<&RangeInclusive<u64>>,
    begun: &mut bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    if !std::mem::replace(begun, true) {
        let topic = match seen {
            Seen::Record(record) => topic_of(record),
            Seen::Segment(_) => None,
        };
        begin(place, topic.as_deref(), out)?;
    }
    match seen {
        Seen::Segment(segment) => writeln!(out, "  {segment}"),
        Seen::Record(record) if wanted.is_some_and(|wanted| wanted.contains(&record.at.sequence)) => {
            let RecordReport { file, offset, at, bytes } = record;
            let (sequence, time_ms, length) = (at.sequence, at.time_ms, bytes.len());
            let ArchivePlace { topic, shard } = place;
            writeln!(
                out,
                "topic={topic} shard={shard} sequence={sequence} time_ms={time_ms} bytes={length} at={file}:{offset}"
            )?;
            events(sequence, bytes, out)
        }
        Seen::Record(_) => Ok(()),
    }
}

fn begin(place: ArchivePlace, topic: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    let name = topic.map(|topic| format!(" ({topic})")).unwrap_or_default();
    writeln!(out, "archive of topic {}{name} of shard {}: archive/{place}", place.topic, place.shard)
}

/// The ARN of the topic that a record was published to.
fn topic_of(record: &RecordReport<'_>) -> Option<String> {
    let mut topic = None;
    let bytes = bytes::Bytes::copy_from_slice(record.bytes);
    codec::decode(Lsn(record.at.sequence), &bytes, |event| {
        if let Event::Publication(stated) = event {
            topic = Some(stated.topic.to_string());
        }
    })
    .ok()?;
    topic
}
