//! Deliveries between shards: what is owed goes out in order, what comes in is taken once.

use super::{Decided, Shard};
use crate::body::Payload;
use crate::event::{Event, PublicationStated};
use crate::id::PublicationId;
use crate::limits;
use crate::outbox::{Outgoing, Parcel};
use crate::reply::{OwedParcel, Reply};
use crate::topic::publish::Placing;

impl Shard {
    /// Takes deliveries that another shard owes. Numbers up to the last accepted one were taken
    /// before. The first delivery that is refused ends the batch: the ones behind it come again.
    pub(super) fn take(&self, from: u16, parcels: Vec<Parcel>) -> Decided {
        let mut accepted = self.inbox.get(&from).map_or(0, |accepted| accepted.number);
        let mut placing = Placing::new(self);
        let mut decided = Decided::nothing(Reply::Done);
        let mut refused = None;
        let mut id = self.own.next_publication;
        for parcel in parcels {
            let mut copies = Vec::with_capacity(parcel.deliveries.len());
            for Outgoing { number, queue, subscription, form } in parcel.deliveries {
                if number <= accepted {
                    continue;
                }
                match placing.copy(&parcel.topic, &queue, subscription, form) {
                    Ok(copy) => copies.push(copy),
                    Err(refusal) => {
                        refused = Some((number, refusal));
                        break;
                    }
                }
                accepted = number;
            }
            if !copies.is_empty() {
                decided.events.push(Event::Publication(Box::new(PublicationStated {
                    id: PublicationId(id),
                    message_id: parcel.message_id,
                    topic: parcel.topic,
                    published_at: parcel.published_at,
                    payload: parcel.payload,
                    copies,
                    owed: Vec::new(),
                    from: Some((from, accepted)),
                })));
                id += 1;
            }
            if refused.is_some() {
                break;
            }
        }
        decided.reply = Reply::Taken { accepted, refused };
        decided
    }

    /// The next deliveries owed to another shard, the ones of one publication together.
    pub(super) fn owed(&self, to: u16) -> Decided {
        let mut parcels: Vec<(PublicationId, OwedParcel)> = Vec::new();
        let (mut deliveries, mut bytes) = (0, 0);
        let stream = self.outbox.streams.get(&to);
        for (number, owed) in stream.into_iter().flat_map(|stream| &stream.owed) {
            let Some(publication) = self.publications.get(&owed.publication) else { continue };
            if parcels.last().is_none_or(|(id, _)| *id != owed.publication) {
                bytes += publication.body.place.len as usize;
                if !parcels.is_empty() && bytes > limits::PARCEL_BYTES_MAX {
                    break;
                }
                let parcel = Parcel {
                    message_id: publication.message_id,
                    topic: publication.topic.clone(),
                    published_at: publication.published_at,
                    payload: Payload::new(bytes::Bytes::new(), publication.body.size),
                    deliveries: Vec::new(),
                };
                parcels.push((owed.publication, OwedParcel { parcel, body: publication.body.clone() }));
            }
            if let Some((_, last)) = parcels.last_mut() {
                let (queue, subscription, form) = (owed.queue.clone(), owed.subscription, owed.form);
                last.parcel.deliveries.push(Outgoing { number: *number, queue, subscription, form });
            }
            deliveries += 1;
            if deliveries == limits::PARCEL_DELIVERIES_MAX {
                break;
            }
        }
        Decided::nothing(Reply::Owed(parcels.into_iter().map(|(_, parcel)| parcel).collect()))
    }

    /// Removes deliveries that another shard answered for. A refused one is dropped for good.
    pub(super) fn settle(&self, to: u16, accepted: u64, refused: Option<u64>) -> Decided {
        let owed = self.outbox.streams.get(&to).map(|stream| &stream.owed);
        let first = owed.and_then(|owed| owed.first_key_value()).map(|entry| *entry.0);
        let refused = refused.filter(|number| owed.is_some_and(|owed| owed.contains_key(number)));
        let news = first.is_some_and(|first| first <= accepted) || refused.is_some();
        let event = news.then_some(Event::Settled { to, accepted, refused });
        Decided { dropped: u64::from(refused.is_some()), ..Decided::perhaps(event, Reply::Done) }
    }
}
