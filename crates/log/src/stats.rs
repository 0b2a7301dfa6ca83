//! Counters of what a log did, for metrics. Relaxed atomics: each is right, together they may be a moment
//! apart.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counters since the log was opened.
#[derive(Debug, Default)]
pub struct Stats {
    appends: AtomicU64,
    entries: AtomicU64,
    bytes: AtomicU64,
    syncs: AtomicU64,
    sync_ns: AtomicU64,
    sync_ns_last: AtomicU64,
    segments: AtomicU64,
}

impl Stats {
    /// Groups appended.
    #[must_use]
    pub fn appends(&self) -> u64 {
        self.appends.load(Ordering::Relaxed)
    }

    /// Entries appended.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.entries.load(Ordering::Relaxed)
    }

    /// Bytes of frames appended.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Syncs of frames (`fdatasync`); those of segment headers and folders are not counted.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }

    /// Nanoseconds spent in all those syncs together.
    #[must_use]
    pub fn sync_ns(&self) -> u64 {
        self.sync_ns.load(Ordering::Relaxed)
    }

    /// Nanoseconds that the latest sync took: the sample for a latency histogram after each append.
    #[must_use]
    pub fn sync_ns_last(&self) -> u64 {
        self.sync_ns_last.load(Ordering::Relaxed)
    }

    /// Segments begun.
    #[must_use]
    pub fn segments(&self) -> u64 {
        self.segments.load(Ordering::Relaxed)
    }

    pub(crate) fn appended(&self, entries: usize, bytes: u64) {
        self.appends.fetch_add(1, Ordering::Relaxed);
        self.entries.fetch_add(entries as u64, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn synced(&self, took: Duration) {
        let ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.syncs.fetch_add(1, Ordering::Relaxed);
        self.sync_ns.fetch_add(ns, Ordering::Relaxed);
        self.sync_ns_last.store(ns, Ordering::Relaxed);
    }

    pub(crate) fn segment_begun(&self) {
        self.segments.fetch_add(1, Ordering::Relaxed);
    }
}
