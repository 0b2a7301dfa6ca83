//! What is said of `RedrivePolicy` and `RedriveAllowPolicy` (spec `sqs.md` 5.3).
//!
//! `policy` is the text of the policy as sent, which the sentences repeat.

use super::{invalid_attribute_value_because, invalid_parameter};
use crate::error::Error;

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

/// A dead-letter queue whose `RedriveAllowPolicy` does not let this queue be a source. The code is
/// recorded; the wording is ours.
pub fn redrive_policy_not_allowed(policy: &str) -> Error {
    redrive_policy(
        policy,
        "The redrive allow policy of the dead-letter queue does not allow this source queue.",
    )
}
