//! Looking at an archive that nobody has open, segment by segment.
//!
//! Opening an archive reads the headers and the last segment; here every frame and every record is read, so
//! that rot in an older segment is found before somebody asks for what was there. The judgement is that of
//! [`crate::file::recover`], asked of two neighbours at a time as opening does: no more than two segments
//! are known at once, however large the archive is. What each segment must hold is said by the header of
//! the next one, which is the index that seeking goes by.

use std::fmt;
use std::mem;

use super::SegmentReport;
use crate::archive::{open as folder, pack};
use crate::directory::ArchivePlace;
use crate::fault::Fault;
use crate::file::disk::Disk;
use crate::file::recover::{self, Case, Damage};
use crate::file::scan::{self, Found};
use crate::file::segment;
use crate::frame::Header;

/// A place in the order of an archive's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// The record's sequence.
    pub sequence: u64,
    /// The record's time, in milliseconds since the Unix epoch.
    pub time_ms: u64,
}

/// One record of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordReport<'a> {
    /// The segment's file name.
    pub file: &'a str,
    /// Where the frame that holds the record is in the file, in bytes.
    pub offset: u64,
    /// Its place in the order.
    pub at: At,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// What verifying an archive comes by, in the order of the files. A segment comes after its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen<'a> {
    /// A record in a whole frame that continues the archive.
    Record(RecordReport<'a>),
    /// A segment, whose `first` and `entries` count frames.
    Segment(&'a SegmentReport),
}

/// What an archive is, as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArchiveVerdict {
    /// There are no segments: it was never begun.
    Empty,
    /// Every frame is whole and continues the one before, and every record is where it belongs.
    Sound,
    /// It ends in remains that were not known to be durable; going on with it cuts them off.
    TornTail {
        /// Whole frames that would be cut off.
        entries: u64,
        /// Bytes that would be cut off.
        bytes: u64,
    },
    /// What was durable is damaged or missing.
    Damaged {
        /// The first file that is concerned.
        file: String,
        /// Where in that file, in bytes.
        offset: u64,
        /// How it shows.
        why: String,
        /// How many places are damaged, this one included.
        places: u64,
    },
}

/// What verifying one archive found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveReport {
    /// Whose archive it is.
    pub place: ArchivePlace,
    /// How many segments there are.
    pub segments: u64,
    /// Records that can be read.
    pub records: u64,
    /// Bytes of the frames that hold them.
    pub frame_bytes: u64,
    /// The oldest of them.
    pub first: Option<At>,
    /// The newest of them.
    pub last: Option<At>,
    /// The judgement.
    pub verdict: ArchiveVerdict,
}

/// Reads and judges the archive at `place`, in the folder `disk`, and shows what it comes by to `see`.
/// Changes nothing.
///
/// # Errors
/// [`Fault::Io`] if something cannot be read, [`Fault::Newer`].
pub fn verify_archive(
    disk: &dyn Disk,
    place: ArchivePlace,
    see: &mut dyn FnMut(Seen<'_>),
) -> Result<ArchiveReport, Fault> {
    let mut walk = Walk::new(place);
    for ordinal in folder::names(disk)?.0 {
        walk.segment(disk, ordinal, see)?;
    }
    walk.end()
}

/// A walk over the segments.
struct Walk {
    report: ArchiveReport,
    /// The last segment, unless its header is of no use; while it is judged, also the one before it.
    pair: Vec<Found>,
}

impl Walk {
    fn new(place: ArchivePlace) -> Walk {
        let (first, last, verdict) = (None, None, ArchiveVerdict::Empty);
        let report = ArchiveReport { place, segments: 0, records: 0, frame_bytes: 0, first, last, verdict };
        Walk { report, pair: Vec::new() }
    }

    /// Reads one segment, and judges how it continues the one before.
    fn segment(&mut self, disk: &dyn Disk, ordinal: u64, see: &mut dyn FnMut(Seen<'_>)) -> Result<(), Fault> {
        let name = segment::name(ordinal);
        let file = disk.open(&name).map_err(Fault::io("open", &name))?;
        let (mut flaws, mut newer) = (Vec::new(), None);
        let report = &mut self.report;
        let found = scan::segment(&name, file, &mut |file, header, offset, payload| match read(
            report,
            (file, header, offset),
            payload,
            see,
        ) {
            Ok(()) => {}
            Err(Flaw::Content(why)) => flaws.push((offset, why)),
            Err(Flaw::Newer(version)) => newer = Some(version),
        })?;
        if let Some(version) = newer {
            let (version, version_max) = (version, pack::VERSION.into());
            return Err(Fault::Newer { file: name, version, version_max });
        }
        let shown = SegmentReport::of(&found);
        see(Seen::Segment(&shown));
        self.report.segments += 1;
        self.report.frame_bytes += shown.frame_bytes;
        self.pair.push(found);
        self.joint()?;
        flaws.into_iter().for_each(|(offset, why)| self.report.damaged(&name, offset, why));
        Ok(())
    }

    /// Judges the last segment beside the one before it, but not yet how it ends; keeps it for the next one
    /// to be judged by, if it is fit for that.
    fn joint(&mut self) -> Result<(), Fault> {
        let shard = self.report.place.shard;
        let last = self.pair.last_mut().expect("called behind a segment");
        let beyond = mem::take(&mut last.beyond);
        let whole = self.judged(recover::judge(shard, &self.pair, 0))?;
        if let [before, last] = &self.pair[..] {
            let names = last.header.as_ref().map(|header| header.before).ok();
            if whole && names != Some(before.last) {
                let why = "the segment's header does not name the last record of the one before it";
                self.report.damaged(&last.name, 0, why);
            }
            self.pair.remove(0);
        }
        match recover::judge(shard, &self.pair, 0) {
            Case::Rot(_) => self.pair.clear(),
            Case::Fresh | Case::Clean | Case::Torn(_) | Case::Newer(..) => self.pair[0].beyond = beyond,
        }
        Ok(())
    }

    /// Takes note of damage between segments; says whether there is none.
    fn judged(&mut self, case: Case) -> Result<bool, Fault> {
        match case {
            Case::Fresh | Case::Clean => Ok(true),
            Case::Torn(Damage { file, offset, why, .. }) | Case::Rot(Damage { file, offset, why, .. }) => {
                self.report.damaged(&file, offset, why);
                Ok(false)
            }
            Case::Newer(..) => Err(recover::refusal(&case).expect("newer is refused")),
        }
    }

    /// Judges how the archive ends.
    fn end(mut self) -> Result<ArchiveReport, Fault> {
        let report = &mut self.report;
        if report.segments > 0 && report.is_whole() {
            report.verdict = ArchiveVerdict::Sound;
        }
        let Some(last) = self.pair.last() else { return Ok(self.report) };
        let (entries, bytes) = last.beyond.map_or((0, 0), |it| (it.frames, it.end.saturating_sub(last.end)));
        match recover::judge(report.place.shard, &self.pair, 0) {
            Case::Torn(_) if report.is_whole() => {
                report.verdict = ArchiveVerdict::TornTail { entries, bytes };
            }
            Case::Fresh | Case::Clean | Case::Torn(_) => {}
            case @ (Case::Rot(_) | Case::Newer(..)) => {
                self.judged(case)?;
            }
        }
        Ok(self.report)
    }
}

enum Flaw {
    Content(&'static str),
    Newer(u16),
}

/// Reads the records of one frame.
fn read(
    report: &mut ArchiveReport,
    (file, header, offset): (&str, &Header, u64),
    payload: &[u8],
    see: &mut dyn FnMut(Seen<'_>),
) -> Result<(), Flaw> {
    let (mut last, mut ordered) = (report.last.unwrap_or(At { sequence: 0, time_ms: 0 }), true);
    let done = pack::read(payload, &mut |record| {
        let at = At { sequence: record.sequence, time_ms: record.time_ms };
        ordered &= at.sequence > last.sequence && at.time_ms >= last.time_ms;
        last = at;
        report.records += 1;
        report.first.get_or_insert(at);
        report.last = Some(at);
        see(Seen::Record(RecordReport { file, offset, at, bytes: record.bytes }));
        pack::Enough::No
    });
    match done {
        Err(pack::Flaw::Newer(version)) => Err(Flaw::Newer(version.into())),
        Err(pack::Flaw::Malformed) => Err(Flaw::Content("the entry does not hold records")),
        Ok(_) if !ordered => Err(Flaw::Content("the records are not in order")),
        Ok(_) if (last.sequence, last.time_ms) != (header.epoch, header.time_ms) => {
            Err(Flaw::Content("the frame does not name its last record"))
        }
        Ok(_) => Ok(()),
    }
}

impl ArchiveReport {
    /// Whether the archive can go on and everything in it can be read.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        match self.verdict {
            ArchiveVerdict::Empty | ArchiveVerdict::Sound | ArchiveVerdict::TornTail { .. } => true,
            ArchiveVerdict::Damaged { .. } => false,
        }
    }

    fn damaged(&mut self, in_file: &str, at: u64, how: &str) {
        if let ArchiveVerdict::Damaged { places, .. } = &mut self.verdict {
            *places += 1;
        } else {
            let (file, why) = (in_file.to_owned(), how.to_owned());
            self.verdict = ArchiveVerdict::Damaged { file, offset: at, why, places: 1 };
        }
    }
}

impl fmt::Display for ArchiveReport {
    /// What comes behind the lines of the segments: the sum, the verdict and what to do.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ArchiveReport { place, segments, records, frame_bytes, first, last, verdict } = self;
        write!(out, "  {segments} segments, {records} records, {frame_bytes} bytes")?;
        if let (Some(first), Some(last)) = (first, last) {
            write!(out, ", sequence={}..{}", first.sequence, last.sequence)?;
            write!(out, " time_ms={}..{}", first.time_ms, last.time_ms)?;
        }
        writeln!(out)?;
        match verdict {
            ArchiveVerdict::Empty => writeln!(out, "  empty: nothing was archived yet"),
            ArchiveVerdict::Sound => writeln!(out, "  sound"),
            ArchiveVerdict::TornTail { entries, bytes } => writeln!(
                out,
                "  torn tail: going on cuts off {entries} whole entries, {bytes} bytes, none known to be durable"
            ),
            ArchiveVerdict::Damaged { file, offset, why, places } => {
                writeln!(out, "  damaged: {file} at byte {offset}: {why}")?;
                if *places > 1 {
                    writeln!(out, "  and {} places more", places - 1)?;
                }
                writeln!(
                    out,
                    "  the server starts, but replays stop there: restore archive/{place} from a copy, or \
                     move {file} and the files before it out of it, and the archive begins behind them"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests;
