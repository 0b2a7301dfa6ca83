//! Policies as they are given, stored and shown.

use super::*;

fn effective(stored: Option<&str>) -> String {
    topic_effective(Schedule::HTTP, stored)
}

#[test]
fn the_default_is_that_of_aws() {
    let expected = r#"{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,"numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"},"disableSubscriptionOverrides":false,"defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}}"#;
    assert_eq!(effective(None), expected);
}

#[test]
fn a_default_of_the_servers_is_shown() {
    let phases = Phases { min_delay_ms: 100, max_delay_ms: 2_000, ..*Schedule::HTTP.phases() };
    let shown = topic_effective(Schedule::new(phases).unwrap(), None);
    assert!(shown.contains(r#""minDelayTarget":0.1,"maxDelayTarget":2,"numRetries":3"#), "{shown}");
}

#[test]
fn the_stored_form_has_what_was_given_in_order() {
    let given = r#"{ "http": {"defaultThrottlePolicy": {"maxReceivesPerSecond": 5},
        "defaultHealthyRetryPolicy": {"numRetries": 5, "minDelayTarget": 2} } }"#;
    let stored = topic(given).unwrap().text;
    assert_eq!(
        stored,
        r#"{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":2,"numRetries":5},"disableSubscriptionOverrides":false,"defaultThrottlePolicy":{"maxReceivesPerSecond":5}}}"#
    );
    let effective = effective(Some(&stored));
    assert!(effective.contains(r#""minDelayTarget":2,"maxDelayTarget":20,"numRetries":5,"#), "{effective}");
    assert!(effective.contains(r#""maxReceivesPerSecond":5"#));
}

#[test]
fn a_subscriptions_form_has_all_its_sections() {
    let given = r#"{"requestPolicy":{"headerContentType":"text/csv"}}"#;
    let accepted = subscription(given, Form::Raw).unwrap();
    assert_eq!(
        accepted.text,
        r#"{"healthyRetryPolicy":null,"sicklyRetryPolicy":null,"throttlePolicy":null,"requestPolicy":{"headerContentType":"text/csv"},"guaranteed":false}"#
    );
    // What was shown may be set again.
    assert_eq!(subscription(&accepted.text, Form::Raw).unwrap().text, accepted.text);
    let counts = Effective::of(
        Schedule::HTTP,
        &TopicPolicy::default(),
        &subscription(r#"{"throttlePolicy":{"maxReceivesPerSecond":7}}"#, Form::Envelope).unwrap().policy,
        Form::Envelope,
    );
    assert_eq!(
        subscription_effective(&counts),
        r#"{"healthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,"numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"},"sicklyRetryPolicy":null,"throttlePolicy":{"maxReceivesPerSecond":7},"requestPolicy":{"headerContentType":"text/plain; charset=UTF-8"},"guaranteed":false}"#
    );
}

#[test]
fn bad_policies_are_refused() {
    let retry = |inner: &str| format!(r#"{{"http":{{"defaultHealthyRetryPolicy":{{{inner}}}}}}}"#);
    let bad = [
        String::new(),
        "[]".to_owned(),
        r#"{"https":{}}"#.to_owned(),
        r#"{"http":{"colour":1}}"#.to_owned(),
        r#"{"http":{"defaultThrottlePolicy":{"maxReceivesPerSecond":0}}}"#.to_owned(),
        r#"{"http":{"defaultRequestPolicy":{"headerContentType":"image/png"}}}"#.to_owned(),
        r#"{"http":{"defaultRequestPolicy":{"headerContentType":"text/csv"}}}"#.to_owned(),
        r#"{"http":{"defaultRequestPolicy":{"headerContentType":"text/plain;\r\nA: b"}}}"#.to_owned(),
        retry(r#""numRetries":101"#),
        retry(r#""backoffFunction":"cubic""#),
        retry(r#""minDelayTarget":30"#),
        retry(r#""minDelayTarget":0"#),
        retry(r#""minDelayTarget":0.5"#),
        retry(r#""maxDelayTarget":3601"#),
        retry(r#""maxDelayTarget":4294968"#),
        retry(r#""maxDelayTarget":3600"#),
        retry(r#""numRetries":2,"numNoDelayRetries":2,"numMinDelayRetries":1"#),
        retry(r#""numMaxDelayRetries":-1"#),
        retry(r#""numMaxDelayRetries":9223372036854775807"#),
    ];
    for text in bad {
        assert!(topic(&text).is_err(), "{text}");
    }
    let good = r#"{"http":{"defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}}"#;
    assert!(topic(good).is_ok());
    for text in [
        "",
        "{\"http\":{}}",
        r#"{"healthyRetryPolicy":{"numRetries":101}}"#,
        r#"{"sicklyRetryPolicy":{"numRetries":101}}"#,
        r#"{"throttlePolicy":{"maxReceivesPerSecond":0}}"#,
        r#"{"requestPolicy":{"headerContentType":"text/csv"}}"#,
    ] {
        assert!(subscription(text, Form::Envelope).is_err(), "{text}");
    }
}
