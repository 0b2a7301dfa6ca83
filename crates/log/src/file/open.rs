//! From files to a log that can go on: read the folder, judge it, act on the verdict.
//!
//! What is found intact was perhaps never synced: the page cache outlives a killed process, and after a
//! failed sync the cache may hold what the disk does not. So before anything of it is shown to anybody, the
//! frames that no witness knows to be durable are written once more and synced (not under `os`, where
//! nothing is promised).

use std::sync::Arc;

use super::disk::{Disk, zero};
use super::recover::{self, Case, Damage};
use super::scan::{self, Found, Visit};
use super::segment::{FRAMES_START, SegmentHeader, name, ordinal};
use super::{Durability, Options, spares};
use crate::fault::Fault;
use crate::frame::{Identity, Position};

/// What a shard's folder holds.
pub(crate) struct Folder {
    /// In the order of their ordinals.
    pub(crate) segments: Vec<Found>,
    /// Names of spare segments.
    pub(crate) spares: Vec<String>,
    /// Names of files that were being made.
    pub(crate) unfinished: Vec<String>,
}

impl Folder {
    /// Entries and bytes of frames that a cut which ends the log in segment `keep` would drop, as far as
    /// they can be recognised.
    pub(crate) fn loss(&self, keep: Option<usize>) -> (u64, u64) {
        let remains = |found: &Found| {
            found.beyond.map_or((0, 0), |beyond| (beyond.frames, beyond.end.saturating_sub(found.end)))
        };
        let mut loss = keep.map_or((0, 0), |keep| remains(&self.segments[keep]));
        for found in &self.segments[keep.map_or(0, |keep| keep + 1)..] {
            let (entries, bytes) = remains(found);
            loss.0 += entries + found.slots.len() as u64;
            loss.1 += bytes + (found.end - FRAMES_START);
        }
        loss
    }
}

/// What opening a log found and did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Whole entries that were cut off the tail, none of which was known to be durable.
    pub entries_cut: u64,
    /// Bytes of frames, whole and torn, that were cut off the tail.
    pub bytes_cut: u64,
    /// Whether the log was new.
    pub fresh: bool,
}

/// Reads everything in a shard's folder, and changes nothing.
pub(crate) fn read(disk: &dyn Disk, visit: Visit<'_>) -> Result<Folder, Fault> {
    let mut folder = Folder { segments: Vec::new(), spares: Vec::new(), unfinished: Vec::new() };
    let mut segments = Vec::new();
    for name in disk.list().map_err(Fault::io("list", "the shard's folder"))? {
        if let Some(ordinal) = ordinal(&name) {
            segments.push((ordinal, name));
        } else if spares::is_unfinished(&name) {
            folder.unfinished.push(name);
        } else if spares::is_spare(&name) {
            folder.spares.push(name);
        }
    }
    segments.sort();
    folder.spares.sort();
    for (_, name) in segments {
        let file = disk.open(&name).map_err(Fault::io("open", &name))?;
        folder.segments.push(scan::segment(&name, file, visit)?);
    }
    Ok(folder)
}

/// Reads the folder and leaves it such that appending can go on: no remains behind the tail, at least one
/// segment, everything durable that is shown.
pub(crate) fn recover(disk: &Arc<dyn Disk>, options: &Options) -> Result<(Folder, Recovery), Fault> {
    let mut folder = read(disk.as_ref(), &mut |_, _, _, _| {})?;
    let case = recover::judge(options.shard, &folder.segments, folder.spares.len());
    if let Some(fault) = recover::refusal(&case) {
        return Err(fault);
    }
    let mut recovery = Recovery { entries_cut: 0, bytes_cut: 0, fresh: false };
    for name in std::mem::take(&mut folder.unfinished) {
        disk.remove(&name).map_err(Fault::io("remove", &name))?;
    }
    match case {
        Case::Fresh => {
            recovery.fresh = true;
            let found = first_segment(disk.as_ref(), options)?;
            folder.segments.push(found);
        }
        Case::Torn(damage) => {
            (recovery.entries_cut, recovery.bytes_cut) = folder.loss(damage.keep);
            tracing::warn!(
                shard = options.shard,
                file = damage.file,
                offset = damage.offset,
                first_lost = damage.number,
                entries = recovery.entries_cut,
                bytes = recovery.bytes_cut,
                "cut the end of the log, which was not known to be durable"
            );
            cut(disk.as_ref(), &mut folder, &damage)?;
        }
        Case::Clean | Case::Rot(_) | Case::Newer(..) => {}
    }
    if options.durability == Durability::Fsync {
        settle(&folder)?;
    }
    Ok((folder, recovery))
}

/// Ends the log where it is damaged. Later segments go first, the newest first and one by one, so that a
/// crash on the way leaves nothing that looks like a gap; they are not recycled, because their frames have
/// numbers that will come again.
pub(crate) fn cut(disk: &dyn Disk, folder: &mut Folder, damage: &Damage) -> Result<(), Fault> {
    let keep = damage.keep.expect("the callers refuse to cut everything");
    while folder.segments.len() > keep + 1 {
        let gone = folder.segments.pop().expect("just counted");
        disk.remove(&gone.name).map_err(Fault::io("remove", &gone.name))?;
        disk.sync_folder().map_err(Fault::io("sync", "the shard's folder"))?;
    }
    let found = &mut folder.segments[keep];
    if let Some(beyond) = found.beyond.take() {
        zero(found.file.as_ref(), found.end, beyond.end.min(found.bytes))
            .map_err(Fault::io("clear the end of", &found.name))?;
    }
    Ok(())
}

/// Writes the frames that no witness knows to be durable once more, and syncs them.
pub(crate) fn settle(folder: &Folder) -> Result<(), Fault> {
    let synced = folder.segments.iter().map(|found| found.synced).max().unwrap_or(0);
    for found in folder.segments.iter().filter(|found| found.last.number > synced) {
        let first = found.last.number - found.slots.len() as u64 + 1;
        let skip = usize::try_from((synced + 1).saturating_sub(first)).expect("fewer than the slots");
        let step = |step| Fault::io(step, &found.name);
        for slot in found.slots.get(skip..).unwrap_or_default() {
            let offset = u64::from(slot.offset);
            let bytes = usize::try_from(slot.end() - offset).expect("a frame fits in memory");
            let mut frame = vec![0; bytes];
            found.file.read_at(&mut frame, offset).map_err(step("read"))?;
            found.file.write_at(&frame, offset).map_err(step("write"))?;
        }
        found.file.sync_data().map_err(step("sync"))?;
    }
    Ok(())
}

/// Makes the first segment of a new log. Zeros first, then the header, then the name.
fn first_segment(disk: &dyn Disk, options: &Options) -> Result<Found, Fault> {
    let identity = Identity { shard: options.shard, salt: options.salt };
    let header = SegmentHeader { identity, ordinal: 1, before: Position::start(identity), synced: 0 };
    let (unfinished, name) = (spares::unfinished(0), name(1));
    let step = |step| Fault::io(step, &name);
    let file = disk.create(&unfinished).map_err(step("create"))?;
    zero(file.as_ref(), 0, options.first_bytes()).map_err(step("fill"))?;
    file.write_at(&header.encode(), 0).map_err(step("write the header of"))?;
    file.sync_data().map_err(step("sync"))?;
    disk.rename(&unfinished, &name).map_err(step("name"))?;
    disk.sync_folder().map_err(Fault::io("sync", "the shard's folder"))?;
    scan::segment(&name, file, &mut |_, _, _, _| {})
}

#[cfg(test)]
mod tests;
