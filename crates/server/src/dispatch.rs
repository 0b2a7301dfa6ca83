//! Makes attempts at endpoints.
//!
//! What is owed to whom, and when it is tried again, is state of the shards: here is only I/O. For each shard a
//! [`lane`] claims deliveries whose time has come, as many as there is [`capacity`] for, makes an attempt of each
//! by its protocol ([`senders`]), and reports how they ended; the shard decides what follows.
//!
//! ```text
//!   shard ── Claim ──> lane ──> attempt ──> senders ──> endpoint
//!     ^                 │  <──── ends ────┘
//!     └──── Tried ──────┘
//! ```
//!
//! What the shards deliver to queues by themselves is only noted here, for topics that ask ([`queues`]).
//!
//! Nothing here has to survive: what was claimed and not reported is owed still, and is handed out again after
//! the next start. So an endpoint may get a message twice, as at AWS, and never less than its policy says.
//!
//! Invariants:
//! - attempts under way, and their bytes, are within [`Settings`], over all shards;
//! - a report is dropped only when its shard has stopped, or when the dispatcher ends;
//! - a shard whose mailbox is full is not claimed from until the reports before were taken.

mod attempt;
mod capacity;
mod http;
mod lane;
mod queues;
mod quiet;
mod senders;
mod status;
#[cfg(test)]
mod tests;

use crate::context::Context;
use capacity::Capacity;
use lane::Lane;
use postrider_outbound::http::{Bounds, Trust};
use quiet::Quiet;
use senders::Senders;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tracing::info;

/// Attempts under way at the same time, if nothing else is said. One that hangs takes a socket and about 20 KB.
pub(crate) const ATTEMPTS_DEFAULT: usize = 4_096;
/// Payload bytes of attempts under way.
const BYTES_MAX: usize = 64 << 20;
/// How long reports may take after the last attempt has ended.
const REPORT_WITHIN: Duration = Duration::from_secs(1);

/// What attempts may spend, and whom they believe.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Attempts under way, over all shards.
    pub(crate) attempts_max: usize,
    /// Whose certificates are believed.
    pub(crate) trust: Trust,
    /// What one attempt over HTTP may spend.
    pub(crate) http: Bounds,
}

/// What all lanes share.
struct Shared {
    context: Arc<Context>,
    senders: Senders,
    capacity: Capacity,
    quiet: Quiet,
}

/// The lanes of all shards.
pub(crate) struct Dispatcher {
    lanes: JoinSet<()>,
    end: watch::Sender<Option<Instant>>,
}

impl Dispatcher {
    /// Begins to deliver what the shards of this server owe to endpoints.
    pub(crate) fn start(context: &Arc<Context>, settings: Settings) -> Dispatcher {
        if settings.trust.authorities() == 0 {
            info!("this system has no certificate authorities, so deliveries over https will fail");
        }
        let shared = Arc::new(Shared {
            context: context.clone(),
            senders: Senders::new(context.egress.clone(), settings.trust, settings.http),
            capacity: Capacity::new(settings.attempts_max, BYTES_MAX),
            quiet: Quiet::default(),
        });
        let (end, ending) = watch::channel(None);
        let mut lanes = JoinSet::new();
        for shard in context.node.shards() {
            lanes.spawn(Lane::new(shard.clone(), shared.clone()).run(ending.clone()));
            lanes.spawn(queues::run(shard.clone(), context.clone(), ending.clone()));
        }
        Dispatcher { lanes, end }
    }

    /// Claims nothing more, gives the attempts under way this long to end, and reports those that did. The others
    /// are owed still.
    pub(crate) async fn stop(mut self, grace: Duration) {
        let until = Instant::now() + grace;
        self.end.send_replace(Some(until));
        let ended = async { while self.lanes.join_next().await.is_some() {} };
        if timeout_at(until + REPORT_WITHIN, ended).await.is_err() {
            self.lanes.shutdown().await;
        }
    }
}
