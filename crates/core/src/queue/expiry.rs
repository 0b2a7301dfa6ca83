//! What of a queue has expired, for the log.
//!
//! Expiry is not an event: a message is gone when its retention is over, and the log may still hold its statement. When
//! the retention is raised later, the statement must not come to life again on a replay, so each statement of the queue
//! says what has expired by then: what was sent at or before a time, of the messages below a number. The number matters
//! because a dead-letter queue gets messages that were sent before others had expired; one such pair is not enough,
//! because the retention can be raised more than once, each time with other messages there.
//!
//! Invariant: from pair to pair the time falls and the number rises, so none says what another says already.

use crate::id::Number;
use crate::{Timestamp, limits};

/// What has expired: pairs of a time and a number, each for all that was sent at or before the time and is numbered
/// below the number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expired(Vec<(Timestamp, Number)>);

impl Expired {
    /// What was sent at or before `before` has expired, of what is numbered below `below`.
    pub fn add(&mut self, before: Timestamp, below: Number) {
        if before == Timestamp::ZERO || self.0.iter().any(|known| known.0 >= before && known.1 >= below) {
            return;
        }
        self.0.retain(|known| known.0 > before || known.1 > below);
        let at = self.0.partition_point(|known| known.0 > before);
        self.0.insert(at, (before, below));
        if self.0.len() > limits::EXPIRY_STEPS_MAX {
            self.0.remove(0);
        }
    }

    /// Has a message expired that was sent then?
    pub(crate) fn has(&self, sent_at: Timestamp, number: Number) -> bool {
        self.0.iter().any(|(before, below)| sent_at <= *before && number < *below)
    }

    /// The pairs, the latest time first.
    pub fn pairs(&self) -> &[(Timestamp, Number)] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expired(pairs: &[(u64, Number)]) -> Expired {
        let mut expired = Expired::default();
        pairs.iter().for_each(|(before, below)| expired.add(Timestamp(*before), *below));
        expired
    }

    #[test]
    fn a_pair_that_says_more_takes_the_place_of_others() {
        assert_eq!(expired(&[(10, 5), (20, 7)]), expired(&[(20, 7)]));
        assert_eq!(expired(&[(20, 7), (10, 5)]), expired(&[(20, 7)]));
        let both = expired(&[(10, 9), (20, 7)]);
        assert_eq!(both.pairs(), [(Timestamp(20), 7), (Timestamp(10), 9)]);
        assert_eq!(both, expired(&[(20, 7), (10, 9), (10, 8)]));
        assert_eq!(expired(&[(0, 7)]), Expired::default());
    }

    #[test]
    fn what_came_late_has_not_expired_with_the_others() {
        let both = expired(&[(20, 7), (10, 9)]);
        for (sent_at, number, gone) in
            [(20, 6, true), (20, 7, false), (21, 6, false), (10, 8, true), (11, 8, false), (10, 9, false)]
        {
            assert_eq!(both.has(Timestamp(sent_at), number), gone, "{number} sent at {sent_at}");
        }
    }

    #[test]
    fn the_pairs_are_bounded() {
        let many =
            (0..2 * limits::EXPIRY_STEPS_MAX as u64).map(|n| (1_000_000 - n, n + 1)).collect::<Vec<_>>();
        assert_eq!(expired(&many).pairs().len(), limits::EXPIRY_STEPS_MAX);
    }
}
