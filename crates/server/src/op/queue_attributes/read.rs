//! Attributes that a caller gives, as settings.
//!
//! Names and values are checked one by one, in the order given; how they fit together, and with what the
//! queue has, is for the shard. So a change is all or nothing.

use super::Given;
use crate::op::{Call, policy_document, redrive_policy};
use crate::reject::Refused;
use postrider_core::queue::settings::{DedupScope, Setting, Switch, Throughput};
use postrider_core::{Arn, limits};
use postrider_wire::error::{Error, sqs as errors};
use std::ops::RangeInclusive;

/// The longest id, ARN or alias of a key, bytes; KMS has no longer ones.
const KMS_KEY_BYTES_MAX: usize = 2_048;

/// Which kind of queue is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::op) enum Kind {
    Standard,
    Fifo,
}

/// The kind that `FifoQueue` asks for.
pub(in crate::op) fn kind(given: &Given<'_>) -> Kind {
    match last(given, "FifoQueue").and_then(switch) {
        Some(Switch::On) => Kind::Fifo,
        Some(Switch::Off) | None => Kind::Standard,
    }
}

/// Reads attributes for the queue that is the subject, which is there or about to be created. If a dead-letter
/// queue is among them, it is asked whether it is to be had.
pub(in crate::op) async fn settings(call: &Call<'_, '_>, given: &Given<'_>) -> Result<Vec<Setting>, Refused> {
    let settings = read(given, &call.subject.arn, &call.context.limits.message_bytes())?;
    // CreateQueue of a queue that is there only compares. What was set stays set, whatever has become of the
    // dead-letter queue.
    if call.judgement.is_some() && !call.subject.must_exist {
        return Ok(settings);
    }
    for setting in &settings {
        if let Setting::Redrive(Some(redrive)) = setting {
            let text = last(given, setting.name()).unwrap_or_default();
            redrive_policy::check_target(call, text, redrive).await?;
        }
    }
    Ok(settings)
}

/// The value of an attribute: of a repeated name the last counts.
fn last<'g>(given: &'g Given<'_>, name: &str) -> Option<&'g str> {
    given.iter().rev().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

/// Reads attributes in the order given, as far as the texts tell. `message_bytes` is what
/// `MaximumMessageSize` may be.
pub(super) fn read(
    given: &Given<'_>,
    queue: &Arn,
    message_bytes: &RangeInclusive<u32>,
) -> Result<Vec<Setting>, Error> {
    let mut settings: Vec<Setting> = Vec::with_capacity(given.len());
    for (name, value) in given {
        let setting = match &**name {
            "FifoQueue" | "ContentBasedDeduplication" | "DeduplicationScope" | "FifoThroughputLimit" => {
                of_fifo(name, value, queue)?
            }
            "MaximumMessageSize" => Setting::MessageBytesMax(whole(name, value, message_bytes.clone())?),
            _ => of_any(name, value, queue)?,
        };
        settings.retain(|earlier| earlier.name() != setting.name());
        settings.push(setting);
    }
    Ok(settings)
}

fn of_any(name: &str, value: &str, queue: &Arn) -> Result<Setting, Error> {
    let whole = |range| whole(name, value, range);
    let text = (!value.is_empty()).then_some(value);
    Ok(match name {
        "VisibilityTimeout" => Setting::Visibility(whole(0..=limits::VISIBILITY_S_MAX)?),
        "MessageRetentionPeriod" => Setting::Retention(whole(limits::RETENTION_S)?),
        "DelaySeconds" => Setting::Delay(whole(0..=limits::DELAY_S_MAX)?),
        "ReceiveMessageWaitTimeSeconds" => Setting::Wait(whole(0..=limits::WAIT_S_MAX)?),
        "KmsDataKeyReusePeriodSeconds" => Setting::KmsReuse(whole(limits::KMS_REUSE_S)?),
        "KmsMasterKeyId" if value.len() > KMS_KEY_BYTES_MAX => {
            return Err(errors::invalid_attribute_value(name));
        }
        "KmsMasterKeyId" => Setting::KmsKey(text.map(Into::into)),
        "SqsManagedSseEnabled" => {
            Setting::ManagedSse(switch(value).ok_or_else(|| errors::invalid_attribute_value(name))?)
        }
        "Policy"
            if text.is_some_and(|text| !policy_document::is_policy(text, &policy_document::OF_QUEUE)) =>
        {
            return Err(errors::invalid_attribute_value(name));
        }
        "Policy" => Setting::Policy(text.map(Into::into)),
        "RedrivePolicy" => {
            Setting::Redrive(text.map(|text| redrive_policy::redrive(text, queue)).transpose()?)
        }
        "RedriveAllowPolicy" => Setting::RedriveAllow(text.map(redrive_policy::redrive_allow).transpose()?),
        _ => return Err(errors::unknown_attribute(name)),
    })
}

/// Attributes that a standard queue does not know, but for an attempt to make it a FIFO queue.
fn of_fifo(name: &str, value: &str, queue: &Arn) -> Result<Setting, Error> {
    let asks_for_fifo = name == "FifoQueue" && switch(value) != Some(Switch::Off);
    if !queue.is_fifo() && !asks_for_fifo {
        return Err(errors::fifo_only_attribute(name));
    }
    let setting = match name {
        "DeduplicationScope" => {
            let named = DedupScope::ALL.into_iter().find(|scope| scope.as_str() == value);
            named.map(Setting::DedupScope)
        }
        "FifoThroughputLimit" => {
            let named = Throughput::ALL.into_iter().find(|limit| limit.as_str() == value);
            named.map(Setting::Throughput)
        }
        "FifoQueue" => switch(value).map(Setting::FifoQueue),
        "ContentBasedDeduplication" => switch(value).map(Setting::ContentDedup),
        _ => None,
    };
    setting.ok_or_else(|| errors::invalid_attribute_value(name))
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
