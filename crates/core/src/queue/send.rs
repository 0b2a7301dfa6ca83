//! Sending: what a message is when it enters a queue.

use super::message::{Content, Message, Where};
use super::{Queue, settings::Settings};
use crate::body::Residency;
use crate::command::Send;
use crate::event::{Event, MessageStated, Receives};
use crate::id::{Ids, Uuid};
use crate::{Rejection, Timestamp};

/// Decides what a batch of sends would do: one answer for each, and one event for each that is
/// accepted. Each message is measured against the queue's `MaximumMessageSize` (sqs 4).
pub(crate) fn decide(
    queue: &Queue,
    settings: &Settings,
    now: Timestamp,
    sends: Vec<Send>,
    ids: &mut Ids,
) -> (Vec<Event>, Vec<Result<Uuid, Rejection>>) {
    let mut number = queue.next_number;
    let mut events = Vec::with_capacity(sends.len());
    let mut answers = Vec::with_capacity(sends.len());
    for send in sends {
        if send.payload.size > settings.message_bytes_max {
            answers.push(Err(Rejection::MessageTooLong { bytes_max: settings.message_bytes_max }));
            continue;
        }
        let id = ids.uuid();
        events.push(Event::Message(MessageStated {
            queue: queue.id,
            number,
            id,
            sent_at: now,
            visible_at: now.plus_s(send.delay_s.unwrap_or(settings.delay_s)),
            receives: Receives::default(),
            payload: send.payload,
        }));
        number += 1;
        answers.push(Ok(id));
    }
    (events, answers)
}

/// Folds a message in. None is there under its number.
pub(crate) fn apply(queue: &mut Queue, now: Timestamp, stated: &MessageStated, residency: &mut Residency) {
    let content = Content::Own(residency.admit(&stated.payload));
    let message = Message {
        id: stated.id,
        sent_at: stated.sent_at,
        visible_at: stated.visible_at,
        receives: stated.receives,
        place: place(now, stated.visible_at, stated.receives),
        content,
    };
    queue.next_number = queue.next_number.max(stated.number + 1);
    queue.messages.insert(stated.number, message);
}

/// The set that a message belongs to: hidden ones were handed out, or are delayed.
pub(crate) fn place(now: Timestamp, visible_at: Timestamp, receives: Receives) -> Where {
    if visible_at <= now {
        Where::Available
    } else if receives.count > 0 {
        Where::InFlight
    } else {
        Where::Delayed
    }
}
