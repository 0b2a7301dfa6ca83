//! A standard queue: its messages, and the three sets they move between.
//!
//! A message is sent, perhaps delayed; available; handed out, and then in flight until its consumer
//! deletes it or its visibility timeout passes. Nothing is written when a timeout passes: "is it
//! visible?" is a question about the clock, and [`Queue::advance`] only keeps the indexes in step.
//!
//! Invariants:
//! - every message is in exactly one of `delayed`, `available`, `in_flight`, under the key
//!   (`visible_at`, number), so available messages are handed out in the order in which they became
//!   available, and that order is the same after a replay;
//! - `by_sent` holds exactly the messages;
//! - no message is at or before `expired_before`, or numbered below `purged_before`.
//!
//! All operations are O(log n) in the messages of the queue; purge and delete are O(1), their
//! memory is freed in slices by [`crate::shard`].

pub(crate) mod message;
pub mod receipt;
pub(crate) mod receive;
pub(crate) mod send;
pub mod settings;
pub(crate) mod settle;

use crate::event::{QueueStated, Tags};
use crate::id::{Number, QueueId, Revision};
use crate::reply::{Counts, QueueView};
use crate::{Arn, Lsn, Timestamp};
use message::{Message, Where};
use settings::Settings;
use std::collections::{BTreeMap, BTreeSet};

/// A queue and its messages.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) id: QueueId,
    /// `None` in a shell: on replay, a queue that is stated only later.
    pub(crate) stated: Option<Stated>,
    pub(crate) next_number: Number,
    pub(crate) expired_before: Timestamp,
    pub(crate) purged_before: Number,
    pub(crate) purged_at: Timestamp,
    pub(crate) messages: Messages,
    /// When the shard's index of due queues will look at this one.
    pub(crate) scheduled: Option<Timestamp>,
}

/// What a statement says of a queue.
#[derive(Debug, PartialEq)]
pub(crate) struct Stated {
    pub(crate) arn: Arn,
    pub(crate) revision: Revision,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
    pub(crate) settings: Settings,
    pub(crate) tags: Tags,
    /// Where the log states it last.
    pub(crate) at: Lsn,
}

/// The messages of a queue and their indexes.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    pub(crate) by_number: BTreeMap<Number, Message>,
    by_sent: BTreeSet<(Timestamp, Number)>,
    delayed: BTreeSet<(Timestamp, Number)>,
    pub(crate) available: BTreeSet<(Timestamp, Number)>,
    in_flight: BTreeSet<(Timestamp, Number)>,
}

impl Messages {
    fn set(&mut self, place: Where) -> &mut BTreeSet<(Timestamp, Number)> {
        match place {
            Where::Delayed => &mut self.delayed,
            Where::Available => &mut self.available,
            Where::InFlight => &mut self.in_flight,
        }
    }

    /// Puts a message in. None is there under its number.
    pub(crate) fn insert(&mut self, number: Number, message: Message) {
        self.by_sent.insert((message.sent_at, number));
        self.set(message.place).insert((message.visible_at, number));
        let there = self.by_number.insert(number, message);
        debug_assert!(there.is_none(), "the number was vacated");
    }

    /// Takes a message out.
    pub(crate) fn remove(&mut self, number: Number) -> Option<Message> {
        let message = self.by_number.remove(&number)?;
        self.by_sent.remove(&(message.sent_at, number));
        self.set(message.place).remove(&(message.visible_at, number));
        Some(message)
    }

    /// Changes a message by `change`, which may move it between the sets.
    pub(crate) fn update(&mut self, number: Number, change: impl FnOnce(&mut Message)) {
        let Some(message) = self.by_number.get_mut(&number) else { return };
        let (place, key) = (message.place, (message.visible_at, number));
        change(message);
        let (place_after, key_after) = (message.place, (message.visible_at, number));
        self.set(place).remove(&key);
        self.set(place_after).insert(key_after);
    }

    /// The messages by state.
    pub(crate) fn counts(&self) -> Counts {
        Counts {
            available: self.available.len(),
            in_flight: self.in_flight.len(),
            delayed: self.delayed.len(),
        }
    }

    /// Takes some message out, for freeing in slices.
    pub(crate) fn pop(&mut self) -> Option<Message> {
        let number = *self.by_number.first_key_value()?.0;
        self.remove(number)
    }

    fn next_visible(&self) -> Option<Timestamp> {
        [self.delayed.first(), self.in_flight.first()].into_iter().flatten().map(|key| key.0).min()
    }

    /// Checks the invariants between the indexes; for tests and debug builds.
    pub(crate) fn check(&self, now: Timestamp) {
        let sets = self.delayed.len() + self.available.len() + self.in_flight.len();
        assert_eq!(sets, self.by_number.len(), "I4: each message is in one set");
        assert_eq!(self.by_sent.len(), self.by_number.len());
        for (number, message) in &self.by_number {
            let key = (message.visible_at, *number);
            let (delayed, available, in_flight) =
                (self.delayed.contains(&key), self.available.contains(&key), self.in_flight.contains(&key));
            assert_eq!(
                (delayed, available, in_flight),
                (
                    message.place == Where::Delayed,
                    message.place == Where::Available,
                    message.place == Where::InFlight
                ),
                "I4: the set agrees with the message"
            );
            assert_eq!(available, message.visible_at <= now, "I5: visible exactly from its time on");
        }
    }
}

impl Queue {
    /// A queue that something was said of before it was stated.
    pub(crate) fn shell(id: QueueId) -> Queue {
        Queue {
            id,
            stated: None,
            next_number: 1,
            expired_before: Timestamp::ZERO,
            purged_before: 0,
            purged_at: Timestamp::ZERO,
            messages: Messages::default(),
            scheduled: None,
        }
    }

    /// Folds a statement in. Messages that it says are gone leave the queue and are returned.
    pub(crate) fn state(&mut self, at: Lsn, stated: &QueueStated) -> Vec<Message> {
        self.stated = Some(Stated {
            arn: stated.arn.clone(),
            revision: stated.revision,
            created: stated.created,
            modified: stated.modified,
            settings: stated.settings.clone(),
            tags: stated.tags.clone(),
            at,
        });
        self.next_number = self.next_number.max(stated.next_number);
        self.purged_at = self.purged_at.max(stated.purged_at);
        self.purged_before = self.purged_before.max(stated.purged_before);
        let purged = self.messages.by_number.range(..self.purged_before).map(|entry| *entry.0);
        let purged = purged.collect::<Vec<_>>();
        let mut gone = purged.into_iter().filter_map(|n| self.messages.remove(n)).collect::<Vec<_>>();
        self.expired_before = self.expired_before.max(stated.expired_before);
        self.expire(&mut gone);
        gone
    }

    /// What a statement of this queue says at `now`. `None` for a shell. What has expired by then is
    /// said from the retention, because [`Queue::advance`] is called only when there is something to do.
    pub(crate) fn statement(&self, now: Timestamp) -> Option<QueueStated> {
        let stated = self.stated.as_ref()?;
        Some(QueueStated {
            id: self.id,
            arn: stated.arn.clone(),
            revision: stated.revision,
            created: stated.created,
            modified: stated.modified,
            settings: stated.settings.clone(),
            tags: stated.tags.clone(),
            next_number: self.next_number,
            expired_before: self.expired_before.max(now.minus_s(stated.settings.retention_s)),
            purged_before: self.purged_before,
            purged_at: self.purged_at,
        })
    }

    /// Lets time pass: hidden messages become visible, old ones expire and are handed to `gone`.
    /// Says whether anything became available. Idempotent. A shell does not expire anything: it does
    /// not know its retention yet.
    pub(crate) fn advance(&mut self, now: Timestamp, gone: &mut Vec<Message>) -> Became {
        if let Some(stated) = &self.stated {
            self.expired_before = self.expired_before.max(now.minus_s(stated.settings.retention_s));
            self.expire(gone);
        }
        let mut became = Became::Nothing;
        for place in [Where::Delayed, Where::InFlight] {
            while let Some(&(at, number)) = self.messages.set(place).first()
                && at <= now
            {
                self.messages.update(number, |message| message.place = Where::Available);
                became = Became::Available;
            }
        }
        became
    }

    fn expire(&mut self, gone: &mut Vec<Message>) {
        while let Some(&(sent_at, number)) = self.messages.by_sent.first()
            && sent_at <= self.expired_before
        {
            gone.extend(self.messages.remove(number));
        }
    }

    /// The next time at which [`Queue::advance`] has something to do.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        let expiry = match (&self.stated, self.messages.by_sent.first()) {
            (Some(stated), Some((sent_at, _))) => Some(sent_at.plus_s(stated.settings.retention_s)),
            (None, _) | (_, None) => None,
        };
        [expiry, self.messages.next_visible()].into_iter().flatten().min()
    }

    /// The queue as its owner may see it. `None` for a shell.
    pub(crate) fn view(&self) -> Option<QueueView> {
        let stated = self.stated.as_ref()?;
        Some(QueueView {
            arn: stated.arn.clone(),
            revision: stated.revision,
            created: stated.created,
            modified: stated.modified,
            settings: stated.settings.clone(),
            tags: stated.tags.clone(),
            counts: self.messages.counts(),
        })
    }

    /// Is the state of the two queues the same at `now`? Where the log states things does not count.
    pub(crate) fn same(&self, other: &Queue, now: Timestamp) -> bool {
        let messages = (&self.messages.by_number, &other.messages.by_number);
        self.statement(now) == other.statement(now)
            && messages.0.len() == messages.1.len()
            && messages.0.iter().zip(messages.1).all(|(a, b)| a.0 == b.0 && a.1.same(b.1))
    }
}

/// What the passing of time did to a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Became {
    /// Nothing that a waiting consumer cares for.
    Nothing,
    /// Messages became available.
    Available,
}
