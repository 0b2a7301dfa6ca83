//! Publishing: which subscriptions match, and where their deliveries go.
//!
//! Queues of this shard get their copies in the very event that states the publication; everything
//! else becomes an owed delivery in it. The payload is stated once for all of them.

use super::filter::Facts;
use super::subscription::{Endpoint, Subscription};
use super::{FifoSettings, Stated, ThroughputScope, Topic};
use crate::body::{Body, Payload};
use crate::command::{Dedup, Presence, Publish};
use crate::event::{
    CopyStated, DueStated, Event, Fifo, Leg, Occasion, OwedStated, PublicationStated, TopicDeduplicated,
    Tried,
};
use crate::id::{DedupKey, GroupKey, Ids, PublicationId, TopicId, Uuid};
use crate::outbox::{Ordered, Published};
use crate::queue::settings::Switch;
use crate::rejection::Refusal;
use crate::reply::{PublishedAs, Reply};
use crate::shard::{Decided, Ends, Placing, Shard};
use crate::topic::status::{Ended, EndedCopy, Fault, Wants};
use crate::topic::subscription::{Form, Rendition};
use crate::{Arn, Rejection, limits};
use std::collections::BTreeMap;

/// What a batch of publishes has given out and decided so far.
struct Publishing<'a> {
    shard: &'a Shard,
    topic: &'a Topic,
    stated: &'a Stated,
    placing: Placing<'a>,
    next_id: u64,
    next_sequence: u64,
    fresh: Vec<(DedupKey, PublishedAs)>,
    /// Deliveries that this batch adds and brings to their end, by endpoint.
    added: BTreeMap<Uuid, (usize, usize)>,
    decided: Decided,
}

/// Decides a batch of publishes: one answer for each, and one event for each that somebody gets.
///
/// # Errors
/// A message for a FIFO topic without a group or a deduplication id: that refuses the whole batch (sns 2).
pub(crate) fn decide(
    shard: &Shard,
    topic: &Topic,
    stated: &Stated,
    messages: Vec<Publish>,
    ids: &mut Ids,
) -> Result<Decided, Rejection> {
    if topic.filters_bodies() && messages.iter().any(|message| message.body == Presence::Absent) {
        return Err(Rejection::Stale);
    }
    let keys = messages.iter().map(|message| keys(stated.fifo, message)).collect::<Result<Vec<_>, _>>()?;
    let mut publishing = Publishing {
        shard,
        topic,
        stated,
        placing: Placing::new(shard),
        next_id: shard.own.next_publication,
        next_sequence: topic.next_sequence,
        fresh: Vec::new(),
        added: BTreeMap::new(),
        decided: Decided::nothing(Reply::Done),
    };
    let answers = messages.into_iter().zip(keys).map(|(message, keys)| {
        if message.payload.size > stated.message_bytes_max {
            return Err(Rejection::PublicationTooLong);
        }
        Ok(publishing.publish(message, keys, ids))
    });
    let answers = answers.collect();
    let mut decided = publishing.decided;
    decided.reply = Reply::Published(answers);
    Ok(decided)
}

/// The deduplication id of a message for a FIFO topic, as it is and in the topic's scope (sns 13).
fn keys(fifo: Option<FifoSettings>, message: &Publish) -> Result<Option<(DedupKey, DedupKey)>, Rejection> {
    let Some(fifo) = fifo else { return Ok(None) };
    let group: GroupKey = message.group.ok_or(Rejection::GroupIdMissing)?;
    let key = match (message.dedup, fifo.content_dedup) {
        (Some(Dedup::Explicit(key)), _) | (Some(Dedup::OfBody(key)), Switch::On) => key,
        (Some(Dedup::OfBody(_)), Switch::Off) | (None, _) => return Err(Rejection::DeduplicationIdMissing),
    };
    let scoped = match fifo.scope {
        ThroughputScope::Topic => key,
        ThroughputScope::MessageGroup => key.within(group),
    };
    Ok(Some((key, scoped)))
}

impl<'a> Publishing<'a> {
    fn publish(
        &mut self,
        message: Publish,
        keys: Option<(DedupKey, DedupKey)>,
        ids: &mut Ids,
    ) -> PublishedAs {
        let scoped = keys.map(|(_, scoped)| scoped);
        if let Some(first) = scoped.and_then(|scoped| self.first(scoped)) {
            return first; // The same id, the same answer, nothing new in the log.
        }
        let (id, now) = (ids.uuid(), self.shard.now);
        let fifo = keys.map(|(dedup, _)| Fifo { sequence: self.next_sequence, dedup });
        let answer = PublishedAs { id, sequence: fifo.map(|fifo| fifo.sequence) };
        if let (Some(key), Some(Fifo { sequence, .. })) = (scoped, fifo) {
            let topic = self.topic.id;
            let first = TopicDeduplicated { topic, key, id, sequence, at: now };
            self.decided.events.push(Event::TopicDeduplicated(first));
            self.fresh.push((key, answer));
            self.next_sequence += 1;
        }
        let published = Published {
            message_id: id,
            topic: self.stated.arn.clone(),
            published_at: now,
            group: message.group,
            fifo,
            occasion: Occasion::Published,
        };
        let mut fanning = self.fan_out(&message, &published);
        self.decided.dropped += fanning.dropped;
        self.decided.ended.extend(fanning.ended(&published, &message.payload));
        let archive = if self.stated.archive.is_some() { Presence::Present } else { Presence::Absent };
        if fanning.is_nothing() && archive == Presence::Absent {
            return answer;
        }
        self.make_room(&fanning.due);
        let at_home = archive == Presence::Present || !fanning.due.is_empty();
        let plain = PublicationStated::of(PublicationId(self.next_id), published, message.payload);
        let home = at_home.then_some(self.topic.id);
        let stated = fanning.state(PublicationStated { home, archive, ..plain });
        self.decided.events.push(Event::Publication(Box::new(stated)));
        self.next_id += 1;
        answer
    }

    /// The first publication with this id: one that is remembered, or one of the same batch.
    fn first(&self, key: DedupKey) -> Option<PublishedAs> {
        let known = self.topic.dedup.find(key, self.shard.now);
        let known = known.map(|first| PublishedAs { id: first.id, sequence: Some(first.number) });
        known.or_else(|| self.fresh.iter().find(|fresh| fresh.0 == key).map(|fresh| fresh.1))
    }

    fn fan_out(&mut self, message: &Publish, published: &Published) -> Fanning<'a> {
        let (ordered, wants) = (published.ordered(), self.stated.asked.wants(published.message_id));
        let mut fanning = Fanning::new(self.shard, self.topic, &self.stated.arn, ordered, wants);
        for (id, subscription) in &self.topic.subscriptions {
            // Only FIFO topics have archives, and with them replays.
            let waits = published.fifo.is_some() && self.shard.is_replaying(self.topic.id, *id);
            if subscription.is_confirmed() && !waits {
                let facts = message.facts_of(subscription.stated.endpoint.protocol());
                fanning.deliver(&mut self.placing, subscription, facts);
            }
        }
        fanning
    }

    /// An endpoint to which as much is owed as may be: its oldest delivery is at its end.
    fn make_room(&mut self, due: &[DueStated]) {
        let (mut ends, mut tried) = (Ends::default(), Vec::new());
        for DueStated { subscription, .. } in due {
            let line = (self.topic.id, *subscription);
            let (added, ended) = self.added.entry(*subscription).or_default();
            *added += 1;
            // Two for each that comes, so that a bound that was lowered is reached in the end.
            for _ in 0..2 {
                let owed = self.shard.due_count_of(line) + *added - *ended;
                if owed <= self.shard.config.bounds.owed_per_endpoint {
                    break;
                }
                let Some(oldest) = self.shard.oldest_due(line, *ended) else { break };
                *ended += 1;
                let then = self.shard.end(&mut ends, &mut self.placing, line, oldest);
                let (topic, subscription) = line;
                tried.push(Tried { topic, subscription, publication: oldest, then });
            }
        }
        self.decided.dropped += ends.dropped;
        self.decided.events.append(&mut ends.diverted);
        self.decided.events.extend((!tried.is_empty()).then_some(Event::Tried(tried)));
    }
}

/// Copies that room is made for at once: a topic with many subscriptions may filter most of them out.
const ROOM: usize = 128;

/// Where one publication goes.
pub(crate) struct Fanning<'a> {
    shard: &'a Shard,
    topic: TopicId,
    arn: &'a Arn,
    ordered: Option<Ordered>,
    /// Copies in queues of this shard.
    pub(crate) copies: Vec<CopyStated>,
    /// Deliveries that are owed to other shards.
    pub(crate) owed: Vec<OwedStated>,
    /// Deliveries to endpoints.
    pub(crate) due: Vec<DueStated>,
    /// How many there will never be.
    pub(crate) dropped: u64,
    /// What of the deliveries to queues the topic wants to be told.
    wants: Wants,
    /// What became of those.
    ended: Vec<EndedCopy>,
}

/// Where a copy is now.
enum Whereabouts {
    /// In its queue.
    Here,
    /// Owed to another shard.
    Owed,
}

impl<'a> Fanning<'a> {
    pub(crate) fn new(
        shard: &'a Shard,
        topic: &Topic,
        arn: &'a Arn,
        ordered: Option<Ordered>,
        wants: Wants,
    ) -> Fanning<'a> {
        let (copies, owed, due) = (Vec::with_capacity(topic.len().min(ROOM)), Vec::new(), Vec::new());
        let (topic, ended) = (topic.id, Vec::new());
        Fanning { shard, topic, arn, ordered, copies, owed, due, dropped: 0, wants, ended }
    }

    /// Takes what became of deliveries to queues of this shard, of what the topic wants to be told.
    pub(crate) fn ended(&mut self, published: &Published, payload: &Payload) -> Option<Ended> {
        if self.ended.is_empty() {
            return None;
        }
        let (at, copies) = (self.shard.now, std::mem::take(&mut self.ended));
        Some(Ended { published: published.clone(), body: Body::copy_of(payload), at, copies })
    }

    /// Does nobody get it?
    pub(crate) fn is_nothing(&self) -> bool {
        self.copies.is_empty() && self.owed.is_empty() && self.due.is_empty()
    }

    /// States the publication with all who get it.
    pub(crate) fn state(self, plain: PublicationStated) -> PublicationStated {
        PublicationStated { copies: self.copies, owed: self.owed, due: self.due, ..plain }
    }

    /// Delivers to a subscription, if its filter lets the publication through.
    pub(crate) fn deliver(&mut self, placing: &mut Placing<'_>, subscription: &Subscription, facts: &Facts) {
        let stated = &subscription.stated;
        if stated.filter.as_ref().is_some_and(|filter| !filter.policy.matches(facts)) {
            return;
        }
        let (id, form) = (stated.id, stated.form);
        match &stated.endpoint {
            Endpoint::Other(..) => {
                debug_assert_eq!(stated.topic, self.topic, "a subscription is one of its topic");
                self.due.push(DueStated { subscription: id, failures: 0, at: self.shard.now });
            }
            // A queue takes no more attributes than this (sns 6).
            Endpoint::Queue(queue)
                if form == Form::Raw && facts.attribute_count() > limits::RAW_ATTRIBUTES_MAX =>
            {
                self.note(id, queue, Err(Fault::TooManyAttributes));
                self.bury(placing, subscription);
            }
            Endpoint::Queue(queue) => {
                match self.send(placing, queue, (id, stated.rendition()), Leg::Endpoint) {
                    Ok(Whereabouts::Here) => self.note(id, queue, Ok(())),
                    Ok(Whereabouts::Owed) => {}
                    Err(refusal) => {
                        self.note(id, queue, Err(Fault::Refused(refusal)));
                        self.bury(placing, subscription);
                    }
                }
            }
        }
    }

    /// A delivery to a queue has come to its end.
    fn note(&mut self, subscription: Uuid, queue: &Arn, end: Result<(), Fault>) {
        if self.wants.includes(&end) {
            self.ended.push(EndedCopy { subscription, queue: queue.clone(), end });
        }
    }

    /// A copy in a queue of this shard, or a delivery that is owed to another.
    fn send(
        &mut self,
        placing: &mut Placing<'_>,
        queue: &Arn,
        (id, rendition): (Uuid, Rendition),
        leg: Leg,
    ) -> Result<Whereabouts, Refusal> {
        if self.shard.holds(queue, self.copies.len()) {
            self.copies.extend(placing.copy(self.arn, queue, (id, rendition), self.ordered)?);
            return Ok(Whereabouts::Here);
        }
        let to = queue.shard(self.shard.config.shards);
        self.owed.push(OwedStated { leg, ..placing.owe(to, queue, id, rendition) });
        Ok(Whereabouts::Owed)
    }

    /// The endpoint will never have it, so the dead-letter queue gets it at once.
    fn bury(&mut self, placing: &mut Placing<'_>, subscription: &Subscription) {
        let (id, rendition) = (subscription.stated.id, subscription.stated.rendition());
        let target = subscription.stated.dead_letter.as_ref();
        let sent = target.map(|queue| self.send(placing, queue, (id, rendition), Leg::DeadLetter));
        match sent {
            Some(Ok(Whereabouts::Here | Whereabouts::Owed)) => {}
            Some(Err(Refusal::QueueDoesNotExist | Refusal::NotPermitted)) | None => self.dropped += 1,
        }
    }
}
