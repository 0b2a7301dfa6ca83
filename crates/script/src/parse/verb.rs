//! The verbs: what stands behind each of them.

mod topic;

use super::{Arguments, Wrong};
use crate::action::{
    Action, Handle, Incoming, OnEndpoint, OnQueue, Outgoing, QUEUE_ATTRIBUTES, Shown, Task, Temper,
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
        | "subscription" | "confirm" | "unsubscribe" | "subscriptions" | "publish" => {
            let topic = arguments.word("the name of a topic")?;
            let (what, answers) = topic::on_topic(arguments)?;
            Ok((Action::Topic(topic, what), answers))
        }
        "endpoint" | "attempts" => {
            let address = arguments.word("the address of an endpoint")?;
            let (what, answers) = on_endpoint(arguments)?;
            Ok((Action::Endpoint(address, what), answers))
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

fn on_endpoint(arguments: &mut Arguments<'_>) -> Result<(OnEndpoint, Answers), Wrong> {
    Ok(match arguments.verb.text {
        "attempts" => (OnEndpoint::Attempts, Answers::Words),
        "endpoint" => {
            let verb = arguments.verb;
            let word = arguments.word("what it does with what it gets")?;
            let known = Temper::NAMES.iter().find(|(name, _)| *name == word);
            let (_, temper) = known.ok_or_else(|| (verb.column, format!("no endpoint `{word}`")))?;
            (OnEndpoint::Becomes(*temper), Answers::Success)
        }
        _ => return Err(unknown(arguments)),
    })
}

fn outgoing(arguments: &mut Arguments<'_>) -> Result<Outgoing, Wrong> {
    let delay_s = arguments.number("delay")?;
    let (group, dedup) = (arguments.text("group"), dedup(arguments));
    Ok(Outgoing { bodies: bodies(arguments)?, delay_s, group, dedup })
}

fn dedup(arguments: &mut Arguments<'_>) -> Option<String> {
    arguments.text("dedup").map(|id| match id.strip_prefix("hash:") {
        Some(text) => super::hash(text),
        None => id,
    })
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

fn bodies(arguments: &mut Arguments<'_>) -> Result<Vec<String>, Wrong> {
    let bytes = arguments.number::<usize>("bytes")?.unwrap_or(0);
    let words = arguments.words("bodies")?;
    let words = words.into_iter().flat_map(|word| super::expand(word.text));
    let padded = |word: String| {
        let dots = ".".repeat(bytes.saturating_sub(word.len()));
        word + &dots
    };
    Ok(words.map(padded).collect())
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
