//! The log in memory: for tests, and for a server that is told to forget everything when it stops.
//!
//! It is made of segments like the file log, so that trimming, pinning and what compaction may aim at behave
//! alike. Nothing is ever full, and nothing fails.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use bytes::Bytes;

use crate::{Entry, Fault, Log, Pin, Pinned, Reader, Space, Stats, entry, frame};

/// A log that lives as long as the process.
pub struct MemoryLog {
    shared: Arc<Shared>,
    segment_bytes: u64,
    entry_bytes_max: u32,
    epoch: u64,
    time_ms: u64,
    space: Arc<Space>,
    stats: Arc<Stats>,
}

struct Shared {
    /// From the oldest to the active one; never empty.
    segments: RwLock<VecDeque<Arc<Segment>>>,
    tail: AtomicU64,
}

struct Segment {
    first: u64,
    entries: RwLock<Vec<Entry>>,
    /// What the entries would take as frames.
    bytes: AtomicU64,
}

impl MemoryLog {
    /// An empty log with segments of about `segment_bytes` and payloads of at most `entry_bytes_max`.
    #[must_use]
    pub fn new(segment_bytes: u64, entry_bytes_max: u32) -> Self {
        let segments = RwLock::new(VecDeque::from([Arc::new(Segment::new(1))]));
        Self {
            shared: Arc::new(Shared { segments, tail: AtomicU64::new(0) }),
            segment_bytes,
            entry_bytes_max,
            epoch: 0,
            time_ms: 0,
            space: Arc::new(Space::unlimited()),
            stats: Arc::new(Stats::default()),
        }
    }
}

impl Log for MemoryLog {
    fn append(&mut self, entries: &[Entry]) -> Result<(), Fault> {
        let (mut number, mut epoch) = (self.tail(), self.epoch);
        for entry in entries {
            entry::check(entry, number, epoch, self.entry_bytes_max)?;
            (number, epoch) = (entry.number, entry.epoch);
        }
        let Some(last) = entries.last() else { return Ok(()) };
        let mut bytes = 0;
        for entry in entries {
            let framed = frame::framed(entry.payload.len() as u64);
            if self.shared.append(entry.clone(), framed, self.segment_bytes) {
                self.stats.segment_begun();
            }
            bytes += framed;
        }
        (self.epoch, self.time_ms) = (last.epoch, last.time_ms);
        self.shared.tail.store(last.number, Ordering::Release);
        self.stats.appended(entries.len(), bytes);
        Ok(())
    }

    fn tail(&self) -> u64 {
        self.shared.tail()
    }

    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn time_ms(&self) -> u64 {
        self.time_ms
    }

    fn first(&self) -> u64 {
        self.shared.first()
    }

    fn trim(&mut self, first: u64) -> Result<u64, Fault> {
        self.shared.trim(first);
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

impl Shared {
    /// Adds an entry; true if that began a segment.
    fn append(&self, entry: Entry, framed: u64, segment_bytes: u64) -> bool {
        let mut segments = self.segments.write().expect("nothing panics under this lock");
        let active = segments.back().expect("never empty");
        let full = active.last() >= active.first && active.bytes() + framed > segment_bytes;
        if full {
            segments.push_back(Arc::new(Segment::new(entry.number)));
        }
        let active = segments.back().expect("never empty");
        active.entries.write().expect("nothing panics under this lock").push(entry);
        active.bytes.fetch_add(framed, Ordering::Relaxed);
        full
    }

    fn trim(&self, first: u64) {
        let mut segments = self.segments.write().expect("nothing panics under this lock");
        while segments.len() > 1 && segments[0].last() < first && Arc::strong_count(&segments[0]) == 1 {
            segments.pop_front();
        }
    }

    fn segment(&self, number: u64) -> Option<Arc<Segment>> {
        let segments = self.segments.read().expect("nothing panics under this lock");
        let after = segments.partition_point(|segment| segment.first <= number);
        segments.get(after.checked_sub(1)?).cloned()
    }

    fn look<T>(&self, look: impl FnOnce(&VecDeque<Arc<Segment>>) -> T) -> T {
        look(&self.segments.read().expect("nothing panics under this lock"))
    }
}

impl Reader for Shared {
    fn scan(&self, from: u64, bytes_max: usize) -> Result<Vec<Entry>, Fault> {
        let tail = self.tail();
        if from > tail {
            return Ok(Vec::new());
        }
        let Some(segment) = self.segment(from) else {
            return Err(Fault::Trimmed { number: from, first: self.first() });
        };
        let entries = segment.entries.read().expect("nothing panics under this lock");
        let skip = usize::try_from(from - segment.first).unwrap_or(usize::MAX);
        let mut run: Vec<Entry> = Vec::new();
        let mut left = bytes_max;
        for entry in entries.iter().skip(skip).take_while(|entry| entry.number <= tail) {
            if entry.payload.len() > left && !run.is_empty() {
                break;
            }
            left = left.saturating_sub(entry.payload.len());
            run.push(entry.clone());
        }
        Ok(run)
    }

    fn pin(&self, number: u64) -> Option<Pin> {
        let segment = if number <= self.tail() { self.segment(number)? } else { return None };
        Some(Pin(segment))
    }

    fn first(&self) -> u64 {
        self.look(|segments| segments.front().map_or(1, |segment| segment.first))
    }

    fn tail(&self) -> u64 {
        self.tail.load(Ordering::Acquire)
    }

    fn oldest_sealed_end(&self) -> Option<u64> {
        self.look(|segments| (segments.len() > 1).then(|| segments[0].last()))
    }

    fn bytes(&self) -> u64 {
        self.look(|segments| segments.iter().map(|segment| segment.bytes()).sum())
    }
}

impl Segment {
    fn new(first: u64) -> Self {
        Self { first, entries: RwLock::new(Vec::new()), bytes: AtomicU64::new(0) }
    }

    fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    fn last(&self) -> u64 {
        self.first + self.entries.read().expect("nothing panics under this lock").len() as u64 - 1
    }
}

impl Pinned for Segment {
    fn read_at(&self, number: u64, offset: u32, len: u32) -> Result<Bytes, Fault> {
        let beyond = Fault::OutOfRange { number, offset, len };
        let entries = self.entries.read().expect("nothing panics under this lock");
        let index = number.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
        let Some(entry) = index.and_then(|index| entries.get(index)) else { return Err(beyond) };
        let (from, len) = (offset as usize, len as usize);
        if from + len > entry.payload.len() {
            return Err(beyond);
        }
        Ok(entry.payload.slice(from..from + len))
    }
}
