//! Deliveries to endpoints on a whole node: whoever makes the attempts is told when there is something to do.

use super::*;
use postrider_core::command::{Outcome, Report};
use postrider_core::reply::Claimed;
use postrider_core::topic::retry::Phases;
use postrider_core::topic::subscription::Protocol;

async fn claim(shard: &ShardHandle) -> Vec<Claimed> {
    let answer = shard.ask(Command::Claim { max: 10, bytes_max: 1 << 20 }).await.unwrap();
    let Ok(Reply::Claimed(claimed)) = &answer.result else { panic!() };
    for next in claimed {
        assert_eq!(&*answer.bytes(&next.body).unwrap(), b"x", "also if it is not in memory");
    }
    claimed.clone()
}

async fn report(shard: &ShardHandle, claimed: &[Claimed], outcome: Outcome) {
    let report = |claimed: &Claimed| Report {
        topic: claimed.topic,
        subscription: claimed.subscription.id,
        publication: claimed.id,
        outcome,
    };
    let reports = claimed.iter().map(report).collect();
    shard.ask(Command::Tried(reports)).await.unwrap().result.unwrap();
}

/// A retry is told when its time has come, on a shard that nobody asks anything; and over a restart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_makes_the_attempts_is_told_of_each_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(files(folder.path(), 16 << 20), 1, 0);
    let phases = Phases { min_delay_ms: 300, max_delay_ms: 300, retries: 2, ..*Schedule::HTTP.phases() };
    options.retries = Schedule::new(phases).unwrap();
    let node = Node::open(&options).unwrap();
    let arn = create_topic(&node, 0, &[]).await;
    let web = Endpoint::Other(Protocol::Http, "http://example.com/".into());
    for ask in [
        AskTopic::Subscribe(Box::new(Subscribe::new(SubscriptionStated::wanted(web, ACCOUNT, "p")))),
        AskTopic::Publish(vec![Publish::new(payload("x"))]),
    ] {
        let judged = node.judgement(&arn).unwrap().revision;
        node.ask(&arn, Command::Topic { arn: arn.clone(), judged, ask }).await.unwrap().result.unwrap();
    }
    let told = |shard: &ShardHandle| {
        let due = shard.due();
        async move { tokio::time::timeout(Duration::from_secs(10), due.notified()).await.unwrap() }
    };
    let shard = node.shard(&arn).clone();
    told(&shard).await;
    let first = claim(&shard).await;
    assert_eq!((first.len(), first[0].failures), (1, 0));
    let started = std::time::Instant::now();
    report(&shard, &first, Outcome::Failed).await;
    let second = loop {
        told(&shard).await;
        let claimed = claim(&shard).await;
        if !claimed.is_empty() {
            break claimed;
        }
    };
    assert!(started.elapsed() >= Duration::from_millis(295), "{:?}", started.elapsed());
    assert_eq!((second.len(), second[0].failures), (1, 1));
    closed(node).await;
    drop(shard);
    // Nobody said what became of the second attempt.
    let node = Node::open(&options).unwrap();
    let shard = node.shard(&arn).clone();
    told(&shard).await;
    let again = claim(&shard).await;
    assert_eq!((again.len(), again[0].failures), (1, 1));
    report(&shard, &again, Outcome::Delivered).await;
    assert!(claim(&shard).await.is_empty());
    until("nothing is owed", || shard.gauges().due.load(std::sync::atomic::Ordering::Relaxed) == 0).await;
    closed(node).await;
}
