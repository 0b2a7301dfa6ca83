//! Every reason to say no. The caller's doing, so there is no source; the wording is the protocol's.

use crate::{Timestamp, account, application};

/// Why a command, or one entry of it, was not carried out. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The queue is not there.
    QueueDoesNotExist,
    /// A queue of that name exists, and this attribute differs.
    QueueExists {
        /// Name of the first attribute that differs.
        attribute: &'static str,
    },
    /// The queue of that name was deleted less than a minute ago.
    QueueDeletedRecently,
    /// The queue was purged less than a minute ago.
    PurgeInProgress,
    /// Managed encryption and a KMS key exclude each other.
    EncryptionConflict,
    /// The message is larger than the queue admits.
    MessageTooLong {
        /// The queue's `MaximumMessageSize`, bytes.
        bytes_max: u32,
    },
    /// The handle is not one that this queue issued.
    ReceiptHandleIsInvalid,
    /// The handle was good, the message is gone.
    MessageGone,
    /// The message would be hidden longer than the limit since it was received.
    VisibilityBeyondLimit,
    /// The handle is one of a FIFO queue, and its visibility timeout has ended (sqs 10).
    ReceiptExpired,
    /// A message of a FIFO queue has no group.
    GroupIdMissing,
    /// A message of a FIFO queue has no deduplication id, and the queue does not make one of the body.
    DeduplicationIdMissing,
    /// A queue cannot become one of the other type.
    TypeChange,
    /// The throughput limit is that of the message group, the scope of deduplication is not.
    ThroughputNeedsGroupScope,
    /// A move task of this queue is running.
    MoveRunning,
    /// The queue has no such move task.
    MoveDoesNotExist,
    /// The move task is not running.
    MoveNotRunning,
    /// Too many messages in flight, on a short poll.
    InFlightFull,
    /// More tags than a resource may have.
    TooManyTags,
    /// The topic is not there.
    TopicDoesNotExist,
    /// A topic of that name exists with other attributes.
    TopicAttributesDiffer,
    /// A topic of that name exists with other tags.
    TopicTagsDiffer,
    /// The message is larger than the topic admits.
    PublicationTooLong,
    /// The subscription is not there.
    SubscriptionDoesNotExist,
    /// The endpoint is subscribed with other attributes.
    SubscriptionAttributesDiffer,
    /// The topic has as many subscriptions as it may.
    TooManySubscriptions,
    /// The topic, or all topics of its account, have as many filter policies as they may.
    TooManyFilterPolicies,
    /// The subscription is not confirmed, so it cannot be ended either (sns 4).
    SubscriptionPending,
    /// Only who signs may end the subscription (sns 4).
    UnsubscribeNotAuthenticated,
    /// No subscription is waiting for that token.
    TokenUnknown,
    /// The topic admits messages over 262,144 bytes, and such subscriptions it may not have, or not so many (sns 3).
    LargeMessagesNotSupported,
    /// The topic has no archive to replay.
    NoArchive,
    /// More replays are under way than there may be.
    TooManyReplays,
    /// Publications wait behind replays, and would be lost with the archive.
    ReplaysUnderWay,
    /// The topic has an archive, so it cannot be deleted (sns 14).
    ArchiveActive,
    /// The account has as many subscriptions that nobody has confirmed as it may (sns 4).
    TooManyPending,
    /// The resource changed since the caller was judged: judge again and ask again.
    Stale,
    /// The log has no room for commands that grow it; try again later.
    NoSpace,
    /// An account did not do it.
    Account(account::Refused),
    /// A platform application did not do it.
    Application(application::Refused),
}

/// Why a delivery will never succeed: the target's side said no for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// The queue is not there.
    QueueDoesNotExist,
    /// The queue's policy does not let the topic, or the queue that it comes from, send.
    NotPermitted,
}

/// A crossing from one resource to another on a service's behalf, put to the shard's `permit`.
#[derive(Clone, Copy, Debug)]
pub struct Crossing<'a> {
    /// The service principal, `sns.amazonaws.com` for example.
    pub service: &'a str,
    /// The resource on whose behalf it calls.
    pub source: &'a crate::Arn,
    /// What it does, `sqs:SendMessage`.
    pub action: &'a str,
    /// The resource it does it to.
    pub target: &'a crate::Arn,
    /// The target's resource policy.
    pub policy: Option<&'a str>,
    /// The turn's time.
    pub now: Timestamp,
}

/// Says whether a crossing is allowed. Pure.
pub type Permit = dyn Fn(&Crossing<'_>) -> bool + Send + Sync;
