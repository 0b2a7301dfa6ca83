//! The vocabulary of the log.
//!
//! Two kinds of event. A *statement* says all there is to know of one thing: it makes the thing, or
//! overwrites what was known, and compaction repeats it. A *change* says what happened to a thing
//! that was stated before, and is worth nothing once that thing is stated again.
//!
//! Events hold outcomes, never conditions: [`crate::Shard::apply`] follows them blindly.

use crate::body::Payload;
use crate::id::{Number, PublicationId, QueueId, Revision, TopicId, Uuid};
use crate::queue::settings::Settings;
use crate::topic::subscription::{Filter, Form};
use crate::{Arn, Timestamp};
use std::{collections::BTreeMap, sync::Arc};

/// Tags of a queue or topic.
pub type Tags = BTreeMap<Box<str>, Box<str>>;

/// Something that happened, as the log keeps it.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A writer took the shard over; entries of earlier epochs may not follow.
    Opened,
    /// From here on the log may hold events of this format version.
    FormatRaised(u32),
    /// Statement: what belongs to the shard itself.
    Shard(ShardStated),
    /// Statement: a queue, without its messages.
    Queue(Box<QueueStated>),
    /// Change: a queue and its messages are gone. Restated while the name is blocked.
    QueueDeleted {
        /// Which queue.
        queue: QueueId,
        /// Its name stays blocked.
        arn: Arn,
        /// When it was deleted.
        at: Timestamp,
    },
    /// Change: all messages numbered below `before` are gone.
    QueuePurged {
        /// Which queue.
        queue: QueueId,
        /// First number that stays.
        before: Number,
    },
    /// Statement: a message with a payload of its own.
    Message(MessageStated),
    /// Change: messages were handed out.
    Received {
        /// From which queue.
        queue: QueueId,
        /// When their visibility timeout ends.
        until: Timestamp,
        /// Which messages.
        numbers: Vec<Number>,
    },
    /// Change: messages become visible at another time.
    VisibilityChanged {
        /// Of which queue.
        queue: QueueId,
        /// Message and time.
        changes: Vec<(Number, Timestamp)>,
    },
    /// Change: consumers are done with messages.
    Deleted {
        /// Of which queue.
        queue: QueueId,
        /// Which messages.
        numbers: Vec<Number>,
    },
    /// Statement: a topic, without its subscriptions.
    Topic(Box<TopicStated>),
    /// Change: a topic and its subscriptions are gone.
    TopicDeleted {
        /// Which topic.
        topic: TopicId,
    },
    /// Statement: a subscription.
    Subscription(Box<SubscriptionStated>),
    /// Change: a subscription is gone.
    Unsubscribed {
        /// Of which topic.
        topic: TopicId,
        /// Which subscription.
        subscription: Uuid,
    },
    /// Statement: a publication with its payload, its copies in queues here and its deliveries that
    /// are owed to other shards.
    Publication(Box<PublicationStated>),
    /// Change: another shard answered for deliveries that were owed to it.
    Settled {
        /// The other shard.
        to: u16,
        /// All up to this number are accepted.
        accepted: u64,
        /// This one was refused for good.
        refused: Option<u64>,
    },
    /// Statement: the last delivery accepted from another shard.
    Inbox {
        /// The other shard.
        from: u16,
        /// Its number.
        number: u64,
    },
}

/// What belongs to the shard itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShardStated {
    /// Key of the receipt handles.
    pub secret: [u8; 32],
    /// First id that no queue has had.
    pub next_queue: u64,
    /// First id that no topic has had.
    pub next_topic: u64,
    /// First id that no publication has had.
    pub next_publication: u64,
    /// First revision that was not given out.
    pub next_revision: u64,
    /// First number that was not given to a delivery, by shard.
    pub next_owed: Vec<(u16, u64)>,
}

/// A queue, without its messages.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueStated {
    /// Its internal id.
    pub id: QueueId,
    /// Its public identity.
    pub arn: Arn,
    /// State of its settings and policy.
    pub revision: Revision,
    /// When it was created.
    pub created: Timestamp,
    /// When its attributes were last set.
    pub modified: Timestamp,
    /// Its attributes.
    pub settings: Settings,
    /// Its tags.
    pub tags: Tags,
    /// First number that no message has had.
    pub next_number: Number,
    /// Every message sent at or before this has expired.
    pub expired_before: Timestamp,
    /// Every message numbered below this was purged.
    pub purged_before: Number,
    /// When it was last purged; zero when never.
    pub purged_at: Timestamp,
}

/// When and how often a message was handed out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Receives {
    /// How often.
    pub count: u32,
    /// The first time; zero when never.
    pub first_at: Timestamp,
    /// The last time; zero when never.
    pub last_at: Timestamp,
}

/// A message with a payload of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageStated {
    /// In which queue.
    pub queue: QueueId,
    /// Its number there.
    pub number: Number,
    /// Its public id.
    pub id: Uuid,
    /// When it was sent; retention counts from here.
    pub sent_at: Timestamp,
    /// When its delay or visibility timeout ends.
    pub visible_at: Timestamp,
    /// What consumers did with it.
    pub receives: Receives,
    /// Body and attributes.
    pub payload: Payload,
}

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
}

/// A subscription.
#[derive(Clone, Debug, PartialEq)]
pub struct SubscriptionStated {
    /// Of which topic.
    pub topic: TopicId,
    /// Last part of its ARN.
    pub id: Uuid,
    /// The queue that gets the copies; it need not exist.
    pub queue: Arn,
    /// Account that subscribed.
    pub owner: Box<str>,
    /// ARN of the principal that subscribed.
    pub principal: Box<str>,
    /// Envelope or raw.
    pub form: Form,
    /// Which publications it gets; all when absent.
    pub filter: Option<Arc<Filter>>,
}

/// A publication in one shard.
#[derive(Clone, Debug, PartialEq)]
pub struct PublicationStated {
    /// Its internal id in this shard.
    pub id: PublicationId,
    /// Its public id.
    pub message_id: Uuid,
    /// The topic it was published to.
    pub topic: Arn,
    /// When.
    pub published_at: Timestamp,
    /// Message, subject, attributes and what the envelope needs.
    pub payload: Payload,
    /// Copies in queues of this shard.
    pub copies: Vec<CopyStated>,
    /// Deliveries owed to other shards.
    pub owed: Vec<OwedStated>,
    /// The shard that owed it, with the number of the last delivery in this statement.
    pub from: Option<(u16, u64)>,
}

/// One subscription's copy of a publication in a queue of this shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyStated {
    /// In which queue.
    pub queue: QueueId,
    /// Its number there.
    pub number: Number,
    /// For which subscription.
    pub subscription: Uuid,
    /// Envelope or raw.
    pub form: Form,
    /// When it was put into the queue; retention counts from here.
    pub sent_at: Timestamp,
    /// When its delay or visibility timeout ends.
    pub visible_at: Timestamp,
    /// What consumers did with it.
    pub receives: Receives,
}

/// One delivery owed to another shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwedStated {
    /// The shard that holds the queue.
    pub to: u16,
    /// Its number among all that this shard ever owed that one.
    pub number: u64,
    /// The queue.
    pub queue: Arn,
    /// For which subscription.
    pub subscription: Uuid,
    /// Envelope or raw.
    pub form: Form,
}
