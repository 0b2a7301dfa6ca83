//! Publishing: which subscriptions match, and where their copies go.
//!
//! Queues of this shard get their copies in the very event that states the publication; everything
//! else becomes an owed delivery in it. The payload is stated once for all of them.

use super::filter::Facts;
use super::{Stated, Topic};
use crate::command::{Presence, Publish};
use crate::event::{CopyStated, Event, OwedStated, PublicationStated, Receives};
use crate::id::{Ids, Number, PublicationId, QueueId, Uuid};
use crate::rejection::{Crossing, Refusal};
use crate::reply::Reply;
use crate::shard::{Decided, Shard};
use crate::topic::subscription::Form;
use crate::{Arn, Rejection, limits};
use std::collections::BTreeMap;

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
    for Publish { payload, facts, body } in messages {
        if body == Presence::Absent && topic.filters_bodies() {
            return Err(Rejection::Stale);
        }
        if payload.size > stated.message_bytes_max {
            answers.push(Err(Rejection::PublicationTooLong));
            continue;
        }
        let message_id = ids.uuid();
        answers.push(Ok(message_id));
        let (copies, owed, dropped) = placing.fan_out(topic, &stated.arn, &facts);
        decided.dropped += dropped;
        if copies.is_empty() && owed.is_empty() {
            continue;
        }
        decided.events.push(Event::Publication(Box::new(PublicationStated {
            id: PublicationId(id),
            message_id,
            topic: stated.arn.clone(),
            published_at: shard.now,
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

/// Gives out the numbers of copies and deliveries within one command, ahead of the state.
pub(crate) struct Placing<'a> {
    shard: &'a Shard,
    next_number: BTreeMap<QueueId, Number>,
    next_owed: BTreeMap<u16, u64>,
}

impl<'a> Placing<'a> {
    /// Starts from the shard's state.
    pub(crate) fn new(shard: &'a Shard) -> Placing<'a> {
        Placing { shard, next_number: BTreeMap::new(), next_owed: BTreeMap::new() }
    }

    fn fan_out(
        &mut self,
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
            let to = subscription.queue.shard(self.shard.config.shards);
            let here = to == self.shard.config.index && copies.len() < limits::COPIES_PER_TURN_MAX;
            if !here {
                owed.push(self.owe(to, &subscription.queue, id, form));
                continue;
            }
            match self.copy(arn, &subscription.queue, id, form) {
                Ok(copy) => copies.push(copy),
                Err(Refusal::QueueDoesNotExist | Refusal::NotPermitted) => dropped += 1,
            }
        }
        (copies, owed, dropped)
    }

    fn owe(&mut self, to: u16, queue: &Arn, subscription: Uuid, form: Form) -> OwedStated {
        let next = self.next_owed.entry(to).or_insert_with(|| self.shard.outbox.next(to));
        let number = *next;
        *next += 1;
        OwedStated { to, number, queue: queue.clone(), subscription, form }
    }

    /// A copy in a queue of this shard, or why there will never be one.
    pub(crate) fn copy(
        &mut self,
        topic: &Arn,
        queue: &Arn,
        subscription: Uuid,
        form: Form,
    ) -> Result<CopyStated, Refusal> {
        let target = self.shard.queue_by_name(queue).ok_or(Refusal::QueueDoesNotExist)?;
        let settings = &target.stated.as_ref().ok_or(Refusal::QueueDoesNotExist)?.settings;
        let crossing = Crossing {
            service: "sns.amazonaws.com",
            source: topic,
            action: "sqs:SendMessage",
            target: queue,
            policy: settings.policy.as_deref(),
            now: self.shard.now,
        };
        if !(self.shard.config.permit)(&crossing) {
            return Err(Refusal::NotPermitted);
        }
        let next = self.next_number.entry(target.id).or_insert(target.next_number);
        let number = *next;
        *next += 1;
        Ok(CopyStated {
            queue: target.id,
            number,
            subscription,
            form,
            sent_at: self.shard.now,
            visible_at: self.shard.now.plus_s(settings.delay_s),
            receives: Receives::default(),
        })
    }
}
