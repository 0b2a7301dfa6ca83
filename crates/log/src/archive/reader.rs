//! Reading an archive while its owner appends and trims: the list of segments, and where it begins.
//!
//! The list is locked for as long as it takes to find a segment in it; reading a file happens outside the
//! lock, on a counted reference, and that reference is also what keeps the segment from being removed.

use std::collections::VecDeque;
use std::sync::{Arc, RwLock, RwLockWriteGuard};

use super::Record;
use super::segment::{Mark, Segment, Wanted};
use crate::fault::Fault;
use crate::file::disk::Disk;
use crate::frame::Identity;

/// Reads an archive from any thread while its owner appends and trims. Cheap to clone.
#[derive(Clone)]
pub struct ArchiveReader(pub(super) Arc<Shared>);

/// What the owner of an archive shares with its readers.
pub(super) struct Shared {
    disk: Arc<dyn Disk>,
    identity: Identity,
    view: RwLock<View>,
}

struct View {
    /// From the oldest to the active one; never empty. Each begins where the one before ends.
    segments: VecDeque<Arc<Segment>>,
    /// The sequence of the last record; 0 if there was none.
    last: u64,
    /// Records older than this are not shown.
    trim_ms: u64,
    /// Records up to this sequence are older than that.
    trimmed: u64,
    /// The time of the first record that is shown.
    first_ms: Option<u64>,
}

impl ArchiveReader {
    /// Records with a greater sequence than `sequence`, in order, none of them trimmed.
    ///
    /// Stops before their bytes exceed `bytes_max` or at the end of a segment, whichever comes first; but
    /// gives at least one record if there is one. Empty means that there is none yet. Each record has an
    /// allocation of its own.
    ///
    /// # Errors
    /// [`Fault::Rot`] if a frame is damaged, [`Fault::Newer`], [`Fault::Io`].
    pub fn after(&self, sequence: u64, bytes_max: usize) -> Result<Vec<Record>, Fault> {
        self.0.read(Wanted { after: sequence, time_ms: 0 }, bytes_max)
    }

    /// The sequence just before the first record at or after `time_ms`, in milliseconds since the Unix
    /// epoch, so that [`ArchiveReader::after`] begins with that record. `None` if there is none.
    ///
    /// # Errors
    /// As [`ArchiveReader::after`].
    pub fn seek(&self, time_ms: u64) -> Result<Option<u64>, Fault> {
        let first = self.0.first(Wanted { after: 0, time_ms })?;
        Ok(first.map(|record| record.sequence - 1))
    }

    /// The sequence of the last record that was ever appended, trimmed or not.
    #[must_use]
    pub fn last_sequence(&self) -> Option<u64> {
        Some(self.0.look(|view| view.last)).filter(|last| *last > 0)
    }

    /// The time of the oldest record that is not trimmed, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn first_time_ms(&self) -> Option<u64> {
        self.0.first_ms()
    }

    /// Bytes of frames on the disk, trimmed records in the oldest segment included.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.bytes()
    }
}

impl Shared {
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        identity: Identity,
        segments: VecDeque<Arc<Segment>>,
        last: u64,
    ) -> Self {
        let view = View { segments, last, trim_ms: 0, trimmed: 0, first_ms: None };
        Self { disk, identity, view: RwLock::new(view) }
    }

    /// Shows frames of the active segment up to `end`.
    pub(super) fn extend(&self, passed: &[Mark], end: Mark) {
        let mut view = self.change();
        view.segments.back().expect("never empty").extend(passed, end);
        view.last = end.at.epoch;
    }

    /// Adds an empty segment, the active one from now on.
    pub(super) fn begin(&self, segment: Arc<Segment>) {
        self.change().segments.push_back(segment);
    }

    /// Finds the first record again, and shows nothing older than `time_ms` any more.
    pub(super) fn trim(&self, time_ms: u64) -> Result<(), Fault> {
        let (last, trim_ms) = self.look(|view| (view.last, view.trim_ms.max(time_ms)));
        let first = self.first(Wanted { after: 0, time_ms: trim_ms })?;
        let mut view = self.change();
        view.trim_ms = trim_ms;
        view.trimmed = first.as_ref().map_or(last, |record| record.sequence - 1);
        view.first_ms = first.map(|record| record.time_ms);
        Ok(())
    }

    /// Up to which sequence records are trimmed.
    pub(super) fn trimmed(&self) -> u64 {
        self.look(|view| view.trimmed)
    }

    pub(super) fn first_ms(&self) -> Option<u64> {
        self.look(|view| view.first_ms)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.look(|view| view.segments.iter().map(|segment| segment.bytes()).sum())
    }

    /// Takes the oldest segment off the list if all its records are trimmed, it is not the active one and
    /// nobody reads from it.
    pub(super) fn take_oldest(&self) -> Option<Arc<Segment>> {
        let mut view = self.change();
        let [oldest, next] = [view.segments.front()?, view.segments.get(1)?];
        // New references are made under the lock only, so a count of one stays one.
        let free = next.before.epoch <= view.trimmed && Arc::strong_count(oldest) == 1;
        if free { view.segments.pop_front() } else { None }
    }

    #[cfg(test)]
    pub(super) fn segments(&self) -> Vec<Arc<Segment>> {
        self.look(|view| view.segments.iter().cloned().collect())
    }

    /// The first of the records that are wanted and not trimmed.
    fn first(&self, wanted: Wanted) -> Result<Option<Record>, Fault> {
        Ok(self.read(wanted, 0)?.into_iter().next())
    }

    fn read(&self, wanted: Wanted, bytes_max: usize) -> Result<Vec<Record>, Fault> {
        let (segment, wanted) = self.look(|view| {
            let after = wanted.after.max(view.trimmed);
            let wanted = Wanted { after, time_ms: wanted.time_ms.max(view.trim_ms) };
            // A wanted record is either in the last segment that does not begin behind one, or nowhere.
            let behind = view.segments.partition_point(|segment| !wanted.reached(&segment.before));
            (Arc::clone(&view.segments[behind.saturating_sub(1)]), wanted)
        });
        segment.read(self.disk.as_ref(), self.identity, wanted, bytes_max)
    }

    fn look<T>(&self, look: impl FnOnce(&View) -> T) -> T {
        look(&self.view.read().expect("nothing panics under this lock"))
    }

    fn change(&self) -> RwLockWriteGuard<'_, View> {
        self.view.write().expect("nothing panics under this lock")
    }
}
