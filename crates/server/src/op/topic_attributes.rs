//! Topic attributes: from what is given to the stored form, and to what is shown (sns 3).
//!
//! Most of them no rule acts on; they are checked and kept as text.

use super::subscription_attributes::POLICY_BYTES_MAX;
use super::{delivery_policy, policy_document};
use postrider_core::command::TopicMeaning;
use postrider_core::reply::TopicView;
use postrider_core::topic::retry::{Schedule, TopicPolicy};
use postrider_core::{Arn, Timestamp, limits};
use postrider_iam::Account;
use postrider_wire::envelope::timestamp;
use postrider_wire::error::Error;
use postrider_wire::error::sns::{self as errors, SetBy};
use postrider_wire::sns::archive::ArchivePolicy;
use postrider_wire::sqs::NamedValues;

/// The longest `DisplayName`, characters.
const DISPLAY_NAME_CHARS_MAX: usize = 100;

/// The longest `KmsMasterKeyId`, bytes: that of an ARN.
const KMS_KEY_BYTES_MAX: usize = limits::ARN_BYTES_MAX;

/// Protocols whose deliveries can be logged.
const FEEDBACK_PROTOCOLS: [&str; 5] = ["HTTP", "Firehose", "Lambda", "Application", "SQS"];

/// What an attribute of a topic of FIFO type is called that says so. It is set when the topic is created.
pub(super) const FIFO_TOPIC: &str = "FifoTopic";
/// Under this name a topic keeps its data protection policy, which is not among its attributes for anybody (sns 15).
pub(super) const DATA_PROTECTION: &str = "DataProtectionPolicy";

/// An attribute as it is kept.
#[derive(Debug, Default)]
pub(super) struct Stored {
    /// Its text; `None` unsets it.
    pub(super) text: Option<Box<str>>,
    /// What follows from it.
    pub(super) meaning: TopicMeaning,
}

impl Stored {
    fn text(text: impl Into<Box<str>>) -> Stored {
        Stored { text: Some(text.into()), meaning: TopicMeaning::default() }
    }
}

/// An attribute that is set on a topic, in its stored form.
///
/// # Errors
/// A topic of this type has no attribute of this name that could be set, or the value is none.
pub(super) fn stored(topic: &Arn, by: SetBy, name: &str, value: &str) -> Result<Stored, Error> {
    let refuse = |why: &str| Err(errors::subscription_attribute(by, &format!("{name}: {why}")));
    let one_of = |values: [&str; 2]| {
        if values.contains(&value) { Ok(given(value)) } else { refuse(&values.join(" or ")) }
    };
    match name {
        "DisplayName" if value.chars().count() > DISPLAY_NAME_CHARS_MAX => {
            refuse("must be at most 100 characters long")
        }
        "Policy" if !policy_document::is_policy_of(value, topic) => {
            Err(errors::invalid_parameter("Policy Error: null"))
        }
        "KmsMasterKeyId" if value.len() > KMS_KEY_BYTES_MAX => refuse("must be at most 2048 bytes long"),
        "DisplayName" | "Policy" | "KmsMasterKeyId" => Ok(given(value)),
        "DeliveryPolicy" => delivery(value).or_else(|flaw| refuse(&flaw)),
        "SignatureVersion" => one_of(["1", "2"]),
        "TracingConfig" if topic.is_fifo() => refuse("valid for standard topics only"),
        "TracingConfig" => one_of(["PassThrough", "Active"]),
        "MaximumMessageSize" => match digits(value).filter(|bytes| limits::MESSAGE_BYTES.contains(bytes)) {
            Some(bytes) => Ok(Stored::text(bytes.to_string())),
            None => refuse("must be between 1024 and 1048576"),
        },
        "ContentBasedDeduplication" | "FifoThroughputScope" | "ArchivePolicy" if !topic.is_fifo() => {
            Err(errors::fifo_only_attribute(by, name))
        }
        // Off is what a topic is that says nothing, and so it is kept.
        "ContentBasedDeduplication" if value.eq_ignore_ascii_case("true") => Ok(Stored::text("true")),
        "ContentBasedDeduplication" if value.eq_ignore_ascii_case("false") => Ok(Stored::default()),
        "ContentBasedDeduplication" => refuse("must be true or false"),
        "FifoThroughputScope" => one_of(["Topic", "MessageGroup"]),
        "ArchivePolicy" => archive(by, value),
        _ => match feedback(name) {
            Some(Feedback::Role) if value.is_empty() || is_role(value) => Ok(given(value)),
            Some(Feedback::Role) => refuse("must be the ARN of a role"),
            Some(Feedback::Rate) if digits(value).is_some_and(|rate| rate <= 100) => Ok(given(value)),
            Some(Feedback::Rate) => refuse("must be between 0 and 100"),
            None => Err(unknown(by, name)),
        },
    }
}

fn delivery(value: &str) -> Result<Stored, String> {
    let (text, policy) = match value {
        "" => (None, TopicPolicy::default()),
        value => {
            let accepted = delivery_policy::topic(value)?;
            (Some(accepted.text.into()), accepted.policy)
        }
    };
    Ok(Stored { text, meaning: TopicMeaning { delivery: Some(policy), archive_days: None } })
}

fn archive(by: SetBy, value: &str) -> Result<Stored, Error> {
    if value.len() > POLICY_BYTES_MAX {
        return Err(errors::archive_policy(by, "must be at most 4096 bytes long"));
    }
    let (text, days) = match ArchivePolicy::parse(by, value)? {
        ArchivePolicy::Inactive => (None, 0),
        ArchivePolicy::Active { retention_days } => (Some(value.into()), retention_days),
    };
    let archive_days = Some(u16::try_from(days).expect("at most a year of days"));
    Ok(Stored { text, meaning: TopicMeaning { delivery: None, archive_days } })
}

fn given(value: &str) -> Stored {
    Stored { text: (!value.is_empty()).then(|| value.into()), meaning: TopicMeaning::default() }
}

/// Is it the ARN of a role, which is in no region?
pub(super) fn is_role(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [start, _, service, _, account, resource] = parts[..] else { return false };
    let fits = text.len() <= limits::ARN_BYTES_MAX && Account::parse(account).is_some();
    start == "arn"
        && service == "iam"
        && fits
        && resource.strip_prefix("role/").is_some_and(|name| !name.is_empty())
}

fn digits(value: &str) -> Option<u32> {
    value.bytes().all(|byte| byte.is_ascii_digit()).then(|| value.parse().ok()).flatten()
}

/// AWS's words for an unknown name in a map of attributes are not known.
pub(super) fn unknown(by: SetBy, name: &str) -> Error {
    match by {
        SetBy::Subscribe => {
            errors::invalid_parameter_because("Attributes", &format!("Unknown attribute {name}"))
        }
        SetBy::Set => errors::attribute_name(),
    }
}

enum Feedback {
    Role,
    Rate,
}

fn feedback(name: &str) -> Option<Feedback> {
    let rest = FEEDBACK_PROTOCOLS.iter().find_map(|protocol| name.strip_prefix(protocol))?;
    match rest {
        "SuccessFeedbackRoleArn" | "FailureFeedbackRoleArn" => Some(Feedback::Role),
        "SuccessFeedbackSampleRate" => Some(Feedback::Rate),
        _ => None,
    }
}

/// All attributes of a topic, in AWS's order. `retries` is what counts where the topic does not say.
pub(super) fn shown(view: &TopicView, retries: Schedule, now: Timestamp) -> NamedValues<'_> {
    let set = |name: &str| view.attributes.get(name).map(|value| &**value);
    let mut shown: NamedValues<'_> = Vec::with_capacity(12);
    let policy = set("Policy").map_or_else(|| default_policy(&view.arn).into(), Into::into);
    shown.push(("Policy".into(), policy));
    optional(&mut shown, "SignatureVersion", set("SignatureVersion"));
    shown.push(("Owner".into(), view.arn.account().into()));
    shown.push(("SubscriptionsPending".into(), view.subscriptions_pending.to_string().into()));
    optional(&mut shown, "KmsMasterKeyId", set("KmsMasterKeyId"));
    shown.push(("TopicArn".into(), view.arn.as_str().into()));
    optional(&mut shown, "TracingConfig", set("TracingConfig"));
    let effective = delivery_policy::topic_effective(retries, set("DeliveryPolicy"));
    shown.push(("EffectiveDeliveryPolicy".into(), effective.into()));
    shown.push(("SubscriptionsConfirmed".into(), view.subscriptions.to_string().into()));
    shown.push(("DisplayName".into(), set("DisplayName").unwrap_or_default().into()));
    optional(&mut shown, "DeliveryPolicy", set("DeliveryPolicy"));
    shown.push(("SubscriptionsDeleted".into(), view.subscriptions_deleted.to_string().into()));
    optional(&mut shown, "MaximumMessageSize", set("MaximumMessageSize"));
    if view.arn.is_fifo() {
        shown.push((FIFO_TOPIC.into(), "true".into()));
        let content = set("ContentBasedDeduplication").unwrap_or("false");
        shown.push(("ContentBasedDeduplication".into(), content.into()));
        optional(&mut shown, "FifoThroughputScope", set("FifoThroughputScope"));
        optional(&mut shown, "ArchivePolicy", set("ArchivePolicy"));
        let begins = view.archive.map(|archive| timestamp(archive.begins(now).0));
        shown.extend(begins.map(|begins| ("BeginningArchiveTime".into(), begins.into())));
    }
    let rest = view.attributes.iter().filter(|(name, _)| feedback(name).is_some());
    shown.extend(rest.map(|(name, value)| ((&**name).into(), (&**value).into())));
    shown
}

fn optional<'v>(shown: &mut NamedValues<'v>, name: &'static str, value: Option<&'v str>) {
    shown.extend(value.map(|value| (name.into(), value.into())));
}

/// The policy of a topic that has none, in AWS's exact text.
pub(super) fn default_policy(topic: &Arn) -> String {
    format!(
        r#"{{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{{"Sid":"__default_statement_ID","Effect":"Allow","Principal":{{"AWS":"*"}},"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission","SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"],"Resource":"{topic}","Condition":{{"StringEquals":{{"AWS:SourceOwner":"{}"}}}}}}]}}"#,
        topic.account()
    )
}

#[cfg(test)]
mod tests;
