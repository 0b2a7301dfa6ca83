//! The log in files: a chain of segments, of which the last is written to.
//!
//! ```text
//!   0000000007.log   0000000008.log   0000000009.log      0000000003.spare  0000000004.spare
//!   [h|7 8 9 .... ]->[h|10 11 12 .. ]->[h|13 14      ]     [0000000000000]   [stale frames]
//!    oldest           sealed            active
//! ```
//!
//! Appending a group builds its frames in one buffer and costs one write and one sync. When a frame does not
//! fit, the active segment is synced and sealed, and a spare becomes the next one: header, sync, rename, sync
//! of the folder, and only then frames. Trimming renames the oldest segments to spares, one by one, each
//! made durable before the next, so that after a crash at any instant the segments that are left are
//! consecutive.
//!
//! Invariants:
//! - a segment is synced before the next one is begun (not under `os`, where only headers and names are);
//! - behind the last frame of the active segment there is no frame with a number yet to come;
//! - `synced` is durable, and what the frames say about it is never too much.

pub mod disk;
pub mod segment;

mod open;
mod reader;
pub(crate) mod recover;
pub(crate) mod scan;
mod spares;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use open::Recovery;
pub use spares::Spares;

pub(crate) use open::{Folder, cut, read, settle};
pub(crate) use spares::{is_unfinished, unfinished};

use crate::frame::{self, Identity, Position};
use crate::{ENTRY_BYTES_MAX, Entry, Fault, Log, Reader, Space, Stats};
use disk::Disk;
use reader::Shared;
use segment::{FRAMES_START, Segment, SegmentHeader, Slot};
use spares::{Pool, Spare};

/// The largest segment, in bytes: offsets are 32 bits wide.
pub const SEGMENT_BYTES_MAX: u64 = 1 << 30;

/// A group larger than this is written in several pieces, in bytes; the sync is still one.
const WRITE_BYTES: usize = 8 << 20;

/// When an append counts as durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// When the disk has it: survives power loss.
    Fsync,
    /// When the operating system has it: survives a kill of the process, not power loss.
    Os,
}

/// How a file log works. The shard's number and the salt are fixed when the log is made.
#[derive(Clone, Debug)]
pub struct Options {
    /// The shard's number.
    pub shard: u16,
    /// A random secret, used when the log is made and kept in it from then on.
    pub salt: u64,
    /// When an append counts as durable.
    pub durability: Durability,
    /// Bytes of a segment; at most [`SEGMENT_BYTES_MAX`], and enough for the largest entry.
    pub segment_bytes: u64,
    /// Bytes of the first segment of a new log, if that is less: so that starting is instant.
    pub first_segment_bytes: u64,
    /// The largest payload of one entry, in bytes.
    pub entry_bytes_max: u32,
    /// Who makes spare segments.
    pub spares: Spares,
    /// How many spare segments there should be; two of them are the reserve for a full disk.
    pub spare_count: usize,
    /// How long to wait before trying again to make a spare segment.
    pub retry: Duration,
}

impl Options {
    /// The defaults: durable, segments of 16 MiB, the first of 4 MiB, entries of at most 4 MiB, three
    /// spares made in the background.
    #[must_use]
    pub fn new(shard: u16, salt: u64) -> Self {
        Self {
            shard,
            salt,
            durability: Durability::Fsync,
            segment_bytes: 16 << 20,
            first_segment_bytes: 4 << 20,
            entry_bytes_max: ENTRY_BYTES_MAX,
            spares: Spares::Background,
            spare_count: 3,
            retry: Duration::from_secs(1),
        }
    }

    /// Bytes of the first segment of a new log.
    fn first_bytes(&self) -> u64 {
        self.first_segment_bytes.max(FRAMES_START).min(self.segment_bytes)
    }

    fn check(&self) -> Result<(), Fault> {
        let largest = FRAMES_START + frame::framed(u64::from(self.entry_bytes_max));
        if self.segment_bytes > SEGMENT_BYTES_MAX {
            let why =
                format!("segments of {} bytes, and the most is {SEGMENT_BYTES_MAX}", self.segment_bytes);
            return Err(Fault::Options { why });
        }
        if self.segment_bytes < largest {
            let why = format!(
                "segments of {} bytes cannot hold an entry, which takes {largest}",
                self.segment_bytes
            );
            return Err(Fault::Options { why });
        }
        Ok(())
    }
}

/// A log in the files of one folder.
pub struct FileLog {
    disk: Arc<dyn Disk>,
    durability: Durability,
    entry_bytes_max: u32,
    segment_bytes: u64,
    identity: Identity,
    shared: Arc<Shared>,
    active: Arc<Segment>,
    /// Where the next frame goes in the active segment.
    end: u64,
    /// The tail.
    at: Position,
    /// The last number known to be durable.
    synced: u64,
    pool: Pool,
    space: Arc<Space>,
    stats: Arc<Stats>,
    recovery: Recovery,
    poisoned: bool,
    /// Frames on their way to the active segment; kept for its allocation.
    buffer: Vec<u8>,
    /// The frames of the group that is being appended, in the active segment; kept for its allocation.
    slots: Vec<Slot>,
}

/// What a group has filled before its last segment; shown to readers when the whole group is durable.
#[derive(Default)]
struct Filled {
    sealed: Vec<(Arc<Segment>, Vec<Slot>)>,
    begun: Vec<Arc<Segment>>,
    bytes: u64,
}

impl FileLog {
    /// Opens the log in the folder `disk`, or makes a new one if the folder is empty. Nothing else may use
    /// the folder meanwhile.
    ///
    /// # Errors
    /// [`Fault::Options`]; [`Fault::Rot`] and [`Fault::Newer`] if the files must not be touched;
    /// [`Fault::Io`].
    pub fn open(disk: Arc<dyn Disk>, options: &Options) -> Result<Self, Fault> {
        options.check()?;
        let (folder, recovery) = open::recover(&disk, options)?;
        let last = folder.segments.last().expect("recovery leaves at least one segment");
        let header = last.header.as_ref().expect("recovery refuses damaged headers");
        let (identity, at, end) = (header.identity, last.last, last.end);
        let synced = match options.durability {
            Durability::Fsync => at.number,
            Durability::Os => folder.segments.iter().map(|found| found.synced).max().unwrap_or(0),
        };
        let mut segments = VecDeque::with_capacity(folder.segments.len());
        for found in folder.segments {
            let header = found.header.expect("recovery refuses damaged headers");
            segments.push_back(Arc::new(Segment::new(&header, found.file, found.bytes, found.slots)));
        }
        let active = Arc::clone(segments.back().expect("as above"));
        let space = Arc::new(Space::new(2 * (options.segment_bytes - FRAMES_START)));
        space.set_active(active.capacity.saturating_sub(end));
        let pool = Pool::start(Arc::clone(&disk), options, Arc::clone(&space), &folder.spares)?;
        Ok(Self {
            disk,
            durability: options.durability,
            entry_bytes_max: options.entry_bytes_max,
            segment_bytes: options.segment_bytes,
            identity,
            shared: Arc::new(Shared::new(segments)),
            active,
            end,
            at,
            synced,
            pool,
            space,
            stats: Arc::new(Stats::default()),
            recovery,
            poisoned: false,
            buffer: Vec::new(),
            slots: Vec::new(),
        })
    }

    /// What opening this log found and did.
    #[must_use]
    pub fn recovery(&self) -> Recovery {
        self.recovery
    }

    /// Refuses a group that must not be appended; says how many further segments it needs.
    fn check(&self, entries: &[Entry]) -> Result<usize, Fault> {
        let (mut at, mut end, mut capacity, mut segments) = (self.at, self.end, self.active.capacity, 0);
        for entry in entries {
            crate::entry::check(entry, at.number, at.epoch, self.entry_bytes_max)?;
            (at.number, at.epoch) = (entry.number, entry.epoch);
            let bytes = frame::framed(entry.payload.len() as u64);
            if end + bytes > capacity {
                segments += 1;
                (end, capacity) = (FRAMES_START, self.segment_bytes);
            }
            end += bytes;
        }
        Ok(segments)
    }

    /// Writes a group that was checked. A fault in here poisons the log.
    fn write(&mut self, entries: &[Entry], spares: Vec<Spare>) -> Result<(), Fault> {
        let mut spares = spares.into_iter();
        let mut filled = Filled::default();
        for entry in entries {
            let bytes = frame::framed(entry.payload.len() as u64);
            let offset = self.end + self.buffer.len() as u64;
            if offset + bytes > self.active.capacity {
                let spare = spares.next().expect("as many as the check counted");
                self.roll(spare, &mut filled)?;
            } else if self.buffer.len() > WRITE_BYTES {
                self.flush()?;
            }
            let offset = self.end + self.buffer.len() as u64;
            let offset = u32::try_from(offset).expect("segments are smaller than 4 GiB");
            let length = u32::try_from(entry.payload.len()).expect("checked against the bound");
            self.slots.push(Slot { offset, length });
            self.at = frame::write(&mut self.buffer, self.identity, &self.at, entry, self.synced);
            filled.bytes += bytes;
        }
        self.flush()?;
        self.sync()?;
        self.show(filled, entries.len());
        Ok(())
    }

    /// Writes what is in the buffer to the active segment.
    fn flush(&mut self) -> Result<(), Fault> {
        if !self.buffer.is_empty() {
            let file = &self.active.file;
            file.write_at(&self.buffer, self.end).map_err(Fault::io("write to", &self.active.name))?;
            self.end += self.buffer.len() as u64;
            self.buffer.clear();
            self.buffer.shrink_to(2 * WRITE_BYTES);
        }
        Ok(())
    }

    /// Makes what was written to the active segment durable, if that is promised.
    fn sync(&mut self) -> Result<(), Fault> {
        if self.durability == Durability::Fsync {
            self.sync_segment(&self.active)?;
            self.synced = self.at.number;
        }
        Ok(())
    }

    fn sync_segment(&self, segment: &Segment) -> Result<(), Fault> {
        let started = Instant::now();
        segment.file.sync_data().map_err(Fault::io("sync", &segment.name))?;
        self.stats.synced(started.elapsed());
        Ok(())
    }

    /// Seals the active segment and makes `spare` the active one.
    fn roll(&mut self, spare: Spare, filled: &mut Filled) -> Result<(), Fault> {
        if !self.slots.is_empty() {
            self.flush()?;
            self.sync()?;
        }
        let (identity, ordinal) = (self.identity, self.active.ordinal + 1);
        let header = SegmentHeader { identity, ordinal, before: self.at, synced: self.synced };
        let begun = Arc::new(Segment::new(&header, spare.file, spare.bytes, Vec::new()));
        let step = |step| Fault::io(step, &begun.name);
        begun.file.write_at(&header.encode(), 0).map_err(step("write the header of"))?;
        begun.file.sync_data().map_err(step("sync"))?;
        self.disk.rename(&spare.name, &begun.name).map_err(step("name"))?;
        self.disk.sync_folder().map_err(Fault::io("sync", "the shard's folder"))?;
        let sealed = std::mem::replace(&mut self.active, Arc::clone(&begun));
        filled.sealed.push((sealed, std::mem::take(&mut self.slots)));
        filled.begun.push(begun);
        self.end = FRAMES_START;
        self.stats.segment_begun();
        Ok(())
    }

    /// Shows a durable group to the readers.
    fn show(&mut self, filled: Filled, entries: usize) {
        for (segment, slots) in filled.sealed {
            segment.extend(&slots);
        }
        self.active.extend(&self.slots);
        self.slots.clear();
        self.shared.show(filled.begun, self.at.number, filled.bytes);
        self.space.set_active(self.active.capacity - self.end);
        self.stats.appended(entries, filled.bytes);
    }

    /// Makes everything durable, whatever was promised.
    fn settle(&mut self) -> Result<(), Fault> {
        for segment in self.shared.all() {
            if segment.last() > self.synced {
                self.sync_segment(&segment)?;
            }
        }
        self.synced = self.at.number;
        Ok(())
    }

    /// Gives trimmed segments to the pool of spares, the oldest first, each durably before the next.
    fn free(&mut self, first: u64) -> Result<(), Fault> {
        while let Some(segment) = self.shared.take_oldest(first) {
            let name = self.pool.name();
            self.disk.rename(&segment.name, &name).map_err(Fault::io("recycle", &segment.name))?;
            self.disk.sync_folder().map_err(Fault::io("sync", "the shard's folder"))?;
            self.pool.give(Spare { name, file: Arc::clone(&segment.file), bytes: segment.capacity });
        }
        Ok(())
    }

    /// Remembers that something failed half-way.
    fn poison<T>(&mut self, result: Result<T, Fault>) -> Result<T, Fault> {
        self.poisoned |= result.is_err();
        result
    }
}

impl Log for FileLog {
    fn append(&mut self, entries: &[Entry]) -> Result<(), Fault> {
        if self.poisoned {
            return Err(Fault::Poisoned);
        }
        if entries.is_empty() {
            return Ok(());
        }
        let segments = self.check(entries)?;
        let spares = match segments {
            0 => Vec::new(),
            some => self.pool.take(some).ok_or(Fault::Full)?,
        };
        let written = self.write(entries, spares);
        self.poison(written)?;
        self.pool.tend();
        Ok(())
    }

    fn tail(&self) -> u64 {
        self.shared.tail()
    }

    fn epoch(&self) -> u64 {
        self.at.epoch
    }

    fn time_ms(&self) -> u64 {
        self.at.time_ms
    }

    fn first(&self) -> u64 {
        self.shared.first()
    }

    fn trim(&mut self, first: u64) -> Result<u64, Fault> {
        if self.poisoned {
            return Err(Fault::Poisoned);
        }
        if self.shared.oldest_sealed_end().is_some_and(|end| end < first) {
            let settled = self.settle();
            self.poison(settled)?;
        }
        let freed = self.free(first);
        self.poison(freed)?;
        self.pool.tend();
        Ok(self.shared.first())
    }

    fn reader(&self) -> Arc<dyn Reader> {
        Arc::clone(&self.shared) as Arc<dyn Reader>
    }

    fn space(&self) -> Arc<Space> {
        Arc::clone(&self.space)
    }

    fn stats(&self) -> Arc<Stats> {
        Arc::clone(&self.stats)
    }
}

#[cfg(test)]
mod tests;
