//! The texts of SQS, one constructor per sentence (spec `sqs.md` sections 2, 5.1, 5.2, 5.3 and 11).
//!
//! Here is what any operation may say; the rest is by what it is about. Sentences that AWS has but nobody
//! recorded are worded here as well, and say so.

mod batch;
mod fifo;
mod kms;
mod message;
mod move_task;
mod permission;
mod queue;
mod redrive;
#[cfg(test)]
mod tests;

use std::fmt::Display;

pub use batch::*;
pub use fifo::*;
pub use kms::*;
pub use message::*;
pub use move_task::*;
pub use permission::*;
pub use queue::*;
pub use redrive::*;

use super::{Error, ErrorKind};
use crate::Protocol;

fn invalid_value(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidParameterValue, message)
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

/// `MaxResults` of a listing out of range.
pub fn max_results(value: i64, max: i64) -> Error {
    invalid_parameter("MaxResults", value, &format!("Must be between 1 and {max}, if provided."))
}

/// A `NextToken` that no listing gave out.
pub fn next_token(value: &str) -> Error {
    invalid_parameter("NextToken", value, "Invalid or expired next token.")
}

/// A system attribute name in ReceiveMessage, or a queue attribute name, that does not exist.
pub fn unknown_attribute(name: &str) -> Error {
    Error::new(ErrorKind::InvalidAttributeName, format!("Unknown Attribute {name}."))
}

/// More requests than the server lets one caller make. The wording is ours.
pub fn request_throttled() -> Error {
    Error::new(ErrorKind::RequestThrottled, "The request was denied due to request throttling.")
}

/// A `QueueUrl` that is of another endpoint or account.
pub fn invalid_address(url: &str) -> Error {
    Error::new(ErrorKind::InvalidAddress, format!("The address {url} is not valid for this endpoint."))
}

/// A request that is not as secure as it has to be, such as one without TLS. The wording is ours.
pub fn invalid_security() -> Error {
    Error::new(
        ErrorKind::InvalidSecurity,
        "The request does not meet the security requirements of the queue.",
    )
}
