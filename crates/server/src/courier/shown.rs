//! A message as the administrator looks at it: plain values, nothing handed out, nothing signed.

use super::copy::{Copy, Read};
use super::{SNS_SENDER_ID, Undeliverable};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postrider_core::reply::Peeked;
use postrider_core::topic::subscription::Form;
use postrider_runtime::Answer;
use postrider_wire::attribute::{Attribute, Value};
use postrider_wire::payload::Message;

/// A message as it lies in its queue. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Shown {
    /// Its number in the queue, by which pages continue.
    pub(crate) number: u64,
    /// Its public id.
    pub(crate) message_id: String,
    /// When it was sent.
    pub(crate) sent_at_ms: u64,
    /// When it is visible, or was last.
    pub(crate) visible_at_ms: u64,
    /// How often it was received.
    pub(crate) receive_count: u32,
    /// When it was first received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) first_received_at_ms: Option<u64>,
    /// Who sent it.
    pub(crate) sender_id: String,
    /// Size as SQS and SNS count it, bytes.
    pub(crate) size: u32,
    /// The text: of a copy of a publication, what the queue gets of it, without the envelope.
    pub(crate) body: String,
    /// The message attributes.
    pub(crate) attributes: Vec<ShownAttribute>,
    /// Its message group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) group_id: Option<String>,
    /// Its deduplication id, on a FIFO queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) deduplication_id: Option<String>,
    /// ARN of the queue from which it came to this dead-letter queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dead_letter_source: Option<String>,
    /// Of a copy: where it is from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) publication: Option<ShownPublication>,
}

/// One message attribute.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct ShownAttribute {
    /// Its name.
    pub(crate) name: String,
    /// Its type.
    pub(crate) data_type: String,
    /// Its value; of a binary one in base64.
    pub(crate) value: String,
}

/// Where a copy of a publication is from.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct ShownPublication {
    /// The topic's ARN.
    pub(crate) topic: String,
    /// The subscription's ARN.
    pub(crate) subscription: String,
    /// The id that the publisher was told.
    pub(crate) message_id: String,
    /// When it was published.
    pub(crate) published_at_ms: u64,
    /// Its subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<String>,
    /// `raw` or `envelope`: what a consumer gets.
    pub(crate) form: &'static str,
}

/// Shows a message of `answer`. May block on reading the log, if the payload is not in memory.
///
/// # Errors
/// The payload cannot be read, or is damaged.
pub(crate) fn peeked(answer: &Answer, message: &Peeked) -> Result<Shown, Undeliverable> {
    let payload = answer.bytes(message.content.body())?;
    let mut shown = Shown {
        number: message.number,
        message_id: message.id.to_string(),
        sent_at_ms: message.sent_at.0,
        visible_at_ms: message.visible_at.0,
        receive_count: message.receives.count,
        first_received_at_ms: (message.receives.count > 0).then_some(message.receives.first_at.0),
        sender_id: SNS_SENDER_ID.to_owned(),
        size: message.content.body().size,
        body: String::new(),
        attributes: Vec::new(),
        group_id: None,
        deduplication_id: None,
        dead_letter_source: message.source.as_ref().map(ToString::to_string),
        publication: None,
    };
    let Some(copy) = Copy::in_queue(&message.content) else {
        let own = Message::decode(&payload)?;
        shown.sender_id = own.sender_id.to_owned();
        shown.body = own.body.to_owned();
        shown.attributes = own.attributes.iter().map(attribute).collect();
        shown.group_id = own.group_id.map(str::to_owned);
        shown.deduplication_id = own.deduplication_id.map(str::to_owned);
        return Ok(shown);
    };
    let mut subject = None;
    match copy.read(&payload)? {
        Read::Publication(publication) => {
            shown.body = copy.text(&publication)?.into_owned();
            shown.attributes = publication.attributes.iter().map(attribute).collect();
            shown.group_id = publication.group_id.map(str::to_owned);
            subject = publication.subject.map(str::to_owned);
        }
        // Without the token: who looks is not who was asked.
        Read::Notice(notice) => shown.body = copy.confirmation_text(&notice),
    }
    shown.publication = Some(ShownPublication {
        topic: copy.published.topic.to_string(),
        subscription: copy.subscription_arn(),
        message_id: copy.published.message_id.to_string(),
        published_at_ms: copy.published.published_at.0,
        subject,
        form: match copy.form {
            Form::Envelope => "envelope",
            Form::Raw => "raw",
        },
    });
    Ok(shown)
}

fn attribute(attribute: &Attribute<'_>) -> ShownAttribute {
    let value = match &attribute.value {
        Value::Text(text) => text.to_string(),
        Value::Binary(bytes) => STANDARD.encode(bytes),
    };
    ShownAttribute { name: attribute.name.to_string(), data_type: attribute.data_type.to_string(), value }
}
