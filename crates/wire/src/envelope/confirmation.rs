//! The two messages that ask an endpoint to visit a URL, and what is in them to tell who did.

use super::print::{Object, lines};
use super::{MessageType, Signature, http, subscribe_url};

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
    /// What confirms; see [`super::Token`].
    pub token: &'a str,
    /// The topic.
    pub topic_arn: &'a str,
    /// The subscription. Only the kind that unsubscribes shows it.
    pub subscription_arn: &'a str,
    /// When it was made, by [`super::timestamp`].
    pub timestamp: &'a str,
    /// The base of the URLs.
    pub service_url: &'a str,
}

impl Confirmation<'_> {
    fn type_name(&self) -> &'static str {
        match self.kind {
            ConfirmationKind::Subscription => MessageType::SubscriptionConfirmation.as_str(),
            ConfirmationKind::Unsubscribe => MessageType::UnsubscribeConfirmation.as_str(),
        }
    }

    /// What it says to people.
    pub fn message(&self) -> String {
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
        subscribe_url(self.service_url, self.topic_arn, self.token)
    }

    /// What goes in front of it over HTTP.
    pub fn headers(&self) -> http::Headers<'_> {
        let posted = match self.kind {
            ConfirmationKind::Subscription => http::Posted::SubscriptionConfirmation,
            ConfirmationKind::Unsubscribe => {
                http::Posted::UnsubscribeConfirmation { subscription_arn: self.subscription_arn }
            }
        };
        http::Headers { posted, message_id: self.message_id, topic_arn: self.topic_arn }
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
