//! What is said of publications and of batches of them.

use super::invalid;
use crate::error::{Error, ErrorKind};

/// No message text.
pub fn empty_message() -> Error {
    invalid("Empty message")
}

/// A message larger than its topic allows.
pub fn message_too_long() -> Error {
    invalid("Message too long")
}

/// A subject that is empty, too long, or has control characters.
pub fn subject() -> Error {
    invalid("Subject")
}

/// A `MessageStructure` message without a `default` text.
pub fn no_default_entry() -> Error {
    invalid("Message Structure - No default entry in JSON message body")
}

/// A `MessageStructure` message that is not JSON.
pub fn message_not_json() -> Error {
    invalid("Message Structure - JSON message body failed to parse")
}

/// A publish to a target that is no topic and no known endpoint.
pub fn no_endpoint() -> Error {
    invalid("TargetArn Reason: No endpoint found for the target arn specified")
}

/// A publish to a phone number that is none.
pub fn phone_number(number: &str) -> Error {
    invalid(&format!("PhoneNumber Reason: {number} is not valid to publish to"))
}

/// A publish to a FIFO topic without a group.
pub fn group_id_required() -> Error {
    invalid("The MessageGroupId parameter is required for FIFO topics")
}

/// A publish to a FIFO topic with neither an explicit id nor content-based deduplication.
pub fn deduplication_id_required() -> Error {
    invalid(
        "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided \
         explicitly",
    )
}

/// A deduplication id on a standard topic.
pub fn deduplication_id_on_standard() -> Error {
    invalid(
        "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid \
         for this topic type",
    )
}

/// A batch of more than 10.
pub fn too_many_entries() -> Error {
    Error::new(
        ErrorKind::SnsTooManyEntriesInBatchRequest,
        "The batch request contains more entries than permissible.",
    )
}

/// Two entries with one id.
pub fn entry_ids_not_distinct() -> Error {
    Error::new(
        ErrorKind::SnsBatchEntryIdsNotDistinct,
        "Two or more batch entries in the request have the same Id.",
    )
}

/// A batch whose messages together are too large.
pub fn batch_too_long() -> Error {
    Error::new(
        ErrorKind::SnsBatchRequestTooLong,
        "The length of all the messages put together is more than the limit.",
    )
}

/// An entry id with other characters.
pub fn entry_id_characters(id: &str) -> Error {
    Error::new(
        ErrorKind::SnsInvalidBatchEntryId,
        format!("The Id of a batch entry in the batch request contains an impermissible character: {id}"),
    )
}

/// An entry id of more than 80 characters.
pub fn entry_id_too_long(id: &str) -> Error {
    Error::new(
        ErrorKind::SnsInvalidBatchEntryId,
        format!("The Id of a batch entry in the batch request is too long: {id}"),
    )
}

/// A `MessageGroupId` or `MessageDeduplicationId`, by its name, with other characters or length. The wording
/// is ours.
pub fn fifo_id(name: &str) -> Error {
    invalid(name)
}

/// A `MessageStructure` that is not `json`. The wording is ours.
pub fn message_structure() -> Error {
    invalid("MessageStructure")
}

/// A batch without entries. AWS itself tells that `publishBatchRequestEntries` is null.
pub fn empty_batch() -> Error {
    Error::new(ErrorKind::SnsEmptyBatchRequest, "The batch request does not contain any entries.")
}

/// A publish to an endpoint that is disabled.
pub fn endpoint_disabled() -> Error {
    Error::new(ErrorKind::EndpointDisabled, "Endpoint is disabled")
}

/// A publish to an endpoint whose application is disabled. The wording is ours.
pub fn platform_application_disabled() -> Error {
    Error::new(ErrorKind::PlatformApplicationDisabled, "Platform application is disabled")
}

/// A message that a data protection policy keeps out. The wording is ours.
pub fn message_denied_by_data_protection() -> Error {
    Error::new(ErrorKind::AuthorizationError, "The data protection policy of the topic denies this message.")
}
