//! What is said of queues: their names and attributes.

use super::{invalid_value, unknown_attribute};
use crate::error::{Error, ErrorKind};

fn attribute_value(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidAttributeValue, message)
}

fn attribute_name(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidAttributeName, message)
}

/// A queue attribute value that is not of its form or range.
pub fn invalid_attribute_value(name: &str) -> Error {
    attribute_value(format!("Invalid value for the parameter {name}."))
}

/// The same with a reason.
pub fn invalid_attribute_value_because(name: &str, reason: &str) -> Error {
    attribute_value(format!("Invalid value for the parameter {name}. Reason: {reason}"))
}

/// An attempt to turn a standard queue into a FIFO queue or back.
pub fn queue_type_is_fixed() -> Error {
    invalid_attribute_value_because("FifoQueue", "Modifying queue type is not supported.")
}

/// A FIFO attribute (`name`) on a standard queue: two of them are explained, the others are unknown.
pub fn fifo_only_attribute(name: &str) -> Error {
    match name {
        "DeduplicationScope" | "FifoThroughputLimit" => {
            attribute_name(format!("You can specify the {name} only when FifoQueue is set to true."))
        }
        _ => unknown_attribute(name),
    }
}

/// High throughput without deduplication per group.
pub fn throughput_needs_group_scope() -> Error {
    attribute_value(
        "The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup.",
    )
}

/// Both kinds of server-side encryption at once.
pub fn one_encryption_only() -> Error {
    attribute_name(
        "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or \
         SQS SSE.",
    )
}

/// A standard queue's name with other characters or length.
pub fn queue_name() -> Error {
    invalid_value("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
}

/// A FIFO queue's name that is not one.
pub fn fifo_queue_name() -> Error {
    invalid_value(
        "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end \
         with .fifo suffix and be 1 to 80 in length.",
    )
}

/// An empty `QueueName`.
pub fn queue_name_empty() -> Error {
    invalid_value("Queue name cannot be empty")
}

/// No `QueueName`.
pub fn queue_name_absent() -> Error {
    invalid_value("Value for parameter QueueName is invalid. Reason: Must specify a queue name.")
}

/// A queue that exists with another value of attribute `name`.
pub fn queue_name_exists(name: &str) -> Error {
    let message =
        format!("A queue already exists with the same name and a different value for attribute {name}");
    Error::new(ErrorKind::QueueNameExists, message)
}

/// A name that was deleted less than 60 seconds ago.
pub fn queue_deleted_recently() -> Error {
    Error::new(
        ErrorKind::QueueDeletedRecently,
        "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
    )
}

/// A second purge within 60 seconds.
pub fn purge_in_progress(queue: &str) -> Error {
    Error::new(
        ErrorKind::PurgeQueueInProgress,
        format!("Only one PurgeQueue operation on {queue} is allowed every 60 seconds."),
    )
}
