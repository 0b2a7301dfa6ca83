//! Sending: from members to a payload, encoded once, with its digests (sqs 7).
//!
//! The order of the checks is AWS's: body there, its characters, attributes, size, and last the ids of group
//! and deduplication. The size is judged by the core, against the queue's `MaximumMessageSize` of that
//! moment; here it is looked at only so that it is complained of before the ids are.

mod ids;

use super::{Answered, Call, batch, long_delay};
use crate::reject;
use ids::{Ids, Type};
use postrider_core::Reply;
use postrider_core::body::Payload;
use postrider_core::command::{AskQueue, Send};
use postrider_core::reply::Sent;
use postrider_wire::attribute::{self, Given, GivenAttributes, Value};
use postrider_wire::digest::{self, Md5};
use postrider_wire::error::{Error, sqs as errors};
use postrider_wire::payload::Message;
use postrider_wire::sqs::{
    SendMessage, SendMessageBatch, SendMessageBatchEntry, SendMessageOutput, SentEntry, required,
    sequence_number,
};
use postrider_wire::{Action, Output, Text};
use std::borrow::Cow;

pub(super) use ids::{is_id, of_body};

/// The members that a send and an entry of a batch of sends share.
struct Parts<'a> {
    body: Option<&'a Text<'a>>,
    delay_s: Option<i64>,
    attributes: Option<&'a GivenAttributes<'a>>,
    system_attributes: Option<&'a GivenAttributes<'a>>,
    deduplication_id: Option<&'a str>,
    group_id: Option<&'a str>,
}

/// What the sender is told of its message.
struct Digests {
    body: Md5,
    attributes: Option<Md5>,
    system_attributes: Option<Md5>,
}

impl Digests {
    fn output(self, queue: Type, sent: Sent) -> SendMessageOutput<'static> {
        SendMessageOutput {
            message_id: sent.id.to_string().into(),
            md5_of_body: self.body,
            md5_of_attributes: self.attributes,
            md5_of_system_attributes: self.system_attributes,
            sequence_number: match queue {
                Type::Fifo => Some(sequence_number(sent.number).into()),
                Type::Standard => None,
            },
        }
    }
}

pub(super) async fn one<'r>(call: &Call<'_, 'r>, asked: &SendMessage<'_>) -> Answered<'r> {
    let parts = Parts {
        body: asked.message_body.as_ref(),
        delay_s: asked.delay_seconds,
        attributes: asked.message_attributes.as_ref(),
        system_attributes: asked.message_system_attributes.as_ref(),
        deduplication_id: asked.message_deduplication_id.as_deref(),
        group_id: asked.message_group_id.as_deref(),
    };
    let delay_s_max = long_delay::delay_s_max(call, std::iter::once(asked.delay_seconds)).await?;
    let (send, digests) = prepared(call, Action::SendMessage, &parts, delay_s_max)?;
    let Reply::Sent(sent) = call.queue(AskQueue::Send(vec![send])).await? else { return Err(call.defect()) };
    let sent = call.sole(sent)?.map_err(|rejection| call.refused(&rejection))?;
    call.ok(&Output::SendMessage(digests.output(Type::of(call), sent)))
}

pub(super) async fn batch<'r>(call: &Call<'_, 'r>, asked: &SendMessageBatch<'_>) -> Answered<'r> {
    let entries = asked.entries.as_deref().unwrap_or_default();
    let ids: Vec<&str> = entries.iter().map(|entry| entry.id.as_deref().unwrap_or_default()).collect();
    batch::check_sqs(
        Action::SendMessageBatch,
        &ids,
        entries.iter().map(size_as_sent).sum(),
        &call.context.limits,
    )?;
    let queue = Type::of(call);
    ids::check_groups(queue, entries.iter().map(|entry| entry.message_group_id.as_deref()))?;
    let delay_s_max = long_delay::delay_s_max(call, entries.iter().map(|entry| entry.delay_seconds)).await?;

    let mut sends = Vec::with_capacity(entries.len());
    let digests: Vec<Result<Digests, Error>> = entries
        .iter()
        .map(|entry| {
            let (send, digests) =
                prepared(call, Action::SendMessageBatch, &parts_of_entry(entry), delay_s_max)?;
            sends.push(send);
            Ok(digests)
        })
        .collect();
    let Reply::Sent(sent) = call.queue(AskQueue::Send(sends)).await? else { return Err(call.defect()) };
    let outcomes = call.joined(digests, sent)?.into_iter().zip(&ids).map(|(outcome, id)| {
        let outcome = outcome.and_then(|(digests, sent)| match sent {
            Ok(sent) => Ok(SentEntry { id: (*id).into(), sent: digests.output(queue, sent) }),
            Err(rejection) => Err(reject::of_entry(&rejection, call.protocol)),
        });
        (*id, outcome)
    });
    call.ok(&Output::SendMessageBatch(batch::sorted(outcomes)))
}

fn parts_of_entry<'a>(entry: &'a SendMessageBatchEntry<'a>) -> Parts<'a> {
    Parts {
        body: entry.message_body.as_ref(),
        delay_s: entry.delay_seconds,
        attributes: entry.message_attributes.as_ref(),
        system_attributes: entry.message_system_attributes.as_ref(),
        deduplication_id: entry.message_deduplication_id.as_deref(),
        group_id: entry.message_group_id.as_deref(),
    }
}

/// What an entry counts against the size of its batch, well-formed or not.
fn size_as_sent(entry: &SendMessageBatchEntry<'_>) -> usize {
    let body = entry.message_body.as_ref().map_or(0, |body| body.len());
    body + entry.message_attributes.as_ref().map_or(0, given_size)
}

/// What attributes count against a size before they are judged.
pub(super) fn given_size(attributes: &GivenAttributes<'_>) -> usize {
    let value = |given: &Given<'_>| {
        given.data_type.as_ref().map_or(0, |text| text.len())
            + given.string_value.as_ref().map_or(0, |text| text.len())
            + given.binary_value.as_ref().map_or(0, |bytes| bytes.len())
    };
    attributes.iter().map(|(name, given)| name.len() + value(given)).sum()
}

/// Checks one message and encodes its payload.
fn prepared(
    call: &Call<'_, '_>,
    action: Action,
    parts: &Parts<'_>,
    delay_s_max: u32,
) -> Result<(Send, Digests), Error> {
    let body = required(parts.body, "MessageBody")?;
    if attribute::has_forbidden_character(body) {
        return Err(errors::invalid_message_contents());
    }
    let attributes = attribute::sqs(action, parts.attributes)?;
    let trace_header = attribute::sqs_system(action, parts.system_attributes)?;
    let queue = Type::of(call);
    let delay_s = parts.delay_s.map(|given| delay(queue, given, delay_s_max)).transpose()?;
    let size = u32::try_from(body.len() + attribute::size(&attributes)).unwrap_or(u32::MAX);
    check_size(call, action, size)?;
    let ids = Ids::checked(queue, parts.group_id, parts.deduplication_id, body)?;

    let digests = Digests {
        body: digest::body(body),
        attributes: digest::attributes(&attributes),
        system_attributes: digest::attributes(&trace_header),
    };
    let sent_trace_header = trace_header.as_ref().and_then(|header| match &header.value {
        Value::Text(text) => Some(&**text),
        Value::Binary(_) => None,
    });
    let message = Message {
        sender_id: &sender_id(call),
        trace_header: sent_trace_header.or(call.origin.trace_id),
        body_md5: digests.body,
        group_id: ids.group_id,
        deduplication_id: ids.deduplication_id.as_deref(),
        attributes,
        body,
    };
    let payload = Payload::new(message.encode().into(), size);
    Ok((Send { payload, delay_s, group: ids.group(), dedup: ids.dedup }, digests))
}

/// The id of whoever sends; of anonymous senders the address (sqs 7).
fn sender_id<'c>(call: &Call<'c, '_>) -> Cow<'c, str> {
    match call.caller.sender_id() {
        Some(id) => id.into(),
        None => call.origin.peer.to_string().into(),
    }
}

/// A delay within its range, seconds. A FIFO queue has only its own, and admits no other than 0 (sqs 7).
fn delay(queue: Type, given: i64, max: u32) -> Result<u32, Error> {
    let delay_s = u32::try_from(given).ok().filter(|delay_s| *delay_s <= max);
    let delay_s = delay_s.ok_or_else(|| errors::delay_seconds(given, max))?;
    if queue == Type::Fifo && delay_s > 0 { Err(errors::delay_on_fifo(given)) } else { Ok(delay_s) }
}

/// Complains of a size that the queue did not admit when its caller was judged.
fn check_size(call: &Call<'_, '_>, action: Action, bytes: u32) -> Result<(), Error> {
    let admitted = call.judgement.as_ref().map_or(u32::MAX, |queue| queue.message_bytes_max);
    if bytes <= admitted {
        return Ok(());
    }
    let bytes_max = admitted as usize;
    Err(if action == Action::SendMessageBatch {
        errors::entry_too_long(bytes_max)
    } else {
        errors::message_too_long(bytes_max)
    })
}
