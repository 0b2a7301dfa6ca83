//! A queue: its messages, and what it remembers of those that are gone.
//!
//! A message is sent, perhaps delayed; available; handed out, and then in flight until its consumer deletes it or its
//! visibility timeout passes. Nothing is written when a timeout passes: "is it visible?" is a question about the
//! clock, and [`Queue::advance`] only keeps the indexes in step.
//!
//! A FIFO queue has another order of its messages, and a memory: of deduplication ids ([`dedup`]) and of attempts to
//! receive ([`attempt`]). A dead-letter queue may have tasks that move its messages ([`moves`]).
//!
//! Invariant: no message is among those that the statements of the queue say have expired, or numbered below
//! `purged_before`, but those that are leaving for another shard.
//!
//! All operations on messages are O(log n) in those of the queue; purge and delete are O(1) and one step for each
//! message that is leaving. Their memory is freed in slices by [`crate::shard`].

pub(crate) mod attempt;
pub(crate) mod dedup;
pub mod expiry;
pub(crate) mod fair;
pub(crate) mod fifo;
pub(crate) mod message;
pub(crate) mod messages;
pub(crate) mod moves;
pub mod receipt;
pub(crate) mod receive;
pub(crate) mod send;
pub mod settings;
pub(crate) mod settle;

use crate::event::{QueueStated, Tags};
use crate::id::{DedupKey, Number, QueueId, Revision};
use crate::reply::QueueView;
use crate::{Arn, Lsn, Timestamp};
use attempt::Attempts;
use dedup::Dedup;
use expiry::Expired;
use message::Message;
use messages::Messages;
use moves::Tasks;
use settings::Settings;
use std::collections::BTreeMap;

/// A queue and its messages.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) id: QueueId,
    /// `None` in a shell: on replay, a queue that is stated only later.
    pub(crate) stated: Option<Stated>,
    pub(crate) next_number: Number,
    pub(crate) expired: Expired,
    pub(crate) purged_before: Number,
    pub(crate) purged_at: Timestamp,
    pub(crate) messages: Messages,
    pub(crate) dedup: Dedup,
    pub(crate) attempts: Attempts,
    pub(crate) tasks: Tasks,
    /// When the shard's index of due queues will look at this one.
    pub(crate) scheduled: Option<Timestamp>,
}

/// What a statement says of a queue.
#[derive(Debug, PartialEq)]
pub(crate) struct Stated {
    pub(crate) arn: Arn,
    pub(crate) revision: Revision,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
    pub(crate) settings: Settings,
    pub(crate) tags: Tags,
    /// Where the log states it last.
    pub(crate) at: Lsn,
}

impl Queue {
    /// A queue that something was said of before it was stated. The seed is that of its tables.
    pub(crate) fn shell(id: QueueId, seed: u64) -> Queue {
        Queue {
            id,
            stated: None,
            next_number: 1,
            expired: Expired::default(),
            purged_before: 0,
            purged_at: Timestamp::ZERO,
            messages: Messages::default(),
            dedup: Dedup::new(seed),
            attempts: Attempts::default(),
            tasks: Tasks::default(),
            scheduled: None,
        }
    }

    /// Folds a statement in. Messages that it says are gone leave the queue and are returned.
    pub(crate) fn state(&mut self, at: Lsn, now: Timestamp, stated: &QueueStated) -> Vec<Message> {
        if stated.settings.fifo.is_some() {
            self.messages.become_fifo();
        }
        self.stated = Some(Stated {
            arn: stated.arn.clone(),
            revision: stated.revision,
            created: stated.created,
            modified: stated.modified,
            settings: stated.settings.clone(),
            tags: stated.tags.clone(),
            at,
        });
        self.next_number = self.next_number.max(stated.next_number);
        self.purged_at = self.purged_at.max(stated.purged_at);
        self.purged_before = self.purged_before.max(stated.purged_before);
        let mut gone = Vec::new();
        self.messages.purge(now, self.purged_before, &mut gone);
        for (before, below) in stated.expired.pairs() {
            self.expired.add(*before, *below);
            self.messages.expire(now, *before, *below, &mut gone);
        }
        gone
    }

    /// Takes a message in that was sent, copied or moved here, or is stated again. None is there under its number.
    pub(crate) fn enter(&mut self, now: Timestamp, number: Number, message: Message) {
        self.next_number = self.next_number.max(number + 1);
        self.messages.insert(now, number, message);
    }

    /// Takes out all messages but those that leave, with all that is remembered of those that are gone.
    pub(crate) fn purge(&mut self, now: Timestamp, before: Number) -> (Messages, Dedup, Attempts) {
        self.purged_before = self.purged_before.max(before);
        self.purged_at = now;
        let emptied = self.dedup.emptied();
        let dedup = std::mem::replace(&mut self.dedup, emptied);
        (self.messages.purge_all(now), dedup, std::mem::take(&mut self.attempts))
    }

    /// What a statement of this queue says at `now`. `None` for a shell. What has expired by then is
    /// said from the retention, because [`Queue::advance`] is called only when there is something to do.
    pub(crate) fn statement(&self, now: Timestamp) -> Option<QueueStated> {
        let stated = self.stated.as_ref()?;
        let mut expired = self.expired.clone();
        expired.add(now.minus_s(stated.settings.retention_s), self.next_number);
        Some(QueueStated {
            id: self.id,
            arn: stated.arn.clone(),
            revision: stated.revision,
            created: stated.created,
            modified: stated.modified,
            settings: stated.settings.clone(),
            tags: stated.tags.clone(),
            next_number: self.next_number,
            expired,
            purged_before: self.purged_before,
            purged_at: self.purged_at,
        })
    }

    /// Lets time pass: hidden messages become visible, old ones expire and are handed to `gone`.
    /// Says whether anything became available. Idempotent.
    pub(crate) fn advance(&mut self, now: Timestamp, gone: &mut Vec<Message>) -> Became {
        self.dedup.expire(now);
        self.attempts.expire(now);
        let expired = self.expire(now, gone);
        let revealed = self.messages.reveal(now);
        // What expired may have held back others of its group.
        if (expired || revealed) && self.messages.has_ready() { Became::Available } else { Became::Nothing }
    }

    /// Hands messages whose retention is over to `gone`. Says whether there were any. A shell does not expire anything:
    /// it does not know its retention yet.
    pub(crate) fn expire(&mut self, now: Timestamp, gone: &mut Vec<Message>) -> bool {
        let Some(stated) = &self.stated else { return false };
        let (before, there) = (now.minus_s(stated.settings.retention_s), gone.len());
        self.messages.expire(now, before, Number::MAX, gone);
        gone.len() > there
    }

    /// The next time at which [`Queue::advance`] has something to do.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        let expiry = match (&self.stated, self.messages.oldest()) {
            (Some(stated), Some(sent_at)) => Some(sent_at.plus_s(stated.settings.retention_s)),
            (None, _) | (_, None) => None,
        };
        // What is forgotten is looked up exactly, so freeing it can wait for a full second: else thousands of ids that
        // are over one after the other would keep an idle shard awake.
        let memory = [self.dedup.next_expiry(), self.attempts.next_expiry()].into_iter().flatten().min();
        let memory = memory.map(|at| Timestamp(at.0.div_ceil(1_000) * 1_000));
        [expiry, self.messages.due(), memory].into_iter().flatten().min()
    }

    /// The queue as its owner may see it. `None` for a shell.
    pub(crate) fn view(&self) -> Option<QueueView> {
        let stated = self.stated.as_ref()?;
        Some(QueueView {
            arn: stated.arn.clone(),
            revision: stated.revision,
            created: stated.created,
            modified: stated.modified,
            settings: stated.settings.clone(),
            tags: stated.tags.clone(),
            counts: self.messages.counts(),
            fair: self.messages.fair_counts(),
        })
    }

    /// Is the state of the two queues the same at `now`? Where the log states things does not count.
    pub(crate) fn same(&self, other: &Queue, now: Timestamp) -> bool {
        self.statement(now) == other.statement(now)
            && self.messages.same(&other.messages)
            && remembered(&self.dedup, now) == remembered(&other.dedup, now)
            && self.attempts.same(&other.attempts, now)
            && self.tasks.same(&other.tasks)
    }
}

/// What is remembered of deduplication ids, whatever the order in which it was learned.
fn remembered(dedup: &Dedup, now: Timestamp) -> BTreeMap<DedupKey, dedup::First> {
    dedup.iter_live(now).collect()
}

/// What the passing of time did to a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Became {
    /// Nothing that a waiting consumer cares for.
    Nothing,
    /// Messages became available.
    Available,
}
