//! Reads one segment file and says what is in it: the frames that continue each other from the header on,
//! and what can be seen behind the first place where they do not. It judges nothing; [`super::recover`] does.
//!
//! Frames behind the break matter as witnesses: each says what was known to be durable when it was written.
//! Frames of an earlier use of the file are no witnesses, because their numbers are lower than that of the
//! segment's first entry; nor is anything inside a payload, because it lacks the log's mark.

use std::io;
use std::sync::Arc;

use super::disk::DiskFile;
use super::segment::{FRAMES_START, HeaderFlaw, SEGMENT_HEADER_BYTES, SegmentHeader, Slot, ordinal};
use crate::fault::Fault;
use crate::frame::{self, HEADER_BYTES, Header, Identity, Position};

/// How much of a file is read at once, in bytes: no more than helps, as an allocator keeps for long what was
/// once allocated in a piece.
const WINDOW_BYTES: u64 = 256 << 10;

/// What a segment file holds.
pub(crate) struct Found {
    pub(crate) name: String,
    /// The ordinal in the file's name.
    pub(crate) ordinal: u64,
    pub(crate) file: Arc<dyn DiskFile>,
    /// Bytes of the file.
    pub(crate) bytes: u64,
    /// The header, or why there is none. Without one the rest is empty.
    pub(crate) header: Result<SegmentHeader, HeaderFlaw>,
    /// The frames that continue each other.
    pub(crate) slots: Vec<Slot>,
    /// The position after the last of them.
    pub(crate) last: Position,
    /// The offset behind the last of them.
    pub(crate) end: u64,
    /// The highest number that the header or one of them knows to be durable.
    pub(crate) synced: u64,
    /// What is behind `end` and was meant to be part of the log.
    pub(crate) beyond: Option<Beyond>,
}

/// Remains of frames behind the place where the log breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Beyond {
    /// Whole frames among them.
    pub(crate) frames: u64,
    /// The highest number that one of the whole frames knows to be durable.
    pub(crate) synced: u64,
    /// The offset behind the last of them.
    pub(crate) end: u64,
}

/// Sees each frame that continues the log: the file's name, the header, the offset, the payload.
pub(crate) type Visit<'a> = &'a mut dyn FnMut(&str, &Header, u64, &[u8]);

/// Reads no more than the header of the segment file `name`, which has a segment's name.
pub(crate) fn head(name: &str, file: Arc<dyn DiskFile>) -> Result<Found, Fault> {
    let fault = || Fault::io("read", name);
    let ordinal = ordinal(name).expect("called for segment names only");
    let bytes = file.len().map_err(fault())?;
    let mut head = [0; SEGMENT_HEADER_BYTES];
    let head = &mut head[..usize::try_from(bytes).unwrap_or(usize::MAX).min(SEGMENT_HEADER_BYTES)];
    file.read_at(head, 0).map_err(fault())?;
    let header = SegmentHeader::parse(head);
    let none = Position { number: 0, epoch: 0, time_ms: 0, chain: 0 };
    let last = header.as_ref().map_or(none, |header| header.before);
    let synced = header.as_ref().map_or(0, |header| header.synced);
    let (name, slots, end) = (name.to_owned(), Vec::new(), FRAMES_START);
    Ok(Found { name, ordinal, file, bytes, header, slots, last, end, synced, beyond: None })
}

/// Reads the segment file `name`, which has a segment's name.
pub(crate) fn segment(name: &str, file: Arc<dyn DiskFile>, visit: Visit<'_>) -> Result<Found, Fault> {
    let fault = || Fault::io("read", name);
    let mut found = head(name, Arc::clone(&file))?;
    let Ok(header) = &found.header else { return Ok(found) };
    let identity = header.identity;
    let mut window = Window::new(file.as_ref(), found.bytes, WINDOW_BYTES);
    while let Some((next, payload)) = window.frame(found.end, identity).map_err(fault())? {
        if !next.continues(&found.last) {
            break;
        }
        if next.version > frame::VERSION {
            let file = name.to_owned();
            return Err(Fault::Newer { file, version: next.version, version_max: frame::VERSION });
        }
        visit(name, &next, found.end, payload);
        let offset = u32::try_from(found.end).expect("segments are smaller than 4 GiB");
        found.slots.push(Slot { offset, length: next.length });
        found.last = next.position();
        found.synced = found.synced.max(next.synced);
        found.end += frame::framed(u64::from(next.length));
    }
    found.beyond = beyond(&mut window, &found, identity).map_err(fault())?;
    Ok(found)
}

/// Looks for remains of frames behind the break.
fn beyond(window: &mut Window<'_>, found: &Found, identity: Identity) -> io::Result<Option<Beyond>> {
    let next = found.last.number + 1;
    let mut remains: Option<Beyond> = None;
    let mut offset = found.end;
    while let Some(bytes) = window.at(offset, HEADER_BYTES as u64)? {
        let Some(header) = Header::parse(bytes, identity).filter(|header| header.number >= next) else {
            offset += frame::ALIGN;
            continue;
        };
        let whole = window.frame(offset, identity)?.is_some();
        let seen = remains.unwrap_or(Beyond { frames: 0, synced: 0, end: 0 });
        let after =
            if whole { offset + frame::framed(u64::from(header.length)) } else { offset + frame::ALIGN };
        remains = Some(Beyond {
            frames: seen.frames + u64::from(whole),
            synced: if whole { seen.synced.max(header.synced) } else { seen.synced },
            end: after.max(offset + HEADER_BYTES as u64),
        });
        offset = after;
    }
    Ok(remains)
}

/// A file seen through a moving buffer.
pub(crate) struct Window<'a> {
    file: &'a dyn DiskFile,
    bytes: u64,
    /// How much is read at once, in bytes.
    step: u64,
    buffer: Vec<u8>,
    start: u64,
}

impl<'a> Window<'a> {
    /// The first `bytes` bytes of a file, of which `step` are read at once.
    pub(crate) fn new(file: &'a dyn DiskFile, bytes: u64, step: u64) -> Self {
        Self { file, bytes, step, buffer: Vec::new(), start: 0 }
    }

    /// `count` bytes at `offset`; `None` if the file ends before.
    fn at(&mut self, offset: u64, count: u64) -> io::Result<Option<&[u8]>> {
        if offset.checked_add(count).is_none_or(|end| end > self.bytes) {
            return Ok(None);
        }
        let held = self.start..self.start + self.buffer.len() as u64;
        if offset < held.start || offset + count > held.end {
            let bytes = count.max(self.step).min(self.bytes - offset);
            self.buffer.resize(usize::try_from(bytes).map_err(io::Error::other)?, 0);
            self.start = offset;
            let read = self.file.read_at(&mut self.buffer, offset);
            if read.is_err() {
                self.buffer.clear();
            }
            read?;
        }
        let from = usize::try_from(offset - self.start).map_err(io::Error::other)?;
        let count = usize::try_from(count).map_err(io::Error::other)?;
        Ok(Some(&self.buffer[from..from + count]))
    }

    /// The whole frame at `offset`: its header and payload. `None` if there is none.
    pub(crate) fn frame(&mut self, offset: u64, identity: Identity) -> io::Result<Option<(Header, &[u8])>> {
        let Some(bytes) = self.at(offset, HEADER_BYTES as u64)? else { return Ok(None) };
        let Some(header) = Header::parse(bytes, identity) else { return Ok(None) };
        let Some(frame) = self.at(offset, header.bytes())? else { return Ok(None) };
        Ok(header.fits(frame).then(|| (header, &frame[HEADER_BYTES..])))
    }
}
