//! The resources of the crash test and what each of them admits.

use crate::http::Client;
use crate::server::Server;
use serde_json::{Value, json};
use std::time::Duration;

/// The visibility timeout of every queue: short, so that what a killed consumer held comes back in time.
pub(super) const VISIBILITY: Duration = Duration::from_secs(2);
/// Requests without an answer after this long are a failure of their own.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// How messages come to a queue, and in which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// Sent to by itself.
    Direct,
    /// Subscribed without a filter, as an envelope.
    All,
    /// Subscribed raw, for messages with the attribute `parity` = `odd`.
    Odd,
    /// Subscribed raw, for bodies whose `size` is at least 500.
    Big,
}

/// Every queue; the index of a lane in here is its number in the ledger.
pub(super) const LANES: [Lane; 4] = [Lane::Direct, Lane::All, Lane::Odd, Lane::Big];
/// The number of the lane that is sent to directly.
pub(super) const DIRECT: usize = 0;

/// A publication, as far as filters look at it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Traits {
    /// The attribute `parity`.
    pub(super) odd: bool,
    /// The member `size` of the body.
    pub(super) size: u64,
}

impl Lane {
    fn queue_name(self) -> &'static str {
        match self {
            Lane::Direct => "direct",
            Lane::All => "all",
            Lane::Odd => "odd",
            Lane::Big => "big",
        }
    }

    /// Whether a publication with these traits must arrive here, and no other may.
    pub(super) fn admits(self, traits: Traits) -> bool {
        match self {
            Lane::Direct => false,
            Lane::All => true,
            Lane::Odd => traits.odd,
            Lane::Big => traits.size >= 500,
        }
    }

    fn subscription_attributes(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Lane::Direct | Lane::All => &[],
            Lane::Odd => &[
                ("Attributes.entry.1.key", "RawMessageDelivery"),
                ("Attributes.entry.1.value", "true"),
                ("Attributes.entry.2.key", "FilterPolicy"),
                ("Attributes.entry.2.value", r#"{"parity":["odd"]}"#),
            ],
            Lane::Big => &[
                ("Attributes.entry.1.key", "RawMessageDelivery"),
                ("Attributes.entry.1.value", "true"),
                ("Attributes.entry.2.key", "FilterPolicyScope"),
                ("Attributes.entry.2.value", "MessageBody"),
                ("Attributes.entry.3.key", "FilterPolicy"),
                ("Attributes.entry.3.value", r#"{"size":[{"numeric":[">=",500]}]}"#),
            ],
        }
    }

    /// The key of a message that was received from this queue: its body, or what the envelope holds.
    pub(super) fn key(self, body: &str) -> Option<String> {
        let parsed: Value = serde_json::from_str(body).ok()?;
        let inner = match self {
            Lane::Direct | Lane::Odd | Lane::Big => parsed,
            Lane::All => serde_json::from_str(parsed["Message"].as_str()?).ok()?,
        };
        inner["id"].as_str().map(str::to_owned)
    }
}

/// The resources, once made.
#[derive(Debug)]
pub(super) struct Scene {
    /// Queue URLs, in the order of `LANES`. The host in them is that of the first start; the server does not
    /// look at it.
    pub(super) queue_urls: Vec<String>,
    /// The topic.
    pub(super) topic_arn: String,
}

impl Scene {
    /// Makes queues, topic and subscriptions.
    pub(super) fn create(server: &Server) -> Result<Scene, String> {
        let mut client = Client::new(&server.api, PATIENCE);
        let topic = client.sns("CreateTopic", &[("Name", "crash")]).map_err(|e| e.to_string())?.ok()?;
        let topic_arn = topic.xml("TopicArn").ok_or("CreateTopic answered no TopicArn")?.to_owned();
        let mut queue_urls = Vec::new();
        for lane in LANES {
            let timeout = VISIBILITY.as_secs().to_string();
            let input =
                json!({ "QueueName": lane.queue_name(), "Attributes": { "VisibilityTimeout": timeout } });
            let created = ask(&mut client, "CreateQueue", &input)?;
            let url = created["QueueUrl"].as_str().ok_or("CreateQueue answered no QueueUrl")?.to_owned();
            if lane != Lane::Direct {
                let input = json!({ "QueueUrl": url, "AttributeNames": ["QueueArn"] });
                let attributes = ask(&mut client, "GetQueueAttributes", &input)?;
                let arn = attributes["Attributes"]["QueueArn"].as_str().ok_or("no QueueArn")?;
                let mut parameters =
                    vec![("TopicArn", topic_arn.as_str()), ("Protocol", "sqs"), ("Endpoint", arn)];
                parameters.extend(lane.subscription_attributes());
                client.sns("Subscribe", &parameters).map_err(|e| e.to_string())?.ok()?;
            }
            queue_urls.push(url);
        }
        Ok(Scene { queue_urls, topic_arn })
    }
}

/// Calls an SQS action that must succeed.
pub(crate) fn ask(client: &mut Client, action: &str, input: &Value) -> Result<Value, String> {
    let reply = client.sqs(action, input).map_err(|e| format!("{action}: {e}"))?;
    Ok(reply.ok().map_err(|e| format!("{action}: {e}"))?.json())
}
