//! The FIFO half of the chaos test: a FIFO topic with 20 FIFO queues, one consumer each.
//!
//! Each group has one publisher, who numbers his messages and repeats each, under one deduplication id, until it is
//! acknowledged. Every fourth queue has a filter that admits only odd numbers. In each queue and group the first
//! delivery of a message comes directly after that of the one before it that the filter admits: nothing is left out,
//! nothing overtakes, however often the server is killed. What was in flight then comes again; what was deleted never.

use super::scene::{PATIENCE, ask_sns, create_queue, create_topic, subscribe};
use crate::crash::{ask, until};
use crate::http::Client;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// Queues of the FIFO topic.
pub(super) const QUEUES: usize = 20;
/// Groups, and publishers.
pub(super) const GROUPS: usize = 4;
/// A publisher's pause after an acknowledgement.
const PAUSE: Duration = Duration::from_millis(60);
const COMPLETE_WITHIN: Duration = Duration::from_secs(60);

/// What a queue has handed out of a group.
#[derive(Debug, Clone, Default)]
struct Line {
    /// The last number that came.
    last: u64,
    deleted: BTreeSet<u64>,
}

/// What a publisher has got acknowledged.
#[derive(Debug, Clone, Default)]
struct Group {
    acknowledged: u64,
    sequence: String,
}

#[derive(Debug)]
struct Ledger {
    groups: Vec<Group>,
    /// By queue and group.
    lines: Vec<Vec<Line>>,
    received: u64,
    again: u64,
    violations: Vec<String>,
}

/// The topic and its queues, and their books.
#[derive(Debug)]
pub(super) struct Fifo {
    topic: String,
    queues: Vec<String>,
    ledger: Mutex<Ledger>,
}

/// Does the filter of this queue admit the message?
fn admits(queue: usize, number: u64) -> bool {
    !queue.is_multiple_of(4) || !number.is_multiple_of(2)
}

/// The first number after `last` that the queue's filter admits.
fn after(queue: usize, last: u64) -> u64 {
    (last + 1..).find(|number| admits(queue, *number)).expect("a filter admits every second number")
}

impl Fifo {
    /// Makes the topic, the queues and the subscriptions.
    pub(super) fn create(client: &mut Client) -> Result<Fifo, String> {
        let fifo = ("Attributes.entry.1.key", "FifoTopic");
        let topic =
            create_topic(client, &[("Name", "chaos.fifo"), fifo, ("Attributes.entry.1.value", "true")])?;
        let mut queues = Vec::new();
        for queue in 0..QUEUES {
            let attributes = json!({ "FifoQueue": "true", "VisibilityTimeout": "3" });
            let (url, arn) = create_queue(client, &format!("line-{queue}.fifo"), &attributes)?;
            let mut attributes = vec![("RawMessageDelivery", "true".to_owned())];
            if queue.is_multiple_of(4) {
                attributes.push(("FilterPolicy", r#"{"parity":["odd"]}"#.to_owned()));
            }
            subscribe(client, &topic, "sqs", &arn, &attributes)?;
            queues.push(url);
        }
        let lines = vec![vec![Line::default(); GROUPS]; QUEUES];
        let groups = vec![Group::default(); GROUPS];
        let ledger = Ledger { groups, lines, received: 0, again: 0, violations: Vec::new() };
        Ok(Fifo { topic, queues, ledger: Mutex::new(ledger) })
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().expect("nobody panics while he writes")
    }

    /// Publishes to a group until told to stop, or until the server is gone.
    pub(super) fn publish_to(&self, group: usize, api: &str, stop: &AtomicBool) -> Result<(), String> {
        let mut client = Client::new(api, PATIENCE);
        until(stop, || {
            self.publish(&mut client, group)?;
            std::thread::sleep(PAUSE);
            Ok(())
        })
    }

    fn publish(&self, client: &mut Client, group: usize) -> Result<(), String> {
        let number = self.ledger().groups[group].acknowledged + 1;
        let text = format!("{group}-{number}");
        let parity = if number.is_multiple_of(2) { "even" } else { "odd" };
        let parameters = [
            ("TopicArn", self.topic.as_str()),
            ("Message", &text),
            ("MessageGroupId", &format!("group-{group}")),
            ("MessageDeduplicationId", &text),
            ("MessageAttributes.entry.1.Name", "parity"),
            ("MessageAttributes.entry.1.Value.DataType", "String"),
            ("MessageAttributes.entry.1.Value.StringValue", parity),
        ];
        let reply = ask_sns(client, "Publish", &parameters)?;
        let sequence = reply.xml("SequenceNumber").unwrap_or_default().to_owned();
        let mut ledger = self.ledger();
        let before = &ledger.groups[group].sequence;
        if sequence.len() != 20 || sequence <= *before {
            let text = format!(
                "fifo group {group}: message {number} has sequence number {sequence:?} after {before:?}"
            );
            ledger.violations.push(text);
        }
        ledger.groups[group] = Group { acknowledged: number, sequence };
        Ok(())
    }

    /// Works a queue off until told to stop, or until the server is gone.
    pub(super) fn consume_from(&self, queue: usize, api: &str, stop: &AtomicBool) -> Result<(), String> {
        let mut client = Client::new(api, PATIENCE);
        until(stop, || self.consume(&mut client, queue))
    }

    fn consume(&self, client: &mut Client, queue: usize) -> Result<(), String> {
        let url = &self.queues[queue];
        let input = json!({ "QueueUrl": url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1 });
        let reply = ask(client, "ReceiveMessage", &input)?;
        let (mut keys, mut entries) = (Vec::new(), Vec::new());
        for message in reply["Messages"].as_array().into_iter().flatten() {
            let (group, number) = key(message).ok_or_else(|| format!("nobody published {message}"))?;
            self.ledger().received(queue, group, number);
            entries.push(json!({ "Id": keys.len().to_string(), "ReceiptHandle": message["ReceiptHandle"] }));
            keys.push((group, number));
        }
        if entries.is_empty() {
            return Ok(());
        }
        let reply = ask(client, "DeleteMessageBatch", &json!({ "QueueUrl": url, "Entries": entries }))?;
        for entry in reply["Successful"].as_array().into_iter().flatten() {
            let at = entry["Id"].as_str().and_then(|id| id.parse::<usize>().ok());
            if let Some((group, number)) = at.and_then(|at| keys.get(at)) {
                self.ledger().lines[queue][*group].deleted.insert(*number);
            }
        }
        Ok(())
    }

    /// Consumes until every queue has handed out everything, and says what is missing if that does not happen.
    pub(super) fn finish(self: &Arc<Fifo>, api: &str) -> Result<(), String> {
        let stop = Arc::new(AtomicBool::new(false));
        let consumers = (0..QUEUES).map(|queue| {
            let (fifo, api, stop) = (Arc::clone(self), api.to_owned(), Arc::clone(&stop));
            std::thread::spawn(move || fifo.consume_from(queue, &api, &stop))
        });
        let consumers: Vec<_> = consumers.collect();
        let deadline = Instant::now() + COMPLETE_WITHIN;
        while !self.ledger().missing().is_empty() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(100));
        }
        stop.store(true, Ordering::SeqCst);
        for consumer in consumers {
            consumer.join().map_err(|_| "a consumer panicked".to_owned())??;
        }
        let mut ledger = self.ledger();
        let missing = ledger.missing();
        ledger.violations.extend(missing);
        drop(ledger);
        self.verdict()
    }

    /// An error with the violations so far, if there is any.
    pub(super) fn verdict(&self) -> Result<(), String> {
        let ledger = self.ledger();
        if ledger.violations.is_empty() {
            return Ok(());
        }
        let shown = &ledger.violations[..ledger.violations.len().min(20)];
        Err(format!("{} violations, among them\n  {}", ledger.violations.len(), shown.join("\n  ")))
    }

    /// One line of numbers.
    pub(super) fn totals(&self) -> String {
        let ledger = self.ledger();
        let published: u64 = ledger.groups.iter().map(|group| group.acknowledged).sum();
        format!(
            "fifo: {published} acknowledged, {} received, {} of them again",
            ledger.received, ledger.again
        )
    }
}

impl Ledger {
    fn received(&mut self, queue: usize, group: usize, number: u64) {
        self.received += 1;
        let line = &mut self.lines[queue][group];
        let next = after(queue, line.last);
        let text = if !admits(queue, number) {
            format!("fifo queue {queue}, group {group}: {number} came, which the filter refuses")
        } else if number > next {
            format!("fifo queue {queue}, group {group}: {number} came before {next}")
        } else if line.deleted.contains(&number) {
            format!("fifo queue {queue}, group {group}: {number} came back after its delete")
        } else {
            self.again += u64::from(number < next);
            line.last = line.last.max(number);
            return;
        };
        line.last = line.last.max(number);
        self.violations.push(text);
    }

    /// What was acknowledged and has not come.
    fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for (queue, lines) in self.lines.iter().enumerate() {
            for (group, line) in lines.iter().enumerate() {
                let (next, acknowledged) = (after(queue, line.last), self.groups[group].acknowledged);
                if next <= acknowledged {
                    missing.push(format!(
                        "fifo queue {queue}, group {group}: {next} to {acknowledged} did not come"
                    ));
                }
            }
        }
        missing
    }
}

fn key(message: &Value) -> Option<(usize, u64)> {
    let (group, number) = message["Body"].as_str()?.split_once('-')?;
    let group = group.parse().ok().filter(|group| *group < GROUPS)?;
    Some((group, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> Ledger {
        let mut groups = vec![Group::default(); GROUPS];
        groups[0].acknowledged = 4;
        let lines = vec![vec![Line::default(); GROUPS]; QUEUES];
        Ledger { groups, lines, received: 0, again: 0, violations: Vec::new() }
    }

    #[test]
    fn order_is_that_of_what_the_filter_admits() {
        let mut ledger = ledger();
        [1, 2, 3, 3, 4].into_iter().for_each(|number| ledger.received(1, 0, number));
        [1, 3].into_iter().for_each(|number| ledger.received(0, 0, number));
        assert!(ledger.violations.is_empty(), "{:?}", ledger.violations);
        assert_eq!((ledger.again, ledger.missing().len()), (1, QUEUES - 2));
    }

    #[test]
    fn gaps_and_returns_are_violations() {
        let mut ledger = ledger();
        ledger.received(1, 0, 2);
        ledger.received(0, 0, 2);
        ledger.received(2, 0, 1);
        ledger.lines[2][0].deleted.insert(1);
        ledger.received(2, 0, 1);
        assert_eq!(ledger.violations.len(), 3, "{:?}", ledger.violations);
    }
}
