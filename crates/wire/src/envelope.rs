//! What a subscriber gets: the SNS envelope, and the string that its signature covers.
//!
//! AWS prints the envelope as `{`, a line per key with two spaces and `"Key" : value`, `}`; key order
//! is part of the format (spec `sns.md` sections 7 and 8). The signature is made elsewhere, over
//! [`Notification::string_to_sign`], and handed in.
//!
//! Raw delivery has no envelope: the body is [`text_for`] the protocol, and the attributes of the
//! publication are the attributes of the SQS message as they are.

mod structure;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
pub use structure::text_for;

use crate::attribute::{Attribute, Value};

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
}

impl Notification<'_> {
    /// What the signature covers.
    pub fn string_to_sign(&self) -> String {
        lines(&[
            ("Message", Some(self.message)),
            ("MessageId", Some(self.message_id)),
            ("Subject", self.subject),
            ("Timestamp", Some(self.timestamp)),
            ("TopicArn", Some(self.topic_arn)),
            ("Type", Some("Notification")),
        ])
    }

    /// The envelope. Without a signature (FIFO topics) its three keys are left out.
    pub fn render(&self, signature: Option<Signature<'_>>) -> String {
        let mut object = Object::with_capacity(self.message.len() + 1024);
        object.text("Type", "Notification");
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
        object.end()
    }
}

/// Which of the two messages with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmationKind {
    /// Asks an endpoint whether it wants to be subscribed.
    Subscription,
    /// Tells an endpoint that it was unsubscribed by somebody else; the ARN of the subscription.
    Unsubscribe,
}

/// A message that asks an endpoint to visit a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmation<'a> {
    /// Which of the two.
    pub kind: ConfirmationKind,
    /// The id of this message.
    pub message_id: &'a str,
    /// What confirms.
    pub token: &'a str,
    /// The topic.
    pub topic_arn: &'a str,
    /// The subscription.
    pub subscription_arn: &'a str,
    /// When it was made, by [`timestamp`].
    pub timestamp: &'a str,
    /// The base of the URLs.
    pub service_url: &'a str,
}

impl Confirmation<'_> {
    fn type_name(&self) -> &'static str {
        match self.kind {
            ConfirmationKind::Subscription => "SubscriptionConfirmation",
            ConfirmationKind::Unsubscribe => "UnsubscribeConfirmation",
        }
    }

    fn message(&self) -> String {
        match self.kind {
            ConfirmationKind::Subscription => format!(
                "You have chosen to subscribe to the topic {}.\nTo confirm the subscription, visit the \
                 SubscribeURL included in this message.",
                self.topic_arn
            ),
            ConfirmationKind::Unsubscribe => format!(
                "You have chosen to deactivate subscription {}.\nTo cancel this operation and restore the \
                 subscription, visit the SubscribeURL included in this message.",
                self.subscription_arn
            ),
        }
    }

    fn subscribe_url(&self) -> String {
        let Self { service_url, topic_arn, token, .. } = self;
        format!("{service_url}/?Action=ConfirmSubscription&TopicArn={topic_arn}&Token={token}")
    }

    /// What the signature covers.
    pub fn string_to_sign(&self) -> String {
        lines(&[
            ("Message", Some(&self.message())),
            ("MessageId", Some(self.message_id)),
            ("SubscribeURL", Some(&self.subscribe_url())),
            ("Timestamp", Some(self.timestamp)),
            ("Token", Some(self.token)),
            ("TopicArn", Some(self.topic_arn)),
            ("Type", Some(self.type_name())),
        ])
    }

    /// The envelope.
    pub fn render(&self, signature: Signature<'_>) -> String {
        let mut object = Object::with_capacity(2048);
        object.text("Type", self.type_name());
        object.text("MessageId", self.message_id);
        object.text("Token", self.token);
        object.text("TopicArn", self.topic_arn);
        object.text("Message", &self.message());
        object.text("SubscribeURL", &self.subscribe_url());
        object.text("Timestamp", self.timestamp);
        object.signature(self.service_url, signature);
        object.end()
    }
}

/// `SigningCertURL`: where the certificate of a key is served.
pub fn signing_cert_url(service_url: &str, key_id: &str) -> String {
    format!("{service_url}/SimpleNotificationService-{key_id}.pem")
}

/// `UnsubscribeURL`.
pub fn unsubscribe_url(service_url: &str, subscription_arn: &str) -> String {
    format!("{service_url}/?Action=Unsubscribe&SubscriptionArn={subscription_arn}")
}

/// `YYYY-MM-DDThh:mm:ss.mmmZ` of milliseconds since 1970.
pub fn timestamp(epoch_ms: u64) -> String {
    let (days, ms_of_day) = (epoch_ms / 86_400_000, epoch_ms % 86_400_000);
    let (year, month, day) = civil_date(days);
    let (hour, minute) = (ms_of_day / 3_600_000, ms_of_day / 60_000 % 60);
    let (second, ms) = (ms_of_day / 1000 % 60, ms_of_day % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

/// The Gregorian date of a day since 1970-01-01. Counts in eras of 400 years that start in March, so
/// that the leap day is the last of its year.
fn civil_date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

fn lines(pairs: &[(&str, Option<&str>)]) -> String {
    let mut out = String::new();
    for (key, value) in pairs {
        if let Some(value) = value {
            for part in [*key, "\n", *value, "\n"] {
                out.push_str(part);
            }
        }
    }
    out
}

/// A JSON object in AWS's print.
struct Object {
    out: String,
}

impl Object {
    fn with_capacity(bytes: usize) -> Self {
        Self { out: String::with_capacity(bytes) }
    }

    fn key(&mut self, key: &str) {
        self.out.push_str(if self.out.is_empty() { "{\n  " } else { ",\n  " });
        push_json(&mut self.out, key);
        self.out.push_str(" : ");
    }

    fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        push_json(&mut self.out, value);
    }

    fn optional(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    fn signature(&mut self, service_url: &str, signature: Signature<'_>) {
        self.text("SignatureVersion", signature.version.as_str());
        self.text("Signature", signature.value);
        self.text("SigningCertURL", &signing_cert_url(service_url, signature.key_id));
    }

    fn attributes(&mut self, attributes: &[Attribute<'_>]) {
        self.key("MessageAttributes");
        for (at, attribute) in attributes.iter().enumerate() {
            self.out.push_str(if at == 0 { "{\n    " } else { ",\n    " });
            push_json(&mut self.out, &attribute.name);
            self.out.push_str(" : {\"Type\":");
            push_json(&mut self.out, &attribute.data_type);
            self.out.push_str(",\"Value\":");
            match &attribute.value {
                Value::Text(text) => push_json(&mut self.out, text),
                Value::Binary(bytes) => push_json(&mut self.out, &STANDARD.encode(bytes)),
            }
            self.out.push('}');
        }
        self.out.push_str("\n  }");
    }

    fn end(mut self) -> String {
        self.out.push_str("\n}");
        self.out
    }
}

/// Appends a text as a JSON string.
fn push_json(out: &mut String, text: &str) {
    out.push_str(&serde_json::to_string(text).expect("a string serialises without errors"));
}

#[cfg(test)]
mod tests;
