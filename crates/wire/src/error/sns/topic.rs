//! What is said of topics, their attributes, archives and tags.

use super::{SetBy, invalid, subscription_attribute};
use crate::error::{Error, ErrorKind};

/// A topic that is not there.
pub fn topic_does_not_exist() -> Error {
    Error::new(ErrorKind::NotFound, "Topic does not exist")
}

/// A topic name that is none, or that does not fit `FifoTopic`.
pub fn topic_name() -> Error {
    invalid("Topic Name")
}

/// A topic that exists with other attributes.
pub fn topic_attributes_differ() -> Error {
    invalid("Attributes Reason: Topic already exists with different attributes")
}

/// A topic that exists with other tags.
pub fn topic_tags_differ() -> Error {
    invalid("Tags Reason: Topic already exists with different tags")
}

/// A topic that is not there, for the tag operations.
pub fn resource_not_found() -> Error {
    Error::new(ErrorKind::SnsResourceNotFound, "Resource does not exist")
}

/// One tag key twice in a call.
pub fn duplicate_tag_keys() -> Error {
    invalid("Duplicated keys are not allowed.")
}

/// More than 50 tags on a topic.
pub fn tag_limit_exceeded() -> Error {
    Error::new(ErrorKind::TagLimitExceeded, "Could not complete request: tag quota of per resource exceeded")
}

/// A tag that was changed by somebody else meanwhile. The wording is ours.
pub fn stale_tag() -> Error {
    Error::new(ErrorKind::StaleTag, "A tag was changed by another request at the same time.")
}

/// Tags that a policy of the account does not allow. The wording is ours.
pub fn tag_policy() -> Error {
    Error::new(ErrorKind::TagPolicy, "The tags do not comply with the tag policy of the account.")
}

/// Two calls at the same time that change the tags of one topic. The wording is ours.
pub fn concurrent_access() -> Error {
    Error::new(ErrorKind::ConcurrentAccess, "Another request changes the tags of this resource.")
}

/// One topic more than an account may have. The wording is ours.
pub fn topic_limit_exceeded() -> Error {
    Error::new(ErrorKind::TopicLimitExceeded, "The account has the most topics that it may have.")
}

/// To delete a topic that has an active archive. The wording is ours.
pub fn topic_has_archive() -> Error {
    Error::new(ErrorKind::InvalidState, "Cannot delete a topic with an active ArchivePolicy.")
}

/// An `ArchivePolicy` that is none. The wording is ours.
pub fn archive_policy(by: SetBy, reason: &str) -> Error {
    subscription_attribute(by, &format!("ArchivePolicy: {reason}"))
}

/// A topic attribute that only FIFO topics have. The wording is ours.
pub fn fifo_only_attribute(by: SetBy, name: &str) -> Error {
    subscription_attribute(by, &format!("{name}: valid for FIFO topics only"))
}

/// A `MaximumMessageSize` above 262,144 on a topic whose subscriptions do not allow it, or a subscription
/// that a topic with such a size does not allow. The wording is ours.
pub fn large_messages(by: SetBy) -> Error {
    let what = "MaximumMessageSize: above 262144 a topic has at most 100 subscriptions, of SQS, Firehose or \
                Lambda";
    subscription_attribute(by, what)
}

/// A data protection policy that is none. The wording is ours.
pub fn data_protection_policy(reason: &str) -> Error {
    invalid(&format!("DataProtectionPolicy Reason: {reason}"))
}
