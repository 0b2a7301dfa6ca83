//! Topics: FIFO ones, their attributes, permissions, data protection (sns 3, 13, 14, 15).

use super::fan_out::ask_queue;
use super::support::{ACCOUNT, Got, Server};
use serde_json::{Value, json};

const NEWS: &str = "arn:aws:sns:us-east-1:210987654321:news";
const STEPS: &str = "arn:aws:sns:us-east-1:210987654321:steps.fifo";

/// Names the attributes of a call.
async fn ask(server: &Server, action: &str, members: &[(&str, &str)], attributes: &[(&str, &str)]) -> Got {
    let names = attributes.iter().enumerate().flat_map(|(at, (name, value))| {
        let entry = format!("Attributes.entry.{}", at + 1);
        [(format!("{entry}.key"), *name), (format!("{entry}.value"), *value)]
    });
    let names: Vec<_> = names.collect();
    let mut asked = members.to_vec();
    asked.extend(names.iter().map(|(key, value)| (key.as_str(), *value)));
    server.sns(action, &asked).await
}

async fn steps(attributes: &[(&str, &str)]) -> Server {
    let server = Server::open(1);
    let attributes = [&[("FifoTopic", "true")], attributes].concat();
    let created = ask(&server, "CreateTopic", &[("Name", "steps.fifo")], &attributes).await;
    assert_eq!(created.text("TopicArn"), STEPS, "{}", created.body);
    server
}

async fn subscribe(server: &Server, topic: &str, queue: &str, attributes: &[(&str, &str)]) -> Got {
    let fifo = queue.ends_with(".fifo").then(|| json!({"FifoQueue": "true"}));
    server.sqs("CreateQueue", json!({"QueueName": queue, "Attributes": fifo.unwrap_or(json!({}))})).await;
    let endpoint = format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{queue}");
    let members = [("TopicArn", topic), ("Protocol", "sqs"), ("Endpoint", &*endpoint)];
    let got = ask(server, "Subscribe", &members, attributes).await;
    assert_eq!(got.status, 200, "{}", got.body);
    got
}

async fn attributes(server: &Server, topic: &str) -> Vec<(String, String)> {
    let got = server.sns("GetTopicAttributes", &[("TopicArn", topic)]).await;
    let pairs = got.texts("key").map(str::to_owned).zip(got.texts("value").map(str::to_owned));
    pairs.collect()
}

fn value<'a>(attributes: &'a [(String, String)], name: &str) -> Option<&'a str> {
    attributes.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fifo_topic_delivers_to_queues_of_both_types() {
    let server = steps(&[("ContentBasedDeduplication", "true")]).await;
    subscribe(&server, STEPS, "ordered.fifo", &[]).await;
    subscribe(&server, STEPS, "plain", &[]).await;
    subscribe(&server, STEPS, "raw.fifo", &[("RawMessageDelivery", "true")]).await;
    let publish = [("TopicArn", STEPS), ("Message", "step one"), ("MessageGroupId", "g")];
    let first = server.sns("Publish", &publish).await;
    let number = first.text("SequenceNumber").to_owned();
    assert_eq!(server.sns("Publish", &publish).await.body, first.body);
    let hash = "52831d1d544eb10c068d22669f462f0b6bf185931b66bbfc071eb8b377e487e0";
    for queue in ["ordered.fifo", "plain", "raw.fifo"] {
        let got = ask_queue(&server, queue).await;
        let [message] = &got[..] else { panic!("{queue}: {got:?}") };
        let fifo = queue.ends_with(".fifo");
        let attributes = &message["Attributes"];
        assert_eq!(attributes["MessageGroupId"], if fifo { json!("g") } else { Value::Null }, "{queue}");
        assert_eq!(attributes["MessageDeduplicationId"], if fifo { json!(hash) } else { Value::Null });
        let body = message["Body"].as_str().unwrap();
        if queue == "raw.fifo" {
            assert_eq!(body, "step one");
            continue;
        }
        let envelope: Value = serde_json::from_str(body).unwrap();
        assert_eq!(envelope["SequenceNumber"], number, "{queue}");
        for unsigned in ["SignatureVersion", "Signature", "SigningCertURL"] {
            assert!(envelope.get(unsigned).is_none(), "{unsigned}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_for_a_fifo_topic_has_numbers_and_repeats_none() {
    let server = steps(&[]).await;
    let mut asked = vec![("TopicArn".to_owned(), STEPS.to_owned())];
    for (at, id) in ["a", "b", "a"].into_iter().enumerate() {
        let entry = format!("PublishBatchRequestEntries.member.{}", at + 1);
        let members = [
            ("Id", format!("e{at}")),
            ("Message", "m".to_owned()),
            ("MessageGroupId", "g".to_owned()),
            ("MessageDeduplicationId", id.to_owned()),
        ];
        asked.extend(members.map(|(name, value)| (format!("{entry}.{name}"), value)));
    }
    let asked: Vec<_> = asked.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let got = server.sns("PublishBatch", &asked).await;
    let numbers: Vec<_> = got.texts("SequenceNumber").collect();
    assert!(numbers.len() == 3 && numbers[0] < numbers[1] && numbers[0] == numbers[2], "{}", got.body);
    let ids: Vec<_> = got.texts("MessageId").collect();
    assert!(ids[0] == ids[2] && ids[0] != ids[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_fifo_topic_says_of_itself() {
    let archive = r#"{"MessageRetentionPeriod":"7"}"#;
    let server = steps(&[("FifoThroughputScope", "MessageGroup"), ("ArchivePolicy", archive)]).await;
    let shown = attributes(&server, STEPS).await;
    assert_eq!(value(&shown, "FifoTopic"), Some("true"));
    assert_eq!(value(&shown, "ContentBasedDeduplication"), Some("false"));
    assert_eq!(value(&shown, "FifoThroughputScope"), Some("MessageGroup"));
    assert_eq!(value(&shown, "ArchivePolicy").unwrap().replace("&quot;", "\""), archive);
    assert!(value(&shown, "BeginningArchiveTime").unwrap().ends_with('Z'));
    let same = ask(
        &server,
        "CreateTopic",
        &[("Name", "steps.fifo")],
        &[("FifoTopic", "true"), ("ContentBasedDeduplication", "false")],
    );
    assert_eq!(same.await.status, 200);
    let set = |name: &'static str, value: &'static str| {
        let asked = [("TopicArn", STEPS), ("AttributeName", name), ("AttributeValue", value)];
        let server = &server;
        async move { server.sns("SetTopicAttributes", &asked).await.status }
    };
    assert_eq!(set("ContentBasedDeduplication", "true").await, 200);
    assert_eq!(server.sns("DeleteTopic", &[("TopicArn", STEPS)]).await.code(), "InvalidState");
    assert_eq!(set("ArchivePolicy", "{}").await, 200);
    let shown = attributes(&server, STEPS).await;
    assert_eq!(value(&shown, "ContentBasedDeduplication"), Some("true"));
    assert_eq!((value(&shown, "ArchivePolicy"), value(&shown, "BeginningArchiveTime")), (None, None));
    assert_eq!(server.sns("DeleteTopic", &[("TopicArn", STEPS)]).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_message_is_for_queues() {
    let server = Server::open(1);
    let created =
        ask(&server, "CreateTopic", &[("Name", "news")], &[("MaximumMessageSize", "1048576")]).await;
    assert_eq!(created.status, 200);
    subscribe(&server, NEWS, "q", &[("RawMessageDelivery", "true")]).await;
    let message = "x".repeat(1_048_576);
    let publish = |message: String| {
        let server = &server;
        async move { server.sns("Publish", &[("TopicArn", NEWS), ("Message", &message)]).await }
    };
    assert_eq!(publish(message.clone()).await.status, 200);
    assert_eq!(publish(format!("{message}x")).await.message(), "Invalid parameter: Message too long");
    assert_eq!(ask_queue(&server, "q").await[0]["Body"], message);
    let web = [("TopicArn", NEWS), ("Protocol", "https"), ("Endpoint", "https://example.com")];
    assert_eq!(server.sns("Subscribe", &web).await.code(), "InvalidParameter");
}

#[tokio::test(flavor = "multi_thread")]
async fn permissions_come_and_go() {
    let server = Server::open(1);
    server.sns("CreateTopic", &[("Name", "news")]).await;
    let policy = async || {
        let shown = attributes(&server, NEWS).await;
        let policy = value(&shown, "Policy").unwrap().replace("&quot;", "\"");
        serde_json::from_str::<Value>(&policy).unwrap()
    };
    let default = policy().await;
    let add = [
        ("TopicArn", NEWS),
        ("Label", "others"),
        ("AWSAccountId.member.1", "000000000001"),
        ("ActionName.member.1", "Publish"),
    ];
    assert_eq!(server.sns("AddPermission", &add).await.status, 200);
    let statement = json!({
        "Sid": "others", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000001:root"},
        "Action": "SNS:Publish", "Resource": NEWS,
    });
    assert_eq!(policy().await["Statement"][1], statement);
    assert_eq!(
        server.sns("AddPermission", &add).await.message(),
        "Invalid parameter: Statement already exists"
    );
    for label in ["others", "others"] {
        let remove = [("TopicArn", NEWS), ("Label", label)];
        assert_eq!(server.sns("RemovePermission", &remove).await.status, 200);
    }
    assert_eq!(policy().await, default);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_protection_policy_is_kept_and_not_shown_elsewhere() {
    let server = Server::open(1);
    let policy = r#"{"Name":"p","Version":"2021-06-01","Statement":[{"DataDirection":"Inbound","Principal":["*"],"DataIdentifier":["arn:aws:dataprotection::aws:data-identifier/EmailAddress"],"Operation":{"Deny":{}}}]}"#;
    let create = [("Name", "news"), ("DataProtectionPolicy", policy)];
    assert_eq!(server.sns("CreateTopic", &create).await.status, 200);
    let got = async || {
        let got = server.sns("GetDataProtectionPolicy", &[("ResourceArn", NEWS)]).await;
        got.text("DataProtectionPolicy").replace("&quot;", "\"")
    };
    assert_eq!(got().await, policy);
    let shown = attributes(&server, NEWS).await;
    assert_eq!(value(&shown, "DataProtectionPolicy"), None);
    let put = [("ResourceArn", NEWS), ("DataProtectionPolicy", "")];
    assert_eq!(server.sns("PutDataProtectionPolicy", &put).await.status, 200);
    assert_eq!(got().await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn structured_messages_are_filtered_by_the_text_of_the_protocol() {
    let server = Server::open(1);
    server.sns("CreateTopic", &[("Name", "news")]).await;
    let filter = [("FilterPolicy", r#"{"kind":["a"]}"#), ("FilterPolicyScope", "MessageBody")];
    subscribe(&server, NEWS, "q", &[&filter[..], &[("RawMessageDelivery", "true")]].concat()).await;
    for (own, default) in [(r#"{"kind":"a"}"#, r#"{"kind":"b"}"#), (r#"{"kind":"b"}"#, r#"{"kind":"a"}"#)] {
        let message = json!({"default": default, "sqs": own}).to_string();
        let publish = [("TopicArn", NEWS), ("Message", &*message), ("MessageStructure", "json")];
        assert_eq!(server.sns("Publish", &publish).await.status, 200);
    }
    let got = ask_queue(&server, "q").await;
    let bodies: Vec<_> = got.iter().map(|message| message["Body"].as_str().unwrap()).collect();
    assert_eq!(bodies, [r#"{"kind":"a"}"#]);
}
