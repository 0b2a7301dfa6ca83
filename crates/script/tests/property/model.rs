//! The plainest possible model of standard queues and topics: lists that are searched from end to end.
//!
//! A queue hands out what has been available longest, of one instant by the order of arrival. What was received too often
//! goes to the dead-letter queue when it would be received again.

use crate::apart;
use crate::operation::Operation;
use postrider_script::{Action, Attribute, Handle, Incoming, OnQueue, OnTopic, Outgoing, Publishing};
use std::collections::BTreeMap;

type Given = BTreeMap<String, String>;

/// All queues and topics there are.
#[derive(Default)]
pub(crate) struct Model {
    shards: u16,
    now_ms: u64,
    words: usize,
    /// Messages that entered queues: each that does is another.
    entered: u64,
    queues: BTreeMap<String, Queue>,
    deleted_ms: BTreeMap<String, u64>,
    topics: BTreeMap<String, Topic>,
    /// Which queue, by when it was created, issued each handle, and for which message.
    issued: BTreeMap<(String, String), Vec<(u64, u64)>>,
    dropped: u64,
}

struct Queue {
    life: u64,
    settings: Given,
    purged_ms: Option<u64>,
    messages: Vec<Message>,
}

struct Message {
    number: u64,
    word: String,
    sent_ms: u64,
    visible_ms: u64,
    received_ms: Option<u64>,
    count: u64,
    /// How often it had been received when it came from another queue, and from which.
    before: u64,
    source: Option<String>,
    /// When its dead-letter queue, of another shard, was not there.
    refused_ms: Option<u64>,
}

/// Where spent messages can go.
enum Way {
    /// To a queue of the same shard.
    Near,
    /// To another shard, which says whether the queue is there.
    Far,
    /// Nowhere.
    Blocked,
}

#[derive(Default)]
struct Topic {
    display: Option<String>,
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

    fn add(&mut self, number: u64, word: String, now_ms: u64, delay_s: Option<u32>) {
        let delay_s = delay_s.map_or_else(|| self.setting("delay"), u64::from);
        self.messages.push(Message {
            number,
            word,
            sent_ms: now_ms,
            visible_ms: now_ms + delay_s * 1000,
            received_ms: None,
            count: 0,
            before: 0,
            source: None,
            refused_ms: None,
        });
    }

    /// The dead-letter queue, and after how many receives.
    fn redrive(&self) -> Option<(String, u64)> {
        let (target, max) = self.settings["redrive"].split_once(':')?;
        Some((target.to_owned(), max.parse().unwrap()))
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

impl crate::Model for Model {
    type Operation = Operation;

    fn new(shards: u16) -> Model {
        Model { shards, ..Model::default() }
    }

    fn beginning() -> Vec<Action> {
        crate::operation::beginning()
    }

    fn at(&mut self, time_ms: u64) {
        self.now_ms = time_ms;
        self.expire();
    }

    fn time_ms(&self, operation: &Operation) -> Option<u64> {
        operation.time_ms(self)
    }

    fn action(&self, operation: &Operation) -> Option<Action> {
        operation.action(self)
    }

    fn judge(&mut self, action: &Action, answer: &[String]) -> Result<(), String> {
        self.expire();
        let expected = self.act(action).unwrap_or_else(|refusal| vec![format!("!{refusal}")]);
        if expected == answer { Ok(()) } else { Err(format!("the model answers {expected:?}")) }
    }

    fn dropped(&self) -> u64 {
        self.dropped
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

    /// Queue, message and number of handles of all that were handed out.
    pub(crate) fn issued(&self) -> impl Iterator<Item = (&str, &str, usize)> {
        self.issued.iter().map(|((queue, word), lives)| (queue.as_str(), word.as_str(), lives.len()))
    }

    fn expire(&mut self) {
        for queue in self.queues.values_mut() {
            let retention_ms = queue.setting("retention") * 1000;
            queue.messages.retain(|message| message.sent_ms + retention_ms > self.now_ms);
        }
    }

    fn act(&mut self, action: &Action) -> Result<Vec<String>, &'static str> {
        match action {
            Action::Queue(name, what) => self.on_queue(name, what),
            Action::Topic(name, what) => self.on_topic(name, what),
            Action::ListQueues { prefix, .. } => {
                Ok(self.queues.keys().filter(|name| name.starts_with(prefix)).cloned().collect())
            }
            Action::ListTopics => Ok(self.topics.keys().cloned().collect()),
            Action::Endpoint(..) => panic!("nobody asks for {action:?}"),
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
            OnQueue::Send(Outgoing { bodies, delay_s, .. }) => {
                self.words += bodies.len();
                let entered = self.entered;
                let queue = self.queue(name)?;
                for (number, body) in (entered..).zip(bodies) {
                    queue.add(number, body.clone(), now_ms, *delay_s);
                }
                self.entered += bodies.len() as u64;
                Ok(vec!["ok".into(); bodies.len()])
            }
            OnQueue::Receive(asked) => self.receive(name, asked),
            OnQueue::Delete(handles) => {
                let number = self.handled(name, &handles[0])?;
                self.queue(name)?.messages.retain(|message| message.number != number);
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
            OnQueue::Sources => {
                let has = |queue: &Queue| queue.redrive().is_some_and(|(target, _)| target == name);
                let sources = self.queues.iter().filter(|(_, queue)| has(queue));
                Ok(sources.map(|(name, _)| name.clone()).collect())
            }
            OnQueue::StartMove { to, .. } => self.start_move(name, to.as_deref()),
            OnQueue::Attributes | OnQueue::CancelMove(_) | OnQueue::Moves | OnQueue::Peek => {
                panic!("nobody asks for {what:?}")
            }
        }
    }

    fn on_topic(&mut self, name: &str, what: &OnTopic) -> Result<Vec<String>, &'static str> {
        match what {
            OnTopic::Create(_) => {
                self.topics.entry(name.to_owned()).or_default();
                done()
            }
            OnTopic::Set(given) => {
                self.topic(name)?.display = given.get("display").cloned();
                done()
            }
            OnTopic::DeleteTopic => {
                self.topics.remove(name);
                done()
            }
            OnTopic::Attributes => {
                let topic = self.topic(name)?;
                let count = topic.subscriptions.len();
                let counts = [("subscriptions", count), ("pending", 0), ("deleted", topic.deleted)];
                let mut words = counts.map(|(name, count)| format!("{name}={count}")).to_vec();
                words.extend(topic.display.as_ref().map(|display| format!("display={display}")));
                Ok(words)
            }
            OnTopic::Subscription(_) | OnTopic::Confirm(..) => panic!("nobody asks for {what:?}"),
            OnTopic::Subscriptions => Ok(self.topic(name)?.subscriptions.keys().cloned().collect()),
            OnTopic::Subscribe(queue, attributes) => self.subscribe(name, queue, attributes),
            OnTopic::SetSubscription(queue, attributes) => {
                let there = self.topic(name)?.subscriptions.get_mut(queue);
                let there = there.ok_or("SubscriptionDoesNotExist")?;
                *there = there.with(attributes);
                done()
            }
            OnTopic::Unsubscribe(queue, _) => {
                let topic = self.topic(name)?;
                topic.subscriptions.remove(queue).ok_or("SubscriptionDoesNotExist")?;
                topic.deleted += 1;
                done()
            }
            OnTopic::Publish(Publishing { bodies, attributes, .. }) => self.publish(name, bodies, attributes),
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
        self.entered += 1;
        let defaults = [("visibility", "30"), ("delay", "0"), ("retention", "345600"), ("redrive", "")];
        let mut settings = defaults.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Given::extend(&mut settings, given.clone());
        let queue = Queue { life: self.entered, settings, purged_ms: None, messages: Vec::new() };
        self.queues.insert(name.to_owned(), queue);
        Ok(vec!["ok".into()])
    }

    /// The message of a handle, if the queue as it lives now issued it.
    fn handled(&mut self, name: &str, handle: &Handle) -> Result<u64, &'static str> {
        let life = self.queue(name)?.life;
        let Handle::Issued { queue, word, receive } = handle else { return Err("ReceiptHandleIsInvalid") };
        let (issued, number) = self.issued[&(queue.clone(), word.clone())][receive.unwrap() - 1];
        if queue == name && issued == life { Ok(number) } else { Err("ReceiptHandleIsInvalid") }
    }

    fn hide(&mut self, name: &str, handle: &Handle, timeout_s: u32) -> Result<Vec<String>, &'static str> {
        let number = self.handled(name, handle)?;
        let visible_ms = self.now_ms + u64::from(timeout_s) * 1000;
        let message = self.queue(name)?.messages.iter_mut().find(|message| message.number == number);
        let message = message.ok_or("MessageGone")?;
        if timeout_s > 0 && visible_ms > message.received_ms.unwrap() + 43_200_000 {
            return Err("VisibilityBeyondLimit");
        }
        message.visible_ms = visible_ms;
        Ok(vec!["ok".into()])
    }

    /// What has been available longest, of one instant by arrival. What was received too often moves.
    fn receive(&mut self, name: &str, asked: &Incoming) -> Result<Vec<String>, &'static str> {
        let now_ms = self.now_ms;
        let redrive = self.queue(name)?.redrive();
        let way = redrive.as_ref().map(|(target, _)| {
            if apart(name, target, self.shards) {
                Way::Far
            } else if self.queues.contains_key(target) {
                Way::Near
            } else {
                Way::Blocked
            }
        });
        let queue = self.queue(name)?;
        let timeout_s = asked.visibility_s.map_or_else(|| queue.setting("visibility"), u64::from);
        let life = queue.life;
        let available = queue.messages.iter_mut().filter(|message| message.visible_ms <= now_ms);
        let mut available = available.collect::<Vec<_>>();
        available.sort_by_key(|message| message.visible_ms);
        let (mut words, mut received, mut spent) = (Vec::new(), Vec::new(), Vec::new());
        for message in available {
            if words.len() == asked.max as usize {
                break;
            }
            let max = redrive.as_ref().map_or(u64::MAX, |(_, max)| *max);
            let again = message.refused_ms.is_none_or(|refused_ms| now_ms >= refused_ms + 60_000);
            let goes = matches!(way, Some(Way::Near | Way::Far)) && again;
            if goes && message.count - message.before >= max {
                spent.push(message.number);
                continue;
            }
            message.count += 1;
            message.visible_ms = now_ms + timeout_s * 1000;
            message.received_ms = Some(now_ms);
            let source = message.source.as_deref().unwrap_or("-");
            words.push(format!("{}:{}:{source}", message.word, message.count));
            received.push((message.word.clone(), message.number));
        }
        for (word, number) in received {
            self.issued.entry((name.to_owned(), word)).or_default().push((life, number));
        }
        let target = redrive.map(|(target, _)| target).unwrap_or_default();
        spent.iter().for_each(|number| self.bury(name, *number, &target));
        Ok(words)
    }

    /// A message moves to the dead-letter queue; if that is not there it is available again.
    fn bury(&mut self, name: &str, number: u64, target: &str) {
        let there = self.queues.contains_key(target);
        let (now_ms, entered) = (self.now_ms, self.entered);
        let Some(queue) = self.queues.get_mut(name) else { return };
        let at = queue.messages.iter().position(|message| message.number == number).unwrap();
        if !there {
            queue.messages[at].refused_ms = Some(now_ms);
            queue.messages[at].visible_ms = now_ms;
            return;
        }
        let mut message = queue.messages.remove(at);
        message.before = message.count;
        message.source = Some(name.to_owned());
        message.refused_ms = None;
        (message.number, message.visible_ms) = (entered, now_ms);
        self.entered += 1;
        self.queues.get_mut(target).unwrap().messages.push(message);
    }

    /// A task without a rate: it is over before anything else happens. It stops at the first message that has nowhere
    /// to go, or after those that are on their way when another shard does not have the queue.
    fn start_move(&mut self, name: &str, to: Option<&str>) -> Result<Vec<String>, &'static str> {
        let now_ms = self.now_ms;
        let available = self.queue(name)?.messages.iter().filter(|message| message.visible_ms <= now_ms);
        let mut numbers = available.map(|message| (message.visible_ms, message.number)).collect::<Vec<_>>();
        numbers.sort_unstable();
        for (_, number) in numbers {
            let queue = self.queue(name)?;
            let at = queue.messages.iter().position(|message| message.number == number).unwrap();
            let Some(target) = to.map(str::to_owned).or_else(|| queue.messages[at].source.clone()) else {
                break;
            };
            if self.queues.contains_key(&target) {
                let Message { word, .. } = self.queue(name)?.messages.remove(at);
                let entered = self.entered;
                self.queue(&target)?.add(entered, word, now_ms, Some(0));
                self.entered += 1;
            } else if apart(name, &target, self.shards) {
                self.queue(name)?.messages[at].visible_ms = now_ms;
            } else {
                break;
            }
        }
        done()
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
                    Some(queue) => {
                        queue.add(self.entered, word, self.now_ms, None);
                        self.entered += 1;
                    }
                    None => self.dropped += 1,
                }
            }
        }
        Ok(vec!["ok".into(); bodies.len()])
    }
}
