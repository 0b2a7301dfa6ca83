//! `postrider log verify|inspect|repair`: looking at a data directory that no server uses.
//!
//! `verify` and `inspect` change nothing, and look at the archives of topics too. `inspect` tells of each entry what happened, but shows no body, no
//! receipt and no key. `repair` makes the choice that a server must not make alone.

mod accounts;
mod archives;

use crate::urls::without_password;
use clap::{Args, Subcommand};
use postrider_core::event::{MessageStated, PublicationStated, SubscriptionStated, Tried};
use postrider_core::{Event, Lsn, codec};
use postrider_log::Fault;
use postrider_log::check::{self, FrameReport};
use postrider_log::directory::Directory;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// What to do with a log.
#[derive(Subcommand)]
pub(crate) enum LogCommand {
    /// Read every frame of logs and archives and say whether they are whole; changes nothing; fails if something that
    /// was durable is damaged
    Verify(Place),
    /// Show what each entry says, without bodies; changes nothing
    Inspect {
        #[command(flatten)]
        place: Place,
        /// Only this shard
        #[arg(long, value_name = "NUMBER")]
        shard: Option<u16>,
        /// Only the archive of the topic with this number, with its records
        #[arg(long, value_name = "NUMBER")]
        topic: Option<u64>,
        /// The first entry to show; of an archive the first sequence number
        #[arg(long, value_name = "NUMBER", default_value_t = 1)]
        from: u64,
        /// The last entry to show; of an archive the last sequence number [default: the last there is]
        #[arg(long, value_name = "NUMBER")]
        to: Option<u64>,
    },
    /// Cut the log at its first damage, after copying what is behind it to files beside it
    Repair(Place),
}

/// Which data directory.
#[derive(Args)]
pub(crate) struct Place {
    /// The data directory
    #[arg(long, env = "POSTRIDER_DATA_DIR", value_name = "DIRECTORY", default_value = "./postrider-data")]
    data_dir: PathBuf,
}

/// Why looking at a log failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookFault {
    /// The directory or the log.
    #[error(transparent)]
    Log(#[from] Fault),
    /// There is no such shard.
    #[error("there is no shard {0} in this data directory")]
    Shard(u16),
    /// There is no such archive.
    #[error("there is no archive of a topic {0} in this data directory")]
    Archive(u64),
    /// Standard output.
    #[error("could not write to standard output")]
    Output(#[from] io::Error),
}

/// Does it. The status is a failure if something that was durable is damaged.
pub(crate) fn run(command: &LogCommand) -> Result<ExitCode, LookFault> {
    let out = &mut io::stdout().lock();
    match command {
        LogCommand::Verify(place) => verify(place, out),
        LogCommand::Inspect { place, shard, topic, from, to } => {
            let numbers = *from..=to.unwrap_or(u64::MAX);
            match topic {
                None => inspect(place, *shard, numbers, out),
                Some(topic) => archives::inspect(place, *shard, *topic, numbers, out),
            }
        }
        LogCommand::Repair(place) => repair(place, out),
    }
}

fn verify(place: &Place, out: &mut dyn Write) -> Result<ExitCode, LookFault> {
    let directory = Directory::existing(&place.data_dir)?;
    let mut code = ExitCode::SUCCESS;
    for report in check::verify_all(&directory)? {
        write!(out, "{report}")?;
        if !report.starts() {
            code = ExitCode::FAILURE;
        }
    }
    archives::verify(&directory, None, &mut code, out)?;
    Ok(code)
}

fn repair(place: &Place, out: &mut dyn Write) -> Result<ExitCode, LookFault> {
    let directory = Directory::existing(&place.data_dir)?;
    for shard in 0..directory.meta().shards {
        match check::truncate(&directory.shard(shard), shard)? {
            None => writeln!(out, "shard {shard}: nothing to repair")?,
            Some(done) => {
                let (tail, entries, bytes) = (done.tail, done.entries, done.bytes);
                writeln!(
                    out,
                    "shard {shard}: ends at entry {tail}; dropped {entries} entries, {bytes} bytes"
                )?;
                for name in done.saved {
                    writeln!(out, "  kept a copy in {name}")?;
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn inspect(
    place: &Place,
    only: Option<u16>,
    numbers: std::ops::RangeInclusive<u64>,
    out: &mut dyn Write,
) -> Result<ExitCode, LookFault> {
    let directory = Directory::existing(&place.data_dir)?;
    let shards = directory.meta().shards;
    if let Some(absent) = only.filter(|shard| *shard >= shards) {
        return Err(LookFault::Shard(absent));
    }
    let mut code = ExitCode::SUCCESS;
    for shard in (0..shards).filter(|shard| only.is_none_or(|only| only == *shard)) {
        let mut written = Ok(());
        let see = &mut |frame: FrameReport<'_>| {
            if written.is_ok() {
                written = show(shard, &frame, out);
            }
        };
        let report = check::inspect(&directory.shard(shard), shard, numbers.clone(), see)?;
        written?;
        write!(out, "{report}")?;
        if !report.starts() {
            code = ExitCode::FAILURE;
        }
    }
    archives::verify(&directory, only, &mut code, out)?;
    Ok(code)
}

/// One line for the entry, and one for each of its events.
fn show(shard: u16, frame: &FrameReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let FrameReport { file, offset, number, epoch, time_ms, synced, payload } = *frame;
    let bytes = payload.len();
    writeln!(
        out,
        "shard={shard} entry={number} epoch={epoch} time_ms={time_ms} synced={synced} bytes={bytes} at={file}:{offset}"
    )?;
    events(number, payload, out)
}

/// One line for each event.
fn events(number: u64, payload: &[u8], out: &mut dyn Write) -> io::Result<()> {
    let payload = bytes::Bytes::copy_from_slice(payload);
    let mut events = Vec::new();
    let decoded = codec::decode(Lsn(number), &payload, |event| events.push(line(&event)));
    for event in events {
        writeln!(out, "  {event}")?;
    }
    match decoded {
        Ok(()) => Ok(()),
        Err(malformed) => writeln!(out, "  unreadable: {malformed}"),
    }
}

/// What an event says, in one line, without bodies, keys and policies.
fn line(event: &Event) -> String {
    match event {
        Event::Opened => "opened".to_owned(),
        Event::FormatRaised(format) => format!("format raised to {format}"),
        Event::Shard(stated) => format!(
            "shard next_queue={} next_topic={} next_publication={} next_revision={}",
            stated.next_queue, stated.next_topic, stated.next_publication, stated.next_revision
        ),
        Event::Queue(stated) => format!(
            "queue {} {} revision={} next_number={} purged_before={}",
            stated.id.0, stated.arn, stated.revision.0, stated.next_number, stated.purged_before
        ),
        Event::QueueDeleted { queue, arn, at } => format!("queue {} deleted {arn} at={}", queue.0, at.0),
        Event::QueuePurged { queue, before } => format!("queue {} purged before={before}", queue.0),
        Event::Message(stated) => message(stated),
        Event::Received { queue, until, numbers } => {
            format!("received queue={} until={} numbers={numbers:?}", queue.0, until.0)
        }
        Event::VisibilityChanged { queue, changes } => {
            let changes: Vec<_> = changes.iter().map(|(number, at)| format!("{number}@{}", at.0)).collect();
            format!("visibility changed queue={} {}", queue.0, changes.join(" "))
        }
        Event::Deleted { queue, numbers } => format!("deleted queue={} numbers={numbers:?}", queue.0),
        Event::Deduplicated(stated) => format!(
            "deduplicated queue={} number={} id={} at={}",
            stated.queue.0, stated.number, stated.id, stated.at.0
        ),
        Event::Attempt(stated) => format!(
            "attempt queue={} at={} until={} receipts={:?}",
            stated.queue.0, stated.at.0, stated.until.0, stated.receipts
        ),
        Event::Moved { from, source: _, to, why, numbers } => {
            format!("moved from queue={} to queue={} {why:?} numbers={numbers:?}", from.0, to.0)
        }
        Event::Leaving { queue, number, journey } => format!(
            "leaving queue={} number={number} to shard {} owed={} {} {:?}",
            queue.0, journey.to, journey.number, journey.target, journey.why
        ),
        Event::MoveTask(stated) => format!(
            "move task {} queue={} {:?} moved={} of {}",
            stated.id, stated.queue.0, stated.status, stated.moved, stated.to_move
        ),
        Event::Topic(stated) => {
            format!("topic {} {} revision={}", stated.id.0, stated.arn, stated.revision.0)
        }
        Event::TopicDeleted { topic } => format!("topic {} deleted", topic.0),
        Event::Subscription(stated) => subscription(stated),
        Event::Unsubscribed { topic, subscription } => {
            format!("unsubscribed {subscription} topic={}", topic.0)
        }
        Event::Publication(stated) => publication(stated),
        Event::Tried(attempts) => tried(attempts),
        Event::Diverted { publication, owed } => {
            format!("diverted publication={} to shard {} owed={}", publication.0, owed.to, owed.number)
        }
        Event::TopicDeduplicated(stated) => format!(
            "deduplicated topic={} sequence={} id={} at={}",
            stated.topic.0, stated.sequence, stated.id, stated.at.0
        ),
        Event::Archived { topic, up_to } => format!("archived topic={} up_to={up_to}", topic.0),
        Event::Replay(stated) => format!(
            "replay topic={} subscription={} cursor={} {:?}",
            stated.topic.0, stated.subscription, stated.cursor, stated.status
        ),
        Event::Settled { to, accepted, refused } => {
            format!("settled to shard {to} accepted={accepted} refused={refused:?}")
        }
        Event::Inbox { from, number } => format!("inbox from shard {from} number={number}"),
        Event::Account(event) => accounts::of_account(event),
        Event::Application(event) => accounts::of_application(event),
    }
}

fn subscription(stated: &SubscriptionStated) -> String {
    format!(
        "subscription {} topic={} {}={} {:?} form={:?} filter={}",
        stated.id,
        stated.topic.0,
        stated.endpoint.protocol().as_str(),
        without_password(stated.endpoint.address()),
        stated.standing,
        stated.form,
        stated.filter.as_ref().map_or("none", |filter| &filter.text)
    )
}

fn tried(attempts: &[Tried]) -> String {
    let each = attempts.iter().map(|tried| {
        format!("{}/{}/{} {:?}", tried.topic.0, tried.subscription, tried.publication.0, tried.then)
    });
    format!("tried {}", each.collect::<Vec<_>>().join(", "))
}

fn message(stated: &MessageStated) -> String {
    format!(
        "message queue={} number={} id={} sent_at={} visible_at={} receives={} size={} payload_bytes={}",
        stated.queue.0,
        stated.number,
        stated.id,
        stated.sent_at.0,
        stated.visible_at.0,
        stated.receives.count,
        stated.payload.size,
        stated.payload.bytes.len()
    )
}

fn publication(stated: &PublicationStated) -> String {
    format!(
        "publication {} {} topic={} {:?} copies={} owed={} due={} size={} payload_bytes={}",
        stated.id.0,
        stated.message_id,
        stated.topic,
        stated.occasion,
        stated.copies.len(),
        stated.owed.len(),
        stated.due.len(),
        stated.payload.size,
        stated.payload.bytes.len()
    )
}
