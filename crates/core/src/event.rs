//! The vocabulary of the log.
//!
//! Two kinds of event. A *statement* says all there is to know of one thing: it makes the thing, or
//! overwrites what was known, and compaction repeats it. A *change* says what happened to a thing
//! that was stated before, and is worth nothing once that thing is stated again.
//!
//! Events hold outcomes, never conditions: [`crate::Shard::apply`] follows them blindly.

use crate::body::Payload;
use crate::id::{DedupKey, GroupKey, Number, PublicationId, QueueId, Revision, TopicId, Uuid};
use crate::queue::expiry::Expired;
use crate::queue::settings::Settings;
use crate::{Arn, Timestamp, account, application};
use std::collections::BTreeMap;

mod publication;
mod topic;

pub use publication::{
    CopyStated, DueStated, Fifo, Leg, Occasion, OwedStated, PublicationStated, Then, Tried,
};
pub use topic::{Archive, ReplayStated, ReplayStatus, SubscriptionStated, TopicDeduplicated, TopicStated};

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
    /// Statement: a deduplication id that is remembered, whose message may be gone.
    Deduplicated(DeduplicatedStated),
    /// Statement: an attempt to receive that may be repeated.
    Attempt(Box<AttemptStated>),
    /// Change: messages went to another queue of this shard, where they have other numbers.
    Moved {
        /// From which queue.
        from: QueueId,
        /// Its ARN.
        source: Arn,
        /// To which queue.
        to: QueueId,
        /// Why.
        why: Why,
        /// Their numbers there and here.
        numbers: Vec<(Number, Number)>,
    },
    /// Change: a message is on its way to a queue of another shard. Until that shard has answered it is in its queue,
    /// but neither visible nor purgeable nor expirable.
    Leaving {
        /// From which queue.
        queue: QueueId,
        /// Which message.
        number: Number,
        /// Where to.
        journey: Box<Journey>,
    },
    /// Statement: a task that moves the messages of a dead-letter queue.
    MoveTask(Box<MoveTaskStated>),
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
    /// Change: attempts to deliver to endpoints came to an end.
    Tried(Vec<Tried>),
    /// Change: a delivery that did not come about is owed to the dead-letter queue of its subscription. Its former
    /// place is left with the event behind this one.
    Diverted {
        /// Which publication.
        publication: PublicationId,
        /// The delivery that is owed now.
        owed: OwedStated,
    },
    /// Statement: a deduplication id that a FIFO topic remembers.
    TopicDeduplicated(TopicDeduplicated),
    /// Change: the archive of a topic has everything up to this sequence number.
    Archived {
        /// Which topic.
        topic: TopicId,
        /// The last number that it has.
        up_to: u64,
    },
    /// Statement: a subscription gets messages of the topic's archive once more.
    Replay(Box<ReplayStated>),
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
    /// What SNS keeps of an account as a whole.
    Account(account::Event),
    /// A platform application or one of its endpoints.
    Application(application::Event),
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
    /// What has expired.
    pub expired: Expired,
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
    /// Its message group.
    pub group: Option<GroupKey>,
    /// The deduplication id that it was the first to have. A message that is stated again has none: the id is then
    /// stated by itself.
    pub dedup: Option<DedupKey>,
    /// What it went through before it came to this queue.
    pub past: Option<Box<Past>>,
    /// Where it is on its way to.
    pub journey: Option<Box<Journey>>,
    /// The shard that owed it, with the number of the delivery.
    pub from: Option<(u16, u64)>,
}

/// What a message went through before it came to its queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// The queue from which it came to this dead-letter queue.
    pub source: Option<Arn>,
    /// How often it had been handed out when it came.
    pub received_before: u32,
    /// When its dead-letter queue was last not to be had; zero when never.
    pub refused_at: Timestamp,
}

/// Where a message is on its way to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journey {
    /// The shard that holds the queue.
    pub to: u16,
    /// Its number among all that this shard ever owed that one.
    pub number: u64,
    /// The queue.
    pub target: Arn,
    /// Why.
    pub why: Why,
}

/// Why a message goes to another queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It was received too often: this is its dead-letter queue.
    Spent,
    /// A task moves it out of a dead-letter queue.
    Task(Uuid),
}

/// A deduplication id that is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeduplicatedStated {
    /// In which queue.
    pub queue: QueueId,
    /// The id.
    pub key: DedupKey,
    /// The public id of the first message with it.
    pub id: Uuid,
    /// The number of that message.
    pub number: Number,
    /// When it was sent.
    pub at: Timestamp,
}

/// An attempt to receive that may be repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptStated {
    /// In which queue.
    pub queue: QueueId,
    /// The consumer's id of it.
    pub key: DedupKey,
    /// When it was first made.
    pub at: Timestamp,
    /// When the visibility timeout ends that it set.
    pub until: Timestamp,
    /// The messages, and how often each had been handed out then.
    pub receipts: Vec<(Number, u32)>,
}

/// A task that moves the messages of a dead-letter queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveTaskStated {
    /// The dead-letter queue.
    pub queue: QueueId,
    /// Its public id.
    pub id: Uuid,
    /// Where the messages go; each to the queue that it came from when absent.
    pub destination: Option<Arn>,
    /// Messages in a second; as fast as can be when absent.
    pub per_second: Option<u32>,
    /// When it was started.
    pub started: Timestamp,
    /// What became of it.
    pub status: MoveStatus,
    /// Messages that it has moved.
    pub moved: u64,
    /// Messages that there were when it was started: it moves no more than these.
    pub to_move: u64,
}

/// What became of a move task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoveStatus {
    /// It moves messages.
    Running,
    /// It moved all that there were.
    Completed,
    /// It was told to stop; messages are still on their way.
    Cancelling,
    /// It was told to stop, and did.
    Cancelled,
    /// It could not go on.
    Failed(MoveFailure),
}

/// Why a move task could not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoveFailure {
    /// A queue that messages should go to is not there.
    NonExistentQueue,
    /// A message did not come from another queue, and there is no other destination for it.
    CouldNotDetermineMessageSource,
    /// The move to the queue is not allowed.
    NotPermitted,
}
