//! The machine: shards on faulty disks, and the loop that the runtime's threads run, one turn at a time.
//!
//! As in the real loop, what a turn produced is appended before the next turn begins, and its answers leave only
//! then. When power fails anywhere it fails everywhere.

use crate::dice::Dice;
use crate::disk::{Deed, WatchedDisk};
use crate::fold;
use bytes::Bytes;
use postrider_core::reply::Reply;
use postrider_core::shard::{Config, Judgement, Waits};
use postrider_core::{Arn, Command, Timestamp};
use postrider_log::{Entry, FileLog, Log, MemoryLog, Options, Reader, Spares};
use postrider_runtime::Answer;
use postrider_runtime::compaction::Compactor;
use postrider_runtime::open::{self, Random};
use postrider_runtime::writer::{Caller, Produced, Writer};
use std::sync::Arc;

/// An entry is closed when its events reach this; the events of one command may exceed it.
const ENTRY_BYTES: usize = 4 << 10;
/// Commands that one turn takes in.
const MAILBOX_MAX: usize = 4;

/// What a world is made of.
#[derive(Clone, Debug)]
pub struct Setup {
    /// How many shards.
    pub shards: u16,
    /// Payload bytes that each may keep in memory.
    pub body_memory: u64,
    /// The waits that AWS imposes.
    pub waits: Waits,
    /// Bytes of a segment.
    pub segment_bytes: u64,
    /// Bytes that a slice of compaction reads.
    pub slice_bytes: usize,
    /// Where the logs are.
    pub storage: Storage,
    /// When a segment is compacted.
    pub compaction: Pace,
}

/// Where the logs are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// In files of a faulty disk.
    Files,
    /// In memory: such a world must not be closed.
    Memory,
}

/// When a segment is compacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// When it is worth it.
    Usual,
    /// Whenever there is one.
    Eager,
}

/// Why a step did not come about.
#[derive(Debug)]
pub enum Trouble {
    /// Power is off.
    Off,
    /// Something that must not happen.
    Wrong(String),
}

/// Somebody who waits for an answer.
#[derive(Debug)]
pub struct Token {
    /// Who.
    pub id: u64,
    /// Has he gone away?
    pub gone: bool,
}

impl Caller for Token {
    fn is_gone(&self) -> bool {
        self.gone
    }
}

/// A shard that is open.
struct Live {
    writer: Writer<Token>,
    log: Box<dyn Log>,
    reader: Arc<dyn Reader>,
    compactor: Compactor,
    mailbox: Vec<(Command, Token)>,
    /// All entries since this was opened, trimmed or not.
    archive: Vec<Entry>,
    /// The log may be trimmed before this entry.
    trimmable: u64,
}

/// All shards, their disks, and the time.
pub struct World {
    setup: Setup,
    disks: Vec<WatchedDisk>,
    shards: Vec<Option<Live>>,
    now: Timestamp,
    answers: Vec<(u64, Answer)>,
    next_token: u64,
    activity: &'static str,
    trace: u64,
}

impl World {
    /// A new machine, everything closed.
    pub fn new(setup: Setup) -> World {
        let disks = (0..setup.shards).map(|_| WatchedDisk::default()).collect();
        let shards = (0..setup.shards).map(|_| None).collect();
        let now = Timestamp(1_700_000_000_000);
        World { setup, disks, shards, now, answers: Vec::new(), next_token: 0, activity: "rest", trace: 0 }
    }

    /// How many shards there are.
    pub fn count(&self) -> u16 {
        self.setup.shards
    }

    /// The disk of a shard.
    pub fn disk(&self, shard: u16) -> &WatchedDisk {
        &self.disks[usize::from(shard)]
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Lets time pass.
    pub fn pass(&mut self, ms: u64) {
        self.now = self.now + ms;
    }

    /// Is power off?
    pub fn is_off(&self) -> bool {
        self.disks.iter().any(|disk| disk.faulty().is_off())
    }

    /// What was being done when power went off, and the very operation.
    pub fn last_deed(&self) -> Option<(&'static str, Deed)> {
        self.disks.iter().find_map(WatchedDisk::last_deed).map(|deed| (self.activity, deed))
    }

    /// A number that depends on everything that happened.
    pub fn trace(&self) -> u64 {
        self.trace
    }

    /// What a shard is told.
    pub fn config(&self, shard: u16) -> Config {
        Config {
            index: shard,
            shards: self.setup.shards,
            body_memory: self.setup.body_memory,
            waits: self.setup.waits,
            ..Config::default()
        }
    }

    /// Opens all shards that are closed.
    ///
    /// # Errors
    /// Power went off, or a log was refused.
    pub fn open(&mut self, dice: &mut Dice) -> Result<(), Trouble> {
        for index in 0..self.setup.shards {
            if self.shards[usize::from(index)].is_none() {
                self.activity = "open";
                let opened = self.open_shard(index, dice);
                let live = opened.map_err(|why| self.trouble(&format!("opening shard {index}: {why}")))?;
                self.shards[usize::from(index)] = Some(live);
            }
        }
        self.activity = "rest";
        Ok(())
    }

    fn open_shard(&self, index: u16, dice: &mut Dice) -> Result<Live, String> {
        let options = Options {
            spares: Spares::Inline,
            segment_bytes: self.setup.segment_bytes,
            first_segment_bytes: self.setup.segment_bytes / 2,
            entry_bytes_max: 2 * u32::try_from(ENTRY_BYTES).expect("a few KiB"),
            ..Options::new(index, dice.any())
        };
        let disk = self.disks[usize::from(index)].clone();
        let mut log: Box<dyn Log> = match self.setup.storage {
            Storage::Memory => Box::new(MemoryLog::new(options.segment_bytes, options.entry_bytes_max)),
            Storage::Files => {
                let log = FileLog::open(Arc::new(disk), &options);
                Box::new(log.map_err(|fault| format!("{fault:?}"))?)
            }
        };
        let before = log.epoch();
        let mut secret = [0; 32];
        secret[..8].copy_from_slice(&dice.any().to_le_bytes());
        let random = Random { ids: u128::from(dice.any()) << 64 | u128::from(dice.any()), secret };
        let now = self.now;
        let writer = open::open(&mut *log, self.config(index), random, |last| last.max(now));
        let writer = writer.map_err(|fault| format!("{fault:?}"))?.with_entries_of(ENTRY_BYTES);
        if log.epoch() <= before {
            return Err(format!("I10: epoch {} follows {before}", log.epoch()));
        }
        let reader = log.reader();
        let archive = fold::entries(&*reader).map_err(|fault| format!("{fault:?}"))?;
        let (compactor, mailbox) = (Compactor::new(self.setup.slice_bytes), Vec::new());
        Ok(Live { writer, log, reader, compactor, mailbox, trimmable: archive[0].number, archive })
    }

    /// Power is lost, wherever it is not off yet, and comes back.
    pub fn crash(&mut self, dice: &mut Dice) {
        self.kill();
        for disk in &mut self.disks {
            let counts = disk.faulty().counts();
            for count in [counts.writes, counts.syncs, counts.names, counts.folder_syncs, counts.reads] {
                self.trace = mixed(self.trace, count);
            }
            *disk = disk.crash(dice.any());
        }
    }

    /// The process is killed: what the disks hold stays.
    pub fn kill(&mut self) {
        self.shards.iter_mut().for_each(|live| *live = None);
        self.answers.clear();
        self.trace = mixed(self.trace, self.next_token);
    }

    /// What a caller who asks this resource is judged by.
    pub fn judgement(&self, arn: &Arn) -> Option<Judgement> {
        self.shards[self.place(arn)].as_ref()?.writer.shard().judgement(arn)
    }

    fn place(&self, arn: &Arn) -> usize {
        usize::from(arn.shard(self.setup.shards))
    }

    /// Puts a command into the mailbox of a shard.
    pub fn ask(&mut self, shard: u16, command: Command, gone: Gone) -> u64 {
        self.next_token += 1;
        let id = self.next_token;
        if let Some(live) = &mut self.shards[usize::from(shard)] {
            live.mailbox.push((command, Token { id, gone: gone == Gone::Yes }));
        }
        id
    }

    /// One turn of a shard: what is in its mailbox, a slice of compaction, and what became due; then it is made
    /// durable.
    ///
    /// # Errors
    /// The log failed, or could not be read.
    pub fn turn(&mut self, shard: u16) -> Result<(), Trouble> {
        let now = self.now;
        let Some(live) = &mut self.shards[usize::from(shard)] else { return Ok(()) };
        live.writer.begin(now);
        for (command, token) in live.mailbox.drain(..) {
            live.writer.ask(command, token);
        }
        if self.setup.compaction == Pace::Eager {
            live.compactor.begin(&*live.reader);
        }
        let compacted = live.compactor.slice(&mut live.writer, &*live.reader);
        let produced = live.writer.end();
        compacted.map_err(|fault| self.trouble(&format!("compaction: {fault:?}")))?;
        self.commit(shard, produced)
    }

    /// Makes durable what a turn produced, lets the answers go, trims, and frees some of what is gone.
    fn commit(&mut self, shard: u16, produced: Produced<Token>) -> Result<(), Trouble> {
        let Some(live) = &mut self.shards[usize::from(shard)] else { return Ok(()) };
        let Produced { entries, replies, trim } = produced;
        live.archive.extend_from_slice(&entries);
        live.trimmable = live.trimmable.max(trim.unwrap_or(0));
        self.activity = "append";
        if let Err(fault) = live.log.append(&entries) {
            return Err(self.trouble(&format!("append: {fault:?}")));
        }
        for (token, result) in replies {
            self.trace = mixed(self.trace, token.id << 1 | u64::from(result.is_ok()));
            self.answers.push((token.id, Answer::new(result, &*live.reader)));
        }
        if let Some(first) = trim {
            self.activity = "trim";
            if let Err(fault) = live.log.trim(first) {
                return Err(self.trouble(&format!("trim: {fault:?}")));
            }
        }
        live.writer.shard_mut().reap(3);
        self.activity = "rest";
        Ok(())
    }

    /// Is there as much in the mailbox of a shard as a turn takes in?
    pub fn is_busy(&self, shard: u16) -> bool {
        self.shards[usize::from(shard)].as_ref().is_some_and(|live| live.mailbox.len() >= MAILBOX_MAX)
    }

    /// Takes the answers that have arrived, in their order.
    pub fn take_answers(&mut self) -> Vec<(u64, Answer)> {
        std::mem::take(&mut self.answers)
    }

    /// Asks a shard, and waits for its answer.
    ///
    /// # Errors
    /// The log failed, or there is no answer.
    pub fn ask_through(&mut self, shard: u16, command: Command) -> Result<Answer, Trouble> {
        let id = self.ask(shard, command, Gone::No);
        self.turn(shard)?;
        let found = self.answers.iter().position(|(answered, _)| *answered == id);
        let found = found.ok_or_else(|| Trouble::Wrong("a durable command has no answer".to_owned()))?;
        Ok(self.answers.remove(found).1)
    }

    /// What the relay does between two shards, once: read, deliver, settle; or it stops on the way. Says
    /// whether anything was owed.
    ///
    /// # Errors
    /// A log failed.
    pub fn exchange(&mut self, from: u16, to: u16, ends: Ends) -> Result<bool, Trouble> {
        let answer = self.ask_through(from, Command::Owed { to })?;
        let Ok(Reply::Owed(owed)) = &answer.result else { return Err(wrong("an odd answer to Owed")) };
        if owed.is_empty() {
            return Ok(false);
        }
        let mut parcels = Vec::new();
        for owed in owed {
            let bytes = answer.bytes(&owed.body).map_err(|error| self.trouble(&format!("{error:?}")))?;
            let mut parcel = owed.parcel.clone();
            parcel.payload.bytes = Bytes::copy_from_slice(&bytes);
            parcels.push(parcel);
        }
        if ends == Ends::BeforeDelivery {
            return Ok(true);
        }
        let taken = self.ask_through(to, Command::Deliver { from, parcels })?;
        let (accepted, refused) = match taken.result {
            Ok(Reply::Taken { accepted, refused }) => (accepted, refused),
            Err(postrider_core::Rejection::NoSpace) => return Ok(true),
            other => return Err(wrong(&format!("an odd answer to Deliver: {other:?}"))),
        };
        if ends == Ends::BeforeSettling {
            return Ok(true);
        }
        self.ask_through(from, Command::Settle { to, accepted, refused })?;
        Ok(true)
    }

    /// Checks the invariants of the state of a shard, and that its log makes it.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&mut self, shard: u16) -> Result<(), Trouble> {
        self.turn(shard)?;
        let config = self.config(shard);
        let Some(live) = &self.shards[usize::from(shard)] else { return Ok(()) };
        live.writer.shard().check();
        let entries = fold::entries(&*live.reader);
        let entries = entries.map_err(|fault| self.trouble(&format!("shard {shard}: {fault:?}")))?;
        if let Some(pair) = entries.windows(2).find(|pair| pair[0].epoch > pair[1].epoch) {
            let number = pair[1].number;
            return Err(wrong(&format!("I10: entry {number} of shard {shard} is of an earlier epoch")));
        }
        let Some(live) = &mut self.shards[usize::from(shard)] else { return Ok(()) };
        let compared = fold::compare(&entries, config, live.writer.shard_mut());
        compared.map_err(|why| wrong(&format!("shard {shard}: {why}")))
    }

    /// Compares the state of a shard with what its log makes from one of the points before which it might have
    /// been trimmed, which `chosen` chooses by their number. Says how many such points there are.
    ///
    /// # Errors
    /// They differ.
    pub fn check_from(&mut self, shard: u16, chosen: impl FnOnce(u64) -> u64) -> Result<u64, Trouble> {
        let config = self.config(shard);
        let Some(live) = &mut self.shards[usize::from(shard)] else { return Ok(0) };
        let points = live.trimmable - live.archive[0].number + 1;
        let from = usize::try_from(chosen(points)).expect("an index into entries in memory");
        let compared = fold::compare(&live.archive[from..], config, live.writer.shard_mut());
        compared.map_err(|why| wrong(&format!("I3: shard {shard}: {why}")))?;
        Ok(points)
    }

    /// The log of a shard: its oldest entry, its last, its bytes.
    pub fn extent(&self, shard: u16) -> (u64, u64, u64) {
        let live = self.shards[usize::from(shard)].as_ref();
        live.map_or((1, 0, 0), |live| (live.reader.first(), live.reader.tail(), live.reader.bytes()))
    }

    /// Is the disk of a shard known to be full?
    pub fn is_full(&self, shard: u16) -> bool {
        self.shards[usize::from(shard)].as_ref().is_some_and(|live| live.writer.space().full())
    }

    fn trouble(&self, why: &str) -> Trouble {
        if self.is_off() { Trouble::Off } else { wrong(why) }
    }
}

/// Whether whoever asks waits for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// He does not.
    Yes,
    /// He does.
    No,
}

/// How far an exchange between two shards gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// Nothing is delivered.
    BeforeDelivery,
    /// It is delivered, and the origin does not learn of it.
    BeforeSettling,
    /// To its end.
    Settled,
}

fn wrong(why: &str) -> Trouble {
    Trouble::Wrong(why.to_owned())
}

fn mixed(trace: u64, more: u64) -> u64 {
    (trace ^ more).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23)
}
