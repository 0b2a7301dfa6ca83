//! Says things that would be said too often: once a minute each, and of no more subscriptions than can be read.

use postrider_core::id::Uuid;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long nothing more is said about the same subscription.
const SILENCE: Duration = Duration::from_secs(60);
/// Subscriptions that are remembered. Of more than these nothing is said within a minute.
const REMEMBERED_MAX: usize = 1_024;

/// When something was last said about which subscription.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    said: Mutex<HashMap<Uuid, Instant>>,
}

impl Quiet {
    /// May something be said about the subscription now? If so, it counts as said.
    pub(super) fn may_say(&self, subscription: Uuid, now: Instant) -> bool {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |at: &Instant| now.saturating_duration_since(*at) < SILENCE;
        if said.get(&subscription).is_some_and(is_recent) {
            return false;
        }
        if said.len() >= REMEMBERED_MAX {
            said.retain(|_, at| is_recent(at));
        }
        let room = said.len() < REMEMBERED_MAX;
        if room {
            said.insert(subscription, now);
        }
        room
    }
}

/// Tells of deliveries that were dropped: how many more there are since it was last told, at most once a minute.
#[derive(Debug, Default)]
pub(super) struct Drops {
    told: u64,
    told_at: Option<Instant>,
}

impl Drops {
    /// How many are to be told of now, of `dropped` since the start.
    pub(super) fn news(&mut self, dropped: u64, now: Instant) -> Option<u64> {
        let is_recent = |at: Instant| now.saturating_duration_since(at) < SILENCE;
        let more = dropped.saturating_sub(self.told);
        if more == 0 || self.told_at.is_some_and(is_recent) {
            return None;
        }
        (self.told, self.told_at) = (dropped, Some(now));
        Some(more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_is_named_once_a_minute() {
        let (quiet, start) = (Quiet::default(), Instant::now());
        let say = |id, s| quiet.may_say(Uuid(id), start + Duration::from_secs(s));
        assert_eq!(
            [say(1, 0), say(1, 59), say(2, 59), say(1, 60), say(1, 61)],
            [true, false, true, true, false]
        );
    }

    #[test]
    fn no_more_are_named_than_can_be_remembered() {
        let (quiet, start) = (Quiet::default(), Instant::now());
        let named = (0..2_000).filter(|id| quiet.may_say(Uuid(*id), start)).count();
        assert_eq!(named, REMEMBERED_MAX);
        assert!(quiet.may_say(Uuid(1_999), start + SILENCE));
    }

    #[test]
    fn drops_are_told_of_in_sums() {
        let (mut drops, start) = (Drops::default(), Instant::now());
        let mut news = |dropped, s| drops.news(dropped, start + Duration::from_secs(s));
        assert_eq!(
            [news(0, 0), news(2, 1), news(5, 2), news(7, 61), news(7, 200)],
            [None, Some(2), None, Some(5), None]
        );
    }
}
