//! Which deliveries to endpoints are noted in the status log, and what is noted of them (sns 16).
//!
//! What a topic asks for is said by [`Asked`].

use super::attempt::{Attempted, End};
use crate::metrics::Reason;
use crate::statuses::Statuses;
use crate::urls::without_password;
use postrider_core::event::Occasion;
use postrider_core::reply::Claimed;
use postrider_core::topic::status::{Asked, Wants};
use postrider_core::topic::subscription::Protocol;
use postrider_wire::delivery_log::{Delivery, Entry, Notification, Outcome, log_group};
use postrider_wire::digest::{self, Md5};
use postrider_wire::envelope::{text_for, timestamp};
use postrider_wire::payload::Publication;
use std::time::{SystemTime, UNIX_EPOCH};

/// What is told of a message whose delivery may have to be noted.
#[derive(Debug)]
pub(super) struct Watched {
    wants: Wants,
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
        let wants = Asked::of(&claimed.attributes, kind).wants(claimed.published.message_id);
        if wants.is_nothing() {
            return None;
        }
        let publication = Publication::decode(payload).ok()?;
        let text = text_for(publication.structure, publication.message, protocol.as_str()).ok()?;
        Some(Watched { wants, message_md5: digest::body(&text) })
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
            (End::Delivered, _) if self.wants.successes => Outcome::Success,
            (End::Failed | End::Refused | End::Forbidden | End::Unavailable, Some(_))
                if self.wants.failures =>
            {
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

#[cfg(test)]
mod tests {
    use super::*;

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
