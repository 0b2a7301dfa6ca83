//! Which deliveries are noted in the status log, and what is noted of them (sns 16).
//!
//! A topic asks for it by its attributes, by kind of endpoint: `HTTPFailureFeedbackRoleArn` for every delivery
//! that is given up, `HTTPSuccessFeedbackRoleArn` for those that are made, of which
//! `HTTPSuccessFeedbackSampleRate` percent are noted; all when there is no rate. Whether a publication is in the
//! sample follows from its id alone, so it is for all of its subscriptions.

use super::attempt::{Attempted, End};
use crate::metrics::Reason;
use crate::statuses::Statuses;
use crate::urls::without_password;
use postrider_core::event::Occasion;
use postrider_core::id::Uuid;
use postrider_core::reply::Claimed;
use postrider_core::topic::subscription::Protocol;
use postrider_wire::delivery_log::{Delivery, Entry, Notification, Outcome, log_group};
use postrider_wire::digest::{self, Md5};
use postrider_wire::envelope::{text_for, timestamp};
use postrider_wire::payload::Publication;
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// What is told of a message whose delivery may have to be noted.
#[derive(Debug)]
pub(super) struct Watched {
    failures: bool,
    successes: bool,
    message_md5: Md5,
}

impl Watched {
    /// `None` if nothing of this delivery is noted, however it ends.
    pub(super) fn of(claimed: &Claimed, payload: &[u8]) -> Option<Watched> {
        if claimed.published.occasion == Occasion::Notice {
            return None;
        }
        let protocol = claimed.subscription.endpoint.protocol();
        let kind = kind(protocol)?;
        let asked = |what: &str| asked(&claimed.attributes, kind, what);
        let failures = asked("FailureFeedbackRoleArn").is_some();
        let rate = asked("SuccessFeedbackSampleRate").and_then(|rate| rate.parse().ok()).unwrap_or(100);
        let successes =
            asked("SuccessFeedbackRoleArn").is_some() && is_sampled(claimed.published.message_id, rate);
        if !failures && !successes {
            return None;
        }
        let publication = Publication::decode(payload).ok()?;
        let text = text_for(publication.structure, publication.message, protocol.as_str()).ok()?;
        Some(Watched { failures, successes, message_md5: digest::body(&text) })
    }

    /// Notes the delivery, if it is at its end and that is wanted.
    pub(super) fn note(
        &self,
        statuses: &Statuses,
        claimed: &Claimed,
        attempted: &Attempted,
        given_up: Option<Reason>,
    ) {
        let outcome = match (attempted.end, given_up) {
            (End::Delivered, _) if self.successes => Outcome::Success,
            (End::Failed | End::Refused | End::Forbidden | End::Unavailable, Some(_)) if self.failures => {
                Outcome::Failure
            }
            (End::Delivered | End::Failed | End::Refused | End::Forbidden | End::Unavailable, _) => return,
        };
        let published = &claimed.published;
        let topic = &published.topic;
        let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let now_ms = u64::try_from(now_ms).unwrap_or(u64::MAX);
        let entry = Entry {
            notification: Notification {
                message_md5: self.message_md5,
                message_id: &published.message_id.to_string(),
                topic_arn: topic.as_str(),
                timestamp: &timestamp(published.published_at.0),
            },
            delivery: Delivery {
                delivery_id: &published.message_id.copy_for(claimed.subscription.id).to_string(),
                destination: &without_password(claimed.subscription.endpoint.address()),
                provider_response: attempted.response.as_str().into(),
                dwell_time_ms: now_ms.saturating_sub(published.published_at.0),
                attempts: Some(claimed.failures.saturating_add(1)),
                status_code: attempted.status,
            },
            status: outcome,
        };
        let group = log_group(topic.region(), topic.account(), topic.resource(), outcome);
        statuses.record(&group, entry.render());
    }
}

/// What the attributes of a topic call this kind of endpoint.
fn kind(protocol: Protocol) -> Option<&'static str> {
    match protocol {
        Protocol::Http | Protocol::Https => Some("HTTP"),
        Protocol::Lambda => Some("Lambda"),
        Protocol::Firehose => Some("Firehose"),
        Protocol::Application => Some("Application"),
        Protocol::Sqs => Some("SQS"),
        Protocol::Email | Protocol::EmailJson | Protocol::Sms => None,
    }
}

fn asked<'a>(attributes: &'a BTreeMap<Box<str>, Box<str>>, kind: &str, what: &str) -> Option<&'a str> {
    let (_, value) = attributes.iter().find(|(name, _)| name.strip_prefix(kind) == Some(what))?;
    Some(value).map(|value| &**value).filter(|value| !value.is_empty())
}

/// Is a publication among the `percent` whose successful deliveries are noted?
fn is_sampled(message: Uuid, percent: u64) -> bool {
    // Ids are random but for six bits, none of which is among the last 32.
    let random = u64::from(message.0 as u32);
    (random * 100) >> 32 < percent
}

#[cfg(test)]
mod tests {
    use super::*;
    use postrider_core::id::Ids;

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
    fn passwords_are_not_shown() {
        for (given, shown) in [
            ("https://u:p@h:1/a@b?c", "https://***@h:1/a@b?c"),
            ("http://u@h", "http://***@h"),
            ("http://h/a@b", "http://h/a@b"),
            ("arn:aws:lambda:r:1:function:f", "arn:aws:lambda:r:1:function:f"),
        ] {
            assert_eq!(without_password(given), shown);
        }
    }
}
