//! The plainest possible model of FIFO queues: lists that are searched from end to end.
//!
//! Messages of a group go out in order, up to the first that is hidden. The group whose first message is the oldest goes
//! first. Whether two queues live in different shards shows in one thing only: a message on its way to another shard
//! holds its group back until the next receive.

use crate::apart;
use crate::fifo_operation::Operation;
use postrider_script::{Action, Handle, Incoming, OnQueue, Outgoing, hash};
use std::collections::BTreeMap;

type Given = BTreeMap<String, String>;
type Answer = Result<Vec<String>, &'static str>;

const WINDOW_MS: u64 = 300_000;

/// All queues there are.
#[derive(Default)]
pub(crate) struct Model {
    shards: u16,
    now_ms: u64,
    words: usize,
    /// Messages and queues that there ever were: each is another.
    entered: u64,
    queues: BTreeMap<String, Queue>,
    deleted_ms: BTreeMap<String, u64>,
    issued: BTreeMap<(String, String), Vec<Issued>>,
}

/// What a handle was issued for: when its queue was created, for which message, at which receive of it.
struct Issued {
    life: u64,
    number: u64,
    receive: u64,
}

struct Queue {
    life: u64,
    settings: Given,
    purged_ms: Option<u64>,
    messages: Vec<Message>,
    dedup: Vec<Remembered>,
    attempts: BTreeMap<String, Attempt>,
}

#[derive(Clone)]
struct Message {
    number: u64,
    word: String,
    group: String,
    sent_ms: u64,
    visible_ms: u64,
    received_ms: u64,
    count: u64,
    before: u64,
    source: Option<String>,
    refused_ms: Option<u64>,
}

struct Remembered {
    /// The group, if that is the scope, and the id.
    key: (Option<String>, String),
    word: String,
    at_ms: u64,
}

struct Attempt {
    at_ms: u64,
    until_ms: u64,
    /// Messages, and how often each had been received.
    messages: Vec<(u64, u64)>,
}

fn done() -> Answer {
    Ok(vec!["ok".into()])
}

impl Queue {
    fn setting(&self, name: &str) -> u64 {
        self.settings[name].parse().unwrap()
    }

    fn find(&mut self, number: u64) -> Option<&mut Message> {
        self.messages.iter_mut().find(|message| message.number == number)
    }

    /// Those that can go out, in the order in which they do.
    fn ready(&self, now_ms: u64) -> Vec<u64> {
        let mut groups: Vec<&str> = Vec::new();
        for message in &self.messages {
            if !groups.contains(&message.group.as_str()) {
                groups.push(&message.group);
            }
        }
        let of = |group: &str| {
            let members = self.messages.iter().filter(|message| message.group == group);
            members.take_while(|message| message.visible_ms <= now_ms).map(|message| message.number).collect()
        };
        groups.into_iter().flat_map(|group: &str| -> Vec<u64> { of(group) }).collect()
    }

    /// The messages of an attempt that can be repeated.
    fn repeatable(&mut self, key: &str, now_ms: u64) -> Option<Vec<u64>> {
        let attempt = self.attempts.get(key).filter(|attempt| now_ms < attempt.at_ms + WINDOW_MS)?;
        let (until_ms, messages) = (attempt.until_ms, attempt.messages.clone());
        let same = |message: &Message, count: u64| message.count == count && message.visible_ms == until_ms;
        let all = messages.iter().all(|(number, count)| self.find(*number).is_some_and(|m| same(m, *count)));
        all.then(|| messages.into_iter().map(|(number, _)| number).collect())
    }
}

impl Message {
    fn shown(&self) -> String {
        let source = self.source.as_deref().unwrap_or("-");
        format!("{}:{}:{}:{source}", self.word, self.group, self.count)
    }

    fn is_held(&self, receive: u64, now_ms: u64) -> bool {
        self.visible_ms > now_ms && self.count == receive
    }
}

impl crate::Model for Model {
    type Operation = Operation;

    fn new(shards: u16) -> Model {
        Model { shards, ..Model::default() }
    }

    fn beginning() -> Vec<Action> {
        crate::fifo_operation::beginning()
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
        0
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
        self.issued.iter().map(|((queue, word), issued)| (queue.as_str(), word.as_str(), issued.len()))
    }

    fn expire(&mut self) {
        for queue in self.queues.values_mut() {
            let retention_ms = queue.setting("retention") * 1000;
            queue.messages.retain(|message| message.sent_ms + retention_ms > self.now_ms);
        }
    }

    fn act(&mut self, action: &Action) -> Answer {
        match action {
            Action::Queue(name, what) => self.on_queue(name, what),
            Action::Restart | Action::Compact => done(),
            Action::Topic(..) | Action::Endpoint(..) | Action::ListQueues { .. } | Action::ListTopics => {
                panic!("nobody asks for {action:?}")
            }
        }
    }

    fn queue(&mut self, name: &str) -> Result<&mut Queue, &'static str> {
        self.queues.get_mut(name).ok_or("QueueDoesNotExist")
    }

    fn on_queue(&mut self, name: &str, what: &OnQueue) -> Answer {
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
                let in_flight = hidden.clone().filter(|message| message.count > 0).count();
                let hidden = hidden.count();
                Ok(vec![format!("{}/{in_flight}/{}", messages.len() - hidden, hidden - in_flight)])
            }
            OnQueue::Send(outgoing) => self.send(name, outgoing),
            OnQueue::Receive(asked) => self.receive(name, asked),
            OnQueue::Delete(handles) => {
                let (number, receive) = self.handled(name, &handles[0])?;
                let queue = self.queue(name)?;
                let held = queue.find(number).is_none_or(|message| message.is_held(receive, now_ms));
                queue.messages.retain(|message| !held || message.number != number);
                if held { done() } else { Err("ReceiptExpired") }
            }
            OnQueue::Visibility(handles, timeout_s) => {
                let (number, receive) = self.handled(name, &handles[0])?;
                let message = self.queue(name)?.find(number);
                let message =
                    message.filter(|message| message.is_held(receive, now_ms)).ok_or("MessageGone")?;
                let visible_ms = now_ms + u64::from(*timeout_s) * 1000;
                if *timeout_s > 0 && visible_ms > message.received_ms + 43_200_000 {
                    return Err("VisibilityBeyondLimit");
                }
                message.visible_ms = visible_ms;
                done()
            }
            OnQueue::Purge => {
                let queue = self.queue(name)?;
                if queue.purged_ms.is_some_and(|purged_ms| now_ms < purged_ms + 60_000) {
                    return Err("PurgeInProgress");
                }
                queue.purged_ms = Some(now_ms);
                queue.messages.clear();
                queue.dedup.clear();
                queue.attempts.clear();
                done()
            }
            OnQueue::StartMove { to, .. } => self.start_move(name, to.as_deref()),
            OnQueue::Attributes
            | OnQueue::Sources
            | OnQueue::CancelMove(_)
            | OnQueue::Moves
            | OnQueue::Peek => {
                panic!("nobody asks for {what:?}")
            }
        }
    }

    fn create(&mut self, name: &str, given: &Given) -> Answer {
        if let Some(there) = self.queues.get(name) {
            let agrees = given.iter().all(|(name, value)| there.settings.get(name) == Some(value));
            return if agrees { done() } else { Err("QueueExists") };
        }
        if self.deleted_ms.get(name).is_some_and(|deleted_ms| self.now_ms < deleted_ms + 60_000) {
            return Err("QueueDeletedRecently");
        }
        self.entered += 1;
        let defaults = [
            ("visibility", "30"),
            ("delay", "0"),
            ("retention", "345600"),
            ("redrive", ""),
            ("content-dedup", "off"),
            ("scope", "queue"),
        ];
        let mut settings = Given::from(defaults.map(|(name, value)| (name.to_owned(), value.to_owned())));
        settings.extend(given.clone());
        let queue = Queue {
            life: self.entered,
            settings,
            purged_ms: None,
            messages: Vec::new(),
            dedup: Vec::new(),
            attempts: BTreeMap::new(),
        };
        self.queues.insert(name.to_owned(), queue);
        done()
    }

    /// Number and receive of a handle, if the queue as it lives now issued it.
    fn handled(&mut self, name: &str, handle: &Handle) -> Result<(u64, u64), &'static str> {
        let life = self.queue(name)?.life;
        let Handle::Issued { queue, word, receive } = handle else { return Err("ReceiptHandleIsInvalid") };
        let issued = &self.issued[&(queue.clone(), word.clone())][receive.unwrap() - 1];
        let known = queue == name && issued.life == life;
        if known { Ok((issued.number, issued.receive)) } else { Err("ReceiptHandleIsInvalid") }
    }

    fn send(&mut self, name: &str, outgoing: &Outgoing) -> Answer {
        self.words += outgoing.bodies.len();
        let (now_ms, mut entered) = (self.now_ms, self.entered);
        let queue = self.queue(name)?;
        let group = outgoing.group.clone().ok_or("GroupIdMissing")?;
        if outgoing.dedup.is_none() && queue.settings["content-dedup"] == "off" {
            return Err("DeduplicationIdMissing");
        }
        let visible_ms = now_ms + queue.setting("delay") * 1000;
        let mut answers = Vec::new();
        for word in &outgoing.bodies {
            let id = outgoing.dedup.clone().unwrap_or_else(|| hash(word));
            let key = ((queue.settings["scope"] == "group").then(|| group.clone()), id);
            let mut known = queue.dedup.iter().filter(|known| now_ms < known.at_ms + WINDOW_MS);
            if let Some(first) = known.find(|known| known.key == key) {
                answers.push(format!("={}", first.word));
                continue;
            }
            queue.dedup.push(Remembered { key, word: word.clone(), at_ms: now_ms });
            queue.messages.push(Message {
                number: entered,
                word: word.clone(),
                group: group.clone(),
                sent_ms: now_ms,
                visible_ms,
                received_ms: 0,
                count: 0,
                before: 0,
                source: None,
                refused_ms: None,
            });
            entered += 1;
            answers.push("ok".into());
        }
        self.entered = entered;
        Ok(answers)
    }

    fn receive(&mut self, name: &str, asked: &Incoming) -> Answer {
        let now_ms = self.now_ms;
        let queue = self.queue(name)?;
        let timeout_s = asked.visibility_s.map_or_else(|| queue.setting("visibility"), u64::from);
        let until_ms = now_ms + timeout_s * 1000;
        if let Some(key) = &asked.attempt
            && let Some(numbers) = queue.repeatable(key, now_ms)
        {
            numbers.iter().for_each(|number| queue.find(*number).unwrap().visible_ms = until_ms);
            queue.attempts.get_mut(key).unwrap().until_ms = until_ms;
            return Ok(self.hand_out(name, &numbers));
        }
        let (numbers, spent) = self.choose(name, asked.max as usize);
        let queue = self.queue(name)?;
        for number in &numbers {
            let message = queue.find(*number).unwrap();
            message.count += 1;
            (message.received_ms, message.visible_ms) = (now_ms, until_ms);
        }
        if let Some(key) = asked.attempt.clone().filter(|_| !numbers.is_empty()) {
            let messages =
                numbers.iter().map(|number| (*number, queue.find(*number).unwrap().count)).collect();
            queue.attempts.insert(key, Attempt { at_ms: now_ms, until_ms, messages });
        }
        let words = self.hand_out(name, &numbers);
        spent.iter().for_each(|number| self.bury(name, *number));
        Ok(words)
    }

    /// Those that go out, and those that were received too often.
    fn choose(&mut self, name: &str, max: usize) -> (Vec<u64>, Vec<u64>) {
        let (now_ms, shards) = (self.now_ms, self.shards);
        let redrive = self.queues[name].settings["redrive"].clone();
        let redrive = redrive.split_once(':').map(|(to, max)| (to, max.parse::<u64>().unwrap()));
        let far = redrive.is_some_and(|(target, _)| apart(name, target, shards));
        let exit = redrive.filter(|(target, _)| far || self.queues.contains_key(*target));
        let queue = self.queues.get_mut(name).unwrap();
        let (mut numbers, mut spent, mut held) = (Vec::new(), Vec::new(), None);
        for number in queue.ready(now_ms) {
            let message = queue.find(number).unwrap();
            if numbers.len() == max {
                break;
            }
            if held.as_ref() == Some(&message.group) {
                continue;
            }
            let again = message.refused_ms.is_none_or(|refused_ms| now_ms >= refused_ms + 60_000);
            if again && exit.is_some_and(|(_, max)| message.count - message.before >= max) {
                spent.push(number);
                held = far.then(|| message.group.clone());
            } else {
                numbers.push(number);
            }
        }
        (numbers, spent)
    }

    fn hand_out(&mut self, name: &str, numbers: &[u64]) -> Vec<String> {
        let queue = self.queues.get_mut(name).unwrap();
        let life = queue.life;
        let mut words = Vec::new();
        for number in numbers {
            let message = queue.find(*number).unwrap();
            let issued = Issued { life, number: *number, receive: message.count };
            self.issued.entry((name.to_owned(), message.word.clone())).or_default().push(issued);
            words.push(message.shown());
        }
        words
    }

    /// A message moves to the dead-letter queue; if that is not there it is available again.
    fn bury(&mut self, name: &str, number: u64) {
        let (now_ms, entered) = (self.now_ms, self.entered);
        let (target, _) = self.queues[name].settings["redrive"].split_once(':').unwrap();
        let target = target.to_owned();
        let there = self.queues.contains_key(&target);
        let queue = self.queues.get_mut(name).unwrap();
        let message = queue.find(number).unwrap();
        message.visible_ms = now_ms;
        if !there {
            message.refused_ms = Some(now_ms);
            return;
        }
        let mut moved = message.clone();
        queue.messages.retain(|message| message.number != number);
        (moved.number, moved.sent_ms, moved.refused_ms) = (entered, now_ms, None);
        moved.before = moved.count;
        moved.source = Some(name.to_owned());
        self.entered += 1;
        self.queues.get_mut(&target).unwrap().messages.push(moved);
    }

    /// A task without a rate: it is over before anything else happens. It moves as many as were visible, some of them
    /// twice if it moves them to their own queue.
    fn start_move(&mut self, name: &str, to: Option<&str>) -> Answer {
        let now_ms = self.now_ms;
        let visible = self.queue(name)?.messages.iter().filter(|message| message.visible_ms <= now_ms);
        let mut left = visible.count();
        loop {
            let numbers = self.queue(name)?.ready(now_ms).into_iter().take(left).collect::<Vec<_>>();
            if numbers.is_empty() {
                return done();
            }
            for number in numbers {
                let message = self.queue(name)?.find(number).unwrap();
                let Some(target) = to.map(str::to_owned).or_else(|| message.source.clone()) else {
                    return done();
                };
                let mut moved = message.clone();
                if !self.queues.contains_key(&target) {
                    if !apart(name, &target, self.shards) {
                        return done();
                    }
                    self.queue(name)?.find(number).unwrap().visible_ms = now_ms;
                    left = 0;
                    continue;
                }
                self.queue(name)?.messages.retain(|message| message.number != number);
                (moved.number, moved.sent_ms, moved.visible_ms) = (self.entered, now_ms, now_ms);
                (moved.count, moved.before, moved.received_ms) = (0, 0, 0);
                (moved.source, moved.refused_ms) = (None, None);
                self.entered += 1;
                self.queue(&target)?.messages.push(moved);
                left = left.saturating_sub(1);
            }
        }
    }
}
