//! What compaction must state again.
//!
//! One invariant: everything live is stated in full at or after the trim point. Compaction reads the
//! oldest entries of the log and puts each event to [`Shard::restate`], which answers with a
//! statement if the event stated something that is alive and is not stated again later. When all of
//! a segment was asked and the answers are durable, the segment may be trimmed.
//!
//! What must survive: queues, topics and subscriptions; messages with their receive state and their way, wherever they
//! have moved to; deduplication ids, with or without their message; attempts to receive; move tasks;
//! publications with their remaining copies and owed deliveries, together, so that a shared payload
//! is stated once; names of deleted queues while they are blocked; inbox numbers; what is kept of accounts; platform applications
//! and their endpoints; the format version; and the shard's own counters and key. Changes never need restating: what they changed is in the statements.

use super::Shard;
use crate::Lsn;
use crate::command::Presence;
use crate::event::{
    CopyStated, DeduplicatedStated, DueStated, Event, Journey, MessageStated, OwedStated, PublicationStated,
};
use crate::id::{DedupKey, Number, PublicationId, QueueId, TopicId, Uuid};
use crate::outbox::Owed;
use crate::queue::message::{Content, Message};
use crate::queue::messages::Route;

impl Shard {
    /// Adds to `out` the statements that keep alive what `event`, of the entry at `lsn`, stated. None
    /// when that is gone, or stated again later; but a deduplication id may be stated twice after a crash, until it is
    /// over.
    pub fn restate(&self, lsn: Lsn, event: &Event, out: &mut Vec<Event>) {
        let taken = |from: Option<(u16, u64)>| from.and_then(|(from, _)| self.restate_inbox(lsn, from));
        if let Event::Publication(stated) = event {
            out.extend(taken(stated.from));
            let deduplicated = |copy: &CopyStated| self.restate_dedup(copy.queue, copy.dedup?, copy.number);
            out.extend(stated.copies.iter().filter_map(deduplicated));
        }
        if let Event::Message(stated) = event {
            out.extend(taken(stated.from));
            out.extend(stated.dedup.and_then(|key| self.restate_dedup(stated.queue, key, stated.number)));
        }
        let Some(again) = self.restatement(lsn, event) else { return };
        let mut perishing = Vec::new();
        if let Event::Publication(stated) = &again
            && let Some(topic) = stated.home
        {
            let due = stated.due.iter();
            perishing.extend(due.filter_map(|due| self.restate_perishing(topic, due.subscription)));
        }
        if let Event::Replay(stated) = &again {
            perishing.extend(self.restate_perishing(stated.topic, stated.subscription));
        }
        out.push(again);
        out.append(&mut perishing);
    }

    /// A subscription that goes by time alone takes along what is owed to it. So it is always stated behind that: were it
    /// trimmed first, a replay would never know that it is over.
    fn restate_perishing(&self, topic: TopicId, id: Uuid) -> Option<Event> {
        let subscription = self.topics.get(&topic)?.subscriptions.get(&id)?;
        (!subscription.is_confirmed()).then(|| Event::Subscription(Box::new((*subscription.stated).clone())))
    }

    fn restatement(&self, lsn: Lsn, event: &Event) -> Option<Event> {
        match event {
            Event::FormatRaised(_) => (self.format_stated == lsn).then(|| event.clone()),
            Event::Opened
            | Event::QueuePurged { .. }
            | Event::Received { .. }
            | Event::VisibilityChanged { .. }
            | Event::Deleted { .. }
            | Event::Moved { .. }
            | Event::Leaving { .. }
            | Event::TopicDeleted { .. }
            | Event::Unsubscribed { .. }
            | Event::Tried(_)
            | Event::Diverted { .. }
            | Event::Archived { .. }
            | Event::Settled { .. } => None,
            Event::TopicDeduplicated(stated) => {
                let first = self.topics.get(&stated.topic)?.dedup.find(stated.key, self.now)?;
                (first.number == stated.sequence).then(|| event.clone())
            }
            Event::Replay(stated) => {
                let replay = self.replays.get(&(stated.topic, stated.subscription))?;
                (replay.at == lsn).then(|| Event::Replay(Box::new(replay.stated)))
            }
            Event::Shard(_) => (self.own_stated == lsn).then(|| Event::Shard(self.statement())),
            Event::Queue(stated) => {
                let queue = self.queues.get(&stated.id)?;
                let latest = queue.stated.as_ref()?.at == lsn;
                latest
                    .then(|| queue.statement(self.now))
                    .flatten()
                    .map(|stated| Event::Queue(Box::new(stated)))
            }
            Event::QueueDeleted { queue, arn, at } => {
                let name = self.deleted.get(arn)?;
                let latest = name.queue == *queue && name.stated == lsn;
                latest.then(|| Event::QueueDeleted { queue: *queue, arn: arn.clone(), at: *at })
            }
            Event::Message(stated) => self.restate_message(stated),
            Event::Deduplicated(stated) => self.restate_dedup(stated.queue, stated.key, stated.number),
            Event::Attempt(stated) => {
                let queue = self.queues.get(&stated.queue)?;
                let attempt = queue.attempts.find(stated.key)?;
                let latest = attempt.stated == lsn;
                latest.then(|| Event::Attempt(Box::new(attempt.statement(stated.queue, stated.key))))
            }
            Event::MoveTask(stated) => {
                let task = self.queues.get(&stated.queue)?.tasks.find(stated.id)?;
                (task.at == lsn).then(|| Event::MoveTask(Box::new(task.stated.clone())))
            }
            Event::Topic(stated) => {
                let topic = self.topics.get(&stated.id)?;
                let latest = topic.stated.as_ref()?.at == lsn;
                latest.then(|| topic.statement()).flatten().map(|stated| Event::Topic(Box::new(stated)))
            }
            Event::Subscription(stated) => {
                let subscription = self.topics.get(&stated.topic)?.subscriptions.get(&stated.id)?;
                let latest = subscription.at == lsn;
                latest.then(|| Event::Subscription(Box::new((*subscription.stated).clone())))
            }
            Event::Publication(stated) => self.restate_publication(stated),
            Event::Inbox { from, .. } => self.restate_inbox(lsn, *from),
            Event::Account(event) => self.accounts.restate(lsn, event).map(Event::Account),
            Event::Application(event) => self.applications.restate(lsn, event).map(Event::Application),
        }
    }

    fn restate_inbox(&self, lsn: Lsn, from: u16) -> Option<Event> {
        let accepted = self.inbox.get(&from)?;
        (accepted.stated == lsn).then_some(Event::Inbox { from, number: accepted.number })
    }

    /// A deduplication id, if it is still remembered of that message.
    fn restate_dedup(&self, queue: QueueId, key: DedupKey, number: Number) -> Option<Event> {
        let first = self.queues.get(&queue)?.dedup.find(key, self.now)?;
        (first.number == number).then(|| {
            Event::Deduplicated(DeduplicatedStated { queue, key, id: first.id, number, at: first.at })
        })
    }

    /// The message that the log states under this queue and number, with where it is now.
    fn message_stated_as(&self, queue: QueueId, number: Number) -> Option<(QueueId, Number, &Message)> {
        let key = (queue, number);
        let (queue, number) = self.homes.get(&key).copied().unwrap_or(key);
        Some((queue, number, self.queues.get(&queue)?.messages.find(number)?))
    }

    /// Where a message goes, if it is on its way.
    fn journey(&self, queue: QueueId, number: Number) -> Option<Box<Journey>> {
        let Route { to, owed, .. } = *self.queues.get(&queue)?.messages.leaving().get(&number)?;
        match self.outbox.find(to, owed)? {
            Owed::Copy { .. } => None,
            Owed::Message { target, why, .. } => {
                Some(Box::new(Journey { to, number: owed, target: target.clone(), why: *why }))
            }
        }
    }

    fn restate_message(&self, stated: &MessageStated) -> Option<Event> {
        let (queue, number, message) = self.message_stated_as(stated.queue, stated.number)?;
        let Content::Own(body) = &message.content else { return None };
        (body.place == stated.payload.place).then(|| {
            Event::Message(MessageStated {
                queue,
                number,
                id: message.id,
                sent_at: message.sent_at,
                visible_at: message.visible_at,
                receives: message.receives,
                payload: stated.payload.clone(),
                group: message.group,
                dedup: None,
                past: message.past.clone(),
                journey: self.journey(queue, number),
                from: None,
            })
        })
    }

    fn restate_publication(&self, stated: &PublicationStated) -> Option<Event> {
        let publication = self.publications.get(&stated.id)?;
        if publication.body.place != stated.payload.place {
            return None;
        }
        let copies = stated.copies.iter().filter_map(|copy| self.restate_copy(stated, copy));
        let owed = stated.owed.iter().filter(|owed| self.outbox.owes(stated.id, owed)).cloned();
        let subscribers = stated.owed.iter().map(|owed| owed.subscription);
        let subscribers = subscribers.chain(stated.due.iter().map(|due| due.subscription));
        let diverted = subscribers.filter_map(|subscription| self.restate_diverted(stated.id, subscription));
        let due = stated.due.iter().filter_map(|due| {
            let owing = self.deliveries.find((stated.home?, due.subscription), stated.id)?;
            Some(DueStated { failures: owing.failures, at: owing.at, ..*due })
        });
        let waits = |topic, sequence| self.unarchived.get(topic).and_then(|all| all.get(&sequence)).is_some();
        let archive = match (&stated.home, stated.fifo) {
            (Some(topic), Some(fifo)) if waits(topic, fifo.sequence) => Presence::Present,
            (_, _) => Presence::Absent,
        };
        let due = due.collect::<Vec<_>>();
        // A topic that is gone is not stated again, so nothing may speak of it.
        let at_home = archive == Presence::Present || !due.is_empty();
        let next = PublicationStated {
            home: stated.home.filter(|_| at_home),
            copies: copies.collect(),
            owed: owed.chain(diverted).collect(),
            due,
            archive,
            from: None,
            ..stated.clone()
        };
        let lives = !(next.copies.is_empty() && next.owed.is_empty() && next.due.is_empty());
        (lives || archive == Presence::Present).then(|| Event::Publication(Box::new(next)))
    }

    /// A delivery that is on its way to a dead-letter queue instead, since it was stated.
    fn restate_diverted(&self, publication: PublicationId, subscription: Uuid) -> Option<OwedStated> {
        let (to, number) = *self.diverted.get(&(publication, subscription))?;
        match self.outbox.find(to, number)? {
            Owed::Message { .. } => None,
            Owed::Copy { queue, rendition, leg, .. } => Some(OwedStated {
                to,
                number,
                queue: queue.clone(),
                subscription,
                rendition: *rendition,
                leg: *leg,
            }),
        }
    }

    fn restate_copy(&self, publication: &PublicationStated, copy: &CopyStated) -> Option<CopyStated> {
        let (queue, number, message) = self.message_stated_as(copy.queue, copy.number)?;
        let Content::Copy { publication: id, subscription, rendition } = message.content else { return None };
        (id == publication.id).then(|| CopyStated {
            queue,
            number,
            subscription,
            rendition,
            sent_at: message.sent_at,
            visible_at: message.visible_at,
            receives: message.receives,
            past: message.past.clone(),
            journey: self.journey(queue, number),
            group: if message.group.is_some() || publication.group.is_none() {
                Presence::Present
            } else {
                Presence::Absent
            },
            dedup: None,
        })
    }
}
