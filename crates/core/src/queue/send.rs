//! Sending: what a message is when it enters a queue.

use super::dedup::First;
use super::message::{Content, Message, Where};
use super::settings::{DedupScope, Fifo, Settings, Switch};
use super::{Queue, dedup};
use crate::body::Body;
use crate::command::{Dedup, Send};
use crate::event::{Event, MessageStated, Receives};
use crate::id::{DedupKey, GroupKey, Ids};
use crate::reply::Sent;
use crate::{Rejection, Timestamp};

/// Events, and one answer for each message.
type Decided = (Vec<Event>, Vec<Result<Sent, Rejection>>);

/// Decides what a batch of sends would do: one answer for each, and one event for each that is accepted and is no
/// duplicate. Each message is measured against the queue's `MaximumMessageSize` (sqs 4).
///
/// # Errors
/// A message of a FIFO queue without a group or a deduplication id: that refuses the whole batch (sqs 2).
pub(crate) fn decide(
    queue: &Queue,
    settings: &Settings,
    now: Timestamp,
    sends: Vec<Send>,
    ids: &mut Ids,
) -> Result<Decided, Rejection> {
    let keys = match settings.fifo {
        Some(fifo) => sends.iter().map(|send| key(fifo, send)).collect::<Result<Vec<_>, _>>()?,
        None => Vec::new(),
    };
    let mut number = queue.next_number;
    let mut events = Vec::with_capacity(sends.len());
    let mut answers = Vec::with_capacity(sends.len());
    let mut fresh: Vec<(DedupKey, Sent)> = Vec::new();
    for (index, send) in sends.into_iter().enumerate() {
        let key = keys.get(index).copied();
        if send.payload.size > settings.message_bytes_max {
            answers.push(Err(Rejection::MessageTooLong { bytes_max: settings.message_bytes_max }));
            continue;
        }
        if let Some(first) = key.and_then(|key| first(&queue.dedup, &fresh, key, now)) {
            answers.push(Ok(first)); // The same id, the same answer, nothing new in the log.
            continue;
        }
        let id = ids.uuid();
        let delay_s = send.delay_s.filter(|_| settings.fifo.is_none()).unwrap_or(settings.delay_s);
        events.push(Event::Message(MessageStated {
            queue: queue.id,
            number,
            id,
            sent_at: now,
            visible_at: now.plus_s(delay_s),
            receives: Receives::default(),
            payload: send.payload,
            group: send.group,
            dedup: key,
            past: None,
            journey: None,
            from: None,
        }));
        let sent = Sent { id, number };
        fresh.extend(key.map(|key| (key, sent)));
        number += 1;
        answers.push(Ok(sent));
    }
    Ok((events, answers))
}

/// The deduplication id of a message of a FIFO queue, in the queue's scope.
fn key(fifo: Fifo, send: &Send) -> Result<DedupKey, Rejection> {
    let group: GroupKey = send.group.ok_or(Rejection::GroupIdMissing)?;
    let key = match (send.dedup, fifo.content_dedup) {
        (Some(Dedup::Explicit(key)), _) | (Some(Dedup::OfBody(key)), Switch::On) => key,
        (Some(Dedup::OfBody(_)), Switch::Off) | (None, _) => return Err(Rejection::DeduplicationIdMissing),
    };
    Ok(match fifo.scope {
        DedupScope::Queue => key,
        DedupScope::MessageGroup => key.within(group),
    })
}

/// The first message with this id: one that is remembered, or one of the same batch.
fn first(known: &dedup::Dedup, fresh: &[(DedupKey, Sent)], key: DedupKey, now: Timestamp) -> Option<Sent> {
    let known = known.find(key, now).map(|first| Sent { id: first.id, number: first.number });
    known.or_else(|| fresh.iter().find(|sent| sent.0 == key).map(|sent| sent.1))
}

/// Folds a message in. None is there under its number.
pub(crate) fn apply(queue: &mut Queue, now: Timestamp, stated: &MessageStated, body: Body) {
    let message = Message {
        id: stated.id,
        sent_at: stated.sent_at,
        visible_at: stated.visible_at,
        receives: stated.receives,
        place: place(now, stated.visible_at, stated.receives),
        group: stated.group,
        past: stated.past.clone(),
        home: None,
        content: Content::Own(body),
    };
    queue.enter(now, stated.number, message);
    if let Some(key) = stated.dedup {
        queue.dedup.insert(key, First { id: stated.id, number: stated.number, at: stated.sent_at });
    }
}

/// The place that a message belongs to: hidden ones were handed out, or are delayed.
pub(crate) fn place(now: Timestamp, visible_at: Timestamp, receives: Receives) -> Where {
    if visible_at <= now {
        Where::Available
    } else if receives.count > 0 {
        Where::InFlight
    } else {
        Where::Delayed
    }
}
