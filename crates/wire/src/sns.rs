//! The operations of SNS: what each is given, and what each answers.
//!
//! SNS checks required members before anything else, all with one error, so here they are plain
//! fields and decoding refuses a request without them. Absent and empty stay different. Topics,
//! subscriptions, publishing and tags are here; phones are in [`sms`], push services in [`platform`],
//! archives and replays in [`archive`], data protection in [`data_protection`].

pub mod archive;
pub mod data_protection;
mod output;
pub mod platform;
pub mod sms;
#[cfg(test)]
mod tests;

pub use output::*;
pub use platform::{
    CreatePlatformApplication, CreatePlatformEndpoint, DeleteEndpoint, DeletePlatformApplication,
    GetEndpointAttributes, GetPlatformApplicationAttributes, ListEndpointsByPlatformApplication,
    ListPlatformApplications, SetEndpointAttributes, SetPlatformApplicationAttributes,
};
pub use sms::{
    CheckIfPhoneNumberIsOptedOut, CreateSmsSandboxPhoneNumber, DeleteSmsSandboxPhoneNumber, GetSmsAttributes,
    GetSmsSandboxAccountStatus, ListOriginationNumbers, ListPhoneNumbersOptedOut, ListSmsSandboxPhoneNumbers,
    OptInPhoneNumber, SetSmsAttributes, VerifySmsSandboxPhoneNumber,
};

use crate::attribute::GivenAttributes;
use crate::shape::{List, Pairs, form_shape};
use crate::text::Text;

/// How a publication's number in its FIFO topic looks: 20 digits, in the order of the numbers, in the range
/// where AWS's are seen (`1000…`, spec `sns.md` section 13).
pub fn sequence_number(number: u64) -> String {
    const FIRST: u128 = 10_000_000_000_000_000_000;
    (FIRST + u128::from(number)).to_string()
}

form_shape! {
    /// Creates a topic, or finds one that equals it.
    CreateTopic<'a> {
        /// The name of the topic.
        name: Text<'a>, "Name";
        /// Topic attributes.
        attributes: Option<Pairs<'a>>, "Attributes.entry";
        /// Tags.
        tags: Option<Pairs<'a>>, "Tags.member";
        /// A data protection policy.
        data_protection_policy: Option<Text<'a>>, "DataProtectionPolicy";
    }

    /// Deletes a topic and its subscriptions.
    DeleteTopic<'a> {
        /// The topic.
        topic_arn: Text<'a>, "TopicArn";
    }

    /// Lists topics, 100 a page.
    ListTopics<'a> {
        /// Where the page before ended.
        next_token: Option<Text<'a>>, "NextToken";
    }

    /// Reads topic attributes.
    GetTopicAttributes<'a> {
        /// The topic.
        topic_arn: Text<'a>, "TopicArn";
    }

    /// Changes one topic attribute.
    SetTopicAttributes<'a> {
        /// The topic.
        topic_arn: Text<'a>, "TopicArn";
        /// The attribute.
        attribute_name: Text<'a>, "AttributeName";
        /// Its new value.
        attribute_value: Option<Text<'a>>, "AttributeValue";
    }

    /// Subscribes an endpoint to a topic.
    Subscribe<'a> {
        /// The topic.
        topic_arn: Text<'a>, "TopicArn";
        /// `sqs`, `https` and so on.
        protocol: Text<'a>, "Protocol";
        /// A queue ARN, a URL, whatever the protocol needs.
        endpoint: Option<Text<'a>>, "Endpoint";
        /// Subscription attributes.
        attributes: Option<Pairs<'a>>, "Attributes.entry";
        /// Whether to answer the ARN even while confirmation is pending.
        return_subscription_arn: Option<bool>, "ReturnSubscriptionArn";
    }

    /// Says that an endpoint wants to be subscribed. Needs no signature, unless it asks for one later.
    ConfirmSubscription<'a> {
        /// The topic.
        topic_arn: Text<'a>, "TopicArn";
        /// What the endpoint was sent; see [`crate::envelope::Token`].
        token: Text<'a>, "Token";
        /// `true`, if to unsubscribe shall need a signature. A text in the model; see
        /// [`ConfirmSubscription::authenticates_on_unsubscribe`].
        authenticate_on_unsubscribe: Option<Text<'a>>, "AuthenticateOnUnsubscribe";
    }

    /// Ends a subscription.
    Unsubscribe<'a> {
        /// The subscription.
        subscription_arn: Text<'a>, "SubscriptionArn";
    }

    /// Lists the account's subscriptions, 100 a page.
    ListSubscriptions<'a> {
        /// Where the page before ended.
        next_token: Option<Text<'a>>, "NextToken";
    }

    /// Lists a topic's subscriptions, 100 a page.
    ListSubscriptionsByTopic<'a> {
        /// The topic.
        topic_arn: Text<'a>, "TopicArn";
        /// Where the page before ended.
        next_token: Option<Text<'a>>, "NextToken";
    }

    /// Reads subscription attributes.
    GetSubscriptionAttributes<'a> {
        /// The subscription.
        subscription_arn: Text<'a>, "SubscriptionArn";
    }

    /// Changes one subscription attribute.
    SetSubscriptionAttributes<'a> {
        /// The subscription.
        subscription_arn: Text<'a>, "SubscriptionArn";
        /// The attribute.
        attribute_name: Text<'a>, "AttributeName";
        /// Its new value.
        attribute_value: Option<Text<'a>>, "AttributeValue";
    }

    /// Publishes one message to a topic, an endpoint or a phone.
    Publish<'a> {
        /// The topic.
        topic_arn: Option<Text<'a>>, "TopicArn";
        /// A topic or an endpoint.
        target_arn: Option<Text<'a>>, "TargetArn";
        /// A phone.
        phone_number: Option<Text<'a>>, "PhoneNumber";
        /// The text, or with `MessageStructure` a JSON object of texts.
        message: Text<'a>, "Message";
        /// The subject.
        subject: Option<Text<'a>>, "Subject";
        /// `json`, or nothing.
        message_structure: Option<Text<'a>>, "MessageStructure";
        /// Attributes of the publisher's.
        message_attributes: Option<GivenAttributes<'a>>, "MessageAttributes.entry";
        /// The deduplication id, on FIFO topics.
        message_deduplication_id: Option<Text<'a>>, "MessageDeduplicationId";
        /// The group.
        message_group_id: Option<Text<'a>>, "MessageGroupId";
    }

    /// Publishes up to 10 messages to a topic.
    PublishBatch<'a> {
        /// The topic.
        topic_arn: Text<'a>, "TopicArn";
        /// The messages.
        entries: List<PublishBatchEntry<'a>>, "PublishBatchRequestEntries.member";
    }

    /// One message of a batch; as [`Publish`].
    PublishBatchEntry<'a> {
        /// What the answer calls this entry.
        id: Text<'a>, "Id";
        /// The text, or with `MessageStructure` a JSON object of texts.
        message: Text<'a>, "Message";
        /// The subject.
        subject: Option<Text<'a>>, "Subject";
        /// `json`, or nothing.
        message_structure: Option<Text<'a>>, "MessageStructure";
        /// Attributes of the publisher's.
        message_attributes: Option<GivenAttributes<'a>>, "MessageAttributes.entry";
        /// The deduplication id, on FIFO topics.
        message_deduplication_id: Option<Text<'a>>, "MessageDeduplicationId";
        /// The group.
        message_group_id: Option<Text<'a>>, "MessageGroupId";
    }

    /// Adds or overwrites tags of a topic.
    TagResource<'a> {
        /// The topic.
        resource_arn: Text<'a>, "ResourceArn";
        /// The tags.
        tags: Pairs<'a>, "Tags.member";
    }

    /// Removes tags of a topic.
    UntagResource<'a> {
        /// The topic.
        resource_arn: Text<'a>, "ResourceArn";
        /// The keys of the tags.
        tag_keys: List<Text<'a>>, "TagKeys.member";
    }

    /// Lists the tags of a topic.
    ListTagsForResource<'a> {
        /// The topic.
        resource_arn: Text<'a>, "ResourceArn";
    }
    /// Adds a statement to the policy of a topic. SQS has an operation of this name, too.
    AddPermission<'a> {
        /// The topic.
        topic_arn: Text<'a>, "TopicArn";
        /// What the statement is called.
        label: Text<'a>, "Label";
        /// Who is permitted.
        aws_account_ids: List<Text<'a>>, "AWSAccountId.member";
        /// What is permitted: names of actions.
        actions: List<Text<'a>>, "ActionName.member";
    }

    /// Removes a statement from the policy of a topic. SQS has an operation of this name, too.
    RemovePermission<'a> {
        /// The topic.
        topic_arn: Text<'a>, "TopicArn";
        /// What the statement is called.
        label: Text<'a>, "Label";
    }

    /// Reads the data protection policy of a topic.
    GetDataProtectionPolicy<'a> {
        /// The topic.
        resource_arn: Text<'a>, "ResourceArn";
    }

    /// Replaces the data protection policy of a topic.
    PutDataProtectionPolicy<'a> {
        /// The topic.
        resource_arn: Text<'a>, "ResourceArn";
        /// The policy, kept as it is.
        data_protection_policy: Text<'a>, "DataProtectionPolicy";
    }
}

impl ConfirmSubscription<'_> {
    /// Whether only a signed request may end the subscription. Such a confirmation has to be signed itself.
    pub fn authenticates_on_unsubscribe(&self) -> bool {
        self.authenticate_on_unsubscribe.as_deref().is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }
}
