//! AddPermission and RemovePermission: what becomes of the policy (auth 6).

use super::redrive::{arn, attribute, create, query, set};
use super::support::Server;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::task::JoinSet;

fn permission(label: &str, accounts: &[&str], actions: &[&str]) -> Value {
    json!({"QueueUrl": "q", "Label": label, "AWSAccountIds": accounts, "Actions": actions})
}

async fn open() -> Server {
    let server = Server::open(1);
    create(&server, "q", json!({})).await;
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_permission_makes_a_policy_and_the_last_takes_it_away() {
    let server = open().await;
    let got = server.sqs("AddPermission", permission("one", &["123450000001"], &["SendMessage"])).await;
    assert_eq!((got.status, &*got.body), (200, ""));
    let queue = arn("q");
    let one = format!(
        r#"{{"Sid":"one","Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::123450000001:root"}},"Action":"SQS:SendMessage","Resource":"{queue}"}}"#
    );
    let beginning = format!(r#"{{"Version":"2008-10-17","Id":"{queue}/SQSDefaultPolicy","Statement":"#);
    assert_eq!(attribute(&server, "q", "Policy").await, format!("{beginning}[{one}]}}"));

    let accounts = ["123450000001", "123450000002"];
    let got = query(&server, "AddPermission", &permission("two", &accounts, &["*", "GetQueueUrl"])).await;
    assert_eq!(got.status, 200, "{}", got.body);
    let two = format!(
        r#"{{"Sid":"two","Effect":"Allow","Principal":{{"AWS":["arn:aws:iam::123450000001:root","arn:aws:iam::123450000002:root"]}},"Action":["SQS:*","SQS:GetQueueUrl"],"Resource":"{queue}"}}"#
    );
    assert_eq!(attribute(&server, "q", "Policy").await, format!("{beginning}[{one},{two}]}}"));

    let got = server.sqs("RemovePermission", json!({"QueueUrl": "q", "Label": "one"})).await;
    assert_eq!((got.status, &*got.body), (200, ""));
    assert_eq!(attribute(&server, "q", "Policy").await, format!("{beginning}[{two}]}}"));
    assert_eq!(
        query(&server, "RemovePermission", &json!({"QueueUrl": "q", "Label": "two"})).await.status,
        200
    );
    assert_eq!(attribute(&server, "q", "Policy").await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_is_there_keeps_all_that_it_says() {
    let server = open().await;
    let sent = r#"{"Version":"2012-10-17", "Statement": {"Sid":"mine", "Effect":"Deny","NotAction" : "x"},"Id":"a/b"}"#;
    assert_eq!(set(&server, "q", json!({"Policy": sent})).await.status, 200);
    assert_eq!(attribute(&server, "q", "Policy").await, sent);
    let add = permission("two", &["123450000001"], &["ReceiveMessage"]);
    assert_eq!(server.sqs("AddPermission", add).await.status, 200);
    let got = attribute(&server, "q", "Policy").await;
    let got = got.as_str().unwrap();
    let start = r#"{"Version":"2012-10-17","Statement":[{"Sid":"mine", "Effect":"Deny","NotAction" : "x"},{"Sid":"two","#;
    assert!(got.starts_with(start) && got.ends_with(r#"],"Id":"a/b"}"#), "{got}");
    let got = server.sqs("AddPermission", permission("mine", &["123450000001"], &["*"])).await;
    assert_eq!((got.status, got.message().contains("Already exists.")), (400, true));
    assert_eq!(set(&server, "q", json!({"Policy": ""})).await.status, 200);
    assert_eq!(attribute(&server, "q", "Policy").await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_permission_is_lost_when_many_are_added_at_the_same_time() {
    let server = Arc::new(open().await);
    let mut tasks = JoinSet::new();
    for n in 0..12 {
        let server = server.clone();
        tasks.spawn(async move {
            let add = permission(&format!("label-{n}"), &["123450000001"], &["SendMessage"]);
            server.sqs("AddPermission", add).await.status
        });
    }
    assert_eq!(tasks.join_all().await, [200; 12]);
    let policy: Value =
        serde_json::from_str(attribute(&server, "q", "Policy").await.as_str().unwrap()).unwrap();
    let mut labels: Vec<&str> =
        policy["Statement"].as_array().unwrap().iter().map(|one| one["Sid"].as_str().unwrap()).collect();
    labels.sort_unstable();
    let mut expected: Vec<String> = (0..12).map(|n| format!("label-{n}")).collect();
    expected.sort_unstable();
    assert_eq!(labels, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_names_at_most_50_principals_and_each_statement_an_account_once() {
    let server = open().await;
    let accounts: Vec<String> = (0..51).map(|n| format!("1234500000{n:02}")).collect();
    let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
    let got = server.sqs("AddPermission", permission("many", &accounts, &["SendMessage"])).await;
    assert_eq!((got.status, got.code()), (403, "OverLimit"), "{}", got.body);
    assert_eq!(attribute(&server, "q", "Policy").await, Value::Null);

    let repeated = [&accounts[..50], &accounts[..50]].concat();
    let got = server.sqs("AddPermission", permission("many", &repeated, &["SendMessage"])).await;
    assert_eq!(got.status, 200, "{}", got.body);
    let policy: Value =
        serde_json::from_str(attribute(&server, "q", "Policy").await.as_str().unwrap()).unwrap();
    assert_eq!(policy["Statement"][0]["Principal"]["AWS"].as_array().unwrap().len(), 50);
    let got = server.sqs("AddPermission", permission("more", &accounts[..1], &["SendMessage"])).await;
    assert_eq!((got.status, got.code()), (403, "OverLimit"), "{}", got.body);
}
