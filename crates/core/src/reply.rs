//! Everything a shard answers.

use crate::body::Body;
use crate::event::{Archive, MoveTaskStated, Receives, ReplayStated, SubscriptionStated, Tags};
use crate::id::{GroupKey, Number, PublicationId, Revision, TopicId, Uuid};
use crate::outbox::{Parcel, Published};
pub use crate::queue::message::Where;
use crate::queue::settings::Settings;
use crate::rejection::Refusal;
use crate::topic::retry::Effective;
use crate::topic::status::Ended;
use crate::topic::subscription::Rendition;
use crate::{Arn, Rejection, Timestamp, account, application};
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
    /// How many there are of what was counted.
    Count(usize),
    /// A subscription, and whether the endpoint has to confirm it.
    Subscribed(Uuid, Confirmed),
    /// The topic and the id of a subscription that was confirmed, now or earlier.
    Confirmed(Arn, Uuid),
    /// A subscription, and how far its replay is.
    Subscription(Arc<SubscriptionStated>, Option<ReplayStated>),
    /// Messages published, entry by entry.
    Published(Vec<Result<PublishedAs, Rejection>>),
    /// Deliveries to endpoints whose time has come.
    Claimed(Vec<Claimed>),
    /// What became of copies for queues, of what topics want to be told.
    Ended {
        /// The oldest first; none when there is nothing more.
        publications: Vec<Ended>,
        /// Copies for which there was no room, since this was last asked.
        left_out: u64,
    },
    /// Publications that wait for the archives of their topics, those of a topic together and in order.
    ToArchive(Vec<ToArchive>),
    /// All archives.
    Archives(Vec<ArchiveView>),
    /// All replays that are under way.
    Replays(Vec<ReplayView>),
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
    /// What an account says.
    Account(account::Told),
    /// What platform applications say.
    Application(application::Told),
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

/// A message that was published. For a duplicate both are those of the first message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishedAs {
    /// Its public id.
    pub id: Uuid,
    /// Its sequence number, on a FIFO topic.
    pub sequence: Option<u64>,
}

/// Whether the endpoint of a subscription has agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// It has, or did not have to.
    Yes,
    /// It is asked.
    NotYet,
}

/// A delivery to an endpoint whose time has come.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Of which topic.
    pub topic: TopicId,
    /// For which subscription.
    pub subscription: Arc<SubscriptionStated>,
    /// Which publication.
    pub id: PublicationId,
    /// What is published.
    pub published: Published,
    /// Where its payload is.
    pub body: Body,
    /// Attempts that failed.
    pub failures: u32,
    /// What the delivery policies come to.
    pub policy: Arc<Effective>,
    /// Attributes of the topic, `HTTPSuccessFeedbackSampleRate` for example.
    pub attributes: Arc<BTreeMap<Box<str>, Box<str>>>,
}

/// A publication that waits for the archive of its topic.
#[derive(Clone, Debug)]
pub struct ToArchive {
    /// The topic.
    pub topic: TopicId,
    /// What is published.
    pub published: Published,
    /// Where its payload is.
    pub body: Body,
}

/// An archive.
#[derive(Clone, Debug)]
pub struct ArchiveView {
    /// The topic.
    pub topic: TopicId,
    /// What was published earlier it need not keep.
    pub begins: Timestamp,
}

/// A replay that is not at its end.
#[derive(Clone, Debug)]
pub struct ReplayView {
    /// How far it is.
    pub replay: ReplayStated,
    /// The subscription.
    pub subscription: Arc<SubscriptionStated>,
    /// Messages in its queue, if this shard holds that; otherwise deliveries on their way to the shard that does.
    pub ahead: usize,
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
        /// What was published.
        published: Published,
        /// For which subscription.
        subscription: Uuid,
        /// What it shows.
        rendition: Rendition,
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
    /// Subscriptions whose endpoint has not agreed yet.
    pub subscriptions_pending: usize,
    /// Subscriptions that were deleted.
    pub subscriptions_deleted: u64,
    /// Its archive.
    pub archive: Option<Archive>,
}

/// A publication with deliveries that are owed, its payload perhaps not in memory.
#[derive(Clone, Debug)]
pub struct OwedParcel {
    /// The parcel with an empty payload.
    pub parcel: Parcel,
    /// Where the payload is.
    pub body: Body,
}
