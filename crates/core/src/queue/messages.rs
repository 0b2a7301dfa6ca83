//! The messages of a queue, and the places they move between.
//!
//! Invariants:
//! - every message is in exactly one place: delayed, available, in flight, or leaving for another shard;
//! - `delayed` and `in_flight` are keyed by (`visible_at`, number), so what ends first comes first; what is available
//!   is in the order of the queue's type, and that order is the same after a replay;
//! - `by_sent` holds exactly the messages that can expire: all but those that leave.
//!
//! All operations are O(log n) in the messages of the queue.

use super::message::{Message, Where};
use super::{fair, fifo};
use crate::Timestamp;
use crate::id::{GroupKey, Number, Uuid};
use crate::reply::{Counts, FairCounts};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// The messages of a queue and their indexes.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    /// In boxes: the nodes of a tree that grows at its end are half empty.
    by_number: BTreeMap<Number, Box<Message>>,
    by_sent: BTreeSet<(Timestamp, Number)>,
    /// Messages on their way to another shard.
    leaving: BTreeMap<Number, Route>,
    /// How many of those each task has sent on their way.
    on_the_way: BTreeMap<Uuid, usize>,
    places: Places,
}

/// The way of a message to another shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// The shard.
    pub(crate) to: u16,
    /// Its number in what is owed to that shard.
    pub(crate) owed: u64,
    /// The task that moves it, if one does.
    pub(crate) task: Option<Uuid>,
}

/// Where each message is.
#[derive(Debug, Default)]
struct Places {
    delayed: BTreeSet<(Timestamp, Number)>,
    in_flight: BTreeSet<(Timestamp, Number)>,
    order: Order,
}

/// In which order messages are handed out.
#[derive(Debug)]
enum Order {
    Standard(fair::Order),
    Fifo(fifo::Order),
}

/// Whether to go on after a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visit {
    /// With the next message.
    Next,
    /// With the next message of another group, in a FIFO queue; else with the next message.
    NextGroup,
    /// Not at all.
    Stop,
}

impl Default for Order {
    fn default() -> Order {
        Order::Standard(fair::Order::default())
    }
}

impl Messages {
    /// No messages, of a FIFO queue.
    pub(crate) fn fifo() -> Messages {
        let order = Order::Fifo(fifo::Order::default());
        Messages { places: Places { order, ..Places::default() }, ..Messages::default() }
    }

    /// Orders the messages as those of a FIFO queue: of a shell it is not known what it is until it is stated.
    pub(crate) fn become_fifo(&mut self) {
        if matches!(self.places.order, Order::Fifo(_)) {
            return;
        }
        let mut order = fifo::Order::default();
        for (number, message) in &self.by_number {
            order.enter(*number, message.place, message.group());
        }
        self.places.order = Order::Fifo(order);
    }

    /// Puts a message in. None is there under its number.
    pub(crate) fn insert(&mut self, now: Timestamp, number: Number, message: Message) {
        self.places.arrive(now, number, &message);
        self.by_sent.insert((message.sent_at, number));
        let there = self.by_number.insert(number, Box::new(message));
        debug_assert!(there.is_none(), "the number was vacated");
    }

    /// Takes a message out.
    pub(crate) fn remove(&mut self, now: Timestamp, number: Number) -> Option<Message> {
        let message = self.by_number.remove(&number)?;
        self.places.processed(now, message.group, message.held_ms(now));
        self.places.leave(number, &message);
        self.by_sent.remove(&(message.sent_at, number));
        if message.place == Where::Leaving {
            self.forget_route(number);
        }
        Some(*message)
    }

    /// Changes when a message is visible and what consumers did with it.
    pub(crate) fn update(&mut self, now: Timestamp, number: Number, change: impl FnOnce(&mut Message)) {
        let Some(message) = self.by_number.get_mut(&number) else { return };
        let held_ms = message.held_ms(now);
        self.places.leave(number, message);
        change(message);
        self.places.enter(now, number, message);
        if message.place != Where::InFlight {
            self.places.processed(now, message.group, held_ms);
        }
    }

    /// A message is on its way to another shard: nothing happens to it until that shard has answered.
    pub(crate) fn depart(&mut self, now: Timestamp, number: Number, route: Route) {
        let Some(message) = self.find(number) else { return };
        self.by_sent.remove(&(message.sent_at, number));
        self.leaving.insert(number, route);
        if let Some(task) = route.task {
            *self.on_the_way.entry(task).or_default() += 1;
        }
        self.update(now, number, |message| message.place = Where::Leaving);
    }

    /// A message could not leave, and is available again.
    pub(crate) fn stay(&mut self, now: Timestamp, number: Number, change: impl FnOnce(&mut Message)) {
        let Some(message) = self.find(number) else { return };
        self.by_sent.insert((message.sent_at, number));
        self.forget_route(number);
        self.update(now, number, |message| {
            message.place = Where::Available;
            message.visible_at = now;
            change(message);
        });
    }

    fn forget_route(&mut self, number: Number) {
        let task = self.leaving.remove(&number).and_then(|route| route.task);
        if let Some(task) = task
            && let Some(messages) = self.on_the_way.get_mut(&task)
        {
            *messages -= 1;
            if *messages == 0 {
                self.on_the_way.remove(&task);
            }
        }
    }

    /// A message.
    pub(crate) fn find(&self, number: Number) -> Option<&Message> {
        self.by_number.get(&number).map(|message| &**message)
    }

    /// All messages in order of their numbers, beginning with this one.
    pub(crate) fn starting_at(&self, number: Number) -> impl Iterator<Item = (Number, &Message)> {
        self.by_number.range(number..).map(|(number, message)| (*number, &**message))
    }

    /// Shows the messages that may be handed out, in the order in which they are, until `visit` has enough.
    pub(crate) fn ready(&self, mut visit: impl FnMut(Number) -> Visit) {
        match &self.places.order {
            Order::Standard(order) => {
                for number in order.pick() {
                    if visit(number) == Visit::Stop {
                        return;
                    }
                }
            }
            Order::Fifo(order) => {
                for group in order.groups_ready() {
                    for number in group {
                        match visit(number) {
                            Visit::Next => {}
                            Visit::NextGroup => break,
                            Visit::Stop => return,
                        }
                    }
                }
            }
        }
    }

    /// May any message be handed out?
    pub(crate) fn has_ready(&self) -> bool {
        match &self.places.order {
            Order::Standard(_) => self.available() > 0,
            Order::Fifo(order) => order.has_ready(),
        }
    }

    /// The messages by state. Those that leave are not visible.
    pub(crate) fn counts(&self) -> Counts {
        Counts {
            available: self.available(),
            in_flight: self.places.in_flight.len() + self.leaving.len(),
            delayed: self.places.delayed.len(),
        }
    }

    fn available(&self) -> usize {
        self.by_number.len() - self.places.hidden() - self.leaving.len()
    }

    /// What the groups of a standard queue do.
    pub(crate) fn fair_counts(&self) -> FairCounts {
        match &self.places.order {
            Order::Standard(order) => order.counts(),
            Order::Fifo(_) => FairCounts::default(),
        }
    }

    /// Forgets which groups were noisy.
    pub(crate) fn neutral(&mut self) {
        if let Order::Standard(order) = &mut self.places.order {
            order.neutral();
        }
    }

    /// The messages on their way to another shard.
    pub(crate) fn leaving(&self) -> &BTreeMap<Number, Route> {
        &self.leaving
    }

    /// Messages that this task has sent on their way.
    pub(crate) fn on_the_way(&self, task: Uuid) -> usize {
        self.on_the_way.get(&task).copied().unwrap_or(0)
    }

    /// Takes some message out, for freeing in slices.
    pub(crate) fn pop(&mut self) -> Option<Message> {
        let number = *self.by_number.first_key_value()?.0;
        self.remove(Timestamp::ZERO, number)
    }

    /// Takes out all messages but those that leave, and gives them for freeing in slices.
    pub(crate) fn purge_all(&mut self, now: Timestamp) -> Messages {
        let stay = match self.places.order {
            Order::Standard(_) => Messages::default(),
            Order::Fifo(_) => Messages::fifo(),
        };
        let mut purged = std::mem::replace(self, stay);
        for (number, route) in purged.leaving.clone() {
            if let Some(message) = purged.remove(now, number) {
                self.insert(now, number, message);
                self.depart(now, number, route);
            }
        }
        purged
    }

    /// Takes out the messages that were numbered below `before`, all but those that leave.
    pub(crate) fn purge(&mut self, now: Timestamp, before: Number, gone: &mut Vec<Message>) {
        let stays = |number: &Number| self.leaving.contains_key(number);
        let purged = self.by_number.range(..before).map(|entry| *entry.0).filter(|number| !stays(number));
        let purged = purged.collect::<Vec<_>>();
        gone.extend(purged.into_iter().filter_map(|number| self.remove(now, number)));
    }

    /// Takes out the messages that were sent at or before `before` and are numbered below `below`.
    pub(crate) fn expire(
        &mut self,
        now: Timestamp,
        before: Timestamp,
        below: Number,
        gone: &mut Vec<Message>,
    ) {
        let mut next = self.by_sent.first().copied();
        while let Some((sent_at, number)) = next.filter(|next| next.0 <= before) {
            if number < below {
                gone.extend(self.remove(now, number));
            }
            next = self.by_sent.range((Bound::Excluded((sent_at, number)), Bound::Unbounded)).next().copied();
        }
    }

    /// Makes available what is no longer hidden. Says whether there was any.
    pub(crate) fn reveal(&mut self, now: Timestamp) -> bool {
        let mut any = false;
        while let Some(number) = self.places.next_hidden().filter(|key| key.0 <= now).map(|key| key.1) {
            self.update(now, number, |message| message.place = Where::Available);
            any = true;
        }
        if let Order::Standard(order) = &mut self.places.order {
            order.advance(now);
        }
        any
    }

    /// The next time at which a hidden message is to be seen, or a noisy group is quiet again.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        let fair = match &self.places.order {
            Order::Standard(order) => order.due(),
            Order::Fifo(_) => None,
        };
        self.places.next_hidden().map(|key| key.0).into_iter().chain(fair).min()
    }

    /// When the oldest message was sent that can expire.
    pub(crate) fn oldest(&self) -> Option<Timestamp> {
        self.by_sent.first().map(|key| key.0)
    }

    /// Checks the invariants between the indexes; for tests and debug builds.
    pub(crate) fn check(&self, now: Timestamp) {
        assert_eq!(self.by_sent.len() + self.leaving.len(), self.by_number.len());
        for (number, message) in &self.by_number {
            let key = (message.visible_at, *number);
            let places = (
                self.places.delayed.contains(&key),
                self.places.in_flight.contains(&key),
                self.leaving.contains_key(number),
            );
            let place = message.place;
            let expected = (place == Where::Delayed, place == Where::InFlight, place == Where::Leaving);
            assert_eq!(places, expected, "I4: the index agrees with the message");
            let visible = message.visible_at <= now;
            assert!(
                place == Where::Leaving || visible == (place == Where::Available),
                "I5: visible exactly from its time on"
            );
        }
        let mut ready = BTreeSet::new();
        self.ready(|number| {
            ready.insert(number);
            Visit::Next
        });
        let available = self.by_number.iter().filter(|(_, message)| message.place == Where::Available);
        match &self.places.order {
            Order::Standard(_) => {
                assert_eq!(
                    ready,
                    available.map(|entry| *entry.0).collect(),
                    "all that is available is ready"
                );
            }
            Order::Fifo(_) => {
                let mut blocked = BTreeSet::new();
                for (number, message) in &self.by_number {
                    let group = message.group();
                    if message.place != Where::Available {
                        blocked.insert(group);
                    }
                    let expected = !blocked.contains(&group);
                    assert_eq!(
                        ready.contains(number),
                        expected,
                        "I6: ready up to the first that is not settled"
                    );
                }
            }
        }
    }

    /// Are the messages the same? Where payloads lie does not count.
    pub(crate) fn same(&self, other: &Messages) -> bool {
        self.by_number.len() == other.by_number.len()
            && self.by_number.iter().zip(&other.by_number).all(|(a, b)| a.0 == b.0 && a.1.same(b.1))
            && self.leaving == other.leaving
    }

    /// All messages.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Message> {
        self.by_number.values().map(|message| &**message)
    }
}

impl Places {
    fn enter(&mut self, now: Timestamp, number: Number, message: &Message) {
        let key = self.hide(number, message);
        match &mut self.order {
            Order::Standard(order) => order.enter(now, key, message.place, message.group),
            Order::Fifo(order) => order.enter(number, message.place, message.group()),
        }
    }

    /// The message is new here.
    fn arrive(&mut self, now: Timestamp, number: Number, message: &Message) {
        let key = self.hide(number, message);
        match &mut self.order {
            Order::Standard(order) => {
                order.arrive(now, key, message.place, message.group, message.sent_at);
            }
            Order::Fifo(order) => order.enter(number, message.place, message.group()),
        }
    }

    /// Notes when a hidden message is to be seen. Gives the key under which it is.
    fn hide(&mut self, number: Number, message: &Message) -> (Timestamp, Number) {
        let key = (message.visible_at, number);
        match message.place {
            Where::Delayed => self.delayed.insert(key),
            Where::InFlight => self.in_flight.insert(key),
            Where::Available | Where::Leaving => true,
        };
        key
    }

    fn leave(&mut self, number: Number, message: &Message) {
        let key = (message.visible_at, number);
        match message.place {
            Where::Delayed => self.delayed.remove(&key),
            Where::InFlight => self.in_flight.remove(&key),
            Where::Available | Where::Leaving => true,
        };
        match &mut self.order {
            Order::Standard(order) => order.leave(key, message.place, message.group),
            Order::Fifo(order) => order.leave(number, message.place, message.group()),
        }
    }

    /// A consumer has done with a message, or lost it, after it held it so long.
    fn processed(&mut self, now: Timestamp, group: Option<GroupKey>, held_ms: Option<u64>) {
        if let (Order::Standard(order), Some(held_ms)) = (&mut self.order, held_ms) {
            order.processed(now, group, held_ms);
        }
    }

    fn next_hidden(&self) -> Option<(Timestamp, Number)> {
        [self.delayed.first(), self.in_flight.first()].into_iter().flatten().min().copied()
    }

    fn hidden(&self) -> usize {
        self.delayed.len() + self.in_flight.len()
    }
}
