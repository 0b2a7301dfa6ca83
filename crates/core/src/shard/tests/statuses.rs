//! What topics are told of deliveries to queues, wherever those are (sns 16).

use super::hub::{Hub, grouped, topic};
use super::{BEGIN, payload, queue};
use crate::Arn;
use crate::command::{AskQueue, AskTopic, Dedup, Publish, TopicMeaning};
use crate::id::{DedupKey, GroupKey, Uuid};
use crate::limits;
use crate::rejection::{Crossing, Refusal};
use crate::shard::Config;
use crate::topic::filter::{AttributeFact, Facts};
use crate::topic::status::{Ended, Fault};
use crate::topic::subscription::{Change, Endpoint, Form, Meaning, Span};
use std::sync::Arc;

const ROLE: &str = "arn:aws:iam::000000000000:role/r";
const SUCCESSES: (&str, &str) = ("SQSSuccessFeedbackRoleArn", ROLE);
const FAILURES: (&str, &str) = ("SQSFailureFeedbackRoleArn", ROLE);
const GONE: Result<(), Fault> = Err(Fault::Refused(Refusal::QueueDoesNotExist));
const DENIED: Result<(), Fault> = Err(Fault::Refused(Refusal::NotPermitted));

/// Queues with this in their names let no topic send.
fn permit(crossing: &Crossing<'_>) -> bool {
    !crossing.target.resource().contains("denied")
}

fn config() -> Config {
    Config { permit: Arc::new(permit), ..Config::default() }
}

fn subscribe(hub: &mut Hub, arn: &Arn, name: &str, dead_letter: Option<&str>) -> Uuid {
    hub.subscribed(arn, Endpoint::Queue(queue(name)), |next| {
        next.form = Form::Raw;
        next.dead_letter = dead_letter.map(queue);
    })
}

/// What was told since this was last asked: queue and end, ordered by queue.
fn told(hub: &mut Hub) -> Vec<(String, Result<(), Fault>)> {
    let ended = std::mem::take(&mut hub.ended);
    let copies = ended.into_iter().flat_map(|ended| ended.copies);
    let mut told: Vec<_> = copies.map(|copy| (copy.queue.resource().to_owned(), copy.end)).collect();
    told.sort_by(|a, b| a.0.cmp(&b.0));
    told
}

fn text(ended: &Ended) -> String {
    String::from_utf8_lossy(ended.body.resident.as_deref().unwrap()).into_owned()
}

#[test]
fn a_topic_is_told_of_queues_of_its_own_shard_at_once_and_of_others_when_they_have_answered() {
    let mut hub = Hub::pair(&config());
    let arn = hub.topic_at(0, "");
    hub.create_topic(&arn, &[SUCCESSES, FAILURES], TopicMeaning::default());
    let mut ends = Vec::new();
    for shard in [0, 1] {
        let names = ["denied", "gone", "good"].map(|prefix| hub.name_at(shard, prefix, ""));
        let dead = hub.name_at(1 - shard, "x-dead", "");
        for name in [&names[0], &names[2], &dead] {
            hub.create_queue(name, vec![]);
        }
        subscribe(&mut hub, &arn, &names[0], None);
        subscribe(&mut hub, &arn, &names[1], Some(&dead));
        let id = subscribe(&mut hub, &arn, &names[2], None);
        ends.push((names, dead, id));
    }
    let (sent, mut deads) = (hub.say(&arn, "x").id, Vec::new());
    for (waited, (names, dead, id)) in [0, 5].into_iter().zip(ends) {
        hub.pass(waited);
        if waited > 0 {
            hub.exchange();
        }
        assert!(hub.ended.iter().all(|ended| ended.published.message_id == sent));
        assert!(
            hub.ended.iter().all(|ended| (text(ended), &ended.published.topic) == ("x".to_owned(), &arn))
        );
        assert!(hub.ended.iter().all(|ended| ended.at.0 - ended.published.published_at.0 == waited));
        let copies = hub.ended.iter().flat_map(|ended| &ended.copies);
        assert_eq!(copies.filter(|copy| copy.subscription == id).count(), 1);
        let [denied, gone, good] = names;
        assert_eq!(hub.peek(&good).remove(0).id, sent.copy_for(id), "the id that is told");
        assert_eq!(told(&mut hub), [(denied, DENIED), (gone, GONE), (good, Ok(()))]);
        deads.push(dead);
    }
    hub.exchange();
    assert!(deads.iter().all(|dead| hub.bodies(dead) == ["x"]));
    assert!(hub.ended.is_empty(), "what went to a dead-letter queue was told before");
}

#[test]
fn a_topic_is_told_what_it_asks_for_and_no_more() {
    let rate = |percent| ("SQSSuccessFeedbackSampleRate", percent);
    for (attributes, expected) in [
        (&[][..], &[][..]),
        (&[rate("100"), ("HTTPSuccessFeedbackRoleArn", ROLE)], &[]),
        (&[SUCCESSES], &["good", "good-far"]),
        (&[SUCCESSES, rate("100")], &["good", "good-far"]),
        (&[SUCCESSES, rate("0")], &[]),
        (&[SUCCESSES, FAILURES, rate("0")], &["gone", "gone-far"]),
    ] {
        let mut hub = Hub::pair(&config());
        let arn = hub.topic_at(0, "");
        hub.create_topic(&arn, attributes, TopicMeaning::default());
        for (shard, suffix) in [(0, ""), (1, "-far")] {
            for kind in ["good", "gone"] {
                let name = hub.name_at(shard, kind, suffix);
                subscribe(&mut hub, &arn, &name, None);
                if kind == "good" {
                    hub.create_queue(&name, vec![]);
                }
            }
        }
        hub.say(&arn, "x");
        hub.exchange();
        let kinds =
            told(&mut hub).into_iter().map(|(name, _)| name.replace(|c: char| c.is_ascii_digit(), ""));
        let mut kinds = kinds.collect::<Vec<_>>();
        kinds.sort();
        assert_eq!(kinds, expected, "{attributes:?}");
    }
}

#[test]
fn a_part_of_the_publications_is_told_of_for_all_their_queues() {
    let mut hub = Hub::pair(&config());
    let arn = hub.topic_at(0, "");
    hub.create_topic(&arn, &[SUCCESSES, ("SQSSuccessFeedbackSampleRate", "50")], TopicMeaning::default());
    for shard in [0, 1] {
        let name = hub.name_at(shard, "q", "");
        hub.create_queue(&name, vec![]);
        subscribe(&mut hub, &arn, &name, None);
    }
    // Batches, whose messages travel together.
    for _ in 0..20 {
        hub.publish(&arn, (0..10).map(|_| Publish::new(payload("x"))).collect());
    }
    let near: Vec<_> = hub.ended.drain(..).map(|ended| ended.published.message_id).collect();
    hub.exchange();
    let far: Vec<_> = hub.ended.drain(..).map(|ended| ended.published.message_id).collect();
    assert!((70..130).contains(&near.len()), "{}", near.len());
    assert_eq!(near, far);
}

#[test]
fn what_is_behind_a_full_turn_and_what_has_too_many_attributes_is_told_too() {
    let mut hub = Hub::new(config());
    let arn = topic("news");
    hub.create_topic(&arn, &[SUCCESSES, FAILURES], TopicMeaning::default());
    let count = limits::COPIES_PER_TURN_MAX + 5;
    for number in 0..count {
        let name = format!("q{number}");
        hub.create_queue(&name, vec![]);
        subscribe(&mut hub, &arn, &name, None);
    }
    hub.say(&arn, "x");
    assert_eq!(told(&mut hub).len(), limits::COPIES_PER_TURN_MAX);
    hub.exchange();
    assert_eq!(told(&mut hub).len(), 5);
    let many = (0..=limits::RAW_ATTRIBUTES_MAX).map(|n| (n.to_string().into(), AttributeFact::Binary));
    let facts = Facts::new(many.collect(), None);
    hub.publish(&arn, vec![Publish { facts, ..Publish::new(payload("x")) }]);
    hub.exchange();
    let told = told(&mut hub);
    assert_eq!(told.len(), count);
    assert!(told.iter().all(|(_, end)| *end == Err(Fault::TooManyAttributes)));
}

#[test]
fn a_replay_is_told_of_again_and_a_duplicate_in_the_queue_is_a_success() {
    for shard in [0, 1] {
        let mut hub = Hub::pair(&config());
        let arn = hub.topic_at(0, ".fifo");
        let meaning = TopicMeaning { archive_days: Some(1), delivery: None };
        hub.create_topic(&arn, &[SUCCESSES], meaning);
        let name = hub.name_at(shard, "q", ".fifo");
        hub.create_queue(&name, vec![]);
        let id = subscribe(&mut hub, &arn, &name, None);
        hub.publish(&arn, vec![grouped("a", "g", "1"), grouped("b", "g", "2"), grouped("c", "g", "2")]);
        hub.exchange();
        let success = [(name.clone(), Ok(()))];
        assert_eq!(
            told(&mut hub),
            [success.clone(), success.clone()].concat(),
            "the topic has seen the last"
        );
        // The queue has the id 3 from elsewhere.
        let send = crate::command::Send {
            payload: payload("own"),
            delay_s: None,
            group: Some(GroupKey::of("g")),
            dedup: Some(Dedup::Explicit(DedupKey::of("3"))),
        };
        hub.ask(&name, AskQueue::Send(vec![send]));
        hub.publish(&arn, vec![grouped("d", "g", "3")]);
        hub.exchange();
        assert_eq!(told(&mut hub), success);
        assert_eq!(hub.bodies(&name), ["a", "b", "own"]);
        let mut archive = Vec::new();
        hub.archive(&arn, &mut archive);
        let replay = Change::Attribute {
            name: "ReplayPolicy".into(),
            text: Some("{}".into()),
            meaning: Meaning::Replay(Some(Span { from: BEGIN, until: None })),
        };
        hub.ask_topic(&arn, AskTopic::SetSubscription(id, replay)).unwrap();
        hub.replay(&arn, &archive, 10);
        hub.exchange();
        assert_eq!(told(&mut hub).len(), 3);
        assert_eq!(hub.bodies(&name).len(), 6);
    }
}
