//! One message of a queue, as small as it can be: a backlog of millions lives in these.

use crate::Timestamp;
use crate::body::Body;
use crate::event::Receives;
use crate::id::{PublicationId, Uuid};
use crate::topic::subscription::Form;

/// A message that is not gone.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: Uuid,
    pub(crate) sent_at: Timestamp,
    pub(crate) visible_at: Timestamp,
    pub(crate) receives: Receives,
    pub(crate) place: Where,
    pub(crate) content: Content,
}

/// Which of the queue's three sets holds the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    Delayed,
    Available,
    InFlight,
}

/// What the message says.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Own(Body),
    Copy { publication: PublicationId, subscription: Uuid, form: Form },
}

impl Message {
    /// Does `other` say the same? Where payloads lie and whether they are in memory does not count.
    pub(crate) fn same(&self, other: &Message) -> bool {
        let content = match (&self.content, &other.content) {
            (Content::Own(a), Content::Own(b)) => a.place.crc == b.place.crc && a.size == b.size,
            (
                Content::Copy { publication: a, subscription: b, form: c },
                Content::Copy { publication: x, subscription: y, form: z },
            ) => (a, b, c) == (x, y, z),
            (Content::Own(_), Content::Copy { .. }) | (Content::Copy { .. }, Content::Own(_)) => false,
        };
        content
            && self.id == other.id
            && self.sent_at == other.sent_at
            && self.visible_at == other.visible_at
            && self.receives == other.receives
            && self.place == other.place
    }
}
