//! Sending: from members to a payload, encoded once, with its digests (sqs 7).
//!
//! The order of the checks is AWS's: body there, its characters, attributes, then the rest. The size is
//! measured here and judged by the core, against the queue's `MaximumMessageSize`.

use super::{Answered, Call, batch};
use crate::reject::{self, not_yet_sqs};
use postrider_core::body::Payload;
use postrider_core::command::{AskQueue, Send};
use postrider_core::id::Uuid;
use postrider_core::{Reply, limits};
use postrider_wire::attribute::{self, Given, GivenAttributes, Value};
use postrider_wire::digest::{self, Md5};
use postrider_wire::error::{Error, sqs as errors};
use postrider_wire::payload::Message;
use postrider_wire::sqs::{
    SendMessage, SendMessageBatch, SendMessageBatchEntry, SendMessageOutput, SentEntry, required,
};
use postrider_wire::{Action, Output, Text};
use std::borrow::Cow;

/// The longest `MessageGroupId` and `MessageDeduplicationId`, characters (sqs 4).
const FIFO_ID_CHARS_MAX: usize = 128;

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
    fn output(self, id: Uuid) -> SendMessageOutput<'static> {
        SendMessageOutput {
            message_id: id.to_string().into(),
            md5_of_body: self.body,
            md5_of_attributes: self.attributes,
            md5_of_system_attributes: self.system_attributes,
            sequence_number: None,
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
    let (send, digests) = prepared(call, Action::SendMessage, &parts)?;
    let Reply::Sent(sent) = call.queue(AskQueue::Send(vec![send])).await? else { return Err(call.defect()) };
    let id = call.sole(sent)?.map_err(|rejection| call.refused(&rejection))?;
    call.ok(&Output::SendMessage(digests.output(id)))
}

pub(super) async fn batch<'r>(call: &Call<'_, 'r>, asked: &SendMessageBatch<'_>) -> Answered<'r> {
    let entries = asked.entries.as_deref().unwrap_or_default();
    let ids: Vec<&str> = entries.iter().map(|entry| entry.id.as_deref().unwrap_or_default()).collect();
    batch::check_sqs(Action::SendMessageBatch, &ids, entries.iter().map(size_as_sent).sum())?;

    let mut sends = Vec::with_capacity(entries.len());
    let digests: Vec<Result<Digests, Error>> = entries
        .iter()
        .map(|entry| {
            let (send, digests) = prepared(call, Action::SendMessageBatch, &parts_of_entry(entry))?;
            sends.push(send);
            Ok(digests)
        })
        .collect();
    let Reply::Sent(sent) = call.queue(AskQueue::Send(sends)).await? else { return Err(call.defect()) };
    let outcomes = call.joined(digests, sent)?.into_iter().zip(&ids).map(|(outcome, id)| {
        let outcome = outcome.and_then(|(digests, sent)| match sent {
            Ok(message) => Ok(SentEntry { id: (*id).into(), sent: digests.output(message) }),
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
fn prepared(call: &Call<'_, '_>, action: Action, parts: &Parts<'_>) -> Result<(Send, Digests), Error> {
    let body = required(parts.body, "MessageBody")?;
    if attribute::has_forbidden_character(body) {
        return Err(errors::invalid_message_contents());
    }
    let attributes = attribute::sqs(action, parts.attributes)?;
    let trace_header = attribute::sqs_system(action, parts.system_attributes)?;
    let delay_s = parts.delay_s.map(delay).transpose()?;
    no_fifo_ids(parts)?;

    let digests = Digests {
        body: digest::body(body),
        attributes: digest::attributes(&attributes),
        system_attributes: digest::attributes(&trace_header),
    };
    let size = u32::try_from(body.len() + attribute::size(&attributes)).unwrap_or(u32::MAX);
    let sent_trace_header = trace_header.as_ref().and_then(|header| match &header.value {
        Value::Text(text) => Some(&**text),
        Value::Binary(_) => None,
    });
    let message = Message {
        sender_id: &sender_id(call),
        trace_header: sent_trace_header.or(call.origin.trace_id),
        body_md5: digests.body,
        attributes,
        body,
    };
    let payload = Payload::new(message.encode().into(), size);
    Ok((Send { payload, delay_s }, digests))
}

/// The id of whoever sends; of anonymous senders the address (sqs 7).
fn sender_id<'c>(call: &Call<'c, '_>) -> Cow<'c, str> {
    match call.caller.sender_id() {
        Some(id) => id.into(),
        None => call.origin.peer.to_string().into(),
    }
}

fn delay(given: i64) -> Result<u32, Error> {
    let delay_s = u32::try_from(given).ok().filter(|delay_s| *delay_s <= limits::DELAY_S_MAX);
    delay_s.ok_or_else(|| errors::delay_seconds(given))
}

/// Checks `MessageGroupId` and `MessageDeduplicationId` on a standard queue.
fn no_fifo_ids(parts: &Parts<'_>) -> Result<(), Error> {
    for (name, id) in [("MessageGroupId", parts.group_id), ("MessageDeduplicationId", parts.deduplication_id)]
    {
        if let Some(id) = id.filter(|id| !is_fifo_id(id)) {
            return Err(errors::fifo_id(name, id));
        }
    }
    if let Some(id) = parts.deduplication_id {
        return Err(errors::deduplication_id_on_standard(id));
    }
    match parts.group_id {
        Some(_) => Err(not_yet_sqs("Message groups on standard queues (MessageGroupId) are")),
        None => Ok(()),
    }
}

/// Printable ASCII without space, 1 to 128 characters (sqs 4).
pub(super) fn is_fifo_id(id: &str) -> bool {
    (1..=FIFO_ID_CHARS_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}
