//! One turn of a shard, as the log sees it.
//!
//! Epoch and number together make an ambiguous append recognisable: whoever does not know whether its
//! append arrived reads the entry of that number and looks at the epoch.

use bytes::Bytes;

use crate::fault::Fault;

/// The largest payload of an entry unless the options say otherwise, in bytes: a turn closes its entry
/// when it reaches this size.
pub const ENTRY_BYTES_MAX: u32 = 4 << 20;

/// One entry: everything that one turn decided, atomic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which ownership of the shard wrote it; never lower than that of the entry before.
    pub epoch: u64,
    /// Its position: 1 for the first entry, then consecutive.
    pub number: u64,
    /// The turn's time, in milliseconds since the Unix epoch. The log stores it and does not judge it.
    pub time_ms: u64,
    /// Opaque bytes, at most the log's `entry_bytes_max`.
    pub payload: Bytes,
}

/// Whether `entry` may follow the entry `number` of epoch `epoch`.
///
/// # Errors
/// [`Fault::NotAtTail`], [`Fault::Fenced`], [`Fault::TooLarge`].
pub(crate) fn check(entry: &Entry, number: u64, epoch: u64, bytes_max: u32) -> Result<(), Fault> {
    if entry.number != number + 1 {
        return Err(Fault::NotAtTail { next: number + 1, got: entry.number });
    }
    if entry.epoch < epoch {
        return Err(Fault::Fenced { epoch, got: entry.epoch });
    }
    let (bytes, bytes_max) = (entry.payload.len() as u64, u64::from(bytes_max));
    if bytes > bytes_max {
        return Err(Fault::TooLarge { bytes, bytes_max });
    }
    Ok(())
}
