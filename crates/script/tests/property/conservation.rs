//! Messages that move between queues of four shards: spent ones to dead-letter queues, by tasks out of them again. Shards
//! are opened again, logs are compacted, and answers are lost at any moment; queues come and go. Whenever everything has
//! arrived, each message that was sent and not deleted is in exactly one queue, and meanwhile it is never in none.

use crate::dice::Dice;
use postrider_script::{
    Action, Exchange, Fate, Handle, Incoming, OnQueue, Options, Outgoing, Target, Task, World,
};
use std::collections::{BTreeMap, BTreeSet};

const SEEDS: u64 = 8;
const STEPS: usize = 500;

/// Queues of one type, the first of which are sources. Of each type two are in one shard.
struct Cast {
    sources: [&'static str; 2],
    dead: [&'static str; 2],
    /// Comes and goes.
    other: &'static str,
}

const STANDARD: Cast =
    Cast { sources: ["orders", "invoices"], dead: ["dead", "graveyard"], other: "shipping" };
const FIFO: Cast =
    Cast { sources: ["orders.fifo", "shipping.fifo"], dead: ["dead.fifo", "dead2.fifo"], other: "us.fifo" };

struct Books {
    cast: &'static Cast,
    world: World,
    dice: Dice,
    now_ms: u64,
    sent: usize,
    /// What must be somewhere.
    owed: BTreeSet<String>,
    /// What was deleted. A delete of a message that was about to leave may have come too late.
    deleted: BTreeSet<String>,
    /// Messages that were received in a dead-letter queue, or moved by tasks: what this is about has happened.
    moved: u64,
}

/// Runs all seeds.
pub(crate) fn run() {
    let (mut moved, mut cancelled) = (0, 0);
    for seed in 1..=SEEDS {
        let cast = if seed % 2 == 0 { &FIFO } else { &STANDARD };
        let options = Options { shards: 4, exchange: Exchange::ByHand, ..Options::default() };
        let mut books = Books {
            cast,
            world: World::new(options),
            dice: Dice::new(seed),
            now_ms: 0,
            sent: 0,
            owed: BTreeSet::new(),
            deleted: BTreeSet::new(),
            moved: 0,
        };
        cancelled += books.run(seed);
        moved += books.moved;
    }
    assert!(moved > 500 && cancelled > 3, "{moved} messages moved, {cancelled} tasks were cancelled");
}

impl Books {
    fn run(&mut self, seed: u64) -> u64 {
        for name in self.names() {
            self.ask(name, OnQueue::Create(BTreeMap::new()));
        }
        let mut cancelled = 0;
        for step in 0..STEPS {
            cancelled += self.step();
            let found = self.found();
            let lost = self.owed.iter().find(|word| !found.contains_key(*word));
            assert_eq!(lost, None, "seed {seed}, step {step}: lost");
            if step % 50 == 0 {
                self.world.verify();
            }
            if step % 50 == 49 {
                self.settle();
                let found = self.found();
                let doubled = found.iter().find(|(_, count)| **count > 1);
                assert_eq!(doubled, None, "seed {seed}, step {step}: doubled");
                let known = |word: &&String| !self.owed.contains(*word) && !self.deleted.contains(*word);
                assert_eq!(found.keys().find(known), None, "seed {seed}, step {step}: never sent");
            }
        }
        self.world.verify_trims();
        cancelled
    }

    fn names(&self) -> [&'static str; 5] {
        let Cast { sources: [a, b], dead: [c, d], other } = *self.cast;
        [a, b, c, d, other]
    }

    fn ask(&mut self, name: &str, what: OnQueue) -> Vec<String> {
        let action = Action::Queue(name.to_owned(), what);
        self.world.perform(&action).unwrap_or_else(|fault| panic!("{action:?}: {fault}"))
    }

    /// In how many places each message is. One that is on its way is where it was, and perhaps where it goes already.
    fn found(&mut self) -> BTreeMap<String, usize> {
        let mut found = BTreeMap::new();
        for name in self.names() {
            let words = self.ask(name, OnQueue::Peek);
            for word in words.into_iter().filter(|word| !word.starts_with('!')) {
                *found.entry(word).or_default() += 1;
            }
        }
        found
    }

    /// Everything arrives, and all tasks end.
    fn settle(&mut self) {
        for _ in 0..2_000 {
            while self.world.exchange(Fate::Settled) {}
            let ended = |word: &String| !word.starts_with("running") && !word.starts_with("cancelling");
            let moves = self.names().map(|name| self.ask(name, OnQueue::Moves));
            if moves.iter().flatten().all(ended) {
                return;
            }
            self.now_ms += 1000;
            self.world.at(self.now_ms);
        }
        panic!("some task never ends");
    }

    /// Something happens. Says how many tasks it cancelled.
    fn step(&mut self) -> u64 {
        let name = self.dice.of(&self.names());
        match self.dice.below(20) {
            0..=3 => self.send(),
            4..=8 => self.receive(name),
            9..=12 => {
                let fate = if self.dice.one_in(3) { Fate::AnswerLost } else { Fate::Settled };
                self.world.exchange(fate);
            }
            13 | 14 => {
                self.now_ms += [1, 100, 500, 2000, 30_000, 61_000][self.dice.below(6)];
                self.world.at(self.now_ms);
            }
            15 => {
                let redrive = format!("{}:{}", self.dice.of(&self.cast.dead), 1 + self.dice.below(2));
                let redrive = if self.dice.one_in(6) { String::new() } else { redrive };
                let source = self.dice.of(&self.cast.sources);
                self.ask(source, OnQueue::Set([("redrive".to_owned(), redrive)].into()));
            }
            16 => {
                let to = (!self.dice.one_in(2)).then(|| self.dice.of(&self.names()).to_owned());
                let rate = [None, Some(1), Some(1), Some(500)][self.dice.below(4)];
                self.ask(name, OnQueue::StartMove { to, rate });
            }
            17 if self.ask(name, OnQueue::Moves).first().is_some_and(|word| !word.starts_with('!')) => {
                let answer = self.ask(name, OnQueue::CancelMove(Task::Started(None)));
                return u64::from(!answer[0].starts_with('!'));
            }
            18 if self.dice.one_in(2) => self.world.restart(),
            18 => self.world.compact(100),
            _ => self.come_or_go(),
        }
        0
    }

    fn send(&mut self) {
        let count = 1 + self.dice.below(4);
        let bodies = (self.sent..self.sent + count).map(|n| format!("m{n}")).collect::<Vec<_>>();
        self.sent += count;
        let group = Some(self.dice.of(&["a", "b", "c"]).to_owned());
        let dedup = |body: &str| self.cast.other.ends_with(".fifo").then(|| format!("id-{body}"));
        let source = self.dice.of(&self.cast.sources);
        for body in bodies {
            let outgoing = Outgoing {
                dedup: dedup(&body),
                group: group.clone(),
                bodies: vec![body.clone()],
                delay_s: None,
            };
            let action = Action::Queue(source.to_owned(), OnQueue::Send(outgoing));
            assert_eq!(self.world.perform(&action).unwrap(), ["ok"]);
            self.owed.insert(body);
        }
    }

    fn receive(&mut self, name: &str) {
        let visibility_s = Some([0, 0, 1, 5][self.dice.below(4)]);
        let max = [1, 10][self.dice.below(2)];
        let words = self.ask(name, OnQueue::Receive(Incoming { max, visibility_s, ..Incoming::default() }));
        if words.first().is_some_and(|word| word.starts_with('!')) {
            return;
        }
        if self.cast.dead.contains(&name) {
            self.moved += words.len() as u64;
        }
        for word in words {
            assert!(self.owed.contains(&word) || self.deleted.contains(&word), "{word} was never sent");
            if self.dice.one_in(8) {
                let handle = Handle::Issued { queue: name.to_owned(), word: word.clone(), receive: None };
                if self.ask(name, OnQueue::Delete(vec![handle])) == ["ok"] {
                    self.owed.remove(&word);
                    self.deleted.insert(word);
                }
            }
        }
    }

    /// A queue without messages is deleted, though some may be on their way to it; or one is there again.
    fn come_or_go(&mut self) {
        let name = self.cast.other;
        let there = self.ask(name, OnQueue::Peek);
        if there.is_empty() {
            self.ask(name, OnQueue::DeleteQueue);
        } else if there[0].starts_with('!') {
            self.ask(name, OnQueue::Create(BTreeMap::new()));
        }
    }
}
