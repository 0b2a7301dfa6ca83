//! What was asked, what was answered, and what follows for what may come out of a queue.
//!
//! Times are measured by the client from one origin. A request is worked on between the moment it is sent
//! and the moment its answer is read, so every rule compares the end of the interval that makes it hardest
//! to be wrong; `SLACK` covers the slewing of the server's clock (10 % at most).
//!
//! A request without an answer may or may not have happened: such a message may arrive or not, but never
//! twice, and never where nobody sent it.

use std::collections::HashMap;
use std::time::Duration;

/// The part of a timeout within which a message is surely still hidden.
const SLACK: f64 = 0.85;
const VIOLATIONS_SHOWN: usize = 20;

/// The interval within which the server worked on a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    /// When the request was sent.
    pub(super) asked: Duration,
    /// When the answer was read.
    pub(super) answered: Duration,
}

/// Something that was sent to a queue, directly or by a publication.
#[derive(Debug, Clone)]
struct Promise {
    asked: Duration,
    delay: Duration,
    acknowledged: bool,
}

/// A message that was seen in a queue.
#[derive(Debug)]
struct Copy {
    key: String,
    seen: Span,
    hidden_until: Duration,
    deleted: Option<Duration>,
}

#[derive(Debug, Default)]
struct Lane {
    promises: HashMap<String, Promise>,
    copies: HashMap<String, Copy>,
    message_ids: HashMap<String, String>,
    acknowledged: u64,
    deleted: u64,
    deletes_unanswered: u64,
}

/// The books of one run.
#[derive(Debug)]
pub(super) struct Ledger {
    lanes: Vec<Lane>,
    violations: Vec<String>,
    received: u64,
}

/// How many messages a queue can hold, by what is known from outside.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    /// Acknowledged and not deleted, less the deletes without an answer.
    pub(super) least: u64,
    /// Asked for and not deleted.
    pub(super) most: u64,
}

impl Ledger {
    /// Books for that many queues.
    pub(super) fn new(lanes: usize) -> Ledger {
        let lanes = (0..lanes).map(|_| Lane::default()).collect();
        Ledger { lanes, violations: Vec::new(), received: 0 }
    }

    /// A message is about to be sent that will show up in `lane` under `key`, not before `delay`.
    pub(super) fn asked(&mut self, lane: usize, key: &str, at: Duration, delay: Duration) {
        let promise = Promise { asked: at, delay, acknowledged: false };
        self.lanes[lane].promises.insert(key.to_owned(), promise);
    }

    /// The server took the message. A direct send also learns its message id.
    pub(super) fn acknowledged(&mut self, lane: usize, key: &str, message_id: Option<&str>) {
        let books = &mut self.lanes[lane];
        match books.promises.get_mut(key) {
            Some(promise) if promise.acknowledged => {}
            Some(promise) => {
                promise.acknowledged = true;
                books.acknowledged += 1;
            }
            None => self.violations.push(format!("{key} was acknowledged but never sent")),
        }
        let Some(message_id) = message_id else { return };
        let known = books.message_ids.entry(key.to_owned()).or_insert_with(|| message_id.to_owned());
        if known != message_id {
            self.violations.push(format!("{key} was acknowledged as {message_id} and received as {known}"));
        }
    }

    /// A message was received. `hidden` is the visibility timeout that it was received with.
    pub(super) fn received(
        &mut self,
        lane: usize,
        key: &str,
        message_id: &str,
        span: Span,
        hidden: Duration,
    ) {
        self.received += 1;
        let books = &mut self.lanes[lane];
        let Some(promise) = books.promises.get(key) else {
            self.violations.push(format!("{key} arrived in queue {lane}, where nobody sent it"));
            return;
        };
        if span.answered < promise.asked + promise.delay.mul_f64(SLACK) {
            self.violations.push(format!("{key} arrived in queue {lane} before its delay was over"));
        }
        let known = books.message_ids.entry(key.to_owned()).or_insert_with(|| message_id.to_owned());
        if known != message_id {
            self.violations.push(format!("{key} is in queue {lane} twice: as {known} and as {message_id}"));
        }
        let hidden_until = span.asked + hidden.mul_f64(SLACK);
        let Some(copy) = books.copies.get_mut(message_id) else {
            let copy = Copy { key: key.to_owned(), seen: span, hidden_until, deleted: None };
            books.copies.insert(message_id.to_owned(), copy);
            return;
        };
        if copy.key != key {
            self.violations.push(format!("message {message_id} held {} and then {key}", copy.key));
        }
        if copy.deleted.is_some_and(|deleted| span.asked > deleted) {
            self.violations
                .push(format!("{key} came back to queue {lane} after its delete was acknowledged"));
        }
        if span.answered >= copy.seen.answered && span.answered < copy.hidden_until {
            self.violations.push(format!("{key} was handed out in queue {lane} while it was in flight"));
        }
        copy.seen = span;
        copy.hidden_until = hidden_until;
    }

    /// The message is about to be made visible at once.
    pub(super) fn released(&mut self, lane: usize, message_id: &str) {
        if let Some(copy) = self.lanes[lane].copies.get_mut(message_id) {
            copy.hidden_until = Duration::ZERO;
        }
    }

    /// A delete is about to be sent.
    pub(super) fn delete_asked(&mut self, lane: usize) {
        self.lanes[lane].deletes_unanswered += 1;
    }

    /// A delete was acknowledged; its handle comes from the receive that was asked at `received`. It binds
    /// only if that handle was surely still the newest of its message: if the message may have been handed
    /// out since, deleting with the older handle promises nothing.
    pub(super) fn deleted(&mut self, lane: usize, message_id: &str, received: Duration, answered: Duration) {
        let books = &mut self.lanes[lane];
        let Some(copy) = books.copies.get_mut(message_id) else { return };
        let newest = copy.seen.asked == received && answered < copy.hidden_until;
        if newest && copy.deleted.is_none() {
            copy.deleted = Some(answered);
            books.deleted += 1;
            books.deletes_unanswered -= 1;
        }
    }

    /// The bounds of a queue's length.
    pub(super) fn bounds(&self, lane: usize) -> Bounds {
        let books = &self.lanes[lane];
        let least = books.acknowledged.saturating_sub(books.deleted + books.deletes_unanswered);
        Bounds { least, most: books.promises.len() as u64 - books.deleted }
    }

    /// Notes something that must not be.
    pub(super) fn violation(&mut self, text: String) {
        self.violations.push(text);
    }

    /// After everything was drained: what was acknowledged and never seen is lost.
    pub(super) fn close(&mut self) {
        for (number, books) in self.lanes.iter().enumerate() {
            let seen: std::collections::HashSet<&str> =
                books.copies.values().map(|copy| copy.key.as_str()).collect();
            for (key, promise) in &books.promises {
                if promise.acknowledged && !seen.contains(key.as_str()) {
                    self.violations
                        .push(format!("{key} was acknowledged and never arrived in queue {number}"));
                }
            }
        }
    }

    /// An error with the violations so far, if there is any.
    pub(super) fn verdict(&self) -> Result<(), String> {
        if self.violations.is_empty() {
            return Ok(());
        }
        let shown = &self.violations[..self.violations.len().min(VIOLATIONS_SHOWN)];
        Err(format!("{} violations, among them\n  {}", self.violations.len(), shown.join("\n  ")))
    }

    /// One line of numbers.
    pub(super) fn totals(&self) -> String {
        let promises: usize = self.lanes.iter().map(|books| books.promises.len()).sum();
        let acknowledged: u64 = self.lanes.iter().map(|books| books.acknowledged).sum();
        let deleted: u64 = self.lanes.iter().map(|books| books.deleted).sum();
        format!("{acknowledged} of {promises} acknowledged, {} received, {deleted} deleted", self.received)
    }

    /// Messages that may be waiting, over all queues.
    pub(super) fn backlog(&self) -> u64 {
        (0..self.lanes.len()).map(|lane| self.bounds(lane).most).sum()
    }
}

#[cfg(test)]
mod tests;
