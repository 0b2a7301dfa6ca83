//! A shard with the queues that are measured: empty, or with as much in it as the project promises to bear.

use crate::turns::{Counting, Resource, Turns};
use bytes::Bytes;
use postrider_core::Arn;
use postrider_core::body::Payload;
use postrider_core::command::{
    AskQueue, AskTopic, Command, Dedup, Presence, Publish, Receipt, Receive, Send, Subscribe, TopicMeaning,
};
use postrider_core::event::{SubscriptionStated, Tags};
use postrider_core::id::{DedupKey, GroupKey, Revision};
use postrider_core::reply::{Counts, Reply};
use postrider_core::topic::filter::Facts;
use postrider_core::topic::subscription::{Endpoint, Filter};
use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Arc;

/// Bytes of a message body.
pub const BODY_BYTES: usize = 256;
/// Messages of one batch, with which queues are filled.
const BATCH: u64 = 10;
/// Messages are sent this fast, per millisecond, while a queue is filled: all deduplication ids of a filled queue are
/// still remembered when it is measured.
const PER_MS: u64 = 100;

/// How much is in a full shard.
pub struct Size {
    /// Waiting messages in each of the large queues.
    pub messages: u64,
    /// Message groups in each of the large queues that have groups.
    pub groups: u64,
    /// Queues in all.
    pub queues: u64,
}

/// A shard and what is asked in it.
pub struct Scene {
    /// The shard.
    pub turns: Turns,
    /// A standard queue whose messages have no group.
    pub plain: Resource,
    /// A standard queue whose messages have groups.
    pub fair: Resource,
    /// A FIFO queue.
    pub fifo: Resource,
    /// A third subscriber, besides `plain` and `fair`.
    pub third: Resource,
    /// Its three subscribers have no filter.
    pub topic: Resource,
    /// The groups that have messages.
    groups: Vec<GroupKey>,
    body: Bytes,
    used: u64,
}

impl Scene {
    /// Nothing waits anywhere.
    pub fn empty() -> Scene {
        let mut turns = Turns::new();
        let [plain, fair, fifo, third] =
            ["plain", "fair", "orders.fifo", "third"].map(|name| create_queue(&mut turns, name));
        let topic = create_topic(&mut turns, "news");
        for queue in [&plain, &fair, &third] {
            subscribe(&mut turns, &topic, subscription(queue, None));
        }
        let body = Bytes::from(vec![b'x'; BODY_BYTES]);
        Scene { turns, plain, fair, fifo, third, topic, groups: vec![group(0)], body, used: 0 }
    }

    /// Fills it.
    pub fn fill(&mut self, size: &Size) {
        self.groups = (0..size.groups).map(group).collect();
        for (at, queue) in (0..size.queues.saturating_sub(4)).zip(1..) {
            let queue = create_queue(&mut self.turns, &format!("other-{at}-{queue}"));
            let send = self.send(None, None);
            self.turns.ask(&queue, AskQueue::Send(vec![send]), Counting::Off);
        }
        let queues = [self.plain.clone(), self.fair.clone(), self.fifo.clone()];
        for batch in 0..size.messages / BATCH {
            if batch * BATCH % PER_MS < BATCH {
                self.turns.tick();
            }
            for queue in &queues {
                let sends = (batch * BATCH..(batch + 1) * BATCH).map(|nth| {
                    let group = self.groups[(nth % size.groups) as usize];
                    self.send_to(queue, group)
                });
                let sends = sends.collect::<Vec<_>>();
                self.turns.ask(queue, AskQueue::Send(sends), Counting::Off);
            }
        }
    }

    /// A message for a queue, of this group if the queue is one of those with groups.
    pub fn send_to(&mut self, queue: &Resource, group: GroupKey) -> Send {
        if queue.arn == self.plain.arn {
            return self.send(None, None);
        }
        let dedup = queue.arn.is_fifo().then(|| self.fresh_key());
        self.send(Some(group), dedup)
    }

    /// A message.
    pub fn send(&self, group: Option<GroupKey>, dedup: Option<DedupKey>) -> Send {
        let payload = Payload::new(self.body.clone(), BODY_BYTES as u32);
        Send { payload, delay_s: None, group, dedup: dedup.map(Dedup::Explicit) }
    }

    /// A publication.
    pub fn publish(&self) -> Publish {
        publication(self.body.clone(), Facts::default())
    }

    /// A deduplication id that nobody has used.
    pub fn fresh_key(&mut self) -> DedupKey {
        self.used += 1;
        DedupKey(spread(self.used))
    }

    /// A group without messages.
    pub fn fresh_group(&mut self) -> GroupKey {
        self.used += 1;
        GroupKey(spread(self.used))
    }

    /// One of the groups that have messages.
    pub fn old_group(&self, nth: u64) -> GroupKey {
        // Far apart, so that neighbours are not always asked one after the other.
        self.groups[(nth.wrapping_mul(7_919) % self.groups.len() as u64) as usize]
    }

    /// Receives one message, which is there.
    pub fn receive(&mut self, queue: &Resource, counting: Counting) -> Receipt {
        let receive = Receive { max: 1, visibility_s: Some(60), wait_s: Some(0), attempt: None };
        match self.turns.ask(queue, AskQueue::Receive(receive), counting) {
            Reply::Received(mut got) if got.len() == 1 => Box::new(got.remove(0).receipt),
            other => panic!("one message was expected, not {other:?}"),
        }
    }

    /// Deletes a message.
    pub fn delete(&mut self, queue: &Resource, receipt: Receipt, counting: Counting) {
        let reply = self.turns.ask(queue, AskQueue::DeleteMessages(vec![receipt]), counting);
        demand_each(&reply);
    }

    /// The messages of a queue by state.
    pub fn counts(&self, queue: &Resource) -> Counts {
        self.turns.shard.queue_id(&queue.arn).map(|id| self.turns.shard.counts(id)).unwrap_or_default()
    }

    /// What waits in the large queues, and how many queues there are.
    pub fn describe(&self) -> String {
        let [plain, fair, fifo] =
            [&self.plain, &self.fair, &self.fifo].map(|queue| self.counts(queue).available);
        let queues = self.turns.shard.resources().count() - 1;
        format!("plain={plain} fair={fair} fifo={fifo} groups={} queues={queues}", self.groups.len())
    }
}

/// Demands that each entry of a batch was accepted.
pub fn demand_each(reply: &Reply) {
    match reply {
        Reply::Each(answers) if answers.iter().all(Result::is_ok) => {}
        other => panic!("everything should be accepted, not {other:?}"),
    }
}

/// A subscription of a queue to a topic that is yet to be told, as the topic's owner would make it.
pub fn subscription(queue: &Resource, filter: Option<Arc<Filter>>) -> SubscriptionStated {
    let endpoint = Endpoint::Queue(queue.arn.clone());
    let plain = SubscriptionStated::wanted(endpoint, "000000000000", "arn:aws:iam::000000000000:root");
    SubscriptionStated { filter, ..plain }
}

/// Subscribes, and tells what came of it.
pub fn subscribe(turns: &mut Turns, topic: &Resource, wanted: SubscriptionStated) -> Arc<SubscriptionStated> {
    let ask = AskTopic::Subscribe(Box::new(Subscribe::new(wanted)));
    let Reply::Subscribed(id, _) = turns.ask_topic(topic, ask, Counting::Off) else {
        panic!("it subscribes")
    };
    let found = turns.ask_topic(topic, AskTopic::Subscription(id), Counting::Off);
    let Reply::Subscription(found, _) = found else { panic!("it is there") };
    found
}

/// A publication with these facts, which include those of its body.
pub fn publication(body: Bytes, facts: Facts) -> Publish {
    let payload = Payload::new(body, BODY_BYTES as u32);
    Publish { facts, body: Presence::Present, ..Publish::new(payload) }
}

/// A new topic of this name.
pub fn create_topic(turns: &mut Turns, name: &str) -> Resource {
    let arn = Arn::of("aws", "sns", "us-east-1", "000000000000", name);
    let create = Command::CreateTopic {
        arn: arn.clone(),
        attributes: BTreeMap::new(),
        meaning: TopicMeaning::default(),
        tags: None,
    };
    turns.create(create, arn)
}

/// A new queue of this name, with default attributes.
pub fn create_queue(turns: &mut Turns, name: &str) -> Resource {
    let arn = Arn::of("aws", "sqs", "us-east-1", "000000000000", name);
    let (judged, settings, tags) = (Revision::default(), Vec::new(), Tags::new());
    let create = Command::CreateQueue { arn: arn.clone(), judged, settings, tags };
    turns.create(create, arn)
}

fn group(nth: u64) -> GroupKey {
    GroupKey(spread(nth | 1 << 63))
}

/// Keys that look like digests: core is never given others. A bijection, so all are different.
fn spread(nth: u64) -> NonZero<u128> {
    let mixed = nth.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ mixed >> 32).wrapping_mul(0xd1b5_4a32_d192_ed03);
    NonZero::new(u128::from(mixed) << 64 | u128::from(nth) << 1 | 1).expect("the last bit is set")
}
