//! One message of a queue, as small as it can be: a backlog of millions lives in these.

use crate::Timestamp;
use crate::body::Body;
use crate::event::{Past, Receives};
use crate::id::{GroupKey, Number, PublicationId, QueueId, Uuid};
use crate::topic::subscription::Rendition;

/// Stands for the group where there is none.
const NO_GROUP: GroupKey = GroupKey(std::num::NonZero::<u128>::MIN);

/// A message that is not gone.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: Uuid,
    pub(crate) sent_at: Timestamp,
    pub(crate) visible_at: Timestamp,
    pub(crate) receives: Receives,
    pub(crate) place: Where,
    pub(crate) group: Option<GroupKey>,
    pub(crate) past: Option<Box<Past>>,
    /// Under which queue and number the log states it, if that is not where it is now.
    pub(crate) home: Option<Box<(QueueId, Number)>>,
    pub(crate) content: Content,
}

/// Where in its queue the message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// Its delay has not passed.
    Delayed,
    /// It may be received; of a FIFO queue, if nothing earlier of its group holds it back.
    Available,
    /// It was received, and its visibility timeout has not passed.
    InFlight,
    /// On its way to another shard.
    Leaving,
}

/// What the message says.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Own(Body),
    Copy { publication: PublicationId, subscription: Uuid, rendition: Rendition },
}

impl Message {
    /// The group in a FIFO queue. Every message there has one: a message without is refused.
    pub(crate) fn group(&self) -> GroupKey {
        self.group.unwrap_or(NO_GROUP)
    }

    /// How long its consumer has held it, milliseconds, if it is in flight.
    pub(crate) fn held_ms(&self, now: Timestamp) -> Option<u64> {
        (self.place == Where::InFlight).then(|| now.min(self.visible_at) - self.receives.last_at)
    }

    /// How often it was handed out since it came to its queue.
    pub(crate) fn receives_here(&self) -> u32 {
        let before = self.past.as_ref().map_or(0, |past| past.received_before);
        self.receives.count.saturating_sub(before)
    }

    /// Does `other` say the same? Where payloads lie and whether they are in memory does not count.
    pub(crate) fn same(&self, other: &Message) -> bool {
        let content = match (&self.content, &other.content) {
            (Content::Own(a), Content::Own(b)) => a.place.crc == b.place.crc && a.size == b.size,
            (
                Content::Copy { publication: a, subscription: b, rendition: c },
                Content::Copy { publication: x, subscription: y, rendition: z },
            ) => (a, b, c) == (x, y, z),
            (Content::Own(_), Content::Copy { .. }) | (Content::Copy { .. }, Content::Own(_)) => false,
        };
        content
            && self.id == other.id
            && self.sent_at == other.sent_at
            && self.visible_at == other.visible_at
            && self.receives == other.receives
            && self.place == other.place
            && self.group == other.group
            && self.past == other.past
    }
}
