//! Messages that go from queue to queue: those that were received too often, to the dead-letter queue; and out of a
//! dead-letter queue again, by a task.
//!
//! A queue of this shard gets a message in one event. For a queue of another shard the message is owed, and leaves its
//! queue only when that shard has accepted it, so that nothing is lost and nothing is doubled.

use super::{Decided, Placing, Shard};
use crate::event::{Event, MoveFailure, MoveStatus, MoveTaskStated, Why};
use crate::id::{Ids, Number, Uuid};
use crate::outbox::Owed;
use crate::queue::moves::Task;
use crate::queue::receive::Exit;
use crate::queue::{Queue, Stated};
use crate::rejection::Refusal;
use crate::reply::Reply;
use crate::{Arn, Rejection, Timestamp, limits};
use std::ops::ControlFlow;

/// On whose behalf messages go from queue to queue.
pub(super) const SERVICE: &str = "sqs.amazonaws.com";

impl Shard {
    /// What becomes of the spent messages of a queue. They stay while there is no dead-letter queue to be had.
    pub(super) fn exit(&self, queue: &Queue, stated: &Stated) -> Exit {
        let Some(redrive) = &stated.settings.redrive else { return Exit::None };
        if redrive.target.shard(self.config.shards) != self.config.index {
            return Exit::There { room: room(queue) };
        }
        match self.reachable(SERVICE, &stated.arn, &redrive.target) {
            Ok(_) => Exit::Here,
            Err(Refusal::QueueDoesNotExist | Refusal::NotPermitted) => Exit::None,
        }
    }

    /// The spent messages of a queue go to its dead-letter queue.
    pub(super) fn bury(&self, queue: &Queue, stated: &Stated, spent: &[Number]) -> Vec<Event> {
        let Some(redrive) = stated.settings.redrive.as_ref().filter(|_| !spent.is_empty()) else {
            return Vec::new();
        };
        let mut placing = Placing::new(self);
        let moved = self.carry(&mut placing, (queue, &stated.arn), &redrive.target, Why::Spent, spent);
        moved.unwrap_or_default()
    }

    /// Events that bring messages to another queue, or why they cannot go there.
    fn carry(
        &self,
        placing: &mut Placing<'_>,
        (queue, source): (&Queue, &Arn),
        target: &Arn,
        why: Why,
        numbers: &[Number],
    ) -> Result<Vec<Event>, Refusal> {
        let to = target.shard(self.config.shards);
        if to != self.config.index {
            let leave = |number: &Number| {
                let journey = Box::new(placing.journey(to, target, why));
                Event::Leaving { queue: queue.id, number: *number, journey }
            };
            return Ok(numbers.iter().map(leave).collect());
        }
        let there = self.reachable(SERVICE, source, target)?;
        let numbers = numbers.iter().map(|number| (*number, placing.number(there))).collect();
        Ok(vec![Event::Moved { from: queue.id, source: source.clone(), to: there.id, why, numbers }])
    }

    pub(super) fn start_move(
        &self,
        queue: &Queue,
        destination: Option<Arn>,
        per_second: Option<u32>,
        ids: &mut Ids,
    ) -> Result<Decided, Rejection> {
        if queue.tasks.active().is_some() {
            return Err(Rejection::MoveRunning);
        }
        // No two start at the same time, so that they have an order.
        let newest = queue.tasks.newest_first().next().map(|task| task.stated.started + 1);
        let stated = MoveTaskStated {
            queue: queue.id,
            id: ids.uuid(),
            destination,
            per_second,
            started: self.now.max(newest.unwrap_or_default()),
            status: MoveStatus::Running,
            moved: 0,
            to_move: queue.messages.counts().available as u64,
        };
        let reply = Reply::MoveStarted(stated.id);
        Ok(Decided::one(Event::MoveTask(Box::new(stated)), reply))
    }

    pub(super) fn cancel_move(&self, queue: &Queue, id: Uuid) -> Result<Decided, Rejection> {
        let task = queue.tasks.find(id).ok_or(Rejection::MoveDoesNotExist)?;
        if task.stated.status != MoveStatus::Running {
            return Err(Rejection::MoveNotRunning);
        }
        let on_the_way = self.on_the_way(queue, id) > 0;
        let status = if on_the_way { MoveStatus::Cancelling } else { MoveStatus::Cancelled };
        let reply = Reply::MoveCancelled { moved: task.stated.moved };
        Ok(Decided::one(Event::MoveTask(Box::new(task.with(status))), reply))
    }

    /// What this shard does of its own accord at its present time: the next step of each move task.
    pub fn step(&self) -> Vec<Event> {
        let mut placing = Placing::new(self);
        let queues = self.moving.iter().filter_map(|id| self.queues.get(id));
        queues.flat_map(|queue| self.step_of(&mut placing, queue)).collect()
    }

    /// When [`Shard::step`] has something to do, as far as that is a matter of time.
    pub fn step_due(&self) -> Option<Timestamp> {
        let queues = self.moving.iter().filter_map(|id| self.queues.get(id));
        let tasks = queues.filter_map(|queue| {
            let task = queue.tasks.running()?;
            let waits = self.on_the_way(queue, task.stated.id) > 0 && self.take(queue, task).is_empty();
            (!waits).then(|| task.next_at().max(self.now))
        });
        tasks.min()
    }

    /// Messages that a task has taken and that have not arrived.
    fn on_the_way(&self, queue: &Queue, id: Uuid) -> usize {
        let ours = |(to, number): &&(u16, u64)| {
            let owed = self.outbox.find(*to, *number);
            matches!(owed, Some(Owed::Message { why, .. }) if *why == Why::Task(id))
        };
        queue.messages.leaving().values().filter(ours).count()
    }

    /// The messages that a task takes next.
    fn take(&self, queue: &Queue, task: &Task) -> Vec<Number> {
        let done = task.stated.moved + self.on_the_way(queue, task.stated.id) as u64;
        let left = usize::try_from(task.stated.to_move.saturating_sub(done)).unwrap_or(usize::MAX);
        let most = left.min(task.step()).min(room(queue));
        let mut numbers = Vec::new();
        if most > 0 {
            queue.messages.ready(|number| {
                numbers.push(number);
                if numbers.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
        }
        numbers
    }

    fn step_of(&self, placing: &mut Placing<'_>, queue: &Queue) -> Vec<Event> {
        let (Some(task), Some(stated)) = (queue.tasks.active(), &queue.stated) else { return Vec::new() };
        let on_the_way = self.on_the_way(queue, task.stated.id);
        if task.stated.status == MoveStatus::Cancelling {
            let ended =
                (on_the_way == 0).then(|| Event::MoveTask(Box::new(task.with(MoveStatus::Cancelled))));
            return ended.into_iter().collect();
        }
        if self.now < task.next_at() {
            return Vec::new();
        }
        let numbers = self.take(queue, task);
        let (mut events, failure) = self.take_home(placing, (queue, stated), task, &numbers);
        let arrived = events
            .iter()
            .map(|event| if let Event::Moved { numbers, .. } = event { numbers.len() } else { 0 });
        let moved = task.stated.moved + arrived.sum::<usize>() as u64;
        let left = on_the_way > 0 || events.iter().any(|event| matches!(event, Event::Leaving { .. }));
        let status = match failure {
            Some(failure) => MoveStatus::Failed(failure),
            None if (numbers.is_empty() || moved >= task.stated.to_move) && !left => MoveStatus::Completed,
            None => return events,
        };
        events.push(Event::MoveTask(Box::new(MoveTaskStated { moved, ..task.with(status) })));
        events
    }

    /// Events that bring each message to where the task says, or to where it came from, up to the first that cannot
    /// go there.
    fn take_home(
        &self,
        placing: &mut Placing<'_>,
        (queue, stated): (&Queue, &Stated),
        task: &Task,
        numbers: &[Number],
    ) -> (Vec<Event>, Option<MoveFailure>) {
        let mut events = Vec::new();
        let target = |number: &Number| {
            let past = || queue.messages.find(*number)?.past.as_ref()?.source.as_ref();
            task.stated.destination.as_ref().or_else(past)
        };
        let why = Why::Task(task.stated.id);
        for together in numbers.chunk_by(|a, b| target(a) == target(b)) {
            let Some(target) = target(&together[0]) else {
                return (events, Some(MoveFailure::CouldNotDetermineMessageSource));
            };
            match self.carry(placing, (queue, &stated.arn), target, why, together) {
                Ok(carried) => events.extend(carried),
                Err(refusal) => return (events, Some(failure(refusal))),
            }
        }
        (events, None)
    }
}

/// What a refusal means for a task.
pub(super) fn failure(refusal: Refusal) -> MoveFailure {
    match refusal {
        Refusal::QueueDoesNotExist => MoveFailure::NonExistentQueue,
        Refusal::NotPermitted => MoveFailure::NotPermitted,
    }
}

/// How many more messages of the queue may be on their way to other shards.
fn room(queue: &Queue) -> usize {
    limits::LEAVING_MAX.saturating_sub(queue.messages.leaving().len())
}
