//! What AWS's framework says before an operation runs: members that the model requires or constrains.
//!
//! `path` is where a member is, in lower camel case: `message`, `tags.1.member.key`,
//! `messageAttributes.attr1.member.dataType`. Only the sentence about null was recorded with SNS; the others
//! are the framework's, known from its other services.

use std::fmt::Display;

use crate::error::{Error, ErrorKind};

fn violated(path: &str, value: &str, requirement: &str) -> Error {
    Error::new(
        ErrorKind::ValidationError,
        format!(
            "1 validation error detected: Value {value} at '{path}' failed to satisfy constraint: Member must \
             {requirement}"
        ),
    )
}

fn quoted(value: impl Display) -> String {
    format!("'{value}'")
}

/// A required member that is absent.
pub fn null_member(path: &str) -> Error {
    violated(path, "null", "not be null")
}

/// A text of fewer characters than `min`.
pub fn too_short(path: &str, value: &str, min: usize) -> Error {
    violated(path, &quoted(value), &format!("have length greater than or equal to {min}"))
}

/// A text of more characters than `max`.
pub fn too_long(path: &str, value: &str, max: usize) -> Error {
    violated(path, &quoted(value), &format!("have length less than or equal to {max}"))
}

/// A text that does not match.
pub fn not_of_pattern(path: &str, value: &str, pattern: &str) -> Error {
    violated(path, &quoted(value), &format!("satisfy regular expression pattern: {pattern}"))
}

/// A text that is none of the model's.
pub fn not_in_enum(path: &str, value: &str, values: &[&str]) -> Error {
    violated(path, &quoted(value), &format!("satisfy enum value set: [{}]", values.join(", ")))
}

/// A number below `min`.
pub fn too_small(path: &str, value: i64, min: i64) -> Error {
    violated(path, &quoted(value), &format!("have value greater than or equal to {min}"))
}

/// A number above `max`.
pub fn too_large(path: &str, value: i64, max: i64) -> Error {
    violated(path, &quoted(value), &format!("have value less than or equal to {max}"))
}

/// What the model's name for this, `ValidationException`, says: a request whose parts do not fit together.
/// The wording is ours.
pub fn validation_exception(reason: &str) -> Error {
    Error::new(ErrorKind::ValidationException, reason)
}
