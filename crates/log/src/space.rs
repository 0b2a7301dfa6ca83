//! Whether a log may grow.
//!
//! A full disk must never be met by an append, because a failed write poisons the log. So room is asked for
//! *before* what was decided happens, and the answer is a matter of a few atomics: the background allocator
//! makes spare segments ahead of need; while it succeeds there is room. Once it fails, commands that grow
//! the log have room only above a reserve of two segments, which is kept for what frees space: receives,
//! deletes, settles and compaction, which do not ask. The allocator keeps trying and clears the state.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How much room a log has; shared between the log, its allocator and whoever decides commands.
#[derive(Debug, Default)]
pub struct Space {
    failed: AtomicBool,
    active: AtomicU64,
    spares: AtomicU64,
    reserve: u64,
}

impl Space {
    /// Space that never ends: for logs that hold no files.
    #[must_use]
    pub fn unlimited() -> Self {
        Self::default()
    }

    /// Space with a reserve of `reserve` bytes once allocation fails.
    pub(crate) fn new(reserve: u64) -> Self {
        Self { reserve, ..Self::default() }
    }

    /// Whether a command that grows the log by `bytes` may happen. `bytes` is the size of its own events
    /// plus everything that was decided and is not yet appended.
    #[must_use]
    pub fn room(&self, bytes: u64) -> bool {
        if !self.full() {
            return true;
        }
        let free = self.active.load(Ordering::Relaxed).saturating_add(self.spares.load(Ordering::Relaxed));
        free >= self.reserve.saturating_add(bytes)
    }

    /// Whether the allocator failed to make a spare segment and has not succeeded since.
    #[must_use]
    pub fn full(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// The allocator failed. True if that is news.
    pub(crate) fn fail(&self) -> bool {
        !self.failed.swap(true, Ordering::Relaxed)
    }

    /// The allocator has as many spares as it wants. True if that is news.
    pub(crate) fn recover(&self) -> bool {
        self.failed.swap(false, Ordering::Relaxed)
    }

    /// Bytes left in the active segment.
    pub(crate) fn set_active(&self, bytes: u64) {
        self.active.store(bytes, Ordering::Relaxed);
    }

    /// Bytes that the spare segments can hold.
    pub(crate) fn set_spares(&self, bytes: u64) {
        self.spares.store(bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_until_the_allocator_fails_and_then_only_above_the_reserve() {
        let space = Space::new(200);
        assert!(space.room(u64::MAX), "an allocator that has not failed can make more");
        assert!(space.fail());
        assert!(!space.fail(), "the second failure is no news");
        space.set_active(50);
        space.set_spares(160);
        assert!(space.room(10));
        assert!(!space.room(11));
        assert!(!space.room(u64::MAX));
        assert!(space.recover());
        assert!(space.room(11) && !space.full());
    }
}
