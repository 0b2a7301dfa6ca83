//! Listings: sorted over all shards, paged without gaps.

use super::support::{ACCOUNT, Server};
use serde_json::{Value, json};

const TOPIC: &str = "arn:aws:sns:us-east-1:210987654321:t000";

#[tokio::test(flavor = "multi_thread")]
async fn queues_are_listed_in_order_with_one_and_with_many_shards() {
    for shards in [1, 4] {
        let server = Server::open(shards);
        let names: Vec<String> = (0..25).map(|n| format!("q-{n:02}")).collect();
        for name in names.iter().rev() {
            server.sqs("CreateQueue", json!({"QueueName": name})).await;
        }
        server.sqs("CreateQueue", json!({"QueueName": "other"})).await;
        let mut found = Vec::new();
        let mut ask = json!({"QueueNamePrefix": "q-", "MaxResults": 7});
        loop {
            let page = server.sqs("ListQueues", ask.clone()).await.json();
            let urls = page["QueueUrls"].as_array().unwrap();
            assert!(urls.len() <= 7);
            found.extend(urls.iter().map(|url| url.as_str().unwrap().to_owned()));
            let Some(token) = page.get("NextToken") else { break };
            ask["NextToken"] = token.clone();
        }
        let expected: Vec<_> =
            names.iter().map(|name| format!("http://mq.example.test:4100/{ACCOUNT}/{name}")).collect();
        assert_eq!(found, expected, "{shards} shards");
        let all = server.sqs("ListQueues", json!({})).await.json();
        assert_eq!(all["QueueUrls"].as_array().map(Vec::len), Some(26));
        assert_eq!(all.get("NextToken"), None::<&Value>);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_and_subscriptions_page_by_a_hundred() {
    for shards in [1, 4] {
        let server = Server::open(shards);
        for n in 0..103 {
            server.sns("CreateTopic", &[("Name", &format!("t{n:03}"))]).await;
            let queue = format!("arn:aws:sqs:us-east-1:{ACCOUNT}:q{n:03}");
            let topic = if n < 101 { TOPIC.to_owned() } else { TOPIC.replace("000", &format!("{n:03}")) };
            let asked = [("TopicArn", &*topic), ("Protocol", "sqs"), ("Endpoint", &queue)];
            assert_eq!(server.sns("Subscribe", &asked).await.status, 200);
        }
        let topics = pages(&server, "ListTopics", &[], "TopicArn").await;
        assert_eq!((topics.0, topics.1.len()), (vec![100, 3], 103), "{shards} shards");
        assert!(topics.1.is_sorted());
        let all = pages(&server, "ListSubscriptions", &[], "SubscriptionArn").await;
        assert_eq!((all.0, all.1.len()), (vec![100, 3], 103), "{shards} shards");
        assert!(all.1.is_sorted());
        let of_topic =
            pages(&server, "ListSubscriptionsByTopic", &[("TopicArn", TOPIC)], "SubscriptionArn").await;
        assert_eq!((of_topic.0, of_topic.1.len()), (vec![100, 1], 101), "{shards} shards");
        assert!(of_topic.1.is_sorted());
    }
}

/// The lengths of all pages, and what was on them.
async fn pages(
    server: &Server,
    action: &str,
    asked: &[(&str, &str)],
    element: &str,
) -> (Vec<usize>, Vec<String>) {
    let (mut lengths, mut found) = (Vec::new(), Vec::new());
    let mut token = String::new();
    loop {
        let mut asked = asked.to_vec();
        if !token.is_empty() {
            asked.push(("NextToken", &token));
        }
        let page = server.sns(action, &asked).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let texts: Vec<String> = page.texts(element).map(str::to_owned).collect();
        lengths.push(texts.len());
        found.extend(texts);
        token = page.text("NextToken").to_owned();
        if token.is_empty() {
            return (lengths, found);
        }
    }
}
