//! Compaction: the log never grows with what is gone.
//!
//! When more than half of the log is garbage, what is still live in its oldest segment is stated
//! again at the tail, and the segment is trimmed once that is durable. There are no snapshots and no
//! second way to start: the log from its trim point is the state.
//!
//! It runs in slices, one a turn, so that nobody waits long for it.

use crate::writer::{Caller, Writer};
use postrider_core::codec::{self, Malformed};
use postrider_core::{Event, Lsn};
use postrider_log::{Entry, Reader};

/// Bytes of old entries that one slice reads.
pub const SLICE_BYTES: usize = 1 << 20;

/// A segment on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compaction {
    /// The next entry to look at.
    next: u64,
    /// The last entry of the segment.
    through: u64,
}

impl Compaction {
    /// The oldest segment, if more than half of the log is garbage and that segment takes no more
    /// appends.
    pub fn wanted(reader: &dyn Reader, live_bytes: u64) -> Option<Compaction> {
        let through = reader.oldest_sealed_end()?;
        (reader.bytes() > live_bytes.saturating_mul(2)).then(|| Compaction { next: reader.first(), through })
    }

    /// The next entry to look at.
    pub fn next(&self) -> u64 {
        self.next
    }
}

impl<T: Caller> Writer<T> {
    /// States again what is live in `entries`, which were read from where `compaction` stands, within
    /// the turn that is open. Says how the compaction goes on; after its last slice the segment is
    /// trimmed with the turn's entry.
    ///
    /// # Errors
    /// An entry that this very writer or its predecessors wrote cannot be read.
    pub fn compact(
        &mut self,
        compaction: Compaction,
        entries: &[Entry],
    ) -> Result<Option<Compaction>, Malformed> {
        let mut next = compaction.next;
        let mut restated = Vec::new();
        for entry in entries.iter().filter(|entry| entry.number <= compaction.through) {
            let lsn = Lsn(entry.number);
            let mut events: Vec<Event> = Vec::new();
            codec::decode(lsn, &entry.payload, |event| events.push(event))?;
            for event in &events {
                self.shard.restate(lsn, event, &mut restated);
                for event in restated.drain(..) {
                    self.log(vec![event]);
                }
            }
            next = entry.number + 1;
        }
        if next > compaction.through {
            self.trim = Some(compaction.through + 1);
            return Ok(None);
        }
        Ok(Some(Compaction { next, ..compaction }))
    }
}
