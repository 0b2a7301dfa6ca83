//! What the log says of publications and of their deliveries.

use super::{Journey, Past, Receives};
use crate::body::Payload;
use crate::command::Presence;
use crate::id::{DedupKey, GroupKey, Number, PublicationId, QueueId, TopicId, Uuid};
use crate::outbox::Published;
use crate::topic::subscription::Rendition;
use crate::{Arn, Timestamp};

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
    /// Its message group.
    pub group: Option<GroupKey>,
    /// What only publications of FIFO topics have.
    pub fifo: Option<Fifo>,
    /// Why there is such a publication.
    pub occasion: Occasion,
    /// The topic, if this shard holds it and the publication has deliveries to endpoints or waits for the archive.
    pub home: Option<TopicId>,
    /// Whether the topic's archive does not have it yet.
    pub archive: Presence,
    /// Message, subject, attributes and what the envelope needs.
    pub payload: Payload,
    /// Copies in queues of this shard.
    pub copies: Vec<CopyStated>,
    /// Deliveries owed to other shards.
    pub owed: Vec<OwedStated>,
    /// Deliveries to endpoints.
    pub due: Vec<DueStated>,
    /// The shard that owed it, with the number of the last delivery in this statement.
    pub from: Option<(u16, u64)>,
}

impl PublicationStated {
    /// What is published, without anybody who gets it.
    pub fn of(id: PublicationId, published: Published, payload: Payload) -> PublicationStated {
        let Published { message_id, topic, published_at, group, fifo, occasion } = published;
        PublicationStated {
            id,
            message_id,
            topic,
            published_at,
            group,
            fifo,
            occasion,
            home: None,
            archive: Presence::Absent,
            payload,
            copies: Vec::new(),
            owed: Vec::new(),
            due: Vec::new(),
            from: None,
        }
    }

    /// What is published, as its copies need it.
    pub fn published(&self) -> Published {
        Published {
            message_id: self.message_id,
            topic: self.topic.clone(),
            published_at: self.published_at,
            group: self.group,
            fifo: self.fifo,
            occasion: self.occasion,
        }
    }
}

/// What only publications of FIFO topics have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fifo {
    /// Its number among the topic's publications, from 1.
    pub sequence: u64,
    /// Its deduplication id, as FIFO queues get it.
    pub dedup: DedupKey,
}

/// Why there is a publication.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Occasion {
    /// It was published.
    #[default]
    Published,
    /// It comes from the archive.
    Replayed,
    /// It asks an endpoint to confirm that it was subscribed or unsubscribed. It never goes to a dead-letter queue.
    Notice,
}

/// One delivery to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueStated {
    /// For which subscription.
    pub subscription: Uuid,
    /// Attempts that failed.
    pub failures: u32,
    /// When to try next, at the earliest.
    pub at: Timestamp,
}

/// One subscription's copy of a publication in a queue of this shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyStated {
    /// In which queue.
    pub queue: QueueId,
    /// Its number there.
    pub number: Number,
    /// For which subscription.
    pub subscription: Uuid,
    /// What it shows.
    pub rendition: Rendition,
    /// When it was put into the queue; retention counts from here.
    pub sent_at: Timestamp,
    /// When its delay or visibility timeout ends.
    pub visible_at: Timestamp,
    /// What consumers did with it.
    pub receives: Receives,
    /// What it went through before it came to this queue.
    pub past: Option<Box<Past>>,
    /// Where it is on its way to.
    pub journey: Option<Box<Journey>>,
    /// Whether it has the message group of the publication: in a standard queue, one of a FIFO topic has not (sns 7).
    pub group: Presence,
    /// The deduplication id that it was the first to have in its FIFO queue. A copy that is stated again has none: the
    /// id is then stated by itself.
    pub dedup: Option<DedupKey>,
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
    /// What it shows.
    pub rendition: Rendition,
    /// Which queue of the subscription it is.
    pub leg: Leg,
}

/// Which queue of a subscription a delivery goes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Leg {
    /// The one that is subscribed.
    #[default]
    Endpoint,
    /// Its dead-letter queue.
    DeadLetter,
}

/// An attempt at an endpoint that came to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Of which topic.
    pub topic: TopicId,
    /// For which subscription.
    pub subscription: Uuid,
    /// Which publication.
    pub publication: PublicationId,
    /// What follows.
    pub then: Then,
}

/// What follows an attempt at an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Nothing: it was delivered, or will never be.
    Over,
    /// It failed, and is tried again at this time.
    Again(Timestamp),
}
