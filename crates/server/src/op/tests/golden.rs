//! The golden exchanges, in a sequence that makes sense: each request as an SDK wrote it gets the answer
//! that AWS gave, but for what a server makes up.

use super::support::{BASE, Got, LOCAL, REQUEST_ID, Server, golden};
use crate::context::Origin;
use crate::reject;
use postrider_iam::{Denied, PolicyKind, Reason};
use postrider_wire::response::encode_error;
use postrider_wire::{Protocol, Service};
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// What servers make up, by the names of JSON members and XML elements.
const MADE_UP: [&str; 8] = [
    "MessageId",
    "SequenceNumber",
    "TaskHandle",
    "ReceiptHandle",
    "SenderId",
    "SentTimestamp",
    "ApproximateFirstReceiveTimestamp",
    "SubscriptionArn",
];

fn case(file: &str, id: &str) -> Value {
    let cases = golden(file)["cases"].as_array().unwrap().clone();
    cases.into_iter().find(|case| case["id"] == id).unwrap_or_else(|| panic!("{file} has no {id}"))
}

/// Sends a golden request, with a text replaced by another, and compares the answers.
async fn exchange(server: &Server, file: &str, id: &str, edit: Option<(&str, &str)>) -> Got {
    let case = case(file, id);
    let body =
        case["request"]["body"].as_str().map_or_else(|| case["request"]["body"].to_string(), str::to_owned);
    let body = edit.map_or_else(|| body.clone(), |(from, to)| body.replace(from, to));
    let expected = &case["response"];
    let got = match file {
        "sqs-json" => {
            let action = case["action"].as_str().unwrap();
            server.sqs(action, serde_json::from_str(&body).unwrap()).await
        }
        "sqs-query" => server.form_body(Service::Sqs, &body).await,
        _ => server.form_body(Service::Sns, &body).await,
    };
    assert_eq!(Some(u64::from(got.status)), expected["status"].as_u64(), "{file} {id}: {}", got.body);
    let error = expected["headers"].get("x-amzn-query-error").and_then(Value::as_str);
    assert_eq!(got.query_error, error, "{file} {id}");
    match (&expected["body"], file) {
        (Value::String(text), "sqs-json") => assert_eq!(&got.body, text, "{file} {id}"),
        (Value::String(text), _) => {
            assert_eq!(masked_xml(&got.body), masked_xml(text), "{file} {id}");
        }
        (value, _) => {
            let got: Value = serde_json::from_str(&got.body).unwrap();
            assert_eq!(masked(&got), masked(value), "{file} {id}");
        }
    }
    got
}

fn masked(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| {
                let value = if MADE_UP.contains(&name.as_str()) { json!("*") } else { masked(value) };
                (name.clone(), value)
            })
            .collect(),
        Value::Array(items) => items.iter().map(masked).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn masked_xml(text: &str) -> String {
    // Both are the same text to a parser.
    let mut masked = text.replace("&quot;", "\"");
    for name in MADE_UP {
        for (open, close) in [
            (format!("<{name}>"), format!("</{name}>")),
            (format!("<Attribute><Name>{name}</Name><Value>"), "</Value>".to_owned()),
        ] {
            let mut rest = masked.as_str();
            let mut next = String::new();
            while let Some((before, after)) = rest.split_once(&open) {
                let (_, after) = after.split_once(&close).unwrap();
                next.extend([before, &open, "*", &close]);
                rest = after;
            }
            next.push_str(rest);
            masked = next;
        }
    }
    // Of this sentence the golden files have the beginning.
    if let Some((before, after)) = masked.split_once("Invalid characters found.") {
        let (_, after) = after.split_once("</Message>").unwrap();
        masked = format!("{before}Invalid characters found.</Message>{after}");
    }
    // Where a filter policy is wrong, AWS adds the position, which nobody compares.
    if let (Some(from), Some(to)) = (masked.find("\n at [Source"), masked.find("</Message>")) {
        masked.replace_range(from..to, "");
    }
    masked
}

#[tokio::test(flavor = "multi_thread")]
async fn sqs_in_json() {
    let server = Server::open(1);
    let go = |id: &'static str| exchange(&server, "sqs-json", id, None);
    go("create-queue").await;
    go("create-queue").await;
    go("create-queue-conflict").await;
    go("get-queue-url-missing").await;
    server.sqs("CreateQueue", json!({"QueueName": "orders-dead"})).await;
    go("list-queues-page").await;
    go("list-queues-none").await;
    go("set-attributes-unknown").await;
    go("receive-empty").await;
    go("receive-too-many").await;
    go("send-attributes").await;
    go("send-empty").await;
    go("send-bad-chars").await;
    go("send-batch-same-ids").await;
    go("delete-garbage").await;
    let size = |bytes: &str| json!({"QueueUrl": "orders", "Attributes": {"MaximumMessageSize": bytes}});
    server.sqs("SetQueueAttributes", size("1024")).await;
    go("send-batch-partial").await;
    server.sqs("SetQueueAttributes", size("1048576")).await;
    server.sqs("PurgeQueue", json!({"QueueUrl": "orders"})).await;
    go("purge-twice").await;

    let delay = Some(("\"DelaySeconds\":5", "\"DelaySeconds\":0"));
    exchange(&server, "sqs-json", "send-attributes", delay).await;
    let received = go("receive-selected").await.json();
    let handle = received["Messages"][0]["ReceiptHandle"].as_str().unwrap();
    let given = Some(("AQEBc2FtcGxlLWhhbmRsZS0x", handle));
    exchange(&server, "sqs-json", "change-visibility-batch", given).await;
    exchange(&server, "sqs-json", "delete", given).await;
    exchange(&server, "sqs-json", "delete", given).await;
    go("receive-empty").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifo_in_json() {
    let server = Server::open(1);
    let go = |id: &'static str| exchange(&server, "sqs-json", id, None);
    go("create-fifo").await;
    go("create-fifo").await;
    go("send-fifo-no-group").await;
    let first = go("send-fifo").await.json();
    assert_eq!(go("send-fifo").await.json(), first, "the same content is the same message");
    let ask = json!({"QueueUrl": "orders.fifo", "MaxNumberOfMessages": 10, "AttributeNames": ["All"]});
    let received = server.sqs("ReceiveMessage", ask).await.json();
    let [message] = &received["Messages"].as_array().unwrap()[..] else { panic!("{received}") };
    let note = case("sqs-json", "send-fifo")["note"].as_str().unwrap().to_owned();
    let id = note.rsplit(' ').next().unwrap();
    assert_eq!(message["Attributes"]["MessageDeduplicationId"], id);
    assert_eq!(message["Attributes"]["MessageGroupId"], "customer-9");
    assert_eq!(message["Attributes"]["SequenceNumber"], first["SequenceNumber"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_in_json() {
    let server = Server::open(1);
    let go = |id: &'static str| exchange(&server, "sqs-json", id, None);
    go("create-queue").await;
    server.sqs("CreateQueue", json!({"QueueName": "orders-dead"})).await;
    server.sqs("CreateQueue", json!({"QueueName": "orders-gone"})).await;
    go("set-attributes").await;
    go("list-dead-letter-sources").await;
    go("cancel-move-unknown").await;

    // First a task whose destination goes away, then one that has nowhere else to go than back.
    for body in ["1", "2", "3"] {
        server.sqs("SendMessage", json!({"QueueUrl": "orders-dead", "MessageBody": body})).await;
    }
    let arn = |name: &str| format!("arn:aws:sqs:us-east-1:210987654321:{name}");
    let to = json!({"SourceArn": arn("orders-dead"), "DestinationArn": arn("orders-gone"),
        "MaxNumberOfMessagesPerSecond": 1});
    assert_eq!(server.sqs("StartMessageMoveTask", to).await.status, 200);
    server.sqs("DeleteQueue", json!({"QueueUrl": "orders-gone"})).await;
    let ask = &case("sqs-json", "list-moves")["request"]["body"];
    let ended = async {
        loop {
            let listed = server.sqs("ListMessageMoveTasks", ask.clone()).await.json();
            if listed["Results"][0]["Status"] != "RUNNING" {
                break listed;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let listed = tokio::time::timeout(Duration::from_secs(30), ended).await.expect("the task ends");
    let golden = case("sqs-json", "list-moves")["response"]["body"]["Results"].clone();
    let failed = &listed["Results"][0];
    assert_eq!(members(failed, &["MaxNumberOfMessagesPerSecond"]), members(&golden[1], &[]));
    for told in ["Status", "SourceArn", "DestinationArn", "FailureReason"] {
        assert_eq!(failed[told], golden[1][told], "{told}");
    }
    go("start-move").await;
    let listed = server.sqs("ListMessageMoveTasks", ask.clone()).await.json();
    assert_eq!(listed["Results"].as_array().unwrap().len(), 2, "newest first: {listed}");
    assert_eq!(&listed["Results"][1], failed);
}

/// The names of an object's members without some of them, sorted.
fn members<'v>(object: &'v Value, without: &[&str]) -> Vec<&'v str> {
    let names = object.as_object().unwrap().keys().map(String::as_str);
    let mut names: Vec<_> = names.filter(|name| !without.contains(name)).collect();
    names.sort_unstable();
    names
}

#[test]
fn a_refusal_in_json() {
    let case = case("sqs-json", "send-denied");
    let denied = Denied::Refused {
        principal: "arn:aws:iam::210987654321:user/reader".to_owned(),
        action: "sqs:SendMessage".to_owned(),
        resource: "arn:aws:sqs:us-east-1:210987654321:orders".to_owned(),
        reason: Reason::NothingAllows(PolicyKind::Identity),
    };
    let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let origin = Origin { scheme_and_host: BASE, path: "/", trace_id: None, peer, local: LOCAL };
    let error = reject::denied(&denied, Service::Sqs, &origin);
    let got = encode_error(Protocol::Json, Service::Sqs, &error, REQUEST_ID);
    let body: Value = serde_json::from_slice(&got.body).unwrap();
    let expected = &case["response"];
    assert_eq!((Some(u64::from(got.status)), &body), (expected["status"].as_u64(), &expected["body"]));
    assert_eq!(got.query_error, expected["headers"]["x-amzn-query-error"].as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn all_attributes_of_a_queue() {
    let server = Server::open(1);
    exchange(&server, "sqs-json", "create-queue", None).await;
    server.sqs("CreateQueue", json!({"QueueName": "orders-dead"})).await;
    exchange(&server, "sqs-json", "set-attributes", None).await;
    for body in ["1", "2", "3", "4"] {
        server.sqs("SendMessage", json!({"QueueUrl": "orders", "MessageBody": body})).await;
    }
    server.sqs("ReceiveMessage", json!({"QueueUrl": "orders"})).await;
    let case = case("sqs-json", "get-attributes-all");
    let got = server.sqs("GetQueueAttributes", case["request"]["body"].clone()).await.json();
    let mut expected = case["response"]["body"]["Attributes"].as_object().unwrap().clone();
    let got = got["Attributes"].as_object().unwrap();
    for made_up in ["CreatedTimestamp", "LastModifiedTimestamp"] {
        let seconds: u64 = got[made_up].as_str().unwrap().parse().unwrap();
        assert!(seconds > 1_700_000_000);
        expected.insert(made_up.to_owned(), got[made_up].clone());
    }
    assert_eq!(got, &expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn sqs_in_query() {
    let server = Server::open(1);
    let go = |id: &'static str| exchange(&server, "sqs-query", id, None);
    go("create-queue").await;
    go("missing-queue").await;
    go("get-attributes").await;
    go("tags").await;
    go("receive-empty").await;
    go("send-attributes").await;
    let received = go("receive").await;
    let handle = received.text("ReceiptHandle").to_owned();
    exchange(&server, "sqs-query", "delete", Some(("AQEBc2FtcGxlLWhhbmRsZS0x", &handle))).await;
    go("receive-empty").await;
    go("send-batch-partial").await;
    let received = server.form(Service::Sqs, "ReceiveMessage", &[("QueueUrl", "orders")]).await;
    let handle = received.text("ReceiptHandle").to_owned();
    exchange(&server, "sqs-query", "delete-batch", Some(("AQEBc2FtcGxlLWhhbmRsZS0x", &handle))).await;
    go("add-permission").await;
    exchange(&server, "sqs-json", "create-fifo", None).await;
    go("list-queues").await;
}

/// No exchange is left out: a new one in the golden files fails here until a test makes it.
#[test]
fn every_exchange_is_made() {
    let here = include_str!("golden.rs");
    for file in ["sqs-json", "sqs-query", "sns"] {
        for case in golden(file)["cases"].as_array().unwrap() {
            let id = case["id"].as_str().unwrap();
            assert!(here.contains(&format!("\"{id}\"")), "{file} {id}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sns_in_query() {
    let server = Server::open(1);
    let go = |id: &'static str| exchange(&server, "sns", id, None);
    go("create-topic").await;
    go("create-topic").await;
    go("topic-missing").await;
    go("topic-bad-arn").await;
    go("subscribe-bad-filter").await;
    let subscribed = go("subscribe-sqs").await;
    let arn = subscribed.text("SubscriptionArn").to_owned();
    assert_eq!(go("subscribe-sqs").await.text("SubscriptionArn"), arn);
    go("get-topic-attributes").await;
    go("list-tags").await;
    go("publish").await;
    go("publish-no-default").await;
    go("publish-batch-partial").await;
    go("publish-batch-too-many").await;
    go("unsubscribe").await;
    let own = "arn%3Aaws%3Asns%3Aus-east-1%3A210987654321%3Anews%3A5f0c2f6e-7b1d-4a53-9d7e-0c2b8a1e4d11";
    exchange(&server, "sns", "unsubscribe", Some((own, &arn))).await;
    let left = server.sns("ListSubscriptions", &[]).await;
    assert_eq!(left.texts("member").count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn sns_subscriptions_that_wait() {
    let server = Server::open(1);
    exchange(&server, "sns", "create-topic", None).await;
    exchange(&server, "sns", "subscribe-sqs", None).await;
    let pending = exchange(&server, "sns", "subscribe-http-pending", None).await;
    assert_eq!(pending.text("SubscriptionArn"), "pending confirmation");
    let golden = case("sns", "list-subscriptions-by-topic");
    let got = server.form_body(Service::Sns, golden["request"]["body"].as_str().unwrap()).await;
    let members = |body: &str| {
        let parts = masked_xml(body).split("<member>").skip(1).map(str::to_owned).collect::<Vec<_>>();
        let parts = parts.iter().map(|part| part.split_once("</member>").unwrap().0.to_owned());
        parts.collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(members(&got.body), members(golden["response"]["body"].as_str().unwrap()));
    let arns: Vec<_> = got.texts("SubscriptionArn").filter(|arn| !arn.starts_with("arn:")).collect();
    assert_eq!(arns, ["PendingConfirmation"]);
    let token = super::notices::claimed(&server).await.remove(0)["Token"].as_str().unwrap().to_owned();
    let given = "2336412f37fb687f5d51e6e2425a8a5872";
    let confirmed = exchange(&server, "sns", "confirm", Some((given, &token))).await;
    let arn = confirmed.text("SubscriptionArn").to_owned();
    assert!(arn.starts_with("arn:aws:sns:us-east-1:210987654321:news:"), "{arn}");
    assert_eq!(exchange(&server, "sns", "confirm", Some((given, &token))).await.text("SubscriptionArn"), arn);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifo_in_sns() {
    let server = Server::open(1);
    let fifo = [
        ("Name", "news.fifo"),
        ("Attributes.entry.1.key", "FifoTopic"),
        ("Attributes.entry.1.value", "true"),
    ];
    assert_eq!(server.sns("CreateTopic", &fifo).await.status, 200);
    let first = exchange(&server, "sns", "publish-fifo", None).await;
    let again = exchange(&server, "sns", "publish-fifo", None).await;
    assert_eq!(first.text("SequenceNumber").len(), 20);
    assert_eq!(first.body, again.body, "the same id is the same message");
}

#[test]
fn a_refusal_in_xml() {
    let case = case("sns", "publish-denied");
    let denied = Denied::Refused {
        principal: "arn:aws:iam::210987654321:user/reader".to_owned(),
        action: "sns:Publish".to_owned(),
        resource: "arn:aws:sns:us-east-1:210987654321:news".to_owned(),
        reason: Reason::NothingAllows(PolicyKind::Identity),
    };
    let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let origin = Origin { scheme_and_host: BASE, path: "/", trace_id: None, peer, local: LOCAL };
    let error = reject::denied(&denied, Service::Sns, &origin);
    let got = encode_error(Protocol::Query, Service::Sns, &error, REQUEST_ID);
    let expected = &case["response"];
    let body = std::str::from_utf8(&got.body).unwrap();
    assert_eq!(
        (Some(u64::from(got.status)), Some(body)),
        (expected["status"].as_u64(), expected["body"].as_str())
    );
}
