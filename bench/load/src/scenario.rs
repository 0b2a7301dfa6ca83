//! What is sent: the scenarios, what they need beforehand, and the requests of one connection.

use crate::Fault;
use crate::connection::Connection;
use crate::sign::{Service, Signer};
use std::fmt::Write as _;

/// Bytes of a message body.
const BODY_BYTES: usize = 256;
const BATCH: u64 = 10;
/// Queues that a fan-out goes to.
const FAN: u64 = 100;
const PREFILL_CONNECTIONS: u64 = 16;

/// A kind of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// SendMessage without a queue behind it: for servers that answer anything with a fixed text.
    Fixed,
    /// SendMessage of 256 bytes.
    Send,
    /// SendMessageBatch of ten times 256 bytes.
    SendBatch,
    /// ReceiveMessage of one message, then DeleteMessage of it.
    ReceiveDelete,
    /// Publish of 256 bytes to a topic with three queues: no filter, an attribute filter, a body filter.
    Publish,
    /// Publish of 256 bytes to a topic with a hundred queues.
    FanOut,
}

impl Kind {
    /// Reads the name of a kind.
    pub fn parse(name: &str) -> Result<Kind, Fault> {
        match name {
            "fixed" => Ok(Kind::Fixed),
            "send" => Ok(Kind::Send),
            "send-batch" => Ok(Kind::SendBatch),
            "receive-delete" => Ok(Kind::ReceiveDelete),
            "publish" => Ok(Kind::Publish),
            "fan-out" => Ok(Kind::FanOut),
            other => Err(format!("there is no scenario {other:?}").into()),
        }
    }
}

/// A kind of load whose queue, topic and messages exist.
#[derive(Clone)]
pub struct Scenario {
    kind: Kind,
    signer: Signer,
    queue_url: String,
    topic_arn: String,
    /// The queues of the topic, of a fan-out.
    queues: Vec<String>,
}

impl Scenario {
    /// Makes what the kind needs.
    pub async fn prepare(kind: Kind, target: &str, signer: Signer, prefill: u64) -> Result<Scenario, Fault> {
        let queue_url = format!("http://{target}/000000000000/bench");
        let mut scenario = Scenario { kind, signer, queue_url, topic_arn: String::new(), queues: Vec::new() };
        match kind {
            Kind::Fixed => {}
            Kind::Send | Kind::SendBatch => {
                scenario.queue_url = scenario.create_queue(target, "bench").await?
            }
            Kind::ReceiveDelete => {
                scenario.queue_url = scenario.create_queue(target, "bench").await?;
                scenario.prefill(target, prefill).await?;
            }
            Kind::Publish => scenario.create_topic(target).await?,
            Kind::FanOut => scenario.create_fan(target).await?,
        }
        Ok(scenario)
    }

    async fn create_queue(&self, target: &str, name: &str) -> Result<String, Fault> {
        let body = format!(r#"{{"QueueName":"{name}","Attributes":{{"VisibilityTimeout":"600"}}}}"#);
        let answer = self.must(target, Service::Sqs, "CreateQueue", &body).await?;
        Ok(json_text(&answer, "QueueUrl").ok_or("CreateQueue answered no QueueUrl")?.to_owned())
    }

    async fn create_topic(&mut self, target: &str) -> Result<(), Fault> {
        self.create_bare_topic(target).await?;
        let filters = [
            ("all", None),
            ("attribute", Some(("MessageAttributes", r#"{"kind":["bench","other"]}"#))),
            ("body", Some(("MessageBody", r#"{"kind":["bench"]}"#))),
        ];
        for (name, filter) in filters {
            let mut more = String::new();
            if let Some((scope, policy)) = filter {
                let _ = write!(
                    more,
                    "&Attributes.entry.1.key=FilterPolicyScope&Attributes.entry.1.value={scope}\
                     &Attributes.entry.2.key=FilterPolicy&Attributes.entry.2.value={}",
                    encode(policy)
                );
            }
            self.subscribe(target, name, &more).await?;
        }
        Ok(())
    }

    async fn create_bare_topic(&mut self, target: &str) -> Result<(), Fault> {
        let body = "Action=CreateTopic&Version=2010-03-31&Name=bench";
        let answer = self.must(target, Service::Sns, "", body).await?;
        let (_, rest) = answer.split_once("<TopicArn>").ok_or("CreateTopic answered no TopicArn")?;
        self.topic_arn = rest.split('<').next().unwrap_or_default().to_owned();
        Ok(())
    }

    /// Makes a queue and subscribes it. Gives its URL.
    async fn subscribe(&self, target: &str, name: &str, more: &str) -> Result<String, Fault> {
        let url = self.create_queue(target, name).await?;
        let body = format!(r#"{{"QueueUrl":"{url}","AttributeNames":["QueueArn"]}}"#);
        let answer = self.must(target, Service::Sqs, "GetQueueAttributes", &body).await?;
        let queue_arn = json_text(&answer, "QueueArn").ok_or("GetQueueAttributes answered no QueueArn")?;
        let body = format!(
            "Action=Subscribe&Version=2010-03-31&Protocol=sqs&TopicArn={}&Endpoint={}{more}",
            encode(&self.topic_arn),
            encode(queue_arn)
        );
        self.must(target, Service::Sns, "", &body).await?;
        Ok(url)
    }

    async fn create_fan(&mut self, target: &str) -> Result<(), Fault> {
        self.create_bare_topic(target).await?;
        for index in 0..FAN {
            let url = self.subscribe(target, &format!("fan-{index}"), "").await?;
            self.queues.push(url);
        }
        Ok(())
    }

    /// The queues of the topic, of a fan-out.
    pub fn queues(&self) -> &[String] {
        &self.queues
    }

    /// A signed request to a queue, `rest` behind its URL.
    pub fn of_queue(&self, url: &str, action: &str, rest: &str) -> Vec<u8> {
        let body = format!(r#"{{"QueueUrl":"{url}",{rest}}}"#);
        self.signer.request(Service::Sqs, action, &body)
    }

    /// Puts messages into the queue, in batches over several connections.
    async fn prefill(&self, target: &str, messages: u64) -> Result<(), Fault> {
        let share = messages.div_ceil(BATCH * PREFILL_CONNECTIONS);
        let fillers: Vec<_> = (0..PREFILL_CONNECTIONS)
            .map(|_| {
                let (target, request) = (target.to_owned(), self.send_batch());
                tokio::task::spawn_local(async move {
                    let mut connection = Connection::open(&target).await.map_err(|e| e.to_string())?;
                    for _ in 0..share {
                        let status = connection.call(&request).await.map_err(|e| e.to_string())?;
                        if status != 200 {
                            return Err(format!("status {status}: {}", connection.body()));
                        }
                    }
                    Ok(())
                })
            })
            .collect();
        for filler in fillers {
            filler.await??;
        }
        Ok(())
    }

    async fn must(&self, target: &str, service: Service, action: &str, body: &str) -> Result<String, Fault> {
        let mut connection = Connection::open(target).await?;
        let status = connection.call(&self.signer.request(service, action, body)).await?;
        match status {
            200 => Ok(connection.body().to_owned()),
            _ => Err(format!("{action} status {status}: {}", connection.body()).into()),
        }
    }

    fn send_batch(&self) -> Vec<u8> {
        let mut entries = String::new();
        for id in 0..BATCH {
            let comma = if id == 0 { "" } else { "," };
            let _ = write!(entries, r#"{comma}{{"Id":"{id}","MessageBody":"{}"}}"#, plain_body());
        }
        let body = format!(r#"{{"QueueUrl":"{}","Entries":[{entries}]}}"#, self.queue_url);
        self.signer.request(Service::Sqs, "SendMessageBatch", &body)
    }

    fn sqs(&self, action: &str, rest: &str) -> Vec<u8> {
        self.of_queue(&self.queue_url, action, rest)
    }

    fn publish(&self) -> Vec<u8> {
        let mut message = r#"{"kind":"bench","pad":""#.to_owned();
        message.push_str(&"x".repeat(BODY_BYTES - message.len() - 2));
        message.push_str("\"}");
        let body = format!(
            "Action=Publish&Version=2010-03-31&TopicArn={}&Message={}&MessageAttributes.entry.1.Name=kind\
             &MessageAttributes.entry.1.Value.DataType=String\
             &MessageAttributes.entry.1.Value.StringValue=bench",
            encode(&self.topic_arn),
            encode(&message)
        );
        self.signer.request(Service::Sns, "", &body)
    }

    /// The requests of one connection.
    pub fn script(&self) -> Script {
        let request = match self.kind {
            Kind::Fixed | Kind::Send => {
                self.sqs("SendMessage", &format!(r#""MessageBody":"{}""#, plain_body()))
            }
            Kind::SendBatch => self.send_batch(),
            Kind::ReceiveDelete => self.sqs("ReceiveMessage", r#""MaxNumberOfMessages":1"#),
            Kind::Publish | Kind::FanOut => self.publish(),
        };
        let messages = match self.kind {
            Kind::Fixed | Kind::Send | Kind::Publish => 1,
            Kind::SendBatch => BATCH,
            Kind::FanOut => FAN,
            Kind::ReceiveDelete => 0,
        };
        Script { scenario: self.clone(), request, messages, delete: None }
    }
}

/// What one connection sends, request after request.
pub struct Script {
    scenario: Scenario,
    /// Signed once, sent again and again.
    request: Vec<u8>,
    messages: u64,
    /// The delete of the message that was received last.
    delete: Option<Vec<u8>>,
}

impl Script {
    /// Sends the next request; the messages that it brought to their end, or why it was refused.
    pub async fn step(&mut self, connection: &mut Connection) -> Result<Result<u64, String>, Fault> {
        if let Some(delete) = self.delete.take() {
            let status = connection.call(&delete).await?;
            return Ok(accepted(status, connection).map(|()| 1));
        }
        let status = connection.call(&self.request).await?;
        if let Err(reason) = accepted(status, connection) {
            return Ok(Err(reason));
        }
        if self.scenario.kind == Kind::ReceiveDelete {
            let Some(receipt) = json_text(connection.body(), "ReceiptHandle") else {
                return Ok(Err("the queue ran dry: give --prefill more messages".to_owned()));
            };
            let rest = format!(r#""ReceiptHandle":"{receipt}""#);
            self.delete = Some(self.scenario.sqs("DeleteMessage", &rest));
        } else if self.scenario.kind == Kind::SendBatch && connection.body().contains("\"Failed\"") {
            return Ok(Err(format!("a batch failed in part: {}", connection.body())));
        }
        Ok(Ok(self.messages))
    }
}

pub fn accepted(status: u16, connection: &Connection) -> Result<(), String> {
    if status == 200 { Ok(()) } else { Err(format!("status {status}: {}", connection.body())) }
}

/// A body without anything to escape.
pub fn plain_body() -> String {
    "the quick brown fox jumps over the lazy dog. ".chars().cycle().take(BODY_BYTES).collect()
}

/// The first string member of that name, as it stands in the JSON.
pub fn json_text<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = json.split_once(&format!("\"{name}\""))?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    rest.split('"').next()
}

/// Percent-encodes everything but the unreserved characters.
fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found() {
        let json = r#"{"Messages":[{"ReceiptHandle": "abc+/=","Body":"x"}]}"#;
        assert_eq!(json_text(json, "ReceiptHandle"), Some("abc+/="));
        assert_eq!(json_text("{}", "ReceiptHandle"), None);
    }

    #[test]
    fn bodies_have_their_size() {
        assert_eq!(plain_body().len(), BODY_BYTES);
        let signer = Signer::new("id", "secret", "us-east-1", "h:1", "20260102T030405Z".to_owned());
        let (queue_url, topic_arn) = (String::new(), String::new());
        let scenario = Scenario { kind: Kind::Publish, signer, queue_url, topic_arn, queues: Vec::new() };
        let request = String::from_utf8(scenario.publish()).unwrap();
        let message = request.split("&Message=").nth(1).unwrap().split('&').next().unwrap();
        assert_eq!(
            message
                .replace("%7B", "{")
                .replace("%22", "\"")
                .replace("%3A", ":")
                .replace("%2C", ",")
                .replace("%7D", "}")
                .len(),
            BODY_BYTES
        );
    }
}
