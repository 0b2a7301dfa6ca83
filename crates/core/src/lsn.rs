//! The log's position. SQS's FIFO number is called `SequenceNumber`; this is never called that.

/// Number of an entry in a shard's log. The first entry is 1; 0 is the empty log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(pub u64);

impl Lsn {
    /// The position after this one.
    pub fn next(self) -> Lsn {
        Lsn(self.0 + 1)
    }
}
