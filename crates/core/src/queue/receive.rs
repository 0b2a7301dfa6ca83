//! Handing messages out.

use super::message::{Message, Where};
use super::messages::Visit;
use super::receipt::{Receipt, Sealer};
use super::{Queue, settings::Settings};
use crate::command::Receive;
use crate::event::{AttemptStated, Event, Receives};
use crate::id::{DedupKey, Number};
use crate::reply::{Content, Delivery, Peeked};
use crate::{Rejection, Timestamp, limits};
use std::cell::OnceCell;

/// What a receive does.
#[derive(Debug, Default)]
pub(crate) struct Handed {
    /// Messages were handed out, or handed out again; the attempt is remembered.
    pub(crate) events: Vec<Event>,
    /// What the consumer gets.
    pub(crate) deliveries: Vec<Delivery>,
    /// Messages that the consumer would have got, had they not been received too often.
    pub(crate) spent: Vec<Number>,
}

/// What becomes of a message that was received too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It is handed out all the same: there is no way out of the queue.
    None,
    /// It goes to a queue of this shard.
    Here,
    /// It goes to another shard, and `room` such messages may be on their way besides those that are.
    There {
        /// How many.
        room: usize,
    },
}

/// What a receive is decided from.
pub(crate) struct Asked<'a, C> {
    pub(crate) settings: &'a Settings,
    pub(crate) now: Timestamp,
    pub(crate) receive: Receive,
    pub(crate) sealer: &'a Sealer,
    /// Finds out what becomes of spent messages; asked when there is one.
    pub(crate) exit: &'a dyn Fn() -> Exit,
    /// Looks a message's payload up.
    pub(crate) content: C,
}

/// Decides which messages a consumer gets: the first of those that are ready. None is an answer too. With too many in
/// flight a short poll of a standard queue is told so; a long poll, and a FIFO queue, get nothing (sqs 4).
pub(crate) fn decide<C>(queue: &Queue, asked: &Asked<'_, C>) -> Result<Handed, Rejection>
where
    C: Fn(&super::message::Content) -> Option<Content>,
{
    let (settings, receive, now) = (asked.settings, asked.receive, asked.now);
    let until = now.plus_s(receive.visibility_s.unwrap_or(settings.visibility_s));
    let attempt = receive.attempt.filter(|_| settings.fifo.is_some());
    if let Some(again) = attempt.and_then(|key| again(queue, asked, key, until)) {
        return Ok(again);
    }
    let in_flight = queue.messages.counts().in_flight;
    if in_flight >= limits::IN_FLIGHT_MAX {
        let short = receive.wait_s.unwrap_or(settings.wait_s) == 0 && settings.fifo.is_none();
        return if short { Err(Rejection::InFlightFull) } else { Ok(Handed::default()) };
    }
    let max = (receive.max as usize).min(limits::IN_FLIGHT_MAX - in_flight);
    let (chosen, spent) = choose(queue, asked, max);
    let deliver = |number: &Number| {
        let mut message = peeked(queue.messages.find(*number)?, *number, &asked.content)?;
        message.receives = received(message.receives, now);
        message.visible_at = until;
        let receipt = Receipt { queue: queue.id, number: *number, receive: message.receives.count };
        Some(Delivery { receipt: asked.sealer.seal(receipt), message })
    };
    let mut bytes = 0;
    let deliveries = chosen.iter().filter_map(deliver).take_while(|delivery| {
        // One message is handed out whatever its size.
        let first = bytes == 0;
        bytes += delivery.message.content.body().size as usize;
        first || bytes <= limits::RECEIVE_BYTES_MAX
    });
    let deliveries = deliveries.collect::<Vec<_>>();
    let numbers = deliveries.iter().map(|delivery| delivery.message.number).collect::<Vec<_>>();
    let mut events = Vec::new();
    if !numbers.is_empty() {
        events.push(Event::Received { queue: queue.id, until, numbers });
        events.extend(attempt.map(|key| {
            let receipts = deliveries.iter().map(|delivery| &delivery.message);
            let receipts = receipts.map(|message| (message.number, message.receives.count)).collect();
            let stated = AttemptStated { queue: queue.id, key, at: now, until, receipts };
            Event::Attempt(Box::new(stated))
        }));
    }
    Ok(Handed { events, deliveries, spent })
}

/// The messages to hand out, and those that are spent. In a group of a FIFO queue nothing may overtake a message that
/// is on its way to another shard, since it may come back. While no more can be on their way, spent messages are handed
/// out like others: a shard that is slow to answer stops nobody.
fn choose<C>(queue: &Queue, asked: &Asked<'_, C>, max: usize) -> (Vec<Number>, Vec<Number>) {
    let (mut chosen, mut spent) = (Vec::with_capacity(max.min(64)), Vec::new());
    let exit = OnceCell::new();
    queue.messages.ready(|number| {
        let Some(message) = queue.messages.find(number) else { return Visit::Next };
        let exit = if is_spent(message, asked.settings, asked.now) {
            *exit.get_or_init(asked.exit)
        } else {
            Exit::None
        };
        match exit {
            Exit::Here if spent.len() >= limits::SPENT_PER_RECEIVE_MAX => return Visit::Stop,
            Exit::Here => spent.push(number),
            Exit::There { room } if spent.len() < room => {
                spent.push(number);
                return Visit::NextGroup;
            }
            Exit::None | Exit::There { .. } => chosen.push(number),
        }
        if chosen.len() < max { Visit::Next } else { Visit::Stop }
    });
    (chosen, spent)
}

/// Was the message received as often as the redrive policy allows, and has its dead-letter queue not just been seen to
/// be out of reach?
fn is_spent(message: &Message, settings: &Settings, now: Timestamp) -> bool {
    let Some(redrive) = &settings.redrive else { return false };
    let refused_at = message.past.as_ref().map_or(Timestamp::ZERO, |past| past.refused_at);
    let retry = refused_at == Timestamp::ZERO || now >= refused_at + limits::REDRIVE_RETRY_MS;
    message.receives_here() >= redrive.receives_max && retry
}

/// The messages of an earlier attempt under the same id, if it can be repeated.
fn again<C>(queue: &Queue, asked: &Asked<'_, C>, key: DedupKey, until: Timestamp) -> Option<Handed>
where
    C: Fn(&super::message::Content) -> Option<Content>,
{
    let attempt = queue.attempts.repeatable(key, asked.now, &queue.messages)?;
    let deliver = |(number, count): &(Number, u32)| {
        let mut message = peeked(queue.messages.find(*number)?, *number, &asked.content)?;
        message.visible_at = until;
        let receipt = Receipt { queue: queue.id, number: *number, receive: *count };
        Some(Delivery { receipt: asked.sealer.seal(receipt), message })
    };
    let deliveries = attempt.receipts.iter().filter_map(deliver).collect();
    let changes = attempt.receipts.iter().map(|receipt| (receipt.0, until)).collect();
    let hidden = Event::VisibilityChanged { queue: queue.id, changes };
    let stated = AttemptStated { until, ..attempt.statement(queue.id, key) };
    Some(Handed { events: vec![hidden, Event::Attempt(Box::new(stated))], deliveries, spent: Vec::new() })
}

/// Folds in that messages were handed out. Numbers that are not here belong to messages that are
/// stated later, with this receive in them.
pub(crate) fn apply(queue: &mut Queue, now: Timestamp, until: Timestamp, numbers: &[Number]) {
    for &number in numbers {
        queue.messages.update(now, number, |message| {
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
    let messages = queue.messages.starting_at(after.saturating_add(1));
    messages.take(max).filter_map(|(number, message)| peeked(message, number, &content)).collect()
}

fn peeked(
    message: &Message,
    number: Number,
    content: impl Fn(&super::message::Content) -> Option<Content>,
) -> Option<Peeked> {
    Some(Peeked {
        number,
        id: message.id,
        sent_at: message.sent_at,
        visible_at: message.visible_at,
        place: message.place,
        receives: message.receives,
        source: message.past.as_ref().and_then(|past| past.source.clone()),
        group: message.group,
        content: content(&message.content)?,
    })
}

/// Is the message in the hands of the consumer whose receive this was?
pub(crate) fn is_held(message: &Message, receive: u32) -> bool {
    message.place == Where::InFlight && message.receives.count == receive
}
