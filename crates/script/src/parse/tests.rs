//! Tests of the reader: what lines mean, and where mistakes are.

use super::*;
use crate::action::{
    Attribute, By, Handle, Incoming, OnEndpoint, OnQueue, OnTopic, Outgoing, Publishing, Shown, Structure,
    Task, Temper, Ticket,
};

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
    let receive = OnQueue::Receive(Incoming { max: 10, visibility_s: Some(0), ..Incoming::default() });
    assert_eq!((step.time_ms, step.action), (62_500, Action::Queue("orders".into(), receive)));
    assert_eq!(step.expected, Expected::Words(vec!["a".into(), "{\"b\": 1}".into()]));
    assert_eq!(step_of("00:00 receive q -> nothing").expected, Expected::Words(vec![]));
    assert_eq!(step_of("720:00 purge q").time_ms, 43_200_000);
    assert_eq!(step_of("00:00 attributes q -> delay=5").expected, Expected::Some(vec!["delay=5".into()]));
}

#[test]
fn bodies_can_be_padded_and_handles_named() {
    let bodies = vec!["a...".to_owned(), "bcdef".to_owned()];
    let outgoing = Outgoing { bodies, delay_s: Some(9), ..Outgoing::default() };
    assert_eq!(on_queue("00:00 send q delay=9 bytes=4 a bcdef"), OnQueue::Send(outgoing));
    let issued =
        |queue: &str, word: &str, receive| Handle::Issued { queue: queue.into(), word: word.into(), receive };
    let kind = on_queue("00:00 delete q from=p a@2 news/b");
    assert_eq!(kind, OnQueue::Delete(vec![issued("p", "a", Some(2)), issued("p", "news/b", None)]));
    let kind = on_queue("00:00 visibility q timeout=5 handle=forged");
    assert_eq!(kind, OnQueue::Visibility(vec![Handle::Forged], 5));
}

#[test]
fn a_range_stands_for_its_words() {
    let OnQueue::Send(Outgoing { bodies, .. }) = on_queue("00:00 send q n9..11 x..2 3..4 n2..1") else {
        panic!()
    };
    assert_eq!(bodies, ["n9", "n10", "n11", "x..2", "3..4", "n2..1"]);
    let step = step_of("00:00 receive q -> a1..2 b");
    assert_eq!(step.expected, Expected::Words(["a1", "a2", "b"].map(String::from).into()));
    let issued = |word: &str| Handle::Issued { queue: "q".into(), word: word.into(), receive: Some(2) };
    assert_eq!(on_queue("00:00 delete q a1..2@2"), OnQueue::Delete(vec![issued("a1"), issued("a2")]));
}

#[test]
fn fifo_queues_have_groups_and_ids() {
    let OnQueue::Send(outgoing) = on_queue("00:00 send q group=g dedup=hash:a b") else { panic!() };
    let digest = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";
    assert_eq!((outgoing.group.as_deref(), outgoing.dedup.as_deref()), (Some("g"), Some(digest)));
    let OnQueue::Receive(incoming) = on_queue("00:00 receive q attempt=x show=count,source -> a:1:d") else {
        panic!()
    };
    assert_eq!(incoming.attempt.as_deref(), Some("x"));
    assert_eq!(incoming.show, [Shown::Count, Shown::Source]);
}

#[test]
fn move_tasks_are_started_shown_and_cancelled() {
    let start = OnQueue::StartMove { to: Some("r".into()), rate: Some(10) };
    assert_eq!(on_queue("00:00 move q to=r rate=10"), start);
    assert_eq!(on_queue("00:00 moves q -> running:1/2:to=r:rate=10"), OnQueue::Moves);
    for (option, task) in
        [("", Task::Started(None)), ("task=2", Task::Started(Some(2))), ("task=forged", Task::Forged)]
    {
        assert_eq!(on_queue(&format!("00:00 cancel q {option} -> 1")), OnQueue::CancelMove(task));
    }
}

#[test]
fn publications_have_attributes_with_types() {
    let action = step_of("00:00 publish t group=g attr.kind=a=b attr.price:Number=1.5 {\"x\":1}").action;
    let Action::Topic(_, OnTopic::Publish(Publishing { bodies, attributes, group, .. })) = action else {
        panic!("{action:?}")
    };
    assert_eq!(group.as_deref(), Some("g"));
    let attribute = |name: &str, kind: &str, value: &str| Attribute {
        name: name.into(),
        kind: kind.into(),
        value: value.into(),
    };
    assert_eq!(bodies, ["{\"x\":1}"]);
    assert_eq!(attributes, [attribute("kind", "String", "a=b"), attribute("price", "Number", "1.5")]);
}

#[test]
fn endpoints_confirm_leave_and_have_tempers() {
    let on_topic = |line: &str| {
        let Action::Topic(name, what) = step_of(line).action else { panic!("{line}") };
        assert_eq!(name, "t");
        what
    };
    let who = || "http://hook/".to_owned();
    let last = Ticket::Received(None);
    assert_eq!(on_topic("00:00 confirm t http://hook/"), OnTopic::Confirm(who(), last, By::Link));
    let first = Ticket::Received(Some(1));
    let line = "00:00 confirm t http://hook/ token=1 by=owner";
    assert_eq!(on_topic(line), OnTopic::Confirm(who(), first, By::Owner));
    let line = "00:00 confirm t http://hook/ token=forged";
    assert_eq!(on_topic(line), OnTopic::Confirm(who(), Ticket::Forged, By::Link));
    assert_eq!(on_topic("00:00 unsubscribe t http://hook/"), OnTopic::Unsubscribe(who(), By::Owner));
    assert_eq!(on_topic("00:00 unsubscribe t http://hook/ by=link"), OnTopic::Unsubscribe(who(), By::Link));
    assert_eq!(on_topic("00:00 subscription t http://hook/ -> raw=true"), OnTopic::Subscription(who()));
    let OnTopic::Publish(publishing) = on_topic("00:00 publish t structure=json dedup=x {}") else {
        panic!()
    };
    assert_eq!((publishing.structure, publishing.dedup.as_deref()), (Structure::Json, Some("x")));
    let fails = OnEndpoint::Becomes(Temper::Fails);
    assert_eq!(step_of("00:00 endpoint lambda:f fails").action, Action::Endpoint("lambda:f".into(), fails));
    let action = step_of("00:00 attempts lambda:f -> nothing").action;
    assert_eq!(action, Action::Endpoint("lambda:f".into(), OnEndpoint::Attempts));
}

#[test]
fn headers_come_first() {
    for (header, runs) in [("", Runs::Anywhere), ("@pure", Runs::Pure), ("@http", Runs::Http)] {
        assert_eq!(Script::parse(&format!("# hello\n{header}\n\n00:00 purge q")).unwrap().runs, runs);
    }
    let only = "the only header is `@pure` or `@http`, alone, before the first step";
    assert_eq!(mistake("@pure\n@http"), format!("line 2, column 1: {only}"));
    assert_eq!(mistake("00:00 purge q\n@pure"), format!("line 2, column 1: {only}"));
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
        ("00:00 receive q show=count,colour -> a", "column 22: a message has no `colour`"),
        ("00:00 cancel q task=0 -> 1", "column 21: `task` is which one was started, from 1, or `forged`"),
        ("00:00 visibility q a", "column 7: `visibility` needs `timeout=`"),
        ("00:00 subscribe t q scope=head", "column 27: `scope` is `body` or `attributes`"),
        ("00:00 subscribe t q replay=5", "column 28: `replay` is a time, two with a `-` between, or `off`"),
        ("00:00 confirm t q token=0", "column 25: `token` is which one it got, from 1, or `forged`"),
        ("00:00 unsubscribe t q by=me", "column 26: `by` is `owner` or `link`"),
        ("00:00 publish t structure=xml a", "column 27: `structure` is `json`"),
        ("00:00 endpoint http://h sings", "column 7: no endpoint `sings`"),
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
