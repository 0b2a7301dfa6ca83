//! Subscriptions that have to be confirmed: what the endpoint gets, and what its links do (sns 4, 7.5, 9).

use super::fan_out::{ask_queue, verify};
use super::support::{ACCOUNT, BASE, Got, LOCAL, Server};
use postrider_core::{Command, Reply};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const TOPIC: &str = "arn:aws:sns:us-east-1:210987654321:news";
const HOOK: &str = "https://hooks.example.test/sns";
/// Another account than that of the topic.
const OTHER: &str = "000000000007";

/// Everything that endpoints are to be posted now, as JSON.
pub(super) async fn claimed(server: &Server) -> Vec<Value> {
    posted(server).await.into_iter().map(|(_, body)| serde_json::from_str(&body).unwrap()).collect()
}

/// Everything that endpoints are to be posted now: headers and body.
async fn posted(server: &Server) -> Vec<(BTreeMap<String, String>, String)> {
    let mut posted = Vec::new();
    for shard in server.context.node.shards() {
        let answer = shard.ask(Command::Claim { max: 100, bytes_max: 1 << 20 }).await.unwrap();
        let Ok(Reply::Claimed(all)) = &answer.result else { panic!("{:?}", answer.result) };
        for claimed in all {
            let payload = answer.bytes(&claimed.body).unwrap();
            let one = server.context.courier.post(&server.context.signing, claimed, &payload).await.unwrap();
            let headers = one.headers.iter();
            let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
            posted.push((headers.collect(), String::from_utf8(one.body.to_vec()).unwrap()));
        }
    }
    posted
}

async fn subscribe(server: &Server, protocol: &str, endpoint: &str) -> Got {
    let asked = [
        ("TopicArn", TOPIC),
        ("Protocol", protocol),
        ("Endpoint", endpoint),
        ("ReturnSubscriptionArn", "true"),
    ];
    let got = server.sns("Subscribe", &asked).await;
    assert_eq!(got.status, 200, "{}", got.body);
    got
}

async fn attribute(server: &Server, arn: &str, name: &str) -> Option<String> {
    let got = server.sns("GetSubscriptionAttributes", &[("SubscriptionArn", arn)]).await;
    let entry = got.texts("entry").find(|entry| entry.contains(&format!("<key>{name}</key>")))?;
    Some(entry.split_once("<value>")?.1.split_once("</value>")?.0.to_owned())
}

/// Visits a link without a signature.
async fn visit(server: &mut Server, url: &str) -> Got {
    let query = url.split_once('?').unwrap().1;
    let pairs: Vec<_> = query.split('&').map(|pair| pair.split_once('=').unwrap()).collect();
    let action = pairs.iter().find(|(name, _)| *name == "Action").unwrap().1;
    let others: Vec<_> = pairs.iter().filter(|(name, _)| *name != "Action").copied().collect();
    server.signs = false;
    let got = server.sns(action, &others).await;
    server.signs = true;
    got
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_server_confirms_leaves_and_comes_back() {
    for shards in [1, 4] {
        let mut server = Server::open(shards);
        server.sns("CreateTopic", &[("Name", "news")]).await;
        let arn = subscribe(&server, "https", HOOK).await.text("SubscriptionArn").to_owned();
        assert_eq!(attribute(&server, &arn, "PendingConfirmation").await.as_deref(), Some("true"));
        let waiting = posted(&server).await;
        let [(headers, body)] = &waiting[..] else { panic!("{waiting:?}") };
        assert_eq!(headers["x-amz-sns-message-type"], "SubscriptionConfirmation");
        assert!(!headers.contains_key("x-amz-sns-subscription-arn") && !headers.contains_key("connection"));
        let asked: Value = serde_json::from_str(body).unwrap();
        assert_eq!(asked["Type"], "SubscriptionConfirmation");
        verify(&server, &asked).await;
        let link = asked["SubscribeURL"].as_str().unwrap().to_owned();
        let confirmed = visit(&mut server, &link).await;
        assert_eq!((confirmed.status, confirmed.text("SubscriptionArn")), (200, &*arn));
        // Any topic of the account and region is as good, but none of another region.
        let elsewhere = link.replace(":news", ":other");
        assert_eq!(visit(&mut server, &elsewhere).await.text("SubscriptionArn"), arn);
        for wrong in [link.replace("us-east-1", "eu-west-1"), link.replace(TOPIC, "news")] {
            assert_eq!(visit(&mut server, &wrong).await.message(), "Invalid parameter: Topic");
        }
        // What nobody was ever told is no token, whatever region and account its bytes stand for.
        let (rest, token) = link.split_once("&Token=").unwrap();
        for (from, digits) in [(14, "00000000"), (22, "0000000000000000"), (10, "ffff")] {
            let forged = [&token[..from], digits, &token[from + digits.len()..]].concat();
            let got = visit(&mut server, &format!("{rest}&Token={forged}")).await;
            assert_eq!(got.message(), "Invalid parameter: Token", "{forged}");
        }
        let forged =
            [&link[..link.len() - 16], "0000000000000000"].concat().replace("us-east-1", "eu-west-1");
        assert_eq!(visit(&mut server, &forged).await.message(), "Invalid parameter: Token");
        assert_eq!(attribute(&server, &arn, "ConfirmationWasAuthenticated").await.as_deref(), Some("false"));

        server.sns("Publish", &[("TopicArn", TOPIC), ("Message", "m")]).await;
        let published = claimed(&server).await.remove(0);
        assert_eq!((&published["Type"], &published["Message"]), (&json!("Notification"), &json!("m")));
        verify(&server, &published).await;
        let left = visit(&mut server, published["UnsubscribeURL"].as_str().unwrap()).await;
        assert_eq!(left.status, 200, "{}", left.body);
        let listed = server.sns("ListSubscriptions", &[]).await;
        assert_eq!(listed.texts("member").count(), 0);
        let farewell = posted(&server).await;
        assert_eq!(farewell[0].0["x-amz-sns-subscription-arn"], arn);
        let farewell: Value = serde_json::from_str(&farewell[0].1).unwrap();
        assert_eq!(farewell["Type"], "UnsubscribeConfirmation");
        assert!(farewell["Message"].as_str().unwrap().contains(&arn));
        verify(&server, &farewell).await;
        let back = visit(&mut server, farewell["SubscribeURL"].as_str().unwrap()).await;
        assert_eq!(back.text("SubscriptionArn"), arn);
        assert_eq!(server.sns("ListSubscriptions", &[]).await.texts("member").count(), 1);
        assert_eq!(server.sns("Unsubscribe", &[("SubscriptionArn", &*arn)]).await.status, 200);
        assert!(claimed(&server).await.is_empty(), "who signs is not asked");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_signs_ends_what_was_confirmed_so() {
    let mut server = Server::open(1);
    server.sns("CreateTopic", &[("Name", "news")]).await;
    let arn = subscribe(&server, "https", HOOK).await.text("SubscriptionArn").to_owned();
    let token = claimed(&server).await.remove(0)["Token"].as_str().unwrap().to_owned();
    let asked = [("TopicArn", TOPIC), ("Token", &*token), ("AuthenticateOnUnsubscribe", "true")];
    server.signs = false;
    let got = server.sns("ConfirmSubscription", &asked).await;
    assert_eq!((got.status, got.code()), (403, "MissingAuthenticationToken"));
    server.signs = true;
    assert_eq!(server.sns("ConfirmSubscription", &asked).await.text("SubscriptionArn"), arn);
    assert_eq!(attribute(&server, &arn, "ConfirmationWasAuthenticated").await.as_deref(), Some("true"));
    let link = format!("{BASE}/?Action=Unsubscribe&SubscriptionArn={arn}");
    let got = visit(&mut server, &link).await;
    assert_eq!((got.status, got.code()), (403, "AuthorizationError"));
}

#[tokio::test(flavor = "multi_thread")]
async fn links_work_where_signatures_are_enforced() {
    let mut server = Server::open(1);
    server.sns("CreateTopic", &[("Name", "news")]).await;
    let arn = subscribe(&server, "https", HOOK).await.text("SubscriptionArn").to_owned();
    let link = claimed(&server).await.remove(0)["SubscribeURL"].as_str().unwrap().to_owned();
    server.context.gate = postrider_iam::Gate::enforcing(postrider_iam::Credentials::default());
    assert_eq!(visit(&mut server, &link).await.text("SubscriptionArn"), arn);
    let malformed =
        visit(&mut server, &format!("{BASE}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=x")).await;
    assert_eq!(malformed.message(), "Invalid parameter: Token");
    let leave = format!("{BASE}/?Action=Unsubscribe&SubscriptionArn={arn}");
    assert_eq!(visit(&mut server, &leave).await.status, 200);
    // Who left is unknown, so the host that he used is not signed: only where he reached us is.
    let farewell = claimed(&server).await.remove(0);
    assert_eq!(farewell["Type"], "UnsubscribeConfirmation");
    for link in ["SubscribeURL", "SigningCertURL"] {
        let link = farewell[link].as_str().unwrap();
        assert!(link.starts_with(&format!("http://{LOCAL}/")), "{link}");
    }
    assert_eq!(visit(&mut server, farewell["SubscribeURL"].as_str().unwrap()).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_of_another_account_is_asked_unless_its_owner_subscribes_it() {
    let mut server = Server::open(1);
    server.sns("CreateTopic", &[("Name", "news")]).await;
    server.account = OTHER;
    for queue in ["asked", "own"] {
        server.sqs("CreateQueue", json!({"QueueName": queue})).await;
    }
    let endpoint = |queue: &str| format!("arn:aws:sqs:us-east-1:{OTHER}:{queue}");
    let own = subscribe(&server, "sqs", &endpoint("own")).await.text("SubscriptionArn").to_owned();
    assert_eq!(attribute(&server, &own, "PendingConfirmation").await.as_deref(), Some("false"));
    server.account = ACCOUNT;
    let arn = subscribe(&server, "sqs", &endpoint("asked")).await.text("SubscriptionArn").to_owned();
    assert_eq!(attribute(&server, &arn, "PendingConfirmation").await.as_deref(), Some("true"));
    server.sns("Publish", &[("TopicArn", TOPIC), ("Message", "too early")]).await;
    server.account = OTHER;
    let got = ask_queue(&server, "asked").await;
    let [message] = &got[..] else { panic!("{got:?}") };
    let asked: Value = serde_json::from_str(message["Body"].as_str().unwrap()).unwrap();
    assert_eq!(asked["Type"], "SubscriptionConfirmation");
    verify(&server, &asked).await;
    let confirmed = visit(&mut server, asked["SubscribeURL"].as_str().unwrap()).await;
    assert_eq!(confirmed.text("SubscriptionArn"), arn);
    server.account = ACCOUNT;
    server.sns("Publish", &[("TopicArn", TOPIC), ("Message", "in time")]).await;
    server.account = OTHER;
    let got = ask_queue(&server, "asked").await;
    assert!(got[0]["Body"].as_str().unwrap().contains("in time"), "{got:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_again_asks_the_endpoint_again() {
    let server = Server::open(1);
    server.sns("CreateTopic", &[("Name", "news")]).await;
    let first = subscribe(&server, "https", HOOK).await.text("SubscriptionArn").to_owned();
    let second = subscribe(&server, "https", HOOK).await.text("SubscriptionArn").to_owned();
    assert_eq!(first, second);
    let tokens: Vec<_> = claimed(&server).await.iter().map(|asked| asked["Token"].to_string()).collect();
    assert!(tokens.len() == 2 && tokens[0] != tokens[1], "{tokens:?}");
    let attributes = server.sns("GetTopicAttributes", &[("TopicArn", TOPIC)]).await.body;
    let counts = "<key>SubscriptionsPending</key><value>1</value>";
    assert!(attributes.contains(counts), "{attributes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_of_web_servers_are_shown_as_they_come_out() {
    let server = Server::open(1);
    let of_topic = r#"{"http":{"defaultThrottlePolicy":{"maxReceivesPerSecond":7}}}"#;
    let asked = [
        ("Name", "news"),
        ("Attributes.entry.1.key", "DeliveryPolicy"),
        ("Attributes.entry.1.value", of_topic),
    ];
    server.sns("CreateTopic", &asked).await;
    let arn = subscribe(&server, "https", HOOK).await.text("SubscriptionArn").to_owned();
    let set = |value: &'static str| {
        let asked = [
            ("SubscriptionArn", arn.as_str()),
            ("AttributeName", "DeliveryPolicy"),
            ("AttributeValue", value),
        ];
        let (server, asked) = (&server, asked);
        async move { server.sns("SetSubscriptionAttributes", &asked).await.status }
    };
    assert_eq!(set(r#"{"requestPolicy":{"headerContentType":"application/json"}}"#).await, 200);
    let shown = attribute(&server, &arn, "EffectiveDeliveryPolicy").await.unwrap().replace("&quot;", "\"");
    assert!(shown.contains("\"maxReceivesPerSecond\":7") && shown.contains("application/json"), "{shown}");
    assert_eq!(set("").await, 200);
    assert_eq!(attribute(&server, &arn, "DeliveryPolicy").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fifo_queue_of_another_account_is_asked_too() {
    let mut server = Server::open(1);
    let topic = format!("{TOPIC}.fifo");
    let fifo = [
        ("Name", "news.fifo"),
        ("Attributes.entry.1.key", "FifoTopic"),
        ("Attributes.entry.1.value", "true"),
    ];
    server.sns("CreateTopic", &fifo).await;
    server.account = OTHER;
    let queue = json!({"QueueName": "asked.fifo", "Attributes": {"FifoQueue": "true"}});
    server.sqs("CreateQueue", queue).await;
    server.account = ACCOUNT;
    let endpoint = format!("arn:aws:sqs:us-east-1:{OTHER}:asked.fifo");
    let asked = [("TopicArn", &*topic), ("Protocol", "sqs"), ("Endpoint", &*endpoint)];
    let got = server.sns("Subscribe", &asked).await;
    assert_eq!(got.text("SubscriptionArn"), "pending confirmation", "{}", got.body);
    server.account = OTHER;
    let got = ask_queue(&server, "asked.fifo").await;
    let asked: Value = serde_json::from_str(got[0]["Body"].as_str().unwrap()).unwrap();
    assert_eq!(asked["Type"], "SubscriptionConfirmation");
    let deleted = json!({"QueueUrl": "asked.fifo", "ReceiptHandle": got[0]["ReceiptHandle"]});
    assert_eq!(server.sqs("DeleteMessage", deleted).await.status, 200);
    assert!(visit(&mut server, asked["SubscribeURL"].as_str().unwrap()).await.status == 200);
}
