//! Spare segments: filled with zeros, or recycled, and waiting to become the active one.
//!
//! Writing into blocks that were written before is what makes an append cheap: the sync has no metadata to
//! write. So spares are made ahead of need by a thread of their own, which waits on a condition and costs
//! nothing when there is nothing to make. A spare that is being made has another name until it is whole
//! and durable. Simulations make spares inline instead, so that one seed gives one order of operations.
//!
//! Invariants:
//! - nothing in a spare is ever read, so a recycled one needs no cleaning;
//! - a failure to make one is not a fault of the log: it sets the state that [`Space`] answers from, and is
//!   tried again until it succeeds.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use super::Options;
use super::disk::{Disk, DiskFile, zero};
use super::segment::FRAMES_START;
use crate::fault::Fault;
use crate::space::Space;

/// Between two looks at whether the log is being closed while a spare is filled, in bytes.
const STEP_BYTES: u64 = 4 << 20;

/// Who makes spare segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spares {
    /// A thread, ahead of need.
    Background,
    /// The owner of the log, within `append` and `trim`: for simulations, which want no threads.
    Inline,
}

/// A file that can become a segment.
pub(crate) struct Spare {
    pub(crate) name: String,
    pub(crate) file: Arc<dyn DiskFile>,
    pub(crate) bytes: u64,
}

/// The file name of a spare.
pub(crate) fn spare(id: u64) -> String {
    format!("{id:010}.spare")
}

/// The file name of a spare that is being made.
pub(crate) fn unfinished(id: u64) -> String {
    format!("{id:010}.tmp")
}

pub(crate) fn is_spare(name: &str) -> bool {
    id(name, ".spare").is_some()
}

pub(crate) fn is_unfinished(name: &str) -> bool {
    id(name, ".tmp").is_some()
}

fn id(name: &str, suffix: &str) -> Option<u64> {
    name.strip_suffix(suffix)?.parse().ok()
}

/// The spares of one log.
pub(crate) struct Pool {
    shared: Arc<Shared>,
    maker: Option<JoinHandle<()>>,
}

struct Shared {
    disk: Arc<dyn Disk>,
    space: Arc<Space>,
    shard: u16,
    /// Bytes of a spare.
    bytes: u64,
    /// How many there should be.
    count: usize,
    retry: Duration,
    state: Mutex<State>,
    /// Wakes the maker.
    work: Condvar,
    /// Wakes whoever waits for a spare.
    made: Condvar,
}

struct State {
    ready: Vec<Spare>,
    /// Files of the wrong size, to be removed.
    waste: Vec<String>,
    /// More than `count` while somebody waits for more.
    wanted: usize,
    next_id: u64,
    closing: bool,
}

impl Pool {
    /// Takes over the spares that are there, and begins to make what is missing.
    pub(crate) fn start(
        disk: Arc<dyn Disk>,
        options: &Options,
        space: Arc<Space>,
        names: &[String],
    ) -> Result<Self, Fault> {
        let mut state = State {
            ready: Vec::new(),
            waste: Vec::new(),
            wanted: options.spare_count,
            next_id: 1,
            closing: false,
        };
        for name in names {
            state.next_id = state.next_id.max(id(name, ".spare").map_or(1, |id| id.saturating_add(1)));
            let file = disk.open(name).map_err(Fault::io("open", name))?;
            let bytes = file.len().map_err(Fault::io("measure", name))?;
            if bytes == options.segment_bytes {
                state.ready.push(Spare { name: name.clone(), file, bytes });
            } else {
                state.waste.push(name.clone());
            }
        }
        let shared = Arc::new(Shared {
            disk,
            space,
            shard: options.shard,
            bytes: options.segment_bytes,
            count: options.spare_count,
            retry: options.retry,
            state: Mutex::new(state),
            work: Condvar::new(),
            made: Condvar::new(),
        });
        shared.count_up(&shared.lock());
        let maker = match options.spares {
            Spares::Inline => None,
            Spares::Background => Some(maker(&shared)?),
        };
        let pool = Self { shared, maker };
        pool.tend();
        Ok(pool)
    }

    /// Takes `count` spares, waiting for the maker if need be; `None` if they cannot be made.
    pub(crate) fn take(&self, count: usize) -> Option<Vec<Spare>> {
        let shared = &self.shared;
        let mut state = shared.lock();
        while state.ready.len() < count {
            state.wanted = state.wanted.max(count);
            if self.maker.is_none() {
                state = shared.make_one(state).ok()?;
            } else if shared.space.full() {
                state.wanted = shared.count;
                return None;
            } else {
                shared.work.notify_one();
                state = shared.made.wait(state).expect("nothing panics under this lock");
            }
        }
        let left = state.ready.len() - count;
        let taken = state.ready.split_off(left);
        state.wanted = shared.count;
        shared.count_up(&state);
        shared.work.notify_one();
        Some(taken)
    }

    /// The name that a trimmed segment shall get, to be given with [`Pool::give`].
    pub(crate) fn name(&self) -> String {
        let mut state = self.shared.lock();
        state.next_id += 1;
        spare(state.next_id - 1)
    }

    /// Adds a trimmed segment that has already got a spare's name, durably.
    pub(crate) fn give(&self, spare: Spare) {
        let mut state = self.shared.lock();
        if spare.bytes == self.shared.bytes {
            state.ready.push(spare);
        } else {
            state.waste.push(spare.name);
        }
        self.shared.count_up(&state);
        self.shared.work.notify_one();
    }

    /// Makes and removes what there is to make and remove, if there is no thread for it.
    pub(crate) fn tend(&self) {
        if self.maker.is_some() {
            return;
        }
        let mut state = self.shared.lock();
        while !self.shared.settled(&state) {
            match self.shared.step(state) {
                Ok(next) => state = next,
                Err(_) => return,
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.lock().closing = true;
        self.shared.work.notify_one();
        if let Some(maker) = self.maker.take() {
            // A maker that panicked has said so on standard error, and nothing depends on it any more.
            let _ = maker.join();
        }
    }
}

fn maker(shared: &Arc<Shared>) -> Result<JoinHandle<()>, Fault> {
    let own = Arc::clone(shared);
    std::thread::Builder::new()
        .name(format!("spares-{}", shared.shard))
        .spawn(move || own.run())
        .map_err(Fault::io("start the thread that makes", "spare segments"))
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics under this lock")
    }

    /// The maker's life.
    fn run(&self) {
        let mut state = self.lock();
        while !state.closing {
            if self.settled(&state) {
                state = self.work.wait(state).expect("nothing panics under this lock");
                continue;
            }
            state = match self.step(state) {
                Ok(state) => state,
                Err(state) if state.closing => state,
                Err(state) => {
                    let waited = self.work.wait_timeout(state, self.retry);
                    waited.expect("nothing panics under this lock").0
                }
            };
        }
    }

    /// Whether there is nothing to do.
    fn settled(&self, state: &State) -> bool {
        state.ready.len() >= state.wanted
            && state.ready.len() <= state.wanted.max(self.count)
            && state.waste.is_empty()
    }

    /// Removes one file or makes one spare. The lock comes back either way; an error means: not now.
    fn step<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
    ) -> Result<MutexGuard<'a, State>, MutexGuard<'a, State>> {
        let excess = || state.ready.len() > state.wanted.max(self.count);
        let gone = if excess() { state.ready.pop().map(|spare| spare.name) } else { state.waste.pop() };
        let Some(name) = gone else { return self.make_one(state) };
        self.count_up(&state);
        drop(state);
        let removed = self.disk.remove(&name);
        let state = self.lock();
        match removed {
            Ok(()) => Ok(state),
            Err(error) => {
                tracing::warn!(shard = self.shard, file = name, %error, "could not remove a spare segment");
                Ok(state)
            }
        }
    }

    /// Makes one spare, with the lock released meanwhile.
    fn make_one<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
    ) -> Result<MutexGuard<'a, State>, MutexGuard<'a, State>> {
        let id = state.next_id;
        state.next_id += 1;
        drop(state);
        let made = self.make(id);
        let mut state = self.lock();
        match made {
            Ok(Some(spare)) => {
                state.ready.push(spare);
                self.count_up(&state);
                self.made.notify_all();
                Ok(state)
            }
            Ok(None) => Err(state),
            Err(error) => {
                if self.space.fail() {
                    tracing::warn!(shard = self.shard, %error, "no spare segment can be made, commands that grow the log are refused");
                }
                self.made.notify_all();
                Err(state)
            }
        }
    }

    /// A whole, durable, zero-filled spare; `None` if the log is being closed.
    fn make(&self, id: u64) -> io::Result<Option<Spare>> {
        let (unfinished, name) = (unfinished(id), spare(id));
        let filled = self.fill(&unfinished);
        let named = filled.and_then(|file| {
            let Some(file) = file else { return Ok(None) };
            self.disk.rename(&unfinished, &name)?;
            self.disk.sync_folder()?;
            Ok(Some(Spare { name: name.clone(), file, bytes: self.bytes }))
        });
        if !matches!(named, Ok(Some(_))) {
            // Frees what was allocated; if that fails too, opening the log removes it.
            let _ = self.disk.remove(&unfinished);
            let _ = self.disk.remove(&name);
        }
        named
    }

    fn fill(&self, name: &str) -> io::Result<Option<Arc<dyn DiskFile>>> {
        let file = self.disk.create(name)?;
        file.allocate(self.bytes)?;
        let mut offset = 0;
        while offset < self.bytes {
            if self.lock().closing {
                return Ok(None);
            }
            let end = (offset + STEP_BYTES).min(self.bytes);
            zero(file.as_ref(), offset, end)?;
            offset = end;
        }
        Ok(Some(file))
    }

    /// Publishes how much the spares hold, and that the trouble is over once there are enough.
    fn count_up(&self, state: &State) {
        self.space.set_spares(state.ready.len() as u64 * (self.bytes - FRAMES_START));
        if state.ready.len() >= self.count && self.space.recover() {
            tracing::info!(shard = self.shard, "there are spare segments again");
        }
    }
}

#[cfg(test)]
mod tests;
