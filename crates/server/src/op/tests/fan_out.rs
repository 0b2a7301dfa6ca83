//! From publish to receive: envelopes and their signatures, raw copies, filters.

use super::support::{ACCOUNT, BASE, Server, golden};
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RsaParameters,
    UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

const TOPIC: &str = "arn:aws:sns:us-east-1:210987654321:news";
/// What the golden deliveries were published with.
const MESSAGE: &str = "price {\"eur\":12.5}\nnext line";

/// A queue that is subscribed with these attributes; answers the ARN of the subscription.
async fn subscribe(server: &Server, queue: &str, attributes: &[(&str, &str)]) -> String {
    server.sqs("CreateQueue", json!({"QueueName": queue})).await;
    let endpoint = format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{queue}");
    let mut asked = vec![("TopicArn", TOPIC), ("Protocol", "sqs"), ("Endpoint", &*endpoint)];
    let names: Vec<String> = (1..=attributes.len()).map(|n| format!("Attributes.entry.{n}")).collect();
    let keyed: Vec<_> = names.iter().map(|name| (format!("{name}.key"), format!("{name}.value"))).collect();
    for ((key, value), (name, text)) in keyed.iter().zip(attributes) {
        asked.extend([(key.as_str(), *name), (value.as_str(), *text)]);
    }
    let got = server.sns("Subscribe", &asked).await;
    assert_eq!(got.status, 200, "{}", got.body);
    got.text("SubscriptionArn").to_owned()
}

pub(super) async fn ask_queue(server: &Server, queue: &str) -> Vec<Value> {
    let ask = json!({"QueueUrl": queue, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 5,
        "AttributeNames": ["All"], "MessageAttributeNames": ["All"]});
    let got = server.sqs("ReceiveMessage", ask).await.json();
    got["Messages"].as_array().cloned().unwrap_or_default()
}

const ATTRIBUTES: [(&str, &str); 9] = [
    ("MessageAttributes.entry.1.Name", "kind"),
    ("MessageAttributes.entry.1.Value.DataType", "String"),
    ("MessageAttributes.entry.1.Value.StringValue", "invoice"),
    ("MessageAttributes.entry.2.Name", "raw"),
    ("MessageAttributes.entry.2.Value.DataType", "Binary"),
    ("MessageAttributes.entry.2.Value.BinaryValue", "AgM="),
    ("MessageAttributes.entry.3.Name", "ids"),
    ("MessageAttributes.entry.3.Value.DataType", "String.Array"),
    ("MessageAttributes.entry.3.Value.StringValue", "[\"a\",1,true]"),
];

async fn publish(server: &Server, parameters: &[(&str, &str)]) -> String {
    let asked: Vec<_> = [("TopicArn", TOPIC)].iter().chain(parameters).copied().collect();
    let got = server.sns("Publish", &asked).await;
    assert_eq!(got.status, 200, "{}", got.body);
    got.text("MessageId").to_owned()
}

/// Verifies an envelope as a subscriber would, with the certificate that it names.
pub(super) async fn verify(server: &Server, envelope: &Value) {
    let key = server.context.signing.key().await;
    let url = format!("{BASE}/SimpleNotificationService-{}.pem", key.key_id());
    assert_eq!(envelope["SigningCertURL"], url);
    let base64: String = key.certificate_pem().lines().filter(|line| !line.starts_with('-')).collect();
    let certificate = STANDARD.decode(base64).unwrap();
    // The public key of an RSA-2048 certificate: this header, and 294 bytes in all.
    let header = [0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7];
    let at = certificate.windows(header.len()).position(|window| window == header).unwrap();
    let public = &certificate[at..at + 294];
    let mut text = String::new();
    let names: &[&str] = match envelope["Type"].as_str().unwrap() {
        "Notification" => &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
        _ => &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
    };
    for name in names {
        if let Some(value) = envelope.get(name) {
            text.push_str(&format!("{name}\n{}\n", value.as_str().unwrap()));
        }
    }
    let parameters: &'static RsaParameters = match envelope["SignatureVersion"].as_str().unwrap() {
        "1" => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
        _ => &RSA_PKCS1_2048_8192_SHA256,
    };
    let signature = STANDARD.decode(envelope["Signature"].as_str().unwrap()).unwrap();
    UnparsedPublicKey::new(parameters, public).verify(text.as_bytes(), &signature).unwrap();
}

/// The keys of a pretty-printed envelope, in order.
fn keys(body: &str) -> Vec<&str> {
    let lines = body.lines().filter_map(|line| line.strip_prefix("  \""));
    lines.map(|line| line.split('"').next().unwrap()).collect()
}

fn delivered(id: &str) -> Value {
    let file = golden("deliveries");
    file["cases"].as_array().unwrap().iter().find(|case| case["id"] == id).unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn envelopes_and_raw_copies_are_those_of_aws() {
    for (shards, body_memory) in [(1, 1 << 30), (4, 1 << 30), (1, 0)] {
        let server = Server::with_body_memory(shards, body_memory);
        server.sns("CreateTopic", &[("Name", "news")]).await;
        let arn = subscribe(&server, "plain", &[]).await;
        subscribe(&server, "raw", &[("RawMessageDelivery", "True")]).await;
        let mut asked = vec![("Message", MESSAGE), ("Subject", "Price \"update\"")];
        asked.extend(ATTRIBUTES);
        let id = publish(&server, &asked).await;

        let expected = delivered("sqs-envelope-v1");
        let got = ask_queue(&server, "plain").await;
        assert_eq!(got.len(), 1);
        let body = got[0]["Body"].as_str().unwrap();
        assert_eq!(json!(keys(body)), expected["keysInOrder"]);
        let envelope: Value = serde_json::from_str(body).unwrap();
        let golden: Value = serde_json::from_str(expected["sqsMessage"]["Body"].as_str().unwrap()).unwrap();
        for same in ["Type", "TopicArn", "Subject", "Message", "SignatureVersion", "MessageAttributes"] {
            assert_eq!(envelope[same], golden[same], "{same}");
        }
        assert_eq!(envelope["MessageId"], id);
        assert_eq!(envelope["UnsubscribeURL"], format!("{BASE}/?Action=Unsubscribe&SubscriptionArn={arn}"));
        verify(&server, &envelope).await;
        assert_ne!(got[0]["MessageId"], id);
        assert!(got[0].get("MessageAttributes").is_none());
        assert_eq!(got[0]["Attributes"]["SenderId"], crate::courier::SNS_SENDER_ID);

        let expected = &delivered("sqs-raw")["sqsMessage"];
        let got = ask_queue(&server, "raw").await;
        for same in ["Body", "MD5OfBody", "MessageAttributes", "MD5OfMessageAttributes"] {
            assert_eq!(got[0][same], expected[same], "{same}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publication_keeps_the_signature_version_that_it_was_published_with() {
    let server = Server::open(1);
    server.sns("CreateTopic", &[("Name", "news")]).await;
    subscribe(&server, "q", &[]).await;
    publish(&server, &[("Message", MESSAGE)]).await;
    let version = [("TopicArn", TOPIC), ("AttributeName", "SignatureVersion"), ("AttributeValue", "2")];
    assert_eq!(server.sns("SetTopicAttributes", &version).await.status, 200);
    publish(&server, &[("Message", MESSAGE)]).await;
    let got = ask_queue(&server, "q").await;
    let mut versions = Vec::new();
    for message in &got {
        let envelope: Value = serde_json::from_str(message["Body"].as_str().unwrap()).unwrap();
        verify(&server, &envelope).await;
        versions.push(envelope["SignatureVersion"].as_str().unwrap().to_owned());
    }
    assert_eq!(versions, ["1", "2"]);
    assert_eq!(json!(keys(got[1]["Body"].as_str().unwrap())), delivered("sqs-envelope-v2")["keysInOrder"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_choose() {
    for shards in [1, 4] {
        let server = Server::open(shards);
        server.sns("CreateTopic", &[("Name", "news")]).await;
        let raw = ("RawMessageDelivery", "true");
        subscribe(&server, "all", &[raw]).await;
        subscribe(&server, "kind", &[raw, ("FilterPolicy", r#"{"kind":["invoice"]}"#)]).await;
        let policy = ("FilterPolicy", r#"{"eur":[{"numeric":[">",10]}]}"#);
        subscribe(&server, "body", &[raw, policy, ("FilterPolicyScope", "MessageBody")]).await;
        publish(&server, &[("Message", r#"{"eur":12.5}"#)]).await;
        publish(&server, &[("Message", r#"{"eur":9}"#), ATTRIBUTES[0], ATTRIBUTES[1], ATTRIBUTES[2]]).await;
        let structured = r#"{"default":"{\"eur\":1}","sqs":"{\"eur\":99}"}"#;
        publish(&server, &[("Message", structured), ("MessageStructure", "json")]).await;

        let mut bodies = Vec::new();
        for (queue, count) in [("all", 3), ("kind", 1), ("body", 2)] {
            let mut got: Vec<String> = Vec::new();
            while got.len() < count {
                let messages = ask_queue(&server, queue).await;
                assert!(!messages.is_empty(), "{queue} got {got:?}");
                got.extend(messages.iter().map(|message| message["Body"].as_str().unwrap().to_owned()));
            }
            got.sort();
            bodies.push(got);
        }
        assert_eq!(bodies[0], [r#"{"eur":12.5}"#, r#"{"eur":99}"#, r#"{"eur":9}"#]);
        assert_eq!(bodies[1], [r#"{"eur":9}"#]);
        assert_eq!(bodies[2], [r#"{"eur":12.5}"#, r#"{"eur":99}"#]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_are_shown_and_changed() {
    let server = Server::open(1);
    server.sns("CreateTopic", &[("Name", "news")]).await;
    let arn = subscribe(&server, "q", &[("FilterPolicy", r#"{ "a": ["x"] }"#)]).await;
    let show = async || server.sns("GetSubscriptionAttributes", &[("SubscriptionArn", &arn)]).await;
    let set = async |name: &str, value: &str| {
        let asked = [("SubscriptionArn", &*arn), ("AttributeName", name), ("AttributeValue", value)];
        server.sns("SetSubscriptionAttributes", &asked).await
    };
    let names = async || show().await.texts("key").map(str::to_owned).collect::<Vec<_>>().join(" ");
    let shown = names().await;
    assert_eq!(
        shown,
        "SubscriptionPrincipal Owner RawMessageDelivery FilterPolicy TopicArn Endpoint FilterPolicyScope Protocol \
         PendingConfirmation ConfirmationWasAuthenticated SubscriptionArn"
    );
    let values: Vec<String> = show().await.texts("value").map(str::to_owned).collect();
    assert_eq!(values[0], format!("arn:aws:iam::{ACCOUNT}:root"));
    assert_eq!(values[3], "{ &quot;a&quot;: [&quot;x&quot;] }");
    assert_eq!(values[6], "MessageAttributes");

    // The scope stays while there is no policy, for the policy to come.
    for (name, value, has_policy) in [
        ("FilterPolicy", "{}", false),
        ("FilterPolicyScope", "MessageBody", false),
        ("FilterPolicy", r#"{"a":{"b":["x"]}}"#, true),
        ("RawMessageDelivery", "TRUE", true),
    ] {
        let got = set(name, value).await;
        assert_eq!(got.status, 200, "{name}: {}", got.body);
        assert_eq!(names().await.contains("FilterPolicy"), has_policy, "{name}");
    }
    let got = set("FilterPolicyScope", "MessageAttributes").await;
    assert_eq!(
        got.message(),
        "Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy"
    );
    let values: Vec<String> = show().await.texts("value").map(str::to_owned).collect();
    assert_eq!((&*values[2], &*values[6]), ("true", "MessageBody"));
}
