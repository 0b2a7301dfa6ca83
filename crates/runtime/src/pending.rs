//! Replies that wait until what they observed is durable.
//!
//! A reply waits for the position that was current when it was computed: also a rejection, an empty
//! receive, a look at a queue. So nobody ever learns of something that a crash could undo.
//!
//! Invariant: positions in the queue never decrease.

use postrider_core::body::{self, Body};
use postrider_core::{Lsn, Rejection, Reply};
use postrider_log::{Fault, Pin, Reader};
use std::collections::VecDeque;
use std::sync::Arc;

/// What a caller gets: the reply or the rejection, and a hold on the payloads that are not in memory.
pub struct Answer {
    /// What the shard said.
    pub result: Result<Reply, Rejection>,
    pins: Vec<(Lsn, Pin)>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("result", &self.result).field("pins", &self.pins.len()).finish()
    }
}

impl Answer {
    /// An answer whose payloads, if there are any, are in memory or in segments that `reader` has.
    pub fn new(result: Result<Reply, Rejection>, reader: &dyn Reader) -> Answer {
        let mut pins: Vec<(Lsn, Pin)> = Vec::new();
        for body in result.iter().flat_map(bodies) {
            let lsn = body.place.lsn;
            if body.resident.is_none() && pins.iter().all(|(pinned, _)| *pinned != lsn) {
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
        let pin = self.pins.iter().find(|(lsn, _)| *lsn == place.lsn);
        let (_, pin) = pin.ok_or(Unreadable::Gone(place.lsn))?;
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
        Reply::Done
        | Reply::Queue(_)
        | Reply::Arns(..)
        | Reply::Sent(_)
        | Reply::Each(_)
        | Reply::Topic(_)
        | Reply::Subscriptions(..)
        | Reply::Subscribed(_)
        | Reply::Published(_)
        | Reply::Taken { .. } => Vec::new(),
    }
}

/// Replies of one turn, with whom they are for.
pub type Replies<T> = Vec<(T, Result<Reply, Rejection>)>;

/// Replies that wait, oldest first.
#[derive(Debug)]
pub struct Pending<T> {
    waiting: VecDeque<(Lsn, Replies<T>)>,
}

impl<T> Default for Pending<T> {
    fn default() -> Pending<T> {
        Pending { waiting: VecDeque::new() }
    }
}

impl<T> Pending<T> {
    /// Holds replies until `lsn` is durable.
    pub fn hold(&mut self, lsn: Lsn, replies: Replies<T>) {
        debug_assert!(self.waiting.back().is_none_or(|(last, _)| *last <= lsn));
        if !replies.is_empty() {
            self.waiting.push_back((lsn, replies));
        }
    }

    /// Takes the next replies that wait for nothing after `durable`.
    pub fn release(&mut self, durable: Lsn) -> Option<Replies<T>> {
        self.waiting.front().filter(|(lsn, _)| *lsn <= durable)?;
        self.waiting.pop_front().map(|(_, replies)| replies)
    }

    /// Gives up all that waits: the log failed.
    pub fn abandon(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_before_its_position_is_durable() {
        let mut pending = Pending::default();
        pending.hold(Lsn(1), vec![("a", Ok(Reply::Done))]);
        pending.hold(Lsn(1), vec![("b", Err(Rejection::QueueDoesNotExist))]);
        pending.hold(Lsn(3), vec![("c", Ok(Reply::Done))]);
        assert!(pending.release(Lsn(0)).is_none());
        assert_eq!(pending.release(Lsn(2)).unwrap()[0].0, "a");
        assert_eq!(pending.release(Lsn(2)).unwrap()[0].0, "b");
        assert!(pending.release(Lsn(2)).is_none());
        assert_eq!(pending.release(Lsn(3)).unwrap()[0].0, "c");
    }
}
