//! The texts of SNS, one constructor per sentence (spec `sns.md` sections 2, 4, 5 and 14 to 19).
//!
//! Here is what any operation may say; the rest is by what it is about. Sentences that AWS has but nobody
//! recorded are worded here as well, and say so. Some are raised by nothing yet: the list is that of the API's
//! errors, complete, so that what comes to need one finds its code and words here.

mod attribute;
mod kms;
mod permission;
mod platform;
mod publish;
mod sms;
mod subscription;
#[cfg(test)]
mod tests;
mod topic;
mod validation;

pub use attribute::*;
pub use kms::*;
pub use permission::*;
pub use platform::*;
pub use publish::*;
pub use sms::*;
pub use subscription::*;
pub use topic::*;
pub use validation::*;

use super::{Error, ErrorKind};

fn invalid(what: &str) -> Error {
    Error::new(ErrorKind::InvalidParameter, format!("Invalid parameter: {what}"))
}

fn value_invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::ParameterValueInvalid, message)
}

/// `Invalid parameter: <what>`, the frame of most refusals.
pub fn invalid_parameter(what: &str) -> Error {
    invalid(what)
}

/// `Invalid parameter: <name> Reason: <reason>`.
pub fn invalid_parameter_because(name: &str, reason: &str) -> Error {
    invalid(&format!("{name} Reason: {reason}"))
}

/// An ARN (of parameter `name`) of fewer than 6 parts.
pub fn bad_arn(name: &str, elements: usize) -> Error {
    invalid_parameter_because(name, &format!("An ARN must have at least 6 elements, not {elements}"))
}

/// An ARN (of parameter `name`) of another Region or kind.
pub fn foreign_arn(name: &str) -> Error {
    invalid(name)
}

/// An attribute name that does not exist or cannot be set.
pub fn attribute_name() -> Error {
    invalid("AttributeName")
}

/// A `NextToken` that no listing gave out.
pub fn next_token() -> Error {
    invalid("NextToken")
}

/// More requests than the server lets one caller make. The wording is ours.
pub fn throttled() -> Error {
    Error::new(ErrorKind::Throttled, "Rate exceeded")
}

/// A request that is not as secure as it has to be, such as one without TLS. The wording is ours.
pub fn invalid_security() -> Error {
    let message = "The request does not meet the security requirements of the topic.";
    Error::new(ErrorKind::SnsInvalidSecurity, message)
}
