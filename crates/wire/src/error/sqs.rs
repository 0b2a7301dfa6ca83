//! The texts of SQS, one constructor per sentence (spec `sqs.md` sections 2, 5.1, 5.2 and 5.3).

use std::fmt::Display;

use super::{Error, ErrorKind};
use crate::{Action, Protocol};

/// What is said of a character that a body or a string attribute may not have.
const FORBIDDEN_CHARACTERS: &str = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | \
     #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF";

fn invalid_value(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidParameterValue, message)
}

fn attribute_value(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidAttributeValue, message)
}

fn attribute_name(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidAttributeName, message)
}

/// A queue that is not there, or a queue URL that is absent or names none.
pub fn queue_does_not_exist(protocol: Protocol) -> Error {
    let message = match protocol {
        Protocol::Json => "The specified queue does not exist.",
        Protocol::Query => "The specified queue does not exist for this wsdl version.",
    };
    Error::new(ErrorKind::QueueDoesNotExist, message)
}

/// A required parameter that is absent or empty.
pub fn missing_parameter(name: &str) -> Error {
    Error::new(ErrorKind::MissingParameter, format!("The request must contain the parameter {name}."))
}

/// `Value <v> for parameter <p> is invalid. Reason: <r>`, the frame of most refusals.
pub fn invalid_parameter(name: &str, value: impl Display, reason: &str) -> Error {
    invalid_value(format!("Value {value} for parameter {name} is invalid. Reason: {reason}"))
}

/// `MaxNumberOfMessages` out of 1–10.
pub fn max_number_of_messages(value: i64) -> Error {
    invalid_parameter("MaxNumberOfMessages", value, "Must be between 1 and 10, if provided.")
}

/// `WaitTimeSeconds` out of 0–20.
pub fn wait_time_seconds(value: i64) -> Error {
    invalid_parameter("WaitTimeSeconds", value, "Must be >= 0 and <= 20, if provided.")
}

/// `VisibilityTimeout` out of 0–43200.
pub fn visibility_timeout(value: i64) -> Error {
    invalid_parameter("VisibilityTimeout", value, "Must be >= 0 and <= 43200, if provided.")
}

/// A visibility change that would keep a message in flight for over 12 hours in all.
pub fn total_visibility_timeout(value: i64) -> Error {
    let reason = "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]";
    invalid_parameter("VisibilityTimeout", value, reason)
}

/// `DelaySeconds` out of 0–900.
pub fn delay_seconds(value: i64) -> Error {
    invalid_parameter("DelaySeconds", value, "DelaySeconds must be >= 0 and <= 900.")
}

/// A positive per-message delay on a FIFO queue.
pub fn delay_on_fifo(value: i64) -> Error {
    let reason = "The request include parameter that is not valid for this queue type.";
    invalid_parameter("DelaySeconds", value, reason)
}

/// A deduplication id on a standard queue.
pub fn deduplication_id_on_standard(value: &str) -> Error {
    let reason = "The request includes a parameter that is not valid for this queue type.";
    invalid_parameter("MessageDeduplicationId", value, reason)
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

/// `MaxResults` of a listing out of range.
pub fn max_results(value: i64, max: i64) -> Error {
    invalid_parameter("MaxResults", value, &format!("Must be between 1 and {max}, if provided."))
}

/// A `NextToken` that no listing gave out.
pub fn next_token(value: &str) -> Error {
    invalid_parameter("NextToken", value, "Invalid or expired next token.")
}

/// A message larger than its queue allows.
pub fn message_too_long(bytes_max: usize) -> Error {
    invalid_value(format!(
        "One or more parameters are invalid. Reason: Message must be shorter than {bytes_max} bytes."
    ))
}

/// The same, of one entry of a batch.
pub fn entry_too_long(bytes_max: usize) -> Error {
    invalid_value(format!(
        "One or more parameters cannot be validated. Reason: Message must be shorter than {bytes_max} bytes."
    ))
}

/// A body with characters that XML has no place for.
pub fn invalid_message_contents() -> Error {
    Error::new(ErrorKind::InvalidMessageContents, FORBIDDEN_CHARACTERS)
}

/// A string attribute with such characters.
pub fn attribute_contents() -> Error {
    invalid_value(FORBIDDEN_CHARACTERS)
}

/// A message attribute without a value, or without the value that its type asks for.
pub fn attribute_empty(name: &str, base_type: &str) -> Error {
    invalid_value(format!(
        "Message (user) attribute '{name}' must contain a non-empty value of type '{base_type}'."
    ))
}

/// A message attribute name of more than 256 bytes.
pub fn attribute_name_too_long() -> Error {
    invalid_value("Message (user) attribute names must be shorter than 256 Bytes")
}

/// A message attribute name with other characters.
pub fn attribute_name_characters() -> Error {
    invalid_value(
        "Message (user) attributes name can only contain upper and lower score characters, digits, periods, \
         hyphens and underscores. ",
    )
}

/// A message attribute name that starts as AWS's own do, or starts or ends with a period.
pub fn attribute_name_reserved() -> Error {
    invalid_value(
        "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings are reserved \
         for internal use. Additionally, they cannot start or end with '.'.",
    )
}

/// A message attribute without `DataType`.
pub fn attribute_type_missing() -> Error {
    invalid_value("Missing required parameter DataType")
}

/// A `DataType` that is none of the three.
pub fn attribute_type_unknown(given: &str) -> Error {
    invalid_value(format!(
        "Type for parameter MessageAttributes.Attribute_name.DataType must be prefixed with \"String\", \
         \"Binary\", or \"Number\", but was: {given}"
    ))
}

/// A `DataType` of more than 256 bytes.
pub fn attribute_type_too_long() -> Error {
    invalid_value("Message (user) attribute types must be shorter than 256 Bytes")
}

/// More than 10 message attributes.
pub fn too_many_attributes(count: usize) -> Error {
    invalid_value(format!("Number of message attributes [{count}] exceeds the allowed maximum [10]."))
}

/// A `Number` that is none.
pub fn attribute_not_a_number(name: &str) -> Error {
    invalid_value(format!("Can't cast the value of message (user) attribute '{name}' to a number."))
}

/// Attribute values as lists, which AWS has in its model only.
pub fn attribute_lists(action: Action) -> Error {
    let message = format!("Message attribute list values in {} operation are not supported.", action.name());
    Error::new(ErrorKind::UnsupportedOperation, message)
}

/// A message system attribute that may not be sent.
pub fn system_attribute(name: &str) -> Error {
    invalid_value(format!("Message system attribute name '{name}' is invalid."))
}

/// A system attribute name in ReceiveMessage, or a queue attribute name, that does not exist.
pub fn unknown_attribute(name: &str) -> Error {
    attribute_name(format!("Unknown Attribute {name}."))
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

/// `DeduplicationScope` or `FifoThroughputLimit` (`name`) on a standard queue.
pub fn fifo_only_attribute(name: &str) -> Error {
    attribute_name(format!("You can specify the {name} only when FifoQueue is set to true."))
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

/// A receipt handle that was never issued for this queue.
pub fn receipt_handle_is_invalid(handle: &str) -> Error {
    Error::new(
        ErrorKind::ReceiptHandleIsInvalid,
        format!("The input receipt handle \"{handle}\" is not a valid receipt handle."),
    )
}

/// A visibility change of a message that is gone.
pub fn message_gone(handle: &str) -> Error {
    let reason = "Message does not exist or is not available for visibility timeout change.";
    invalid_parameter("ReceiptHandle", handle, reason)
}

/// A FIFO delete after the visibility timeout ran out.
pub fn receipt_handle_expired(handle: &str) -> Error {
    invalid_parameter("ReceiptHandle", handle, "The receipt handle has expired.")
}

/// Too many messages in flight on a standard queue, for a short poll.
pub fn too_many_in_flight(count_max: u64) -> Error {
    Error::new(ErrorKind::OverLimit, format!("Too many messages in flight, the maximum is {count_max}."))
}

/// A batch without entries. `action` is the batch operation.
pub fn empty_batch(action: Action) -> Error {
    let message = format!("There should be at least one {}RequestEntry in the request.", action.name());
    Error::new(ErrorKind::EmptyBatchRequest, message)
}

/// A batch of more than 10.
pub fn too_many_entries(count: usize) -> Error {
    Error::new(
        ErrorKind::TooManyEntriesInBatchRequest,
        format!("Maximum number of entries per request are 10. You have sent {count}."),
    )
}

/// Two entries with one id.
pub fn entry_id_repeated(id: &str) -> Error {
    Error::new(ErrorKind::BatchEntryIdsNotDistinct, format!("Id {id} repeated."))
}

/// An entry id with other characters or length.
pub fn entry_id_invalid() -> Error {
    Error::new(
        ErrorKind::InvalidBatchEntryId,
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most \
         80 letters long.",
    )
}

/// A batch whose messages together are too large.
pub fn batch_too_long(bytes: usize) -> Error {
    Error::new(
        ErrorKind::BatchRequestTooLong,
        format!("Batch requests cannot be longer than 1048576 bytes. You have sent {bytes} bytes."),
    )
}

/// A `RedrivePolicy` that is not a JSON object.
pub fn redrive_policy_not_json() -> Error {
    invalid_attribute_value_because("RedrivePolicy", "Redrive policy is not a valid JSON map.")
}

fn redrive_policy(policy: &str, reason: &str) -> Error {
    invalid_parameter("RedrivePolicy", policy, reason)
}

/// A `RedrivePolicy` without one of its two members (`maxReceiveCount` is looked for first).
pub fn redrive_policy_lacks(policy: &str, member: &str) -> Error {
    redrive_policy(policy, &format!("Redrive policy does not contain mandatory attribute: {member}."))
}

/// A `maxReceiveCount` out of 1–1000.
pub fn redrive_policy_count(policy: &str, count: &str) -> Error {
    let reason = format!(
        "Invalid value for maxReceiveCount: {count}, valid values are from 1 to 1000 both inclusive."
    );
    redrive_policy(policy, &reason)
}

/// A `deadLetterTargetArn` that is no queue's.
pub fn redrive_policy_target_is_no_queue(policy: &str) -> Error {
    redrive_policy(policy, "Only SQS queues are valid resources for deadLetterTargetArn.")
}

/// A dead-letter queue of the other type.
pub fn redrive_policy_target_type(policy: &str) -> Error {
    redrive_policy(policy, "Dead-letter queue must be same type of queue as the source..")
}

/// A dead-letter queue that is not there.
pub fn redrive_policy_target_missing(policy: &str) -> Error {
    redrive_policy(policy, "Dead letter target does not exist.")
}

/// A dead-letter queue of another account.
pub fn redrive_policy_target_owner(policy: &str) -> Error {
    redrive_policy(policy, "Dead-letter target owner should be same as the source.")
}

/// A `RedrivePolicy` with other members.
pub fn redrive_policy_members(policy: &str) -> Error {
    redrive_policy(policy, "Only following attributes are supported: [maxReceiveCount, deadLetterTargetArn].")
}

/// A `RedriveAllowPolicy` of the wrong shape.
pub fn redrive_allow_policy_format() -> Error {
    let reason = "Amazon SQS can't create the redrive allow policy, as it’s in an unsupported format.";
    invalid_attribute_value_because("RedriveAllowPolicy", reason)
}

fn redrive_allow_policy(policy: &str, why: &str) -> Error {
    let reason = format!("Amazon SQS can't create the redrive allow policy. {why}");
    invalid_parameter("RedriveAllowPolicy", policy, &reason)
}

/// `byQueue` without sources.
pub fn redrive_allow_policy_needs_sources(policy: &str) -> Error {
    let why = "When you specify the byQueue permission type, you must also specify one or more sourceQueueArns \
               values.";
    redrive_allow_policy(policy, why)
}

/// More than 10 sources.
pub fn redrive_allow_policy_too_many(policy: &str) -> Error {
    redrive_allow_policy(policy, "The maximum number of source queue ARNs you can specify is 10.")
}

/// Sources without `byQueue`.
pub fn redrive_allow_policy_needs_by_queue(policy: &str) -> Error {
    let why = "To specify one or more source queue ARNs, you must set redrivePermission to byQueue.";
    redrive_allow_policy(policy, why)
}
