//! How many bytes commands take of a mailbox, and events of an entry and of a disk that is nearly full.
//!
//! Estimates, rather too high than too low. What a client can make long is counted by its length.

use postrider_core::Event;
use postrider_core::command::{AskQueue, AskTopic, Command};
use postrider_core::event::{CopyStated, Journey, Past, Tags};
use postrider_core::outbox::Cargo;
use postrider_core::queue::settings::{Encryption, Setting, Settings};
use postrider_core::topic::subscription::{Change, Filter};

/// What an event takes besides texts and payloads.
const FIXED: usize = 256;
/// What a copy takes.
const COPY: usize = 96;
/// What a delivery takes that is owed, without the queue's ARN.
const OWED: usize = 64;
/// What a delivery to an endpoint takes.
const DUE: usize = 48;
/// What a delivery policy takes.
const POLICY: usize = 512;

/// Bytes that a command brings: payloads, attributes, policies, tags.
pub(crate) fn bytes(command: &Command) -> u64 {
    let bytes = match command {
        Command::CreateQueue { settings, tags, .. } => policies(settings) + pairs(tags),
        Command::CreateTopic { attributes, tags, .. } => pairs(attributes) + tags.as_ref().map_or(0, pairs),
        Command::Queue { ask, .. } => queue(ask),
        Command::Topic { ask, .. } => topic(ask),
        Command::Deliver { parcels, .. } => {
            let parcel = |parcel: &postrider_core::outbox::Parcel| {
                let cargo = match &parcel.cargo {
                    Cargo::Publication { deliveries, .. } => COPY * deliveries.len(),
                    Cargo::Message(traveller) => {
                        FIXED + traveller.source.as_str().len() + traveller.target.as_str().len()
                    }
                };
                parcel.payload.bytes.len() + cargo
            };
            parcels.iter().map(parcel).sum()
        }
        Command::Replay { messages, .. } => messages.iter().map(|message| message.payload.bytes.len()).sum(),
        Command::Tried(reports) => 64 * reports.len(),
        Command::ListQueues(_)
        | Command::CountFilters { .. }
        | Command::Confirm { .. }
        | Command::Knows(_)
        | Command::Claim { .. }
        | Command::Ended
        | Command::ToArchive { .. }
        | Command::Archived { .. }
        | Command::Archives
        | Command::Replays
        | Command::ListSources { .. }
        | Command::ListTopics(_)
        | Command::ListSubscriptions(_)
        | Command::Owed { .. }
        | Command::Settle { .. }
        | Command::ListApplications(_) => 0,
        Command::Account { ask, .. } => ask.text_bytes(),
        Command::Application { ask, .. } => ask.text_bytes(),
    };
    bytes as u64
}

fn queue(ask: &AskQueue) -> usize {
    match ask {
        AskQueue::Send(sends) => sends.iter().map(|send| send.payload.bytes.len()).sum(),
        AskQueue::Set(settings) => policies(settings),
        AskQueue::Tag(tags) => pairs(tags),
        AskQueue::Untag(keys) => keys.iter().map(|key| key.len()).sum(),
        AskQueue::DeleteMessages(receipts) => receipts.iter().map(|receipt| receipt.len()).sum(),
        AskQueue::ChangeVisibility(changes) => changes.iter().map(|change| change.0.len()).sum(),
        AskQueue::View
        | AskQueue::Delete
        | AskQueue::Purge
        | AskQueue::Receive(_)
        | AskQueue::Peek { .. }
        | AskQueue::StartMove { .. }
        | AskQueue::CancelMove(_)
        | AskQueue::ListMoves => 0,
    }
}

fn topic(ask: &AskTopic) -> usize {
    match ask {
        AskTopic::Set(_, value, _) => value.as_ref().map_or(0, |value| value.len()),
        AskTopic::Tag(tags) => pairs(tags),
        AskTopic::Untag(keys) => keys.iter().map(|key| key.len()).sum(),
        AskTopic::Subscribe(asked) => {
            let payload = asked.notice.as_ref().map_or(0, |notice| notice.payload.bytes.len());
            payload + filter(asked.wanted.filter.as_deref()) + pairs(&asked.wanted.attributes)
        }
        AskTopic::Unsubscribe(_, notice) => notice.as_ref().map_or(0, |notice| notice.payload.bytes.len()),
        AskTopic::SetSubscription(_, Change::Attribute { text, .. }) => {
            text.as_ref().map_or(0, |text| text.len())
        }
        AskTopic::SetSubscription(_, Change::Filter { filter: given, .. }) => filter(given.as_deref()),
        AskTopic::Publish(messages) => messages.iter().map(|message| message.payload.bytes.len()).sum(),
        AskTopic::View
        | AskTopic::Delete
        | AskTopic::ListSubscriptions(_)
        | AskTopic::Subscription(_)
        | AskTopic::SetSubscription(_, Change::Form(_)) => 0,
    }
}

/// About how many bytes an event takes in an entry.
pub(crate) fn estimate(event: &Event) -> usize {
    FIXED
        + match event {
            Event::Message(stated) => {
                stated.payload.bytes.len() + way(stated.past.as_deref(), stated.journey.as_deref())
            }
            Event::Publication(stated) => {
                let owed = stated.owed.iter().map(|owed| OWED + owed.queue.as_str().len());
                stated.topic.as_str().len()
                    + stated.payload.bytes.len()
                    + stated.copies.iter().map(copied).sum::<usize>()
                    + owed.sum::<usize>()
                    + DUE * stated.due.len()
            }
            Event::Queue(stated) => {
                stated.arn.as_str().len() + settings(&stated.settings) + pairs(&stated.tags)
            }
            Event::QueueDeleted { arn, .. } => arn.as_str().len(),
            Event::Topic(stated) => {
                stated.arn.as_str().len() + pairs(&stated.attributes) + pairs(&stated.tags) + POLICY
            }
            Event::Subscription(stated) => {
                let names = stated.endpoint.address().len() + stated.owner.len() + stated.principal.len();
                let target = stated.dead_letter.as_ref().map_or(0, |arn| arn.as_str().len());
                let more = target + 34 * stated.tokens.len() + pairs(&stated.attributes) + POLICY;
                names + more + filter(stated.filter.as_deref())
            }
            Event::Shard(stated) => 24 * stated.next_owed.len(),
            Event::Received { numbers, .. } | Event::Deleted { numbers, .. } => 11 * numbers.len(),
            Event::VisibilityChanged { changes, .. } => 22 * changes.len(),
            Event::Moved { source, numbers, .. } => source.as_str().len() + 22 * numbers.len(),
            Event::Leaving { journey, .. } => way(None, Some(journey)),
            Event::Attempt(stated) => 22 * stated.receipts.len(),
            Event::MoveTask(stated) => stated.destination.as_ref().map_or(0, |arn| arn.as_str().len()),
            Event::Tried(tried) => 64 * tried.len(),
            Event::Diverted { owed, .. } => OWED + owed.queue.as_str().len(),
            Event::Opened
            | Event::FormatRaised(_)
            | Event::QueuePurged { .. }
            | Event::Deduplicated(_)
            | Event::TopicDeleted { .. }
            | Event::Unsubscribed { .. }
            | Event::TopicDeduplicated(_)
            | Event::Archived { .. }
            | Event::Replay(_)
            | Event::Settled { .. }
            | Event::Inbox { .. } => 0,
            Event::Account(event) => event.text_bytes(),
            Event::Application(event) => event.text_bytes(),
        }
}

/// What a copy takes, with its way.
fn copied(copy: &CopyStated) -> usize {
    COPY + way(copy.past.as_deref(), copy.journey.as_deref())
}

/// What it takes to say where a message comes from and where it goes.
fn way(past: Option<&Past>, journey: Option<&Journey>) -> usize {
    let source = past.and_then(|past| past.source.as_ref()).map_or(0, |source| source.as_str().len());
    past.map_or(0, |_| 32) + source + journey.map_or(0, |journey| 64 + journey.target.as_str().len())
}

fn policies(settings: &[Setting]) -> usize {
    let texts = settings.iter().map(|setting| match setting {
        Setting::Policy(text) | Setting::KmsKey(text) => text.as_ref().map_or(0, |text| text.len()),
        Setting::Redrive(redrive) => redrive.as_ref().map_or(0, |redrive| redrive.target.as_str().len()),
        Setting::RedriveAllow(allow) => allow.as_ref().map_or(0, |allow| 2 * allow.text.len()),
        Setting::Visibility(_)
        | Setting::MessageBytesMax(_)
        | Setting::Retention(_)
        | Setting::Delay(_)
        | Setting::Wait(_)
        | Setting::ManagedSse(_)
        | Setting::KmsReuse(_)
        | Setting::FifoQueue(_)
        | Setting::ContentDedup(_)
        | Setting::DedupScope(_)
        | Setting::Throughput(_) => 0,
    });
    texts.sum()
}

fn settings(settings: &Settings) -> usize {
    let key = match &settings.encryption {
        Encryption::Kms { key, .. } => key.len(),
        Encryption::Off | Encryption::Managed => 0,
    };
    let redrive = settings.redrive.as_ref().map_or(0, |redrive| redrive.target.as_str().len());
    let allow = settings.redrive_allow.as_ref().map_or(0, |allow| 2 * allow.text.len());
    key + redrive + allow + settings.policy.as_ref().map_or(0, |text| text.len())
}

fn pairs(pairs: &Tags) -> usize {
    pairs.iter().map(|(key, value)| 16 + key.len() + value.len()).sum()
}

/// A filter is kept as its text and in compiled form.
fn filter(filter: Option<&Filter>) -> usize {
    filter.map_or(0, |filter| 3 * filter.text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use postrider_core::body::Payload;
    use postrider_core::command::Presence;
    use postrider_core::event::{Fifo, Leg, Occasion, OwedStated, PublicationStated, Receives};
    use postrider_core::id::{DedupKey, GroupKey, PublicationId, QueueId, TopicId, Uuid};
    use postrider_core::topic::subscription::{Form, Rendition};
    use postrider_core::{Arn, Lsn, Timestamp, account, application, codec, limits};

    fn arn(service: &str, name_bytes: usize) -> Arn {
        Arn::of("aws-us-gov", service, &"r".repeat(32), "123456789012", &"n".repeat(name_bytes))
    }

    fn encoded(mut event: Event) -> usize {
        let (mut bytes, estimate) = (Vec::new(), estimate(&event));
        codec::encode(Lsn(1), &mut event, &mut bytes);
        assert!(bytes.len() <= estimate, "{} bytes, and the estimate is {estimate}", bytes.len());
        estimate
    }

    /// The largest publication that the rules allow, every number as long as it gets.
    #[test]
    fn a_publication_to_all_that_may_subscribe_is_one_event() {
        let queue = arn("sqs", limits::QUEUE_NAME_MAX);
        let owed = OwedStated {
            to: u16::MAX,
            number: u64::MAX,
            queue: queue.clone(),
            subscription: Uuid(1),
            rendition: Rendition::of_queue(Form::Raw),
            leg: Leg::DeadLetter,
        };
        let late = Timestamp(1 << 48);
        let copy = CopyStated {
            queue: QueueId(u64::MAX),
            number: u64::MAX,
            subscription: Uuid(1),
            rendition: Rendition::of_queue(Form::Raw),
            sent_at: late,
            visible_at: late,
            receives: Receives { count: u32::MAX, first_at: late, last_at: late },
            past: Some(Box::new(Past {
                source: Some(queue.clone()),
                received_before: u32::MAX,
                refused_at: late,
            })),
            journey: None,
            group: Presence::Absent,
            dedup: Some(DedupKey::of("d")),
        };
        let largest = *limits::MESSAGE_BYTES.end();
        let stated = |copies, owed| {
            Event::Publication(Box::new(PublicationStated {
                id: PublicationId(u64::MAX),
                message_id: Uuid(2),
                topic: arn("sns", limits::TOPIC_NAME_MAX),
                published_at: late,
                group: Some(GroupKey::of("g")),
                fifo: Some(Fifo { sequence: u64::MAX, dedup: DedupKey::of("d") }),
                occasion: Occasion::Notice,
                home: Some(TopicId(u64::MAX)),
                archive: Presence::Present,
                payload: Payload::new(vec![1; largest as usize + 4_096].into(), largest),
                copies,
                owed,
                due: Vec::new(),
                from: Some((u16::MAX, u64::MAX)),
            }))
        };
        let all = limits::SUBSCRIPTIONS_PER_TOPIC_MAX;
        assert!(encoded(stated(Vec::new(), vec![owed; all])) <= limits::EVENT_BYTES_MAX);
        encoded(stated(vec![copy; 1_000], Vec::new()));
    }

    #[test]
    fn accounts_and_applications_are_not_taken_too_lightly() {
        let attributes: Tags = (0..500).map(|n| (n.to_string().into(), "v".repeat(n * 10).into())).collect();
        let prefix = Arn::of_account("aws-us-gov", "sns", &"r".repeat(32), "123456789012");
        let (phone, late) = ("+123456789012345", Timestamp(u64::MAX));
        encoded(Event::Account(account::Event::SmsAttributes {
            account: prefix.clone(),
            attributes: attributes.clone(),
        }));
        encoded(Event::Account(account::Event::Sandboxed(Box::new(account::Sandboxed {
            account: prefix.clone(),
            phone: phone.into(),
            status: account::Status::Verified,
            password: "12345678".into(),
            since: late,
        }))));
        encoded(Event::Account(account::Event::OptedOut { account: prefix, phone: phone.into(), at: late }));
        let arn = arn("sns", 300);
        encoded(Event::Application(application::Event::Application(Box::new(
            application::ApplicationStated { id: Uuid(u128::MAX), arn, attributes },
        ))));
        encoded(Event::Application(application::Event::Endpoint(Box::new(application::EndpointStated {
            application: Uuid(u128::MAX),
            id: Uuid(u128::MAX),
            endpoint: application::Endpoint {
                token: "t".repeat(2_048).into(),
                user_data: "u".repeat(2_048).into(),
                state: application::State::Disabled,
            },
        }))));
    }

    #[test]
    fn lists_of_numbers_are_not_taken_too_lightly() {
        let numbers = vec![u64::MAX; 1_000];
        encoded(Event::Deleted { queue: QueueId(u64::MAX), numbers });
        let changes = vec![(u64::MAX, Timestamp(u64::MAX)); 1_000];
        encoded(Event::VisibilityChanged { queue: QueueId(u64::MAX), changes });
    }
}
