//! Dead-letter queues in other shards, waiting consumers, and what has expired meanwhile: with a hand on the shard.

use super::{Live, payload, queue};
use crate::Lsn;
use crate::command::{AskQueue, Command, Dedup, Receive, Send};
use crate::event::{Event, MoveStatus, Tags};
use crate::id::{DedupKey, GroupKey};
use crate::queue::settings::{Redrive, Setting};
use crate::rejection::Refusal;
use crate::reply::Reply;
use crate::shard::{Config, Shard};

fn two() -> Config {
    Config { shards: 2, ..Config::default() }
}

/// Names of queues of a shard.
fn names(shard: u16, suffix: &str) -> impl Iterator<Item = String> {
    (0..).map(move |i| format!("n{i}{suffix}")).filter(move |name| queue(name).shard(2) == shard)
}

fn name(shard: u16, suffix: &str) -> String {
    names(shard, suffix).next().unwrap()
}

fn redrive(to: &str) -> Setting {
    Setting::Redrive(Some(Redrive { target: queue(to), receives_max: 1 }))
}

fn send(live: &mut Live, name: &str, count: usize) {
    for n in 0..count {
        let fifo = name.ends_with(".fifo");
        let send = Send {
            payload: payload("x"),
            delay_s: None,
            group: fifo.then(|| GroupKey::of("g")),
            dedup: fifo.then(|| Dedup::Explicit(DedupKey::of(&format!("{} {n}", live.now.0)))),
        };
        live.quickly(name, AskQueue::Send(vec![send]));
    }
}

fn receive(live: &mut Live, name: &str, max: u32, visibility_s: u32) -> usize {
    let receive = Receive { max, visibility_s: Some(visibility_s), wait_s: Some(0), attempt: None };
    let Reply::Received(got) = live.quickly(name, AskQueue::Receive(receive)) else { panic!() };
    got.len()
}

impl Live {
    /// Asks without a check of everything after it.
    fn quickly(&mut self, name: &str, ask: AskQueue) -> Reply {
        let judged = self.judged(&queue(name));
        let decided = self.decide(Command::Queue { arn: queue(name), judged, ask }).unwrap();
        if !decided.events.is_empty() {
            self.append(decided.events);
        }
        decided.reply
    }

    fn is_told(&mut self, name: &str) -> bool {
        let id = self.shard.queue_id(&queue(name)).unwrap();
        self.shard.take_ready().contains(&id)
    }

    fn available(&self, name: &str) -> usize {
        self.shard.counts(self.shard.queue_id(&queue(name)).unwrap()).available
    }

    /// The shard that the log makes, its entries written at these times.
    fn replayed(&self, from: usize, times: &[crate::Timestamp]) -> Shard {
        let mut again = Shard::new(self.shard.config.clone());
        for (index, events) in self.entries.iter().enumerate().skip(from) {
            again.advance(times[index]);
            events.iter().for_each(|event| again.apply(Lsn(index as u64 + 1), event));
        }
        again.advance(self.now);
        again
    }
}

#[test]
fn who_waits_for_a_group_is_told_when_what_blocked_it_expires() {
    for shorter in [false, true] {
        let mut live = Live::new(Config::default());
        live.create("q.fifo", vec![Setting::Retention(if shorter { 1_000 } else { 60 })]);
        send(&mut live, "q.fifo", 1);
        assert_eq!(receive(&mut live, "q.fifo", 1, 3_600), 1);
        live.at(30);
        send(&mut live, "q.fifo", 1);
        live.shard.take_ready();
        live.at(61);
        if shorter {
            live.ask("q.fifo", AskQueue::Set(vec![Setting::Retention(60)])).unwrap();
        }
        assert!(live.is_told("q.fifo"), "by the time, or by a shorter retention: {shorter}");
        assert_eq!(receive(&mut live, "q.fifo", 10, 0), 1);
    }
}

#[test]
fn who_waits_for_a_group_is_told_when_a_purged_message_comes_back() {
    let mut live = Live::new(two());
    let (near, far) = (name(0, ".fifo"), name(1, ".fifo"));
    live.create(&near, vec![redrive(&far)]);
    send(&mut live, &near, 1);
    assert_eq!((receive(&mut live, &near, 1, 0), receive(&mut live, &near, 1, 0)), (1, 0));
    live.ask(&near, AskQueue::Purge).unwrap();
    live.at(1);
    send(&mut live, &near, 1);
    assert_eq!(receive(&mut live, &near, 1, 0), 0, "the other one may come back");
    live.shard.take_ready();
    let refused = Some((1, Refusal::QueueDoesNotExist));
    live.run(Command::Settle { to: 1, accepted: 0, refused }).unwrap();
    assert!(live.is_told(&near));
    assert_eq!(receive(&mut live, &near, 1, 0), 1);
}

#[test]
fn what_expired_on_its_way_does_not_come_back() {
    let mut live = Live::new(two());
    let (near, far) = (name(0, ""), name(1, ""));
    live.create(&near, vec![redrive(&far), Setting::Retention(60)]);
    send(&mut live, &near, 1);
    assert_eq!((receive(&mut live, &near, 1, 0), receive(&mut live, &near, 1, 0)), (1, 0));
    live.at(100);
    live.ask(&near, AskQueue::Set(vec![Setting::Retention(1_000)])).unwrap();
    let refused = Some((1, Refusal::QueueDoesNotExist));
    live.run(Command::Settle { to: 1, accepted: 0, refused }).unwrap();
    let before = live.available(&near);
    live.ask(&near, AskQueue::Tag(Tags::from([("k".into(), "v".into())]))).unwrap();
    assert_eq!((before, live.available(&near)), (0, 0), "and no tag takes anything away");
}

#[test]
fn a_slow_shard_stops_nobody() {
    let mut live = Live::new(two());
    let (near, far) = (name(0, ""), name(1, ""));
    live.create(&near, vec![redrive(&far)]);
    send(&mut live, &near, 1_100);
    for _ in 0..110 {
        receive(&mut live, &near, 10, 1);
    }
    live.at(2);
    send(&mut live, &near, 5);
    assert_eq!((receive(&mut live, &near, 10, 60), live.shard.owed_count()), (10, 1_000));
    let more = (0..50).map(|_| receive(&mut live, &near, 10, 60)).sum::<usize>();
    assert_eq!(more, 95, "what finds no room on the way is handed out again, and so is what is fresh");
}

#[test]
fn a_task_waits_for_room_and_is_not_completed_by_the_want_of_it() {
    let mut live = Live::new(two());
    let (dead, far) = (name(0, ""), name(1, ""));
    let other = names(0, "").nth(1).unwrap();
    live.create(&dead, vec![redrive(&far)]);
    live.create(&other, vec![]);
    send(&mut live, &dead, 1_100);
    for _ in 0..110 {
        receive(&mut live, &dead, 10, 1);
    }
    live.at(2);
    receive(&mut live, &dead, 1, 60);
    assert_eq!(live.shard.owed_count(), 1_000);
    let start = |to: &str| AskQueue::StartMove { destination: Some(queue(to)), per_second: None };
    let status = |live: &mut Live| {
        let Reply::Moves(tasks) = live.quickly(&dead, AskQueue::ListMoves) else { panic!() };
        (tasks[0].moved, tasks[0].to_move, tasks[0].status)
    };
    live.quickly(&dead, start(&far));
    assert_eq!((live.shard.move_on(), live.shard.move_due()), (Vec::new(), None), "no room to that shard");
    assert_eq!(status(&mut live), (0, 99, MoveStatus::Running));
    let Reply::Moves(tasks) = live.quickly(&dead, AskQueue::ListMoves) else { panic!() };
    live.quickly(&dead, AskQueue::CancelMove(tasks[0].id));
    live.quickly(&dead, start(&other));
    let events = live.shard.move_on();
    live.append(events);
    assert_eq!(status(&mut live), (99, 99, MoveStatus::Running), "others are still on their way");
    live.run(Command::Settle { to: 1, accepted: 1_000, refused: None }).unwrap();
    let events = live.shard.move_on();
    live.append(events);
    assert_eq!(status(&mut live), (99, 99, MoveStatus::Completed));
}

#[test]
fn a_turn_of_many_tasks_is_bounded_and_goes_round() {
    let mut live = Live::new(two());
    let far = name(1, "");
    let names = names(0, "").take(20).collect::<Vec<_>>();
    for name in &names {
        live.create(name, vec![]);
        send(&mut live, name, 100);
        live.quickly(name, AskQueue::StartMove { destination: Some(queue(&far)), per_second: None });
    }
    let mut turns = 0;
    while live.shard.owed_count() < 2_000 {
        live.at(turns);
        let events = live.shard.move_on();
        assert!(events.len() <= crate::limits::MOVES_PER_TURN_MAX);
        live.append(events);
        turns += 1;
    }
    assert_eq!(turns, 4);
}

#[test]
fn a_message_that_came_too_late_to_stay_is_gone_in_a_replay_too() {
    let mut live = Live::new(Config::default());
    live.create("b", vec![Setting::Retention(60)]);
    live.create("a", vec![redrive("b")]);
    send(&mut live, "a", 1);
    receive(&mut live, "a", 1, 0);
    let mut times = vec![live.now; live.entries.len()];
    live.at(100);
    receive(&mut live, "a", 1, 0); // To b, where it is too old; and back again in the same turn, if it stayed.
    live.ask("b", AskQueue::StartMove { destination: None, per_second: None }).unwrap();
    let events = live.shard.move_on();
    live.append(events);
    times.resize(live.entries.len(), live.now);
    let again = live.replayed(0, &times);
    assert!(live.shard.same(&again));
    assert_eq!((live.available("a"), live.available("b")), (0, 0));
}

#[test]
fn what_expired_before_an_older_message_came_does_not_hide_that_it_expired_too() {
    let mut live = Live::new(Config::default());
    live.create("b", vec![Setting::Retention(60)]);
    live.create("a", vec![redrive("b"), Setting::Retention(100_000)]);
    send(&mut live, "a", 1);
    live.at(90);
    live.ask("b", AskQueue::Set(vec![Setting::Retention(1_000)])).unwrap();
    receive(&mut live, "a", 1, 0);
    receive(&mut live, "a", 1, 0);
    live.ask("b", AskQueue::Set(vec![Setting::Retention(100)])).unwrap();
    // Everything is stated again, the message in b after the queue.
    let (cut, mut again) = (live.entries.len(), Vec::new());
    for (index, events) in live.entries.clone().iter().enumerate() {
        events.iter().for_each(|event| live.shard.restate(Lsn(index as u64 + 1), event, &mut again));
    }
    again.sort_by_key(|event| matches!(event, Event::Message(_)));
    live.append(again);
    let mut times = vec![live.now; live.entries.len()];
    live.at(110);
    assert_eq!(live.available("b"), 0);
    live.ask("b", AskQueue::Set(vec![Setting::Retention(5_000)])).unwrap();
    times.resize(live.entries.len(), live.now);
    let again = live.replayed(cut, &times);
    assert!(live.shard.same(&again));
    assert_eq!(again.shells(), 0);
}
