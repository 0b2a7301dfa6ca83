//! The setting `delivery.http_retry`: when deliveries over HTTP are tried again whose topic and subscription say
//! nothing. Written as the `healthyRetryPolicy` of AWS, but that delays may have parts of seconds.

use postrider_core::topic::retry::{Backoff, Phases, Schedule};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A retry schedule, as a setting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct HttpRetry(pub(crate) Schedule);

impl Default for HttpRetry {
    fn default() -> HttpRetry {
        HttpRetry(Schedule::HTTP)
    }
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Written {
    #[serde(default)]
    min_delay_target: Option<Seconds>,
    #[serde(default)]
    max_delay_target: Option<Seconds>,
    #[serde(default)]
    num_retries: Option<u32>,
    #[serde(default)]
    num_max_delay_retries: u32,
    #[serde(default)]
    num_no_delay_retries: u32,
    #[serde(default)]
    num_min_delay_retries: u32,
    #[serde(default)]
    backoff_function: Function,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(untagged)]
enum Seconds {
    Whole(u32),
    Part(f64),
}

#[derive(Clone, Copy, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Function {
    #[default]
    Linear,
    Arithmetic,
    Geometric,
    Exponential,
}

impl Seconds {
    /// Too many become the most there are, which no schedule takes; negative ones become none.
    fn millis(self) -> u32 {
        match self {
            Seconds::Whole(seconds) => seconds.saturating_mul(1_000),
            Seconds::Part(seconds) => (seconds * 1_000.0).round() as u32,
        }
    }

    fn of_millis(millis: u32) -> Seconds {
        match millis % 1_000 {
            0 => Seconds::Whole(millis / 1_000),
            _ => Seconds::Part(f64::from(millis) / 1_000.0),
        }
    }
}

impl FromStr for HttpRetry {
    type Err = String;

    fn from_str(text: &str) -> Result<HttpRetry, String> {
        let written: Written = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let default = *Schedule::HTTP.phases();
        let min_delay_ms = written.min_delay_target.map(Seconds::millis);
        let max_delay_ms = written.max_delay_target.map(Seconds::millis);
        let phases = Phases {
            // Who gives one of the two means the other to fit.
            min_delay_ms: min_delay_ms.or(max_delay_ms).unwrap_or(default.min_delay_ms),
            max_delay_ms: max_delay_ms.or(min_delay_ms).unwrap_or(default.max_delay_ms),
            retries: written.num_retries.unwrap_or(default.retries),
            no_delay_retries: written.num_no_delay_retries,
            min_delay_retries: written.num_min_delay_retries,
            max_delay_retries: written.num_max_delay_retries,
            backoff: match written.backoff_function {
                Function::Linear => Backoff::Linear,
                Function::Arithmetic => Backoff::Arithmetic,
                Function::Geometric => Backoff::Geometric,
                Function::Exponential => Backoff::Exponential,
            },
        };
        Schedule::new(phases).map(HttpRetry).map_err(|flaw| flaw.to_string())
    }
}

impl fmt::Display for HttpRetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phases = self.0.phases();
        let written = Written {
            min_delay_target: Some(Seconds::of_millis(phases.min_delay_ms)),
            max_delay_target: Some(Seconds::of_millis(phases.max_delay_ms)),
            num_retries: Some(phases.retries),
            num_max_delay_retries: phases.max_delay_retries,
            num_no_delay_retries: phases.no_delay_retries,
            num_min_delay_retries: phases.min_delay_retries,
            backoff_function: match phases.backoff {
                Backoff::Linear => Function::Linear,
                Backoff::Arithmetic => Function::Arithmetic,
                Backoff::Geometric => Function::Geometric,
                Backoff::Exponential => Function::Exponential,
            },
        };
        let text = serde_json::to_string(&written).expect("plain structures serialise without errors");
        f.write_str(&text)
    }
}

impl Serialize for HttpRetry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HttpRetry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<HttpRetry, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_may_have_parts_of_seconds() {
        let text =
            r#"{"minDelayTarget":0.1,"maxDelayTarget":2,"numRetries":3,"backoffFunction":"exponential"}"#;
        let retry: HttpRetry = text.parse().unwrap();
        let delays: Vec<_> = (1..=4).map(|failures| retry.0.delay_ms(failures)).collect();
        assert_eq!(delays, [Some(100), Some(733), Some(2_000), None]);
        assert_eq!(retry.to_string().parse(), Ok(retry));
    }

    #[test]
    fn what_is_not_said_is_as_at_aws() {
        assert_eq!("{}".parse(), Ok(HttpRetry::default()));
        let quick: HttpRetry = r#"{"minDelayTarget":0.2}"#.parse().unwrap();
        assert_eq!((quick.0.delay_ms(1), quick.0.delay_ms(3)), (Some(200), Some(200)));
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for text in [
            "",
            "[",
            r#"{"numRetries":101}"#,
            r#"{"minDelayTarget":-1}"#,
            r#"{"delay":1}"#,
            r#"{"minDelayTarget":0}"#,
        ] {
            assert!(text.parse::<HttpRetry>().is_err(), "{text}");
        }
    }
}
