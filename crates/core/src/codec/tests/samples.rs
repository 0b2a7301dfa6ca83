//! Events that together use every field of the vocabulary, and their golden files.

mod accounts;
mod second;
mod third;

pub(super) use accounts::accounts;
pub(super) use second::{grown, more_edges, second};
pub(super) use third::{further_edges, grown_further, third};

use crate::body::Payload;
use crate::command::Presence;
use crate::event::{
    CopyStated, Event, Leg, MessageStated, Occasion, OwedStated, PublicationStated, QueueStated, Receives,
    ShardStated, SubscriptionStated, Tags, TopicStated,
};
use crate::id::{Number, PublicationId, QueueId, Revision, TopicId, Uuid};
use crate::queue::expiry::Expired;
use crate::queue::settings::{Encryption, Settings};
use crate::topic::filter::{Policy, Scope, Value};
use crate::topic::retry::TopicPolicy;
use crate::topic::subscription::{Endpoint, Filter, Form, Rendition};
use crate::{Arn, Timestamp};
use bytes::Bytes;
use std::sync::Arc;

pub(super) const SUBSCRIPTION: Uuid = Uuid(0x5f0c_1d2e_3a4b_4c5d_8e6f_7081_92a3_b4c5);

pub(super) fn queue_arn() -> Arn {
    Arn::of("aws", "sqs", "us-east-1", "000000000000", "orders")
}

fn topic_arn() -> Arn {
    Arn::of("aws", "sns", "eu-west-1", "123456789012", "news")
}

pub(super) fn tags<const N: usize>(tags: [(&str, &str); N]) -> Tags {
    tags.into_iter().map(|(key, value)| (key.into(), value.into())).collect()
}

pub(super) fn time(seconds: u64) -> Timestamp {
    Timestamp(1_760_000_000_000 + seconds * 1000)
}

pub(super) fn payload(text: &'static str) -> Payload {
    Payload::new(Bytes::from_static(text.as_bytes()), 9 + u32::try_from(text.len()).unwrap())
}

pub(super) fn receives() -> Receives {
    Receives { count: 3, first_at: time(1), last_at: time(9) }
}

fn filter(scope: Scope) -> Arc<Filter> {
    let kinds = Value::Array(vec![Value::String("invoice".into())]);
    let policy = Policy::compile(&Value::Object(vec![("kind".into(), kinds)]), scope).unwrap();
    Arc::new(Filter { text: r#"{"kind":["invoice"]}"#.into(), scope, policy })
}

/// What had expired at these seconds, below these numbers.
pub(super) fn expired(pairs: &[(u64, Number)]) -> Expired {
    let mut expired = Expired::default();
    pairs.iter().for_each(|(seconds, below)| expired.add(time(*seconds), *below));
    expired
}

pub(super) fn queue(settings: Settings) -> QueueStated {
    QueueStated {
        id: QueueId(7),
        arn: queue_arn(),
        revision: Revision(12),
        created: time(0),
        modified: time(5),
        settings,
        tags: tags([("env", ""), ("team", "blue")]),
        next_number: 301,
        expired: expired(&[(2, 301)]),
        purged_before: 200,
        purged_at: time(3),
    }
}

pub(super) fn message() -> MessageStated {
    MessageStated {
        queue: QueueId(7),
        number: 300,
        id: Uuid(0x0123_4567_89ab_4cde_8f01_2345_6789_abcd),
        sent_at: time(4),
        visible_at: time(34),
        receives: receives(),
        payload: payload("a body"),
        group: None,
        dedup: None,
        past: None,
        journey: None,
        from: None,
    }
}

pub(super) fn subscription(form: Form, filter: Option<Arc<Filter>>) -> SubscriptionStated {
    let principal = "arn:aws:iam::123456789012:root";
    let plain = SubscriptionStated::wanted(Endpoint::Queue(queue_arn()), "123456789012", principal);
    SubscriptionStated { topic: TopicId(2), id: SUBSCRIPTION, form, filter, ..plain }
}

pub(super) fn publication() -> PublicationStated {
    let copy = |number, form, receives| CopyStated {
        queue: QueueId(7),
        number,
        subscription: SUBSCRIPTION,
        rendition: Rendition::of_queue(form),
        sent_at: time(4),
        visible_at: time(5),
        receives,
        past: None,
        journey: None,
        group: Presence::Present,
        dedup: None,
    };
    let owed = |to, number, form| OwedStated {
        to,
        number,
        queue: queue_arn(),
        subscription: SUBSCRIPTION,
        rendition: Rendition::of_queue(form),
        leg: Leg::Endpoint,
    };
    PublicationStated {
        id: PublicationId(41),
        message_id: Uuid(u128::MAX),
        topic: topic_arn(),
        published_at: time(4),
        group: None,
        fifo: None,
        occasion: Occasion::Published,
        home: None,
        archive: Presence::Absent,
        payload: payload("hello, all"),
        copies: vec![copy(301, Form::Envelope, Receives::default()), copy(u64::MAX, Form::Raw, receives())],
        owed: vec![owed(0, 1, Form::Raw), owed(u16::MAX, u64::MAX, Form::Envelope)],
        due: Vec::new(),
        from: Some((3, 77)),
    }
}

pub(super) fn topic() -> TopicStated {
    TopicStated {
        id: TopicId(2),
        arn: topic_arn(),
        revision: Revision(11),
        attributes: tags([("DisplayName", "News"), ("MaximumMessageSize", "2048")]),
        tags: tags([("env", "test")]),
        subscriptions_deleted: 5,
        next_sequence: 0,
        delivery: TopicPolicy::default(),
        archive: None,
    }
}

/// One event of each kind of version 1, every field of it in use: what its golden files hold.
pub(super) fn samples() -> Vec<Event> {
    let kms = Encryption::Kms { key: "alias/orders".into() };
    let settings = Settings {
        visibility_s: 45,
        delay_s: 3,
        wait_s: 20,
        policy: Some(r#"{"Statement":[]}"#.into()),
        encryption: kms,
        ..Settings::default()
    };
    vec![
        Event::Opened,
        Event::FormatRaised(1),
        Event::Shard(ShardStated {
            secret: std::array::from_fn(|i| i as u8),
            next_queue: 8,
            next_topic: 3,
            next_publication: 42,
            next_revision: 13,
            next_owed: vec![(0, 2), (3, 900)],
        }),
        Event::Queue(Box::new(queue(settings))),
        Event::QueueDeleted { queue: QueueId(7), arn: queue_arn(), at: time(6) },
        Event::QueuePurged { queue: QueueId(7), before: 301 },
        Event::Message(message()),
        Event::Received { queue: QueueId(7), until: time(60), numbers: vec![1, 127, 128, 300] },
        Event::VisibilityChanged { queue: QueueId(7), changes: vec![(1, time(7)), (300, time(90))] },
        Event::Deleted { queue: QueueId(7), numbers: vec![1, 300] },
        Event::Topic(Box::new(topic())),
        Event::TopicDeleted { topic: TopicId(2) },
        Event::Subscription(Box::new(subscription(Form::Raw, Some(filter(Scope::MessageBody))))),
        Event::Unsubscribed { topic: TopicId(2), subscription: SUBSCRIPTION },
        Event::Publication(Box::new(publication())),
        Event::Settled { to: 3, accepted: 76, refused: Some(77) },
        Event::Inbox { from: 3, number: 77 },
    ]
}

/// The same vocabulary at its edges: nothing set, and the largest values.
pub(super) fn edges() -> Vec<Event> {
    let off = Settings { encryption: Encryption::Off, ..Settings::default() };
    let max = Timestamp(u64::MAX);
    vec![
        Event::FormatRaised(0),
        Event::FormatRaised(u32::MAX),
        Event::Shard(ShardStated::default()),
        Event::Queue(Box::new(QueueStated { tags: Tags::new(), ..queue(off) })),
        Event::Queue(Box::new(QueueStated {
            next_number: u64::MAX,
            expired: expired(&[(9, 77), (5, 200), (2, 300)]),
            modified: max,
            ..queue(Settings::default())
        })),
        Event::Message(MessageStated {
            receives: Receives { count: u32::MAX, first_at: max, last_at: max },
            payload: Payload::new(Bytes::new(), 0),
            ..message()
        }),
        Event::Message(MessageStated { id: Uuid(0), receives: Receives::default(), ..message() }),
        Event::Received { queue: QueueId(u64::MAX), until: max, numbers: Vec::new() },
        Event::VisibilityChanged { queue: QueueId(0), changes: Vec::new() },
        Event::Deleted { queue: QueueId(1), numbers: (1..2000).collect() },
        Event::Topic(Box::new(TopicStated {
            id: TopicId(u64::MAX),
            revision: Revision(0),
            attributes: Tags::new(),
            tags: Tags::new(),
            subscriptions_deleted: 0,
            ..topic()
        })),
        Event::Subscription(Box::new(subscription(Form::Envelope, None))),
        Event::Subscription(Box::new(subscription(Form::Raw, Some(filter(Scope::MessageAttributes))))),
        Event::Publication(Box::new(PublicationStated {
            copies: Vec::new(),
            owed: Vec::new(),
            from: None,
            ..publication()
        })),
        Event::Publication(Box::new(PublicationStated { from: Some((0, 0)), ..publication() })),
        Event::Settled { to: 0, accepted: 0, refused: None },
        Event::Inbox { from: 0, number: u64::MAX },
    ]
}

/// What version 1 wrote for each of the [`samples`], and later versions for the kinds of event that they added. A kind of event
/// without a file does not compile; a file is made once and never again.
pub(super) fn golden(event: &Event) -> &'static str {
    match event {
        Event::Opened => include_str!("../../../tests/golden/01-opened.hex"),
        Event::FormatRaised(_) => include_str!("../../../tests/golden/02-format-raised.hex"),
        Event::Shard(_) => include_str!("../../../tests/golden/03-shard.hex"),
        Event::Queue(_) => include_str!("../../../tests/golden/10-queue.hex"),
        Event::QueueDeleted { .. } => include_str!("../../../tests/golden/11-queue-deleted.hex"),
        Event::QueuePurged { .. } => include_str!("../../../tests/golden/12-queue-purged.hex"),
        Event::Message(_) => include_str!("../../../tests/golden/13-message.hex"),
        Event::Received { .. } => include_str!("../../../tests/golden/14-received.hex"),
        Event::VisibilityChanged { .. } => include_str!("../../../tests/golden/15-visibility-changed.hex"),
        Event::Deleted { .. } => include_str!("../../../tests/golden/16-deleted.hex"),
        Event::Deduplicated(_) => include_str!("../../../tests/golden/17-deduplicated.hex"),
        Event::Attempt(_) => include_str!("../../../tests/golden/18-attempt.hex"),
        Event::Moved { .. } => include_str!("../../../tests/golden/19-moved.hex"),
        Event::Leaving { .. } => include_str!("../../../tests/golden/20-leaving.hex"),
        Event::MoveTask(_) => include_str!("../../../tests/golden/21-move-task.hex"),
        Event::Topic(_) => include_str!("../../../tests/golden/30-topic.hex"),
        Event::TopicDeleted { .. } => include_str!("../../../tests/golden/31-topic-deleted.hex"),
        Event::Subscription(_) => include_str!("../../../tests/golden/32-subscription.hex"),
        Event::Unsubscribed { .. } => include_str!("../../../tests/golden/33-unsubscribed.hex"),
        Event::Publication(_) => include_str!("../../../tests/golden/34-publication.hex"),
        Event::Tried(_) => include_str!("../../../tests/golden/35-tried.hex"),
        Event::Diverted { .. } => include_str!("../../../tests/golden/36-diverted.hex"),
        Event::TopicDeduplicated(_) => include_str!("../../../tests/golden/37-topic-deduplicated.hex"),
        Event::Archived { .. } => include_str!("../../../tests/golden/38-archived.hex"),
        Event::Replay(_) => include_str!("../../../tests/golden/39-replay.hex"),
        Event::Settled { .. } => include_str!("../../../tests/golden/50-settled.hex"),
        Event::Inbox { .. } => include_str!("../../../tests/golden/51-inbox.hex"),
        Event::Account(event) => accounts::golden_of_account(event),
        Event::Application(event) => accounts::golden_of_application(event),
    }
}
