//! The refusals that scripts can expect, by name, and how they look on the wire.

use postrider_core::Rejection;

/// Some refusals have several forms; those that only the server knows, because they concern a queue of another shard, are
/// for scripts that run on a server only. Name in scripts, error code (of SQS the shape's name), and what the message says.
const WIRE: [(&str, &str, &str); 59] = [
    ("QueueDoesNotExist", "QueueDoesNotExist", ""),
    ("QueueExists", "QueueNameExists", ""),
    ("QueueDeletedRecently", "QueueDeletedRecently", ""),
    ("PurgeInProgress", "PurgeQueueInProgress", ""),
    ("EncryptionConflict", "InvalidAttributeName", "one type of server-side encryption"),
    ("MessageTooLong", "InvalidParameterValue", "Message must be shorter than"),
    ("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", ""),
    ("MessageGone", "InvalidParameterValue", "not available for visibility timeout change"),
    ("VisibilityBeyondLimit", "InvalidParameterValue", "beyond the limit"),
    ("InFlightFull", "OverLimit", ""),
    ("TooManyTags", "InvalidParameterValue", "tag"),
    ("ReceiptExpired", "InvalidParameterValue", "The receipt handle has expired"),
    ("GroupIdMissing", "MissingRequiredParameter", "the parameter MessageGroupId"),
    ("GroupIdMissing", "InvalidParameterValue", "the parameter MessageGroupId"),
    ("DeduplicationIdMissing", "InvalidParameterValue", "MessageDeduplicationId provided explicitly"),
    ("TypeChange", "InvalidAttributeValue", "Modifying queue type"),
    ("TypeChange", "InvalidAttributeName", "Unknown Attribute ContentBasedDeduplication"),
    ("TypeChange", "InvalidAttributeName", "only when FifoQueue is set to true"),
    ("ThroughputNeedsGroupScope", "InvalidAttributeValue", "The perMessageGroupId value is allowed only"),
    ("MoveRunning", "InvalidParameterValue", "already a task running"),
    ("MoveDoesNotExist", "ResourceNotFound", "Task does not exist"),
    ("MoveNotRunning", "InvalidParameterValue", "Only a running task can be cancelled"),
    ("NotForThisType", "InvalidParameterValue", "not valid for this queue type"),
    ("DeadLetterQueueMissing", "InvalidParameterValue", "Dead letter target does not exist"),
    ("DeadLetterTypeDiffers", "InvalidParameterValue", "must be same type of queue as the source"),
    (
        "RedriveNotAllowed",
        "InvalidParameterValue",
        "redrive allow policy of the dead-letter queue does not allow",
    ),
    ("NotADeadLetterQueue", "InvalidParameterValue", "must be configured as a Dead Letter Queue"),
    ("MoveQueueMissing", "ResourceNotFound", "parameter doesn't exist"),
    ("TopicDoesNotExist", "NotFound", "Topic does not exist"),
    ("TopicAttributesDiffer", "InvalidParameter", "Topic already exists with different attributes"),
    ("TopicTagsDiffer", "InvalidParameter", "Topic already exists with different tags"),
    ("PublicationTooLong", "InvalidParameter", "Message too long"),
    ("SubscriptionDoesNotExist", "NotFound", "Subscription does not exist"),
    ("SubscriptionAttributesDiffer", "InvalidParameter", "Subscription already exists with different"),
    ("TooManyFilterPolicies", "FilterPolicyLimitExceeded", ""),
    ("TooManySubscriptions", "SubscriptionLimitExceeded", ""),
    ("TooManyPending", "SubscriptionLimitExceeded", "pending"),
    ("SubscriptionPending", "InvalidParameter", "the subscription is pending confirmation"),
    ("UnsubscribeNotAuthenticated", "AuthorizationError", "authenticated request only"),
    ("TokenUnknown", "InvalidParameter", "Invalid parameter: Token"),
    ("LargeMessagesNotSupported", "InvalidParameter", "MaximumMessageSize"),
    ("NoArchive", "InvalidParameter", "archive"),
    ("TooManyReplays", "ReplayLimitExceeded", ""),
    ("ArchiveActive", "InvalidState", "active ArchivePolicy"),
    ("ReplaysUnderWay", "InvalidState", ""),
    ("GroupIdMissing", "InvalidParameter", "The MessageGroupId parameter is required"),
    ("DeduplicationIdMissing", "InvalidParameter", "MessageDeduplicationId provided explicitly"),
    ("DeduplicationIdNotValid", "InvalidParameter", "includes MessageDeduplicationId parameter"),
    ("FifoQueueOnStandardTopic", "InvalidParameter", "can not be subscribed to standard SNS topics"),
    ("ProtocolOfFifoTopic", "InvalidParameter", "FIFO topics cannot have"),
    ("ProtocolUnknown", "InvalidParameter", "does not support this protocol string"),
    ("DeadLetterNotFifo", "InvalidParameter", "must use a FIFO queue as DLQ"),
    ("NotForThisSubscription", "InvalidParameter", "not valid for this subscription"),
    ("FilterInvalid", "InvalidParameter", "FilterPolicy: "),
    ("FilterInvalid", "InvalidParameter", "Filter policy "),
    ("DeliveryPolicyInvalid", "InvalidParameter", "DeliveryPolicy: "),
    ("NoDefaultEntry", "InvalidParameter", "No default entry in JSON message body"),
    ("MessageNotJson", "InvalidParameter", "JSON message body failed to parse"),
    ("FifoOnlyAttribute", "InvalidParameter", "valid for FIFO topics only"),
];

/// Is this the name of a refusal?
pub(crate) fn known(name: &str) -> bool {
    WIRE.iter().any(|(known, ..)| *known == name)
}

/// How a script writes an error of the wire; code and message if no refusal looks like it.
pub(crate) fn of_wire(code: &str, message: &str) -> String {
    let found = WIRE.iter().find(|(_, known, part)| *known == code && message.contains(part));
    found.map_or_else(|| format!("!{code}({message})"), |(name, ..)| format!("!{name}"))
}

/// How a script writes a rejection of the core.
pub(crate) fn of_core(rejection: &Rejection) -> String {
    let name = match rejection {
        Rejection::QueueDoesNotExist => "QueueDoesNotExist",
        Rejection::QueueExists { .. } => "QueueExists",
        Rejection::QueueDeletedRecently => "QueueDeletedRecently",
        Rejection::PurgeInProgress => "PurgeInProgress",
        Rejection::EncryptionConflict => "EncryptionConflict",
        Rejection::MessageTooLong { .. } => "MessageTooLong",
        Rejection::ReceiptHandleIsInvalid => "ReceiptHandleIsInvalid",
        Rejection::MessageGone => "MessageGone",
        Rejection::VisibilityBeyondLimit => "VisibilityBeyondLimit",
        Rejection::ReceiptExpired => "ReceiptExpired",
        Rejection::GroupIdMissing => "GroupIdMissing",
        Rejection::DeduplicationIdMissing => "DeduplicationIdMissing",
        Rejection::TypeChange => "TypeChange",
        Rejection::ThroughputNeedsGroupScope => "ThroughputNeedsGroupScope",
        Rejection::MoveRunning => "MoveRunning",
        Rejection::MoveDoesNotExist => "MoveDoesNotExist",
        Rejection::MoveNotRunning => "MoveNotRunning",
        Rejection::InFlightFull => "InFlightFull",
        Rejection::TooManyTags => "TooManyTags",
        Rejection::TopicDoesNotExist => "TopicDoesNotExist",
        Rejection::TopicAttributesDiffer => "TopicAttributesDiffer",
        Rejection::TopicTagsDiffer => "TopicTagsDiffer",
        Rejection::PublicationTooLong => "PublicationTooLong",
        Rejection::SubscriptionDoesNotExist => "SubscriptionDoesNotExist",
        Rejection::SubscriptionAttributesDiffer => "SubscriptionAttributesDiffer",
        Rejection::TooManyFilterPolicies => "TooManyFilterPolicies",
        Rejection::TooManySubscriptions => "TooManySubscriptions",
        Rejection::SubscriptionPending => "SubscriptionPending",
        Rejection::UnsubscribeNotAuthenticated => "UnsubscribeNotAuthenticated",
        Rejection::TokenUnknown => "TokenUnknown",
        Rejection::LargeMessagesNotSupported => "LargeMessagesNotSupported",
        Rejection::NoArchive => "NoArchive",
        Rejection::TooManyReplays => "TooManyReplays",
        Rejection::ReplaysUnderWay => "ReplaysUnderWay",
        Rejection::ArchiveActive => "ArchiveActive",
        Rejection::TooManyPending => "TooManyPending",
        Rejection::Stale => "Stale",
        Rejection::NoSpace => "NoSpace",
        Rejection::Account(_) => "Account",
        Rejection::Application(_) => "Application",
    };
    format!("!{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_wire_have_the_names_of_the_core() {
        let limit = "Value 50000 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout \
                     for the message is beyond the limit [43200 seconds]";
        assert_eq!(of_wire("InvalidParameterValue", limit), of_core(&Rejection::VisibilityBeyondLimit));
        assert_eq!(of_wire("PurgeQueueInProgress", "Only one"), of_core(&Rejection::PurgeInProgress));
        assert_eq!(of_wire("NotFound", "Topic does not exist"), of_core(&Rejection::TopicDoesNotExist));
        assert_eq!(of_wire("Throttled", "slow"), "!Throttled(slow)");
        assert!(known("MessageGone"));
        assert!(!known("Stale"), "no client ever sees it");
    }
}
