//! Random operations on FIFO queues, resolved against what the model knows when their turn comes.

use crate::fifo::Model;
use postrider_script::{Action, Handle, Incoming, OnQueue, Outgoing, Shown, hash};
use proptest::prelude::*;
use proptest::sample::Index;

/// Names that four shards hold unevenly: the second dead-letter queue is in the shard of the first queue.
const QUEUES: [&str; 4] = ["orders.fifo", "dead.fifo", "dead2.fifo", "us.fifo"];
const GROUPS: [&str; 3] = ["a", "b", "c"];
const ATTRIBUTES: [&str; 6] = ["visibility", "delay", "retention", "redrive", "content-dedup", "scope"];

/// An operation with open choices.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    verb: Verb,
    queue: usize,
    choice: Index,
    other: Index,
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
    Move,
    Restart,
    Compact,
}

fn verbs() -> impl Strategy<Value = Verb> {
    prop_oneof![
        14 => Just(Verb::Advance),
        5 => Just(Verb::Create),
        1 => Just(Verb::DeleteQueue),
        4 => Just(Verb::Set),
        1 => Just(Verb::Purge),
        4 => Just(Verb::Counts),
        26 => Just(Verb::Send),
        30 => Just(Verb::Receive),
        12 => Just(Verb::Delete),
        9 => Just(Verb::Visibility),
        2 => Just(Verb::Move),
        1 => Just(Verb::Restart),
        2 => Just(Verb::Compact),
    ]
}

fn attribute() -> impl Strategy<Value = (&'static str, &'static str)> {
    let of = |name: &'static str, values: &[&'static str]| {
        prop::sample::select(values.to_vec()).prop_map(move |value| (name, value))
    };
    prop_oneof![
        of("visibility", &["0", "1", "5", "30"]),
        of("delay", &["0", "0", "0", "2", "70"]),
        of("retention", &["60", "400", "345600", "345600"]),
        of(
            "redrive",
            &[
                "dead.fifo:1",
                "dead2.fifo:1",
                "",
                "dead.fifo:1",
                "dead.fifo:2",
                "dead2.fifo:1",
                "dead2.fifo:3",
                "orders.fifo:1"
            ]
        ),
        of("content-dedup", &["on", "on", "off"]),
        of("scope", &["queue", "group"]),
    ]
}

/// What is there from the beginning: sources with dead-letter queues in their shard and in another.
pub(crate) fn beginning() -> Vec<Action> {
    let redrives = ["dead.fifo:1", "dead2.fifo:2", "", "dead2.fifo:1"];
    let queue = |(name, redrive): (&str, &str)| {
        let given = [("visibility", "1"), ("content-dedup", "on"), ("redrive", redrive)];
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Action::Queue(name.to_owned(), OnQueue::Create(given.into()))
    };
    QUEUES.into_iter().zip(redrives).map(queue).collect()
}

/// Any operation.
pub(crate) fn operations() -> impl Strategy<Value = Operation> {
    let choices = (any::<Index>(), any::<Index>(), 0usize..12);
    let queues = prop_oneof![3 => Just(0usize), 1 => 1..QUEUES.len()];
    let attributes = prop::collection::vec(attribute(), 0..4);
    (verbs(), queues, choices, attributes).prop_map(|(verb, queue, (choice, other, number), attributes)| {
        Operation { verb, queue, choice, other, number, attributes }
    })
}

impl Operation {
    /// When it is after this operation, if it lets time pass.
    pub(crate) fn time_ms(&self, model: &Model) -> Option<u64> {
        const STEPS_MS: [u64; 12] = [1, 1, 500, 500, 1000, 1000, 2000, 5000, 30_000, 60_000, 240_000, 999];
        matches!(self.verb, Verb::Advance).then(|| model.now_ms() + STEPS_MS[self.number])
    }

    /// What to do now. Nothing if the choice is among nothing.
    pub(crate) fn action(&self, model: &Model) -> Option<Action> {
        let queue = QUEUES[self.queue].to_owned();
        let timeout_s = [0, 1, 5, 30, 43_200][self.number % 5];
        let what = match self.verb {
            Verb::Advance => return None,
            Verb::Create => OnQueue::Create(self.given()),
            Verb::DeleteQueue => OnQueue::DeleteQueue,
            Verb::Set => OnQueue::Set(self.given()),
            Verb::Purge => OnQueue::Purge,
            Verb::Counts => OnQueue::Counts,
            Verb::Send => OnQueue::Send(self.send(model)),
            Verb::Receive => OnQueue::Receive(self.receive()),
            Verb::Delete => OnQueue::Delete(vec![self.handle(model, &queue)?]),
            Verb::Visibility => OnQueue::Visibility(vec![self.handle(model, &queue)?], timeout_s),
            Verb::Move => {
                let to = QUEUES.get(self.number).map(|name| (*name).to_owned());
                OnQueue::StartMove { to, rate: None }
            }
            Verb::Restart => return Some(Action::Restart),
            Verb::Compact => return Some(Action::Compact),
        };
        Some(Action::Queue(queue, what))
    }

    fn given(&self) -> std::collections::BTreeMap<String, String> {
        let known = self.attributes.iter().filter(|(name, _)| ATTRIBUTES.contains(name));
        known.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// New bodies mostly, now and then one of the last few; ids that are new, old, of the body, or absent.
    fn send(&self, model: &Model) -> Outgoing {
        let next = model.next_word();
        let body = |at: usize| match self.other.index(7) {
            0 => format!("m{}", next.saturating_sub(1 + self.number)),
            _ => format!("m{}", next + at),
        };
        let bodies = (0..1 + self.number % 3).map(body).collect::<Vec<_>>();
        let dedup = match self.choice.index(13) {
            0..7 => Some(format!("new-{next}")),
            7 | 8 => Some(format!("old-{}", self.number)),
            9 => Some(hash(&format!("m{}", next.saturating_sub(self.number)))),
            _ => None,
        };
        let group = GROUPS.get(self.other.index(31) % GROUPS.len()).filter(|_| self.other.index(31) < 30);
        Outgoing { bodies, delay_s: None, group: group.map(|group| (*group).to_owned()), dedup }
    }

    fn receive(&self) -> Incoming {
        let attempt = (self.other.index(3) == 0).then(|| format!("attempt-{}", self.number % 3));
        Incoming {
            max: [1, 1, 2, 3, 10][self.number % 5],
            visibility_s: [None, None, Some(0), Some(1), Some(10), Some(600)][self.choice.index(6)],
            wait_s: Some(0),
            attempt,
            show: vec![Shown::Group, Shown::Count, Shown::Source],
        }
    }

    /// Some handle that some queue handed out, mostly this one; now and then a forged one.
    fn handle(&self, model: &Model, queue: &str) -> Option<Handle> {
        if self.choice.index(40) == 0 {
            return Some(Handle::Forged);
        }
        let own = model.issued().filter(|(from, ..)| *from == queue || self.choice.index(30) == 0);
        let own = own.collect::<Vec<_>>();
        let (queue, word, receives) = own.get(self.other.index(own.len().max(1)))?;
        let receive = Some(receives - self.number % receives.min(&2));
        Some(Handle::Issued { queue: (*queue).to_owned(), word: (*word).to_owned(), receive })
    }
}
