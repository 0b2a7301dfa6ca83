//! The order of a FIFO queue: the rules by example, and against the plainest model.

use super::*;
use proptest::prelude::*;
use std::num::NonZero;

const PLACES: [Where; 4] = [Where::Delayed, Where::Available, Where::InFlight, Where::Leaving];

fn group(n: usize) -> GroupKey {
    GroupKey(NonZero::new(n as u128 + 1).unwrap())
}

fn order(messages: &[(Number, Where, usize)]) -> Order {
    let mut order = Order::default();
    for &(number, place, n) in messages {
        order.enter(number, place, group(n));
    }
    order
}

fn picked(order: &Order) -> Vec<Number> {
    order.groups_ready().flatten().collect()
}

fn move_to(order: &mut Order, number: Number, from: Where, to: Where, n: usize) {
    order.leave(number, from, group(n));
    order.enter(number, to, group(n));
}

#[test]
fn a_group_is_given_in_full_before_the_next() {
    let available = [(1, 0), (2, 1), (3, 0), (4, 2), (5, 1)];
    let order = order(&available.map(|(number, n)| (number, Where::Available, n)));
    assert_eq!(picked(&order), [1, 3, 2, 5, 4]);
    assert!(order.has_ready());
    assert_eq!(order.groups(), 3);
}

#[test]
fn whatever_is_not_available_holds_back_what_is_behind_it() {
    for place in [Where::Delayed, Where::InFlight, Where::Leaving] {
        let mut order = order(&[(1, Where::Available, 0), (2, place, 0), (3, Where::Available, 0)]);
        order.enter(4, Where::Available, group(1));
        assert_eq!(picked(&order), [1, 4], "{place:?}");
        order.leave(2, place, group(0));
        assert_eq!(picked(&order), [1, 3, 4], "{place:?}");
    }
}

/// The example of sqs 10: foo, bar and baz are received together, and one is extended.
#[test]
fn an_extended_message_blocks_what_is_behind_it_only() {
    let (foo, bar, baz) = (1, 2, 3);
    for (extended, given) in [(baz, vec![foo, bar]), (bar, vec![foo]), (foo, vec![])] {
        let mut order = order(&[foo, bar, baz].map(|number| (number, Where::InFlight, 0)));
        for number in [foo, bar, baz].into_iter().filter(|number| *number != extended) {
            move_to(&mut order, number, Where::InFlight, Where::Available, 0);
        }
        assert_eq!(picked(&order), given);
        assert_eq!(order.has_ready(), !given.is_empty());
    }
}

#[test]
fn deleting_the_last_in_flight_frees_the_group_and_an_empty_group_is_gone() {
    let mut order = order(&[(1, Where::InFlight, 0), (2, Where::InFlight, 0), (3, Where::Available, 0)]);
    order.leave(1, Where::InFlight, group(0));
    assert_eq!(picked(&order), [0; 0], "still locked");
    order.leave(2, Where::InFlight, group(0));
    assert_eq!(picked(&order), [3]);
    order.leave(3, Where::Available, group(0));
    assert_eq!((order.groups(), order.has_ready()), (0, false));
}

#[test]
fn blocked_groups_are_not_looked_at() {
    let mut order = Order::default();
    for n in 0..10_000 {
        order.enter(2 * n as Number + 1, Where::InFlight, group(n));
        order.enter(2 * n as Number + 2, Where::Available, group(n));
    }
    assert_eq!(order.groups(), 10_000);
    assert!(order.ready.is_empty() && !order.has_ready());
    order.leave(9_999, Where::InFlight, group(4_999));
    assert_eq!(order.ready.len(), 1);
    assert_eq!(picked(&order), [10_000]);
}

/// What the rule says, word by word, over all messages.
fn plainest(messages: &BTreeMap<Number, (Where, usize)>) -> Vec<Number> {
    let mut deliverable: Vec<(usize, Vec<Number>)> = Vec::new();
    let mut blocked = BTreeSet::new();
    for (&number, &(place, n)) in messages {
        if place != Where::Available {
            blocked.insert(n);
        } else if !blocked.contains(&n) {
            match deliverable.iter_mut().find(|entry| entry.0 == n) {
                Some((_, numbers)) => numbers.push(number),
                None => deliverable.push((n, vec![number])),
            }
        }
    }
    deliverable.into_iter().flat_map(|(_, numbers)| numbers).collect()
}

#[derive(Clone, Debug)]
enum Step {
    /// A message with this number, if there is none.
    Enter { number: Number, place: usize, group: usize },
    /// Some message goes elsewhere.
    Move { nth: prop::sample::Index, place: usize },
    /// Some message is gone.
    Leave { nth: prop::sample::Index },
}

fn step() -> impl Strategy<Value = Step> {
    let nth = any::<prop::sample::Index>;
    prop_oneof![
        (0..500u64, 0..4usize, 0..6usize).prop_map(|(number, place, group)| Step::Enter {
            number,
            place,
            group
        }),
        (nth(), 0..4usize).prop_map(|(nth, place)| Step::Move { nth, place }),
        nth().prop_map(|nth| Step::Leave { nth }),
        // Most messages should be available, or groups are blocked nearly always.
        nth().prop_map(|nth| Step::Move { nth, place: 1 }),
    ]
}

proptest! {
    #[test]
    fn it_agrees_with_the_plainest_model(steps in prop::collection::vec(step(), 1..200)) {
        let mut order = Order::default();
        let mut messages = BTreeMap::<Number, (Where, usize)>::new();
        for step in steps {
            let at = |nth: prop::sample::Index| {
                let nth = nth.index(messages.len().max(1));
                messages.iter().nth(nth).map(|(number, message)| (*number, *message))
            };
            match step {
                Step::Enter { number, place, group: n } => {
                    if let std::collections::btree_map::Entry::Vacant(free) = messages.entry(number) {
                        free.insert((PLACES[place], n));
                        order.enter(number, PLACES[place], group(n));
                    }
                }
                Step::Move { nth, place } => {
                    if let Some((number, (from, n))) = at(nth) {
                        messages.insert(number, (PLACES[place], n));
                        move_to(&mut order, number, from, PLACES[place], n);
                    }
                }
                Step::Leave { nth } => {
                    if let Some((number, (from, n))) = at(nth) {
                        messages.remove(&number);
                        order.leave(number, from, group(n));
                    }
                }
            }
            let given = plainest(&messages);
            prop_assert_eq!(order.has_ready(), !given.is_empty());
            prop_assert_eq!(picked(&order), given);
            let groups = messages.values().map(|message| message.1).collect::<BTreeSet<_>>();
            prop_assert_eq!(order.groups(), groups.len());
        }
    }
}
