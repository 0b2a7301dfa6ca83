//! Bytes of memory that a shard takes for each of many things of a kind.
//!
//! What counts is the growth of the process's resident pages, as the kernel sees it: with the allocator's own
//! overhead, and without what it has already given back.

use crate::scene::{BODY_BYTES, Scene, create_queue};
use crate::turns::{Counting, Resource};
use postrider_core::command::{AskQueue, Receive};
use postrider_core::id::GroupKey;
use postrider_core::reply::Reply;

/// Things made in one turn.
const BATCH: u64 = 10;
/// Things made in a millisecond: 6,000,000 deduplication ids then fit into their window of 5 minutes.
const PER_MS: u64 = 100;

/// Measures one item and prints `item=… count=… bytes_each=…`.
pub fn measure(item: &str, count: Option<u64>) {
    let mut scene = Scene::empty();
    let (plain, fair, fifo) = (scene.plain.clone(), scene.fair.clone(), scene.fifo.clone());
    // The tables and buffers that a shard has in any case.
    exercise(&mut scene, &[&plain, &fair, &fifo]);
    let before = resident();
    match item {
        "messages" => {
            let count = count.unwrap_or(1_000_000);
            fill(&mut scene, &plain, count, 1);
            report(item, count, resident() - before, &format!("of which {BODY_BYTES} are its payload"));
        }
        "groups" | "fair-groups" => {
            let queue = if item == "groups" { fifo } else { fair };
            let count = count.unwrap_or(100_000);
            let (one, many) = grouped(&mut scene, &queue, count);
            report(
                item,
                count,
                many.saturating_sub(one),
                "of one message each, besides the same messages in one group",
            );
        }
        "dedup" => {
            let count = count.unwrap_or(6_000_000);
            remember(&mut scene, &fifo, count);
            report(item, count, resident() - before, "whose messages are gone");
        }
        "queues" => {
            let count = count.unwrap_or(10_000);
            for nth in 0..count {
                create_queue(&mut scene.turns, &format!("queue-{nth}"));
            }
            report(item, count, resident() - before, "empty, with default attributes");
        }
        other => panic!("there is no item {other:?}"),
    }
}

fn report(item: &str, count: u64, bytes: u64, remark: &str) {
    println!("{item}\t{count}\t{:.1}\t{remark}", bytes as f64 / count as f64);
}

fn exercise(scene: &mut Scene, queues: &[&Resource]) {
    for queue in queues {
        for _ in 0..100 {
            fill(scene, queue, BATCH, 1);
            take_all(scene, queue);
        }
    }
}

/// What as many messages as there are groups take in one group, and in a group each, bytes.
fn grouped(scene: &mut Scene, queue: &Resource, groups: u64) -> (u64, u64) {
    let before = resident();
    fill(scene, queue, groups, 1);
    let one = resident() - before;
    let mut other = Scene::empty();
    let queue = if queue.arn == scene.fifo.arn { other.fifo.clone() } else { other.fair.clone() };
    exercise(&mut other, &[&queue]);
    let before = resident();
    fill(&mut other, &queue, groups, groups);
    let many = resident() - before;
    // The first scene is there to the end, so nothing of its memory was used again.
    let left = scene.counts(&scene.fifo).available + scene.counts(&scene.fair).available;
    assert_eq!(left as u64, groups / BATCH * BATCH);
    (one, many)
}

fn fill(scene: &mut Scene, queue: &Resource, messages: u64, groups: u64) {
    let groups: Vec<GroupKey> = (0..groups).map(|_| scene.fresh_group()).collect();
    for batch in 0..messages / BATCH {
        if batch * BATCH % PER_MS < BATCH {
            scene.turns.tick();
        }
        let sends = (batch * BATCH..(batch + 1) * BATCH)
            .map(|nth| scene.send_to(queue, groups[(nth % groups.len() as u64) as usize]));
        let sends = sends.collect::<Vec<_>>();
        scene.turns.ask(queue, AskQueue::Send(sends), Counting::Off);
    }
}

/// Sends, receives and deletes, so that only the deduplication ids are left.
fn remember(scene: &mut Scene, queue: &Resource, ids: u64) {
    for batch in 0..ids / BATCH {
        if batch * BATCH % PER_MS < BATCH {
            scene.turns.tick();
        }
        fill_batch(scene, queue);
        take_all(scene, queue);
    }
    assert_eq!(scene.counts(queue).available, 0);
}

fn fill_batch(scene: &mut Scene, queue: &Resource) {
    let group = scene.old_group(0);
    let sends = (0..BATCH).map(|_| scene.send_to(queue, group)).collect::<Vec<_>>();
    scene.turns.ask(queue, AskQueue::Send(sends), Counting::Off);
}

fn take_all(scene: &mut Scene, queue: &Resource) {
    let receive = Receive { max: BATCH as u32, visibility_s: Some(60), wait_s: Some(0), attempt: None };
    let Reply::Received(got) = scene.turns.ask(queue, AskQueue::Receive(receive), Counting::Off) else {
        panic!("a receive is answered with messages");
    };
    let receipts = got.iter().map(|delivery| Box::from(delivery.receipt)).collect();
    scene.turns.ask(queue, AskQueue::DeleteMessages(receipts), Counting::Off);
}

/// Resident bytes of this process.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux tells what a process uses");
    let pages = statm.split(' ').nth(1).and_then(|text| text.parse::<u64>().ok());
    pages.expect("the second field is the resident pages") * 4096
}
