//! The archives of one shard: where they are, and which are open.
//!
//! All of it blocks, so it is done on threads for that, one call at a time. An archive is opened when it is first wanted, and
//! holds no file open between calls.

use postrider_core::Timestamp;
use postrider_core::event::{ReplayStated, ReplayStatus};
use postrider_core::id::TopicId;
use postrider_log::archive::Options;
use postrider_log::directory::{ArchivePlace, Directory};
use postrider_log::file::Durability;
use postrider_log::{Archive, Fault, Record};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Where archives are kept.
#[derive(Clone)]
pub(crate) enum Places {
    /// In memory: gone with the process.
    Memory,
    /// In the data directory.
    Directory { directory: Arc<Directory>, shard: u16, durability: Durability },
}

/// The archives of a shard, for a task that must not block.
pub(crate) struct Archives {
    open: Option<Open>,
    places: Places,
}

/// The same, for whoever may block.
pub(crate) struct Open {
    places: Places,
    archives: BTreeMap<TopicId, Archive>,
}

impl Archives {
    pub(crate) fn new(places: Places) -> Archives {
        Archives { open: None, places }
    }

    /// After a fault an archive is opened again; one in memory is all there is, and stays.
    pub(crate) fn forget(&mut self, topic: TopicId) {
        match (&self.places, &mut self.open) {
            (Places::Memory, _) | (Places::Directory { .. }, None) => {}
            (Places::Directory { .. }, Some(open)) => {
                open.archives.remove(&topic);
            }
        }
    }

    /// Does something with them on a thread that may block.
    pub(crate) async fn with<R: Send + 'static, E: From<Fault> + Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Open) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E> {
        let mut open = self.open.take().unwrap_or_else(|| Open::new(self.places.clone()));
        let done = tokio::task::spawn_blocking(move || {
            let result = work(&mut open);
            (open, result)
        });
        match done.await {
            Ok((open, result)) => {
                self.open = Some(open);
                result
            }
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }
}

impl Open {
    fn new(places: Places) -> Open {
        Open { places, archives: BTreeMap::new() }
    }

    /// The archive of a topic. What it need not keep may still be there; the shard passes over it.
    fn archive(&mut self, topic: TopicId) -> Result<&mut Archive, Fault> {
        if !self.archives.contains_key(&topic) {
            let archive = match &self.places {
                Places::Memory => Archive::in_memory(),
                Places::Directory { directory, shard, durability } => {
                    let disk = directory.archive(ArchivePlace { shard: *shard, topic: topic.0 })?;
                    let mut options = Options::new(*shard, salt(topic));
                    options.durability = *durability;
                    Archive::open(Arc::new(disk), &options)?
                }
            };
            self.archives.insert(topic, archive);
        }
        Ok(self.archives.get_mut(&topic).expect("it was just opened"))
    }

    /// Appends, durably.
    pub(crate) fn append(&mut self, topic: TopicId, records: &[Record]) -> Result<(), Fault> {
        self.archive(topic)?.append(records)
    }

    /// The next messages of a replay.
    pub(crate) fn page(&mut self, replay: ReplayStated, bytes_max: usize) -> Result<Vec<Record>, Fault> {
        let reader = self.archive(replay.topic)?.reader();
        let after = match replay.status {
            ReplayStatus::Stopping => Some(replay.cursor.max(replay.behind.saturating_sub(1))),
            ReplayStatus::Pending
            | ReplayStatus::InProgress
            | ReplayStatus::Completed
            | ReplayStatus::Failed
            | ReplayStatus::Stopped => match replay.cursor {
                0 => reader.seek(replay.from.0)?,
                cursor => Some(cursor),
            },
        };
        after.map_or(Ok(Vec::new()), |after| reader.after(after, bytes_max))
    }

    /// The archives that are there, whether or not they should be.
    pub(crate) fn there(&mut self) -> Result<BTreeSet<TopicId>, Fault> {
        match &self.places {
            Places::Memory => Ok(self.archives.keys().copied().collect()),
            Places::Directory { directory, shard, .. } => {
                let all = directory.archives()?.into_iter();
                Ok(all.filter(|place| place.shard == *shard).map(|place| TopicId(place.topic)).collect())
            }
        }
    }

    /// Removes what an archive need not keep; all of it if there should be none.
    pub(crate) fn clean(&mut self, topic: TopicId, begins: Option<Timestamp>) -> Result<(), Fault> {
        if let Some(begins) = begins {
            return self.archive(topic)?.trim_before(begins.0);
        }
        self.archives.remove(&topic);
        match &self.places {
            Places::Memory => Ok(()),
            Places::Directory { directory, shard, .. } => {
                directory.remove_archive(ArchivePlace { shard: *shard, topic: topic.0 })
            }
        }
    }
}

/// Tells the segments of one archive from those of another that had its place before.
fn salt(topic: TopicId) -> u64 {
    let mut bytes = [0; 8];
    match aws_lc_rs::rand::fill(&mut bytes) {
        Ok(()) => u64::from_ne_bytes(bytes),
        Err(_) => topic.0,
    }
}
