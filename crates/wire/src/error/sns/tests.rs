//! Every sentence with its status and code, as section 2 of the spec has them.
//!
//! The rows of one code stand together; a row is a sentence and the constructor that makes it.

use super::*;
use crate::{Protocol, Service, response};

/// Checks sentences that share one code.
fn check(status: u16, code: &str, rows: &[(Error, &str)]) {
    for (error, text) in rows {
        assert_eq!(error.message, *text);
        let written = response::encode_error(Protocol::Query, Service::Sns, error, "id");
        assert_eq!((written.status, written.query_error), (status, None), "{text}");
        let xml = String::from_utf8(written.body).unwrap();
        assert!(xml.contains(&format!("<Type>Sender</Type><Code>{code}</Code><Message>")), "{xml}");
        assert!(xml.ends_with("</Message></Error><RequestId>id</RequestId></ErrorResponse>"), "{xml}");
    }
}

fn check_invalid(rows: &[(Error, &str)]) {
    check(400, "InvalidParameter", rows);
}

#[test]
fn what_is_not_there() {
    check(
        404,
        "NotFound",
        &[
            (topic_does_not_exist(), "Topic does not exist"),
            (subscription_does_not_exist(), "Subscription does not exist"),
            (platform_application_does_not_exist(), "PlatformApplication does not exist"),
            (endpoint_does_not_exist(), "Endpoint does not exist"),
        ],
    );
    check(404, "ResourceNotFound", &[(resource_not_found(), "Resource does not exist")]);
}

#[test]
fn members_that_the_framework_checks() {
    let rows = [
        (
            null_member("attributes"),
            "null at 'attributes' failed to satisfy constraint: Member must not be null",
        ),
        (
            null_member("publishBatchRequestEntries.1.member.messageAttributes.attr1.member.dataType"),
            "null at 'publishBatchRequestEntries.1.member.messageAttributes.attr1.member.dataType' failed to \
             satisfy constraint: Member must not be null",
        ),
        (
            too_short("a", "", 1),
            "'' at 'a' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
        (
            too_long("a", "xx", 1),
            "'xx' at 'a' failed to satisfy constraint: Member must have length less than or equal to 1",
        ),
        (
            not_of_pattern("a", "x", "^y$"),
            "'x' at 'a' failed to satisfy constraint: Member must satisfy regular expression pattern: ^y$",
        ),
        (
            not_in_enum("a", "x", &["y", "z"]),
            "'x' at 'a' failed to satisfy constraint: Member must satisfy enum value set: [y, z]",
        ),
        (
            too_small("a", 0, 1),
            "'0' at 'a' failed to satisfy constraint: Member must have value greater than or equal to 1",
        ),
        (
            too_large("a", 31, 30),
            "'31' at 'a' failed to satisfy constraint: Member must have value less than or equal to 30",
        ),
    ];
    for (error, text) in rows {
        let text = format!("1 validation error detected: Value {text}");
        check(400, "ValidationError", &[(error, &text)]);
    }
}

#[test]
fn topics_and_permissions() {
    check_invalid(&[
        (
            bad_arn("PlatformApplicationArn", 1),
            "Invalid parameter: PlatformApplicationArn Reason: An ARN must have at least 6 elements, not 1",
        ),
        (foreign_arn("TopicArn"), "Invalid parameter: TopicArn"),
        (topic_name(), "Invalid parameter: Topic Name"),
        (
            topic_attributes_differ(),
            "Invalid parameter: Attributes Reason: Topic already exists with different attributes",
        ),
        (topic_tags_differ(), "Invalid parameter: Tags Reason: Topic already exists with different tags"),
        (duplicate_tag_keys(), "Invalid parameter: Duplicated keys are not allowed."),
        (attribute_name(), "Invalid parameter: AttributeName"),
        (statement_exists(), "Invalid parameter: Statement already exists"),
        (action_out_of_scope(), "Invalid parameter: Policy statement action out of service scope!"),
    ]);
}

#[test]
fn publications() {
    check_invalid(&[
        (empty_message(), "Invalid parameter: Empty message"),
        (message_too_long(), "Invalid parameter: Message too long"),
        (subject(), "Invalid parameter: Subject"),
        (no_default_entry(), "Invalid parameter: Message Structure - No default entry in JSON message body"),
        (message_not_json(), "Invalid parameter: Message Structure - JSON message body failed to parse"),
        (
            no_endpoint(),
            "Invalid parameter: TargetArn Reason: No endpoint found for the target arn specified",
        ),
        (phone_number("+1"), "Invalid parameter: PhoneNumber Reason: +1 is not valid to publish to"),
        (group_id_required(), "Invalid parameter: The MessageGroupId parameter is required for FIFO topics"),
        (
            deduplication_id_required(),
            "Invalid parameter: The topic should either have ContentBasedDeduplication enabled or \
             MessageDeduplicationId provided explicitly",
        ),
        (
            deduplication_id_on_standard(),
            "Invalid parameter: MessageDeduplicationId Reason: The request includes MessageDeduplicationId \
             parameter that is not valid for this topic type",
        ),
    ]);
    check(400, "EndpointDisabled", &[(endpoint_disabled(), "Endpoint is disabled")]);
}

#[test]
fn subscriptions() {
    check_invalid(&[
        (
            unknown_protocol("pigeon"),
            "Invalid parameter: Amazon SNS does not support this protocol string: pigeon",
        ),
        (sqs_endpoint(), "Invalid parameter: SQS endpoint ARN"),
        (
            fifo_queue_on_standard_topic(),
            "Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to \
             standard SNS topics",
        ),
        (
            subscription_attributes_differ(),
            "Invalid parameter: Attributes Reason: Subscription already exists with different attributes",
        ),
        (
            raw_message_delivery(SetBy::Subscribe, "x"),
            "Invalid parameter: Attributes Reason: RawMessageDelivery: Invalid value [x]. Must be true or false.",
        ),
        (
            raw_message_delivery(SetBy::Set, "x"),
            "Invalid parameter: RawMessageDelivery: Invalid value [x]. Must be true or false.",
        ),
        (
            filter_policy_scope(SetBy::Set, "x"),
            "Invalid parameter: FilterPolicyScope: Invalid value [x]. Please use either MessageBody or \
             MessageAttributes",
        ),
        (
            redrive_policy_arn(SetBy::Set),
            "Invalid parameter: RedrivePolicy: deadLetterTargetArn is an invalid arn",
        ),
        (
            redrive_policy_arn(SetBy::Subscribe),
            "Invalid parameter: Attributes Reason: RedrivePolicy: deadLetterTargetArn is an invalid arn",
        ),
        (
            redrive_policy_not_json(SetBy::Set, "eof"),
            "Invalid parameter: RedrivePolicy: failed to parse JSON. eof",
        ),
        (
            redrive_policy_needs_fifo(),
            "Invalid parameter: RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO \
             Topic.",
        ),
        (subscription_id(), "Invalid parameter: SubscriptionId"),
        (
            subscription_arn_empty(),
            "Invalid parameter: SubscriptionArn Reason: no value for required parameter",
        ),
        (token_unknown(), "Invalid parameter: Token"),
        (token_malformed(ConfirmedBy::Request), "Invalid token"),
        (token_malformed(ConfirmedBy::Link), "Invalid parameter: Token"),
        (topic_of_link(), "Invalid parameter: Topic"),
        (sms_endpoint("abc"), "Invalid SMS endpoint: abc"),
    ]);
}

#[test]
fn batches() {
    let too_many = "The batch request contains more entries than permissible.";
    check(400, "TooManyEntriesInBatchRequest", &[(too_many_entries(), too_many)]);
    let same = "Two or more batch entries in the request have the same Id.";
    check(400, "BatchEntryIdsNotDistinct", &[(entry_ids_not_distinct(), same)]);
    let long = "The length of all the messages put together is more than the limit.";
    check(400, "BatchRequestTooLong", &[(batch_too_long(), long)]);
    let rows = [
        (
            entry_id_characters("a b"),
            "The Id of a batch entry in the batch request contains an impermissible character: a b",
        ),
        (entry_id_too_long("aaa"), "The Id of a batch entry in the batch request is too long: aaa"),
    ];
    check(400, "InvalidBatchEntryId", &rows);
}

#[test]
fn platform_applications_and_endpoints() {
    check_invalid(&[
        (
            platform_attribute_name("Colour"),
            "Invalid parameter: Attributes Reason: Invalid attribute name: Colour",
        ),
        (
            custom_user_data_too_long(),
            "Invalid parameter: Attributes Reason: Invalid value for attribute: CustomUserData: must be at most \
             2048 bytes long in UTF-8 encoding",
        ),
        (
            endpoint_arn_slashes(),
            "Invalid parameter: EndpointArn Reason: Wrong number of slashes in relative portion of the ARN.",
        ),
        (
            endpoint_attributes_differ("arn:e"),
            "Invalid parameter: Token Reason: Endpoint arn:e already exists with the same Token, but different \
             attributes.",
        ),
        (platform_unknown("FAX"), "Invalid parameter: Platform Reason: FAX is not supported"),
        (application_name_empty(""), "Invalid parameter:  Reason: cannot be empty"),
        (
            application_name_too_long("aa"),
            "Invalid parameter: aa Reason: must be at most 256 characters long",
        ),
        (
            application_name_characters("a b"),
            "Invalid parameter: a b Reason: must contain only characters 'a'-'z', 'A'-'Z', '0'-'9', '_', '-', \
             and '.'",
        ),
        (
            platform_attribute_alone("PlatformPrincipal", "PlatformCredential"),
            "Invalid parameter: Attributes Reason: PlatformPrincipal attribute provided without \
             PlatformCredential",
        ),
    ]);
}

#[test]
fn phones() {
    check_invalid(&[
        (phone_number_format(), "Invalid parameter: PhoneNumber Reason: input incorrectly formatted"),
        (sms_attribute_unknown("Colour"), "Colour is not a valid attribute"),
        (sms_type(), "DefaultSMSType is invalid"),
        (sms_sender_id(), "DefaultSendID is not a valid attribute"),
    ]);
}

#[test]
fn message_attributes() {
    let row = |error: Error, text: &str| check(400, "ParameterValueInvalid", &[(error, text)]);
    row(
        attribute_empty("n", "String"),
        "The message attribute 'n' must contain non-empty message attribute value for message attribute type \
         'String'.",
    );
    row(
        attribute_field("n", "Number", "String"),
        "The message attribute 'n' with type 'Number' must use field 'String'.",
    );
    row(
        attribute_type("n"),
        "The message attribute 'n' has an invalid message attribute type, the set of supported type prefixes is \
         Binary, Number, and String.",
    );
    row(attribute_name_too_long(), "Length of message attribute name must be less than 256 bytes.");
    row(
        attribute_name_character('$'),
        "Invalid non-alphanumeric character '#x24' was found in the message attribute name. Can only include \
         alphanumeric characters, hyphens, underscores, or dots.",
    );
    let dot = "Invalid message attribute name starting with character '.' was found.";
    row(attribute_name_starts_with_dot(), dot);
    let dot = "Invalid message attribute name ending with character '.' was found.";
    row(attribute_name_ends_with_dot(), dot);
    row(attribute_name_successive_dots(), "Message attribute name can not have successive '.' character.");
}

#[test]
fn what_has_no_recorded_sentence_has_its_code() {
    let set = SetBy::Set;
    for (error, status, code) in [
        (throttled(), 429, "Throttled"),
        (invalid_security(), 403, "InvalidSecurity"),
        (topic_limit_exceeded(), 403, "TopicLimitExceeded"),
        (subscription_limit_exceeded(), 403, "SubscriptionLimitExceeded"),
        (filter_policy_limit_exceeded(), 403, "FilterPolicyLimitExceeded"),
        (replay_limit_exceeded(), 403, "ReplayLimitExceeded"),
        (topic_has_archive(), 400, "InvalidState"),
        (tag_limit_exceeded(), 400, "TagLimitExceeded"),
        (stale_tag(), 400, "StaleTag"),
        (tag_policy(), 400, "TagPolicy"),
        (concurrent_access(), 400, "ConcurrentAccess"),
        (opted_out(), 400, "OptedOut"),
        (sandbox_user_error("too early"), 400, "UserError"),
        (wrong_password(), 400, "VerificationException"),
        (validation_exception("no"), 400, "ValidationException"),
        (sandbox_phone_missing(), 404, "ResourceNotFound"),
        (platform_application_disabled(), 400, "PlatformApplicationDisabled"),
        (empty_batch(), 400, "EmptyBatchRequest"),
        (endpoint_address("http://10.0.0.1/"), 403, "AuthorizationError"),
        (unsubscribe_unsigned(), 403, "AuthorizationError"),
        (message_denied_by_data_protection(), 403, "AuthorizationError"),
        (kms_access_denied("k"), 400, "KMSAccessDenied"),
        (kms_disabled("k"), 400, "KMSDisabled"),
        (kms_invalid_state("k"), 400, "KMSInvalidState"),
        (kms_not_found("k"), 400, "KMSNotFound"),
        (kms_opt_in_required(), 403, "KMSOptInRequired"),
        (kms_throttling(), 400, "KMSThrottling"),
        (attribute_name_empty(), 400, "ParameterValueInvalid"),
        (subscription_pending(), 400, "InvalidParameter"),
        (endpoint_of_other_protocol(), 400, "InvalidParameter"),
        (endpoint_arn_of("Lambda"), 400, "InvalidParameter"),
        (protocol_of_fifo_topic("https"), 400, "InvalidParameter"),
        (attribute_of_other_subscription(set, "DeliveryPolicy"), 400, "InvalidParameter"),
        (subscription_role_missing(), 400, "InvalidParameter"),
        (fifo_only_attribute(set, "ArchivePolicy"), 400, "InvalidParameter"),
        (large_messages(set), 400, "InvalidParameter"),
        (data_protection_policy("no"), 400, "InvalidParameter"),
        (fifo_id("MessageGroupId"), 400, "InvalidParameter"),
        (message_structure(), 400, "InvalidParameter"),
        (account_id("x"), 400, "InvalidParameter"),
        (label_empty(), 400, "InvalidParameter"),
        (policy_too_large(), 400, "InvalidParameter"),
        (endpoint_token_empty(), 400, "InvalidParameter"),
        (sms_attribute_value("MonthlySpendLimit"), 400, "InvalidParameter"),
        (next_token(), 400, "InvalidParameter"),
    ] {
        assert!(!error.message.is_empty());
        let text = error.message.clone();
        check(status, code, &[(error, &text)]);
    }
}
