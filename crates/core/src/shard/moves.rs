//! Messages that go from queue to queue, folded in.
//!
//! Within a shard a message moves in one event. To another shard it leaves first, and is gone when that shard has
//! accepted it; if that shard refuses it, it is available again where it was. What a task has moved to another shard is
//! stated with that shard's answer.

use super::{Shard, cost};
use crate::event::{Journey, MoveTaskStated, Why};
use crate::id::{Number, QueueId};
use crate::outbox::{self, Arrival, Owed};
use crate::queue::message::Where;
use crate::queue::messages::Route;
use crate::{Arn, Lsn};

impl Shard {
    pub(super) fn apply_moved(
        &mut self,
        (from, source): (QueueId, &Arn),
        to: QueueId,
        why: Why,
        numbers: &[(Number, Number)],
    ) {
        let now = self.now;
        for &(number, there) in numbers {
            let target = self.queue_or_shell(to);
            target.next_number = target.next_number.max(there + 1);
            let found = self.queues.get_mut(&from).and_then(|queue| queue.messages.remove(now, number));
            // A message that is not here is stated later, in the queue that it has gone to.
            let Some(mut message) = found else { continue };
            let home = message.home.take().unwrap_or_else(|| Box::new((from, number)));
            self.homes.insert(*home, (to, there));
            let Arrival { sent_at, receives, past } =
                outbox::arrival(why, source, message.sent_at, message.receives, now);
            message.home = Some(home);
            message.place = Where::Available;
            (message.sent_at, message.visible_at) = (sent_at, now);
            (message.receives, message.past) = (receives, past);
            self.queue_or_shell(to).enter(now, there, message);
        }
        self.count(from, why, numbers.len(), numbers.len());
        self.touched(from);
        self.touched(to);
    }

    /// The task that moves messages, if it is one that does, has taken some and has moved some.
    fn count(&mut self, queue: QueueId, why: Why, taken: usize, moved: usize) {
        let now = self.now;
        if let (Why::Task(id), Some(queue)) = (why, self.queues.get_mut(&queue)) {
            queue.tasks.took(id, taken, now);
            queue.tasks.moved(id, moved);
        }
    }

    pub(super) fn apply_leaving(&mut self, queue: QueueId, number: Number, journey: &Journey) {
        self.outbox.used(journey.to, journey.number);
        let here = self.queues.get(&queue).is_some_and(|queue| queue.messages.find(number).is_some());
        // A message that is not here is stated later, on its way or back from it.
        if here {
            self.depart(queue, number, Some(journey));
        }
        self.count(queue, journey.why, 1, 0);
        self.touched(queue);
    }

    /// Puts a message that is here on its way, if it has one.
    pub(super) fn depart(&mut self, id: QueueId, number: Number, journey: Option<&Journey>) {
        let Some(Journey { to, number: owed, target, why }) = journey else { return };
        let now = self.now;
        let task = match why {
            Why::Spent => None,
            Why::Task(id) => Some(*id),
        };
        self.queue_or_shell(id).messages.depart(now, number, Route { to: *to, owed: *owed, task });
        let (target, why) = (target.clone(), *why);
        self.outbox.add(*to, *owed, Owed::Message { queue: id, number, target, why });
    }

    pub(super) fn apply_settled(&mut self, to: u16, accepted: u64, refused: Option<u64>) {
        let settled = self.outbox.settle(to, accepted, refused);
        for owed in settled.accepted {
            match owed {
                Owed::Copy { publication, subscription, leg, .. } => {
                    self.live_bytes -= cost::OWED;
                    self.arrive(publication, subscription, leg);
                    self.unrefer(publication);
                }
                Owed::Message { queue, number, .. } => {
                    self.vacate(queue, number);
                    self.touched(queue);
                }
            }
        }
        match settled.refused {
            None => {}
            Some(Owed::Copy { publication, subscription, leg, .. }) => {
                self.live_bytes -= cost::OWED;
                self.arrive(publication, subscription, leg);
                self.unrefer(publication);
            }
            Some(Owed::Message { queue, number, why, .. }) => self.come_back(queue, number, why),
        }
    }

    /// A message that the other shard refused is available again, unless the queue was purged in the meantime, or the
    /// message expired before the retention was raised.
    fn come_back(&mut self, id: QueueId, number: Number, why: Why) {
        let now = self.now;
        let Some(queue) = self.queues.get_mut(&id) else { return };
        let expired =
            queue.messages.find(number).is_some_and(|message| queue.expired.has(message.sent_at, number));
        if expired || number < queue.purged_before {
            self.vacate(id, number);
        } else {
            queue.messages.stay(now, number, |message| match why {
                Why::Spent => message.past.get_or_insert_default().refused_at = now,
                Why::Task(_) => {}
            });
        }
        self.touched(id);
    }

    pub(super) fn apply_move_task(&mut self, lsn: Lsn, stated: &MoveTaskStated) {
        let id = stated.queue;
        self.queue_or_shell(id);
        self.change(id, |queue| queue.tasks.state(lsn, stated));
        if self.queues.get(&id).is_some_and(|queue| queue.tasks.active().is_some()) {
            self.moving.insert(id);
        } else {
            self.moving.remove(&id);
        }
    }
}
