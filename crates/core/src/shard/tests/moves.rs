//! Messages that go from queue to queue, within a shard and between two, with compaction and restarts anywhere.
//!
//! The test knows of each body only where it may be: it was sent to one of the queues and not deleted since, so it is
//! in exactly one of them, whatever happened in between.

use super::logged::{Dice, Logged, Restart};
use super::{BEGIN, payload, queue};
use crate::command::{AskQueue, Command, Dedup, Receive, Send};
use crate::event::{MoveStatus, Tags};
use crate::id::{DedupKey, GroupKey, Ids, Revision};
use crate::outbox::Parcel;
use crate::queue::settings::{Redrive, Setting, Switch};
use crate::reply::Reply;
use crate::shard::{Config, Waits};
use crate::{Arn, Rejection, Timestamp};
use bytes::Bytes;
use std::collections::BTreeMap;

fn config(index: u16) -> Config {
    Config { index, shards: 2, waits: Waits { deleted_ms: 0, purge_ms: 0 }, ..Config::default() }
}

struct World {
    shards: [Logged; 2],
    ids: Ids,
    dice: Dice,
    now: Timestamp,
    queues: Vec<Arn>,
    /// Bodies that were sent and not deleted.
    there: BTreeMap<String, ()>,
    sent: u64,
    handles: Vec<(Arn, Box<[u8]>, String)>,
}

impl World {
    fn new(seed: u64, suffix: &str) -> World {
        let at = |shard: u16, n: usize| {
            let mut names =
                (0..).map(|i| queue(&format!("q{i}{suffix}"))).filter(|arn| arn.shard(2) == shard);
            names.nth(n).unwrap()
        };
        let queues = vec![at(0, 0), at(0, 1), at(1, 0), at(1, 1)];
        let mut world = World {
            shards: [0, 1].map(|index| Logged::new(config(index))),
            ids: Ids::new(u128::from(seed)),
            dice: Dice(seed),
            now: BEGIN,
            queues: queues.clone(),
            there: BTreeMap::new(),
            sent: 0,
            handles: Vec::new(),
        };
        // Each queue has the next one as its dead-letter queue: one in its shard, one in the other.
        for (i, arn) in queues.iter().enumerate() {
            let redrive = Redrive { target: queues[(i + 1) % 4].clone(), receives_max: 1 };
            let mut settings = vec![Setting::Redrive(Some(redrive)), Setting::Visibility(3)];
            if arn.is_fifo() {
                settings.push(Setting::FifoQueue(Switch::On));
            }
            world
                .command(
                    arn,
                    Command::CreateQueue {
                        arn: arn.clone(),
                        judged: Default::default(),
                        settings,
                        tags: Tags::new(),
                    },
                )
                .unwrap();
        }
        world
    }

    fn command(&mut self, arn: &Arn, command: Command) -> Result<Reply, Rejection> {
        self.shards[usize::from(arn.shard(2))].run(command, &mut self.ids)
    }

    fn ask(&mut self, arn: &Arn, ask: AskQueue) -> Result<Reply, Rejection> {
        let judgement = self.shards[usize::from(arn.shard(2))].shard.judgement(arn).unwrap();
        self.command(arn, Command::Queue { arn: arn.clone(), judged: judgement.revision, ask })
    }

    fn send(&mut self) {
        let arn = self.dice.one(&self.queues.clone()).clone();
        self.sent += 1;
        let body = format!("{:06}", self.sent);
        let (group, dedup) = (format!("g{}", self.dice.below(3)), DedupKey::of(&body));
        let send = Send {
            payload: payload(Box::leak(body.clone().into_boxed_str())),
            delay_s: None,
            group: arn.is_fifo().then(|| GroupKey::of(&group)),
            dedup: arn.is_fifo().then_some(Dedup::Explicit(dedup)),
        };
        self.ask(&arn, AskQueue::Send(vec![send])).unwrap();
        self.there.insert(body, ());
    }

    fn receive(&mut self) {
        let arn = self.dice.one(&self.queues.clone()).clone();
        let visibility_s = Some(self.dice.below(4) as u32);
        let receive = Receive { max: 3, visibility_s, wait_s: Some(0), attempt: None };
        let Ok(Reply::Received(got)) = self.ask(&arn, AskQueue::Receive(receive)) else { panic!() };
        for delivery in got {
            let body = super::body_of(&delivery);
            self.handles.push((arn.clone(), delivery.receipt.into(), body));
        }
    }

    /// Deletes by some handle; what happens is seen by what is left.
    fn delete(&mut self) {
        if self.handles.is_empty() {
            return;
        }
        let at = self.dice.below(self.handles.len() as u64) as usize;
        let (arn, receipt, body) = self.handles.swap_remove(at);
        let before = self.bodies(&arn).iter().filter(|there| **there == body).count();
        self.ask(&arn, AskQueue::DeleteMessages(vec![receipt])).unwrap();
        let after = self.bodies(&arn).iter().filter(|there| **there == body).count();
        if before > after {
            self.there.remove(&body);
        }
    }

    fn bodies(&mut self, arn: &Arn) -> Vec<String> {
        let Ok(Reply::Peeked(found)) = self.ask(arn, AskQueue::Peek { after: 0, max: 100 }) else { panic!() };
        let body = |message: &crate::reply::Peeked| {
            String::from_utf8_lossy(message.content.body().resident.as_deref().unwrap()).into_owned()
        };
        found.iter().map(body).collect()
    }

    fn start_move(&mut self) {
        let arn = self.dice.one(&self.queues.clone()).clone();
        let destination = match self.dice.below(3) {
            0 => None,
            1 => Some(self.dice.one(&self.queues.clone()).clone()),
            _ => Some(queue(if arn.is_fifo() { "gone.fifo" } else { "gone" })),
        };
        let per_second = (self.dice.below(2) == 0).then_some(10);
        match self.ask(&arn, AskQueue::StartMove { destination, per_second }) {
            Ok(Reply::MoveStarted(id)) if self.dice.below(4) == 0 => {
                let cancelled = self.ask(&arn, AskQueue::CancelMove(id));
                assert!(matches!(
                    cancelled,
                    Ok(Reply::MoveCancelled { .. }) | Err(Rejection::MoveNotRunning)
                ));
            }
            Ok(_) | Err(Rejection::MoveRunning) => {}
            Err(other) => panic!("{other:?}"),
        }
    }

    /// One exchange, or the first half of one.
    fn exchange(&mut self, from: usize, settles: bool) -> bool {
        let to = 1 - from;
        let Ok(Reply::Owed(owed)) = self.shards[from].run(Command::Owed { to: to as u16 }, &mut self.ids)
        else {
            panic!()
        };
        if owed.is_empty() {
            return false;
        }
        let fill = |owed: &crate::reply::OwedParcel| {
            let mut parcel: Parcel = owed.parcel.clone();
            parcel.payload.bytes = Bytes::copy_from_slice(owed.body.resident.as_deref().unwrap());
            parcel
        };
        let parcels = owed.iter().map(fill).collect();
        let deliver = Command::Deliver { from: from as u16, parcels };
        let Ok(Reply::Taken { accepted, refused }) = self.shards[to].run(deliver, &mut self.ids) else {
            panic!()
        };
        if settles {
            let settle = Command::Settle { to: to as u16, accepted, refused };
            self.shards[from].run(settle, &mut self.ids).unwrap();
        }
        true
    }

    fn turn(&mut self) {
        match self.dice.below(20) {
            0..=5 => self.send(),
            6..=11 => self.receive(),
            12..=13 => self.delete(),
            14 => self.start_move(),
            15..=16 => {
                let (from, settles) = (self.dice.below(2) as usize, self.dice.below(3) > 0);
                self.exchange(from, settles);
            }
            17 => {
                self.now = self.now.plus_s(self.dice.below(70) as u32);
                for logged in &mut self.shards {
                    logged.shard.advance(self.now);
                    logged.step();
                }
            }
            18 => {
                let logged = &mut self.shards[self.dice.below(2) as usize];
                let entries = self.dice.below(logged.log.len() as u64) as usize;
                logged.compact(entries);
            }
            _ => {
                let restart = if self.dice.below(2) == 0 { Restart::Yes } else { Restart::No };
                self.shards[self.dice.below(2) as usize].check(restart);
            }
        }
    }

    /// What takes messages away, or changes what becomes of them.
    fn upset(&mut self) {
        let arn = self.dice.one(&self.queues.clone()).clone();
        let target = self.dice.one(&self.queues.clone()).clone();
        let redrive = Redrive { target, receives_max: 1 + self.dice.below(2) as u32 };
        match self.dice.below(7) {
            0 => drop(self.ask(&arn, AskQueue::Purge).unwrap()),
            1 => {
                let retention_s = *self.dice.one(&[60, 100, 150, 1_000]);
                self.ask(&arn, AskQueue::Set(vec![Setting::Retention(retention_s)])).unwrap();
            }
            2 => {
                let delay_s = self.dice.below(5) as u32;
                self.ask(&arn, AskQueue::Set(vec![Setting::Delay(delay_s)])).unwrap();
            }
            3 => {
                let redrive = (self.dice.below(4) > 0).then_some(redrive);
                self.ask(&arn, AskQueue::Set(vec![Setting::Redrive(redrive)])).unwrap();
            }
            4 => {
                self.ask(&arn, AskQueue::Delete).unwrap();
                let settings = vec![Setting::Redrive(Some(redrive)), Setting::Visibility(3)];
                let (judged, tags) = (Revision(0), Tags::new());
                self.command(&arn, Command::CreateQueue { arn: arn.clone(), judged, settings, tags })
                    .unwrap();
            }
            5 => {
                let Some((arn, receipt, _)) = self.handles.last().cloned() else { return };
                let seconds = self.dice.below(5) as u32;
                self.ask(&arn, AskQueue::ChangeVisibility(vec![(receipt, seconds)])).unwrap();
            }
            _ => {
                let attempt = Some(DedupKey::of(&self.dice.below(3).to_string()));
                let receive = Receive { max: 3, visibility_s: Some(2), wait_s: Some(0), attempt };
                self.ask(&arn, AskQueue::Receive(receive)).unwrap();
            }
        }
    }

    /// Lets everything that is on its way arrive.
    fn arrive(&mut self) {
        for _ in 0..200 {
            while self.exchange(0, true) || self.exchange(1, true) {}
            self.now = self.now.plus_s(1);
            for logged in &mut self.shards {
                logged.shard.advance(self.now);
                logged.step();
            }
        }
    }

    /// Lets everything that is on its way arrive, and looks where everything is.
    fn settle(&mut self) {
        self.arrive();
        let mut found = self.queues.clone().iter().flat_map(|arn| self.bodies(arn)).collect::<Vec<_>>();
        found.sort_unstable();
        let there = self.there.keys().cloned().collect::<Vec<_>>();
        assert_eq!(found, there, "everything is in one place");
        for logged in &mut self.shards {
            logged.check(Restart::Yes);
            assert_eq!(logged.shard.move_due(), None, "every task has come to its end");
        }
    }
}

#[test]
fn nothing_is_lost_and_nothing_is_doubled_on_the_way_from_queue_to_queue() {
    for suffix in ["", ".fifo"] {
        for seed in 1..=30 {
            let mut world = World::new(seed, suffix);
            for _ in 0..400 {
                world.turn();
                if world.there.len() > 80 {
                    break;
                }
            }
            world.settle();
        }
    }
}

#[test]
fn the_log_makes_the_state_whatever_happens_on_the_way() {
    for suffix in ["", ".fifo"] {
        for seed in 1..=25 {
            let mut world = World::new(seed * 7919, suffix);
            for _ in 0..400 {
                world.turn();
                if world.dice.below(3) == 0 {
                    world.upset();
                }
            }
            for _ in 0..3 {
                for logged in &mut world.shards {
                    logged.compact(logged.log.len() / 2);
                    logged.check(Restart::Yes);
                }
            }
            world.arrive();
            for logged in &mut world.shards {
                logged.check(Restart::Yes);
                assert_eq!((logged.shard.move_due(), logged.shard.owed_count()), (None, 0));
            }
        }
    }
}

#[test]
fn a_task_keeps_to_its_rate_and_stops_at_what_there_was() {
    let mut world = World::new(1, "");
    let [source, target] = [world.queues[0].clone(), world.queues[1].clone()];
    let send = || Send { payload: payload("x"), delay_s: None, group: None, dedup: None };
    for _ in 0..30 {
        world.ask(&source, AskQueue::Send(vec![send()])).unwrap();
    }
    let start = AskQueue::StartMove { destination: Some(target.clone()), per_second: Some(10) };
    world.ask(&source, start).unwrap();
    world.ask(&source, AskQueue::Send(vec![send()])).unwrap();
    let mut moved = Vec::new();
    for tenth in 0..35 {
        world.shards[0].shard.advance(BEGIN + tenth * 100);
        world.shards[0].step();
        let Ok(Reply::Moves(tasks)) = world.ask(&source, AskQueue::ListMoves) else { panic!() };
        moved.push((tasks[0].moved, tasks[0].status));
    }
    assert_eq!(moved[0], (1, MoveStatus::Running));
    assert_eq!(moved[10], (11, MoveStatus::Running), "ten a second");
    assert_eq!(moved[34], (30, MoveStatus::Completed), "no more than there were");
    assert_eq!(world.bodies(&source).len(), 1);
}
