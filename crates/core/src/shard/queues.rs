//! What a shard is asked about queues.

use super::{Decided, Shard};
use crate::command::{AskQueue, Receive};
use crate::event::{Event, QueueStated, Tags};
use crate::id::{Ids, QueueId, Revision};
use crate::queue::expiry::Expired;
use crate::queue::settings::{Setting, Settings};
use crate::queue::{Queue, Stated, receive, send, settle};
use crate::reply::{More, Reply};
use crate::{Arn, Rejection, Timestamp, limits};
use std::ops::Bound;

impl Shard {
    /// The queue that is there if its attributes agree (sqs 5.2), else a new one, unless the name is
    /// blocked after a delete.
    pub(super) fn create_queue(
        &self,
        arn: Arn,
        judged: Revision,
        given: &[Setting],
        tags: Tags,
    ) -> Result<Decided, Rejection> {
        let stated = self.queue_by_name(&arn).and_then(|queue| queue.stated.as_ref());
        if stated.map_or(Revision(0), |stated| stated.revision) != judged {
            return Err(Rejection::Stale);
        }
        if let Some(stated) = stated {
            return match stated.settings.first_difference(given) {
                Some(attribute) => Err(Rejection::QueueExists { attribute }),
                None => Ok(Decided::nothing(Reply::Done)),
            };
        }
        let wait_ms = self.config.waits.deleted_ms;
        if self.deleted.get(&arn).is_some_and(|deleted| self.now < deleted.at + wait_ms) {
            return Err(Rejection::QueueDeletedRecently);
        }
        let stated = QueueStated {
            id: QueueId(self.own.next_queue),
            settings: Settings::of(&arn).with(given)?,
            arn,
            revision: Revision(self.own.next_revision),
            created: self.now,
            modified: self.now,
            tags: limited(tags)?,
            next_number: 1,
            expired: Expired::default(),
            purged_before: 0,
            purged_at: Timestamp::ZERO,
        };
        Ok(Decided::one(Event::Queue(Box::new(stated)), Reply::Done))
    }

    pub(super) fn ask_queue(
        &self,
        arn: &Arn,
        judged: Revision,
        ask: AskQueue,
        ids: &mut Ids,
    ) -> Result<Decided, Rejection> {
        let queue = self.queue_by_name(arn).ok_or(Rejection::QueueDoesNotExist)?;
        let stated = queue.stated.as_ref().ok_or(Rejection::QueueDoesNotExist)?;
        if stated.revision != judged {
            return Err(Rejection::Stale);
        }
        match ask {
            AskQueue::View => {
                let view = queue.view().ok_or(Rejection::QueueDoesNotExist)?;
                Ok(Decided::nothing(Reply::Queue(Box::new(view))))
            }
            AskQueue::Set(given) => self.restate_queue(queue, |next| {
                next.settings = next.settings.with(&given)?;
                next.modified = self.now;
                Ok(())
            }),
            AskQueue::Tag(tags) => self.restate_queue(queue, |next| {
                next.tags.extend(tags);
                next.tags = limited(std::mem::take(&mut next.tags))?;
                Ok(())
            }),
            AskQueue::Untag(keys) => self.restate_queue(queue, |next| {
                next.tags.retain(|key, _| !keys.contains(key));
                Ok(())
            }),
            AskQueue::Delete => {
                let event = Event::QueueDeleted { queue: queue.id, arn: arn.clone(), at: self.now };
                Ok(Decided::one(event, Reply::Done))
            }
            AskQueue::Purge => self.purge(queue),
            AskQueue::Send(sends) => {
                let (events, answers) = send::decide(queue, &stated.settings, self.now, sends, ids)?;
                Ok(Decided { events, ..Decided::nothing(Reply::Sent(answers)) })
            }
            AskQueue::Receive(receive) => self.receive(queue, stated, receive),
            AskQueue::DeleteMessages(receipts) => {
                let (event, answers) =
                    settle::decide_delete(queue, &stated.settings, &receipts, &self.sealer);
                Ok(Decided::perhaps(event, Reply::Each(answers)))
            }
            AskQueue::ChangeVisibility(asked) => {
                let settings = &stated.settings;
                let (event, answers) =
                    settle::decide_visibility(queue, settings, self.now, &asked, &self.sealer);
                Ok(Decided::perhaps(event, Reply::Each(answers)))
            }
            AskQueue::Peek { after, max } => {
                let peeked = receive::peek(queue, after, max.min(limits::PEEK_MAX), |c| self.content(c));
                Ok(Decided::nothing(Reply::Peeked(peeked)))
            }
            AskQueue::StartMove { destination, per_second } => {
                self.start_move(queue, destination, per_second, ids)
            }
            AskQueue::CancelMove(id) => self.cancel_move(queue, id),
            AskQueue::ListMoves => {
                let tasks = queue.tasks.newest_first().map(|task| task.stated.clone());
                Ok(Decided::nothing(Reply::Moves(tasks.collect())))
            }
        }
    }

    fn receive(&self, queue: &Queue, stated: &Stated, receive: Receive) -> Result<Decided, Rejection> {
        let asked = receive::Asked {
            settings: &stated.settings,
            now: self.now,
            receive,
            sealer: &self.sealer,
            exit: &|| self.exit(queue, stated),
            content: |content: &_| self.content(content),
        };
        let handed = receive::decide(queue, &asked)?;
        let mut events = self.bury(queue, stated, &handed.spent);
        events.extend(handed.events);
        Ok(Decided { events, ..Decided::nothing(Reply::Received(handed.deliveries)) })
    }

    /// The queues whose dead-letter queue is `target`.
    pub(super) fn list_sources(&self, target: &Arn, after: Option<&str>, max: usize) -> Decided {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let sources = self.sources.get(target).into_iter();
        let mut sources = sources.flat_map(|sources| sources.range::<str, _>((from, Bound::Unbounded)));
        let found = sources.by_ref().take(max).cloned().collect();
        let more = if sources.next().is_some() { More::Yes } else { More::No };
        Decided::nothing(Reply::Arns(found, more))
    }

    fn purge(&self, queue: &Queue) -> Result<Decided, Rejection> {
        let wait_ms = self.config.waits.purge_ms;
        if queue.purged_at > Timestamp::ZERO && self.now < queue.purged_at + wait_ms {
            return Err(Rejection::PurgeInProgress);
        }
        let event = Event::QueuePurged { queue: queue.id, before: queue.next_number };
        Ok(Decided::one(event, Reply::Done))
    }

    /// A statement of the queue with a change, under a new revision.
    fn restate_queue(
        &self,
        queue: &Queue,
        change: impl FnOnce(&mut QueueStated) -> Result<(), Rejection>,
    ) -> Result<Decided, Rejection> {
        let mut next = queue.statement(self.now).ok_or(Rejection::QueueDoesNotExist)?;
        next.revision = Revision(self.own.next_revision);
        change(&mut next)?;
        Ok(Decided::one(Event::Queue(Box::new(next)), Reply::Done))
    }
}

/// Tags within their number.
pub(super) fn limited(tags: Tags) -> Result<Tags, Rejection> {
    if tags.len() <= limits::TAGS_MAX { Ok(tags) } else { Err(Rejection::TooManyTags) }
}
