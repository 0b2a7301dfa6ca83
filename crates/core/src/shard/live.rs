//! What compaction must state again.
//!
//! One invariant: everything live is stated in full at or after the trim point. Compaction reads the
//! oldest entries of the log and puts each event to [`Shard::restate`], which answers with a
//! statement if the event stated something that is alive and is not stated again later. When all of
//! a segment was asked and the answers are durable, the segment may be trimmed.
//!
//! What must survive: queues, topics and subscriptions; messages with their receive state;
//! publications with their remaining copies and owed deliveries, together, so that a shared payload
//! is stated once; names of deleted queues while they are blocked; inbox numbers; the format version; and
//! the shard's own counters and key. Changes never need restating: what they changed is in the statements.

use super::Shard;
use crate::Lsn;
use crate::event::{CopyStated, Event, MessageStated, PublicationStated};
use crate::queue::message::Content;

impl Shard {
    /// Adds to `out` the statements that keep alive what `event`, of the entry at `lsn`, stated. None
    /// when that is gone, or stated again later.
    pub fn restate(&self, lsn: Lsn, event: &Event, out: &mut Vec<Event>) {
        if let Event::Publication(stated) = event
            && let Some((from, _)) = stated.from
        {
            out.extend(self.restate_inbox(lsn, from));
        }
        out.extend(self.restatement(lsn, event));
    }

    fn restatement(&self, lsn: Lsn, event: &Event) -> Option<Event> {
        match event {
            Event::FormatRaised(_) => (self.format_stated == lsn).then(|| event.clone()),
            Event::Opened
            | Event::QueuePurged { .. }
            | Event::Received { .. }
            | Event::VisibilityChanged { .. }
            | Event::Deleted { .. }
            | Event::TopicDeleted { .. }
            | Event::Unsubscribed { .. }
            | Event::Settled { .. } => None,
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
        }
    }

    fn restate_inbox(&self, lsn: Lsn, from: u16) -> Option<Event> {
        let accepted = self.inbox.get(&from)?;
        (accepted.stated == lsn).then_some(Event::Inbox { from, number: accepted.number })
    }

    fn restate_message(&self, stated: &MessageStated) -> Option<Event> {
        let message = self.queues.get(&stated.queue)?.messages.by_number.get(&stated.number)?;
        let Content::Own(body) = &message.content else { return None };
        (body.place == stated.payload.place).then(|| {
            Event::Message(MessageStated {
                queue: stated.queue,
                number: stated.number,
                id: message.id,
                sent_at: message.sent_at,
                visible_at: message.visible_at,
                receives: message.receives,
                payload: stated.payload.clone(),
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
        let next = PublicationStated {
            copies: copies.collect(),
            owed: owed.collect(),
            from: None,
            ..stated.clone()
        };
        (!next.copies.is_empty() || !next.owed.is_empty()).then(|| Event::Publication(Box::new(next)))
    }

    fn restate_copy(&self, publication: &PublicationStated, copy: &CopyStated) -> Option<CopyStated> {
        let message = self.queues.get(&copy.queue)?.messages.by_number.get(&copy.number)?;
        let Content::Copy { publication: id, subscription, form } = message.content else { return None };
        (id == publication.id).then_some(CopyStated {
            queue: copy.queue,
            number: copy.number,
            subscription,
            form,
            sent_at: message.sent_at,
            visible_at: message.visible_at,
            receives: message.receives,
        })
    }
}
