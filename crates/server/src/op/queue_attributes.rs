//! Queue attributes: from text to settings, and back (sqs 5.1).
//!
//! All values are texts. [`settings`] reads those that a caller gives, [`shown`] writes those that it asks for.

mod read;
mod show;
#[cfg(test)]
mod tests;

pub(super) use read::{Kind, kind, settings};
pub(super) use show::{selection, shown};

use postrider_wire::Text;

/// Names and values as a caller gives them.
pub(super) type Given<'a> = [(Text<'a>, Text<'a>)];

/// Attributes in the order in which they are shown.
const SHOWN: [&str; 21] = [
    "QueueArn",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "VisibilityTimeout",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "DelaySeconds",
    "ReceiveMessageWaitTimeSeconds",
    "Policy",
    "RedrivePolicy",
    "RedriveAllowPolicy",
    "FifoQueue",
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "FifoThroughputLimit",
    "KmsMasterKeyId",
    "KmsDataKeyReusePeriodSeconds",
    "SqsManagedSseEnabled",
];

/// The name that stands for all attributes.
const ALL: &str = "All";

/// Whether an attribute of this name exists, settable or not.
pub(super) fn exists(name: &str) -> bool {
    name == ALL || SHOWN.contains(&name)
}
