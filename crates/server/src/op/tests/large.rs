//! Publications as large as there are, in envelopes that no SendMessage would take: received, spent, moved, moved back.

use super::redrive::{arn, attribute, create, policy};
use super::support::{Got, Server};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const TOPIC: &str = "arn:aws:sns:us-east-1:210987654321:large";
/// The largest `MaximumMessageSize`, of topics and of queues.
const MIB: usize = 1 << 20;

async fn subscribe(server: &Server, queue: &str) {
    let asked = [("TopicArn", TOPIC), ("Protocol", "sqs"), ("Endpoint", &*arn(queue))];
    assert_eq!(server.sns("Subscribe", &asked).await.status, 200);
}

/// Receives until there are so many messages, which are visible again after `timeout_s`.
async fn received(server: &Server, queue: &str, count: usize, timeout_s: u32) -> Vec<Value> {
    let ask = json!({"QueueUrl": queue, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1,
        "VisibilityTimeout": timeout_s});
    let bound = Instant::now() + Duration::from_secs(60);
    let mut all = Vec::new();
    while all.len() < count {
        assert!(Instant::now() < bound, "{} of {count} in {queue}", all.len());
        let got = server.sqs("ReceiveMessage", ask.clone()).await.json();
        all.extend(got["Messages"].as_array().cloned().unwrap_or_default());
    }
    assert_eq!(all.len(), count, "{queue}");
    all
}

/// What was published, out of a message that is an envelope.
fn published(message: &Value) -> String {
    let body = message["Body"].as_str().unwrap();
    assert!(body.len() > 2 * MIB, "{}", body.len());
    let envelope: Value = serde_json::from_str(body).unwrap();
    envelope["Message"].as_str().unwrap().to_owned()
}

fn digests(messages: &[Value]) -> BTreeSet<&str> {
    messages.iter().map(|message| message["MD5OfBody"].as_str().unwrap()).collect()
}

fn refused(got: &Got) -> (u16, &str) {
    (got.status, got.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_envelope_may_be_larger_than_what_can_be_sent() {
    // Each quotation mark is two bytes of an envelope, and four of an answer in JSON.
    let message = "\"".repeat(MIB);
    for (shards, body_memory) in [(1, 1 << 30), (4, 1 << 30), (4, 0)] {
        let server = Server::with_body_memory(shards, body_memory);
        let size = [
            ("Name", "large"),
            ("Attributes.entry.1.key", "MaximumMessageSize"),
            ("Attributes.entry.1.value", "1048576"),
        ];
        assert_eq!(server.sns("CreateTopic", &size).await.status, 200);
        create(&server, "dead", json!({})).await;
        create(&server, "q", json!({"RedrivePolicy": policy("dead", 1)})).await;
        // A queue that takes small messages only says nothing of copies.
        create(&server, "small", json!({"MaximumMessageSize": "1024"})).await;
        subscribe(&server, "q").await;
        subscribe(&server, "small").await;
        let publish = [("TopicArn", TOPIC), ("Message", &*message)];
        for _ in 0..3 {
            assert_eq!(server.sns("Publish", &publish).await.status, 200);
        }
        let longer = [message.as_str(), "x"].concat();
        let longer = [("TopicArn", TOPIC), ("Message", &*longer)];
        assert_eq!(refused(&server.sns("Publish", &longer).await), (400, "InvalidParameter"));

        received(&server, "small", 3, 30).await;
        let first = received(&server, "q", 3, 0).await;
        assert!(first.iter().all(|got| published(got) == message));
        // A client could not send on what it got.
        let again = json!({"QueueUrl": "q", "MessageBody": first[0]["Body"]});
        assert_eq!(server.sqs("SendMessage", again).await.status, 400);

        // Spent, they move; in the dead-letter queue they are what they were.
        let empty = server.sqs("ReceiveMessage", json!({"QueueUrl": "q", "MaxNumberOfMessages": 10})).await;
        assert_eq!(empty.json()["Messages"], Value::Null, "{shards} shards");
        let bound = Instant::now() + Duration::from_secs(60);
        while attribute(&server, "dead", "ApproximateNumberOfMessages").await != "3" {
            assert!(Instant::now() < bound, "messages stay in q");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let dead = received(&server, "dead", 3, 0).await;
        assert!(dead.iter().all(|got| published(got) == message));
        assert_eq!(digests(&dead), digests(&first), "{shards} shards");

        // … and back.
        let task = json!({"SourceArn": arn("dead"), "DestinationArn": arn("q")});
        assert_eq!(server.sqs("StartMessageMoveTask", task).await.status, 200);
        for got in received(&server, "q", 3, 30).await {
            assert_eq!(published(&got), message);
            let done = json!({"QueueUrl": "q", "ReceiptHandle": got["ReceiptHandle"]});
            assert_eq!(server.sqs("DeleteMessage", done).await.status, 200);
        }
    }
}
