//! The order of a FIFO queue: which messages of which groups may be handed out (sqs 10).
//!
//! Within a group messages go out by number, and one that is not available — in flight, delayed, or
//! leaving — holds back everything behind it. What is before it goes out: of messages received
//! together, one whose timeout was extended still keeps its place. So a group is two sets of numbers,
//! available and blocking, and can give those available numbers that are before all blocking ones.
//! Groups take turns by their first message.
//!
//! Invariants:
//! - a group has a message; each of its messages is in one of its two sets;
//! - `ready` holds exactly the groups that can give a message, each under the first one's number. So
//!   handing out never looks at a group that is blocked.
//!
//! Each change is O(log n), and so is each step of [`Order::pick`].

use super::message::Where;
use crate::id::{GroupKey, Number};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// The groups of a FIFO queue.
#[derive(Debug, Default)]
pub(crate) struct Order {
    groups: BTreeMap<GroupKey, Group>,
    ready: BTreeSet<(Number, GroupKey)>,
}

#[derive(Debug, Default)]
struct Group {
    available: BTreeSet<Number>,
    blocking: BTreeSet<Number>,
}

impl Order {
    /// A message is in this place from now on. It is in no other.
    pub(crate) fn enter(&mut self, number: Number, place: Where, group: GroupKey) {
        let members = self.groups.entry(group).or_default();
        let before = members.head();
        let entered = members.set(place).insert(number);
        debug_assert!(entered, "a message enters a place once");
        let after = members.head();
        self.reindex(group, before, after);
    }

    /// A message that was in this place no longer is.
    pub(crate) fn leave(&mut self, number: Number, place: Where, group: GroupKey) {
        let Entry::Occupied(mut members) = self.groups.entry(group) else { return };
        let before = members.get().head();
        let left = members.get_mut().set(place).remove(&number);
        debug_assert!(left, "a message leaves the place where it is");
        let after = members.get().head();
        if members.get().is_empty() {
            members.remove();
        }
        self.reindex(group, before, after);
    }

    fn reindex(&mut self, group: GroupKey, before: Option<Number>, after: Option<Number>) {
        if before != after {
            before.map(|number| self.ready.remove(&(number, group)));
            after.map(|number| self.ready.insert((number, group)));
        }
    }

    /// The messages that can be handed out, by group: all that the group of the oldest can give, in order, then those of
    /// the next group.
    pub(crate) fn groups_ready(&self) -> impl Iterator<Item = impl Iterator<Item = Number>> {
        self.ready.iter().filter_map(|(_, group)| self.groups.get(group)).map(Group::deliverable)
    }

    /// Can any message be handed out?
    pub(crate) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Groups with a message.
    #[cfg(test)]
    pub(crate) fn groups(&self) -> usize {
        self.groups.len()
    }
}

impl Group {
    fn set(&mut self, place: Where) -> &mut BTreeSet<Number> {
        match place {
            Where::Available => &mut self.available,
            Where::Delayed | Where::InFlight | Where::Leaving => &mut self.blocking,
        }
    }

    fn is_empty(&self) -> bool {
        self.available.is_empty() && self.blocking.is_empty()
    }

    /// The first message, if it can be handed out.
    fn head(&self) -> Option<Number> {
        let first = *self.available.first()?;
        self.blocking.first().is_none_or(|blocking| first < *blocking).then_some(first)
    }

    fn deliverable(&self) -> impl Iterator<Item = Number> {
        let end = self.blocking.first().copied().unwrap_or(Number::MAX);
        self.available.range(..end).copied()
    }
}

#[cfg(test)]
mod tests;
