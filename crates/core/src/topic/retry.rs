//! When a failed delivery is tried again, and what else a delivery policy says (sns 10).
//!
//! A [`Schedule`] has four phases: retries at once, retries after the shortest delay, retries whose delay grows
//! by a function, and retries after the longest delay. It is a pure function from the number of failures to a
//! delay; the point in time that follows from it is an event, so nothing here is computed twice for one
//! failure, and a schedule that changes moves nothing that is already set.
//!
//! AWS does not publish its curves, and adds jitter. Ours are the ones of sns 10, to the millisecond and
//! without jitter: attempts are spread by the throttle and the bound on attempts in flight.
//!
//! Invariants:
//! - a [`Schedule`] has at most 100 retries that take at most an hour in all, unless it is one of the
//!   service's own;
//! - its delays never shrink from one phase to the next, nor inside of one.

mod policy;
#[cfg(test)]
mod tests;

use crate::limits;
use std::fmt;

pub use policy::{ContentType, Effective, Overrides, Policy, TopicPolicy};

/// `backoffFunction`: how delays grow between the shortest and the longest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Backoff {
    /// By the same amount each time.
    #[default]
    Linear,
    /// By an amount that grows by the same amount each time.
    Arithmetic,
    /// By the same factor each time.
    Geometric,
    /// By an amount that doubles each time.
    Exponential,
}

/// What a schedule consists of: `healthyRetryPolicy` with every key filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Phases {
    /// `minDelayTarget`, milliseconds.
    pub min_delay_ms: u32,
    /// `maxDelayTarget`, milliseconds.
    pub max_delay_ms: u32,
    /// `numRetries`: all of them.
    pub retries: u32,
    /// `numNoDelayRetries`: the first ones.
    pub no_delay_retries: u32,
    /// `numMinDelayRetries`: the next ones.
    pub min_delay_retries: u32,
    /// `numMaxDelayRetries`: the last ones. What is left between is the backoff phase.
    pub max_delay_retries: u32,
    /// `backoffFunction`.
    pub backoff: Backoff,
}

/// Why phases are no schedule. `Display` gives a text in our words: sns 10 has none of AWS's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The shortest delay is zero, or longer than the longest.
    MinDelay,
    /// The longest delay is over an hour.
    MaxDelay,
    /// There are over 100 retries.
    Retries,
    /// The phases have more retries than there are in all.
    Phases,
    /// All delays together are over an hour.
    Total,
}

/// When to try again. Checked, so that whatever it is asked is in bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Schedule(Phases);

impl Schedule {
    /// HTTP and HTTPS endpoints whose topic and subscription say nothing: 3 retries, 20 s apart.
    pub const HTTP: Schedule = Schedule(Phases {
        min_delay_ms: 20_000,
        max_delay_ms: 20_000,
        retries: 3,
        no_delay_retries: 0,
        min_delay_retries: 0,
        max_delay_retries: 0,
        backoff: Backoff::Linear,
    });

    /// SQS, Lambda and Firehose: 100,015 retries over 23 days.
    pub const AWS_MANAGED: Schedule = Schedule(Phases {
        min_delay_ms: 1_000,
        max_delay_ms: 20_000,
        retries: 100_015,
        no_delay_retries: 3,
        min_delay_retries: 2,
        max_delay_retries: 100_000,
        backoff: Backoff::Exponential,
    });

    /// E-mail, SMS, mobile push, and Firehose when it throttles: 50 retries over 6 hours.
    pub const CUSTOMER_MANAGED: Schedule = Schedule(Phases {
        min_delay_ms: 10_000,
        max_delay_ms: 600_000,
        retries: 50,
        no_delay_retries: 0,
        min_delay_retries: 2,
        max_delay_retries: 38,
        backoff: Backoff::Exponential,
    });

    /// A schedule of a user's, within the bounds of sns 10.
    pub fn new(phases: Phases) -> Result<Schedule, Flaw> {
        if phases.min_delay_ms == 0 || phases.min_delay_ms > phases.max_delay_ms {
            return Err(Flaw::MinDelay);
        }
        if phases.max_delay_ms > limits::RETRY_DELAY_MS_MAX {
            return Err(Flaw::MaxDelay);
        }
        if phases.retries > limits::RETRIES_MAX {
            return Err(Flaw::Retries);
        }
        if phases.backoff_retries().is_none() {
            return Err(Flaw::Phases);
        }
        let schedule = Schedule(phases);
        if schedule.total_ms() > limits::RETRY_TOTAL_MS_MAX { Err(Flaw::Total) } else { Ok(schedule) }
    }

    /// What it consists of.
    pub fn phases(&self) -> &Phases {
        &self.0
    }

    /// How long to wait after an attempt that failed before the next one, milliseconds. `failures` counts
    /// the attempts that have failed, the first one included. `None`: that was the last.
    pub fn delay_ms(&self, failures: u32) -> Option<u64> {
        let phases = &self.0;
        let backoff = phases.backoff_retries()?;
        let retry = failures.checked_sub(1).filter(|retry| *retry < phases.retries)?;
        let Some(retry) = retry.checked_sub(phases.no_delay_retries) else { return Some(0) };
        let Some(retry) = retry.checked_sub(phases.min_delay_retries) else {
            return Some(phases.min_delay_ms.into());
        };
        if retry < backoff {
            Some(phases.backoff.delay_ms(phases.min_delay_ms, phases.max_delay_ms, retry, backoff))
        } else {
            Some(phases.max_delay_ms.into())
        }
    }

    /// All delays together, milliseconds: how long a delivery is tried, the attempts' own time apart.
    pub fn total_ms(&self) -> u64 {
        (1..=self.0.retries).filter_map(|failures| self.delay_ms(failures)).sum()
    }
}

impl Phases {
    /// Retries of the backoff phase. `None` if the other phases have more than there are.
    fn backoff_retries(&self) -> Option<u32> {
        self.retries
            .checked_sub(self.no_delay_retries)?
            .checked_sub(self.min_delay_retries)?
            .checked_sub(self.max_delay_retries)
    }
}

impl Backoff {
    /// The delay of retry `at` of `count`, from zero: `min` for the first, `max` for the last. The only one
    /// of a phase waits for `min`.
    fn delay_ms(self, min: u32, max: u32, at: u32, count: u32) -> u64 {
        let (min, max) = (u64::from(min), u64::from(max));
        let Some(last) = count.checked_sub(1).filter(|last| *last > 0) else { return min };
        let (k, m) = (u128::from(at), u128::from(last));
        match self {
            Backoff::Linear => min + share(max - min, k, m),
            Backoff::Arithmetic => min + share(max - min, k * (k + 1), m * (m + 1)),
            Backoff::Exponential => min + share(max - min, (1 << k) - 1, (1 << m) - 1),
            Backoff::Geometric => geometric(min, max, f64::from(at) / f64::from(last)),
        }
    }
}

/// `span * part / whole`, rounded to the nearest. A span has at most 22 bits and a whole at most 99, so
/// this cannot overflow.
fn share(span: u64, part: u128, whole: u128) -> u64 {
    let nearest = (u128::from(span) * part + whole / 2) / whole;
    u64::try_from(nearest).expect("a share is not more than its span")
}

/// `min * (max / min) ^ t`, for `t` from 0 to 1. The last bit may differ between machines; the point in time
/// that follows is an event, so state does not.
fn geometric(min: u64, max: u64, t: f64) -> u64 {
    // Both are below 2^22.
    let (low, high) = (min as f64, max as f64);
    ((low * (high / low).powf(t)).round() as u64).clamp(min, max)
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Flaw::MinDelay => "minDelayTarget must be between 1 and maxDelayTarget",
            Flaw::MaxDelay => "maxDelayTarget must be at most 3600",
            Flaw::Retries => "numRetries must be between 0 and 100",
            Flaw::Phases => {
                "numMaxDelayRetries, numNoDelayRetries and numMinDelayRetries add up to more than numRetries"
            }
            Flaw::Total => "the delays of all retries add up to more than 3600 seconds",
        })
    }
}
