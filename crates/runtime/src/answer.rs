//! What a caller gets, and how he reads the payloads in it.
//!
//! A payload that is not in memory is read from the log, by whoever wants it and not by the shard. The
//! answer keeps the segments that it needs from being trimmed until it is dropped.

use postrider_core::body::{self, Body};
use postrider_core::{Lsn, Rejection, Reply};
use postrider_log::{Fault, Pin, Reader};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a caller gets: the reply or the rejection, and a hold on the payloads that are not in memory.
pub struct Answer {
    /// What the shard said.
    pub result: Result<Reply, Rejection>,
    pins: BTreeMap<Lsn, Pin>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("result", &self.result).field("pins", &self.pins.len()).finish()
    }
}

impl Answer {
    /// An answer whose payloads, if there are any, are in memory or in segments that `reader` has.
    pub fn new(result: Result<Reply, Rejection>, reader: &dyn Reader) -> Answer {
        let mut pins = BTreeMap::new();
        for body in result.iter().flat_map(bodies) {
            let lsn = body.place.lsn;
            if body.resident.is_none() && !pins.contains_key(&lsn) {
                pins.extend(reader.pin(lsn.0).map(|pin| (lsn, pin)));
            }
        }
        Answer { result, pins }
    }

    /// The bytes of a payload in this answer. Reads the log if they are not in memory, which may block.
    ///
    /// # Errors
    /// The log could not be read, or what it gave is not what was written.
    pub fn bytes(&self, body: &Body) -> Result<Arc<[u8]>, Unreadable> {
        if let Some(resident) = &body.resident {
            return Ok(resident.clone());
        }
        let place = body.place;
        let pin = self.pins.get(&place.lsn).ok_or(Unreadable::Gone(place.lsn))?;
        let bytes = pin.read_at(place.lsn.0, place.offset, place.len)?;
        if body::crc(&bytes) != place.crc {
            return Err(Unreadable::Damaged(place.lsn));
        }
        Ok(Arc::from(&bytes[..]))
    }
}

/// Why a payload could not be read back.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The log failed.
    #[error("reading a payload back")]
    Log(#[from] Fault),
    /// The log does not have the entry.
    #[error("entry {} of the log is not there", .0.0)]
    Gone(Lsn),
    /// The checksum is wrong.
    #[error("a payload in entry {} of the log is damaged: run `postrider log verify`", .0.0)]
    Damaged(Lsn),
}

fn bodies(reply: &Reply) -> Vec<&Body> {
    match reply {
        Reply::Received(messages) => messages.iter().map(|m| m.message.content.body()).collect(),
        Reply::Peeked(messages) => messages.iter().map(|m| m.content.body()).collect(),
        Reply::Owed(parcels) => parcels.iter().map(|parcel| &parcel.body).collect(),
        Reply::Claimed(claimed) => claimed.iter().map(|claimed| &claimed.body).collect(),
        Reply::Ended { publications, .. } => publications.iter().map(|ended| &ended.body).collect(),
        Reply::ToArchive(waiting) => waiting.iter().map(|waiting| &waiting.body).collect(),
        Reply::Done
        | Reply::Queue(_)
        | Reply::Arns(..)
        | Reply::Count(_)
        | Reply::Sent(_)
        | Reply::Each(_)
        | Reply::MoveStarted(_)
        | Reply::MoveCancelled { .. }
        | Reply::Moves(_)
        | Reply::Topic(_)
        | Reply::Subscriptions(..)
        | Reply::Subscribed(..)
        | Reply::Confirmed(..)
        | Reply::Subscription(..)
        | Reply::Archives(_)
        | Reply::Replays(_)
        | Reply::Published(_)
        | Reply::Taken { .. }
        | Reply::Account(_)
        | Reply::Application(_) => Vec::new(),
    }
}
