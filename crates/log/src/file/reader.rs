//! Reading a file log while its owner appends: the list of segments, and three numbers.
//!
//! The list is locked for as long as it takes to find a segment in it; reading a file happens outside the
//! lock, on a counted reference, and that reference is also what keeps a segment from being trimmed.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use super::segment::{FRAMES_START, Segment};
use crate::{Entry, Fault, Pin, Reader};

/// What the owner of a file log shares with its readers.
pub(crate) struct Shared {
    /// From the oldest to the active one; never empty. Each begins where the one before ends.
    segments: RwLock<VecDeque<Arc<Segment>>>,
    tail: AtomicU64,
    bytes: AtomicU64,
}

impl Shared {
    pub(crate) fn new(segments: VecDeque<Arc<Segment>>) -> Self {
        let tail = segments.back().map_or(0, |segment| segment.last());
        let bytes = segments.iter().map(|segment| segment.end() - FRAMES_START).sum();
        Self { segments: RwLock::new(segments), tail: AtomicU64::new(tail), bytes: AtomicU64::new(bytes) }
    }

    /// Shows the log up to `tail`, with a new active segment if there is one.
    pub(crate) fn show(&self, begun: Vec<Arc<Segment>>, tail: u64, bytes: u64) {
        if !begun.is_empty() {
            self.segments.write().expect("nothing panics under this lock").extend(begun);
        }
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.tail.store(tail, Ordering::Release);
    }

    /// Takes the oldest segment off the list if it lies wholly before `first`, is not the active one and
    /// nobody reads from it.
    pub(crate) fn take_oldest(&self, first: u64) -> Option<Arc<Segment>> {
        let mut segments = self.segments.write().expect("nothing panics under this lock");
        let oldest = segments.front()?;
        // New references are made under the lock only, so a count of one stays one.
        let free = segments.len() > 1 && oldest.last() < first && Arc::strong_count(oldest) == 1;
        let oldest = if free { segments.pop_front() } else { None }?;
        self.bytes.fetch_sub(oldest.end() - FRAMES_START, Ordering::Relaxed);
        Some(oldest)
    }

    /// All segments, the oldest first.
    pub(crate) fn all(&self) -> Vec<Arc<Segment>> {
        self.look(|segments| segments.iter().cloned().collect())
    }

    fn segment(&self, number: u64) -> Option<Arc<Segment>> {
        self.look(|segments| {
            let after = segments.partition_point(|segment| segment.first <= number);
            segments.get(after.checked_sub(1)?).cloned()
        })
    }

    fn look<T>(&self, look: impl FnOnce(&VecDeque<Arc<Segment>>) -> T) -> T {
        look(&self.segments.read().expect("nothing panics under this lock"))
    }
}

impl Reader for Shared {
    fn scan(&self, from: u64, bytes_max: usize) -> Result<Vec<Entry>, Fault> {
        if from > self.tail() {
            return Ok(Vec::new());
        }
        match self.segment(from) {
            Some(segment) => segment.scan(from, bytes_max),
            None => Err(Fault::Trimmed { number: from, first: self.first() }),
        }
    }

    fn pin(&self, number: u64) -> Option<Pin> {
        let segment = self.segment(number)?;
        segment.slot(number)?;
        Some(Pin(segment))
    }

    fn first(&self) -> u64 {
        self.look(|segments| segments.front().map_or(1, |segment| segment.first))
    }

    fn tail(&self) -> u64 {
        self.tail.load(Ordering::Acquire)
    }

    fn oldest_sealed_end(&self) -> Option<u64> {
        self.look(|segments| {
            let sealed = segments.len().saturating_sub(1);
            segments
                .iter()
                .take(sealed)
                .map(|segment| (segment.first, segment.last()))
                .find(|(first, last)| last >= first)
        })
        .map(|(_, last)| last)
    }

    fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}
