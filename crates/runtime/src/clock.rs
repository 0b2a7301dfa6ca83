//! Shard time: never backwards, and never in leaps.
//!
//! It starts at the later of the wall clock and the last entry, then runs on the monotonic clock and
//! is slewed towards the wall clock by at most a tenth. So a wall clock that steps expires nothing at
//! once, and a shard whose last entry lies in the future lets the wall clock catch up.

use postrider_core::Timestamp;

/// A step of the wall clock that is worth a line in the log, milliseconds.
const STEP_MS: i64 = 60_000;

/// The clock of one shard. Reads nothing itself: both clocks are given.
#[derive(Debug)]
pub struct Clock {
    now_ms: i64,
    mono_ms: i64,
    drift_ms: i64,
    /// Time that has passed and was too short to slew in.
    unslewed_ms: i64,
}

/// What a reading of the clock found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Shard time.
    pub now: Timestamp,
    /// How far the wall clock stepped since the last reading, if it did.
    pub step_ms: Option<i64>,
}

impl Clock {
    /// A clock that starts no earlier than `last`. All in milliseconds.
    pub fn new(last: Timestamp, wall_ms: u64, mono_ms: u64) -> Clock {
        let wall = signed(wall_ms);
        let now_ms = signed(last.0).max(wall);
        Clock { now_ms, mono_ms: signed(mono_ms), drift_ms: wall - now_ms, unslewed_ms: 0 }
    }

    /// Shard time at these readings of the two clocks.
    pub fn read(&mut self, wall_ms: u64, mono_ms: u64) -> Reading {
        let elapsed = (signed(mono_ms) - self.mono_ms).max(0);
        let drift = signed(wall_ms) - (self.now_ms + elapsed);
        let step = drift - self.drift_ms;
        // A tenth in whole milliseconds: however often the clock is read, it catches up.
        self.unslewed_ms += elapsed;
        let slew_max = self.unslewed_ms / 10;
        self.unslewed_ms %= 10;
        let slew = drift.clamp(-slew_max, slew_max);
        self.now_ms += elapsed + slew;
        self.mono_ms = self.mono_ms.max(signed(mono_ms));
        self.drift_ms = drift - slew;
        let now = Timestamp(u64::try_from(self.now_ms).unwrap_or(0));
        Reading { now, step_ms: (step.abs() > STEP_MS).then_some(step) }
    }
}

fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_runs_with_the_monotonic_clock() {
        let mut clock = Clock::new(Timestamp(0), 1_000_000, 5);
        assert_eq!(clock.read(1_000_250, 255).now, Timestamp(1_000_250));
        assert_eq!(clock.read(1_000_250, 255), Reading { now: Timestamp(1_000_250), step_ms: None });
    }

    #[test]
    fn a_step_is_told_once_and_approached_by_a_tenth() {
        let mut clock = Clock::new(Timestamp(0), 1_000_000, 0);
        let leap = clock.read(1_000_000 + 3_600_000, 100);
        assert_eq!(leap.now, Timestamp(1_000_110));
        assert_eq!(leap.step_ms, Some(3_600_000 - 100));
        let after = clock.read(1_000_000 + 3_601_000, 1_100);
        assert_eq!(after.now, Timestamp(1_001_210));
        assert_eq!(after.step_ms, None);
    }

    #[test]
    fn it_catches_up_however_often_it_is_read() {
        let mut clock = Clock::new(Timestamp(0), 1_000_000, 0);
        let mut last = Timestamp(0);
        for mono_ms in 1..=20_000 {
            let now = clock.read(1_001_000 + mono_ms, mono_ms).now;
            assert!(now >= last);
            last = now;
        }
        assert_eq!(last, Timestamp(1_021_000));
    }

    #[test]
    fn it_never_goes_back() {
        let mut clock = Clock::new(Timestamp(2_000_000), 1_000_000, 0);
        assert_eq!(clock.read(1_000_000, 0).now, Timestamp(2_000_000));
        assert_eq!(clock.read(1_000_100, 100).now, Timestamp(2_000_090));
        assert_eq!(clock.read(0, 200).now, Timestamp(2_000_180));
    }
}
