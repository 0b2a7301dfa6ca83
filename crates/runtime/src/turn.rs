//! The thin loop: one thread a shard, which takes turns and makes them durable.
//!
//! While the log syncs what one turn produced, the mailbox collects the next. So the slower the disk, the
//! larger the groups, and a group costs one wake-up. Why the sync has no thread of its own: ADR 8.

use crate::answer::Answer;
use crate::clock::Clock;
use crate::compaction::{Compactor, SLICE_BYTES};
use crate::handle::{Call, Mail, Shared};
use crate::writer::{Caller, Produced, Writer};
use postrider_core::{Command, Timestamp};
use postrider_log::{Fault, Log, Reader};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::oneshot;
use tracing::{error, info, warn};

/// Commands that one turn takes from the mailbox at most.
const TURN_COMMANDS_MAX: usize = 4_096;
/// Messages of purged and deleted queues that are freed between two turns.
const REAP_SLICE: usize = 4_096;
/// How long an append waits before it asks a full disk again.
const FULL_RETRY: Duration = Duration::from_millis(200);
/// How long the writer waits, if nobody asks anything, before it looks again whether a segment was trimmed.
const TRIM_RETRY: Duration = Duration::from_millis(100);

impl Caller for oneshot::Sender<Answer> {
    fn is_gone(&self) -> bool {
        self.is_closed()
    }
}

type Reply = oneshot::Sender<Answer>;

/// Wall clock and monotonic clock, in milliseconds.
pub(crate) fn clocks(started: Instant) -> (u64, u64) {
    let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    (ms(wall), ms(started.elapsed()))
}

/// Starts the thread of a shard. It ends when the node closes, after everything in the mailbox is
/// answered; or when the log fails.
pub(crate) fn start(
    writer: Writer<Reply>,
    log: Box<dyn Log>,
    clock: Clock,
    started: Instant,
    calls: Receiver<Mail>,
    shared: Arc<Shared>,
) -> std::io::Result<std::thread::JoinHandle<()>> {
    let reader = log.reader();
    let compactor = Compactor::new(SLICE_BYTES);
    let turns = Turns { writer, clock, started, calls, log, reader, compactor, shared };
    let name = format!("shard-{}", turns.shared.index);
    std::thread::Builder::new().name(name).spawn(move || turns.run())
}

struct Turns {
    writer: Writer<Reply>,
    clock: Clock,
    started: Instant,
    calls: Receiver<Mail>,
    log: Box<dyn Log>,
    reader: Arc<dyn Reader>,
    compactor: Compactor,
    shared: Arc<Shared>,
}

/// What the mailbox gave.
enum Next {
    Call(Box<Call>),
    Nothing,
    Closed,
}

impl Turns {
    fn run(mut self) {
        let mut next = Next::Nothing;
        loop {
            let now = self.now();
            self.writer.begin(now);
            let closed = match next {
                Next::Call(call) => {
                    self.take(*call);
                    self.drain()
                }
                Next::Nothing => false,
                Next::Closed => true,
            };
            self.compact();
            if closed {
                self.writer.dismiss();
            }
            if !self.finish() {
                return;
            }
            if closed {
                info!(shard = self.shared.index, tail = self.log.tail(), "shard closed");
                return;
            }
            next = self.wait();
        }
    }

    /// Waits for a call, or until something is due.
    fn wait(&mut self) -> Next {
        let received = match self.patience() {
            Some(Duration::ZERO) => self.calls.try_recv().map_err(|error| match error {
                TryRecvError::Empty => RecvTimeoutError::Timeout,
                TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
            }),
            Some(most) => self.calls.recv_timeout(most),
            None => self.calls.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match received {
            Ok(Mail::Call(call)) => Next::Call(Box::new(call)),
            Err(RecvTimeoutError::Timeout) => Next::Nothing,
            Ok(Mail::Close) | Err(RecvTimeoutError::Disconnected) => Next::Closed,
        }
    }

    /// How long the next turn may wait for a call; `None` is for ever.
    fn patience(&mut self) -> Option<Duration> {
        let live_bytes = self.writer.shard().live_bytes();
        let more = self.writer.shard_mut().reap(REAP_SLICE);
        // What was freed may be worth a compaction, and that is looked at within a turn.
        if more || self.writer.shard().live_bytes() < live_bytes || self.compactor.is_running() {
            return Some(Duration::ZERO);
        }
        let trim = self.compactor.waits().then_some(TRIM_RETRY);
        let due = self.writer.due().map(|due| Duration::from_millis(due - self.now()));
        [trim, due].into_iter().flatten().min()
    }

    fn now(&mut self) -> Timestamp {
        let (wall_ms, mono_ms) = clocks(self.started);
        let reading = self.clock.read(wall_ms, mono_ms);
        if let Some(step_ms) = reading.step_ms {
            warn!(shard = self.shared.index, step_ms, "the wall clock stepped; shard time follows slowly");
        }
        reading.now
    }

    fn take(&mut self, call: Call) {
        let Call { command, reply, bytes } = call;
        self.shared.mailbox.taken(bytes);
        self.writer.ask(command, reply);
    }

    /// Takes in what waits, as far as it fits into one turn. True at the end of all.
    fn drain(&mut self) -> bool {
        for _ in 0..TURN_COMMANDS_MAX {
            if self.writer.is_full() {
                return false;
            }
            match self.calls.try_recv() {
                Ok(Mail::Call(call)) => self.take(call),
                Ok(Mail::Close) => return true,
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return false,
            }
        }
        false
    }

    /// The entries were written by this program and read back at the start, so failing here is the disk's
    /// doing: what it holds cannot be trusted, and the shard stops.
    fn compact(&mut self) {
        if let Err(unreadable) = self.compactor.slice(&mut self.writer, &*self.reader) {
            let reason = crate::chain(&unreadable);
            error!(
                shard = self.shared.index,
                reason, "compaction cannot read the log: run `postrider log verify`"
            );
            self.shared.fail();
        }
    }

    /// Ends the turn and makes it durable. False if that failed: then nobody who waits is answered, and
    /// the shard is worthless.
    fn finish(&mut self) -> bool {
        let produced = self.writer.end();
        self.shared.publish(&mut self.writer, &*self.reader);
        if let Err(fault) = self.commit(produced) {
            let reason = crate::chain(&fault);
            error!(shard = self.shared.index, reason, "the log failed, so this shard stops");
            self.shared.fail();
        }
        !self.shared.has_failed()
    }

    /// Makes durable what a turn produced, lets its replies go, and trims. If the append fails nobody is answered.
    fn commit(&mut self, produced: Produced<Reply>) -> Result<(), Fault> {
        let Produced { entries, replies, trim } = produced;
        self.append(&entries)?;
        for (caller, result) in replies {
            // A caller that has gone away does not want its answer.
            drop(caller.send(Answer::new(result, &*self.reader)));
        }
        if let Some(first) = trim {
            let before = self.log.first();
            let first = self.log.trim(first)?;
            if first > before {
                info!(shard = self.shared.index, first, "log trimmed");
            }
        }
        Ok(())
    }

    /// Appends, and waits while the disk is full: room was made sure of before anything that grows the
    /// log happened, so only settling can get here, and only when the reserve is spent too. A node that
    /// is closing does not wait: those who asked are not answered, and the log is as it was.
    fn append(&mut self, entries: &[postrider_log::Entry]) -> Result<(), Fault> {
        loop {
            match self.log.append(entries) {
                Err(Fault::Full) if !self.shared.is_closing() => std::thread::sleep(FULL_RETRY),
                done => return done,
            }
        }
    }
}

/// A command on its way to a shard.
pub(crate) fn call(command: Command) -> (Call, oneshot::Receiver<Answer>) {
    let (reply, answer) = oneshot::channel();
    let bytes = crate::weight::bytes(&command);
    (Call { command, reply, bytes }, answer)
}
