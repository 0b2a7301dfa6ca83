//! Records in the payload of an entry.
//!
//! ```text
//!   u8 version │ ( u64 sequence │ u64 time_ms │ u32 length │ bytes )*
//! ```
//!
//! Little-endian, without padding. Sequences rise, times do not fall; the last of both are also in the
//! frame's header, as its epoch and its time.

use bytes::Bytes;

use super::Record;
use crate::frame::{u32_at, u64_at};

/// The newest version of a pack, the one that is written.
pub(crate) const VERSION: u8 = 1;
/// Bytes before the records.
pub(super) const HEAD_BYTES: usize = 1;
/// Bytes that a record takes besides its own.
pub(super) const RECORD_HEADER_BYTES: usize = 20;

/// Why a payload cannot be read.
pub(crate) enum Flaw {
    /// Written by a newer program, with this version.
    Newer(u8),
    /// Not what is written here.
    Malformed,
}

/// A pack that is being filled.
pub(crate) struct Pack {
    bytes: Vec<u8>,
    /// Sequence of its last record.
    pub(super) sequence: u64,
    /// Time of its last record, in milliseconds since the Unix epoch.
    pub(super) time_ms: u64,
}

impl Pack {
    /// A pack without records that shall follow a record of this sequence and time.
    pub(crate) fn after(sequence: u64, time_ms: u64) -> Self {
        Self { bytes: vec![VERSION], sequence, time_ms }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.len() == HEAD_BYTES
    }

    /// Bytes of the pack with one more record, whose own bytes are so many.
    pub(super) fn bytes_with(&self, record: usize) -> usize {
        self.bytes.len() + RECORD_HEADER_BYTES + record
    }

    /// Adds a record, which is later and shorter than 4 GiB. A time before that of the last record counts as
    /// the same.
    pub(crate) fn add(&mut self, record: &Record) {
        self.sequence = record.sequence;
        self.time_ms = self.time_ms.max(record.time_ms);
        let length = u32::try_from(record.bytes.len()).expect("checked against the bound");
        self.bytes.extend_from_slice(&self.sequence.to_le_bytes());
        self.bytes.extend_from_slice(&self.time_ms.to_le_bytes());
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.extend_from_slice(&record.bytes);
    }

    pub(crate) fn into_bytes(self) -> Bytes {
        self.bytes.into()
    }
}

/// A record inside a pack.
pub(crate) struct Packed<'a> {
    pub(crate) sequence: u64,
    pub(crate) time_ms: u64,
    pub(crate) bytes: &'a [u8],
}

/// Shows the records of a pack to `see`, in order, until that says that it has enough.
pub(crate) fn read<'a>(payload: &'a [u8], see: &mut dyn FnMut(Packed<'a>) -> Enough) -> Result<Enough, Flaw> {
    let (&version, mut rest) = payload.split_first().ok_or(Flaw::Malformed)?;
    if version != VERSION {
        return Err(Flaw::Newer(version));
    }
    while !rest.is_empty() {
        let (header, behind) = rest.split_at_checked(RECORD_HEADER_BYTES).ok_or(Flaw::Malformed)?;
        let length = u32_at(header, 16) as usize;
        let (bytes, behind) = behind.split_at_checked(length).ok_or(Flaw::Malformed)?;
        let record = Packed { sequence: u64_at(header, 0), time_ms: u64_at(header, 8), bytes };
        if see(record) == Enough::Yes {
            return Ok(Enough::Yes);
        }
        rest = behind;
    }
    Ok(Enough::No)
}

/// Whether a reader has what it wants.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Enough {
    /// Reading ends here.
    Yes,
    /// There is room for more.
    No,
}
