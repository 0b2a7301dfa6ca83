//! From names to addresses.
//!
//! A look-up blocks a thread until the resolver gives up, which may be long after the attempt has, so few run at
//! the same time. So that names whose servers are slow do not keep the others waiting, a name is looked up once
//! for all who ask meanwhile, its answer is remembered for [`REMEMBERED`], failures too, and what nobody waits
//! for any more is not looked up at all.
//!
//! Nothing is judged here: whoever connects judges each address, remembered or not.
//!
//! Invariants:
//! - at most [`LOOKUPS_MAX`] threads look up, and no two of them the same name;
//! - names that nobody waits for are forgotten when more than [`NAMES_MAX`] are known.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use crate::http::answer::{Ending, Failure};

/// Names that are looked up at the same time.
const LOOKUPS_MAX: usize = 64;
/// Names that are remembered, besides those that are being looked up.
const NAMES_MAX: usize = 4_096;
/// How long an answer is good. Short, because the system's resolver does not tell how long it may be.
const REMEMBERED: Duration = Duration::from_secs(5);

/// Asks the system, which blocks. The ports of the addresses mean nothing.
pub(super) type Resolve = fn(&str) -> io::Result<Vec<SocketAddr>>;

/// The addresses, or why there are none.
type Found = Result<Arc<[SocketAddr]>, Arc<str>>;
/// Nothing yet, or what was found and when.
type Answer = Option<(Instant, Found)>;

/// Looks names up.
#[derive(Debug)]
pub(super) struct Names {
    resolve: Resolve,
    known: Mutex<HashMap<Box<str>, watch::Receiver<Answer>>>,
    lookups: Arc<Semaphore>,
    remembered: Duration,
}

impl Names {
    pub(super) fn new(resolve: Resolve) -> Names {
        let lookups = Arc::new(Semaphore::new(LOOKUPS_MAX));
        Names { resolve, known: Mutex::default(), lookups, remembered: REMEMBERED }
    }

    /// All addresses of a name, at least one.
    pub(super) async fn look_up(self: &Arc<Names>, name: &str) -> Result<Arc<[SocketAddr]>, Failure> {
        let mut coming = self.ask(name);
        let found = match coming.wait_for(Option::is_some).await {
            Ok(answer) => answer.as_ref().map(|(_, found)| found.clone()),
            Err(_) => None,
        };
        match found {
            Some(Ok(addresses)) => Ok(addresses),
            Some(Err(detail)) => Err(Failure::new(Ending::Unresolved, &*detail)),
            None => Err(Failure::new(Ending::Unresolved, "the look-up was given up")),
        }
    }

    /// The answer that is remembered, or the one that is being looked up from now on.
    fn ask(self: &Arc<Names>, name: &str) -> watch::Receiver<Answer> {
        let mut known = self.known();
        if let Some(coming) = known.get(name).filter(|coming| self.is_good(coming)) {
            return coming.clone();
        }
        if known.len() >= NAMES_MAX {
            known.retain(|_, coming| self.is_good(coming));
        }
        if known.len() >= NAMES_MAX {
            known.retain(|_, coming| coming.borrow().is_none());
        }
        let (answer, coming) = watch::channel(None);
        known.insert(name.into(), coming.clone());
        tokio::spawn(self.clone().find(name.into(), answer));
        coming
    }

    async fn find(self: Arc<Names>, name: Box<str>, answer: watch::Sender<Answer>) {
        // Nobody closes the semaphore.
        let Ok(permit) = self.lookups.clone().acquire_owned().await else { return };
        if self.forget_unasked(&name, &answer) {
            return;
        }
        let resolve = self.resolve;
        let looked_up = tokio::task::spawn_blocking(move || {
            // Held by the thread, which goes on when nobody waits for it any more.
            let _permit = permit;
            resolve(&name)
        });
        let found = match looked_up.await {
            Ok(Ok(addresses)) if addresses.is_empty() => Err("the name has no address".into()),
            Ok(Ok(addresses)) => Ok(addresses.into()),
            Ok(Err(error)) => Err(Failure::caused(Ending::Unresolved, &error).detail.into()),
            Err(error) => Err(Failure::caused(Ending::Unresolved, &error).detail.into()),
        };
        answer.send_replace(Some((Instant::now(), found)));
    }

    /// Forgets the name if all who asked have gone. Who asks takes the lock too: so either this one is not alone,
    /// or the next look-up begins anew.
    fn forget_unasked(&self, name: &str, answer: &watch::Sender<Answer>) -> bool {
        let mut known = self.known();
        // One is the map's.
        let is_unasked = answer.receiver_count() <= 1;
        if is_unasked {
            known.remove(name);
        }
        is_unasked
    }

    /// Is it still being looked up, or was it a moment ago?
    fn is_good(&self, coming: &watch::Receiver<Answer>) -> bool {
        match &*coming.borrow() {
            Some((at, _)) => at.elapsed() < self.remembered,
            None => coming.has_changed().is_ok(),
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Box<str>, watch::Receiver<Answer>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
