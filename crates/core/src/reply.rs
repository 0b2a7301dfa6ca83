//! Everything a shard answers.

use crate::body::Body;
use crate::event::{MoveTaskStated, Receives, SubscriptionStated, Tags};
use crate::id::{GroupKey, Number, Revision, Uuid};
use crate::outbox::Parcel;
pub use crate::queue::message::Where;
use crate::queue::settings::Settings;
use crate::rejection::Refusal;
use crate::topic::subscription::Form;
use crate::{Arn, Rejection, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a shard answers to a command that it carried out.
#[derive(Clone, Debug)]
pub enum Reply {
    /// It is done.
    Done,
    /// A queue.
    Queue(Box<QueueView>),
    /// ARNs, and whether there are more after the last.
    Arns(Vec<Arn>, More),
    /// Messages sent, entry by entry.
    Sent(Vec<Result<Sent, Rejection>>),
    /// Messages handed out.
    Received(Vec<Delivery>),
    /// Deletes or visibility changes, entry by entry.
    Each(Vec<Result<(), Rejection>>),
    /// Messages looked at.
    Peeked(Vec<Peeked>),
    /// The id of a move task.
    MoveStarted(Uuid),
    /// A move task was told to stop.
    MoveCancelled {
        /// Messages that it has moved.
        moved: u64,
    },
    /// Move tasks, newest first.
    Moves(Vec<MoveTaskStated>),
    /// A topic.
    Topic(Box<TopicView>),
    /// Subscriptions with the ARN of their topic, and whether there are more after the last.
    Subscriptions(Vec<(Arn, Arc<SubscriptionStated>)>, More),
    /// The id of a subscription.
    Subscribed(Uuid),
    /// Messages published, entry by entry.
    Published(Vec<Result<Uuid, Rejection>>),
    /// What is owed to another shard, next first.
    Owed(Vec<OwedParcel>),
    /// What became of deliveries from another shard: all up to this number are accepted, and the
    /// delivery after it may have been refused, with its number.
    Taken {
        /// Last number accepted, now or earlier.
        accepted: u64,
        /// The delivery that ended it early.
        refused: Option<(u64, Refusal)>,
    },
}

/// A message that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its public id.
    pub id: Uuid,
    /// Its number in the queue: on a FIFO queue it is told as the sequence number. For a duplicate both are those of the
    /// first message.
    pub number: Number,
}

/// Whether a list goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum More {
    /// It does.
    Yes,
    /// It does not.
    No,
}

/// A queue's attributes, tags and counts.
#[derive(Clone, Debug)]
pub struct QueueView {
    /// Its identity.
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
    /// Its messages by state.
    pub counts: Counts,
    /// What its groups do, on a standard queue.
    pub fair: FairCounts,
}

/// The groups of a standard queue (sqs 12).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FairCounts {
    /// Groups that take more than their share.
    pub noisy_groups: usize,
    /// Visible messages of all others.
    pub quiet_available: usize,
    /// Messages in flight of all others.
    pub quiet_in_flight: usize,
    /// Delayed messages of all others.
    pub quiet_delayed: usize,
}

/// Messages of a queue by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Visible.
    pub available: usize,
    /// Handed out, timeout running.
    pub in_flight: usize,
    /// Delay running.
    pub delayed: usize,
}

/// A message as it is handed out.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Bytes of the receipt handle.
    pub receipt: [u8; crate::queue::receipt::BYTES],
    /// The message.
    pub message: Peeked,
}

/// A message as anybody may see it.
#[derive(Clone, Debug)]
pub struct Peeked {
    /// Its number in the queue.
    pub number: Number,
    /// Its public id.
    pub id: Uuid,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// When it is visible, or was last.
    pub visible_at: Timestamp,
    /// Where in the queue it is, or was until it was handed out.
    pub place: Where,
    /// What consumers did with it, this time included.
    pub receives: Receives,
    /// The queue from which it came to this dead-letter queue.
    pub source: Option<Arn>,
    /// Its message group.
    pub group: Option<GroupKey>,
    /// What it says.
    pub content: Content,
}

/// What a message says.
#[derive(Clone, Debug)]
pub enum Content {
    /// It was sent to the queue.
    Own(Body),
    /// It is a copy of a publication.
    Copy {
        /// The publication's public id.
        message_id: Uuid,
        /// The topic.
        topic: Arn,
        /// When it was published.
        published_at: Timestamp,
        /// For which subscription.
        subscription: Uuid,
        /// Envelope or raw.
        form: Form,
        /// The publication's payload.
        body: Body,
    },
}

impl Content {
    /// The payload, of whichever kind.
    pub fn body(&self) -> &Body {
        match self {
            Content::Own(body) | Content::Copy { body, .. } => body,
        }
    }
}

/// A topic's attributes, tags and counts.
#[derive(Clone, Debug)]
pub struct TopicView {
    /// Its identity.
    pub arn: Arn,
    /// State of its settings and policy.
    pub revision: Revision,
    /// Attributes that were set, in their stored form.
    pub attributes: BTreeMap<Box<str>, Box<str>>,
    /// Its tags.
    pub tags: Tags,
    /// Subscriptions that get publications.
    pub subscriptions: usize,
    /// Subscriptions that were deleted.
    pub subscriptions_deleted: u64,
}

/// A publication with deliveries that are owed, its payload perhaps not in memory.
#[derive(Clone, Debug)]
pub struct OwedParcel {
    /// The parcel with an empty payload.
    pub parcel: Parcel,
    /// Where the payload is.
    pub body: Body,
}
