//! One turn of a shard, without any I/O.
//!
//! A turn drains its mailbox, decides each command, retries the long polls that became satisfiable,
//! and closes one entry. Group commit is not a feature, it is this loop. A second entry is begun only
//! when the first is full; one command's events are never split between two.
//!
//! Within a turn the writer's state is ahead of the log: events are applied at once, so that the next
//! command sees them, and there is no undo. If the log fails, the writer is worthless and is dropped.
//!
//! What a turn produced is durable before the next turn begins, and until then none of its replies
//! leaves: also no rejection, no empty receive, no look at a queue. So nobody ever learns of something
//! that a crash could undo. This is for whoever drives the writer to keep.

use crate::ended::Waiting;
use crate::long_poll::{LONG_POLLS_MAX, LongPolls, Parked};
use crate::weight;
use bytes::Bytes;
use postrider_core::command::{AskQueue, Receive};
use postrider_core::id::{Ids, QueueId, Revision};
use postrider_core::reply::Reply;
use postrider_core::{Command, Event, Lsn, Rejection, Shard, Timestamp, codec, limits};
use postrider_log::{Entry, Space};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Somebody who waits for a reply.
pub trait Caller {
    /// Is it known that nobody waits any more?
    fn is_gone(&self) -> bool;
}

/// Replies, with whom they are for.
pub type Replies<T> = Vec<(T, Result<Reply, Rejection>)>;

/// What a turn produced.
#[derive(Debug)]
pub struct Produced<T> {
    /// What to append first, all at once; nothing if nothing happened.
    pub entries: Vec<Entry>,
    /// Who gets what, after the append.
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
    entry_bytes_max: usize,
    replies: Replies<T>,
    /// Entries of this turn that are full.
    closed: Vec<Entry>,
    polls: LongPolls<T>,
    space: Arc<Space>,
    pub(crate) trim: Option<u64>,
    credit: i64,
    dropped: u64,
    /// Of what is not in the log yet, too: who asks for it is answered after the append.
    ended: Waiting,
    /// Queues with waiting receives for which this turn has done enough.
    later: BTreeSet<QueueId>,
}

/// Bytes that compaction may write for each byte that commands write. One is enough while half of the log may
/// be garbage. The rest is for a full disk, where less garbage is allowed; and this bounds what a wrong
/// estimate can cost.
const CREDIT_PER_BYTE: i64 = 4;

/// About how many bytes the log adds to an entry.
const FRAME_BYTES: u64 = 64;

impl<T: Caller> Writer<T> {
    /// A writer over a shard that was folded up to `tail` from a log of `log_bytes`, and that owns the log
    /// under `epoch`.
    pub fn new(
        shard: Shard,
        ids: Ids,
        epoch: u64,
        tail: Lsn,
        space: Arc<Space>,
        log_bytes: u64,
    ) -> Writer<T> {
        Writer {
            shard,
            ids,
            epoch,
            tail,
            buffer: Vec::new(),
            entry_bytes_max: limits::ENTRY_BYTES_MAX,
            replies: Vec::new(),
            closed: Vec::new(),
            polls: LongPolls::new(LONG_POLLS_MAX),
            space,
            trim: None,
            credit: i64::try_from(log_bytes).unwrap_or(i64::MAX / 2),
            dropped: 0,
            ended: Waiting::default(),
            later: BTreeSet::new(),
        }
    }

    /// Closes an entry when its events reach `bytes` instead of [`limits::ENTRY_BYTES_MAX`], for a log of small
    /// segments.
    #[must_use]
    pub fn with_entries_of(mut self, bytes: usize) -> Writer<T> {
        self.entry_bytes_max = bytes;
        self
    }

    /// The shard as it is, within a turn ahead of the log.
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

    /// Has anything ended that a topic wants to be told of?
    pub fn has_ended(&self) -> bool {
        !self.ended.is_empty()
    }

    /// Whether the log may grow.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// Bytes that compaction may still write. Below zero it has to wait until commands have written more.
    pub fn credit(&self) -> i64 {
        self.credit
    }

    /// Begins a turn. What the one before produced is in the log.
    pub fn begin(&mut self, now: Timestamp) {
        self.shard.advance(now);
        self.shard.make_ready(std::mem::take(&mut self.later));
    }

    /// Has the turn taken in as much as one entry holds? Then it had better end.
    pub fn is_full(&self) -> bool {
        !self.closed.is_empty() || self.buffer.len() >= self.entry_bytes_max
    }

    /// Carries out a command, or parks it. A receive of somebody who has gone away is dropped.
    pub fn ask(&mut self, command: Command, caller: T) {
        if matches!(&command, Command::Queue { ask: AskQueue::Receive(_), .. }) {
            // Nobody would delete what somebody gets who has gone away.
            if caller.is_gone() {
                return;
            }
            // Whoever has waited gets what there is before somebody who comes only now.
            self.serve_polls();
        }
        if let Command::Claim { max, bytes_max } = command {
            // Nobody would make the attempts that somebody takes who has gone away.
            if caller.is_gone() {
                return;
            }
            let claimed = self.shard.take_due(max, bytes_max);
            self.replies.push((caller, Ok(claimed)));
            return;
        }
        if matches!(&command, Command::Ended) {
            if !caller.is_gone() {
                self.replies.push((caller, Ok(self.ended.take())));
            }
            return;
        }
        let poll = waits(&self.shard, &command);
        let reports = if let Command::Tried(reports) = &command { reports.clone() } else { Vec::new() };
        let result = self.carry_out(command);
        // What is told again because there was no room is learned once.
        if result.is_ok() {
            self.shard.learn(&reports);
        }
        if let (Some(poll), Ok(Reply::Received(messages))) = (poll, &result)
            && messages.is_empty()
            && !self.polls.is_full()
        {
            let deadline = self.shard.now().plus_s(poll.wait_s);
            let Poll { queue, judged, receive, .. } = poll;
            self.polls.park(queue, deadline, Parked { caller, judged, receive });
            return;
        }
        self.replies.push((caller, result));
    }

    /// Ends a turn: answers the polls that can be answered, closes the entry, and hands everything out.
    pub fn end(&mut self) -> Produced<T> {
        if self.has_room() {
            let events = self.shard.move_on();
            self.log(events);
        }
        self.serve_polls();
        while let Some(parked) = self.polls.expired(self.shard.now()) {
            self.replies.push((parked.caller, Ok(Reply::Received(Vec::new()))));
        }
        self.close_entry();
        Produced {
            entries: std::mem::take(&mut self.closed),
            replies: std::mem::take(&mut self.replies),
            trim: self.trim.take(),
        }
    }

    /// Answers everybody who waits for a message that there is none: the shard is closing.
    pub fn dismiss(&mut self) {
        while let Some(parked) = self.polls.expired(Timestamp(u64::MAX)) {
            self.replies.push((parked.caller, Ok(Reply::Received(Vec::new()))));
        }
    }

    /// When the next turn is due even if nobody asks anything. While nobody waits for a message there
    /// is only housekeeping, and that is done at most once a second.
    pub fn due(&self) -> Option<Timestamp> {
        let shard = self
            .shard
            .due()
            .map(|due| if self.polls.is_empty() { due.max(self.shard.now().plus_s(1)) } else { due });
        // While the disk is full no task moves messages, and somebody has to look whether it still is.
        let moves = self.shard.move_due();
        let moves =
            if self.has_room() { moves } else { moves.map(|due| due.max(self.shard.now().plus_s(1))) };
        let later = (!self.later.is_empty()).then(|| self.shard.now());
        // Whoever makes the attempts was told of those whose time has come, and asks when he can make more.
        let endpoints = self.shard.endpoints_due().filter(|due| *due > self.shard.now());
        [shard, self.polls.due(), moves, endpoints, later].into_iter().flatten().min()
    }

    /// Has the log room for more than what this turn has decided?
    fn has_room(&self) -> bool {
        self.space.room(self.undurable_bytes())
    }

    fn carry_out(&mut self, command: Command) -> Result<Reply, Rejection> {
        if !self.has_room() && matches!(&command, Command::Queue { ask: AskQueue::StartMove { .. }, .. }) {
            return Err(Rejection::NoSpace);
        }
        let decided = self.shard.decide(command, &mut self.ids)?;
        if !self.admits(&decided.events) {
            return Err(Rejection::NoSpace);
        }
        self.dropped += decided.dropped;
        self.ended.keep(decided.ended);
        self.log(decided.events);
        Ok(decided.reply)
    }

    /// Is there room for what was decided? It is asked of the events, because a small command may make large ones:
    /// a publication names all to whom it is owed, and a statement holds all that was ever set.
    fn admits(&self, events: &[Event]) -> bool {
        let (mut bytes, mut largest) = (0, 0);
        for event in events {
            let estimate = weight::estimate(event);
            bytes += estimate;
            largest = largest.max(estimate);
        }
        let ahead = self.undurable_bytes() + bytes as u64;
        largest <= limits::EVENT_BYTES_MAX && (self.space.room(ahead) || !events.iter().any(grows))
    }

    /// About how many bytes the log takes for what this turn has decided so far.
    fn undurable_bytes(&self) -> u64 {
        let closed = self.closed.iter().map(|entry| entry.payload.len() as u64 + FRAME_BYTES);
        closed.sum::<u64>() + self.buffer.len() as u64 + FRAME_BYTES
    }

    /// Puts the events of one command into one entry, and applies them.
    ///
    /// Only what would be larger than an entry may be is split, between two events: a batch of publications, each of
    /// which is answered on its own anyway, and what move tasks do.
    pub(crate) fn log(&mut self, mut events: Vec<Event>) {
        let expected = events.iter().map(weight::estimate).sum::<usize>();
        if self.buffer.len() + expected > self.entry_bytes_max {
            self.close_entry();
        }
        // An id is never without the publication that had it first.
        let mut id_before = false;
        for event in &mut events {
            let together = std::mem::replace(&mut id_before, matches!(event, Event::TopicDeduplicated(_)));
            if !together
                && expected > self.entry_bytes_max
                && self.buffer.len() + weight::estimate(event) > self.entry_bytes_max
            {
                self.close_entry();
            }
            let bytes = self.write(event);
            self.credit = self.credit.saturating_add(bytes.saturating_mul(CREDIT_PER_BYTE));
        }
    }

    /// States something again.
    pub(crate) fn restate(&mut self, mut event: Event) {
        if self.buffer.len() + weight::estimate(&event) > self.entry_bytes_max {
            self.close_entry();
        }
        let bytes = self.write(&mut event);
        self.credit = self.credit.saturating_sub(bytes);
    }

    /// Encodes an event into the open entry and applies it. Says how many bytes it took.
    fn write(&mut self, event: &mut Event) -> i64 {
        let (lsn, before) = (self.tail.next(), self.buffer.len());
        codec::encode(lsn, event, &mut self.buffer);
        self.shard.apply(lsn, event);
        i64::try_from(self.buffer.len() - before).unwrap_or(i64::MAX)
    }

    /// Closes the open entry if there is anything in it.
    fn close_entry(&mut self) {
        if self.buffer.is_empty() {
            return;
        }
        self.tail = self.tail.next();
        let payload = Bytes::copy_from_slice(&self.buffer);
        self.buffer.clear();
        let (epoch, number, time_ms) = (self.epoch, self.tail.0, self.shard.now().0);
        self.closed.push(Entry { epoch, number, time_ms, payload });
    }

    fn serve_polls(&mut self) {
        loop {
            let ready = self.shard.take_ready();
            if ready.is_empty() || self.polls.is_empty() {
                return;
            }
            for queue in ready {
                if !self.later.contains(&queue) {
                    self.serve_queue(queue);
                }
            }
        }
    }

    /// Serves the polls of one queue, in order of their arrival, until one finds nothing. Whoever was allowed to
    /// receive when he came may not be any more, so he is held to what he was judged by.
    ///
    /// One that found only messages that were received too often has moved them away. What is behind them is for the
    /// next turn, so that no turn moves a whole backlog.
    fn serve_queue(&mut self, queue: QueueId) {
        while let Some(waiting) = self.polls.take(queue) {
            if waiting.parked.caller.is_gone() {
                continue;
            }
            let Some(arn) = self.shard.queue_arn(queue) else {
                self.replies.push((waiting.parked.caller, Err(Rejection::QueueDoesNotExist)));
                continue;
            };
            let (judged, ask) = (waiting.parked.judged, AskQueue::Receive(waiting.parked.receive));
            let before = self.undurable_bytes();
            let result = self.carry_out(Command::Queue { arn, judged, ask });
            if matches!(&result, Ok(Reply::Received(messages)) if messages.is_empty()) {
                self.polls.put_back(waiting);
                if self.undurable_bytes() > before {
                    self.later.insert(queue);
                }
                return;
            }
            self.replies.push((waiting.parked.caller, result));
        }
    }
}

/// A receive that may be parked.
struct Poll {
    queue: QueueId,
    judged: Revision,
    wait_s: u32,
    receive: Receive,
}

/// What of a command is to be parked, if it may wait.
fn waits(shard: &Shard, command: &Command) -> Option<Poll> {
    let Command::Queue { arn, judged, ask: AskQueue::Receive(receive) } = command else { return None };
    let queue = shard.queue_id(arn)?;
    let wait_s = receive.wait_s.unwrap_or_else(|| shard.default_wait_s(queue));
    // What the queue says now holds for the whole wait.
    let receive = Receive { wait_s: Some(wait_s), ..*receive };
    (wait_s > 0).then_some(Poll { queue, judged: *judged, wait_s, receive })
}

/// Does the event add to what is alive? Those are refused while the disk is full; what only hands out, deletes
/// or settles goes on.
fn grows(event: &Event) -> bool {
    match event {
        Event::Queue(_)
        | Event::Message(_)
        | Event::Topic(_)
        | Event::Subscription(_)
        | Event::Publication(_)
        | Event::TopicDeduplicated(_) => true,
        Event::Opened
        | Event::FormatRaised(_)
        | Event::Shard(_)
        | Event::QueueDeleted { .. }
        | Event::QueuePurged { .. }
        | Event::Received { .. }
        | Event::VisibilityChanged { .. }
        | Event::Deleted { .. }
        | Event::Deduplicated(_)
        | Event::Attempt(_)
        | Event::Moved { .. }
        | Event::Leaving { .. }
        | Event::MoveTask(_)
        | Event::TopicDeleted { .. }
        | Event::Unsubscribed { .. }
        | Event::Tried(_)
        | Event::Diverted { .. }
        | Event::Archived { .. }
        | Event::Replay(_)
        | Event::Settled { .. }
        | Event::Inbox { .. } => false,
        Event::Account(event) => event.grows(),
        Event::Application(event) => event.grows(),
    }
}

#[cfg(test)]
mod tests;
