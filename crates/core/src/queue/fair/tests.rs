//! The order of a standard queue: the rules by example, the cost of a pick, and all of it against a
//! model that knows nothing but a list of messages.

use super::*;
use std::num::NonZero;

mod model;

const START: u64 = 1_000_000_000;

fn group(n: usize) -> GroupKey {
    GroupKey(NonZero::new(n as u128 + 1).unwrap())
}

fn at(ms: u64) -> Timestamp {
    Timestamp(START + ms)
}

/// Sends messages numbered from `from` on, available at once.
fn send(order: &mut Order, now: u64, numbers: std::ops::Range<Number>, n: Option<usize>) {
    for number in numbers {
        order.arrive(at(now), (at(now), number), Where::Available, n.map(group), at(now));
    }
}

/// Hands a message out that became available at `since`.
fn receive(order: &mut Order, now: u64, since: u64, number: Number, n: Option<usize>) {
    order.leave((at(since), number), Where::Available, n.map(group));
    order.enter(at(now), (at(now + 30_000), number), Where::InFlight, n.map(group));
}

fn picked(order: &Order) -> Vec<Number> {
    order.pick().collect()
}

/// A queue where group 0 has 30 of 30 messages in flight and 5 waiting, and then others come.
fn crowded() -> Order {
    let mut order = Order::default();
    send(&mut order, 0, 1..36, Some(0));
    for number in 1..31 {
        receive(&mut order, 0, 0, number, Some(0));
    }
    send(&mut order, 1, 100..102, Some(1));
    send(&mut order, 2, 200..202, None);
    order
}

#[test]
fn without_noise_the_order_is_that_of_becoming_available() {
    let mut order = Order::default();
    for (now, n) in [(5, None), (3, Some(0)), (4, Some(1)), (1, Some(0)), (2, None)] {
        send(&mut order, now, now..now + 1, n);
        send(&mut order, now + 5, now + 5..now + 6, n);
    }
    assert_eq!(picked(&order), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    let expected = FairCounts { quiet_available: 10, ..FairCounts::default() };
    assert_eq!(order.counts(), expected);
}

#[test]
fn a_group_that_crowds_the_others_out_comes_last() {
    let order = crowded();
    assert_eq!(picked(&order), [100, 101, 200, 201, 31, 32, 33, 34, 35]);
    let expected = FairCounts { noisy_groups: 1, quiet_available: 4, quiet_in_flight: 0, quiet_delayed: 0 };
    assert_eq!(order.counts(), expected);
}

#[test]
fn fewer_than_30_in_flight_or_a_tenth_of_all_is_not_noisy() {
    let mut order = Order::default();
    send(&mut order, 0, 1..40, Some(0));
    for number in 1..30 {
        receive(&mut order, 0, 0, number, Some(0));
    }
    assert_eq!(order.counts().noisy_groups, 0, "29 in flight");
    send(&mut order, 0, 1_000..1_271, None);
    for number in 1_000..1_271 {
        receive(&mut order, 0, 0, number, None);
    }
    receive(&mut order, 0, 0, 30, Some(0));
    assert_eq!(order.counts().noisy_groups, 0, "30 of 301 in flight");
    receive(&mut order, 0, 0, 31, Some(0));
    assert_eq!(order.counts().noisy_groups, 1, "31 of 302 in flight");
}

#[test]
fn noise_ends_with_the_backlog() {
    let mut order = crowded();
    for number in 31..36 {
        assert_eq!(order.counts().noisy_groups, 1);
        receive(&mut order, 3, 0, number, Some(0));
    }
    let expected = FairCounts { noisy_groups: 0, quiet_available: 4, quiet_in_flight: 35, quiet_delayed: 0 };
    assert_eq!(order.counts(), expected);
    assert_eq!(order.due(), None);
}

#[test]
fn noise_ends_when_nothing_was_sent_for_five_minutes() {
    let mut order = crowded();
    assert_eq!(order.due(), Some(at(300_000)));
    send(&mut order, 1_000, 40..41, Some(0));
    assert_eq!(order.due(), Some(at(301_000)));
    order.advance(at(300_999));
    assert_eq!(order.counts().noisy_groups, 1);
    order.advance(at(301_000));
    assert_eq!(order.counts().noisy_groups, 0);
    assert_eq!(picked(&order), [31, 32, 33, 34, 35, 100, 101, 200, 201, 40]);
    receive(&mut order, 301_000, 0, 31, Some(0));
    assert_eq!(order.counts().noisy_groups, 0, "it is silent, whatever else happens");
    send(&mut order, 302_000, 41..42, Some(0));
    assert_eq!(order.counts().noisy_groups, 1, "it sends again");
}

#[test]
fn a_group_that_takes_the_consumers_time_comes_last() {
    let mut order = Order::default();
    send(&mut order, 0, 1..3, Some(0));
    send(&mut order, 1, 3..5, Some(1));
    order.processed(at(2), None, 900);
    order.processed(at(2), Some(group(0)), 100);
    assert_eq!(picked(&order), [1, 2, 3, 4], "a tenth is not more than a tenth");
    order.processed(at(2), Some(group(0)), 1);
    assert_eq!(picked(&order), [3, 4, 1, 2]);
}

#[test]
fn processing_time_is_forgotten() {
    for (later, noisy) in [(SLOT_MS, 1), (2 * SLOT_MS, 0)] {
        let mut order = Order::default();
        send(&mut order, 0, 1..2, Some(0));
        let start = SLOT_MS - at(0).0 % SLOT_MS;
        order.groups.get_mut(&group(0)).unwrap().processing.add(at(start), 50);
        order.processing.add(at(start), 50);
        order.processing.add(at(start + later), 10);
        order.arrive(
            at(start + later),
            (at(start + later), 9),
            Where::Delayed,
            Some(group(0)),
            at(start + later),
        );
        assert_eq!(order.counts().noisy_groups, noisy, "{later} ms later");
    }
}

#[test]
fn recent_is_this_slot_of_time_and_the_one_before() {
    let mut recent = Recent::default();
    let slot = |n: u64| Timestamp(n * SLOT_MS + 7);
    recent.add(slot(10), 1);
    recent.add(slot(11), 20);
    recent.add(slot(11), 20);
    assert_eq!([11, 12, 13].map(|n| recent.at(slot(n))), [41, 40, 0]);
    recent.add(slot(13), 300);
    assert_eq!([13, 14, 15].map(|n| recent.at(slot(n))), [300, 300, 0]);
}

#[test]
fn opening_the_shard_forgets_noise_and_its_causes() {
    let mut order = crowded();
    order.processed(at(3), Some(group(1)), 100);
    assert_eq!(order.counts().noisy_groups, 2);
    order.neutral();
    let expected = FairCounts { noisy_groups: 0, quiet_available: 9, quiet_in_flight: 30, quiet_delayed: 0 };
    assert_eq!((order.counts(), order.due()), (expected, None));
    assert_eq!(picked(&order), [31, 32, 33, 34, 35, 100, 101, 200, 201]);
    order.processed(at(4), None, 1_000);
    order.processed(at(4), Some(group(1)), 1);
    assert_eq!(order.counts().noisy_groups, 0, "the 100 ms are forgotten");
}

#[test]
fn a_group_without_messages_is_gone() {
    let mut order = Order::default();
    send(&mut order, 0, 1..2, Some(0));
    order.enter(at(0), (at(9), 2), Where::Delayed, Some(group(0)));
    order.leave((at(0), 1), Where::Available, Some(group(0)));
    assert_eq!(order.groups.len(), 1);
    order.leave((at(9), 2), Where::Delayed, Some(group(0)));
    assert!(order.groups.is_empty() && order.quiet.is_empty());
    order.processed(at(1), Some(group(0)), 5);
    assert!(order.groups.is_empty());
}

/// Ten messages cost the same out of 20 and out of 300,000 of 10,000 groups: groups beyond the taken
/// ones are not opened, messages beyond them not looked at.
#[test]
fn the_work_of_a_pick_is_that_of_the_messages_taken() {
    for (groups, each) in [(2, 10), (10_000, 30)] {
        let mut order = Order::default();
        for n in 0..groups * each {
            send(&mut order, n as u64, n as u64..n as u64 + 1, Some(n % groups));
        }
        send(&mut order, 0, 1_000_000..1_001_000, None);
        for ungrouped in [btree_set::Iter::default(), order.ungrouped.iter()] {
            let (heads, alone) = (order.quiet.len(), ungrouped.len());
            let mut merge = Merge::new(&order.groups, order.quiet.iter(), ungrouped);
            assert_eq!(merge.by_ref().take(10).count(), 10);
            assert!(merge.opened.len() <= 10 && heads - merge.heads.len() <= 10);
            assert!(alone - merge.ungrouped.len() <= 10);
        }
    }
}
