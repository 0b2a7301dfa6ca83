//! From an answer as SDKs see it (the model's names, a JSON value) to our [`Output`].

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use postrider_wire::attribute::{Attribute, Value as AttributeValue};
use postrider_wire::digest::Md5;
use postrider_wire::envelope::parse_timestamp;
use postrider_wire::sns::{platform, sms};
use postrider_wire::{Action, Output, sns, sqs};
use serde_json::Value;

use super::{entries, text};

fn t(value: &Value) -> Cow<'_, str> {
    text(value).into()
}

fn o(value: &Value) -> Option<Cow<'_, str>> {
    value.as_str().map(Cow::Borrowed)
}

fn each<'v, T>(list: &'v Value, make: impl Fn(&'v Value) -> T) -> Vec<T> {
    list.as_array().into_iter().flatten().map(make).collect()
}

fn pairs(map: &Value) -> sqs::NamedValues<'_> {
    entries(map).map(|(name, value)| (name.as_str().into(), t(value))).collect()
}

fn md5(value: &Value) -> Option<Md5> {
    let hex = value.as_str()?;
    let byte = |at: usize| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("hexadecimal");
    Some(Md5(std::array::from_fn(byte)))
}

fn sent(value: &Value) -> sqs::SendMessageOutput<'_> {
    sqs::SendMessageOutput {
        message_id: t(&value["MessageId"]),
        md5_of_body: md5(&value["MD5OfMessageBody"]).expect("a digest"),
        md5_of_attributes: md5(&value["MD5OfMessageAttributes"]),
        md5_of_system_attributes: md5(&value["MD5OfMessageSystemAttributes"]),
        sequence_number: o(&value["SequenceNumber"]),
    }
}

fn sent_entry(value: &Value) -> sqs::SentEntry<'_> {
    sqs::SentEntry { id: t(&value["Id"]), sent: sent(value) }
}

fn failure(value: &Value) -> sqs::BatchFailure<'_> {
    sqs::BatchFailure {
        id: t(&value["Id"]),
        code: t(&value["Code"]),
        message: t(&value["Message"]),
        sender_fault: value["SenderFault"].as_bool().expect("a boolean"),
    }
}

fn batch<'v, T>(value: &'v Value, make: impl Fn(&'v Value) -> T) -> sqs::BatchOutput<'v, T> {
    sqs::BatchOutput { successful: each(&value["Successful"], make), failed: each(&value["Failed"], failure) }
}

fn done(value: &Value) -> sqs::DoneEntry<'_> {
    sqs::DoneEntry { id: t(&value["Id"]) }
}

fn attribute<'v>((name, value): (&'v String, &'v Value)) -> Attribute<'v> {
    let binary = value["BinaryValue"].as_str().or_else(|| value["BinaryValue"]["$base64"].as_str());
    let content = match binary {
        Some(base64) => AttributeValue::Binary(STANDARD.decode(base64).expect("base64").into()),
        None => AttributeValue::Text(t(&value["StringValue"])),
    };
    Attribute { name: name.as_str().into(), data_type: t(&value["DataType"]), value: content }
}

fn received(value: &Value) -> sqs::ReceivedMessage<'_> {
    sqs::ReceivedMessage {
        message_id: t(&value["MessageId"]),
        receipt_handle: t(&value["ReceiptHandle"]),
        md5_of_body: md5(&value["MD5OfBody"]).expect("a digest"),
        body: t(&value["Body"]),
        attributes: pairs(&value["Attributes"]),
        md5_of_attributes: md5(&value["MD5OfMessageAttributes"]),
        message_attributes: entries(&value["MessageAttributes"]).map(attribute).collect(),
    }
}

fn move_task(value: &Value) -> sqs::MoveTask<'_> {
    let status = match text(&value["Status"]) {
        "RUNNING" => sqs::MoveTaskStatus::Running { handle: t(&value["TaskHandle"]) },
        "COMPLETED" => sqs::MoveTaskStatus::Completed,
        "CANCELLING" => sqs::MoveTaskStatus::Cancelling,
        "CANCELLED" => sqs::MoveTaskStatus::Cancelled,
        "FAILED" => sqs::MoveTaskStatus::Failed { reason: t(&value["FailureReason"]) },
        other => panic!("no task is {other}"),
    };
    let number = |name: &str| value[name].as_u64().expect("a number");
    let rate = value["MaxNumberOfMessagesPerSecond"].as_u64();
    sqs::MoveTask {
        status,
        source_arn: t(&value["SourceArn"]),
        destination_arn: o(&value["DestinationArn"]),
        max_number_of_messages_per_second: rate.map(|rate| u32::try_from(rate).expect("a small number")),
        approximate_number_of_messages_moved: number("ApproximateNumberOfMessagesMoved"),
        approximate_number_of_messages_to_move: number("ApproximateNumberOfMessagesToMove"),
        started_timestamp: number("StartedTimestamp"),
    }
}

fn subscription(value: &Value) -> sns::Subscription<'_> {
    sns::Subscription {
        owner: t(&value["Owner"]),
        protocol: t(&value["Protocol"]),
        endpoint: t(&value["Endpoint"]),
        subscription_arn: t(&value["SubscriptionArn"]),
        topic_arn: t(&value["TopicArn"]),
    }
}

fn subscriptions(value: &Value) -> sns::ListSubscriptionsOutput<'_> {
    sns::ListSubscriptionsOutput {
        subscriptions: each(&value["Subscriptions"], subscription),
        next_token: o(&value["NextToken"]),
    }
}

fn published_entry(value: &Value) -> sns::PublishedEntry<'_> {
    sns::PublishedEntry {
        id: t(&value["Id"]),
        message_id: t(&value["MessageId"]),
        sequence_number: o(&value["SequenceNumber"]),
    }
}

fn published(value: &Value) -> sns::PublishBatchOutput<'_> {
    sns::PublishBatchOutput {
        successful: each(&value["Successful"], published_entry),
        failed: each(&value["Failed"], failure),
    }
}

/// The answer of a built action.
pub(crate) fn output(action: Action, v: &Value) -> Output<'_> {
    let parts = [sqs_output, sns_output, platform_output, sms_output];
    parts.into_iter().find_map(|part| part(action, v)).expect("a built action")
}

#[allow(clippy::wildcard_enum_match_arm, reason = "the other part is in the other functions")]
fn sqs_output(action: Action, v: &Value) -> Option<Output<'_>> {
    Some(match action {
        Action::ChangeMessageVisibility => Output::ChangeMessageVisibility,
        Action::ChangeMessageVisibilityBatch => Output::ChangeMessageVisibilityBatch(batch(v, done)),
        Action::CreateQueue => Output::CreateQueue(sqs::QueueUrlOutput { queue_url: t(&v["QueueUrl"]) }),
        Action::DeleteMessage => Output::DeleteMessage,
        Action::DeleteMessageBatch => Output::DeleteMessageBatch(batch(v, done)),
        Action::DeleteQueue => Output::DeleteQueue,
        Action::GetQueueAttributes => {
            Output::GetQueueAttributes(sqs::GetQueueAttributesOutput { attributes: pairs(&v["Attributes"]) })
        }
        Action::GetQueueUrl => Output::GetQueueUrl(sqs::QueueUrlOutput { queue_url: t(&v["QueueUrl"]) }),
        Action::ListQueueTags => Output::ListQueueTags(sqs::ListQueueTagsOutput { tags: pairs(&v["Tags"]) }),
        Action::ListQueues => Output::ListQueues(sqs::ListQueuesOutput {
            queue_urls: each(&v["QueueUrls"], t),
            next_token: o(&v["NextToken"]),
        }),
        Action::PurgeQueue => Output::PurgeQueue,
        Action::ReceiveMessage => {
            Output::ReceiveMessage(sqs::ReceiveMessageOutput { messages: each(&v["Messages"], received) })
        }
        Action::SendMessage => Output::SendMessage(sent(v)),
        Action::SendMessageBatch => Output::SendMessageBatch(batch(v, sent_entry)),
        Action::SetQueueAttributes => Output::SetQueueAttributes,
        Action::TagQueue => Output::TagQueue,
        Action::UntagQueue => Output::UntagQueue,
        Action::SqsAddPermission => Output::SqsAddPermission,
        Action::SqsRemovePermission => Output::SqsRemovePermission,
        Action::ListDeadLetterSourceQueues => {
            Output::ListDeadLetterSourceQueues(sqs::ListDeadLetterSourceQueuesOutput {
                queue_urls: each(&v["queueUrls"], t),
                next_token: o(&v["NextToken"]),
            })
        }
        Action::StartMessageMoveTask => {
            Output::StartMessageMoveTask(sqs::StartMessageMoveTaskOutput { task_handle: t(&v["TaskHandle"]) })
        }
        Action::CancelMessageMoveTask => Output::CancelMessageMoveTask(sqs::CancelMessageMoveTaskOutput {
            approximate_number_of_messages_moved: v["ApproximateNumberOfMessagesMoved"]
                .as_u64()
                .expect("a number"),
        }),
        Action::ListMessageMoveTasks => Output::ListMessageMoveTasks(sqs::ListMessageMoveTasksOutput {
            results: each(&v["Results"], move_task),
        }),
        _ => return None,
    })
}

#[allow(clippy::wildcard_enum_match_arm, reason = "the other part is in the other functions")]
fn sns_output(action: Action, v: &Value) -> Option<Output<'_>> {
    let attributes = || sns::AttributesOutput { attributes: pairs(&v["Attributes"]) };
    Some(match action {
        Action::CreateTopic => Output::CreateTopic(sns::CreateTopicOutput { topic_arn: t(&v["TopicArn"]) }),
        Action::DeleteTopic => Output::DeleteTopic,
        Action::GetSubscriptionAttributes => Output::GetSubscriptionAttributes(attributes()),
        Action::GetTopicAttributes => Output::GetTopicAttributes(attributes()),
        Action::ListSubscriptions => Output::ListSubscriptions(subscriptions(v)),
        Action::ListSubscriptionsByTopic => Output::ListSubscriptionsByTopic(subscriptions(v)),
        Action::ListTagsForResource => {
            let tags = each(&v["Tags"], |tag| (t(&tag["Key"]), t(&tag["Value"])));
            Output::ListTagsForResource(sns::ListTagsForResourceOutput { tags })
        }
        Action::ListTopics => Output::ListTopics(sns::ListTopicsOutput {
            topic_arns: each(&v["Topics"], |topic| t(&topic["TopicArn"])),
            next_token: o(&v["NextToken"]),
        }),
        Action::Publish => Output::Publish(sns::PublishOutput {
            message_id: t(&v["MessageId"]),
            sequence_number: o(&v["SequenceNumber"]),
        }),
        Action::PublishBatch => Output::PublishBatch(published(v)),
        Action::SetSubscriptionAttributes => Output::SetSubscriptionAttributes,
        Action::SetTopicAttributes => Output::SetTopicAttributes,
        Action::Subscribe => {
            Output::Subscribe(sns::SubscribeOutput { subscription_arn: t(&v["SubscriptionArn"]) })
        }
        Action::TagResource => Output::TagResource,
        Action::Unsubscribe => Output::Unsubscribe,
        Action::UntagResource => Output::UntagResource,
        Action::ConfirmSubscription => {
            Output::ConfirmSubscription(sns::SubscribeOutput { subscription_arn: t(&v["SubscriptionArn"]) })
        }
        Action::SnsAddPermission => Output::SnsAddPermission,
        Action::SnsRemovePermission => Output::SnsRemovePermission,
        Action::GetDataProtectionPolicy => {
            Output::GetDataProtectionPolicy(sns::GetDataProtectionPolicyOutput {
                data_protection_policy: t(&v["DataProtectionPolicy"]),
            })
        }
        Action::PutDataProtectionPolicy => Output::PutDataProtectionPolicy,
        _ => return None,
    })
}

fn endpoint(value: &Value) -> platform::Endpoint<'_> {
    platform::Endpoint { arn: t(&value["EndpointArn"]), attributes: pairs(&value["Attributes"]) }
}

fn application(value: &Value) -> platform::Application<'_> {
    let arn = t(&value["PlatformApplicationArn"]);
    platform::Application { arn, attributes: pairs(&value["Attributes"]) }
}

#[allow(clippy::wildcard_enum_match_arm, reason = "the other part is in the other functions")]
fn platform_output(action: Action, v: &Value) -> Option<Output<'_>> {
    let attributes = || sns::AttributesOutput { attributes: pairs(&v["Attributes"]) };
    Some(match action {
        Action::CreatePlatformApplication => {
            Output::CreatePlatformApplication(platform::CreatePlatformApplicationOutput {
                platform_application_arn: t(&v["PlatformApplicationArn"]),
            })
        }
        Action::CreatePlatformEndpoint => {
            Output::CreatePlatformEndpoint(platform::CreatePlatformEndpointOutput {
                endpoint_arn: t(&v["EndpointArn"]),
            })
        }
        Action::DeleteEndpoint => Output::DeleteEndpoint,
        Action::DeletePlatformApplication => Output::DeletePlatformApplication,
        Action::GetEndpointAttributes => Output::GetEndpointAttributes(attributes()),
        Action::GetPlatformApplicationAttributes => Output::GetPlatformApplicationAttributes(attributes()),
        Action::SetEndpointAttributes => Output::SetEndpointAttributes,
        Action::SetPlatformApplicationAttributes => Output::SetPlatformApplicationAttributes,
        Action::ListEndpointsByPlatformApplication => {
            Output::ListEndpointsByPlatformApplication(platform::ListEndpointsByPlatformApplicationOutput {
                endpoints: each(&v["Endpoints"], endpoint),
                next_token: o(&v["NextToken"]),
            })
        }
        Action::ListPlatformApplications => {
            Output::ListPlatformApplications(platform::ListPlatformApplicationsOutput {
                applications: each(&v["PlatformApplications"], application),
                next_token: o(&v["NextToken"]),
            })
        }
        _ => return None,
    })
}

fn sandbox_number(value: &Value) -> sms::SandboxPhoneNumber<'_> {
    let status = match text(&value["Status"]) {
        "Pending" => sms::SandboxStatus::Pending,
        "Verified" => sms::SandboxStatus::Verified,
        other => panic!("no phone is {other}"),
    };
    sms::SandboxPhoneNumber { phone_number: t(&value["PhoneNumber"]), status }
}

fn origination_number(value: &Value) -> sms::OriginationNumber<'_> {
    sms::OriginationNumber {
        created_at_ms: parse_timestamp(text(&value["CreatedAt"])).expect("a timestamp"),
        phone_number: t(&value["PhoneNumber"]),
        status: t(&value["Status"]),
        iso2_country_code: t(&value["Iso2CountryCode"]),
        route_type: t(&value["RouteType"]),
        capabilities: each(&value["NumberCapabilities"], t),
    }
}

#[allow(clippy::wildcard_enum_match_arm, reason = "the other part is in the other functions")]
fn sms_output(action: Action, v: &Value) -> Option<Output<'_>> {
    let flag = |name: &str| v[name].as_bool().expect("a boolean");
    Some(match action {
        Action::CheckIfPhoneNumberIsOptedOut => {
            let is_opted_out = flag("isOptedOut");
            Output::CheckIfPhoneNumberIsOptedOut(sms::CheckIfPhoneNumberIsOptedOutOutput { is_opted_out })
        }
        Action::ListPhoneNumbersOptedOut => {
            Output::ListPhoneNumbersOptedOut(sms::ListPhoneNumbersOptedOutOutput {
                phone_numbers: each(&v["phoneNumbers"], t),
                next_token: o(&v["nextToken"]),
            })
        }
        Action::OptInPhoneNumber => Output::OptInPhoneNumber,
        Action::SetSmsAttributes => Output::SetSmsAttributes,
        Action::GetSmsAttributes => {
            Output::GetSmsAttributes(sms::GetSmsAttributesOutput { attributes: pairs(&v["attributes"]) })
        }
        Action::GetSmsSandboxAccountStatus => {
            let is_in_sandbox = flag("IsInSandbox");
            Output::GetSmsSandboxAccountStatus(sms::GetSmsSandboxAccountStatusOutput { is_in_sandbox })
        }
        Action::CreateSmsSandboxPhoneNumber => Output::CreateSmsSandboxPhoneNumber,
        Action::VerifySmsSandboxPhoneNumber => Output::VerifySmsSandboxPhoneNumber,
        Action::DeleteSmsSandboxPhoneNumber => Output::DeleteSmsSandboxPhoneNumber,
        Action::ListSmsSandboxPhoneNumbers => {
            Output::ListSmsSandboxPhoneNumbers(sms::ListSmsSandboxPhoneNumbersOutput {
                phone_numbers: each(&v["PhoneNumbers"], sandbox_number),
                next_token: o(&v["NextToken"]),
            })
        }
        Action::ListOriginationNumbers => Output::ListOriginationNumbers(sms::ListOriginationNumbersOutput {
            phone_numbers: each(&v["PhoneNumbers"], origination_number),
            next_token: o(&v["NextToken"]),
        }),
        _ => return None,
    })
}
