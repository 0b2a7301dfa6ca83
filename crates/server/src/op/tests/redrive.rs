//! Dead-letter queues: which policies are taken, what they do, and who is a source of whom.

use super::errors::{check, table};
use super::support::{ACCOUNT, Got, Server};
use postrider_wire::Service;
use postrider_wire::sqs::TaskHandle;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The ARN of a queue.
pub(super) fn arn(name: &str) -> String {
    format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{name}")
}

/// A `RedrivePolicy`.
pub(super) fn policy(target: &str, count: u32) -> String {
    json!({"deadLetterTargetArn": arn(target), "maxReceiveCount": count}).to_string()
}

/// Creates a queue.
pub(super) async fn create(server: &Server, name: &str, attributes: Value) {
    let got = server.sqs("CreateQueue", json!({"QueueName": name, "Attributes": attributes})).await;
    assert_eq!(got.status, 200, "{name}: {}", got.body);
}

/// Sets attributes.
pub(super) async fn set(server: &Server, queue: &str, attributes: Value) -> Got {
    server.sqs("SetQueueAttributes", json!({"QueueUrl": queue, "Attributes": attributes})).await
}

/// One attribute; `Null` if the queue does not have it.
pub(super) async fn attribute(server: &Server, queue: &str, name: &str) -> Value {
    let got = server.sqs("GetQueueAttributes", json!({"QueueUrl": queue, "AttributeNames": [name]})).await;
    got.json()["Attributes"][name].clone()
}

/// Sends messages and has them received until they are in the dead-letter queue, to which one receive is too many.
pub(super) async fn spend(server: &Server, queue: &str, dead: &str, count: usize) {
    let arrived = async || {
        let waiting = attribute(server, dead, "ApproximateNumberOfMessages").await;
        waiting.as_str().unwrap().parse::<usize>().unwrap()
    };
    let expected = arrived().await + count;
    for number in 0..count {
        server.sqs("SendMessage", json!({"QueueUrl": queue, "MessageBody": number.to_string()})).await;
    }
    let ask = json!({"QueueUrl": queue, "MaxNumberOfMessages": 10, "VisibilityTimeout": 0});
    let bound = Instant::now() + Duration::from_secs(60);
    while arrived().await < expected {
        assert!(Instant::now() < bound, "messages stay in {queue}");
        server.sqs("ReceiveMessage", ask.clone()).await;
    }
}

/// The parameters of a request in Query.
pub(super) fn parameters(members: &Value) -> Vec<(String, String)> {
    let scalar = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut parameters = Vec::new();
    for (name, value) in members.as_object().unwrap() {
        match value {
            Value::Object(attributes) => {
                for (at, (name, value)) in attributes.iter().enumerate() {
                    parameters.push((format!("Attribute.{}.Name", at + 1), name.clone()));
                    parameters.push((format!("Attribute.{}.Value", at + 1), scalar(value)));
                }
            }
            Value::Array(items) => {
                let name = if name == "Actions" { "ActionName" } else { "AWSAccountId" };
                let items = items.iter().enumerate();
                parameters.extend(items.map(|(at, item)| (format!("{name}.{}", at + 1), scalar(item))));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                parameters.push((name.clone(), scalar(value)));
            }
        }
    }
    parameters
}

/// Asks in Query.
pub(super) async fn query(server: &Server, action: &str, members: &Value) -> Got {
    let parameters = parameters(members);
    let parameters: Vec<_> = parameters.iter().map(|(name, value)| (&**name, &**value)).collect();
    server.form(Service::Sqs, action, &parameters).await
}

/// The queues that the table of errors speaks of. Answers with the handle of a task that has ended.
async fn redrive_server(server: &mut Server) -> String {
    for name in ["q", "dead", "busy", "busy-dead", "p"] {
        create(server, name, json!({})).await;
    }
    create(server, "guarded", json!({"RedriveAllowPolicy": r#"{"redrivePermission":"denyAll"}"#})).await;
    let choosy = json!({"redrivePermission": "byQueue", "sourceQueueArns": [arn("dead")]}).to_string();
    create(server, "choosy", json!({"RedriveAllowPolicy": choosy})).await;
    create(server, "kms", json!({"KmsMasterKeyId": "alias/k"})).await;
    for name in ["f.fifo", "dead.fifo"] {
        create(server, name, json!({"FifoQueue": "true"})).await;
    }
    server.account = "000000000042";
    create(server, "theirs", json!({})).await;
    server.account = ACCOUNT;
    assert_eq!(set(server, "q", json!({"RedrivePolicy": policy("dead", 1)})).await.status, 200);
    assert_eq!(set(server, "busy", json!({"RedrivePolicy": policy("busy-dead", 1)})).await.status, 200);
    let there = json!({"QueueUrl": "p", "Label": "there", "AWSAccountIds": [ACCOUNT], "Actions": ["*"]});
    assert_eq!(server.sqs("AddPermission", there).await.status, 200);
    let full = json!({"Statement": vec![json!({}); 20]}).to_string();
    create(server, "full", json!({"Policy": full})).await;

    let start = |members| server.sqs("StartMessageMoveTask", members);
    let ended = start(json!({"SourceArn": arn("dead")})).await.json();
    spend(server, "busy", "busy-dead", 100).await;
    let busy = json!({"SourceArn": arn("busy-dead"), "MaxNumberOfMessagesPerSecond": 1});
    assert_eq!(start(busy).await.status, 200);
    let list = json!({"SourceArn": arn("dead")});
    while server.sqs("ListMessageMoveTasks", list.clone()).await.json()["Results"][0]["Status"] == "RUNNING" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    ended["TaskHandle"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_the_same_in_both_protocols_and_change_nothing() {
    for shards in [1, 4] {
        let mut server = Server::open(shards);
        let ended = redrive_server(&mut server).await;
        let handle = |source: &str, id: &str| {
            TaskHandle { task_id: id.to_owned(), source_arn: source.to_owned() }.encode()
        };
        let id = "5a7d0c1e-0000-4000-8000-000000000007";
        let handles = [
            ("{handle:ended}", ended),
            ("{handle:unknown}", handle(&arn("dead"), id)),
            ("{handle:no uuid}", handle(&arn("dead"), "7")),
            ("{handle:gone}", handle(&arn("gone"), id)),
            ("{handle:elsewhere}", handle(&arn("dead").replace("us-east-1", "eu-west-1"), id)),
            ("{handle:no arn}", handle("dead", id)),
        ];
        let prefix = arn("");
        let mut named = vec![("{A}", prefix.as_str())];
        named.extend(handles.iter().map(|(name, handle)| (*name, handle.as_str())));
        let before = everything(&server).await;
        for case in table(include_str!("errors_redrive.json"), &named) {
            check(&server.sqs(&case.action, case.members.clone()).await, &case);
            check(&query(&server, &case.action, &case.members).await, &case);
        }
        assert_eq!(everything(&server).await, before, "{shards} shards");
    }
}

/// All attributes of the queues that the table tries to change.
async fn everything(server: &Server) -> Vec<Value> {
    let mut all = Vec::new();
    for queue in ["q", "dead", "p", "full", "kms", "f.fifo", "dead.fifo"] {
        let ask = json!({"QueueUrl": queue, "AttributeNames": ["All"]});
        all.push(server.sqs("GetQueueAttributes", ask).await.json());
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_queue_comes_first() {
    let server = Server::open(1);
    let members = json!({"QueueUrl": "nowhere", "MaxResults": 0, "Label": "", "Actions": ["x"]});
    for action in ["AddPermission", "RemovePermission", "ListDeadLetterSourceQueues", "SetQueueAttributes"] {
        for members in [&members, &json!({"QueueUrl": "nowhere"}), &json!({})] {
            let got = server.sqs(action, members.clone()).await;
            assert_eq!(
                (got.status, got.code()),
                (400, "AWS.SimpleQueueService.NonExistentQueue"),
                "{action}"
            );
            assert_eq!(got.message(), "The specified queue does not exist.");
        }
        let got = query(&server, action, &json!({"QueueUrl": "nowhere"})).await;
        assert_eq!((got.status, got.code()), (400, "AWS.SimpleQueueService.NonExistentQueue"), "{action}");
        assert_eq!(got.message(), "The specified queue does not exist for this wsdl version.");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_policy_is_set_shown_compared_and_removed() {
    let server = Server::open(4);
    create(&server, "dead", json!({})).await;
    let sent = format!(r#"{{ "maxReceiveCount" : "3", "deadLetterTargetArn" : "{}" }}"#, arn("dead"));
    create(&server, "q", json!({"RedrivePolicy": sent})).await;
    assert_eq!(attribute(&server, "q", "RedrivePolicy").await, policy("dead", 3));
    // However it is written, it is the same policy.
    create(&server, "q", json!({"RedrivePolicy": policy("dead", 3)})).await;
    create(&server, "q", json!({"RedrivePolicy": sent, "VisibilityTimeout": "30"})).await;

    // What is only compared does not need the dead-letter queue any more.
    assert_eq!(server.sqs("DeleteQueue", json!({"QueueUrl": "dead"})).await.status, 200);
    create(&server, "q", json!({"RedrivePolicy": sent})).await;
    let other = json!({"QueueName": "q", "Attributes": {"RedrivePolicy": policy("dead", 4)}});
    assert_eq!(server.sqs("CreateQueue", other).await.code(), "QueueAlreadyExists");
    assert_eq!(set(&server, "q", json!({"RedrivePolicy": sent})).await.code(), "InvalidParameterValue");

    // All or nothing.
    let got = set(&server, "q", json!({"DelaySeconds": "9", "RedrivePolicy": policy("gone", 1)})).await;
    assert_eq!(got.status, 400);
    assert_eq!(attribute(&server, "q", "DelaySeconds").await, "0");

    assert_eq!(set(&server, "q", json!({"RedrivePolicy": ""})).await.body, "");
    assert_eq!(attribute(&server, "q", "RedrivePolicy").await, Value::Null);
    assert_eq!(set(&server, "q", json!({"RedrivePolicy": ""})).await.status, 200);
    assert_eq!(set(&server, "q", json!({"RedrivePolicy": policy("q", 1)})).await.status, 200, "itself");

    let sent = format!(r#"{{ "maxReceiveCount" : "3", "deadLetterTargetArn" : "{}" }}"#, arn("q"));
    let change = json!({"QueueUrl": "q", "Attributes": {"RedrivePolicy": sent}});
    assert_eq!(query(&server, "SetQueueAttributes", &change).await.status, 200);
    let asked = [("QueueUrl", "q"), ("AttributeName.1", "RedrivePolicy")];
    let got = server.form(Service::Sqs, "GetQueueAttributes", &asked).await;
    assert_eq!(got.text("Value").replace("&quot;", "\""), policy("q", 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_allow_policy_is_kept_as_sent_and_asked_when_a_source_is_made() {
    for shards in [1, 4] {
        let server = Server::open(shards);
        for name in ["dead", "a", "b"] {
            create(&server, name, json!({})).await;
        }
        let by_queue = format!(r#"{{"sourceQueueArns" :["{}"],  "redrivePermission":"byQueue"}}"#, arn("a"));
        assert_eq!(set(&server, "dead", json!({"RedriveAllowPolicy": by_queue})).await.status, 200);
        assert_eq!(attribute(&server, "dead", "RedriveAllowPolicy").await, by_queue);
        let redrive = json!({"RedrivePolicy": policy("dead", 2)});
        assert_eq!(set(&server, "a", redrive.clone()).await.status, 200);
        let got = set(&server, "b", redrive.clone()).await;
        assert_eq!((got.status, got.code()), (400, "InvalidParameterValue"));
        // A later change does not break a source.
        let deny = r#"{"redrivePermission":"denyAll"}"#;
        assert_eq!(set(&server, "dead", json!({"RedriveAllowPolicy": deny})).await.status, 200);
        assert_eq!(attribute(&server, "a", "RedrivePolicy").await, policy("dead", 2));
        assert_eq!(set(&server, "a", redrive.clone()).await.status, 400);
        for allow in [r#"{"redrivePermission":"allowAll"}"#, ""] {
            assert_eq!(set(&server, "dead", json!({"RedriveAllowPolicy": deny})).await.status, 200);
            assert_eq!(set(&server, "b", redrive.clone()).await.status, 400);
            assert_eq!(set(&server, "dead", json!({"RedriveAllowPolicy": allow})).await.status, 200);
            assert_eq!(set(&server, "b", redrive.clone()).await.status, 200, "{allow}");
        }
        assert_eq!(attribute(&server, "dead", "RedriveAllowPolicy").await, Value::Null);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_are_listed_in_pages_over_all_shards() {
    for shards in [1, 4] {
        let server = Server::open(shards);
        create(&server, "dead", json!({})).await;
        assert_eq!(server.sqs("ListDeadLetterSourceQueues", json!({"QueueUrl": "dead"})).await.body, "{}");
        for n in 0..25 {
            create(&server, &format!("q-{n:02}"), json!({"RedrivePolicy": policy("dead", 1)})).await;
        }
        create(&server, "other", json!({})).await;
        let expected: Vec<String> =
            (0..25).map(|n| format!("http://mq.example.test:4100/{ACCOUNT}/q-{n:02}")).collect();
        let mut ask = json!({"QueueUrl": "dead", "MaxResults": 10});
        let (mut found, mut pages) = (Vec::new(), Vec::new());
        loop {
            let page = server.sqs("ListDeadLetterSourceQueues", ask.clone()).await.json();
            let urls = page["queueUrls"].as_array().unwrap();
            pages.push(urls.len());
            found.extend(urls.iter().map(|url| url.as_str().unwrap().to_owned()));
            let Some(token) = page.get("NextToken") else { break };
            ask["NextToken"] = token.clone();
        }
        assert_eq!((pages, &found), (vec![10, 10, 5], &expected), "{shards} shards");
        let all = query(&server, "ListDeadLetterSourceQueues", &json!({"QueueUrl": "dead"})).await;
        assert_eq!(all.texts("QueueUrl").collect::<Vec<_>>(), expected);
        assert_eq!(all.text("NextToken"), "");
        let first =
            query(&server, "ListDeadLetterSourceQueues", &json!({"QueueUrl": "dead", "MaxResults": 24}))
                .await;
        assert_eq!((first.texts("QueueUrl").count(), first.text("NextToken").is_empty()), (24, false));
        assert_eq!(set(&server, "q-00", json!({"RedrivePolicy": ""})).await.status, 200);
        let left = server.sqs("ListDeadLetterSourceQueues", json!({"QueueUrl": "dead"})).await.json();
        assert_eq!(left["queueUrls"].as_array().unwrap().len(), 24);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_owners_can_do_is_denied_to_others() {
    let mut server = Server::open(1);
    create(&server, "dead", json!({})).await;
    create(&server, "q", json!({"RedrivePolicy": policy("dead", 1)})).await;
    server.account = "000000000042";
    let url = format!("http://mq.example.test:4100/{ACCOUNT}/dead");
    let handle = TaskHandle { task_id: "7".to_owned(), source_arn: arn("dead") }.encode();
    let members = json!({"QueueUrl": url, "SourceArn": arn("dead"), "TaskHandle": handle, "Label": "l",
        "AWSAccountIds": ["000000000042"], "Actions": ["*"], "Attributes": {"Policy": ""}, "Tags": {}, "TagKeys": []});
    let actions = "AddPermission RemovePermission SetQueueAttributes StartMessageMoveTask CancelMessageMoveTask \
        ListMessageMoveTasks DeleteQueue TagQueue UntagQueue ListQueueTags";
    for action in actions.split_whitespace() {
        let got = server.sqs(action, members.clone()).await;
        let name = action.to_ascii_lowercase();
        let expected = format!(
            "User: arn:aws:iam::000000000042:root is not authorized to perform: sqs:{name} on resource: {} \
             because no resource-based policy allows the sqs:{name} action",
            arn("dead")
        );
        assert_eq!((got.status, got.code()), (403, "AccessDenied"), "{action}: {}", got.body);
        assert_eq!(got.message(), expected);
    }
    let got = server.sqs("ListDeadLetterSourceQueues", json!({"QueueUrl": url})).await;
    assert_eq!(got.status, 200, "{}", got.body);
    // Who does not sign, on an open server, did not choose an account.
    server.signs = false;
    let got =
        server.sqs("SetQueueAttributes", json!({"QueueUrl": url, "Attributes": {"DelaySeconds": "1"}})).await;
    assert_eq!(got.status, 200, "{}", got.body);
    let got = server.sqs("ListMessageMoveTasks", json!({"SourceArn": arn("dead")})).await;
    assert_eq!((got.status, &*got.body), (200, "{}"));
}
