//! Which deliveries a topic wants to be told of, and what became of those to queues (sns 16).
//!
//! A topic asks by its attributes, by kind of endpoint: `SQSFailureFeedbackRoleArn` for every delivery that is given
//! up, `SQSSuccessFeedbackRoleArn` for those that are made, of which `SQSSuccessFeedbackSampleRate` percent; all when
//! there is no rate. Whether a publication is in the sample follows from its id alone, so it is for all of its
//! subscriptions.
//!
//! This is for people to read and rests on nothing: the log of the shard does not have it.

use crate::Arn;
use crate::Timestamp;
use crate::body::Body;
use crate::id::Uuid;
use crate::outbox::Published;
use crate::rejection::Refusal;
use std::collections::BTreeMap;

/// What a topic asks for, of one kind of endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Deliveries that are given up.
    failures: bool,
    /// Deliveries that are made, of so many percent of all publications.
    successes: Option<u64>,
}

/// What a topic asks for of one publication.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// Deliveries that are given up.
    pub failures: bool,
    /// Deliveries that are made.
    pub successes: bool,
}

/// What became of deliveries of one publication to queues.
#[derive(Clone, Debug)]
pub struct Ended {
    /// What was published.
    pub published: Published,
    /// Where its payload is, or was then.
    pub body: Body,
    /// When the deliveries ended.
    pub at: Timestamp,
    /// The deliveries, at least one.
    pub copies: Vec<EndedCopy>,
}

/// What became of one delivery to a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedCopy {
    /// For which subscription.
    pub subscription: Uuid,
    /// The queue that is subscribed.
    pub queue: Arn,
    /// It is in the queue, or will never be. A queue that had a message with the same deduplication id took it too.
    pub end: Result<(), Fault>,
}

/// Why a queue will never have a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The queue's side said no.
    Refused(Refusal),
    /// Raw, it has more attributes than a message of a queue may have (sns 6).
    TooManyAttributes,
}

impl Asked {
    /// What the attributes of a topic ask for. `kind` is what they call the kind of endpoint: `SQS`, `HTTP`, ...
    pub fn of(attributes: &BTreeMap<Box<str>, Box<str>>, kind: &str) -> Asked {
        let value = |what: &str| {
            let (_, value) = attributes.iter().find(|(name, _)| name.strip_prefix(kind) == Some(what))?;
            Some(&**value).filter(|value| !value.is_empty())
        };
        let percent = || value("SuccessFeedbackSampleRate").and_then(|rate| rate.parse().ok()).unwrap_or(100);
        Asked {
            failures: value("FailureFeedbackRoleArn").is_some(),
            successes: value("SuccessFeedbackRoleArn").map(|_| percent()),
        }
    }

    /// What of the publication with this id.
    pub fn wants(self, message: Uuid) -> Wants {
        let successes = self.successes.is_some_and(|percent| is_sampled(message, percent));
        Wants { failures: self.failures, successes }
    }
}

impl Wants {
    /// Nothing, however deliveries end?
    pub fn is_nothing(self) -> bool {
        self == Wants::default()
    }

    /// Is a delivery that ended so among what is asked for?
    pub(crate) fn includes(self, end: &Result<(), Fault>) -> bool {
        match end {
            Ok(()) => self.successes,
            Err(_) => self.failures,
        }
    }
}

/// Is a publication among the `percent` whose successful deliveries are told?
fn is_sampled(message: Uuid, percent: u64) -> bool {
    // Ids are random but for six bits, none of which is among the last 32.
    let random = u64::from(message.0 as u32);
    (random * 100) >> 32 < percent
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Ids;

    fn asked(attributes: &[(&str, &str)]) -> Asked {
        let attributes = attributes.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Asked::of(&attributes.collect(), "SQS")
    }

    #[test]
    fn the_sample_is_as_large_as_was_asked_for() {
        let mut ids = Ids::new(5);
        let ids: Vec<Uuid> = (0..10_000).map(|_| ids.uuid()).collect();
        let sampled = |percent| ids.iter().filter(|id| is_sampled(**id, percent)).count();
        assert_eq!((sampled(0), sampled(100)), (0, 10_000));
        assert!((900..1_100).contains(&sampled(10)), "{}", sampled(10));
        // What is in a small sample is in every larger one: it depends on nothing but the id.
        assert!(ids.iter().all(|id| !is_sampled(*id, 10) || is_sampled(*id, 11)));
    }

    #[test]
    fn a_rate_without_a_role_asks_for_nothing() {
        let role = "arn:aws:iam::000000000000:role/r";
        let wants = |attributes: &[(&str, &str)]| {
            let wants = asked(attributes).wants(Uuid(0xffff_ffff));
            (wants.successes, wants.failures)
        };
        assert_eq!(wants(&[]), (false, false));
        assert_eq!(wants(&[("SQSSuccessFeedbackSampleRate", "100")]), (false, false));
        assert_eq!(wants(&[("SQSSuccessFeedbackRoleArn", "")]), (false, false));
        assert_eq!(wants(&[("HTTPSuccessFeedbackRoleArn", role)]), (false, false));
        assert_eq!(wants(&[("SQSSuccessFeedbackRoleArn", role)]), (true, false));
        assert_eq!(wants(&[("SQSFailureFeedbackRoleArn", role)]), (false, true));
        let rate = ("SQSSuccessFeedbackSampleRate", "99");
        assert_eq!(wants(&[("SQSSuccessFeedbackRoleArn", role), rate]), (false, false));
    }
}
