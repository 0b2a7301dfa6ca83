//! What version 2 added: events, and fields of those that were there.

use super::{message, publication, queue, queue_arn, receives, time};
use crate::Arn;
use crate::event::{
    AttemptStated, CopyStated, DeduplicatedStated, Event, Journey, MessageStated, MoveFailure, MoveStatus,
    MoveTaskStated, Past, PublicationStated, Why,
};
use crate::id::{DedupKey, GroupKey, QueueId, Uuid};
use crate::queue::settings::{
    AllowedSources, DedupScope, Fifo, Redrive, RedriveAllow, Settings, Switch, Throughput,
};

const TASK: Uuid = Uuid(0x8a7b_6c5d_4e3f_4a1b_9c0d_1e2f_3a4b_5c6d);

fn dead_letters() -> Arn {
    Arn::of("aws", "sqs", "us-east-1", "000000000000", "dead.fifo")
}

fn journey(why: Why) -> Journey {
    Journey { to: 3, number: 900, target: dead_letters(), why }
}

fn past() -> Past {
    Past { source: Some(queue_arn()), received_before: 5, refused_at: time(8) }
}

fn settings(sources: AllowedSources) -> Settings {
    Settings {
        fifo: Some(Fifo {
            content_dedup: Switch::On,
            scope: DedupScope::MessageGroup,
            throughput: Throughput::PerMessageGroup,
        }),
        redrive: Some(Redrive { target: dead_letters(), receives_max: 5 }),
        redrive_allow: Some(RedriveAllow { text: "{}".into(), sources }),
        ..Settings::default()
    }
}

fn task(status: MoveStatus) -> Event {
    Event::MoveTask(Box::new(MoveTaskStated {
        queue: QueueId(7),
        id: TASK,
        destination: Some(queue_arn()),
        per_second: Some(500),
        started: time(3),
        status,
        moved: 12,
        to_move: 300,
    }))
}

/// One event of each kind that version 2 added, every field in use.
pub(in super::super) fn second() -> Vec<Event> {
    vec![
        Event::Deduplicated(DeduplicatedStated {
            queue: QueueId(7),
            key: DedupKey::of("once"),
            id: Uuid(u128::MAX),
            number: 300,
            at: time(4),
        }),
        Event::Attempt(Box::new(AttemptStated {
            queue: QueueId(7),
            key: DedupKey::of("again"),
            at: time(4),
            until: time(34),
            receipts: vec![(1, 1), (300, u32::MAX)],
        })),
        Event::Moved {
            from: QueueId(7),
            source: queue_arn(),
            to: QueueId(8),
            why: Why::Task(TASK),
            numbers: vec![(1, 128), (300, u64::MAX)],
        },
        Event::Leaving { queue: QueueId(7), number: 300, journey: Box::new(journey(Why::Spent)) },
        task(MoveStatus::Failed(MoveFailure::CouldNotDetermineMessageSource)),
    ]
}

/// Events that version 2 gave more fields, all of them in use, with what it wrote.
pub(in super::super) fn grown() -> Vec<(Event, &'static str)> {
    let message = MessageStated {
        group: Some(GroupKey::of("a")),
        dedup: Some(DedupKey::of("once")),
        past: Some(Box::new(past())),
        journey: Some(Box::new(journey(Why::Task(TASK)))),
        from: Some((3, 77)),
        ..message()
    };
    let copy = |copy: CopyStated| CopyStated {
        past: Some(Box::new(past())),
        journey: Some(Box::new(journey(Why::Spent))),
        ..copy
    };
    let stated = publication();
    let publication = PublicationStated {
        group: Some(GroupKey::of("a")),
        copies: stated.copies.into_iter().map(copy).collect(),
        ..publication()
    };
    let sources = AllowedSources::These(vec![queue_arn(), dead_letters()]);
    vec![
        (
            Event::Queue(Box::new(queue(settings(sources)))),
            include_str!("../../../../tests/golden/10-queue-of-version-2.hex"),
        ),
        (Event::Message(message), include_str!("../../../../tests/golden/13-message-of-version-2.hex")),
        (
            Event::Publication(Box::new(publication)),
            include_str!("../../../../tests/golden/34-publication-of-version-2.hex"),
        ),
    ]
}

/// The same at its edges.
pub(in super::super) fn more_edges() -> Vec<Event> {
    let outcomes = [
        MoveStatus::Running,
        MoveStatus::Completed,
        MoveStatus::Cancelling,
        MoveStatus::Cancelled,
        MoveStatus::Failed(MoveFailure::NonExistentQueue),
        MoveStatus::Failed(MoveFailure::NotPermitted),
    ];
    let mut edges = outcomes.map(task).to_vec();
    edges.extend([
        Event::Queue(Box::new(queue(settings(AllowedSources::None)))),
        Event::Queue(Box::new(queue(Settings {
            fifo: Some(Fifo::default()),
            ..settings(AllowedSources::All)
        }))),
        Event::Message(MessageStated { past: Some(Box::default()), from: Some((0, 0)), ..message() }),
        Event::Moved {
            from: QueueId(1),
            source: queue_arn(),
            to: QueueId(1),
            why: Why::Spent,
            numbers: Vec::new(),
        },
        Event::Message(MessageStated { receives: receives(), ..message() }),
    ]);
    edges
}
