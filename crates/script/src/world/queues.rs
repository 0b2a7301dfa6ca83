//! What a script does to queues.

use super::text::Text;
use super::{Stop, World, answer, convert, unexpected};
use crate::action::{Fault, Handle, Incoming, OnQueue, Outgoing};
use crate::parse::hash;
use crate::refusal;
use bytes::Bytes;
use postrider_core::body::Payload;
use postrider_core::command::{AskQueue, Command, Dedup, Receive, Send};
use postrider_core::event::Tags;
use postrider_core::id::{DedupKey, GroupKey};
use postrider_core::reply::{Content, Delivery, More, QueueView, Reply};
use postrider_core::{Arn, Rejection, limits};

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
                self.ask(&queue, |arn, judged| Command::CreateQueue {
                    arn,
                    judged,
                    settings,
                    tags: Tags::new(),
                })?;
                Ok(answer::done())
            }
            OnQueue::DeleteQueue => {
                self.ledger.forget(name);
                self.done(&queue, AskQueue::Delete)
            }
            OnQueue::Set(given) => self.done(&queue, AskQueue::Set(convert::settings(given)?)),
            OnQueue::Purge => self.done(&queue, AskQueue::Purge),
            OnQueue::Attributes => Ok(answer::settings(&self.view(&queue)?.settings)),
            OnQueue::Counts => Ok(answer::counts(self.view(&queue)?.counts)),
            OnQueue::Send(outgoing) => self.send(&queue, outgoing),
            OnQueue::Receive(incoming) => self.receive(&queue, incoming),
            OnQueue::Delete(handles) => {
                let receipts = self.receipts(handles)?;
                self.each(&queue, AskQueue::DeleteMessages(receipts))
            }
            OnQueue::Visibility(handles, timeout_s) => {
                let receipts = self.receipts(handles)?;
                let changes = receipts.into_iter().map(|receipt| (receipt, *timeout_s));
                self.each(&queue, AskQueue::ChangeVisibility(changes.collect()))
            }
            OnQueue::Peek => self.peek(&queue),
            OnQueue::Sources => self.sources(&queue),
            OnQueue::StartMove { to, rate } => {
                let destination = to.as_deref().map(arn);
                let start = AskQueue::StartMove { destination, per_second: *rate };
                let reply = self.ask_queue(&queue, start)?;
                let Reply::MoveStarted(task) = reply else { return Err(unexpected(&reply)) };
                self.tasks.add(name, task);
                Ok(answer::done())
            }
            OnQueue::CancelMove(task) => {
                let task = self.tasks.find(name, task)?;
                let reply = self.ask_queue(&queue, AskQueue::CancelMove(task))?;
                let Reply::MoveCancelled { moved } = reply else { return Err(unexpected(&reply)) };
                Ok(vec![moved.to_string()])
            }
            OnQueue::Moves => {
                let reply = self.ask_queue(&queue, AskQueue::ListMoves)?;
                let Reply::Moves(tasks) = reply else { return Err(unexpected(&reply)) };
                Ok(tasks.iter().map(answer::task).collect())
            }
        }
    }

    /// Sends as the server does: a FIFO queue gets the digest of the body where no deduplication id is given.
    fn send(&mut self, queue: &Arn, outgoing: &Outgoing) -> Result<Vec<String>, Stop> {
        let group = outgoing.group.as_deref();
        let send = |body: &String| {
            let dedup = match &outgoing.dedup {
                Some(id) => Some(Dedup::Explicit(DedupKey::of(id))),
                None => queue.is_fifo().then(|| Dedup::OfBody(DedupKey::of(&hash(body)))),
            };
            let digest = if queue.is_fifo() { hash(body) } else { String::new() };
            let dedup_text = outgoing.dedup.as_deref().unwrap_or(&digest);
            let text = Text { group: group.unwrap_or(""), dedup: dedup_text, ..Text::plain(body) };
            Send {
                payload: Payload::new(Bytes::from(text.encode()), convert::size(body, &[])),
                delay_s: outgoing.delay_s,
                group: group.map(GroupKey::of),
                dedup,
            }
        };
        let sends = outgoing.bodies.iter().map(send).collect();
        let reply = self.ask_queue(queue, AskQueue::Send(sends))?;
        let Reply::Sent(entries) = reply else { return Err(unexpected(&reply)) };
        let mut words = Vec::with_capacity(entries.len());
        for (entry, body) in entries.into_iter().zip(&outgoing.bodies) {
            words.push(match entry {
                Err(rejection) => refusal::of_core(&rejection),
                Ok(sent) => {
                    let sequence = queue.is_fifo().then_some(u128::from(sent.number));
                    let word = body.trim_end_matches('.');
                    self.ledger.sent(queue.resource(), word, sent.id.to_string(), sequence)?
                }
            });
        }
        Ok(words)
    }

    /// The names of the queues whose dead-letter queue this is, gathered page by page, in order.
    fn sources(&mut self, target: &Arn) -> Result<Vec<String>, Stop> {
        let mut names = Vec::new();
        for shard in 0..self.options.shards {
            let mut after = None;
            loop {
                let ask = Command::ListSources { target: target.clone(), after: after.take(), max: 2 };
                let reply = self.command(shard, ask)?;
                let Reply::Arns(arns, more) = reply else { return Err(unexpected(&reply)) };
                names.extend(arns.iter().map(|arn| arn.resource().to_owned()));
                after = arns.last().map(|arn| arn.as_str().into());
                if more == More::No {
                    break;
                }
            }
        }
        names.sort();
        Ok(names)
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

    fn peek(&mut self, queue: &Arn) -> Result<Vec<String>, Stop> {
        let (mut words, mut after) = (Vec::new(), 0);
        loop {
            let reply = self.ask_queue(queue, AskQueue::Peek { after, max: limits::PEEK_MAX })?;
            let Reply::Peeked(peeked) = reply else { return Err(unexpected(&reply)) };
            let Some(last) = peeked.last() else { return Ok(words) };
            after = last.number;
            let node = &self.nodes[usize::from(self.shard(queue))];
            for message in &peeked {
                let bytes = node.read(message.content.body());
                words.push(answer::message(&message.content, &Text::decode(&bytes)));
            }
        }
    }

    /// Receives. A long poll that finds nothing moves time to the next thing that happens, as long as
    /// that is before its end.
    fn receive(&mut self, queue: &Arn, asked: &Incoming) -> Result<Vec<String>, Stop> {
        let begin = self.now;
        loop {
            let words = self.receive_at_once(queue, asked)?;
            let node = &self.nodes[usize::from(self.shard(queue))];
            let wait_s =
                asked.wait_s.or_else(|| Some(node.shard.default_wait_s(node.shard.queue_id(queue)?)));
            let end = begin.plus_s(wait_s.unwrap_or(0));
            if !words.is_empty() || self.now >= end {
                return Ok(words);
            }
            let due = self.nodes.iter().filter_map(|node| node.shard.due()).chain(self.step_due()).min();
            self.pass(due.map_or(end, |due| due.min(end)).max(self.now + 1));
        }
    }

    fn receive_at_once(&mut self, queue: &Arn, asked: &Incoming) -> Result<Vec<String>, Stop> {
        let receive = Receive {
            max: asked.max,
            visibility_s: asked.visibility_s,
            wait_s: asked.wait_s,
            attempt: asked.attempt.as_deref().map(DedupKey::of),
        };
        let reply = self.ask_queue(queue, AskQueue::Receive(receive))?;
        let Reply::Received(deliveries) = reply else { return Err(unexpected(&reply)) };
        let mut words = Vec::with_capacity(deliveries.len());
        for Delivery { receipt, message } in deliveries {
            let node = &self.nodes[usize::from(self.shard(queue))];
            let bytes = node.read(message.content.body());
            let text = Text::decode(&bytes);
            let mut word = answer::message(&message.content, &text);
            let sequence = queue.is_fifo().then_some(u128::from(message.number));
            self.ledger.received(queue.resource(), &word, &message.id.to_string(), sequence)?;
            if let Content::Copy { published, .. } = &message.content {
                self.copied(published)?;
            }
            let handle = self.handles.add(queue.resource(), &word, Box::from(receipt));
            for what in &asked.show {
                word.push(':');
                word.push_str(&answer::shown(*what, &message, &text, handle, super::BEGIN));
            }
            words.push(word);
        }
        Ok(words)
    }
}
