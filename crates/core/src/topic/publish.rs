//! Publishing: which subscriptions match, and where their copies go.
//!
//! Queues of this shard get their copies in the very event that states the publication; everything
//! else becomes an owed delivery in it. The payload is stated once for all of them.

use super::filter::Facts;
use super::{Stated, Topic};
use crate::command::{Presence, Publish};
use crate::event::{CopyStated, Event, OwedStated, PublicationStated};
use crate::id::{Ids, PublicationId};
use crate::rejection::Refusal;
use crate::reply::Reply;
use crate::shard::{Decided, Placing, Shard};
use crate::topic::subscription::Form;
use crate::{Arn, Rejection, limits};

/// Decides a batch of publishes: one answer for each, and one event for each that somebody gets.
pub(crate) fn decide(
    shard: &Shard,
    topic: &Topic,
    stated: &Stated,
    messages: Vec<Publish>,
    ids: &mut Ids,
) -> Result<Decided, Rejection> {
    let mut placing = Placing::new(shard);
    let mut decided = Decided::nothing(Reply::Done);
    let mut answers = Vec::with_capacity(messages.len());
    let mut id = shard.own.next_publication;
    for Publish { payload, facts, group, body } in messages {
        if body == Presence::Absent && topic.filters_bodies() {
            return Err(Rejection::Stale);
        }
        if payload.size > stated.message_bytes_max {
            answers.push(Err(Rejection::PublicationTooLong));
            continue;
        }
        let message_id = ids.uuid();
        answers.push(Ok(message_id));
        let (copies, owed, dropped) = fan_out(shard, &mut placing, topic, &stated.arn, &facts);
        decided.dropped += dropped;
        if copies.is_empty() && owed.is_empty() {
            continue;
        }
        decided.events.push(Event::Publication(Box::new(PublicationStated {
            id: PublicationId(id),
            message_id,
            topic: stated.arn.clone(),
            published_at: shard.now,
            group,
            payload,
            copies,
            owed,
            from: None,
        })));
        id += 1;
    }
    decided.reply = Reply::Published(answers);
    Ok(decided)
}

/// The copies in queues of this shard, the deliveries that are owed to others, and how many there will never be.
fn fan_out(
    shard: &Shard,
    placing: &mut Placing<'_>,
    topic: &Topic,
    arn: &Arn,
    facts: &Facts,
) -> (Vec<CopyStated>, Vec<OwedStated>, u64) {
    let (mut copies, mut owed, mut dropped) = (Vec::new(), Vec::new(), 0);
    for subscription in topic.subscriptions.values() {
        let subscription = &subscription.stated;
        if subscription.filter.as_ref().is_some_and(|filter| !filter.policy.matches(facts)) {
            continue;
        }
        let (id, form) = (subscription.id, subscription.form);
        if form == Form::Raw && facts.attribute_count() > limits::RAW_ATTRIBUTES_MAX {
            dropped += 1;
            continue;
        }
        if !shard.holds(&subscription.queue, copies.len()) {
            let to = subscription.queue.shard(shard.config.shards);
            owed.push(placing.owe(to, &subscription.queue, id, form));
            continue;
        }
        match placing.copy(arn, &subscription.queue, id, form) {
            Ok(copy) => copies.push(copy),
            Err(Refusal::QueueDoesNotExist | Refusal::NotPermitted) => dropped += 1,
        }
    }
    (copies, owed, dropped)
}
