//! Queue attributes: from text to settings, and back (sqs 5.1).
//!
//! All values are texts. What has no meaning yet is refused, not forgotten: FIFO, redrive.

use crate::reject::not_yet_sqs;
use postrider_core::limits;
use postrider_core::queue::settings::{Encryption, Setting, Switch};
use postrider_core::reply::QueueView;
use postrider_wire::Text;
use postrider_wire::error::{Error, sqs as errors};
use postrider_wire::sqs::NamedValues;
use std::ops::RangeInclusive;

/// The longest `Policy`, bytes (sqs 4).
const POLICY_BYTES_MAX: usize = 8_192;

/// Attributes in the order in which AWS shows them.
const SHOWN: [&str; 16] = [
    "QueueArn",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "VisibilityTimeout",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "DelaySeconds",
    "ReceiveMessageWaitTimeSeconds",
    "Policy",
    "KmsMasterKeyId",
    "KmsDataKeyReusePeriodSeconds",
    "SqsManagedSseEnabled",
    "All",
];

/// Attributes that exist and that no standard queue without redrive has.
const NOT_HERE: [&str; 6] = [
    "RedrivePolicy",
    "RedriveAllowPolicy",
    "FifoQueue",
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "FifoThroughputLimit",
];

/// Whether an attribute of this name exists, settable or not.
pub(super) fn exists(name: &str) -> bool {
    SHOWN.contains(&name) || NOT_HERE.contains(&name)
}

/// Which kind of queue is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Standard,
    Fifo,
}

type Given<'a> = [(Text<'a>, Text<'a>)];

/// The kind that `FifoQueue` asks for.
pub(super) fn kind(given: &Given<'_>) -> Kind {
    let asked = given.iter().rev().find(|(name, _)| name == "FifoQueue");
    match asked.and_then(|(_, value)| switch(value)) {
        Some(Switch::On) => Kind::Fifo,
        Some(Switch::Off) | None => Kind::Standard,
    }
}

/// Checks that a change does not ask for another kind of queue.
pub(super) fn keeps_kind(given: &Given<'_>) -> Result<(), Error> {
    match kind(given) {
        Kind::Fifo => Err(errors::queue_type_is_fixed()),
        Kind::Standard => Ok(()),
    }
}

/// Reads attributes of a standard queue, in the order given; of a repeated name the last counts.
pub(super) fn settings(given: &Given<'_>) -> Result<Vec<Setting>, Error> {
    let mut settings: Vec<Setting> = Vec::with_capacity(given.len());
    for (name, value) in given {
        if let Some(setting) = setting(name, value)? {
            settings.retain(|earlier| earlier.name() != setting.name());
            settings.push(setting);
        }
    }
    Ok(settings)
}

/// `None` for an attribute that is being removed and was never there.
fn setting(name: &str, value: &str) -> Result<Option<Setting>, Error> {
    let whole = |range| whole(name, value, range);
    Ok(Some(match name {
        "VisibilityTimeout" => Setting::Visibility(whole(0..=limits::VISIBILITY_S_MAX)?),
        "MaximumMessageSize" => Setting::MessageBytesMax(whole(limits::MESSAGE_BYTES)?),
        "MessageRetentionPeriod" => Setting::Retention(whole(limits::RETENTION_S)?),
        "DelaySeconds" => Setting::Delay(whole(0..=limits::DELAY_S_MAX)?),
        "ReceiveMessageWaitTimeSeconds" => Setting::Wait(whole(0..=limits::WAIT_S_MAX)?),
        "KmsDataKeyReusePeriodSeconds" => Setting::KmsReuse(whole(limits::KMS_REUSE_S)?),
        "KmsMasterKeyId" => Setting::KmsKey((!value.is_empty()).then(|| value.into())),
        "SqsManagedSseEnabled" => {
            Setting::ManagedSse(switch(value).ok_or_else(|| errors::invalid_attribute_value(name))?)
        }
        "Policy" if value.is_empty() => Setting::Policy(None),
        "Policy" if is_policy(value) => Setting::Policy(Some(value.into())),
        "Policy" => return Err(errors::invalid_attribute_value(name)),
        "RedrivePolicy" | "RedriveAllowPolicy" if value.is_empty() => return Ok(None),
        "RedrivePolicy" => return Err(not_yet_sqs("Dead-letter queues (RedrivePolicy) are")),
        "RedriveAllowPolicy" => return Err(not_yet_sqs("Dead-letter queues (RedriveAllowPolicy) are")),
        "DeduplicationScope" | "FifoThroughputLimit" => return Err(errors::fifo_only_attribute(name)),
        _ => return Err(errors::unknown_attribute(name)),
    }))
}

/// Digits and nothing else, within a range.
fn whole(name: &str, value: &str, range: RangeInclusive<u32>) -> Result<u32, Error> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.then(|| value.parse().ok()).flatten().filter(|number| range.contains(number));
    number.ok_or_else(|| errors::invalid_attribute_value(name))
}

/// A boolean, in any case.
fn switch(value: &str) -> Option<Switch> {
    if value.eq_ignore_ascii_case("true") {
        Some(Switch::On)
    } else {
        value.eq_ignore_ascii_case("false").then_some(Switch::Off)
    }
}

fn is_policy(text: &str) -> bool {
    text.len() <= POLICY_BYTES_MAX && super::filter::is_json_object(text)
}

/// The attributes that a caller asks for, in the order in which they are shown.
pub(super) fn selection(asked: &[Text<'_>]) -> Result<Vec<&'static str>, Error> {
    if let Some(unknown) = asked.iter().find(|name| !exists(name)) {
        return Err(errors::unknown_attribute(unknown));
    }
    let all = asked.iter().any(|name| name == "All");
    let wanted = |name: &&str| all || asked.iter().any(|asked| asked == *name);
    Ok(SHOWN.into_iter().filter(wanted).collect())
}

/// The values of attributes, of those that the queue has.
pub(super) fn shown(view: &QueueView, names: &[&'static str]) -> NamedValues<'static> {
    let values = names.iter().filter_map(|&name| Some((name.into(), value(view, name)?.into())));
    values.collect()
}

fn value(view: &QueueView, name: &str) -> Option<String> {
    let settings = &view.settings;
    let key = match &settings.encryption {
        Encryption::Kms { key, reuse_s } => Some((key, reuse_s)),
        Encryption::Managed | Encryption::Off => None,
    };
    match name {
        "QueueArn" => Some(view.arn.to_string()),
        "ApproximateNumberOfMessages" => Some(view.counts.available.to_string()),
        "ApproximateNumberOfMessagesNotVisible" => Some(view.counts.in_flight.to_string()),
        "ApproximateNumberOfMessagesDelayed" => Some(view.counts.delayed.to_string()),
        "CreatedTimestamp" => Some(view.created.seconds().to_string()),
        "LastModifiedTimestamp" => Some(view.modified.seconds().to_string()),
        "VisibilityTimeout" => Some(settings.visibility_s.to_string()),
        "MaximumMessageSize" => Some(settings.message_bytes_max.to_string()),
        "MessageRetentionPeriod" => Some(settings.retention_s.to_string()),
        "DelaySeconds" => Some(settings.delay_s.to_string()),
        "ReceiveMessageWaitTimeSeconds" => Some(settings.wait_s.to_string()),
        "Policy" => settings.policy.as_deref().map(str::to_owned),
        "KmsMasterKeyId" => key.map(|(key, _)| key.to_string()),
        "KmsDataKeyReusePeriodSeconds" => key.map(|(_, reuse_s)| reuse_s.to_string()),
        "SqsManagedSseEnabled" => Some((settings.encryption == Encryption::Managed).to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use postrider_wire::error::ErrorKind;

    fn read(pairs: &[(&str, &str)]) -> Result<Vec<Setting>, Error> {
        let given: Vec<_> =
            pairs.iter().map(|(name, value)| (Text::from(*name), Text::from(*value))).collect();
        settings(&given)
    }

    #[test]
    fn numbers_are_digits_within_their_range() {
        assert_eq!(read(&[("VisibilityTimeout", "43200")]).unwrap(), [Setting::Visibility(43_200)]);
        assert_eq!(read(&[("DelaySeconds", "007")]).unwrap(), [Setting::Delay(7)]);
        let bad = [
            ("VisibilityTimeout", "43201"),
            ("VisibilityTimeout", "-1"),
            ("VisibilityTimeout", "+1"),
            ("VisibilityTimeout", " 1"),
            ("VisibilityTimeout", "1.0"),
            ("VisibilityTimeout", ""),
            ("VisibilityTimeout", "99999999999999999999"),
            ("MaximumMessageSize", "1023"),
            ("MaximumMessageSize", "1048577"),
            ("MessageRetentionPeriod", "59"),
            ("MessageRetentionPeriod", "1209601"),
            ("DelaySeconds", "901"),
            ("ReceiveMessageWaitTimeSeconds", "21"),
            ("KmsDataKeyReusePeriodSeconds", "59"),
            ("SqsManagedSseEnabled", "yes"),
            ("Policy", "no json"),
            ("Policy", "[]"),
        ];
        for pair in bad {
            let error = read(&[pair]).unwrap_err();
            assert_eq!(error, errors::invalid_attribute_value(pair.0), "{pair:?}");
        }
    }

    #[test]
    fn names_that_cannot_be_set_are_told_apart() {
        let unknown =
            ["Colour", "QueueArn", "CreatedTimestamp", "All", "FifoQueue", "ContentBasedDeduplication"];
        for name in unknown {
            assert_eq!(read(&[(name, "false")]).unwrap_err(), errors::unknown_attribute(name));
        }
        for name in ["DeduplicationScope", "FifoThroughputLimit"] {
            assert_eq!(read(&[(name, "queue")]).unwrap_err(), errors::fifo_only_attribute(name));
        }
        for name in ["RedrivePolicy", "RedriveAllowPolicy"] {
            assert_eq!(read(&[(name, "{}")]).unwrap_err().kind, ErrorKind::UnsupportedOperation);
            assert_eq!(read(&[(name, "")]).unwrap(), []);
        }
        let fifo = [(Text::from("FifoQueue"), Text::from("True"))];
        assert_eq!(keeps_kind(&fifo).unwrap_err(), errors::queue_type_is_fixed());
    }

    #[test]
    fn empty_texts_remove_and_the_last_of_equal_names_counts() {
        let given = [("Policy", ""), ("KmsMasterKeyId", ""), ("SqsManagedSseEnabled", "False")];
        let expected = [Setting::Policy(None), Setting::KmsKey(None), Setting::ManagedSse(Switch::Off)];
        assert_eq!(read(&given).unwrap(), expected);
        assert_eq!(read(&[("DelaySeconds", "1"), ("DelaySeconds", "2")]).unwrap(), [Setting::Delay(2)]);
    }

    #[test]
    fn a_selection_is_checked_and_ordered() {
        let asked =
            |names: &[&str]| selection(&names.iter().map(|name| Text::from(*name)).collect::<Vec<_>>());
        assert_eq!(asked(&["VisibilityTimeout", "QueueArn"]).unwrap(), ["QueueArn", "VisibilityTimeout"]);
        assert_eq!(asked(&[]).unwrap(), [""; 0]);
        assert_eq!(asked(&["FifoQueue", "RedrivePolicy"]).unwrap(), [""; 0]);
        assert_eq!(asked(&["All"]).unwrap().len(), SHOWN.len());
        assert_eq!(asked(&["Colour"]).unwrap_err(), errors::unknown_attribute("Colour"));
    }
}
