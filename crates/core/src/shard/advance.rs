//! Time passes, and what is gone is freed.

use super::{Shard, cost};
use crate::id::QueueId;
use crate::queue::Became;
use crate::{Timestamp, limits};

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
            self.schedule(id);
        }
        for message in gone {
            self.release(message);
        }
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
        self.due.first().map(|entry| entry.0)
    }

    /// Frees up to `messages` messages of purged and deleted queues. Says whether there are more.
    pub fn reap(&mut self, messages: usize) -> bool {
        for _ in 0..messages {
            let Some(last) = self.doomed.last_mut() else { return false };
            match last.messages.pop() {
                Some(message) => self.release(message),
                None => {
                    self.doomed.pop();
                }
            }
        }
        !self.doomed.is_empty()
    }

    /// Keeps the index of due queues at or before the queue's next deadline.
    pub(super) fn schedule(&mut self, id: QueueId) {
        let Some(queue) = self.queues.get_mut(&id) else { return };
        let Some(due) = queue.due() else { return };
        if queue.scheduled.is_some_and(|scheduled| scheduled <= due) {
            return;
        }
        if let Some(scheduled) = queue.scheduled.replace(due) {
            self.due.remove(&(scheduled, id));
        }
        self.due.insert((due, id));
    }
}
