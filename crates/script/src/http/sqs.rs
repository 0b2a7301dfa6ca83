//! What a script does to queues, as AWS JSON 1.0.

use super::{ACCOUNT, Answer, HttpTarget, Stop, done};
use crate::action::{Fault, Handle, OnQueue, QUEUE_ATTRIBUTES};
use crate::refusal;
use serde_json::{Value, json};
use std::collections::BTreeMap;

impl HttpTarget {
    pub(super) fn on_queue(&mut self, name: &str, what: &OnQueue) -> Answer {
        let url = format!("http://localhost/{ACCOUNT}/{}", self.full(name));
        match what {
            OnQueue::Create(given) => {
                let name = self.full(name);
                self.sqs("CreateQueue", json!({ "QueueName": name, "Attributes": attributes(given) }))?;
                done()
            }
            OnQueue::Set(given) => {
                self.sqs("SetQueueAttributes", json!({ "QueueUrl": url, "Attributes": attributes(given) }))?;
                done()
            }
            OnQueue::DeleteQueue => self.sqs("DeleteQueue", json!({ "QueueUrl": url })).and_then(|_| done()),
            OnQueue::Purge => self.sqs("PurgeQueue", json!({ "QueueUrl": url })).and_then(|_| done()),
            OnQueue::Attributes => {
                let shown = self.attributes(&url)?;
                let known = QUEUE_ATTRIBUTES.iter();
                let known = known.filter_map(|(short, name)| Some((short, shown.get(*name)?.as_str()?)));
                Ok(known.map(|(short, value)| format!("{short}={value}")).collect())
            }
            OnQueue::Counts => {
                let shown = self.attributes(&url)?;
                let states = ["", "NotVisible", "Delayed"];
                let counts = states.map(|state| {
                    shown[format!("ApproximateNumberOfMessages{state}")].as_str().unwrap_or("?").to_owned()
                });
                Ok(vec![counts.join("/")])
            }
            OnQueue::Send { bodies, delay_s } => self.send(&url, bodies, *delay_s),
            OnQueue::Receive { max, visibility_s, wait_s } => {
                let mut ask = json!({ "QueueUrl": url, "MaxNumberOfMessages": max });
                visibility_s.iter().for_each(|seconds| ask["VisibilityTimeout"] = json!(seconds));
                wait_s.iter().for_each(|seconds| ask["WaitTimeSeconds"] = json!(seconds));
                self.receive(name, &ask)
            }
            OnQueue::Delete(handles) => self.settle("DeleteMessage", &url, handles, None),
            OnQueue::Visibility(handles, timeout_s) => {
                self.settle("ChangeMessageVisibility", &url, handles, Some(*timeout_s))
            }
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
        let mut ask = json!({ "QueueNamePrefix": self.full(prefix), "MaxResults": max });
        loop {
            let mut page = self.sqs("ListQueues", ask.clone())?;
            for url in page["QueueUrls"].as_array().into_iter().flatten() {
                let name = url.as_str().and_then(|url| url.rsplit('/').next());
                names.extend(name.and_then(|name| self.short(name)).map(str::to_owned));
            }
            ask["NextToken"] = page["NextToken"].take();
            if ask["NextToken"].is_null() {
                return Ok(names);
            }
        }
    }

    fn send(&self, url: &str, bodies: &[String], delay_s: Option<u32>) -> Answer {
        let message = |body: &String| match delay_s {
            Some(delay_s) => json!({ "MessageBody": body, "DelaySeconds": delay_s }),
            None => json!({ "MessageBody": body }),
        };
        self.one_or_batch("SendMessage", url, bodies.iter().map(message).collect())
    }

    fn settle(&self, operation: &str, url: &str, handles: &[Handle], timeout_s: Option<u32>) -> Answer {
        let mut entries = Vec::with_capacity(handles.len());
        for handle in handles {
            let mut entry = json!({ "ReceiptHandle": self.handles.find(handle)? });
            timeout_s.iter().for_each(|timeout_s| entry["VisibilityTimeout"] = json!(timeout_s));
            entries.push(entry);
        }
        self.one_or_batch(operation, url, entries)
    }

    /// One entry by the plain operation, several by its batch, whose entries answer each on its own.
    fn one_or_batch(&self, operation: &str, url: &str, mut entries: Vec<Value>) -> Answer {
        if let [entry] = &mut entries[..] {
            entry["QueueUrl"] = json!(url);
            self.sqs(operation, entry.take())?;
            return done();
        }
        let count = entries.len();
        for (at, entry) in entries.iter_mut().enumerate() {
            entry["Id"] = json!(at.to_string());
        }
        let input = json!({ "QueueUrl": url, "Entries": entries });
        let output = self.sqs(&format!("{operation}Batch"), input)?;
        let mut answers = vec!["missing".to_owned(); count];
        for (member, good) in [("Successful", true), ("Failed", false)] {
            for entry in output[member].as_array().into_iter().flatten() {
                let text = |name: &str| entry[name].as_str().unwrap_or_default();
                let at = text("Id").parse::<usize>().ok().and_then(|at| answers.get_mut(at));
                let answer = at.ok_or_else(|| Fault(format!("{operation}Batch answered {output}")))?;
                *answer = if good { "ok".into() } else { refusal::of_wire(text("Code"), text("Message")) };
            }
        }
        Ok(answers)
    }

    fn receive(&mut self, queue: &str, ask: &Value) -> Answer {
        let output = self.sqs("ReceiveMessage", ask.clone())?;
        let mut words = Vec::new();
        for message in output["Messages"].as_array().into_iter().flatten() {
            let (Some(body), Some(handle)) = (message["Body"].as_str(), message["ReceiptHandle"].as_str())
            else {
                return Err(Fault(format!("ReceiveMessage answered {output}")).into());
            };
            let word = self.word(body);
            self.handles.add(queue, &word, handle.into());
            words.push(word);
        }
        Ok(words)
    }

    /// A body as scripts write it: without the dots that pad it, an envelope as `topic/message`.
    fn word(&self, body: &str) -> String {
        let envelope = serde_json::from_str::<Value>(body).ok();
        let envelope = envelope.filter(|envelope| envelope["Type"] == "Notification");
        let Some(envelope) = envelope else { return body.trim_end_matches('.').into() };
        let topic = envelope["TopicArn"].as_str().and_then(|arn| arn.rsplit(':').next()).unwrap_or_default();
        let message = envelope["Message"].as_str().unwrap_or_default().trim_end_matches('.');
        format!("{}/{message}", self.short(topic).unwrap_or(topic))
    }
}

/// Attributes by their names in SQS.
fn attributes(given: &BTreeMap<String, String>) -> BTreeMap<&str, &str> {
    let known = QUEUE_ATTRIBUTES.iter();
    known.filter_map(|(short, name)| Some((*name, given.get(*short)?.as_str()))).collect()
}
