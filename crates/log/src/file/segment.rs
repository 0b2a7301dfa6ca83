//! One segment: a preallocated file with a header, then frames, then room.
//!
//! ```text
//!  0        8     12    14    16        24      32      40      48        56       64      72   4096
//!  | magic  | crc | ver | shd | ordinal | first | chain | epoch | time_ms | synced | salt  | 0 … | frames …
//! ```
//!
//! The header is written and synced before the file gets its segment name, and never again while it has it;
//! it has a block of 4096 bytes to itself, so no write of frames can tear it. `chain`, `epoch` and `time_ms`
//! are those of the position before `first`: a segment continues its predecessor exactly, and can be read
//! alone once the predecessor is trimmed.

use std::sync::{Arc, RwLock};

use bytes::{Bytes, BytesMut};

use super::disk::DiskFile;
use crate::fault::Fault;
use crate::frame::{self, Header, Identity, Position};
use crate::{Entry, Pinned};

/// Where the frames of a segment begin, in bytes.
pub const FRAMES_START: u64 = 4096;
/// Bytes of a segment header that carry something; the rest up to [`FRAMES_START`] is zero.
pub const SEGMENT_HEADER_BYTES: usize = 72;
/// The newest version of a segment header, the one that is written.
pub const SEGMENT_VERSION: u16 = 1;
const MAGIC: [u8; 8] = *b"PRSEGMNT";

/// The header of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Which log it belongs to.
    pub identity: Identity,
    /// Its number among the segments of the log; consecutive, also in its file name.
    pub ordinal: u64,
    /// The position before its first entry.
    pub before: Position,
    /// The last entry known to be durable when the segment was begun.
    pub synced: u64,
}

/// Why bytes are not a segment header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderFlaw {
    /// Written by a newer program, with this version.
    Newer(u16),
    /// Not what was written, and how that shows.
    Damaged(&'static str),
}

impl SegmentHeader {
    /// The header as bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; SEGMENT_HEADER_BYTES] {
        let mut bytes = [0; SEGMENT_HEADER_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[12..14].copy_from_slice(&SEGMENT_VERSION.to_le_bytes());
        bytes[14..16].copy_from_slice(&self.identity.shard.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.ordinal.to_le_bytes());
        bytes[24..32].copy_from_slice(&(self.before.number + 1).to_le_bytes());
        bytes[32..40].copy_from_slice(&self.before.chain.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.before.epoch.to_le_bytes());
        bytes[48..56].copy_from_slice(&self.before.time_ms.to_le_bytes());
        bytes[56..64].copy_from_slice(&self.synced.to_le_bytes());
        bytes[64..72].copy_from_slice(&self.identity.salt.to_le_bytes());
        let crc = frame::crc(&bytes[12..]);
        bytes[8..12].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads a header.
    ///
    /// # Errors
    /// What keeps these bytes from being one.
    pub fn parse(bytes: &[u8]) -> Result<Self, HeaderFlaw> {
        if bytes.len() < SEGMENT_HEADER_BYTES {
            return Err(HeaderFlaw::Damaged("the file is shorter than a segment header"));
        }
        let bytes = &bytes[..SEGMENT_HEADER_BYTES];
        if bytes[..8] != MAGIC {
            return Err(HeaderFlaw::Damaged("the file does not begin like a segment"));
        }
        if frame::u32_at(bytes, 8) != frame::crc(&bytes[12..]) {
            return Err(HeaderFlaw::Damaged("the segment header has a wrong CRC"));
        }
        let version = frame::u16_at(bytes, 12);
        if version > SEGMENT_VERSION {
            return Err(HeaderFlaw::Newer(version));
        }
        let first = frame::u64_at(bytes, 24);
        Ok(Self {
            identity: Identity { shard: frame::u16_at(bytes, 14), salt: frame::u64_at(bytes, 64) },
            ordinal: frame::u64_at(bytes, 16),
            before: Position {
                number: first
                    .checked_sub(1)
                    .ok_or(HeaderFlaw::Damaged("its first entry would be number 0"))?,
                chain: frame::u64_at(bytes, 32),
                epoch: frame::u64_at(bytes, 40),
                time_ms: frame::u64_at(bytes, 48),
            },
            synced: frame::u64_at(bytes, 56),
        })
    }
}

/// The file name of the segment with this ordinal.
#[must_use]
pub fn name(ordinal: u64) -> String {
    format!("{ordinal:010}.log")
}

/// The ordinal in a segment's file name; `None` if it is not one.
#[must_use]
pub fn ordinal(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".log")?;
    (digits.len() >= 10 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// Where one frame is in its segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Where the frame begins in the file.
    pub offset: u32,
    /// Bytes of its payload.
    pub length: u32,
}

impl Slot {
    /// The offset behind the frame and its padding.
    #[must_use]
    pub fn end(self) -> u64 {
        u64::from(self.offset) + frame::framed(u64::from(self.length))
    }
}

/// A segment of an open log: the file and where its frames are.
pub(crate) struct Segment {
    pub(crate) name: String,
    pub(crate) ordinal: u64,
    pub(crate) identity: Identity,
    /// Number of the first entry, which need not exist yet.
    pub(crate) first: u64,
    /// Bytes of the file.
    pub(crate) capacity: u64,
    pub(crate) file: Arc<dyn DiskFile>,
    /// The frames that readers may see. Locked for as long as it takes to copy a slot.
    slots: RwLock<Vec<Slot>>,
}

impl Segment {
    pub(crate) fn new(
        header: &SegmentHeader,
        file: Arc<dyn DiskFile>,
        capacity: u64,
        slots: Vec<Slot>,
    ) -> Self {
        Self {
            name: name(header.ordinal),
            ordinal: header.ordinal,
            identity: header.identity,
            first: header.before.number + 1,
            capacity,
            file,
            slots: RwLock::new(slots),
        }
    }

    /// Number of the last entry; `first - 1` if there is none.
    pub(crate) fn last(&self) -> u64 {
        self.first + self.read(<[Slot]>::len) as u64 - 1
    }

    /// Offset behind the last frame.
    pub(crate) fn end(&self) -> u64 {
        self.read(|slots| slots.last().map_or(FRAMES_START, |slot| slot.end()))
    }

    /// Shows more frames to the readers.
    pub(crate) fn extend(&self, more: &[Slot]) {
        self.slots.write().expect("nothing panics under this lock").extend_from_slice(more);
    }

    pub(crate) fn slot(&self, number: u64) -> Option<Slot> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.read(|slots| slots.get(index).copied())
    }

    /// Whole entries from `from` on, as many as fit in `bytes_max`, but at least one.
    pub(crate) fn scan(&self, from: u64, bytes_max: usize) -> Result<Vec<Entry>, Fault> {
        let slots = self.run(from, bytes_max);
        let (Some(start), Some(last)) = (slots.first().map(|slot| slot.offset), slots.last()) else {
            return Ok(Vec::new());
        };
        let bytes = usize::try_from(last.end() - u64::from(start)).expect("a run of frames fits in memory");
        let run = self.read_bytes(u64::from(start), bytes)?;
        let mut entries = Vec::with_capacity(slots.len());
        for (number, slot) in (from..).zip(&slots) {
            let at = (slot.offset - start) as usize;
            let frame = run.slice(at..at + frame::HEADER_BYTES + slot.length as usize);
            let header = Header::parse(&frame, self.identity).filter(|header| header.fits(&frame));
            let header = header.filter(|header| header.number == number).ok_or_else(|| Fault::Rot {
                file: self.name.clone(),
                offset: u64::from(slot.offset),
                number,
                synced: number,
                why: "the frame was whole when the log was opened and is not any more".to_owned(),
            })?;
            entries.push(header.entry(frame.slice(frame::HEADER_BYTES..)));
        }
        Ok(entries)
    }

    /// The slots from `from` on whose payloads fit in `bytes_max`, at least one if there is one.
    fn run(&self, from: u64, bytes_max: usize) -> Vec<Slot> {
        let skip = usize::try_from(from.saturating_sub(self.first)).unwrap_or(usize::MAX);
        self.read(|slots| {
            let mut left = bytes_max;
            let rest = slots.get(skip..).unwrap_or_default();
            let fit = rest.iter().take_while(|slot| {
                let fits = slot.length as usize <= left;
                left = left.saturating_sub(slot.length as usize);
                fits
            });
            let count = fit.count().max(1).min(rest.len());
            rest[..count].to_vec()
        })
    }

    fn read<T>(&self, look: impl FnOnce(&[Slot]) -> T) -> T {
        look(&self.slots.read().expect("nothing panics under this lock"))
    }

    fn read_bytes(&self, offset: u64, bytes: usize) -> Result<Bytes, Fault> {
        let mut buffer = BytesMut::zeroed(bytes);
        self.file.read_at(&mut buffer, offset).map_err(Fault::io("read", &self.name))?;
        Ok(buffer.freeze())
    }
}

impl Pinned for Segment {
    fn read_at(&self, number: u64, offset: u32, len: u32) -> Result<Bytes, Fault> {
        let beyond = Fault::OutOfRange { number, offset, len };
        let Some(slot) = self.slot(number) else { return Err(beyond) };
        if u64::from(offset) + u64::from(len) > u64::from(slot.length) {
            return Err(beyond);
        }
        let at = u64::from(slot.offset) + frame::HEADER_BYTES as u64 + u64::from(offset);
        self.read_bytes(at, len as usize)
    }
}
