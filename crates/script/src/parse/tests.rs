//! Tests of the reader: what lines mean, and where mistakes are.

use super::*;
use crate::action::{Attribute, Handle, OnQueue, OnTopic};

fn step_of(line: &str) -> Step {
    Script::parse(line).unwrap().steps.swap_remove(0)
}

fn on_queue(line: &str) -> OnQueue {
    let Action::Queue(name, what) = step_of(line).action else { panic!("{line}") };
    assert_eq!(name, "q");
    what
}

fn mistake(text: &str) -> String {
    Script::parse(text).unwrap_err().to_string()
}

#[test]
fn a_line_is_a_time_a_verb_and_its_words() {
    let step = step_of("  01:02.5  receive orders max=10 timeout=0 -> a {\"b\": 1} # c");
    let receive = OnQueue::Receive { max: 10, visibility_s: Some(0), wait_s: None };
    assert_eq!((step.time_ms, step.action), (62_500, Action::Queue("orders".into(), receive)));
    assert_eq!(step.expected, Expected::Words(vec!["a".into(), "{\"b\": 1}".into()]));
    assert_eq!(step_of("00:00 receive q -> nothing").expected, Expected::Words(vec![]));
    assert_eq!(step_of("720:00 purge q").time_ms, 43_200_000);
    assert_eq!(step_of("00:00 attributes q -> delay=5").expected, Expected::Some(vec!["delay=5".into()]));
}

#[test]
fn bodies_can_be_padded_and_handles_named() {
    let OnQueue::Send { bodies, delay_s } = on_queue("00:00 send q delay=9 bytes=4 a bcdef") else {
        panic!()
    };
    assert_eq!((bodies, delay_s), (vec!["a...".to_owned(), "bcdef".to_owned()], Some(9)));
    let issued =
        |queue: &str, word: &str, receive| Handle::Issued { queue: queue.into(), word: word.into(), receive };
    let kind = on_queue("00:00 delete q from=p a@2 news/b");
    assert_eq!(kind, OnQueue::Delete(vec![issued("p", "a", Some(2)), issued("p", "news/b", None)]));
    let kind = on_queue("00:00 visibility q timeout=5 handle=forged");
    assert_eq!(kind, OnQueue::Visibility(vec![Handle::Forged], 5));
}

#[test]
fn publications_have_attributes_with_types() {
    let action = step_of("00:00 publish t attr.kind=a=b attr.price:Number=1.5 {\"x\":1}").action;
    let Action::Topic(_, OnTopic::Publish { bodies, attributes }) = action else { panic!("{action:?}") };
    let attribute = |name: &str, kind: &str, value: &str| Attribute {
        name: name.into(),
        kind: kind.into(),
        value: value.into(),
    };
    assert_eq!(bodies, ["{\"x\":1}"]);
    assert_eq!(attributes, [attribute("kind", "String", "a=b"), attribute("price", "Number", "1.5")]);
}

#[test]
fn headers_come_first() {
    assert!(Script::parse("# hello\n@pure\n\n00:00 purge q").unwrap().pure);
    assert_eq!(
        mistake("00:00 purge q\n@pure"),
        "line 2, column 1: the only header is `@pure`, alone, before the first step"
    );
}

#[test]
fn mistakes_are_found_with_their_place() {
    let cases = [
        ("00:00", "column 1: a step is a time, a verb, and what the verb needs"),
        ("0000 purge q", "column 1: a time is `minutes:seconds`"),
        ("00:60 purge q", "column 1: a time is `minutes:seconds`"),
        ("00:00.1234 purge q", "column 1: a time is `minutes:seconds`"),
        ("00:00 fly q", "column 7: there is no verb `fly`"),
        ("00:00 purge", "column 7: `purge` needs the name of a queue"),
        ("00:00 purge q r", "column 15: `purge` takes no `r`"),
        ("00:00 purge q max=1", "column 15: `purge` has no option `max`"),
        ("00:00 receive q max=ten -> a", "column 21: `max` is a number"),
        ("00:00 receive q max=1 max=2 -> a", "column 23: `max` is given twice"),
        ("00:00 receive q", "column 7: `receive` needs `->` and what it answers"),
        ("00:00 receive q ->", "column 17: say what is expected, or `nothing`"),
        ("00:00 purge q -> !Nonsense", "column 18: there is no refusal `!Nonsense`"),
        ("00:00 send q {\"a\": 1", "column 14: this is never closed"),
        ("00:00 delete q a@0", "column 16: behind `@` stands which receive, from 1"),
        ("00:00 visibility q a", "column 7: `visibility` needs `timeout=`"),
        ("00:00 subscribe t q scope=head", "column 27: `scope` is `body` or `attributes`"),
        ("00:00 publish t attr.x:Float=1 a", "column 17: `attr.x:Float` is no attribute"),
    ];
    for (line, expected) in cases {
        assert_eq!(mistake(line), format!("line 1, {expected}"), "{line}");
    }
    assert_eq!(
        mistake("00:02 purge q\n\n00:01 purge q"),
        "line 3, column 1: this is earlier than the line before"
    );
}
