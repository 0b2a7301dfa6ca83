//! Points in time. The core has no clock: every function that depends on time is given `now`.

use std::ops::{Add, Sub};

/// Milliseconds since 1970-01-01T00:00:00Z, in shard time: it never runs backwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The earliest point; stands for "never happened" where a time is optional and hot.
    pub const ZERO: Timestamp = Timestamp(0);

    /// Seconds since the epoch, rounded down.
    pub fn seconds(self) -> u64 {
        self.0 / 1000
    }

    /// This point plus `seconds`.
    pub fn plus_s(self, seconds: u32) -> Timestamp {
        Timestamp(self.0.saturating_add(u64::from(seconds) * 1000))
    }

    /// This point less `seconds`; stops at zero.
    pub fn minus_s(self, seconds: u32) -> Timestamp {
        Timestamp(self.0.saturating_sub(u64::from(seconds) * 1000))
    }
}

impl Add<u64> for Timestamp {
    type Output = Timestamp;

    fn add(self, millis: u64) -> Timestamp {
        Timestamp(self.0.saturating_add(millis))
    }
}

impl Sub for Timestamp {
    type Output = u64;

    /// Milliseconds from `earlier` to `self`; zero when `earlier` is later.
    fn sub(self, earlier: Timestamp) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}
