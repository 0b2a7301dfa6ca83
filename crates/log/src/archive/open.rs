//! From files to an archive that can go on.
//!
//! The same table as for a shard's log ([`crate::file::recover`]), asked of two neighbours at a time, so that
//! neither the frames nor the files of a large archive are all held at once: of a sealed segment the header
//! is read, and that of the next one says where it ends.

use std::collections::VecDeque;
use std::sync::Arc;

use super::segment::{Mark, Segment, far};
use super::{Options, refused};
use crate::fault::Fault;
use crate::file::disk::Disk;
use crate::file::recover::{self, Case};
use crate::file::scan::{self, Found};
use crate::file::segment::{FRAMES_START, SegmentHeader, name, ordinal};
use crate::file::{self, Durability, Folder, Recovery};
use crate::frame::{self, Identity, Position};

/// What messages call it.
pub(super) const FOLDER: &str = "the archive's folder";

/// An archive as its files say.
pub(super) struct Opened {
    pub(super) identity: Identity,
    pub(super) segments: VecDeque<Arc<Segment>>,
    /// Ordinal of the active segment.
    pub(super) ordinal: u64,
    /// Where the next frame goes.
    pub(super) end: Mark,
    /// The last entry known to be durable.
    pub(super) synced: u64,
    pub(super) recovery: Recovery,
}

/// Opens the archive in the folder `disk`, or makes one.
pub(super) fn open(disk: &Arc<dyn Disk>, options: &Options) -> Result<Opened, Fault> {
    let (mut ordinals, unfinished) = names(disk.as_ref())?;
    let fresh = ordinals.is_empty();
    if fresh {
        let identity = Identity { shard: options.shard, salt: options.salt };
        let before = Position::start(identity);
        begin(disk.as_ref(), &SegmentHeader { identity, ordinal: 1, before, synced: 0 })?;
        ordinals.push(1);
    }
    let last = ordinals.pop().expect("at least one");
    let mut segments = VecDeque::with_capacity(ordinals.len() + 1);
    let mut pair: Vec<Found> = Vec::new();
    for ordinal in ordinals {
        let name = name(ordinal);
        let file = disk.open(&name).map_err(Fault::io("open", &name))?;
        segments.extend(follow(&mut pair, scan::head(&name, file)?, options.shard)?.0);
    }
    let mut marks = Vec::new();
    let found = last_segment(disk.as_ref(), last, &mut marks)?;
    let (sealed, case) = follow(&mut pair, found, options.shard)?;
    segments.extend(sealed);
    // In a new folder the one unfinished file has become the first segment.
    for name in unfinished.iter().filter(|_| !fresh) {
        disk.remove(name).map_err(Fault::io("remove", name))?;
    }
    let mut recovery = Recovery { entries_cut: 0, bytes_cut: 0, fresh };
    let mut folder = Folder { segments: pair, spares: Vec::new(), unfinished: Vec::new() };
    if let Case::Torn(damage) = case {
        (recovery.entries_cut, recovery.bytes_cut) = folder.loss(damage.keep);
        tracing::warn!(
            shard = options.shard,
            file = damage.file,
            offset = damage.offset,
            first_lost = damage.number,
            entries = recovery.entries_cut,
            bytes = recovery.bytes_cut,
            "cut the end of an archive, which was not known to be durable"
        );
        file::cut(disk.as_ref(), &mut folder, &damage)?;
    }
    if options.durability == Durability::Fsync {
        file::settle(&folder)?;
    }
    let active = folder.segments.last().expect("the last one is judged last");
    let header = active.header.as_ref().expect("damaged headers are refused");
    let end = Mark { offset: active.end, at: active.last };
    let synced = match options.durability {
        Durability::Fsync => end.at.number,
        Durability::Os => active.synced,
    };
    let segment = Segment::new(last, header.before, end);
    segment.note(&marks);
    segments.push_back(Arc::new(segment));
    Ok(Opened { identity: header.identity, segments, ordinal: last, end, synced, recovery })
}

/// The ordinals of the segments, in order, and the names of files that were being made.
pub(crate) fn names(disk: &dyn Disk) -> Result<(Vec<u64>, Vec<String>), Fault> {
    let (mut ordinals, mut unfinished) = (Vec::new(), Vec::new());
    for name in disk.list().map_err(Fault::io("list", FOLDER))? {
        if let Some(ordinal) = ordinal(&name) {
            ordinals.push(ordinal);
        } else if file::is_unfinished(&name) {
            unfinished.push(name);
        }
    }
    ordinals.sort_unstable();
    Ok((ordinals, unfinished))
}

/// Reads the last segment, and sets marks in it.
fn last_segment(disk: &dyn Disk, ordinal: u64, marks: &mut Vec<Mark>) -> Result<Found, Fault> {
    let name = name(ordinal);
    let file = disk.open(&name).map_err(Fault::io("open", &name))?;
    scan::segment(&name, file, &mut |_, header, offset, _| {
        let offset = offset + frame::framed(u64::from(header.length));
        let next = Mark { offset, at: header.position() };
        if marks.last().is_none_or(|last| far(last, &next)) {
            marks.push(next);
        }
    })
}

/// Judges `next` beside the segment before it, which is the last in `pair`, and leaves the two there. Gives
/// the segment before, which is sealed, and what `next` is; refuses what must not be touched.
fn follow(pair: &mut Vec<Found>, next: Found, shard: u16) -> Result<(Option<Arc<Segment>>, Case), Fault> {
    if pair.len() > 1 {
        pair.remove(0);
    }
    if let (Some(before), Ok(header)) = (pair.last_mut(), &next.header)
        && header.before.number > before.last.number
    {
        // Whether its frames reach that far is found when they are read.
        before.last = header.before;
        before.synced = header.before.number;
    }
    pair.push(next);
    let case = recover::judge(shard, pair, 0);
    if let Some(fault) = recover::refusal(&case) {
        return Err(fault);
    }
    let sealed = pair.first().filter(|_| pair.len() > 1).map(|found| {
        let before = found.header.as_ref().expect("damaged headers are refused").before;
        let end = Mark { offset: found.bytes.max(FRAMES_START), at: found.last };
        Arc::new(Segment::new(found.ordinal, before, end))
    });
    Ok((sealed, case))
}

/// Makes an empty segment: the header first, then the name, both durable.
///
/// [`Fault::Full`] changes nothing.
pub(super) fn begin(disk: &dyn Disk, header: &SegmentHeader) -> Result<(), Fault> {
    let (unfinished, name) = (file::unfinished(header.ordinal), name(header.ordinal));
    let mut block = vec![0; usize::try_from(FRAMES_START).expect("a block")];
    let header = header.encode();
    block[..header.len()].copy_from_slice(&header);
    let filled = disk.create(&unfinished).and_then(|file| {
        file.allocate(FRAMES_START)?;
        file.write_at(&block, 0)?;
        file.sync_data()?;
        // A file of an earlier attempt may have had this name, and must not be the one that is renamed.
        disk.sync_folder()
    });
    if let Err(error) = filled {
        // If that fails too, opening the archive removes it.
        let _ = disk.remove(&unfinished);
        return Err(refused("make", &name)(error));
    }
    disk.rename(&unfinished, &name).map_err(Fault::io("name", &name))?;
    disk.sync_folder().map_err(Fault::io("sync", FOLDER))
}
