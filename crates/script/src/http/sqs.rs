//! What a script does to queues, as AWS JSON 1.0.

use super::{ACCOUNT, Answer, HttpTarget, Stop, done};
use crate::action::{Fault, Handle, Incoming, OnQueue, Outgoing, Shown, Task};
use crate::refusal;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

impl HttpTarget {
    pub(super) fn on_queue(&mut self, name: &str, what: &OnQueue) -> Answer {
        let url = format!("http://localhost/{ACCOUNT}/{name}");
        match what {
            OnQueue::Create(given) => {
                let mut given = given.clone();
                if name.ends_with(".fifo") {
                    given.entry("fifo".into()).or_insert_with(|| "on".into());
                }
                let attributes = self.to_wire(&given)?;
                self.sqs("CreateQueue", json!({ "QueueName": name, "Attributes": attributes }))?;
                done()
            }
            OnQueue::Set(given) => {
                let attributes = self.to_wire(given)?;
                self.sqs("SetQueueAttributes", json!({ "QueueUrl": url, "Attributes": attributes }))?;
                done()
            }
            OnQueue::DeleteQueue => {
                self.ledger.forget(name);
                self.sqs("DeleteQueue", json!({ "QueueUrl": url })).and_then(|_| done())
            }
            OnQueue::Purge => self.sqs("PurgeQueue", json!({ "QueueUrl": url })).and_then(|_| done()),
            OnQueue::Attributes => {
                let shown = self.attributes(&url)?;
                self.of_wire(&shown)
            }
            OnQueue::Counts => {
                let shown = self.attributes(&url)?;
                let states = ["", "NotVisible", "Delayed"];
                let counts = states.map(|state| {
                    shown[format!("ApproximateNumberOfMessages{state}")].as_str().unwrap_or("?").to_owned()
                });
                Ok(vec![counts.join("/")])
            }
            OnQueue::Send(outgoing) => self.send(name, &url, outgoing),
            OnQueue::Receive(incoming) => self.receive(name, &url, incoming),
            OnQueue::Delete(handles) => self.settle("DeleteMessage", &url, handles, None),
            OnQueue::Visibility(handles, timeout_s) => {
                self.settle("ChangeMessageVisibility", &url, handles, Some(*timeout_s))
            }
            OnQueue::Peek => {
                Err(Fault("SQS cannot look without receiving: `peek` is for `@pure` scripts".into()).into())
            }
            OnQueue::Sources => self.sources(&url),
            OnQueue::StartMove { to, rate } => self.start_move(name, to.as_deref(), *rate),
            OnQueue::CancelMove(task) => {
                let handle = match task {
                    Task::Started(_) => self.tasks.find(name, task)?,
                    Task::Forged => self.forged_task(name),
                };
                let output = self.sqs("CancelMessageMoveTask", json!({ "TaskHandle": handle }))?;
                Ok(vec![output["ApproximateNumberOfMessagesMoved"].to_string()])
            }
            OnQueue::Moves => self.moves(name),
        }
    }

    fn sqs(&self, operation: &str, input: Value) -> Result<Value, Stop> {
        let target = format!("AmazonSQS.{operation}");
        let headers = [("Content-Type", "application/x-amz-json-1.0"), ("X-Amz-Target", target.as_str())];
        let response = self.client.post(&headers, &input.to_string())?;
        let body = if response.body.is_empty() { "{}" } else { &response.body };
        let output = serde_json::from_str::<Value>(body);
        let output = output.map_err(|_| Fault(format!("{operation} answered {body}")))?;
        if response.status == 200 {
            return Ok(output);
        }
        let kind = output["__type"].as_str().unwrap_or_default();
        let code = kind.rsplit('#').next().unwrap_or_default().trim_end_matches("Exception");
        Err(Stop::Refused(code.into(), output["message"].as_str().unwrap_or_default().into()))
    }

    fn attributes(&self, url: &str) -> Result<Value, Stop> {
        let input = json!({ "QueueUrl": url, "AttributeNames": ["All"] });
        Ok(self.sqs("GetQueueAttributes", input)?["Attributes"].take())
    }

    pub(super) fn list_queues(&self, prefix: &str, max: usize) -> Answer {
        let mut names = Vec::new();
        let mut ask = json!({ "QueueNamePrefix": prefix, "MaxResults": max });
        loop {
            let mut page = self.sqs("ListQueues", ask.clone())?;
            for url in page["QueueUrls"].as_array().into_iter().flatten() {
                let name = url.as_str().and_then(|url| url.rsplit('/').next());
                names.extend(name.map(str::to_owned));
            }
            ask["NextToken"] = page["NextToken"].take();
            if ask["NextToken"].is_null() {
                return Ok(names);
            }
        }
    }

    fn send(&mut self, queue: &str, url: &str, outgoing: &Outgoing) -> Answer {
        let message = |body: &String| {
            let mut message = json!({ "MessageBody": body });
            outgoing.delay_s.iter().for_each(|delay_s| message["DelaySeconds"] = json!(delay_s));
            outgoing.group.iter().for_each(|group| message["MessageGroupId"] = json!(group));
            outgoing.dedup.iter().for_each(|dedup| message["MessageDeduplicationId"] = json!(dedup));
            message
        };
        let entries = outgoing.bodies.iter().map(message).collect();
        let answers = self.one_or_batch("SendMessage", url, entries)?;
        let mut words = Vec::with_capacity(answers.len());
        for (answer, body) in answers.into_iter().zip(&outgoing.bodies) {
            words.push(match answer {
                Err(refusal) => refusal,
                Ok(sent) => {
                    let id = sent["MessageId"].as_str().unwrap_or_default().to_owned();
                    let sequence = sequence(queue, &sent["SequenceNumber"])?;
                    self.ledger.sent(queue, body.trim_end_matches('.'), id, sequence)?
                }
            });
        }
        Ok(words)
    }

    fn settle(&self, operation: &str, url: &str, handles: &[Handle], timeout_s: Option<u32>) -> Answer {
        let mut entries = Vec::with_capacity(handles.len());
        for handle in handles {
            let mut entry = json!({ "ReceiptHandle": self.handles.find(handle)? });
            timeout_s.iter().for_each(|timeout_s| entry["VisibilityTimeout"] = json!(timeout_s));
            entries.push(entry);
        }
        let answers = self.one_or_batch(operation, url, entries)?;
        Ok(answers.into_iter().map(|answer| answer.err().unwrap_or_else(|| "ok".into())).collect())
    }

    /// One entry by the plain operation, several by its batch, whose entries answer each on its own.
    fn one_or_batch(
        &self,
        operation: &str,
        url: &str,
        mut entries: Vec<Value>,
    ) -> Result<Vec<Result<Value, String>>, Stop> {
        if let [entry] = &mut entries[..] {
            entry["QueueUrl"] = json!(url);
            return Ok(vec![Ok(self.sqs(operation, entry.take())?)]);
        }
        for (at, entry) in entries.iter_mut().enumerate() {
            entry["Id"] = json!(at.to_string());
        }
        let mut answers = vec![Err("missing".to_owned()); entries.len()];
        let input = json!({ "QueueUrl": url, "Entries": entries });
        let output = self.sqs(&format!("{operation}Batch"), input)?;
        for (member, good) in [("Successful", true), ("Failed", false)] {
            for entry in output[member].as_array().into_iter().flatten() {
                let text = |name: &str| entry[name].as_str().unwrap_or_default();
                let at = text("Id").parse::<usize>().ok().and_then(|at| answers.get_mut(at));
                let answer = at.ok_or_else(|| Fault(format!("{operation}Batch answered {output}")))?;
                let refusal = || refusal::of_wire(text("Code"), text("Message"));
                *answer = if good { Ok(entry.clone()) } else { Err(refusal()) };
            }
        }
        Ok(answers)
    }

    fn receive(&mut self, queue: &str, url: &str, asked: &Incoming) -> Answer {
        let mut ask = json!({ "QueueUrl": url, "MaxNumberOfMessages": asked.max });
        ask["MessageSystemAttributeNames"] = json!(["All"]);
        asked.visibility_s.iter().for_each(|seconds| ask["VisibilityTimeout"] = json!(seconds));
        asked.wait_s.iter().for_each(|seconds| ask["WaitTimeSeconds"] = json!(seconds));
        asked.attempt.iter().for_each(|attempt| ask["ReceiveRequestAttemptId"] = json!(attempt));
        let output = self.sqs("ReceiveMessage", ask)?;
        let mut words = Vec::new();
        for message in output["Messages"].as_array().into_iter().flatten() {
            let text = |name: &str| message[name].as_str();
            let (Some(body), Some(handle), Some(id)) =
                (text("Body"), text("ReceiptHandle"), text("MessageId"))
            else {
                return Err(Fault(format!("ReceiveMessage answered {output}")).into());
            };
            let envelope = envelope(body);
            envelope.iter().try_for_each(|envelope| self.copied(envelope))?;
            let mut word = self.word(body, envelope.as_ref());
            let sequence = sequence(queue, &message["Attributes"]["SequenceNumber"])?;
            self.ledger.received(queue, &word, id, sequence)?;
            let handle = self.handles.add(queue, &word, handle.into());
            for what in &asked.show {
                word.push(':');
                word.push_str(&self.shown(*what, &message["Attributes"], handle));
            }
            words.push(word);
        }
        Ok(words)
    }

    /// What else is to be shown of a message, out of its system attributes.
    fn shown(&self, what: Shown, attributes: &Value, handle: usize) -> String {
        let text = |name: &str| attributes[name].as_str().unwrap_or("-").to_owned();
        let seconds = |name: &str| {
            let began = self.began.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            let at = text(name).parse::<u64>().map(Duration::from_millis);
            // The script's clock began a little before the first request.
            at.map_or("?".into(), |at| at.saturating_sub(began).as_secs().to_string())
        };
        match what {
            Shown::Count => text("ApproximateReceiveCount"),
            Shown::Group => text("MessageGroupId"),
            Shown::Dedup => text("MessageDeduplicationId"),
            Shown::Source => {
                let source = text("DeadLetterQueueSourceArn");
                source.rsplit(':').next().unwrap_or_default().to_owned()
            }
            Shown::Handle => handle.to_string(),
            Shown::Sent => seconds("SentTimestamp"),
            Shown::First => seconds("ApproximateFirstReceiveTimestamp"),
        }
    }

    fn sources(&self, url: &str) -> Answer {
        let mut names = Vec::new();
        let mut ask = json!({ "QueueUrl": url, "MaxResults": 2 });
        loop {
            let mut page = self.sqs("ListDeadLetterSourceQueues", ask.clone())?;
            for url in page["queueUrls"].as_array().into_iter().flatten() {
                let name = url.as_str().and_then(|url| url.rsplit('/').next());
                names.extend(name.map(str::to_owned));
            }
            ask["NextToken"] = page["NextToken"].take();
            if ask["NextToken"].is_null() {
                names.sort();
                return Ok(names);
            }
        }
    }

    fn start_move(&mut self, queue: &str, to: Option<&str>, rate: Option<u32>) -> Answer {
        let mut ask = json!({ "SourceArn": self.queue_arn(queue) });
        to.iter().for_each(|to| ask["DestinationArn"] = json!(self.queue_arn(to)));
        rate.iter().for_each(|rate| ask["MaxNumberOfMessagesPerSecond"] = json!(rate));
        let output = self.sqs("StartMessageMoveTask", ask)?;
        let handle = output["TaskHandle"].as_str();
        let handle = handle.ok_or_else(|| Fault(format!("StartMessageMoveTask answered {output}")))?;
        self.tasks.add(queue, handle.into());
        done()
    }

    /// A handle that is well-formed and names no task of this queue.
    fn forged_task(&self, queue: &str) -> String {
        let arn = self.queue_arn(queue);
        let task = json!({ "taskId": "01234567-89ab-4def-8123-456789abcdef", "sourceArn": arn });
        super::sns::base64(task.to_string().as_bytes())
    }

    fn moves(&self, queue: &str) -> Answer {
        let ask = json!({ "SourceArn": self.queue_arn(queue), "MaxResults": 10 });
        let output = self.sqs("ListMessageMoveTasks", ask)?;
        let task = |task: &Value| {
            let number = |name: &str| task[name].as_u64().unwrap_or(u64::MAX);
            let (moved, to_move) =
                (number("ApproximateNumberOfMessagesMoved"), number("ApproximateNumberOfMessagesToMove"));
            let status = task["Status"].as_str().unwrap_or("?").to_ascii_lowercase();
            let mut word = format!("{status}:{moved}/{to_move}");
            if let Some(to) = task["DestinationArn"].as_str().and_then(|arn| arn.rsplit(':').next()) {
                word.push_str(&format!(":to={to}"));
            }
            let rate = task["MaxNumberOfMessagesPerSecond"].as_u64();
            rate.iter().for_each(|rate| word.push_str(&format!(":rate={rate}")));
            let reason = task["FailureReason"].as_str().and_then(|reason| reason.rsplit('.').next());
            reason.iter().for_each(|reason| word.push_str(&format!(":{reason}")));
            word
        };
        Ok(output["Results"].as_array().into_iter().flatten().map(task).collect())
    }

    /// A body as scripts write it: without the dots that pad it, an envelope as `topic/message`.
    fn word(&self, body: &str, envelope: Option<&Value>) -> String {
        let Some(envelope) = envelope else { return body.trim_end_matches('.').into() };
        let topic = envelope["TopicArn"].as_str().and_then(|arn| arn.rsplit(':').next()).unwrap_or_default();
        let message = envelope["Message"].as_str().unwrap_or_default().trim_end_matches('.');
        format!("{topic}/{message}")
    }
}

/// The envelope of a publication, if a body is one.
fn envelope(body: &str) -> Option<Value> {
    serde_json::from_str::<Value>(body).ok().filter(|envelope| envelope["Type"] == "Notification")
}

/// A sequence number: 20 digits on a FIFO queue, absent on others.
fn sequence(queue: &str, told: &Value) -> Result<Option<u128>, Fault> {
    let digits = told.as_str().filter(|text| text.len() == 20);
    match (queue.ends_with(".fifo"), digits.and_then(|digits| digits.parse().ok())) {
        (true, Some(sequence)) => Ok(Some(sequence)),
        (false, None) if told.is_null() => Ok(None),
        (true | false, _) => Err(Fault(format!("{queue} told the sequence number {told}"))),
    }
}
