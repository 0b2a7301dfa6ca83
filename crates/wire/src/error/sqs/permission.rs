//! What is said of AddPermission and RemovePermission.

use super::invalid_parameter;
use crate::error::{Error, ErrorKind};

/// The most actions that one AddPermission may name.
pub const ACTIONS_MAX: usize = 7;

/// More actions than one statement may have.
pub fn too_many_actions(count: usize) -> Error {
    let message = format!("{count} Actions were found, maximum allowed is {ACTIONS_MAX}.");
    Error::new(ErrorKind::OverLimit, message)
}

/// A label with other characters or length. The wording is ours, after that of queue names.
pub fn label(given: &str) -> Error {
    let reason = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.";
    invalid_parameter("Label", given, reason)
}

/// A label that the policy already has.
pub fn label_exists(given: &str) -> Error {
    invalid_parameter("Label", given, "Already exists.")
}

/// A label that the policy does not have.
pub fn label_unknown(given: &str) -> Error {
    invalid_parameter("Label", given, "can't find label.")
}

/// A policy with too many statements, principals or bytes; AWS's own words for this are not known.
pub fn policy_too_large(statements_max: usize, principals_max: usize, bytes_max: usize) -> Error {
    let message = format!(
        "A policy can have at most {statements_max} statements, {principals_max} principals and {bytes_max} bytes."
    );
    Error::new(ErrorKind::OverLimit, message)
}

/// An action that only a queue's owner can execute, so that there is nothing to permit.
pub fn action_of_owner(action: &str) -> Error {
    let reason = "Only the queue owner is allowed to invoke this action.";
    invalid_parameter("ActionName", format_args!("SQS:{action}"), reason)
}

/// An action that SQS does not have.
pub fn action_unknown(action: &str) -> Error {
    let reason = "Please refer to the appropriate WSDL for a list of valid actions. ";
    invalid_parameter("ActionName", format_args!("SQS:{action}"), reason)
}

/// Accounts that do not exist, or none at all; `given` is those that are refused.
pub fn principal_unverified(given: &[&str]) -> Error {
    invalid_parameter("PrincipalId", format_args!("[{}]", given.join(", ")), "Unable to verify.")
}
