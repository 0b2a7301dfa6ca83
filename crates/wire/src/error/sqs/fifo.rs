//! What is said of message groups and deduplication ids, and of their absence.

use super::{invalid_parameter, invalid_value, missing_parameter};
use crate::error::Error;

/// What a FIFO queue, and a standard one, says of a parameter of the other. AWS writes the two
/// differently.
const NOT_FOR_FIFO: &str = "The request include parameter that is not valid for this queue type.";
const NOT_FOR_STANDARD: &str = "The request includes a parameter that is not valid for this queue type.";

/// A positive per-message delay on a FIFO queue.
pub fn delay_on_fifo(value: i64) -> Error {
    invalid_parameter("DelaySeconds", value, NOT_FOR_FIFO)
}

/// A deduplication id on a standard queue.
pub fn deduplication_id_on_standard(value: &str) -> Error {
    invalid_parameter("MessageDeduplicationId", value, NOT_FOR_STANDARD)
}

/// `MessageGroupId` or `MessageDeduplicationId` (`name`) with other characters or length.
pub fn fifo_id(name: &str, value: &str) -> Error {
    let reason =
        format!("{name} can only include alphanumeric and punctuation characters. 1 to 128 in length.");
    invalid_parameter(name, value, &reason)
}

/// A send to a FIFO queue with neither an explicit id nor content-based deduplication.
pub fn no_deduplication_id() -> Error {
    invalid_value(
        "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided \
         explicitly",
    )
}

/// A SendMessage to a FIFO queue without a group.
pub fn no_group_id() -> Error {
    missing_parameter("MessageGroupId")
}

/// A batch for a FIFO queue with an entry that has no group: refuses the batch as a whole, and with
/// another code than SendMessage. The recording has the code only; the sentence is SendMessage's.
pub fn no_group_id_in_batch() -> Error {
    invalid_value(missing_parameter("MessageGroupId").message)
}
