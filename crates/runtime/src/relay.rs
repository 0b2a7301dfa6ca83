//! Carries what one shard owes to another: read, deliver, settle, in order, until nothing is owed.
//!
//! Each step is durable before the next begins, so a crash at any point only repeats a delivery, and
//! the inbox of the other shard knows what it has taken.

use crate::answer::{Answer, Unreadable};
use crate::handle::{ShardHandle, Unanswered};
use bytes::Bytes;
use postrider_core::outbox::Parcel;
use postrider_core::reply::{OwedParcel, Reply};
use postrider_core::{Command, Rejection};
use std::time::Duration;
use tracing::{error, warn};

/// How long to wait after a shard did not take a delivery.
const RETRY: Duration = Duration::from_millis(50);

/// Why an exchange did not come about this time.
enum Delay {
    Unanswered(Unanswered),
    Rejected(Rejection),
    Unreadable(Unreadable),
}

/// Carries deliveries from one shard to another for as long as both live.
pub(crate) async fn run(from: ShardHandle, to: ShardHandle, wake: std::sync::Arc<tokio::sync::Notify>) {
    loop {
        match exchange(&from, &to).await {
            Ok(Exchanged::Some) => {}
            Ok(Exchanged::Nothing) => wake.notified().await,
            Err(Delay::Unanswered(Unanswered::Stopped)) => return,
            Err(Delay::Unanswered(Unanswered::Busy)) => tokio::time::sleep(RETRY).await,
            Err(Delay::Rejected(rejection)) => {
                if rejection != Rejection::NoSpace {
                    warn!(from = from.index(), to = to.index(), ?rejection, "a delivery was not taken");
                }
                tokio::time::sleep(RETRY).await;
            }
            Err(Delay::Unreadable(reason)) => {
                let reason = crate::chain(&reason);
                error!(from = from.index(), reason, "a payload that is owed cannot be read");
                tokio::time::sleep(RETRY * 20).await;
            }
        }
    }
}

enum Exchanged {
    Some,
    Nothing,
}

async fn exchange(from: &ShardHandle, to: &ShardHandle) -> Result<Exchanged, Delay> {
    let answer = from.ask(Command::Owed { to: to.index() }).await.map_err(Delay::Unanswered)?;
    let Ok(Reply::Owed(owed)) = &answer.result else { return Ok(Exchanged::Nothing) };
    if owed.is_empty() {
        return Ok(Exchanged::Nothing);
    }
    let parcels = if owed.iter().all(|owed| owed.body.resident.is_some()) {
        load(&answer)
    } else {
        // Reading from the disk must not hold up the thread on which others are answered.
        let loaded = tokio::task::spawn_blocking(move || load(&answer)).await;
        loaded.map_err(|_| Delay::Unanswered(Unanswered::Stopped))?
    };
    let parcels = parcels.map_err(Delay::Unreadable)?;
    let taken = to.ask(Command::Deliver { from: from.index(), parcels }).await.map_err(Delay::Unanswered)?;
    let (accepted, refused) = match taken.result {
        Ok(Reply::Taken { accepted, refused }) => (accepted, refused),
        Ok(_) => return Ok(Exchanged::Nothing),
        Err(rejection) => return Err(Delay::Rejected(rejection)),
    };
    let settle = Command::Settle { to: to.index(), accepted, refused };
    from.ask(settle).await.map_err(Delay::Unanswered)?;
    Ok(Exchanged::Some)
}

/// The parcels of an answer with their payloads. Blocks while it reads those that are not in memory.
fn load(answer: &Answer) -> Result<Vec<Parcel>, Unreadable> {
    let owed = match &answer.result {
        Ok(Reply::Owed(owed)) => &owed[..],
        Ok(_) | Err(_) => &[][..],
    };
    owed.iter().map(|owed| filled(answer, owed)).collect()
}

fn filled(answer: &Answer, owed: &OwedParcel) -> Result<Parcel, Unreadable> {
    let bytes = answer.bytes(&owed.body)?;
    let mut parcel = owed.parcel.clone();
    parcel.payload.bytes = Bytes::from_owner(bytes);
    Ok(parcel)
}
