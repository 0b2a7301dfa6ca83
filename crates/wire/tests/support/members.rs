//! From an operation back to the members it was decoded from, under the model's names.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use postrider_wire::attribute::{Given, GivenAttributes};
use postrider_wire::shape::{List, Pairs};
use postrider_wire::{Blob, Operation, Text, sns, sqs};
use serde_json::{Map, Value, json};

/// The members that are present.
pub(crate) fn members(operation: &Operation<'_>) -> Value {
    let all = [sqs_members, sns_members, platform_members, sms_members]
        .into_iter()
        .find_map(|part| part(operation))
        .expect("one of them has it");
    all.as_object()
        .expect("an object")
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(own)
        .collect::<Map<_, _>>()
        .into()
}

fn own((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

fn present(value: Value) -> Value {
    let object = value.as_object().expect("an object");
    object.iter().filter(|(_, value)| !value.is_null()).map(own).collect::<Map<_, _>>().into()
}

fn t(text: &Option<Text<'_>>) -> Value {
    text.as_ref().map_or(Value::Null, |text| s(text))
}

fn s(text: &Text<'_>) -> Value {
    text.as_str().into()
}

fn list(list: &Option<List<Text<'_>>>) -> Value {
    list.as_ref().map_or(Value::Null, |list| list.iter().map(s).collect())
}

fn blobs(list: &Option<List<Blob<'_>>>) -> Value {
    list.as_ref().map_or(Value::Null, |list| list.iter().map(|blob| STANDARD.encode(&**blob)).collect())
}

fn map(pairs: &Option<Pairs<'_>>) -> Value {
    let object =
        |pairs: &Pairs<'_>| pairs.iter().map(|(k, v)| (k.to_string(), s(v))).collect::<Map<_, _>>().into();
    pairs.as_ref().map_or(Value::Null, object)
}

fn tags(pairs: &Pairs<'_>) -> Value {
    pairs.iter().map(|(key, value)| json!({"Key": key.as_str(), "Value": value.as_str()})).collect()
}

fn attributes(given: &Option<GivenAttributes<'_>>) -> Value {
    let object = |given: &GivenAttributes<'_>| {
        given.iter().map(|(name, value)| (name.to_string(), attribute(value))).collect::<Map<_, _>>().into()
    };
    given.as_ref().map_or(Value::Null, object)
}

fn attribute(given: &Given<'_>) -> Value {
    present(json!({
        "DataType": t(&given.data_type),
        "StringValue": t(&given.string_value),
        "BinaryValue": given.binary_value.as_ref().map(|blob| STANDARD.encode(&**blob)),
        "StringListValues": list(&given.string_list_values),
        "BinaryListValues": blobs(&given.binary_list_values),
    }))
}

fn items<T>(list: &Option<List<T>>, each: impl Fn(&T) -> Value) -> Value {
    list.as_ref().map_or(Value::Null, |list| list.iter().map(|item| present(each(item))).collect())
}

fn send_entry(entry: &sqs::SendMessageBatchEntry<'_>) -> Value {
    json!({
        "Id": t(&entry.id), "MessageBody": t(&entry.message_body), "DelaySeconds": entry.delay_seconds,
        "MessageAttributes": attributes(&entry.message_attributes),
        "MessageSystemAttributes": attributes(&entry.message_system_attributes),
        "MessageDeduplicationId": t(&entry.message_deduplication_id),
        "MessageGroupId": t(&entry.message_group_id),
    })
}

fn receive(o: &sqs::ReceiveMessage<'_>) -> Value {
    json!({
        "QueueUrl": t(&o.queue_url), "AttributeNames": list(&o.attribute_names),
        "MessageSystemAttributeNames": list(&o.message_system_attribute_names),
        "MessageAttributeNames": list(&o.message_attribute_names),
        "MaxNumberOfMessages": o.max_number_of_messages, "VisibilityTimeout": o.visibility_timeout,
        "WaitTimeSeconds": o.wait_time_seconds, "ReceiveRequestAttemptId": t(&o.receive_request_attempt_id),
    })
}

fn send(o: &sqs::SendMessage<'_>) -> Value {
    json!({
        "QueueUrl": t(&o.queue_url), "MessageBody": t(&o.message_body), "DelaySeconds": o.delay_seconds,
        "MessageAttributes": attributes(&o.message_attributes),
        "MessageSystemAttributes": attributes(&o.message_system_attributes),
        "MessageDeduplicationId": t(&o.message_deduplication_id), "MessageGroupId": t(&o.message_group_id),
    })
}

#[allow(clippy::wildcard_enum_match_arm, reason = "the other part is in the other functions")]
fn sqs_members(operation: &Operation<'_>) -> Option<Value> {
    use Operation as O;
    Some(match operation {
        O::CreateQueue(o) => {
            json!({"QueueName": t(&o.queue_name), "Attributes": map(&o.attributes), "tags": map(&o.tags)})
        }
        O::GetQueueUrl(o) => json!({
            "QueueName": t(&o.queue_name), "QueueOwnerAWSAccountId": t(&o.queue_owner_account),
        }),
        O::ListQueues(o) => json!({
            "QueueNamePrefix": t(&o.queue_name_prefix), "NextToken": t(&o.next_token), "MaxResults": o.max_results,
        }),
        O::GetQueueAttributes(o) => {
            json!({"QueueUrl": t(&o.queue_url), "AttributeNames": list(&o.attribute_names)})
        }
        O::SetQueueAttributes(o) => json!({"QueueUrl": t(&o.queue_url), "Attributes": map(&o.attributes)}),
        O::DeleteQueue(o) => json!({"QueueUrl": t(&o.queue_url)}),
        O::PurgeQueue(o) => json!({"QueueUrl": t(&o.queue_url)}),
        O::SendMessage(o) => send(o),
        O::SendMessageBatch(o) => {
            json!({"QueueUrl": t(&o.queue_url), "Entries": items(&o.entries, send_entry)})
        }
        O::ReceiveMessage(o) => receive(o),
        O::DeleteMessage(o) => json!({"QueueUrl": t(&o.queue_url), "ReceiptHandle": t(&o.receipt_handle)}),
        O::DeleteMessageBatch(o) => json!({
            "QueueUrl": t(&o.queue_url),
            "Entries": items(&o.entries, |e| json!({"Id": t(&e.id), "ReceiptHandle": t(&e.receipt_handle)})),
        }),
        O::ChangeMessageVisibility(o) => json!({
            "QueueUrl": t(&o.queue_url), "ReceiptHandle": t(&o.receipt_handle),
            "VisibilityTimeout": o.visibility_timeout,
        }),
        O::ChangeMessageVisibilityBatch(o) => json!({
            "QueueUrl": t(&o.queue_url),
            "Entries": items(&o.entries, |e| json!({
                "Id": t(&e.id), "ReceiptHandle": t(&e.receipt_handle), "VisibilityTimeout": e.visibility_timeout,
            })),
        }),
        O::TagQueue(o) => json!({"QueueUrl": t(&o.queue_url), "Tags": map(&o.tags)}),
        O::UntagQueue(o) => json!({"QueueUrl": t(&o.queue_url), "TagKeys": list(&o.tag_keys)}),
        O::ListQueueTags(o) => json!({"QueueUrl": t(&o.queue_url)}),
        O::SqsAddPermission(o) => json!({
            "QueueUrl": t(&o.queue_url), "Label": t(&o.label), "AWSAccountIds": list(&o.aws_account_ids),
            "Actions": list(&o.actions),
        }),
        O::SqsRemovePermission(o) => json!({"QueueUrl": t(&o.queue_url), "Label": t(&o.label)}),
        O::ListDeadLetterSourceQueues(o) => json!({
            "QueueUrl": t(&o.queue_url), "NextToken": t(&o.next_token), "MaxResults": o.max_results,
        }),
        O::StartMessageMoveTask(o) => json!({
            "SourceArn": t(&o.source_arn), "DestinationArn": t(&o.destination_arn),
            "MaxNumberOfMessagesPerSecond": o.max_number_of_messages_per_second,
        }),
        O::CancelMessageMoveTask(o) => json!({"TaskHandle": t(&o.task_handle)}),
        O::ListMessageMoveTasks(o) => json!({"SourceArn": t(&o.source_arn), "MaxResults": o.max_results}),
        _ => return None,
    })
}

fn publish_entry(entry: &sns::PublishBatchEntry<'_>) -> Value {
    present(json!({
        "Id": s(&entry.id), "Message": s(&entry.message), "Subject": t(&entry.subject),
        "MessageStructure": t(&entry.message_structure), "MessageAttributes": attributes(&entry.message_attributes),
        "MessageDeduplicationId": t(&entry.message_deduplication_id),
        "MessageGroupId": t(&entry.message_group_id),
    }))
}

fn texts(list: &List<Text<'_>>) -> Value {
    list.iter().map(s).collect()
}

fn required_map(pairs: &Pairs<'_>) -> Value {
    map(&Some(pairs.clone()))
}

#[allow(clippy::wildcard_enum_match_arm, reason = "the other part is in the other functions")]
fn platform_members(operation: &Operation<'_>) -> Option<Value> {
    use Operation as O;
    Some(match operation {
        O::CreatePlatformApplication(o) => json!({
            "Name": s(&o.name), "Platform": s(&o.platform), "Attributes": required_map(&o.attributes),
        }),
        O::DeletePlatformApplication(o) => json!({"PlatformApplicationArn": s(&o.platform_application_arn)}),
        O::GetPlatformApplicationAttributes(o) => {
            json!({"PlatformApplicationArn": s(&o.platform_application_arn)})
        }
        O::SetPlatformApplicationAttributes(o) => json!({
            "PlatformApplicationArn": s(&o.platform_application_arn), "Attributes": required_map(&o.attributes),
        }),
        O::ListPlatformApplications(o) => json!({"NextToken": t(&o.next_token)}),
        O::CreatePlatformEndpoint(o) => json!({
            "PlatformApplicationArn": s(&o.platform_application_arn), "Token": s(&o.token),
            "CustomUserData": t(&o.custom_user_data), "Attributes": map(&o.attributes),
        }),
        O::DeleteEndpoint(o) => json!({"EndpointArn": s(&o.endpoint_arn)}),
        O::GetEndpointAttributes(o) => json!({"EndpointArn": s(&o.endpoint_arn)}),
        O::SetEndpointAttributes(o) => {
            json!({"EndpointArn": s(&o.endpoint_arn), "Attributes": required_map(&o.attributes)})
        }
        O::ListEndpointsByPlatformApplication(o) => json!({
            "PlatformApplicationArn": s(&o.platform_application_arn), "NextToken": t(&o.next_token),
        }),
        _ => return None,
    })
}

#[allow(clippy::wildcard_enum_match_arm, reason = "the other part is in the other functions")]
fn sms_members(operation: &Operation<'_>) -> Option<Value> {
    use Operation as O;
    Some(match operation {
        O::CheckIfPhoneNumberIsOptedOut(o) => json!({"phoneNumber": s(&o.phone_number)}),
        O::ListPhoneNumbersOptedOut(o) => json!({"nextToken": t(&o.next_token)}),
        O::OptInPhoneNumber(o) => json!({"phoneNumber": s(&o.phone_number)}),
        O::SetSmsAttributes(o) => json!({"attributes": required_map(&o.attributes)}),
        O::GetSmsAttributes(o) => json!({"attributes": list(&o.attributes)}),
        O::GetSmsSandboxAccountStatus(sns::GetSmsSandboxAccountStatus) => json!({}),
        O::CreateSmsSandboxPhoneNumber(o) => {
            json!({"PhoneNumber": s(&o.phone_number), "LanguageCode": t(&o.language_code)})
        }
        O::VerifySmsSandboxPhoneNumber(o) => {
            json!({"PhoneNumber": s(&o.phone_number), "OneTimePassword": s(&o.one_time_password)})
        }
        O::DeleteSmsSandboxPhoneNumber(o) => json!({"PhoneNumber": s(&o.phone_number)}),
        O::ListSmsSandboxPhoneNumbers(o) => {
            json!({"NextToken": t(&o.next_token), "MaxResults": o.max_results})
        }
        O::ListOriginationNumbers(o) => json!({"NextToken": t(&o.next_token), "MaxResults": o.max_results}),
        _ => return None,
    })
}

#[allow(clippy::wildcard_enum_match_arm, reason = "the other part is in the other functions")]
fn sns_members(operation: &Operation<'_>) -> Option<Value> {
    use Operation as O;
    Some(match operation {
        O::CreateTopic(o) => json!({
            "Name": s(&o.name), "Attributes": map(&o.attributes), "Tags": o.tags.as_ref().map(tags),
            "DataProtectionPolicy": t(&o.data_protection_policy),
        }),
        O::DeleteTopic(o) => json!({"TopicArn": s(&o.topic_arn)}),
        O::ListTopics(o) => json!({"NextToken": t(&o.next_token)}),
        O::GetTopicAttributes(o) => json!({"TopicArn": s(&o.topic_arn)}),
        O::SetTopicAttributes(o) => json!({
            "TopicArn": s(&o.topic_arn), "AttributeName": s(&o.attribute_name),
            "AttributeValue": t(&o.attribute_value),
        }),
        O::Subscribe(o) => json!({
            "TopicArn": s(&o.topic_arn), "Protocol": s(&o.protocol), "Endpoint": t(&o.endpoint),
            "Attributes": map(&o.attributes), "ReturnSubscriptionArn": o.return_subscription_arn,
        }),
        O::ConfirmSubscription(o) => json!({
            "TopicArn": s(&o.topic_arn), "Token": s(&o.token),
            "AuthenticateOnUnsubscribe": t(&o.authenticate_on_unsubscribe),
        }),
        O::SnsAddPermission(o) => json!({
            "TopicArn": s(&o.topic_arn), "Label": s(&o.label), "AWSAccountId": texts(&o.aws_account_ids),
            "ActionName": texts(&o.actions),
        }),
        O::SnsRemovePermission(o) => json!({"TopicArn": s(&o.topic_arn), "Label": s(&o.label)}),
        O::GetDataProtectionPolicy(o) => json!({"ResourceArn": s(&o.resource_arn)}),
        O::PutDataProtectionPolicy(o) => json!({
            "ResourceArn": s(&o.resource_arn), "DataProtectionPolicy": s(&o.data_protection_policy),
        }),
        O::Unsubscribe(o) => json!({"SubscriptionArn": s(&o.subscription_arn)}),
        O::ListSubscriptions(o) => json!({"NextToken": t(&o.next_token)}),
        O::ListSubscriptionsByTopic(o) => json!({"TopicArn": s(&o.topic_arn), "NextToken": t(&o.next_token)}),
        O::GetSubscriptionAttributes(o) => json!({"SubscriptionArn": s(&o.subscription_arn)}),
        O::SetSubscriptionAttributes(o) => json!({
            "SubscriptionArn": s(&o.subscription_arn), "AttributeName": s(&o.attribute_name),
            "AttributeValue": t(&o.attribute_value),
        }),
        O::Publish(o) => json!({
            "TopicArn": t(&o.topic_arn), "TargetArn": t(&o.target_arn), "PhoneNumber": t(&o.phone_number),
            "Message": s(&o.message), "Subject": t(&o.subject), "MessageStructure": t(&o.message_structure),
            "MessageAttributes": attributes(&o.message_attributes),
            "MessageDeduplicationId": t(&o.message_deduplication_id), "MessageGroupId": t(&o.message_group_id),
        }),
        O::PublishBatch(o) => json!({
            "TopicArn": s(&o.topic_arn),
            "PublishBatchRequestEntries": o.entries.iter().map(publish_entry).collect::<Value>(),
        }),
        O::TagResource(o) => json!({"ResourceArn": s(&o.resource_arn), "Tags": tags(&o.tags)}),
        O::UntagResource(o) => json!({
            "ResourceArn": s(&o.resource_arn), "TagKeys": texts(&o.tag_keys),
        }),
        O::ListTagsForResource(o) => json!({"ResourceArn": s(&o.resource_arn)}),
        _ => return None,
    })
}
