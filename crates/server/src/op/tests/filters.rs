//! How many filter policies topics may have: of one, and of all of an account, wherever they are (sns 12).

use super::support::{ACCOUNT, Got, Server};
use postrider_core::shard::Bounds;

const POLICY: (&str, &str) = ("FilterPolicy", r#"{"kind":["a"]}"#);

fn topic(account: &str, nth: usize) -> String {
    format!("arn:aws:sns:us-east-1:{account}:topic-{nth}")
}

async fn subscribe(server: &Server, topic: &str, endpoint: &str, attribute: Option<(&str, &str)>) -> Got {
    let endpoint = format!("arn:aws:sqs:us-east-1:{}:{endpoint}", server.account);
    let mut members = vec![("TopicArn", topic), ("Protocol", "sqs"), ("Endpoint", &*endpoint)];
    if let Some((name, value)) = attribute {
        members.extend([("Attributes.entry.1.key", name), ("Attributes.entry.1.value", value)]);
    }
    server.sns("Subscribe", &members).await
}

async fn set(server: &Server, subscription: &str, (name, value): (&str, &str)) -> Got {
    let members = [("SubscriptionArn", subscription), ("AttributeName", name), ("AttributeValue", value)];
    server.sns("SetSubscriptionAttributes", &members).await
}

#[track_caller]
fn is_refused(got: &Got) {
    assert_eq!((got.status, got.code()), (403, "FilterPolicyLimitExceeded"), "{}", got.body);
}

#[track_caller]
fn is_done(got: &Got) {
    assert_eq!(got.status, 200, "{}", got.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_filter_policies_of_an_account_are_counted_over_all_shards() {
    for shards in [1, 4] {
        let bounds = Bounds { filters_per_account: 8, ..Bounds::default() };
        let mut server = Server::with(shards, 1 << 30, bounds);
        for nth in 0..8 {
            is_done(&server.sns("CreateTopic", &[("Name", &format!("topic-{nth}"))]).await);
            is_done(&subscribe(&server, &topic(ACCOUNT, nth), "a", Some(POLICY)).await);
        }
        let owners =
            (0..8).map(|nth| postrider_core::Arn::parse(&topic(ACCOUNT, nth)).expect("an ARN").shard(shards));
        assert_eq!(owners.collect::<std::collections::BTreeSet<_>>().len(), usize::from(shards));
        let (first, last) = (topic(ACCOUNT, 0), topic(ACCOUNT, 7));

        is_refused(&subscribe(&server, &last, "b", Some(POLICY)).await);
        // Without a policy there is no limit, also not for a scope that is kept for one to come.
        is_done(&subscribe(&server, &last, "c", Some(("FilterPolicyScope", "MessageBody"))).await);
        let plain = subscribe(&server, &last, "b", None).await.text("SubscriptionArn").to_owned();
        is_refused(&set(&server, &plain, POLICY).await);
        is_done(&set(&server, &plain, ("FilterPolicyScope", "MessageBody")).await);
        is_refused(&set(&server, &plain, POLICY).await);
        is_done(&set(&server, &plain, ("FilterPolicy", "")).await);

        // To change one of them adds none, and neither does to subscribe it once more.
        let there = subscribe(&server, &first, "a", Some(POLICY)).await;
        let there = there.text("SubscriptionArn").to_owned();
        is_done(&set(&server, &there, ("FilterPolicy", r#"{"kind":["b"]}"#)).await);
        is_done(&set(&server, &there, ("FilterPolicyScope", "MessageBody")).await);

        // Another account has its own.
        server.account = "111111111111";
        is_done(&server.sns("CreateTopic", &[("Name", "topic-0")]).await);
        is_done(&subscribe(&server, &topic(server.account, 0), "a", Some(POLICY)).await);
        server.account = ACCOUNT;

        // One that is taken away makes room, and so does one that ends, and a topic that is deleted.
        is_done(&set(&server, &there, ("FilterPolicy", "")).await);
        is_done(&set(&server, &plain, POLICY).await);
        is_refused(&set(&server, &there, POLICY).await);
        is_done(&server.sns("Unsubscribe", &[("SubscriptionArn", &plain)]).await);
        is_done(&set(&server, &there, POLICY).await);
        is_refused(&subscribe(&server, &last, "d", Some(POLICY)).await);
        is_done(&server.sns("DeleteTopic", &[("TopicArn", &first)]).await);
        is_done(&subscribe(&server, &last, "d", Some(POLICY)).await);
        is_refused(&subscribe(&server, &last, "e", Some(POLICY)).await);
    }
}
