//! Every name and the edges of every value.

use super::read::read;
use super::{Kind, SHOWN, kind, selection, shown};
use postrider_core::Arn;
use postrider_core::id::Revision;
use postrider_core::limits;
use postrider_core::queue::settings::{
    AllowedSources, DedupScope, Redrive, RedriveAllow, Setting, Settings, Switch, Throughput,
};
use postrider_core::reply::QueueView;
use postrider_core::{Timestamp, event::Tags};
use postrider_wire::Text;
use postrider_wire::error::{Error, sqs as errors};

const DEAD: &str = "arn:aws:sqs:us-east-1:210987654321:dead";

fn queue(name: &str) -> Arn {
    Arn::of("aws", "sqs", "us-east-1", "210987654321", name)
}

fn texts<'a>(pairs: &[(&'a str, &'a str)]) -> Vec<(Text<'a>, Text<'a>)> {
    pairs.iter().map(|(name, value)| (Text::from(*name), Text::from(*value))).collect()
}

fn of(name: &str, pairs: &[(&str, &str)]) -> Result<Vec<Setting>, Error> {
    read(&texts(pairs), &queue(name), &limits::MESSAGE_BYTES)
}

#[test]
fn numbers_are_digits_within_their_range() {
    assert_eq!(of("q", &[("VisibilityTimeout", "43200")]).unwrap(), [Setting::Visibility(43_200)]);
    assert_eq!(of("q", &[("DelaySeconds", "007")]).unwrap(), [Setting::Delay(7)]);
    assert_eq!(of("q.fifo", &[("DelaySeconds", "900")]).unwrap(), [Setting::Delay(900)]);
    let ranges = [
        ("VisibilityTimeout", 0, 43_200),
        ("MaximumMessageSize", 1_024, 1_048_576),
        ("MessageRetentionPeriod", 60, 1_209_600),
        ("DelaySeconds", 0, 900),
        ("ReceiveMessageWaitTimeSeconds", 0, 20),
        ("KmsDataKeyReusePeriodSeconds", 60, 86_400),
    ];
    for (name, min, max) in ranges {
        for good in [min, max] {
            assert!(of("q", &[(name, &good.to_string())]).is_ok(), "{name} {good}");
        }
        let (below, above) = ((i64::from(min) - 1).to_string(), (max + 1).to_string());
        for bad in
            [&*below, &*above, "-1", "+100", " 100", "100 ", "100.0", "", "1e2", "99999999999999999999"]
        {
            assert_eq!(of("q", &[(name, bad)]), Err(errors::invalid_attribute_value(name)), "{name} {bad}");
        }
    }
}

#[test]
fn the_key_of_a_queue_has_a_length() {
    let name = "KmsMasterKeyId";
    let of_length = |bytes: usize| of("q", &[(name, &"k".repeat(bytes))]);
    assert!(of_length(2_048).is_ok());
    assert_eq!(of_length(2_049), Err(errors::invalid_attribute_value(name)));
}

#[test]
fn booleans_are_read_in_any_case() {
    for (value, switch) in [("true", Switch::On), ("True", Switch::On), ("FALSE", Switch::Off)] {
        assert_eq!(of("q", &[("SqsManagedSseEnabled", value)]).unwrap(), [Setting::ManagedSse(switch)]);
        let read = of("q.fifo", &[("ContentBasedDeduplication", value)]).unwrap();
        assert_eq!(read, [Setting::ContentDedup(switch)]);
        assert_eq!(of("q.fifo", &[("FifoQueue", value)]).unwrap(), [Setting::FifoQueue(switch)]);
    }
    for name in ["SqsManagedSseEnabled", "ContentBasedDeduplication", "FifoQueue"] {
        for bad in ["", "yes", "1", " true", "null"] {
            assert_eq!(
                of("q.fifo", &[(name, bad)]),
                Err(errors::invalid_attribute_value(name)),
                "{name} {bad}"
            );
        }
    }
}

#[test]
fn names_that_cannot_be_set_are_told_apart() {
    let unknown = [
        "Colour",
        "",
        "All",
        "visibilityTimeout",
        "QueueArn",
        "CreatedTimestamp",
        "LastModifiedTimestamp",
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesDelayed",
        "ApproximateNumberOfMessagesNotVisible",
    ];
    for name in unknown {
        for queue in ["q", "q.fifo"] {
            assert_eq!(of(queue, &[(name, "false")]), Err(errors::unknown_attribute(name)));
        }
    }
}

#[test]
fn attributes_of_fifo_queues_are_for_them_alone() {
    for name in ["FifoQueue", "ContentBasedDeduplication"] {
        assert_eq!(of("q", &[(name, "false")]), Err(errors::unknown_attribute(name)));
    }
    for name in ["DeduplicationScope", "FifoThroughputLimit"] {
        for value in ["queue", "perQueue", "nonsense"] {
            assert_eq!(of("q", &[(name, value)]), Err(errors::fifo_only_attribute(name)));
        }
        for bad in ["", "Queue", "messagegroup", "PerQueue", "perMessageGroupID"] {
            assert_eq!(of("q.fifo", &[(name, bad)]), Err(errors::invalid_attribute_value(name)), "{bad}");
        }
    }
    // That the type cannot change is told by the shard, which knows it.
    assert_eq!(of("q", &[("FifoQueue", "true")]).unwrap(), [Setting::FifoQueue(Switch::On)]);
    let all = [
        ("FifoQueue", "true"),
        ("DeduplicationScope", "messageGroup"),
        ("FifoThroughputLimit", "perMessageGroupId"),
    ];
    let expected = [
        Setting::FifoQueue(Switch::On),
        Setting::DedupScope(DedupScope::MessageGroup),
        Setting::Throughput(Throughput::PerMessageGroup),
    ];
    assert_eq!(of("q.fifo", &all).unwrap(), expected);
    let defaults = [("DeduplicationScope", "queue"), ("FifoThroughputLimit", "perQueue")];
    let expected = [Setting::DedupScope(DedupScope::Queue), Setting::Throughput(Throughput::PerQueue)];
    assert_eq!(of("q.fifo", &defaults).unwrap(), expected);
}

#[test]
fn the_kind_is_what_fifo_queue_says_last() {
    assert_eq!(kind(&texts(&[])), Kind::Standard);
    assert_eq!(kind(&texts(&[("FifoQueue", "TRUE")])), Kind::Fifo);
    assert_eq!(kind(&texts(&[("FifoQueue", "true"), ("FifoQueue", "false")])), Kind::Standard);
    assert_eq!(kind(&texts(&[("FifoQueue", "maybe")])), Kind::Standard);
}

#[test]
fn empty_texts_remove_and_the_last_of_equal_names_counts() {
    let given = [
        ("Policy", ""),
        ("KmsMasterKeyId", ""),
        ("SqsManagedSseEnabled", "False"),
        ("RedrivePolicy", ""),
        ("RedriveAllowPolicy", ""),
    ];
    let expected = [
        Setting::Policy(None),
        Setting::KmsKey(None),
        Setting::ManagedSse(Switch::Off),
        Setting::Redrive(None),
        Setting::RedriveAllow(None),
    ];
    assert_eq!(of("q", &given).unwrap(), expected);
    assert_eq!(of("q", &[("DelaySeconds", "1"), ("DelaySeconds", "2")]).unwrap(), [Setting::Delay(2)]);
    for bad in ["no json", "[]", "\"\"", r#"{"Statement":5}"#] {
        assert_eq!(of("q", &[("Policy", bad)]), Err(errors::invalid_attribute_value("Policy")), "{bad}");
    }
}

#[test]
fn the_first_wrong_attribute_is_told() {
    let given = [("DelaySeconds", "1"), ("Policy", "x"), ("Colour", "red")];
    assert_eq!(of("q", &given), Err(errors::invalid_attribute_value("Policy")));
    let given = [("Colour", "red"), ("Policy", "x")];
    assert_eq!(of("q", &given), Err(errors::unknown_attribute("Colour")));
}

#[test]
fn a_selection_is_checked_and_ordered() {
    let asked = |names: &[&str]| selection(&names.iter().map(|name| Text::from(*name)).collect::<Vec<_>>());
    assert_eq!(asked(&["VisibilityTimeout", "QueueArn"]).unwrap(), ["QueueArn", "VisibilityTimeout"]);
    assert_eq!(asked(&[]).unwrap(), [""; 0]);
    assert_eq!(asked(&["All", "QueueArn"]).unwrap(), SHOWN);
    for name in ["Colour", "all", ""] {
        assert_eq!(asked(&["All", name]).unwrap_err(), errors::unknown_attribute(name));
    }
}

fn view(name: &str, settings: Settings) -> QueueView {
    QueueView {
        arn: queue(name),
        revision: Revision(1),
        created: Timestamp(1_000),
        modified: Timestamp(2_999),
        settings,
        tags: Tags::default(),
        counts: Default::default(),
        fair: Default::default(),
    }
}

fn names(view: &QueueView) -> Vec<String> {
    shown(view, &SHOWN).into_iter().map(|(name, _)| name.into_owned()).collect()
}

/// The lists of `limits.json`.
#[test]
fn all_is_what_a_queue_of_the_type_has() {
    let file = format!("{}/../../tests/golden/limits.json", env!("CARGO_MANIFEST_DIR"));
    let file: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let list = |name: &str| {
        let list = file["sqs"][name].as_array().unwrap().iter();
        list.map(|name| name.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let mut expected = list("standardAllAttributes");
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    assert_eq!(sorted(names(&view("q", Settings::default()))), expected);
    expected.extend(list("fifoAllAttributesAdds"));
    assert_eq!(sorted(names(&view("q.fifo", Settings::of(&queue("q.fifo"))))), sorted(expected));
    for (name, facts) in file["sqs"]["attributes"].as_object().unwrap() {
        assert!(super::exists(name), "{name}");
        let settable = facts["settable"] != serde_json::Value::Bool(false);
        let refused = of("q.fifo", &[(name, "")]) == Err(errors::unknown_attribute(name));
        assert_eq!(settable, !refused, "{name}");
        if let (Some(default), None) = (facts["default"].as_str(), facts.get("shownOnlyWith")) {
            let view = view("q.fifo", Settings::of(&queue("q.fifo")));
            let (_, value) = shown(&view, &SHOWN).into_iter().find(|(shown, _)| shown == name).unwrap();
            assert_eq!(value, default, "{name}");
        }
    }
}

#[test]
fn what_is_set_is_shown() {
    let allow = r#"{ "redrivePermission":"denyAll" }"#;
    let given = [
        Setting::Policy(Some("{ }".into())),
        Setting::KmsKey(Some("alias/k".into())),
        Setting::Redrive(Some(Redrive { target: Arn::parse(DEAD).unwrap(), receives_max: 3 })),
        Setting::RedriveAllow(Some(RedriveAllow { text: allow.into(), sources: AllowedSources::None })),
        Setting::ContentDedup(Switch::On),
        Setting::DedupScope(DedupScope::MessageGroup),
        Setting::Throughput(Throughput::PerMessageGroup),
    ];
    let view = view("q.fifo", Settings::of(&queue("q.fifo")).with(&given).unwrap());
    let value = |asked: &str| {
        let found = shown(&view, &SHOWN).into_iter().find(|(name, _)| name == asked);
        found.map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    let redrive = format!(r#"{{"deadLetterTargetArn":"{DEAD}","maxReceiveCount":3}}"#);
    let expected = [
        ("Policy", "{ }"),
        ("KmsMasterKeyId", "alias/k"),
        ("KmsDataKeyReusePeriodSeconds", "300"),
        ("SqsManagedSseEnabled", "false"),
        ("RedrivePolicy", &redrive),
        ("RedriveAllowPolicy", allow),
        ("FifoQueue", "true"),
        ("ContentBasedDeduplication", "true"),
        ("DeduplicationScope", "messageGroup"),
        ("FifoThroughputLimit", "perMessageGroupId"),
        ("CreatedTimestamp", "1"),
        ("LastModifiedTimestamp", "2"),
    ];
    for (name, text) in expected {
        assert_eq!(value(name), text, "{name}");
    }
}
