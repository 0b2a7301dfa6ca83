//! A shard with its log in memory: restarted, compacted and trimmed anywhere, it must be the same shard.

use super::BEGIN;
use crate::command::Command;
use crate::event::Event;
use crate::id::Ids;
use crate::reply::Reply;
use crate::shard::{Config, Shard};
use crate::{Lsn, Rejection, Timestamp, codec};
use bytes::Bytes;

/// One entry of a log.
pub(super) struct Entry {
    lsn: Lsn,
    at: Timestamp,
    bytes: Bytes,
}

/// A shard with its log, from which it can be made again.
pub(super) struct Logged {
    pub(super) shard: Shard,
    pub(super) log: Vec<Entry>,
    tail: Lsn,
    /// So many of the first entries were asked what must be stated again.
    asked: usize,
}

impl Logged {
    pub(super) fn new(config: Config) -> Logged {
        let mut shard = Shard::new(config);
        shard.advance(BEGIN);
        let mut logged = Logged { shard, log: Vec::new(), tail: Lsn(0), asked: 0 };
        let claim = logged.shard.claim([3; 32]);
        logged.append(claim);
        logged
    }

    pub(super) fn append(&mut self, mut events: Vec<Event>) {
        if events.is_empty() {
            return;
        }
        self.tail = self.tail.next();
        let mut bytes = Vec::new();
        for event in &mut events {
            codec::encode(self.tail, event, &mut bytes);
            self.shard.apply(self.tail, event);
        }
        self.log.push(Entry { lsn: self.tail, at: self.shard.now(), bytes: bytes.into() });
    }

    /// A turn with one command, and what the shard does of its own accord after it.
    pub(super) fn run(&mut self, command: Command, ids: &mut Ids) -> Result<Reply, Rejection> {
        let decided = self.shard.decide(command, ids)?;
        self.append(decided.events);
        self.step();
        Ok(decided.reply)
    }

    pub(super) fn step(&mut self) {
        let events = self.shard.move_on();
        self.append(events);
    }

    /// A slice of compaction: states again what is alive of so many further entries.
    pub(super) fn slice(&mut self, entries: usize) {
        let mut again = Vec::new();
        let upto = (self.asked + entries).min(self.log.len());
        for entry in &self.log[self.asked..upto] {
            let restate = |event| self.shard.restate(entry.lsn, &event, &mut again);
            codec::decode(entry.lsn, &entry.bytes, restate).unwrap();
        }
        // A turn may have to begin another entry between any two statements.
        let together = if upto.is_multiple_of(2) { 1 } else { again.len().max(1) };
        again.chunks(together).for_each(|events| self.append(events.to_vec()));
        self.asked = upto;
    }

    /// Trims so many entries, as far as they were asked.
    pub(super) fn trim(&mut self, entries: usize) {
        let entries = entries.min(self.asked);
        self.log.drain(..entries);
        self.asked -= entries;
    }

    /// States the first entries again and trims them.
    pub(super) fn compact(&mut self, entries: usize) {
        self.slice(entries.saturating_sub(self.asked));
        self.trim(entries);
    }

    /// The shard that the log makes.
    fn replayed(&self) -> Shard {
        let mut shard = Shard::new(self.shard.config.clone());
        for entry in &self.log {
            shard.advance(entry.at);
            codec::decode(entry.lsn, &entry.bytes, |event| shard.apply(entry.lsn, &event)).unwrap();
        }
        assert_eq!(shard.shells(), 0, "I3: the log states all that it speaks of");
        shard.advance(self.shard.now());
        shard
    }

    /// Checks that the log makes this very state; half of the time goes on with the one that it makes.
    pub(super) fn check(&mut self, restart: Restart) {
        while self.shard.reap(100) {}
        self.shard.check();
        let mut again = self.replayed();
        while again.reap(100) {}
        again.check();
        assert_eq!(again.difference(&self.shard), None, "I2: the fold of the log is the state");
        // Deduplication ids that are over leave memory in the order of the log, which is not that of time.
        let apart = again.live_bytes().abs_diff(self.shard.live_bytes());
        assert!(apart < 4_096, "what is alive is counted alike, up to what is only remembered");
        if restart == Restart::Yes {
            self.shard = again;
            self.asked = 0;
            self.append(vec![Event::Opened]);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Restart {
    Yes,
    No,
}

/// A small generator of random numbers.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    pub(super) fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u64) as usize]
    }

    pub(super) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}
