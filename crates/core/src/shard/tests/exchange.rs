//! Deliveries between shards, one side at a time.

use super::{BEGIN, Live, payload, queue, topic};
use crate::command::{AskQueue, Command};
use crate::event::{Event, Occasion};
use crate::id::Uuid;
use crate::limits;
use crate::outbox::{Cargo, Outgoing, Parcel, Published};
use crate::rejection::Refusal;
use crate::reply::{OwedParcel, Reply};
use crate::shard::{Config, Decided};
use crate::topic::subscription::{Form, Rendition};

fn parcel(body: &'static str, deliveries: &[(u64, &str)]) -> Parcel {
    let delivery = |(number, name): &(u64, &str)| Outgoing {
        number: *number,
        queue: queue(name),
        subscription: Uuid(u128::from(*number)),
        rendition: Rendition::of_queue(Form::Raw),
    };
    Parcel {
        payload: payload(body),
        cargo: Cargo::Publication {
            publication: Published {
                message_id: Uuid(1),
                topic: topic(),
                published_at: BEGIN,
                group: None,
                fifo: None,
                occasion: Occasion::Published,
            },
            deliveries: deliveries.iter().map(delivery).collect(),
        },
    }
}

fn numbers(owed: &OwedParcel) -> Vec<u64> {
    let Cargo::Publication { deliveries, .. } = &owed.parcel.cargo else { panic!("{owed:?}") };
    deliveries.iter().map(|delivery| delivery.number).collect()
}

fn taken(decided: &Decided) -> (u64, Option<(u64, Refusal)>) {
    let Reply::Taken { accepted, refused } = decided.reply else { panic!("{decided:?}") };
    (accepted, refused)
}

fn deliver(live: &mut Live, parcels: Vec<Parcel>) -> Decided {
    live.run(Command::Deliver { from: 3, parcels }).unwrap()
}

#[test]
fn what_was_taken_is_not_taken_again() {
    let mut live = Live::new(Config::default());
    live.create("a", vec![]);
    live.create("b", vec![]);
    let first = deliver(&mut live, vec![parcel("x", &[(1, "a"), (2, "b")])]);
    assert_eq!((taken(&first), first.events.len()), ((2, None), 1));
    let again = deliver(&mut live, vec![parcel("x", &[(1, "a"), (2, "b")])]);
    assert_eq!((taken(&again), again.events.len()), ((2, None), 0));
    let overlapping = deliver(&mut live, vec![parcel("x", &[(2, "b"), (3, "a")]), parcel("y", &[(4, "a")])]);
    assert_eq!(taken(&overlapping), (4, None));
    assert_eq!(live.receive("a", 10), ["x", "x", "y"]);
    assert_eq!(live.receive("b", 10), ["x"]);
    // Another origin counts on its own.
    let other = live.run(Command::Deliver { from: 2, parcels: vec![parcel("z", &[(1, "b")])] }).unwrap();
    assert_eq!(taken(&other), (1, None));
    assert_eq!(live.receive("b", 10), ["z"]);
}

#[test]
fn a_refused_delivery_ends_its_batch_and_those_behind_it_come_again() {
    let mut live = Live::new(Config::default());
    live.create("a", vec![]);
    let parcels = || vec![parcel("x", &[(1, "a"), (2, "gone"), (3, "a")]), parcel("y", &[(4, "a")])];
    let first = deliver(&mut live, parcels());
    assert_eq!(taken(&first), (1, Some((2, Refusal::QueueDoesNotExist))));
    assert_eq!(live.receive("a", 10), ["x"]);
    // Sent again after a crash of the origin, it is judged as before, but for what changed since.
    assert_eq!(taken(&deliver(&mut live, parcels())), (1, Some((2, Refusal::QueueDoesNotExist))));
    let rest = vec![parcel("x", &[(3, "a")]), parcel("y", &[(4, "a")])];
    assert_eq!(taken(&deliver(&mut live, rest)), (4, None));
    assert_eq!(live.receive("a", 10), ["x", "y"]);
    assert_eq!(taken(&deliver(&mut live, parcels())), (4, None), "late duplicates are taken already");
    assert_eq!(live.receive("a", 10), [""; 0]);
}

/// A shard of four with a topic, and a subscribed queue on each of the others.
fn origin() -> (Live, u16) {
    let index = topic().shard(4);
    let mut live = Live::new(Config { index, shards: 4, ..Config::default() });
    live.create_topic();
    let names = (0..).map(|n| format!("q{n}")).filter(|name| queue(name).shard(4) == (index + 1) % 4);
    for name in names.take(3) {
        live.subscribe(&name, None).unwrap();
    }
    (live, (index + 1) % 4)
}

#[test]
fn an_answer_settles_what_it_names_and_only_once() {
    let (mut live, to) = origin();
    live.publish("x");
    live.publish("y");
    assert_eq!((live.shard.owed_count(), live.shard.owes().collect::<Vec<_>>()), (6, vec![to]));
    let settle = |live: &mut Live, accepted, refused| {
        let decided = live.run(Command::Settle { to, accepted, refused }).unwrap();
        (decided.events.len(), decided.dropped, live.shard.owed_count())
    };
    assert_eq!(settle(&mut live, 0, None), (0, 0, 6));
    assert_eq!(settle(&mut live, 2, None), (1, 0, 4));
    assert_eq!(settle(&mut live, 2, None), (0, 0, 4), "nothing new is no event");
    let gone = Some((4, Refusal::QueueDoesNotExist));
    assert_eq!(settle(&mut live, 3, gone), (1, 1, 2));
    assert_eq!(settle(&mut live, 3, gone), (0, 0, 2), "a refusal is counted once");
    assert_eq!(settle(&mut live, 6, None), (1, 0, 0));
    assert_eq!(live.shard.resident_bytes(), 0, "a publication goes with its last delivery");
    live.publish("z");
    let Reply::Owed(owed) = live.decide(Command::Owed { to }).unwrap().reply else { panic!() };
    assert_eq!(numbers(&owed[0]), [7, 8, 9], "numbers are never given out twice");
}

#[test]
fn parcels_are_bounded_and_in_order() {
    let (mut live, to) = origin();
    for _ in 0..limits::PARCEL_DELIVERIES_MAX {
        live.publish("x");
    }
    let Reply::Owed(owed) = live.decide(Command::Owed { to }).unwrap().reply else { panic!() };
    let all = owed.iter().flat_map(numbers);
    assert!(all.eq(1..=limits::PARCEL_DELIVERIES_MAX as u64));
    assert_eq!(numbers(&owed[0]).len(), 3, "a publication is sent once for all its deliveries");
    let Reply::Owed(nothing) = live.decide(Command::Owed { to: 99 }).unwrap().reply else { panic!() };
    assert!(nothing.is_empty());
}

#[test]
fn large_payloads_make_small_batches() {
    let (mut live, to) = origin();
    let large: &'static str = Box::leak("x".repeat(200_000).into_boxed_str());
    for _ in 0..8 {
        live.publish(large);
    }
    let Reply::Owed(owed) = live.decide(Command::Owed { to }).unwrap().reply else { panic!() };
    assert_eq!(owed.len(), limits::PARCEL_BYTES_MAX / large.len());
}

#[test]
fn a_delivered_copy_has_the_delay_of_its_queue_and_the_time_of_its_arrival() {
    let mut live = Live::new(Config::default());
    live.create("a", vec![crate::queue::settings::Setting::Delay(5)]);
    live.at(60);
    let decided = deliver(&mut live, vec![parcel("x", &[(1, "a")])]);
    let Event::Publication(stated) = &decided.events[0] else { panic!() };
    let copy = &stated.copies[0];
    assert_eq!((copy.sent_at, copy.visible_at), (BEGIN.plus_s(60), BEGIN.plus_s(65)));
    assert_eq!((stated.published_at, stated.from), (BEGIN, Some((3, 1))));
    live.ask("a", AskQueue::Purge).unwrap();
}
