//! What scripts cannot say: who may deliver, publications with many copies, and how failures read.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use postrider_core::shard::Bounds;
use postrider_script::{Action, OnQueue, Options, Script, Target, Verify, World, check, run};
use std::sync::{Arc, Mutex};

fn perform(world: &mut World, line: &str) {
    let script = Script::parse(line).unwrap();
    run(&script, world).unwrap_or_else(|failure| panic!("{failure}"));
}

/// A denied delivery is a permanent failure: it is dropped and counted, the others arrive, and nothing is
/// owed any more.
#[test]
fn a_delivery_that_is_not_permitted_is_dropped_for_good() {
    for shards in [1, 4] {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let crossings = seen.clone();
        let permit = Arc::new(move |crossing: &postrider_core::rejection::Crossing<'_>| {
            let (source, target) = (crossing.source.resource(), crossing.target.resource());
            let service = (crossing.service, crossing.action);
            crossings.lock().unwrap().push(format!("{service:?} {source} {target} {:?}", crossing.policy));
            target != "secret"
        });
        let options = Options { shards, permit, verify: Verify::EachStep, ..Options::default() };
        let mut world = World::new(options);
        perform(
            &mut world,
            "
            00:00  create     secret  policy={}
            00:00  create     open
            00:00  create     eu
            00:00  topic      news
            00:00  subscribe  news  secret  raw=true
            00:00  subscribe  news  open    raw=true
            00:00  subscribe  news  eu      raw=true
            00:00  publish    news  a b
            00:01  counts     secret  -> 0/0/0
            00:01  receive    open  max=10  -> a b
            00:01  receive    eu    max=10  -> a b
            00:02  compact
            00:02  restart
            00:03  counts     secret  -> 0/0/0
            ",
        );
        assert_eq!(world.dropped(), 2, "on {shards} shards");
        let expected = r#"("sns.amazonaws.com", "sqs:SendMessage") news secret Some("{}")"#;
        assert!(seen.lock().unwrap().iter().any(|crossing| crossing == expected));
        world.verify_trims();
    }
}

/// A denied delivery goes to the dead-letter queue, if that is permitted (sns 11).
#[test]
fn a_delivery_that_is_not_permitted_is_a_dead_letter() {
    for shards in [1, 4] {
        let permit = Arc::new(|crossing: &postrider_core::rejection::Crossing<'_>| {
            !["secret", "closed", "secret.fifo"].contains(&crossing.target.resource())
        });
        let options = Options { shards, permit, verify: Verify::EachStep, ..Options::default() };
        let mut world = World::new(options);
        perform(
            &mut world,
            "
            00:00  create     secret
            00:00  create     closed
            00:00  create     dead
            00:00  create     secret.fifo
            00:00  create     dead.fifo
            00:00  topic      news
            00:00  subscribe  news  secret  redrive=dead
            00:00  subscribe  news  other   redrive=closed
            00:00  publish    news  a b
            00:00  receive    dead  max=10 show=count  -> news/a:1 news/b:1
            00:00  counts     secret  -> 0/0/0
            00:00  counts     closed  -> 0/0/0
            00:00  topic      orders.fifo
            00:00  subscribe  orders.fifo  secret.fifo  redrive=dead.fifo raw=true
            00:00  publish    orders.fifo  group=g dedup=x  a
            00:00  publish    orders.fifo  group=g dedup=y  b
            00:00  receive    dead.fifo  max=10 show=group,dedup  -> a:g:x b:g:y
            ",
        );
        assert_eq!(world.dropped(), 2, "on {shards} shards");
        world.verify_trims();
    }
}

/// At the bound on what is owed to an endpoint the oldest delivery has reached its end (sns 10).
#[test]
fn the_oldest_delivery_ends_where_too_many_are_owed() {
    for shards in [1, 4] {
        let bounds = Bounds { owed_per_endpoint: 3, ..Bounds::default() };
        let mut world =
            World::new(Options { shards, bounds, verify: Verify::EachStep, ..Options::default() });
        perform(
            &mut world,
            "
            00:00  create     dead
            00:00  topic      news
            00:00  subscribe  news  sms:1  raw=true redrive=dead
            00:00  subscribe  news  sms:2  raw=true
            00:00  endpoint   sms:1  fails
            00:00  endpoint   sms:2  fails
            00:00  publish    news  a b c
            00:01  counts     dead  -> 0/0/0
            00:01  publish    news  d
            00:01  receive    dead  max=10  -> a
            00:01  publish    news  e f
            00:01  receive    dead  max=10  -> b c
            00:02  endpoint   sms:1  accepts
            00:20  attempts   sms:1  -> a:0 b:0 c:0 d:1 e:1 f:1 d:11 e:11 f:11
            ",
        );
        assert_eq!(world.dropped(), 3, "on {shards} shards");
        world.verify_trims();
    }
}

/// Bounds of one topic, those of AWS or what a configuration makes of them (sns 12, 13).
#[test]
fn a_topic_has_so_many_subscriptions_and_filters() {
    let mut script = "00:00 topic news.fifo\n".to_owned();
    for number in 1..=100 {
        script.push_str(&format!("00:00 subscribe news.fifo q{number}.fifo\n"));
    }
    script.push_str("00:00 subscribe news.fifo q.fifo -> !TooManySubscriptions\n");
    script.push_str("00:00 subscribe news.fifo q7.fifo\n00:00 unsubscribe news.fifo q7.fifo\n");
    script.push_str("00:00 subscribe news.fifo q.fifo\n00:00 topic olds\n");
    for number in 1..=200 {
        script.push_str(&format!("00:00 subscribe olds q{number} filter={{\"a\":[{number}]}}\n"));
    }
    script.push_str("00:00 subscribe olds more filter={\"a\":[1]} -> !TooManyFilterPolicies\n");
    script.push_str("00:00 subscribe olds more\n");
    script.push_str("00:00 set-subscription olds more filter={\"a\":[1]} -> !TooManyFilterPolicies\n");
    script.push_str("00:00 set-subscription olds q1 filter={\"a\":[2]}\n00:00 unsubscribe olds q1\n");
    script.push_str("00:00 set-subscription olds more filter={\"a\":[1]}\n");
    perform(&mut World::new(Options::default()), &script);

    let bounds = Bounds { subscriptions_per_topic: 2, filters_per_topic: 1, ..Bounds::default() };
    perform(
        &mut World::new(Options { bounds, ..Options::default() }),
        "
        00:00  topic      news
        00:00  subscribe  news  a  filter={\"a\":[1]}
        00:00  subscribe  news  b  filter={\"a\":[1]}  -> !TooManyFilterPolicies
        00:00  subscribe  news  b
        00:00  subscribe  news  c  -> !TooManySubscriptions
        ",
    );
}

/// The filter policies of all topics of an account, in whatever shard (sns 12).
#[test]
fn an_account_has_so_many_filters_over_all_its_topics() {
    for shards in [1, 4] {
        let bounds = Bounds { filters_per_account: 5, ..Bounds::default() };
        let mut world = World::new(Options { shards, bounds, ..Options::default() });
        let mut script = String::new();
        for number in 1..=5 {
            script.push_str(&format!(
                "00:00 topic t{number}\n00:00 subscribe t{number} q filter={{\"a\":[1]}}\n"
            ));
        }
        script.push_str(
            "
            00:01  subscribe         t1  more  filter={\"a\":[1]}  -> !TooManyFilterPolicies
            00:01  subscribe         t1  more
            00:01  set-subscription  t1  more  filter={\"a\":[1]}  -> !TooManyFilterPolicies
            00:01  set-subscription  t2  q     filter={\"a\":[2]}
            00:01  subscribe         t3  q     filter={\"a\":[1]}
            00:02  unsubscribe       t4  q
            00:02  set-subscription  t1  more  filter={\"a\":[1]}
            00:02  subscribe         t4  q     filter={\"a\":[1]}  -> !TooManyFilterPolicies
            00:03  delete-topic      t5
            00:03  subscribe         t4  q     filter={\"a\":[1]}
            00:03  subscribe         t3  more  filter={\"a\":[1]}  -> !TooManyFilterPolicies
            ",
        );
        perform(&mut world, &script);
        world.verify_trims();
    }
}

/// More than fit in one turn: the rest goes through the outbox, also to the own shard.
#[test]
fn a_publication_reaches_more_queues_than_fit_in_one_turn() {
    for shards in [1, 4] {
        let mut world = World::new(Options { shards, body_memory: 0, ..Options::default() });
        let mut script = "00:00 topic news\n".to_owned();
        for number in 0..1200 {
            script.push_str(&format!("00:00 create q{number}\n00:00 subscribe news q{number} raw=true\n"));
        }
        script.push_str("00:00 publish news a b\n00:00 compact\n");
        for number in 0..1200 {
            script.push_str(&format!("00:01 receive q{number} max=10 -> a b\n"));
        }
        perform(&mut world, &script);
        assert_eq!(world.dropped(), 0);
        world.restart();
    }
}

#[test]
fn a_failure_names_its_line_and_what_came() {
    let text = "00:00 create q\n\n00:01 send q a\n00:02 receive q -> b\n";
    let failure = run(&Script::parse(text).unwrap(), &mut World::new(Options::default())).unwrap_err();
    assert_eq!(failure.to_string(), "line 4: 00:02 receive q -> b\n    came: a");
    for (line, came) in [
        ("00:00 send q a", "!QueueDoesNotExist"),
        ("00:00 purge q -> ok", "!QueueDoesNotExist"),
        ("00:00 create q\n00:00 receive q -> a", "nothing"),
        ("00:00 create q\n00:00 counts q -> 1/0/0", "0/0/0"),
        ("00:00 create q\n00:00 send q a b -> ok !MessageTooLong", "ok ok"),
        ("00:00 create q\n00:00 delete q a", "q did not hand out a that often"),
        ("00:00 create q delay=x", "`delay` is a number, not `x`"),
        ("00:00 create q redrive=d", "`redrive` is never `d`"),
        ("00:00 topic t archive=x", "`archive` is never `{\"MessageRetentionPeriod\":\"x\"}`"),
        ("00:00 topic t\n00:00 subscribe t fax:1", "there is no endpoint `fax:1`"),
        (
            "00:00 topic t\n00:00 subscribe t http://h/\n00:00 confirm t http://h/ token=2",
            "http://h/ did not get that many tokens from t",
        ),
    ] {
        let failure = run(&Script::parse(line).unwrap(), &mut World::new(Options::default())).unwrap_err();
        assert_eq!(failure.came, came, "{line}");
    }
}

#[test]
#[should_panic(expected = "on 1 shards: line 2: 00:00 counts q -> 1/0/0")]
fn a_checked_script_panics_where_it_fails() {
    check("00:00 create q\n00:00 counts q -> 1/0/0");
}

#[test]
fn time_goes_on_during_a_long_poll() {
    let mut world = World::new(Options::default());
    perform(&mut world, "00:00 create q\n00:00 send q delay=3 a\n00:00 receive q wait=20 timeout=10 -> a");
    perform(&mut world, "00:12 counts q -> 0/1/0\n00:13 counts q -> 1/0/0");
    let action = Action::Queue("q".into(), OnQueue::Purge);
    assert_eq!(world.perform(&action).unwrap(), ["ok"]);
}
