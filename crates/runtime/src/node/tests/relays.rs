//! Publishing from many tasks to queues on all shards: each subscription gets each publication, once, over
//! restarts in the middle of it.

use super::*;
use std::collections::BTreeSet;

async fn publish(shard: &ShardHandle, arn: &Arn, text: &str) -> bool {
    let Some(judgement) = shard.judgement(arn) else { return false };
    let ask = AskTopic::Publish(vec![Publish::new(payload(text))]);
    let command = Command::Topic { arn: arn.clone(), judged: judgement.revision, ask };
    match shard.ask(command).await {
        Ok(Answer { result: Ok(Reply::Published(each)), .. }) => each[0].is_ok(),
        Ok(_) | Err(_) => false,
    }
}

/// Publishes over several lives of a node, each ended while publishers are at work and deliveries are owed,
/// and looks what the queues got. What was not answered may have been published or not.
async fn fan_out_over_restarts(shards: u16, body_memory: u64) {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::Directory {
        path: folder.path().to_owned(),
        durability: Durability::Os,
        segment_bytes: 9 << 20,
    };
    let options = options(storage, shards, body_memory);
    let queues = (0..6).map(queue).collect::<Vec<_>>();
    let (mut accepted, mut asked) = (BTreeSet::new(), BTreeSet::new());
    for life in 0..3 {
        let node = Node::open(&options).unwrap();
        if life == 0 {
            for index in 0..queues.len() {
                create_queue(&node, index).await;
            }
            for index in 0..2 {
                create_topic(&node, index, &queues).await;
            }
        }
        let publishers = (0..4).map(|publisher| {
            let arn = topic(publisher % 2);
            let shard = node.shard(&arn).clone();
            tokio::spawn(async move {
                let (mut done, mut open) = (Vec::new(), None);
                for index in 0..2_000 {
                    let text = format!("{life}-{publisher}-{index}");
                    if !publish(&shard, &arn, &text).await {
                        open = Some(text);
                        break;
                    }
                    done.push(text);
                }
                (done, open)
            })
        });
        let publishers = publishers.collect::<Vec<_>>();
        tokio::time::sleep(Duration::from_millis(150)).await;
        closed(node).await;
        for publisher in publishers {
            let (done, open) = publisher.await.unwrap();
            asked.extend(open);
            accepted.extend(done);
        }
    }
    assert!(accepted.len() > 50, "{}", accepted.len());
    asked.extend(accepted.iter().cloned());
    let node = Node::open(&options).unwrap();
    let owed = || node.shards().iter().map(|s| s.gauges().owed.load(std::sync::atomic::Ordering::Relaxed));
    until("nothing is owed", || owed().sum::<u64>() == 0).await;
    for arn in &queues {
        let got = drain(&node, arn).await;
        let once = got.iter().cloned().collect::<BTreeSet<_>>();
        assert_eq!(got.len(), once.len(), "{arn}: each once");
        assert!(once.is_superset(&accepted) && once.is_subset(&asked), "{arn}");
    }
    closed(node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_one_shard() {
    fan_out_over_restarts(1, u64::MAX).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_four_shards() {
    fan_out_over_restarts(4, u64::MAX).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_four_shards_with_payloads_read_back() {
    fan_out_over_restarts(4, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_subscriptions_than_one_turn_copies_are_delivered_by_and_by() {
    let node = Node::open(&options(Storage::Memory, 1, u64::MAX)).unwrap();
    let queues = (0..1_100).map(queue).collect::<Vec<_>>();
    for index in 0..queues.len() {
        create_queue(&node, index).await;
    }
    let arn = create_topic(&node, 0, &queues).await;
    assert!(publish(node.shard(&arn), &arn, "to all").await);
    for queue in &queues {
        let answer = ask_queue(&node, queue, receiving(10, 30, 10)).await;
        assert_eq!(texts(&answer), ["to all"], "{queue}");
    }
    closed(node).await;
}
