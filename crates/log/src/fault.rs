//! What can go wrong around a log: always the environment's doing, so each fault names the step and keeps
//! its source. The messages are made for operators.

use std::io;

/// A failure of a log or of its data directory.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// An operation of the disk failed.
    #[error("could not {step} {file}")]
    Io {
        /// What was being done, as a verb phrase that the file's name completes.
        step: &'static str,
        /// The file's name within its folder, or a folder's.
        file: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// An earlier write or sync failed; what is on the disk is unknown until the log is opened again.
    #[error("nothing more is written to this log, because an earlier write or sync failed")]
    Poisoned,
    /// No spare segment can be had, so the append was not begun; or an archive's file cannot grow.
    #[error("the disk is full: there is no room to append")]
    Full,
    /// The group does not start at the tail.
    #[error("append expected to be entry {got}, but the next entry is {next}")]
    NotAtTail {
        /// The number that the next entry must have.
        next: u64,
        /// The number that was offered.
        got: u64,
    },
    /// A newer owner has written to this log.
    #[error("epoch {got} is deposed: the log is at epoch {epoch}")]
    Fenced {
        /// The epoch that the log has reached.
        epoch: u64,
        /// The epoch that was offered.
        got: u64,
    },
    /// A payload is larger than the log takes.
    #[error("an entry of {bytes} bytes is larger than the {bytes_max} bytes that this log takes")]
    TooLarge {
        /// Bytes of the payload.
        bytes: u64,
        /// The log's bound.
        bytes_max: u64,
    },
    /// The entry was trimmed.
    #[error("entry {number} was trimmed: the log begins at {first}")]
    Trimmed {
        /// The entry that was asked for.
        number: u64,
        /// The oldest entry that there is.
        first: u64,
    },
    /// The slice is not inside the payload, or the entry is not in the pinned segment.
    #[error("no bytes {offset}..+{len} in the payload of entry {number}")]
    OutOfRange {
        /// The entry that was asked for.
        number: u64,
        /// Start of the slice.
        offset: u32,
        /// Length of the slice.
        len: u32,
    },
    /// Something that was known to be durable is damaged.
    #[error(
        "{file} is damaged at byte {offset} ({why}), where entry {number} belongs, and entries up to {synced} \
         were durable. Nothing was changed. Look with `postrider log verify` and `postrider log inspect`; \
         `postrider log repair` can cut the log of a shard there (an archive it leaves alone), or restore the \
         directory from a copy"
    )]
    Rot {
        /// The segment's file name.
        file: String,
        /// Where in the file.
        offset: u64,
        /// The entry that should be there.
        number: u64,
        /// The last entry that is known to have been durable.
        synced: u64,
        /// What was found instead.
        why: String,
    },
    /// Written by a newer version of this program.
    #[error(
        "{file} has format version {version}, and this program reads up to {version_max}: use a newer one"
    )]
    Newer {
        /// The file's name.
        file: String,
        /// The version that it names.
        version: u16,
        /// The newest version that this program knows.
        version_max: u16,
    },
    /// The options contradict each other.
    #[error("these log options cannot work: {why}")]
    Options {
        /// Which, and why.
        why: String,
    },
    /// Another process has the data directory.
    #[error("the data directory {path} is in use by another process{holder}")]
    Locked {
        /// The directory.
        path: String,
        /// ` (process 123)`, or empty if unknown.
        holder: String,
    },
    /// The data directory was made with another number of shards.
    #[error(
        "the data directory {path} was created with {found} shards, not {asked}; the number is fixed at creation"
    )]
    ShardCount {
        /// The directory.
        path: String,
        /// What `meta` says.
        found: u16,
        /// What was asked for.
        asked: u16,
    },
    /// `meta` cannot be understood, or is not there although shards are.
    #[error("the data directory {path} has no usable `meta` file: {why}")]
    Meta {
        /// The directory.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// There is nothing before the damage that a repair could keep.
    #[error("{file} cannot be repaired: {why}")]
    Irreparable {
        /// The segment's file name.
        file: String,
        /// Why.
        why: String,
    },
}

impl Fault {
    /// Wraps an I/O error with the step that failed.
    pub(crate) fn io(step: &'static str, file: &str) -> impl FnOnce(io::Error) -> Self {
        let file = file.to_owned();
        move |source| Self::Io { step, file, source }
    }
}
