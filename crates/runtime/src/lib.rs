//! The core over a log.
//!
//! ```text
//!  ask ──> mailbox ──> one thread a shard ───────────────────────────> replies
//!          bounded     a turn: advance,      append, fdatasync,
//!                      decide, apply, encode release, trim
//!                           │
//!                      long polls
//! ```
//!
//! - [`writer`] is one turn, without any I/O: commands in, entries and replies out. It can be driven
//!   by a test, by a simulator, or by the thread in [`turn`].
//! - [`long_poll`] holds the receives that wait for a message.
//! - [`Answer`] is what leaves, after everything that it rests on is durable. There are no exceptions:
//!   rejections and empty receives wait too.
//! - [`compaction`] states again what is live in the oldest segment, so that it can be trimmed.
//! - [`open`] makes a writer out of a log: replay, check, claim.
//! - [`turn`] is the thin loop that owns the thread and the log; [`handle`] is how everybody else asks.
//! - [`relay`] carries what one shard owes to another.
//! - `ended` keeps what topics want to be told of copies for queues, until somebody asks.
//! - `archivist` feeds the archives of FIFO topics, and brings messages back from them.
//! - [`clock`] is shard time.

mod answer;
mod archivist;
pub mod clock;
pub mod compaction;
mod ended;
pub mod handle;
pub mod long_poll;
pub mod node;
pub mod open;
pub mod relay;
pub mod turn;
mod weight;
pub mod writer;

pub use answer::{Answer, Unreadable};
pub use archivist::FactsOf;
pub use handle::{ShardHandle, Unanswered};
pub use node::{Node, Options, Storage};

/// An error with all its sources in one line, for a log line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
