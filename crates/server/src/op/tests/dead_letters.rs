//! What a message is when it has come to a dead-letter queue (sqs 7, 11), of this shard or of another.

use super::support::{ACCOUNT, Server};
use serde_json::{Value, json};

fn arn(queue: &str) -> String {
    format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{queue}")
}

async fn create(server: &Server, queue: &str, mut attributes: Value) {
    if queue.ends_with(".fifo") {
        attributes["FifoQueue"] = json!("true");
    }
    let got = server.sqs("CreateQueue", json!({"QueueName": queue, "Attributes": attributes})).await;
    assert_eq!(got.status, 200, "{}", got.body);
}

async fn receive(server: &Server, queue: &str, wait_s: u32) -> Vec<Value> {
    let ask = json!({"QueueUrl": queue, "MaxNumberOfMessages": 10, "WaitTimeSeconds": wait_s,
        "AttributeNames": ["All"], "MessageAttributeNames": ["All"]});
    let got = server.sqs("ReceiveMessage", ask).await.json();
    got["Messages"].as_array().cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_message_keeps_what_it_is() {
    for (shards, end) in [(1, ""), (4, ""), (1, ".fifo"), (4, ".fifo")] {
        let server = Server::open(shards);
        let (queue, dead) = (format!("q{end}"), format!("dead{end}"));
        create(&server, &dead, json!({})).await;
        let redrive = json!({"deadLetterTargetArn": arn(&dead), "maxReceiveCount": 1}).to_string();
        create(&server, &queue, json!({"RedrivePolicy": redrive, "VisibilityTimeout": "0"})).await;
        let mut message = json!({"QueueUrl": queue, "MessageBody": "m", "MessageGroupId": "g",
            "MessageAttributes": {"a": {"DataType": "Number", "StringValue": "1"}}});
        if !end.is_empty() {
            message["MessageDeduplicationId"] = json!("d");
        }
        let sent = server.sqs("SendMessage", message).await.json();
        let first = receive(&server, &queue, 0).await;
        assert_eq!(first[0]["Attributes"]["ApproximateReceiveCount"], "1");
        assert!(first[0]["Attributes"].get("DeadLetterQueueSourceArn").is_none());
        assert!(receive(&server, &queue, 0).await.is_empty(), "this receive sends it away");

        let arrived = receive(&server, &dead, 20).await;
        let [arrived] = &arrived[..] else { panic!("{shards} shards, {dead}: {arrived:?}") };
        for kept in ["MessageId", "Body", "MD5OfBody", "MD5OfMessageAttributes", "MessageAttributes"] {
            assert_eq!(arrived[kept], first[0][kept], "{kept}");
        }
        assert_eq!(arrived["MessageId"], sent["MessageId"]);
        let attributes = &arrived["Attributes"];
        assert_eq!(attributes["DeadLetterQueueSourceArn"], arn(&queue));
        assert_eq!(attributes["ApproximateReceiveCount"], "2");
        for kept in ["SenderId", "MessageGroupId", "MessageDeduplicationId"] {
            assert_eq!(attributes.get(kept), first[0]["Attributes"].get(kept), "{kept}");
        }
        assert_eq!(attributes.get("SequenceNumber").is_some(), !end.is_empty());
    }
}
