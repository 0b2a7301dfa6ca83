//! Looking at a log that nobody has open: what `postrider log verify`, `inspect` and `repair` do.
//!
//! Verifying and inspecting read everything and change nothing. Repairing makes the one choice that a
//! program must not make alone, and is told to: the log ends at the first damage, and what is behind it is
//! put aside in files first.

mod archive;
mod repair;

use std::fmt;
use std::ops::RangeInclusive;

pub use archive::{ArchiveReport, ArchiveVerdict, At, RecordReport, Seen, verify_archive};
pub use repair::{Repaired, truncate};

use crate::directory::Directory;
use crate::fault::Fault;
use crate::file;
use crate::file::disk::Disk;
use crate::file::recover::{self, Case};
use crate::file::scan::{Found, Visit};
use crate::file::segment::{FRAMES_START, HeaderFlaw};

/// What is in one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentReport {
    /// The file's name.
    pub file: String,
    /// Bytes of the file.
    pub bytes: u64,
    /// Number of the first entry that belongs here.
    pub first: u64,
    /// Whole entries that continue each other from `first` on.
    pub entries: u64,
    /// Bytes of their frames.
    pub frame_bytes: u64,
    /// Whole frames behind the place where they break, which do not continue the log.
    pub stray_entries: u64,
    /// Bytes from that place to the last remains of a frame.
    pub stray_bytes: u64,
    /// What is wrong with the segment's header.
    pub flaw: Option<String>,
}

/// What a shard's log is, as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There is no log yet.
    Empty,
    /// Every frame is whole and continues the one before.
    Sound,
    /// It ends in remains that were not known to be durable; starting cuts them off.
    TornTail {
        /// Whole entries that starting would cut off.
        entries: u64,
        /// Bytes that starting would cut off.
        bytes: u64,
    },
    /// It must not be started: why, and what a repair would drop.
    Damaged {
        /// The refusal.
        refusal: String,
        /// Whole entries that a repair would drop.
        entries: u64,
        /// Bytes of frames that a repair would drop.
        bytes: u64,
    },
}

/// What verifying one shard found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardReport {
    /// The shard's number.
    pub shard: u16,
    /// Its segments, the oldest first.
    pub segments: Vec<SegmentReport>,
    /// How many spare segments there are.
    pub spares: usize,
    /// The judgement.
    pub verdict: Verdict,
}

/// One frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameReport<'a> {
    /// The segment's file name.
    pub file: &'a str,
    /// Where in the file, in bytes.
    pub offset: u64,
    /// The entry's number.
    pub number: u64,
    /// The entry's epoch.
    pub epoch: u64,
    /// The entry's time, in milliseconds since the Unix epoch.
    pub time_ms: u64,
    /// The last number that was known to be durable when it was written.
    pub synced: u64,
    /// The entry's payload.
    pub payload: &'a [u8],
}

/// Reads and judges every shard of a data directory.
///
/// # Errors
/// [`Fault::Io`] if something cannot be read, [`Fault::Newer`].
pub fn verify_all(directory: &Directory) -> Result<Vec<ShardReport>, Fault> {
    (0..directory.meta().shards).map(|shard| verify(&directory.shard(shard), shard)).collect()
}

/// Reads and judges the log of `shard` in the folder `disk`.
///
/// # Errors
/// [`Fault::Io`] if something cannot be read, [`Fault::Newer`].
pub fn verify(disk: &dyn Disk, shard: u16) -> Result<ShardReport, Fault> {
    report(disk, shard, &mut |_, _, _, _| {})
}

/// Shows every whole frame with a number in `numbers`, in order, to `see`; then judges as [`verify`].
///
/// # Errors
/// [`Fault::Io`] if something cannot be read, [`Fault::Newer`].
pub fn inspect(
    disk: &dyn Disk,
    shard: u16,
    numbers: RangeInclusive<u64>,
    see: &mut dyn FnMut(FrameReport<'_>),
) -> Result<ShardReport, Fault> {
    report(disk, shard, &mut |file, header, offset, payload| {
        if numbers.contains(&header.number) {
            let (number, epoch, time_ms, synced) =
                (header.number, header.epoch, header.time_ms, header.synced);
            see(FrameReport { file, offset, number, epoch, time_ms, synced, payload });
        }
    })
}

fn report(disk: &dyn Disk, shard: u16, visit: Visit<'_>) -> Result<ShardReport, Fault> {
    let folder = file::read(disk, visit)?;
    let case = recover::judge(shard, &folder.segments, folder.spares.len());
    let verdict = match &case {
        Case::Fresh => Verdict::Empty,
        Case::Clean => Verdict::Sound,
        Case::Torn(damage) => {
            let (entries, bytes) = folder.loss(damage.keep);
            Verdict::TornTail { entries, bytes }
        }
        Case::Rot(damage) => {
            let (entries, bytes) = folder.loss(damage.keep);
            Verdict::Damaged { refusal: damage.clone().refusal().to_string(), entries, bytes }
        }
        Case::Newer(..) => return Err(recover::refusal(&case).expect("newer is refused")),
    };
    let segments = folder.segments.iter().map(SegmentReport::of).collect();
    Ok(ShardReport { shard, segments, spares: folder.spares.len(), verdict })
}

impl SegmentReport {
    fn of(found: &Found) -> Self {
        Self {
            file: found.name.clone(),
            bytes: found.bytes,
            first: found.last.number + 1 - found.slots.len() as u64,
            entries: found.slots.len() as u64,
            frame_bytes: found.end - FRAMES_START,
            stray_entries: found.beyond.map_or(0, |beyond| beyond.frames),
            stray_bytes: found.beyond.map_or(0, |beyond| beyond.end.saturating_sub(found.end)),
            flaw: match &found.header {
                Ok(_) => None,
                Err(HeaderFlaw::Damaged(why)) => Some((*why).to_owned()),
                Err(HeaderFlaw::Newer(version)) => Some(format!("format version {version} is too new")),
            },
        }
    }
}

impl ShardReport {
    /// Whether a start would go through.
    #[must_use]
    pub fn starts(&self) -> bool {
        match self.verdict {
            Verdict::Empty | Verdict::Sound | Verdict::TornTail { .. } => true,
            Verdict::Damaged { .. } => false,
        }
    }
}

impl fmt::Display for SegmentReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SegmentReport { file, first, entries, frame_bytes, bytes, stray_entries, stray_bytes, flaw } =
            self;
        write!(out, "{file}: {entries} entries from {first}, {frame_bytes} of {bytes} bytes")?;
        if let Some(flaw) = flaw {
            write!(out, "; {flaw}")?;
        }
        if *stray_bytes > 0 {
            write!(out, "; then {stray_entries} stray entries in {stray_bytes} bytes")?;
        }
        Ok(())
    }
}

impl fmt::Display for ShardReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "shard {}: {} segments, {} spares", self.shard, self.segments.len(), self.spares)?;
        self.segments.iter().try_for_each(|segment| writeln!(out, "  {segment}"))?;
        match &self.verdict {
            Verdict::Empty => writeln!(out, "  empty: there is no log yet"),
            Verdict::Sound => writeln!(out, "  sound"),
            Verdict::TornTail { entries, bytes } => writeln!(
                out,
                "  torn tail: starting cuts off {entries} whole entries, {bytes} bytes, none known to be durable"
            ),
            Verdict::Damaged { refusal, entries, bytes } => {
                writeln!(out, "  damaged: {refusal}")?;
                writeln!(out, "  a repair would drop {entries} whole entries, {bytes} bytes of frames")
            }
        }
    }
}

#[cfg(test)]
mod tests;
