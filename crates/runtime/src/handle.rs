//! How everybody else asks a shard.

use crate::answer::Answer;
use crate::turn;
use crate::writer::Writer;
use postrider_core::shard::Judgement;
use postrider_core::{Arn, Command};
use postrider_log::{Reader, Stats};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::{Notify, oneshot};

/// Commands that a mailbox holds.
pub const MAILBOX_CALLS_MAX: usize = 8_192;
/// Payload bytes that a mailbox holds.
pub const MAILBOX_BYTES_MAX: u64 = 256 << 20;

/// Why there is no answer. Both are for the caller to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// The mailbox is full.
    #[error("the shard has more to do than it can take")]
    Busy,
    /// The shard's log failed, or the shard is closing. What was asked may or may not have happened.
    #[error("the shard has stopped")]
    Stopped,
}

/// A command in the mailbox.
pub(crate) struct Call {
    pub(crate) command: Command,
    pub(crate) reply: oneshot::Sender<Answer>,
    pub(crate) bytes: u64,
}

/// What is in a mailbox.
pub(crate) enum Mail {
    /// A command.
    Call(Call),
    /// The end: what is behind it is not answered.
    Close,
}

/// Asks one shard. Cheap to clone.
#[derive(Clone)]
pub struct ShardHandle {
    calls: SyncSender<Mail>,
    shared: Arc<Shared>,
}

impl ShardHandle {
    pub(crate) fn new(calls: SyncSender<Mail>, shared: Arc<Shared>) -> ShardHandle {
        ShardHandle { calls, shared }
    }

    /// Asks at once, and waits until the answer is durable. A full mailbox answers at once.
    ///
    /// What is waited with is small, and has no room for the command: a thousand long polls wait like this.
    ///
    /// # Errors
    /// There is no answer.
    pub fn ask(&self, command: Command) -> impl Future<Output = Result<Answer, Unanswered>> + Send + use<> {
        let sent = self.send(command);
        async move { sent?.await.map_err(|_| Unanswered::Stopped) }
    }

    fn send(&self, command: Command) -> Result<oneshot::Receiver<Answer>, Unanswered> {
        let (call, answer) = turn::call(command);
        if !self.shared.mailbox.takes(call.bytes) {
            return Err(Unanswered::Busy);
        }
        let bytes = call.bytes;
        match self.calls.try_send(Mail::Call(call)) {
            Ok(()) => Ok(answer),
            Err(error) => {
                self.shared.mailbox.taken(bytes);
                Err(match error {
                    TrySendError::Full(_) => Unanswered::Busy,
                    TrySendError::Disconnected(_) => Unanswered::Stopped,
                })
            }
        }
    }

    /// What a caller who asks this resource is judged by. `None` when it does not exist.
    pub fn judgement(&self, arn: &Arn) -> Option<Arc<Judgement>> {
        let judgements = self.shared.judgements.read().unwrap_or_else(PoisonError::into_inner);
        judgements.get(arn).cloned()
    }

    /// What the shard does, for metrics.
    pub fn gauges(&self) -> &Gauges {
        &self.shared.gauges
    }

    /// What its log does, for metrics.
    pub fn log_stats(&self) -> &Stats {
        &self.shared.log_stats
    }

    /// Which shard this is.
    pub fn index(&self) -> u16 {
        self.shared.index
    }

    /// Tells the shard to end when it has answered what is in its mailbox, whoever still has a handle.
    /// Waits while the mailbox is full.
    pub(crate) fn close(&self) {
        self.shared.closing.store(true, Relaxed);
        // A shard that has failed has no mailbox any more.
        drop(self.calls.send(Mail::Close));
    }

    /// Becomes ready when deliveries to endpoints have come to their time.
    pub fn due(&self) -> Arc<Notify> {
        self.shared.due.clone()
    }

    /// Becomes ready when something has ended that a topic wants to be told of.
    pub fn ended(&self) -> Arc<Notify> {
        self.shared.ended.clone()
    }

    /// Becomes ready when something waits for an archive, or is to be replayed.
    pub fn archives(&self) -> Arc<Notify> {
        self.shared.archives.clone()
    }

    /// Becomes ready whenever something is owed to that shard.
    pub(crate) fn owes(&self, to: u16) -> Arc<Notify> {
        self.shared.owes[usize::from(to)].clone()
    }
}

/// Numbers of a shard, as of its last turn.
#[derive(Debug, Default)]
pub struct Gauges {
    /// Bytes of the log from its trim point to its tail.
    pub log_bytes: AtomicU64,
    /// About how many of them state what is alive.
    pub live_bytes: AtomicU64,
    /// Payload bytes in memory.
    pub resident_bytes: AtomicU64,
    /// Receives that wait.
    pub parked: AtomicU64,
    /// Deliveries owed to other shards.
    pub owed: AtomicU64,
    /// Deliveries owed to endpoints.
    pub due: AtomicU64,
    /// Deliveries refused for good since the start.
    pub dropped: AtomicU64,
}

/// How full a mailbox is.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    bytes: AtomicU64,
}

impl Mailbox {
    /// Takes the bytes in if they fit.
    fn takes(&self, bytes: u64) -> bool {
        if bytes > 0 && self.bytes.fetch_add(bytes, Relaxed) + bytes > MAILBOX_BYTES_MAX {
            self.taken(bytes);
            return false;
        }
        true
    }

    pub(crate) fn taken(&self, bytes: u64) {
        if bytes > 0 {
            self.bytes.fetch_sub(bytes, Relaxed);
        }
    }
}

/// What a shard's threads share with its handles.
pub(crate) struct Shared {
    pub(crate) index: u16,
    pub(crate) mailbox: Mailbox,
    judgements: RwLock<HashMap<Arn, Arc<Judgement>>>,
    gauges: Gauges,
    log_stats: Arc<Stats>,
    owes: Vec<Arc<Notify>>,
    /// Deliveries to endpoints have come to their time.
    due: Arc<Notify>,
    /// Something has ended that a topic wants to be told of.
    ended: Arc<Notify>,
    /// Something waits for an archive, or is to be replayed.
    archives: Arc<Notify>,
    closing: AtomicBool,
    failed: AtomicBool,
    /// Tells the node that a shard failed.
    failure: Arc<Notify>,
}

impl Shared {
    pub(crate) fn new(index: u16, shards: u16, log_stats: Arc<Stats>, failure: Arc<Notify>) -> Shared {
        Shared {
            index,
            mailbox: Mailbox::default(),
            judgements: RwLock::default(),
            gauges: Gauges::default(),
            log_stats,
            owes: (0..shards).map(|_| Arc::default()).collect(),
            due: Arc::default(),
            ended: Arc::default(),
            archives: Arc::default(),
            closing: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            failure,
        }
    }

    /// Publishes by what callers are judged, for all resources.
    pub(crate) fn publish_all(&self, shard: &postrider_core::Shard) {
        let judged = shard.resources().filter_map(|arn| Some((arn.clone(), Arc::new(shard.judgement(arn)?))));
        let judged = judged.collect();
        *self.judgements.write().unwrap_or_else(PoisonError::into_inner) = judged;
    }

    /// Publishes what a turn changed: by what callers are judged, numbers, and whether anything is owed.
    pub(crate) fn publish<T: crate::writer::Caller>(&self, writer: &mut Writer<T>, reader: &dyn Reader) {
        let changed = writer.shard_mut().take_changed();
        if !changed.is_empty() {
            let mut judgements = self.judgements.write().unwrap_or_else(PoisonError::into_inner);
            for arn in changed {
                match writer.shard().judgement(&arn) {
                    Some(judgement) => judgements.insert(arn, Arc::new(judgement)),
                    None => judgements.remove(&arn),
                };
            }
        }
        let shard = writer.shard();
        let owed = shard.owed_count() as u64;
        self.gauges.log_bytes.store(reader.bytes(), Relaxed);
        self.gauges.live_bytes.store(shard.live_bytes(), Relaxed);
        self.gauges.resident_bytes.store(shard.resident_bytes(), Relaxed);
        self.gauges.parked.store(writer.parked() as u64, Relaxed);
        self.gauges.dropped.store(writer.dropped(), Relaxed);
        self.gauges.owed.store(owed, Relaxed);
        shard.owes().for_each(|to| self.owes[usize::from(to)].notify_one());
        self.gauges.due.store(shard.due_count() as u64, Relaxed);
        if shard.endpoints_due().is_some_and(|due| due <= shard.now()) {
            self.due.notify_one();
        }
        if writer.has_ended() {
            self.ended.notify_one();
        }
        if writer.shard_mut().take_archives_wait() {
            self.archives.notify_one();
        }
    }

    pub(crate) fn fail(&self) {
        self.failed.store(true, Relaxed);
        self.failure.notify_one();
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Relaxed)
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Relaxed)
    }
}
