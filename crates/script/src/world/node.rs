//! One shard with its log.
//!
//! The log keeps what a real one keeps: encoded entries with their time, from a trim point on. Everything
//! that is compared here is compared with what comes out of those bytes.

use bytes::Bytes;
use postrider_core::body::{self, Body};
use postrider_core::command::{AskQueue, Command};
use postrider_core::id::Ids;
use postrider_core::limits;
use postrider_core::outbox::Parcel;
use postrider_core::reply::{Claimed, Reply};
use postrider_core::shard::{Config, Decided};
use postrider_core::{Arn, Event, Lsn, Rejection, Shard, Timestamp, codec};
use std::collections::VecDeque;

/// A turn as the log keeps it.
#[derive(Clone)]
struct Entry {
    now: Timestamp,
    bytes: Bytes,
}

/// The entries after a trim point.
#[derive(Clone, Default)]
struct Log {
    trimmed: Lsn,
    entries: VecDeque<Entry>,
}

impl Log {
    fn tail(&self) -> Lsn {
        Lsn(self.trimmed.0 + self.entries.len() as u64)
    }

    fn entry(&self, lsn: Lsn) -> &Entry {
        let at = lsn.0.checked_sub(self.trimmed.0 + 1).expect("nobody reads what was trimmed");
        &self.entries[usize::try_from(at).expect("a log of a test is short")]
    }

    fn trim(&mut self, upto: Lsn) {
        while self.trimmed < upto {
            self.entries.pop_front();
            self.trimmed = self.trimmed.next();
        }
    }
}

/// A shard, its log, and its ids.
pub(super) struct Node {
    pub(super) shard: Shard,
    config: Config,
    ids: Ids,
    log: Log,
    openings: u128,
}

impl Node {
    /// A new shard that has claimed its log.
    pub(super) fn open(config: Config, now: Timestamp) -> Node {
        let shard = Shard::new(config.clone());
        let mut node = Node { shard, config, ids: Ids::new(0), log: Log::default(), openings: 0 };
        node.claim(now);
        node
    }

    fn claim(&mut self, now: Timestamp) {
        self.openings += 1;
        self.ids = Ids::new(self.openings << 64 | u128::from(self.config.index));
        self.shard.advance(now);
        let secret = [self.config.index as u8 + 1; 32];
        self.append(now, self.shard.claim(secret));
    }

    /// One turn with one command.
    pub(super) fn turn(&mut self, now: Timestamp, command: Command) -> Result<Decided, Rejection> {
        self.shard.advance(now);
        let mut decided = self.shard.decide(command, &mut self.ids)?;
        self.append(now, std::mem::take(&mut decided.events));
        Ok(decided)
    }

    /// Takes deliveries to endpoints whose time has come, some of them.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Vec<Claimed> {
        self.shard.advance(now);
        let reply = self.shard.take_due(10, usize::MAX);
        let Reply::Claimed(claimed) = reply else { panic!("a claim is answered with {reply:?}") };
        claimed
    }

    /// Does what the shard does of its own accord. False if that is nothing.
    pub(super) fn step(&mut self, now: Timestamp) -> bool {
        self.shard.advance(now);
        let events = self.shard.move_on();
        let worked = !events.is_empty();
        self.append(now, events);
        worked
    }

    /// Closes an entry and folds it in.
    fn append(&mut self, now: Timestamp, mut events: Vec<Event>) {
        if events.is_empty() {
            return;
        }
        let lsn = self.log.tail().next();
        let mut bytes = Vec::new();
        for event in &mut events {
            codec::encode(lsn, event, &mut bytes);
            self.shard.apply(lsn, event);
        }
        self.log.entries.push_back(Entry { now, bytes: bytes.into() });
        assert_eq!(self.events(lsn), events, "an entry is read as it was written");
    }

    fn events(&self, lsn: Lsn) -> Vec<Event> {
        let mut events = Vec::new();
        let read = codec::decode(lsn, &self.log.entry(lsn).bytes, |event| events.push(event));
        read.expect("an entry that was written can be read");
        events
    }

    /// The state that the log gives.
    fn fold(&self, now: Timestamp) -> Shard {
        let mut shard = Shard::new(self.config.clone());
        for lsn in (self.log.trimmed.0 + 1..=self.log.tail().0).map(Lsn) {
            shard.advance(self.log.entry(lsn).now);
            self.events(lsn).iter().for_each(|event| shard.apply(lsn, event));
        }
        settle(&mut shard, now);
        shard
    }

    /// The bytes of a payload: those in memory, else those in the log.
    pub(super) fn read(&self, body: &Body) -> Bytes {
        if let Some(bytes) = &body.resident {
            return Bytes::copy_from_slice(bytes);
        }
        let (offset, len) = (body.place.offset as usize, body.place.len as usize);
        let bytes = self.log.entry(body.place.lsn).bytes.slice(offset..offset + len);
        assert_eq!(body::crc(&bytes), body.place.crc, "a payload lies where its place says");
        bytes
    }

    /// A shard to which something is owed.
    pub(super) fn owes_to(&self) -> Option<u16> {
        self.shard.owes().next()
    }

    /// The next deliveries owed to a shard, with their payloads.
    pub(super) fn owed(&mut self, now: Timestamp, to: u16) -> Vec<Parcel> {
        let decided = self.turn(now, Command::Owed { to });
        let Ok(Decided { reply: Reply::Owed(owed), .. }) = decided else { panic!("an outbox answers") };
        let parcel = |owed: postrider_core::reply::OwedParcel| {
            let mut parcel = owed.parcel;
            parcel.payload.bytes = self.read(&owed.body);
            parcel
        };
        owed.into_iter().map(parcel).collect()
    }

    /// Compares the live state with itself and with its log.
    pub(super) fn verify(&mut self, now: Timestamp) {
        settle(&mut self.shard, now);
        self.shard.check();
        let folded = self.fold(now);
        folded.check();
        assert_eq!(folded.shells(), 0, "every shell is completed");
        assert!(self.shard.same(&folded), "I2: folding the log gives the live state");
        // Deduplication ids that are over leave memory in the order in which they were learned, which is another
        // after a compaction.
        if !self.shard.resources().any(Arn::is_fifo) {
            assert_eq!(self.shard.live_bytes(), folded.live_bytes(), "what is live costs the same");
        }
        self.read_all();
    }

    /// Reads every payload that somebody may still receive.
    fn read_all(&mut self) {
        let queues = self.shard.resources().filter(|arn| arn.service() == "sqs").cloned().collect::<Vec<_>>();
        for arn in queues {
            let judged = self.shard.judgement(&arn).expect("a queue that is listed").revision;
            let mut after = 0;
            loop {
                let ask = AskQueue::Peek { after, max: limits::PEEK_MAX };
                let command = Command::Queue { arn: arn.clone(), judged, ask };
                let decided = self.shard.decide(command, &mut self.ids);
                let Ok(Decided { reply: Reply::Peeked(peeked), .. }) = decided else { panic!("{decided:?}") };
                let Some(last) = peeked.last() else { break };
                after = last.number;
                peeked.iter().for_each(|peeked| drop(self.read(peeked.content.body())));
            }
        }
    }

    /// Starts again from the log.
    pub(super) fn reopen(&mut self, now: Timestamp) {
        self.shard = self.fold(now);
        self.claim(now);
    }

    /// States again what is live in the older `percent` of the entries, and trims them.
    pub(super) fn compact(&mut self, now: Timestamp, percent: u64) {
        let count = self.log.entries.len() as u64 * percent / 100;
        self.trim(now, Lsn(self.log.trimmed.0 + count));
        self.verify(now);
    }

    fn trim(&mut self, now: Timestamp, upto: Lsn) {
        self.shard.advance(now);
        let mut live = Vec::new();
        for lsn in (self.log.trimmed.0 + 1..=upto.0).map(Lsn) {
            self.events(lsn).iter().for_each(|event| self.shard.restate(lsn, event, &mut live));
        }
        self.append(now, live);
        self.log.trim(upto);
    }

    /// Compacts a copy of this shard at every entry, and compares it with this one.
    pub(super) fn verify_trims(&mut self, now: Timestamp) {
        self.verify(now);
        for upto in (self.log.trimmed.0 + 1..=self.log.tail().0).map(Lsn) {
            let mut fork = Node {
                shard: self.fold(now),
                config: self.config.clone(),
                ids: Ids::new(0),
                log: self.log.clone(),
                openings: 0,
            };
            fork.trim(now, upto);
            fork.verify(now);
            assert!(self.shard.same(&fork.shard), "I3: trimming after entry {} changes nothing", upto.0);
        }
    }
}

/// Brings a shard to where two can be compared: at this time, with nothing left to free.
fn settle(shard: &mut Shard, now: Timestamp) {
    shard.advance(now);
    while shard.reap(1000) {}
}
