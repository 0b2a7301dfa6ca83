//! What is counted about requests, and about deliveries to endpoints.
//!
//! Counting is a few relaxed atomic additions to a row that the action's place in its table finds: no lock,
//! no map, no label is touched while a request is answered. Labels are made when somebody looks ([`page`]).

mod deliveries;
mod page;

use postrider_wire::Action;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

pub(crate) use deliveries::{Attempt, Deliveries, Fate, Reason};
pub(crate) use page::{Complete, Counted, QUEUES_AT_ONCE, Queues, page};

/// Upper bounds of the latency buckets, nanoseconds. The last one is that of a long poll; what is slower
/// still falls into a bucket without bound.
const BOUNDS_NS: [u64; 16] = [
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    10_000_000_000,
    20_500_000_000,
];

/// How an answer turned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Success,
    Refused,
    Failed,
}

impl Class {
    const ALL: [Class; 3] = [Class::Success, Class::Refused, Class::Failed];

    fn of(status: u16) -> Class {
        match status {
            500.. => Class::Failed,
            400..500 => Class::Refused,
            0..400 => Class::Success,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Class::Success => "2xx",
            Class::Refused => "4xx",
            Class::Failed => "5xx",
        }
    }
}

/// How long answers took.
#[derive(Debug, Default)]
struct Latency {
    /// One more than there are bounds.
    buckets: [AtomicU64; BOUNDS_NS.len() + 1],
    sum_ns: AtomicU64,
}

impl Latency {
    fn observe(&self, took: Duration) {
        let ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_NS.partition_point(|bound| *bound < ns);
        self.buckets[bucket].fetch_add(1, Relaxed);
        self.sum_ns.fetch_add(ns, Relaxed);
    }
}

/// What is counted about one action.
#[derive(Debug, Default)]
struct Row {
    answers: [AtomicU64; Class::ALL.len()],
    latency: Latency,
}

/// Counters, since the process started.
#[derive(Debug)]
pub(crate) struct Metrics {
    /// One row an action, in the order of [`Action::ALL`], and a last one for requests that ask for nothing
    /// that there is.
    rows: Box<[Row]>,
    connections: AtomicU64,
    /// Of deliveries to endpoints.
    pub(crate) deliveries: Deliveries,
    started: SystemTime,
}

impl Metrics {
    /// Counters at zero.
    pub(crate) fn new() -> Metrics {
        let rows = (0..=Action::ALL.len()).map(|_| Row::default()).collect();
        Metrics {
            rows,
            connections: AtomicU64::new(0),
            deliveries: Deliveries::default(),
            started: SystemTime::now(),
        }
    }

    /// Counts an answer. `action` is `None` for a request that asked for nothing that there is.
    pub(crate) fn answered(&self, action: Option<Action>, status: u16, took: Duration) {
        let row = &self.rows[action.map_or(Action::ALL.len(), |action| action as usize)];
        row.answers[Class::of(status) as usize].fetch_add(1, Relaxed);
        row.latency.observe(took);
    }

    /// Counts a connection of the API while the returned value lives.
    pub(crate) fn connected(&self) -> Connected<'_> {
        self.connections.fetch_add(1, Relaxed);
        Connected { metrics: self }
    }
}

/// An open connection.
pub(crate) struct Connected<'m> {
    metrics: &'m Metrics,
}

impl Drop for Connected<'_> {
    fn drop(&mut self) {
        self.metrics.connections.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_its_own_index() {
        for (index, action) in Action::ALL.iter().enumerate() {
            assert_eq!(*action as usize, index);
        }
    }

    #[test]
    fn answers_are_counted_by_action_class_and_bucket() {
        let metrics = Metrics::new();
        metrics.answered(Some(Action::SendMessage), 200, Duration::from_micros(100));
        metrics.answered(Some(Action::SendMessage), 503, Duration::from_secs(60));
        metrics.answered(None, 400, Duration::ZERO);
        let row = &metrics.rows[Action::SendMessage as usize];
        assert_eq!(row.answers.each_ref().map(|count| count.load(Relaxed)), [1, 0, 1]);
        assert_eq!(row.latency.buckets[0].load(Relaxed), 1);
        assert_eq!(row.latency.buckets[BOUNDS_NS.len()].load(Relaxed), 1);
        assert_eq!(metrics.rows[Action::ALL.len()].answers[1].load(Relaxed), 1);
    }
}
