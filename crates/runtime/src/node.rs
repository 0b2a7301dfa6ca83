//! All shards of one process: opens them, carries between them, closes them.

use crate::answer::Answer;
use crate::archivist::places::Places;
use crate::archivist::{Archivist, FactsOf};
use crate::clock::Clock;
use crate::handle::{ShardHandle, Shared, Unanswered};
use crate::open::{self, OpenFault, Random};
use crate::{relay, turn};
use postrider_core::rejection::Permit;
use postrider_core::shard::{Bounds, Config, Judgement, Waits};
use postrider_core::topic::retry::Schedule;
use postrider_core::{Arn, Command, Timestamp, limits};
use postrider_log::directory::{Asked, Directory};
use postrider_log::file::{Durability, FileLog, Options as FileOptions};
use postrider_log::memory::MemoryLog;
use postrider_log::{Fault, Log};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tracing::info;

/// How long closing waits for what is being written to an archive.
const ARCHIVE_PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of a segment of a log in memory.
const MEMORY_SEGMENT_BYTES: u64 = 16 << 20;

/// Where the logs are.
#[derive(Clone, Debug)]
pub enum Storage {
    /// In memory: gone with the process.
    Memory,
    /// In a data directory.
    Directory {
        /// Its path.
        path: PathBuf,
        /// When an append counts as durable.
        durability: Durability,
        /// Bytes of a segment of a log.
        segment_bytes: u64,
    },
}

/// How a node is opened.
#[derive(Clone)]
pub struct Options {
    /// Where the logs are.
    pub storage: Storage,
    /// How many shards; `None` takes what the data directory has, or one.
    pub shards: Option<u16>,
    /// Payload bytes that may stay in memory, over all shards.
    pub body_memory: u64,
    /// The waits that AWS imposes.
    pub waits: Waits,
    /// Limits that may be raised.
    pub bounds: Bounds,
    /// When deliveries over HTTP are tried again whose topic and subscription say nothing.
    pub retries: Schedule,
    /// Says whether a topic may send to a queue.
    pub permit: Arc<Permit>,
    /// What filters look at in a payload that comes out of an archive.
    pub facts: Arc<FactsOf>,
    /// Version of the program, for a new data directory.
    pub version: String,
}

/// Why a node could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum NodeFault {
    /// The data directory or a log.
    #[error("opening the data directory")]
    Log(#[from] Fault),
    /// A shard.
    #[error("opening a shard")]
    Shard(#[from] OpenFault),
    /// A thread could not be started, or no random bytes could be had.
    #[error("starting a shard")]
    System(#[from] std::io::Error),
}

/// All shards of this process.
pub struct Node {
    shards: Vec<ShardHandle>,
    threads: Vec<JoinHandle<()>>,
    relays: JoinSet<()>,
    failure: Arc<Notify>,
    /// Locked while the node lives.
    directory: Option<Arc<Directory>>,
}

impl Node {
    /// Opens all shards. Must be called within a tokio runtime, which carries between the shards.
    ///
    /// # Errors
    /// Some shard could not be opened.
    pub fn open(options: &Options) -> Result<Node, NodeFault> {
        let directory = directory(options)?.map(Arc::new);
        let count =
            directory.as_deref().map_or(options.shards, |d| Some(d.meta().shards)).unwrap_or(1).max(1);
        let logs = (0..count).map(|index| open_log(options, directory.as_deref(), index));
        let mut node = Node::over(options, count, logs)?;
        node.directory = directory;
        node.archive(options);
        Ok(node)
    }

    /// Opens `count` shards over these logs.
    fn over(
        options: &Options,
        count: u16,
        logs: impl Iterator<Item = Result<Box<dyn Log>, NodeFault>>,
    ) -> Result<Node, NodeFault> {
        let mut node = Node {
            shards: Vec::new(),
            threads: Vec::new(),
            relays: JoinSet::new(),
            failure: Arc::new(Notify::new()),
            directory: None,
        };
        for (index, log) in (0..count).zip(logs) {
            if let Err(fault) = log.and_then(|log| node.open_shard(options, index, count, log)) {
                node.close();
                return Err(fault);
            }
        }
        for from in &node.shards {
            for to in &node.shards {
                let wake = from.owes(to.index());
                node.relays.spawn(relay::run(from.clone(), to.clone(), wake));
            }
        }
        Ok(node)
    }

    /// Starts to care for archives.
    fn archive(&mut self, options: &Options) {
        for shard in &self.shards {
            let places = match (&options.storage, &self.directory) {
                (Storage::Directory { durability, .. }, Some(directory)) => {
                    let (directory, durability) = (directory.clone(), *durability);
                    Places::Directory { directory, shard: shard.index(), durability }
                }
                (Storage::Memory | Storage::Directory { .. }, _) => Places::Memory,
            };
            let archivist = Archivist::new(shard.clone(), self.shards.clone(), places, options.facts.clone());
            self.relays.spawn(archivist.run());
        }
    }

    fn open_shard(
        &mut self,
        options: &Options,
        index: u16,
        count: u16,
        mut log: Box<dyn Log>,
    ) -> Result<(), NodeFault> {
        let config = Config {
            index,
            shards: count,
            body_memory: options.body_memory / u64::from(count),
            waits: options.waits,
            bounds: options.bounds,
            retries: options.retries,
            permit: options.permit.clone(),
        };
        let started = Instant::now();
        let mut clock = None;
        let now = |last: Timestamp| {
            let (wall_ms, mono_ms) = turn::clocks(started);
            let opened = clock.insert(Clock::new(last, wall_ms, mono_ms));
            opened.read(wall_ms, mono_ms).now
        };
        let random = Random { ids: u128::from_be_bytes(random()?), secret: random()? };
        let mut writer = open::open(&mut *log, config, random, now)?;
        let clock = clock.expect("the clock was read for the claim");
        let shared = Arc::new(Shared::new(index, count, log.stats(), self.failure.clone()));
        shared.publish_all(writer.shard());
        shared.publish(&mut writer, &*log.reader());
        let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        info!(shard = index, epoch = log.epoch(), tail = log.tail(), took_ms, "shard opened");
        let (calls, mailbox) = sync_channel(crate::handle::MAILBOX_CALLS_MAX);
        self.threads.push(turn::start(writer, log, clock, started, mailbox, shared.clone())?);
        self.shards.push(ShardHandle::new(calls, shared));
        Ok(())
    }

    /// All shards, by index.
    pub fn shards(&self) -> &[ShardHandle] {
        &self.shards
    }

    /// The shard that holds a resource.
    pub fn shard(&self, arn: &Arn) -> &ShardHandle {
        let count = u16::try_from(self.shards.len()).expect("as many shards as a u16 counts");
        &self.shards[usize::from(arn.shard(count))]
    }

    /// What a caller who asks this resource is judged by. `None` when it does not exist.
    pub fn judgement(&self, arn: &Arn) -> Option<Arc<Judgement>> {
        self.shard(arn).judgement(arn)
    }

    /// Asks the shard that holds a resource at once, and waits until the answer is durable.
    ///
    /// # Errors
    /// There is no answer.
    pub fn ask(
        &self,
        arn: &Arn,
        command: Command,
    ) -> impl Future<Output = Result<Answer, Unanswered>> + Send + use<> {
        self.shard(arn).ask(command)
    }

    /// Where the node keeps its data, if it does.
    pub fn data_dir(&self) -> Option<&std::path::Path> {
        self.directory.as_deref().map(Directory::path)
    }

    /// Comes back when some shard failed. Then nothing more can be promised, and the process had better
    /// end: a restart recovers.
    pub async fn failed(&self) {
        self.failure.notified().await;
    }

    /// Closes all shards, whoever still has a handle: what is in their mailboxes is answered first, and
    /// receives that wait for a message get none. Blocks until they are closed.
    pub fn close(mut self) {
        self.relays.abort_all();
        self.shards.iter().for_each(ShardHandle::close);
        for thread in self.threads {
            // A thread that panicked has said so.
            drop(thread.join());
        }
        // Somebody may be writing to an archive: the directory is locked until he is done.
        let begun = Instant::now();
        while self.directory.as_ref().is_some_and(|directory| Arc::strong_count(directory) > 1)
            && begun.elapsed() < ARCHIVE_PATIENCE
        {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn directory(options: &Options) -> Result<Option<Directory>, NodeFault> {
    let Storage::Directory { path, .. } = &options.storage else { return Ok(None) };
    let node = u128::from_be_bytes(random()?);
    let asked = Asked { shards: options.shards, node, version: options.version.clone() };
    Ok(Some(Directory::open(path, &asked)?))
}

fn open_log(options: &Options, directory: Option<&Directory>, index: u16) -> Result<Box<dyn Log>, NodeFault> {
    // Of the smallest segment that the configuration allows, 8 MiB, this is what one event may take at most.
    let entry_max = |segment_bytes: u64| {
        let most = u32::try_from(segment_bytes / 4 * 3).unwrap_or(u32::MAX);
        most.max(u32::try_from(limits::ENTRY_BYTES_MAX).expect("a few MiB"))
    };
    match (&options.storage, directory) {
        (Storage::Directory { durability, segment_bytes, .. }, Some(directory)) => {
            let mut file = FileOptions::new(index, u64::from_be_bytes(random()?));
            file.durability = *durability;
            file.segment_bytes = *segment_bytes;
            file.entry_bytes_max = entry_max(*segment_bytes);
            Ok(Box::new(FileLog::open(Arc::new(directory.shard(index)), &file)?))
        }
        (Storage::Memory | Storage::Directory { .. }, _) => {
            Ok(Box::new(MemoryLog::new(MEMORY_SEGMENT_BYTES, entry_max(MEMORY_SEGMENT_BYTES * 4))))
        }
    }
}

fn random<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| std::io::Error::other("no random bytes to be had"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
