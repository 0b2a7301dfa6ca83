//! The fold: what each event does to the state. Total, without rules.
//!
//! An event may name a queue or topic that is only stated later, when the log was trimmed in between:
//! it goes to a *shell*, which the later statement completes. A change of a message that is not here
//! belongs to one that is stated later, with that change in it, and is passed over.

use super::{DeletedName, Doomed, Publication, Shard, advance, cost};
use crate::command::Presence;
use crate::event::{
    CopyStated, DeduplicatedStated, Event, MessageStated, OwedStated, PublicationStated, QueueStated,
    ShardStated,
};
use crate::id::{Number, PublicationId, QueueId, Revision};
use crate::outbox::{Accepted, Owed};
use crate::queue::dedup::First;
use crate::queue::message::{Content, Message};
use crate::queue::receipt::Sealer;
use crate::queue::settings::Redrive;
use crate::queue::{Queue, receive, send, settle};
use crate::{Arn, Lsn, Timestamp};

impl Shard {
    /// Folds one event of the entry at `lsn` in. The time is that of the last [`Shard::advance`].
    pub fn apply(&mut self, lsn: Lsn, event: &Event) {
        match event {
            Event::Opened => self.queues.values_mut().for_each(|queue| queue.messages.neutral()),
            Event::FormatRaised(version) => {
                self.format = *version;
                self.format_stated = lsn;
            }
            Event::Shard(stated) => self.apply_shard(lsn, stated),
            Event::Queue(stated) => self.apply_queue(lsn, stated),
            Event::QueueDeleted { queue, arn, at } => self.apply_queue_deleted(lsn, *queue, arn, *at),
            Event::QueuePurged { queue, before } => self.apply_purge(*queue, *before),
            Event::Message(stated) => self.apply_message(lsn, stated),
            Event::Received { queue, until, numbers } => {
                let now = self.now;
                self.change(*queue, |queue| receive::apply(queue, now, *until, numbers));
            }
            Event::VisibilityChanged { queue, changes } => {
                let now = self.now;
                self.change(*queue, |queue| settle::apply_visibility(queue, now, changes));
            }
            Event::Deleted { queue, numbers } => {
                let mut gone = Vec::with_capacity(numbers.len());
                let now = self.now;
                self.change(*queue, |queue| {
                    gone.extend(numbers.iter().filter_map(|number| queue.messages.remove(now, *number)));
                });
                gone.into_iter().for_each(|message| self.release(message));
            }
            Event::Deduplicated(stated) => self.apply_deduplicated(stated),
            Event::Attempt(stated) => {
                self.queue_or_shell(stated.queue);
                self.change(stated.queue, |queue| queue.attempts.state(lsn, stated));
            }
            Event::Moved { from, source, to, why, numbers } => {
                self.apply_moved((*from, source), *to, *why, numbers);
            }
            Event::Leaving { queue, number, journey } => self.apply_leaving(*queue, *number, journey),
            Event::MoveTask(stated) => self.apply_move_task(lsn, stated),
            Event::Topic(stated) => self.apply_topic(lsn, stated),
            Event::TopicDeleted { topic } => self.apply_topic_deleted(*topic),
            Event::Subscription(stated) => self.apply_subscription(lsn, stated),
            Event::Unsubscribed { topic, subscription } => self.apply_unsubscribed(*topic, *subscription),
            Event::Publication(stated) => self.apply_publication(lsn, stated),
            Event::Tried(tried) => self.apply_tried(tried),
            Event::Diverted { publication, owed } => self.apply_diverted(*publication, owed),
            Event::TopicDeduplicated(stated) => self.apply_topic_deduplicated(stated),
            Event::Archived { topic, up_to } => self.apply_archived(*topic, *up_to),
            Event::Replay(stated) => self.apply_replay(lsn, stated),
            Event::Settled { to, accepted, refused } => self.apply_settled(*to, *accepted, *refused),
            Event::Inbox { from, number } => self.accept(lsn, *from, *number),
            Event::Account(event) => self.accounts.apply(lsn, event),
            Event::Application(event) => self.applications.apply(lsn, event),
        }
    }

    fn apply_shard(&mut self, lsn: Lsn, stated: &ShardStated) {
        self.sealer = Sealer::new(&stated.secret);
        let seed = seed(&stated.secret);
        self.queue_names.reseed(seed);
        self.topic_names.reseed(seed);
        self.own_stated = lsn;
        self.own.secret = stated.secret;
        self.own.next_queue = self.own.next_queue.max(stated.next_queue);
        self.own.next_topic = self.own.next_topic.max(stated.next_topic);
        self.own.next_publication = self.own.next_publication.max(stated.next_publication);
        self.own.next_revision = self.own.next_revision.max(stated.next_revision);
        for (shard, next) in &stated.next_owed {
            self.outbox.used(*shard, next.saturating_sub(1));
        }
    }

    pub(super) fn used_revision(&mut self, revision: Revision) {
        self.own.next_revision = self.own.next_revision.max(revision.0 + 1);
    }

    fn apply_queue(&mut self, lsn: Lsn, stated: &QueueStated) {
        self.used_revision(stated.revision);
        self.own.next_queue = self.own.next_queue.max(stated.id.0 + 1);
        if let Some(deleted) = self.deleted.remove(&stated.arn) {
            self.deleted_order.remove(&(deleted.at, stated.arn.clone()));
        }
        self.queue_names.insert(stated.arn.clone(), stated.id);
        let now = self.now;
        let queue = self.queue_or_shell(stated.id);
        let before = queue.stated.as_ref().map_or(0, cost::queue) + cost::memory(queue);
        let old_target = queue.stated.as_ref().and_then(|stated| stated.settings.redrive.clone());
        let mut gone = queue.state(lsn, now, stated);
        // A retention that became shorter counts at once: a replay that is asked for this very time lets
        // it pass once more, and must find nothing else to do.
        queue.advance(now, &mut gone);
        let after = queue.stated.as_ref().map_or(0, cost::queue) + cost::memory(queue);
        self.live_bytes = self.live_bytes - before + after;
        gone.into_iter().for_each(|message| self.release(message));
        self.set_source(&stated.arn, old_target.as_ref(), stated.settings.redrive.as_ref());
        self.touched(stated.id);
        self.changed.push(stated.arn.clone());
    }

    /// The queue of an event; a shell if it is stated only later.
    pub(super) fn queue_or_shell(&mut self, id: QueueId) -> &mut Queue {
        let seed = seed(&self.own.secret);
        self.queues.entry(id).or_insert_with(|| Queue::shell(id, seed))
    }

    fn apply_queue_deleted(&mut self, lsn: Lsn, id: QueueId, arn: &Arn, at: Timestamp) {
        if let Some(queue) = self.queues.remove(&id) {
            self.live_bytes -= cost::memory(&queue);
            if let Some(stated) = &queue.stated {
                self.live_bytes -= cost::queue(stated);
                self.queue_names.remove(arn);
                self.set_source(arn, stated.settings.redrive.as_ref(), None);
            }
            if let Some(scheduled) = queue.scheduled {
                self.due.remove(&(scheduled, id));
            }
            for route in queue.messages.leaving().values() {
                self.outbox.forget(route.to, route.owed);
            }
            self.doomed.push(Doomed { messages: queue.messages, _memory: (queue.dedup, queue.attempts) });
            self.moving.remove(&id);
            self.ready.insert(id);
        }
        if self.queue_names.find(arn).is_none() {
            if let Some(old) = self.deleted.insert(arn.clone(), DeletedName { queue: id, at, stated: lsn }) {
                self.deleted_order.remove(&(old.at, arn.clone()));
            }
            self.deleted_order.insert((at, arn.clone()));
        }
        self.changed.push(arn.clone());
    }

    /// Keeps the index of dead-letter queues.
    fn set_source(&mut self, arn: &Arn, old: Option<&Redrive>, new: Option<&Redrive>) {
        if let Some(old) = old
            && let Some(sources) = self.sources.get_mut(&old.target)
        {
            sources.remove(arn);
            if sources.is_empty() {
                self.sources.remove(&old.target);
            }
        }
        if let Some(new) = new {
            self.sources.entry(new.target.clone()).or_default().insert(arn.clone());
        }
    }

    fn apply_purge(&mut self, id: QueueId, before: Number) {
        let now = self.now;
        let queue = self.queue_or_shell(id);
        let memory = cost::memory(queue);
        let (messages, dedup, attempts) = queue.purge(now, before);
        let after = cost::memory(queue);
        self.live_bytes = self.live_bytes - memory + after;
        self.doomed.push(Doomed { messages, _memory: (dedup, attempts) });
    }

    fn apply_message(&mut self, lsn: Lsn, stated: &MessageStated) {
        if let Some((from, number)) = stated.from {
            self.accept(lsn, from, number);
        }
        let (id, now) = (stated.queue, self.now);
        self.vacate(id, stated.number);
        let body = self.residency.admit(&stated.payload);
        let queue = self.queue_or_shell(id);
        let before = cost::memory(queue);
        send::apply(queue, now, stated, body);
        let after = cost::memory(queue);
        self.live_bytes += after - before + cost::MESSAGE + u64::from(stated.payload.place.len);
        self.depart(id, stated.number, stated.journey.as_deref());
        self.touched(id);
    }

    fn apply_deduplicated(&mut self, stated: &DeduplicatedStated) {
        let DeduplicatedStated { queue, key, id, number, at } = *stated;
        self.queue_or_shell(queue);
        self.change(queue, |queue| queue.dedup.insert(key, First { id, number, at }));
    }

    /// Lets go of the message under a number that is about to be stated, if there is one.
    pub(super) fn vacate(&mut self, id: QueueId, number: Number) {
        let now = self.now;
        let Some(queue) = self.queues.get_mut(&id).filter(|queue| number < queue.next_number) else { return };
        let there = queue.messages.remove(now, number);
        if let Some(there) = there {
            self.release(there);
        }
    }

    pub(super) fn change(&mut self, id: QueueId, change: impl FnOnce(&mut Queue)) {
        let Some(queue) = self.queues.get_mut(&id) else { return };
        let before = cost::memory(queue);
        change(queue);
        self.live_bytes = self.live_bytes - before + cost::memory(queue);
        self.touched(id);
    }

    /// A queue's messages changed: its deadline may be nearer, and somebody may be waiting. What came to it too late to
    /// stay expires at once, or a replay, which lets time pass between the entries of a turn, would let it go earlier.
    pub(super) fn touched(&mut self, id: QueueId) {
        let Some(queue) = self.queues.get_mut(&id) else { return };
        let mut gone = Vec::new();
        queue.expire(self.now, &mut gone);
        if queue.messages.has_ready() {
            self.ready.insert(id);
        }
        advance::schedule(&mut self.due, queue);
        gone.into_iter().for_each(|message| self.release(message));
    }

    fn apply_publication(&mut self, lsn: Lsn, stated: &PublicationStated) {
        self.own.next_publication = self.own.next_publication.max(stated.id.0 + 1);
        if let Some((from, number)) = stated.from {
            self.accept(lsn, from, number);
        }
        self.state_publication(stated);
        for owed in &stated.owed {
            if !self.outbox.owes(stated.id, owed) {
                self.live_bytes += cost::OWED;
                self.refer(stated.id);
            }
            let OwedStated { to, number, queue, subscription, rendition, leg } = owed.clone();
            // It is stated with its publication from here on.
            self.diverted.remove(&(stated.id, subscription));
            self.outbox.add(
                to,
                number,
                Owed::Copy { publication: stated.id, queue, subscription, rendition, leg },
            );
        }
        self.apply_due(stated);
        self.apply_unarchived(stated);
        if let (Some(topic), Some(fifo)) = (stated.home, stated.fifo) {
            let topic = self.topic_or_shell(topic);
            topic.next_sequence = topic.next_sequence.max(fifo.sequence + 1);
        }
        // All copies refer to it before the first is there: one that is stated anew lets go of its former self.
        if let Some(publication) = self.publications.get_mut(&stated.id) {
            publication.refs += stated.copies.len() as u64;
        }
        for copy in &stated.copies {
            self.apply_copy(stated, copy);
        }
        self.refer(stated.id);
        self.unrefer(stated.id);
    }

    fn state_publication(&mut self, stated: &PublicationStated) {
        let old = self.publications.remove(&stated.id);
        let refs = old.map_or(0, |old| {
            self.forget(&old);
            old.refs
        });
        let body = self.residency.admit(&stated.payload);
        self.live_bytes += cost::publication(&stated.topic, &body);
        let publication = Publication { published: stated.published(), body, refs };
        self.publications.insert(stated.id, publication);
    }

    /// The publication counts it already.
    fn apply_copy(&mut self, publication: &PublicationStated, copy: &CopyStated) {
        self.live_bytes += cost::COPY;
        let CopyStated { queue: id, number, subscription, rendition, .. } = *copy;
        let now = self.now;
        let message = Message {
            id: publication.message_id.copy_for(subscription),
            sent_at: copy.sent_at,
            visible_at: copy.visible_at,
            receives: copy.receives,
            place: send::place(now, copy.visible_at, copy.receives),
            group: publication.group.filter(|_| copy.group == Presence::Present),
            past: copy.past.clone(),
            home: None,
            content: Content::Copy { publication: publication.id, subscription, rendition },
        };
        let first = copy.dedup.map(|key| (key, First { id: message.id, number, at: copy.sent_at }));
        let queue = self.queue_or_shell(id);
        let there = if number < queue.next_number { queue.messages.remove(now, number) } else { None };
        queue.enter(now, number, message);
        there.into_iter().for_each(|there| self.release(there));
        if let Some((key, first)) = first {
            self.change(id, |queue| queue.dedup.insert(key, first));
        }
        if copy.journey.is_some() {
            self.depart(id, number, copy.journey.as_deref());
        }
        self.touched(id);
    }

    fn accept(&mut self, lsn: Lsn, from: u16, number: u64) {
        let accepted = self.inbox.entry(from).or_default();
        *accepted = Accepted { number: accepted.number.max(number), stated: lsn };
    }

    pub(super) fn refer(&mut self, id: PublicationId) {
        if let Some(publication) = self.publications.get_mut(&id) {
            publication.refs += 1;
        }
    }

    pub(super) fn unrefer(&mut self, id: PublicationId) {
        let Some(publication) = self.publications.get_mut(&id) else { return };
        publication.refs -= 1;
        if publication.refs == 0
            && let Some(publication) = self.publications.remove(&id)
        {
            self.forget(&publication);
        }
    }

    fn forget(&mut self, publication: &Publication) {
        self.residency.release(&publication.body);
        self.live_bytes -= cost::publication(&publication.published.topic, &publication.body);
    }

    /// Lets go of a message that left its queue.
    pub(super) fn release(&mut self, message: Message) {
        if let Some(home) = &message.home {
            self.homes.remove(home);
        }
        match message.content {
            Content::Own(body) => {
                self.residency.release(&body);
                self.live_bytes -= cost::MESSAGE + u64::from(body.place.len);
            }
            Content::Copy { publication, .. } => {
                self.live_bytes -= cost::COPY;
                self.unrefer(publication);
            }
        }
    }
}

/// The seed of tables whose keys clients choose.
pub(super) fn seed(secret: &[u8; 32]) -> u64 {
    u64::from_le_bytes(secret[..8].try_into().expect("a secret has 32 bytes"))
}
