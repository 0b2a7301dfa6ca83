//! Gives out the numbers of messages and deliveries within one command, ahead of the state.

use super::Shard;
use crate::command::Presence;
use crate::event::{CopyStated, Journey, Leg, OwedStated, Receives, Why};
use crate::id::{DedupKey, Number, QueueId, Uuid};
use crate::outbox::Ordered;
use crate::queue::Queue;
use crate::queue::settings::DedupScope;
use crate::rejection::{Crossing, Refusal};
use crate::topic::subscription::Rendition;
use crate::{Arn, limits};
use std::collections::{BTreeMap, BTreeSet};

/// Numbers that a command has given out.
pub(crate) struct Placing<'a> {
    shard: &'a Shard,
    next_number: BTreeMap<QueueId, Number>,
    next_owed: BTreeMap<u16, u64>,
    /// Deduplication ids that FIFO queues have got.
    fresh: BTreeSet<(QueueId, DedupKey)>,
}

impl<'a> Placing<'a> {
    /// Starts from the shard's state.
    pub(crate) fn new(shard: &'a Shard) -> Placing<'a> {
        Placing { shard, next_number: BTreeMap::new(), next_owed: BTreeMap::new(), fresh: BTreeSet::new() }
    }

    /// A number for a message in a queue.
    pub(crate) fn number(&mut self, queue: &Queue) -> Number {
        let next = self.next_number.entry(queue.id).or_insert(queue.next_number);
        *next += 1;
        *next - 1
    }

    fn owed(&mut self, to: u16) -> u64 {
        let next = self.next_owed.entry(to).or_insert_with(|| self.shard.outbox.next(to));
        *next += 1;
        *next - 1
    }

    /// A delivery that is owed to another shard.
    pub(crate) fn owe(
        &mut self,
        to: u16,
        queue: &Arn,
        subscription: Uuid,
        rendition: Rendition,
    ) -> OwedStated {
        OwedStated {
            to,
            number: self.owed(to),
            queue: queue.clone(),
            subscription,
            rendition,
            leg: Leg::Endpoint,
        }
    }

    /// The way of a message to another shard.
    pub(crate) fn journey(&mut self, to: u16, target: &Arn, why: Why) -> Journey {
        Journey { to, number: self.owed(to), target: target.clone(), why }
    }

    /// A topic's copy in a queue of this shard, or why there will never be one. None if the queue has a message with the
    /// same deduplication id.
    pub(crate) fn copy(
        &mut self,
        topic: &Arn,
        queue: &Arn,
        (subscription, rendition): (Uuid, Rendition),
        ordered: Option<Ordered>,
    ) -> Result<Option<CopyStated>, Refusal> {
        let target = self.shard.reachable("sns.amazonaws.com", topic, queue)?;
        let settings = &target.stated.as_ref().ok_or(Refusal::QueueDoesNotExist)?.settings;
        let now = self.shard.now;
        let dedup = settings.fifo.zip(ordered).and_then(|(settings, Ordered { group, dedup })| {
            Some(match settings.scope {
                DedupScope::Queue => dedup?,
                DedupScope::MessageGroup => dedup?.within(group),
            })
        });
        if let Some(key) = dedup
            && (target.dedup.find(key, now).is_some() || !self.fresh.insert((target.id, key)))
        {
            return Ok(None);
        }
        Ok(Some(CopyStated {
            queue: target.id,
            number: self.number(target),
            subscription,
            rendition,
            sent_at: now,
            visible_at: now.plus_s(settings.delay_s),
            receives: Receives::default(),
            past: None,
            journey: None,
            group: if ordered.is_some() && settings.fifo.is_none() {
                Presence::Absent
            } else {
                Presence::Present
            },
            dedup,
        }))
    }
}

impl Shard {
    /// A queue of this shard to which a service may send on behalf of `source`, or why it may not.
    pub(crate) fn reachable(&self, service: &str, source: &Arn, target: &Arn) -> Result<&Queue, Refusal> {
        let queue = self.queue_by_name(target).ok_or(Refusal::QueueDoesNotExist)?;
        let settings = &queue.stated.as_ref().ok_or(Refusal::QueueDoesNotExist)?.settings;
        let policy = settings.policy.as_deref();
        let crossing = Crossing { service, source, action: "sqs:SendMessage", target, policy, now: self.now };
        if (self.config.permit)(&crossing) { Ok(queue) } else { Err(Refusal::NotPermitted) }
    }

    /// Does this shard hold the resource, and may it get `copies` more in this turn?
    pub(crate) fn holds(&self, arn: &Arn, copies: usize) -> bool {
        arn.shard(self.config.shards) == self.config.index && copies < limits::COPIES_PER_TURN_MAX
    }
}
