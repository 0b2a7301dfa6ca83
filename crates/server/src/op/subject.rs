//! What an operation is about, and which right it needs: found before anybody is judged.
//!
//! A queue is named by a URL of which only the last two segments count; a topic by its ARN, which has to
//! be of the region that the request was signed for. Account-level operations are about the prefix of all
//! ARNs of the account, which policies call `*`.

mod platform;

use crate::urls::region_of_url;
use platform::{application, endpoint, new_application, recipient};
use postrider_core::Arn;
use postrider_core::id::Uuid;
use postrider_iam::{Account, Caller};
use postrider_wire::error::{Error, common, sns, sqs};
use postrider_wire::sns::{CreateTopic, Publish};
use postrider_wire::sqs::{
    CancelMessageMoveTask, CreateQueue, GetQueueUrl, StartMessageMoveTask, TaskHandle, required,
};
use postrider_wire::{Operation, Protocol, Service, Text, url};

/// The partition of all ARNs.
pub(super) const PARTITION: &str = "aws";

/// The actions of SQS that are never for another account (auth 4).
pub(super) const OWNER_ONLY: [&str; 12] = [
    "AddPermission",
    "CancelMessageMoveTask",
    "CreateQueue",
    "DeleteQueue",
    "ListMessageMoveTasks",
    "ListQueueTags",
    "ListQueues",
    "RemovePermission",
    "SetQueueAttributes",
    "StartMessageMoveTask",
    "TagQueue",
    "UntagQueue",
];

/// What an operation is about.
#[derive(Debug)]
pub(super) struct Subject {
    /// The queue, topic or platform application; for account-level operations the account's prefix, with an empty
    /// name.
    pub(super) arn: Arn,
    /// The subscription, if the operation is about one of the topic.
    pub(super) subscription: Option<Uuid>,
    /// The endpoint, if the operation is about one of the platform application that `arn` names.
    pub(super) endpoint: Option<Arn>,
    /// The action as policies name it.
    pub(super) action: &'static str,
    /// Other actions that are needed, too (auth 5).
    pub(super) also: &'static [&'static str],
    /// The queue that messages are to be moved to, on which `sqs:SendMessage` is needed.
    pub(super) destination: Option<Arn>,
    /// Whose operation it is.
    pub(super) service: Service,
    /// Whether a missing queue is the first thing to complain of.
    pub(super) must_exist: bool,
}

impl Subject {
    /// Finds it.
    ///
    /// # Errors
    /// The operation names none, or not in a form that could name one.
    #[allow(clippy::too_many_lines, reason = "a table with a row for each of the 65 actions")]
    pub(super) fn of(
        operation: &Operation<'_>,
        caller: &Caller,
        protocol: Protocol,
    ) -> Result<Subject, Error> {
        let queue = |url: &Option<Text<'_>>, action| {
            let missing = || sqs::queue_does_not_exist(protocol);
            let arn = url.as_ref().and_then(|url| queue_arn(url, caller)).ok_or_else(missing)?;
            Ok(sqs_subject(arn, action, &[], true))
        };
        let topic = |arn: &str, action| topic_named("TopicArn", arn, action, caller);
        let tagged = |arn: &str, action| topic_named("ResourceArn", arn, action, caller);
        match operation {
            Operation::SendMessage(asked) => queue(&asked.queue_url, "sqs:SendMessage"),
            Operation::SendMessageBatch(asked) => queue(&asked.queue_url, "sqs:SendMessage"),
            Operation::ReceiveMessage(asked) => queue(&asked.queue_url, "sqs:ReceiveMessage"),
            Operation::DeleteMessage(asked) => queue(&asked.queue_url, "sqs:DeleteMessage"),
            Operation::DeleteMessageBatch(asked) => queue(&asked.queue_url, "sqs:DeleteMessage"),
            Operation::ChangeMessageVisibility(asked) => {
                queue(&asked.queue_url, "sqs:ChangeMessageVisibility")
            }
            Operation::ChangeMessageVisibilityBatch(asked) => {
                queue(&asked.queue_url, "sqs:ChangeMessageVisibility")
            }
            Operation::DeleteQueue(asked) => queue(&asked.queue_url, "sqs:DeleteQueue"),
            Operation::GetQueueAttributes(asked) => queue(&asked.queue_url, "sqs:GetQueueAttributes"),
            Operation::SetQueueAttributes(asked) => queue(&asked.queue_url, "sqs:SetQueueAttributes"),
            Operation::PurgeQueue(asked) => queue(&asked.queue_url, "sqs:PurgeQueue"),
            Operation::ListQueueTags(asked) => queue(&asked.queue_url, "sqs:ListQueueTags"),
            Operation::TagQueue(asked) => queue(&asked.queue_url, "sqs:TagQueue"),
            Operation::UntagQueue(asked) => queue(&asked.queue_url, "sqs:UntagQueue"),
            Operation::SqsAddPermission(asked) => queue(&asked.queue_url, "sqs:AddPermission"),
            Operation::SqsRemovePermission(asked) => queue(&asked.queue_url, "sqs:RemovePermission"),
            Operation::ListDeadLetterSourceQueues(asked) => {
                queue(&asked.queue_url, "sqs:ListDeadLetterSourceQueues")
            }
            Operation::StartMessageMoveTask(asked) => started_move(asked, caller),
            Operation::CancelMessageMoveTask(asked) => cancelled_move(asked, caller),
            Operation::ListMessageMoveTasks(asked) => {
                let source = move_arn("SourceArn", required(asked.source_arn.as_ref(), "SourceArn")?)?;
                move_subject(source, "sqs:ListMessageMoveTasks", caller)
            }
            Operation::CreateQueue(asked) => new_queue(asked, caller),
            Operation::GetQueueUrl(asked) => queue_by_name(asked, caller, protocol),
            Operation::ListQueues(_) => {
                Ok(sqs_subject(own(caller, Service::Sqs, ""), "sqs:ListQueues", &[], false))
            }
            Operation::CreateTopic(asked) => Ok(new_topic(asked, caller)),
            Operation::ListTopics(_) => Ok(sns_subject(own(caller, Service::Sns, ""), "sns:ListTopics", &[])),
            Operation::ListSubscriptions(_) => {
                Ok(sns_subject(own(caller, Service::Sns, ""), "sns:ListSubscriptions", &[]))
            }
            Operation::DeleteTopic(asked) => topic(&asked.topic_arn, "sns:DeleteTopic"),
            Operation::GetTopicAttributes(asked) => topic(&asked.topic_arn, "sns:GetTopicAttributes"),
            Operation::SetTopicAttributes(asked) => topic(&asked.topic_arn, "sns:SetTopicAttributes"),
            Operation::Subscribe(asked) => topic(&asked.topic_arn, "sns:Subscribe"),
            Operation::ListSubscriptionsByTopic(asked) => {
                topic(&asked.topic_arn, "sns:ListSubscriptionsByTopic")
            }
            Operation::Publish(asked) => published_to(asked, caller),
            Operation::PublishBatch(asked) => topic(&asked.topic_arn, "sns:Publish"),
            Operation::Unsubscribe(asked) => unsubscribed(&asked.subscription_arn, caller),
            Operation::GetSubscriptionAttributes(asked) => {
                subscription(&asked.subscription_arn, "sns:GetSubscriptionAttributes", caller)
            }
            Operation::SetSubscriptionAttributes(asked) => {
                subscription(&asked.subscription_arn, "sns:SetSubscriptionAttributes", caller)
            }
            Operation::TagResource(asked) => tagged(&asked.resource_arn, "sns:TagResource"),
            Operation::UntagResource(asked) => tagged(&asked.resource_arn, "sns:UntagResource"),
            Operation::ListTagsForResource(asked) => tagged(&asked.resource_arn, "sns:ListTagsForResource"),
            Operation::ConfirmSubscription(asked) => confirmed(&asked.topic_arn, caller),
            Operation::SnsAddPermission(asked) => topic(&asked.topic_arn, "sns:AddPermission"),
            Operation::SnsRemovePermission(asked) => topic(&asked.topic_arn, "sns:RemovePermission"),
            Operation::GetDataProtectionPolicy(asked) => {
                tagged(&asked.resource_arn, "sns:GetDataProtectionPolicy")
            }
            Operation::PutDataProtectionPolicy(asked) => {
                tagged(&asked.resource_arn, "sns:PutDataProtectionPolicy")
            }
            Operation::CheckIfPhoneNumberIsOptedOut(_) => {
                Ok(account(caller, "sns:CheckIfPhoneNumberIsOptedOut"))
            }
            Operation::ListPhoneNumbersOptedOut(_) => Ok(account(caller, "sns:ListPhoneNumbersOptedOut")),
            Operation::OptInPhoneNumber(_) => Ok(account(caller, "sns:OptInPhoneNumber")),
            Operation::GetSmsAttributes(_) => Ok(account(caller, "sns:GetSMSAttributes")),
            Operation::SetSmsAttributes(_) => Ok(account(caller, "sns:SetSMSAttributes")),
            Operation::GetSmsSandboxAccountStatus(_) => Ok(account(caller, "sns:GetSMSSandboxAccountStatus")),
            Operation::CreateSmsSandboxPhoneNumber(_) => {
                Ok(account(caller, "sns:CreateSMSSandboxPhoneNumber"))
            }
            Operation::VerifySmsSandboxPhoneNumber(_) => {
                Ok(account(caller, "sns:VerifySMSSandboxPhoneNumber"))
            }
            Operation::DeleteSmsSandboxPhoneNumber(_) => {
                Ok(account(caller, "sns:DeleteSMSSandboxPhoneNumber"))
            }
            Operation::ListSmsSandboxPhoneNumbers(_) => Ok(account(caller, "sns:ListSMSSandboxPhoneNumbers")),
            Operation::ListOriginationNumbers(_) => Ok(account(caller, "sns:ListOriginationNumbers")),
            Operation::ListPlatformApplications(_) => Ok(account(caller, "sns:ListPlatformApplications")),
            Operation::CreatePlatformApplication(asked) => new_application(asked, caller),
            Operation::DeletePlatformApplication(asked) => {
                application(&asked.platform_application_arn, "sns:DeletePlatformApplication", caller)
            }
            Operation::GetPlatformApplicationAttributes(asked) => {
                application(&asked.platform_application_arn, "sns:GetPlatformApplicationAttributes", caller)
            }
            Operation::SetPlatformApplicationAttributes(asked) => {
                application(&asked.platform_application_arn, "sns:SetPlatformApplicationAttributes", caller)
            }
            Operation::CreatePlatformEndpoint(asked) => {
                application(&asked.platform_application_arn, "sns:CreatePlatformEndpoint", caller)
            }
            Operation::ListEndpointsByPlatformApplication(asked) => {
                application(&asked.platform_application_arn, "sns:ListEndpointsByPlatformApplication", caller)
            }
            Operation::DeleteEndpoint(asked) => endpoint(&asked.endpoint_arn, "sns:DeleteEndpoint", caller),
            Operation::GetEndpointAttributes(asked) => {
                endpoint(&asked.endpoint_arn, "sns:GetEndpointAttributes", caller)
            }
            Operation::SetEndpointAttributes(asked) => {
                endpoint(&asked.endpoint_arn, "sns:SetEndpointAttributes", caller)
            }
        }
    }

    /// The resource as policies name it.
    pub(super) fn resource(&self) -> &str {
        match &self.endpoint {
            Some(endpoint) => endpoint.as_str(),
            None if self.arn.resource().is_empty() => "*",
            None => self.arn.as_str(),
        }
    }

    /// Lets nobody but the owner of a queue do what only owners can (auth 4). Who did not sign, on an open
    /// server, did not choose an account, and means that of the queue.
    pub(super) fn admit(&self, caller: &Caller) -> Result<(), Error> {
        let is_owner = caller.service().is_none() || caller.account().as_str() == self.arn.account();
        match self.action.strip_prefix("sqs:") {
            Some(action) if !is_owner && OWNER_ONLY.contains(&action) => {
                let allows = action.to_ascii_lowercase();
                let reason = format!("because no resource-based policy allows the sqs:{allows} action");
                let who = caller.principal().arn();
                Err(common::not_authorized(self.service, &who, action, self.resource(), &reason))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The ARN of the subscription that the operation is about.
    pub(super) fn subscription_arn(&self) -> Option<(String, Uuid)> {
        self.subscription.map(|id| (format!("{}:{id}", self.arn), id))
    }
}

fn sqs_subject(arn: Arn, action: &'static str, also: &'static [&'static str], must_exist: bool) -> Subject {
    let service = Service::Sqs;
    Subject { arn, subscription: None, endpoint: None, action, also, destination: None, service, must_exist }
}

fn sns_subject(arn: Arn, action: &'static str, also: &'static [&'static str]) -> Subject {
    Subject { service: Service::Sns, ..sqs_subject(arn, action, also, false) }
}

/// An ARN of the caller's account, in the region that it calls.
fn own(caller: &Caller, service: Service, name: &str) -> Arn {
    Arn::of(PARTITION, service.signing_name(), caller.region(), caller.account().as_str(), name)
}

/// A `QueueName` that is there and not empty (sqs 2).
fn queue_name<'t>(name: Option<&'t Text<'_>>) -> Result<&'t str, Error> {
    match name {
        Some(name) if name.is_empty() => Err(sqs::queue_name_empty()),
        Some(name) => Ok(name),
        None => Err(sqs::queue_name_absent()),
    }
}

fn new_queue(asked: &CreateQueue<'_>, caller: &Caller) -> Result<Subject, Error> {
    let name = queue_name(asked.queue_name.as_ref())?;
    let also: &[&str] = if asked.tags.is_some() { &["sqs:TagQueue"] } else { &[] };
    Ok(sqs_subject(own(caller, Service::Sqs, name), "sqs:CreateQueue", also, false))
}

fn queue_by_name(asked: &GetQueueUrl<'_>, caller: &Caller, protocol: Protocol) -> Result<Subject, Error> {
    let name = queue_name(asked.queue_name.as_ref())?;
    let owner = match asked.queue_owner_account.as_deref() {
        Some(owner) => Account::parse(owner).ok_or_else(|| sqs::queue_does_not_exist(protocol))?,
        None => caller.account(),
    };
    let arn = Arn::of(PARTITION, "sqs", caller.region(), owner.as_str(), name);
    Ok(sqs_subject(arn, "sqs:GetQueueUrl", &[], true))
}

/// The queue that a URL names: account and name are its last two segments, or a bare name is the
/// caller's own queue (sqs 3). The region is the caller's; who did not sign did not choose one, and means that
/// of the URL's host, if it names one.
fn queue_arn(url: &str, caller: &Caller) -> Option<Arn> {
    let named = url::parse(url)?;
    let account = named.account.as_deref().map_or(Some(caller.account()), Account::parse)?;
    let of_host = if caller.service().is_none() { region_of_url(url) } else { None };
    let region = of_host.unwrap_or_else(|| caller.region());
    Some(Arn::of(PARTITION, "sqs", region, account.as_str(), &named.name))
}

/// An ARN that a move task is given.
fn move_arn(parameter: &str, given: &str) -> Result<Arn, Error> {
    Arn::parse(given).ok_or_else(|| sqs::move_arn_format(parameter))
}

fn started_move(asked: &StartMessageMoveTask<'_>, caller: &Caller) -> Result<Subject, Error> {
    let source = move_arn("SourceArn", required(asked.source_arn.as_ref(), "SourceArn")?)?;
    let destination = asked.destination_arn.as_ref();
    let destination = destination.map(|given| move_arn("DestinationArn", given)).transpose()?;
    let subject = move_subject(source, "sqs:StartMessageMoveTask", caller)?;
    let also = &["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];
    Ok(Subject { also, destination, ..subject })
}

fn cancelled_move(asked: &CancelMessageMoveTask<'_>, caller: &Caller) -> Result<Subject, Error> {
    let handle = TaskHandle::parse(required(asked.task_handle.as_ref(), "TaskHandle")?);
    let source = handle.and_then(|handle| Arn::parse(&handle.source_arn));
    move_subject(source.ok_or_else(sqs::move_task_handle)?, "sqs:CancelMessageMoveTask", caller)
}

/// A queue of this region, else it is as good as missing. Who did not sign did not choose a region, and means
/// the ARN's.
fn move_subject(source: Arn, action: &'static str, caller: &Caller) -> Result<Subject, Error> {
    let here = caller.service().is_none() || source.region() == caller.region();
    let ours = source.partition() == PARTITION
        && source.service() == "sqs"
        && Account::parse(source.account()).is_some();
    if here && ours {
        Ok(sqs_subject(source, action, &[], false))
    } else {
        Err(sqs::move_queue_missing("SourceArn"))
    }
}

/// The account of the caller, in the region that it calls.
fn account(caller: &Caller, action: &'static str) -> Subject {
    let prefix = Arn::of_account(PARTITION, "sns", caller.region(), caller.account().as_str());
    sns_subject(prefix, action, &[])
}

fn new_topic(asked: &CreateTopic<'_>, caller: &Caller) -> Subject {
    let also: &[&str] = if asked.tags.is_some() { &["sns:TagResource"] } else { &[] };
    sns_subject(own(caller, Service::Sns, &asked.name), "sns:CreateTopic", also)
}

/// Exactly one of topic, target and phone. A target is a topic or an endpoint.
fn published_to(asked: &Publish<'_>, caller: &Caller) -> Result<Subject, Error> {
    match (&asked.topic_arn, &asked.target_arn, &asked.phone_number) {
        (Some(topic), None, None) => topic_named("TopicArn", topic, "sns:Publish", caller),
        (None, Some(target), None) => match Arn::parse(target) {
            Some(arn) if arn.resource().starts_with("endpoint/") => recipient(target, caller),
            Some(_) | None => topic_named("TargetArn", target, "sns:Publish", caller),
        },
        (None, None, Some(_)) => Ok(account(caller, "sns:Publish")),
        // SNS's own words for this are not known.
        (None, None, None) => {
            Err(sns::invalid_parameter_because("TopicArn", "no value for required parameter"))
        }
        (_, _, _) => Err(sns::invalid_parameter_because(
            "TopicArn",
            "only one of TopicArn, TargetArn and PhoneNumber can be given",
        )),
    }
}

fn topic_named(parameter: &str, text: &str, action: &'static str, caller: &Caller) -> Result<Subject, Error> {
    let arn = sns_arn(parameter, text, caller)?;
    if arn.resource().contains(':') {
        return Err(sns::foreign_arn(parameter));
    }
    Ok(sns_subject(arn, action, &[]))
}

/// An ARN of this service and region. Who did not sign did not choose a region, and means the ARN's.
fn sns_arn(parameter: &str, text: &str, caller: &Caller) -> Result<Arn, Error> {
    let elements = text.split(':').count();
    if elements < 6 {
        return Err(sns::bad_arn(parameter, elements));
    }
    let arn = Arn::parse(text).ok_or_else(|| sns::foreign_arn(parameter))?;
    let here = caller.service().is_none() || arn.region() == caller.region();
    let ours =
        arn.partition() == PARTITION && arn.service() == "sns" && Account::parse(arn.account()).is_some();
    if here && ours { Ok(arn) } else { Err(sns::foreign_arn(parameter)) }
}

/// A subscription's ARN: its topic's and an id. `None` for one that has no such id.
fn subscription_of(arn: &Arn) -> Option<(Arn, Uuid)> {
    let (topic, id) = arn.as_str().rsplit_once(':')?;
    let topic = Arn::parse(topic)?;
    Some((topic, Uuid::parse(id)?))
}

fn subscription(text: &str, action: &'static str, caller: &Caller) -> Result<Subject, Error> {
    let arn = sns_arn("SubscriptionArn", text, caller)?;
    let (topic, id) = subscription_of(&arn).ok_or_else(sns::subscription_does_not_exist)?;
    Ok(Subject { subscription: Some(id), ..sns_subject(topic, action, &[]) })
}

/// The topic that a confirmation names. Whoever has only the link is told no more than that it is none; and the link
/// was for the region that it names (sns 2).
fn confirmed(text: &str, caller: &Caller) -> Result<Subject, Error> {
    let action = "sns:ConfirmSubscription";
    match topic_named("TopicArn", text, action, caller) {
        Err(_) if caller.service().is_none() => Err(sns::topic_of_link()),
        found => found,
    }
}

fn unsubscribed(text: &str, caller: &Caller) -> Result<Subject, Error> {
    if text.is_empty() {
        return Err(sns::subscription_arn_empty());
    }
    let arn = sns_arn("SubscriptionArn", text, caller)?;
    let (topic, id) = subscription_of(&arn).ok_or_else(sns::subscription_id)?;
    Ok(Subject { subscription: Some(id), ..sns_subject(topic, "sns:Unsubscribe", &[]) })
}
