//! What a consumer sees of a message: rendered when it is received, outside the writer.
//!
//! The core hands out a message with its payload opaque. A message of the queue's own is shown as it was
//! sent; a copy of a publication is shown raw, or as an envelope with a signature. All that an envelope
//! depends on was fixed when it was published, so it comes out the same however often it is rendered; the
//! signature, the only costly part, is the same for all subscriptions and made once ([`Signatures`]).
//!
//! Invariant: nothing here changes any state but the cache of signatures.

mod shown;
mod signatures;
#[cfg(test)]
mod tests;

use crate::op::handle;
use crate::signing::Signing;
use postrider_core::id::Uuid;
use postrider_core::reply::{Content, Delivery, Peeked};
use postrider_core::topic::subscription::Form;
use postrider_core::{Arn, Timestamp};
use postrider_runtime::{Answer, Unreadable};
use postrider_wire::attribute::{Attribute, Selection, SystemName, SystemSelection};
use postrider_wire::digest;
use postrider_wire::envelope::{Notification, Signature, text_for, timestamp};
use postrider_wire::payload::{Damaged, Message, Publication};
use postrider_wire::sqs::{NamedValues, ReceivedMessage, sequence_number};
use std::borrow::Cow;
use std::sync::Arc;

pub(crate) use shown::{Shown, peeked};
pub(crate) use signatures::{Made, Signatures};

/// The `SenderId` of what a topic sends: AWS shows the unique id of SNS's own principal there.
pub(crate) const SNS_SENDER_ID: &str = "AIDAISNSPRINCIPAL0001";

/// The protocol whose text of a structured message a queue gets.
const PROTOCOL: &str = "sqs";

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
}

/// A message with all that it takes to render it.
#[derive(Debug)]
pub(crate) struct Parcel {
    payload: Arc<[u8]>,
    signature: Option<Arc<Made>>,
}

/// A copy of a publication, apart from its payload.
#[derive(Clone, Copy)]
struct Copied<'m> {
    message_id: Uuid,
    topic: &'m Arn,
    published_at: Timestamp,
    subscription: Uuid,
    form: Form,
}

impl Courier {
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
        let signature = match copied(&message.content) {
            Some(copied) if copied.form == Form::Envelope => self.sign(signing, &copied, &payload).await?,
            Some(_) | None => None,
        };
        Ok(Parcel { payload, signature })
    }

    async fn sign(
        &self,
        signing: &Signing,
        copied: &Copied<'_>,
        payload: &[u8],
    ) -> Result<Option<Arc<Made>>, Undeliverable> {
        if let Some(made) = self.signatures.find(copied.message_id) {
            return Ok(Some(made));
        }
        let publication = Publication::decode(payload)?;
        if publication.signing_key_id.is_none() {
            return Ok(None);
        }
        let notified = Notified::new(copied, &publication)?;
        let to_sign = notified.notification(&publication).string_to_sign();
        let version = publication.signature_version;
        Ok(Some(self.signatures.make(copied.message_id, signing, version, to_sign).await?))
    }
}

/// The texts of an envelope that are made from values.
struct Notified<'p> {
    message_id: String,
    topic: &'p Arn,
    text: Cow<'p, str>,
    timestamp: String,
    subscription_arn: String,
}

impl<'p> Notified<'p> {
    fn new(copied: &Copied<'p>, publication: &Publication<'p>) -> Result<Notified<'p>, Undeliverable> {
        Ok(Notified {
            message_id: copied.message_id.to_string(),
            topic: copied.topic,
            text: text(publication)?,
            timestamp: timestamp(copied.published_at.0),
            subscription_arn: format!("{}:{}", copied.topic, copied.subscription),
        })
    }

    fn notification<'n>(&'n self, publication: &'n Publication<'p>) -> Notification<'n> {
        Notification {
            message_id: &self.message_id,
            sequence_number: None,
            origin: postrider_wire::envelope::Origin::Live,
            topic_arn: self.topic.as_str(),
            subject: publication.subject,
            message: &self.text,
            timestamp: &self.timestamp,
            service_url: publication.service_url,
            subscription_arn: &self.subscription_arn,
            attributes: &publication.attributes,
        }
    }
}

fn text<'p>(publication: &Publication<'p>) -> Result<Cow<'p, str>, Undeliverable> {
    text_for(publication.structure, publication.message, PROTOCOL).map_err(Undeliverable::Unstructured)
}

fn copied(content: &Content) -> Option<Copied<'_>> {
    match content {
        Content::Own(_) => None,
        Content::Copy { message_id, topic, published_at, subscription, form, body: _ } => Some(Copied {
            message_id: *message_id,
            topic,
            published_at: *published_at,
            subscription: *subscription,
            form: *form,
        }),
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
        let Some(copied) = copied(&message.content) else {
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
        let publication = Publication::decode(&self.payload)?;
        let said = Said {
            sender_id: SNS_SENDER_ID,
            trace_header: publication.trace_header,
            group_id: publication.group_id,
            deduplication_id: None,
        };
        let system = system(wanted, message, &said);
        let (body, attributes) = match copied.form {
            Form::Raw => (text(&publication)?, selected(publication.attributes, wanted)),
            Form::Envelope => {
                let signature = self.signature.as_ref().map(|made| Signature {
                    version: publication.signature_version,
                    value: &made.signature,
                    key_id: &made.key_id,
                });
                let notified = Notified::new(&copied, &publication)?;
                (Cow::Owned(notified.notification(&publication).render(signature)), Vec::new())
            }
        };
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
