//! The order of a standard queue: who goes first when one tenant crowds out the others (sqs 12).
//!
//! A message group on a standard queue is a tenant, and so is every message without a group. A group
//! with a large share of what is in flight, or of the time that consumers lately spent, is *noisy*
//! as long as it has a backlog and goes on sending; messages of the others, *quiet*, go out first.
//! Among each other both keep the order in which they became available, so where nobody is noisy
//! this is the plain order.
//!
//! All of it is derived from what passed, and is neutral after a restart: noise is a preference, not
//! a promise, and nothing of it is in the log.
//!
//! Invariants:
//! - `ungrouped` and the groups' `available` hold exactly the available messages;
//! - a group has a message; a noisy one has an available message;
//! - `quiet` and `noisy` hold each group with an available message, under the first one, and
//!   `noisy_by_sent` the noisy ones again; `noisy_tally` is the sum of theirs, `tally` of all.
//!
//! Each change is O(log n). A change of a message without a group is that of one set, and
//! [`Order::pick`] costs O(log n) for each message taken, however many messages and groups there are.

mod merge;

use super::message::Where;
use crate::Timestamp;
use crate::id::{GroupKey, Number};
use crate::reply::FairCounts;
use merge::Merge;
use std::collections::{BTreeMap, BTreeSet, btree_set};

/// A group has to have this many messages in flight to be noisy for their sake (sqs 12).
const IN_FLIGHT_MIN: usize = 30;
/// More than one part in so many, of what is in flight or of recent processing time, is a large share
/// (sqs 12).
const SHARE_DIVISOR: usize = 10;
/// A noisy group that sends nothing for so long, milliseconds, is quiet again (sqs 12).
const SILENCE_MS: u64 = 300_000;
/// Recent processing time is that of the current slot of so many milliseconds and of the one before.
/// AWS does not say what recent is.
const SLOT_MS: u64 = 150_000;

/// When a message became available, and its number.
type Key = (Timestamp, Number);

/// The available messages of a standard queue, and what is known of its tenants.
#[derive(Debug, Default)]
pub(crate) struct Order {
    ungrouped: BTreeSet<Key>,
    groups: BTreeMap<GroupKey, Group>,
    quiet: BTreeSet<(Key, GroupKey)>,
    noisy: BTreeSet<(Key, GroupKey)>,
    noisy_by_sent: BTreeSet<(Timestamp, GroupKey)>,
    tally: Tally,
    noisy_tally: Tally,
    processing: Recent,
}

#[derive(Debug, Default)]
struct Group {
    available: BTreeSet<Key>,
    tally: Tally,
    last_sent: Timestamp,
    processing: Recent,
    noise: Noise,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Noise {
    #[default]
    Quiet,
    Noisy,
}

impl Order {
    /// A message is in this place from now on. It is in no other.
    pub(crate) fn enter(&mut self, now: Timestamp, key: Key, place: Where, group: Option<GroupKey>) {
        self.put(now, key, place, group, None);
    }

    /// A message that was sent then is new here, in this place.
    pub(crate) fn arrive(
        &mut self,
        now: Timestamp,
        key: Key,
        place: Where,
        group: Option<GroupKey>,
        sent: Timestamp,
    ) {
        self.put(now, key, place, group, Some(sent));
    }

    fn put(
        &mut self,
        now: Timestamp,
        key: Key,
        place: Where,
        group: Option<GroupKey>,
        sent: Option<Timestamp>,
    ) {
        *self.tally.of(place) += 1;
        let Some(group) = group else {
            if place == Where::Available {
                self.ungrouped.insert(key);
            }
            return;
        };
        let members = self.groups.entry(group).or_default();
        *members.tally.of(place) += 1;
        if members.noise == Noise::Noisy {
            *self.noisy_tally.of(place) += 1;
        }
        if let Some(sent) = sent.filter(|sent| *sent > members.last_sent) {
            if members.noise == Noise::Noisy {
                self.noisy_by_sent.remove(&(members.last_sent, group));
                self.noisy_by_sent.insert((sent, group));
            }
            members.last_sent = sent;
        }
        let head = members.available.first().copied();
        if place == Where::Available {
            members.available.insert(key);
        }
        let (noise, head_after) = (members.noise, members.available.first().copied());
        let acts = sent.is_some() || matches!(place, Where::Available | Where::InFlight);
        let becomes_noisy = acts && members.crowds(now, self.tally.in_flight, &self.processing);
        self.reindex(noise, group, head, head_after);
        if becomes_noisy {
            self.turn(group, Noise::Noisy);
        }
    }

    /// A message that was in this place no longer is.
    pub(crate) fn leave(&mut self, key: Key, place: Where, group: Option<GroupKey>) {
        *self.tally.of(place) -= 1;
        let Some(group) = group else {
            if place == Where::Available {
                self.ungrouped.remove(&key);
            }
            return;
        };
        let Some(members) = self.groups.get_mut(&group) else { return };
        *members.tally.of(place) -= 1;
        if members.noise == Noise::Noisy {
            *self.noisy_tally.of(place) -= 1;
        }
        let gone = members.tally == Tally::default();
        if place == Where::Available {
            let before = members.available.first().copied();
            members.available.remove(&key);
            let (noise, after) = (members.noise, members.available.first().copied());
            self.reindex(noise, group, before, after);
            if after.is_none() {
                self.turn(group, Noise::Quiet);
            }
        }
        if gone {
            self.groups.remove(&group);
        }
    }

    /// A message left the state of being in flight after so many milliseconds: it was deleted, or its
    /// visibility timeout passed.
    pub(crate) fn processed(&mut self, now: Timestamp, group: Option<GroupKey>, ms: u64) {
        self.processing.add(now, ms);
        let Some(group) = group else { return };
        if let Some(members) = self.groups.get_mut(&group) {
            members.processing.add(now, ms);
            if members.crowds(now, self.tally.in_flight, &self.processing) {
                self.turn(group, Noise::Noisy);
            }
        }
    }

    /// Lets time pass: groups that have sent nothing for a while are quiet again.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        while let Some(&(sent, group)) = self.noisy_by_sent.first()
            && silent(sent, now)
        {
            self.turn(group, Noise::Quiet);
        }
    }

    /// The next time at which [`Order::advance`] has something to do.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        self.noisy_by_sent.first().map(|(sent, _)| *sent + SILENCE_MS)
    }

    /// Forgets what makes groups noisy, as if nothing had been handed out yet.
    pub(crate) fn neutral(&mut self) {
        while let Some(&(_, group)) = self.noisy_by_sent.first() {
            self.turn(group, Noise::Quiet);
        }
        self.groups.values_mut().for_each(|members| members.processing = Recent::default());
        self.processing = Recent::default();
    }

    /// The available messages: those of quiet tenants, then those of noisy ones.
    pub(crate) fn pick(&self) -> impl Iterator<Item = Number> {
        let quiet = Merge::new(&self.groups, self.quiet.iter(), self.ungrouped.iter());
        let noisy = Merge::new(&self.groups, self.noisy.iter(), btree_set::Iter::default());
        quiet.chain(noisy)
    }

    /// How the messages divide between quiet and noisy tenants.
    pub(crate) fn counts(&self) -> FairCounts {
        FairCounts {
            noisy_groups: self.noisy_by_sent.len(),
            quiet_available: self.tally.available - self.noisy_tally.available,
            quiet_in_flight: self.tally.in_flight - self.noisy_tally.in_flight,
            quiet_delayed: self.tally.delayed - self.noisy_tally.delayed,
        }
    }

    fn turn(&mut self, group: GroupKey, noise: Noise) {
        let Some(members) = self.groups.get_mut(&group) else { return };
        if members.noise == noise {
            return;
        }
        let before = std::mem::replace(&mut members.noise, noise);
        let (head, sent, tally) = (members.available.first().copied(), members.last_sent, members.tally);
        self.reindex(before, group, head, None);
        self.reindex(noise, group, None, head);
        match noise {
            Noise::Quiet => {
                self.noisy_by_sent.remove(&(sent, group));
                self.noisy_tally.less(tally);
            }
            Noise::Noisy => {
                self.noisy_by_sent.insert((sent, group));
                self.noisy_tally.more(tally);
            }
        }
    }

    fn reindex(&mut self, noise: Noise, group: GroupKey, before: Option<Key>, after: Option<Key>) {
        let heads = match noise {
            Noise::Quiet => &mut self.quiet,
            Noise::Noisy => &mut self.noisy,
        };
        if before != after {
            before.map(|key| heads.remove(&(key, group)));
            after.map(|key| heads.insert((key, group)));
        }
    }
}

impl Group {
    /// Has the group become noisy? That ends only by what [`Order::leave`] and [`Order::advance`] see, so that the
    /// preference does not flicker.
    fn crowds(&self, now: Timestamp, in_flight_all: usize, processing_all: &Recent) -> bool {
        if self.noise == Noise::Noisy || self.available.is_empty() || silent(self.last_sent, now) {
            return false;
        }
        let in_flight = self.tally.in_flight;
        let time = self.processing.at(now);
        in_flight >= IN_FLIGHT_MIN && in_flight * SHARE_DIVISOR > in_flight_all
            || time.saturating_mul(SHARE_DIVISOR as u64) > processing_all.at(now)
    }
}

fn silent(last_sent: Timestamp, now: Timestamp) -> bool {
    last_sent + SILENCE_MS <= now
}

/// Messages by place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    available: usize,
    in_flight: usize,
    delayed: usize,
    leaving: usize,
}

impl Tally {
    fn of(&mut self, place: Where) -> &mut usize {
        match place {
            Where::Available => &mut self.available,
            Where::InFlight => &mut self.in_flight,
            Where::Delayed => &mut self.delayed,
            Where::Leaving => &mut self.leaving,
        }
    }

    fn more(&mut self, other: Tally) {
        self.available += other.available;
        self.in_flight += other.in_flight;
        self.delayed += other.delayed;
        self.leaving += other.leaving;
    }

    fn less(&mut self, other: Tally) {
        self.available -= other.available;
        self.in_flight -= other.in_flight;
        self.delayed -= other.delayed;
        self.leaving -= other.leaving;
    }
}

/// Milliseconds of processing in the current slot of time and in the one before.
#[derive(Clone, Copy, Debug, Default)]
struct Recent {
    slot: u64,
    current: u64,
    previous: u64,
}

impl Recent {
    fn slot(now: Timestamp) -> u64 {
        now.0 / SLOT_MS
    }

    fn add(&mut self, now: Timestamp, ms: u64) {
        let slot = Recent::slot(now);
        if slot > self.slot {
            let previous = if slot == self.slot + 1 { self.current } else { 0 };
            *self = Recent { slot, current: 0, previous };
        }
        self.current = self.current.saturating_add(ms);
    }

    fn at(&self, now: Timestamp) -> u64 {
        match Recent::slot(now).saturating_sub(self.slot) {
            0 => self.current.saturating_add(self.previous),
            1 => self.current,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests;
