//! What is said of subscriptions and their attributes, of confirming and of unsubscribing.

use super::invalid;
use crate::error::{Error, ErrorKind};

/// A subscription that is not there.
pub fn subscription_does_not_exist() -> Error {
    Error::new(ErrorKind::NotFound, "Subscription does not exist")
}

/// A protocol that does not exist.
pub fn unknown_protocol(protocol: &str) -> Error {
    invalid(&format!("Amazon SNS does not support this protocol string: {protocol}"))
}

/// An `sqs` endpoint that is no queue's ARN.
pub fn sqs_endpoint() -> Error {
    invalid("SQS endpoint ARN")
}

/// A FIFO queue on a standard topic. The doubled prefix is AWS's.
pub fn fifo_queue_on_standard_topic() -> Error {
    invalid(
        "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics",
    )
}

/// A subscription that exists with other attributes.
pub fn subscription_attributes_differ() -> Error {
    invalid("Attributes Reason: Subscription already exists with different attributes")
}

/// Which call sets an attribute; the texts differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetBy {
    /// `Subscribe` or `CreateTopic`, with their map of attributes.
    Subscribe,
    /// `SetSubscriptionAttributes` or `SetTopicAttributes`.
    Set,
}

/// A subscription attribute that cannot be: `<what>` after the prefix that the call has. Topic attributes, too.
///
/// Filter policies use it with `FilterPolicy: <text>`, and the nested policy in attribute scope with
/// its whole sentence.
pub fn subscription_attribute(by: SetBy, what: &str) -> Error {
    match by {
        SetBy::Subscribe => invalid(&format!("Attributes Reason: {what}")),
        SetBy::Set => invalid(what),
    }
}

/// `RawMessageDelivery` that is not a boolean.
pub fn raw_message_delivery(by: SetBy, value: &str) -> Error {
    subscription_attribute(
        by,
        &format!("RawMessageDelivery: Invalid value [{value}]. Must be true or false."),
    )
}

/// `FilterPolicyScope` that is none of the two.
pub fn filter_policy_scope(by: SetBy, value: &str) -> Error {
    let what = format!(
        "FilterPolicyScope: Invalid value [{value}]. Please use either MessageBody or MessageAttributes"
    );
    subscription_attribute(by, &what)
}

/// A subscription's `RedrivePolicy` whose target is no ARN.
pub fn redrive_policy_arn(by: SetBy) -> Error {
    subscription_attribute(by, "RedrivePolicy: deadLetterTargetArn is an invalid arn")
}

/// A subscription's `RedrivePolicy` that is not JSON; `parser` is what the parser says.
pub fn redrive_policy_not_json(by: SetBy, parser: &str) -> Error {
    subscription_attribute(by, &format!("RedrivePolicy: failed to parse JSON. {parser}"))
}

/// A standard dead-letter queue for a FIFO subscription.
pub fn redrive_policy_needs_fifo() -> Error {
    invalid("RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.")
}

/// An Unsubscribe of something that has no subscription id.
pub fn subscription_id() -> Error {
    invalid("SubscriptionId")
}

/// An Unsubscribe of the empty string.
pub fn subscription_arn_empty() -> Error {
    invalid("SubscriptionArn Reason: no value for required parameter")
}

/// An endpoint that the protocol cannot have, such as a URL of another scheme. The wording is ours.
pub fn endpoint_of_other_protocol() -> Error {
    invalid("Endpoint must match the specified protocol")
}

/// A `lambda`, `firehose` or `application` endpoint that is not the ARN of one. The wording is ours.
pub fn endpoint_arn_of(what: &str) -> Error {
    invalid(&format!("{what} endpoint ARN"))
}

/// A subscription of a FIFO topic that is not of a queue. The wording is ours.
pub fn protocol_of_fifo_topic(protocol: &str) -> Error {
    invalid(&format!("Protocol Reason: FIFO topics cannot have {protocol} subscriptions"))
}

/// A URL that names an address inside the network of the server, which the configuration does not allow. The
/// wording is ours.
pub fn endpoint_address(endpoint: &str) -> Error {
    let message = format!("Not authorized to deliver to the address of the endpoint {endpoint}");
    Error::new(ErrorKind::AuthorizationError, message)
}

/// An attribute that a subscription of this protocol or topic does not have. The wording is ours.
pub fn attribute_of_other_subscription(by: SetBy, name: &str) -> Error {
    subscription_attribute(by, &format!("{name}: not valid for this subscription"))
}

/// A `firehose` subscription without a role. The wording is ours.
pub fn subscription_role_missing() -> Error {
    invalid("Attributes Reason: SubscriptionRoleArn is required for the firehose protocol")
}

/// A `ReplayPolicy` that is none. The wording is ours.
pub fn replay_policy(by: SetBy, reason: &str) -> Error {
    subscription_attribute(by, &format!("ReplayPolicy: {reason}"))
}

/// One replay more than may run. The wording is ours.
pub fn replay_limit_exceeded() -> Error {
    Error::new(ErrorKind::ReplayLimitExceeded, "The topic has the most replays that it may have.")
}

/// One subscription more than a topic may have, or one pending more than an account may. The wording is ours.
pub fn subscription_limit_exceeded() -> Error {
    let message = "The topic has the most subscriptions that it may have.";
    Error::new(ErrorKind::SubscriptionLimitExceeded, message)
}

/// One filter policy more than a topic or an account may have. The wording is ours.
pub fn filter_policy_limit_exceeded() -> Error {
    let message = "The topic or the account has the most filter policies that it may have.";
    Error::new(ErrorKind::FilterPolicyLimitExceeded, message)
}

/// How a confirmation came; the texts differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmedBy {
    /// A signed request.
    Request,
    /// The link that the endpoint was sent, without a signature.
    Link,
}

/// A token that has the form of one and was never given out, or is past its time.
pub fn token_unknown() -> Error {
    invalid("Token")
}

/// A token that has not the form of one.
pub fn token_malformed(by: ConfirmedBy) -> Error {
    match by {
        ConfirmedBy::Request => Error::new(ErrorKind::InvalidParameter, "Invalid token"),
        ConfirmedBy::Link => token_unknown(),
    }
}

/// A link whose topic is no ARN, or one of another Region.
pub fn topic_of_link() -> Error {
    invalid("Topic")
}

/// To end a subscription that is not confirmed. The wording is ours.
pub fn subscription_pending() -> Error {
    invalid("SubscriptionArn Reason: the subscription is pending confirmation")
}

/// An unsigned request to end a subscription that only its owner may end. The wording is ours.
pub fn unsubscribe_unsigned() -> Error {
    let message = "This subscription can be ended by an authenticated request only.";
    Error::new(ErrorKind::AuthorizationError, message)
}
