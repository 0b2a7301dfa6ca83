//! Receives that wait for a message.
//!
//! A receive that found nothing and may wait is parked under its queue, first come first served. It
//! is tried again in the turn in which its queue may have something, and answered empty at its
//! deadline. Nothing polls, and nothing is written.
//!
//! Invariants: every parked receive is in `deadlines`, and the reverse; there are no more than the bound.

use postrider_core::Timestamp;
use postrider_core::command::Receive;
use postrider_core::id::{QueueId, Revision};
use std::collections::{BTreeMap, BTreeSet};

/// Receives that wait in one shard at most. Each holds a connection and a request besides its place here, so
/// without a bound whoever may receive could use up the memory. It is far above what consumers need: one more
/// is answered empty at once, as if it had not asked to wait.
pub const LONG_POLLS_MAX: usize = 100_000;

/// A receive that waits.
#[derive(Debug)]
pub struct Parked<T> {
    /// Who waits.
    pub caller: T,
    /// By which revision of the queue he was judged.
    pub judged: Revision,
    /// For what.
    pub receive: Receive,
}

/// All receives that wait in one shard.
#[derive(Debug)]
pub struct LongPolls<T> {
    /// By queue, in order of arrival.
    queues: BTreeMap<QueueId, BTreeMap<u64, (Timestamp, Parked<T>)>>,
    deadlines: BTreeSet<(Timestamp, QueueId, u64)>,
    arrivals: u64,
    most: usize,
}

impl<T> LongPolls<T> {
    /// A place for `most` receives, in the runtime [`LONG_POLLS_MAX`].
    pub fn new(most: usize) -> LongPolls<T> {
        LongPolls { queues: BTreeMap::new(), deadlines: BTreeSet::new(), arrivals: 0, most }
    }

    /// Is there no place for another one?
    pub fn is_full(&self) -> bool {
        self.len() >= self.most
    }

    /// Parks a receive until `deadline`. There must be a place.
    pub fn park(&mut self, queue: QueueId, deadline: Timestamp, parked: Parked<T>) {
        debug_assert!(!self.is_full(), "nobody parks a receive without a look");
        self.arrivals += 1;
        self.deadlines.insert((deadline, queue, self.arrivals));
        self.queues.entry(queue).or_default().insert(self.arrivals, (deadline, parked));
    }

    /// Takes the receive that has waited longest for this queue.
    pub fn take(&mut self, queue: QueueId) -> Option<Waiting<T>> {
        let waiting = self.queues.get_mut(&queue)?;
        let (arrival, (deadline, parked)) = waiting.pop_first()?;
        if waiting.is_empty() {
            self.queues.remove(&queue);
        }
        self.deadlines.remove(&(deadline, queue, arrival));
        Some(Waiting { queue, arrival, deadline, parked })
    }

    /// Puts a receive back in its old place.
    pub fn put_back(&mut self, waiting: Waiting<T>) {
        let Waiting { queue, arrival, deadline, parked } = waiting;
        self.deadlines.insert((deadline, queue, arrival));
        self.queues.entry(queue).or_default().insert(arrival, (deadline, parked));
    }

    /// Takes a receive whose deadline has come.
    pub fn expired(&mut self, now: Timestamp) -> Option<Parked<T>> {
        let (_, queue, arrival) = *self.deadlines.first().filter(|entry| entry.0 <= now)?;
        self.deadlines.pop_first();
        let waiting = self.queues.get_mut(&queue)?;
        let parked = waiting.remove(&arrival);
        if waiting.is_empty() {
            self.queues.remove(&queue);
        }
        parked.map(|(_, parked)| parked)
    }

    /// The next deadline.
    pub fn due(&self) -> Option<Timestamp> {
        self.deadlines.first().map(|entry| entry.0)
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.deadlines.len()
    }

    /// Does nobody wait?
    pub fn is_empty(&self) -> bool {
        self.deadlines.is_empty()
    }
}

/// A receive taken out of its place, which it may go back to.
#[derive(Debug)]
pub struct Waiting<T> {
    queue: QueueId,
    arrival: u64,
    deadline: Timestamp,
    /// The receive.
    pub parked: Parked<T>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parked(caller: u32) -> Parked<u32> {
        Parked {
            caller,
            judged: Revision(1),
            receive: Receive { max: 1, visibility_s: None, wait_s: Some(1), attempt: None },
        }
    }

    #[test]
    fn first_come_first_served_and_back_in_place() {
        let mut polls = LongPolls::new(3);
        for caller in [1, 2, 3] {
            polls.park(QueueId(7), Timestamp(100), parked(caller));
        }
        assert!(polls.is_full());
        let first = polls.take(QueueId(7)).unwrap();
        assert!(!polls.is_full());
        assert_eq!(first.parked.caller, 1);
        polls.put_back(first);
        assert_eq!(polls.take(QueueId(7)).unwrap().parked.caller, 1);
        assert_eq!(polls.take(QueueId(7)).unwrap().parked.caller, 2);
        assert_eq!(polls.len(), 1);
        assert!(polls.take(QueueId(8)).is_none());
    }

    #[test]
    fn deadlines_come_in_order() {
        let mut polls = LongPolls::new(3);
        polls.park(QueueId(1), Timestamp(300), parked(1));
        polls.park(QueueId(2), Timestamp(200), parked(2));
        assert_eq!(polls.due(), Some(Timestamp(200)));
        assert!(polls.expired(Timestamp(199)).is_none());
        assert_eq!(polls.expired(Timestamp(300)).unwrap().caller, 2);
        assert_eq!(polls.expired(Timestamp(300)).unwrap().caller, 1);
        assert!(polls.is_empty() && polls.expired(Timestamp(999)).is_none());
    }
}
