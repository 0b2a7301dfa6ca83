//! What consumers and endpoints see of a message: rendered when it is received or sent, outside the writer.
//!
//! The core hands out a message with its payload opaque. A message of the queue's own is shown as it was
//! sent; a copy of a publication is shown raw, or as an envelope with a signature. All that an envelope
//! depends on was fixed when it was published, so it comes out the same however often it is rendered; the
//! signature, the only costly part, is the same for all subscriptions and made once ([`Signatures`]); where a
//! message has a text for each protocol, once for each.
//!
//! Invariant: nothing here changes any state but the cache of signatures.

mod copy;
mod shown;
mod signatures;
#[cfg(test)]
mod tests;

use crate::op::handle;
use crate::signing::Signing;
use crate::urls::Template;
use bytes::Bytes;
use copy::{Copy, Read};
use http::{HeaderMap, HeaderName, HeaderValue};
use postrider_core::Arn;
use postrider_core::reply::{Claimed, Delivery, Peeked};
use postrider_core::topic::subscription::Form;
use postrider_runtime::{Answer, Unreadable};
use postrider_wire::attribute::{Attribute, Selection, SystemName, SystemSelection};
use postrider_wire::digest;
use postrider_wire::payload::{Damaged, Message};
use postrider_wire::sqs::{NamedValues, ReceivedMessage, sequence_number};
use std::borrow::Cow;
use std::sync::Arc;

pub(crate) use shown::{Shown, peeked};
pub(crate) use signatures::{Made, Signatures};

/// The `SenderId` of what a topic sends: AWS shows the unique id of SNS's own principal there.
pub(crate) const SNS_SENDER_ID: &str = "AIDAISNSPRINCIPAL0001";

/// Why a message cannot be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Undeliverable {
    /// Its payload cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// Its payload is not one.
    #[error("decoding a payload")]
    Damaged(#[from] Damaged),
    /// It was published as a structure, and is none.
    #[error("a structured message without its texts: {0}")]
    Unstructured(postrider_wire::Error),
    /// The signature could not be made.
    #[error("signing an envelope")]
    Unsigned(#[from] tokio::task::JoinError),
}

/// What a consumer wants to see besides the body.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    /// The queue that the messages are in: those of a FIFO queue have sequence numbers.
    pub(crate) queue: &'a Arn,
    /// System attributes.
    pub(crate) system: SystemSelection,
    /// Message attributes.
    pub(crate) attributes: Selection<'a>,
}

/// Renders messages. One for the whole server.
#[derive(Debug, Default)]
pub(crate) struct Courier {
    signatures: Signatures,
    /// The base of `SigningCertURL`, if it is another than that of the other URLs.
    certificates: Option<Template>,
}

/// A message with all that it takes to render it.
#[derive(Debug)]
pub(crate) struct Parcel {
    payload: Arc<[u8]>,
    signature: Option<Arc<Made>>,
}

/// What is posted to an endpoint.
#[derive(Debug)]
pub(crate) struct Posted {
    /// The headers, but for those that belong to the connection.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: Bytes,
}

impl Courier {
    /// One whose envelopes say that certificates are below this base; below that of the other URLs when absent.
    pub(crate) fn new(certificates: Option<Template>) -> Courier {
        Courier { signatures: Signatures::default(), certificates }
    }

    /// Fetches a message's payload, and makes or finds its signature if it has one.
    ///
    /// # Errors
    /// The payload cannot be read, or nothing could be signed.
    pub(crate) async fn open(
        &self,
        signing: &Signing,
        answer: &Answer,
        message: &Peeked,
    ) -> Result<Parcel, Undeliverable> {
        let body = message.content.body();
        let payload = match &body.resident {
            Some(resident) => resident.clone(),
            // Reading the log blocks this thread; the runtime moves its other work away meanwhile.
            None => tokio::task::block_in_place(|| answer.bytes(body))?,
        };
        let signature = match Copy::in_queue(&message.content) {
            Some(copy) if copy.form == Form::Envelope => {
                // Boxed, or every receive that waits would keep room for it.
                Box::pin(async { self.signed(signing, &copy, &copy.read(&payload)?).await }).await?
            }
            Some(_) | None => None,
        };
        Ok(Parcel { payload, signature })
    }

    /// What an HTTP endpoint is posted: a notification or a confirmation, signed, or a raw message.
    ///
    /// # Errors
    /// The payload is damaged, or nothing could be signed.
    pub(crate) async fn post(
        &self,
        signing: &Signing,
        claimed: &Claimed,
        payload: &[u8],
    ) -> Result<Posted, Undeliverable> {
        let copy = Copy::claimed(claimed);
        let read = copy.read(payload)?;
        let made = self.signed(signing, &copy, &read).await?;
        let body = copy.render(&read, made.as_deref())?.into_owned().into();
        let mut headers = HeaderMap::new();
        for (name, value) in copy.headers(&read, claimed.policy.content_type.as_str()) {
            // ARNs, ids and checked content types can stand in headers.
            if let Ok(value) = HeaderValue::from_str(&value)
                && !name.eq_ignore_ascii_case("Connection")
            {
                headers.insert(HeaderName::from_bytes(name.as_bytes()).expect("names of headers"), value);
            }
        }
        Ok(Posted { headers, body })
    }

    async fn signed(
        &self,
        signing: &Signing,
        copy: &Copy<'_>,
        read: &Read<'_>,
    ) -> Result<Option<Arc<Made>>, Undeliverable> {
        match copy.key(read) {
            None => Ok(None),
            Some(key) => match self.signatures.find(key) {
                Some(made) => Ok(Some(made)),
                None => {
                    let (version, text) = copy.signed_text(read)?;
                    let topic = &copy.published.topic;
                    let base =
                        |template: &Template| template.base(topic.region(), topic.account()).into_owned();
                    let certificates = self.certificates.as_ref().map(base);
                    Ok(Some(self.signatures.make(key, signing, version, text, certificates).await?))
                }
            },
        }
    }
}

impl Parcel {
    /// What the consumer gets.
    ///
    /// # Errors
    /// The payload is damaged.
    pub(crate) fn render<'p>(
        &'p self,
        delivery: &'p Delivery,
        wanted: &Wanted<'_>,
    ) -> Result<ReceivedMessage<'p>, Undeliverable> {
        let message = &delivery.message;
        let Some(copy) = Copy::in_queue(&message.content) else {
            let own = Message::decode(&self.payload)?;
            let said = Said {
                sender_id: own.sender_id,
                trace_header: own.trace_header,
                group_id: own.group_id,
                deduplication_id: own.deduplication_id,
            };
            let system = system(wanted, message, &said);
            let body = Cow::Borrowed(own.body);
            return Ok(received(delivery, (body, own.body_md5), system, selected(own.attributes, wanted)));
        };
        let read = copy.read(&self.payload)?;
        let body = copy.render(&read, self.signature.as_deref())?;
        let mut said =
            Said { sender_id: SNS_SENDER_ID, trace_header: None, group_id: None, deduplication_id: None };
        let mut attributes = Vec::new();
        if let Read::Publication(publication) = read {
            said.trace_header = publication.trace_header;
            // A standard queue gets neither from a FIFO topic (sns 7.3).
            said.group_id = publication.group_id.filter(|_| message.group.is_some());
            said.deduplication_id = publication.deduplication_id.filter(|_| wanted.queue.is_fifo());
            if copy.form == Form::Raw {
                attributes = selected(publication.attributes, wanted);
            }
        }
        let system = system(wanted, message, &said);
        let md5 = digest::body(&body);
        Ok(received(delivery, (body, md5), system, attributes))
    }
}

fn received<'p>(
    delivery: &Delivery,
    (body, md5_of_body): (Cow<'p, str>, digest::Md5),
    attributes: NamedValues<'p>,
    message_attributes: Vec<Attribute<'p>>,
) -> ReceivedMessage<'p> {
    ReceivedMessage {
        message_id: delivery.message.id.to_string().into(),
        receipt_handle: handle(&delivery.receipt).into(),
        md5_of_body,
        body,
        attributes,
        md5_of_attributes: digest::attributes(&message_attributes),
        message_attributes,
    }
}

fn selected<'p>(mut attributes: Vec<Attribute<'p>>, wanted: &Wanted<'_>) -> Vec<Attribute<'p>> {
    attributes.retain(|attribute| wanted.attributes.includes(&attribute.name));
    attributes
}

/// What a payload says besides body and attributes.
struct Said<'p> {
    sender_id: &'p str,
    trace_header: Option<&'p str>,
    group_id: Option<&'p str>,
    deduplication_id: Option<&'p str>,
}

/// The system attributes that are wanted and that the message has, in AWS's order.
fn system<'p>(wanted: &Wanted<'_>, message: &'p Peeked, said: &Said<'p>) -> NamedValues<'p> {
    let value = |name: SystemName| -> Option<Cow<'p, str>> {
        match name {
            SystemName::SenderId => Some(said.sender_id.into()),
            SystemName::SentTimestamp => Some(message.sent_at.0.to_string().into()),
            SystemName::ApproximateReceiveCount => Some(message.receives.count.to_string().into()),
            SystemName::ApproximateFirstReceiveTimestamp => {
                Some(message.receives.first_at.0.to_string().into())
            }
            SystemName::SequenceNumber => {
                wanted.queue.is_fifo().then(|| sequence_number(message.number).into())
            }
            SystemName::MessageGroupId => said.group_id.map(Cow::Borrowed),
            SystemName::MessageDeduplicationId => said.deduplication_id.map(Cow::Borrowed),
            SystemName::AwsTraceHeader => said.trace_header.map(Cow::Borrowed),
            SystemName::DeadLetterQueueSourceArn => {
                message.source.as_ref().map(|source| source.as_str().into())
            }
        }
    };
    let names = SystemName::ALL.into_iter().filter(|name| wanted.system.includes(*name));
    names.filter_map(|name| Some((name.as_str().into(), value(name)?))).collect()
}
