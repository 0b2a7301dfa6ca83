//! Random operations, resolved against what the model knows when their turn comes.

use crate::model::Model;
use postrider_script::{
    Action, Attribute, By, Handle, Incoming, OnQueue, OnTopic, Outgoing, Publishing, Shown,
};
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::BTreeMap;

/// Names that four shards hold unevenly.
const QUEUES: [&str; 5] = ["orders", "audit", "eu", "us", "b"];
const TOPICS: [&str; 3] = ["news", "olds", "t"];
const QUEUE_ATTRIBUTES: [&str; 4] = ["visibility", "delay", "retention", "redrive"];
const KINDS: [&str; 2] = ["x", "y"];

/// An operation with open choices.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    verb: Verb,
    queue: usize,
    topic: usize,
    choice: Index,
    number: usize,
    attributes: Vec<(&'static str, &'static str)>,
}

#[derive(Clone, Copy, Debug)]
enum Verb {
    Advance,
    Create,
    DeleteQueue,
    Set,
    Purge,
    Counts,
    Send,
    Receive,
    Delete,
    Visibility,
    Topic,
    SetTopic,
    DeleteTopic,
    TopicAttributes,
    ListSubscriptions,
    Subscribe,
    SetSubscription,
    Unsubscribe,
    Publish,
    Restart,
    Compact,
    ListQueues,
    Sources,
    Move,
}

fn verbs() -> impl Strategy<Value = Verb> {
    prop_oneof![
        8 => Just(Verb::Advance),
        6 => Just(Verb::Create),
        2 => Just(Verb::DeleteQueue),
        3 => Just(Verb::Set),
        2 => Just(Verb::Purge),
        4 => Just(Verb::Counts),
        12 => Just(Verb::Send),
        14 => Just(Verb::Receive),
        9 => Just(Verb::Delete),
        7 => Just(Verb::Visibility),
        3 => Just(Verb::Topic),
        2 => Just(Verb::SetTopic),
        1 => Just(Verb::DeleteTopic),
        3 => Just(Verb::TopicAttributes),
        1 => Just(Verb::ListSubscriptions),
        7 => Just(Verb::Subscribe),
        2 => Just(Verb::SetSubscription),
        3 => Just(Verb::Unsubscribe),
        10 => Just(Verb::Publish),
        2 => Just(Verb::Restart),
        4 => Just(Verb::Compact),
        1 => Just(Verb::ListQueues),
        1 => Just(Verb::Sources),
        2 => Just(Verb::Move),
    ]
}

/// Attributes of queues and subscriptions; each verb takes those that it knows.
fn attribute() -> impl Strategy<Value = (&'static str, &'static str)> {
    prop_oneof![
        prop::sample::select(vec!["0", "1", "5", "30"]).prop_map(|value| ("visibility", value)),
        prop::sample::select(vec!["0", "0", "2", "70"]).prop_map(|value| ("delay", value)),
        prop::sample::select(vec!["60", "90", "345600"]).prop_map(|value| ("retention", value)),
        prop::sample::select(vec!["", "audit:1", "audit:2", "eu:1", "b:2", "orders:1"])
            .prop_map(|value| ("redrive", value)),
        prop::sample::select(vec!["true", "false"]).prop_map(|value| ("raw", value)),
        prop::sample::select(vec![r#"{"kind":["x"]}"#, r#"{"kind":["y"]}"#, "{}"])
            .prop_map(|value| ("filter", value)),
        Just(("scope", "body")),
    ]
}

/// What is there from the beginning: sources with dead-letter queues in their shard and in another.
pub(crate) fn beginning() -> Vec<Action> {
    let queues = [("orders", "audit:1"), ("audit", "b:2"), ("eu", ""), ("us", "eu:1")];
    let queue = |(name, redrive): (&str, &str)| {
        let given = [("visibility", "1"), ("redrive", redrive)];
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Action::Queue(name.to_owned(), OnQueue::Create(given.into()))
    };
    let topic = |name: &&str| Action::Topic((*name).to_owned(), OnTopic::Create(BTreeMap::new()));
    queues.into_iter().map(queue).chain(TOPICS[1..].iter().map(topic)).collect()
}

/// Any operation.
pub(crate) fn operations() -> impl Strategy<Value = Operation> {
    let which = (0..QUEUES.len(), 0..TOPICS.len());
    let attributes = prop::collection::vec(attribute(), 0..4);
    (verbs(), which, any::<Index>(), 0usize..12, attributes).prop_map(
        |(verb, (queue, topic), choice, number, attributes)| Operation {
            verb,
            queue,
            topic,
            choice,
            number,
            attributes,
        },
    )
}

impl Operation {
    /// When it is after this operation, if it lets time pass.
    pub(crate) fn time_ms(&self, model: &Model) -> Option<u64> {
        const STEPS_MS: [u64; 12] =
            [1, 500, 1000, 1000, 2000, 5000, 10_000, 30_000, 60_000, 90_000, 120_000, 999];
        matches!(self.verb, Verb::Advance).then(|| model.now_ms() + STEPS_MS[self.number])
    }

    /// What to do now. Nothing if the choice is among nothing.
    pub(crate) fn action(&self, model: &Model) -> Option<Action> {
        let queue = QUEUES[self.queue].to_owned();
        let topic = TOPICS[self.topic].to_owned();
        let timeout_s = [0, 1, 5, 30, 43_200][self.number % 5];
        let to_queue = |what| Some(Action::Queue(queue.clone(), what));
        let to_topic = |what| Some(Action::Topic(topic.clone(), what));
        match self.verb {
            Verb::Advance => None,
            Verb::Create => to_queue(OnQueue::Create(self.given(&QUEUE_ATTRIBUTES))),
            Verb::DeleteQueue => to_queue(OnQueue::DeleteQueue),
            Verb::Set => to_queue(OnQueue::Set(self.given(&QUEUE_ATTRIBUTES))),
            Verb::Purge => to_queue(OnQueue::Purge),
            Verb::Counts => to_queue(OnQueue::Counts),
            Verb::Send => {
                let count = 1 + self.number % 3;
                let bodies = (0..count).map(|at| format!("m{}", model.next_word() + at)).collect();
                let delay_s = [None, None, None, Some(0), Some(2), Some(20)][self.choice.index(6)];
                to_queue(OnQueue::Send(Outgoing { bodies, delay_s, ..Outgoing::default() }))
            }
            Verb::Receive => {
                let max = 1 + u32::try_from(self.number % 10).ok()?;
                let visibility_s = [None, None, Some(0), Some(1), Some(10), Some(600)][self.choice.index(6)];
                let show = vec![Shown::Count, Shown::Source];
                let wait_s = Some(0);
                to_queue(OnQueue::Receive(Incoming { max, visibility_s, wait_s, show, attempt: None }))
            }
            Verb::Delete => to_queue(OnQueue::Delete(vec![self.handle(model, &queue)?])),
            Verb::Visibility => to_queue(OnQueue::Visibility(vec![self.handle(model, &queue)?], timeout_s)),
            Verb::Topic => to_topic(OnTopic::Create(BTreeMap::new())),
            Verb::SetTopic => to_topic(OnTopic::Set([("display".into(), queue.clone())].into())),
            Verb::DeleteTopic => to_topic(OnTopic::DeleteTopic),
            Verb::TopicAttributes => to_topic(OnTopic::Attributes),
            Verb::ListSubscriptions => to_topic(OnTopic::Subscriptions),
            Verb::Subscribe => {
                let attributes = self.given(&["raw", "filter", "scope"]);
                to_topic(OnTopic::Subscribe(queue.clone(), attributes))
            }
            Verb::SetSubscription => {
                let attributes = self.given(&["raw", "filter", "scope"]);
                to_topic(OnTopic::SetSubscription(queue.clone(), attributes))
            }
            Verb::Unsubscribe => to_topic(OnTopic::Unsubscribe(queue.clone(), By::Owner)),
            Verb::Publish => to_topic(self.publish(model)),
            Verb::Restart => Some(Action::Restart),
            Verb::Compact => Some(Action::Compact),
            Verb::Sources => to_queue(OnQueue::Sources),
            Verb::Move => {
                let to = QUEUES.get(self.number).map(|name| (*name).to_owned());
                to_queue(OnQueue::StartMove { to, rate: None })
            }
            Verb::ListQueues => Some(Action::ListQueues { prefix: String::new(), max: 1 + self.number }),
        }
    }

    fn given(&self, known: &[&str]) -> BTreeMap<String, String> {
        let known = self.attributes.iter().filter(|(name, _)| known.contains(name));
        known.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn publish(&self, model: &Model) -> OnTopic {
        let count = 1 + self.number % 2;
        let body = |at| {
            let word = model.next_word() + at;
            match self.choice.index(4) {
                0 => format!("m{word}"),
                kind => format!(r#"{{"kind":"{}","n":{word}}}"#, KINDS[kind % 2]),
            }
        };
        let kind = self.number / 2 % 3;
        let attribute = KINDS.get(kind).map(|value| Attribute {
            name: "kind".into(),
            kind: "String".into(),
            value: (*value).into(),
        });
        OnTopic::Publish(Publishing {
            bodies: (0..count).map(body).collect(),
            attributes: attribute.into_iter().collect(),
            ..Publishing::default()
        })
    }

    /// Some handle that some queue handed out, mostly this one; now and then a forged one.
    fn handle(&self, model: &Model, queue: &str) -> Option<Handle> {
        if self.choice.index(40) == 0 {
            return Some(Handle::Forged);
        }
        let own = model.issued().filter(|(from, ..)| *from == queue || self.choice.index(30) == 0);
        let own = own.collect::<Vec<_>>();
        let (queue, word, receives) = own.get(self.choice.index(own.len().max(1)))?;
        let receive = Some(1 + self.number % receives);
        Some(Handle::Issued { queue: (*queue).to_owned(), word: (*word).to_owned(), receive })
    }
}
