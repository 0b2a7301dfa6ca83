//! How many bytes commands and events take: of a mailbox, of an entry, of a disk that is nearly full.
//!
//! Estimates, rather too high than too low. What a client can make long is counted by its length.

use postrider_core::Event;
use postrider_core::command::{AskQueue, AskTopic, Command};
use postrider_core::event::Tags;
use postrider_core::queue::settings::Setting;
use postrider_core::topic::subscription::{Change, Filter};

/// What an event takes besides texts and payloads.
const FIXED: usize = 256;
/// What a copy takes.
const COPY: usize = 96;
/// What a delivery takes that is owed, with the queue's ARN.
const OWED: usize = 256;

/// Bytes that a command brings: payloads, attributes, policies, tags.
pub(crate) fn bytes(command: &Command) -> u64 {
    let bytes = match command {
        Command::CreateQueue { settings, tags, .. } => policies(settings) + pairs(tags),
        Command::CreateTopic { attributes, tags, .. } => pairs(attributes) + tags.as_ref().map_or(0, pairs),
        Command::Queue { ask, .. } => queue(ask),
        Command::Topic { ask, .. } => topic(ask),
        Command::Deliver { parcels, .. } => {
            let parcel = |parcel: &postrider_core::outbox::Parcel| {
                parcel.payload.bytes.len() + COPY * parcel.deliveries.len()
            };
            parcels.iter().map(parcel).sum()
        }
        Command::ListQueues(_)
        | Command::ListTopics(_)
        | Command::ListSubscriptions(_)
        | Command::Owed { .. }
        | Command::Settle { .. } => 0,
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
        | AskQueue::Peek { .. } => 0,
    }
}

fn topic(ask: &AskTopic) -> usize {
    match ask {
        AskTopic::Set(_, value) => value.as_ref().map_or(0, |value| value.len()),
        AskTopic::Tag(tags) => pairs(tags),
        AskTopic::Untag(keys) => keys.iter().map(|key| key.len()).sum(),
        AskTopic::Subscribe(stated, _) => filter(stated.filter.as_deref()),
        AskTopic::SetSubscription(_, Change::Filter(given)) => filter(given.as_deref()),
        AskTopic::Publish(messages) => messages.iter().map(|message| message.payload.bytes.len()).sum(),
        AskTopic::View
        | AskTopic::Delete
        | AskTopic::ListSubscriptions(_)
        | AskTopic::Subscription(_)
        | AskTopic::SetSubscription(_, Change::Form(_))
        | AskTopic::Unsubscribe(_) => 0,
    }
}

/// About how many bytes an event takes in an entry.
pub(crate) fn estimate(event: &Event) -> usize {
    FIXED
        + match event {
            Event::Message(stated) => stated.payload.bytes.len(),
            Event::Publication(stated) => {
                stated.payload.bytes.len() + COPY * stated.copies.len() + OWED * stated.owed.len()
            }
            Event::Queue(stated) => {
                stated.settings.policy.as_ref().map_or(0, |text| text.len()) + pairs(&stated.tags)
            }
            Event::Topic(stated) => pairs(&stated.attributes) + pairs(&stated.tags),
            Event::Subscription(stated) => filter(stated.filter.as_deref()),
            Event::Received { numbers, .. } | Event::Deleted { numbers, .. } => 8 * numbers.len(),
            Event::VisibilityChanged { changes, .. } => 16 * changes.len(),
            Event::Opened
            | Event::FormatRaised(_)
            | Event::Shard(_)
            | Event::QueueDeleted { .. }
            | Event::QueuePurged { .. }
            | Event::TopicDeleted { .. }
            | Event::Unsubscribed { .. }
            | Event::Settled { .. }
            | Event::Inbox { .. } => 0,
        }
}

fn policies(settings: &[Setting]) -> usize {
    let texts = settings.iter().map(|setting| match setting {
        Setting::Policy(text) | Setting::KmsKey(text) => text.as_ref().map_or(0, |text| text.len()),
        Setting::Visibility(_)
        | Setting::MessageBytesMax(_)
        | Setting::Retention(_)
        | Setting::Delay(_)
        | Setting::Wait(_)
        | Setting::ManagedSse(_)
        | Setting::KmsReuse(_) => 0,
    });
    texts.sum()
}

fn pairs(pairs: &Tags) -> usize {
    pairs.iter().map(|(key, value)| 16 + key.len() + value.len()).sum()
}

/// A filter is kept as its text and in compiled form.
fn filter(filter: Option<&Filter>) -> usize {
    filter.map_or(0, |filter| 3 * filter.text.len())
}
