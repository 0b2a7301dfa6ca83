//! What became of copies for queues, in the status log.

use super::rig::{Rig, Setup, queue, until};
use crate::statuses::Event;
use postrider_core::Arn;
use postrider_core::id::Uuid;
use postrider_runtime::Storage;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

const SUCCESSES: (&str, &str) = ("SQSSuccessFeedbackRoleArn", "arn:aws:iam::000000000000:role/r");
const FAILURES: (&str, &str) = ("SQSFailureFeedbackRoleArn", "arn:aws:iam::000000000000:role/r");
const GROUP: &str = "sns/us-east-1/000000000000/news";

/// A server whose queues with this in their names let no topic send.
async fn rig(setup: Setup) -> Rig {
    let permit = Arc::new(|crossing: &postrider_core::rejection::Crossing<'_>| {
        !crossing.target.resource().contains("denied")
    });
    Rig::start(Setup { permit, ..setup }).await
}

fn noted(rig: &Rig) -> Vec<Event> {
    rig.context.statuses.newest("", None, 100)
}

/// What was noted of a queue, once it is.
async fn entry(rig: &Rig, arn: &Arn) -> (Box<str>, Value) {
    let of = |event: &Event| event.entry.get().contains(arn.as_str());
    until(arn.as_str(), || noted(rig).iter().any(of)).await;
    let event = noted(rig).into_iter().find(of).unwrap();
    (event.log_group, serde_json::from_str(event.entry.get()).unwrap())
}

fn response(entry: &Value) -> Value {
    serde_json::from_str(entry["delivery"]["providerResponse"].as_str().unwrap()).unwrap()
}

/// Waits until no shard owes anything to a queue.
async fn delivered(rig: &Rig) {
    let owed =
        || rig.context.node.shards().iter().map(|shard| shard.gauges().owed.load(Relaxed)).sum::<u64>();
    until("nothing is owed to a queue", || owed() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_copies_for_queues_is_noted() {
    for shards in [1, 4] {
        let rig = rig(Setup { shards, attributes: &[SUCCESSES, FAILURES], ..Setup::default() }).await;
        let dead = rig.create_queue("dead").await;
        let mut ids = Vec::new();
        // Of so many, each shard has some.
        for number in 0..8 {
            let good = rig.create_queue(&format!("good-{number}")).await;
            let denied = rig.create_queue(&format!("denied-{number}")).await;
            let gone = queue(&format!("gone-{number}"));
            ids.push(rig.subscribe_queue(&good, None).await);
            rig.subscribe_queue(&denied, Some(&dead)).await;
            rig.subscribe_queue(&gone, None).await;
        }
        rig.publish(1).await;
        until("all are noted", || noted(&rig).len() >= 24).await;
        delivered(&rig).await;
        for (number, id) in ids.into_iter().enumerate() {
            let arn = queue(&format!("good-{number}"));
            let (group, entry) = entry(&rig, &arn).await;
            let message = Uuid::parse(entry["notification"]["messageId"].as_str().unwrap()).unwrap();
            assert_eq!((&*group, &entry["status"]), (GROUP, &"SUCCESS".into()));
            assert_eq!(rig.copies(&arn).await, [message]);
            let md5 = postrider_wire::digest::body("m0").to_string();
            assert_eq!(entry["notification"]["messageMD5Sum"], md5);
            assert_eq!(entry["delivery"]["destination"], arn.as_str());
            assert_eq!(entry["delivery"]["statusCode"], 200);
            assert!(entry["delivery"].get("attempts").is_none());
            let response = response(&entry);
            assert_eq!(response["sqsMessageId"], message.copy_for(id).to_string());
            assert!(Uuid::parse(response["sqsRequestId"].as_str().unwrap()).is_some());

            for (name, status, code) in
                [("denied", 403, "AccessDenied"), ("gone", 400, "AWS.SimpleQueueService.NonExistentQueue")]
            {
                let (group, entry) = self::entry(&rig, &queue(&format!("{name}-{number}"))).await;
                assert_eq!(&*group, format!("{GROUP}/Failure"));
                assert_eq!(
                    (&entry["status"], &entry["delivery"]["statusCode"]),
                    (&"FAILURE".into(), &status.into())
                );
                let response = self::response(&entry);
                assert_eq!(response["ErrorCode"], code);
                assert_eq!(response["sqsRequestId"], "Unrecoverable");
                assert!(!response["ErrorMessage"].as_str().unwrap().is_empty());
            }
        }
        assert_eq!(rig.copies(&dead).await.len(), 8);
        assert_eq!(noted(&rig).len(), 24, "of a dead-letter queue nothing");
        assert_eq!(rig.context.statuses.left_out(), 0);
        rig.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_copies_for_queues_only_what_is_asked_for_is_noted() {
    const NONE: (&str, &str) = ("SQSSuccessFeedbackSampleRate", "0");
    const ALL: (&str, &str) = ("SQSSuccessFeedbackSampleRate", "100");
    for (attributes, expected) in [
        (&[][..], (0, 0)),
        (&[ALL][..], (0, 0)),
        (&[SUCCESSES, NONE][..], (0, 0)),
        (&[SUCCESSES, ALL][..], (8, 0)),
        (&[SUCCESSES, FAILURES, NONE][..], (0, 8)),
    ] {
        for shards in [1, 4] {
            let rig = rig(Setup { shards, attributes, ..Setup::default() }).await;
            for number in 0..4 {
                let good = rig.create_queue(&format!("good-{number}")).await;
                rig.subscribe_queue(&good, None).await;
                rig.subscribe_queue(&queue(&format!("gone-{number}")), None).await;
            }
            rig.publish(2).await;
            delivered(&rig).await;
            let all = expected.0 + expected.1;
            until("what is asked for is noted", || noted(&rig).len() >= all).await;
            // What was left to be told would be told now.
            let mut rig = rig;
            rig.stop(Duration::ZERO).await;
            let failures = noted(&rig).iter().filter(|event| event.log_group.ends_with("/Failure")).count();
            assert_eq!((noted(&rig).len() - failures, failures), expected, "{attributes:?}, {shards} shards");
            rig.close().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn payloads_that_are_not_in_memory_are_read_for_their_digest() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::Directory {
        path: folder.path().to_owned(),
        durability: postrider_log::file::Durability::Os,
        segment_bytes: 8 << 20,
    };
    let rig =
        rig(Setup { shards: 4, storage, body_memory: 0, attributes: &[SUCCESSES], ..Setup::default() }).await;
    for number in 0..8 {
        let good = rig.create_queue(&format!("good-{number}")).await;
        rig.subscribe_queue(&good, None).await;
    }
    let text = "m".repeat(50_000);
    rig.publish_these(std::slice::from_ref(&text)).await;
    until("all are noted", || noted(&rig).len() >= 8).await;
    let md5 = postrider_wire::digest::body(&text).to_string();
    assert!(noted(&rig).iter().all(|event| event.entry.get().contains(&md5)));
    assert_eq!(rig.context.statuses.left_out(), 0);
    rig.close().await;
}
