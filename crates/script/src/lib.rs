//! The table-shaped test language: one line, one operation, at one time, with what is expected of it.
//!
//! ```text
//! @pure                                   # only where time is simulated
//! 00:00  create   orders  visibility=30   # minutes:seconds since the script began
//! 00:01  send     orders  a b             # each word is a body; several words are one batch
//! 00:02  receive  orders  max=10          -> a b
//! 00:03  delete   orders  a@1             # by the handle of its first receive; the last one if unsaid
//! 00:04  delete   orders  handle=forged   -> !ReceiptHandleIsInvalid
//! 00:33  receive  orders                  -> nothing
//!
//! 00:40  create   fifo.fifo  content-dedup=on
//! 00:41  send     fifo.fifo  group=g dedup=x  1
//! 00:42  send     fifo.fifo  group=g dedup=x  2  -> =1     # told what was told for 1
//! 00:43  receive  fifo.fifo  show=group,count -> 1:g:1
//! ```
//!
//! The *same file* runs on a [`World`] of pure shards, whose time is simulated, and over HTTP on the
//! binary ([`HttpTarget`]), where a script's seconds are real seconds. What a target must offer is
//! [`Target`]. The verbs and their options are the table in [`parse`](crate::Script::parse)'s module;
//! the refusals that a script may expect are in `refusal`.
//!
//! - A word that begins with `{`, `[` or `"` is JSON and ends with it, so it may have spaces.
//! - A message that came through a topic in an envelope is shown as `topic/body`, a raw one as `body`.
//! - A verb that asks (`receive`, `counts`, `attributes`, ...) says what it expects behind `->`; one that
//!   does expects `ok` if it says nothing. A batch has one `ok` or refusal for each entry; a send that only repeated
//!   the message `a`, for its deduplication id, has `=a`.
//! - `n3..5` stands for `n3 n4 n5`, where words are bodies, messages or answers.
//! - A move task is shown as `status:moved/to move`, then `to=`, `rate=` and the reason of a failure, if it has them.
//! - Whatever a script expects, sequence numbers must rise, and messages keep the ids that senders were told.
//! - An attempt at an endpoint is shown as the message and the second, `news/a:20`; what asks it to confirm has the name of
//!   its type, `news/SubscriptionConfirmation:0`.
//! - `restart` and `compact` change nothing that a client sees; a pure target does both and checks it.

mod action;
mod http;
mod ledger;
mod parse;
mod refusal;
mod run;
mod token;
mod topic_attributes;
mod world;

pub use action::{
    Action, Attribute, By, Fault, Handle, Incoming, OnEndpoint, OnQueue, OnTopic, Outgoing, Publishing,
    Shown, Structure, Target, Task, Temper, Ticket,
};
pub use http::HttpTarget;
pub use parse::{Expected, Mistake, Runs, Script, Step, hash};
pub use run::{Failure, run};
pub use world::{Exchange, Fate, Options, Verify, World};

/// Runs a script on one pure shard and on four, with every step checked.
///
/// # Panics
///
/// If the script cannot be read, or anything is not as it expects.
pub fn check(text: &str) {
    let script = Script::parse(text).unwrap_or_else(|mistake| panic!("{mistake}"));
    for shards in [1, 4] {
        let mut world = World::new(Options { shards, verify: Verify::EachStep, ..Options::default() });
        run(&script, &mut world).unwrap_or_else(|failure| panic!("on {shards} shards: {failure}"));
    }
}
