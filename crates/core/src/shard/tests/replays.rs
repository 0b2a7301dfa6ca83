//! Archives of FIFO topics, and replays from them, as far as the shard goes: the archive itself is a list here.

use super::hub::{Hub, grouped, token, topic};
use super::{BEGIN, payload, queue, wanted};
use crate::command::{AskTopic, Command, Notice, Replayed, Subscribe, TopicMeaning};
use crate::event::{Occasion, ReplayStatus, SubscriptionStated};
use crate::id::{TopicId, Uuid};
use crate::reply::{Content, Reply};
use crate::shard::Config;
use crate::topic::subscription::{Change, Confirmation, Endpoint, Form, Meaning, Span, Standing};
use crate::{Arn, Rejection, Timestamp, limits};

fn hub(days: u16) -> (Hub, Arn, Vec<Replayed>) {
    let mut hub = Hub::new(Config::default());
    let arn = topic("news.fifo");
    let meaning = TopicMeaning { archive_days: (days > 0).then_some(days), delivery: None };
    hub.create_topic(&arn, &[], meaning);
    (hub, arn, Vec::new())
}

fn subscribed(hub: &mut Hub, arn: &Arn, name: &str) -> Uuid {
    hub.create_queue(name, vec![]);
    hub.subscribed(arn, Endpoint::Queue(queue(name)), |next| next.form = Form::Raw)
}

/// Publishes one message a second, so that the message `n` was published `n` seconds after the beginning.
fn publish(hub: &mut Hub, arn: &Arn, bodies: &[&'static str]) {
    for body in bodies {
        hub.pass(1_000);
        hub.publish(arn, vec![grouped(body, "g", body)]);
    }
}

fn at(seconds: u64) -> Timestamp {
    BEGIN + seconds * 1_000
}

fn span(from: u64, until: Option<u64>) -> Span {
    Span { from: at(from), until: until.map(at) }
}

fn start(hub: &mut Hub, arn: &Arn, id: Uuid, span: Option<Span>) -> Result<Reply, Rejection> {
    let (name, text) = ("ReplayPolicy".into(), span.map(|_| "{}".into()));
    let change = Change::Attribute { name, text, meaning: Meaning::Replay(span) };
    hub.ask_topic(arn, AskTopic::SetSubscription(id, change))
}

fn set_archive(hub: &mut Hub, arn: &Arn, days: u16) {
    let meaning = TopicMeaning { archive_days: Some(days), delivery: None };
    let text = (days > 0).then(|| "{}".into());
    hub.ask_topic(arn, AskTopic::Set("ArchivePolicy".into(), text, meaning)).unwrap();
}

fn status(hub: &mut Hub, arn: &Arn, id: Uuid) -> Option<ReplayStatus> {
    hub.replay_of(arn, id).map(|replay| replay.status)
}

const LETTERS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

#[test]
fn a_publication_is_kept_until_the_archive_has_it() {
    let (mut hub, arn, mut archive) = hub(1);
    assert!(!hub.shards[0].shard.take_archives_wait());
    publish(&mut hub, &arn, &LETTERS);
    assert!(hub.shards[0].shard.take_archives_wait());
    assert_eq!(hub.shards[0].shard.resident_bytes(), 6, "though nobody is subscribed");
    hub.restart();
    // The archive has the first four, and hears of it twice.
    let topic = hub.home(&arn).shard.topic_by_name(&arn).unwrap().id;
    for up_to in [4, 4, 3] {
        hub.run(&arn, Command::Archived { topic, up_to }).unwrap();
    }
    hub.restart();
    assert_eq!(hub.shards[0].shard.resident_bytes(), 2);
    hub.archive(&arn, &mut archive);
    let sequences = archive.iter().map(|message| message.published.fifo.unwrap().sequence);
    assert_eq!(sequences.collect::<Vec<_>>(), [5, 6]);
    let kept = archive.iter().map(|message| message.published.published_at).collect::<Vec<_>>();
    assert_eq!(kept, [at(5), at(6)]);
    hub.restart();
    assert_eq!(hub.shards[0].shard.resident_bytes(), 0);
    assert!(!hub.shards[0].shard.take_archives_wait());
    publish(&mut hub, &arn, &["g"]);
    hub.archive(&arn, &mut archive);
    assert_eq!(archive.last().unwrap().published.fifo.unwrap().sequence, 7);
}

#[test]
fn a_page_for_the_archives_is_bounded() {
    let (mut hub, arn, _) = hub(1);
    let large: &'static str = Box::leak("x".repeat(200_000).into_boxed_str());
    for id in ["1", "2", "3", "4", "5", "6", "7"] {
        hub.publish(&arn, vec![grouped(large, "g", id)]);
    }
    let Reply::ToArchive(page) =
        hub.run(&arn, Command::ToArchive { after: TopicId(0), skip: Vec::new() }).unwrap()
    else {
        panic!()
    };
    assert_eq!(page.len(), limits::ARCHIVE_PAGE_BYTES_MAX / large.len());
}

#[test]
fn a_topic_with_an_archive_cannot_be_deleted_and_without_one_nothing_waits() {
    let (mut hub, arn, _) = hub(7);
    publish(&mut hub, &arn, &LETTERS);
    assert_eq!(hub.ask_topic(&arn, AskTopic::Delete).unwrap_err(), Rejection::ArchiveActive);
    let since = hub.view(&arn).archive.unwrap();
    assert_eq!((since.since, since.days), (BEGIN, 7));
    set_archive(&mut hub, &arn, 30);
    let longer = hub.view(&arn).archive.unwrap();
    assert_eq!((longer.since, longer.days), (BEGIN, 30), "it goes on");
    set_archive(&mut hub, &arn, 0);
    assert_eq!((hub.view(&arn).archive, hub.shards[0].shard.resident_bytes()), (None, 0));
    hub.restart();
    set_archive(&mut hub, &arn, 1);
    assert_eq!(hub.view(&arn).archive.unwrap().since, hub.now, "another one");
    set_archive(&mut hub, &arn, 0);
    hub.ask_topic(&arn, AskTopic::Delete).unwrap();
    hub.restart();
}

#[test]
fn a_replay_gives_all_from_its_start_in_order_and_then_what_is_new() {
    let (mut hub, arn, mut archive) = hub(1);
    publish(&mut hub, &arn, &LETTERS);
    hub.archive(&arn, &mut archive);
    let id = subscribed(&mut hub, &arn, "q.fifo");
    let quiet = subscribed(&mut hub, &arn, "quiet.fifo");
    start(&mut hub, &arn, id, Some(span(3, None))).unwrap();
    assert_eq!(status(&mut hub, &arn, id), Some(ReplayStatus::Pending));
    assert!(hub.shards[0].shard.take_archives_wait());
    // What is published now waits behind it, but goes to others at once.
    publish(&mut hub, &arn, &["g"]);
    assert_eq!((hub.bodies("q.fifo").len(), hub.bodies("quiet.fifo")), (0, vec!["g".to_owned()]));
    hub.replay(&arn, &archive, 3);
    assert_eq!(status(&mut hub, &arn, id), Some(ReplayStatus::InProgress));
    hub.restart();
    publish(&mut hub, &arn, &["h"]);
    let mut steps = 0;
    while status(&mut hub, &arn, id) != Some(ReplayStatus::Completed) {
        hub.replay(&arn, &archive, 2);
        hub.archive(&arn, &mut archive);
        hub.restart();
        steps += 1;
        assert!(steps < 10);
    }
    publish(&mut hub, &arn, &["i"]);
    hub.archive(&arn, &mut archive);
    assert_eq!(hub.bodies("q.fifo"), ["c", "d", "e", "f", "g", "h", "i"]);
    assert_eq!(hub.bodies("quiet.fifo"), ["g", "h", "i"]);
    let occasions = hub.peek("q.fifo").into_iter().map(|message| {
        let Content::Copy { published, .. } = message.content else { panic!() };
        (published.occasion, published.published_at)
    });
    let occasions = occasions.collect::<Vec<_>>();
    assert_eq!(occasions[0], (Occasion::Replayed, at(3)), "as it was published");
    assert_eq!(occasions[6], (Occasion::Published, at(9)));
    assert!(hub.replay(&arn, &archive, 9).is_empty());
    assert_eq!(status(&mut hub, &arn, quiet), None);
}

#[test]
fn after_a_replay_with_an_end_nothing_comes_any_more() {
    let (mut hub, arn, mut archive) = hub(1);
    publish(&mut hub, &arn, &LETTERS);
    hub.archive(&arn, &mut archive);
    let id = subscribed(&mut hub, &arn, "q.fifo");
    start(&mut hub, &arn, id, Some(span(2, Some(4)))).unwrap();
    for _ in 0..6 {
        hub.replay(&arn, &archive, 1);
    }
    assert_eq!(status(&mut hub, &arn, id), Some(ReplayStatus::Completed));
    publish(&mut hub, &arn, &["g"]);
    hub.restart();
    assert_eq!(hub.bodies("q.fifo"), ["b", "c", "d"]);
    // An end that is still to come: the replay goes on until it is there.
    let (first, last) = (6, 12);
    start(&mut hub, &arn, id, Some(span(first, Some(last)))).unwrap();
    for body in ["h", "i", "j", "k", "l", "m", "n", "o"] {
        hub.archive(&arn, &mut archive);
        hub.replay(&arn, &archive, 9);
        publish(&mut hub, &arn, &[body]);
    }
    hub.archive(&arn, &mut archive);
    hub.replay(&arn, &archive, 9);
    assert_eq!(status(&mut hub, &arn, id), Some(ReplayStatus::Completed));
    let found = hub.bodies("q.fifo");
    assert_eq!(found[3..], ["f", "g", "h", "i", "j", "k", "l"], "up to twelve seconds");
    // Without a replay it gets everything again.
    start(&mut hub, &arn, id, None).unwrap();
    assert_eq!(status(&mut hub, &arn, id), None);
    publish(&mut hub, &arn, &["p"]);
    assert_eq!(hub.bodies("q.fifo").last().unwrap(), "p");
}

#[test]
fn a_replay_may_be_stopped_or_replaced_and_an_old_step_does_nothing() {
    let (mut hub, arn, mut archive) = hub(1);
    publish(&mut hub, &arn, &LETTERS);
    hub.archive(&arn, &mut archive);
    let id = subscribed(&mut hub, &arn, "q.fifo");
    start(&mut hub, &arn, id, Some(span(1, None))).unwrap();
    hub.replay(&arn, &archive, 2);
    let old = hub.replay_of(&arn, id).unwrap();
    assert_eq!(old.cursor, 2);
    start(&mut hub, &arn, id, Some(span(5, None))).unwrap();
    let new = hub.replay_of(&arn, id).unwrap();
    assert_eq!((new.cursor, new.status), (0, ReplayStatus::Pending));
    assert_ne!(old.id, new.id);
    let late = |id| Command::Replay {
        topic: old.topic,
        subscription: old.subscription,
        id,
        messages: archive.clone(),
        up_to: 6,
    };
    hub.run(&arn, late(old.id)).unwrap();
    assert_eq!(hub.replay_of(&arn, old.subscription), Some(new));
    hub.run(&arn, late(new.id)).unwrap();
    hub.run(&arn, late(new.id)).unwrap();
    assert_eq!(hub.bodies("q.fifo"), ["a", "b", "e", "f"], "a step counts once");
    hub.restart();
    start(&mut hub, &arn, id, Some(span(1, None))).unwrap();
    start(&mut hub, &arn, id, None).unwrap();
    hub.restart();
    assert_eq!((status(&mut hub, &arn, id), hub.replay(&arn, &archive, 9)), (None, vec![]));
    // With the subscription its replay is over, and with the topic.
    start(&mut hub, &arn, id, Some(span(1, None))).unwrap();
    hub.ask_topic(&arn, AskTopic::Unsubscribe(id, None)).unwrap();
    assert!(hub.replay(&arn, &archive, 9).is_empty());
    hub.restart();
}

#[test]
fn without_an_archive_a_replay_fails_or_cannot_begin() {
    let (mut hub, arn, mut archive) = hub(0);
    let id = subscribed(&mut hub, &arn, "q.fifo");
    assert_eq!(start(&mut hub, &arn, id, Some(span(1, None))).unwrap_err(), Rejection::NoArchive);
    assert_eq!(hub.stated(&arn, id).unwrap().attributes.len(), 0, "nothing is set");
    let asked = Subscribe {
        replay: Some(span(1, None)),
        ..Subscribe::new(wanted(Endpoint::Queue(queue("other.fifo"))))
    };
    assert_eq!(hub.subscribe(&arn, asked), Err(Rejection::NoArchive));
    set_archive(&mut hub, &arn, 1);
    publish(&mut hub, &arn, &LETTERS);
    hub.archive(&arn, &mut archive);
    start(&mut hub, &arn, id, Some(span(1, None))).unwrap();
    hub.replay(&arn, &archive, 2);
    set_archive(&mut hub, &arn, 0);
    hub.restart();
    assert_eq!(status(&mut hub, &arn, id), Some(ReplayStatus::Failed));
    assert!(hub.replay(&arn, &archive, 9).is_empty());
    publish(&mut hub, &arn, &["g"]);
    assert_eq!(hub.bodies("q.fifo").last().unwrap(), "g", "what is new comes again");
    hub.ask_topic(&arn, AskTopic::Delete).unwrap();
    hub.restart();
}

/// A subscription that is born with a replay, and one that has to be confirmed before it gets anything.
#[test]
fn a_subscription_may_begin_with_a_replay() {
    let (mut hub, arn, mut archive) = hub(1);
    publish(&mut hub, &arn, &LETTERS);
    hub.archive(&arn, &mut archive);
    hub.create_queue("q.fifo", vec![]);
    hub.create_queue("far.fifo", vec![]);
    let next = SubscriptionStated { form: Form::Raw, ..wanted(Endpoint::Queue(queue("q.fifo"))) };
    let asked = Subscribe { replay: Some(span(4, None)), ..Subscribe::new(next) };
    hub.subscribe(&arn, asked).unwrap();
    let next = SubscriptionStated {
        standing: Standing::Pending(BEGIN),
        form: Form::Raw,
        ..wanted(Endpoint::Queue(queue("far.fifo")))
    };
    let notice = Some(Notice { payload: payload("confirm"), token: token(0, 1) });
    let asked = Subscribe { notice, replay: Some(span(5, None)), ..Subscribe::new(next) };
    let (far, _) = hub.subscribe(&arn, asked).unwrap();
    hub.replay(&arn, &archive, 9);
    hub.restart();
    assert_eq!(hub.bodies("q.fifo"), ["d", "e", "f"]);
    assert_eq!(hub.bodies("far.fifo"), ["confirm"], "I9: others never");
    assert!(hub.replay(&arn, &archive, 9).is_empty(), "nor does anybody wait for it");
    hub.shards[0].shard.take_archives_wait();
    let confirm = Command::Confirm { token: token(0, 1), by: Confirmation::Authenticated };
    hub.run(&arn, confirm).unwrap();
    assert!(hub.shards[0].shard.take_archives_wait());
    hub.replay(&arn, &archive, 9);
    assert_eq!(hub.bodies("far.fifo"), ["confirm", "e", "f"]);
    assert_eq!(status(&mut hub, &arn, far), Some(ReplayStatus::Completed));
}

#[test]
fn a_replay_that_nobody_confirms_goes_with_its_subscription() {
    let (mut hub, arn, _) = hub(1);
    let next = SubscriptionStated {
        standing: Standing::Pending(BEGIN),
        ..wanted(Endpoint::Queue(queue("gone.fifo")))
    };
    let notice = Some(Notice { payload: payload("confirm"), token: token(0, 1) });
    hub.subscribe(&arn, Subscribe { notice, replay: Some(span(0, None)), ..Subscribe::new(next) }).unwrap();
    let before = hub.shards[0].shard.live_bytes();
    hub.pass(limits::TOKEN_LIFE_MS);
    assert!(hub.shards[0].shard.live_bytes() < before);
    hub.shards[0].shard.check();
    hub.restart();
}

#[test]
fn replays_under_way_are_counted_by_topic() {
    let (mut hub, arn, _) = hub(1);
    publish(&mut hub, &arn, &LETTERS);
    let ids = (0..limits::REPLAYS_PER_TOPIC_MAX)
        .map(|n| hub.subscribed(&arn, Endpoint::Queue(queue(&format!("q{n}.fifo"))), |_| {}));
    let ids = ids.collect::<Vec<_>>();
    for id in &ids {
        start(&mut hub, &arn, *id, Some(span(1, None))).unwrap();
    }
    start(&mut hub, &arn, ids[0], Some(span(2, None))).unwrap();
    let last = ids[limits::REPLAYS_PER_TOPIC_MAX - 1];
    hub.ask_topic(&arn, AskTopic::Unsubscribe(last, None)).unwrap();
    let other = hub.subscribed(&arn, Endpoint::Queue(queue("other.fifo")), |_| {});
    start(&mut hub, &arn, other, Some(span(1, None))).unwrap();
    hub.restart();
}
