//! The move tasks of a queue: each takes messages out of a dead-letter queue, at its rate, until it has moved as many
//! as there were when it was started (sqs 11).
//!
//! A task is state like any other. What it has moved is counted by the events that move messages; its next step is
//! derived and never logged, so that after a restart it simply goes on.

use crate::event::{MoveStatus, MoveTaskStated};
use crate::id::Uuid;
use crate::{Lsn, Timestamp, limits};

/// A task.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) stated: MoveTaskStated,
    /// Where the log states it last.
    pub(crate) at: Lsn,
    /// When its rate lets it go on.
    next_at: Timestamp,
}

/// The tasks of a queue, oldest first: those that ended last, and one at most that has not.
#[derive(Debug, Default)]
pub(crate) struct Tasks(Vec<Task>);

impl Tasks {
    /// The task that moves messages.
    pub(crate) fn running(&self) -> Option<&Task> {
        self.0.iter().find(|task| task.stated.status == MoveStatus::Running)
    }

    /// The task that moves messages, or still waits for those that are on their way.
    pub(crate) fn active(&self) -> Option<&Task> {
        let active = |status| matches!(status, MoveStatus::Running | MoveStatus::Cancelling);
        self.0.iter().find(|task| active(task.stated.status))
    }

    /// A task.
    pub(crate) fn find(&self, id: Uuid) -> Option<&Task> {
        self.0.iter().find(|task| task.stated.id == id)
    }

    /// All, newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Task> {
        self.0.iter().rev()
    }

    /// How many are remembered.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Folds a statement in. The oldest is forgotten when there are too many.
    pub(crate) fn state(&mut self, at: Lsn, stated: &MoveTaskStated) {
        if let Some(task) = self.0.iter_mut().find(|task| task.stated.id == stated.id) {
            (task.stated, task.at) = (stated.clone(), at);
            return;
        }
        self.0.push(Task { stated: stated.clone(), at, next_at: Timestamp::ZERO });
        self.0.sort_by_key(|task| task.stated.started);
        if self.0.len() > limits::MOVES_REMEMBERED {
            self.0.remove(0);
        }
    }

    /// The task has moved messages.
    pub(crate) fn moved(&mut self, id: Uuid, messages: usize) {
        if let Some(task) = self.0.iter_mut().find(|task| task.stated.id == id) {
            task.stated.moved += messages as u64;
        }
    }

    /// The task has taken messages out of the queue, and its rate lets it take more only after a while.
    pub(crate) fn took(&mut self, id: Uuid, messages: usize, now: Timestamp) {
        if let Some(task) = self.0.iter_mut().find(|task| task.stated.id == id)
            && let Some(rate) = task.stated.per_second
        {
            task.next_at = task.next_at.max(now) + messages as u64 * 1_000 / u64::from(rate);
        }
    }

    /// Are they the same? Where the log states them does not count.
    pub(crate) fn same(&self, other: &Tasks) -> bool {
        self.0.iter().map(|task| &task.stated).eq(other.0.iter().map(|task| &task.stated))
    }
}

impl Task {
    /// When its rate lets it go on.
    pub(crate) fn next_at(&self) -> Timestamp {
        self.next_at
    }

    /// Messages that it may take in one step: a tenth of a second's, so that a rate is kept evenly.
    pub(crate) fn per_step(&self) -> usize {
        match self.stated.per_second {
            Some(rate) => (rate as usize).div_ceil(10),
            None => limits::MOVES_PER_TURN_MAX,
        }
    }

    /// What the log says of it with another status.
    pub(crate) fn with(&self, status: MoveStatus) -> MoveTaskStated {
        MoveTaskStated { status, ..self.stated.clone() }
    }
}
