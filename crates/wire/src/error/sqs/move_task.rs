//! What is said of message move tasks (spec `sqs.md` 11). `parameter` is `SourceArn` or `DestinationArn`.

use super::{invalid_parameter, invalid_value};
use crate::error::{Error, ErrorKind};

fn not_found(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::SqsResourceNotFound, message)
}

/// A text that is no ARN.
pub fn move_arn_format(parameter: &str) -> Error {
    invalid_value(format!(
        "You must use this format to specify the {parameter}: \
         arn:<partition>:<service>:<region>:<account-id>:<resource-id>"
    ))
}

/// An ARN of a queue that does not exist; also said of a task handle that names such a source.
pub fn move_queue_missing(parameter: &str) -> Error {
    not_found(format!("The resource that you specified for the {parameter} parameter doesn't exist."))
}

/// A source that is no queue's dead-letter queue.
pub fn move_source_is_no_dead_letter_queue() -> Error {
    invalid_value("Source queue must be configured as a Dead Letter Queue.")
}

/// A destination of the other type than the source. The wording is ours, after that of dead-letter queues.
pub fn move_destination_type(arn: &str) -> Error {
    invalid_parameter("DestinationArn", arn, "Destination queue must be same type of queue as the source.")
}

/// `MaxNumberOfMessagesPerSecond` out of 1–500. The wording is ours, by analogy.
pub fn move_rate(given: i64) -> Error {
    invalid_parameter("MaxNumberOfMessagesPerSecond", given, "Must be between 1 and 500, if provided.")
}

/// A source that has a running task already.
pub fn move_task_running() -> Error {
    invalid_value(
        "There is already a task running. Only one active task is allowed for a source queue arn at a given \
         time.",
    )
}

/// A task handle that nobody gave out.
pub fn move_task_handle() -> Error {
    invalid_value("Value for parameter TaskHandle is invalid.")
}

/// A task handle of no task.
pub fn move_task_missing() -> Error {
    not_found("Task does not exist.")
}

/// A task that cannot be cancelled because it does not run. The wording is ours.
pub fn move_task_not_running() -> Error {
    invalid_value("Value for parameter TaskHandle is invalid. Reason: Only a running task can be cancelled.")
}
