//! A disk in memory that fails like a real one, for tests and simulation.
//!
//! It remembers what was synced and what was not, for the content of files and for their names. A
//! [`FaultyDisk::crash`] gives the disk as it may be found after power loss: of everything un-synced each
//! piece is kept, dropped, torn at sectors of 512 bytes, or takes effect out of order, as a seed decides. The
//! same operations and the same seeds give the same disk.
//!
//! Besides it can fail chosen operations, lose what a failed sync should have made durable (as Linux does:
//! the cache keeps it, the disk never gets it), rot bytes, run full, and be switched off after a number of
//! operations, so that a test can put a crash at every step.
//!
//! The handle is cheap to clone; all clones are the same disk.

mod state;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::file::disk::{Disk, DiskFile};
use state::{NameChange, State, Write};

/// Bytes that the disk writes as a whole, or not at all.
pub const SECTOR_BYTES: usize = 512;

/// How often each operation was done, since the disk was made; a crash starts over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Reads of file content.
    pub reads: u64,
    /// Writes of file content.
    pub writes: u64,
    /// Syncs of files.
    pub syncs: u64,
    /// Files created, renamed or removed.
    pub names: u64,
    /// Syncs of the folder.
    pub folder_syncs: u64,
}

impl Counts {
    /// All operations that change something: those that power can fail at.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.writes + self.syncs + self.names + self.folder_syncs
    }
}

/// A disk in memory, one folder.
#[derive(Clone, Debug, Default)]
pub struct FaultyDisk {
    state: Arc<Mutex<State>>,
}

impl FaultyDisk {
    /// An empty disk without faults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The disk after power was lost now and came back. The old handle stays as it is.
    #[must_use]
    pub fn crash(&self, seed: u64) -> Self {
        Self { state: Arc::new(Mutex::new(self.state().after_power_loss(seed))) }
    }

    /// Switches power off after `changes` more changing operations: the last of them is begun but not
    /// acknowledged, and everything after it fails without effect.
    pub fn power_off_after(&self, changes: u64) {
        let mut state = self.state();
        state.power_off_at = Some(state.counts.changes() + changes);
    }

    /// Whether power is off.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.state().is_off()
    }

    /// Fails the changing operation that is `changes` operations ahead (1 is the next one), without effect.
    pub fn fail_change(&self, changes: u64) {
        let mut state = self.state();
        let at = state.counts.changes() + changes;
        state.fail_at.push(at);
    }

    /// Fails the sync of a file that is `syncs` ahead (1 is the next one). What it should have made durable
    /// stays readable and never becomes durable, unless it is written again.
    pub fn fail_sync(&self, syncs: u64) {
        let mut state = self.state();
        let at = state.counts.syncs + syncs;
        state.fail_syncs.push(at);
    }

    /// Makes syncs of files do nothing, successfully: a disk that lies, or a program without its `fdatasync`.
    pub fn ignore_syncs(&self) {
        self.state().ignore_syncs = true;
    }

    /// Lets the disk hold at most `bytes` in all its files; `None` for no bound.
    pub fn limit(&self, bytes: Option<u64>) {
        self.state().bytes_max = bytes;
    }

    /// Flips bits of one byte of a file, in the cache and on the disk.
    ///
    /// # Panics
    /// If there is no such byte.
    pub fn rot(&self, name: &str, offset: u64, mask: u8) {
        let mut state = self.state();
        let file = *state.names.get(name).expect("the file to rot");
        let offset = usize::try_from(offset).expect("an offset in memory");
        state.files[file].cached[offset] ^= mask;
        if let Some(byte) = state.files[file].durable.get_mut(offset) {
            *byte ^= mask;
        }
    }

    /// How often each operation was done.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.state().counts
    }

    /// The content of a file, as a reader would see it.
    #[must_use]
    pub fn content(&self, name: &str) -> Option<Vec<u8>> {
        let state = self.state();
        state.names.get(name).map(|file| state.files[*file].cached.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics under this lock")
    }

    fn file(&self, file: usize) -> Arc<dyn DiskFile> {
        Arc::new(FaultyFile { disk: self.clone(), file })
    }
}

impl Disk for FaultyDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        let state = self.state();
        state.powered()?;
        Ok(state.names.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state();
        let file = state.files.len();
        state.files.push(state::Content::default());
        state.change_names(NameChange::Link(name.to_owned(), file))?;
        drop(state);
        Ok(self.file(file))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let state = self.state();
        state.powered()?;
        let file = *state.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        drop(state);
        Ok(self.file(file))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.state().change_names(NameChange::Rename(from.to_owned(), to.to_owned()))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.state().change_names(NameChange::Unlink(name.to_owned()))
    }

    fn sync_folder(&self) -> io::Result<()> {
        let mut state = self.state();
        state.powered()?;
        state.counts.folder_syncs += 1;
        state.begin()?;
        state.sync_names();
        state.end()
    }
}

/// An open file of a faulty disk.
struct FaultyFile {
    disk: FaultyDisk,
    file: usize,
}

impl DiskFile for FaultyFile {
    fn len(&self) -> io::Result<u64> {
        let state = self.disk.state();
        state.powered()?;
        Ok(state.files[self.file].cached.len() as u64)
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        let state = self.disk.state();
        state.powered()?;
        state.check_room(self.file, usize::try_from(bytes).map_err(io::Error::other)?)
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.powered()?;
        state.counts.reads += 1;
        let from = usize::try_from(offset).map_err(io::Error::other)?;
        let held = state.files[self.file].cached.get(from..from + bytes.len());
        bytes.copy_from_slice(held.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.powered()?;
        state.counts.writes += 1;
        state.begin()?;
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        state.check_room(self.file, offset + bytes.len())?;
        state.files[self.file].write(Write { offset, bytes: bytes.to_vec() });
        state.end()
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        state.powered()?;
        state.counts.syncs += 1;
        state.begin()?;
        if state.ignore_syncs {
            return state.end();
        }
        let count = state.counts.syncs;
        if state.fail_syncs.contains(&count) {
            state.files[self.file].forget();
            return Err(io::Error::other("the disk failed to sync"));
        }
        if state.ends_here() {
            // Power fails in the middle: whatever a crash decides about un-synced writes may have happened.
            return state.end();
        }
        state.files[self.file].sync();
        state.end()
    }
}

#[cfg(test)]
mod tests;
