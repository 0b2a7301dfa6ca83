//! Which values topic attributes may have, and in what form they are kept.

use super::*;

fn topic(name: &str) -> Arn {
    Arn::of("aws", "sns", "us-east-1", "000000000000", name)
}

fn set(name: &str, value: &str) -> Result<Option<String>, Error> {
    stored(&topic("t"), SetBy::Set, name, value).map(|stored| stored.text.map(String::from))
}

fn set_on_fifo(name: &str, value: &str) -> Result<Option<String>, Error> {
    stored(&topic("t.fifo"), SetBy::Set, name, value).map(|stored| stored.text.map(String::from))
}

#[test]
fn values_are_checked_and_normalised() {
    let ok = |name, value| set(name, value).unwrap();
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
        ("Policy", format!(r#"{{"Id":"{}"}}"#, "x".repeat(30_720))),
        ("DeliveryPolicy", "{".to_owned()),
        ("SignatureVersion", "3".to_owned()),
        ("TracingConfig", "Off".to_owned()),
        ("MaximumMessageSize", "1023".to_owned()),
        ("MaximumMessageSize", "1048577".to_owned()),
        ("SQSSuccessFeedbackSampleRate", "101".to_owned()),
        ("SQSSuccessFeedbackRoleArn", "role".to_owned()),
        ("SQSSuccessFeedbackRoleArn", "arn:aws:sqs:us-east-1:000000000000:q".to_owned()),
        ("SQSSuccessFeedbackRoleArn", "arn:aws:iam::000000000000:role/".to_owned()),
    ];
    for (name, value) in bad {
        let error = set(name, &value).unwrap_err();
        assert!(error.message.starts_with("Invalid parameter: "), "{name}");
    }
}

#[test]
fn names_that_cannot_be_set_are_refused() {
    for name in ["FifoTopic", "Owner", "Colour", "SQSSuccess", "DataProtectionPolicy", "BeginningArchiveTime"]
    {
        assert_eq!(set(name, "true"), Err(errors::attribute_name()), "{name}");
        assert_eq!(set_on_fifo(name, "true"), Err(errors::attribute_name()), "{name}");
    }
}

#[test]
fn some_attributes_are_for_topics_of_one_type() {
    let on_fifo = [
        ("ContentBasedDeduplication", "TRUE", Some("true")),
        ("ContentBasedDeduplication", "false", None),
        ("FifoThroughputScope", "MessageGroup", Some("MessageGroup")),
        ("ArchivePolicy", r#"{"MessageRetentionPeriod":"7"}"#, Some(r#"{"MessageRetentionPeriod":"7"}"#)),
        ("ArchivePolicy", "{}", None),
    ];
    for (name, value, kept) in on_fifo {
        assert_eq!(set_on_fifo(name, value).unwrap().as_deref(), kept, "{name}");
        assert_eq!(set(name, value), Err(errors::fifo_only_attribute(SetBy::Set, name)));
    }
    for (name, value) in [
        ("TracingConfig", "Active"),
        ("ContentBasedDeduplication", "yes"),
        ("FifoThroughputScope", "Queue"),
        ("ArchivePolicy", r#"{"MessageRetentionPeriod":"366"}"#),
    ] {
        assert!(set_on_fifo(name, value).is_err(), "{name}");
    }
}

#[test]
fn policies_say_what_follows_from_them() {
    let meaning = |name, value| stored(&topic("t.fifo"), SetBy::Set, name, value).unwrap().meaning;
    let policy = r#"{"http":{"disableSubscriptionOverrides":true}}"#;
    let delivery = meaning("DeliveryPolicy", policy).delivery.unwrap();
    assert_eq!(delivery.overrides, postrider_core::topic::retry::Overrides::Disabled);
    assert_eq!(meaning("DeliveryPolicy", "").delivery, Some(TopicPolicy::default()));
    assert_eq!(meaning("ArchivePolicy", r#"{"MessageRetentionPeriod":7}"#).archive_days, Some(7));
    assert_eq!(meaning("ArchivePolicy", "").archive_days, Some(0));
    assert_eq!(meaning("DisplayName", "x").delivery, None);
}
