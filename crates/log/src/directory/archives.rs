//! The folders of the archives, which come and go with the topics that have one.
//!
//! ```text
//!   data/archive/
//!     000000000000002a-0001/         the archive of topic 42 of shard 1
//!     000000000000002b-0001.gone/    one that is being removed
//! ```
//!
//! Removing is a rename first, made durable, so that after a crash an archive is there whole or not at all,
//! and a new one in its place begins empty.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Directory, list, make_folder, shown};
use crate::fault::Fault;
use crate::file::disk::RealDisk;

const FOLDER: &str = "archive";
/// What is added to the name of a folder that is being removed.
const GONE: &str = ".gone";

/// Which topic's archive: its place among the archives of a data directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArchivePlace {
    /// The shard that holds the topic.
    pub shard: u16,
    /// The topic's number in its shard, which is never given again.
    pub topic: u64,
}

impl ArchivePlace {
    /// The place with this folder name; `None` if it is not one.
    fn parse(name: &str) -> Option<Self> {
        let (topic, shard) = name.split_once('-')?;
        let place = Self { shard: shard.parse().ok()?, topic: u64::from_str_radix(topic, 16).ok()? };
        (place.to_string() == name).then_some(place)
    }
}

impl fmt::Display for ArchivePlace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:016x}-{:04}", self.topic, self.shard)
    }
}

impl Directory {
    /// The folder of one archive, which is made, durably, if it is not there.
    ///
    /// # Errors
    /// [`Fault::Io`].
    pub fn archive(&self, place: ArchivePlace) -> Result<RealDisk, Fault> {
        let own = self.archive_path(place);
        make_folder(&own).map_err(Fault::io("create", &shown(&own)))?;
        Ok(RealDisk::new(own))
    }

    /// The archives that there are, in the order of their places. Finishes removals that a crash cut short.
    ///
    /// # Errors
    /// [`Fault::Io`].
    pub fn archives(&self) -> Result<Vec<ArchivePlace>, Fault> {
        let (places, gone) = self.archive_folders()?;
        for name in gone {
            clear(&self.path().join(FOLDER).join(name))?;
        }
        Ok(places)
    }

    /// The archives that there are, in the order of their places. Changes nothing.
    ///
    /// # Errors
    /// [`Fault::Io`].
    pub fn archives_as_they_are(&self) -> Result<Vec<ArchivePlace>, Fault> {
        Ok(self.archive_folders()?.0)
    }

    /// The archives in the order of their places, and the names of those that are being removed.
    fn archive_folders(&self) -> Result<(Vec<ArchivePlace>, Vec<String>), Fault> {
        let folder = self.path().join(FOLDER);
        let (mut places, mut gone) = (Vec::new(), Vec::new());
        let names = if folder.exists() { list(&folder)? } else { Vec::new() };
        for name in names {
            if let Some(place) = ArchivePlace::parse(&name) {
                places.push(place);
            } else if name.strip_suffix(GONE).is_some_and(|name| ArchivePlace::parse(name).is_some()) {
                gone.push(name);
            }
        }
        places.sort_unstable();
        Ok((places, gone))
    }

    /// Removes an archive with everything in it; nothing happens if it is not there. Who still reads from
    /// it gets [`Fault::Io`].
    ///
    /// # Errors
    /// [`Fault::Io`].
    pub fn remove_archive(&self, place: ArchivePlace) -> Result<(), Fault> {
        let own = self.archive_path(place);
        if !own.exists() {
            return Ok(());
        }
        let gone = self.path().join(FOLDER).join(format!("{place}{GONE}"));
        clear(&gone)?;
        let removed = fs::rename(&own, &gone).and_then(|()| sync_above(&own));
        removed.map_err(Fault::io("remove", &shown(&own)))?;
        clear(&gone)
    }

    fn archive_path(&self, place: ArchivePlace) -> PathBuf {
        self.path().join(FOLDER).join(place.to_string())
    }
}

/// Removes a folder and the files in it, if it is there.
fn clear(folder: &Path) -> Result<(), Fault> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
    .map_err(Fault::io("remove", &shown(folder)))
}

fn sync_above(folder: &Path) -> io::Result<()> {
    fs::File::open(folder.parent().expect("an archive's folder is inside another"))?.sync_all()
}
