//! Full mailboxes, full disks, failing logs and closing.

use super::logs::{gated, on_faulty_disk};
use super::*;
use postrider_core::Rejection;
use std::time::Instant;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_mailbox_is_said_at_once_and_the_others_are_answered_later() {
    let (node, gate) = gated();
    let arn = create_queue(&node, 0).await;
    gate.close();
    let mut tasks = Vec::new();
    // What the writer takes before it has to wait comes on top of what the mailbox holds.
    for index in 0..4 * crate::handle::MAILBOX_CALLS_MAX {
        let (shard, arn) = (node.shard(&arn).clone(), arn.clone());
        tasks.push(tokio::spawn(async move { try_queue(&shard, &arn, sending("x", None)).await }));
        if index % 512 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let started = Instant::now();
    let busy = try_queue(node.shard(&arn), &arn, sending("x", None));
    let busy = tokio::time::timeout(Duration::from_secs(5), busy).await.expect("an answer at once");
    assert_eq!(busy.unwrap_err(), Unanswered::Busy);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    gate.open();
    let (mut done, mut refused) = (0, 0);
    for task in tasks {
        match task.await.unwrap() {
            Ok(answer) => done += usize::from(answer.result.is_ok()),
            Err(unanswered) => {
                assert_eq!(unanswered, Unanswered::Busy);
                refused += 1;
            }
        }
    }
    assert!(done >= crate::handle::MAILBOX_CALLS_MAX && refused > 0, "{done} {refused}");
    let Ok(Reply::Queue(view)) = ask_queue(&node, &arn, AskQueue::View).await.result else { panic!() };
    assert_eq!(view.counts.available, done, "exactly those who were told so");
    closed(node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailbox_is_bounded_in_bytes_too() {
    let (node, gate) = gated();
    let arn = create_queue(&node, 0).await;
    gate.close();
    let text = "x".repeat(1 << 20);
    let mut tasks = Vec::new();
    for _ in 0..320 {
        let (shard, arn, ask) = (node.shard(&arn).clone(), arn.clone(), sending(&text, None));
        tasks.push(tokio::spawn(async move { try_queue(&shard, &arn, ask).await }));
    }
    until("some are refused", || tasks.iter().any(tokio::task::JoinHandle::is_finished)).await;
    gate.open();
    let mut refused = 0;
    for task in tasks {
        refused += usize::from(task.await.unwrap().is_err());
    }
    // The mailbox holds 256, and the writer takes some until the log holds it back, unless it comes too late.
    assert!((1..=64).contains(&refused), "{refused}");
    closed(node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_answered_before_it_is_durable_and_closing_answers_what_is_in_the_mailbox() {
    let (node, gate) = gated();
    let arn = create_queue(&node, 0).await;
    gate.close();
    let tasks = (0..100).map(|index| {
        let (shard, arn) = (node.shard(&arn).clone(), arn.clone());
        let ask = if index % 2 == 0 { sending("x", None) } else { receiving(1, 30, 0) };
        tokio::spawn(async move { try_queue(&shard, &arn, ask).await })
    });
    let tasks = tasks.collect::<Vec<_>>();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(tasks.iter().all(|task| !task.is_finished()), "also those who get nothing wait");
    let handle = node.shard(&arn).clone();
    let closing = tokio::spawn(closed(node));
    tokio::time::sleep(Duration::from_millis(50)).await;
    gate.open();
    closing.await.unwrap();
    for task in tasks {
        assert!(task.await.unwrap().unwrap().result.is_ok());
    }
    let late = handle.ask(Command::Owed { to: 0 }).await;
    assert_eq!(late.unwrap_err(), Unanswered::Stopped, "a handle that outlives its node says so");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_log_fails_everybody_is_told() {
    for sync in [false, true] {
        let disk = FaultyDisk::new();
        let node = on_faulty_disk(&disk, u64::MAX);
        let arn = create_queue(&node, 0).await;
        send(&node, &arn, "before").await;
        let shard = node.shard(&arn).clone();
        let own = arn.clone();
        let other = create_queue(&node, 1).await;
        let parked_poll = {
            let (shard, other) = (shard.clone(), other.clone());
            tokio::spawn(async move { try_queue(&shard, &other, receiving(1, 30, 1)).await })
        };
        until("the receive is parked", || parked(&node) == 1).await;
        until("the spares are made", || disk.counts().names >= 8).await;
        if sync {
            disk.fail_sync(1);
        } else {
            disk.fail_change(1);
        }
        let failing = try_queue(&shard, &own, sending("during", None)).await;
        assert_eq!(failing.unwrap_err(), Unanswered::Stopped);
        let failed = tokio::time::timeout(Duration::from_secs(5), node.failed()).await;
        assert!(failed.is_ok(), "the node says that it failed");
        assert_eq!(parked_poll.await.unwrap().unwrap_err(), Unanswered::Stopped);
        let after = try_queue(&shard, &own, sending("after", None)).await;
        assert_eq!(after.unwrap_err(), Unanswered::Stopped);
        closed(node).await;
        let node = on_faulty_disk(&disk.crash(1), u64::MAX);
        let found = drain(&node, &arn).await;
        assert!(found == ["before"] || found == ["before", "during"], "{found:?}");
        closed(node).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_said_at_once_and_heals_by_itself() {
    let disk = FaultyDisk::new();
    disk.limit(Some(2 << 20));
    let node = on_faulty_disk(&disk, 0);
    let arn = create_queue(&node, 0).await;
    let text = "x".repeat(10_000);
    let mut sent = 0;
    let refused = loop {
        let answer = ask_queue(&node, &arn, sending(&text, None)).await;
        match answer.result {
            Ok(_) => sent += 1,
            Err(rejection) => break rejection,
        }
        assert!(sent < 1_000);
    };
    assert_eq!(refused, Rejection::NoSpace);
    let answer = ask_queue(&node, &arn, receiving(10, 30, 0)).await;
    assert_eq!(received(&answer).len(), 10, "consumers go on");
    disk.limit(None);
    let mut tries = 0;
    while ask_queue(&node, &arn, sending(&text, None)).await.result.is_err() {
        tries += 1;
        assert!(tries < 500, "the disk has room and nobody noticed");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    drop(answer);
    assert_eq!(drain(&node, &arn).await.len(), sent + 1 - 10);
    closed(node).await;
}

/// Only what grows is refused early, so a stream of receives can fill even the reserve: then the shard waits for
/// room, and does not keep anybody from closing it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_full_to_the_brim_does_not_keep_a_node_from_closing() {
    let (node, gate) = gated();
    let arn = create_queue(&node, 0).await;
    gate.fill();
    let shard = node.shard(&arn).clone();
    let asked = tokio::spawn(async move { try_queue(&shard, &arn, sending("x", None)).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!asked.is_finished(), "it waits for room");
    tokio::time::timeout(Duration::from_secs(5), closed(node)).await.expect("the node closes");
    assert_eq!(asked.await.unwrap().unwrap_err(), Unanswered::Stopped);
}
