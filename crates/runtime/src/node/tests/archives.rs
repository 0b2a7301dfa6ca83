//! Archives and replays on a whole node: what was published comes back, in order, once, over restarts, while more is
//! published.

use super::*;
use postrider_core::command::{Dedup, Publish, Subscribe, TopicMeaning};
use postrider_core::event::{ReplayStatus, SubscriptionStated};
use postrider_core::id::{DedupKey, GroupKey, Uuid};
use postrider_core::queue::settings::{Setting, Switch};
use postrider_core::topic::subscription::{Change, Endpoint, Meaning, Span};

fn fifo_topic() -> Arn {
    Arn::of("aws", "sns", "us-east-1", ACCOUNT, "t.fifo")
}

fn fifo_queue(name: &str) -> Arn {
    Arn::of("aws", "sqs", "us-east-1", ACCOUNT, &format!("{name}.fifo"))
}

async fn create(node: &Node, queues: &[&str]) -> Vec<Uuid> {
    let arn = fifo_topic();
    let create = Command::CreateTopic {
        arn: arn.clone(),
        attributes: BTreeMap::new(),
        meaning: TopicMeaning { archive_days: Some(1), ..TopicMeaning::default() },
        tags: None,
    };
    node.ask(&arn, create).await.unwrap().result.unwrap();
    let mut ids = Vec::new();
    for name in queues {
        let queue = fifo_queue(name);
        let create = Command::CreateQueue {
            arn: queue.clone(),
            judged: Default::default(),
            settings: vec![Setting::FifoQueue(Switch::On)],
            tags: BTreeMap::new(),
        };
        node.ask(&queue, create).await.unwrap().result.unwrap();
        let wanted = SubscriptionStated::wanted(Endpoint::Queue(queue), ACCOUNT, "p");
        let reply = of_topic(node, AskTopic::Subscribe(Box::new(Subscribe::new(wanted)))).await;
        let Reply::Subscribed(id, _) = reply else { panic!("{reply:?}") };
        ids.push(id);
    }
    ids
}

async fn of_topic(node: &Node, ask: AskTopic) -> Reply {
    let arn = fifo_topic();
    let judged = node.judgement(&arn).unwrap().revision;
    node.ask(&arn, Command::Topic { arn: arn.clone(), judged, ask }).await.unwrap().result.unwrap()
}

async fn publish(node: &Node, numbers: std::ops::Range<usize>) {
    for number in numbers {
        let text = format!("m{number}");
        let mut message = Publish::new(payload(&text));
        message.group = Some(GroupKey::of(&format!("g{}", number % 3)));
        message.dedup = Some(Dedup::Explicit(DedupKey::of(&text)));
        let reply = of_topic(node, AskTopic::Publish(vec![message])).await;
        assert!(matches!(reply, Reply::Published(each) if each[0].is_ok()));
    }
}

async fn replay(node: &Node, id: Uuid, span: Option<Span>) {
    let text = span.map(|_| "{}".into());
    let change = Change::Attribute { name: "ReplayPolicy".into(), text, meaning: Meaning::Replay(span) };
    of_topic(node, AskTopic::SetSubscription(id, change)).await;
}

async fn status(node: &Node, id: Uuid) -> Option<ReplayStatus> {
    let Reply::Subscription(_, replay) = of_topic(node, AskTopic::Subscription(id)).await else { panic!() };
    replay.map(|replay| replay.status)
}

/// Receives until so many have come, or ten seconds are over.
async fn collect(node: &Node, name: &str, most: usize) -> Vec<String> {
    let (queue, mut all) = (fifo_queue(name), Vec::new());
    for _ in 0..1_000 {
        all.extend(drain(node, &queue).await);
        if all.len() >= most {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    all
}

/// The numbers of a group, in the order in which they came.
fn of_group(texts: &[String], group: usize) -> Vec<usize> {
    let numbers = texts.iter().map(|text| text[1..].parse::<usize>().unwrap());
    numbers.filter(|number| number % 3 == group).collect()
}

fn in_order(texts: &[String], numbers: std::ops::Range<usize>) {
    for group in 0..3 {
        let wanted = numbers.clone().filter(|number| number % 3 == group).collect::<Vec<_>>();
        assert_eq!(of_group(texts, group), wanted, "group {group}");
    }
}

/// The window of deduplication of the queue would swallow what it has had in the last five minutes, so what is replayed
/// goes to a queue that has not.
async fn replays_in_order(storage: Storage, shards: u16) {
    let options = options(storage, shards, u64::MAX);
    let node = Node::open(&options).unwrap();
    let ids = create(&node, &["first"]).await;
    publish(&node, 0..500).await;
    in_order(&collect(&node, "first", 500).await, 0..500);

    let late = create(&node, &["late"]).await[0];
    replay(&node, late, Some(Span { from: Timestamp(1), until: None })).await;
    publish(&node, 500..600).await;
    in_order(&collect(&node, "late", 600).await, 0..600);
    in_order(&collect(&node, "first", 100).await, 500..600);
    for _ in 0..500 {
        if status(&node, late).await == Some(ReplayStatus::Completed) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(status(&node, late).await, Some(ReplayStatus::Completed));
    publish(&node, 600..610).await;
    in_order(&collect(&node, "late", 10).await, 600..610);

    replay(&node, late, None).await;
    assert_eq!(status(&node, late).await, None);
    assert_eq!(status(&node, ids[0]).await, None);
    closed(node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_published_is_replayed_in_order_before_what_comes() {
    for shards in [1, 4] {
        replays_in_order(Storage::Memory, shards).await;
        let folder = tempfile::tempdir().unwrap();
        replays_in_order(files(folder.path(), 8 << 20), shards).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_goes_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(files(folder.path(), 8 << 20), 1, u64::MAX);
    let node = Node::open(&options).unwrap();
    create(&node, &["first"]).await;
    publish(&node, 0..300).await;
    let late = create(&node, &["late"]).await[0];
    replay(&node, late, Some(Span { from: Timestamp(1), until: None })).await;
    publish(&node, 300..310).await;
    closed(node).await;

    let node = Node::open(&options).unwrap();
    in_order(&collect(&node, "late", 310).await, 0..310);
    closed(node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_is_switched_off_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(files(folder.path(), 8 << 20), 1, u64::MAX);
    let node = Node::open(&options).unwrap();
    create(&node, &[]).await;
    publish(&node, 0..5).await;
    let folders = || std::fs::read_dir(folder.path().join("archive")).map_or(0, |all| all.count());
    until("the archive is there", || folders() == 1).await;
    let meaning = TopicMeaning { archive_days: Some(0), ..TopicMeaning::default() };
    of_topic(&node, AskTopic::Set("ArchivePolicy".into(), None, meaning)).await;
    closed(node).await;

    let node = Node::open(&options).unwrap();
    until("the archive is gone", || folders() == 0).await;
    closed(node).await;
}
