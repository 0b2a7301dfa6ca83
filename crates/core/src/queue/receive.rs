//! Handing messages out.

use super::receipt::{Receipt, Sealer};
use super::{Queue, settings::Settings};
use crate::command::Receive;
use crate::event::{Event, Receives};
use crate::id::Number;
use crate::reply::{Content, Delivery, Peeked};
use crate::{Rejection, Timestamp, limits};
use std::collections::BTreeMap;

/// Decides which messages a consumer gets: the ones that have been available longest. None is an
/// answer too. With too many in flight a short poll is told so, a long poll gets nothing (sqs 4).
pub(crate) fn decide(
    queue: &Queue,
    settings: &Settings,
    now: Timestamp,
    receive: Receive,
    sealer: &Sealer,
    content: impl Fn(&super::message::Content) -> Option<Content>,
) -> Result<(Option<Event>, Vec<Delivery>), Rejection> {
    let in_flight = queue.messages.counts().in_flight;
    if in_flight >= limits::IN_FLIGHT_MAX {
        let short = receive.wait_s.unwrap_or(settings.wait_s) == 0;
        return if short { Err(Rejection::InFlightFull) } else { Ok((None, Vec::new())) };
    }
    let max = (receive.max as usize).min(limits::IN_FLIGHT_MAX - in_flight);
    let until = now.plus_s(receive.visibility_s.unwrap_or(settings.visibility_s));
    let mut deliveries = Vec::new();
    for &(_, number) in queue.messages.available.iter().take(max) {
        let Some(mut message) = peeked(queue, number, &content) else { continue };
        message.receives = received(message.receives, now);
        message.visible_at = until;
        let receipt = sealer.seal(Receipt { queue: queue.id, number, receive: message.receives.count });
        deliveries.push(Delivery { receipt, message });
    }
    let numbers = deliveries.iter().map(|delivery| delivery.message.number).collect::<Vec<_>>();
    let event = (!numbers.is_empty()).then_some(Event::Received { queue: queue.id, until, numbers });
    Ok((event, deliveries))
}

/// Folds in that messages were handed out. Numbers that are not here belong to messages that are
/// stated later, with this receive in them.
pub(crate) fn apply(queue: &mut Queue, now: Timestamp, until: Timestamp, numbers: &[Number]) {
    for &number in numbers {
        queue.messages.update(number, |message| {
            message.receives = received(message.receives, now);
            message.visible_at = until;
            message.place = super::send::place(now, until, message.receives);
        });
    }
}

fn received(before: Receives, now: Timestamp) -> Receives {
    let first_at = if before.count == 0 { now } else { before.first_at };
    Receives { count: before.count.saturating_add(1), first_at, last_at: now }
}

/// Looks at messages in order of their numbers, whatever their state.
pub(crate) fn peek(
    queue: &Queue,
    after: Number,
    max: usize,
    content: impl Fn(&super::message::Content) -> Option<Content>,
) -> Vec<Peeked> {
    let numbers = queue.messages.by_number.range(after.saturating_add(1)..).map(|entry| *entry.0);
    numbers.take(max).filter_map(|number| peeked(queue, number, &content)).collect()
}

fn peeked(
    queue: &Queue,
    number: Number,
    content: impl Fn(&super::message::Content) -> Option<Content>,
) -> Option<Peeked> {
    let messages: &BTreeMap<_, _> = &queue.messages.by_number;
    let message = messages.get(&number)?;
    Some(Peeked {
        number,
        id: message.id,
        sent_at: message.sent_at,
        visible_at: message.visible_at,
        receives: message.receives,
        content: content(&message.content)?,
    })
}
