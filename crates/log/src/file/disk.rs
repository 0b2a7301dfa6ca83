//! The few file operations that the log uses, so that a faulty disk can stand in for the real one.
//!
//! A [`Disk`] is one folder. What it promises is what a journalling file system promises: bytes written are
//! durable after `sync_data` of their file, names after `sync_folder`; before that, power loss may keep,
//! drop, tear (at sectors of 512 bytes) or reorder anything.

mod memory;

use std::fs;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use memory::MemoryDisk;

/// One folder of files.
pub trait Disk: Send + Sync {
    /// The names of the files in the folder, in any order.
    ///
    /// # Errors
    /// Whatever the system says.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Creates an empty file; an existing one of that name is emptied.
    ///
    /// # Errors
    /// Whatever the system says.
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;

    /// Opens an existing file for reading and writing.
    ///
    /// # Errors
    /// Whatever the system says.
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;

    /// Renames a file; open handles follow it. A file of the new name is replaced.
    ///
    /// # Errors
    /// Whatever the system says.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file's name.
    ///
    /// # Errors
    /// Whatever the system says.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes all creations, renames and removals so far durable.
    ///
    /// # Errors
    /// Whatever the system says.
    fn sync_folder(&self) -> io::Result<()>;
}

/// One open file. Positions are given with each call, so that many threads can share it.
#[allow(clippy::len_without_is_empty, reason = "whether a file is empty is never asked")]
pub trait DiskFile: Send + Sync {
    /// Bytes of the file.
    ///
    /// # Errors
    /// Whatever the system says.
    fn len(&self) -> io::Result<u64>;

    /// Finds out whether the disk has room for `bytes` bytes in this file, without writing them, so that a
    /// full disk is not filled to the brim again and again by those who try. A disk that cannot tell says
    /// yes.
    ///
    /// # Errors
    /// `StorageFull` if there is no room; whatever else the system says.
    fn allocate(&self, bytes: u64) -> io::Result<()>;

    /// Fills `bytes` from `offset` on.
    ///
    /// # Errors
    /// Whatever the system says, also if the file ends before `bytes` is full.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()>;

    /// Writes all of `bytes` at `offset`, growing the file if need be.
    ///
    /// # Errors
    /// Whatever the system says.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Makes everything written so far durable, with what is needed to read it back.
    ///
    /// # Errors
    /// Whatever the system says. Afterwards nobody knows what is durable.
    fn sync_data(&self) -> io::Result<()>;
}

/// How much is written between two syncs while a file is filled with zeros: little enough that a sync of
/// the active segment does not queue behind a long burst.
const FILL_BYTES: u64 = 1 << 20;
/// How much of that is written at once: zeros that are part of the program, and so small.
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// Writes zeros over `offset..end`, durably.
pub(crate) fn zero(file: &dyn DiskFile, mut offset: u64, end: u64) -> io::Result<()> {
    while offset < end {
        let filled = end.min(offset + FILL_BYTES);
        while offset < filled {
            let bytes = (filled - offset).min(ZEROS.len() as u64);
            file.write_at(&ZEROS[..usize::try_from(bytes).expect("no more than there are")], offset)?;
            offset += bytes;
        }
        file.sync_data()?;
    }
    Ok(())
}

/// A folder of the real file system.
#[derive(Clone, Debug)]
pub struct RealDisk {
    folder: PathBuf,
}

impl RealDisk {
    /// The disk that is `folder`, which must exist.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Disk for RealDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_type()?.is_file()
                && let Ok(name) = entry.file_name().into_string()
            {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let path = self.folder.join(name);
        let file = fs::OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        Ok(Arc::new(RealFile(file)))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let file = fs::OpenOptions::new().read(true).write(true).open(self.folder.join(name))?;
        Ok(Arc::new(RealFile(file)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.folder.join(from), self.folder.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.folder.join(name))
    }

    fn sync_folder(&self) -> io::Result<()> {
        fs::File::open(&self.folder)?.sync_all()
    }
}

struct RealFile(fs::File);

impl DiskFile for RealFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        match rustix::fs::fallocate(&self.0, rustix::fs::FallocateFlags::KEEP_SIZE, 0, bytes) {
            Ok(()) | Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {}
            Err(error) => return Err(error.into()),
        }
        #[cfg(not(target_os = "linux"))]
        let _ = bytes;
        Ok(())
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_exact_at(bytes, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}
