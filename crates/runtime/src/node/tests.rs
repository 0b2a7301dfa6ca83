//! A whole node: real threads, real time, and logs that stall or fail when a test says so.

use super::*;
use postrider_core::body::Payload;
use postrider_core::command::{AskQueue, AskTopic, Publish, Receive, Send, Subscribe, TopicMeaning};
use postrider_core::event::SubscriptionStated;
use postrider_core::reply::Reply;
use postrider_core::topic::filter::Facts;
use postrider_core::topic::subscription::{Endpoint, Form};
use postrider_log::faulty::FaultyDisk;
use postrider_log::file::Spares;
use postrider_log::{Entry, Reader, Space, Stats};
use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

mod archives;
mod dispatches;
mod logs;
mod polls;
mod relays;
mod restarts;
mod stops;

const ACCOUNT: &str = "000000000000";

fn queue(index: usize) -> Arn {
    Arn::of("aws", "sqs", "us-east-1", ACCOUNT, &format!("q{index}"))
}

fn topic(index: usize) -> Arn {
    Arn::of("aws", "sns", "us-east-1", ACCOUNT, &format!("t{index}"))
}

fn options(storage: Storage, shards: u16, body_memory: u64) -> Options {
    Options {
        storage,
        shards: Some(shards),
        body_memory,
        waits: Waits::default(),
        bounds: Bounds::default(),
        retries: Schedule::HTTP,
        facts: Arc::new(|_| Facts::default()),
        permit: Arc::new(|_| true),
        version: "test".to_owned(),
    }
}

fn files(path: &std::path::Path, segment_bytes: u64) -> Storage {
    Storage::Directory { path: path.to_owned(), durability: Durability::Fsync, segment_bytes }
}

async fn ask_queue(node: &Node, arn: &Arn, ask: AskQueue) -> Answer {
    try_queue(node.shard(arn), arn, ask).await.unwrap()
}

async fn try_queue(shard: &ShardHandle, arn: &Arn, ask: AskQueue) -> Result<Answer, Unanswered> {
    let judged = shard.judgement(arn).unwrap().revision;
    shard.ask(Command::Queue { arn: arn.clone(), judged, ask }).await
}

async fn create_queue(node: &Node, index: usize) -> Arn {
    let arn = queue(index);
    let create = Command::CreateQueue {
        arn: arn.clone(),
        judged: Default::default(),
        settings: vec![],
        tags: BTreeMap::new(),
    };
    node.ask(&arn, create).await.unwrap().result.unwrap();
    arn
}

async fn create_topic(node: &Node, index: usize, queues: &[Arn]) -> Arn {
    let arn = topic(index);
    let (attributes, meaning) = (BTreeMap::new(), TopicMeaning::default());
    let create = Command::CreateTopic { arn: arn.clone(), attributes, meaning, tags: None };
    node.ask(&arn, create).await.unwrap().result.unwrap();
    for queue in queues {
        let wanted = SubscriptionStated::wanted(Endpoint::Queue(queue.clone()), ACCOUNT, "p");
        let wanted = SubscriptionStated { form: Form::Raw, ..wanted };
        let ask = AskTopic::Subscribe(Box::new(Subscribe::new(wanted)));
        let judged = node.judgement(&arn).unwrap().revision;
        let command = Command::Topic { arn: arn.clone(), judged, ask };
        node.ask(&arn, command).await.unwrap().result.unwrap();
    }
    arn
}

fn payload(text: &str) -> Payload {
    Payload::new(text.to_owned().into(), text.len() as u32)
}

fn sending(text: &str, delay_s: Option<u32>) -> AskQueue {
    AskQueue::Send(vec![Send { payload: payload(text), delay_s, group: None, dedup: None }])
}

async fn send(node: &Node, arn: &Arn, text: &str) {
    let answer = ask_queue(node, arn, sending(text, None)).await;
    assert!(matches!(answer.result, Ok(Reply::Sent(each)) if each[0].is_ok()));
}

fn receiving(max: u32, visibility_s: u32, wait_s: u32) -> AskQueue {
    AskQueue::Receive(Receive { max, visibility_s: Some(visibility_s), wait_s: Some(wait_s), attempt: None })
}

/// The texts of an answer to a receive, with their receipts.
fn received(answer: &Answer) -> Vec<(String, Box<[u8]>)> {
    let Ok(Reply::Received(messages)) = &answer.result else { panic!("{answer:?}") };
    let text = |m: &postrider_core::reply::Delivery| {
        let bytes = answer.bytes(m.message.content.body()).unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    };
    messages.iter().map(|message| (text(message), message.receipt.into())).collect()
}

fn texts(answer: &Answer) -> Vec<String> {
    received(answer).into_iter().map(|(text, _)| text).collect()
}

/// Receives and deletes until nothing is available.
async fn drain(node: &Node, arn: &Arn) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        let answer = ask_queue(node, arn, receiving(10, 30, 0)).await;
        let got = received(&answer);
        if got.is_empty() {
            return all;
        }
        let receipts = got.iter().map(|(_, receipt)| receipt.clone()).collect();
        ask_queue(node, arn, AskQueue::DeleteMessages(receipts)).await.result.unwrap();
        all.extend(got.into_iter().map(|(text, _)| text));
    }
}

/// Waits until something holds, and fails if it does not within ten seconds.
async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("not within ten seconds: {what}");
}

fn parked(node: &Node) -> u64 {
    node.shards().iter().map(|shard| shard.gauges().parked.load(std::sync::atomic::Ordering::Relaxed)).sum()
}

async fn closed(node: Node) {
    tokio::task::spawn_blocking(|| node.close()).await.unwrap();
}
