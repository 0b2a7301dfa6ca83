//! Endpoints, and the JSON that topics and subscriptions are given, as the core takes them. What a server refuses is a
//! fault here.

use super::queues;
use crate::action::Fault;
use crate::topic_attributes::archive_days;
use postrider_core::command::TopicMeaning;
use postrider_core::topic::retry::{Backoff, ContentType, Overrides, Phases, Policy, Schedule, TopicPolicy};
use postrider_core::topic::subscription::{Endpoint, Protocol};
use serde_json::Value;
use std::num::NonZeroU32;

/// A subscriber as a script writes it: the name of a queue, a URL, or a protocol, a colon and an address.
pub(super) fn endpoint(who: &str) -> Result<Endpoint, Fault> {
    let Some((protocol, address)) = who.split_once(':') else { return Ok(Endpoint::Queue(queues::arn(who))) };
    match Protocol::parse(protocol) {
        None | Some(Protocol::Sqs) => Err(Fault(format!("there is no endpoint `{who}`"))),
        Some(protocol @ (Protocol::Http | Protocol::Https)) => Ok(Endpoint::Other(protocol, who.into())),
        Some(protocol) => Ok(Endpoint::Other(protocol, address.into())),
    }
}

/// Has such an endpoint to agree (sns 4)?
pub(super) fn has_to_confirm(protocol: Protocol) -> bool {
    match protocol {
        Protocol::Http | Protocol::Https | Protocol::Email | Protocol::EmailJson => true,
        Protocol::Sqs | Protocol::Sms | Protocol::Application | Protocol::Lambda | Protocol::Firehose => {
            false
        }
    }
}

/// What follows from an attribute of a topic.
pub(super) fn meaning(short: &str, text: &str) -> Result<TopicMeaning, Fault> {
    let wrong = || Fault(format!("`{short}` is never `{text}`"));
    Ok(match short {
        "delivery" => TopicMeaning { delivery: Some(topic_policy(text)?), archive_days: None },
        "archive" => {
            TopicMeaning { delivery: None, archive_days: Some(archive_days(text).ok_or_else(wrong)?) }
        }
        _ => TopicMeaning::default(),
    })
}

fn topic_policy(text: &str) -> Result<TopicPolicy, Fault> {
    let http = &json(text)?["http"];
    let sections =
        [&http["defaultHealthyRetryPolicy"], &http["defaultThrottlePolicy"], &http["defaultRequestPolicy"]];
    let disabled = http["disableSubscriptionOverrides"] == true;
    let overrides = if disabled { Overrides::Disabled } else { Overrides::Allowed };
    Ok(TopicPolicy { policy: policy(sections)?, overrides })
}

/// `DeliveryPolicy` of a subscription.
pub(super) fn subscription_policy(text: &str) -> Result<Policy, Fault> {
    let json = json(text)?;
    policy([&json["healthyRetryPolicy"], &json["throttlePolicy"], &json["requestPolicy"]])
}

fn json(text: &str) -> Result<Value, Fault> {
    if text.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(text).map_err(|_| Fault(format!("`{text}` is no JSON")))
}

fn policy([retry, throttle, request]: [&Value; 3]) -> Result<Policy, Fault> {
    let schedule = (!retry.is_null()).then(|| schedule(retry)).transpose()?;
    let rate = throttle["maxReceivesPerSecond"].as_u64().and_then(|rate| u32::try_from(rate).ok());
    let content_type = request["headerContentType"].as_str().and_then(ContentType::new);
    Ok(Policy { schedule, attempts_per_s_max: rate.and_then(NonZeroU32::new), content_type })
}

/// Missing keys have AWS's defaults (sns 10).
fn schedule(retry: &Value) -> Result<Schedule, Fault> {
    let number = |name: &str, default: u32| {
        retry[name].as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or(default)
    };
    let backoff = match retry["backoffFunction"].as_str() {
        None | Some("linear") => Backoff::Linear,
        Some("arithmetic") => Backoff::Arithmetic,
        Some("geometric") => Backoff::Geometric,
        Some("exponential") => Backoff::Exponential,
        Some(other) => return Err(Fault(format!("there is no backoff `{other}`"))),
    };
    let phases = Phases {
        min_delay_ms: number("minDelayTarget", 20) * 1000,
        max_delay_ms: number("maxDelayTarget", 20) * 1000,
        retries: number("numRetries", 3),
        no_delay_retries: number("numNoDelayRetries", 0),
        min_delay_retries: number("numMinDelayRetries", 0),
        max_delay_retries: number("numMaxDelayRetries", 0),
        backoff,
    };
    Schedule::new(phases).map_err(|flaw| Fault(flaw.to_string()))
}
