//! What a filter costs: publications to a topic with many subscriptions, each with a filter and a queue of its own.
//!
//! Each kind of policy has a shard of its own. One publication passes no filter, another passes all of them, and what
//! their whole turns take (decide, encode, apply) is divided by the number of subscriptions: in the first case that is
//! a look at a subscription and its filter, in the second also a copy in its queue. The policies of a kind differ
//! from each other, as in life, so the next one is not in the processor's cache because of the last.

use crate::scene::{BODY_BYTES, create_queue, create_topic, publication, subscribe, subscription};
use crate::turns::{Counting, Resource, Turns};
use bytes::Bytes;
use postrider_core::Event;
use postrider_core::command::AskTopic;
use postrider_core::event::SubscriptionStated;
use postrider_core::id::Uuid;
use postrider_core::reply::Reply;
use postrider_core::topic::filter::{AttributeFact, Facts, Number, Policy, Scope, Value};
use postrider_core::topic::subscription::Filter;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Publications of each sort in a round.
const PUBLICATIONS: u32 = 5;

/// A kind of policy, and what passes it.
struct Kind {
    name: &'static str,
    scope: Scope,
    /// The policy of the nth subscription.
    policy: fn(u64) -> Value,
    /// Attributes or body of a message that no policy admits.
    refused: fn() -> Facts,
    /// Of a message that all admit, of up to 100,000 subscriptions.
    admitted: fn() -> Facts,
}

const KINDS: [Kind; 6] = [
    Kind {
        name: "attribute: text",
        scope: Scope::MessageAttributes,
        policy: |nth| {
            object([("kind", list([text(format!("kind-{nth}")), text("invoice"), text("refund")]))])
        },
        refused: || attributes("order", "eu-west-1", 5),
        admitted: || attributes("invoice", "eu-west-1", 5),
    },
    Kind {
        name: "attribute: prefix",
        scope: Scope::MessageAttributes,
        policy: |nth| {
            object([("kind", list([one("prefix", text(format!("kind-{nth}"))), one("prefix", text("inv"))]))])
        },
        refused: || attributes("order", "eu-west-1", 5),
        admitted: || attributes("invoice", "eu-west-1", 5),
    },
    Kind {
        name: "attributes: text and numeric range",
        scope: Scope::MessageAttributes,
        policy: |nth| {
            let range = one("numeric", list([text(">="), number(nth as i64), text("<"), number(1_000_000)]));
            object([("kind", list([text("invoice")])), ("amount", list([range]))])
        },
        refused: || attributes("invoice", "eu-west-1", -1),
        admitted: || attributes("invoice", "eu-west-1", 100_000),
    },
    Kind {
        name: "attribute: anything-but",
        scope: Scope::MessageAttributes,
        policy: |nth| {
            let refused = list([text(format!("region-{nth}")), text("eu-west-1"), text("eu-west-2")]);
            object([("region", list([one("anything-but", refused)]))])
        },
        refused: || attributes("invoice", "eu-west-1", 5),
        admitted: || attributes("invoice", "us-east-1", 5),
    },
    Kind {
        name: "body: nested, three keys",
        scope: Scope::MessageBody,
        policy: |nth| {
            let tier = list([text(format!("tier-{nth}")), text("gold")]);
            let over = list([one("numeric", list([text(">"), number(nth as i64)]))]);
            let order = object([("customer", object([("tier", tier)])), ("total", over)]);
            object([("order", order), ("type", list([one("prefix", text("order."))]))])
        },
        refused: || body("silver"),
        admitted: || body("gold"),
    },
    Kind {
        name: "body: $or, array of objects",
        scope: Scope::MessageBody,
        policy: |nth| {
            let named = object([("name", list([text(format!("item-{nth}"))]))]);
            let item =
                object([("sku", list([text("last")])), ("gone", list([one("exists", Value::Bool(false))]))]);
            object([("$or", list([object([("items", named)]), object([("items", item)])]))])
        },
        refused: || body("last but one"),
        admitted: || body("gold"),
    },
];

/// Measures all kinds, and prints for each `name count ns_refused ns_admitted`, the times for one subscription.
pub fn measure(subscriptions: u64, rounds: u64) {
    for kind in &KINDS {
        let mut bench = Bench::of(kind, subscriptions);
        let (mut refused, mut admitted) = (Vec::new(), Vec::new());
        for round in 0..=rounds {
            let times = (bench.publish(kind.refused, 0), bench.publish(kind.admitted, subscriptions));
            // Tables and buffers get their size in the first one.
            if round > 0 {
                refused.push(times.0);
                admitted.push(times.1);
            }
        }
        let [refused, admitted] = [refused, admitted].map(|times| median(times) / subscriptions as f64);
        println!("{}\t{subscriptions}\t{refused:.1}\t{admitted:.1}", kind.name);
    }
}

/// The middle one, in nanoseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_nanos() as f64
}

struct Bench {
    turns: Turns,
    topic: Resource,
    /// A queue that is counted for all of them.
    queue: Resource,
}

impl Bench {
    fn of(kind: &Kind, subscriptions: u64) -> Bench {
        let mut turns = Turns::new();
        let topic = create_topic(&mut turns, "news");
        let queues: Vec<Resource> =
            (0..subscriptions).map(|nth| create_queue(&mut turns, &format!("queue-{nth}"))).collect();
        let first = subscribe(&mut turns, &topic, subscription(&queues[0], None));
        // Stated and not asked for: the topic may have fewer filters than this by default. The first one is stated anew.
        let states = queues.iter().zip(0..).map(|(queue, nth)| {
            let policy = Policy::compile(&(kind.policy)(nth), kind.scope).expect("a policy");
            let filter = Filter { text: kind.name.into(), scope: kind.scope, policy };
            let id = if nth == 0 { first.id } else { spread(nth) };
            let made = subscription(queue, Some(Arc::new(filter)));
            Event::Subscription(Box::new(SubscriptionStated { topic: first.topic, id, ..made }))
        });
        turns.state(states.collect());
        let queue = queues[queues.len() / 2].clone();
        Bench { turns, topic, queue }
    }

    /// The time of one publication, the mean of a few. `copies` says how many each of them makes.
    fn publish(&mut self, facts: fn() -> Facts, copies: u64) -> Duration {
        let before = self.waiting();
        let mut taken = Duration::ZERO;
        for _ in 0..PUBLICATIONS {
            let publish = publication(Bytes::from(vec![b'x'; BODY_BYTES]), facts());
            let ask = AskTopic::Publish(vec![publish]);
            self.turns.tick();
            let start = Instant::now();
            let reply = self.turns.ask_topic(&self.topic, ask, Counting::Off);
            taken += start.elapsed();
            assert!(
                matches!(black_box(reply), Reply::Published(answers) if answers.iter().all(Result::is_ok))
            );
        }
        let wanted = if copies > 0 { PUBLICATIONS as usize } else { 0 };
        assert_eq!(self.waiting() - before, wanted, "copies in one of the queues");
        taken / PUBLICATIONS
    }

    fn waiting(&self) -> usize {
        let id = self.turns.shard.queue_id(&self.queue.arn).expect("the queue is there");
        self.turns.shard.counts(id).available
    }
}

/// Ids in no order.
fn spread(nth: u64) -> Uuid {
    Uuid(u128::from((nth + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)) << 64 | u128::from(nth))
}

/// A message with five attributes.
fn attributes(kind: &str, region: &str, amount: i64) -> Facts {
    let attributes = vec![
        ("kind".into(), AttributeFact::Text(kind.into())),
        ("region".into(), AttributeFact::Text(region.into())),
        ("amount".into(), AttributeFact::Number(Number::from(amount))),
        ("tenant".into(), AttributeFact::Text("0123456789abcdef".into())),
        ("trace".into(), AttributeFact::Text("1-5759e988-bd862e3fe1be46a994272793".into())),
    ];
    Facts::new(attributes, None)
}

/// A message with an order of ten items, the last of which is named so.
fn body(tier: &str) -> Facts {
    let mut items: Vec<Value> = (0..9)
        .map(|nth| {
            object([
                ("sku", text(format!("sku-{nth}"))),
                ("name", text("thing")),
                ("gone", Value::Bool(true)),
            ])
        })
        .collect();
    items
        .push(object([("sku", text(if tier == "gold" { "last" } else { "none" })), ("name", text("thing"))]));
    let customer =
        object([("id", number(7)), ("name", text("Ada")), ("tier", text(tier)), ("city", text("Turin"))]);
    let order = object([
        ("id", text("0123456789abcdef")),
        ("customer", customer),
        ("total", number(200_000)),
        ("currency", text("EUR")),
    ]);
    let body = object([
        ("version", number(1)),
        ("type", text("order.placed")),
        ("time", text("2026-01-01T00:00:00Z")),
        ("order", order),
        ("items", Value::Array(items)),
    ]);
    Facts::new(Vec::new(), Some(body))
}

fn text(text: impl Into<Box<str>>) -> Value {
    Value::String(text.into())
}

fn number(whole: i64) -> Value {
    Value::Number(Number::from(whole))
}

fn list<const N: usize>(items: [Value; N]) -> Value {
    Value::Array(items.into())
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(members.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

/// A match expression.
fn one(operator: &str, operand: Value) -> Value {
    object([(operator, operand)])
}
