//! What the operations of SQS answer: one struct each, and how it is written in JSON and in XML.
//!
//! Empty collections are left out of JSON, as AWS does. Fields are in the order of the XML elements.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::attribute::{Attribute, Value};
use crate::digest::Md5;
use crate::error::{Error, Fault};
use crate::xml::Xml;

/// Writes the children of a Result element.
pub(crate) trait ToXml {
    /// Appends the children.
    fn write(&self, xml: &mut Xml);
}

/// Names and values, in the order they are written.
pub type NamedValues<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

fn map<S: Serializer>(pairs: &NamedValues<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, value)| (name, value)))
}

/// The answer of [`super::CreateQueue`] and [`super::GetQueueUrl`].
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct QueueUrlOutput<'a> {
    /// The URL of the queue.
    pub queue_url: Cow<'a, str>,
}

impl ToXml for QueueUrlOutput<'_> {
    fn write(&self, xml: &mut Xml) {
        xml.text("QueueUrl", &self.queue_url);
    }
}

/// The answer of [`super::ListQueues`].
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListQueuesOutput<'a> {
    /// The URLs of this page.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub queue_urls: Vec<Cow<'a, str>>,
    /// Where the next page starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<Cow<'a, str>>,
}

impl ToXml for ListQueuesOutput<'_> {
    fn write(&self, xml: &mut Xml) {
        for url in &self.queue_urls {
            xml.text("QueueUrl", url);
        }
        xml.optional("NextToken", self.next_token.as_deref());
    }
}

/// The answer of [`super::ListDeadLetterSourceQueues`].
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct ListDeadLetterSourceQueuesOutput<'a> {
    /// The URLs of this page. Lower case in JSON only here.
    #[serde(rename = "queueUrls", skip_serializing_if = "Vec::is_empty")]
    pub queue_urls: Vec<Cow<'a, str>>,
    /// Where the next page starts.
    #[serde(rename = "NextToken", skip_serializing_if = "Option::is_none")]
    pub next_token: Option<Cow<'a, str>>,
}

impl ToXml for ListDeadLetterSourceQueuesOutput<'_> {
    fn write(&self, xml: &mut Xml) {
        for url in &self.queue_urls {
            xml.text("QueueUrl", url);
        }
        xml.optional("NextToken", self.next_token.as_deref());
    }
}

/// The answer of [`super::GetQueueAttributes`].
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetQueueAttributesOutput<'a> {
    /// Names and values.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "map")]
    pub attributes: NamedValues<'a>,
}

impl ToXml for GetQueueAttributesOutput<'_> {
    fn write(&self, xml: &mut Xml) {
        write_pairs(xml, &self.attributes, "Attribute", "Name");
    }
}

fn write_pairs(xml: &mut Xml, pairs: &NamedValues<'_>, element: &str, key_element: &str) {
    for (key, value) in pairs {
        xml.element(element, |xml| {
            xml.text(key_element, key);
            xml.text("Value", value);
        });
    }
}

/// The answer of [`super::ListQueueTags`].
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListQueueTagsOutput<'a> {
    /// Keys and values.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "map")]
    pub tags: NamedValues<'a>,
}

impl ToXml for ListQueueTagsOutput<'_> {
    fn write(&self, xml: &mut Xml) {
        write_pairs(xml, &self.tags, "Tag", "Key");
    }
}

/// The answer of [`super::SendMessage`], and of each message of a batch that was sent.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SendMessageOutput<'a> {
    /// The id of the message.
    pub message_id: Cow<'a, str>,
    /// Digest of the body.
    #[serde(rename = "MD5OfMessageBody")]
    pub md5_of_body: Md5,
    /// Digest of the attributes, if there are any.
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    pub md5_of_attributes: Option<Md5>,
    /// Digest of the system attributes, if any were sent.
    #[serde(rename = "MD5OfMessageSystemAttributes", skip_serializing_if = "Option::is_none")]
    pub md5_of_system_attributes: Option<Md5>,
    /// The sequence number, on FIFO queues.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence_number: Option<Cow<'a, str>>,
}

impl ToXml for SendMessageOutput<'_> {
    fn write(&self, xml: &mut Xml) {
        xml.text("MessageId", &self.message_id);
        write_md5(xml, "MD5OfMessageBody", Some(self.md5_of_body));
        write_md5(xml, "MD5OfMessageAttributes", self.md5_of_attributes);
        write_md5(xml, "MD5OfMessageSystemAttributes", self.md5_of_system_attributes);
        xml.optional("SequenceNumber", self.sequence_number.as_deref());
    }
}

fn write_md5(xml: &mut Xml, name: &str, md5: Option<Md5>) {
    if let Some(md5) = md5 {
        md5.with_hex(|hex| xml.text(name, hex));
    }
}

/// The answer of the batch operations: what went well, and what did not.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct BatchOutput<'a, T> {
    /// The entries that were carried out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub successful: Vec<T>,
    /// The entries that were not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<BatchFailure<'a>>,
}

impl<T> Default for BatchOutput<'_, T> {
    fn default() -> Self {
        Self { successful: Vec::new(), failed: Vec::new() }
    }
}

/// Writes the entries of a batch; the element of a success has a name per operation.
pub(crate) fn write_batch<T: ToXml>(batch: &BatchOutput<'_, T>, xml: &mut Xml, success_element: &str) {
    for entry in &batch.successful {
        xml.element(success_element, |xml| entry.write(xml));
    }
    for entry in &batch.failed {
        xml.element("BatchResultErrorEntry", |xml| entry.write(xml));
    }
}

/// One message of a batch that was sent.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SentEntry<'a> {
    /// The entry's id.
    pub id: Cow<'a, str>,
    /// What SendMessage would have answered.
    #[serde(flatten)]
    pub sent: SendMessageOutput<'a>,
}

impl ToXml for SentEntry<'_> {
    fn write(&self, xml: &mut Xml) {
        xml.text("Id", &self.id);
        self.sent.write(xml);
    }
}

/// One entry of a delete or visibility batch that was carried out.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DoneEntry<'a> {
    /// The entry's id.
    pub id: Cow<'a, str>,
}

impl ToXml for DoneEntry<'_> {
    fn write(&self, xml: &mut Xml) {
        xml.text("Id", &self.id);
    }
}

/// One entry of a batch that was not carried out; of SQS and SNS.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct BatchFailure<'a> {
    /// The entry's id.
    pub id: Cow<'a, str>,
    /// The error's code, without `AWS.SimpleQueueService.`.
    pub code: Cow<'a, str>,
    /// The error's text.
    pub message: Cow<'a, str>,
    /// Whether it was the caller's fault.
    pub sender_fault: bool,
}

impl<'a> BatchFailure<'a> {
    /// The failure of entry `id` by `error`.
    pub fn new(id: impl Into<Cow<'a, str>>, error: Error) -> Self {
        let sender_fault = error.kind.codes().fault == Fault::Sender;
        Self { id: id.into(), code: error.batch_code().into(), message: error.message.into(), sender_fault }
    }
}

impl ToXml for BatchFailure<'_> {
    fn write(&self, xml: &mut Xml) {
        xml.text("Id", &self.id);
        xml.text("Code", &self.code);
        xml.text("Message", &self.message);
        xml.text("SenderFault", if self.sender_fault { "true" } else { "false" });
    }
}

/// The answer of [`super::ReceiveMessage`].
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ReceiveMessageOutput<'a> {
    /// The messages.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<ReceivedMessage<'a>>,
}

impl ToXml for ReceiveMessageOutput<'_> {
    fn write(&self, xml: &mut Xml) {
        for message in &self.messages {
            xml.element("Message", |xml| message.write(xml));
        }
    }
}

/// One message, as its consumer gets it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ReceivedMessage<'a> {
    /// The id of the message.
    pub message_id: Cow<'a, str>,
    /// What to delete it by.
    pub receipt_handle: Cow<'a, str>,
    /// Digest of the body.
    #[serde(rename = "MD5OfBody")]
    pub md5_of_body: Md5,
    /// The body.
    pub body: Cow<'a, str>,
    /// The system attributes asked for.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "map")]
    pub attributes: NamedValues<'a>,
    /// Digest of the message attributes returned, if any.
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    pub md5_of_attributes: Option<Md5>,
    /// The message attributes asked for.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "message_attributes")]
    pub message_attributes: Vec<Attribute<'a>>,
}

impl ToXml for ReceivedMessage<'_> {
    fn write(&self, xml: &mut Xml) {
        xml.text("MessageId", &self.message_id);
        xml.text("ReceiptHandle", &self.receipt_handle);
        write_md5(xml, "MD5OfBody", Some(self.md5_of_body));
        xml.text("Body", &self.body);
        write_pairs(xml, &self.attributes, "Attribute", "Name");
        write_md5(xml, "MD5OfMessageAttributes", self.md5_of_attributes);
        for attribute in &self.message_attributes {
            xml.element("MessageAttribute", |xml| {
                xml.text("Name", &attribute.name);
                xml.element("Value", |xml| write_value(xml, attribute));
            });
        }
    }
}

fn write_value(xml: &mut Xml, attribute: &Attribute<'_>) {
    match &attribute.value {
        Value::Text(text) => xml.text("StringValue", text),
        Value::Binary(bytes) => xml.text("BinaryValue", &STANDARD.encode(bytes)),
    }
    xml.text("DataType", &attribute.data_type);
}

fn message_attributes<S: Serializer>(attributes: &[Attribute<'_>], serializer: S) -> Result<S::Ok, S::Error> {
    struct JsonValue<'v>(&'v Attribute<'v>);

    impl Serialize for JsonValue<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(Some(2))?;
            match &self.0.value {
                Value::Text(text) => map.serialize_entry("StringValue", text)?,
                Value::Binary(bytes) => map.serialize_entry("BinaryValue", &STANDARD.encode(bytes))?,
            }
            map.serialize_entry("DataType", &self.0.data_type)?;
            map.end()
        }
    }

    serializer.collect_map(attributes.iter().map(|attribute| (&attribute.name, JsonValue(attribute))))
}
