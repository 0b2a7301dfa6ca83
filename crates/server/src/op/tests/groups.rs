//! Message groups on standard queues (sqs 12): kept and shown, from senders and from topics, and counted.

use super::support::{ACCOUNT, Server};
use serde_json::{Value, json};

async fn shown(server: &Server) -> Vec<(Value, Value)> {
    let ask = json!({"QueueUrl": "q", "MaxNumberOfMessages": 10, "AttributeNames": ["All"],
        "ReceiveRequestAttemptId": "means-nothing-here"});
    let got = server.sqs("ReceiveMessage", ask).await.json();
    let messages = got["Messages"].as_array().cloned().unwrap_or_default();
    messages.into_iter().map(|message| (message["Body"].clone(), message["Attributes"].clone())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_shown_and_orders_nothing() {
    let server = Server::open(1);
    server.sqs("CreateQueue", json!({"QueueName": "q"})).await;
    let sent = json!({"QueueUrl": "q", "MessageBody": "a", "MessageGroupId": "g"});
    let sent = server.sqs("SendMessage", sent).await.json();
    assert!(sent.get("SequenceNumber").is_none(), "{sent}");
    let entries = json!([{"Id": "b", "MessageBody": "b", "MessageGroupId": "g"},
        {"Id": "c", "MessageBody": "c"},
        {"Id": "d", "MessageBody": "d", "MessageDeduplicationId": "d"},
        {"Id": "e", "MessageBody": "e", "MessageGroupId": ""}]);
    let got = server.sqs("SendMessageBatch", json!({"QueueUrl": "q", "Entries": entries})).await.json();
    let failed = got["Failed"].as_array().unwrap();
    assert_eq!(failed.iter().map(|entry| &entry["Id"]).collect::<Vec<_>>(), ["d", "e"]);
    let not_here = "Value d for parameter MessageDeduplicationId is invalid. \
        Reason: The request includes a parameter that is not valid for this queue type.";
    assert_eq!(failed[0]["Message"], not_here);

    let got = shown(&server).await;
    assert_eq!(got.len(), 3, "a group locks nothing");
    for (body, attributes) in got {
        let group = attributes.get("MessageGroupId");
        assert_eq!(group, (body != "c").then_some(&json!("g")), "{body}");
        assert!(attributes.get("SequenceNumber").is_none());
        assert!(attributes.get("MessageDeduplicationId").is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_hands_the_group_on() {
    for shards in [1, 4] {
        let server = Server::open(shards);
        server.sqs("CreateQueue", json!({"QueueName": "q"})).await;
        let topic = format!("arn:aws:sns:us-east-1:{ACCOUNT}:t");
        let queue = format!("arn:aws:sqs:us-east-1:{ACCOUNT}:q");
        server.sns("CreateTopic", &[("Name", "t")]).await;
        let raw = [("Attributes.entry.1.key", "RawMessageDelivery"), ("Attributes.entry.1.value", "true")];
        let asked = [&[("TopicArn", &*topic), ("Protocol", "sqs"), ("Endpoint", &*queue)], &raw[..]].concat();
        server.sns("Subscribe", &asked).await;
        let published = [("TopicArn", &*topic), ("Message", "m"), ("MessageGroupId", "g")];
        let got = server.sns("Publish", &published).await;
        assert_eq!(got.status, 200, "{}", got.body);
        let ask = json!({"QueueUrl": "q", "WaitTimeSeconds": 20, "AttributeNames": ["MessageGroupId"]});
        let got = server.sqs("ReceiveMessage", ask).await.json();
        assert_eq!(got["Messages"][0]["Attributes"], json!({"MessageGroupId": "g"}), "{shards} shards");

        let wrong = [("TopicArn", &*topic), ("Message", "m"), ("MessageGroupId", "a b")];
        assert_eq!(server.sns("Publish", &wrong).await.code(), "InvalidParameter");
    }
}
