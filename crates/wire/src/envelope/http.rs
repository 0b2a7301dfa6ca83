//! What an HTTP(S) endpoint is posted besides the body: the headers (spec `sns.md` section 7.4).
//!
//! `Host` and `Content-Length` are missing: they belong to whoever sends.

use super::MessageType;

/// The content type of confirmations, and of notifications unless a delivery policy has another.
pub const CONTENT_TYPE_DEFAULT: &str = "text/plain; charset=UTF-8";

/// The headers of one POST.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Headers<'a> {
    /// What is posted.
    pub posted: Posted<'a>,
    /// The id of the message, as in the envelope.
    pub message_id: &'a str,
    /// The topic.
    pub topic_arn: &'a str,
}

/// What is posted, with what only it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posted<'a> {
    /// A [`super::Notification`], or its text alone.
    Notification {
        /// The subscription.
        subscription_arn: &'a str,
        /// Whether there is an envelope.
        form: Form,
        /// The `headerContentType` of the effective delivery policy; else [`CONTENT_TYPE_DEFAULT`].
        content_type: &'a str,
    },
    /// A [`super::Confirmation`] of a subscription, which it does not name in a header.
    SubscriptionConfirmation,
    /// A [`super::Confirmation`] that a subscription has ended.
    UnsubscribeConfirmation {
        /// The subscription.
        subscription_arn: &'a str,
    },
}

/// Whether a notification has an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The body is the envelope.
    Envelope,
    /// `RawMessageDelivery`: the body is the text; attributes and subject are not sent.
    Raw,
}

impl<'a> Headers<'a> {
    /// Names and values, in AWS's order and spelling.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &'a str)> {
        let (kind, subscription_arn, form, content_type) = match self.posted {
            Posted::Notification { subscription_arn, form, content_type } => {
                (MessageType::Notification, Some(subscription_arn), form, content_type)
            }
            Posted::SubscriptionConfirmation => {
                (MessageType::SubscriptionConfirmation, None, Form::Envelope, CONTENT_TYPE_DEFAULT)
            }
            Posted::UnsubscribeConfirmation { subscription_arn } => {
                let arn = Some(subscription_arn);
                (MessageType::UnsubscribeConfirmation, arn, Form::Envelope, CONTENT_TYPE_DEFAULT)
            }
        };
        let raw = match form {
            Form::Envelope => None,
            Form::Raw => Some("true"),
        };
        let all = [
            ("x-amz-sns-message-type", Some(kind.as_str())),
            ("x-amz-sns-message-id", Some(self.message_id)),
            ("x-amz-sns-topic-arn", Some(self.topic_arn)),
            ("x-amz-sns-subscription-arn", subscription_arn),
            ("x-amz-sns-rawdelivery", raw),
            ("Content-Type", Some(content_type)),
            ("User-Agent", Some("Amazon Simple Notification Service Agent")),
            ("Accept-Encoding", Some("gzip,deflate")),
            ("Connection", Some("Keep-Alive")),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }
}
