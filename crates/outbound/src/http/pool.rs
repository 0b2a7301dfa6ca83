//! Connections that wait for the next request.
//!
//! Few and short-lived: they save a handshake where deliveries follow each other, and cost a socket where
//! they do not. Ordered by the time of their last use, so what is to be closed is at the front; and
//! so few that looking through all of them is cheaper than an index.
//!
//! Invariants:
//! - at most `all_max` connections, at most `origin_max` of one origin;
//! - none is older than `idle` for longer than the reaper takes to wake up.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::connection::Connection;
use super::endpoint::Origin;

#[derive(Debug)]
pub(super) struct Pool {
    all_max: usize,
    origin_max: usize,
    idle: Duration,
    shelf: Mutex<Shelf>,
}

#[derive(Debug, Default)]
struct Shelf {
    connections: VecDeque<Idle>,
    reaper: Reaper,
}

/// Is a task there that closes what has idled for too long? There is one while the shelf is not empty.
#[derive(Debug, Default)]
enum Reaper {
    #[default]
    Absent,
    Waiting,
}

#[derive(Debug)]
struct Idle {
    origin: Origin,
    connection: Connection,
    until: Instant,
}

impl Pool {
    pub(super) fn new(all_max: usize, origin_max: usize, idle: Duration) -> Pool {
        Pool { all_max, origin_max, idle, shelf: Mutex::default() }
    }

    /// The connection to this origin that was used last, if one is still open.
    pub(super) fn take(&self, origin: &Origin) -> Option<Connection> {
        let now = Instant::now();
        let mut shelf = self.shelf();
        loop {
            let at = shelf.connections.iter().rposition(|idle| idle.origin == *origin)?;
            let idle = shelf.connections.remove(at)?;
            if idle.until > now && idle.connection.is_open() {
                return Some(idle.connection);
            }
        }
    }

    /// Keeps a connection for the next request. The oldest have to go if there are too many.
    pub(super) fn put(pool: &Arc<Pool>, origin: Origin, connection: Connection) {
        if pool.origin_max == 0 {
            return;
        }
        let mut shelf = pool.shelf();
        let same = |idle: &Idle| idle.origin == origin;
        if shelf.connections.iter().filter(|idle| same(idle)).count() >= pool.origin_max
            && let Some(oldest) = shelf.connections.iter().position(same)
        {
            shelf.connections.remove(oldest);
        }
        let until = Instant::now() + pool.idle;
        shelf.connections.push_back(Idle { origin, connection, until });
        if shelf.connections.len() > pool.all_max {
            shelf.connections.pop_front();
        }
        if let Reaper::Absent = shelf.reaper {
            shelf.reaper = Reaper::Waiting;
            let pool = Arc::downgrade(pool);
            tokio::spawn(async move {
                let mut next = until;
                loop {
                    tokio::time::sleep_until(next).await;
                    // Without the sender there is no pool, and the connections went with it.
                    match pool.upgrade().and_then(|pool| pool.reap()) {
                        Some(later) => next = later,
                        None => return,
                    }
                }
            });
        }
    }

    /// Closes what has idled for too long. When to come again; `None` if nothing is left to wait for.
    fn reap(&self) -> Option<Instant> {
        let now = Instant::now();
        let mut shelf = self.shelf();
        while shelf.connections.front().is_some_and(|idle| idle.until <= now) {
            shelf.connections.pop_front();
        }
        let next = shelf.connections.front().map(|idle| idle.until);
        if next.is_none() {
            shelf.reaper = Reaper::Absent;
        }
        next
    }

    /// How many connections are kept.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.shelf().connections.len()
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        // Whoever panicked while it had the lock left a list of connections, each of them whole.
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
