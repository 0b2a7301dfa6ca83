//! Internal ids, and the generator of public ones.

use sha2::{Digest, Sha256};
use std::num::NonZero;

/// A queue, for its whole life. A queue that is created again gets another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueId(pub u64);

/// A topic, for its whole life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(pub u64);

/// A publication in the shard that holds its payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicationId(pub u64);

/// A message's number in its queue: the order in which messages were sent. The first is 1.
pub type Number = u64;

/// A state of a resource's settings and policy. Each change makes a new one; 0 is "does not exist".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

/// A message group, as far as the core tells groups apart. The text of the group's id lives in the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupKey(pub NonZero<u128>);

impl GroupKey {
    /// The key of a `MessageGroupId`.
    pub fn of(text: &str) -> GroupKey {
        GroupKey(key(text.as_bytes()))
    }
}

/// A deduplication id, or the id of an attempt to receive, as far as the core tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DedupKey(pub NonZero<u128>);

impl DedupKey {
    /// The key of a `MessageDeduplicationId` or a `ReceiveRequestAttemptId`.
    pub fn of(text: &str) -> DedupKey {
        DedupKey(key(text.as_bytes()))
    }

    /// The key of this id within one group, for queues whose deduplication scope is the message group.
    pub fn within(self, group: GroupKey) -> DedupKey {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(&self.0.get().to_be_bytes());
        bytes[16..].copy_from_slice(&group.0.get().to_be_bytes());
        DedupKey(key(&bytes))
    }
}

/// The first 16 bytes of the SHA-256: nobody can find two texts with the same key.
fn key(bytes: &[u8]) -> NonZero<u128> {
    let digest = Sha256::digest(bytes);
    let first = u128::from_be_bytes(digest[..16].try_into().expect("a digest has 32 bytes"));
    NonZero::new(first).unwrap_or(NonZero::<u128>::MIN)
}

/// A UUID of version 4: the public id of a message or the last part of a subscription's ARN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(pub u128);

impl Uuid {
    fn version_4(bits: u128) -> Uuid {
        Uuid((bits & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62))
    }

    /// The id of the copy that `subscription` gets of the publication with this id. Derived, so that
    /// a copy costs no bytes in the log for it.
    pub fn copy_for(self, subscription: Uuid) -> Uuid {
        let low = mix(self.0 as u64 ^ mix(subscription.0 as u64));
        let high = mix((self.0 >> 64) as u64 ^ mix((subscription.0 >> 64) as u64 ^ low));
        Uuid::version_4(u128::from(high) << 64 | u128::from(low))
    }

    /// Reads the form `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`.
    pub fn parse(text: &str) -> Option<Uuid> {
        let hyphens = [8, 13, 18, 23];
        let shape = text.len() == 36
            && text.bytes().enumerate().all(|(i, b)| hyphens.contains(&i) == (b == b'-') && b != b'+');
        let digits = text.replace('-', "");
        shape.then(|| u128::from_str_radix(&digits, 16).ok().map(Uuid)).flatten()
    }
}

impl std::fmt::Display for Uuid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [b'-'; 36];
        let mut at = 0;
        for byte in self.0.to_be_bytes() {
            if matches!(at, 8 | 13 | 18 | 23) {
                at += 1;
            }
            text[at] = DIGITS[usize::from(byte >> 4)];
            text[at + 1] = DIGITS[usize::from(byte & 0xf)];
            at += 2;
        }
        f.write_str(std::str::from_utf8(&text).expect("hexadecimal digits are ASCII"))
    }
}

/// Makes public ids from a seed that the caller draws at random. The same seed gives the same ids,
/// which is what a simulation needs; ids are unique, not secret.
#[derive(Debug)]
pub struct Ids {
    high: u64,
    low: u64,
}

impl Ids {
    /// A generator for one opening of a shard.
    pub fn new(seed: u128) -> Ids {
        Ids { high: (seed >> 64) as u64, low: seed as u64 }
    }

    /// The next id.
    pub fn uuid(&mut self) -> Uuid {
        self.low = self.low.wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.high = self.high.wrapping_add(0xd1b5_4a32_d192_ed03);
        Uuid::version_4(u128::from(mix(self.high ^ mix(self.low))) << 64 | u128::from(mix(self.low)))
    }
}

/// The finaliser of SplitMix64: a bijection that spreads every bit.
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_version_4_and_round_trip() {
        let mut ids = Ids::new(7);
        let (a, b) = (ids.uuid(), ids.uuid());
        assert_ne!(a, b);
        for id in [a, b, a.copy_for(b), b.copy_for(a)] {
            let text = id.to_string();
            assert_eq!(&text[14..15], "4");
            assert!("89ab".contains(&text[19..20]));
            assert_eq!(Uuid::parse(&text), Some(id));
        }
        assert_ne!(a.copy_for(b), b.copy_for(a));
        assert_eq!(a.copy_for(b), a.copy_for(b));
        assert_eq!(
            Uuid(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef).to_string(),
            "01234567-89ab-cdef-0123-456789abcdef"
        );
        assert!(Uuid::parse("not-a-uuid").is_none());
        assert!(Uuid::parse(&"-".repeat(36)).is_none());
    }
}
