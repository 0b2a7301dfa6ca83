//! The archive of one topic: its publications in their order, kept for as long as the topic says, and read
//! again from any point.
//!
//! ```text
//!        trim mark                                              last_sequence()
//!           |                                                        |
//!   0000000007.log        0000000008.log        0000000009.log       v
//!   [h|7xx 8xx|9 10 11]-->[h|12|13 14 15|16]-->[h|17|18 19 20|21|22 23]
//!              ^ first    oldest: headers only known    active: grows
//! ```
//!
//! It is a chain of segments of frames, as a shard's log is ([`crate::file`]), by the same rules of what is
//! torn and what is rotten, and with the same tools to look at it ([`crate::check`]). Each frame holds a pack
//! of records; its epoch is the sequence of the last of them, and its time that record's time. So a
//! segment's header says where the segment begins in both, and opening reads the headers, and frames of
//! the last segment only. What is different, and why:
//!
//! - Files grow, and none is open between two calls: there may be thousands of archives, most of them small
//!   and idle. There are no spares and no threads; archiving is not on the road of any request.
//! - An append is idempotent: a record that is there is skipped. So whoever does not know whether an append
//!   arrived appends again, and a group that crosses a segment border is made durable piece by piece.
//! - In memory there is a mark for every half a MiB, and only of what was read
//!   or written since the archive was opened.
//! - Rot in an older segment is found when that place is read, or by [`crate::check`]. It cannot be taken for a torn tail: a segment
//!   is synced before the next one is begun, under every durability, and the next one's header says so.
//!
//! Invariants:
//! - sequences rise, times do not fall;
//! - a file is removed only when all its records are older than the trim mark and nobody reads from it;
//! - no record older than the trim mark is shown. The mark is not kept: it follows from the topic's setting
//!   and the time, and whoever opens an archive sets it first.

pub(crate) mod open;
pub(crate) mod pack;
mod reader;
mod segment;

use std::io;
use std::sync::Arc;

use bytes::Bytes;

pub use reader::ArchiveReader;

use crate::file::disk::{Disk, DiskFile, MemoryDisk};
use crate::file::segment::{FRAMES_START, SegmentHeader, name};
use crate::file::{Durability, Recovery, SEGMENT_BYTES_MAX};
use crate::frame::{self, Identity};
use crate::{ENTRY_BYTES_MAX, Entry, Fault};
use pack::Pack;
use reader::Shared;
use segment::{Mark, Segment};

/// One publication of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its place in the topic's order: at least 1 and greater than that of the record before; there may be
    /// gaps.
    pub sequence: u64,
    /// When it was published, in milliseconds since the Unix epoch. A time before that of the last record
    /// is raised to it.
    pub time_ms: u64,
    /// Opaque bytes, at most [`Options::record_bytes_max`].
    pub bytes: Bytes,
}

/// How an archive works. The shard's number and the salt are fixed when the archive is made.
#[derive(Clone, Debug)]
pub struct Options {
    /// The number of the shard that holds the topic.
    pub shard: u16,
    /// A random secret, used when the archive is made and kept in it from then on.
    pub salt: u64,
    /// When an append counts as durable.
    pub durability: Durability,
    /// A segment does not grow beyond this, in bytes; at most [`SEGMENT_BYTES_MAX`].
    pub segment_bytes: u64,
    /// The largest record, in bytes; a segment must have room for one.
    pub record_bytes_max: u32,
    /// Records of one append share a frame up to this size of its payload, in bytes; a segment must have
    /// room for one.
    pub pack_bytes: usize,
}

impl Options {
    /// The defaults: durable, segments of 8 MiB, records of at most 4 MiB, packs of 256 KiB.
    #[must_use]
    pub fn new(shard: u16, salt: u64) -> Self {
        Self {
            shard,
            salt,
            durability: Durability::Fsync,
            segment_bytes: 8 << 20,
            record_bytes_max: ENTRY_BYTES_MAX,
            pack_bytes: 256 << 10,
        }
    }

    fn check(&self) -> Result<(), Fault> {
        let record = (pack::HEAD_BYTES + pack::RECORD_HEADER_BYTES) as u64 + u64::from(self.record_bytes_max);
        let largest = FRAMES_START + frame::framed(record.max(self.pack_bytes as u64));
        if (largest..=SEGMENT_BYTES_MAX).contains(&self.segment_bytes) {
            return Ok(());
        }
        let bytes = self.segment_bytes;
        let why = format!("segments of {bytes} bytes, and it must be {largest} to {SEGMENT_BYTES_MAX}");
        Err(Fault::Options { why })
    }
}

/// The archive of one topic, as its single owner sees it. The calls block.
pub struct Archive {
    disk: Arc<dyn Disk>,
    identity: Identity,
    options: Options,
    shared: Arc<Shared>,
    /// Ordinal of the active segment.
    ordinal: u64,
    /// Where the next frame goes in the active segment.
    end: Mark,
    /// The last entry known to be durable.
    synced: u64,
    recovery: Recovery,
    poisoned: bool,
}

/// Frames on their way to the active segment.
struct Run {
    frames: Vec<u8>,
    passed: Vec<Mark>,
    end: Mark,
}

impl Run {
    fn at(end: Mark) -> Self {
        Self { frames: Vec::new(), passed: Vec::new(), end }
    }
}

impl Archive {
    /// Opens the archive in the folder `disk`, or makes a new one if the folder is empty. Nothing else may
    /// use the folder meanwhile. Reads the header of every segment, and all of the last one.
    ///
    /// # Errors
    /// [`Fault::Options`]; [`Fault::Rot`] and [`Fault::Newer`] if the files must not be touched;
    /// [`Fault::Full`] if there is no room for a new one; [`Fault::Io`].
    pub fn open(disk: Arc<dyn Disk>, options: &Options) -> Result<Self, Fault> {
        options.check()?;
        let opened = open::open(&disk, options)?;
        let identity = opened.identity;
        let shared = Shared::new(Arc::clone(&disk), identity, opened.segments, opened.end.at.epoch);
        shared.trim(0)?;
        Ok(Self {
            disk,
            identity,
            options: options.clone(),
            shared: Arc::new(shared),
            ordinal: opened.ordinal,
            end: opened.end,
            synced: opened.synced,
            recovery: opened.recovery,
            poisoned: false,
        })
    }

    /// An archive that lives as long as its owner and readers.
    #[must_use]
    pub fn in_memory() -> Self {
        let options = Options { durability: Durability::Os, ..Options::new(0, 0) };
        Self::open(Arc::new(MemoryDisk::default()), &options).expect("nothing fails in memory")
    }

    /// Appends records and returns when they are durable, by the durability of the archive. Those with a
    /// sequence that is not greater than the last are skipped.
    ///
    /// Costs one write and one sync, and again for each segment that is begun. After a fault some of the
    /// records may be there, from the first on; append all of them again.
    ///
    /// # Errors
    /// [`Fault::TooLarge`] before anything is written; [`Fault::Full`] if there is no room, which may
    /// change; any other poisons the archive, to be dropped and opened again: [`Fault::Io`], then
    /// [`Fault::Poisoned`].
    pub fn append(&mut self, records: &[Record]) -> Result<(), Fault> {
        if self.poisoned {
            return Err(Fault::Poisoned);
        }
        let bytes_max = u64::from(self.options.record_bytes_max);
        if let Some(bytes) = records.iter().map(|record| record.bytes.len() as u64).find(|&it| it > bytes_max)
        {
            return Err(Fault::TooLarge { bytes, bytes_max });
        }
        let appended = self.write(records);
        self.poison(appended)?;
        if self.first_time_ms().is_none() {
            self.shared.trim(0)?;
        }
        Ok(())
    }

    /// Shows no record that is older than `time_ms` any more, in milliseconds since the Unix epoch, and
    /// frees the segments that hold nothing else, as far as nobody reads from them. An earlier time than
    /// before changes nothing.
    ///
    /// # Errors
    /// [`Fault::Rot`] and [`Fault::Newer`] if what is behind the mark cannot be read, and nothing is
    /// changed; any other poisons the archive: [`Fault::Io`], then [`Fault::Poisoned`].
    pub fn trim_before(&mut self, time_ms: u64) -> Result<(), Fault> {
        if self.poisoned {
            return Err(Fault::Poisoned);
        }
        if self.first_time_ms().is_none_or(|first| first < time_ms) {
            self.shared.trim(time_ms)?;
        }
        let freed = self.free();
        self.poison(freed)
    }

    /// A reader for other threads.
    #[must_use]
    pub fn reader(&self) -> ArchiveReader {
        ArchiveReader(Arc::clone(&self.shared))
    }

    /// The sequence of the last record that was ever appended, trimmed or not.
    #[must_use]
    pub fn last_sequence(&self) -> Option<u64> {
        Some(self.end.at.epoch).filter(|last| *last > 0)
    }

    /// The time of the oldest record that is not trimmed, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn first_time_ms(&self) -> Option<u64> {
        self.shared.first_ms()
    }

    /// Bytes of frames on the disk, trimmed records in the oldest segment included.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.shared.bytes()
    }

    /// What opening this archive found and did.
    #[must_use]
    pub fn recovery(&self) -> Recovery {
        self.recovery
    }

    /// Packs the records that are not there yet, and writes the packs.
    fn write(&mut self, records: &[Record]) -> Result<(), Fault> {
        let mut run = Run::at(self.end);
        let mut pack = Pack::after(self.end.at.epoch, self.end.at.time_ms);
        for record in records {
            if record.sequence <= pack.sequence {
                continue;
            }
            if !pack.is_empty() && pack.bytes_with(record.bytes.len()) > self.options.pack_bytes {
                let next = Pack::after(pack.sequence, pack.time_ms);
                run = self.frame(std::mem::replace(&mut pack, next), run)?;
            }
            pack.add(record);
        }
        if !pack.is_empty() {
            run = self.frame(pack, run)?;
        }
        self.flush(&run)
    }

    /// Adds the frame of a pack to the run; writes the run and begins a segment first if it does not fit.
    fn frame(&mut self, pack: Pack, mut run: Run) -> Result<Run, Fault> {
        let (epoch, time_ms) = (pack.sequence, pack.time_ms);
        let payload = pack.into_bytes();
        let bytes = frame::framed(payload.len() as u64);
        if run.end.offset + bytes > self.options.segment_bytes {
            self.flush(&run)?;
            self.roll()?;
            run = Run::at(self.end);
        }
        let entry = Entry { epoch, number: run.end.at.number + 1, time_ms, payload };
        let at = frame::write(&mut run.frames, self.identity, &run.end.at, &entry, self.synced);
        run.end = Mark { offset: run.end.offset + bytes, at };
        run.passed.push(run.end);
        Ok(run)
    }

    /// Writes a run to the active segment, makes it durable if that is promised, and shows it.
    fn flush(&mut self, run: &Run) -> Result<(), Fault> {
        if run.frames.is_empty() {
            return Ok(());
        }
        let (file, name) = self.active()?;
        file.allocate(run.end.offset).map_err(refused("make room in", &name))?;
        file.write_at(&run.frames, self.end.offset).map_err(Fault::io("write to", &name))?;
        if self.options.durability == Durability::Fsync {
            file.sync_data().map_err(Fault::io("sync", &name))?;
            self.synced = run.end.at.number;
        }
        self.end = run.end;
        self.shared.extend(&run.passed, run.end);
        Ok(())
    }

    /// Seals the active segment and begins the next one.
    fn roll(&mut self) -> Result<(), Fault> {
        if self.synced < self.end.at.number {
            let (file, name) = self.active()?;
            file.sync_data().map_err(Fault::io("sync", &name))?;
            self.synced = self.end.at.number;
        }
        let (ordinal, before) = (self.ordinal + 1, self.end.at);
        let header = SegmentHeader { identity: self.identity, ordinal, before, synced: self.synced };
        open::begin(self.disk.as_ref(), &header)?;
        (self.ordinal, self.end) = (ordinal, Mark { offset: FRAMES_START, at: before });
        self.shared.begin(Arc::new(Segment::new(ordinal, before, self.end)));
        Ok(())
    }

    /// Removes the oldest segments while nothing in them is shown, each durably before the next, so that
    /// after a crash at any instant the segments that are left are consecutive.
    fn free(&mut self) -> Result<(), Fault> {
        if self.end.offset > FRAMES_START && self.shared.trimmed() >= self.end.at.epoch {
            match self.roll() {
                // Its records go when there is room for the header of another segment.
                Ok(()) | Err(Fault::Full) => {}
                Err(fault) => return Err(fault),
            }
        }
        while let Some(segment) = self.shared.take_oldest() {
            let name = name(segment.ordinal);
            self.disk.remove(&name).map_err(Fault::io("remove", &name))?;
            self.disk.sync_folder().map_err(Fault::io("sync", open::FOLDER))?;
        }
        Ok(())
    }

    fn active(&self) -> Result<(Arc<dyn DiskFile>, String), Fault> {
        let name = name(self.ordinal);
        let file = self.disk.open(&name).map_err(Fault::io("open", &name))?;
        Ok((file, name))
    }

    /// Remembers that something failed half-way. A full disk does not count: it is met before a write.
    fn poison<T>(&mut self, result: Result<T, Fault>) -> Result<T, Fault> {
        self.poisoned |= result.as_ref().is_err_and(|fault| !matches!(fault, Fault::Full));
        result
    }
}

/// The fault of a step that changes nothing when the disk is full.
fn refused(step: &'static str, file: &str) -> impl FnOnce(io::Error) -> Fault {
    let fault = Fault::io(step, file);
    move |error| if error.kind() == io::ErrorKind::StorageFull { Fault::Full } else { fault(error) }
}

#[cfg(test)]
mod tests;
