//! Who publishes to the archived topic, and who drains the queue.

use super::PATIENCE;
use super::ledger::Ledger;
use crate::chaos::ask_sns;
use crate::crash::{ask, until};
use crate::http::Client;
use crate::server::Server;
use serde_json::{Value, json};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

/// Connections that publish, each to groups of its own.
const PUBLISHERS: u64 = 4;
const GROUPS_EACH: u64 = 8;
const BATCH: u64 = 10;
/// Connections that drain.
pub(super) const CONSUMERS: u64 = 4;
/// The pause of whoever publishes during the replay.
const STRAGGLER_PAUSE: Duration = Duration::from_millis(50);
/// Bytes of a message.
const TEXT_BYTES: usize = 200;

/// A message: its group and its number there.
type Key = (u64, u64);

/// What everybody needs.
#[derive(Debug, Clone)]
pub(super) struct Crew {
    pub(super) api: String,
    topic: String,
    queue: String,
    ledger: Arc<Mutex<Ledger>>,
}

impl Crew {
    /// The crew of a server that runs.
    pub(super) fn new(server: &Server, topic: &str, queue: &str, ledger: &Arc<Mutex<Ledger>>) -> Crew {
        let (topic, queue) = (topic.to_owned(), queue.to_owned());
        Crew { api: server.api.clone(), topic, queue, ledger: Arc::clone(ledger) }
    }

    /// The books.
    pub(super) fn books(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().expect("nobody panics while he writes")
    }

    /// Publishes so many messages over several connections.
    pub(super) fn publish(&self, messages: u64) -> Result<(), String> {
        let threads = (0..PUBLISHERS).map(|publisher| {
            let crew = self.clone();
            std::thread::spawn(move || {
                let mut client = Client::new(&crew.api, PATIENCE);
                for batch in 0..messages / PUBLISHERS / BATCH {
                    crew.publish_batch(&mut client, publisher, batch)?;
                }
                Ok::<_, String>(())
            })
        });
        let threads: Vec<_> = threads.collect();
        for thread in threads {
            thread.join().map_err(|_| "a publisher panicked".to_owned())??;
        }
        Ok(())
    }

    /// Publishes now and then, until told to stop or until the server is gone.
    pub(super) fn straggler(&self, stop: &Arc<AtomicBool>) -> JoinHandle<Result<(), String>> {
        let (crew, stop) = (self.clone(), Arc::clone(stop));
        std::thread::spawn(move || {
            let mut client = Client::new(&crew.api, PATIENCE);
            let mut batch = 0;
            until(&stop, || {
                batch += 1;
                crew.publish_batch(&mut client, batch % PUBLISHERS, batch)?;
                std::thread::sleep(STRAGGLER_PAUSE);
                Ok(())
            })
        })
    }

    /// Consumers, until told to stop or until the server is gone.
    pub(super) fn consumers(&self, stop: &Arc<AtomicBool>) -> Vec<JoinHandle<Result<(), String>>> {
        let consumer = |_| {
            let (crew, stop) = (self.clone(), Arc::clone(stop));
            std::thread::spawn(move || {
                let mut client = Client::new(&crew.api, PATIENCE);
                until(&stop, || crew.consume(&mut client))
            })
        };
        (0..CONSUMERS).map(consumer).collect()
    }

    /// Publishes the next messages of some groups. Without an acknowledgement the same are published again by whoever
    /// comes next, under the same deduplication ids.
    fn publish_batch(&self, client: &mut Client, publisher: u64, batch: u64) -> Result<(), String> {
        let keys = self.next_keys(publisher, batch);
        let mut parameters = vec![("TopicArn".to_owned(), self.topic.clone())];
        for (at, (group, number)) in keys.iter().enumerate() {
            let entry = format!("PublishBatchRequestEntries.member.{}", at + 1);
            let text = format!("{group}-{number}-");
            parameters.push((format!("{entry}.Id"), at.to_string()));
            parameters.push((format!("{entry}.Message"), format!("{text:.<TEXT_BYTES$}")));
            parameters.push((format!("{entry}.MessageGroupId"), format!("group-{group}")));
            parameters.push((format!("{entry}.MessageDeduplicationId"), text));
        }
        let parameters: Vec<(&str, &str)> =
            parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let reply = ask_sns(client, "PublishBatch", &parameters)?;
        if reply.body.matches("<SequenceNumber>").count() != keys.len() {
            return Err(format!("PublishBatch of {} answered {}", keys.len(), reply.body));
        }
        let mut books = self.books();
        keys.into_iter().for_each(|(group, number)| books.acknowledged(group, number));
        Ok(())
    }

    /// A batch has some messages of two groups, in turn.
    fn next_keys(&self, publisher: u64, batch: u64) -> Vec<Key> {
        let groups = [batch, batch + 1].map(|at| publisher * GROUPS_EACH + at % GROUPS_EACH);
        let books = self.books();
        (0..BATCH)
            .map(|at| (groups[(at % 2) as usize], books.next(groups[(at % 2) as usize]) + at / 2))
            .collect()
    }

    fn consume(&self, client: &mut Client) -> Result<(), String> {
        let input = json!({ "QueueUrl": self.queue, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1 });
        let reply = ask(client, "ReceiveMessage", &input)?;
        let messages = reply["Messages"].as_array().map(Vec::as_slice).unwrap_or_default();
        if messages.is_empty() {
            return Ok(());
        }
        let keys = messages.iter().map(key).collect::<Option<Vec<Key>>>();
        let keys = keys.ok_or_else(|| format!("nobody published this: {reply}"))?;
        {
            let mut books = self.books();
            keys.iter().for_each(|(group, number)| books.received(*group, *number));
        }
        let entries = messages
            .iter()
            .enumerate()
            .map(|(at, message)| json!({ "Id": at.to_string(), "ReceiptHandle": message["ReceiptHandle"] }));
        let input = json!({ "QueueUrl": self.queue, "Entries": entries.collect::<Vec<_>>() });
        let reply = ask(client, "DeleteMessageBatch", &input)?;
        let mut books = self.books();
        for entry in reply["Successful"].as_array().into_iter().flatten() {
            let at = entry["Id"].as_str().and_then(|id| id.parse::<usize>().ok());
            if let Some((group, number)) = at.and_then(|at| keys.get(at)) {
                books.deleted(*group, *number);
            }
        }
        Ok(())
    }
}

fn key(message: &Value) -> Option<Key> {
    let mut parts = message["Body"].as_str()?.split('-');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}
