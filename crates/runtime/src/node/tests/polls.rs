//! Long polls: in order, on time, never lost, and without a trace in the log.

use super::*;
use std::time::Instant;

fn node() -> Node {
    Node::open(&options(Storage::Memory, 1, u64::MAX)).unwrap()
}

/// Asks on a task of its own, and comes back when `parked` receives wait.
async fn park(node: &Node, arn: &Arn, wait_s: u32, waiting: u64) -> tokio::task::JoinHandle<Answer> {
    let (shard, own) = (node.shard(arn).clone(), arn.clone());
    let ask = async move { try_queue(&shard, &own, receiving(1, 30, wait_s)).await.unwrap() };
    let task = tokio::spawn(ask);
    until("the receive is parked", || parked(node) == waiting).await;
    task
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_wait_are_served_in_the_order_in_which_they_came() {
    let node = node();
    let arn = create_queue(&node, 0).await;
    let mut tasks = Vec::new();
    for index in 0..20 {
        tasks.push(park(&node, &arn, 20, index + 1).await);
    }
    let batch = (0..10).map(|index| Send {
        payload: payload(&index.to_string()),
        delay_s: None,
        group: None,
        dedup: None,
    });
    ask_queue(&node, &arn, AskQueue::Send(batch.collect())).await.result.unwrap();
    for index in 10..20 {
        send(&node, &arn, &index.to_string()).await;
    }
    for (index, task) in tasks.into_iter().enumerate() {
        assert_eq!(texts(&task.await.unwrap()), [index.to_string()]);
    }
    closed(node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poll_ends_when_a_delay_ends_when_a_message_is_visible_again_and_at_its_deadline() {
    let node = node();
    let arn = create_queue(&node, 0).await;
    let started = Instant::now();
    ask_queue(&node, &arn, sending("late", Some(1))).await;
    let answer = ask_queue(&node, &arn, receiving(1, 1, 10)).await;
    assert_eq!(texts(&answer), ["late"]);
    let delay = started.elapsed();
    let again = ask_queue(&node, &arn, receiving(1, 30, 10)).await;
    assert_eq!(texts(&again), ["late"]);
    let visible = started.elapsed() - delay;
    let nothing = ask_queue(&node, &arn, receiving(1, 30, 1)).await;
    assert_eq!(texts(&nothing), [""; 0]);
    let deadline = started.elapsed() - delay - visible;
    for took in [delay, visible, deadline] {
        assert!((Duration::from_millis(950)..Duration::from_secs(4)).contains(&took), "{took:?}");
    }
    closed(node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_for_somebody_who_has_gone_away_goes_to_the_next() {
    let node = node();
    let arn = create_queue(&node, 0).await;
    for index in 0..10 {
        let task = park(&node, &arn, 20, index + 1).await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    }
    let stays = park(&node, &arn, 20, 11).await;
    send(&node, &arn, "kept").await;
    assert_eq!(texts(&stays.await.unwrap()), ["kept"]);
    closed(node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleting_a_queue_answers_those_who_wait_for_it() {
    let node = node();
    let arn = create_queue(&node, 0).await;
    let waits = park(&node, &arn, 20, 1).await;
    ask_queue(&node, &arn, AskQueue::Delete).await.result.unwrap();
    let answer = waits.await.unwrap();
    assert_eq!(answer.result.unwrap_err(), postrider_core::Rejection::QueueDoesNotExist);
    closed(node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_parked_polls_and_an_idle_node_write_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::open(&options(files(folder.path(), 16 << 20), 1, u64::MAX)).unwrap();
    let arn = create_queue(&node, 0).await;
    let waiting = (0..1_000).map(|_| {
        let (shard, arn) = (node.shard(&arn).clone(), arn.clone());
        tokio::spawn(async move { try_queue(&shard, &arn, receiving(1, 30, 20)).await })
    });
    let waiting = waiting.collect::<Vec<_>>();
    until("all are parked", || parked(&node) == 1_000).await;
    let stats = node.shard(&arn).log_stats();
    let before = (stats.appends(), stats.entries(), stats.bytes(), stats.syncs());
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!((stats.appends(), stats.entries(), stats.bytes(), stats.syncs()), before);
    assert_eq!(parked(&node), 1_000);
    closed(node).await;
    for task in waiting {
        // Closing answers them all: there is nothing for them.
        assert_eq!(texts(&task.await.unwrap().unwrap()), [""; 0]);
    }
}
