//! Receipt handles: what a consumer shows to delete a message or to change its visibility.
//!
//! A handle names the queue, the message and the receive, and is sealed with a key that lives in the
//! shard's state, so "never issued" and "issued, but the message is gone" can be told apart without
//! remembering any handle.

use crate::id::{Number, QueueId};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Length of a handle: version, queue, message, receive, seal.
pub const BYTES: usize = 1 + 8 + 8 + 4 + SEAL_BYTES;
const SEAL_BYTES: usize = 12;
const SEALED: usize = BYTES - SEAL_BYTES;
const VERSION: u8 = 1;

/// What a handle says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The queue that issued it.
    pub queue: QueueId,
    /// The message.
    pub number: Number,
    /// Which receive of the message, from 1.
    pub receive: u32,
}

/// Seals and opens handles under one key.
#[derive(Clone)]
pub struct Sealer(Hmac<Sha256>);

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    /// A sealer under a shard's key.
    pub fn new(secret: &[u8; 32]) -> Sealer {
        Sealer(Hmac::new_from_slice(secret).expect("HMAC takes keys of any length"))
    }

    /// Makes a handle.
    pub fn seal(&self, receipt: Receipt) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        bytes[0] = VERSION;
        bytes[1..9].copy_from_slice(&receipt.queue.0.to_be_bytes());
        bytes[9..17].copy_from_slice(&receipt.number.to_be_bytes());
        bytes[17..21].copy_from_slice(&receipt.receive.to_be_bytes());
        let mut mac = self.0.clone();
        mac.update(&bytes[..SEALED]);
        bytes[SEALED..].copy_from_slice(&mac.finalize().into_bytes()[..SEAL_BYTES]);
        bytes
    }

    /// Reads a handle. `None` when it was never issued under this key.
    pub fn open(&self, bytes: &[u8]) -> Option<Receipt> {
        let bytes: &[u8; BYTES] = bytes.try_into().ok()?;
        let mut mac = self.0.clone();
        mac.update(&bytes[..SEALED]);
        mac.verify_truncated_left(&bytes[SEALED..]).ok()?;
        let word = |at: usize| u64::from_be_bytes(bytes[at..at + 8].try_into().expect("8 bytes"));
        let receive = u32::from_be_bytes(bytes[17..21].try_into().expect("4 bytes"));
        (bytes[0] == VERSION).then(|| Receipt { queue: QueueId(word(1)), number: word(9), receive })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_sealed_opens() {
        let sealer = Sealer::new(&[7; 32]);
        let receipt = Receipt { queue: QueueId(3), number: 99, receive: 2 };
        let handle = sealer.seal(receipt);
        assert_eq!(sealer.open(&handle), Some(receipt));
        assert_eq!(Sealer::new(&[8; 32]).open(&handle), None);
        for at in 0..BYTES {
            let mut other = handle;
            other[at] ^= 1;
            assert_eq!(sealer.open(&other), None, "byte {at}");
        }
        assert_eq!(sealer.open(&handle[1..]), None);
        assert_eq!(sealer.open(b""), None);
    }
}
