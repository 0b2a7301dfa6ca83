//! The data directory: who may use it, what it was made as, and a folder for each shard.
//!
//! ```text
//!   data/
//!     lock          held (flock) by the process that uses the directory; names it
//!     meta          format version, number of shards, node id, creating version; see `meta`
//!     shard-0000/   one log: segments, spares
//!     shard-0001/
//!     archive/      one folder for each archive; see `archives`
//! ```
//!
//! Making one is safe against a crash at any instant: `meta` appears last, whole and durable, and until it
//! does the directory counts as new. Other files may live beside these; they are left alone.

mod archives;
mod meta;

use std::fs;
use std::io;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use std::os::unix::fs::DirBuilderExt;

pub use archives::ArchivePlace;
pub use meta::{FORMAT_VERSION, Meta};

use crate::fault::Fault;
use crate::file::disk::{Disk, RealDisk};

/// What a data directory shall be made as, if it is not there yet.
#[derive(Clone, Debug)]
pub struct Asked {
    /// How many shards; `None` takes what is there, or one.
    pub shards: Option<u16>,
    /// A random id for the node, used for a new directory.
    pub node: u128,
    /// The version of the program, used for a new directory.
    pub version: String,
}

/// A data directory, locked for this process while the value lives.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    meta: Meta,
    /// The lock goes with the open file.
    _lock: fs::File,
}

impl Directory {
    /// Opens the data directory at `path`, or makes it.
    ///
    /// # Errors
    /// [`Fault::Locked`], [`Fault::ShardCount`], [`Fault::Newer`], [`Fault::Meta`], [`Fault::Io`].
    pub fn open(path: &Path, asked: &Asked) -> Result<Self, Fault> {
        make_folder(path).map_err(Fault::io("create", &shown(path)))?;
        let lock = lock(path)?;
        let disk = RealDisk::new(path);
        let meta = match meta::read(&disk, &shown(path))? {
            Some(meta) => meta,
            None => create(path, &disk, asked)?,
        };
        match asked.shards {
            Some(asked) if asked != meta.shards => {
                Err(Fault::ShardCount { path: shown(path), found: meta.shards, asked })
            }
            Some(_) | None => Ok(Self { path: path.to_owned(), meta, _lock: lock }),
        }
    }

    /// Opens a data directory that must be there already: for looking at it and repairing it.
    ///
    /// # Errors
    /// As [`Directory::open`]; [`Fault::Meta`] also if there is none.
    pub fn existing(path: &Path) -> Result<Self, Fault> {
        let missing = || Fault::Meta { path: shown(path), why: "there is none".to_owned() };
        if !path.join(meta::NAME).is_file() {
            return Err(missing());
        }
        let lock = lock(path)?;
        let meta = meta::read(&RealDisk::new(path), &shown(path))?.ok_or_else(missing)?;
        Ok(Self { path: path.to_owned(), meta, _lock: lock })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it was made as.
    #[must_use]
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// The folder of one shard, of which there are [`Meta::shards`].
    #[must_use]
    pub fn shard(&self, shard: u16) -> RealDisk {
        RealDisk::new(self.path.join(folder(shard)))
    }
}

fn folder(shard: u16) -> String {
    format!("shard-{shard:04}")
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Makes the folders of the shards, then `meta`.
fn create(path: &Path, disk: &RealDisk, asked: &Asked) -> Result<Meta, Fault> {
    let shards = asked.shards.unwrap_or(1).max(1);
    for name in list(path)?.iter().filter(|name| name.starts_with("shard-")) {
        let inside = list(&path.join(name))?;
        if !inside.is_empty() {
            let why = format!("it is missing, but {name} holds files; restore it, or use an empty directory");
            return Err(Fault::Meta { path: shown(path), why });
        }
    }
    for shard in 0..shards {
        let own = path.join(folder(shard));
        make_folder(&own).map_err(Fault::io("create", &shown(&own)))?;
    }
    disk.sync_folder().map_err(Fault::io("sync", &shown(path)))?;
    let meta = Meta { format: FORMAT_VERSION, shards, node: asked.node, created_by: asked.version.clone() };
    meta::write(disk, &meta)?;
    Ok(meta)
}

fn list(path: &Path) -> Result<Vec<String>, Fault> {
    let names = fs::read_dir(path).and_then(|entries| {
        entries
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<io::Result<Vec<_>>>()
    });
    names.map_err(Fault::io("list", &shown(path)))
}

/// Makes a folder and those above it, durably.
fn make_folder(path: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = path.ancestors().take_while(|folder| !folder.exists()).collect();
    // What is in there is nobody else's to read.
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    for folder in missing {
        let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::File::open(above)?.sync_all()?;
    }
    Ok(())
}

/// Locks the directory for as long as the file is open, or says who has it.
fn lock(path: &Path) -> Result<fs::File, Fault> {
    let name = shown(&path.join("lock"));
    let opened = fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&name);
    let mut file = opened.map_err(Fault::io("open", &name))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let mut holder = String::new();
            // Who holds it is a courtesy of the message; not knowing is fine.
            let _ = file.read_to_string(&mut holder);
            let holder =
                holder.trim().parse::<u32>().map_or_else(|_| String::new(), |id| format!(" (process {id})"));
            return Err(Fault::Locked { path: shown(path), holder });
        }
        Err(error) => return Err(Fault::Io { step: "lock", file: name, source: error.into() }),
    }
    let named = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    named.map_err(Fault::io("write", &name))?;
    Ok(file)
}

#[cfg(test)]
mod tests;
