//! What the log says of topics and subscriptions.

use super::Tags;
use crate::id::{DedupKey, Revision, TopicId, Uuid};
use crate::topic::retry;
use crate::topic::subscription::{Confirmation, Endpoint, Filter, Form, Rendition, Standing, Token};
use crate::{Arn, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A topic, without its subscriptions.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicStated {
    /// Its internal id.
    pub id: TopicId,
    /// Its public identity.
    pub arn: Arn,
    /// State of its settings and policy.
    pub revision: Revision,
    /// Attributes that were set, in their stored form.
    pub attributes: BTreeMap<Box<str>, Box<str>>,
    /// Its tags.
    pub tags: Tags,
    /// Subscriptions that were deleted so far.
    pub subscriptions_deleted: u64,
    /// First sequence number that no message has had; a standard topic gives none.
    pub next_sequence: u64,
    /// What `DeliveryPolicy` says.
    pub delivery: retry::TopicPolicy,
    /// What `ArchivePolicy` says, if there is an archive.
    pub archive: Option<Archive>,
}

/// The archive of a FIFO topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Archive {
    /// Since when there is one.
    pub since: Timestamp,
    /// How long it keeps messages, days, 1 to 365.
    pub days: u16,
}

impl Archive {
    /// The earliest time at which a message was published that it has at `now` (`BeginningArchiveTime`).
    pub fn begins(&self, now: Timestamp) -> Timestamp {
        self.since.max(now.minus_s(u32::from(self.days) * 86_400))
    }

    /// Has it a message that was published then?
    pub fn keeps(&self, published_at: Timestamp, now: Timestamp) -> bool {
        published_at >= self.begins(now)
    }
}

/// A subscription.
#[derive(Clone, Debug, PartialEq)]
pub struct SubscriptionStated {
    /// Of which topic.
    pub topic: TopicId,
    /// Last part of its ARN.
    pub id: Uuid,
    /// Who gets the publications.
    pub endpoint: Endpoint,
    /// Account that subscribed.
    pub owner: Box<str>,
    /// ARN of the principal that subscribed.
    pub principal: Box<str>,
    /// Envelope or raw.
    pub form: Form,
    /// Which publications it gets; all when absent.
    pub filter: Option<Arc<Filter>>,
    /// Whether the endpoint has agreed.
    pub standing: Standing,
    /// By these somebody at the endpoint confirms, oldest first; at most [`crate::limits::TOKENS_MAX`].
    pub tokens: Vec<Token>,
    /// The queue that gets what does not reach the endpoint.
    pub dead_letter: Option<Arn>,
    /// What `DeliveryPolicy` says.
    pub delivery: retry::Policy,
    /// Attributes that are shown as texts: `DeliveryPolicy`, `RedrivePolicy`, `ReplayPolicy`, `SubscriptionRoleArn`.
    pub attributes: BTreeMap<Box<str>, Box<str>>,
}

impl SubscriptionStated {
    /// What a subscription is to be that says nothing special, of an endpoint that does not have to confirm it. Topic and
    /// id are given when it is made.
    pub fn wanted(endpoint: Endpoint, owner: &str, principal: &str) -> SubscriptionStated {
        SubscriptionStated {
            topic: TopicId(0),
            id: Uuid(0),
            endpoint,
            owner: owner.into(),
            principal: principal.into(),
            form: Form::Envelope,
            filter: None,
            standing: Standing::Confirmed(Confirmation::Authenticated),
            tokens: Vec::new(),
            dead_letter: None,
            delivery: retry::Policy::default(),
            attributes: BTreeMap::new(),
        }
    }

    /// What its copies show.
    pub fn rendition(&self) -> Rendition {
        Rendition { protocol: self.endpoint.protocol(), form: self.form }
    }
}

/// A deduplication id that a FIFO topic remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicDeduplicated {
    /// Which topic.
    pub topic: TopicId,
    /// The id, in the scope of the topic.
    pub key: DedupKey,
    /// The public id of the first publication with it.
    pub id: Uuid,
    /// The sequence number of that publication.
    pub sequence: u64,
    /// When it was published.
    pub at: Timestamp,
}

/// A subscription that gets messages of the topic's archive once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayStated {
    /// Of which topic.
    pub topic: TopicId,
    /// Which subscription.
    pub subscription: Uuid,
    /// Tells it from other replays of the subscription.
    pub id: Revision,
    /// The first message is one published then or later.
    pub from: Timestamp,
    /// The last message is one published then or earlier.
    pub until: Option<Timestamp>,
    /// Everything up to this sequence number has been looked at; zero before the first look.
    pub cursor: u64,
    /// What is published from this sequence number on would have come without the replay, and comes whatever becomes of
    /// it.
    pub behind: u64,
    /// How far it is.
    pub status: ReplayStatus,
}

/// How far a replay is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayStatus {
    /// Nothing was delivered yet.
    Pending,
    /// It is under way; new publications wait behind it.
    InProgress,
    /// All was delivered. With an end the subscription gets nothing more.
    Completed,
    /// The archive is gone.
    Failed,
    /// It was called off: nothing of it remains.
    Stopped,
    /// It was called off, and only what was published behind it still comes.
    Stopping,
}
