//! What a client knows: what was asked, what was answered, and what follows for what must be there.
//!
//! Each message is known by a tag in its payload. What was asked and not answered may have happened or not;
//! what was answered has. Whenever everything is looked at, what is found becomes a fact: what is there must
//! stay, and what is not there must not come back.

use bytes::Bytes;
use postrider_core::command::Receipt;
use postrider_core::id::Uuid;
use postrider_core::{Arn, Timestamp};
use std::collections::BTreeMap;

/// How sure it is that something is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sure {
    /// It is not.
    No,
    /// Somebody asked for a change and was not answered.
    Maybe,
    /// It is.
    Yes,
}

/// Something that is made and deleted.
#[derive(Clone, Copy, Debug)]
pub struct Thing {
    /// Is it there?
    pub sure: Sure,
    /// Who asked for the last change.
    last: u64,
}

impl Thing {
    const NOT: Thing = Thing { sure: Sure::No, last: 0 };

    fn ask(&mut self, token: u64, wanted: Sure) {
        self.last = token;
        if self.sure != wanted {
            self.sure = Sure::Maybe;
        }
    }

    fn answer(&mut self, token: u64, sure: Sure) {
        if self.last == token {
            self.sure = sure;
        }
    }
}

/// A subscription.
#[derive(Clone, Copy, Debug)]
pub struct Subscribed {
    /// Is it there?
    pub thing: Thing,
    /// Its id, once that is known.
    pub id: Option<Uuid>,
}

/// One message in one queue: sent to it, or a copy of a publication.
#[derive(Clone, Copy, Debug)]
pub struct Copied {
    /// Retention counts from here at the earliest.
    sent_at: Timestamp,
    /// It must be there, unless it may be gone.
    acknowledged: bool,
    /// Somebody asked for something that makes it go away.
    may_be_gone: bool,
    /// It must not be there.
    must_be_gone: bool,
    /// Whoever sent it and the queue are in one shard.
    local: bool,
}

/// Which copy: its tag and its queue.
pub type Key = (u64, Arn);

/// A message in a consumer's hands.
#[derive(Clone, Debug)]
pub struct Held {
    /// Which.
    pub key: Key,
    /// Its handle.
    pub receipt: Receipt,
}

/// What was asked, as far as the answer matters.
#[derive(Clone, Debug)]
pub enum Asked {
    /// A queue to be made.
    CreateQueue(Arn),
    /// A queue to be deleted, with what is in it by then for sure.
    DeleteQueue(Arn, Vec<Key>),
    /// A topic to be made.
    CreateTopic(Arn),
    /// A topic to be deleted.
    DeleteTopic(Arn),
    /// A queue to be subscribed to a topic.
    Subscribe(Arn, Arn),
    /// A subscription to be ended.
    Unsubscribe(Arn, Arn),
    /// Messages with these tags.
    Send(Arn, Vec<u64>),
    /// Publications, each with its copies.
    Publish(Vec<Vec<Key>>),
    /// Messages from a queue.
    Receive(Arn),
    /// Messages to be deleted.
    Delete(Vec<Key>),
    /// A purge of what is in a queue by then for sure.
    Purge(Vec<Key>),
    /// Something that is answered one way or the other.
    Other,
}

/// All that a client knows.
#[derive(Default)]
pub struct Model {
    queues: BTreeMap<Arn, Thing>,
    topics: BTreeMap<Arn, Thing>,
    /// By topic and queue.
    pub(crate) subscriptions: BTreeMap<(Arn, Arn), Subscribed>,
    retention_min_s: BTreeMap<Arn, u32>,
    copies: BTreeMap<Key, Copied>,
    /// Messages that were handed out.
    pub(crate) held: Vec<Held>,
    waiting: BTreeMap<u64, Asked>,
    tags: u64,
    /// Messages found where they had to be, over all looks.
    found: u64,
}

/// Retention of a queue that says nothing, seconds.
const RETENTION_S: u32 = 345_600;

/// The payload with this tag.
pub fn payload(tag: u64) -> Bytes {
    let filler = (0..tag % 7 * 40).map(|at| (tag + at) as u8);
    tag.to_le_bytes().into_iter().chain(filler).collect()
}

/// The tag of a payload, if it is what was sent.
///
/// # Errors
/// The payload is damaged.
pub fn tag(bytes: &[u8]) -> Result<u64, String> {
    let head = bytes.get(..8).and_then(|head| head.try_into().ok()).map(u64::from_le_bytes);
    let tag = head.filter(|tag| payload(*tag) == bytes);
    tag.ok_or_else(|| format!("a payload of {} bytes is not what was sent", bytes.len()))
}

impl Model {
    /// A tag that no message has had.
    pub fn next_tag(&mut self) -> u64 {
        self.tags += 1;
        self.tags
    }

    /// How sure is it that this queue is there?
    pub fn queue(&self, arn: &Arn) -> Sure {
        self.queues.get(arn).map_or(Sure::No, |thing| thing.sure)
    }

    /// How sure is it that this topic is there?
    pub fn topic(&self, arn: &Arn) -> Sure {
        self.topics.get(arn).map_or(Sure::No, |thing| thing.sure)
    }

    /// Messages that were found where they had to be.
    pub fn found(&self) -> u64 {
        self.found
    }

    /// Notes that a message is on its way into a queue. `sure` is whether it gets there if it is accepted.
    pub fn on_its_way(&mut self, key: Key, now: Timestamp, sure: Sure, local: bool) {
        let copied = Copied {
            sent_at: now,
            acknowledged: false,
            may_be_gone: sure != Sure::Yes,
            must_be_gone: false,
            local,
        };
        self.copies.insert(key, copied);
    }

    /// Notes that the retention of a queue may become this.
    pub fn retention(&mut self, queue: &Arn, retention_s: u32) {
        let least = self.retention_min_s.entry(queue.clone()).or_insert(RETENTION_S);
        *least = retention_s.min(*least);
    }

    /// The messages of a queue that were asked for and are not known to be gone.
    pub fn keys(&self, queue: &Arn) -> Vec<Key> {
        let there = self.copies.iter().filter(|(key, copied)| key.1 == *queue && !copied.must_be_gone);
        there.map(|(key, _)| key.clone()).collect()
    }

    /// Notes what was asked.
    pub fn asked(&mut self, token: u64, asked: Asked) {
        match &asked {
            Asked::CreateQueue(arn) => thing(&mut self.queues, arn).ask(token, Sure::Yes),
            Asked::DeleteQueue(arn, keys) => {
                thing(&mut self.queues, arn).ask(token, Sure::No);
                self.may_be_gone(keys);
            }
            Asked::CreateTopic(arn) => thing(&mut self.topics, arn).ask(token, Sure::Yes),
            Asked::DeleteTopic(arn) => {
                thing(&mut self.topics, arn).ask(token, Sure::No);
                let ended = self.subscriptions.iter_mut().filter(|(key, _)| key.0 == *arn);
                ended.for_each(|(_, subscribed)| subscribed.thing.ask(token, Sure::No));
            }
            Asked::Subscribe(topic, queue) => self.subscription(topic, queue).thing.ask(token, Sure::Yes),
            Asked::Unsubscribe(topic, queue) => self.subscription(topic, queue).thing.ask(token, Sure::No),
            Asked::Delete(keys) | Asked::Purge(keys) => self.may_be_gone(keys),
            Asked::Send(..) | Asked::Publish(_) | Asked::Receive(_) | Asked::Other => {}
        }
        self.waiting.insert(token, asked);
    }

    /// What was asked under this token.
    pub fn answered(&mut self, token: u64) -> Option<Asked> {
        self.waiting.remove(&token)
    }

    /// Those who wait will never be answered.
    pub fn forget_waiting(&mut self) {
        self.waiting.clear();
    }

    /// A queue was made or deleted, or could not be.
    pub fn queue_is(&mut self, arn: &Arn, token: u64, sure: Sure) {
        thing(&mut self.queues, arn).answer(token, sure);
    }

    /// A topic was made or deleted, or could not be; its subscriptions ended with it.
    pub fn topic_is(&mut self, arn: &Arn, token: u64, sure: Sure) {
        thing(&mut self.topics, arn).answer(token, sure);
        if sure == Sure::No {
            let ended = self.subscriptions.iter_mut().filter(|(key, _)| key.0 == *arn);
            ended.for_each(|(_, subscribed)| subscribed.thing.answer(token, Sure::No));
        }
    }

    /// A subscription was made or ended.
    pub fn subscription_is(&mut self, topic: &Arn, queue: &Arn, token: u64, sure: Sure, id: Option<Uuid>) {
        let subscribed = self.subscription(topic, queue);
        subscribed.thing.answer(token, sure);
        subscribed.id = id.or(subscribed.id);
    }

    fn subscription(&mut self, topic: &Arn, queue: &Arn) -> &mut Subscribed {
        let key = (topic.clone(), queue.clone());
        self.subscriptions.entry(key).or_insert(Subscribed { thing: Thing::NOT, id: None })
    }

    /// Messages were acknowledged.
    pub fn acknowledge(&mut self, keys: &[Key]) {
        self.each(keys, |copied| copied.acknowledged = true);
    }

    /// Messages that somebody asked to go away.
    fn may_be_gone(&mut self, keys: &[Key]) {
        self.each(keys, |copied| copied.may_be_gone = true);
    }

    /// Messages were refused or deleted, and that was acknowledged.
    pub fn must_be_gone(&mut self, keys: &[Key]) {
        self.each(keys, |copied| copied.must_be_gone = true);
    }

    /// As [`Model::must_be_gone`], for those that cannot still be on their way from another shard.
    pub fn local_must_be_gone(&mut self, keys: &[Key]) {
        self.each(keys, |copied| copied.must_be_gone |= copied.local);
    }

    fn each(&mut self, keys: &[Key], change: impl Fn(&mut Copied)) {
        for key in keys {
            self.copies.get_mut(key).into_iter().for_each(&change);
        }
    }

    /// A message was handed out, or seen in its queue.
    ///
    /// # Errors
    /// It must not be there.
    pub fn seen(&self, key: &Key) -> Result<(), String> {
        let (tag, queue) = (key.0, key.1.resource());
        match self.copies.get(key) {
            None => Err(format!("I9: message {tag} was never sent to {queue}")),
            Some(copied) if copied.must_be_gone => {
                Err(format!("I1: message {tag} is back in {queue}: {copied:?}"))
            }
            Some(_) => Ok(()),
        }
    }

    /// Everything was looked at, with nobody waiting for a change: compares, and takes what was found for
    /// fact.
    ///
    /// # Errors
    /// Something that was acknowledged is not there, or the reverse.
    pub fn settle(&mut self, found: &Found, now: Timestamp) -> Result<(), String> {
        settle_things(&mut self.queues, &found.queues)?;
        settle_things(&mut self.topics, &found.topics)?;
        for ((topic, queue), subscribed) in &mut self.subscriptions {
            let there = found.subscriptions.get(&(topic.clone(), queue.clone()));
            subscribed.thing.settle(there.is_some(), topic)?;
            subscribed.id = there.copied();
        }
        for (key, copied) in &mut self.copies {
            let (queued, owed) = (found.queued.contains_key(key), found.owed.contains_key(key));
            let least = self.retention_min_s.get(&key.1).map_or(RETENTION_S, |least| *least);
            let may_be_gone = copied.may_be_gone || copied.sent_at.plus_s(least) <= now;
            if copied.acknowledged && !queued && !owed && !may_be_gone && !copied.must_be_gone {
                let (tag, queue) = (key.0, key.1.resource());
                return Err(format!("I1: message {tag} is missing from {queue}: {copied:?}"));
            }
            self.found += u64::from(copied.acknowledged && queued);
            copied.acknowledged |= queued || owed;
            copied.must_be_gone |= !queued && !owed;
            // What is owed may have been delivered and be gone again, without the origin knowing of it.
            let no_queue = self.queues.get(&key.1).is_none_or(|queue| queue.sure != Sure::Yes);
            copied.may_be_gone = !queued && (copied.may_be_gone || no_queue);
        }
        Ok(())
    }
}

/// What a look at everything finds.
#[derive(Debug, Default)]
pub struct Found {
    /// All queues that the model knows, and whether they are there.
    pub queues: BTreeMap<Arn, bool>,
    /// The same of topics.
    pub topics: BTreeMap<Arn, bool>,
    /// Subscriptions by topic and queue.
    pub subscriptions: BTreeMap<(Arn, Arn), Uuid>,
    /// Messages in queues, and how often.
    pub queued: BTreeMap<Key, u32>,
    /// Messages that are owed, and how often.
    pub owed: BTreeMap<Key, u32>,
}

impl Thing {
    fn settle(&mut self, there: bool, arn: &Arn) -> Result<(), String> {
        match (self.sure, there) {
            (Sure::Yes, false) => return Err(format!("I1: {arn}, or a subscription of it, is gone")),
            (Sure::No, true) => return Err(format!("I1: {arn}, or a subscription of it, is back")),
            (Sure::Maybe | Sure::Yes, true) => self.sure = Sure::Yes,
            (Sure::Maybe | Sure::No, false) => self.sure = Sure::No,
        }
        Ok(())
    }
}

fn settle_things(things: &mut BTreeMap<Arn, Thing>, found: &BTreeMap<Arn, bool>) -> Result<(), String> {
    for (arn, thing) in things {
        thing.settle(found.get(arn).copied().unwrap_or(false), arn)?;
    }
    Ok(())
}

fn thing<'a>(things: &'a mut BTreeMap<Arn, Thing>, arn: &Arn) -> &'a mut Thing {
    things.entry(arn.clone()).or_insert(Thing::NOT)
}
