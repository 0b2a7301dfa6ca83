//! Senders, publishers and consumers of the crash test.
//!
//! Each writes into the ledger before it asks and after it was answered. Until the kill, a lost connection
//! is a failure; after it, it is the point.

use super::ledger::{Ledger, Span};
use super::scene::{DIRECT, LANES, Lane, PATIENCE, Scene, Traits, VISIBILITY};
use crate::http::{Client, Reply};
use crate::rng::Rng;
use serde_json::{Value, json};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

/// Beyond this many waiting messages, senders and publishers leave the round to the consumers.
const BACKLOG_MAX: u64 = 20_000;

/// Who somebody is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Actor {
    /// Sends to the direct queue, singly and in batches.
    Sender(u64),
    /// Publishes to the topic.
    Publisher(u64),
    /// Receives from one queue and deletes, keeps or releases.
    Consumer(usize),
}

/// What everybody in a round shares.
#[derive(Debug, Clone)]
pub(super) struct Crew {
    pub(super) api: String,
    pub(super) scene: Arc<Scene>,
    pub(super) ledger: Arc<Mutex<Ledger>>,
    pub(super) killed: Arc<AtomicBool>,
}

/// Why an actor stops.
#[derive(Debug)]
enum Stop {
    /// The connection is gone, as it must be after the kill.
    Gone(io::Error),
    /// Enough for this round.
    Enough,
    /// Something that must not be.
    Wrong(String),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Stop {
        Stop::Gone(error)
    }
}

/// The time since the origin of all spans.
pub(super) fn now() -> Duration {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    ORIGIN.get_or_init(Instant::now).elapsed()
}

impl Crew {
    /// Plays a role until the server is gone.
    pub(super) fn play(&self, role: Actor, round: u32, mut rng: Rng) -> Result<(), String> {
        let mut client = Client::new(&self.api, PATIENCE);
        let mut number = 0u64;
        loop {
            number += 1;
            let key = |who: &str, id: u64| format!("{who}{id}-{round}-{number}");
            let step = match role {
                Actor::Sender(id) => self.send(&mut client, &mut rng, &key("s", id)),
                Actor::Publisher(id) => self.publish(&mut client, &mut rng, &key("p", id)),
                Actor::Consumer(lane) => self.consume(&mut client, &mut rng, lane),
            };
            match step {
                Ok(()) => {}
                Err(Stop::Enough) => return Ok(()),
                Err(Stop::Wrong(reason)) => return Err(reason),
                Err(Stop::Gone(_)) if self.killed.load(Ordering::SeqCst) => return Ok(()),
                Err(Stop::Gone(error)) => {
                    return Err(format!("{role:?} lost its connection before the kill: {error}"));
                }
            }
        }
    }

    fn books(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().expect("no actor panics while it writes")
    }

    fn room(&self) -> Result<(), Stop> {
        if self.books().backlog() > BACKLOG_MAX { Err(Stop::Enough) } else { Ok(()) }
    }

    fn send(&self, client: &mut Client, rng: &mut Rng, key: &str) -> Result<(), Stop> {
        self.room()?;
        if rng.chance(20) {
            return self.send_batch(client, rng, key);
        }
        let delay = if rng.chance(10) { 1 } else { 0 };
        let body = body(rng, key, 0);
        self.books().asked(DIRECT, key, now(), Duration::from_secs(delay));
        let input =
            json!({ "QueueUrl": self.scene.queue_urls[DIRECT], "MessageBody": body, "DelaySeconds": delay });
        let Some(reply) = taken(client.sqs("SendMessage", &input)?)? else { return Ok(()) };
        self.books().acknowledged(DIRECT, key, reply["MessageId"].as_str());
        Ok(())
    }

    fn send_batch(&self, client: &mut Client, rng: &mut Rng, key: &str) -> Result<(), Stop> {
        let keys: Vec<String> = (0..rng.between(1, 11)).map(|n| format!("{key}-{n}")).collect();
        let entries: Vec<Value> = keys
            .iter()
            .enumerate()
            .map(|(at, key)| json!({ "Id": at.to_string(), "MessageBody": body(rng, key, 0) }))
            .collect();
        for key in &keys {
            self.books().asked(DIRECT, key, now(), Duration::ZERO);
        }
        let input = json!({ "QueueUrl": self.scene.queue_urls[DIRECT], "Entries": entries });
        let Some(reply) = taken(client.sqs("SendMessageBatch", &input)?)? else { return Ok(()) };
        let mut books = self.books();
        for entry in reply["Successful"].as_array().into_iter().flatten() {
            let at = entry["Id"].as_str().and_then(|id| id.parse::<usize>().ok());
            let key = at.and_then(|at| keys.get(at));
            let key = key.ok_or_else(|| Stop::Wrong(format!("SendMessageBatch answered {entry}")))?;
            books.acknowledged(DIRECT, key, entry["MessageId"].as_str());
        }
        Ok(())
    }

    fn publish(&self, client: &mut Client, rng: &mut Rng, key: &str) -> Result<(), Stop> {
        self.room()?;
        let traits = Traits { odd: rng.chance(50), size: rng.between(0, 1000) };
        let body = body(rng, key, traits.size);
        let admitting: Vec<usize> = (0..LANES.len()).filter(|lane| LANES[*lane].admits(traits)).collect();
        for lane in &admitting {
            self.books().asked(*lane, key, now(), Duration::ZERO);
        }
        let parameters = [
            ("TopicArn", self.scene.topic_arn.as_str()),
            ("Message", body.as_str()),
            ("MessageAttributes.entry.1.Name", "parity"),
            ("MessageAttributes.entry.1.Value.DataType", "String"),
            ("MessageAttributes.entry.1.Value.StringValue", if traits.odd { "odd" } else { "even" }),
        ];
        if taken(client.sns("Publish", &parameters)?)?.is_none() {
            return Ok(());
        }
        for lane in admitting {
            self.books().acknowledged(lane, key, None);
        }
        Ok(())
    }

    fn consume(&self, client: &mut Client, rng: &mut Rng, lane: usize) -> Result<(), Stop> {
        let url = &self.scene.queue_urls[lane];
        let messages = receive(client, &self.ledger, LANES[lane], lane, url, 1)?;
        let mut batch = Vec::new();
        for message in messages {
            match rng.between(0, 100) {
                0..70 => batch.push(message),
                70..85 => {
                    self.books().delete_asked(lane);
                    let input = json!({ "QueueUrl": url, "ReceiptHandle": message.receipt });
                    if taken(client.sqs("DeleteMessage", &input)?)?.is_some() {
                        self.books().deleted(lane, &message.id, message.received, now());
                    }
                }
                85..90 => {
                    self.books().released(lane, &message.id);
                    let input =
                        json!({ "QueueUrl": url, "ReceiptHandle": message.receipt, "VisibilityTimeout": 0 });
                    taken(client.sqs("ChangeMessageVisibility", &input)?)?;
                }
                _ => {}
            }
        }
        delete_all(client, &self.ledger, lane, url, &batch)
    }
}

/// A message in the hand of a consumer.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) id: String,
    pub(super) receipt: String,
    /// When the receive that gave it was asked.
    pub(super) received: Duration,
}

/// What a drain does when a call fails: everything is an error then.
fn plain(stop: Stop) -> String {
    match stop {
        Stop::Gone(error) => error.to_string(),
        Stop::Enough => "stopped".to_owned(),
        Stop::Wrong(reason) => reason,
    }
}

/// Receives and deletes once from a queue of a server that nobody kills; the message ids that were received.
pub(super) fn receive_and_delete(
    client: &mut Client,
    ledger: &Mutex<Ledger>,
    scene: &Scene,
    lane: usize,
) -> Result<Vec<String>, String> {
    let url = &scene.queue_urls[lane];
    let messages = receive(client, ledger, LANES[lane], lane, url, 1).map_err(plain)?;
    delete_all(client, ledger, lane, url, &messages).map_err(plain)?;
    Ok(messages.into_iter().map(|message| message.id).collect())
}

fn receive(
    client: &mut Client,
    ledger: &Mutex<Ledger>,
    form: Lane,
    lane: usize,
    url: &str,
    wait_s: u32,
) -> Result<Vec<Held>, Stop> {
    let asked = now();
    let input = json!({ "QueueUrl": url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": wait_s });
    let Some(reply) = taken(client.sqs("ReceiveMessage", &input)?)? else { return Ok(Vec::new()) };
    let span = Span { asked, answered: now() };
    let mut held = Vec::new();
    let mut books = ledger.lock().expect("no actor panics while it writes");
    for message in reply["Messages"].as_array().into_iter().flatten() {
        let text = |name: &str| message[name].as_str().unwrap_or_default();
        let Some(key) = form.key(text("Body")) else {
            books.violation(format!("queue {lane} handed out what nobody wrote: {message}"));
            continue;
        };
        books.received(lane, &key, text("MessageId"), span, VISIBILITY);
        let (id, receipt) = (text("MessageId").to_owned(), text("ReceiptHandle").to_owned());
        held.push(Held { id, receipt, received: asked });
    }
    Ok(held)
}

fn delete_all(
    client: &mut Client,
    ledger: &Mutex<Ledger>,
    lane: usize,
    url: &str,
    messages: &[Held],
) -> Result<(), Stop> {
    if messages.is_empty() {
        return Ok(());
    }
    let entries: Vec<Value> = messages
        .iter()
        .enumerate()
        .map(|(at, message)| json!({ "Id": at.to_string(), "ReceiptHandle": message.receipt }))
        .collect();
    for _ in messages {
        ledger.lock().expect("no actor panics while it writes").delete_asked(lane);
    }
    let input = json!({ "QueueUrl": url, "Entries": entries });
    let Some(reply) = taken(client.sqs("DeleteMessageBatch", &input)?)? else { return Ok(()) };
    let answered = now();
    let mut books = ledger.lock().expect("no actor panics while it writes");
    for entry in reply["Successful"].as_array().into_iter().flatten() {
        let at = entry["Id"].as_str().and_then(|id| id.parse::<usize>().ok());
        if let Some(message) = at.and_then(|at| messages.get(at)) {
            books.deleted(lane, &message.id, message.received, answered);
        }
    }
    for entry in reply["Failed"].as_array().into_iter().flatten() {
        books.violation(format!("DeleteMessageBatch refused a handle that was just received: {entry}"));
    }
    Ok(())
}

/// The answer of a request that was taken; nothing if the server was too busy; wrong if it was refused.
fn taken(reply: Reply) -> Result<Option<Value>, Stop> {
    match reply.status {
        200 => Ok(Some(reply.json())),
        503 => Ok(None),
        _ => Err(Stop::Wrong(format!("status {}: {}", reply.status, reply.body))),
    }
}

/// A body of a varying length, as JSON that filters can look into.
fn body(rng: &mut Rng, key: &str, size: u64) -> String {
    let padding = match rng.between(0, 100) {
        0..80 => rng.between(0, 300),
        80..98 => rng.between(300, 4_000),
        _ => rng.between(4_000, 60_000),
    };
    json!({ "id": key, "size": size, "pad": "x".repeat(padding as usize) }).to_string()
}
