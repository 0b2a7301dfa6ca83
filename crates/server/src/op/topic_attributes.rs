//! Topic attributes: from what is given to the stored form, and to what is shown (sns 3).
//!
//! Most of them no rule acts on; they are checked and kept as text.

use super::{delivery_policy, filter};
use postrider_core::Arn;
use postrider_core::limits;
use postrider_core::reply::TopicView;
use postrider_core::topic::retry::Schedule;
use postrider_wire::error::Error;
use postrider_wire::error::sns::{self as errors, SetBy};
use postrider_wire::sqs::NamedValues;

/// The longest `DisplayName`, characters.
const DISPLAY_NAME_CHARS_MAX: usize = 100;
/// The longest `Policy`, bytes.
const POLICY_BYTES_MAX: usize = 30_720;

/// Protocols whose deliveries can be logged.
const FEEDBACK_PROTOCOLS: [&str; 5] = ["HTTP", "Firehose", "Lambda", "Application", "SQS"];

/// An attribute that is set, in its stored form; `None` unsets it.
///
/// # Errors
/// A standard topic has no attribute of this name that could be set, or the value is none.
pub(super) fn stored(by: SetBy, name: &str, value: &str) -> Result<Option<Box<str>>, Error> {
    let refuse = |why: &str| Err(errors::subscription_attribute(by, &format!("{name}: {why}")));
    match name {
        "DisplayName" if value.chars().count() > DISPLAY_NAME_CHARS_MAX => {
            refuse("must be at most 100 characters long")
        }
        "Policy" if value.len() > POLICY_BYTES_MAX || !filter::is_json_object(value) => {
            Err(errors::invalid_parameter("Policy Error: null"))
        }
        "DeliveryPolicy" if !value.is_empty() => {
            match delivery_policy::topic(value).map(|accepted| accepted.text) {
                Ok(stored) => Ok(Some(stored.into())),
                Err(flaw) => refuse(&flaw),
            }
        }
        "SignatureVersion" if !matches!(value, "1" | "2") => refuse("must be 1 or 2"),
        "TracingConfig" if !matches!(value, "PassThrough" | "Active") => {
            refuse("must be PassThrough or Active")
        }
        "MaximumMessageSize" => match digits(value).filter(|bytes| limits::MESSAGE_BYTES.contains(bytes)) {
            Some(bytes) => Ok(Some(bytes.to_string().into())),
            None => refuse("must be between 1024 and 1048576"),
        },
        "DisplayName" | "Policy" | "DeliveryPolicy" | "SignatureVersion" | "TracingConfig"
        | "KmsMasterKeyId" => Ok(given(value)),
        _ => match feedback(name) {
            Some(Feedback::Role) if value.is_empty() || Arn::parse(value).is_some() => Ok(given(value)),
            Some(Feedback::Role) => refuse("must be the ARN of a role"),
            Some(Feedback::Rate) if digits(value).is_some_and(|rate| rate <= 100) => Ok(given(value)),
            Some(Feedback::Rate) => refuse("must be between 0 and 100"),
            None => Err(unknown(by, name)),
        },
    }
}

fn given(value: &str) -> Option<Box<str>> {
    (!value.is_empty()).then(|| value.into())
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

/// All attributes of a topic, in AWS's order.
pub(super) fn shown(view: &TopicView) -> NamedValues<'_> {
    let set = |name: &str| view.attributes.get(name).map(|value| &**value);
    let mut shown: NamedValues<'_> = Vec::with_capacity(12);
    let policy = set("Policy").map_or_else(|| default_policy(&view.arn).into(), Into::into);
    shown.push(("Policy".into(), policy));
    optional(&mut shown, "SignatureVersion", set("SignatureVersion"));
    shown.push(("Owner".into(), view.arn.account().into()));
    shown.push(("SubscriptionsPending".into(), "0".into()));
    optional(&mut shown, "KmsMasterKeyId", set("KmsMasterKeyId"));
    shown.push(("TopicArn".into(), view.arn.as_str().into()));
    optional(&mut shown, "TracingConfig", set("TracingConfig"));
    let effective = delivery_policy::topic_effective(Schedule::HTTP, set("DeliveryPolicy"));
    shown.push(("EffectiveDeliveryPolicy".into(), effective.into()));
    shown.push(("SubscriptionsConfirmed".into(), view.subscriptions.to_string().into()));
    shown.push(("DisplayName".into(), set("DisplayName").unwrap_or_default().into()));
    optional(&mut shown, "DeliveryPolicy", set("DeliveryPolicy"));
    shown.push(("SubscriptionsDeleted".into(), view.subscriptions_deleted.to_string().into()));
    optional(&mut shown, "MaximumMessageSize", set("MaximumMessageSize"));
    let rest = view.attributes.iter().filter(|(name, _)| feedback(name).is_some());
    shown.extend(rest.map(|(name, value)| ((&**name).into(), (&**value).into())));
    shown
}

fn optional<'v>(shown: &mut NamedValues<'v>, name: &'static str, value: Option<&'v str>) {
    shown.extend(value.map(|value| (name.into(), value.into())));
}

/// The policy of a topic that has none, in AWS's exact text.
fn default_policy(topic: &Arn) -> String {
    format!(
        r#"{{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{{"Sid":"__default_statement_ID","Effect":"Allow","Principal":{{"AWS":"*"}},"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission","SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"],"Resource":"{topic}","Condition":{{"StringEquals":{{"AWS:SourceOwner":"{}"}}}}}}]}}"#,
        topic.account()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_checked_and_normalised() {
        let ok = |name, value| stored(SetBy::Set, name, value).unwrap().map(String::from);
        assert_eq!(ok("DisplayName", "News"), Some("News".into()));
        assert_eq!(ok("DisplayName", ""), None);
        assert_eq!(ok("DeliveryPolicy", ""), None);
        assert_eq!(ok("MaximumMessageSize", "0002048"), Some("2048".into()));
        assert_eq!(ok("SQSSuccessFeedbackSampleRate", "100"), Some("100".into()));
        assert_eq!(
            ok("LambdaFailureFeedbackRoleArn", "arn:aws:iam::000000000000:role/r"),
            Some("arn:aws:iam::000000000000:role/r".into())
        );
        assert_eq!(ok("HTTPSuccessFeedbackRoleArn", ""), None);
        let bad = [
            ("DisplayName", "x".repeat(101)),
            ("Policy", "[]".to_owned()),
            ("Policy", String::new()),
            ("DeliveryPolicy", "{".to_owned()),
            ("SignatureVersion", "3".to_owned()),
            ("TracingConfig", "Off".to_owned()),
            ("MaximumMessageSize", "1023".to_owned()),
            ("SQSSuccessFeedbackSampleRate", "101".to_owned()),
            ("SQSSuccessFeedbackRoleArn", "role".to_owned()),
        ];
        for (name, value) in bad {
            let error = stored(SetBy::Set, name, &value).unwrap_err();
            assert!(error.message.starts_with("Invalid parameter: "), "{name}");
        }
    }

    #[test]
    fn names_that_cannot_be_set_are_refused() {
        for name in
            ["FifoTopic", "ContentBasedDeduplication", "Owner", "Colour", "SQSSuccess", "ArchivePolicy"]
        {
            assert_eq!(stored(SetBy::Set, name, "true"), Err(errors::attribute_name()), "{name}");
        }
    }
}
