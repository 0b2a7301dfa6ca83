//! One command, one turn, one entry, as the writer of the server does it: let time pass, decide, encode, apply, look
//! at what is due. Only the log and the parked polls are missing.

use crate::callgrind;
use postrider_core::command::{AskQueue, AskTopic, Command};
use postrider_core::id::{Ids, Revision};
use postrider_core::shard::Config;
use postrider_core::{Arn, Event, Lsn, Reply, Shard, Timestamp, codec};

/// Is the turn part of what is measured?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// It is.
    On,
    /// It only prepares or clears up.
    Off,
}

/// A queue or topic, and the revision by which its callers are judged.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its identity.
    pub arn: Arn,
    judged: Revision,
}

/// A shard with a clock and a buffer for the entry.
pub struct Turns {
    /// The shard.
    pub shard: Shard,
    ids: Ids,
    now: Timestamp,
    tail: Lsn,
    buffer: Vec<u8>,
}

impl Turns {
    /// A shard that was just claimed.
    pub fn new() -> Turns {
        let mut turns = Turns {
            shard: Shard::new(Config::default()),
            ids: Ids::new(7),
            now: Timestamp(1_800_000_000_000),
            tail: Lsn(0),
            buffer: Vec::new(),
        };
        turns.shard.advance(turns.now);
        let claim = turns.shard.claim([7; 32]);
        turns.log(claim);
        turns
    }

    /// Lets a millisecond pass before the next turn.
    pub fn tick(&mut self) {
        self.now = self.now + 1;
    }

    /// Makes a queue or topic, or looks for the one that is there.
    pub fn create(&mut self, create: Command, arn: Arn) -> Resource {
        self.turn(create);
        let judged = self.shard.judgement(&arn).expect("it was just created").revision;
        Resource { arn, judged }
    }

    /// Asks a queue.
    pub fn ask(&mut self, queue: &Resource, ask: AskQueue, counting: Counting) -> Reply {
        let command = Command::Queue { arn: queue.arn.clone(), judged: queue.judged, ask };
        self.ask_shard(command, counting)
    }

    /// Asks a topic.
    pub fn ask_topic(&mut self, topic: &Resource, ask: AskTopic, counting: Counting) -> Reply {
        let command = Command::Topic { arn: topic.arn.clone(), judged: topic.judged, ask };
        self.ask_shard(command, counting)
    }

    /// Logs events as if they had been decided, past the limits on decisions.
    pub fn state(&mut self, events: Vec<Event>) {
        self.log(events);
    }

    fn ask_shard(&mut self, command: Command, counting: Counting) -> Reply {
        match counting {
            Counting::On => callgrind::counted(|| self.turn(command)),
            Counting::Off => self.turn(command),
        }
    }

    /// Never inlined, so that callgrind can tell what a turn calls.
    #[inline(never)]
    fn turn(&mut self, command: Command) -> Reply {
        self.shard.advance(self.now);
        let decided = self.shard.decide(command, &mut self.ids);
        let decided = decided.unwrap_or_else(|rejection| panic!("nothing here is refused: {rejection:?}"));
        self.log(decided.events);
        let events = self.shard.move_on();
        self.log(events);
        drop(self.shard.take_ready());
        drop(self.shard.take_changed());
        std::hint::black_box((self.shard.due(), self.shard.move_due()));
        decided.reply
    }

    fn log(&mut self, mut events: Vec<Event>) {
        for event in &mut events {
            codec::encode(self.tail.next(), event, &mut self.buffer);
            self.shard.apply(self.tail.next(), event);
        }
        if !self.buffer.is_empty() {
            self.tail = self.tail.next();
            self.buffer.clear();
        }
    }
}
