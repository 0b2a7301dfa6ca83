//! About how many bytes the log takes to state what is alive.
//!
//! Compaction weighs this against the size of the log. What a client can make long is counted by its
//! length, because a sum that is far too low would have compaction state the same things again and again.

use crate::Arn;
use crate::body::Body;
use crate::event::{SubscriptionStated, Tags};
use crate::queue::settings::Encryption;
use crate::{queue, topic};

/// A message, without its payload.
pub(super) const MESSAGE: u64 = 80;
/// A copy of a publication.
pub(super) const COPY: u64 = 64;
/// A delivery that is owed, with the ARN of its queue.
pub(super) const OWED: u64 = 144;
/// A delivery to an endpoint.
pub(super) const DUE: u64 = 40;
/// A replay.
pub(super) const REPLAY: u64 = 64;
/// A deduplication id.
pub(super) const DEDUPLICATED: u64 = 64;
/// An attempt to receive.
const ATTEMPT: u64 = 128;
/// A move task.
const MOVE_TASK: u64 = 192;
/// What is fixed in a statement of a publication or resource.
const FIXED: u64 = 80;

/// A queue, without its messages.
pub(super) fn queue(stated: &queue::Stated) -> u64 {
    let policy = stated.settings.policy.as_ref().map_or(0, |text| text.len());
    let key = match &stated.settings.encryption {
        Encryption::Kms { key, .. } => key.len(),
        Encryption::Off | Encryption::Managed => 0,
    };
    let redrive = stated.settings.redrive.as_ref().map_or(0, |redrive| redrive.target.as_str().len());
    let allow = stated.settings.redrive_allow.as_ref().map_or(0, |allow| 2 * allow.text.len());
    FIXED + (stated.arn.as_str().len() + policy + key + redrive + allow) as u64 + pairs(&stated.tags)
}

/// What a queue remembers besides its messages.
pub(super) fn memory(queue: &queue::Queue) -> u64 {
    let ids = DEDUPLICATED * queue.dedup.len() as u64 + ATTEMPT * queue.attempts.len() as u64;
    ids + MOVE_TASK * queue.tasks.len() as u64
}

/// A topic, without its subscriptions.
pub(super) fn topic(stated: &topic::Stated) -> u64 {
    FIXED + stated.arn.as_str().len() as u64 + pairs(&stated.attributes) + pairs(&stated.tags)
}

/// A subscription. Its filter is kept as text and in compiled form.
pub(super) fn subscription(stated: &SubscriptionStated) -> u64 {
    let filter = stated.filter.as_ref().map_or(0, |filter| 2 * filter.text.len());
    let names = stated.endpoint.address().len() + stated.owner.len() + stated.principal.len();
    let target = stated.dead_letter.as_ref().map_or(0, |arn| arn.as_str().len());
    let tokens = 34 * stated.tokens.len();
    FIXED + (names + filter + target + tokens) as u64 + pairs(&stated.attributes)
}

/// A publication, without its copies.
pub(super) fn publication(topic: &Arn, body: &Body) -> u64 {
    FIXED + topic.as_str().len() as u64 + u64::from(body.place.len)
}

fn pairs(pairs: &Tags) -> u64 {
    pairs.iter().map(|(key, value)| (12 + key.len() + value.len()) as u64).sum()
}
