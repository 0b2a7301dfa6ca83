//! What is counted about deliveries to endpoints.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// The endpoint took it.
    Delivered,
    /// It may be tried again.
    Failed,
    /// No other attempt would do better.
    Refused,
}

impl Attempt {
    /// All of them.
    pub(super) const ALL: [Attempt; 3] = [Attempt::Delivered, Attempt::Failed, Attempt::Refused];

    pub(super) fn label(self) -> &'static str {
        match self {
            Attempt::Delivered => "delivered",
            Attempt::Failed => "failed",
            Attempt::Refused => "refused",
        }
    }
}

/// Why a delivery ended without having been delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// All attempts of its policy failed.
    Exhausted,
    /// The endpoint refused it for good, or may not be connected to.
    Refused,
    /// This version cannot deliver by the protocol.
    Unavailable,
}

impl Reason {
    /// All of them.
    pub(super) const ALL: [Reason; 3] = [Reason::Exhausted, Reason::Refused, Reason::Unavailable];

    pub(super) fn label(self) -> &'static str {
        match self {
            Reason::Exhausted => "exhausted",
            Reason::Refused => "refused",
            Reason::Unavailable => "unavailable",
        }
    }
}

/// What becomes of a delivery that ended without having been delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It goes to the dead-letter queue of its subscription.
    DeadLetter,
    /// It is gone.
    Dropped,
}

impl Fate {
    /// All of them.
    pub(super) const ALL: [Fate; 2] = [Fate::DeadLetter, Fate::Dropped];

    pub(super) fn label(self) -> &'static str {
        match self {
            Fate::DeadLetter => "dead_letter",
            Fate::Dropped => "dropped",
        }
    }
}

/// Counters of deliveries to endpoints, since the process started.
#[derive(Debug, Default)]
pub(crate) struct Deliveries {
    attempts: [AtomicU64; Attempt::ALL.len()],
    ended: [[AtomicU64; Fate::ALL.len()]; Reason::ALL.len()],
    in_flight: AtomicU64,
}

impl Deliveries {
    /// Counts an attempt that is under way while the returned value lives.
    pub(crate) fn begun(&self) -> Begun<'_> {
        self.in_flight.fetch_add(1, Relaxed);
        Begun { deliveries: self }
    }

    /// Counts an attempt that ended.
    pub(crate) fn tried(&self, attempt: Attempt) {
        self.attempts[attempt as usize].fetch_add(1, Relaxed);
    }

    /// Counts a delivery that ended without having been delivered.
    pub(crate) fn given_up(&self, reason: Reason, fate: Fate) {
        self.ended[reason as usize][fate as usize].fetch_add(1, Relaxed);
    }

    /// Attempts under way.
    pub(crate) fn in_flight(&self) -> u64 {
        self.in_flight.load(Relaxed)
    }

    /// Attempts that ended so.
    pub(crate) fn attempts(&self, attempt: Attempt) -> u64 {
        self.attempts[attempt as usize].load(Relaxed)
    }

    /// Deliveries that were given up for this reason, with this fate.
    pub(crate) fn ended(&self, reason: Reason, fate: Fate) -> u64 {
        self.ended[reason as usize][fate as usize].load(Relaxed)
    }
}

/// An attempt under way.
pub(crate) struct Begun<'m> {
    deliveries: &'m Deliveries,
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        self.deliveries.in_flight.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_own_place() {
        assert!(Attempt::ALL.iter().enumerate().all(|(index, attempt)| *attempt as usize == index));
        assert!(Reason::ALL.iter().enumerate().all(|(index, reason)| *reason as usize == index));
        assert!(Fate::ALL.iter().enumerate().all(|(index, fate)| *fate as usize == index));
    }
}
