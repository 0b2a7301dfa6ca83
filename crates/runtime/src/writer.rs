//! One turn of a shard, without any I/O.
//!
//! A turn drains its mailbox, decides each command, retries the long polls that became satisfiable,
//! and closes one entry. Group commit is not a feature, it is this loop. A second entry is begun only
//! when the first is full; one command's events are never split between two.
//!
//! The writer's state is always ahead of the log: events are applied at once, so that the next
//! command sees them, and there is no undo. If the log fails, the writer is worthless and is dropped.

use crate::long_poll::{LongPolls, Parked};
use crate::pending::Replies;
use bytes::Bytes;
use postrider_core::command::{AskQueue, Receive};
use postrider_core::id::{Ids, QueueId};
use postrider_core::reply::Reply;
use postrider_core::{Command, Event, Lsn, Rejection, Shard, Timestamp, codec, limits};
use postrider_log::{Entry, Space};
use std::sync::Arc;

/// Somebody who waits for a reply.
pub trait Caller {
    /// Is it known that nobody waits any more?
    fn is_gone(&self) -> bool;
}

/// What a turn produced. Replies wait until `lsn` is durable.
#[derive(Debug)]
pub struct Batch<T> {
    /// The entry to append, if anything happened.
    pub entry: Option<Entry>,
    /// The position that was current when the replies were computed.
    pub lsn: Lsn,
    /// Who gets what.
    pub replies: Replies<T>,
    /// After the append, everything before this number may be trimmed.
    pub trim: Option<u64>,
}

/// The one writer of a shard.
pub struct Writer<T> {
    pub(crate) shard: Shard,
    pub(crate) ids: Ids,
    epoch: u64,
    /// The last entry that was closed.
    tail: Lsn,
    buffer: Vec<u8>,
    replies: Replies<T>,
    closed: Vec<Batch<T>>,
    polls: LongPolls<T>,
    space: Arc<Space>,
    pub(crate) trim: Option<u64>,
    dropped: u64,
}

impl<T: Caller> Writer<T> {
    /// A writer over a shard that was folded up to `tail`, and that owns the log under `epoch`.
    pub fn new(shard: Shard, ids: Ids, epoch: u64, tail: Lsn, space: Arc<Space>) -> Writer<T> {
        Writer {
            shard,
            ids,
            epoch,
            tail,
            buffer: Vec::new(),
            replies: Vec::new(),
            closed: Vec::new(),
            polls: LongPolls::default(),
            space,
            trim: None,
            dropped: 0,
        }
    }

    /// The shard as it is, ahead of the log.
    pub fn shard(&self) -> &Shard {
        &self.shard
    }

    /// The shard, to take what it has to tell.
    pub fn shard_mut(&mut self) -> &mut Shard {
        &mut self.shard
    }

    /// Receives that wait.
    pub fn parked(&self) -> usize {
        self.polls.len()
    }

    /// Deliveries that were refused for good, since the shard was opened.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Begins a turn.
    pub fn begin(&mut self, now: Timestamp) {
        self.shard.advance(now);
    }

    /// Carries out a command, or parks it.
    pub fn ask(&mut self, command: Command, caller: T) {
        if grows(&command) && !self.space.room(self.buffer.len() as u64 + bytes(&command)) {
            self.replies.push((caller, Err(Rejection::NoSpace)));
            return;
        }
        let poll = waits(&self.shard, &command);
        let result = self.carry_out(command);
        if let (Some((queue, wait_s, receive)), Ok(Reply::Received(messages))) = (poll, &result)
            && messages.is_empty()
        {
            let deadline = self.shard.now().plus_s(wait_s);
            self.polls.park(queue, deadline, Parked { caller, receive });
            return;
        }
        self.replies.push((caller, result));
    }

    /// Ends a turn: answers the polls that can be answered, closes the entry, and hands everything out.
    pub fn end(&mut self) -> Vec<Batch<T>> {
        self.serve_polls();
        while let Some(parked) = self.polls.expired(self.shard.now()) {
            self.replies.push((parked.caller, Ok(Reply::Received(Vec::new()))));
        }
        if !self.buffer.is_empty() || !self.replies.is_empty() || self.trim.is_some() {
            self.close();
        }
        std::mem::take(&mut self.closed)
    }

    /// When the next turn is due even if nobody asks anything. While nobody waits for a message there
    /// is only housekeeping, and that is done at most once a second.
    pub fn due(&self) -> Option<Timestamp> {
        let shard = self
            .shard
            .due()
            .map(|due| if self.polls.is_empty() { due.max(self.shard.now().plus_s(1)) } else { due });
        [shard, self.polls.due()].into_iter().flatten().min()
    }

    fn carry_out(&mut self, command: Command) -> Result<Reply, Rejection> {
        let decided = self.shard.decide(command, &mut self.ids)?;
        self.dropped += decided.dropped;
        self.log(decided.events);
        Ok(decided.reply)
    }

    /// Puts the events of one command into one entry, and applies them.
    pub(crate) fn log(&mut self, mut events: Vec<Event>) {
        let expected = events.iter().map(estimate).sum::<usize>();
        if !self.buffer.is_empty() && self.buffer.len() + expected > limits::ENTRY_BYTES_MAX {
            self.close();
        }
        let lsn = self.tail.next();
        for event in &mut events {
            codec::encode(lsn, event, &mut self.buffer);
            self.shard.apply(lsn, event);
        }
    }

    fn close(&mut self) {
        let mut entry = None;
        if !self.buffer.is_empty() {
            self.tail = self.tail.next();
            let payload = Bytes::copy_from_slice(&self.buffer);
            self.buffer.clear();
            let time_ms = self.shard.now().0;
            entry = Some(Entry { epoch: self.epoch, number: self.tail.0, time_ms, payload });
        }
        let replies = std::mem::take(&mut self.replies);
        self.closed.push(Batch { entry, lsn: self.tail, replies, trim: self.trim.take() });
    }

    fn serve_polls(&mut self) {
        loop {
            let ready = self.shard.take_ready();
            if ready.is_empty() || self.polls.is_empty() {
                return;
            }
            for queue in ready {
                self.serve_queue(queue);
            }
        }
    }

    /// Serves the polls of one queue, in order of their arrival, until one finds nothing.
    fn serve_queue(&mut self, queue: QueueId) {
        while let Some(waiting) = self.polls.take(queue) {
            if waiting.parked.caller.is_gone() {
                continue;
            }
            let Some((arn, judged)) = self.shard.identity(queue) else {
                self.replies.push((waiting.parked.caller, Err(Rejection::QueueDoesNotExist)));
                continue;
            };
            let ask = AskQueue::Receive(waiting.parked.receive);
            let result = self.carry_out(Command::Queue { arn, judged, ask });
            if matches!(&result, Ok(Reply::Received(messages)) if messages.is_empty()) {
                self.polls.put_back(waiting);
                return;
            }
            self.replies.push((waiting.parked.caller, result));
        }
    }
}

/// The queue, the wait and the receive of a command that may be parked.
fn waits(shard: &Shard, command: &Command) -> Option<(QueueId, u32, Receive)> {
    let Command::Queue { arn, ask: AskQueue::Receive(receive), .. } = command else { return None };
    let queue = shard.queue_id(arn)?;
    let wait_s = receive.wait_s.unwrap_or_else(|| shard.default_wait_s(queue));
    // What the queue says now holds for the whole wait.
    let receive = Receive { wait_s: Some(wait_s), ..*receive };
    (wait_s > 0).then_some((queue, wait_s, receive))
}

/// Does the command add to what is alive? Those are refused while the disk is full; what only hands
/// out, deletes or settles goes on.
fn grows(command: &Command) -> bool {
    use postrider_core::command::AskTopic;
    match command {
        Command::CreateQueue { .. } | Command::CreateTopic { .. } | Command::Deliver { .. } => true,
        Command::Queue { ask, .. } => match ask {
            AskQueue::Send(_) | AskQueue::Set(_) | AskQueue::Tag(_) => true,
            AskQueue::View
            | AskQueue::Untag(_)
            | AskQueue::Delete
            | AskQueue::Purge
            | AskQueue::Receive(_)
            | AskQueue::DeleteMessages(_)
            | AskQueue::ChangeVisibility(_)
            | AskQueue::Peek { .. } => false,
        },
        Command::Topic { ask, .. } => match ask {
            AskTopic::Set(..)
            | AskTopic::Tag(_)
            | AskTopic::Subscribe(..)
            | AskTopic::SetSubscription(..)
            | AskTopic::Publish(_) => true,
            AskTopic::View
            | AskTopic::Untag(_)
            | AskTopic::Delete
            | AskTopic::ListSubscriptions(_)
            | AskTopic::Subscription(_)
            | AskTopic::Unsubscribe(_) => false,
        },
        Command::ListQueues(_)
        | Command::ListTopics(_)
        | Command::ListSubscriptions(_)
        | Command::Owed { .. }
        | Command::Settle { .. } => false,
    }
}

/// Payload bytes that a command carries.
pub(crate) fn bytes(command: &Command) -> u64 {
    use postrider_core::command::AskTopic;
    let bytes = match command {
        Command::Queue { ask: AskQueue::Send(sends), .. } => {
            sends.iter().map(|send| send.payload.bytes.len()).sum::<usize>()
        }
        Command::Topic { ask: AskTopic::Publish(messages), .. } => {
            messages.iter().map(|message| message.payload.bytes.len()).sum::<usize>()
        }
        Command::Deliver { parcels, .. } => parcels.iter().map(|p| p.payload.bytes.len()).sum::<usize>(),
        _ => 0,
    };
    bytes as u64
}

/// At least about how many bytes an event takes in an entry.
fn estimate(event: &Event) -> usize {
    const FIXED: usize = 256;
    const COPY: usize = 96;
    match event {
        Event::Message(stated) => FIXED + stated.payload.bytes.len(),
        Event::Publication(stated) => {
            FIXED + stated.payload.bytes.len() + COPY * stated.copies.len() + 2 * COPY * stated.owed.len()
        }
        Event::Opened
        | Event::FormatRaised(_)
        | Event::Shard(_)
        | Event::Queue(_)
        | Event::QueueDeleted { .. }
        | Event::QueuePurged { .. }
        | Event::Received { .. }
        | Event::VisibilityChanged { .. }
        | Event::Deleted { .. }
        | Event::Topic(_)
        | Event::TopicDeleted { .. }
        | Event::Subscription(_)
        | Event::Unsubscribed { .. }
        | Event::Settled { .. }
        | Event::Inbox { .. } => FIXED,
    }
}
