//! What the operations of SNS answer: one struct each, and how it is written in XML.

use std::borrow::Cow;

use crate::sqs::{BatchFailure, NamedValues, ToXml};
use crate::xml::Xml;

/// The answer of [`super::CreateTopic`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateTopicOutput<'a> {
    /// The topic.
    pub topic_arn: Cow<'a, str>,
}

impl ToXml for CreateTopicOutput<'_> {
    fn write(&self, xml: &mut Xml) {
        xml.text("TopicArn", &self.topic_arn);
    }
}

/// The answer of [`super::ListTopics`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListTopicsOutput<'a> {
    /// The ARNs of this page.
    pub topic_arns: Vec<Cow<'a, str>>,
    /// Where the next page starts.
    pub next_token: Option<Cow<'a, str>>,
}

impl ToXml for ListTopicsOutput<'_> {
    fn write(&self, xml: &mut Xml) {
        xml.element("Topics", |xml| {
            for arn in &self.topic_arns {
                xml.element("member", |xml| xml.text("TopicArn", arn));
            }
        });
        xml.optional("NextToken", self.next_token.as_deref());
    }
}

/// The answer of every operation that reads attributes, but for [`super::GetSmsAttributes`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AttributesOutput<'a> {
    /// Names and values.
    pub attributes: NamedValues<'a>,
}

impl ToXml for AttributesOutput<'_> {
    fn write(&self, xml: &mut Xml) {
        write_map(xml, "Attributes", &self.attributes);
    }
}

/// A map of text to text. It is there even if it is empty, as lists are.
pub(super) fn write_map(xml: &mut Xml, name: &str, pairs: &NamedValues<'_>) {
    xml.element(name, |xml| {
        for (key, value) in pairs {
            xml.element("entry", |xml| {
                xml.text("key", key);
                xml.text("value", value);
            });
        }
    });
}

/// A list of what has members of its own.
pub(super) fn write_list<T: ToXml>(xml: &mut Xml, name: &str, items: &[T]) {
    xml.element(name, |xml| {
        for item in items {
            xml.element("member", |xml| item.write(xml));
        }
    });
}

/// A list of texts.
pub(super) fn write_texts(xml: &mut Xml, name: &str, items: &[Cow<'_, str>]) {
    xml.element(name, |xml| items.iter().for_each(|item| xml.text("member", item)));
}

/// `true` or `false`.
pub(super) fn write_flag(xml: &mut Xml, name: &str, flag: bool) {
    xml.text(name, if flag { "true" } else { "false" });
}

/// What [`SubscribeOutput`] says in place of an ARN while confirmation is pending.
pub const PENDING_CONFIRMATION: &str = "pending confirmation";
/// What [`Subscription`] says in place of an ARN while confirmation is pending.
pub const PENDING_CONFIRMATION_LISTED: &str = "PendingConfirmation";

/// The answer of [`super::Subscribe`] and [`super::ConfirmSubscription`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscribeOutput<'a> {
    /// The subscription, or [`PENDING_CONFIRMATION`].
    pub subscription_arn: Cow<'a, str>,
}

impl ToXml for SubscribeOutput<'_> {
    fn write(&self, xml: &mut Xml) {
        xml.text("SubscriptionArn", &self.subscription_arn);
    }
}

/// The answer of [`super::ListSubscriptions`] and [`super::ListSubscriptionsByTopic`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListSubscriptionsOutput<'a> {
    /// The subscriptions of this page.
    pub subscriptions: Vec<Subscription<'a>>,
    /// Where the next page starts.
    pub next_token: Option<Cow<'a, str>>,
}

impl ToXml for ListSubscriptionsOutput<'_> {
    fn write(&self, xml: &mut Xml) {
        write_list(xml, "Subscriptions", &self.subscriptions);
        xml.optional("NextToken", self.next_token.as_deref());
    }
}

/// One subscription of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription<'a> {
    /// The account that owns it.
    pub owner: Cow<'a, str>,
    /// `sqs`, `https` and so on.
    pub protocol: Cow<'a, str>,
    /// The endpoint.
    pub endpoint: Cow<'a, str>,
    /// The subscription, or [`PENDING_CONFIRMATION_LISTED`].
    pub subscription_arn: Cow<'a, str>,
    /// The topic.
    pub topic_arn: Cow<'a, str>,
}

impl ToXml for Subscription<'_> {
    fn write(&self, xml: &mut Xml) {
        xml.text("Owner", &self.owner);
        xml.text("Protocol", &self.protocol);
        xml.text("Endpoint", &self.endpoint);
        xml.text("SubscriptionArn", &self.subscription_arn);
        xml.text("TopicArn", &self.topic_arn);
    }
}

/// The answer of [`super::Publish`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishOutput<'a> {
    /// The id of the message.
    pub message_id: Cow<'a, str>,
    /// The sequence number, on FIFO topics.
    pub sequence_number: Option<Cow<'a, str>>,
}

impl ToXml for PublishOutput<'_> {
    fn write(&self, xml: &mut Xml) {
        xml.text("MessageId", &self.message_id);
        xml.optional("SequenceNumber", self.sequence_number.as_deref());
    }
}

/// The answer of [`super::PublishBatch`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PublishBatchOutput<'a> {
    /// The entries that were published.
    pub successful: Vec<PublishedEntry<'a>>,
    /// The entries that were not.
    pub failed: Vec<BatchFailure<'a>>,
}

impl ToXml for PublishBatchOutput<'_> {
    fn write(&self, xml: &mut Xml) {
        xml.element("Failed", |xml| {
            for failure in &self.failed {
                xml.element("member", |xml| write_failure(xml, failure));
            }
        });
        write_list(xml, "Successful", &self.successful);
    }
}

fn write_failure(xml: &mut Xml, failure: &BatchFailure<'_>) {
    xml.text("Code", &failure.code);
    xml.text("Message", &failure.message);
    write_flag(xml, "SenderFault", failure.sender_fault);
    xml.text("Id", &failure.id);
}

/// One message of a batch that was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedEntry<'a> {
    /// The entry's id.
    pub id: Cow<'a, str>,
    /// The id of the message.
    pub message_id: Cow<'a, str>,
    /// The sequence number, on FIFO topics.
    pub sequence_number: Option<Cow<'a, str>>,
}

impl ToXml for PublishedEntry<'_> {
    fn write(&self, xml: &mut Xml) {
        xml.text("MessageId", &self.message_id);
        xml.text("Id", &self.id);
        xml.optional("SequenceNumber", self.sequence_number.as_deref());
    }
}

/// The answer of [`super::ListTagsForResource`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListTagsForResourceOutput<'a> {
    /// Keys and values.
    pub tags: NamedValues<'a>,
}

impl ToXml for ListTagsForResourceOutput<'_> {
    fn write(&self, xml: &mut Xml) {
        xml.element("Tags", |xml| {
            for (key, value) in &self.tags {
                xml.element("member", |xml| {
                    xml.text("Value", value);
                    xml.text("Key", key);
                });
            }
        });
    }
}

/// The answer of [`super::GetDataProtectionPolicy`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GetDataProtectionPolicyOutput<'a> {
    /// The policy as it was put; a topic without one has an empty text.
    pub data_protection_policy: Cow<'a, str>,
}

impl ToXml for GetDataProtectionPolicyOutput<'_> {
    fn write(&self, xml: &mut Xml) {
        xml.text("DataProtectionPolicy", &self.data_protection_policy);
    }
}
