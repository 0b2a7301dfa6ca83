//! Every error that these operations can give, provoked by a request: the tables in `errors_sqs.json` and
//! `errors_sns.json`, and what a table cannot say.

use super::support::{Got, Server};
use postrider_iam::{Credentials, Gate};
use postrider_wire::Service;
use serde_json::{Value, json};
use std::time::Duration;

const TOPIC: &str = "arn:aws:sns:us-east-1:210987654321:news";
const GONE: &str = "arn:aws:sns:us-east-1:210987654321:gone";
const QUEUE: &str = "arn:aws:sqs:us-east-1:210987654321:q";
const ID: &str = "5f0c2f6e-7b1d-4a53-9d7e-0c2b8a1e4d11";

/// A row of a table.
pub(super) struct Case {
    pub(super) action: String,
    pub(super) members: Value,
    status: u16,
    code: String,
    message: String,
}

/// Reads a table, with texts in place of names in braces.
pub(super) fn table(text: &str, named: &[(&str, &str)]) -> Vec<Case> {
    let file: Value = serde_json::from_str(text).unwrap();
    let rows = file["cases"].as_array().unwrap();
    let read = |row: &Value| {
        let row = written_out(row, named);
        Case {
            action: row[0].as_str().unwrap().to_owned(),
            members: row[1].clone(),
            status: u16::try_from(row[2].as_u64().unwrap()).unwrap(),
            code: row[3].as_str().unwrap().to_owned(),
            message: row[4].as_str().unwrap().to_owned(),
        }
    };
    rows.iter().map(read).collect()
}

fn written_out(value: &Value, named: &[(&str, &str)]) -> Value {
    let text = |text: &str| {
        let text = named.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value));
        match text.split_once("<x*").and_then(|(before, rest)| Some((before, rest.split_once('>')?))) {
            Some((before, (count, after))) => {
                format!("{before}{}{after}", "x".repeat(count.parse().unwrap()))
            }
            None => text.clone(),
        }
    };
    match value {
        Value::String(given) => Value::String(text(given)),
        Value::Array(items) => items.iter().map(|item| written_out(item, named)).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (text(name), written_out(value, named))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

pub(super) fn check(got: &Got, case: &Case) {
    let Case { action, members, status, code, message } = case;
    let about = || format!("{action} {:.300} {}", members.to_string(), got.body);
    assert_eq!((got.status, got.code(), &got.message()), (*status, &**code, message), "{}", about());
    match got.query_error {
        Some(error) => assert_eq!(error, format!("{code};Sender"), "{}", about()),
        None => assert_eq!(got.text("Type"), "Sender", "{}", about()),
    }
}

fn on(queue: &str, mut members: Value) -> Value {
    members["QueueUrl"] = json!(queue);
    members
}

async fn sqs_server() -> Server {
    let server = Server::open(1);
    for queue in ["q", "purged", "deleted"] {
        server.sqs("CreateQueue", json!({"QueueName": queue})).await;
    }
    let small = json!({"MaximumMessageSize": "1024"});
    server.sqs("CreateQueue", json!({"QueueName": "small", "Attributes": small})).await;
    let fifo = json!({"MaximumMessageSize": "1024", "FifoQueue": "true"});
    server.sqs("CreateQueue", json!({"QueueName": "f.fifo", "Attributes": fifo})).await;
    server
}

async fn handle(server: &Server) -> String {
    server.sqs("SendMessage", on("q", json!({"MessageBody": "m"}))).await;
    let got = server.sqs("ReceiveMessage", on("q", json!({}))).await.json();
    got["Messages"][0]["ReceiptHandle"].as_str().unwrap().to_owned()
}

/// A handle of a message in a FIFO queue that is visible again.
async fn expired(server: &Server) -> String {
    let message = json!({"MessageBody": "m", "MessageGroupId": "g", "MessageDeduplicationId": "expired"});
    server.sqs("SendMessage", on("f.fifo", message)).await;
    let got = server.sqs("ReceiveMessage", on("f.fifo", json!({"VisibilityTimeout": 0}))).await.json();
    got["Messages"][0]["ReceiptHandle"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sqs() {
    let server = sqs_server().await;
    let deleted = handle(&server).await;
    assert_eq!(server.sqs("DeleteMessage", on("q", json!({"ReceiptHandle": deleted}))).await.status, 200);
    assert_eq!(server.sqs("PurgeQueue", on("purged", json!({}))).await.status, 200);
    assert_eq!(server.sqs("DeleteQueue", on("deleted", json!({}))).await.status, 200);
    let handle = handle(&server).await;
    let expired = expired(&server).await;
    // A full timeout that starts after the receive is beyond the limit since the receive.
    tokio::time::sleep(Duration::from_millis(5)).await;
    let named = [("{handle}", &*handle), ("{deleted}", &*deleted), ("{expired}", &*expired)];
    for case in table(include_str!("errors_sqs.json"), &named) {
        check(&server.sqs(&case.action, case.members.clone()).await, &case);
    }
    let got = server.sqs("SetQueueAttributes", json!({"QueueUrl": "q", "Attributes": 5})).await;
    assert_eq!((got.status, got.code()), (400, "MalformedInput"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_missing_queue_before_all_others() {
    const MISSING: &str = "AWS.SimpleQueueService.NonExistentQueue";
    let server = sqs_server().await;
    let wrong = on("nowhere", json!({"MessageBody": "", "Entries": [], "MaxNumberOfMessages": 11}));
    let actions = "SendMessage SendMessageBatch ReceiveMessage DeleteMessage DeleteMessageBatch \
        ChangeMessageVisibility ChangeMessageVisibilityBatch GetQueueAttributes SetQueueAttributes DeleteQueue \
        PurgeQueue TagQueue UntagQueue ListQueueTags AddPermission RemovePermission ListDeadLetterSourceQueues";
    for action in actions.split_whitespace() {
        for members in [wrong.clone(), json!({"MessageBody": "m"})] {
            let got = server.sqs(action, members).await;
            assert_eq!((got.status, got.code()), (400, MISSING), "{action}");
            assert_eq!(got.message(), "The specified queue does not exist.");
        }
        let got = server.form(Service::Sqs, action, &[("QueueUrl", "http://h/210987654321/nowhere")]).await;
        assert_eq!((got.status, got.code()), (400, MISSING), "{action}");
        assert_eq!(got.message(), "The specified queue does not exist for this wsdl version.");
    }
    let other = json!({"QueueName": "q", "QueueOwnerAWSAccountId": "000000000001"});
    assert_eq!(server.sqs("GetQueueUrl", other).await.code(), MISSING);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_single_entries_of_a_batch() {
    const VALUE: &str = "InvalidParameterValue";
    let server = sqs_server().await;
    let entries = json!([
        {"Id": "gone"},
        {"Id": "good", "MessageBody": "m"},
        {"Id": "dull", "MessageBody": "\u{1}"},
        {"Id": "long", "MessageBody": "x".repeat(1025)},
        {"Id": "late", "MessageBody": "m", "DelaySeconds": 901},
        {"Id": "fine", "MessageBody": "m"},
    ]);
    let got = server.sqs("SendMessageBatch", on("small", json!({"Entries": entries}))).await.json();
    let field = |got: &Value, list: &str, field: &str| {
        let entries = got[list].as_array().unwrap();
        entries.iter().map(|entry| entry[field].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(field(&got, "Successful", "Id"), ["good", "fine"]);
    assert_eq!(field(&got, "Failed", "Id"), ["gone", "dull", "long", "late"]);
    assert_eq!(field(&got, "Failed", "Code"), ["MissingParameter", "InvalidMessageContents", VALUE, VALUE]);
    let too_long =
        "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes.";
    assert_eq!(field(&got, "Failed", "Message")[2], too_long);

    let entries = json!([
        {"Id": "a", "VisibilityTimeout": 1},
        {"Id": "b", "ReceiptHandle": "x"},
        {"Id": "c", "ReceiptHandle": "x", "VisibilityTimeout": 43201},
        {"Id": "d", "ReceiptHandle": "x", "VisibilityTimeout": 1},
    ]);
    let got = server.sqs("ChangeMessageVisibilityBatch", on("q", json!({"Entries": entries}))).await.json();
    let expected = ["MissingParameter", "MissingParameter", VALUE, "ReceiptHandleIsInvalid"];
    assert_eq!(field(&got, "Failed", "Code"), expected);
}

async fn sns_server() -> (Server, String) {
    let server = Server::open(1);
    let asked = [
        ("Name", "news"),
        ("Tags.member.1.Key", "a"),
        ("Tags.member.1.Value", "b"),
        ("Attributes.entry.1.key", "MaximumMessageSize"),
        ("Attributes.entry.1.value", "1024"),
    ];
    assert_eq!(server.sns("CreateTopic", &asked).await.status, 200);
    let subscribed = [("TopicArn", TOPIC), ("Protocol", "sqs"), ("Endpoint", QUEUE)];
    let arn = server.sns("Subscribe", &subscribed).await.text("SubscriptionArn").to_owned();
    for (name, attribute, value) in [
        ("steps.fifo", "DisplayName", "Steps"),
        ("kept.fifo", "ArchivePolicy", "{\"MessageRetentionPeriod\":1}"),
    ] {
        let asked = [
            ("Name", name),
            ("Attributes.entry.1.key", "FifoTopic"),
            ("Attributes.entry.1.value", "true"),
            ("Attributes.entry.2.key", attribute),
            ("Attributes.entry.2.value", value),
        ];
        assert_eq!(server.sns("CreateTopic", &asked).await.status, 200);
    }
    (server, arn)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sns() {
    let (server, arn) = sns_server().await;
    let subscribed = [
        ("TopicArn", TOPIC),
        ("Protocol", "http"),
        ("Endpoint", "http://example.com"),
        ("ReturnSubscriptionArn", "true"),
    ];
    let pending = server.sns("Subscribe", &subscribed).await.text("SubscriptionArn").to_owned();
    for case in table(include_str!("errors_sns.json"), &[("{arn}", &arn), ("{pending}", &pending)]) {
        let members = case.members.as_object().unwrap();
        let asked: Vec<_> = members.iter().map(|(name, value)| (&**name, value.as_str().unwrap())).collect();
        check(&server.sns(&case.action, &asked).await, &case);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn none_of_sns_where_nothing_is_left_to_do() {
    let (server, arn) = sns_server().await;
    assert_eq!(server.sns("Publish", &[("TargetArn", TOPIC), ("Message", "m")]).await.status, 200);
    for arn in [&format!("{TOPIC}:{ID}"), &format!("{GONE}:{ID}"), &arn, &arn] {
        assert_eq!(server.sns("Unsubscribe", &[("SubscriptionArn", arn)]).await.status, 200);
    }
    for arn in [GONE, TOPIC, TOPIC] {
        assert_eq!(server.sns("DeleteTopic", &[("TopicArn", arn)]).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn for_nobody_in_particular_where_signatures_are_enforced() {
    let (mut server, arn) = sns_server().await;
    server.sqs("CreateQueue", json!({"QueueName": "q"})).await;
    server.context.gate = Gate::enforcing(Credentials::default());
    server.signs = false;
    let got = server.sqs("SendMessage", json!({"QueueUrl": "/210987654321/q", "MessageBody": "m"})).await;
    assert_eq!((got.status, got.query_error), (403, Some("AccessDenied;Sender")));
    assert_eq!(got.message(), "Access to the resource http://mq.example.test:4100/ is denied.");
    assert!(got.body.contains("\"Message\""), "{}", got.body);

    let got = server.sns("Publish", &[("TopicArn", TOPIC), ("Message", "m")]).await;
    assert_eq!((got.status, got.code()), (403, "MissingAuthenticationToken"));
    assert_eq!(got.message(), "Request is missing Authentication Token");
    // Links in envelopes work for what is gone, but end no subscription of a queue.
    let got = server.sns("Unsubscribe", &[("SubscriptionArn", &*arn)]).await;
    assert_eq!((got.status, got.code()), (403, "AuthorizationError"));
    assert_eq!(server.sns("Unsubscribe", &[("SubscriptionArn", &format!("{TOPIC}:{ID}"))]).await.status, 200);
}
