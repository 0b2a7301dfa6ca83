//! Which attributes subscriptions of each kind can have, and what they come to.

use super::*;
use postrider_wire::error::ErrorKind;

const OWNER: &str = "000000000000";

fn arn(service: &str, name: &str) -> Arn {
    Arn::of("aws", service, "us-east-1", OWNER, name)
}

fn read(topic: &str, endpoint: &Endpoint, attribute: TextAttribute, value: &str) -> Result<Kept, Error> {
    let topic = arn("sns", topic);
    let holder = Holder { topic: &topic, endpoint, owner: OWNER, form: Form::Envelope };
    kept(SetBy::Set, attribute, value, holder)
}

fn web() -> Endpoint {
    Endpoint::Other(Protocol::Https, "https://example.com".into())
}

fn queue(name: &str) -> Endpoint {
    Endpoint::Queue(arn("sqs", name))
}

fn redrive(target: &str) -> String {
    format!(r#"{{"deadLetterTargetArn":"{target}"}}"#)
}

#[test]
fn attributes_are_read_or_refused() {
    let given = [
        ("RawMessageDelivery", "TRUE"),
        ("FilterPolicyScope", "MessageBody"),
        ("FilterPolicy", "{}"),
        ("RedrivePolicy", "a"),
        ("RedrivePolicy", "b"),
    ];
    let given = given.map(|(name, value)| (Text::from(name), Text::from(value)));
    let wishes = Wishes::read(&given).unwrap();
    let read = (wishes.form, wishes.filter, wishes.scope);
    assert_eq!(read, (Some(Form::Raw), Some("{}"), Some(Scope::MessageBody)));
    assert_eq!(wishes.texts, [(TextAttribute::Redrive, "b")]);
    let raw = [(Text::from("RawMessageDelivery"), Text::from("x"))];
    assert_eq!(Wishes::read(&raw).unwrap_err(), errors::raw_message_delivery(SetBy::Subscribe, "x"));
    assert_eq!(Attribute::parse(SetBy::Set, "Colour"), Err(errors::attribute_name()));
}

#[test]
fn dead_letter_queues_are_near_and_of_the_right_type() {
    let target = arn("sqs", "dead");
    let kept = read("t", &web(), TextAttribute::Redrive, &redrive(target.as_str())).unwrap();
    assert_eq!(kept.text.as_deref(), Some(&*redrive(target.as_str())));
    assert!(matches!(kept.meaning, Meaning::DeadLetter(Some(found)) if found == target));
    let kept = read("t", &web(), TextAttribute::Redrive, "").unwrap();
    assert!(kept.text.is_none() && matches!(kept.meaning, Meaning::DeadLetter(None)));

    let refused = |topic, endpoint: &Endpoint, value: &str| {
        read(topic, endpoint, TextAttribute::Redrive, value).unwrap_err()
    };
    let no_arn = errors::redrive_policy_arn(SetBy::Set);
    for text in ["{}", r#"{"deadLetterTargetArn":1}"#, &redrive("q"), &redrive("arn:aws:sns:a:1:t")] {
        assert_eq!(refused("t", &web(), text), no_arn, "{text}");
    }
    assert!(refused("t", &web(), "x").message.contains("RedrivePolicy: failed to parse JSON."));
    for far in ["arn:aws:sqs:eu-west-1:000000000000:q", "arn:aws:sqs:us-east-1:111111111111:q"] {
        assert_eq!(refused("t", &web(), &redrive(far)).kind, ErrorKind::InvalidParameter, "{far}");
    }
    let standard = redrive(target.as_str());
    let needs_fifo = errors::redrive_policy_needs_fifo();
    assert_eq!(refused("t.fifo", &queue("q.fifo"), &standard), needs_fifo);
    assert!(read("t.fifo", &queue("q"), TextAttribute::Redrive, &standard).is_ok());
    let fifo = redrive(arn("sqs", "dead.fifo").as_str());
    assert!(read("t.fifo", &queue("q.fifo"), TextAttribute::Redrive, &fifo).is_ok());
    assert_eq!(refused("t", &queue("q"), &fifo).kind, ErrorKind::InvalidParameter);
}

#[test]
fn some_attributes_are_for_some_endpoints() {
    let stream = Endpoint::Other(Protocol::Firehose, "s".into());
    let replay = r#"{"PointType":"Timestamp","StartingPoint":"2026-01-02T03:04:05.000Z"}"#;
    let role = "arn:aws:iam::000000000000:role/r";
    let policy = r#"{"throttlePolicy":{"maxReceivesPerSecond":3}}"#;
    for (topic, endpoint, attribute, value, other_topic, other) in [
        ("t", web(), TextAttribute::Delivery, policy, "t", queue("q")),
        ("t", stream, TextAttribute::Role, role, "t", web()),
        ("t.fifo", queue("q"), TextAttribute::Replay, replay, "t", queue("q")),
    ] {
        assert!(read(topic, &endpoint, attribute, value).unwrap().text.is_some());
        let refused = errors::attribute_of_other_subscription(SetBy::Set, attribute.name());
        assert_eq!(read(other_topic, &other, attribute, value).unwrap_err(), refused);
        let bad = read(topic, &endpoint, attribute, "x").unwrap_err();
        assert_eq!(bad.kind, ErrorKind::InvalidParameter);
    }
    let kept = read("t", &web(), TextAttribute::Delivery, policy).unwrap();
    let Meaning::Delivery(meant) = kept.meaning else { panic!() };
    assert_eq!(meant.attempts_per_s_max.unwrap().get(), 3);
    assert!(kept.text.unwrap().starts_with(r#"{"healthyRetryPolicy":null,"#));
    let mail = Endpoint::Other(Protocol::Email, "a@b".into());
    assert!(check_form(SetBy::Set, Form::Envelope, &mail).is_ok());
    assert!(check_form(SetBy::Set, Form::Raw, &mail).is_err());
    assert!(check_form(SetBy::Set, Form::Raw, &web()).is_ok());
}

#[test]
fn what_is_shown_is_in_order_and_only_what_there_is() {
    let mut stated = SubscriptionStated::wanted(web(), OWNER, "arn:aws:iam::000000000000:root");
    stated.standing = Standing::Pending(Timestamp(1));
    let names = |stated: &SubscriptionStated, effective: Option<&Effective>| {
        let shown = shown("s", "t", stated, effective, None);
        shown.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
    };
    assert_eq!(
        names(&stated, None),
        [
            "SubscriptionPrincipal=arn:aws:iam::000000000000:root",
            "Owner=000000000000",
            "RawMessageDelivery=false",
            "TopicArn=t",
            "Endpoint=https://example.com",
            "Protocol=https",
            "PendingConfirmation=true",
            "ConfirmationWasAuthenticated=false",
            "SubscriptionArn=s",
        ]
    );
    stated.standing = Standing::Confirmed(Confirmation::Link);
    assert!(names(&stated, None).contains(&"PendingConfirmation=false".to_owned()));
}
