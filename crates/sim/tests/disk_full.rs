//! A disk runs full: what grows is refused at once, what does not goes on, and when there is room again the
//! shard recovers by itself, with nothing lost that was acknowledged.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use postrider_core::body::Payload;
use postrider_core::command::{AskQueue, Receive, Send};
use postrider_core::reply::Reply;
use postrider_core::shard::Waits;
use postrider_core::{Command, Rejection};
use postrider_runtime::Answer;
use postrider_sim::dice::Dice;
use postrider_sim::life;
use postrider_sim::model::{self, Model};
use postrider_sim::work::{self, Upheaval, Work};
use postrider_sim::world::{Pace, Setup, Storage, World};

const DISK_BYTES: u64 = 24 * (16 << 10);

fn world(dice: &mut Dice) -> World {
    let mut world = World::new(Setup {
        shards: 1,
        body_memory: 0,
        waits: Waits { deleted_ms: 0, purge_ms: 0 },
        segment_bytes: 16 << 10,
        slice_bytes: 2_000,
        storage: Storage::Files,
        compaction: Pace::Usual,
    });
    world.disk(0).faulty().limit(Some(DISK_BYTES));
    world.open(dice).unwrap();
    create(&mut world);
    world
}

fn create(world: &mut World) {
    let arn = work::queue(0);
    let judged = world.judgement(&arn).map(|judgement| judgement.revision).unwrap_or_default();
    let create = Command::CreateQueue { arn, judged, settings: vec![], tags: Default::default() };
    world.ask_through(0, create).unwrap().result.unwrap();
}

fn ask(world: &mut World, ask: AskQueue) -> Answer {
    let arn = work::queue(0);
    let judged = world.judgement(&arn).unwrap().revision;
    world.ask_through(0, Command::Queue { arn, judged, ask }).unwrap()
}

fn send(world: &mut World, tag: u64) -> Result<Reply, Rejection> {
    let bytes = model::payload(tag);
    let payload = Payload::new(bytes.clone(), bytes.len() as u32);
    ask(world, AskQueue::Send(vec![Send { payload, delay_s: None, group: None, dedup: None }])).result
}

/// Sends until the disk is full; says how many got in.
fn fill(world: &mut World) -> u64 {
    for tag in 0..100_000 {
        match send(world, tag) {
            Ok(_) => {}
            Err(rejection) => {
                assert_eq!(rejection, Rejection::NoSpace);
                return tag;
            }
        }
    }
    panic!("the disk never ran full");
}

fn receive(world: &mut World, visibility_s: u32) -> Vec<(u64, Box<[u8]>)> {
    let receive = Receive { max: 10, visibility_s: Some(visibility_s), wait_s: Some(0), attempt: None };
    let answer = ask(world, AskQueue::Receive(receive));
    let Ok(Reply::Received(messages)) = &answer.result else { panic!("{answer:?}") };
    let tag = |body| model::tag(&answer.bytes(body).unwrap()).unwrap();
    messages.iter().map(|m| (tag(m.message.content.body()), m.receipt.into())).collect()
}

#[test]
fn what_grows_is_refused_at_once_and_consumers_make_room() {
    let mut dice = Dice::new(1);
    let mut world = world(&mut dice);
    let sent = fill(&mut world);
    assert!(sent > 500, "{sent}");
    assert!(world.is_full(0));
    let mut left = (0..sent).collect::<std::collections::BTreeSet<_>>();
    let mut refused = 0;
    for tag in 1_000_000..1_000_200 {
        // Compaction goes on, so that now and then there is room for one more.
        match send(&mut world, tag) {
            Ok(_) => assert!(left.insert(tag)),
            Err(rejection) => {
                assert_eq!(rejection, Rejection::NoSpace);
                refused += 1;
            }
        }
    }
    assert!(refused > 100, "{refused}");
    while !left.is_empty() {
        let received = receive(&mut world, 30);
        assert!(!received.is_empty());
        let hidden = received.iter().take(3).map(|(_, receipt)| (receipt.clone(), 60)).collect();
        ask(&mut world, AskQueue::ChangeVisibility(hidden)).result.unwrap();
        for (tag, _) in &received {
            assert!(left.remove(tag), "{tag} twice");
        }
        let receipts = received.into_iter().map(|(_, receipt)| receipt).collect();
        ask(&mut world, AskQueue::DeleteMessages(receipts)).result.unwrap();
    }
    assert!(!world.is_full(0), "compaction has freed segments, so there are spares again");
    assert!(send(&mut world, 7).is_ok());
    world.check(0).unwrap();
}

#[test]
fn a_purge_makes_room() {
    let mut dice = Dice::new(2);
    let mut world = world(&mut dice);
    fill(&mut world);
    ask(&mut world, AskQueue::Purge).result.unwrap();
    for _ in 0..2_000 {
        world.turn(0).unwrap();
    }
    assert!(!world.is_full(0));
    assert!(fill(&mut world) > 500);
}

#[test]
fn receiving_without_deleting_goes_on_for_long() {
    let mut dice = Dice::new(3);
    let mut world = world(&mut dice);
    fill(&mut world);
    for _ in 0..2_000 {
        assert_eq!(receive(&mut world, 0).len(), 10);
    }
    world.check(0).unwrap();
}

#[test]
fn nothing_acknowledged_is_lost_over_a_full_disk_and_power_loss() {
    for seed in 0..30 {
        let mut dice = Dice::new(seed);
        let mut world = world(&mut dice);
        let mut work = Work { model: Model::default(), upheaval: Upheaval::Rare };
        life::verify(&mut world, &mut work).unwrap_or_else(|why| panic!("seed {seed}: {why:?}"));
        let mut full = 0;
        for step in 0..3_000 {
            let shard = match dice.below(4) {
                0 => work.step(&mut world, &mut dice),
                1 => work.receive(&mut world, &mut dice, work::queue(step % work::QUEUES)),
                _ => work.send(&mut world, &mut dice, work::queue(step % work::QUEUES)),
            };
            world.turn(shard).unwrap_or_else(|why| panic!("seed {seed} step {step}: {why:?}"));
            life::absorb(&mut world, &mut work).unwrap();
            full += u64::from(world.is_full(0));
        }
        world.disk(0).faulty().limit(None);
        work.model.forget_waiting();
        world.crash(&mut dice);
        world.open(&mut dice).unwrap_or_else(|why| panic!("seed {seed}: {why:?}"));
        life::verify(&mut world, &mut work).unwrap_or_else(|why| panic!("seed {seed}: {why:?}"));
        assert!(full > 100, "seed {seed}: the disk was hardly ever full: {full}");
        // It may be that this queue was deleted last: that is allowed on a full disk, and making it again is not.
        create(&mut world);
        assert!(send(&mut world, 1).is_ok(), "there is room again");
    }
}
