//! Resources by name: in order, for lists; and by a hash, for everybody who knows the whole name.
//!
//! Names of one account are alike for most of their length, so to find one in an ordered map costs some fifteen long
//! comparisons at 10,000 queues. The hash is seeded with the shard's secret, because clients choose the names; its
//! order is never seen.
//!
//! Invariant: both hold the same.

use crate::Arn;
use hashbrown::HashTable;
use std::collections::BTreeMap;

/// Resources by name.
#[derive(Debug)]
pub(crate) struct Names<T> {
    ordered: BTreeMap<Arn, T>,
    index: HashTable<(Arn, T)>,
    seed: u64,
}

impl<T> Default for Names<T> {
    fn default() -> Names<T> {
        Names { ordered: BTreeMap::new(), index: HashTable::new(), seed: 0 }
    }
}

impl<T: Copy> Names<T> {
    /// Hashes with another seed from here on.
    pub(crate) fn reseed(&mut self, seed: u64) {
        if seed != self.seed {
            self.seed = seed;
            self.index = HashTable::new();
            for (arn, id) in &self.ordered {
                self.index.insert_unique(hash(seed, arn), (arn.clone(), *id), |entry| hash(seed, &entry.0));
            }
        }
    }

    /// The resource of this name.
    pub(crate) fn find(&self, arn: &Arn) -> Option<T> {
        self.index.find(hash(self.seed, arn), |entry| entry.0 == *arn).map(|entry| entry.1)
    }

    /// A name is given to a resource.
    pub(crate) fn insert(&mut self, arn: Arn, id: T) {
        self.remove(&arn);
        let seed = self.seed;
        self.index.insert_unique(hash(seed, &arn), (arn.clone(), id), |entry| hash(seed, &entry.0));
        self.ordered.insert(arn, id);
    }

    /// A name is free again.
    pub(crate) fn remove(&mut self, arn: &Arn) {
        if self.ordered.remove(arn).is_some()
            && let Ok(entry) = self.index.find_entry(hash(self.seed, arn), |entry| entry.0 == *arn)
        {
            entry.remove();
        }
    }

    /// All, in order of the names.
    pub(crate) fn ordered(&self) -> &BTreeMap<Arn, T> {
        &self.ordered
    }
}

/// Eight bytes at a time, each folded into the state by a multiplication that mixes all bits.
fn hash(seed: u64, arn: &Arn) -> u64 {
    let fold = |state: u64, word: u64| {
        let product = u128::from(word ^ state) * u128::from(0x9e37_79b9_7f4a_7c15_u64);
        product as u64 ^ (product >> 64) as u64
    };
    let bytes = arn.as_str().as_bytes();
    let state = bytes.chunks(8).fold(seed ^ bytes.len() as u64, |state, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        fold(state, u64::from_le_bytes(word))
    });
    fold(state, seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arn(n: usize) -> Arn {
        Arn::of("aws", "sqs", "us-east-1", "000000000000", &format!("queue-{n}"))
    }

    #[test]
    fn names_are_found_whatever_the_seed() {
        let mut names = Names::default();
        for n in 0..1_000 {
            names.insert(arn(n), n);
        }
        names.insert(arn(7), 5_000);
        for n in (0..1_000).filter(|n| n % 3 == 0) {
            names.remove(&arn(n));
        }
        for seed in [0, 1, u64::MAX] {
            names.reseed(seed);
            assert_eq!(
                (names.find(&arn(7)), names.find(&arn(9)), names.find(&arn(1_000))),
                (Some(5_000), None, None)
            );
            let found =
                names.ordered().keys().filter(|arn| names.find(arn) == names.ordered().get(*arn).copied());
            assert_eq!(found.count(), 666);
        }
    }

    #[test]
    fn names_that_are_alike_have_hashes_that_are_not() {
        let mut hashes = (0..10_000).map(|n| hash(1, &arn(n)) >> 48).collect::<Vec<_>>();
        hashes.sort_unstable();
        hashes.dedup();
        assert!(hashes.len() > 9_000, "{} of 65,536", hashes.len());
    }
}
