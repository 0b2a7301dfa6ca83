//! The texts of SNS, one constructor per sentence (spec `sns.md` sections 2, 4 and 5).

use super::{Error, ErrorKind};

fn invalid(what: &str) -> Error {
    Error::new(ErrorKind::InvalidParameter, format!("Invalid parameter: {what}"))
}

fn value_invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::ParameterValueInvalid, message)
}

/// `Invalid parameter: <what>`, the frame of most refusals.
pub fn invalid_parameter(what: &str) -> Error {
    invalid(what)
}

/// `Invalid parameter: <name> Reason: <reason>`.
pub fn invalid_parameter_because(name: &str, reason: &str) -> Error {
    invalid(&format!("{name} Reason: {reason}"))
}

/// A required member that is absent. `path` is where, in lower camel case.
pub fn null_member(path: &str) -> Error {
    Error::new(
        ErrorKind::ValidationError,
        format!(
            "1 validation error detected: Value null at '{path}' failed to satisfy constraint: Member must not \
             be null"
        ),
    )
}

/// A topic that is not there.
pub fn topic_does_not_exist() -> Error {
    Error::new(ErrorKind::NotFound, "Topic does not exist")
}

/// A subscription that is not there.
pub fn subscription_does_not_exist() -> Error {
    Error::new(ErrorKind::NotFound, "Subscription does not exist")
}

/// A topic that is not there, for the tag operations.
pub fn resource_not_found() -> Error {
    Error::new(ErrorKind::SnsResourceNotFound, "Resource does not exist")
}

/// An ARN (of parameter `name`) of fewer than 6 parts.
pub fn bad_arn(name: &str, elements: usize) -> Error {
    invalid_parameter_because(name, &format!("An ARN must have at least 6 elements, not {elements}"))
}

/// An ARN (of parameter `name`) of another Region or kind.
pub fn foreign_arn(name: &str) -> Error {
    invalid(name)
}

/// A topic name that is none, or that does not fit `FifoTopic`.
pub fn topic_name() -> Error {
    invalid("Topic Name")
}

/// A topic that exists with other attributes.
pub fn topic_attributes_differ() -> Error {
    invalid("Attributes Reason: Topic already exists with different attributes")
}

/// A topic that exists with other tags.
pub fn topic_tags_differ() -> Error {
    invalid("Tags Reason: Topic already exists with different tags")
}

/// One tag key twice in a call.
pub fn duplicate_tag_keys() -> Error {
    invalid("Duplicated keys are not allowed.")
}

/// More than 50 tags on a topic.
pub fn tag_limit_exceeded() -> Error {
    Error::new(ErrorKind::TagLimitExceeded, "Could not complete request: tag quota of per resource exceeded")
}

/// An attribute name that does not exist or cannot be set.
pub fn attribute_name() -> Error {
    invalid("AttributeName")
}

/// No message text.
pub fn empty_message() -> Error {
    invalid("Empty message")
}

/// A message larger than its topic allows.
pub fn message_too_long() -> Error {
    invalid("Message too long")
}

/// A subject that is empty, too long, or has control characters.
pub fn subject() -> Error {
    invalid("Subject")
}

/// A `MessageStructure` message without a `default` text.
pub fn no_default_entry() -> Error {
    invalid("Message Structure - No default entry in JSON message body")
}

/// A `MessageStructure` message that is not JSON.
pub fn message_not_json() -> Error {
    invalid("Message Structure - JSON message body failed to parse")
}

/// A publish to a target that is no topic and no known endpoint.
pub fn no_endpoint() -> Error {
    invalid("TargetArn Reason: No endpoint found for the target arn specified")
}

/// A publish to a phone number that is none.
pub fn phone_number(number: &str) -> Error {
    invalid(&format!("PhoneNumber Reason: {number} is not valid to publish to"))
}

/// A publish to a FIFO topic without a group.
pub fn group_id_required() -> Error {
    invalid("The MessageGroupId parameter is required for FIFO topics")
}

/// A publish to a FIFO topic with neither an explicit id nor content-based deduplication.
pub fn deduplication_id_required() -> Error {
    invalid(
        "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided \
         explicitly",
    )
}

/// A deduplication id on a standard topic.
pub fn deduplication_id_on_standard() -> Error {
    invalid(
        "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid \
         for this topic type",
    )
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

/// Which call sets a subscription attribute; the texts differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetBy {
    /// `Subscribe`, with its map of attributes.
    Subscribe,
    /// `SetSubscriptionAttributes`.
    Set,
}

/// A subscription attribute that cannot be: `<what>` after the prefix that the call has.
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
pub fn redrive_policy_arn() -> Error {
    invalid("RedrivePolicy: deadLetterTargetArn is an invalid arn")
}

/// A subscription's `RedrivePolicy` that is not JSON; `parser` is what the parser says.
pub fn redrive_policy_not_json(parser: &str) -> Error {
    invalid(&format!("RedrivePolicy: failed to parse JSON. {parser}"))
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

/// A `NextToken` that no listing gave out.
pub fn next_token() -> Error {
    invalid("NextToken")
}

/// A batch of more than 10.
pub fn too_many_entries() -> Error {
    Error::new(
        ErrorKind::SnsTooManyEntriesInBatchRequest,
        "The batch request contains more entries than permissible.",
    )
}

/// Two entries with one id.
pub fn entry_ids_not_distinct() -> Error {
    Error::new(
        ErrorKind::SnsBatchEntryIdsNotDistinct,
        "Two or more batch entries in the request have the same Id.",
    )
}

/// A batch whose messages together are too large.
pub fn batch_too_long() -> Error {
    Error::new(
        ErrorKind::SnsBatchRequestTooLong,
        "The length of all the messages put together is more than the limit.",
    )
}

/// An entry id with other characters.
pub fn entry_id_characters(id: &str) -> Error {
    Error::new(
        ErrorKind::SnsInvalidBatchEntryId,
        format!("The Id of a batch entry in the batch request contains an impermissible character: {id}"),
    )
}

/// An entry id of more than 80 characters.
pub fn entry_id_too_long(id: &str) -> Error {
    Error::new(
        ErrorKind::SnsInvalidBatchEntryId,
        format!("The Id of a batch entry in the batch request is too long: {id}"),
    )
}

/// A message attribute without a value.
pub fn attribute_empty(name: &str, data_type: &str) -> Error {
    value_invalid(format!(
        "The message attribute '{name}' must contain non-empty message attribute value for message attribute \
         type '{data_type}'."
    ))
}

/// A message attribute with the value of the other kind. `field` is `String` or `Binary`.
pub fn attribute_field(name: &str, data_type: &str, field: &str) -> Error {
    value_invalid(format!("The message attribute '{name}' with type '{data_type}' must use field '{field}'."))
}

/// A message attribute type that is none of the three.
pub fn attribute_type(name: &str) -> Error {
    value_invalid(format!(
        "The message attribute '{name}' has an invalid message attribute type, the set of supported type \
         prefixes is Binary, Number, and String."
    ))
}

/// A message attribute name of more than 256 bytes.
pub fn attribute_name_too_long() -> Error {
    value_invalid("Length of message attribute name must be less than 256 bytes.")
}

/// An empty message attribute name. The words are ours: AWS's are not known.
pub fn attribute_name_empty() -> Error {
    value_invalid("Message attribute name can not be empty.")
}

/// A message attribute name with another character.
pub fn attribute_name_character(character: char) -> Error {
    value_invalid(format!(
        "Invalid non-alphanumeric character '#x{:X}' was found in the message attribute name. Can only include \
         alphanumeric characters, hyphens, underscores, or dots.",
        u32::from(character)
    ))
}

/// A message attribute name that starts with a dot.
pub fn attribute_name_starts_with_dot() -> Error {
    value_invalid("Invalid message attribute name starting with character '.' was found.")
}

/// A message attribute name that ends with a dot.
pub fn attribute_name_ends_with_dot() -> Error {
    value_invalid("Invalid message attribute name ending with character '.' was found.")
}

/// A message attribute name with two dots in a row.
pub fn attribute_name_successive_dots() -> Error {
    value_invalid("Message attribute name can not have successive '.' character.")
}
