//! From a publication to endpoints on this machine, over shards in memory.

mod endpoint;
mod faults;
mod queues;
mod rig;

use super::BYTES_MAX;
use crate::metrics::{Attempt, Fate, Reason};
use endpoint::{Answer, Endpoint};
use postrider_core::topic::subscription::{Form, Protocol};
use postrider_outbound::egress::Loopback;
use rig::{Rig, Setup, until};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

fn ok(_: &endpoint::Got, _: usize) -> Answer {
    Answer::Status(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publication_reaches_its_endpoint_once() {
    let rig =
        Rig::start(Setup { certificates: Some("https://sns.{region}.amazonaws.com"), ..Setup::default() })
            .await;
    let endpoint = Endpoint::start(ok).await;
    let id = rig.subscribe(Protocol::Http, &endpoint.url("hook"), None).await;
    rig.publish(1).await;
    rig.settled().await;
    let got = endpoint.got();
    assert_eq!(got.len(), 1);
    let arn = format!("arn:aws:sns:us-east-1:000000000000:news:{id}");
    let header = |name: &str| got[0].headers.get(name).map(String::as_str);
    assert_eq!(got[0].path, "/hook");
    assert_eq!(header("x-amz-sns-message-type"), Some("Notification"));
    assert_eq!(header("x-amz-sns-subscription-arn"), Some(&*arn));
    assert_eq!(header("content-type"), Some("text/plain; charset=UTF-8"));
    assert_eq!(header("user-agent"), Some("Amazon Simple Notification Service Agent"));
    let body: serde_json::Value = serde_json::from_str(&got[0].body).unwrap();
    assert_eq!((&body["Type"], &body["Message"]), (&"Notification".into(), &"m0".into()));
    assert_eq!(header("x-amz-sns-message-id"), body["MessageId"].as_str());
    let key = rig.context.signing.key().await;
    let url = format!("https://sns.us-east-1.amazonaws.com/SimpleNotificationService-{}.pem", key.key_id());
    assert_eq!(body["SigningCertURL"].as_str(), Some(&*url));
    assert!(
        body["UnsubscribeURL"].as_str().unwrap().starts_with("http://localhost:4566/?Action=Unsubscribe")
    );
    assert_eq!(rig.context.metrics.deliveries.attempts(Attempt::Delivered), 1);
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_raw_delivery_is_the_text_alone() {
    let rig = Rig::start(Setup::default()).await;
    let endpoint = Endpoint::start(ok).await;
    rig.subscribe_as(Protocol::Http, &endpoint.url(""), None, Form::Raw).await;
    rig.publish(1).await;
    rig.settled().await;
    let got = &endpoint.got()[0];
    assert_eq!(got.body, "m0");
    assert_eq!(got.headers["x-amz-sns-rawdelivery"], "true");
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_asked_to_confirm() {
    let rig = Rig::start(Setup::default()).await;
    let endpoint = Endpoint::start(ok).await;
    rig.ask_endpoint(&endpoint.url("")).await;
    rig.settled().await;
    let got = &endpoint.got()[0];
    assert_eq!(got.headers["x-amz-sns-message-type"], "SubscriptionConfirmation");
    assert!(!got.headers.contains_key("x-amz-sns-subscription-arn"));
    let body: serde_json::Value = serde_json::from_str(&got.body).unwrap();
    assert_eq!(body["Type"], "SubscriptionConfirmation");
    assert!(body["SubscribeURL"].as_str().unwrap().contains("Action=ConfirmSubscription"));
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_tried_again() {
    let rig = Rig::start(Setup::default()).await;
    let endpoint = Endpoint::start(|_, before| Answer::Status(if before < 2 { 500 } else { 204 })).await;
    rig.subscribe(Protocol::Http, &endpoint.url(""), None).await;
    rig.publish(1).await;
    rig.settled().await;
    let got = endpoint.got();
    assert_eq!(got.len(), 3);
    assert!(got.iter().all(|got| got.body == got_first(&endpoint)), "every attempt has the same bytes");
    let counted = &rig.context.metrics.deliveries;
    assert_eq!((counted.attempts(Attempt::Failed), counted.attempts(Attempt::Delivered)), (2, 1));
    assert_eq!(rig.owed_and_dropped(), (0, 0));
    rig.close().await;
}

fn got_first(endpoint: &Endpoint) -> String {
    endpoint.got()[0].body.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_goes_to_the_dead_letter_queue_at_once() {
    let rig = Rig::start(Setup::default()).await;
    let endpoint = Endpoint::start(|_, _| Answer::Status(404)).await;
    let queue = rig.create_queue("dead").await;
    rig.subscribe(Protocol::Http, &endpoint.url(""), Some(&queue)).await;
    rig.publish(1).await;
    rig.settled().await;
    while rig.copies(&queue).await.is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(endpoint.got().len(), 1);
    assert_eq!(rig.context.metrics.deliveries.ended(Reason::Refused, Fate::DeadLetter), 1);
    assert_eq!(rig.owed_and_dropped(), (0, 0));
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_to_the_end_is_dropped_and_counted() {
    let rig = Rig::start(Setup { retries: 2, ..Setup::default() }).await;
    let endpoint = Endpoint::start(|_, _| Answer::Status(503)).await;
    rig.subscribe(Protocol::Http, &endpoint.url(""), None).await;
    rig.publish(2).await;
    rig.settled().await;
    assert_eq!(endpoint.got().len(), 6);
    assert_eq!(rig.context.metrics.deliveries.ended(Reason::Exhausted, Fate::Dropped), 2);
    assert_eq!(rig.owed_and_dropped(), (0, 2));
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn protocols_of_later_versions_are_refused() {
    let rig = Rig::start(Setup { shards: 4, ..Setup::default() }).await;
    let queue = rig.create_queue("dead").await;
    let function = "arn:aws:lambda:us-east-1:000000000000:function:f";
    rig.subscribe(Protocol::Lambda, function, Some(&queue)).await;
    rig.subscribe(Protocol::Email, "a@example.com", None).await;
    rig.publish(3).await;
    rig.settled().await;
    let counted = &rig.context.metrics.deliveries;
    assert_eq!(counted.ended(Reason::Unavailable, Fate::DeadLetter), 3);
    assert_eq!(counted.ended(Reason::Unavailable, Fate::Dropped), 3);
    while rig.copies(&queue).await.len() < 3 {
        tokio::task::yield_now().await;
    }
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_egress_guard_is_asked() {
    let rig = Rig::start(Setup { loopback: Loopback::Refused, ..Setup::default() }).await;
    let endpoint = Endpoint::start(ok).await;
    rig.subscribe(Protocol::Http, &endpoint.url(""), None).await;
    rig.publish(1).await;
    rig.settled().await;
    assert_eq!(endpoint.got().len(), 0);
    assert_eq!(rig.context.metrics.deliveries.ended(Reason::Refused, Fate::Dropped), 1);
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn payloads_that_are_not_in_memory_are_read_back() {
    let rig = Rig::start(Setup { body_memory: 0, ..Setup::default() }).await;
    let endpoint = Endpoint::start(ok).await;
    for path in ["a", "b", "c"] {
        rig.subscribe(Protocol::Http, &endpoint.url(path), None).await;
    }
    rig.publish(100).await;
    rig.settled().await;
    let got: BTreeSet<_> = endpoint.got().into_iter().map(|got| (got.path, got.body)).collect();
    assert_eq!(got.len(), 300);
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_under_way_are_bounded_over_all_endpoints() {
    let rig = Rig::start(Setup { attempts_max: 10, ..Setup::default() }).await;
    let endpoint = Endpoint::start(|_, _| Answer::After(Duration::from_millis(5))).await;
    for number in 0..20 {
        rig.subscribe(Protocol::Http, &endpoint.url(&number.to_string()), None).await;
    }
    rig.publish(10).await;
    rig.settled().await;
    assert_eq!(endpoint.got().len(), 200);
    assert_eq!(endpoint.most_at_once(), 5, "half of the places are for those that take longer");
    until("no attempt is counted as under way", || rig.context.metrics.deliveries.in_flight() == 0).await;
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_deliveries_is_noted_for_topics_that_ask() {
    let attributes = &[
        ("HTTPSuccessFeedbackRoleArn", "arn:aws:iam::000000000000:role/r"),
        ("HTTPFailureFeedbackRoleArn", "arn:aws:iam::000000000000:role/r"),
    ];
    let rig = Rig::start(Setup { retries: 1, attributes, ..Setup::default() }).await;
    let endpoint =
        Endpoint::start(|got, _| Answer::Status(if got.path == "/good" { 200 } else { 500 })).await;
    rig.subscribe(Protocol::Http, &endpoint.url("good"), None).await;
    rig.subscribe(Protocol::Http, &endpoint.url("bad").replace("//", "//u:secret@"), None).await;
    rig.publish(1).await;
    rig.settled().await;
    let events = rig.context.statuses.newest("sns/us-east-1/000000000000/news", None, 10);
    let noted: Vec<_> = events.iter().map(|event| (&*event.log_group, event.entry.get())).collect();
    assert_eq!(noted.len(), 2, "{noted:?}");
    let (group, failure) = noted[0];
    assert_eq!(group, "sns/us-east-1/000000000000/news/Failure");
    let failure: serde_json::Value = serde_json::from_str(failure).unwrap();
    assert_eq!((&failure["status"], &failure["delivery"]["attempts"]), (&"FAILURE".into(), &2.into()));
    assert_eq!(failure["delivery"]["statusCode"], 500);
    assert!(failure["delivery"]["destination"].as_str().unwrap().starts_with("http://***@127.0.0.1:"));
    let (group, success) = noted[1];
    assert_eq!(group, "sns/us-east-1/000000000000/news");
    let success: serde_json::Value = serde_json::from_str(success).unwrap();
    assert_eq!(success["delivery"]["providerResponse"], "said");
    assert_eq!(success["notification"]["messageMD5Sum"], postrider_wire::digest::body("m0").to_string());
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_attributes_nothing_is_noted() {
    let rate = &[
        ("HTTPSuccessFeedbackRoleArn", "arn:aws:iam::000000000000:role/r"),
        ("HTTPSuccessFeedbackSampleRate", "0"),
    ];
    for attributes in [&[][..], rate] {
        let rig = Rig::start(Setup { attributes, ..Setup::default() }).await;
        let endpoint = Endpoint::start(|_, before| Answer::Status(if before == 0 { 400 } else { 200 })).await;
        rig.subscribe(Protocol::Http, &endpoint.url(""), None).await;
        rig.publish(2).await;
        rig.settled().await;
        assert_eq!(rig.context.statuses.newest("", None, 1).len(), 0);
        rig.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_that_hang_take_no_more_than_their_places() {
    // Four attempts at each to begin with: at once they have all eight places of those that are quick.
    let rig = Rig::start(Setup { attempts_max: 16, ..Setup::default() }).await;
    let (stuck, good) = (Endpoint::start(|_, _| Answer::Hang).await, Endpoint::start(ok).await);
    rig.subscribe(Protocol::Http, &stuck.url("a"), None).await;
    rig.subscribe(Protocol::Http, &stuck.url("b"), None).await;
    rig.publish(8).await;
    until("they hang", || stuck.got().len() == 8).await;
    rig.subscribe(Protocol::Http, &good.url(""), None).await;
    let started = Instant::now();
    rig.publish(1).await;
    until("the good one has its message", || good.got().len() == 1).await;
    assert!(started.elapsed() < Duration::from_secs(10), "before the first time-out");
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_messages_that_hang_leave_bytes_for_others() {
    // There are places for all, but what they hold is more than the bytes of those that are quick.
    let rig = Rig::start(Setup { attempts_max: 256, ..Setup::default() }).await;
    let (stuck, good) = (Endpoint::start(|_, _| Answer::Hang).await, Endpoint::start(ok).await);
    let lines = 10;
    for number in 0..lines {
        rig.subscribe(Protocol::Http, &stuck.url(&number.to_string()), None).await;
    }
    let large = vec!["m".repeat(1 << 20); 4];
    assert!((lines * large.len()) << 20 > BYTES_MAX / 2);
    rig.publish_these(&large).await;
    until("they hang", || stuck.got().len() >= 28).await;
    rig.subscribe(Protocol::Http, &good.url(""), None).await;
    let started = Instant::now();
    rig.publish(1).await;
    until("the good one has its message", || good.got().len() == 1).await;
    assert!(started.elapsed() < Duration::from_secs(10), "before the first time-out");
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_that_hang_do_not_slow_others() {
    let mut rig = Rig::start(Setup { attempts_max: 128, ..Setup::default() }).await;
    let (stuck, good) = (Endpoint::start(|_, _| Answer::Hang).await, Endpoint::start(ok).await);
    for number in 0..3 {
        rig.subscribe(Protocol::Http, &stuck.url(&number.to_string()), None).await;
    }
    rig.subscribe(Protocol::Http, &good.url(""), None).await;
    let started = Instant::now();
    rig.publish(100).await;
    until("the good one has all", || good.got().len() == 100).await;
    assert!(started.elapsed() < Duration::from_secs(10), "before the first time-out");
    until("the others are owed", || rig.owed_and_dropped().0 == 300).await;
    let took = rig.stop(Duration::from_millis(50)).await;
    assert!(took < Duration::from_secs(2), "{took:?}");
    rig.close().await;
}
