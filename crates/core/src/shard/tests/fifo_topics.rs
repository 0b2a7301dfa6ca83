//! FIFO topics: sequence numbers, deduplication, order, and where copies go that a queue will not have.

use super::hub::{Hub, grouped, topic};
use super::{payload, queue};
use crate::Arn;
use crate::command::{AskQueue, AskTopic, Dedup, Publish, Receive, TopicMeaning};
use crate::id::{DedupKey, GroupKey};
use crate::queue::settings::{DedupScope, Setting};
use crate::rejection::Crossing;
use crate::reply::{Content, PublishedAs, Reply};
use crate::shard::Config;
use crate::topic::filter::{AttributeFact, Facts};
use crate::topic::subscription::{Endpoint, Form};
use crate::{Rejection, limits};
use std::sync::Arc;

fn hub(attributes: &[(&str, &str)]) -> (Hub, Arn) {
    let mut hub = Hub::new(Config::default());
    let arn = topic("news.fifo");
    hub.create_topic(&arn, attributes, TopicMeaning::default());
    (hub, arn)
}

fn sequences(published: &[PublishedAs]) -> Vec<u64> {
    published.iter().map(|published| published.sequence.unwrap()).collect()
}

fn receive(hub: &mut Hub, name: &str) -> Vec<String> {
    let receive = Receive { max: 10, visibility_s: Some(1), wait_s: Some(0), attempt: None };
    let Reply::Received(got) = hub.ask(name, AskQueue::Receive(receive)) else { panic!() };
    let receipts = got.iter().map(|delivery| delivery.receipt.into()).collect();
    hub.ask(name, AskQueue::DeleteMessages(receipts));
    got.iter().map(super::body_of).collect()
}

#[test]
fn sequence_numbers_grow_and_are_never_given_twice() {
    let (mut hub, arn) = hub(&[]);
    let first = hub.publish(&arn, vec![grouped("a", "g", "1"), grouped("b", "h", "2")]);
    assert_eq!(sequences(&first), [1, 2], "also if nobody is subscribed");
    hub.restart();
    assert_eq!(sequences(&hub.publish(&arn, vec![grouped("c", "g", "3")])), [3]);
    hub.pass(limits::DEDUP_WINDOW_MS);
    hub.restart();
    assert_eq!(sequences(&hub.publish(&arn, vec![grouped("c", "g", "3")])), [4], "nothing remembers them");
    hub.ask_topic(&arn, AskTopic::Delete).unwrap();
    hub.create_topic(&arn, &[], TopicMeaning::default());
    assert_eq!(sequences(&hub.publish(&arn, vec![grouped("c", "g", "3")])), [1], "another topic");
    let plain = topic("news");
    hub.create_topic(&plain, &[], TopicMeaning::default());
    assert_eq!(hub.say(&plain, "x").sequence, None);
}

#[test]
fn a_group_and_an_id_are_demanded_of_the_whole_batch() {
    let (mut hub, arn) = hub(&[]);
    let mut refuses = |message| {
        let ask = AskTopic::Publish(vec![grouped("a", "g", "1"), message]);
        hub.ask_topic(&arn, ask).unwrap_err()
    };
    let of_body = Some(Dedup::OfBody(DedupKey::of("b")));
    assert_eq!(refuses(Publish { group: None, ..grouped("b", "g", "2") }), Rejection::GroupIdMissing);
    assert_eq!(refuses(Publish { dedup: None, ..grouped("b", "g", "2") }), Rejection::DeduplicationIdMissing);
    let by_body = Publish { dedup: of_body, ..grouped("b", "g", "2") };
    assert_eq!(refuses(by_body), Rejection::DeduplicationIdMissing);
    assert_eq!(sequences(&hub.publish(&arn, vec![grouped("a", "g", "1")])), [1], "nothing was published");
}

#[test]
fn a_duplicate_gets_the_first_ones_answer_for_five_minutes() {
    let (mut hub, arn) = hub(&[("ContentBasedDeduplication", "true")]);
    hub.create_queue("q.fifo", vec![]);
    hub.subscribed(&arn, Endpoint::Queue(queue("q.fifo")), |next| next.form = Form::Raw);
    let of_body = Some(Dedup::OfBody(DedupKey::of("hash")));
    let by_body = || Publish { dedup: of_body, ..grouped("b", "g", "") };
    let batch = vec![grouped("a", "g", "1"), grouped("a again", "h", "1"), by_body(), by_body()];
    let published = hub.publish(&arn, batch);
    assert_eq!(sequences(&published), [1, 1, 2, 2], "also within one batch, and over groups");
    assert_eq!((published[0], published[2]), (published[1], published[3]));
    assert_ne!(published[0].id, published[2].id);
    hub.restart();
    hub.pass(limits::DEDUP_WINDOW_MS - 1);
    let entries = hub.shards[0].log.len();
    assert_eq!(hub.publish(&arn, vec![grouped("late", "g", "1")]), published[..1]);
    assert_eq!(hub.shards[0].log.len(), entries, "nothing is written");
    hub.restart();
    assert_eq!(hub.bodies("q.fifo"), ["a", "b"]);
    hub.pass(1);
    assert_eq!(sequences(&hub.publish(&arn, vec![grouped("new", "g", "1")])), [3]);
    assert_eq!(hub.bodies("q.fifo"), ["a", "b", "new"]);
    hub.restart();
}

#[test]
fn the_scope_may_be_the_group() {
    let (mut hub, arn) = hub(&[("FifoThroughputScope", "MessageGroup")]);
    let batch = vec![grouped("a", "g", "1"), grouped("b", "h", "1"), grouped("c", "g", "1")];
    assert_eq!(sequences(&hub.publish(&arn, batch)), [1, 2, 1]);
    hub.restart();
    assert_eq!(sequences(&hub.publish(&arn, vec![grouped("d", "h", "1")])), [2]);
}

#[test]
fn copies_have_group_and_id_in_fifo_queues_and_neither_in_standard_ones() {
    let (mut hub, arn) = hub(&[]);
    hub.create_queue("q.fifo", vec![]);
    hub.create_queue("plain", vec![]);
    for name in ["q.fifo", "plain"] {
        hub.subscribed(&arn, Endpoint::Queue(queue(name)), |_| {});
    }
    hub.publish(&arn, vec![grouped("a", "g", "1")]);
    let published = hub.publish(&arn, vec![grouped("b", "g", "2")])[0];
    hub.restart();
    let (fifo, plain) = (hub.peek("q.fifo"), hub.peek("plain"));
    assert_eq!((fifo[1].group, plain[1].group), (Some(GroupKey::of("g")), None));
    for message in [&fifo[1], &plain[1]] {
        let Content::Copy { published: copied, .. } = &message.content else { panic!() };
        let fifo = copied.fifo.unwrap();
        assert_eq!((copied.message_id, fifo.sequence), (published.id, 2));
        assert_eq!((fifo.dedup, copied.group), (DedupKey::of("2"), Some(GroupKey::of("g"))));
    }
    // A standard topic passes the group on, also to a standard queue.
    let standard = topic("news");
    hub.create_topic(&standard, &[], TopicMeaning::default());
    hub.subscribed(&standard, Endpoint::Queue(queue("plain")), |_| {});
    let message = Publish { group: Some(GroupKey::of("h")), ..Publish::new(payload("c")) };
    hub.publish(&standard, vec![message]);
    hub.restart();
    assert_eq!(hub.peek("plain")[2].group, Some(GroupKey::of("h")));
}

/// What was sent to the queue, or came from another topic, within five minutes under the same id.
#[test]
fn the_queue_deduplicates_by_itself_here_and_in_another_shard() {
    for shard in [0, 1] {
        let mut hub = Hub::pair(&Config::default());
        let arn = hub.topic_at(0, ".fifo");
        let name = hub.name_at(shard, "q", ".fifo");
        hub.create_queue(&name, vec![]);
        let other = (0..).map(|n| topic(&format!("other{n}.fifo"))).find(|arn| arn.shard(2) == 0).unwrap();
        for arn in [&arn, &other] {
            hub.create_topic(arn, &[], TopicMeaning::default());
            hub.subscribed(arn, Endpoint::Queue(queue(&name)), |next| next.form = Form::Raw);
        }
        hub.publish(&arn, vec![grouped("a", "g", "1"), grouped("b", "g", "2")]);
        hub.publish(&other, vec![grouped("same", "h", "1"), grouped("c", "g", "3")]);
        hub.exchange();
        hub.restart();
        assert_eq!((hub.bodies(&name), hub.dropped), (vec!["a".into(), "b".into(), "c".into()], 0));
        let sent = crate::command::Send {
            payload: payload("sent"),
            delay_s: None,
            group: Some(GroupKey::of("g")),
            dedup: Some(Dedup::Explicit(DedupKey::of("2"))),
        };
        hub.ask(&name, AskQueue::Send(vec![sent]));
        assert_eq!(hub.peek(&name).len(), 3, "and the other way round");
        hub.pass(limits::DEDUP_WINDOW_MS);
        hub.publish(&other, vec![grouped("later", "g", "1")]);
        hub.exchange();
        assert_eq!(hub.peek(&name).len(), 4);
        // Where nothing was copied, what was taken is known all the same.
        hub.publish(&arn, vec![grouped("again", "g", "1")]);
        hub.exchange();
        hub.restart();
        assert_eq!(hub.peek(&name).len(), 4);
    }
}

#[test]
fn a_queue_may_deduplicate_within_groups() {
    let (mut hub, arn) = hub(&[("FifoThroughputScope", "MessageGroup")]);
    hub.create_queue("wide.fifo", vec![]);
    hub.create_queue("narrow.fifo", vec![Setting::DedupScope(DedupScope::MessageGroup)]);
    for name in ["wide.fifo", "narrow.fifo"] {
        hub.subscribed(&arn, Endpoint::Queue(queue(name)), |next| next.form = Form::Raw);
    }
    hub.publish(&arn, vec![grouped("a", "g", "1"), grouped("b", "h", "1")]);
    hub.restart();
    assert_eq!(hub.bodies("wide.fifo"), ["a"]);
    assert_eq!(hub.bodies("narrow.fifo"), ["a", "b"]);
}

#[test]
fn order_is_kept_to_queues_here_and_in_other_shards_over_restarts() {
    let mut hub = Hub::pair(&Config::default());
    let arn = hub.topic_at(0, ".fifo");
    hub.create_topic(&arn, &[], TopicMeaning::default());
    let names = [0, 1].map(|shard| hub.name_at(shard, "q", ".fifo"));
    for name in &names {
        hub.create_queue(name, vec![]);
        hub.subscribed(&arn, Endpoint::Queue(queue(name)), |next| next.form = Form::Raw);
    }
    let bodies: Vec<&'static str> =
        (0..40).map(|n| &*Box::leak(format!("{n:02}").into_boxed_str())).collect();
    for (n, batch) in bodies.chunks(5).enumerate() {
        hub.publish(&arn, batch.iter().map(|body| grouped(body, "g", body)).collect());
        if n % 3 == 1 {
            hub.restart();
        }
        if n % 2 == 1 {
            hub.exchange();
        }
    }
    hub.exchange();
    for name in &names {
        let received = (0..4).flat_map(|_| receive(&mut hub, name)).collect::<Vec<_>>();
        assert_eq!(received, bodies);
    }
}

/// The queue of a subscription that is gone, here or in another shard: the dead-letter queue gets all, in order.
#[test]
fn what_a_queue_that_is_gone_would_have_got_is_in_the_dead_letter_queue_in_order() {
    for (of_queue, of_dead) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let mut hub = Hub::pair(&Config::default());
        let arn = hub.topic_at(0, ".fifo");
        hub.create_topic(&arn, &[], TopicMeaning::default());
        let (name, dead) = (hub.name_at(of_queue, "q", ".fifo"), hub.name_at(of_dead, "dead", ".fifo"));
        hub.create_queue(&dead, vec![]);
        hub.subscribed(&arn, Endpoint::Queue(queue(&name)), |next| {
            next.form = Form::Raw;
            next.dead_letter = Some(queue(&dead));
        });
        let none = hub.name_at(of_queue, "none", ".fifo");
        hub.subscribed(&arn, Endpoint::Queue(queue(&none)), |_| {});
        for (body, id) in [("a", "1"), ("b", "2"), ("c", "3")] {
            hub.publish(&arn, vec![grouped(body, "g", id)]);
            hub.restart();
        }
        hub.exchange();
        hub.restart();
        hub.create_queue(&name, vec![]);
        hub.publish(&arn, vec![grouped("d", "g", "4")]);
        hub.exchange();
        assert_eq!((hub.bodies(&dead), hub.dropped), (vec!["a".into(), "b".into(), "c".into()], 4));
        assert_eq!(hub.peek(&dead)[0].group, Some(GroupKey::of("g")));
        let Content::Copy { published, .. } = &hub.peek(&dead)[2].content else { panic!() };
        assert_eq!(published.fifo.unwrap().dedup, DedupKey::of("3"));
        assert_eq!(hub.bodies(&name), ["d"]);
    }
}

/// A queue whose name begins with an `x` may not be sent to.
fn permit(crossing: &Crossing<'_>) -> bool {
    assert_eq!((crossing.service, crossing.action), ("sns.amazonaws.com", "sqs:SendMessage"));
    assert_eq!(crossing.source.service(), "sns");
    !crossing.target.resource().starts_with('x')
}

#[test]
fn what_may_not_be_sent_is_in_the_dead_letter_queue_or_counted() {
    for (of_queue, of_dead) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let mut hub = Hub::pair(&Config { permit: Arc::new(permit), ..Config::default() });
        let arn = hub.topic_at(0, "");
        hub.create_topic(&arn, &[], TopicMeaning::default());
        let names = ["x", "dead", "xdead"].map(|prefix| {
            let shard = if prefix == "x" { of_queue } else { of_dead };
            let name = hub.name_at(shard, prefix, "");
            hub.create_queue(&name, vec![]);
            name
        });
        let [denied, dead, denied_dead] = &names;
        let none = hub.name_at(of_queue, "xnone", "");
        for (name, target) in [(denied, Some(dead)), (&none, Some(denied_dead)), (denied_dead, None)] {
            hub.subscribed(&arn, Endpoint::Queue(queue(name)), |next| {
                next.form = Form::Raw;
                next.dead_letter = target.map(|name| queue(name));
            });
        }
        hub.say(&arn, "a");
        hub.exchange();
        hub.restart();
        assert_eq!((hub.bodies(dead), hub.dropped), (vec!["a".to_owned()], 2));
        assert_eq!((hub.peek(denied).len(), hub.peek(denied_dead).len()), (0, 0));
    }
}

#[test]
fn raw_copies_with_too_many_attributes_are_dead_letters() {
    for shard in [0, 1] {
        let mut hub = Hub::pair(&Config::default());
        let arn = hub.topic_at(0, "");
        hub.create_topic(&arn, &[], TopicMeaning::default());
        let [name, dead, plain] = ["q", "dead", "plain"].map(|prefix| hub.name_at(shard, prefix, ""));
        for name in [&name, &dead, &plain] {
            hub.create_queue(name, vec![]);
        }
        hub.subscribed(&arn, Endpoint::Queue(queue(&name)), |next| {
            next.form = Form::Raw;
            next.dead_letter = Some(queue(&dead));
        });
        hub.subscribed(&arn, Endpoint::Queue(queue(&plain)), |_| {});
        let publish = |count: usize, body| {
            let named = (0..count).map(|n| (format!("k{n}").into(), AttributeFact::Binary)).collect();
            vec![Publish { facts: Facts::new(named, None), ..Publish::new(payload(body)) }]
        };
        hub.publish(&arn, publish(11, "eleven"));
        hub.publish(&arn, publish(10, "ten"));
        hub.exchange();
        hub.restart();
        assert_eq!(hub.bodies(&name), ["ten"]);
        assert_eq!(hub.bodies(&dead), ["eleven"]);
        assert_eq!((hub.bodies(&plain).len(), hub.dropped), (2, 0), "an envelope holds them all");
    }
}

#[test]
fn a_batch_of_duplicates_only_writes_one_message() {
    let (mut hub, arn) = hub(&[]);
    hub.create_queue("q.fifo", vec![]);
    hub.subscribed(&arn, Endpoint::Queue(queue("q.fifo")), |_| {});
    let same = (0..10).map(|_| grouped("x", "g", "1")).collect();
    assert_eq!(sequences(&hub.publish(&arn, same)), [1; 10]);
    assert_eq!(hub.peek("q.fifo").len(), 1);
    // A message that is too large takes no number.
    let large = Publish { payload: crate::body::Payload::new("x".into(), 262_145), ..grouped("x", "g", "2") };
    let Reply::Published(each) = hub.ask_topic(&arn, AskTopic::Publish(vec![large])).unwrap() else {
        panic!()
    };
    assert_eq!(each, [Err(Rejection::PublicationTooLong)]);
    assert_eq!(sequences(&hub.publish(&arn, vec![grouped("x", "g", "2")])), [2]);
}
