//! The resources of the chaos test: a topic with an HTTP subscription for each endpoint, and dead-letter queues.

use super::books::Books;
use super::endpoints::{Filter, Nature, RETRIES, everybody};
use crate::crash::ask;
use crate::http::Client;
use serde_json::{Value, json};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Requests without an answer after this long are a failure of their own.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);
const CONFIRMED_WITHIN: Duration = Duration::from_secs(60);
/// What was read from a dead-letter queue stays hidden: this way it is read once, and stays for a look afterwards.
const DEAD_HIDDEN_S: &str = "3600";

/// The resources, once made.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) topic: String,
    /// The dead-letter queue of each endpoint that has trouble: its number and the queue's URL.
    pub(super) dead: Vec<(usize, String)>,
}

impl Scene {
    /// Makes everything, and waits until every subscription is confirmed.
    pub(super) fn create(
        client: &mut Client,
        urls: &[String],
        books: &Mutex<Books>,
    ) -> Result<Scene, String> {
        let topic = create_topic(client, &[("Name", "chaos")])?;
        let mut dead = Vec::new();
        for (of, url) in everybody().into_iter().zip(urls) {
            let mut attributes = vec![("RawMessageDelivery", of.raw.to_string())];
            attributes.extend(filter_attributes(of.filter));
            if of.nature != Nature::Healthy {
                let (queue, arn) = create_queue(
                    client,
                    &format!("dead-{}", of.number),
                    &json!({ "VisibilityTimeout": DEAD_HIDDEN_S }),
                )?;
                dead.push((of.number, queue));
                attributes.push(("RedrivePolicy", json!({ "deadLetterTargetArn": arn }).to_string()));
                attributes.push(("DeliveryPolicy", delivery_policy()));
            }
            subscribe(client, &topic, "http", url, &attributes)
                .map_err(|reason| format!("{of}: {reason}"))?;
        }
        let deadline = Instant::now() + CONFIRMED_WITHIN;
        loop {
            let books = books.lock().expect("nobody panics while he writes");
            books.verdict()?;
            let left = books.unconfirmed();
            drop(books);
            if left == 0 {
                return Ok(Scene { topic, dead });
            }
            if Instant::now() > deadline {
                return Err(format!("{left} subscriptions were not confirmed within {CONFIRMED_WITHIN:?}"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Reads what is in the dead-letter queues and was not read before.
    pub(super) fn read_dead_letters(&self, client: &mut Client, books: &Mutex<Books>) -> Result<(), String> {
        for (endpoint, queue) in &self.dead {
            let input = json!({ "QueueUrl": queue, "MaxNumberOfMessages": 10 });
            loop {
                let reply = ask(client, "ReceiveMessage", &input)?;
                let Some(messages) = reply["Messages"].as_array().filter(|messages| !messages.is_empty())
                else {
                    break;
                };
                let mut books = books.lock().expect("nobody panics while he writes");
                for message in messages {
                    match message["Body"].as_str().and_then(super::endpoints::number) {
                        Some(number) => books.dead_letter(*endpoint, number),
                        None => books.violation(format!("a dead letter that nobody wrote: {message}")),
                    }
                }
            }
        }
        Ok(())
    }
}

fn delivery_policy() -> String {
    let retries = json!({ "minDelayTarget": 1, "maxDelayTarget": 1, "numRetries": RETRIES });
    json!({ "healthyRetryPolicy": retries }).to_string()
}

fn filter_attributes(filter: Filter) -> Vec<(&'static str, String)> {
    match filter {
        Filter::All => Vec::new(),
        Filter::Odd => vec![("FilterPolicy", r#"{"parity":["odd"]}"#.to_owned())],
        Filter::Big => vec![
            ("FilterPolicyScope", "MessageBody".to_owned()),
            ("FilterPolicy", r#"{"size":[{"numeric":[">=",500]}]}"#.to_owned()),
        ],
    }
}

/// Calls an SNS action that must succeed.
pub(crate) fn ask_sns(
    client: &mut Client,
    action: &str,
    parameters: &[(&str, &str)],
) -> Result<crate::http::Reply, String> {
    let reply = client.sns(action, parameters).map_err(|e| format!("{action}: {e}"))?;
    reply.ok().map_err(|e| format!("{action}: {e}"))
}

/// Makes a topic. Gives its ARN.
pub(crate) fn create_topic(client: &mut Client, parameters: &[(&str, &str)]) -> Result<String, String> {
    let reply = ask_sns(client, "CreateTopic", parameters)?;
    Ok(reply.xml("TopicArn").ok_or("CreateTopic answered no TopicArn")?.to_owned())
}

/// Makes a queue. Gives its URL and its ARN.
pub(crate) fn create_queue(
    client: &mut Client,
    name: &str,
    attributes: &Value,
) -> Result<(String, String), String> {
    let created = ask(client, "CreateQueue", &json!({ "QueueName": name, "Attributes": attributes }))?;
    let url = created["QueueUrl"].as_str().ok_or("CreateQueue answered no QueueUrl")?.to_owned();
    let input = json!({ "QueueUrl": url, "AttributeNames": ["QueueArn"] });
    let reply = ask(client, "GetQueueAttributes", &input)?;
    let arn = reply["Attributes"]["QueueArn"].as_str().ok_or("no QueueArn")?.to_owned();
    Ok((url, arn))
}

/// Subscribes. Gives the ARN of the subscription, confirmed or not.
pub(crate) fn subscribe(
    client: &mut Client,
    topic: &str,
    protocol: &str,
    endpoint: &str,
    attributes: &[(&str, String)],
) -> Result<String, String> {
    let mut parameters = vec![
        ("TopicArn".to_owned(), topic),
        ("Protocol".to_owned(), protocol),
        ("Endpoint".to_owned(), endpoint),
        ("ReturnSubscriptionArn".to_owned(), "true"),
    ];
    for (at, (name, value)) in attributes.iter().enumerate() {
        parameters.push((format!("Attributes.entry.{}.key", at + 1), name));
        parameters.push((format!("Attributes.entry.{}.value", at + 1), value));
    }
    let parameters: Vec<(&str, &str)> =
        parameters.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let reply = ask_sns(client, "Subscribe", &parameters)?;
    Ok(reply.xml("SubscriptionArn").ok_or("Subscribe answered no SubscriptionArn")?.to_owned())
}
