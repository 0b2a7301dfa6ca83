//! What a faulty disk remembers: for each file the content that a reader sees, the content that is durable,
//! and the writes between the two; for names the same.

use std::collections::BTreeMap;
use std::io;

use super::{Counts, SECTOR_BYTES};

/// One write that is not durable yet.
#[derive(Clone, Debug)]
pub(super) struct Write {
    pub(super) offset: usize,
    pub(super) bytes: Vec<u8>,
}

/// One change of names that is not durable yet.
#[derive(Clone, Debug)]
pub(super) enum NameChange {
    Link(String, usize),
    Rename(String, String),
    Unlink(String),
}

/// One file.
#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    /// What a reader sees.
    pub(super) cached: Vec<u8>,
    /// What survives any power loss.
    pub(super) durable: Vec<u8>,
    pending: Vec<Write>,
}

impl Content {
    pub(super) fn write(&mut self, write: Write) {
        put(&mut self.cached, write.offset, &write.bytes);
        self.pending.push(write);
    }

    pub(super) fn sync(&mut self) {
        for write in self.pending.drain(..) {
            put(&mut self.durable, write.offset, &write.bytes);
        }
    }

    /// What a failed sync does: the cache holds it and believes it clean.
    pub(super) fn forget(&mut self) {
        self.pending.clear();
    }

    /// The content that power loss leaves.
    fn after_power_loss(&self, dice: &mut Dice) -> Vec<u8> {
        let mut content = self.durable.clone();
        let mut writes: Vec<&Write> = self.pending.iter().collect();
        if dice.one_in(2) {
            for last in (1..writes.len()).rev() {
                writes.swap(last, dice.below(last as u64 + 1) as usize);
            }
        }
        for write in writes {
            match dice.below(4) {
                0 => {}
                1 => put(&mut content, write.offset, &write.bytes),
                // A prefix, as a write that was under way.
                2 => {
                    let keep = dice.below(write.bytes.len() as u64 / SECTOR_BYTES as u64 + 1) as usize;
                    tear(&mut content, write, |sector| sector < keep);
                }
                _ => tear(&mut content, write, |_| dice.one_in(2)),
            }
        }
        content
    }
}

/// Everything about one disk.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) files: Vec<Content>,
    pub(super) names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    pending_names: Vec<NameChange>,
    pub(super) counts: Counts,
    pub(super) power_off_at: Option<u64>,
    pub(super) fail_at: Vec<u64>,
    pub(super) fail_syncs: Vec<u64>,
    pub(super) ignore_syncs: bool,
    pub(super) bytes_max: Option<u64>,
}

impl State {
    pub(super) fn is_off(&self) -> bool {
        self.power_off_at.is_some_and(|at| self.counts.changes() >= at)
    }

    pub(super) fn powered(&self) -> io::Result<()> {
        if self.is_off() { Err(io::Error::other("the power is off")) } else { Ok(()) }
    }

    /// Begins a changing operation that is already counted.
    pub(super) fn begin(&self) -> io::Result<()> {
        if self.fail_at.contains(&self.counts.changes()) {
            return Err(io::Error::other("the disk failed"));
        }
        Ok(())
    }

    /// Whether power goes off during the operation that is counted last.
    pub(super) fn ends_here(&self) -> bool {
        self.power_off_at == Some(self.counts.changes())
    }

    /// Ends a changing operation: not acknowledged if power went off meanwhile.
    pub(super) fn end(&self) -> io::Result<()> {
        if self.ends_here() { Err(io::Error::other("the power went off")) } else { Ok(()) }
    }

    pub(super) fn check_room(&self, file: usize, end: usize) -> io::Result<()> {
        let Some(bytes_max) = self.bytes_max else { return Ok(()) };
        let grow = end.saturating_sub(self.files[file].cached.len());
        let used: usize = self.names.values().map(|file| self.files[*file].cached.len()).sum();
        if grow > 0 && (used + grow) as u64 > bytes_max {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    pub(super) fn change_names(&mut self, change: NameChange) -> io::Result<()> {
        self.powered()?;
        self.counts.names += 1;
        self.begin()?;
        if !apply(&mut self.names, &change) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.pending_names.push(change);
        self.end()
    }

    pub(super) fn sync_names(&mut self) {
        if !self.ends_here() {
            self.pending_names.clear();
            self.durable_names.clone_from(&self.names);
        }
    }

    pub(super) fn after_power_loss(&self, seed: u64) -> Self {
        let mut dice = Dice(seed);
        let mut names = self.durable_names.clone();
        for change in &self.pending_names {
            if dice.one_in(2) {
                apply(&mut names, change);
            }
        }
        let files = self.files.iter().map(|file| {
            let content = file.after_power_loss(&mut dice);
            Content { cached: content.clone(), durable: content, pending: Vec::new() }
        });
        Self {
            files: files.collect(),
            durable_names: names.clone(),
            names,
            ignore_syncs: self.ignore_syncs,
            bytes_max: self.bytes_max,
            ..Self::default()
        }
    }
}

/// Applies a change of names; false if it does not apply.
fn apply(names: &mut BTreeMap<String, usize>, change: &NameChange) -> bool {
    match change {
        NameChange::Link(name, file) => {
            names.insert(name.clone(), *file);
            true
        }
        NameChange::Rename(from, to) => {
            let file = names.remove(from);
            file.map(|file| names.insert(to.clone(), file)).is_some()
        }
        NameChange::Unlink(name) => names.remove(name).is_some(),
    }
}

fn put(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset..end].copy_from_slice(bytes);
}

/// Writes only the sectors of the disk, counted from the write's first one, that `keep` wants.
fn tear(content: &mut Vec<u8>, write: &Write, mut keep: impl FnMut(usize) -> bool) {
    let first = write.offset / SECTOR_BYTES;
    let mut from = 0;
    while from < write.bytes.len() {
        let sector = (write.offset + from) / SECTOR_BYTES;
        let to = ((sector + 1) * SECTOR_BYTES - write.offset).min(write.bytes.len());
        if keep(sector - first) {
            put(content, write.offset + from, &write.bytes[from..to]);
        }
        from = to;
    }
}

/// A source of decisions, the same for the same seed (SplitMix64).
pub(super) struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let a = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let b = (a ^ (a >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        b ^ (b >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }
}
