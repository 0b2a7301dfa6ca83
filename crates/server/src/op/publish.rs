//! Publishing: from members to one payload for all copies, and to the facts that filters ask for (sns 5).
//!
//! What envelopes will depend on is fixed here, in the payload: the service URL as this publisher sees
//! it, the signing key, the topic's signature version.

use super::send::{given_size, is_id};
use super::{Answered, Call, batch, filter};
use crate::reject::{self, Refused};
use postrider_core::Reply;
use postrider_core::body::Payload;
use postrider_core::command::{AskTopic, Presence, Publish as Command};
use postrider_core::id::GroupKey;
use postrider_core::limits::TOPIC_MESSAGE_BYTES_DEFAULT;
use postrider_outbound::signature::SigningKey;
use postrider_wire::Output;
use postrider_wire::attribute::{self, GivenAttributes};
use postrider_wire::envelope::{SignatureVersion, text_for};
use postrider_wire::error::{Error, sns as errors};
use postrider_wire::payload::{Publication, Structure};
use postrider_wire::sns::{
    Publish, PublishBatch, PublishBatchEntry, PublishBatchOutput, PublishOutput, PublishedEntry,
};
use std::sync::Arc;

/// The longest subject, characters.
const SUBJECT_CHARS_MAX: usize = 100;

/// The members that a publish and an entry of a batch of publishes share.
struct Parts<'a> {
    message: &'a str,
    subject: Option<&'a str>,
    structure: Option<&'a str>,
    attributes: Option<&'a GivenAttributes<'a>>,
    deduplication_id: Option<&'a str>,
    group_id: Option<&'a str>,
}

/// What is the same for all messages of one request.
struct Fixed {
    service_url: String,
    key: Arc<SigningKey>,
    version: SignatureVersion,
    body: Presence,
}

impl Fixed {
    async fn of(call: &Call<'_, '_>) -> Fixed {
        let judgement = call.judgement.as_deref();
        let version = judgement.and_then(|judgement| judgement.signature_version.as_deref());
        let filters_bodies = judgement.is_some_and(|judgement| judgement.filters_bodies);
        Fixed {
            service_url: call.service_url(),
            key: call.context.signing.key().await,
            version: version.and_then(SignatureVersion::parse).unwrap_or(SignatureVersion::V1),
            body: if filters_bodies { Presence::Present } else { Presence::Absent },
        }
    }
}

pub(super) async fn one<'r>(call: &Call<'_, 'r>, asked: &Publish<'_>) -> Answered<'r> {
    let parts = Parts {
        message: &asked.message,
        subject: asked.subject.as_deref(),
        structure: asked.message_structure.as_deref(),
        attributes: asked.message_attributes.as_ref(),
        deduplication_id: asked.message_deduplication_id.as_deref(),
        group_id: asked.message_group_id.as_deref(),
    };
    texts(&parts)?;
    let publish = prepared(call, &Fixed::of(call).await, "", &parts)?;
    let reply = call.topic(AskTopic::Publish(vec![publish])).await?;
    let Reply::Published(published) = reply else { return Err(call.defect()) };
    let id = call.sole(published)?.map_err(|rejection| reject::of_topic(&rejection))?;
    call.ok(&Output::Publish(PublishOutput { message_id: id.to_string().into(), sequence_number: None }))
}

pub(super) async fn batch<'r>(call: &Call<'_, 'r>, asked: &PublishBatch<'_>) -> Answered<'r> {
    let ids: Vec<&str> = asked.entries.iter().map(|entry| &*entry.id).collect();
    let bytes = asked.entries.iter().map(size_as_sent).sum();
    // A topic that is not there yet admits what it would by default.
    let bytes_max =
        call.judgement.as_ref().map_or(TOPIC_MESSAGE_BYTES_DEFAULT, |topic| topic.message_bytes_max);
    batch::check_sns(&ids, bytes, bytes_max)?;
    let fixed = Fixed::of(call).await;
    let mut publishes = Vec::with_capacity(asked.entries.len());
    let mut entries = Vec::with_capacity(asked.entries.len());
    for (at, entry) in asked.entries.iter().enumerate() {
        let parts = parts_of_entry(entry);
        // An empty message fails alone, anything else that is wrong fails the whole request (sns 2).
        let flaw = texts(&parts);
        if flaw.is_ok() {
            let path = format!("publishBatchRequestEntries.{}.member.", at + 1);
            publishes.push(prepared(call, &fixed, &path, &parts)?);
        }
        entries.push(flaw);
    }
    let reply = call.topic(AskTopic::Publish(publishes)).await?;
    let Reply::Published(published) = reply else { return Err(call.defect()) };
    let joined = call.joined(entries, published)?;
    let mut outcomes = Vec::with_capacity(ids.len());
    for (id, outcome) in ids.into_iter().zip(joined) {
        outcomes.push((id, said(id, outcome)?));
    }
    let output = batch::sorted(outcomes.into_iter());
    call.ok(&Output::PublishBatch(PublishBatchOutput {
        successful: output.successful,
        failed: output.failed,
    }))
}

type Said = Result<((), Result<postrider_core::id::Uuid, postrider_core::Rejection>), Error>;

fn said<'i>(id: &'i str, outcome: Said) -> Result<Result<PublishedEntry<'i>, Error>, Refused> {
    match outcome {
        Err(error) => Ok(Err(error)),
        Ok(((), Ok(message))) => {
            let message_id = message.to_string().into();
            Ok(Ok(PublishedEntry { id: id.into(), message_id, sequence_number: None }))
        }
        Ok(((), Err(rejection))) => match reject::of_topic(&rejection) {
            Refused::Because(error) => Ok(Err(error)),
            Refused::Stale => Err(Refused::Stale),
        },
    }
}

fn parts_of_entry<'a>(entry: &'a PublishBatchEntry<'a>) -> Parts<'a> {
    Parts {
        message: &entry.message,
        subject: entry.subject.as_deref(),
        structure: entry.message_structure.as_deref(),
        attributes: entry.message_attributes.as_ref(),
        deduplication_id: entry.message_deduplication_id.as_deref(),
        group_id: entry.message_group_id.as_deref(),
    }
}

/// What an entry counts against the size of its batch, well-formed or not.
fn size_as_sent(entry: &PublishBatchEntry<'_>) -> usize {
    entry.message.len() + entry.message_attributes.as_ref().map_or(0, given_size)
}

/// Checks message and subject.
fn texts(parts: &Parts<'_>) -> Result<(), Error> {
    if parts.message.is_empty() {
        return Err(errors::empty_message());
    }
    match parts.subject {
        Some(subject) if !is_subject(subject) => Err(errors::subject()),
        Some(_) | None => Ok(()),
    }
}

fn is_subject(text: &str) -> bool {
    (1..=SUBJECT_CHARS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

/// Checks one message, encodes its payload, and finds out what filters may ask of it.
fn prepared(call: &Call<'_, '_>, fixed: &Fixed, path: &str, parts: &Parts<'_>) -> Result<Command, Error> {
    let structure = match parts.structure {
        None | Some("") => Structure::Text,
        Some("json") => Structure::Json,
        Some(_) => return Err(errors::invalid_parameter("MessageStructure")),
    };
    let text = text_for(structure, parts.message, "sqs")?;
    let attributes = attribute::sns(path, parts.attributes)?;
    let group_id = group_id(parts)?;
    let size = u32::try_from(parts.message.len() + attribute::size(&attributes)).unwrap_or(u32::MAX);
    let body = match fixed.body {
        Presence::Present => Some(&*text),
        Presence::Absent => None,
    };
    let facts = filter::facts(&attributes, body);
    let publication = Publication {
        deduplication_id: None,
        service_url: &fixed.service_url,
        signing_key_id: Some(fixed.key.key_id()),
        signature_version: fixed.version,
        trace_header: call.origin.trace_id,
        subject: parts.subject,
        structure,
        group_id,
        attributes,
        message: parts.message,
    };
    let payload = Payload::new(publication.encode().into(), size);
    Ok(Command { payload, facts, group: group_id.map(GroupKey::of), body: fixed.body })
}

/// The `MessageGroupId` of a message for a standard topic, which copies in standard queues keep; such a
/// topic takes no `MessageDeduplicationId` (sns 5).
fn group_id<'a>(parts: &Parts<'a>) -> Result<Option<&'a str>, Error> {
    if parts.deduplication_id.is_some() {
        return Err(errors::deduplication_id_on_standard());
    }
    match parts.group_id {
        Some(id) if !is_id(id) => Err(errors::invalid_parameter("MessageGroupId")),
        given => Ok(given),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_short_and_on_one_line() {
        for good in ["a", "größe", &"s".repeat(100)] {
            assert!(is_subject(good), "{good}");
        }
        for bad in ["", "a\nb", "a\u{7}", &"s".repeat(101)] {
            assert!(!is_subject(bad), "{bad}");
        }
    }
}
