//! What is said of AddPermission.

use super::{invalid, invalid_parameter_because};
use crate::error::Error;

/// A label that the policy already has.
pub fn statement_exists() -> Error {
    invalid("Statement already exists")
}

/// An action that SNS does not have, or that cannot be permitted.
pub fn action_out_of_scope() -> Error {
    invalid("Policy statement action out of service scope!")
}

/// An account that is none. The wording is ours.
pub fn account_id(given: &str) -> Error {
    invalid_parameter_because("AWSAccountId", &format!("{given} is not an account id"))
}

/// A label that is empty. The wording is ours.
pub fn label_empty() -> Error {
    invalid_parameter_because("Label", "must not be empty")
}

/// A policy that would be larger than a policy may be. The wording is ours.
pub fn policy_too_large() -> Error {
    invalid_parameter_because("Policy", "the policy is larger than the limit")
}
