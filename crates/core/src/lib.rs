//! The state machines of Postrider: queues, topics, and what they owe each other. Pure: no I/O, no
//! clock, no randomness, no async.
//!
//! **State is a fold over a log.** A [`Shard`] is a set of queues and topics with one log and one
//! writer. Three functions carry everything:
//!
//! - [`Shard::decide`] holds every rule. It looks at the state and answers with events and a reply,
//!   or with a [`Rejection`]. It changes nothing.
//! - [`Shard::apply`] folds one event into the state. It is total: it has no rules and never fails.
//! - [`Shard::advance`] lets time pass: delays end, visibility timeouts end, messages expire. It is
//!   idempotent and writes nothing, because all of it is a function of (state, now).
//!
//! An entry of the log is one turn of the writer: a time and some events. The fold is
//! `advance(entry.now)`, then `apply` for each event, live and on replay alike.
//!
//! The invariants, checked in debug builds, by the property tests and by the crash test:
//!
//! - I1 what was acknowledged is durable;
//! - I2 folding the log gives the live state;
//! - I3 trimming the log at any legal point changes nothing;
//! - I4 a message is in one place: delayed, available, in flight, or gone;
//! - I5 a message is never visible before its time, and visible again at its time;
//! - I6 in a message group nothing is handed out while something earlier is unsettled;
//! - I7 one deduplication id, one message, per queue (or group) and window;
//! - I8 a spent message reaches its dead-letter queue exactly once, or stays;
//! - I9 every confirmed matching subscription gets each publication at least once or its policy's
//!   end, others never;
//! - I10 after an entry of epoch *e* there is none of an earlier epoch;
//! - I11 every buffer is within its bound.

pub mod account;
pub mod application;
pub mod arn;
pub mod body;
pub mod codec;
pub mod command;
mod delivery;
pub mod event;
pub mod id;
pub mod limits;
pub mod lsn;
pub mod name;
pub mod outbox;
pub mod queue;
pub mod rejection;
pub mod reply;
pub mod shard;
pub mod time;
pub mod topic;

pub use arn::Arn;
pub use command::Command;
pub use event::Event;
pub use lsn::Lsn;
pub use rejection::Rejection;
pub use reply::Reply;
pub use shard::Shard;
pub use time::Timestamp;
