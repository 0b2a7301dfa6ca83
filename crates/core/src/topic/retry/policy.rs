//! What a topic and a subscription say about deliveries over HTTP, and what comes out of both.
//!
//! A policy has sections: retries, throttle, request. A section that a subscription has counts as a whole, without
//! looking at the topic's; one that it does not have is the topic's; one that neither has is the
//! server's.

use super::Schedule;
use crate::limits;
use crate::topic::subscription::Form;
use std::num::NonZeroU32;

/// The sections that a policy has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// `healthyRetryPolicy`. Its missing keys have AWS's defaults, not those of the level above.
    pub schedule: Option<Schedule>,
    /// `maxReceivesPerSecond` of `throttlePolicy`: attempts, the first ones and the others.
    pub attempts_per_s_max: Option<NonZeroU32>,
    /// `headerContentType` of `requestPolicy`.
    pub content_type: Option<ContentType>,
}

/// Do the subscriptions' policies count? (`disableSubscriptionOverrides`)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Overrides {
    /// Yes, section by section.
    #[default]
    Allowed,
    /// No, none of their sections.
    Disabled,
}

/// A topic's policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicPolicy {
    /// What it says.
    pub policy: Policy,
    /// Whether its subscriptions may say otherwise.
    pub overrides: Overrides,
}

/// What counts for one subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// When to try again.
    pub schedule: Schedule,
    /// Attempts in a second; `None` for no bound.
    pub attempts_per_s_max: Option<NonZeroU32>,
    /// The content type of notifications. Confirmations do not follow it.
    pub content_type: ContentType,
}

impl Effective {
    /// What comes out of the server's default, the topic's policy and the subscription's. A content type that
    /// only raw deliveries may have does not count for others: the topic's then, or the default.
    pub fn of(default: Schedule, topic: &TopicPolicy, subscription: &Policy, form: Form) -> Effective {
        let none = Policy::default();
        let own = match topic.overrides {
            Overrides::Allowed => subscription,
            Overrides::Disabled => &none,
        };
        let levels = [own, &topic.policy];
        Effective {
            schedule: levels.iter().find_map(|level| level.schedule).unwrap_or(default),
            attempts_per_s_max: levels.iter().find_map(|level| level.attempts_per_s_max),
            content_type: levels
                .iter()
                .filter_map(|level| level.content_type.as_ref())
                .find(|content_type| content_type.suits(form))
                .cloned()
                .unwrap_or_default(),
        }
    }
}

/// A content type that deliveries may have, as it was given. It can stand in a header as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ContentType(Box<str>);

impl ContentType {
    /// `None` if deliveries may not have it. Parameters are not looked into, but they have to be printable ASCII.
    pub fn new(text: &str) -> Option<ContentType> {
        let printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        let known = ENVELOPE_TYPES.contains(&essence(text)) || RAW_TYPES.contains(&essence(text));
        let fits = printable && known && text.len() <= limits::CONTENT_TYPE_BYTES_MAX;
        fits.then(|| ContentType(text.into()))
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// May deliveries of this form have it?
    pub fn suits(&self, form: Form) -> bool {
        match form {
            Form::Raw => true,
            Form::Envelope => ENVELOPE_TYPES.contains(&essence(&self.0)),
        }
    }
}

impl Default for ContentType {
    fn default() -> ContentType {
        ContentType("text/plain; charset=UTF-8".into())
    }
}

/// What every delivery may be.
const ENVELOPE_TYPES: [&str; 3] = ["application/json", "text/plain", "application/xml"];

/// What a raw delivery may be besides.
const RAW_TYPES: [&str; 8] = [
    "application/atom+xml",
    "application/octet-stream",
    "application/soap+xml",
    "application/x-www-form-urlencoded",
    "text/css",
    "text/csv",
    "text/html",
    "text/xml",
];

/// The type without its parameters.
fn essence(text: &str) -> &str {
    text.split(';').next().unwrap_or(text).trim()
}
