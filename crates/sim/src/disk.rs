//! A faulty disk that remembers what was done to it last: the operation during which power went off.

use postrider_log::faulty::FaultyDisk;
use postrider_log::file::disk::{Disk, DiskFile};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What can be done to a disk that changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Making a file.
    Create,
    /// Writing into a file.
    Write,
    /// Making a file's content durable.
    Sync,
    /// Giving a file another name.
    Rename,
    /// Removing a file.
    Remove,
    /// Making names durable.
    SyncFolder,
}

/// An operation, and the kind of file it was done to, which is the end of its name: `log`, `spare`, `tmp`.
pub type Deed = (Operation, String);

/// A [`FaultyDisk`] and its last operation. Clones are the same disk.
#[derive(Clone, Default)]
pub struct WatchedDisk {
    disk: FaultyDisk,
    last: Arc<Mutex<Option<Deed>>>,
    /// The names of open files, which follow renames.
    names: Names,
}

type Name = Arc<Mutex<String>>;
type Names = Arc<Mutex<Vec<Name>>>;

impl WatchedDisk {
    /// The disk underneath.
    pub fn faulty(&self) -> &FaultyDisk {
        &self.disk
    }

    /// The disk after power was lost now and came back.
    #[must_use]
    pub fn crash(&self, seed: u64) -> WatchedDisk {
        WatchedDisk { disk: self.disk.crash(seed), ..WatchedDisk::default() }
    }

    /// The operation during which power went off, if it did.
    pub fn last_deed(&self) -> Option<Deed> {
        self.disk.is_off().then(|| lock(&self.last).clone()).flatten()
    }

    fn note(&self, operation: Operation, name: &str) {
        if !self.disk.is_off() {
            let kind = name.rsplit('.').next().unwrap_or_default();
            *lock(&self.last) = Some((operation, kind.to_owned()));
        }
    }

    fn watch(&self, name: &str, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        let name = Arc::new(Mutex::new(name.to_owned()));
        lock(&self.names).push(name.clone());
        Arc::new(WatchedFile { disk: self.clone(), name, file })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Disk for WatchedDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        self.disk.list()
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.note(Operation::Create, name);
        Ok(self.watch(name, self.disk.create(name)?))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.watch(name, self.disk.open(name)?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.note(Operation::Rename, to);
        for name in lock(&self.names).iter() {
            let mut name = lock(name);
            if *name == from {
                to.clone_into(&mut name);
            }
        }
        self.disk.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.note(Operation::Remove, name);
        self.disk.remove(name)
    }

    fn sync_folder(&self) -> io::Result<()> {
        self.note(Operation::SyncFolder, "folder");
        self.disk.sync_folder()
    }
}

struct WatchedFile {
    disk: WatchedDisk,
    name: Name,
    file: Arc<dyn DiskFile>,
}

impl WatchedFile {
    fn note(&self, operation: Operation) {
        self.disk.note(operation, &lock(&self.name));
    }
}

impl DiskFile for WatchedFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_at(bytes, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.note(Operation::Write);
        self.file.write_at(bytes, offset)
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        self.note(Operation::Write);
        self.file.allocate(bytes)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.note(Operation::Sync);
        self.file.sync_data()
    }
}
