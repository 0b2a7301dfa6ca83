//! One segment of an archive: where it begins and ends, and a mark every half a MiB.
//!
//! A mark is a place between two frames and the position of the log there, so that reading can begin at it
//! and still check that each frame continues the one before. Of a segment that was sealed when the archive
//! was opened nothing is known but its header and that of the next; its marks are set while it is first
//! read.

use std::sync::RwLock;

use bytes::Bytes;

use super::Record;
use super::pack::{self, Enough, Flaw};
use crate::fault::Fault;
use crate::file::disk::Disk;
use crate::file::scan::Window;
use crate::file::segment::{self, FRAMES_START};
use crate::frame::{self, Identity, Position};

/// From one mark to the next, in bytes, or a frame more.
pub(super) const MARK_BYTES: u64 = 512 << 10;
/// How much of a file is read at once, in bytes.
const STEP_BYTES: u64 = 256 << 10;

/// A place between two frames.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    pub(super) offset: u64,
    /// Of the frame before it. The epoch is the sequence of the last record before.
    pub(super) at: Position,
}

/// Which records a reader wants: those with a greater sequence than this, and not older than that.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    pub(super) after: u64,
    pub(super) time_ms: u64,
}

impl Wanted {
    /// Whether a wanted record is at or before this position. Once true, it is true for all later ones.
    pub(super) fn reached(&self, at: &Position) -> bool {
        at.epoch > self.after && at.time_ms >= self.time_ms
    }
}

pub(super) struct Segment {
    pub(super) ordinal: u64,
    /// The position before its first frame.
    pub(super) before: Position,
    shown: RwLock<Shown>,
}

/// What readers may see of a segment.
struct Shown {
    /// The end of what is shown. For a sealed segment the offset may be higher: the end of the file.
    end: Mark,
    /// At least [`MARK_BYTES`] apart, from the first frame on.
    marks: Vec<Mark>,
}

impl Segment {
    /// A segment with frames between `before` and `end`.
    pub(super) fn new(ordinal: u64, before: Position, end: Mark) -> Self {
        let first = Mark { offset: FRAMES_START, at: before };
        Self { ordinal, before, shown: RwLock::new(Shown { end, marks: vec![first] }) }
    }

    /// Bytes of the file behind its header.
    pub(super) fn bytes(&self) -> u64 {
        self.look(|shown| shown.end.offset) - FRAMES_START
    }

    #[cfg(test)]
    pub(super) fn marks(&self) -> usize {
        self.look(|shown| shown.marks.len())
    }

    /// Shows frames up to `end` to the readers.
    pub(super) fn extend(&self, passed: &[Mark], end: Mark) {
        self.note(passed);
        self.shown.write().expect("nothing panics under this lock").end = end;
    }

    /// Sets marks at those places, in order, that are far enough behind the last mark.
    pub(super) fn note(&self, passed: &[Mark]) {
        let mut shown = self.shown.write().expect("nothing panics under this lock");
        for mark in passed {
            if far(shown.marks.last().expect("never empty"), mark) {
                shown.marks.push(*mark);
            }
        }
    }

    /// Wanted records in order: as many as fit in `bytes_max`, but at least one if there is one.
    pub(super) fn read(
        &self,
        disk: &dyn Disk,
        identity: Identity,
        wanted: Wanted,
        bytes_max: usize,
    ) -> Result<Vec<Record>, Fault> {
        let (mut here, end) = self.look(|shown| {
            let behind = shown.marks.partition_point(|mark| !wanted.reached(&mark.at));
            (shown.marks[behind.saturating_sub(1)], shown.end)
        });
        let mut reading = Reading { wanted, records: Vec::new(), left: bytes_max };
        if !wanted.reached(&end.at) {
            return Ok(reading.records);
        }
        let name = segment::name(self.ordinal);
        let file = disk.open(&name).map_err(Fault::io("open", &name))?;
        let mut window = Window::new(file.as_ref(), end.offset, STEP_BYTES);
        let (mut passed, mut marked) = (Vec::new(), here);
        while here.at.number < end.at.number {
            let rot = |why| rot(&name, &here, &end, why);
            let frame = window.frame(here.offset, identity).map_err(Fault::io("read", &name))?;
            let (header, payload) = frame
                .filter(|(header, _)| header.continues(&here.at))
                .ok_or_else(|| rot("the frame is not whole or does not continue the archive"))?;
            if header.version > frame::VERSION {
                let (version, version_max) = (header.version, frame::VERSION);
                return Err(Fault::Newer { file: name, version, version_max });
            }
            let at = header.position();
            if wanted.reached(&at) {
                match pack::read(payload, &mut |record| reading.take(&record)) {
                    Ok(Enough::Yes) => break,
                    Ok(Enough::No) => {}
                    Err(Flaw::Malformed) => return Err(rot("the entry does not hold records")),
                    Err(Flaw::Newer(version)) => {
                        let (version, version_max) = (version.into(), pack::VERSION.into());
                        return Err(Fault::Newer { file: name, version, version_max });
                    }
                }
            }
            here = Mark { offset: here.offset + frame::framed(u64::from(header.length)), at };
            if far(&marked, &here) {
                passed.push(here);
                marked = here;
            }
        }
        if !passed.is_empty() {
            self.note(&passed);
        }
        Ok(reading.records)
    }

    fn look<T>(&self, look: impl FnOnce(&Shown) -> T) -> T {
        look(&self.shown.read().expect("nothing panics under this lock"))
    }
}

/// Whether a mark at `next` is worth it after the one at `last`.
pub(super) fn far(last: &Mark, next: &Mark) -> bool {
    next.offset >= last.offset + MARK_BYTES
}

/// A frame that was durable is not there.
fn rot(name: &str, here: &Mark, end: &Mark, why: &str) -> Fault {
    Fault::Rot {
        file: name.to_owned(),
        offset: here.offset,
        number: here.at.number + 1,
        synced: end.at.number,
        why: why.to_owned(),
    }
}

/// An answer that is being put together.
struct Reading {
    wanted: Wanted,
    records: Vec<Record>,
    left: usize,
}

impl Reading {
    fn take(&mut self, record: &pack::Packed<'_>) -> Enough {
        if record.sequence <= self.wanted.after || record.time_ms < self.wanted.time_ms {
            return Enough::No;
        }
        if record.bytes.len() > self.left && !self.records.is_empty() {
            return Enough::Yes;
        }
        self.left = self.left.saturating_sub(record.bytes.len());
        let bytes = Bytes::copy_from_slice(record.bytes);
        self.records.push(Record { sequence: record.sequence, time_ms: record.time_ms, bytes });
        Enough::No
    }
}
