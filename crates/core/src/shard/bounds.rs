//! Limits that a configuration may change; the others stand in `limits`.

use crate::limits;

/// Limits that may be raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Subscriptions of one topic.
    pub subscriptions_per_topic: usize,
    /// Filter policies of one topic.
    pub filters_per_topic: usize,
    /// Filter policies of all topics of one account.
    pub filters_per_account: usize,
    /// Deliveries owed to one endpoint; a further one has the oldest reach its end.
    pub owed_per_endpoint: usize,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            subscriptions_per_topic: limits::SUBSCRIPTIONS_PER_TOPIC_MAX,
            filters_per_topic: limits::FILTERS_PER_TOPIC_MAX,
            filters_per_account: limits::FILTERS_PER_ACCOUNT_MAX,
            owed_per_endpoint: limits::OWED_PER_LINE_MAX,
        }
    }
}
