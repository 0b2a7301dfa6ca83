//! Payloads: opaque to the core, which only knows how long they are and where they lie.
//!
//! A payload is stated once in the log, and everything that shares it points there. A copy stays in
//! memory while the shard's budget allows; beyond it the payload is read back from the log by its
//! place when somebody receives it. Residency is not state: two shards that differ in it are equal.

use crate::Lsn;
use bytes::Bytes;
use std::sync::Arc;

/// A message's body and attributes, encoded by whoever owns their meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// The encoded form; a slice of the request's buffer until the entry is written.
    pub bytes: Bytes,
    /// Size as SQS and SNS count it: body, attribute names, types and values, in bytes.
    pub size: u32,
    /// Where the log states it; set by the codec when the event is encoded or decoded.
    pub place: Place,
}

impl Payload {
    /// A payload that is not in the log yet.
    pub fn new(bytes: Bytes, size: u32) -> Payload {
        Payload { bytes, size, place: Place::default() }
    }
}

/// Where a payload lies in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The entry.
    pub lsn: Lsn,
    /// First byte, counted from the start of the entry's payload.
    pub offset: u32,
    /// Length in bytes.
    pub len: u32,
    /// CRC-32C of the bytes: whoever reads them back checks it.
    pub crc: u32,
}

/// CRC-32C as [`Place::crc`] holds it.
pub fn crc(bytes: &[u8]) -> u32 {
    crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, bytes) as u32
}

/// A payload as the state holds it.
#[derive(Clone, Debug)]
pub struct Body {
    /// Where the log states it.
    pub place: Place,
    /// As in [`Payload::size`].
    pub size: u32,
    /// The bytes, an exact-size copy, while the budget allows.
    pub resident: Option<Arc<[u8]>>,
}

/// What of the shard's payloads is in memory, and how much may be.
#[derive(Debug)]
pub struct Residency {
    /// Bytes that may be resident.
    pub budget: u64,
    /// Bytes that are.
    pub used: u64,
}

impl Body {
    /// A payload that need not get into the log.
    pub(crate) fn copy_of(payload: &Payload) -> Body {
        let len = u32::try_from(payload.bytes.len()).unwrap_or(u32::MAX);
        let (place, size) = (Place { len, ..Place::default() }, payload.size);
        Body { place, size, resident: Some(Arc::from(&payload.bytes[..])) }
    }
}

impl Residency {
    /// Takes a payload in, resident if the budget allows.
    pub(crate) fn admit(&mut self, payload: &Payload) -> Body {
        let bytes = payload.bytes.len() as u64;
        let resident = (self.used + bytes <= self.budget).then(|| {
            self.used += bytes;
            Arc::from(&payload.bytes[..])
        });
        Body { place: payload.place, size: payload.size, resident }
    }

    /// Lets go of a body.
    pub(crate) fn release(&mut self, body: &Body) {
        if let Some(bytes) = &body.resident {
            self.used -= bytes.len() as u64;
        }
    }
}
