//! Attributes that a caller asks for, as texts.

use super::{ALL, SHOWN, exists};
use crate::op::redrive_policy;
use postrider_core::queue::settings::{Encryption, Fifo, Switch};
use postrider_core::reply::QueueView;
use postrider_wire::Text;
use postrider_wire::error::{Error, sqs as errors};
use postrider_wire::sqs::NamedValues;

/// The attributes that a caller asks for, in the order in which they are shown.
pub(in crate::op) fn selection(asked: &[Text<'_>]) -> Result<Vec<&'static str>, Error> {
    if let Some(unknown) = asked.iter().find(|name| !exists(name)) {
        return Err(errors::unknown_attribute(unknown));
    }
    let all = asked.iter().any(|name| name == ALL);
    let wanted = |name: &&str| all || asked.iter().any(|asked| asked == *name);
    Ok(SHOWN.into_iter().filter(wanted).collect())
}

/// The values of attributes, of those that the queue has.
pub(in crate::op) fn shown(view: &QueueView, names: &[&'static str]) -> NamedValues<'static> {
    let value = |name| of_any(view, name).or_else(|| of_fifo(view.settings.fifo.as_ref()?, name));
    names.iter().filter_map(|&name| Some((name.into(), value(name)?.into()))).collect()
}

fn of_any(view: &QueueView, name: &str) -> Option<String> {
    let settings = &view.settings;
    let key = match &settings.encryption {
        Encryption::Kms { key } => Some(key),
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
        "RedrivePolicy" => settings.redrive.as_ref().map(redrive_policy::shown),
        "RedriveAllowPolicy" => settings.redrive_allow.as_ref().map(|allow| allow.text.to_string()),
        "KmsMasterKeyId" => key.map(ToString::to_string),
        "KmsDataKeyReusePeriodSeconds" => key.map(|_| settings.kms_reuse_s.to_string()),
        "SqsManagedSseEnabled" => Some((settings.encryption == Encryption::Managed).to_string()),
        _ => None,
    }
}

fn of_fifo(fifo: &Fifo, name: &str) -> Option<String> {
    match name {
        "FifoQueue" => Some(true.to_string()),
        "ContentBasedDeduplication" => Some((fifo.content_dedup == Switch::On).to_string()),
        "DeduplicationScope" => Some(fifo.scope.as_str().to_owned()),
        "FifoThroughputLimit" => Some(fifo.throughput.as_str().to_owned()),
        _ => None,
    }
}
