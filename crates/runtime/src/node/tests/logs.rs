//! Logs that do what a test says: hold appends back, be full, fail.

use super::*;

/// Before a log: holds appends back while it is closed, or says that the disk is full.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<(Mutex<State>, Condvar)>);

#[derive(Clone, Copy, Default, PartialEq)]
enum State {
    #[default]
    Open,
    Closed,
    Full,
}

impl Gate {
    pub(super) fn close(&self) {
        *self.0.0.lock().unwrap() = State::Closed;
    }

    pub(super) fn open(&self) {
        *self.0.0.lock().unwrap() = State::Open;
        self.0.1.notify_all();
    }

    pub(super) fn fill(&self) {
        *self.0.0.lock().unwrap() = State::Full;
    }

    fn pass(&self) -> Result<(), Fault> {
        let state = self.0.0.lock().unwrap();
        let state = self.0.1.wait_while(state, |state| *state == State::Closed).unwrap();
        if *state == State::Full { Err(Fault::Full) } else { Ok(()) }
    }
}

/// A log behind a gate.
pub(super) struct Gated {
    pub(super) log: Box<dyn Log>,
    pub(super) gate: Gate,
}

impl Log for Gated {
    fn append(&mut self, entries: &[Entry]) -> Result<(), Fault> {
        self.gate.pass()?;
        self.log.append(entries)
    }
    fn tail(&self) -> u64 {
        self.log.tail()
    }
    fn epoch(&self) -> u64 {
        self.log.epoch()
    }
    fn time_ms(&self) -> u64 {
        self.log.time_ms()
    }
    fn first(&self) -> u64 {
        self.log.first()
    }
    fn trim(&mut self, first: u64) -> Result<u64, Fault> {
        self.log.trim(first)
    }
    fn reader(&self) -> Arc<dyn Reader> {
        self.log.reader()
    }
    fn space(&self) -> Arc<Space> {
        self.log.space()
    }
    fn stats(&self) -> Arc<Stats> {
        self.log.stats()
    }
}

/// A node of one shard over a log.
pub(super) fn node_over(log: Box<dyn Log>, body_memory: u64) -> Node {
    let options = options(Storage::Memory, 1, body_memory);
    Node::over(&options, 1, std::iter::once(Ok(log))).unwrap()
}

/// A node of one shard over a log in memory behind a gate.
pub(super) fn gated() -> (Node, Gate) {
    let gate = Gate::default();
    let log = Box::new(MemoryLog::new(1 << 20, 8 << 20));
    (node_over(Box::new(Gated { log, gate: gate.clone() }), u64::MAX), gate)
}

/// A node of one shard over files with small segments on a faulty disk.
pub(super) fn on_faulty_disk(disk: &FaultyDisk, body_memory: u64) -> Node {
    let mut file = FileOptions::new(0, 7);
    (file.spares, file.segment_bytes, file.entry_bytes_max) = (Spares::Background, 256 << 10, 128 << 10);
    file.first_segment_bytes = 64 << 10;
    file.retry = Duration::from_millis(10);
    node_over(Box::new(FileLog::open(Arc::new(disk.clone()), &file).unwrap()), body_memory)
}
