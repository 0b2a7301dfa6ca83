//! Events to bytes and back.
//!
//! An entry is a sequence of events: a tag (u16), a length (u32), and fields, all little-endian. A
//! field is a key, `tag << 2 | kind`, and a value: kind 0 a variable-length integer, kind 1 bytes after a
//! variable-length length, kind 2 bytes after a length of four bytes (for what is written before its
//! length is known). Integers that are zero and texts that are empty are left out.
//!
//! Fields that the reader does not know are skipped, so fields may be added. An event that it does
//! not know stops it, so a new event is written only after `FormatRaised`. Tags are never reused.
//! Golden files made by each version pin the bytes.

mod decode;
mod encode;
mod fields;
mod outcome;
mod publication;
#[cfg(test)]
mod tests;
mod topic;

pub use decode::decode;
pub use encode::encode;

/// The newest version of the vocabulary that this program reads and writes.
pub const FORMAT: u32 = 3;

/// Why bytes could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// The bytes end in the middle of something, or break the layout.
    Layout,
    /// A newer program wrote this event.
    UnknownEvent(u16),
    /// A field that must be there is not, or holds what it may not.
    Field(u16),
    /// A filter policy is not readable.
    Filter,
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Malformed::Layout => f.write_str("the bytes are no sequence of events"),
            Malformed::UnknownEvent(tag) => write!(f, "event {tag} is of a newer version"),
            Malformed::Field(tag) => write!(f, "field {tag} of an event is missing or wrong"),
            Malformed::Filter => f.write_str("a filter policy cannot be read"),
        }
    }
}

impl std::error::Error for Malformed {}

/// Tags of events.
mod tag {
    pub(super) const OPENED: u16 = 1;
    pub(super) const FORMAT_RAISED: u16 = 2;
    pub(super) const SHARD: u16 = 3;
    pub(super) const QUEUE: u16 = 10;
    pub(super) const QUEUE_DELETED: u16 = 11;
    pub(super) const QUEUE_PURGED: u16 = 12;
    pub(super) const MESSAGE: u16 = 13;
    pub(super) const RECEIVED: u16 = 14;
    pub(super) const VISIBILITY_CHANGED: u16 = 15;
    pub(super) const DELETED: u16 = 16;
    pub(super) const DEDUPLICATED: u16 = 17;
    pub(super) const ATTEMPT: u16 = 18;
    pub(super) const MOVED: u16 = 19;
    pub(super) const LEAVING: u16 = 20;
    pub(super) const MOVE_TASK: u16 = 21;
    pub(super) const TOPIC: u16 = 30;
    pub(super) const TOPIC_DELETED: u16 = 31;
    pub(super) const SUBSCRIPTION: u16 = 32;
    pub(super) const UNSUBSCRIBED: u16 = 33;
    pub(super) const PUBLICATION: u16 = 34;
    pub(super) const TRIED: u16 = 35;
    pub(super) const DIVERTED: u16 = 36;
    pub(super) const TOPIC_DEDUPLICATED: u16 = 37;
    pub(super) const ARCHIVED: u16 = 38;
    pub(super) const REPLAY: u16 = 39;
    pub(super) const SMS_ATTRIBUTES: u16 = 40;
    pub(super) const SANDBOXED: u16 = 41;
    pub(super) const UNSANDBOXED: u16 = 42;
    pub(super) const OPTED_OUT: u16 = 43;
    pub(super) const OPTED_IN: u16 = 44;
    pub(super) const APPLICATION: u16 = 45;
    pub(super) const APPLICATION_DELETED: u16 = 46;
    pub(super) const ENDPOINT: u16 = 47;
    pub(super) const ENDPOINT_DELETED: u16 = 48;
    pub(super) const SETTLED: u16 = 50;
    pub(super) const INBOX: u16 = 51;
}

const KIND_INT: u64 = 0;
const KIND_BYTES: u64 = 1;
const KIND_LONG: u64 = 2;
