//! `DeliveryPolicy` of topics and subscriptions: read, brought into the form in which it is stored, and
//! shown as what counts (sns 10).
//!
//! The stored form has its keys in AWS's order and only those that were given; the effective one has all
//! of them. What they mean, and their bounds, is the core's: `topic::retry`.

#[cfg(test)]
mod tests;

use super::filter::is_json_object;
use postrider_core::topic::retry::{
    Backoff, ContentType, Effective, Overrides, Phases, Policy, Schedule, TopicPolicy,
};
use postrider_core::topic::subscription::Form;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// A policy that was accepted.
#[derive(Debug)]
pub(super) struct Accepted<P> {
    /// What to store and show.
    pub(super) text: String,
    /// What it means.
    pub(super) policy: P,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Topic {
    #[serde(default)]
    http: Option<Http>,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Http {
    #[serde(skip_serializing_if = "Option::is_none")]
    default_healthy_retry_policy: Option<Retry>,
    #[serde(default)]
    disable_subscription_overrides: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_throttle_policy: Option<Throttle>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_request_policy: Option<Request>,
}

/// A subscription's form has all its keys. Nothing acts on `sicklyRetryPolicy` and `guaranteed`, which AWS
/// shows and does not document.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Subscription {
    healthy_retry_policy: Option<Retry>,
    sickly_retry_policy: Option<Retry>,
    throttle_policy: Option<Throttle>,
    request_policy: Option<Request>,
    guaranteed: bool,
}

/// `Whole` is how users give delays; `Part` is how a server's default of less than a second is shown.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
enum Seconds {
    Whole(u32),
    #[serde(skip_deserializing)]
    Part(f64),
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Retry {
    #[serde(skip_serializing_if = "Option::is_none")]
    min_delay_target: Option<Seconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_delay_target: Option<Seconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_retries: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_max_delay_retries: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_no_delay_retries: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_min_delay_retries: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backoff_function: Option<Function>,
}

#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Function {
    Linear,
    Arithmetic,
    Geometric,
    Exponential,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Throttle {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_receives_per_second: Option<u32>,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Request {
    #[serde(skip_serializing_if = "Option::is_none")]
    header_content_type: Option<String>,
}

/// Reads a topic's policy, or says what is wrong with it, in our words.
pub(super) fn topic(text: &str) -> Result<Accepted<TopicPolicy>, String> {
    let http = parsed::<Topic>(text)?.http.unwrap_or_default();
    let policy = http.policy()?;
    Ok(Accepted { text: written(&Topic { http: Some(http) }), policy })
}

/// Reads a subscription's policy, or says what is wrong with it, in our words.
pub(super) fn subscription(text: &str, form: Form) -> Result<Accepted<Policy>, String> {
    let given = parsed::<Subscription>(text)?;
    if let Some(sickly) = &given.sickly_retry_policy {
        sickly.schedule()?;
    }
    let sections = (&given.healthy_retry_policy, &given.throttle_policy, &given.request_policy);
    let policy = policy(sections, form)?;
    Ok(Accepted { text: written(&given), policy })
}

/// `EffectiveDeliveryPolicy` of a topic with this stored policy.
pub(super) fn topic_effective(default: Schedule, stored: Option<&str>) -> String {
    let topic: Topic = stored.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let mut http = topic.http.unwrap_or_default();
    let own = http.default_healthy_retry_policy.as_ref().and_then(|retry| retry.schedule().ok());
    http.default_healthy_retry_policy = Some(Retry::of(own.unwrap_or(default)));
    let request = http.default_request_policy.take().unwrap_or_default();
    let content_type =
        request.header_content_type.unwrap_or_else(|| ContentType::default().as_str().to_owned());
    http.default_request_policy = Some(Request { header_content_type: Some(content_type) });
    written(&Topic { http: Some(http) })
}

/// `EffectiveDeliveryPolicy` of a subscription for which this counts.
pub(super) fn subscription_effective(effective: &Effective) -> String {
    let content_type = effective.content_type.as_str().to_owned();
    written(&Subscription {
        healthy_retry_policy: Some(Retry::of(effective.schedule)),
        sickly_retry_policy: None,
        throttle_policy: effective
            .attempts_per_s_max
            .map(|per_s| Throttle { max_receives_per_second: Some(per_s.get()) }),
        request_policy: Some(Request { header_content_type: Some(content_type) }),
        guaranteed: false,
    })
}

impl Http {
    fn policy(&self) -> Result<TopicPolicy, String> {
        let sections =
            (&self.default_healthy_retry_policy, &self.default_throttle_policy, &self.default_request_policy);
        let overrides =
            if self.disable_subscription_overrides { Overrides::Disabled } else { Overrides::Allowed };
        Ok(TopicPolicy { policy: policy(sections, Form::Envelope)?, overrides })
    }
}

/// What the sections mean together.
fn policy(
    (retry, throttle, request): (&Option<Retry>, &Option<Throttle>, &Option<Request>),
    form: Form,
) -> Result<Policy, String> {
    let per_s = throttle.as_ref().and_then(|throttle| throttle.max_receives_per_second);
    let content_type = request.as_ref().and_then(|request| request.header_content_type.as_deref());
    Ok(Policy {
        schedule: retry.as_ref().map(Retry::schedule).transpose()?,
        attempts_per_s_max: per_s
            .map(|per_s| NonZeroU32::new(per_s).ok_or("maxReceivesPerSecond must be at least 1"))
            .transpose()?,
        content_type: content_type.map(|text| content_type_of(text, form)).transpose()?,
    })
}

fn content_type_of(text: &str, form: Form) -> Result<ContentType, String> {
    ContentType::new(text).filter(|content_type| content_type.suits(form)).ok_or_else(|| match form {
        Form::Envelope => {
            "headerContentType must be application/json, text/plain or application/xml".to_owned()
        }
        Form::Raw => "headerContentType is not one that raw messages may have".to_owned(),
    })
}

impl Retry {
    /// The schedule of these keys; missing ones have AWS's defaults.
    fn schedule(&self) -> Result<Schedule, String> {
        let default = *Schedule::HTTP.phases();
        let phases = Phases {
            min_delay_ms: self.min_delay_target.map_or(default.min_delay_ms, Seconds::millis),
            max_delay_ms: self.max_delay_target.map_or(default.max_delay_ms, Seconds::millis),
            retries: self.num_retries.unwrap_or(default.retries),
            no_delay_retries: self.num_no_delay_retries.unwrap_or(default.no_delay_retries),
            min_delay_retries: self.num_min_delay_retries.unwrap_or(default.min_delay_retries),
            max_delay_retries: self.num_max_delay_retries.unwrap_or(default.max_delay_retries),
            backoff: self.backoff_function.map_or(default.backoff, Function::backoff),
        };
        Schedule::new(phases).map_err(|flaw| flaw.to_string())
    }

    /// All keys of a schedule.
    fn of(schedule: Schedule) -> Retry {
        let phases = schedule.phases();
        Retry {
            min_delay_target: Some(Seconds::of_millis(phases.min_delay_ms)),
            max_delay_target: Some(Seconds::of_millis(phases.max_delay_ms)),
            num_retries: Some(phases.retries),
            num_max_delay_retries: Some(phases.max_delay_retries),
            num_no_delay_retries: Some(phases.no_delay_retries),
            num_min_delay_retries: Some(phases.min_delay_retries),
            backoff_function: Some(Function::of(phases.backoff)),
        }
    }
}

impl Seconds {
    /// Too many become the most there are, which no schedule takes.
    fn millis(self) -> u32 {
        match self {
            Seconds::Whole(seconds) => seconds.saturating_mul(1_000),
            Seconds::Part(seconds) => (seconds * 1_000.0) as u32,
        }
    }

    fn of_millis(millis: u32) -> Seconds {
        match millis % 1_000 {
            0 => Seconds::Whole(millis / 1_000),
            _ => Seconds::Part(f64::from(millis) / 1_000.0),
        }
    }
}

impl Function {
    fn backoff(self) -> Backoff {
        match self {
            Function::Linear => Backoff::Linear,
            Function::Arithmetic => Backoff::Arithmetic,
            Function::Geometric => Backoff::Geometric,
            Function::Exponential => Backoff::Exponential,
        }
    }

    fn of(backoff: Backoff) -> Function {
        match backoff {
            Backoff::Linear => Function::Linear,
            Backoff::Arithmetic => Function::Arithmetic,
            Backoff::Geometric => Function::Geometric,
            Backoff::Exponential => Function::Exponential,
        }
    }
}

fn parsed<'t, T: Deserialize<'t>>(text: &'t str) -> Result<T, String> {
    if !is_json_object(text) {
        return Err("failed to parse JSON: not an object".to_owned());
    }
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn written<T: Serialize>(policy: &T) -> String {
    serde_json::to_string(policy).expect("plain structures serialise without errors")
}
