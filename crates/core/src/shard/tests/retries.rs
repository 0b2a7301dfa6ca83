//! When deliveries to endpoints are tried again, and what becomes of them in the end.

use super::hub::{Hub, grouped, topic, web};
use super::{payload, queue};
use crate::Arn;
use crate::command::{AskQueue, AskTopic, Outcome, Publish, TopicMeaning};
use crate::event::{Occasion, SubscriptionStated};
use crate::id::Uuid;
use crate::reply::Content;
use crate::shard::{Bounds, Config};
use crate::topic::retry::{Backoff, Overrides, Phases, Policy, Schedule, TopicPolicy};
use crate::topic::subscription::{Endpoint, Form, Protocol, Rendition};
use std::num::NonZeroU32;

/// A schedule in seconds.
fn schedule(delays: (u32, u32), counts: [u32; 4], backoff: Backoff) -> Schedule {
    let [retries, no_delay_retries, min_delay_retries, max_delay_retries] = counts;
    let (min_delay_ms, max_delay_ms) = (delays.0 * 1_000, delays.1 * 1_000);
    let phases = Phases {
        min_delay_ms,
        max_delay_ms,
        retries,
        no_delay_retries,
        min_delay_retries,
        max_delay_retries,
        backoff,
    };
    Schedule::new(phases).unwrap()
}

/// A hub with a topic, and a web server that is subscribed with this policy.
fn hub(schedule: Option<Schedule>, dead_letter: Option<Arn>) -> (Hub, Arn, Uuid) {
    let mut hub = Hub::new(Config::default());
    let arn = topic("news");
    hub.create_topic(&arn, &[], TopicMeaning::default());
    let id = hub.subscribed(&arn, web(), |next| {
        next.delivery = Policy { schedule, ..Policy::default() };
        next.dead_letter = dead_letter;
    });
    (hub, arn, id)
}

/// Fails every attempt as soon as it may be made. Says when each was, in milliseconds after the first.
fn fail_all(hub: &mut Hub, arn: &Arn, mut between: impl FnMut(&mut Hub)) -> Vec<u64> {
    let (begin, mut times) = (hub.now, Vec::new());
    while let Some(due) = hub.home(arn).shard.endpoints_due() {
        if due > hub.now {
            hub.pass(due.0 - hub.now.0 - 1);
            assert!(hub.claim(arn).is_empty(), "never earlier");
            hub.pass(1);
        }
        let claimed = hub.claim(arn);
        assert_eq!(claimed.len(), 1);
        assert_eq!(claimed[0].failures as usize, times.len());
        assert!(hub.claim(arn).is_empty(), "it is handed out once");
        times.push(hub.now.0 - begin.0);
        hub.report(arn, &claimed, Outcome::Failed);
        between(hub);
    }
    times
}

/// The table of sns 10, by hand: delays in milliseconds before each retry.
fn table(backoff: Backoff) -> [u64; 9] {
    // One at once, two after 2 s, four that grow from 2 s to 30 s, two after 30 s.
    let [b, c] = match backoff {
        Backoff::Linear => [11_333, 20_667],
        Backoff::Arithmetic => [6_667, 16_000],
        Backoff::Geometric => [4_932, 12_164],
        Backoff::Exponential => [6_000, 14_000],
    };
    [0, 2_000, 2_000, 2_000, b, c, 30_000, 30_000, 30_000]
}

#[test]
fn attempts_are_made_when_the_policy_says_to_the_millisecond() {
    for backoff in [Backoff::Linear, Backoff::Arithmetic, Backoff::Geometric, Backoff::Exponential] {
        let (mut hub, arn, _) = hub(Some(schedule((2, 30), [9, 1, 2, 2], backoff)), None);
        hub.say(&arn, "x");
        let mut expected = vec![0];
        expected.extend(table(backoff).iter().scan(0, |sum, delay| {
            *sum += delay;
            Some(*sum)
        }));
        assert_eq!(fail_all(&mut hub, &arn, |_| {}), expected, "{backoff:?}");
        assert_eq!((hub.dropped, hub.shards[0].shard.due_count()), (1, 0));
    }
}

#[test]
fn a_restart_changes_nothing_of_the_schedule() {
    for backoff in [Backoff::Linear, Backoff::Exponential] {
        let policy = Some(schedule((1, 8), [8, 2, 1, 1], backoff));
        let (mut plain, arn, _) = hub(policy, None);
        plain.say(&arn, "x");
        let expected = fail_all(&mut plain, &arn, |_| {});
        let (mut restarted, arn, _) = hub(policy, None);
        restarted.say(&arn, "x");
        assert_eq!(fail_all(&mut restarted, &arn, Hub::restart), expected);
        assert_eq!(restarted.dropped, 1);
    }
}

#[test]
fn the_defaults_are_those_of_the_protocol_and_of_the_server() {
    let begin_and = |delays: &[u64]| delays.to_vec();
    let (mut hub, arn, _) = hub(None, None);
    hub.say(&arn, "x");
    assert_eq!(fail_all(&mut hub, &arn, |_| {}), begin_and(&[0, 20_000, 40_000, 60_000]));
    // A laptop's: tenths of a second.
    let quick = Phases { min_delay_ms: 100, max_delay_ms: 100, retries: 2, ..*Schedule::HTTP.phases() };
    let config = Config { retries: Schedule::new(quick).unwrap(), ..Config::default() };
    let mut hub = Hub::new(config);
    hub.create_topic(&arn, &[], TopicMeaning::default());
    hub.subscribed(&arn, web(), |_| {});
    hub.say(&arn, "x");
    assert_eq!(fail_all(&mut hub, &arn, |_| {}), begin_and(&[0, 100, 200]));
    // E-mail: 50 retries, two of them 10 s apart, the last 38 ten minutes apart.
    let mail = Endpoint::Other(Protocol::Email, "a@example.com".into());
    let other = topic("mail");
    hub.create_topic(&other, &[], TopicMeaning::default());
    hub.subscribed(&other, mail, |_| {});
    hub.say(&other, "x");
    let times = fail_all(&mut hub, &other, |_| {});
    assert_eq!((times.len(), times[1], times[2], times[50] - times[49]), (51, 10_000, 20_000, 600_000));
}

#[test]
fn the_topic_may_forbid_what_a_subscription_says_and_both_may_change() {
    let (mut hub, arn, id) = hub(Some(schedule((1, 1), [1, 0, 0, 0], Backoff::Linear)), None);
    let of_topic = |overrides| TopicPolicy {
        policy: Policy {
            schedule: Some(schedule((5, 5), [2, 0, 0, 0], Backoff::Linear)),
            ..Policy::default()
        },
        overrides,
    };
    let times = |hub: &mut Hub, overrides: Overrides| {
        let meaning = TopicMeaning { delivery: Some(of_topic(overrides)), archive_days: None };
        hub.ask_topic(&arn, AskTopic::Set("DeliveryPolicy".into(), Some("{}".into()), meaning)).unwrap();
        hub.say(&arn, "x");
        fail_all(hub, &arn, |_| {})
    };
    assert_eq!(times(&mut hub, Overrides::Allowed), [0, 1_000]);
    assert_eq!(times(&mut hub, Overrides::Disabled), [0, 5_000, 10_000]);
    assert!(hub.stated(&arn, id).is_ok());
}

#[test]
fn no_retry_is_a_policy_too() {
    let policy = schedule((20, 20), [0, 0, 0, 0], Backoff::Linear);
    let (mut hub, arn, _) = hub(Some(policy), None);
    hub.say(&arn, "x");
    assert_eq!((fail_all(&mut hub, &arn, |_| {}), hub.dropped), (vec![0], 1));
}

/// The dead-letter queue in the same shard, where the delivery goes through a stream of the shard to itself, and in another.
#[test]
fn at_its_end_a_delivery_is_in_the_dead_letter_queue_once() {
    for shard in [0, 1] {
        let mut hub = Hub::pair(&Config::default());
        let arn = hub.topic_at(0, "");
        let dead = hub.name_at(shard, "dead", "");
        hub.create_queue(&dead, vec![]);
        hub.create_topic(&arn, &[], TopicMeaning::default());
        let id = hub.subscribed(&arn, web(), |next| {
            next.dead_letter = Some(queue(&dead));
            next.form = Form::Raw;
            next.delivery.schedule = Some(schedule((1, 1), [1, 0, 0, 0], Backoff::Linear));
        });
        let first = hub.say(&arn, "x").id;
        assert_eq!(fail_all(&mut hub, &arn, |_| {}), [0, 1_000]);
        hub.restart();
        assert_eq!(hub.bodies(&dead), [""; 0], "it is on its way");
        hub.exchange();
        // Refused for good: at once.
        hub.say(&arn, "y");
        let claimed = hub.claim(&arn);
        hub.report(&arn, &claimed, Outcome::Refused);
        assert_eq!(hub.home(&arn).shard.due_count(), 0);
        hub.exchange();
        hub.restart();
        hub.exchange();
        assert_eq!((hub.bodies(&dead), hub.dropped), (vec!["x".to_owned(), "y".to_owned()], 0));
        let Content::Copy { published, subscription, rendition, .. } = &hub.peek(&dead)[0].content else {
            panic!()
        };
        assert_eq!((published.message_id, *subscription), (first, id));
        assert_eq!(*rendition, Rendition { protocol: Protocol::Https, form: Form::Raw });
    }
}

#[test]
fn a_dead_letter_queue_that_is_not_to_be_had_makes_a_counted_drop() {
    for shard in [0, 1] {
        let mut hub = Hub::pair(&Config::default());
        let arn = hub.topic_at(0, "");
        let dead = hub.name_at(shard, "dead", "");
        hub.create_topic(&arn, &[], TopicMeaning::default());
        hub.subscribed(&arn, web(), |next| next.dead_letter = Some(queue(&dead)));
        hub.say(&arn, "x");
        let claimed = hub.claim(&arn);
        hub.report(&arn, &claimed, Outcome::Refused);
        assert_eq!(hub.dropped, 0);
        hub.exchange();
        assert_eq!(hub.dropped, 1);
        hub.restart();
    }
}

#[test]
fn what_was_delivered_is_over_and_an_old_report_says_nothing() {
    let (mut hub, arn, _) = hub(None, Some(queue("dead")));
    hub.create_queue("dead", vec![]);
    hub.say(&arn, "x");
    let claimed = hub.claim(&arn);
    hub.report(&arn, &claimed, Outcome::Delivered);
    assert_eq!((hub.shards[0].shard.due_count(), hub.shards[0].shard.resident_bytes()), (0, 0));
    hub.report(&arn, &claimed, Outcome::Refused);
    hub.exchange();
    assert_eq!((hub.peek("dead").len(), hub.dropped), (0, 0));
    hub.restart();
}

#[test]
fn many_attempts_of_one_turn_are_one_event() {
    let (mut hub, arn, _) = hub(None, None);
    (0..4).for_each(|_| assert_eq!(hub.say(&arn, "x").sequence, None));
    let claimed = hub.claim(&arn);
    let before = hub.shards[0].log.len();
    hub.report(&arn, &claimed, Outcome::Failed);
    assert_eq!((claimed.len(), hub.shards[0].log.len() - before), (4, 1));
    hub.report(&arn, &claimed[..0], Outcome::Failed);
    assert_eq!(hub.shards[0].log.len() - before, 1, "nothing is no event");
}

#[test]
fn at_the_bound_the_oldest_is_at_its_end() {
    let bounds = Bounds { owed_per_endpoint: 10, ..Bounds::default() };
    let mut hub = Hub::new(Config { bounds, ..Config::default() });
    let arn = topic("news");
    hub.create_queue("dead", vec![]);
    hub.create_topic(&arn, &[], TopicMeaning::default());
    let dead_letter = |next: &mut SubscriptionStated| next.dead_letter = Some(queue("dead"));
    hub.subscribed(&arn, web(), dead_letter);
    let other = Endpoint::Other(Protocol::Https, "https://example.org/".into());
    hub.subscribed(&arn, other, |_| {});
    let bodies = ["00", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13"];
    let messages = |bodies: &[&'static str]| bodies.iter().map(|body| Publish::new(payload(body))).collect();
    hub.publish(&arn, messages(&bodies[..9]));
    assert_eq!((hub.dropped, hub.shards[0].shard.due_count()), (0, 18));
    // A batch that goes over the bound, and then one message.
    hub.publish(&arn, messages(&bodies[9..13]));
    assert_eq!((hub.dropped, hub.shards[0].shard.due_count()), (3, 20));
    hub.publish(&arn, messages(&bodies[13..]));
    assert_eq!((hub.dropped, hub.shards[0].shard.due_count()), (4, 20));
    hub.exchange();
    assert_eq!(hub.bodies("dead"), bodies[..4]);
    hub.restart();
    // What is under way is not pushed out.
    let claimed = hub.claim(&arn);
    hub.publish(&arn, messages(&bodies[..1]));
    hub.exchange();
    assert_eq!(hub.bodies("dead").len(), 5);
    hub.report(&arn, &claimed, Outcome::Delivered);
    assert_eq!(hub.shards[0].shard.due_count(), 20 - claimed.len());
}

#[test]
fn with_the_subscription_or_the_topic_all_that_is_owed_to_it_is_gone() {
    let (mut hub, arn, id) = hub(None, Some(queue("dead")));
    hub.create_queue("dead", vec![]);
    hub.say(&arn, "x");
    hub.say(&arn, "y");
    let claimed = hub.claim(&arn);
    hub.ask_topic(&arn, AskTopic::Unsubscribe(id, None)).unwrap();
    assert_eq!(all_freed(&mut hub), (0, 0));
    hub.report(&arn, &claimed, Outcome::Refused);
    hub.restart();
    hub.subscribed(&arn, web(), |next| next.dead_letter = Some(queue("dead")));
    hub.say(&arn, "z");
    hub.ask_topic(&arn, AskTopic::Delete).unwrap();
    assert_eq!(all_freed(&mut hub), (0, 0));
    hub.exchange();
    hub.restart();
    assert_eq!(hub.peek("dead").len(), 0);
}

/// What is owed, and the bytes of it, once all that is gone was freed.
fn all_freed(hub: &mut Hub) -> (usize, u64) {
    let shard = &mut hub.shards[0].shard;
    while shard.reap(1) {
        shard.check();
    }
    (shard.due_count(), shard.resident_bytes())
}

/// A copy in a queue outlives the topic, and its statement must not bring the topic back.
#[test]
fn a_copy_outlives_its_topic() {
    let (mut hub, arn, _) = hub(None, None);
    hub.create_queue("q", vec![]);
    hub.subscribed(&arn, Endpoint::Queue(queue("q")), |_| {});
    hub.say(&arn, "x");
    hub.ask_topic(&arn, AskTopic::Delete).unwrap();
    hub.restart();
    hub.restart();
    assert_eq!(hub.bodies("q"), ["x"]);
    hub.ask("q", AskQueue::Purge);
    hub.restart();
}

#[test]
fn attempts_are_throttled_over_all_deliveries_of_a_subscription() {
    let (mut hub, arn, _) = hub(None, None);
    let id = hub.subscribed(&arn, Endpoint::Other(Protocol::Http, "http://slow/".into()), |next| {
        next.delivery.attempts_per_s_max = NonZeroU32::new(2);
    });
    (0..6).for_each(|_| assert_eq!(hub.say(&arn, "x").sequence, None));
    let mut times = Vec::new();
    for ms in (0..3_000).step_by(100) {
        let claimed = hub.claim(&arn);
        let slow = claimed.iter().filter(|claimed| claimed.subscription.id == id).count();
        times.extend((0..slow).map(|_| ms));
        hub.report(&arn, &claimed, Outcome::Delivered);
        hub.pass(100);
    }
    assert_eq!(times, [0, 500, 1_000, 1_500, 2_000, 2_500]);
}

#[test]
fn a_claim_is_bounded_by_number_and_bytes() {
    let (mut hub, arn, _) = hub(None, None);
    (0..4).for_each(|_| assert_eq!(hub.say(&arn, "12345678").sequence, None));
    let mut take = |max, bytes_max| {
        let crate::Reply::Claimed(claimed) = hub.home(&arn).shard.take_due(max, bytes_max) else { panic!() };
        claimed.len()
    };
    assert_eq!([take(1, 1_000), take(10, 1), take(10, 0), take(10, 9)], [1, 1, 0, 2]);
}

#[test]
fn a_notice_never_goes_to_a_dead_letter_queue() {
    let mut hub = Hub::new(Config::default());
    let arn = topic("news");
    hub.create_queue("dead", vec![]);
    hub.create_topic(&arn, &[], TopicMeaning::default());
    let (id, _) = hub.pending(&arn, web(), super::hub::token(0, 1)).unwrap();
    let change = crate::topic::subscription::Change::Attribute {
        name: "RedrivePolicy".into(),
        text: Some("{}".into()),
        meaning: crate::topic::subscription::Meaning::DeadLetter(Some(queue("dead"))),
    };
    hub.ask_topic(&arn, AskTopic::SetSubscription(id, change)).unwrap();
    let claimed = hub.claim(&arn);
    assert_eq!(claimed[0].published.occasion, Occasion::Notice);
    hub.report(&arn, &claimed, Outcome::Failed);
    hub.restart();
    assert_eq!(fail_all_again(&mut hub, &arn), 3);
    hub.exchange();
    assert_eq!((hub.peek("dead").len(), hub.dropped, hub.shards[0].shard.due_count()), (0, 0, 0));
}

/// Fails what is left. Says how many attempts there were.
fn fail_all_again(hub: &mut Hub, arn: &Arn) -> usize {
    let mut attempts = 0;
    while let Some(due) = hub.home(arn).shard.endpoints_due() {
        hub.pass(due.0.saturating_sub(hub.now.0));
        let claimed = hub.claim(arn);
        attempts += claimed.len();
        hub.report(arn, &claimed, Outcome::Failed);
    }
    attempts
}

#[test]
fn a_fifo_topic_and_a_web_server_would_not_hinder_each_other() {
    let mut hub = Hub::new(Config::default());
    let arn = topic("news.fifo");
    hub.create_topic(&arn, &[], TopicMeaning::default());
    hub.subscribed(&arn, web(), |_| {});
    let published = hub.publish(&arn, vec![grouped("x", "g", "1"), grouped("x", "g", "1")]);
    assert_eq!((published[0], hub.claim(&arn).len()), (published[1], 1));
}
