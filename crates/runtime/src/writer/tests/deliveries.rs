//! Deliveries to endpoints: taken once, tried again, and no turn for what somebody was told of.

use super::*;
use postrider_core::command::{Outcome, Report};
use postrider_core::id::Uuid;
use postrider_core::reply::Claimed;
use postrider_core::topic::subscription::Protocol;

fn news() -> Arn {
    Arn::of("aws", "sns", "us-east-1", "000000000000", "news")
}

fn ask_topic(writer: &mut Writer<u32>, ask: AskTopic) {
    let judged = writer.shard().judgement(&news()).unwrap().revision;
    writer.ask(Command::Topic { arn: news(), judged, ask }, 1);
}

/// A writer with a topic to which a web server is subscribed, and what it has written.
fn subscribed() -> (Writer<u32>, Vec<Entry>) {
    let shard = Shard::new(Config::default());
    let claim = shard.claim([1; 32]);
    let mut writer = Writer::new(shard, Ids::new(1), 1, Lsn(0), Arc::new(Space::unlimited()), 0);
    writer.begin(Timestamp(1_000));
    writer.log(claim);
    let (attributes, meaning) = (Default::default(), TopicMeaning::default());
    writer.ask(Command::CreateTopic { arn: news(), attributes, meaning, tags: None }, 1);
    let web = Endpoint::Other(Protocol::Http, "http://example.com/".into());
    ask_topic(&mut writer, subscribe(web));
    let entries = writer.end().entries;
    (writer, entries)
}

/// One turn with one command. Gives its answer and what it wrote.
fn turn(writer: &mut Writer<u32>, at: u64, command: Command) -> (Reply, Vec<Entry>) {
    writer.begin(Timestamp(at));
    writer.ask(command, 2);
    let mut produced = writer.end();
    let (_, reply) = produced.replies.pop().unwrap();
    (reply.unwrap(), produced.entries)
}

fn publish(writer: &mut Writer<u32>, at: u64) -> Vec<Entry> {
    let judged = writer.shard().judgement(&news()).unwrap().revision;
    let ask = AskTopic::Publish(vec![Publish::new(Payload::new("x".into(), 1))]);
    turn(writer, at, Command::Topic { arn: news(), judged, ask }).1
}

fn claim(writer: &mut Writer<u32>, at: u64) -> Vec<Claimed> {
    let (reply, entries) = turn(writer, at, Command::Claim { max: 10, bytes_max: 1_000 });
    assert!(entries.is_empty(), "whoever takes deliveries writes nothing");
    let Reply::Claimed(claimed) = reply else { panic!("{reply:?}") };
    claimed
}

fn report(writer: &mut Writer<u32>, at: u64, claimed: &[Claimed], outcome: Outcome) -> Vec<Entry> {
    let report = |claimed: &Claimed| Report {
        topic: claimed.topic,
        subscription: claimed.subscription.id,
        publication: claimed.id,
        outcome,
    };
    turn(writer, at, Command::Tried(claimed.iter().map(report).collect())).1
}

/// The writer that a log makes.
fn reopened(entries: &[Entry], at: u64) -> Writer<u32> {
    let mut shard = Shard::new(Config::default());
    for entry in entries {
        shard.advance(Timestamp(entry.time_ms));
        let lsn = Lsn(entry.number);
        codec::decode(lsn, &entry.payload, |event| shard.apply(lsn, &event)).unwrap();
    }
    let (tail, space) = (Lsn(entries.len() as u64), Arc::new(Space::unlimited()));
    let mut writer = Writer::new(shard, Ids::new(2), 2, tail, space, 0);
    writer.begin(Timestamp(at));
    writer.end();
    writer
}

#[test]
fn what_was_taken_is_not_taken_again_until_it_was_reported_or_the_shard_is_opened_again() {
    let (mut writer, mut log) = subscribed();
    log.extend(publish(&mut writer, 2_000));
    assert_eq!(claim(&mut writer, 2_000).len(), 1);
    assert_eq!(claim(&mut writer, 90_000).len(), 0, "however long it takes");
    let mut again = reopened(&log, 90_000);
    let claimed = claim(&mut again, 90_000);
    assert_eq!((claimed.len(), claimed[0].failures), (1, 0));
    log.extend(report(&mut again, 91_000, &claimed, Outcome::Failed));
    assert_eq!(claim(&mut again, 110_999).len(), 0);
    let mut third = reopened(&log, 110_999);
    assert_eq!(claim(&mut third, 110_999).len(), 0, "a retry time survives");
    let claimed = claim(&mut third, 111_000);
    assert_eq!((claimed.len(), claimed[0].failures), (1, 1));
    log.extend(report(&mut third, 111_500, &claimed, Outcome::Delivered));
    assert_eq!(reopened(&log, 999_000).shard().due_count(), 0);
}

/// Between turns the thread sleeps until something is due. What the dispatcher was told of is not: it asks by itself.
#[test]
fn a_delivery_that_is_due_does_not_keep_the_thread_awake() {
    let (mut writer, _) = subscribed();
    publish(&mut writer, 2_000);
    assert_eq!(writer.shard().endpoints_due(), Some(Timestamp(2_000)));
    assert_eq!(writer.due(), None, "now is not later");
    writer.begin(Timestamp(5_000));
    assert!(writer.end().entries.is_empty());
    assert_eq!(writer.due(), None);
    let claimed = claim(&mut writer, 5_000);
    assert_eq!((writer.shard().endpoints_due(), writer.due()), (None, None), "and what is taken is nobody's");
    report(&mut writer, 6_000, &claimed, Outcome::Failed);
    assert_eq!(writer.due(), Some(Timestamp(26_000)), "the next attempt wakes it");
    writer.begin(Timestamp(26_000));
    writer.end();
    assert_eq!((writer.due(), writer.shard().endpoints_due()), (None, Some(Timestamp(26_000))));
}

#[test]
fn what_is_dropped_is_counted_and_reports_of_nothing_are_no_fault() {
    let (mut writer, _) = subscribed();
    publish(&mut writer, 2_000);
    let claimed = claim(&mut writer, 2_000);
    report(&mut writer, 3_000, &claimed, Outcome::Refused);
    assert_eq!((writer.dropped(), writer.shard().due_count()), (1, 0));
    assert!(report(&mut writer, 3_000, &claimed, Outcome::Refused).is_empty());
    let nobody = Report {
        topic: claimed[0].topic,
        subscription: Uuid(9),
        publication: claimed[0].id,
        outcome: Outcome::Failed,
    };
    assert!(turn(&mut writer, 4_000, Command::Tried(vec![nobody; 3])).1.is_empty());
    assert_eq!(writer.dropped(), 1);
}

/// On a full disk nothing new is owed, and what is owed comes to its end: that makes room.
#[test]
fn on_a_full_disk_attempts_go_on() {
    let (mut writer, _) = subscribed();
    publish(&mut writer, 2_000);
    writer.space = postrider_log::Log::space(&on_full_disk());
    let claimed = claim(&mut writer, 2_000);
    let judged = writer.shard().judgement(&news()).unwrap().revision;
    let large = |bytes: usize| {
        let payload = Payload::new(vec![1; bytes].into(), 1);
        Command::Topic { arn: news(), judged, ask: AskTopic::Publish(vec![Publish::new(payload)]) }
    };
    let report = Report {
        topic: claimed[0].topic,
        subscription: claimed[0].subscription.id,
        publication: claimed[0].id,
        outcome: Outcome::Failed,
    };
    writer.begin(Timestamp(3_000));
    writer.ask(large(50 << 10), 1);
    writer.ask(large(50 << 10), 2);
    writer.ask(Command::Tried(vec![report]), 3);
    let replies = writer.end().replies;
    let refused = replies.iter().filter(|(_, reply)| matches!(reply, Err(Rejection::NoSpace)));
    assert_eq!(refused.map(|(caller, _)| *caller).collect::<Vec<_>>(), [2]);
    // The new one is due first, and as many bytes as one claim may have.
    let again = [23_000, 23_000].map(|at| claim(&mut writer, at).iter().map(|one| one.failures).sum::<u32>());
    assert_eq!(again, [0, 1]);
}

#[test]
fn what_topics_want_to_be_told_is_handed_out_once_and_not_written() {
    let (mut writer, _) = subscribed();
    writer.begin(Timestamp(2_000));
    writer.ask(create("q"), 1);
    ask_topic(&mut writer, subscribe(Endpoint::Queue(arn("q"))));
    let (name, role) = ("SQSSuccessFeedbackRoleArn".into(), "arn:aws:iam::000000000000:role/r".into());
    ask_topic(&mut writer, AskTopic::Set(name, Some(role), TopicMeaning::default()));
    writer.end();
    assert!(!writer.has_ended());
    publish(&mut writer, 3_000);
    publish(&mut writer, 4_000);
    assert!(writer.has_ended());
    writer.begin(Timestamp(5_000));
    writer.ask(Command::Ended, 0);
    assert!(writer.end().replies.is_empty(), "nobody is there any more");
    for expected in [&[3_000, 4_000][..], &[]] {
        let (reply, entries) = turn(&mut writer, 6_000, Command::Ended);
        assert!(entries.is_empty());
        let Reply::Ended { publications, left_out: 0 } = reply else { panic!("{reply:?}") };
        let at = publications.iter().map(|ended| ended.at.0);
        assert_eq!(at.collect::<Vec<_>>(), expected);
        assert!(!writer.has_ended());
    }
}
