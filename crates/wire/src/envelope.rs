//! What a subscriber gets: the SNS envelope, and the string that its signature covers.
//!
//! AWS prints the envelope as `{`, a line per key with two spaces and `"Key" : value`, `}`; key order
//! is part of the format (spec `sns.md` sections 7 and 8). The signature is made elsewhere, over
//! [`Notification::string_to_sign`], and handed in.
//!
//! Raw delivery has no envelope: the body is [`text_for`] the protocol. In a queue the attributes of the
//! publication are the attributes of the message as they are; to an HTTP endpoint they are not sent. What
//! goes in front of a body over HTTP is [`http::Headers`].

mod confirmation;
pub mod http;
mod print;
mod structure;
mod time;
mod token;

pub use confirmation::{Confirmation, ConfirmationKind};
pub use structure::{text_for, texts_for};
pub use time::{parse_timestamp, timestamp};
pub use token::{Token, TokenFlaw};

use crate::attribute::Attribute;
use print::{Object, lines};

/// The kinds of messages: `Type` in the body, `x-amz-sns-message-type` over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageType {
    /// A publication.
    Notification,
    /// Asks an endpoint whether it wants to be subscribed.
    SubscriptionConfirmation,
    /// Tells an endpoint that it was unsubscribed.
    UnsubscribeConfirmation,
}

impl MessageType {
    /// The name of the kind.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Notification => "Notification",
            Self::SubscriptionConfirmation => "SubscriptionConfirmation",
            Self::UnsubscribeConfirmation => "UnsubscribeConfirmation",
        }
    }
}

/// Which hash a signature is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureVersion {
    /// `1`: SHA-1.
    V1,
    /// `2`: SHA-256.
    V2,
}

impl SignatureVersion {
    /// `1` or `2`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "1",
            Self::V2 => "2",
        }
    }

    /// Reads `1` or `2`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "1" => Some(Self::V1),
            "2" => Some(Self::V2),
            _ => None,
        }
    }
}

/// A signature, made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature<'a> {
    /// Which hash it is over.
    pub version: SignatureVersion,
    /// The signature in base64.
    pub value: &'a str,
    /// The id of the key, hexadecimal, as in the certificate's URL.
    pub key_id: &'a str,
    /// The base of the certificate's URL; that of the other URLs when absent.
    pub certificates: Option<&'a str>,
}

/// One notification of one subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notification<'a> {
    /// The id of the publication.
    pub message_id: &'a str,
    /// The topic's sequence number, on FIFO topics.
    pub sequence_number: Option<&'a str>,
    /// The topic.
    pub topic_arn: &'a str,
    /// The subject.
    pub subject: Option<&'a str>,
    /// The text, chosen by [`text_for`].
    pub message: &'a str,
    /// When it was published, by [`timestamp`].
    pub timestamp: &'a str,
    /// The base of the URLs.
    pub service_url: &'a str,
    /// The subscription.
    pub subscription_arn: &'a str,
    /// The message attributes.
    pub attributes: &'a [Attribute<'a>],
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a notification comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Origin {
    /// A publisher.
    #[default]
    Live,
    /// An archive: it is replayed, and says so. Id and timestamp are those of the publication.
    Archive,
}

impl Notification<'_> {
    /// What goes in front of it over HTTP, whether it is enveloped or its text alone is sent.
    pub fn headers<'h>(&'h self, form: http::Form, content_type: &'h str) -> http::Headers<'h> {
        let posted =
            http::Posted::Notification { subscription_arn: self.subscription_arn, form, content_type };
        http::Headers { posted, message_id: self.message_id, topic_arn: self.topic_arn }
    }

    /// What the signature covers.
    pub fn string_to_sign(&self) -> String {
        lines(&[
            ("Message", Some(self.message)),
            ("MessageId", Some(self.message_id)),
            ("Subject", self.subject),
            ("Timestamp", Some(self.timestamp)),
            ("TopicArn", Some(self.topic_arn)),
            ("Type", Some(MessageType::Notification.as_str())),
        ])
    }

    /// The envelope. Without a signature (FIFO topics) its three keys are left out.
    pub fn render(&self, signature: Option<Signature<'_>>) -> String {
        let mut object = Object::with_capacity(self.message.len() + 1024);
        object.text("Type", MessageType::Notification.as_str());
        object.text("MessageId", self.message_id);
        object.optional("SequenceNumber", self.sequence_number);
        object.text("TopicArn", self.topic_arn);
        object.optional("Subject", self.subject);
        object.text("Message", self.message);
        object.text("Timestamp", self.timestamp);
        if let Some(signature) = signature {
            object.signature(self.service_url, signature);
        }
        object.text("UnsubscribeURL", &unsubscribe_url(self.service_url, self.subscription_arn));
        if !self.attributes.is_empty() {
            object.attributes(self.attributes);
        }
        match self.origin {
            Origin::Live => {}
            Origin::Archive => object.text("Replayed", "true"),
        }
        object.end()
    }
}

/// `SigningCertURL`: where the certificate of a key is served, below a base.
pub fn signing_cert_url(base: &str, key_id: &str) -> String {
    format!("{base}/SimpleNotificationService-{key_id}.pem")
}

/// `UnsubscribeURL`. The ARN is not escaped.
pub fn unsubscribe_url(service_url: &str, subscription_arn: &str) -> String {
    format!("{service_url}/?Action=Unsubscribe&SubscriptionArn={subscription_arn}")
}

/// `SubscribeURL`: what confirms a subscription, or restores one. The ARN is not escaped.
pub fn subscribe_url(service_url: &str, topic_arn: &str, token: &str) -> String {
    format!("{service_url}/?Action=ConfirmSubscription&TopicArn={topic_arn}&Token={token}")
}

#[cfg(test)]
mod tests;
