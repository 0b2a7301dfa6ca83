//! Time passes, and what is gone is freed.

use super::{Shard, cost};
use crate::id::QueueId;
use crate::queue::{Became, Queue};
use crate::{Timestamp, limits};
use std::collections::BTreeSet;

impl Shard {
    /// Lets time pass up to `now`: idempotent, writes nothing, never goes back.
    pub fn advance(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        let now = self.now;
        let mut gone = Vec::new();
        while let Some(&(at, id)) = self.due.first()
            && at <= now
        {
            self.due.pop_first();
            let Some(queue) = self.queues.get_mut(&id) else { continue };
            queue.scheduled = None;
            let before = cost::memory(queue);
            if queue.advance(now, &mut gone) == Became::Available {
                self.ready.insert(id);
            }
            self.live_bytes -= before - cost::memory(queue);
            schedule(&mut self.due, queue);
        }
        for message in gone {
            self.release(message);
        }
        self.advance_topics(now);
        while let Some((at, _)) = self.deleted_order.first()
            && *at + limits::DELETED_WAIT_MS <= now
        {
            if let Some((_, arn)) = self.deleted_order.pop_first() {
                self.deleted.remove(&arn);
            }
        }
    }

    /// The next time at which [`Shard::advance`] has something to do.
    pub fn due(&self) -> Option<Timestamp> {
        let queues = self.due.first().map(|entry| entry.0);
        let topics = self.topic_due.first().map(|entry| entry.0);
        queues.into_iter().chain(topics).min()
    }

    /// Frees up to `messages` messages of purged and deleted queues, then as many deliveries that were owed to endpoints
    /// that are gone, then as many endpoints of deleted platform applications. Says whether there are more.
    pub fn reap(&mut self, messages: usize) -> bool {
        for _ in 0..messages {
            let Some(last) = self.doomed.last_mut() else { return self.reap_others(messages) };
            match last.messages.pop() {
                Some(message) => self.release(message),
                None => {
                    self.doomed.pop();
                }
            }
        }
        // There may be more, of whichever kind.
        true
    }

    fn reap_others(&mut self, most: usize) -> bool {
        for _ in 0..most {
            let Some(publication) = self.deliveries.reap() else { return self.applications.reap(most) };
            self.unrefer(publication);
        }
        true
    }
}

/// Keeps the index of due queues at or before the queue's next deadline.
pub(super) fn schedule(order: &mut BTreeSet<(Timestamp, QueueId)>, queue: &mut Queue) {
    let Some(due) = queue.due() else { return };
    if queue.scheduled.is_some_and(|scheduled| scheduled <= due) {
        return;
    }
    if let Some(scheduled) = queue.scheduled.replace(due) {
        order.remove(&(scheduled, queue.id));
    }
    order.insert((due, queue.id));
}
