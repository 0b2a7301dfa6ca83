//! Compaction: the log never grows with what is gone.
//!
//! When more than half of the log is garbage, what is still live in its oldest segment is stated
//! again at the tail, and the segment is trimmed once that is durable. There are no snapshots and no
//! second way to start: the log from its trim point is the state. While the disk is full much less
//! garbage is enough, because then room counts for more than writing.
//!
//! It runs in slices, one a turn, so that nobody waits long for it.
//!
//! How much is live is an estimate, and an estimate that is too low would make compaction state the same
//! things again for ever. So there is a bound that does not depend on it: [`Writer::credit`] grows with
//! what commands write and shrinks with what compaction writes.

use crate::writer::{Caller, Writer};
use postrider_core::codec::{self, Malformed};
use postrider_core::{Event, Lsn};
use postrider_log::{Entry, Fault, Reader};

/// Bytes of old entries that one slice reads.
pub const SLICE_BYTES: usize = 1 << 20;

/// Why compaction cannot go on: what is in the log can no longer be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The log failed.
    #[error("reading the oldest segment")]
    Log(#[from] Fault),
    /// An entry is not what was written.
    #[error("reading the oldest segment")]
    Malformed(#[from] Malformed),
}

/// Compacts one log, one segment after the other.
#[derive(Debug)]
pub struct Compactor {
    slice_bytes: usize,
    running: Option<Running>,
    /// Everything before this entry is stated again and may be trimmed, and nobody has seen that it is.
    trimming: Option<u64>,
}

/// A segment on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Running {
    /// The next entry to look at.
    next: u64,
    /// The last entry of the segment.
    through: u64,
}

impl Compactor {
    /// A compactor that reads about `slice_bytes` a turn, but at least one entry.
    pub fn new(slice_bytes: usize) -> Compactor {
        Compactor { slice_bytes, running: None, trimming: None }
    }

    /// Is there another slice to do at once?
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Should there be another turn soon, although there is nothing to do at once? The log may be about to
    /// trim a segment, or somebody reads from it.
    pub fn waits(&self) -> bool {
        self.trimming.is_some()
    }

    /// Does one slice within the turn that is open, if there is anything to do. A segment is looked at
    /// only after the one before it is really gone.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn slice<T: Caller>(
        &mut self,
        writer: &mut Writer<T>,
        reader: &dyn Reader,
    ) -> Result<(), Unreadable> {
        self.trimming = self.trimming.filter(|trimming| reader.first() < *trimming);
        if self.trimming.is_some() {
            writer.trim = self.trimming;
            return Ok(());
        }
        if self.running.is_none() && wanted(writer, reader) {
            self.begin(reader);
        }
        self.go_on(writer, reader)
    }

    /// Begins with the oldest segment that takes no more appends, whether or not that is worth it. Does
    /// nothing if there is none, or if compaction is under way.
    pub fn begin(&mut self, reader: &dyn Reader) {
        if self.running.is_none() && self.trimming.is_none_or(|trimming| reader.first() >= trimming) {
            let through = reader.oldest_sealed_end();
            self.running = through.map(|through| Running { next: reader.first(), through });
        }
    }

    fn go_on<T: Caller>(&mut self, writer: &mut Writer<T>, reader: &dyn Reader) -> Result<(), Unreadable> {
        let Some(mut running) = self.running else { return Ok(()) };
        let entries = reader.scan(running.next, self.slice_bytes)?;
        for entry in entries.iter().filter(|entry| entry.number <= running.through) {
            state_again(writer, entry)?;
            running.next = entry.number + 1;
        }
        self.running = Some(running);
        if running.next > running.through {
            self.running = None;
            self.trimming = Some(running.through + 1);
            writer.trim = self.trimming;
        }
        Ok(())
    }
}

/// Is enough of the log garbage, and has enough been written since that was last put right?
fn wanted<T: Caller>(writer: &Writer<T>, reader: &dyn Reader) -> bool {
    let (bytes, live) = (reader.bytes(), writer.shard().live_bytes());
    let garbage = if writer.space().full() { live / 64 } else { live };
    let enough = live.saturating_add(garbage);
    bytes > enough && writer.credit() >= 0
}

/// States again what is live of an entry. Each statement is applied before the next is asked for, so
/// nothing is stated twice.
fn state_again<T: Caller>(writer: &mut Writer<T>, entry: &Entry) -> Result<(), Malformed> {
    let lsn = Lsn(entry.number);
    let mut events: Vec<Event> = Vec::new();
    codec::decode(lsn, &entry.payload, |event| events.push(event))?;
    let mut restated = Vec::new();
    for event in &events {
        writer.shard().restate(lsn, event, &mut restated);
        for event in restated.drain(..) {
            writer.restate(event);
        }
    }
    Ok(())
}
