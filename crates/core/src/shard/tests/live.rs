//! What compaction states again, and what it does not.

use super::{Live, queue};
use crate::Lsn;
use crate::command::{AskQueue, AskTopic};
use crate::event::Event;
use crate::queue::settings::Setting;
use crate::shard::Config;

fn restated(live: &Live, lsn: u64) -> Vec<Event> {
    let mut out = Vec::new();
    for event in &live.entries[lsn as usize - 1] {
        live.shard.restate(Lsn(lsn), event, &mut out);
    }
    out
}

fn names(events: &[Event]) -> Vec<String> {
    let name = |event: &Event| format!("{event:?}").split(['(', ' ', '{']).next().unwrap().to_owned();
    events.iter().map(name).collect()
}

#[test]
fn each_thing_is_stated_again_once_from_its_latest_statement() {
    let mut live = Live::new(Config::default());
    live.create("orders", vec![]); // 2
    live.send("orders", "a"); // 3
    live.create_topic(); // 4
    let id = live.subscribe("orders", None).unwrap(); // 5
    live.publish("b"); // 6
    for (lsn, expected) in
        [(2, "Queue"), (3, "Message"), (4, "Topic"), (5, "Subscription"), (6, "Publication")]
    {
        assert_eq!(names(&restated(&live, lsn)), [expected]);
    }
    assert_eq!(names(&restated(&live, 1)), ["FormatRaised", "Shard"]);
    let again = (1..=6).flat_map(|lsn| restated(&live, lsn)).collect::<Vec<_>>();
    let lsn = live.append(again.clone());
    for old in 1..=6 {
        assert_eq!(restated(&live, old), [], "entry {old} is stated again later");
    }
    assert_eq!(names(&restated(&live, lsn.0)), names(&again));
    live.ask_topic(AskTopic::Unsubscribe(id, None)).unwrap();
    live.ask("orders", AskQueue::Purge).unwrap();
    assert_eq!(names(&restated(&live, lsn.0)), ["FormatRaised", "Shard", "Queue", "Topic"]);
    live.ask("orders", AskQueue::Set(vec![Setting::Delay(1)])).unwrap();
    live.ask_topic(AskTopic::Delete).unwrap();
    assert_eq!(names(&restated(&live, lsn.0)), ["FormatRaised", "Shard"]);
}

#[test]
fn a_deleted_name_is_stated_again_while_it_is_blocked() {
    let mut live = Live::new(Config::default());
    live.create("orders", vec![]);
    live.send("orders", "a");
    live.ask("orders", AskQueue::Delete).unwrap(); // 4
    assert_eq!(restated(&live, 2), []);
    assert_eq!(restated(&live, 3), []);
    assert_eq!(restated(&live, 4), live.entries[3]);
    live.at(59);
    assert_eq!(restated(&live, 4).len(), 1);
    live.at(60);
    assert_eq!(restated(&live, 4), []);
}

#[test]
fn a_statement_of_a_queue_says_what_has_expired_though_nobody_looked() {
    let mut live = Live::new(Config::default());
    live.create("orders", vec![Setting::Retention(60)]);
    live.at(1000);
    let Event::Queue(stated) = &restated(&live, 2)[0] else { panic!() };
    assert_eq!(stated.expired.pairs(), [(super::BEGIN.plus_s(940), 1)]);
    assert_eq!(stated.arn, queue("orders"));
}
