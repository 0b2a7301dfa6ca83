//! Durable, append-only, ordered bytes: one log per shard.
//!
//! ```text
//!            trim point                                    tail
//!               |                                            |
//!   ............v____________________________________________v
//!   : recycled :| 7 | 8 | 9 |10 |11 |12 |13 |14 |15 |16 |17 |   room   |
//!   :..........:|___|___|___|___|___|___|___|___|___|___|___|__________|
//!               ^ first()      sealed ^ segment   active ^    ^ append() writes here, and only here
//!               |                                        |
//!               scan(), pin() and read_at() work on everything between first() and tail()
//! ```
//!
//! A [`Log`] has one owner, the thread of its shard, and its calls block. A [`Reader`] may be used
//! by any thread while the owner appends. The contract, which the suite in [`contract`] checks for every
//! implementation:
//!
//! 1. Entries are numbered 1, 2, 3, … without a gap. An append names the position that it expects by the
//!    number of its first entry; anything but `tail() + 1` is [`Fault::NotAtTail`] and changes nothing.
//! 2. Epochs never go down. An append with an epoch lower than the last is [`Fault::Fenced`] and changes
//!    nothing: this is how a deposed owner learns of it.
//! 3. When `append` returns `Ok`, all its entries are durable, by the durability of the log. When it
//!    returns a fault, some of them may be; the caller drops the log and opens it again.
//! 4. After a failed write or a failed sync nothing is written any more: the log is poisoned, every later
//!    append and trim is [`Fault::Poisoned`]. Reading still works.
//! 5. Readers see an entry once its append has returned, never before.
//! 6. `trim(first)` only ever frees whole segments before `first`, from the oldest on, stops at the first
//!    that is pinned, and never touches the active one. `first()` says what is really the oldest entry.
//!    After a crash `first()` may be lower than before it, never higher.
//! 7. Opening a log again gives a prefix of what was appended, with everything in it that was durable.
//!
//! The log neither knows nor cares what the payloads mean.
//!
//! Beside the logs, the publications of an archived topic are kept in an [`archive`]: the same segments and
//! frames, but ordered by the topic's own sequence, trimmed by time, and with an index so sparse and files
//! so closed that there may be many of them, each larger than memory.

pub mod archive;
pub mod check;
pub mod contract;
pub mod directory;
pub mod entry;
pub mod fault;
pub mod faulty;
pub mod file;
pub mod frame;
pub mod memory;
pub mod space;
pub mod stats;

use std::sync::Arc;

use bytes::Bytes;

pub use archive::{Archive, ArchiveReader, Record};
pub use entry::{ENTRY_BYTES_MAX, Entry};
pub use fault::Fault;
pub use file::{Durability, FileLog, Options, Spares};
pub use memory::MemoryLog;
pub use space::Space;
pub use stats::Stats;

/// The log of one shard, as its single owner sees it. The calls block.
pub trait Log: Send {
    /// Appends a group of entries and returns when all of them are durable.
    ///
    /// The whole group costs one write (a few where it crosses a segment border or is very large) and one
    /// sync. An empty group does nothing.
    ///
    /// # Errors
    /// [`Fault::NotAtTail`], [`Fault::Fenced`], [`Fault::TooLarge`] and [`Fault::Full`] are found before
    /// anything is written. [`Fault::Io`] poisons the log.
    fn append(&mut self, entries: &[Entry]) -> Result<(), Fault>;

    /// The number of the last entry; 0 when nothing was ever appended.
    fn tail(&self) -> u64;

    /// The highest epoch that the log knows of; 0 when nothing was ever appended.
    fn epoch(&self) -> u64;

    /// The time of the last entry, in milliseconds since the Unix epoch; 0 when nothing was ever appended.
    fn time_ms(&self) -> u64;

    /// The number of the oldest readable entry, the trim point; `tail() + 1` when there is none.
    fn first(&self) -> u64;

    /// Frees the segments that lie wholly before `first`; returns the real first. Everything from `first`
    /// on is made durable before anything is freed, whatever the durability of the log.
    ///
    /// # Errors
    /// [`Fault::Io`] poisons the log; [`Fault::Poisoned`] if it already is.
    fn trim(&mut self, first: u64) -> Result<u64, Fault>;

    /// A reader for other threads.
    fn reader(&self) -> Arc<dyn Reader>;

    /// Whether there is room for the log to grow.
    fn space(&self) -> Arc<Space>;

    /// What the log did so far, for metrics.
    fn stats(&self) -> Arc<Stats>;
}

/// Reads a log from any thread while its owner appends and trims.
pub trait Reader: Send + Sync {
    /// Whole entries in order, starting with number `from`, each checked against its CRC.
    ///
    /// Stops before the payloads exceed `bytes_max` or at the end of a segment, whichever comes first; but
    /// gives at least one entry if there is one. Empty means that `from` is beyond the tail. The payloads
    /// of one answer share one allocation: copy what is to be kept for long.
    ///
    /// # Errors
    /// [`Fault::Trimmed`] if `from` is before the trim point, [`Fault::Rot`] if a frame is damaged,
    /// [`Fault::Io`].
    fn scan(&self, from: u64, bytes_max: usize) -> Result<Vec<Entry>, Fault>;

    /// Keeps the segment that holds entry `number` from being trimmed for as long as the pin lives. `None`
    /// if there is no such entry.
    fn pin(&self, number: u64) -> Option<Pin>;

    /// The number of the oldest readable entry; one more than the tail when there is none.
    fn first(&self) -> u64;

    /// The number of the last readable entry; 0 when nothing was ever appended.
    fn tail(&self) -> u64;

    /// The last number in the oldest segment that is not the active one: what compaction may aim to trim
    /// through. `None` while everything is in the active segment.
    fn oldest_sealed_end(&self) -> Option<u64>;

    /// Bytes of frames from the trim point to the tail, live and garbage together.
    fn bytes(&self) -> u64;
}

/// What a pin holds on to: one segment of some log.
pub(crate) trait Pinned: Send + Sync {
    /// A slice of an entry's payload.
    fn read_at(&self, number: u64, offset: u32, len: u32) -> Result<Bytes, Fault>;
}

/// Holds one segment, so that payloads can be read from it however long that takes.
pub struct Pin(pub(crate) Arc<dyn Pinned>);

impl Pin {
    /// Reads `len` bytes at `offset` of the payload of entry `number`, which must be the pinned entry or
    /// one in the same segment. The frame's CRC is not checked, since that would read all of it: the
    /// caller checks what it reads.
    ///
    /// # Errors
    /// [`Fault::OutOfRange`] if the slice is not inside that payload, [`Fault::Io`].
    pub fn read_at(&self, number: u64, offset: u32, len: u32) -> Result<Bytes, Fault> {
        self.0.read_at(number, offset, len)
    }
}
