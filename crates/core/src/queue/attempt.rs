//! Attempts to receive from a FIFO queue that may be repeated (sqs 10).
//!
//! A consumer that did not get the answer asks again with the same id, and gets the same messages under the same
//! handles, unless something has happened to one of them since. Nothing but the numbers is remembered: a handle is a
//! function of the message and its receive.

use super::messages::Messages;
use crate::event::AttemptStated;
use crate::id::{DedupKey, Number};
use crate::{Lsn, Timestamp, limits};
use std::collections::{BTreeMap, BTreeSet};

/// An attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) at: Timestamp,
    /// When the visibility timeout ends that it set: a message that has another one was changed since.
    pub(crate) until: Timestamp,
    /// The messages, and how often each had been handed out then.
    pub(crate) receipts: Vec<(Number, u32)>,
    /// Where the log states it last.
    pub(crate) stated: Lsn,
}

/// The attempts of a queue.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    by_key: BTreeMap<DedupKey, Attempt>,
    by_time: BTreeSet<(Timestamp, DedupKey)>,
}

impl Attempts {
    /// The attempt under this id, if it can be repeated: it is not over, and all its messages are as it left them.
    pub(crate) fn repeatable(&self, key: DedupKey, now: Timestamp, messages: &Messages) -> Option<&Attempt> {
        let attempt = self.by_key.get(&key).filter(|attempt| now < attempt.at + limits::ATTEMPT_WINDOW_MS)?;
        let untouched = attempt.receipts.iter().all(|(number, count)| {
            messages.find(*number).is_some_and(|message| {
                message.receives.count == *count
                    && message.visible_at == attempt.until
                    && message.place != super::message::Where::Leaving
            })
        });
        untouched.then_some(attempt)
    }

    /// An attempt.
    pub(crate) fn find(&self, key: DedupKey) -> Option<&Attempt> {
        self.by_key.get(&key)
    }

    /// Remembers an attempt in place of the one with the same id.
    pub(crate) fn state(&mut self, lsn: Lsn, stated: &AttemptStated) {
        let (at, until, receipts) = (stated.at, stated.until, stated.receipts.clone());
        if let Some(old) = self.by_key.insert(stated.key, Attempt { at, until, receipts, stated: lsn }) {
            self.by_time.remove(&(old.at, stated.key));
        }
        self.by_time.insert((at, stated.key));
    }

    /// Forgets what is over.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        while let Some(&(at, key)) = self.by_time.first()
            && at + limits::ATTEMPT_WINDOW_MS <= now
        {
            self.by_time.pop_first();
            self.by_key.remove(&key);
        }
    }

    /// When the next one is over.
    pub(crate) fn next_expiry(&self) -> Option<Timestamp> {
        self.by_time.first().map(|entry| entry.0 + limits::ATTEMPT_WINDOW_MS)
    }

    /// How many are remembered.
    pub(crate) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Are those the same that are not over at `now`? Where the log states them does not count.
    pub(crate) fn same(&self, other: &Attempts, now: Timestamp) -> bool {
        let all = |attempts: &Attempts| {
            let live = attempts.by_key.iter().filter(|(_, a)| now < a.at + limits::ATTEMPT_WINDOW_MS);
            let all = live.map(|(key, a)| (*key, a.at, a.until, a.receipts.clone()));
            all.collect::<Vec<_>>()
        };
        all(self) == all(other)
    }
}

impl Attempt {
    /// What the log says of it.
    pub(crate) fn statement(&self, queue: crate::id::QueueId, key: DedupKey) -> AttemptStated {
        AttemptStated { queue, key, at: self.at, until: self.until, receipts: self.receipts.clone() }
    }
}
