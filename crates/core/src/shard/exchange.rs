//! Deliveries between shards: what is owed goes out in order, what comes in is taken once.

use super::redrive::{SERVICE, failure};
use super::{Decided, Placing, Shard};
use crate::body::{Body, Payload};
use crate::command::Presence;
use crate::event::{
    CopyStated, Event, MessageStated, MoveFailure, MoveStatus, MoveTaskStated, PublicationStated, Why,
};
use crate::id::{Number, PublicationId, QueueId, Uuid};
use crate::limits;
use crate::outbox::{Arrival, Cargo, Outgoing, Owed, Parcel, Published, Traveller};
use crate::queue::message::Content;
use crate::rejection::Refusal;
use crate::reply::{OwedParcel, Reply};
use crate::topic::status::Fault;
use std::collections::BTreeMap;

/// What was taken of a batch so far.
struct Taking<'a> {
    shard: &'a Shard,
    placing: Placing<'a>,
    from: u16,
    /// Last number that was accepted.
    accepted: u64,
    /// Last number of which events say so.
    stated: u64,
    refused: Option<(u64, Refusal)>,
    next_publication: u64,
    events: Vec<Event>,
}

impl Shard {
    /// Takes deliveries that another shard owes. Numbers up to the last accepted one were taken
    /// before. The first delivery that is refused ends the batch: the ones behind it come again.
    pub(super) fn take_in(&self, from: u16, parcels: Vec<Parcel>) -> Decided {
        let before = self.inbox.get(&from).map_or(0, |accepted| accepted.number);
        let mut taking = Taking {
            shard: self,
            placing: Placing::new(self),
            from,
            accepted: before,
            stated: before,
            refused: None,
            next_publication: self.own.next_publication,
            events: Vec::new(),
        };
        for Parcel { payload, cargo } in parcels {
            match cargo {
                Cargo::Publication { publication, deliveries } => {
                    taking.publication(payload, publication, deliveries);
                }
                Cargo::Message(traveller) => taking.message(payload, *traveller),
            }
            if taking.refused.is_some() {
                break;
            }
        }
        if taking.accepted > taking.stated {
            // What a queue has already makes no event that could say that it was taken.
            taking.events.push(Event::Inbox { from, number: taking.accepted });
        }
        let reply = Reply::Taken { accepted: taking.accepted, refused: taking.refused };
        Decided { events: taking.events, ..Decided::nothing(reply) }
    }

    /// The next deliveries owed to another shard, the ones of one publication together.
    pub(super) fn owed(&self, to: u16) -> Decided {
        let mut parcels: Vec<(Option<PublicationId>, OwedParcel)> = Vec::new();
        let mut bytes = 0;
        let stream = self.outbox.streams.get(&to);
        for (number, owed) in
            stream.into_iter().flat_map(|stream| &stream.owed).take(limits::PARCEL_DELIVERIES_MAX)
        {
            let (id, parcel) = match owed {
                Owed::Copy { publication: id, queue, subscription, rendition, leg: _ } => {
                    let (queue, subscription, rendition) = (queue.clone(), *subscription, *rendition);
                    let outgoing = Outgoing { number: *number, queue, subscription, rendition };
                    if let Some((Some(last), parcel)) = parcels.last_mut()
                        && last == id
                        && let Cargo::Publication { deliveries, .. } = &mut parcel.parcel.cargo
                    {
                        deliveries.push(outgoing);
                        continue;
                    }
                    let Some(publication) = self.publications.get(id) else { continue };
                    let cargo = Cargo::Publication {
                        publication: publication.published.clone(),
                        deliveries: vec![outgoing],
                    };
                    (Some(*id), owed_parcel(cargo, &publication.body))
                }
                Owed::Message { queue, number: message, target, why } => {
                    let Some(parcel) = self.traveller(*number, (*queue, *message), target, *why) else {
                        continue;
                    };
                    (None, parcel)
                }
            };
            bytes += parcel.body.place.len as usize;
            if !parcels.is_empty() && bytes > limits::PARCEL_BYTES_MAX {
                break;
            }
            parcels.push((id, parcel));
        }
        Decided::nothing(Reply::Owed(parcels.into_iter().map(|(_, parcel)| parcel).collect()))
    }

    /// A message on its way.
    fn traveller(
        &self,
        number: u64,
        (queue, message): (QueueId, Number),
        target: &crate::Arn,
        why: Why,
    ) -> Option<OwedParcel> {
        let queue = self.queues.get(&queue)?;
        let message = queue.messages.find(message)?;
        let (body, copy) = match &message.content {
            Content::Own(body) => (body, None),
            Content::Copy { publication, subscription, rendition } => {
                let publication = self.publications.get(publication)?;
                (&publication.body, Some((publication.published.clone(), *subscription, *rendition)))
            }
        };
        let cargo = Cargo::Message(Box::new(Traveller {
            number,
            source: queue.stated.as_ref()?.arn.clone(),
            target: target.clone(),
            why,
            id: message.id,
            sent_at: message.sent_at,
            receives: message.receives,
            group: message.group,
            copy,
        }));
        Some(owed_parcel(cargo, body))
    }

    /// Removes deliveries that another shard answered for. A copy that it refused is dropped for good; a message stays
    /// where it is, and the task that moved it has failed.
    pub(super) fn settle(&self, to: u16, accepted: u64, refused: Option<(u64, Refusal)>) -> Decided {
        let owed = self.outbox.streams.get(&to).map(|stream| &stream.owed);
        let first = owed.and_then(|owed| owed.first_key_value()).map(|entry| *entry.0);
        let refusal = refused.and_then(|(number, refusal)| Some((number, refusal, owed?.get(&number)?)));
        if first.is_none_or(|first| first > accepted) && refusal.is_none() {
            return Decided::nothing(Reply::Done);
        }
        let number = refusal.map(|(number, ..)| number);
        // First the way to the dead-letter queue, so that the publication is never without one who refers to it.
        let ends = refusal.map(|(.., owed)| self.redirect(owed)).unwrap_or_default();
        let taken = owed.into_iter().flatten().take_while(|(number, _)| **number <= accepted);
        let answered = taken.map(|(_, owed)| (owed, Ok(())));
        let failed = refusal.map(|(_, refusal, owed)| (owed, Err(Fault::Refused(refusal))));
        let (ended, dropped) = (self.ended(answered.chain(failed)), ends.dropped);
        let mut decided = Decided { events: ends.diverted, reply: Reply::Done, dropped, ended };
        decided.events.push(Event::Settled { to, accepted, refused: number });
        let mut tasks = BTreeMap::<(QueueId, Uuid), (u64, Option<MoveFailure>)>::new();
        for (_, owed) in owed.into_iter().flatten().take_while(|(number, _)| **number <= accepted) {
            if let Owed::Message { queue, why: Why::Task(id), .. } = owed {
                tasks.entry((*queue, *id)).or_default().0 += 1;
            }
        }
        match refusal {
            None | Some((_, _, Owed::Copy { .. } | Owed::Message { why: Why::Spent, .. })) => {}
            Some((_, refusal, Owed::Message { queue, why: Why::Task(id), .. })) => {
                tasks.entry((*queue, *id)).or_default().1 = Some(failure(refusal));
            }
        }
        for ((queue, id), (arrived, failure)) in tasks {
            let task = self.queues.get(&queue).and_then(|queue| queue.tasks.find(id));
            decided.events.extend(task.map(|task| {
                let status = failure.map_or(task.stated.status, MoveStatus::Failed);
                let moved = task.stated.moved + arrived;
                Event::MoveTask(Box::new(MoveTaskStated { moved, ..task.with(status) }))
            }));
        }
        decided
    }
}

fn owed_parcel(cargo: Cargo, body: &Body) -> OwedParcel {
    let payload = Payload::new(bytes::Bytes::new(), body.size);
    OwedParcel { parcel: Parcel { payload, cargo }, body: body.clone() }
}

impl Taking<'_> {
    fn publication(&mut self, payload: Payload, publication: Published, deliveries: Vec<Outgoing>) {
        let mut copies = Vec::with_capacity(deliveries.len());
        for Outgoing { number, queue, subscription, rendition } in deliveries {
            if number <= self.accepted {
                continue;
            }
            match self.placing.copy(
                &publication.topic,
                &queue,
                (subscription, rendition),
                publication.ordered(),
            ) {
                Ok(copy) => copies.extend(copy),
                Err(refusal) => {
                    self.refused = Some((number, refusal));
                    break;
                }
            }
            self.accepted = number;
        }
        if !copies.is_empty() {
            self.state(payload, publication, copies);
        }
    }

    fn message(&mut self, payload: Payload, traveller: Traveller) {
        if traveller.number <= self.accepted {
            return;
        }
        let queue = match self.shard.reachable(SERVICE, &traveller.source, &traveller.target) {
            Ok(queue) => queue,
            Err(refusal) => {
                self.refused = Some((traveller.number, refusal));
                return;
            }
        };
        self.accepted = traveller.number;
        self.stated = traveller.number;
        let now = self.shard.now;
        let Arrival { sent_at, receives, past } = traveller.arrival(now);
        let (queue, number) = (queue.id, self.placing.number(queue));
        let Some((publication, subscription, rendition)) = traveller.copy else {
            self.events.push(Event::Message(MessageStated {
                queue,
                number,
                id: traveller.id,
                sent_at,
                visible_at: now,
                receives,
                payload,
                group: traveller.group,
                dedup: None,
                past,
                journey: None,
                from: Some((self.from, self.accepted)),
            }));
            return;
        };
        let copy = CopyStated {
            queue,
            number,
            subscription,
            rendition,
            sent_at,
            visible_at: now,
            receives,
            past,
            journey: None,
            group: if traveller.group.is_some() { Presence::Present } else { Presence::Absent },
            dedup: None,
        };
        self.state(payload, publication, vec![copy]);
    }

    /// A publication with copies in queues of this shard, under an id of its own.
    fn state(&mut self, payload: Payload, publication: Published, copies: Vec<CopyStated>) {
        self.stated = self.accepted;
        let plain = PublicationStated::of(PublicationId(self.next_publication), publication, payload);
        let from = Some((self.from, self.accepted));
        self.events.push(Event::Publication(Box::new(PublicationStated { copies, from, ..plain })));
        self.next_publication += 1;
    }
}
