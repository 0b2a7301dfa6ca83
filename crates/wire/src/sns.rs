//! The operations of SNS: what each is given, and what each answers.
//!
//! SNS checks required members before anything else, all with one error, so here they are plain
//! fields and decoding refuses a request without them. Absent and empty stay different.

mod output;

pub use output::*;

use crate::attribute::GivenAttributes;
use crate::shape::{List, Pairs, form_shape};
use crate::text::Text;

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
}
