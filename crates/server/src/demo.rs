//! `postrider demo`: one topic, three queues with different filters, a handful of messages.
//!
//! It starts a server in memory on free ports and talks to it over HTTP, as any client would; then it prints
//! what went where and why, and the few lines of Python and of the AWS command line that do the same.

mod client;

use crate::config::{Config, ConfigFault, Layer};
use crate::serve::{Running, ServeFault};
use client::{Client, ClientFault};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::process::ExitCode;

/// A subscriber of the demo.
struct Subscriber {
    queue: &'static str,
    /// Attributes of the subscription.
    attributes: &'static [(&'static str, &'static str)],
    why: &'static str,
}

const SUBSCRIBERS: [Subscriber; 3] = [
    Subscriber { queue: "everything", attributes: &[], why: "has no filter: gets all" },
    Subscriber {
        queue: "express",
        attributes: &[("FilterPolicy", r#"{"speed":["express"]}"#), ("RawMessageDelivery", "true")],
        why: r#"filters by attribute: {"speed":["express"]}; gets the message itself"#,
    },
    Subscriber {
        queue: "large",
        attributes: &[
            ("FilterPolicy", r#"{"total":[{"numeric":[">=",100]}]}"#),
            ("FilterPolicyScope", "MessageBody"),
        ],
        why: r#"filters by body: {"total":[{"numeric":[">=",100]}]}; gets the SNS envelope"#,
    },
];

/// Message and the attribute `speed`.
const MESSAGES: [(&str, &str); 5] = [
    (r#"{"order":1,"total":20}"#, "normal"),
    (r#"{"order":2,"total":250}"#, "normal"),
    (r#"{"order":3,"total":35}"#, "express"),
    (r#"{"order":4,"total":900}"#, "express"),
    ("not even JSON", "normal"),
];

/// Why the demo could not be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoFault {
    /// The settings in memory are refused.
    #[error(transparent)]
    Config(#[from] ConfigFault),
    /// The server did not start.
    #[error(transparent)]
    Serve(#[from] ServeFault),
    /// A request failed.
    #[error(transparent)]
    Client(#[from] ClientFault),
    /// A thread could not be started.
    #[error("could not start the runtime")]
    Runtime(#[from] std::io::Error),
    /// A queue got something else than its filter admits.
    #[error("the queue {queue} got {got} messages instead of {expected}")]
    Unexpected {
        /// Which queue.
        queue: &'static str,
        /// How many came.
        got: usize,
        /// How many its filter admits.
        expected: usize,
    },
}

/// Shows the demo.
pub(crate) fn run() -> Result<ExitCode, DemoFault> {
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    let settings =
        Layer { listen: Some(vec![free]), admin_listen: Some(free), memory: Some(true), ..Layer::default() };
    let config = Config::load(settings)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let shown = runtime.block_on(async {
        let running = Running::start(&config).await?;
        let shown = show(running.api[0]).await;
        running.stop().await;
        shown
    });
    runtime.shutdown_background();
    shown.map(|()| ExitCode::SUCCESS)
}

async fn show(api: SocketAddr) -> Result<(), DemoFault> {
    println!("A Postrider is running in this process, in memory, at http://{api}\n");
    let mut client = Client::connect(api).await?;
    let topic = client.sns("CreateTopic", &[("Name", "orders")]).await?;
    let topic = client::element(&topic, "TopicArn")?;
    println!("topic  {topic}");
    let mut urls = Vec::new();
    for subscriber in &SUBSCRIBERS {
        let url = subscribe(&mut client, &topic, subscriber).await?;
        println!("queue  {url}\n       {}", subscriber.why);
        urls.push(url);
    }
    println!();
    for (message, speed) in MESSAGES {
        publish(&mut client, &topic, message, speed).await?;
        println!("published  speed={speed:8} {message}");
    }
    for (subscriber, url) in SUBSCRIBERS.iter().zip(&urls) {
        println!("\nreceived and deleted from {}", subscriber.queue);
        let bodies = consume(&mut client, url).await?;
        let expected = expected(subscriber.queue);
        bodies.iter().for_each(|body| println!("  {}", shortened(body)));
        if bodies.len() != expected {
            return Err(DemoFault::Unexpected { queue: subscriber.queue, got: bodies.len(), expected });
        }
    }
    println!("\n{}", ELSEWHERE.trim_start());
    Ok(())
}

/// How many of the messages the filter of a queue admits.
fn expected(queue: &str) -> usize {
    match queue {
        "express" | "large" => 2,
        _ => MESSAGES.len(),
    }
}

async fn subscribe(client: &mut Client, topic: &str, subscriber: &Subscriber) -> Result<String, DemoFault> {
    let made = client.sqs("CreateQueue", &json!({ "QueueName": subscriber.queue })).await?;
    let url = client::text(&made, "QueueUrl")?;
    let asked = json!({ "QueueUrl": url, "AttributeNames": ["QueueArn"] });
    let known = client.sqs("GetQueueAttributes", &asked).await?;
    let arn = client::text(&known["Attributes"], "QueueArn")?;
    let mut parameters: Vec<(String, &str)> =
        [("TopicArn", topic), ("Protocol", "sqs"), ("Endpoint", &arn)].map(|(n, v)| (n.to_owned(), v)).into();
    for (number, (name, value)) in (1..).zip(subscriber.attributes) {
        parameters.push((format!("Attributes.entry.{number}.key"), name));
        parameters.push((format!("Attributes.entry.{number}.value"), value));
    }
    let parameters: Vec<(&str, &str)> =
        parameters.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    client.sns("Subscribe", &parameters).await?;
    Ok(url)
}

async fn publish(client: &mut Client, topic: &str, message: &str, speed: &str) -> Result<(), DemoFault> {
    let parameters = [
        ("TopicArn", topic),
        ("Message", message),
        ("MessageAttributes.entry.1.Name", "speed"),
        ("MessageAttributes.entry.1.Value.DataType", "String"),
        ("MessageAttributes.entry.1.Value.StringValue", speed),
    ];
    client.sns("Publish", &parameters).await?;
    Ok(())
}

/// Receives and deletes until the queue is empty.
async fn consume(client: &mut Client, url: &str) -> Result<Vec<String>, DemoFault> {
    let mut bodies = Vec::new();
    loop {
        let asked = json!({ "QueueUrl": url, "MaxNumberOfMessages": 10 });
        let received = client.sqs("ReceiveMessage", &asked).await?;
        let Some(messages) = received["Messages"].as_array().filter(|messages| !messages.is_empty()) else {
            return Ok(bodies);
        };
        for message in messages {
            bodies.push(client::text(message, "Body")?);
            let done = json!({ "QueueUrl": url, "ReceiptHandle": client::text(message, "ReceiptHandle")? });
            client.sqs("DeleteMessage", &done).await?;
        }
    }
}

/// An envelope is long; what matters here is that it is one, and the message in it.
fn shortened(body: &str) -> String {
    match serde_json::from_str::<Value>(body) {
        Ok(envelope) if envelope["Type"] == "Notification" => {
            let message = envelope["Message"].as_str().unwrap_or_default();
            format!("{{\"Type\":\"Notification\", \"Message\":{}, \"Signature\":…}}", Value::from(message))
        }
        Ok(_) | Err(_) => body.to_owned(),
    }
}

const ELSEWHERE: &str = r#"
To do this with your own client, run `postrider serve` and point the SDK to it:

  # Python
  import boto3
  at = dict(endpoint_url="http://127.0.0.1:4566", region_name="us-east-1",
            aws_access_key_id="any", aws_secret_access_key="any")
  sns, sqs = boto3.client("sns", **at), boto3.client("sqs", **at)
  topic = sns.create_topic(Name="orders")["TopicArn"]
  queue = sqs.create_queue(QueueName="express")["QueueUrl"]
  arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
  sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn,
                Attributes={"FilterPolicy": '{"speed":["express"]}', "RawMessageDelivery": "true"})
  sns.publish(TopicArn=topic, Message='{"order":3,"total":35}',
              MessageAttributes={"speed": {"DataType": "String", "StringValue": "express"}})
  for m in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5).get("Messages", []):
      print(m["Body"])
      sqs.delete_message(QueueUrl=queue, ReceiptHandle=m["ReceiptHandle"])

  # AWS command line
  export AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any
  here() { aws --endpoint-url http://127.0.0.1:4566 "$@"; }
  topic=$(here sns create-topic --name orders --query TopicArn --output text)
  queue=$(here sqs create-queue --queue-name large --query QueueUrl --output text)
  here sns subscribe --topic-arn $topic --protocol sqs \
    --notification-endpoint arn:aws:sqs:us-east-1:000000000000:large \
    --attributes '{"FilterPolicy":"{\"total\":[{\"numeric\":[\">=\",100]}]}","FilterPolicyScope":"MessageBody"}'
  here sns publish --topic-arn $topic --message '{"order":4,"total":900}'
  here sqs receive-message --queue-url $queue --wait-time-seconds 5
"#;
