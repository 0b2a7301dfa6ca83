//! From a refusal to what the client reads.
//!
//! Whoever refuses says why in its own vocabulary: the core in a [`Rejection`], `iam` in an [`AuthError`]
//! or a [`Denied`], the runtime in an [`Unanswered`]. Here each becomes an error of the protocol. The
//! wording is that of `wire::error`; only what AWS has no sentence for is worded here, and it says so.

mod account;

pub(crate) use account::{of_account, of_application};

use crate::context::Origin;
use postrider_core::{Rejection, limits};
use postrider_iam::{AuthError, Denied, Service as IamService};
use postrider_runtime::Unanswered;
use postrider_wire::error::sns::SetBy;
use postrider_wire::error::{Error, ErrorKind, common, sns, sqs};
use postrider_wire::{Protocol, Service};
use tracing::error;

/// Why an operation was not carried out.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The resource has changed since the caller was judged: judge again, then ask again.
    Stale,
    /// This is the answer.
    Because(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Refused {
        Refused::Because(error)
    }
}

impl From<Unanswered> for Refused {
    fn from(unanswered: Unanswered) -> Refused {
        Refused::Because(self::unanswered(unanswered))
    }
}

/// A request that was not authenticated.
pub(crate) fn auth(error: &AuthError, service: Service) -> Error {
    let kind = match error {
        AuthError::NoCredentials { service: IamService::Sqs, .. } => ErrorKind::AccessDenied,
        AuthError::NoCredentials { service: IamService::Sns, .. } => ErrorKind::MissingAuthenticationToken,
        AuthError::Incomplete(_) => ErrorKind::IncompleteSignature,
        AuthError::WrongScope(_)
        | AuthError::NotSigned(_)
        | AuthError::Mismatch
        | AuthError::Expired { .. }
        | AuthError::NotYetCurrent { .. } => ErrorKind::SignatureDoesNotMatch,
        AuthError::UnknownToken => ErrorKind::InvalidClientTokenId,
        AuthError::ExpiredToken => ErrorKind::ExpiredToken,
    };
    tracing::debug!(service = service.signing_name(), code = kind.codes().query, "not authenticated");
    Error::new(kind, error.to_string())
}

/// A caller who may not do what it asks for.
pub(crate) fn denied(denied: &Denied, service: Service, origin: &Origin<'_>) -> Error {
    match denied {
        Denied::Anonymous => {
            let called = format!("{}{}", origin.scheme_and_host, origin.path);
            common::missing_credentials(service, &called)
        }
        Denied::Refused { .. } => {
            let kind = match service {
                Service::Sqs => ErrorKind::AccessDenied,
                Service::Sns => ErrorKind::AuthorizationError,
            };
            Error::new(kind, denied.to_string())
        }
    }
}

/// No answer from a shard. SDKs try again by the status.
pub(crate) fn unanswered(unanswered: Unanswered) -> Error {
    let message = match unanswered {
        Unanswered::Busy => "The server has more to do than it can take. Try again.",
        Unanswered::Stopped => "The server is stopping. Try again.",
    };
    common::service_unavailable(message)
}

/// A resource that changes faster than its caller can be judged.
pub(crate) fn restless() -> Error {
    common::service_unavailable("The resource is being changed. Try again.")
}

/// A defect of ours: the shard answered what it cannot answer.
pub(crate) fn defect(service: Service, what: &str) -> Error {
    error!(service = service.signing_name(), what, "a shard gave an answer that does not fit");
    common::internal_failure(service)
}

/// Something that SNS has and we do not have yet: the value of a parameter. The words are ours.
pub(crate) fn not_yet_sns(parameter: &str, what: &str) -> Error {
    sns::invalid_parameter_because(parameter, &format!("{what} not supported by this server yet"))
}

/// What the core says of a queue, on the whole.
pub(crate) fn of_queue(rejection: &Rejection, protocol: Protocol, queue: &str) -> Refused {
    Refused::Because(match rejection {
        Rejection::Stale => return Refused::Stale,
        Rejection::QueueDoesNotExist => sqs::queue_does_not_exist(protocol),
        Rejection::QueueExists { attribute } => sqs::queue_name_exists(attribute),
        Rejection::QueueDeletedRecently => sqs::queue_deleted_recently(),
        Rejection::PurgeInProgress => sqs::purge_in_progress(queue),
        Rejection::EncryptionConflict => sqs::one_encryption_only(),
        Rejection::MessageTooLong { bytes_max } => sqs::message_too_long(*bytes_max as usize),
        Rejection::InFlightFull => sqs::too_many_in_flight(limits::IN_FLIGHT_MAX as u64),
        Rejection::GroupIdMissing => sqs::no_group_id(),
        Rejection::DeduplicationIdMissing => sqs::no_deduplication_id(),
        Rejection::TypeChange => sqs::queue_type_is_fixed(),
        Rejection::ThroughputNeedsGroupScope => sqs::throughput_needs_group_scope(),
        Rejection::MoveRunning => sqs::move_task_running(),
        Rejection::MoveDoesNotExist => sqs::move_task_missing(),
        Rejection::MoveNotRunning => sqs::move_task_not_running(),
        Rejection::TooManyTags => too_many_tags(),
        Rejection::NoSpace => no_space(),
        Rejection::ReceiptHandleIsInvalid
        | Rejection::ReceiptExpired
        | Rejection::MessageGone
        | Rejection::VisibilityBeyondLimit
        | Rejection::TopicDoesNotExist
        | Rejection::TopicAttributesDiffer
        | Rejection::TopicTagsDiffer
        | Rejection::PublicationTooLong
        | Rejection::SubscriptionDoesNotExist
        | Rejection::SubscriptionAttributesDiffer
        | Rejection::TooManySubscriptions
        | Rejection::SubscriptionPending
        | Rejection::UnsubscribeNotAuthenticated
        | Rejection::TokenUnknown
        | Rejection::LargeMessagesNotSupported
        | Rejection::NoArchive
        | Rejection::TooManyReplays
        | Rejection::ReplaysUnderWay
        | Rejection::ArchiveActive
        | Rejection::TooManyPending
        | Rejection::TooManyFilterPolicies
        | Rejection::Account(_)
        | Rejection::Application(_) => defect(Service::Sqs, "a rejection of something else"),
    })
}

/// What the core says of one entry of a batch of messages to send.
pub(crate) fn of_entry(rejection: &Rejection, protocol: Protocol) -> Error {
    if let Rejection::MessageTooLong { bytes_max } = rejection {
        return sqs::entry_too_long(*bytes_max as usize);
    }
    because(of_queue(rejection, protocol, ""))
}

/// What the core says of one receipt handle; `timeout_s` is what a visibility change asked for.
pub(crate) fn of_receipt(rejection: &Rejection, protocol: Protocol, handle: &str, timeout_s: u32) -> Error {
    if *rejection == Rejection::ReceiptHandleIsInvalid {
        sqs::receipt_handle_is_invalid(handle)
    } else if *rejection == Rejection::MessageGone {
        sqs::message_gone(handle)
    } else if *rejection == Rejection::ReceiptExpired {
        sqs::receipt_handle_expired(handle)
    } else if *rejection == Rejection::VisibilityBeyondLimit {
        sqs::total_visibility_timeout(i64::from(timeout_s))
    } else {
        because(of_queue(rejection, protocol, ""))
    }
}

fn because(refused: Refused) -> Error {
    match refused {
        Refused::Because(error) => error,
        Refused::Stale => defect(Service::Sqs, "one entry was judged by another revision than the rest"),
    }
}

/// What the core says of a topic or a subscription.
pub(crate) fn of_topic(rejection: &Rejection) -> Refused {
    Refused::Because(match rejection {
        Rejection::Stale => return Refused::Stale,
        Rejection::TopicDoesNotExist => sns::topic_does_not_exist(),
        Rejection::TopicAttributesDiffer => sns::topic_attributes_differ(),
        Rejection::TopicTagsDiffer => sns::topic_tags_differ(),
        Rejection::PublicationTooLong => sns::message_too_long(),
        Rejection::SubscriptionDoesNotExist => sns::subscription_does_not_exist(),
        Rejection::SubscriptionAttributesDiffer => sns::subscription_attributes_differ(),
        Rejection::TooManySubscriptions | Rejection::TooManyPending => sns::subscription_limit_exceeded(),
        Rejection::TooManyFilterPolicies => sns::filter_policy_limit_exceeded(),
        Rejection::TooManyTags => sns::tag_limit_exceeded(),
        Rejection::GroupIdMissing => sns::group_id_required(),
        Rejection::DeduplicationIdMissing => sns::deduplication_id_required(),
        Rejection::SubscriptionPending => sns::subscription_pending(),
        Rejection::UnsubscribeNotAuthenticated => sns::unsubscribe_unsigned(),
        Rejection::TokenUnknown => sns::token_unknown(),
        Rejection::LargeMessagesNotSupported => sns::large_messages(SetBy::Set),
        Rejection::NoArchive => sns::replay_policy(SetBy::Set, "the topic has no archive"),
        Rejection::TooManyReplays => sns::replay_limit_exceeded(),
        Rejection::ReplaysUnderWay => sns::invalid_parameter_because(
            "ArchivePolicy",
            "messages wait behind replays that are in progress: stop those first",
        ),
        Rejection::ArchiveActive => sns::topic_has_archive(),
        Rejection::NoSpace => no_space(),
        Rejection::QueueDoesNotExist
        | Rejection::QueueExists { .. }
        | Rejection::QueueDeletedRecently
        | Rejection::PurgeInProgress
        | Rejection::EncryptionConflict
        | Rejection::MessageTooLong { .. }
        | Rejection::ReceiptHandleIsInvalid
        | Rejection::MessageGone
        | Rejection::VisibilityBeyondLimit
        | Rejection::ReceiptExpired
        | Rejection::TypeChange
        | Rejection::ThroughputNeedsGroupScope
        | Rejection::MoveRunning
        | Rejection::MoveDoesNotExist
        | Rejection::MoveNotRunning
        | Rejection::InFlightFull
        | Rejection::Account(_)
        | Rejection::Application(_) => defect(Service::Sns, "a rejection of something else"),
    })
}

fn no_space() -> Error {
    common::service_unavailable(
        "The server has no space left for new messages and resources. Try again later.",
    )
}

/// SQS's own words for this are not known.
fn too_many_tags() -> Error {
    let reason = format!("A queue can have at most {} tags.", limits::TAGS_MAX);
    Error::new(ErrorKind::InvalidParameterValue, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_authentication_error_has_its_code() {
        let cases = [
            (AuthError::Incomplete("x".into()), "IncompleteSignature", 400),
            (AuthError::WrongScope("x".into()), "SignatureDoesNotMatch", 403),
            (AuthError::UnknownToken, "InvalidClientTokenId", 403),
            (AuthError::Mismatch, "SignatureDoesNotMatch", 403),
            (AuthError::Expired { sent_s: 0, now_s: 5_000, window_s: 900 }, "SignatureDoesNotMatch", 403),
            (AuthError::ExpiredToken, "ExpiredToken", 403),
        ];
        for (error, code, status) in cases {
            let answer = auth(&error, Service::Sqs);
            assert_eq!((answer.kind.codes().query, answer.kind.codes().status), (code, status));
            assert_eq!(answer.message, error.to_string());
        }
    }

    #[test]
    fn what_is_busy_or_full_is_retried() {
        for error in [unanswered(Unanswered::Busy), unanswered(Unanswered::Stopped), no_space(), restless()] {
            assert_eq!(error.kind.codes().status, 503);
        }
        let Refused::Because(error) = of_queue(&Rejection::NoSpace, Protocol::Json, "q") else { panic!() };
        assert_eq!(error.kind, ErrorKind::ServiceUnavailable);
        assert!(matches!(of_queue(&Rejection::Stale, Protocol::Json, "q"), Refused::Stale));
        assert!(matches!(of_topic(&Rejection::Stale), Refused::Stale));
    }

    #[test]
    fn the_same_rejection_is_worded_by_place_and_protocol() {
        let too_long = Rejection::MessageTooLong { bytes_max: 1024 };
        let Refused::Because(single) = of_queue(&too_long, Protocol::Json, "q") else { panic!() };
        assert_ne!(single, of_entry(&too_long, Protocol::Json));
        let gone = |protocol| match of_queue(&Rejection::QueueDoesNotExist, protocol, "q") {
            Refused::Because(error) => error.message,
            Refused::Stale => panic!(),
        };
        assert_ne!(gone(Protocol::Json), gone(Protocol::Query));
    }

    #[test]
    fn every_rejection_of_a_handle_names_the_handle() {
        for (rejection, expected) in [
            (Rejection::ReceiptHandleIsInvalid, sqs::receipt_handle_is_invalid("h")),
            (Rejection::ReceiptExpired, sqs::receipt_handle_expired("h")),
            (Rejection::MessageGone, sqs::message_gone("h")),
        ] {
            assert_eq!(of_receipt(&rejection, Protocol::Json, "h", 0), expected);
        }
    }

    #[test]
    fn what_only_some_queues_take_is_refused_in_their_words() {
        for (rejection, expected) in [
            (Rejection::GroupIdMissing, sqs::no_group_id()),
            (Rejection::DeduplicationIdMissing, sqs::no_deduplication_id()),
            (Rejection::TypeChange, sqs::queue_type_is_fixed()),
            (Rejection::ThroughputNeedsGroupScope, sqs::throughput_needs_group_scope()),
            (Rejection::MoveRunning, sqs::move_task_running()),
            (Rejection::MoveDoesNotExist, sqs::move_task_missing()),
            (Rejection::MoveNotRunning, sqs::move_task_not_running()),
        ] {
            let Refused::Because(error) = of_queue(&rejection, Protocol::Json, "q") else { panic!() };
            assert_eq!(error, expected);
        }
    }
}
