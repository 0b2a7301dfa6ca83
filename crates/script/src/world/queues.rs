//! What a script does to queues.

use super::{Stop, World, answer, convert, unexpected};
use crate::action::{Fault, Handle, OnQueue};
use bytes::Bytes;
use postrider_core::body::Payload;
use postrider_core::command::{AskQueue, Command, Receive, Send};
use postrider_core::event::Tags;
use postrider_core::reply::{QueueView, Reply};
use postrider_core::{Arn, Rejection};

/// The ARN of a queue of a world.
pub(super) fn arn(name: &str) -> Arn {
    Arn::of("aws", "sqs", "us-east-1", "000000000000", name)
}

impl World {
    pub(super) fn on_queue(&mut self, name: &str, what: &OnQueue) -> Result<Vec<String>, Stop> {
        let queue = arn(name);
        match what {
            OnQueue::Create(given) => {
                let settings = convert::settings(given)?;
                let shard = self.shard(&queue);
                let command = Command::CreateQueue { arn: queue, settings, tags: Tags::new() };
                self.command(shard, command)?;
                Ok(answer::done())
            }
            OnQueue::DeleteQueue => self.done(&queue, AskQueue::Delete),
            OnQueue::Set(given) => self.done(&queue, AskQueue::Set(convert::settings(given)?)),
            OnQueue::Purge => self.done(&queue, AskQueue::Purge),
            OnQueue::Attributes => Ok(answer::settings(&self.view(&queue)?.settings)),
            OnQueue::Counts => Ok(answer::counts(self.view(&queue)?.counts)),
            OnQueue::Send { bodies, delay_s } => {
                let send = |body: &String| Send {
                    payload: Payload::new(Bytes::from(body.clone()), convert::size(body, &[])),
                    delay_s: *delay_s,
                };
                let reply = self.ask_queue(&queue, AskQueue::Send(bodies.iter().map(send).collect()))?;
                let Reply::Sent(entries) = reply else { return Err(unexpected(&reply)) };
                Ok(answer::each(entries))
            }
            OnQueue::Receive { max, visibility_s, wait_s } => {
                let receive = Receive { max: *max, visibility_s: *visibility_s, wait_s: *wait_s };
                self.receive(&queue, receive)
            }
            OnQueue::Delete(handles) => {
                let receipts = self.receipts(handles)?;
                self.each(&queue, AskQueue::DeleteMessages(receipts))
            }
            OnQueue::Visibility(handles, timeout_s) => {
                let receipts = self.receipts(handles)?;
                let changes = receipts.into_iter().map(|receipt| (receipt, *timeout_s));
                self.each(&queue, AskQueue::ChangeVisibility(changes.collect()))
            }
        }
    }

    fn view(&mut self, queue: &Arn) -> Result<Box<QueueView>, Stop> {
        let reply = self.ask_queue(queue, AskQueue::View)?;
        let Reply::Queue(view) = reply else { return Err(unexpected(&reply)) };
        Ok(view)
    }

    fn ask_queue(&mut self, queue: &Arn, ask: AskQueue) -> Result<Reply, Rejection> {
        self.ask(queue, |arn, judged| Command::Queue { arn, judged, ask })
    }

    fn done(&mut self, queue: &Arn, ask: AskQueue) -> Result<Vec<String>, Stop> {
        self.ask_queue(queue, ask)?;
        Ok(answer::done())
    }

    fn each(&mut self, queue: &Arn, ask: AskQueue) -> Result<Vec<String>, Stop> {
        let reply = self.ask_queue(queue, ask)?;
        let Reply::Each(entries) = reply else { return Err(unexpected(&reply)) };
        Ok(answer::each(entries))
    }

    fn receipts(&self, handles: &[Handle]) -> Result<Vec<Box<[u8]>>, Fault> {
        handles.iter().map(|handle| self.handles.find(handle)).collect()
    }

    /// Receives. A long poll that finds nothing moves time to the next thing that happens, as long as
    /// that is before its end.
    fn receive(&mut self, queue: &Arn, receive: Receive) -> Result<Vec<String>, Stop> {
        let begin = self.now;
        loop {
            let words = self.receive_at_once(queue, receive)?;
            let node = &self.nodes[usize::from(self.shard(queue))];
            let wait_s =
                receive.wait_s.or_else(|| Some(node.shard.default_wait_s(node.shard.queue_id(queue)?)));
            let end = begin.plus_s(wait_s.unwrap_or(0));
            if !words.is_empty() || self.now >= end {
                return Ok(words);
            }
            let next = self.nodes.iter().filter_map(|node| node.shard.due()).min();
            self.now = next.map_or(end, |next| next.min(end)).max(self.now + 1);
        }
    }

    fn receive_at_once(&mut self, queue: &Arn, receive: Receive) -> Result<Vec<String>, Stop> {
        let reply = self.ask_queue(queue, AskQueue::Receive(receive))?;
        let Reply::Received(deliveries) = reply else { return Err(unexpected(&reply)) };
        let mut words = Vec::with_capacity(deliveries.len());
        for delivery in deliveries {
            let node = &self.nodes[usize::from(self.shard(queue))];
            let body = node.read(delivery.message.content.body());
            let word = answer::message(&delivery.message.content, &body);
            self.handles.add(queue.resource(), &word, Box::from(delivery.receipt));
            words.push(word);
        }
        Ok(words)
    }
}
