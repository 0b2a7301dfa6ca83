//! Every sentence with its status, type and code, as section 2 of the spec has them.
//!
//! The rows of one code stand together; a row is a sentence and the constructor that makes it.

use super::*;
use crate::{Action, Service, response};

const SEND: Action = Action::SendMessage;

/// Checks sentences that share one code, in both protocols.
fn check(status: u16, shape: &str, query: &str, rows: &[(Error, &str)]) {
    for (error, text) in rows {
        assert_eq!(error.message, *text);
        let json = response::encode_error(Protocol::Json, Service::Sqs, error, "id");
        assert_eq!(json.query_error, Some(&*format!("{query};Sender")), "{text}");
        let body: serde_json::Value = serde_json::from_slice(&json.body).unwrap();
        assert_eq!(body, serde_json::json!({"__type": shape, "message": text}));
        let xml = response::encode_error(Protocol::Query, Service::Sqs, error, "id");
        assert_eq!((json.status, xml.status), (status, status), "{text}");
        let xml = String::from_utf8(xml.body).unwrap();
        assert!(xml.contains(&format!("<Type>Sender</Type><Code>{query}</Code><Message>")), "{xml}");
        assert!(
            xml.contains("</Message><Detail/></Error><RequestId>id</RequestId></ErrorResponse>"),
            "{xml}"
        );
    }
}

fn check_sqs(status: u16, shape: &str, query: &str, rows: &[(Error, &str)]) {
    check(status, &format!("com.amazonaws.sqs#{shape}"), query, rows);
}

fn check_coral(status: u16, shape: &str, query: &str, rows: &[(Error, &str)]) {
    check(status, &format!("com.amazon.coral.service#{shape}"), query, rows);
}

#[test]
fn queues() {
    let json = "The specified queue does not exist.";
    let query = "The specified queue does not exist for this wsdl version.";
    let missing = "AWS.SimpleQueueService.NonExistentQueue";
    check_sqs(400, "QueueDoesNotExist", missing, &[(queue_does_not_exist(Protocol::Json), json)]);
    check_sqs(400, "QueueDoesNotExist", missing, &[(queue_does_not_exist(Protocol::Query), query)]);
    let exists = "A queue already exists with the same name and a different value for attribute DelaySeconds";
    check_sqs(400, "QueueNameExists", "QueueAlreadyExists", &[(queue_name_exists("DelaySeconds"), exists)]);
    let deleted = "You must wait 60 seconds after deleting a queue before you can create another with the \
                   same name.";
    let code = "AWS.SimpleQueueService.QueueDeletedRecently";
    check_sqs(400, "QueueDeletedRecently", code, &[(queue_deleted_recently(), deleted)]);
    let purging = "Only one PurgeQueue operation on orders is allowed every 60 seconds.";
    let code = "AWS.SimpleQueueService.PurgeQueueInProgress";
    check_sqs(403, "PurgeQueueInProgress", code, &[(purge_in_progress("orders"), purging)]);
    let address = "The address http://h/1/q is not valid for this endpoint.";
    check_sqs(404, "InvalidAddress", "InvalidAddress", &[(invalid_address("http://h/1/q"), address)]);
}

#[test]
fn queue_attributes() {
    check_sqs(
        400,
        "InvalidAttributeName",
        "InvalidAttributeName",
        &[
            (unknown_attribute("Colour"), "Unknown Attribute Colour."),
            (fifo_only_attribute("FifoQueue"), "Unknown Attribute FifoQueue."),
            (
                fifo_only_attribute("ContentBasedDeduplication"),
                "Unknown Attribute ContentBasedDeduplication.",
            ),
            (
                fifo_only_attribute("DeduplicationScope"),
                "You can specify the DeduplicationScope only when FifoQueue is set to true.",
            ),
            (
                fifo_only_attribute("FifoThroughputLimit"),
                "You can specify the FifoThroughputLimit only when FifoQueue is set to true.",
            ),
            (
                one_encryption_only(),
                "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE \
                 or SQS SSE.",
            ),
        ],
    );
    check_sqs(
        400,
        "InvalidAttributeValue",
        "InvalidAttributeValue",
        &[
            (invalid_attribute_value("DelaySeconds"), "Invalid value for the parameter DelaySeconds."),
            (
                invalid_attribute_value_because("Policy", "Why."),
                "Invalid value for the parameter Policy. Reason: Why.",
            ),
            (
                queue_type_is_fixed(),
                "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
            ),
            (
                throughput_needs_group_scope(),
                "The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup.",
            ),
            (
                redrive_policy_not_json(),
                "Invalid value for the parameter RedrivePolicy. Reason: Redrive policy is not a valid JSON map.",
            ),
            (
                redrive_allow_policy_format(),
                "Invalid value for the parameter RedriveAllowPolicy. Reason: Amazon SQS can't create the redrive \
                 allow policy, as it’s in an unsupported format.",
            ),
        ],
    );
}

#[test]
fn redrive_policies() {
    let redrive =
        |reason: &str| format!("Value {{}} for parameter RedrivePolicy is invalid. Reason: {reason}");
    let allow = |reason: &str| {
        let cannot = "Amazon SQS can't create the redrive allow policy.";
        format!("Value {{}} for parameter RedriveAllowPolicy is invalid. Reason: {cannot} {reason}")
    };
    let rows = [
        (
            redrive_policy_lacks("{}", "maxReceiveCount"),
            redrive("Redrive policy does not contain mandatory attribute: maxReceiveCount."),
        ),
        (
            redrive_policy_lacks("{}", "deadLetterTargetArn"),
            redrive("Redrive policy does not contain mandatory attribute: deadLetterTargetArn."),
        ),
        (
            redrive_policy_count("{}", "0"),
            redrive("Invalid value for maxReceiveCount: 0, valid values are from 1 to 1000 both inclusive."),
        ),
        (
            redrive_policy_target_is_no_queue("{}"),
            redrive("Only SQS queues are valid resources for deadLetterTargetArn."),
        ),
        (
            redrive_policy_target_type("{}"),
            redrive("Dead-letter queue must be same type of queue as the source.."),
        ),
        (redrive_policy_target_missing("{}"), redrive("Dead letter target does not exist.")),
        (
            redrive_policy_target_owner("{}"),
            redrive("Dead-letter target owner should be same as the source."),
        ),
        (
            redrive_policy_members("{}"),
            redrive("Only following attributes are supported: [maxReceiveCount, deadLetterTargetArn]."),
        ),
        (
            redrive_allow_policy_needs_sources("{}"),
            allow(
                "When you specify the byQueue permission type, you must also specify one or more \
                 sourceQueueArns values.",
            ),
        ),
        (
            redrive_allow_policy_too_many("{}"),
            allow("The maximum number of source queue ARNs you can specify is 10."),
        ),
        (
            redrive_allow_policy_needs_by_queue("{}"),
            allow("To specify one or more source queue ARNs, you must set redrivePermission to byQueue."),
        ),
    ];
    let rows: Vec<_> = rows.iter().map(|(error, text)| (error.clone(), text.as_str())).collect();
    check_coral(400, "InvalidParameterValueException", "InvalidParameterValue", &rows);
    assert_eq!(redrive_policy_not_allowed("{}").kind, ErrorKind::InvalidParameterValue);
}

#[test]
fn parameters_out_of_range() {
    let rows = [
        (
            max_number_of_messages(11, 10),
            "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.",
        ),
        (
            wait_time_seconds(21),
            "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.",
        ),
        (
            visibility_timeout(-1),
            "Value -1 for parameter VisibilityTimeout is invalid. Reason: Must be >= 0 and <= 43200, if provided.",
        ),
        (
            total_visibility_timeout(43_200),
            "Value 43200 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds]",
        ),
        (
            delay_seconds(901, 900),
            "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.",
        ),
        (
            delay_on_fifo(5),
            "Value 5 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.",
        ),
        (
            deduplication_id_on_standard("d"),
            "Value d for parameter MessageDeduplicationId is invalid. Reason: The request includes a parameter that is not valid for this queue type.",
        ),
        (
            fifo_id("MessageGroupId", ""),
            "Value  for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.",
        ),
        (
            no_deduplication_id(),
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
        ),
        (no_group_id_in_batch(), "The request must contain the parameter MessageGroupId."),
    ];
    check_coral(400, "InvalidParameterValueException", "InvalidParameterValue", &rows);
    let name = "The request must contain the parameter MessageGroupId.";
    let code = "MissingParameter";
    check_coral(400, "MissingRequiredParameterException", code, &[(no_group_id(), name)]);
}

#[test]
fn values_of_the_wrong_form() {
    let rows = [
        (
            message_too_long(1024),
            "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.",
        ),
        (
            entry_too_long(1024),
            "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes.",
        ),
        (
            message_gone("h"),
            "Value h for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.",
        ),
        (
            receipt_handle_expired("h"),
            "Value h for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.",
        ),
        (
            queue_name(),
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
        ),
        (
            fifo_queue_name(),
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.",
        ),
        (queue_name_empty(), "Queue name cannot be empty"),
        (queue_name_absent(), "Value for parameter QueueName is invalid. Reason: Must specify a queue name."),
        (
            attribute_empty("n", "String"),
            "Message (user) attribute 'n' must contain a non-empty value of type 'String'.",
        ),
        (attribute_type_missing(), "Missing required parameter DataType"),
        (attribute_not_a_number("n"), "Can't cast the value of message (user) attribute 'n' to a number."),
        (too_many_attributes(11), "Number of message attributes [11] exceeds the allowed maximum [10]."),
    ];
    check_coral(400, "InvalidParameterValueException", "InvalidParameterValue", &rows);
}

#[test]
fn permissions() {
    let rows = [
        (label_exists("l"), "Value l for parameter Label is invalid. Reason: Already exists."),
        (label_unknown("l"), "Value l for parameter Label is invalid. Reason: can't find label."),
        (
            action_of_owner("DeleteQueue"),
            "Value SQS:DeleteQueue for parameter ActionName is invalid. Reason: Only the queue owner is allowed to invoke this action.",
        ),
        (
            action_unknown("Fly"),
            "Value SQS:Fly for parameter ActionName is invalid. Reason: Please refer to the appropriate WSDL for a list of valid actions. ",
        ),
        (
            principal_unverified(&[]),
            "Value [] for parameter PrincipalId is invalid. Reason: Unable to verify.",
        ),
    ];
    check_coral(400, "InvalidParameterValueException", "InvalidParameterValue", &rows);
    assert_eq!(label("é").kind, ErrorKind::InvalidParameterValue);
    let eight = "8 Actions were found, maximum allowed is 7.";
    let large = "A policy can have at most 20 statements, 50 principals and 8192 bytes.";
    let rows = [(too_many_actions(8), eight), (policy_too_large(20, 50, 8_192), large)];
    check_sqs(403, "OverLimit", "OverLimit", &rows);
}

#[test]
fn move_tasks() {
    let rows = [
        (move_source_is_no_dead_letter_queue(), "Source queue must be configured as a Dead Letter Queue."),
        (
            move_task_running(),
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
        ),
        (
            move_arn_format("SourceArn"),
            "You must use this format to specify the SourceArn: arn:<partition>:<service>:<region>:<account-id>:<resource-id>",
        ),
        (move_task_handle(), "Value for parameter TaskHandle is invalid."),
    ];
    check_coral(400, "InvalidParameterValueException", "InvalidParameterValue", &rows);
    for error in [move_rate(501), move_destination_type("a"), move_task_not_running()] {
        assert_eq!(error.kind, ErrorKind::InvalidParameterValue);
    }
    let rows = [
        (
            move_queue_missing("SourceArn"),
            "The resource that you specified for the SourceArn parameter doesn't exist.",
        ),
        (
            move_queue_missing("DestinationArn"),
            "The resource that you specified for the DestinationArn parameter doesn't exist.",
        ),
        (move_task_missing(), "Task does not exist."),
    ];
    check_sqs(404, "ResourceNotFoundException", "ResourceNotFoundException", &rows);
}

#[test]
fn messages_and_batches() {
    let contents = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | \
                    #xE000 to #xFFFD | #x10000 to #x10FFFF";
    check_sqs(
        400,
        "InvalidMessageContents",
        "InvalidMessageContents",
        &[(invalid_message_contents(), contents)],
    );
    let code = "InvalidParameterValue";
    check_coral(400, "InvalidParameterValueException", code, &[(attribute_contents(), contents)]);
    let handle = "The input receipt handle \"h\" is not a valid receipt handle.";
    let rows = [(receipt_handle_is_invalid("h"), handle)];
    check_sqs(404, "ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", &rows);
    let lists = "Message attribute list values in SendMessage operation are not supported.";
    let code = "AWS.SimpleQueueService.UnsupportedOperation";
    check_sqs(400, "UnsupportedOperation", code, &[(attribute_lists(SEND), lists)]);
    let rows = [
        (
            "EmptyBatchRequest",
            empty_batch(Action::SendMessageBatch),
            "There should be at least one SendMessageBatchRequestEntry in the request.",
        ),
        (
            "TooManyEntriesInBatchRequest",
            too_many_entries(11, 10),
            "Maximum number of entries per request are 10. You have sent 11.",
        ),
        ("BatchEntryIdsNotDistinct", entry_id_repeated("a"), "Id a repeated."),
        (
            "InvalidBatchEntryId",
            entry_id_invalid(),
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
        ),
        (
            "BatchRequestTooLong",
            batch_too_long(1_048_577, 1_048_576),
            "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.",
        ),
    ];
    for (shape, error, text) in rows {
        check_sqs(400, shape, &format!("AWS.SimpleQueueService.{shape}"), &[(error, text)]);
    }
}

#[test]
fn what_has_no_recorded_sentence_has_its_code() {
    for (error, status, shape, query) in [
        (request_throttled(), 403, "RequestThrottled", "RequestThrottled"),
        (invalid_security(), 403, "InvalidSecurity", "InvalidSecurity"),
        (too_many_in_flight(120_000), 403, "OverLimit", "OverLimit"),
        (message_not_in_flight(), 400, "MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight"),
        (kms_access_denied("k"), 400, "KmsAccessDenied", "KMS.AccessDeniedException"),
        (kms_disabled("k"), 400, "KmsDisabled", "KMS.DisabledException"),
        (kms_invalid_key_usage("k"), 400, "KmsInvalidKeyUsage", "KMS.InvalidKeyUsageException"),
        (kms_invalid_state("k"), 400, "KmsInvalidState", "KMS.InvalidStateException"),
        (kms_not_found("k"), 400, "KmsNotFound", "KMS.NotFoundException"),
        (kms_opt_in_required(), 403, "KmsOptInRequired", "KMS.OptInRequired"),
        (kms_throttled(), 400, "KmsThrottled", "KMS.ThrottlingException"),
    ] {
        assert!(!error.message.is_empty());
        let text = error.message.clone();
        check_sqs(status, shape, query, &[(error, &text)]);
    }
}
