//! What this shard owes to others, and what it has taken from them.
//!
//! To each other shard the outbox is one numbered stream, sent in order. The inbox keeps one number
//! per origin, the last one accepted. A batch ends at the first delivery that is refused: numbers
//! behind it are not taken, so that a batch that is sent again after a crash is judged as before.

use crate::body::Payload;
use crate::event::{Fifo, Leg, Occasion, OwedStated, Past, Receives, Why};
use crate::id::{DedupKey, GroupKey, Number, PublicationId, QueueId, Uuid};
use crate::topic::subscription::Rendition;
use crate::{Arn, Lsn, Timestamp};
use std::collections::BTreeMap;

/// A payload on its way to another shard, and what it is there.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// The payload.
    pub payload: Payload,
    /// What it is.
    pub cargo: Cargo,
}

/// What a payload is in the shard that it goes to.
#[derive(Clone, Debug)]
pub enum Cargo {
    /// A publication with deliveries to queues there.
    Publication {
        /// What is published.
        publication: Published,
        /// Its deliveries, numbers ascending.
        deliveries: Vec<Outgoing>,
    },
    /// A message that goes to another queue.
    Message(Box<Traveller>),
}

/// A publication, as the copies of it need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its public id.
    pub message_id: Uuid,
    /// The topic.
    pub topic: Arn,
    /// When it was published.
    pub published_at: Timestamp,
    /// Its message group.
    pub group: Option<GroupKey>,
    /// What only publications of FIFO topics have.
    pub fifo: Option<Fifo>,
    /// Why there is such a publication.
    pub occasion: Occasion,
}

/// What a copy of a FIFO topic's publication needs in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ordered {
    /// Its message group.
    pub group: GroupKey,
    /// Its deduplication id. What comes from an archive has none there: whoever asks for it wants it again.
    pub dedup: Option<DedupKey>,
}

impl Published {
    /// What its copies need in queues, if it is one of a FIFO topic.
    pub fn ordered(&self) -> Option<Ordered> {
        let dedup = match self.occasion {
            Occasion::Published | Occasion::Notice => self.fifo.map(|fifo| fifo.dedup),
            Occasion::Replayed => None,
        };
        self.fifo.and(self.group).map(|group| Ordered { group, dedup })
    }
}

/// One delivery of a parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Number in the stream from the origin.
    pub number: u64,
    /// The queue.
    pub queue: Arn,
    /// For which subscription.
    pub subscription: Uuid,
    /// What it shows.
    pub rendition: Rendition,
}

/// A message on its way to a queue of another shard.
#[derive(Clone, Debug)]
pub struct Traveller {
    /// Number in the stream from the origin.
    pub number: u64,
    /// The queue that it leaves.
    pub source: Arn,
    /// The queue that it goes to.
    pub target: Arn,
    /// Why.
    pub why: Why,
    /// Its public id.
    pub id: Uuid,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// What consumers did with it.
    pub receives: Receives,
    /// Its message group.
    pub group: Option<GroupKey>,
    /// What it is a copy of, if it is one, for which subscription, and what it shows.
    pub copy: Option<(Published, Uuid, Rendition)>,
}

impl Traveller {
    /// What the message is on arrival: one that was received too often keeps its count, and knows where it comes from;
    /// one that a task moves begins a new life (sqs 11).
    pub fn arrival(&self, now: Timestamp) -> Arrival {
        arrival(self.why, &self.source, self.sent_at, self.receives, now)
    }
}

/// What a message is when it comes to another queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// When it counts as sent.
    pub sent_at: Timestamp,
    /// What consumers did with it.
    pub receives: Receives,
    /// What it went through.
    pub past: Option<Box<Past>>,
}

/// What a message of `source` is when it comes to another queue. The time of sending is kept on the way to a standard
/// dead-letter queue only (sqs 9).
pub(crate) fn arrival(
    why: Why,
    source: &Arn,
    sent_at: Timestamp,
    receives: Receives,
    now: Timestamp,
) -> Arrival {
    match why {
        Why::Spent => Arrival {
            sent_at: if source.is_fifo() { now } else { sent_at },
            receives,
            past: Some(Box::new(Past {
                source: Some(source.clone()),
                received_before: receives.count,
                refused_at: Timestamp::ZERO,
            })),
        },
        Why::Task(_) => Arrival { sent_at: now, receives: Receives::default(), past: None },
    }
}

/// What is owed under one number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owed {
    /// A copy of a publication.
    Copy { publication: PublicationId, queue: Arn, subscription: Uuid, rendition: Rendition, leg: Leg },
    /// A message that leaves its queue.
    Message { queue: QueueId, number: Number, target: Arn, why: Why },
}

/// What is owed to one other shard.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stream {
    /// First number that was not given out.
    pub(crate) next: u64,
    /// What is owed, by number.
    pub(crate) owed: BTreeMap<u64, Owed>,
}

impl Default for Stream {
    fn default() -> Stream {
        Stream { next: 1, owed: BTreeMap::new() }
    }
}

/// What another shard's answer settled.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// It has these.
    pub(crate) accepted: Vec<Owed>,
    /// It will never take this one.
    pub(crate) refused: Option<Owed>,
}

/// The streams to all other shards.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outbox {
    pub(crate) streams: BTreeMap<u16, Stream>,
}

impl Outbox {
    /// The number that the next delivery to `shard` gets.
    pub(crate) fn next(&self, shard: u16) -> u64 {
        self.streams.get(&shard).map_or(1, |stream| stream.next)
    }

    /// A number was given out.
    pub(crate) fn used(&mut self, shard: u16, number: u64) {
        let stream = self.streams.entry(shard).or_default();
        stream.next = stream.next.max(number + 1);
    }

    /// Adds what is owed under a number.
    pub(crate) fn add(&mut self, shard: u16, number: u64, owed: Owed) {
        self.used(shard, number);
        self.streams.entry(shard).or_default().owed.insert(number, owed);
    }

    /// Nothing is owed under this number any more.
    pub(crate) fn forget(&mut self, shard: u16, number: u64) {
        if let Some(stream) = self.streams.get_mut(&shard) {
            stream.owed.remove(&number);
        }
    }

    /// Is this delivery of this publication still owed?
    pub(crate) fn owes(&self, publication: PublicationId, owed: &OwedStated) -> bool {
        let entry = self.streams.get(&owed.to).and_then(|stream| stream.owed.get(&owed.number));
        matches!(entry, Some(Owed::Copy { publication: id, .. }) if *id == publication)
    }

    /// What is owed to a shard under a number.
    pub(crate) fn find(&self, shard: u16, number: u64) -> Option<&Owed> {
        self.streams.get(&shard)?.owed.get(&number)
    }

    /// Removes what was answered.
    pub(crate) fn settle(&mut self, shard: u16, accepted: u64, refused: Option<u64>) -> Settled {
        let Some(stream) = self.streams.get_mut(&shard) else { return Settled::default() };
        let rest = stream.owed.split_off(&(accepted + 1));
        let settled = std::mem::replace(&mut stream.owed, rest);
        let refused = refused.and_then(|number| stream.owed.remove(&number));
        Settled { accepted: settled.into_values().collect(), refused }
    }
}

/// The last number accepted from one other shard, and where the log says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) number: u64,
    pub(crate) stated: Lsn,
}
