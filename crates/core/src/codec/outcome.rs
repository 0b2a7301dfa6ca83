//! What became of a move task, as a number.

use crate::event::{MoveFailure, MoveStatus};

/// All that may become of a task; each has its place in this row for good.
const OUTCOMES: [MoveStatus; 7] = [
    MoveStatus::Running,
    MoveStatus::Completed,
    MoveStatus::Cancelling,
    MoveStatus::Cancelled,
    MoveStatus::Failed(MoveFailure::NonExistentQueue),
    MoveStatus::Failed(MoveFailure::CouldNotDetermineMessageSource),
    MoveStatus::Failed(MoveFailure::NotPermitted),
];

/// The number that the log has for it.
pub(super) fn number(status: MoveStatus) -> u64 {
    OUTCOMES.iter().position(|outcome| *outcome == status).expect("all are in the row") as u64
}

/// What the number of the log says.
pub(super) fn of(number: u64) -> Option<MoveStatus> {
    OUTCOMES.get(usize::try_from(number).ok()?).copied()
}
