//! Concurrent senders and receivers, restarts, and payloads that are read back while the log is trimmed.

use super::*;
use std::collections::BTreeSet;

async fn send_and_receive(storage: Storage, shards: u16, body_memory: u64) {
    let node = Node::open(&options(storage, shards, body_memory)).unwrap();
    let queues = [create_queue(&node, 0).await, create_queue(&node, 1).await, create_queue(&node, 3).await];
    let senders = (0..6).map(|sender| {
        let arn = queues[sender % 3].clone();
        let shard = node.shard(&arn).clone();
        tokio::spawn(async move {
            for index in 0..200 {
                let ask = sending(&format!("{sender}-{index}"), None);
                try_queue(&shard, &arn, ask).await.unwrap().result.unwrap();
            }
        })
    });
    let senders = senders.collect::<Vec<_>>();
    let receivers = (0..6).map(|receiver| {
        let arn = queues[receiver % 3].clone();
        let shard = node.shard(&arn).clone();
        tokio::spawn(async move {
            let mut got = Vec::new();
            loop {
                let answer = try_queue(&shard, &arn, receiving(10, 30, 2)).await.unwrap();
                let messages = received(&answer);
                if messages.is_empty() {
                    return got;
                }
                let receipts = messages.iter().map(|(_, receipt)| receipt.clone()).collect();
                let deleted = try_queue(&shard, &arn, AskQueue::DeleteMessages(receipts)).await;
                deleted.unwrap().result.unwrap();
                got.extend(messages.into_iter().map(|(text, _)| text));
            }
        })
    });
    let receivers = receivers.collect::<Vec<_>>();
    for sender in senders {
        sender.await.unwrap();
    }
    let mut got = Vec::new();
    for receiver in receivers {
        got.extend(receiver.await.unwrap());
    }
    assert_eq!(got.len(), 6 * 200, "each once");
    assert_eq!(got.into_iter().collect::<BTreeSet<_>>().len(), 6 * 200);
    closed(node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_send_and_receive_in_memory() {
    send_and_receive(Storage::Memory, 1, u64::MAX).await;
    send_and_receive(Storage::Memory, 4, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_send_and_receive_in_files() {
    for (shards, body_memory) in [(1, 1_000), (4, u64::MAX)] {
        let folder = tempfile::tempdir().unwrap();
        send_and_receive(files(folder.path(), 16 << 20), shards, body_memory).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(files(folder.path(), 16 << 20), 1, u64::MAX);
    let node = Node::open(&options).unwrap();
    let arn = create_queue(&node, 0).await;
    for index in 0..30 {
        send(&node, &arn, &index.to_string()).await;
    }
    let first = ask_queue(&node, &arn, receiving(10, 600, 0)).await;
    let receipts = received(&first).into_iter().map(|(_, receipt)| receipt).collect::<Vec<_>>();
    ask_queue(&node, &arn, AskQueue::DeleteMessages(receipts[..5].to_vec())).await.result.unwrap();
    closed(node).await;
    let node = Node::open(&options).unwrap();
    let Ok(Reply::Queue(view)) = ask_queue(&node, &arn, AskQueue::View).await.result else { panic!() };
    assert_eq!((view.counts.available, view.counts.in_flight), (20, 5));
    // Handles outlive a restart, and what is in flight stays in flight.
    ask_queue(&node, &arn, AskQueue::DeleteMessages(receipts[5..].to_vec())).await.result.unwrap();
    let rest = (10..30).map(|index: u32| index.to_string()).collect::<BTreeSet<_>>();
    assert_eq!(drain(&node, &arn).await.into_iter().collect::<BTreeSet<_>>(), rest);
    closed(node).await;
}

/// Messages that stay, in a stream of others that go: compaction moves the ones that stay again and again,
/// and answers that are held for long pin what they read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payloads_are_read_back_while_the_log_is_trimmed_underneath() {
    let disk = FaultyDisk::new();
    let node = logs::on_faulty_disk(&disk, 0);
    let (stay, go) = (create_queue(&node, 0).await, create_queue(&node, 1).await);
    let text = |index: u32| format!("{index}:{}", "y".repeat(1_000));
    for index in 0..50 {
        send(&node, &stay, &text(index)).await;
    }
    let mut held = Vec::new();
    let mut segments = 0;
    for round in 0..60_u32 {
        let batch = (0..10).map(|_| Send {
            payload: payload(&"z".repeat(5_000)),
            delay_s: None,
            group: None,
            dedup: None,
        });
        ask_queue(&node, &go, AskQueue::Send(batch.collect())).await.result.unwrap();
        let answer = ask_queue(&node, &go, receiving(10, 30, 0)).await;
        let receipts = received(&answer).into_iter().map(|(_, receipt)| receipt).collect();
        ask_queue(&node, &go, AskQueue::DeleteMessages(receipts)).await.result.unwrap();
        let answer = ask_queue(&node, &stay, receiving(10, 0, 0)).await;
        if round % 20 == 0 {
            held.push(answer);
        } else {
            assert_eq!(texts(&answer).len(), 10);
        }
        if round % 20 == 10 {
            let late = held.pop().unwrap();
            assert!(texts(&late).iter().all(|text| text.len() > 1_000), "pinned, so still there");
            drop(late);
        }
        segments = segments.max(node.shard(&stay).log_stats().segments());
    }
    assert!(segments > 8, "{segments} segments were begun");
    drop(held);
    let log_bytes = || node.shard(&stay).gauges().log_bytes.load(std::sync::atomic::Ordering::Relaxed);
    send(&node, &go, "last").await;
    until("the log is small again", || log_bytes() < 700 << 10).await;
    let got = drain(&node, &stay).await.into_iter().collect::<BTreeSet<_>>();
    assert_eq!(got, (0..50).map(text).collect::<BTreeSet<_>>());
    closed(node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_purge_the_log_shrinks_though_nobody_asks_anything() {
    let node = logs::on_faulty_disk(&FaultyDisk::new(), 0);
    let arn = create_queue(&node, 0).await;
    for _ in 0..100 {
        send(&node, &arn, &"z".repeat(10_000)).await;
    }
    ask_queue(&node, &arn, AskQueue::Purge).await.result.unwrap();
    let gauge = |which: fn(&crate::handle::Gauges) -> &std::sync::atomic::AtomicU64| {
        which(node.shard(&arn).gauges()).load(std::sync::atomic::Ordering::Relaxed)
    };
    until("the log is small", || gauge(|gauges| &gauges.log_bytes) < 260 << 10).await;
    assert!(gauge(|gauges| &gauges.live_bytes) < 1_000);
    closed(node).await;
}
