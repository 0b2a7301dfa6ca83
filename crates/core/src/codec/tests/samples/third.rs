//! What version 3 added: events, and fields of those that were there.

use super::{SUBSCRIPTION, publication, queue_arn, subscription, tags, time, topic};
use crate::command::Presence;
use crate::event::{
    Archive, CopyStated, DueStated, Event, Fifo, Leg, Occasion, OwedStated, PublicationStated, ReplayStated,
    ReplayStatus, SubscriptionStated, Then, TopicDeduplicated, TopicStated, Tried,
};
use crate::id::{DedupKey, GroupKey, PublicationId, Revision, TopicId, Uuid};
use crate::topic::retry::{Backoff, ContentType, Overrides, Phases, Policy, Schedule, TopicPolicy};
use crate::topic::subscription::{Confirmation, Endpoint, Form, Protocol, Rendition, Standing, Token};
use crate::{Arn, Timestamp};
use std::num::NonZeroU32;

const OTHER: Uuid = Uuid(0x1b2c_3d4e_5f60_4718_92a3_b4c5_d6e7_f809);

fn dead_letters() -> Arn {
    Arn::of("aws", "sqs", "us-east-1", "000000000000", "dead")
}

fn token(byte: u8) -> Token {
    Token([byte; 32])
}

fn policy(backoff: Backoff) -> Policy {
    let phases = Phases {
        min_delay_ms: 2_000,
        max_delay_ms: 90_000,
        retries: 20,
        no_delay_retries: 1,
        min_delay_retries: 2,
        max_delay_retries: 3,
        backoff,
    };
    Policy {
        schedule: Some(Schedule::new(phases).unwrap()),
        attempts_per_s_max: NonZeroU32::new(7),
        content_type: ContentType::new("application/json"),
    }
}

fn owed(leg: Leg) -> OwedStated {
    OwedStated {
        to: 1,
        number: 901,
        queue: dead_letters(),
        subscription: SUBSCRIPTION,
        rendition: Rendition::of_queue(Form::Raw),
        leg,
    }
}

fn replay(status: ReplayStatus) -> ReplayStated {
    ReplayStated {
        topic: TopicId(2),
        subscription: SUBSCRIPTION,
        id: Revision(14),
        from: time(1),
        until: Some(time(8)),
        cursor: 900,
        behind: 0,
        status,
    }
}

fn web(standing: Standing) -> SubscriptionStated {
    SubscriptionStated {
        endpoint: Endpoint::Other(Protocol::Https, "https://example.com/sns".into()),
        standing,
        tokens: vec![token(1), token(2)],
        dead_letter: Some(dead_letters()),
        delivery: policy(Backoff::Geometric),
        attributes: tags([("DeliveryPolicy", "{}"), ("RedrivePolicy", "{ }")]),
        ..subscription(Form::Raw, None)
    }
}

fn news() -> PublicationStated {
    let first = PublicationStated { copies: Vec::new(), owed: vec![owed(Leg::DeadLetter)], ..publication() };
    let due = |subscription, failures| DueStated { subscription, failures, at: time(44) };
    PublicationStated {
        home: Some(TopicId(2)),
        due: vec![due(SUBSCRIPTION, 0), due(OTHER, 3)],
        from: None,
        ..first
    }
}

/// One event of each kind that version 3 added, every field in use.
pub(in super::super) fn third() -> Vec<Event> {
    let tried = |publication, then| Tried {
        topic: TopicId(2),
        subscription: SUBSCRIPTION,
        publication: PublicationId(publication),
        then,
    };
    vec![
        Event::Tried(vec![tried(41, Then::Over), tried(300, Then::Again(time(64)))]),
        Event::Diverted { publication: PublicationId(41), owed: owed(Leg::DeadLetter) },
        Event::TopicDeduplicated(TopicDeduplicated {
            topic: TopicId(2),
            key: DedupKey::of("once"),
            id: Uuid(u128::MAX),
            sequence: 300,
            at: time(4),
        }),
        Event::Archived { topic: TopicId(2), up_to: 300 },
        Event::Replay(Box::new(replay(ReplayStatus::InProgress))),
    ]
}

/// Events that version 3 gave more fields, all of them in use, with what it wrote.
pub(in super::super) fn grown_further() -> Vec<(Event, &'static str)> {
    let topic = TopicStated {
        next_sequence: 301,
        delivery: TopicPolicy { policy: policy(Backoff::Exponential), overrides: Overrides::Disabled },
        archive: Some(Archive { since: time(2), days: 365 }),
        ..topic()
    };
    let copy =
        |copy: CopyStated| CopyStated { group: Presence::Absent, dedup: Some(DedupKey::of("once")), ..copy };
    let stated = publication();
    let fifo = PublicationStated {
        group: Some(GroupKey::of("a")),
        fifo: Some(Fifo { sequence: 300, dedup: DedupKey::of("once") }),
        occasion: Occasion::Replayed,
        home: Some(TopicId(2)),
        archive: Presence::Present,
        copies: stated.copies.into_iter().map(copy).collect(),
        due: news().due,
        owed: news().owed,
        ..publication()
    };
    vec![
        (Event::Topic(Box::new(topic)), include_str!("../../../../tests/golden/30-topic-of-version-3.hex")),
        (
            Event::Subscription(Box::new(web(Standing::Pending(time(5))))),
            include_str!("../../../../tests/golden/32-subscription-of-version-3.hex"),
        ),
        (
            Event::Publication(Box::new(fifo)),
            include_str!("../../../../tests/golden/34-publication-of-version-3.hex"),
        ),
    ]
}

/// The same at its edges.
pub(in super::super) fn further_edges() -> Vec<Event> {
    let backoffs = [Backoff::Linear, Backoff::Arithmetic, Backoff::Geometric, Backoff::Exponential];
    let mut edges = Vec::new();
    for backoff in backoffs {
        let stated = SubscriptionStated { delivery: policy(backoff), ..web(Standing::Ended(time(9))) };
        edges.push(Event::Subscription(Box::new(stated)));
    }
    for protocol in Protocol::ALL.into_iter().filter(|protocol| *protocol != Protocol::Sqs) {
        let stated = SubscriptionStated {
            endpoint: Endpoint::Other(protocol, "".into()),
            tokens: Vec::new(),
            ..web(Standing::Confirmed(Confirmation::Link))
        };
        edges.push(Event::Subscription(Box::new(stated)));
    }
    let statuses =
        [ReplayStatus::Pending, ReplayStatus::Completed, ReplayStatus::Failed, ReplayStatus::Stopped];
    for status in statuses {
        edges.push(Event::Replay(Box::new(replay(status))));
    }
    let never =
        ReplayStated { from: Timestamp::ZERO, until: None, cursor: 0, ..replay(ReplayStatus::Pending) };
    let always = ReplayStated { until: Some(Timestamp::ZERO), cursor: u64::MAX, ..never };
    let topic = TopicStated {
        delivery: TopicPolicy { policy: Policy::default(), overrides: Overrides::Disabled },
        archive: Some(Archive { since: Timestamp::ZERO, days: 1 }),
        ..topic()
    };
    edges.extend([
        Event::Replay(Box::new(never)),
        Event::Replay(Box::new(always)),
        Event::Topic(Box::new(topic)),
        Event::Tried(Vec::new()),
        Event::Diverted { publication: PublicationId(0), owed: owed(Leg::Endpoint) },
        Event::Diverted {
            publication: PublicationId(0),
            owed: OwedStated {
                rendition: Rendition { protocol: Protocol::Firehose, form: Form::Envelope },
                ..owed(Leg::DeadLetter)
            },
        },
        Event::Archived { topic: TopicId(u64::MAX), up_to: u64::MAX },
        Event::Publication(Box::new(news())),
        Event::Publication(Box::new(PublicationStated { occasion: Occasion::Notice, ..news() })),
        Event::Subscription(Box::new(SubscriptionStated {
            endpoint: Endpoint::Queue(queue_arn()),
            attributes: tags([("ReplayPolicy", "")]),
            ..web(Standing::Confirmed(Confirmation::Authenticated))
        })),
    ]);
    edges
}
