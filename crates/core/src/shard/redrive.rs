//! Messages that go from queue to queue: those that were received too often, to the dead-letter queue; and out of a
//! dead-letter queue again, by a task.
//!
//! A queue of this shard gets a message in one event. For a queue of another shard the message is owed, and leaves its
//! queue only when that shard has accepted it, so that nothing is lost and nothing is doubled.

use super::{Decided, Placing, Shard};
use crate::event::{Event, MoveFailure, MoveStatus, MoveTaskStated, Why};
use crate::id::{Ids, Number, Uuid};
use crate::queue::messages::Visit;
use crate::queue::moves::Task;
use crate::queue::receive::Exit;
use crate::queue::{Queue, Stated};
use crate::rejection::Refusal;
use crate::reply::Reply;
use crate::{Arn, Rejection, Timestamp, limits};

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
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
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
            per_second: per_second.filter(|rate| *rate > 0),
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
        let on_the_way = queue.messages.on_the_way(id) > 0;
        let status = if on_the_way { MoveStatus::Cancelling } else { MoveStatus::Cancelled };
        let reply = Reply::MoveCancelled { moved: task.stated.moved };
        Ok(Decided::one(Event::MoveTask(Box::new(task.with(status))), reply))
    }

    /// What this shard does of its own accord at its present time: each move task takes its next messages, as far as
    /// those of one turn go round. Who comes first changes with the time.
    pub fn move_on(&self) -> Vec<Event> {
        let mut placing = Placing::new(self);
        let (mut events, mut budget) = (Vec::new(), limits::MOVES_PER_TURN_MAX);
        let turn = usize::try_from(self.now.0).unwrap_or(0) % self.moving.len().max(1);
        let queues = self.moving.iter().skip(turn).chain(self.moving.iter().take(turn));
        for queue in queues.filter_map(|id| self.queues.get(id)) {
            events.extend(self.move_some(&mut placing, queue, &mut budget));
        }
        events
    }

    /// When [`Shard::move_on`] has something to do, as far as that is a matter of time.
    pub fn move_due(&self) -> Option<Timestamp> {
        let queues = self.moving.iter().filter_map(|id| self.queues.get(id));
        let tasks = queues.filter_map(|queue| {
            let task = queue.tasks.running()?;
            (!self.waits(queue, task)).then(|| task.next_at().max(self.now))
        });
        tasks.min()
    }

    /// Can the task do nothing until other shards have answered?
    fn waits(&self, queue: &Queue, task: &Task) -> bool {
        if queue.messages.leaving().is_empty() {
            return false;
        }
        let next = self.take(queue, task, 1);
        let far = |target: &Arn| target.shard(self.config.shards) != self.config.index;
        match next.first() {
            None => true,
            Some(number) => room(queue) == 0 && target(queue, task, *number).is_some_and(far),
        }
    }

    /// The messages that a task takes next, so many at most.
    fn take(&self, queue: &Queue, task: &Task, most: usize) -> Vec<Number> {
        let done = task.stated.moved + queue.messages.on_the_way(task.stated.id) as u64;
        let left = usize::try_from(task.stated.to_move.saturating_sub(done)).unwrap_or(usize::MAX);
        let most = left.min(most);
        let mut numbers = Vec::new();
        if most > 0 {
            queue.messages.ready(|number| {
                numbers.push(number);
                if numbers.len() < most { Visit::Next } else { Visit::Stop }
            });
        }
        numbers
    }

    /// The next messages of one task, and what becomes of it.
    fn move_some(&self, placing: &mut Placing<'_>, queue: &Queue, budget: &mut usize) -> Vec<Event> {
        let (Some(task), Some(stated)) = (queue.tasks.active(), &queue.stated) else { return Vec::new() };
        let leaving = queue.messages.leaving().len();
        if task.stated.status == MoveStatus::Cancelling {
            let arrived = queue.messages.on_the_way(task.stated.id) == 0;
            let ended = arrived.then(|| Event::MoveTask(Box::new(task.with(MoveStatus::Cancelled))));
            return ended.into_iter().collect();
        }
        if self.now < task.next_at() || *budget == 0 {
            return Vec::new();
        }
        let numbers = self.take(queue, task, task.per_step().min(*budget));
        *budget -= numbers.len();
        let Carried { mut events, failure, left } = self.carry_home(placing, (queue, stated), task, &numbers);
        let here = |event: &Event| if let Event::Moved { numbers, .. } = event { numbers.len() } else { 0 };
        let moved = task.stated.moved + events.iter().map(here).sum::<usize>() as u64;
        let nothing_left = left + leaving == 0 && (numbers.is_empty() || moved >= task.stated.to_move);
        let status = match failure {
            Some(failure) => MoveStatus::Failed(failure),
            None if nothing_left => MoveStatus::Completed,
            None => return events,
        };
        events.push(Event::MoveTask(Box::new(MoveTaskStated { moved, ..task.with(status) })));
        events
    }

    /// Events that bring each message to where the task says, or to where it came from: up to the first that cannot
    /// go there, or for which there is no room on the way to another shard.
    fn carry_home(
        &self,
        placing: &mut Placing<'_>,
        (queue, stated): (&Queue, &Stated),
        task: &Task,
        numbers: &[Number],
    ) -> Carried {
        let mut carried = Carried { events: Vec::new(), failure: None, left: 0 };
        let why = Why::Task(task.stated.id);
        let of = |number: &Number| target(queue, task, *number);
        for together in numbers.chunk_by(|a, b| of(a) == of(b)) {
            let Some(target) = of(&together[0]) else {
                carried.failure = Some(MoveFailure::CouldNotDetermineMessageSource);
                break;
            };
            let far = target.shard(self.config.shards) != self.config.index;
            let most = if far { room(queue).saturating_sub(carried.left) } else { together.len() };
            let some = &together[..most.min(together.len())];
            match self.carry(placing, (queue, &stated.arn), target, why, some) {
                Ok(events) => carried.events.extend(events),
                Err(refusal) => {
                    carried.failure = Some(failure(refusal));
                    break;
                }
            }
            carried.left += if far { some.len() } else { 0 };
            if some.len() < together.len() {
                break;
            }
        }
        carried
    }
}

/// What a step of a task does.
struct Carried {
    events: Vec<Event>,
    /// Why it cannot go on.
    failure: Option<MoveFailure>,
    /// Messages that leave for another shard.
    left: usize,
}

/// Where a task brings a message: where it says, or where the message came from.
fn target<'a>(queue: &'a Queue, task: &'a Task, number: Number) -> Option<&'a Arn> {
    let source = || queue.messages.find(number)?.past.as_ref()?.source.as_ref();
    task.stated.destination.as_ref().or_else(source)
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
