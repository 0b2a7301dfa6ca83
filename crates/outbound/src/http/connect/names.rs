//! From names to addresses.
//!
//! A look-up blocks a thread until the resolver gives up, which may be long after the attempt has, so few run at
//! the same time. So that names whose servers are slow do not keep the others waiting,
//!
//! - a name is looked up once for all who ask meanwhile, its answer is remembered for a moment, failures too, and what
//!   nobody waits for any more is not looked up at all;
//! - a look-up that takes long gives its place to the next one, as long as few do;
//! - its name is a suspect from then on, and has to wait for one of the few places that suspects have, until it is
//!   looked up in time;
//! - names that were looked up in time before have places of their own, so that they need not wait even while many
//!   new names take long;
//! - who waits long for a place is told so. That is not the name's fault, so it is not remembered.
//!
//! Nothing is judged here: whoever connects judges each address, remembered or not.
//!
//! Invariants:
//! - at most [`PLACES_OF_NEW`] + [`PLACES_OF_PROVEN`] + [`PLACES_OF_SUSPECTS`] + [`PLACES_OF_LATE`] threads look up,
//!   and no two of them the same name;
//! - names that nobody waits for are forgotten when more than [`NAMES_MAX`] are known;
//! - at most [`SUSPECTS_MAX`] names are suspects.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::{Instant, timeout};

use crate::http::answer::{Ending, Failure};

/// Look-ups at the same time of names of which nothing is known.
const PLACES_OF_NEW: usize = 32;
/// Look-ups at the same time of names that were looked up in time before.
const PLACES_OF_PROVEN: usize = 32;
/// Look-ups of suspects at the same time.
const PLACES_OF_SUSPECTS: usize = 16;
/// Look-ups of names that were no suspects, and turned out to take long.
const PLACES_OF_LATE: usize = 64;
/// Names that are remembered, besides those that are being looked up.
const NAMES_MAX: usize = 4_096;
/// Suspects that are remembered.
const SUSPECTS_MAX: usize = 4_096;

/// How long things take.
#[derive(Debug)]
struct Times {
    /// How long an answer is good. Short, because the system's resolver does not tell how long it may be.
    remembered: Duration,
    /// A look-up that takes longer is late.
    late: Duration,
    /// The longest wait for a place. An attempt has 15 seconds, and is made again.
    waiting: Duration,
}

const TIMES: Times = Times {
    remembered: Duration::from_secs(5),
    late: Duration::from_secs(1),
    waiting: Duration::from_secs(5),
};

/// Asks the system, which blocks. The ports of the addresses mean nothing.
pub(super) type Resolve = fn(&str) -> io::Result<Vec<SocketAddr>>;

/// The addresses, or why there are none.
type Found = Result<Arc<[SocketAddr]>, Arc<str>>;
/// Nothing yet, or what was found and when.
type Answer = Option<(Instant, Found)>;
/// What a thread that looked up comes back with.
type LookedUp = Result<io::Result<Vec<SocketAddr>>, JoinError>;

/// What is known of a name from its last look-up.
#[derive(Clone, Copy)]
enum Standing {
    /// Nothing.
    New,
    /// It did not take long.
    Proven,
    /// It took long.
    Suspect,
}

/// Looks names up.
#[derive(Debug)]
pub(super) struct Names {
    resolve: Resolve,
    known: Mutex<HashMap<Box<str>, watch::Receiver<Answer>>>,
    /// Names whose last look-up took long.
    suspects: Mutex<HashSet<Box<str>>>,
    places_of_new: Arc<Semaphore>,
    places_of_proven: Arc<Semaphore>,
    places_of_suspects: Arc<Semaphore>,
    places_of_late: Arc<Semaphore>,
    times: Times,
}

impl Names {
    pub(super) fn new(resolve: Resolve) -> Names {
        Names {
            resolve,
            known: Mutex::default(),
            suspects: Mutex::default(),
            places_of_new: Arc::new(Semaphore::new(PLACES_OF_NEW)),
            places_of_proven: Arc::new(Semaphore::new(PLACES_OF_PROVEN)),
            places_of_suspects: Arc::new(Semaphore::new(PLACES_OF_SUSPECTS)),
            places_of_late: Arc::new(Semaphore::new(PLACES_OF_LATE)),
            times: TIMES,
        }
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
        let standing = self.standing(name, known.get(name));
        if known.len() >= NAMES_MAX {
            known.retain(|_, coming| self.is_good(coming));
        }
        if known.len() >= NAMES_MAX {
            known.retain(|_, coming| coming.borrow().is_none());
        }
        let (answer, coming) = watch::channel(None);
        known.insert(name.into(), coming.clone());
        tokio::spawn(self.clone().find(name.into(), standing, answer));
        coming
    }

    /// What is known of a name whose last answer, if it is remembered, is too old to be given.
    fn standing(&self, name: &str, last: Option<&watch::Receiver<Answer>>) -> Standing {
        if self.suspects().contains(name) {
            return Standing::Suspect;
        }
        // Whoever took long would be a suspect.
        let is_answered = last.is_some_and(|last| last.borrow().is_some());
        if is_answered { Standing::Proven } else { Standing::New }
    }

    async fn find(self: Arc<Names>, name: Box<str>, standing: Standing, answer: watch::Sender<Answer>) {
        let places = match standing {
            Standing::New => &self.places_of_new,
            Standing::Proven => &self.places_of_proven,
            Standing::Suspect => &self.places_of_suspects,
        };
        let place = match timeout(self.times.waiting, places.clone().acquire_owned()).await {
            Ok(Ok(place)) => place,
            // Nobody closes the semaphores.
            Ok(Err(_)) => return,
            Err(_) => {
                let why = "too many names are being looked up whose servers do not answer";
                self.known().remove(&name);
                answer.send_replace(Some((Instant::now(), Err(why.into()))));
                return;
            }
        };
        if self.forget_unasked(&name, &answer) {
            return;
        }
        let found = match self.looked_up(&name, standing, place).await {
            Ok(Ok(addresses)) if addresses.is_empty() => Err("the name has no address".into()),
            Ok(Ok(addresses)) => Ok(addresses.into()),
            Ok(Err(error)) => Err(Failure::caused(Ending::Unresolved, &error).detail.into()),
            Err(error) => Err(Failure::caused(Ending::Unresolved, &error).detail.into()),
        };
        answer.send_replace(Some((Instant::now(), found)));
    }

    /// Looks a name up, however long that takes, and judges it by that. Nobody can stop the thread, so a place is held
    /// until it is done.
    async fn looked_up(&self, name: &str, standing: Standing, place: OwnedSemaphorePermit) -> LookedUp {
        let (resolve, owned) = (self.resolve, name.to_owned());
        let mut thread = spawn_blocking(move || resolve(&owned));
        if let Ok(in_time) = timeout(self.times.late, &mut thread).await {
            self.suspects().remove(name);
            return in_time;
        }
        self.suspect(name);
        let late = match standing {
            Standing::New | Standing::Proven => self.places_of_late.clone().try_acquire_owned().ok(),
            // It keeps its place: it waited for one that is there for such as it.
            Standing::Suspect => None,
        };
        let _place = late.unwrap_or(place);
        thread.await
    }

    /// Makes a name a suspect. If there are too many, any other one of them goes.
    fn suspect(&self, name: &str) {
        let mut suspects = self.suspects();
        if suspects.insert(name.into()) && suspects.len() > SUSPECTS_MAX {
            let any = suspects.iter().find(|suspect| ***suspect != *name).cloned();
            any.map(|any| suspects.remove(&any));
        }
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
            Some((at, _)) => at.elapsed() < self.times.remembered,
            None => coming.has_changed().is_ok(),
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Box<str>, watch::Receiver<Answer>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn suspects(&self) -> MutexGuard<'_, HashSet<Box<str>>> {
        self.suspects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
