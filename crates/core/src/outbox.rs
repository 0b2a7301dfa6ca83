//! What this shard owes to others, and what it has taken from them.
//!
//! To each other shard the outbox is one numbered stream, sent in order. The inbox keeps one number
//! per origin, the last one accepted. A batch ends at the first delivery that is refused: numbers
//! behind it are not taken, so that a batch that is sent again after a crash is judged as before.

use crate::body::Payload;
use crate::event::OwedStated;
use crate::id::{PublicationId, Uuid};
use crate::topic::subscription::Form;
use crate::{Arn, Lsn, Timestamp};
use std::collections::BTreeMap;

/// A publication on its way to another shard.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// Its public id.
    pub message_id: Uuid,
    /// The topic.
    pub topic: Arn,
    /// When it was published.
    pub published_at: Timestamp,
    /// Its payload.
    pub payload: Payload,
    /// Its deliveries, numbers ascending.
    pub deliveries: Vec<Outgoing>,
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
    /// Envelope or raw.
    pub form: Form,
}

/// A delivery that is owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owed {
    pub(crate) publication: PublicationId,
    pub(crate) queue: Arn,
    pub(crate) subscription: Uuid,
    pub(crate) form: Form,
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

    /// Adds a delivery.
    pub(crate) fn add(&mut self, publication: PublicationId, owed: &OwedStated) {
        let stream = self.streams.entry(owed.to).or_default();
        stream.next = stream.next.max(owed.number + 1);
        let OwedStated { queue, subscription, form, .. } = owed.clone();
        stream.owed.insert(owed.number, Owed { publication, queue, subscription, form });
    }

    /// Is this delivery of this publication still owed?
    pub(crate) fn owes(&self, publication: PublicationId, owed: &OwedStated) -> bool {
        let entry = self.streams.get(&owed.to).and_then(|stream| stream.owed.get(&owed.number));
        entry.is_some_and(|entry| entry.publication == publication)
    }

    /// Removes what was answered, and says which publications had it.
    pub(crate) fn settle(&mut self, shard: u16, accepted: u64, refused: Option<u64>) -> Vec<PublicationId> {
        let Some(stream) = self.streams.get_mut(&shard) else { return Vec::new() };
        let rest = stream.owed.split_off(&(accepted + 1));
        let mut settled = std::mem::replace(&mut stream.owed, rest);
        if let Some((number, owed)) = refused.and_then(|number| stream.owed.remove_entry(&number)) {
            settled.insert(number, owed);
        }
        settled.into_values().map(|owed| owed.publication).collect()
    }
}

/// The last number accepted from one other shard, and where the log says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) number: u64,
    pub(crate) stated: Lsn,
}
