//! Publishing: from members to one payload for all copies, and to the facts that filters ask for (sns 5).
//!
//! What envelopes will depend on is fixed here, in the payload: the service URL as this publisher sees
//! it, the signing key, the topic's signature version.

use super::send::{given_size, is_id, of_body};
use super::{Answered, Call, batch, direct, filter};
use crate::reject::{self, Refused};
use postrider_core::Reply;
use postrider_core::body::Payload;
use postrider_core::command::{AskTopic, Dedup, Presence, Publish as Command};
use postrider_core::id::{DedupKey, GroupKey};
use postrider_core::limits::TOPIC_MESSAGE_BYTES_DEFAULT;
use postrider_core::reply::PublishedAs;
use postrider_core::topic::filter::Facts;
use postrider_core::topic::subscription::Protocol;
use postrider_outbound::signature::SigningKey;
use postrider_wire::Output;
use postrider_wire::attribute::{self, Attribute, GivenAttributes};
use postrider_wire::envelope::{SignatureVersion, text_for, texts_for};
use postrider_wire::error::{Error, sns as errors};
use postrider_wire::payload::{Publication, Structure};
use postrider_wire::sns::{
    Publish, PublishBatch, PublishBatchEntry, PublishBatchOutput, PublishOutput, PublishedEntry,
    sequence_number,
};
use std::borrow::Cow;
use std::sync::Arc;

/// The longest subject, characters.
const SUBJECT_CHARS_MAX: usize = 100;

/// The members that a publish and an entry of a batch of publishes share.
pub(super) struct Parts<'a> {
    pub(super) message: &'a str,
    pub(super) subject: Option<&'a str>,
    pub(super) structure: Option<&'a str>,
    pub(super) attributes: Option<&'a GivenAttributes<'a>>,
    pub(super) deduplication_id: Option<&'a str>,
    pub(super) group_id: Option<&'a str>,
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
    if call.subject.endpoint.is_some() {
        return direct::to_endpoint(call, &parts).await;
    }
    if let Some(phone) = &asked.phone_number {
        return direct::to_phone(call, phone, &parts).await;
    }
    texts(&parts)?;
    let publish = prepared(call, &Fixed::of(call).await, "", &parts)?;
    let reply = call.topic(AskTopic::Publish(vec![publish])).await?;
    let Reply::Published(published) = reply else { return Err(call.defect()) };
    let id = call.sole(published)?.map_err(|rejection| reject::of_topic(&rejection))?;
    let sequence_number = id.sequence.map(|number| sequence_number(number).into());
    call.ok(&Output::Publish(PublishOutput { message_id: id.id.to_string().into(), sequence_number }))
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

type Said = Result<((), Result<PublishedAs, postrider_core::Rejection>), Error>;

fn said<'i>(id: &'i str, outcome: Said) -> Result<Result<PublishedEntry<'i>, Error>, Refused> {
    match outcome {
        Err(error) => Ok(Err(error)),
        Ok(((), Ok(message))) => {
            let message_id = message.id.to_string().into();
            let sequence_number = message.sequence.map(|number| sequence_number(number).into());
            Ok(Ok(PublishedEntry { id: id.into(), message_id, sequence_number }))
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
pub(super) fn texts(parts: &Parts<'_>) -> Result<(), Error> {
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
        Some(_) => return Err(errors::message_structure()),
    };
    let text = text_for(structure, parts.message, "default")?;
    let attributes = attribute::sns(path, parts.attributes)?;
    let ids = if call.subject.arn.is_fifo() { fifo_ids(parts)? } else { standard_ids(parts)? };
    let size = u32::try_from(parts.message.len() + attribute::size(&attributes)).unwrap_or(u32::MAX);
    let (facts, own_facts) = facts(fixed.body, structure, parts.message, &text, &attributes)?;
    let is_fifo = call.subject.arn.is_fifo();
    let publication = Publication {
        deduplication_id: ids.deduplication_id.as_deref(),
        service_url: &fixed.service_url,
        // FIFO topics do not sign (sns 7.1).
        signing_key_id: (!is_fifo).then(|| fixed.key.key_id()),
        signature_version: fixed.version,
        trace_header: call.origin.trace_id,
        subject: parts.subject,
        structure,
        group_id: ids.group_id,
        attributes,
        message: parts.message,
    };
    let payload = Payload::new(publication.encode().into(), size);
    let (group, dedup) = (ids.group_id.map(GroupKey::of), ids.dedup);
    Ok(Command { payload, facts, own_facts, group, dedup, body: fixed.body })
}

/// What filters look at: the text of the subscription's protocol, where that is not the same for all.
fn facts(
    body: Presence,
    structure: Structure,
    message: &str,
    text: &str,
    attributes: &[Attribute<'_>],
) -> Result<(Facts, Vec<(Protocol, Facts)>), Error> {
    match (body, structure) {
        (Presence::Absent, Structure::Text | Structure::Json) => {
            Ok((filter::facts(attributes, None), Vec::new()))
        }
        (Presence::Present, Structure::Text) => Ok((filter::facts(attributes, Some(text)), Vec::new())),
        (Presence::Present, Structure::Json) => {
            let texts = texts_for(message, &Protocol::ALL.map(Protocol::as_str))?;
            let own = Protocol::ALL.into_iter().zip(texts);
            Ok(filter::facts_of_texts(attributes, Some(text), own))
        }
    }
}

/// Group and deduplication id of one message, for its payload, and what the core makes of the latter.
#[derive(Debug, Default, PartialEq, Eq)]
struct Ids<'a> {
    group_id: Option<&'a str>,
    deduplication_id: Option<Cow<'a, str>>,
    dedup: Option<Dedup>,
}

/// Those of a message for a standard topic: copies in standard queues keep the group, and a deduplication id is none of
/// its own (sns 5).
fn standard_ids<'a>(parts: &Parts<'a>) -> Result<Ids<'a>, Error> {
    if parts.deduplication_id.is_some() {
        return Err(errors::deduplication_id_on_standard());
    }
    Ok(Ids { group_id: group_id(parts)?, ..Ids::default() })
}

/// Those of a message for a FIFO topic. Who gives no deduplication id gets the digest of the message as published, which
/// counts where `ContentBasedDeduplication` is on (sns 13).
fn fifo_ids<'a>(parts: &Parts<'a>) -> Result<Ids<'a>, Error> {
    let group_id = group_id(parts)?.ok_or_else(errors::group_id_required)?;
    let (id, dedup) = match parts.deduplication_id {
        Some(id) if !is_id(id) => return Err(errors::fifo_id("MessageDeduplicationId")),
        Some(id) => (Cow::Borrowed(id), Dedup::Explicit(DedupKey::of(id))),
        None => {
            let id = of_body(parts.message);
            let dedup = Dedup::OfBody(DedupKey::of(&id));
            (Cow::Owned(id), dedup)
        }
    };
    Ok(Ids { group_id: Some(group_id), deduplication_id: Some(id), dedup: Some(dedup) })
}

fn group_id<'a>(parts: &Parts<'a>) -> Result<Option<&'a str>, Error> {
    match parts.group_id {
        Some(id) if !is_id(id) => Err(errors::fifo_id("MessageGroupId")),
        given => Ok(given),
    }
}

/// What filters of queues look at in a stored publication. One that cannot be read says nothing.
pub(crate) fn facts_of_payload(payload: &[u8]) -> Facts {
    let Ok(publication) = Publication::decode(payload) else { return Facts::default() };
    let text = text_for(publication.structure, publication.message, "sqs").ok();
    filter::facts(&publication.attributes, text.as_deref())
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

    #[test]
    fn fifo_topics_want_a_group_and_make_a_deduplication_id() {
        let parts = |group_id, deduplication_id| Parts {
            message: "step one",
            subject: None,
            structure: None,
            attributes: None,
            deduplication_id,
            group_id,
        };
        assert_eq!(fifo_ids(&parts(None, Some("d"))), Err(errors::group_id_required()));
        assert_eq!(fifo_ids(&parts(Some("a b"), None)), Err(errors::fifo_id("MessageGroupId")));
        let bad = fifo_ids(&parts(Some("g"), Some("")));
        assert_eq!(bad, Err(errors::fifo_id("MessageDeduplicationId")));
        let of_body = fifo_ids(&parts(Some("g"), None)).unwrap();
        let hex = "52831d1d544eb10c068d22669f462f0b6bf185931b66bbfc071eb8b377e487e0";
        assert_eq!(of_body.deduplication_id.as_deref(), Some(hex));
        assert_eq!(of_body.dedup, Some(Dedup::OfBody(DedupKey::of(hex))));
        let explicit = fifo_ids(&parts(Some("g"), Some("d"))).unwrap();
        assert_eq!(explicit.dedup, Some(Dedup::Explicit(DedupKey::of("d"))));
        let standard = standard_ids(&parts(Some("g"), Some("d")));
        assert_eq!(standard, Err(errors::deduplication_id_on_standard()));
        assert_eq!(standard_ids(&parts(Some("g"), None)).unwrap().group_id, Some("g"));
    }
}
