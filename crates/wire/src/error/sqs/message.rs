//! What is said of messages: bodies, attributes, delays, and receipt handles.

use super::{invalid_parameter, invalid_value};
use crate::Action;
use crate::error::{Error, ErrorKind};

/// What is said of a character that a body or a string attribute may not have.
const FORBIDDEN_CHARACTERS: &str = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | \
     #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF";

/// `MaxNumberOfMessages` out of 1 to `max`, which is 10 at AWS.
pub fn max_number_of_messages(value: i64, max: u32) -> Error {
    invalid_parameter("MaxNumberOfMessages", value, &format!("Must be between 1 and {max}, if provided."))
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

/// `DelaySeconds` out of 0 to `max`, which is 900 at AWS.
pub fn delay_seconds(value: i64, max: u32) -> Error {
    invalid_parameter("DelaySeconds", value, &format!("DelaySeconds must be >= 0 and <= {max}."))
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

/// A trace header of another type. The wording is ours.
pub fn trace_header_type(given: &str) -> Error {
    invalid_value(format!(
        "Message system attribute 'AWSTraceHeader' must be of type 'String', but was: {given}"
    ))
}

/// A trace header without a value, or with one of another kind. The wording is ours, after that of message
/// attributes.
pub fn trace_header_empty() -> Error {
    invalid_value(
        "Message system attribute 'AWSTraceHeader' must contain a non-empty value of type 'String'.",
    )
}

/// A trace header that is too long to be one. The wording is ours.
pub fn trace_header_too_long(bytes_max: usize) -> Error {
    invalid_value(format!("Message system attribute 'AWSTraceHeader' must be at most {bytes_max} bytes."))
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

/// A message that is not in flight. Modelled by AWS; a standard queue was seen to accept instead (sqs 2),
/// so the wording is ours.
pub fn message_not_in_flight() -> Error {
    Error::new(ErrorKind::MessageNotInflight, "The message is not in flight.")
}
