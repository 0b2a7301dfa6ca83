//! Turns of a writer, without a log.

mod deliveries;

use super::*;
use postrider_core::Arn;
use postrider_core::body::Payload;
use postrider_core::command::{AskTopic, Publish, Send, Subscribe, TopicMeaning};
use postrider_core::event::SubscriptionStated;
use postrider_core::queue::settings::{Redrive, Setting};
use postrider_core::shard::Config;
use postrider_core::topic::subscription::{Endpoint, Form};

impl Caller for u32 {
    fn is_gone(&self) -> bool {
        *self == 0
    }
}

fn writer() -> Writer<u32> {
    let shard = Shard::new(Config::default());
    let claim = shard.claim([1; 32]);
    let mut writer = Writer::new(shard, Ids::new(1), 1, Lsn(0), Arc::new(Space::unlimited()), 0);
    writer.begin(Timestamp(1_000));
    writer.log(claim);
    writer.ask(create("q"), 9);
    writer.end();
    writer
}

fn arn(name: &str) -> Arn {
    Arn::of("aws", "sqs", "us-east-1", "000000000000", name)
}

fn create(name: &str) -> Command {
    Command::CreateQueue {
        arn: arn(name),
        judged: Default::default(),
        settings: vec![],
        tags: Default::default(),
    }
}

/// Subscribes an endpoint that does not have to confirm.
fn subscribe(endpoint: Endpoint) -> AskTopic {
    let wanted = SubscriptionStated::wanted(endpoint, "000000000000", "p");
    AskTopic::Subscribe(Box::new(Subscribe::new(SubscriptionStated { form: Form::Raw, ..wanted })))
}

fn ask(writer: &mut Writer<u32>, ask: AskQueue, caller: u32) {
    let judged = writer.shard().judgement(&arn("q")).unwrap().revision;
    writer.ask(Command::Queue { arn: arn("q"), judged, ask }, caller);
}

fn send(bytes: usize) -> AskQueue {
    let payload = Payload::new(vec![7; bytes].into(), bytes as u32);
    AskQueue::Send(vec![Send { payload, delay_s: None, group: None, dedup: None }])
}

fn receive(wait_s: u32) -> AskQueue {
    AskQueue::Receive(Receive { max: 10, visibility_s: None, wait_s: Some(wait_s), attempt: None })
}

/// Who got how many messages, in the order of the answers.
fn received(produced: &Produced<u32>) -> Vec<(u32, usize)> {
    let got = produced.replies.iter().filter_map(|(caller, result)| match result {
        Ok(Reply::Received(messages)) => Some((*caller, messages.len())),
        _ => None,
    });
    got.collect()
}

#[test]
fn whoever_waited_is_served_before_whoever_comes_now() {
    let mut writer = writer();
    writer.begin(Timestamp(2_000));
    ask(&mut writer, receive(20), 1);
    ask(&mut writer, receive(20), 2);
    let produced = writer.end();
    assert!(produced.entries.is_empty() && produced.replies.is_empty(), "waiting writes nothing");
    writer.begin(Timestamp(3_000));
    ask(&mut writer, send(10), 3);
    ask(&mut writer, receive(0), 4);
    ask(&mut writer, send(10), 5);
    assert_eq!(received(&writer.end()), [(1, 1), (4, 0), (2, 1)]);
}

#[test]
fn whoever_is_gone_gets_nothing_and_deadlines_are_kept() {
    let mut writer = writer();
    writer.begin(Timestamp(2_000));
    ask(&mut writer, receive(20), 0);
    assert_eq!(writer.parked(), 0);
    ask(&mut writer, receive(5), 2);
    writer.end();
    assert_eq!(writer.due(), Some(Timestamp(7_000)));
    writer.begin(Timestamp(6_999));
    assert_eq!(received(&writer.end()), []);
    writer.begin(Timestamp(7_000));
    assert_eq!(received(&writer.end()), [(2, 0)]);
    writer.begin(Timestamp(8_000));
    ask(&mut writer, receive(20), 3);
    ask(&mut writer, send(1), 4);
    assert_eq!(received(&writer.end()), [(3, 1)]);
    writer.begin(Timestamp(9_000));
    ask(&mut writer, receive(20), 5);
    writer.dismiss();
    assert_eq!(received(&writer.end()), [(5, 0)]);
}

#[test]
fn a_turn_is_full_when_an_entry_is_and_what_is_in_it_counts_until_it_ends() {
    let mut writer = writer().with_entries_of(10_000);
    writer.begin(Timestamp(2_000));
    let mut asked = 0;
    while !writer.is_full() {
        asked += 1;
        ask(&mut writer, send(3_000), asked);
    }
    assert!(
        (12_000..14_000).contains(&writer.undurable_bytes()),
        "three in a closed entry, one in the open one"
    );
    let produced = writer.end();
    assert_eq!((asked, produced.replies.len()), (4, 4));
    let numbers = produced.entries.iter().map(|entry| (entry.number, entry.epoch));
    assert_eq!(numbers.collect::<Vec<_>>(), [(2, 1), (3, 1)]);
    assert!(produced.entries.iter().all(|entry| entry.payload.len() <= 10_000));
    assert_eq!(writer.undurable_bytes(), FRAME_BYTES);
}

/// Who may not receive any more must not get what arrives afterwards, because he asked before.
#[test]
fn whoever_waits_while_the_queue_changes_is_judged_again() {
    let mut writer = writer();
    writer.begin(Timestamp(2_000));
    ask(&mut writer, receive(20), 1);
    ask(&mut writer, AskQueue::Set(vec![Setting::Policy(Some("{}".into()))]), 2);
    ask(&mut writer, receive(20), 3);
    writer.end();
    writer.begin(Timestamp(3_000));
    ask(&mut writer, send(10), 4);
    let produced = writer.end();
    let stale = produced.replies.iter().filter(|(_, result)| matches!(result, Err(Rejection::Stale)));
    assert_eq!(stale.map(|(caller, _)| *caller).collect::<Vec<_>>(), [1]);
    assert_eq!(received(&produced), [(3, 1)]);
}

#[test]
fn where_as_many_wait_as_may_one_more_is_answered_at_once() {
    let mut writer = writer();
    writer.polls = LongPolls::new(2);
    writer.begin(Timestamp(2_000));
    for caller in 1..=3 {
        ask(&mut writer, receive(20), caller);
    }
    assert_eq!(received(&writer.end()), [(3, 0)]);
    assert_eq!(writer.parked(), 2);
    writer.begin(Timestamp(3_000));
    ask(&mut writer, send(10), 4);
    ask(&mut writer, receive(20), 5);
    assert_eq!(received(&writer.end()), [(1, 1)], "there is a place again");
    assert_eq!(writer.parked(), 2);
}

#[test]
fn publications_that_are_too_large_for_one_entry_are_split_between_publications_only() {
    let mut writer = writer().with_entries_of(2_000);
    let topic = Arn::of("aws", "sns", "us-east-1", "000000000000", "t");
    writer.begin(Timestamp(2_000));
    let create = Command::CreateTopic {
        arn: topic.clone(),
        attributes: Default::default(),
        meaning: TopicMeaning::default(),
        tags: None,
    };
    writer.ask(create, 1);
    let judged = writer.shard().judgement(&topic).unwrap().revision;
    let ask = subscribe(Endpoint::Queue(arn("q")));
    writer.ask(Command::Topic { arn: topic.clone(), judged, ask }, 2);
    writer.end();
    let message = || Publish::new(Payload::new(vec![1; 1_500].into(), 1_500));
    let judged = writer.shard().judgement(&topic).unwrap().revision;
    let ask = AskTopic::Publish((0..5).map(|_| message()).collect());
    writer.begin(Timestamp(3_000));
    writer.ask(Command::Topic { arn: topic, judged, ask }, 3);
    let produced = writer.end();
    assert_eq!(produced.entries.len(), 5);
    assert!(matches!(&produced.replies[..], [(3, Ok(Reply::Published(each)))] if each.len() == 5));
}

/// Everything that is set stays, so what one request may bring does not bound what a topic gathers.
#[test]
fn what_no_entry_could_hold_is_refused_before_it_happens() {
    let mut writer = writer();
    let topic = Arn::of("aws", "sns", "us-east-1", "000000000000", "t");
    let create = Command::CreateTopic {
        arn: topic.clone(),
        attributes: Default::default(),
        meaning: TopicMeaning::default(),
        tags: None,
    };
    writer.begin(Timestamp(2_000));
    writer.ask(create, 1);
    let mut refused = 0;
    for name in ["A", "B", "C", "D"] {
        let judged = writer.shard().judgement(&topic).unwrap().revision;
        let ask = AskTopic::Set(name.into(), Some("x".repeat(2 << 20).into()), TopicMeaning::default());
        writer.ask(Command::Topic { arn: topic.clone(), judged, ask }, 2);
        refused += u32::from(matches!(writer.replies.last(), Some((2, Err(Rejection::NoSpace)))));
    }
    assert_eq!(refused, 2);
    let entries = writer.end().entries;
    assert!(entries.iter().all(|entry| entry.payload.len() <= limits::EVENT_BYTES_MAX));
    let judged = writer.shard().judgement(&topic).unwrap().revision;
    writer.ask(Command::Topic { arn: topic, judged, ask: AskTopic::View }, 3);
    let Some((3, Ok(Reply::Topic(view)))) = writer.replies.last() else { panic!() };
    assert_eq!(view.attributes.keys().map(|name| &**name).collect::<Vec<_>>(), ["A", "B"]);
}

/// A log of which the disk has no room for a third spare segment.
fn on_full_disk() -> postrider_log::FileLog {
    let disk = postrider_log::faulty::FaultyDisk::new();
    disk.limit(Some(600 << 10));
    let mut options = postrider_log::Options::new(0, 7);
    (options.spares, options.segment_bytes) = (postrider_log::Spares::Inline, 256 << 10);
    (options.entry_bytes_max, options.first_segment_bytes) = (128 << 10, 64 << 10);
    postrider_log::FileLog::open(Arc::new(disk), &options).unwrap()
}

/// The reserve of a full disk is for those who receive and delete: a small command that makes large events must
/// not take it.
#[test]
fn on_a_full_disk_it_counts_what_a_command_writes_and_not_what_it_brings() {
    let log = on_full_disk();
    let space = postrider_log::Log::space(&log);
    assert!(space.full() && space.room(50 << 10) && !space.room(70 << 10));
    let shard = Shard::new(Config { shards: 2, index: 0, ..Config::default() });
    let mut writer = Writer::new(shard, Ids::new(1), 1, Lsn(0), Arc::new(Space::unlimited()), 0);
    let topic = Arn::of("aws", "sns", "us-east-1", "000000000000", "t");
    writer.begin(Timestamp(1_000));
    writer.ask(create("q"), 1);
    ask(&mut writer, send(10), 1);
    let create_topic = Command::CreateTopic {
        arn: topic.clone(),
        attributes: Default::default(),
        meaning: TopicMeaning::default(),
        tags: None,
    };
    writer.ask(create_topic, 1);
    let judged = writer.shard().judgement(&topic).unwrap().revision;
    let asked = |ask| Command::Topic { arn: topic.clone(), judged, ask };
    let elsewhere = (0..).map(|n| arn(&format!("q{n}"))).filter(|queue| queue.shard(2) == 1);
    for queue in elsewhere.take(400) {
        writer.ask(asked(subscribe(Endpoint::Queue(queue))), 1);
    }
    writer.end();
    writer.begin(Timestamp(2_000));
    writer.space = space;
    let publish = |messages: usize| {
        let message = |_| Publish::new(Payload::new(vec![1; 10].into(), 10));
        asked(AskTopic::Publish((0..messages).map(message).collect()))
    };
    writer.ask(publish(2), 2);
    writer.ask(publish(1), 3);
    writer.ask(publish(1), 4);
    writer.ask(create("q"), 5);
    writer.ask(create("new"), 6);
    ask(&mut writer, receive(0), 7);
    let produced = writer.end();
    let refused = produced
        .replies
        .iter()
        .filter(|reply| matches!(reply.1, Err(Rejection::NoSpace)))
        .map(|reply| reply.0);
    assert_eq!(refused.collect::<Vec<_>>(), [2, 4], "one fits, and what is there already writes nothing");
    assert_eq!(received(&produced), [(7, 1)]);
}

#[test]
fn one_waiting_receive_does_not_move_a_whole_backlog_in_one_turn() {
    let mut writer = writer();
    writer.begin(Timestamp(2_000));
    writer.ask(create("dead"), 9);
    for _ in 0..5_000 {
        ask(&mut writer, send(1), 9);
    }
    writer.end();
    let once = Receive { max: 10, visibility_s: Some(1), wait_s: Some(0), attempt: None };
    for _ in 0..500 {
        writer.begin(Timestamp(2_000));
        ask(&mut writer, AskQueue::Receive(once), 9);
        writer.end();
    }
    writer.begin(Timestamp(9_000));
    let redrive = Redrive { target: arn("dead"), receives_max: 1 };
    ask(&mut writer, AskQueue::Set(vec![Setting::Redrive(Some(redrive))]), 9);
    writer.end();
    let dead = writer.shard().queue_id(&arn("dead")).unwrap();
    writer.begin(Timestamp(9_001));
    ask(&mut writer, receive(20), 1);
    for turn in 1..=5 {
        assert!(writer.end().replies.is_empty());
        let moved = writer.shard().counts(dead).available;
        assert!(moved <= (turn + 1) * limits::SPENT_PER_RECEIVE_MAX, "{moved} after {turn} turns");
        if moved < 5_000 {
            assert_eq!(writer.due(), Some(writer.shard().now()), "the next turn goes on");
        }
        writer.begin(Timestamp(9_001));
    }
    assert_eq!(writer.shard().counts(dead).available, 5_000);
    writer.end();
    assert!(writer.due().is_none_or(|due| due > writer.shard().now()), "and then there is nothing to do");
}
