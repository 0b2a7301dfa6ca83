//! The FIFO half of the crash test: order, deduplication and the way to the dead-letter queue under `kill -9`.
//!
//! Each group has one sender, who numbers his messages and sends each until it is acknowledged, under one
//! deduplication id however often he was killed on the way. Consumers work off what they get, now and then leave a
//! message lying, and so drive it into the dead-letter queue, which is in another shard when there are four. Then:
//!
//! - I6: when a message is handed out, everything before it in its group was deleted, or is found in the dead-letter
//!   queue at the end;
//! - I7: a message is made once, and the sequence numbers of a group rise;
//! - I8: each acknowledged message was deleted or is in the dead-letter queue, never both, and there once and in order;
//! - an acknowledged delete stays deleted.

use super::actors::now;
use super::scene::{PATIENCE, ask};
use crate::http::{Client, Reply};
use crate::rng::Rng;
use crate::server::{Launch, Server};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const GROUPS: u64 = 6;
const CONSUMERS: u64 = 3;
/// How often a message is handed out before it goes to the dead-letter queue.
const RECEIVES_MAX: u32 = 3;
/// Per cent of the messages that are left lying.
const LEFT_LYING: u64 = 4;
/// Beyond this many waiting messages senders leave the server to the consumers.
const BACKLOG_MAX: usize = 2_000;
const QUIET_FOR: Duration = Duration::from_secs(4);

/// A message: its group and its number there.
type Key = (u64, u64);

/// Is this one of the messages that no consumer can work off?
fn is_poison((_, number): Key) -> bool {
    number % 500 == 257
}

/// What was asked and answered.
#[derive(Debug, Default)]
struct Books {
    /// Next number of each group, and the sequence number of its last message.
    senders: BTreeMap<u64, (u64, String)>,
    acknowledged: BTreeSet<Key>,
    /// Deletes that were asked; `true` once they were acknowledged.
    deletes: BTreeMap<Key, bool>,
    /// Messages that others overtook: they have to be in the dead-letter queue.
    overtaken: BTreeSet<Key>,
    violations: Vec<String>,
}

impl Books {
    fn violation(&mut self, text: String) {
        if self.violations.len() < 20 {
            self.violations.push(text);
        }
    }

    /// A message was handed out, behind these of the same receive.
    fn handed_out(&mut self, (group, number): Key, before: &[Key]) {
        if self.deletes.get(&(group, number)) == Some(&true) {
            self.violation(format!("message {number} of group {group} came back after its delete"));
        }
        for earlier in 1..number {
            let key = (group, earlier);
            if !self.deletes.contains_key(&key) && !before.contains(&key) {
                self.overtaken.insert(key);
            }
        }
    }
}

struct Scene {
    work: String,
    dead: String,
}

/// The rounds, and the reckoning.
pub(super) fn rounds(seed: u64, rounds: u32, launch: &Launch) -> Result<(), String> {
    let books = Arc::new(Mutex::new(Books::default()));
    let mut rng = Rng::new(seed, 77);
    let mut server = launch.start()?;
    let scene = Arc::new(create(&server)?);
    for round in 1..=rounds {
        work(seed ^ u64::from(round), Duration::from_millis(rng.between(100, 1500)), server, &scene, &books)?;
        server = launch.start()?;
        let books = books.lock().expect("no actor panics");
        println!(
            "    fifo round {round}: {} sent, {} deletes",
            books.acknowledged.len(),
            books.deletes.len()
        );
        if !books.violations.is_empty() {
            return Err(books.violations.join("\n  "));
        }
    }
    reckon(&server, &scene, &mut books.lock().expect("no actor is left"))?;
    server.terminate()
}

fn create(server: &Server) -> Result<Scene, String> {
    let mut client = Client::new(&server.api, PATIENCE);
    let mut made = |name: &str, more: Value| {
        let mut attributes = json!({ "FifoQueue": "true", "VisibilityTimeout": "1" });
        for (key, value) in more.as_object().into_iter().flatten() {
            attributes[key] = value.clone();
        }
        let created =
            ask(&mut client, "CreateQueue", &json!({ "QueueName": name, "Attributes": attributes }))?;
        let url = created["QueueUrl"].as_str().ok_or("CreateQueue answered no QueueUrl")?.to_owned();
        let input = json!({ "QueueUrl": url, "AttributeNames": ["QueueArn"] });
        let arn = ask(&mut client, "GetQueueAttributes", &input)?["Attributes"]["QueueArn"].clone();
        Ok::<_, String>((url, arn))
    };
    let (dead, arn) = made("dead.fifo", json!({}))?;
    let policy = json!({ "deadLetterTargetArn": arn, "maxReceiveCount": RECEIVES_MAX }).to_string();
    let (work, _) = made("work.fifo", json!({ "RedrivePolicy": policy }))?;
    Ok(Scene { work, dead })
}

fn work(
    seed: u64,
    lasts: Duration,
    server: Server,
    scene: &Arc<Scene>,
    books: &Arc<Mutex<Books>>,
) -> Result<(), String> {
    let killed = Arc::new(AtomicBool::new(false));
    let threads = (0..GROUPS + CONSUMERS).map(|at| {
        let (scene, books, killed) = (Arc::clone(scene), Arc::clone(books), Arc::clone(&killed));
        let mut client = Client::new(&server.api, PATIENCE);
        let mut rng = Rng::new(seed, at);
        std::thread::spawn(move || {
            loop {
                if killed.load(Ordering::SeqCst) {
                    return Ok(());
                }
                let step = match at {
                    0..GROUPS => send(&mut client, &scene, &books, at),
                    _ => consume(&mut client, &mut rng, &scene, &books),
                };
                match step {
                    Ok(()) => {}
                    Err(_) if killed.load(Ordering::SeqCst) => return Ok(()),
                    Err(reason) => return Err(reason),
                }
            }
        })
    });
    let threads = threads.collect();
    super::kill_amid(threads, lasts, server, &killed)
}

fn send(client: &mut Client, scene: &Scene, books: &Mutex<Books>, group: u64) -> Result<(), String> {
    let ((number, last), backlog) = {
        let mut books = books.lock().expect("no actor panics");
        let backlog = books.acknowledged.len().saturating_sub(books.deletes.len());
        let next = books.senders.entry(group).or_insert((1, String::new())).clone();
        (next, backlog)
    };
    if backlog > BACKLOG_MAX {
        std::thread::sleep(Duration::from_millis(5));
        return Ok(());
    }
    let input = json!({
        "QueueUrl": scene.work,
        "MessageBody": format!("{group}-{number}"),
        "MessageGroupId": format!("group-{group}"),
        "MessageDeduplicationId": format!("{group}-{number}"),
    });
    let reply = ask(client, "SendMessage", &input)?;
    let sequence = reply["SequenceNumber"].as_str().unwrap_or_default().to_owned();
    let mut books = books.lock().expect("no actor panics");
    if sequence.len() != 20 || sequence <= last {
        books.violation(format!("group {group}: sequence number {sequence:?} after {last:?}"));
    }
    books.acknowledged.insert((group, number));
    books.senders.insert(group, (number + 1, sequence));
    Ok(())
}

fn consume(client: &mut Client, rng: &mut Rng, scene: &Scene, books: &Mutex<Books>) -> Result<(), String> {
    let input = json!({ "QueueUrl": scene.work, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1 });
    let mut left_lying = BTreeSet::new();
    let mut before = Vec::new();
    for (key, receipt) in received(client, &input)? {
        books.lock().expect("no actor panics").handed_out(key, &before);
        before.push(key);
        if left_lying.contains(&key.0) {
            continue;
        }
        if rng.chance(LEFT_LYING) || is_poison(key) {
            left_lying.insert(key.0);
            continue;
        }
        books.lock().expect("no actor panics").deletes.entry(key).or_insert(false);
        let input = json!({ "QueueUrl": scene.work, "ReceiptHandle": receipt });
        let reply: Reply = client.sqs("DeleteMessage", &input).map_err(|e| e.to_string())?;
        match reply.status {
            200 => drop(books.lock().expect("no actor panics").deletes.insert(key, true)),
            // The visibility timeout ended on the way.
            400 if reply.body.contains("has expired") => {}
            _ => return reply.ok().map(|_| ()),
        }
    }
    Ok(())
}

/// Messages with their receipt handles.
fn received(client: &mut Client, input: &Value) -> Result<Vec<(Key, Value)>, String> {
    let reply = ask(client, "ReceiveMessage", input)?;
    let messages = reply["Messages"].as_array().cloned().unwrap_or_default();
    let key = |message: &Value| {
        let (group, number) = message["Body"].as_str()?.split_once('-')?;
        Some((group.parse().ok()?, number.parse().ok()?))
    };
    let read = |message: Value| {
        let key = key(&message).ok_or_else(|| format!("nobody sent {message}"))?;
        Ok((key, message["ReceiptHandle"].clone()))
    };
    messages.into_iter().map(read).collect()
}

/// Takes everything that is left, and looks where each message ended.
fn reckon(server: &Server, scene: &Scene, books: &mut Books) -> Result<(), String> {
    let mut client = Client::new(&server.api, PATIENCE);
    let mut dead: Vec<Key> = Vec::new();
    for url in [&scene.work, &scene.dead] {
        let mut quiet_since = now();
        while now() < quiet_since + QUIET_FOR {
            let input = json!({ "QueueUrl": url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1 });
            for (key, receipt) in received(&mut client, &input)? {
                quiet_since = now();
                if *url == scene.work && is_poison(key) {
                    books.handed_out(key, &[]);
                    continue;
                }
                let input = json!({ "QueueUrl": url, "ReceiptHandle": receipt });
                ask(&mut client, "DeleteMessage", &input)?;
                if *url == scene.work {
                    books.handed_out(key, &[]);
                    books.deletes.insert(key, true);
                } else {
                    dead.push(key);
                }
            }
        }
    }
    for group in 0..GROUPS {
        let numbers = dead.iter().filter(|key| key.0 == group).map(|key| key.1).collect::<Vec<_>>();
        if !numbers.is_sorted_by(|a, b| a < b) {
            books.violation(format!(
                "the dead letters of group {group} are not in order, or doubled: {numbers:?}"
            ));
        }
    }
    let dead = dead.into_iter().collect::<BTreeSet<_>>();
    for key in books.acknowledged.clone() {
        match (books.deletes.get(&key), dead.contains(&key)) {
            (None, false) => books.violation(format!("{key:?} is lost")),
            (Some(true), true) => books.violation(format!("{key:?} was deleted and is a dead letter")),
            (Some(_), false) | (None | Some(false), true) => {}
        }
    }
    for key in books.overtaken.clone() {
        if !dead.contains(&key) {
            books.violation(format!("{key:?} was overtaken and is no dead letter"));
        }
    }
    println!(
        "    fifo: {} sent, {} deleted, {} dead letters, {} overtaken by their groups",
        books.acknowledged.len(),
        books.deletes.values().filter(|done| **done).count(),
        dead.len(),
        books.overtaken.len()
    );
    if books.violations.is_empty() { Ok(()) } else { Err(books.violations.join("\n  ")) }
}
