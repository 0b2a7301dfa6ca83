//! Operations from end to end, in this process: a request as an SDK writes it goes in, and the answer is
//! compared with what AWS answers.

mod dead_letters;
mod errors;
mod fan_out;
mod fifo;
mod filters;
mod golden;
mod groups;
mod large;
mod lists;
mod moves;
mod notices;
mod permissions;
mod platform;
mod redrive;
pub(crate) mod support;
mod topics;

use serde_json::json;
use support::Server;

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_judged_again_when_the_queue_changes() {
    let server = std::sync::Arc::new(Server::open(1));
    server.sqs("CreateQueue", json!({"QueueName": "q"})).await;
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..4 {
        let server = server.clone();
        tasks.spawn(async move {
            for round in 0..50 {
                let got = if task == 0 {
                    let attributes = json!({"DelaySeconds": (round % 2).to_string()});
                    server.sqs("SetQueueAttributes", json!({"QueueUrl": "q", "Attributes": attributes})).await
                } else {
                    server.sqs("SendMessage", json!({"QueueUrl": "q", "MessageBody": "m"})).await
                };
                assert_eq!(got.status, 200, "{}", got.body);
            }
        });
    }
    tasks.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_are_found_by_any_form_of_their_url() {
    let server = Server::open(1);
    server.sqs("CreateQueue", json!({"QueueName": "q"})).await;
    let account = support::ACCOUNT;
    let urls = [
        "q".to_owned(),
        format!("/{account}/q"),
        format!("https://sqs.us-east-1.amazonaws.com/{account}/q"),
        format!("http://localhost:9999/some/prefix/{account}/q?x=1"),
    ];
    for url in urls {
        let got = server.sqs("SendMessage", json!({"QueueUrl": url, "MessageBody": "m"})).await;
        assert_eq!(got.status, 200, "{url}: {}", got.body);
    }
    for url in ["http://localhost/q", "/000000000000/q", "/x/q", ""] {
        let got = server.sqs("SendMessage", json!({"QueueUrl": url, "MessageBody": "m"})).await;
        assert_eq!(got.code(), "AWS.SimpleQueueService.NonExistentQueue", "{url}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_read_back_when_none_fits_into_memory() {
    let server = Server::with_body_memory(1, 0);
    server.sqs("CreateQueue", json!({"QueueName": "q"})).await;
    server.sqs("SendMessage", json!({"QueueUrl": "q", "MessageBody": "from the log"})).await;
    let got = server.sqs("ReceiveMessage", json!({"QueueUrl": "q"})).await.json();
    assert_eq!(got["Messages"][0]["Body"], "from the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_header_comes_from_the_request_or_from_its_member() {
    let mut server = Server::open(1);
    server.trace_id = Some("Root=1-a");
    server.sqs("CreateQueue", json!({"QueueName": "q"})).await;
    let given = json!({"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-b"}});
    let sent = server.sqs("SendMessage", json!({"QueueUrl": "q", "MessageBody": "a"})).await.json();
    assert!(sent.get("MD5OfMessageSystemAttributes").is_none());
    let message = json!({"QueueUrl": "q", "MessageBody": "b", "MessageSystemAttributes": given});
    let sent = server.sqs("SendMessage", message).await.json();
    assert!(sent.get("MD5OfMessageSystemAttributes").is_some());
    let ask = json!({"QueueUrl": "q", "MaxNumberOfMessages": 10, "AttributeNames": ["AWSTraceHeader"]});
    let got = server.sqs("ReceiveMessage", ask).await.json();
    for message in got["Messages"].as_array().unwrap() {
        let expected = if message["Body"] == "a" { "Root=1-a" } else { "Root=1-b" };
        assert_eq!(message["Attributes"], json!({"AWSTraceHeader": expected}));
    }
    assert_eq!(got["Messages"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn attributes_go_around() {
    let server = Server::open(1);
    let policy = r#"{"Version":"2012-10-17","Statement":[]}"#;
    let attributes = json!({"Policy": policy, "KmsMasterKeyId": "alias/k", "VisibilityTimeout": "5"});
    let created = server.sqs("CreateQueue", json!({"QueueName": "q", "Attributes": attributes})).await;
    assert_eq!(created.status, 200, "{}", created.body);
    let all = json!({"QueueUrl": "q", "AttributeNames": ["All"]});
    let got = server.sqs("GetQueueAttributes", all.clone()).await.json();
    let attributes = &got["Attributes"];
    assert_eq!(attributes["Policy"], policy);
    assert_eq!(attributes["KmsDataKeyReusePeriodSeconds"], "300");
    assert_eq!(attributes["SqsManagedSseEnabled"], "false");
    assert_eq!(attributes["VisibilityTimeout"], "5");
    let off = json!({"QueueUrl": "q", "Attributes": {"Policy": "", "KmsMasterKeyId": ""}});
    server.sqs("SetQueueAttributes", off).await;
    let got = server.sqs("GetQueueAttributes", all).await.json();
    for gone in ["Policy", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds"] {
        assert!(got["Attributes"].get(gone).is_none(), "{gone}");
    }
    assert_eq!(got["Attributes"]["SqsManagedSseEnabled"], "false");
    assert_eq!(server.sqs("GetQueueAttributes", json!({"QueueUrl": "q"})).await.body, "{}");
}
