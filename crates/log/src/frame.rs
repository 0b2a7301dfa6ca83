//! An entry as bytes: a header of 56 bytes, the payload, zeros up to a multiple of 8. Little-endian.
//!
//! ```text
//!  0        4        8        12    14    16      24       32        40      48       56
//!  | mark   | crc    | length | ver | shd | epoch | number | time_ms | chain | synced | payload … 0
//! ```
//!
//! The mark is drawn from the log's salt, a secret: bytes that a client sends inside a payload can then
//! neither pass for a frame nor slow a reader down that looks for frames behind a damaged one. The CRC-32C
//! covers everything after itself but the padding. `chain` is a hash over all frames
//! before this one, so a frame that is left over from an earlier use of the same disk space, or from a
//! future that was cut off, cannot continue the log even where its number fits. `synced` is the last number
//! that was known to be durable when the frame was written: by it a reader tells a torn tail from rot.

use bytes::Bytes;
use crc_fast::CrcAlgorithm;

use crate::entry::Entry;

/// Bytes of a frame's header.
pub const HEADER_BYTES: usize = 56;
/// Frames start at multiples of this many bytes.
pub const ALIGN: u64 = 8;
/// The newest frame version, the one that is written.
pub const VERSION: u16 = 1;

/// Which log a frame belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The shard's number.
    pub shard: u16,
    /// A secret of the log, random, fixed when its first segment is made.
    pub salt: u64,
}

impl Identity {
    /// The first four bytes of each frame of this log; never zero, so that zeros are no frame.
    #[must_use]
    pub fn mark(self) -> [u8; 4] {
        ((mix(!self.salt) >> 32) as u32 | 1).to_le_bytes()
    }
}

/// The end of a log, or of a part of it: what the next frame must continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Number of the last entry; 0 before the first.
    pub number: u64,
    /// Epoch of the last entry.
    pub epoch: u64,
    /// Time of the last entry, in milliseconds since the Unix epoch.
    pub time_ms: u64,
    /// Hash over all frames so far.
    pub chain: u64,
}

impl Position {
    /// The position before the first entry of a log.
    #[must_use]
    pub fn start(identity: Identity) -> Self {
        Self { number: 0, epoch: 0, time_ms: 0, chain: mix(identity.salt ^ u64::from(identity.shard)) }
    }
}

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// CRC-32C of the rest.
    pub crc: u32,
    /// Bytes of the payload.
    pub length: u32,
    /// Format version of the frame.
    pub version: u16,
    /// The entry's epoch.
    pub epoch: u64,
    /// The entry's number.
    pub number: u64,
    /// The entry's time, in milliseconds since the Unix epoch.
    pub time_ms: u64,
    /// Hash over all frames before this one.
    pub chain: u64,
    /// The last number known to be durable when this was written.
    pub synced: u64,
}

impl Header {
    /// Reads the header of a frame of the log `identity`; `None` if these bytes do not begin with its mark,
    /// name another shard or are too few.
    #[must_use]
    pub fn parse(bytes: &[u8], identity: Identity) -> Option<Self> {
        if bytes.len() < HEADER_BYTES || bytes[..4] != identity.mark() || u16_at(bytes, 14) != identity.shard
        {
            return None;
        }
        Some(Self {
            crc: u32_at(bytes, 4),
            length: u32_at(bytes, 8),
            version: u16_at(bytes, 12),
            epoch: u64_at(bytes, 16),
            number: u64_at(bytes, 24),
            time_ms: u64_at(bytes, 32),
            chain: u64_at(bytes, 40),
            synced: u64_at(bytes, 48),
        })
    }

    /// Bytes of the frame without its padding.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        HEADER_BYTES as u64 + u64::from(self.length)
    }

    /// Whether `frame`, the bytes that this header was parsed from and its payload, has the right CRC.
    #[must_use]
    pub fn fits(&self, frame: &[u8]) -> bool {
        frame.len() as u64 == self.bytes() && self.crc == crc(&frame[8..])
    }

    /// Whether a frame with this header is the next one after `at`.
    #[must_use]
    pub fn continues(&self, at: &Position) -> bool {
        self.number == at.number + 1 && self.chain == at.chain && self.epoch >= at.epoch
    }

    /// The position after a frame with this header.
    #[must_use]
    pub fn position(&self) -> Position {
        Position {
            number: self.number,
            epoch: self.epoch,
            time_ms: self.time_ms,
            chain: mix(self.chain.rotate_left(32) ^ u64::from(self.crc)),
        }
    }

    /// The entry of a frame with this header.
    #[must_use]
    pub fn entry(&self, payload: Bytes) -> Entry {
        Entry { epoch: self.epoch, number: self.number, time_ms: self.time_ms, payload }
    }
}

/// Bytes that a payload of `length` bytes takes as a frame, with its padding.
#[must_use]
pub fn framed(length: u64) -> u64 {
    (HEADER_BYTES as u64 + length).next_multiple_of(ALIGN)
}

/// Appends the frame of `entry`, which comes after `at`, to `buffer`; returns the position after it. The
/// payload is shorter than 4 GiB, which the log has checked.
pub fn write(
    buffer: &mut Vec<u8>,
    identity: Identity,
    at: &Position,
    entry: &Entry,
    synced: u64,
) -> Position {
    let start = buffer.len();
    let length = u32::try_from(entry.payload.len()).expect("the log bounds payloads below 4 GiB");
    let mut header = [0_u8; HEADER_BYTES];
    header[..4].copy_from_slice(&identity.mark());
    header[8..12].copy_from_slice(&length.to_le_bytes());
    header[12..14].copy_from_slice(&VERSION.to_le_bytes());
    header[14..16].copy_from_slice(&identity.shard.to_le_bytes());
    header[16..24].copy_from_slice(&entry.epoch.to_le_bytes());
    header[24..32].copy_from_slice(&entry.number.to_le_bytes());
    header[32..40].copy_from_slice(&entry.time_ms.to_le_bytes());
    header[40..48].copy_from_slice(&at.chain.to_le_bytes());
    header[48..56].copy_from_slice(&synced.to_le_bytes());
    buffer.extend_from_slice(&header);
    buffer.extend_from_slice(&entry.payload);
    let crc = crc(&buffer[start + 8..]);
    buffer[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
    header[4..8].copy_from_slice(&crc.to_le_bytes());
    buffer.resize(start + usize::try_from(framed(u64::from(length))).expect("a frame fits in memory"), 0);
    Header::parse(&header, identity).expect("a header just written").position()
}

/// CRC-32C (Castagnoli), as in iSCSI.
pub(crate) fn crc(bytes: &[u8]) -> u32 {
    crc_fast::checksum(CrcAlgorithm::Crc32Iscsi, bytes) as u32
}

/// A bijection that spreads every bit over all of them (the finaliser of SplitMix64).
fn mix(bits: u64) -> u64 {
    let a = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let b = (a ^ (a >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let c = (b ^ (b >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    c ^ (c >> 31)
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes[at..at + 2].try_into().expect("two bytes"))
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

#[cfg(test)]
mod tests;
