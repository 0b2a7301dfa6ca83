//! Tests of the lines of deliveries.

use super::*;

const A: LineKey = (TopicId(1), Uuid(1));
const B: LineKey = (TopicId(1), Uuid(2));
const ELSEWHERE: LineKey = (TopicId(2), Uuid(1));

fn at(seconds: u64) -> Timestamp {
    Timestamp(1_000_000 + seconds * 1_000)
}

fn new(seconds: u64) -> Owing {
    Owing { failures: 0, at: at(seconds) }
}

/// Takes all that may be taken.
fn take(deliveries: &mut Deliveries, seconds: u64) -> Vec<(LineKey, u64)> {
    paced(deliveries, at(seconds), None)
}

fn paced(deliveries: &mut Deliveries, now: Timestamp, per_s: Option<u32>) -> Vec<(LineKey, u64)> {
    let pace = |_| per_s.map(|rate| NonZeroU32::new(rate).unwrap());
    std::iter::from_fn(|| deliveries.take(now, pace)).map(|(line, id, _)| (line, id.0)).collect()
}

fn owe(deliveries: &mut Deliveries, line: LineKey, ids: std::ops::Range<u64>, seconds: u64) {
    ids.for_each(|id| assert!(deliveries.owe(line, PublicationId(id), new(seconds))));
}

/// How many may be taken from a line with plenty.
fn window(deliveries: &mut Deliveries, line: LineKey, trend: &[Trend]) -> usize {
    trend.iter().for_each(|trend| deliveries.learn(line, *trend));
    take(deliveries, 0).len()
}

#[test]
fn what_has_waited_longest_goes_first_over_all_lines() {
    let mut deliveries = Deliveries::default();
    owe(&mut deliveries, A, 3..4, 5);
    owe(&mut deliveries, B, 2..3, 4);
    owe(&mut deliveries, A, 1..2, 9);
    assert_eq!((deliveries.len(), deliveries.len_of(A), deliveries.len_of(ELSEWHERE)), (3, 2, 0));
    assert_eq!(deliveries.due(), Some(at(4)));
    assert_eq!(take(&mut deliveries, 3), []);
    assert_eq!(take(&mut deliveries, 5), [(B, 2), (A, 3)]);
    assert_eq!(deliveries.due(), Some(at(9)));
    assert_eq!(take(&mut deliveries, 9), [(A, 1)]);
    assert_eq!(deliveries.due(), None, "all are taken");
    assert_eq!(deliveries.len(), 3, "and all are owed");
}

#[test]
fn what_was_taken_is_not_to_be_had_until_it_failed() {
    let mut deliveries = Deliveries::default();
    owe(&mut deliveries, A, 1..3, 0);
    assert_eq!(take(&mut deliveries, 0).len(), 2);
    assert!(!deliveries.owe(A, PublicationId(1), new(0)), "stated again, it is still taken");
    assert_eq!((take(&mut deliveries, 100), deliveries.due()), (vec![], None));
    deliveries.again(A, PublicationId(1), at(20));
    assert_eq!(deliveries.find(A, PublicationId(1)), Some(Owing { failures: 1, at: at(20) }));
    assert_eq!((take(&mut deliveries, 19), deliveries.due()), (vec![], Some(at(20))));
    assert_eq!(take(&mut deliveries, 20), [(A, 1)]);
    assert!(deliveries.settle(A, PublicationId(1)) && !deliveries.settle(A, PublicationId(1)));
    deliveries.again(A, PublicationId(1), at(30));
    deliveries.again(B, PublicationId(1), at(30));
    assert_eq!((deliveries.len(), deliveries.due()), (1, None), "what is settled does not come back");
    // A statement that comes later counts.
    assert!(!deliveries.owe(A, PublicationId(2), Owing { failures: 7, at: at(40) }));
    assert_eq!(deliveries.find(A, PublicationId(2)), Some(Owing { failures: 7, at: at(40) }));
}

#[test]
fn a_line_that_is_stated_at_another_time_is_due_then() {
    let mut deliveries = Deliveries::default();
    owe(&mut deliveries, A, 1..2, 9);
    assert!(!deliveries.owe(A, PublicationId(1), new(3)));
    assert_eq!(deliveries.due(), Some(at(3)));
    assert!(!deliveries.owe(A, PublicationId(1), new(30)));
    assert_eq!((take(&mut deliveries, 29), take(&mut deliveries, 30)), (vec![], vec![(A, 1)]));
}

#[test]
fn attempts_at_a_time_follow_how_they_end() {
    let mut deliveries = Deliveries::default();
    owe(&mut deliveries, A, 0..1_000, 0);
    let first = limits::ATTEMPTS_PER_LINE_FIRST as usize;
    assert_eq!(window(&mut deliveries, A, &[]), first);
    assert_eq!(window(&mut deliveries, A, &[Trend::Good]), 1, "one more than before");
    assert_eq!(window(&mut deliveries, A, &[Trend::Good; 100]), 32 - first - 1, "32 at most");
    // With 32 under way, a bad end halves what may be.
    for _ in 0..10 {
        deliveries.learn(A, Trend::Bad);
    }
    for id in 0..31 {
        deliveries.settle(A, PublicationId(id));
        assert_eq!(take(&mut deliveries, 0), [], "{id}: one is under way still");
    }
    deliveries.settle(A, PublicationId(31));
    assert_eq!(take(&mut deliveries, 0), [(A, 32)], "at least one may be");
    deliveries.learn(A, Trend::Good);
    assert_eq!(take(&mut deliveries, 0), [(A, 33)]);
    deliveries.learn(B, Trend::Bad);
    assert_eq!(deliveries.len_of(B), 0, "a line that nothing is owed to learns nothing");
}

#[test]
fn a_bad_line_does_not_hold_up_another() {
    let mut deliveries = Deliveries::default();
    owe(&mut deliveries, A, 0..100, 0);
    owe(&mut deliveries, B, 100..104, 1);
    let taken = take(&mut deliveries, 1);
    assert_eq!(taken.iter().filter(|(line, _)| *line == A).count(), limits::ATTEMPTS_PER_LINE_FIRST as usize);
    assert_eq!(taken.iter().filter(|(line, _)| *line == B).count(), 4);
}

#[test]
fn the_throttle_keeps_its_pace_without_saving_up() {
    let mut deliveries = Deliveries::default();
    owe(&mut deliveries, A, 0..1_000, 0);
    (0..100).for_each(|_| deliveries.learn(A, Trend::Good));
    let mut times = Vec::new();
    for ms in 0..10_000 {
        for (_, id) in paced(&mut deliveries, at(0) + ms, Some(3)) {
            times.push(ms);
            deliveries.settle(A, PublicationId(id));
        }
    }
    assert_eq!(times.len(), 30, "three a second");
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 333), "{times:?}");
    // After an hour of rest there is one at once, and no burst.
    assert_eq!(paced(&mut deliveries, at(3_600), Some(3)).len(), 1);
    let due = deliveries.due().unwrap();
    assert!(due > at(3_600) && due <= at(3_600) + 334);
    assert_eq!(paced(&mut deliveries, at(3_700), Some(1_000_000)).len(), 1, "once its time has come");
    assert!(!paced(&mut deliveries, at(3_700) + 1, Some(1_000_000)).is_empty());
}

#[test]
fn the_oldest_is_the_first_that_nobody_has_taken() {
    let mut deliveries = Deliveries::default();
    assert_eq!(deliveries.oldest(A, 0), None);
    owe(&mut deliveries, A, 1..3, 0);
    owe(&mut deliveries, A, 3..6, 50);
    assert_eq!(deliveries.oldest(A, 0), Some(PublicationId(1)));
    assert_eq!(take(&mut deliveries, 0).len(), 2);
    let oldest = |nth| deliveries.oldest(A, nth).map(|id| id.0);
    assert_eq!([0, 1, 2, 3].map(oldest), [Some(3), Some(4), Some(5), None]);
}

#[test]
fn what_is_cleared_is_owed_no_more() {
    let mut deliveries = Deliveries::default();
    owe(&mut deliveries, A, 1..4, 0);
    owe(&mut deliveries, B, 1..3, 5);
    owe(&mut deliveries, ELSEWHERE, 1..2, 7);
    assert_eq!(deliveries.lines_of(TopicId(1)), [A, B]);
    assert_eq!(deliveries.clear(A), 3);
    let reaped = std::iter::from_fn(|| deliveries.reap()).collect::<Vec<_>>();
    assert_eq!(reaped, [1, 2, 3].map(PublicationId));
    assert_eq!((deliveries.clear(A), deliveries.len(), deliveries.due()), (0, 3, Some(at(5))));
    deliveries.learn(A, Trend::Good);
    assert_eq!(deliveries.lines_of(TopicId(1)), [B], "a late report makes no line");
    assert_eq!(deliveries.all().count(), 3);
    assert_eq!(take(&mut deliveries, 9).len(), 3);
}

/// A slow or dead endpoint must not fill the memory: at most 128 bytes for each delivery. Nodes of a B-tree hold eleven
/// entries and at least five.
#[test]
fn a_million_deliveries_are_cheap() {
    let owed = size_of::<(PublicationId, Owing)>() * 11 / 5;
    let due = size_of::<(Timestamp, PublicationId)>() * 11 / 5;
    // The rest of a leaf, and its part of the inner nodes.
    let nodes = 2 * (16 + (size_of::<(PublicationId, Owing)>() + 8) * 11 / 5) / 5;
    assert!(owed + due + nodes <= 128, "{owed} + {due} + {nodes} bytes");
    let mut deliveries = Deliveries::default();
    let count = limits::OWED_PER_LINE_MAX as u64;
    for id in 0..count {
        assert!(deliveries.owe(A, PublicationId(id), new(id)));
    }
    assert_eq!(deliveries.oldest(A, 40), Some(PublicationId(40)));
    assert_eq!(deliveries.clear(A) as u64, count);
    assert_eq!((deliveries.len(), deliveries.due()), (0, None));
}
