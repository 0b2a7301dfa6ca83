//! `DeliveryPolicy` of a topic: checked, and brought into the form in which it is stored (sns 10).
//!
//! The stored form has its keys in AWS's order and only those that were given; the effective one has all
//! of them. No rule acts on it until there are HTTP endpoints.

use super::filter::is_json_object;
use serde::{Deserialize, Serialize};

const MAX_DELAY_S_MAX: i64 = 3_600;
const RETRIES_MAX: i64 = 100;
const CONTENT_TYPE_DEFAULT: &str = "text/plain; charset=UTF-8";
/// What a request's content type may be on topics, parameters apart.
const CONTENT_TYPES: [&str; 3] = ["application/json", "text/plain", "application/xml"];

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

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Retry {
    #[serde(skip_serializing_if = "Option::is_none")]
    min_delay_target: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_delay_target: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_retries: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_max_delay_retries: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_no_delay_retries: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_min_delay_retries: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backoff_function: Option<Backoff>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Backoff {
    #[default]
    Linear,
    Arithmetic,
    Geometric,
    Exponential,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Throttle {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_receives_per_second: Option<i64>,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Request {
    #[serde(skip_serializing_if = "Option::is_none")]
    header_content_type: Option<String>,
}

impl Retry {
    fn effective(&self) -> Retry {
        Retry {
            min_delay_target: self.min_delay_target.or(Some(20)),
            max_delay_target: self.max_delay_target.or(Some(20)),
            num_retries: self.num_retries.or(Some(3)),
            num_max_delay_retries: self.num_max_delay_retries.or(Some(0)),
            num_no_delay_retries: self.num_no_delay_retries.or(Some(0)),
            num_min_delay_retries: self.num_min_delay_retries.or(Some(0)),
            backoff_function: self.backoff_function.or(Some(Backoff::default())),
        }
    }

    fn flaw(&self) -> Option<&'static str> {
        let all = self.effective();
        let value = |value: Option<i64>| value.unwrap_or_default();
        let (min_s, max_s) = (value(all.min_delay_target), value(all.max_delay_target));
        let retries = value(all.num_retries);
        let phases =
            [all.num_max_delay_retries, all.num_no_delay_retries, all.num_min_delay_retries].map(value);
        if !(1..=max_s).contains(&min_s) {
            Some("minDelayTarget must be between 1 and maxDelayTarget")
        } else if max_s > MAX_DELAY_S_MAX {
            Some("maxDelayTarget must be at most 3600")
        } else if !(0..=RETRIES_MAX).contains(&retries) {
            Some("numRetries must be between 0 and 100")
        } else if phases.iter().any(|phase| !(0..=RETRIES_MAX).contains(phase)) {
            Some("numMaxDelayRetries, numNoDelayRetries and numMinDelayRetries must be between 0 and 100")
        } else if phases.iter().sum::<i64>() > retries {
            Some(
                "numMaxDelayRetries, numNoDelayRetries and numMinDelayRetries add up to more than numRetries",
            )
        } else {
            None
        }
    }
}

impl Http {
    fn flaw(&self) -> Option<&'static str> {
        let throttle =
            self.default_throttle_policy.as_ref().and_then(|throttle| throttle.max_receives_per_second);
        if throttle.is_some_and(|per_second| per_second < 1) {
            return Some("maxReceivesPerSecond must be at least 1");
        }
        let request = self.default_request_policy.as_ref();
        let content_type = request.and_then(|request| request.header_content_type.as_deref());
        let essence = content_type.map(|text| text.split(';').next().unwrap_or_default().trim());
        if essence.is_some_and(|essence| !CONTENT_TYPES.contains(&essence)) {
            return Some("headerContentType must be application/json, text/plain or application/xml");
        }
        self.default_healthy_retry_policy.as_ref().and_then(Retry::flaw)
    }
}

/// The stored form of a topic's policy, or what is wrong with it, in our words.
pub(super) fn stored(text: &str) -> Result<String, String> {
    if !is_json_object(text) {
        return Err("failed to parse JSON: not an object".to_owned());
    }
    let policy: Topic = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let http = policy.http.unwrap_or_default();
    match http.flaw() {
        Some(flaw) => Err(flaw.to_owned()),
        None => Ok(written(http)),
    }
}

/// `EffectiveDeliveryPolicy` of a topic with this stored policy.
pub(super) fn effective(stored: Option<&str>) -> String {
    let policy: Topic = stored.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let mut http = policy.http.unwrap_or_default();
    http.default_healthy_retry_policy =
        Some(http.default_healthy_retry_policy.unwrap_or_default().effective());
    let request = http.default_request_policy.take().unwrap_or_default();
    let content_type = request.header_content_type.unwrap_or_else(|| CONTENT_TYPE_DEFAULT.to_owned());
    http.default_request_policy = Some(Request { header_content_type: Some(content_type) });
    written(http)
}

fn written(http: Http) -> String {
    serde_json::to_string(&Topic { http: Some(http) }).expect("plain structures serialise without errors")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_that_of_aws() {
        let expected = r#"{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,"numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"},"disableSubscriptionOverrides":false,"defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}}"#;
        assert_eq!(effective(None), expected);
    }

    #[test]
    fn the_stored_form_has_what_was_given_in_order() {
        let given = r#"{ "http": {"defaultThrottlePolicy": {"maxReceivesPerSecond": 5},
            "defaultHealthyRetryPolicy": {"numRetries": 5, "minDelayTarget": 2} } }"#;
        let stored = stored(given).unwrap();
        assert_eq!(
            stored,
            r#"{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":2,"numRetries":5},"disableSubscriptionOverrides":false,"defaultThrottlePolicy":{"maxReceivesPerSecond":5}}}"#
        );
        let effective = effective(Some(&stored));
        assert!(
            effective.contains(r#""minDelayTarget":2,"maxDelayTarget":20,"numRetries":5,"#),
            "{effective}"
        );
        assert!(effective.contains(r#""maxReceivesPerSecond":5"#));
    }

    #[test]
    fn bad_policies_are_refused() {
        let retry = |inner: &str| format!(r#"{{"http":{{"defaultHealthyRetryPolicy":{{{inner}}}}}}}"#);
        let bad = [
            "".to_owned(),
            "[]".to_owned(),
            r#"{"https":{}}"#.to_owned(),
            r#"{"http":{"colour":1}}"#.to_owned(),
            r#"{"http":{"defaultThrottlePolicy":{"maxReceivesPerSecond":0}}}"#.to_owned(),
            r#"{"http":{"defaultRequestPolicy":{"headerContentType":"image/png"}}}"#.to_owned(),
            retry(r#""numRetries":101"#),
            retry(r#""backoffFunction":"cubic""#),
            retry(r#""minDelayTarget":30"#),
            retry(r#""minDelayTarget":0"#),
            retry(r#""maxDelayTarget":3601"#),
            retry(r#""numRetries":2,"numNoDelayRetries":2,"numMinDelayRetries":1"#),
            retry(r#""numMaxDelayRetries":-1"#),
            retry(r#""numMaxDelayRetries":9223372036854775807"#),
        ];
        for text in bad {
            assert!(stored(&text).is_err(), "{text}");
        }
        assert!(
            stored(r#"{"http":{"defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}}"#)
                .is_ok()
        );
    }
}
