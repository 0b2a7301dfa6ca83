//! Deliveries to endpoints outside: what is owed to each subscription, and when it is tried next.
//!
//! Each delivery stands alone: there is no order between those of one subscription. They hang under their
//! subscription in a *line*, because who the endpoint is and what its policies say is asked at each attempt, and
//! because a bad endpoint must only hurt itself.
//!
//! Whether somebody is making an attempt right now is not state: the log does not have it, and after a restart
//! everything that is owed is tried again when its time has come. The bound on attempts of one line adapts
//! to how they end, so that endpoints that hang do not take the places of others.
//!
//! Invariants:
//! - `due` of a line has exactly those of `owed` that nobody has taken;
//! - `due` of all has each line that may have another attempt, at the time of its next.

use crate::id::{PublicationId, TopicId, Uuid};
use crate::{Timestamp, limits};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

/// A subscription of a topic.
pub(crate) type LineKey = (TopicId, Uuid);

/// One delivery. A million of them must be cheap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owing {
    /// Attempts that failed.
    pub(crate) failures: u32,
    /// When to try next, at the earliest.
    pub(crate) at: Timestamp,
}

/// How the attempts of a line end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trend {
    Good,
    /// Well, but late: whoever takes long must not take many places.
    Slow,
    Bad,
}

/// All that is owed to one subscription.
#[derive(Debug)]
struct Line {
    owed: BTreeMap<PublicationId, Owing>,
    due: BTreeSet<(Timestamp, PublicationId)>,
    /// Attempts that may be made at a time.
    window: u32,
    /// The throttle lets nothing go before this, microseconds.
    not_before_us: u64,
    /// Where it stands in the order of all lines.
    scheduled: Option<Timestamp>,
}

impl Line {
    fn taken(&self) -> usize {
        self.owed.len() - self.due.len()
    }

    /// When it may have another attempt.
    fn next(&self) -> Option<Timestamp> {
        if self.taken() >= self.window as usize {
            return None;
        }
        let (at, _) = self.due.first()?;
        Some((*at).max(Timestamp(self.not_before_us.div_ceil(1_000))))
    }
}

impl Default for Line {
    fn default() -> Line {
        Line {
            owed: BTreeMap::new(),
            due: BTreeSet::new(),
            window: limits::ATTEMPTS_PER_LINE_FIRST,
            not_before_us: 0,
            scheduled: None,
        }
    }
}

/// All lines of a shard.
#[derive(Debug, Default)]
pub(crate) struct Deliveries {
    lines: BTreeMap<LineKey, Line>,
    due: BTreeSet<(Timestamp, LineKey)>,
    owed: usize,
    /// What is left of lines that are gone, to be freed in slices.
    doomed: Vec<BTreeMap<PublicationId, Owing>>,
}

impl Deliveries {
    /// How many deliveries are owed.
    pub(crate) fn len(&self) -> usize {
        self.owed
    }

    /// How many are owed to a subscription.
    pub(crate) fn len_of(&self, line: LineKey) -> usize {
        self.lines.get(&line).map_or(0, |line| line.owed.len())
    }

    /// All that is owed, for comparing and checking.
    pub(crate) fn all(&self) -> impl Iterator<Item = (LineKey, PublicationId, Owing)> {
        let each = |(key, line): (&LineKey, &'_ Line)| {
            let (key, owed) = (*key, line.owed.clone());
            owed.into_iter().map(move |(publication, owing)| (key, publication, owing))
        };
        self.lines.iter().flat_map(each)
    }

    /// What is owed of a publication.
    pub(crate) fn find(&self, line: LineKey, publication: PublicationId) -> Option<Owing> {
        self.lines.get(&line)?.owed.get(&publication).copied()
    }

    /// The one that has been owed for longest and that nobody has taken, `nth` others apart.
    pub(crate) fn oldest(&self, line: LineKey, nth: usize) -> Option<PublicationId> {
        let line = self.lines.get(&line)?;
        let mut free = line.owed.iter().filter(|(id, owing)| line.due.contains(&(owing.at, **id)));
        free.nth(nth).map(|(id, _)| *id)
    }

    /// Owes a delivery, or states it anew: then it stays taken if it is. Says whether it was not owed before.
    pub(crate) fn owe(&mut self, key: LineKey, publication: PublicationId, owing: Owing) -> bool {
        let line = self.lines.entry(key).or_default();
        let before = line.owed.insert(publication, owing);
        let taken = before.is_some_and(|before| !line.due.remove(&(before.at, publication)));
        if !taken {
            line.due.insert((owing.at, publication));
        }
        self.owed += usize::from(before.is_none());
        self.schedule(key);
        before.is_none()
    }

    /// An attempt failed, and there is another at that time.
    pub(crate) fn again(&mut self, key: LineKey, publication: PublicationId, at: Timestamp) {
        let Some(line) = self.lines.get_mut(&key) else { return };
        let Some(owing) = line.owed.get_mut(&publication) else { return };
        line.due.remove(&(owing.at, publication));
        *owing = Owing { failures: owing.failures + 1, at };
        line.due.insert((at, publication));
        self.schedule(key);
    }

    /// Nothing more is owed of a publication. Says whether anything was.
    pub(crate) fn settle(&mut self, key: LineKey, publication: PublicationId) -> bool {
        let Some(line) = self.lines.get_mut(&key) else { return false };
        let Some(there) = line.owed.remove(&publication) else { return false };
        line.due.remove(&(there.at, publication));
        self.owed -= 1;
        self.schedule(key);
        true
    }

    /// Nothing is owed to the subscription any more. Says how much was.
    pub(crate) fn clear(&mut self, key: LineKey) -> usize {
        let Some(line) = self.lines.remove(&key) else { return 0 };
        if let Some(at) = line.scheduled {
            self.due.remove(&(at, key));
        }
        let owed = line.owed.len();
        self.owed -= owed;
        self.doomed.push(line.owed);
        owed
    }

    /// The next publication of lines that are gone.
    pub(crate) fn reap(&mut self) -> Option<PublicationId> {
        loop {
            match self.doomed.last_mut()?.pop_first() {
                Some((publication, _)) => return Some(publication),
                None => {
                    self.doomed.pop();
                }
            }
        }
    }

    /// Publications of lines that are gone.
    pub(crate) fn doomed(&self) -> impl Iterator<Item = PublicationId> {
        self.doomed.iter().flat_map(|line| line.keys().copied())
    }

    /// The lines of a topic.
    pub(crate) fn lines_of(&self, topic: TopicId) -> Vec<LineKey> {
        let all = (topic, Uuid(0))..=(topic, Uuid(u128::MAX));
        self.lines.range(all).map(|(key, _)| *key).collect()
    }

    /// Takes the delivery whose time came first. `pace` says how many attempts a second a line may have.
    pub(crate) fn take(
        &mut self,
        now: Timestamp,
        pace: impl FnOnce(LineKey) -> Option<NonZeroU32>,
    ) -> Option<(LineKey, PublicationId, Owing)> {
        let &(_, key) = self.due.first().filter(|(at, _)| *at <= now)?;
        let line = self.lines.get_mut(&key)?;
        let (_, publication) = line.due.pop_first()?;
        let owing = *line.owed.get(&publication)?;
        if let Some(rate) = pace(key) {
            let from = line.not_before_us.max(now.0.saturating_mul(1_000));
            line.not_before_us = from.saturating_add(1_000_000 / u64::from(rate.get()));
        }
        self.schedule(key);
        Some((key, publication, owing))
    }

    /// An attempt of the line has ended so.
    pub(crate) fn learn(&mut self, key: LineKey, trend: Trend) {
        let Some(line) = self.lines.get_mut(&key) else { return };
        line.window = match trend {
            Trend::Good => (line.window + 1).min(limits::ATTEMPTS_PER_LINE_MAX),
            Trend::Slow => line.window.min((line.window - 1).max(limits::ATTEMPTS_PER_LINE_SLOW)),
            Trend::Bad => (line.window / 2).max(1),
        };
        self.schedule(key);
    }

    /// The next time at which there is something to take.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    fn schedule(&mut self, key: LineKey) {
        let Some(line) = self.lines.get_mut(&key) else { return };
        let next = line.next();
        if next == line.scheduled {
            return;
        }
        if let Some(at) = line.scheduled {
            self.due.remove(&(at, key));
        }
        line.scheduled = next;
        self.due.extend(next.map(|at| (at, key)));
    }
}

#[cfg(test)]
mod tests;
