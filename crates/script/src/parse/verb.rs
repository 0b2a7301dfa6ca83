//! The verbs: what stands behind each of them.

use super::{Arguments, Wrong};
use crate::action::{
    Action, Attribute, Handle, Incoming, OnQueue, OnTopic, Outgoing, QUEUE_ATTRIBUTES, Shown,
    TOPIC_ATTRIBUTES, Task,
};
use std::collections::BTreeMap;

/// How a verb answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answers {
    /// `ok`, if it is not refused.
    Success,
    /// Words, all of which are to be expected.
    Words,
    /// `name=value`, some of which are to be expected.
    Pairs,
}

const SUBSCRIPTION_OPTIONS: [&str; 3] = ["filter", "scope", "raw"];

/// The action that a line asks for, and how it answers.
pub(super) fn action(arguments: &mut Arguments<'_>) -> Result<(Action, Answers), Wrong> {
    match arguments.verb.text {
        "queues" => {
            let prefix = arguments.text("prefix").unwrap_or_default();
            let max = arguments.number("max")?.unwrap_or(1000);
            Ok((Action::ListQueues { prefix, max }, Answers::Words))
        }
        "topics" => Ok((Action::ListTopics, Answers::Words)),
        "restart" => Ok((Action::Restart, Answers::Success)),
        "compact" => Ok((Action::Compact, Answers::Success)),
        "topic" | "set-topic" | "delete-topic" | "topic-attributes" | "subscribe" | "set-subscription"
        | "unsubscribe" | "subscriptions" | "publish" => {
            let topic = arguments.word("the name of a topic")?;
            let (what, answers) = on_topic(arguments)?;
            Ok((Action::Topic(topic, what), answers))
        }
        "create" | "set" | "delete-queue" | "purge" | "attributes" | "counts" | "send" | "receive"
        | "delete" | "visibility" | "sources" | "peek" | "move" | "moves" | "cancel" => {
            let queue = arguments.word("the name of a queue")?;
            let (what, answers) = on_queue(arguments, &queue)?;
            Ok((Action::Queue(queue, what), answers))
        }
        _ => Err(unknown(arguments)),
    }
}

fn unknown(arguments: &Arguments<'_>) -> Wrong {
    (arguments.verb.column, format!("there is no verb `{}`", arguments.verb.text))
}

fn on_queue(arguments: &mut Arguments<'_>, queue: &str) -> Result<(OnQueue, Answers), Wrong> {
    let verb = arguments.verb;
    Ok(match verb.text {
        "create" => (OnQueue::Create(queue_attributes(arguments)), Answers::Success),
        "set" => (OnQueue::Set(queue_attributes(arguments)), Answers::Success),
        "delete-queue" => (OnQueue::DeleteQueue, Answers::Success),
        "purge" => (OnQueue::Purge, Answers::Success),
        "attributes" => (OnQueue::Attributes, Answers::Pairs),
        "counts" => (OnQueue::Counts, Answers::Words),
        "sources" => (OnQueue::Sources, Answers::Words),
        "peek" => (OnQueue::Peek, Answers::Words),
        "send" => (OnQueue::Send(outgoing(arguments)?), Answers::Success),
        "receive" => (OnQueue::Receive(incoming(arguments)?), Answers::Words),
        "move" => {
            let (to, rate) = (arguments.text("to"), arguments.number("rate")?);
            (OnQueue::StartMove { to, rate }, Answers::Success)
        }
        "moves" => (OnQueue::Moves, Answers::Words),
        "cancel" => (OnQueue::CancelMove(task(arguments)?), Answers::Words),
        "delete" => (OnQueue::Delete(handles(arguments, queue)?), Answers::Success),
        "visibility" => {
            let timeout_s = arguments.number("timeout")?;
            let missing = || (verb.column, "`visibility` needs `timeout=`".to_owned());
            let handles = handles(arguments, queue)?;
            (OnQueue::Visibility(handles, timeout_s.ok_or_else(missing)?), Answers::Success)
        }
        _ => return Err(unknown(arguments)),
    })
}

fn on_topic(arguments: &mut Arguments<'_>) -> Result<(OnTopic, Answers), Wrong> {
    Ok(match arguments.verb.text {
        "topic" => (OnTopic::Create(topic_attributes(arguments)), Answers::Success),
        "set-topic" => (OnTopic::Set(topic_attributes(arguments)), Answers::Success),
        "delete-topic" => (OnTopic::DeleteTopic, Answers::Success),
        "topic-attributes" => (OnTopic::Attributes, Answers::Pairs),
        "subscribe" => {
            let queue = arguments.word("a topic and a queue")?;
            (OnTopic::Subscribe(queue, subscription_attributes(arguments)?), Answers::Success)
        }
        "set-subscription" => {
            let queue = arguments.word("a topic and a queue")?;
            (OnTopic::SetSubscription(queue, subscription_attributes(arguments)?), Answers::Success)
        }
        "unsubscribe" => (OnTopic::Unsubscribe(arguments.word("a topic and a queue")?), Answers::Success),
        "subscriptions" => (OnTopic::Subscriptions, Answers::Words),
        "publish" => {
            let attributes = message_attributes(arguments)?;
            let group = arguments.text("group");
            (OnTopic::Publish { bodies: bodies(arguments)?, attributes, group }, Answers::Success)
        }
        _ => return Err(unknown(arguments)),
    })
}

fn outgoing(arguments: &mut Arguments<'_>) -> Result<Outgoing, Wrong> {
    let delay_s = arguments.number("delay")?;
    let group = arguments.text("group");
    let dedup = arguments.text("dedup").map(|id| match id.strip_prefix("hash:") {
        Some(text) => super::hash(text),
        None => id,
    });
    Ok(Outgoing { bodies: bodies(arguments)?, delay_s, group, dedup })
}

fn incoming(arguments: &mut Arguments<'_>) -> Result<Incoming, Wrong> {
    let max = arguments.number("max")?.unwrap_or(1);
    let visibility_s = arguments.number("timeout")?;
    let wait_s = arguments.number("wait")?;
    let attempt = arguments.text("attempt");
    let mut show = Vec::new();
    if let Some(names) = arguments.option("show") {
        for name in names.text.split(',') {
            let known = Shown::NAMES.iter().find(|(known, _)| *known == name);
            let (_, shown) = known.ok_or_else(|| (names.column, format!("a message has no `{name}`")))?;
            show.push(*shown);
        }
    }
    Ok(Incoming { max, visibility_s, wait_s, attempt, show })
}

fn task(arguments: &mut Arguments<'_>) -> Result<Task, Wrong> {
    let Some(value) = arguments.option("task") else { return Ok(Task::Started(None)) };
    if value.text == "forged" {
        return Ok(Task::Forged);
    }
    let which = value.text.parse::<usize>().ok().filter(|which| *which > 0);
    let wrong = || (value.column, "`task` is which one was started, from 1, or `forged`".to_owned());
    which.map(|which| Task::Started(Some(which))).ok_or_else(wrong)
}

fn queue_attributes(arguments: &mut Arguments<'_>) -> BTreeMap<String, String> {
    arguments.some_of(QUEUE_ATTRIBUTES.map(|(short, _)| short))
}

fn topic_attributes(arguments: &mut Arguments<'_>) -> BTreeMap<String, String> {
    arguments.some_of(TOPIC_ATTRIBUTES.map(|(short, _)| short))
}

fn subscription_attributes(arguments: &mut Arguments<'_>) -> Result<BTreeMap<String, String>, Wrong> {
    for (name, values) in [("scope", ["body", "attributes"]), ("raw", ["true", "false"])] {
        let given = arguments.options.get(name);
        if let Some(given) = given.filter(|given| !values.contains(&given.text)) {
            return Err((given.column, format!("`{name}` is `{}` or `{}`", values[0], values[1])));
        }
    }
    Ok(arguments.some_of(SUBSCRIPTION_OPTIONS))
}

fn bodies(arguments: &mut Arguments<'_>) -> Result<Vec<String>, Wrong> {
    let bytes = arguments.number("bytes")?.unwrap_or(0);
    let words = arguments.words("bodies")?;
    let words = words.into_iter().flat_map(|word| super::expand(word.text));
    Ok(words.map(|word| format!("{word:.<bytes$}")).collect())
}

fn handles(arguments: &mut Arguments<'_>, on: &str) -> Result<Vec<Handle>, Wrong> {
    if let Some(value) = arguments.option("handle") {
        let forged = value.text == "forged";
        return if forged { Ok(vec![Handle::Forged]) } else { Err((value.column, "it is `forged`".into())) };
    }
    let queue = arguments.text("from").unwrap_or_else(|| on.to_owned());
    let mut handles = Vec::new();
    for word in arguments.words("messages")? {
        let (text, receive) = match word.text.rsplit_once('@') {
            Some((text, receive)) => {
                let receive = receive.parse::<usize>().ok().filter(|receive| *receive > 0);
                let wrong = || (word.column, "behind `@` stands which receive, from 1".to_owned());
                (text, Some(receive.ok_or_else(wrong)?))
            }
            None => (word.text, None),
        };
        let issued = |word| Handle::Issued { queue: queue.clone(), word, receive };
        handles.extend(super::expand(text).into_iter().map(issued));
    }
    Ok(handles)
}

fn message_attributes(arguments: &mut Arguments<'_>) -> Result<Vec<Attribute>, Wrong> {
    let names = arguments.options.keys().copied().filter(|name| name.starts_with("attr."));
    let names = names.collect::<Vec<_>>();
    let mut attributes = Vec::with_capacity(names.len());
    for name in names {
        let Some(value) = arguments.option(name) else { continue };
        let (bare, kind) =
            name["attr.".len()..].split_once(':').unwrap_or((&name["attr.".len()..], "String"));
        let known = ["String", "Number", "String.Array", "Binary"].contains(&kind);
        if bare.is_empty() || !known {
            return Err((value.column - name.len() - 1, format!("`{name}` is no attribute")));
        }
        attributes.push(Attribute { name: bare.into(), kind: kind.into(), value: value.text.into() });
    }
    Ok(attributes)
}
