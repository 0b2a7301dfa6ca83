//! Bounds that take many of something to reach.

use super::hub::{self, Hub, token};
use super::logged::Restart;
use super::{Live, payload, queue, topic, wanted};
use crate::command::{AskQueue, AskTopic, Command, Notice, Page, Publish, Receive, Subscribe, TopicMeaning};
use crate::event::{Event, MessageStated, Receives, SubscriptionStated, Tags};
use crate::id::{GroupKey, Revision, Uuid};
use crate::queue::settings::Setting;
use crate::reply::{More, Reply};
use crate::shard::{Bounds, Config, Decided};
use crate::topic::filter::{AttributeFact, Facts, Policy, Scope, Value};
use crate::topic::subscription::{Change, Confirmation, Endpoint, Filter, Protocol, Standing};
use crate::{Rejection, limits};
use std::num::NonZero;
use std::sync::Arc;

fn filter(scope: Scope) -> Arc<Filter> {
    let values = Value::Array(vec![Value::String("x".into())]);
    let policy = Policy::compile(&Value::Object(vec![("kind".into(), values)]), scope).unwrap();
    Arc::new(Filter { text: "{\"kind\":[\"x\"]}".into(), scope, policy })
}

/// A scope that is kept for a policy to come.
fn nothing() -> Arc<Filter> {
    let scope = Scope::MessageBody;
    let policy = Policy::compile(&Value::Object(vec![]), scope).unwrap();
    Arc::new(Filter { text: "{}".into(), scope, policy })
}

/// A queue with two messages in flight less than there may be, and eleven more, each of a group of its own.
fn nearly_full(name: &str) -> Live {
    let mut live = Live::new(Config::default());
    live.create(name, vec![]);
    let id = live.shard.queue_id(&queue(name)).unwrap();
    let message = |number: u64| {
        Event::Message(MessageStated {
            queue: id,
            number,
            id: Uuid(u128::from(number)),
            sent_at: super::BEGIN,
            visible_at: super::BEGIN,
            receives: Receives::default(),
            payload: payload("x"),
            group: Some(GroupKey(NonZero::new(u128::from(number)).unwrap())),
            dedup: None,
            past: None,
            journey: None,
            from: None,
        })
    };
    let max = limits::IN_FLIGHT_MAX as u64;
    live.append((1..=max + 9).map(message).collect());
    let until = super::BEGIN.plus_s(30);
    live.append(vec![Event::Received { queue: id, until, numbers: (1..max - 1).collect() }]);
    live
}

/// At the limit a standard queue tells a short poll so; a long poll, and any poll of a FIFO queue, get nothing.
#[test]
fn no_more_than_120_000_messages_are_in_flight() {
    let poll = |wait_s| AskQueue::Receive(Receive { max: 1, visibility_s: None, wait_s, attempt: None });
    for (name, told) in [("orders", true), ("orders.fifo", false)] {
        let mut live = nearly_full(name);
        assert_eq!(live.receive(name, 10).len(), 2, "up to the limit");
        for (wait_s, told) in [(Some(0), told), (None, told), (Some(5), false)] {
            match live.ask(name, poll(wait_s)) {
                Err(rejection) => assert!(told && rejection == Rejection::InFlightFull, "{name}"),
                Ok(Decided { reply: Reply::Received(none), .. }) => {
                    assert!(!told && none.is_empty(), "{name}")
                }
                Ok(other) => panic!("{other:?}"),
            }
        }
        live.at(31);
        assert_eq!(live.receive(name, 10).len(), 10);
    }
}

#[test]
fn a_publication_makes_at_most_1_000_copies_in_its_turn_and_owes_the_rest() {
    let mut live = Live::new(Config::default());
    live.create_topic();
    let count = limits::COPIES_PER_TURN_MAX + 5;
    for number in 0..count {
        live.create(&format!("q{number}"), vec![]);
        live.subscribe(&format!("q{number}"), None).unwrap();
    }
    let published = live.publish("x");
    let Event::Publication(stated) = &published.events[0] else { panic!() };
    assert_eq!((stated.copies.len(), stated.owed.len()), (limits::COPIES_PER_TURN_MAX, 5));
    assert_eq!(live.shard.owes().collect::<Vec<_>>(), [0], "to itself");
    let Reply::Owed(owed) = live.decide(Command::Owed { to: 0 }).unwrap().reply else { panic!() };
    let mut parcel = owed[0].parcel.clone();
    parcel.payload = payload("x");
    live.run(Command::Deliver { from: 0, parcels: vec![parcel] }).unwrap();
    live.run(Command::Settle { to: 0, accepted: 5, refused: None }).unwrap();
    assert_eq!(live.shard.owed_count(), 0);
    for number in 0..count {
        assert_eq!(live.receive(&format!("q{number}"), 10), ["x"], "q{number}");
    }
}

#[test]
fn a_topic_has_at_most_200_filters() {
    let mut live = Live::new(Config::default());
    live.create_topic();
    let wanted = Some(filter(Scope::MessageAttributes));
    for number in 0..limits::FILTERS_PER_TOPIC_MAX {
        live.subscribe(&format!("q{number}"), wanted.clone()).unwrap();
    }
    assert_eq!(live.subscribe("more", wanted.clone()), Err(Rejection::TooManyFilterPolicies));
    let plain = live.subscribe("more", None).unwrap();
    let set = |filter| AskTopic::SetSubscription(plain, Change::Filter { filter, elsewhere: 0 });
    assert_eq!(live.ask_topic(set(wanted.clone())).unwrap_err(), Rejection::TooManyFilterPolicies);
    let first = live.subscribe("q0", wanted.clone()).unwrap();
    live.ask_topic(AskTopic::Unsubscribe(first, None)).unwrap();
    live.ask_topic(set(wanted.clone())).unwrap();
    live.ask_topic(set(wanted)).unwrap();
}

#[test]
fn filters_of_an_account_are_counted_with_those_elsewhere() {
    let bounds = Bounds { filters_per_account: 5, ..Bounds::default() };
    let mut live = Live::new(Config { bounds, ..Config::default() });
    live.create_topic();
    live.subscribe("a", Some(filter(Scope::MessageAttributes))).unwrap();
    let plain = live.subscribe("b", None).unwrap();
    let set = |elsewhere| {
        let filter = Some(filter(Scope::MessageBody));
        AskTopic::SetSubscription(plain, Change::Filter { filter, elsewhere })
    };
    assert_eq!(live.ask_topic(set(4)).unwrap_err(), Rejection::TooManyFilterPolicies);
    assert_eq!(live.ask_topic(set(usize::MAX)).unwrap_err(), Rejection::TooManyFilterPolicies);
    live.ask_topic(set(3)).unwrap();
    // It has one, so there is none more.
    live.ask_topic(set(4)).unwrap();
    let account = topic().account().into();
    let reply = live.decide(Command::CountFilters { account }).unwrap().reply;
    assert!(matches!(reply, Reply::Count(2)), "{reply:?}");
    let reply = live.decide(Command::CountFilters { account: "999999999999".into() }).unwrap().reply;
    assert!(matches!(reply, Reply::Count(0)), "{reply:?}");
}

/// The counts are derived, so they have to follow whatever becomes of a subscription, also from a log of which the front
/// is gone and where a topic is stated behind what it has.
#[test]
fn filters_are_counted_by_account_whatever_becomes_of_their_subscriptions() {
    let mut hub = Hub::new(Config::default());
    let arns = ["a", "b"].map(hub::topic);
    let stated = |endpoint| SubscriptionStated {
        filter: Some(filter(Scope::MessageBody)),
        standing: Standing::Pending(super::BEGIN),
        ..wanted(endpoint)
    };
    let http = |name: &str| Endpoint::Other(Protocol::Http, format!("http://{name}/").into());
    let expect = |hub: &mut Hub, expected: usize| {
        hub.shards[0].compact(5);
        hub.shards[0].check(Restart::No);
        hub.restart();
        let account = arns[0].account().into();
        let reply = hub.run_at(0, Command::CountFilters { account }).unwrap();
        assert!(matches!(reply, Reply::Count(count) if count == expected), "{reply:?}, not {expected}");
    };
    for (which, arn) in (0_u8..).zip(&arns) {
        hub.create_topic(arn, &[], TopicMeaning::default());
        for (number, name) in (0_u8..).zip(["left", "forgotten"]) {
            let token = token(0, 2 * which + number);
            let notice = Some(Notice { payload: payload("confirm"), token });
            let asked = Subscribe { notice, ..Subscribe::new(stated(http(name))) };
            hub.subscribe(arn, asked.clone()).unwrap();
            let again =
                Notice { payload: payload("confirm"), token: hub::token(0, 100 + 2 * which + number) };
            hub.subscribe(arn, Subscribe { notice: Some(again), ..asked }).unwrap();
        }
    }
    expect(&mut hub, 4);
    let reply = hub.run_at(0, Command::Confirm { token: token(0, 0), by: Confirmation::Link }).unwrap();
    let Reply::Confirmed(_, id) = reply else { panic!("{reply:?}") };
    let set = |filter| AskTopic::SetSubscription(id, Change::Filter { filter, elsewhere: 0 });
    for (given, expected) in [
        (Some(filter(Scope::MessageAttributes)), 4),
        (Some(nothing()), 3),
        (Some(filter(Scope::MessageBody)), 4),
        (None, 3),
        (Some(filter(Scope::MessageBody)), 4),
    ] {
        hub.ask_topic(&arns[0], set(given)).unwrap();
        expect(&mut hub, expected);
    }
    let leave = Notice { payload: payload("left"), token: token(0, 50) };
    hub.ask_topic(&arns[0], AskTopic::Unsubscribe(id, Some(Box::new(leave)))).unwrap();
    expect(&mut hub, 3);
    hub.run_at(0, Command::Confirm { token: token(0, 50), by: Confirmation::Link }).unwrap();
    expect(&mut hub, 4);
    hub.pass(3 * 86_400_000);
    expect(&mut hub, 1);
    hub.ask_topic(&arns[0], AskTopic::Unsubscribe(id, None)).unwrap();
    expect(&mut hub, 0);
    hub.subscribed(&arns[1], http("x"), |next| next.filter = Some(filter(Scope::MessageBody)));
    expect(&mut hub, 1);
    hub.ask_topic(&arns[1], AskTopic::Delete).unwrap();
    expect(&mut hub, 0);
}

#[test]
fn a_publication_must_have_been_looked_into_if_some_filter_looks_into_bodies() {
    let mut live = Live::new(Config::default());
    live.create("a", vec![]);
    live.create_topic();
    let blind = || AskTopic::Publish(vec![Publish::new(payload("x"))]);
    live.ask_topic(blind()).unwrap();
    let id = live.subscribe("a", Some(filter(Scope::MessageBody))).unwrap();
    assert!(live.shard.judgement(&topic()).unwrap().filters_bodies);
    assert_eq!(live.ask_topic(blind()).unwrap_err(), Rejection::Stale);
    let attributes = Change::Filter { filter: Some(filter(Scope::MessageAttributes)), elsewhere: 0 };
    live.ask_topic(AskTopic::SetSubscription(id, attributes)).unwrap();
    assert!(!live.shard.judgement(&topic()).unwrap().filters_bodies);
    live.ask_topic(blind()).unwrap();
}

#[test]
fn a_raw_copy_has_at_most_ten_attributes() {
    let mut live = Live::new(Config::default());
    live.create("a", vec![]);
    live.create_topic();
    live.subscribe("a", None).unwrap();
    let publish = |attributes: usize| {
        let named = (0..attributes).map(|n| (format!("k{n}").into(), AttributeFact::Binary)).collect();
        let facts = Facts::new(named, None);
        AskTopic::Publish(vec![Publish { facts, ..Publish::new(payload("x")) }])
    };
    assert_eq!(live.ask_topic(publish(11)).unwrap().dropped, 1);
    assert_eq!(live.receive("a", 10).len(), 0);
    assert_eq!(live.ask_topic(publish(10)).unwrap().dropped, 0);
    assert_eq!(live.receive("a", 10).len(), 1);
}

#[test]
fn tags_are_compared_for_topics_only_and_bounded() {
    let mut live = Live::new(Config::default());
    let tags = |count: usize| (0..count).map(|n| (format!("k{n}").into(), "v".into())).collect::<Tags>();
    let create = |judged, tags| Command::CreateQueue { arn: queue("a"), judged, settings: vec![], tags };
    assert_eq!(live.run(create(Revision(0), tags(51))).unwrap_err(), Rejection::TooManyTags);
    live.run(create(Revision(0), tags(50))).unwrap();
    assert_eq!(live.run(create(Revision(0), tags(1))).unwrap_err(), Rejection::Stale);
    live.run(create(live.judged(&queue("a")), tags(1))).unwrap();
    let another = [("other".into(), "".into())].into();
    assert_eq!(live.ask("a", AskQueue::Tag(another)).unwrap_err(), Rejection::TooManyTags);
    live.ask("a", AskQueue::Untag(vec!["k0".into(), "unknown".into()])).unwrap();
    let Reply::Queue(view) = live.ask("a", AskQueue::View).unwrap().reply else { panic!() };
    assert_eq!(view.tags.len(), 49);
    let create = |tags| Command::CreateTopic {
        arn: topic(),
        attributes: Default::default(),
        meaning: TopicMeaning::default(),
        tags,
    };
    live.run(create(Some(tags(2)))).unwrap();
    live.run(create(None)).unwrap();
    assert_eq!(live.run(create(Some(tags(1)))).unwrap_err(), Rejection::TopicTagsDiffer);
}

#[test]
fn lists_are_paged_in_order() {
    let mut live = Live::new(Config::default());
    live.create_topic();
    for name in ["a", "b", "c"] {
        live.subscribe(name, None).unwrap();
    }
    let prefix: Box<str> = "arn:aws:sns:us-east-1:000000000000:".into();
    let (mut after, mut found) = (None, Vec::new());
    loop {
        let page = Page { prefix: prefix.clone(), after: after.take(), max: 2 };
        let Reply::Subscriptions(page, more) = live.decide(Command::ListSubscriptions(page)).unwrap().reply
        else {
            panic!()
        };
        found.extend(
            page.iter().map(|(_, stated)| stated.endpoint.address().rsplit(':').next().unwrap().to_owned()),
        );
        after = page.last().map(|(arn, stated)| format!("{arn}:{}", stated.id).into());
        if more == More::No {
            break;
        }
    }
    found.sort();
    assert_eq!(found, ["a", "b", "c"]);
    let page = Page { prefix: "arn:aws:sns:eu".into(), after: None, max: 2 };
    let Reply::Subscriptions(none, More::No) = live.decide(Command::ListSubscriptions(page)).unwrap().reply
    else {
        panic!()
    };
    assert!(none.is_empty());
}

#[test]
fn whatever_a_client_can_make_long_counts_as_live() {
    let mut live = Live::new(Config::default());
    live.create("a", vec![]);
    let before = live.shard.live_bytes();
    let long: Arc<str> = "k".repeat(10_000).into();
    live.ask("a", AskQueue::Set(vec![Setting::KmsKey(Some(long.clone()))])).unwrap();
    live.ask("a", AskQueue::Set(vec![Setting::Policy(Some(long))])).unwrap();
    assert_eq!(live.shard.live_bytes() - before, 20_000);
    live.ask("a", AskQueue::Delete).unwrap();
    assert_eq!(live.shard.live_bytes(), 0);
}
