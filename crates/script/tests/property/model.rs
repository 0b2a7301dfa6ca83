//! The plainest possible model of standard queues and topics: lists that are searched from end to end.

use postrider_script::{Action, Attribute, Handle, OnQueue, OnTopic};
use std::collections::{BTreeMap, BTreeSet};

type Given = BTreeMap<String, String>;

/// All queues and topics there are.
#[derive(Default)]
pub(crate) struct Model {
    now_ms: u64,
    words: usize,
    lives: u64,
    queues: BTreeMap<String, Queue>,
    deleted_ms: BTreeMap<String, u64>,
    topics: BTreeMap<String, Topic>,
    /// Which life of the queue issued each handle.
    issued: BTreeMap<(String, String), Vec<u64>>,
    dropped: u64,
}

struct Queue {
    life: u64,
    settings: Given,
    purged_ms: Option<u64>,
    messages: Vec<Message>,
}

struct Message {
    word: String,
    sent_ms: u64,
    visible_ms: u64,
    received_ms: Option<u64>,
}

#[derive(Default)]
struct Topic {
    subscriptions: BTreeMap<String, Subscription>,
    deleted: usize,
}

#[derive(Clone, Default, PartialEq)]
struct Subscription {
    raw: bool,
    filter: Option<(String, String)>,
}

fn done() -> Result<Vec<String>, &'static str> {
    Ok(vec!["ok".into()])
}

impl Queue {
    fn setting(&self, name: &str) -> u64 {
        self.settings[name].parse().unwrap()
    }

    fn add(&mut self, word: String, now_ms: u64, delay_s: Option<u32>) {
        let delay_s = delay_s.map_or_else(|| self.setting("delay"), u64::from);
        let visible_ms = now_ms + delay_s * 1000;
        self.messages.push(Message { word, sent_ms: now_ms, visible_ms, received_ms: None });
    }
}

impl Subscription {
    fn with(&self, given: &Given) -> Subscription {
        let mut next = self.clone();
        if let Some(raw) = given.get("raw") {
            next.raw = raw == "true";
        }
        if given.contains_key("filter") || given.contains_key("scope") {
            let (policy, scope) = next.filter.unwrap_or(("{}".into(), "attributes".into()));
            let policy = given.get("filter").cloned().unwrap_or(policy);
            let scope = given.get("scope").cloned().unwrap_or(scope);
            next.filter = (policy != "{}").then_some((policy, scope));
        }
        next
    }

    /// Filters here name one kind, which an attribute or the body has, or has not.
    fn wants(&self, body: &str, attributes: &[Attribute]) -> bool {
        let Some((policy, scope)) = &self.filter else { return true };
        ["x", "y"].iter().any(|kind| {
            let named = policy.contains(&format!("\"{kind}\""));
            let attribute = attributes.iter().any(|attribute| attribute.value == *kind);
            let body = body.contains(&format!("\"kind\":\"{kind}\""));
            named && if scope == "body" { body } else { attribute }
        })
    }
}

impl Model {
    pub(crate) fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// The number of the next message that nobody has sent.
    pub(crate) fn next_word(&self) -> usize {
        self.words
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Queue, message and number of handles of all that were handed out.
    pub(crate) fn issued(&self) -> impl Iterator<Item = (&str, &str, usize)> {
        self.issued.iter().map(|((queue, word), lives)| (queue.as_str(), word.as_str(), lives.len()))
    }

    pub(crate) fn at(&mut self, time_ms: u64) {
        self.now_ms = time_ms;
        self.expire();
    }

    fn expire(&mut self) {
        for queue in self.queues.values_mut() {
            let retention_ms = queue.setting("retention") * 1000;
            queue.messages.retain(|message| message.sent_ms + retention_ms > self.now_ms);
        }
    }

    /// Does the action, and says whether the answer is one that it may have.
    pub(crate) fn judge(&mut self, action: &Action, answer: &[String]) -> Result<(), String> {
        self.expire();
        if let Action::Queue(name, OnQueue::Receive { max, visibility_s, .. }) = action {
            return self.receive(name, *max as usize, *visibility_s, answer);
        }
        let expected = self.act(action).unwrap_or_else(|refusal| vec![format!("!{refusal}")]);
        if expected == answer { Ok(()) } else { Err(format!("the model answers {expected:?}")) }
    }

    fn act(&mut self, action: &Action) -> Result<Vec<String>, &'static str> {
        match action {
            Action::Queue(name, what) => self.on_queue(name, what),
            Action::Topic(name, what) => self.on_topic(name, what),
            Action::ListQueues { prefix, .. } => {
                Ok(self.queues.keys().filter(|name| name.starts_with(prefix)).cloned().collect())
            }
            Action::ListTopics => Ok(self.topics.keys().cloned().collect()),
            Action::Restart | Action::Compact => done(),
        }
    }

    fn on_queue(&mut self, name: &str, what: &OnQueue) -> Result<Vec<String>, &'static str> {
        let now_ms = self.now_ms;
        match what {
            OnQueue::Create(given) => self.create(name, given),
            OnQueue::DeleteQueue => {
                self.queues.remove(name).ok_or("QueueDoesNotExist")?;
                self.deleted_ms.insert(name.to_owned(), now_ms);
                done()
            }
            OnQueue::Set(given) => {
                self.queue(name)?.settings.extend(given.clone());
                done()
            }
            OnQueue::Counts => {
                let messages = &self.queue(name)?.messages;
                let hidden = messages.iter().filter(|message| message.visible_ms > now_ms);
                let in_flight = hidden.clone().filter(|message| message.received_ms.is_some()).count();
                let hidden = hidden.count();
                Ok(vec![format!("{}/{in_flight}/{}", messages.len() - hidden, hidden - in_flight)])
            }
            OnQueue::Send { bodies, delay_s } => {
                self.words += bodies.len();
                let queue = self.queue(name)?;
                bodies.iter().for_each(|body| queue.add(body.clone(), now_ms, *delay_s));
                Ok(vec!["ok".into(); bodies.len()])
            }
            OnQueue::Delete(handles) => {
                let word = self.handled(name, &handles[0])?;
                self.queue(name)?.messages.retain(|message| message.word != word);
                done()
            }
            OnQueue::Visibility(handles, timeout_s) => self.hide(name, &handles[0], *timeout_s),
            OnQueue::Purge => {
                let queue = self.queue(name)?;
                if queue.purged_ms.is_some_and(|purged_ms| now_ms < purged_ms + 60_000) {
                    return Err("PurgeInProgress");
                }
                queue.purged_ms = Some(now_ms);
                queue.messages.clear();
                done()
            }
            OnQueue::Attributes | OnQueue::Receive { .. } => panic!("{what:?} is judged elsewhere"),
        }
    }

    fn on_topic(&mut self, name: &str, what: &OnTopic) -> Result<Vec<String>, &'static str> {
        match what {
            OnTopic::Create(_) => {
                self.topics.entry(name.to_owned()).or_default();
                done()
            }
            OnTopic::Set(_) => self.topic(name).and_then(|_| done()),
            OnTopic::DeleteTopic => {
                self.topics.remove(name);
                done()
            }
            OnTopic::Attributes => {
                let topic = self.topic(name)?;
                let count = topic.subscriptions.len();
                Ok(vec![format!("subscriptions={count}"), format!("deleted={}", topic.deleted)])
            }
            OnTopic::Subscriptions => Ok(self.topic(name)?.subscriptions.keys().cloned().collect()),
            OnTopic::Subscribe(queue, attributes) => self.subscribe(name, queue, attributes),
            OnTopic::SetSubscription(queue, attributes) => {
                let there = self.topic(name)?.subscriptions.get_mut(queue);
                let there = there.ok_or("SubscriptionDoesNotExist")?;
                *there = there.with(attributes);
                done()
            }
            OnTopic::Unsubscribe(queue) => {
                let topic = self.topic(name)?;
                topic.subscriptions.remove(queue).ok_or("SubscriptionDoesNotExist")?;
                topic.deleted += 1;
                done()
            }
            OnTopic::Publish { bodies, attributes } => self.publish(name, bodies, attributes),
        }
    }

    fn queue(&mut self, name: &str) -> Result<&mut Queue, &'static str> {
        self.queues.get_mut(name).ok_or("QueueDoesNotExist")
    }

    fn topic(&mut self, name: &str) -> Result<&mut Topic, &'static str> {
        self.topics.get_mut(name).ok_or("TopicDoesNotExist")
    }

    fn create(&mut self, name: &str, given: &Given) -> Result<Vec<String>, &'static str> {
        if let Some(there) = self.queues.get(name) {
            let agrees = given.iter().all(|(name, value)| there.settings.get(name) == Some(value));
            return if agrees { Ok(vec!["ok".into()]) } else { Err("QueueExists") };
        }
        if self.deleted_ms.get(name).is_some_and(|deleted_ms| self.now_ms < deleted_ms + 60_000) {
            return Err("QueueDeletedRecently");
        }
        self.lives += 1;
        let defaults = [("visibility", "30"), ("delay", "0"), ("retention", "345600")];
        let mut settings = defaults.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Given::extend(&mut settings, given.clone());
        let queue = Queue { life: self.lives, settings, purged_ms: None, messages: Vec::new() };
        self.queues.insert(name.to_owned(), queue);
        Ok(vec!["ok".into()])
    }

    /// The message of a handle, if the queue as it lives now issued it.
    fn handled(&mut self, name: &str, handle: &Handle) -> Result<String, &'static str> {
        let life = self.queue(name)?.life;
        let Handle::Issued { queue, word, receive } = handle else { return Err("ReceiptHandleIsInvalid") };
        let issued = self.issued[&(queue.clone(), word.clone())][receive.unwrap() - 1];
        if queue == name && issued == life { Ok(word.clone()) } else { Err("ReceiptHandleIsInvalid") }
    }

    fn hide(&mut self, name: &str, handle: &Handle, timeout_s: u32) -> Result<Vec<String>, &'static str> {
        let word = self.handled(name, handle)?;
        let visible_ms = self.now_ms + u64::from(timeout_s) * 1000;
        let message = self.queue(name)?.messages.iter_mut().find(|message| message.word == word);
        let message = message.ok_or("MessageGone")?;
        if visible_ms > message.received_ms.unwrap() + 43_200_000 {
            return Err("VisibilityBeyondLimit");
        }
        message.visible_ms = visible_ms;
        Ok(vec!["ok".into()])
    }

    /// Any available messages will do, each once, as many as there are up to `max`.
    fn receive(
        &mut self,
        name: &str,
        max: usize,
        visibility_s: Option<u32>,
        answer: &[String],
    ) -> Result<(), String> {
        let now_ms = self.now_ms;
        let Some(queue) = self.queues.get_mut(name) else {
            let refused = answer == ["!QueueDoesNotExist"];
            return if refused { Ok(()) } else { Err("there is no such queue".into()) };
        };
        let visible_ms = now_ms + visibility_s.map_or_else(|| queue.setting("visibility"), u64::from) * 1000;
        let life = queue.life;
        let available = queue.messages.iter_mut().filter(|message| message.visible_ms <= now_ms);
        let mut available = available.collect::<Vec<_>>();
        let expected = available.len().min(max);
        let distinct = answer.iter().collect::<BTreeSet<_>>().len();
        if answer.len() != expected || distinct != expected {
            let words = available.iter().map(|message| message.word.as_str()).collect::<Vec<_>>();
            return Err(format!("the model has {expected} of {words:?}"));
        }
        for word in answer {
            let message = available.iter_mut().find(|message| message.word == *word);
            let message = message.ok_or_else(|| format!("{word} is not available"))?;
            message.visible_ms = visible_ms;
            message.received_ms = Some(now_ms);
            self.issued.entry((name.to_owned(), word.clone())).or_default().push(life);
        }
        Ok(())
    }

    fn subscribe(&mut self, name: &str, queue: &str, given: &Given) -> Result<Vec<String>, &'static str> {
        let topic = self.topic(name)?;
        let default = Subscription::default();
        let wanted = default.with(given);
        if let Some(there) = topic.subscriptions.get(queue) {
            let raw = !given.contains_key("raw") || there.raw == wanted.raw;
            let filters = given.contains_key("filter") || given.contains_key("scope");
            let filter = !filters || there.filter == wanted.filter;
            return if raw && filter { Ok(vec!["ok".into()]) } else { Err("SubscriptionAttributesDiffer") };
        }
        topic.subscriptions.insert(queue.to_owned(), wanted);
        Ok(vec!["ok".into()])
    }

    fn publish(
        &mut self,
        name: &str,
        bodies: &[String],
        attributes: &[Attribute],
    ) -> Result<Vec<String>, &'static str> {
        self.words += bodies.len();
        let topic = self.topics.get(name).ok_or("TopicDoesNotExist")?;
        for body in bodies {
            for (queue, subscription) in &topic.subscriptions {
                if !subscription.wants(body, attributes) {
                    continue;
                }
                let word = if subscription.raw { body.clone() } else { format!("{name}/{body}") };
                match self.queues.get_mut(queue) {
                    Some(queue) => queue.add(word, self.now_ms, None),
                    None => self.dropped += 1,
                }
            }
        }
        Ok(vec!["ok".into(); bodies.len()])
    }
}
