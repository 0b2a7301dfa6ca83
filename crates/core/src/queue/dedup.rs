//! What a FIFO queue remembers of deduplication ids: which message was the first with each, for as
//! long as the window lasts (sqs 10). A repeat within it is answered with that message.
//!
//! At 20,000 sends a second these are 6 million entries, so an entry is 48 bytes in a ring, in the
//! order in which they came, and a ring position of 4 bytes in a hash table. The ring grows by
//! chunks and never doubles; both are freed as entries leave. The table is hashed with a seed,
//! because clients choose the ids, and is split into many once it is large, so that growing it stops
//! the shard for about a millisecond at most. Its order is never seen: the answers are a function of
//! the entries.
//!
//! Invariants:
//! - the index holds for each key that the ring holds the position of its entry with the highest
//!   number; others of that key are stale and only wait to leave;
//! - [`Dedup::find`] is exact whatever the order of the entries, which on a replay is not that of
//!   time; only the memory of those behind a younger one is freed later.

use crate::id::{DedupKey, Number, Uuid};
use crate::{Timestamp, limits};
use hashbrown::HashTable;
use hashbrown::hash_table::Entry as Slot;
use std::collections::VecDeque;

/// Entries of one chunk of the ring.
const CHUNK: usize = 1_024;
/// From this many entries on the index is in parts.
const SPLIT_FROM: usize = 16_384;
/// Parts of a large index.
const PARTS: usize = 256;
/// Parts of the index with this many buckets are not worth shrinking.
const BUCKETS_MIN: usize = 16;

/// The first message with some deduplication id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct First {
    pub(crate) id: Uuid,
    pub(crate) number: Number,
    /// When it was sent: the window starts here.
    pub(crate) at: Timestamp,
}

impl First {
    /// When the window ends: from then on the id is free.
    fn expiry(&self) -> Timestamp {
        self.at + limits::DEDUP_WINDOW_MS
    }
}

/// The deduplication ids of one queue.
#[derive(Debug)]
pub(crate) struct Dedup {
    ring: Ring,
    index: Index,
}

impl Dedup {
    /// Remembers nothing yet. The seed is a secret of this process: ids that meet in the index under
    /// one seed do not under another.
    pub(crate) fn new(seed: u64) -> Dedup {
        Dedup { ring: Ring::default(), index: Index::new(seed) }
    }

    /// The same, remembering nothing.
    pub(crate) fn emptied(&self) -> Dedup {
        Dedup::new(self.index.seed)
    }

    /// The first message with this id, if that is less than a window ago.
    pub(crate) fn find(&self, key: DedupKey, now: Timestamp) -> Option<First> {
        let first = self.ring.at(self.index.find(&self.ring, key)?).first;
        (now < first.expiry()).then_some(first)
    }

    /// Remembers a message as the first with its id. Of two with one id the higher number counts:
    /// the other one's window is over, or it is the same message said again.
    pub(crate) fn insert(&mut self, key: DedupKey, first: First) {
        assert!(self.ring.len < Position::MAX as usize, "positions are told apart by 32 bits");
        if self.index.point(&self.ring, key, first.number) {
            self.ring.push(Entry { key, first });
        }
    }

    /// Forgets what is over, and says how many entries left memory.
    pub(crate) fn expire(&mut self, now: Timestamp) -> usize {
        let before = self.ring.len;
        while self.next_expiry().is_some_and(|expiry| expiry <= now)
            && let Some((position, entry)) = self.ring.pop()
        {
            self.index.remove(&self.ring, position, entry.key);
        }
        let left = before - self.ring.len;
        if left > 0 {
            self.ring.shrink();
        }
        if left > 0 && self.ring.len == 0 {
            self.index = Index::new(self.index.seed);
        }
        left
    }

    /// When [`Dedup::expire`] has something to do.
    pub(crate) fn next_expiry(&self) -> Option<Timestamp> {
        self.ring.front().map(|entry| entry.first.expiry())
    }

    /// Entries in memory, with the stale ones and those that are over and not yet forgotten.
    pub(crate) fn len(&self) -> usize {
        self.ring.len
    }

    /// Is nothing in memory?
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.ring.len == 0
    }

    /// What [`Dedup::find`] would find at `now`, in the order in which it was remembered.
    pub(crate) fn iter_live(&self, now: Timestamp) -> impl Iterator<Item = (DedupKey, First)> {
        self.ring.iter().filter_map(move |(position, entry)| {
            let live = now < entry.first.expiry() && self.index.find(&self.ring, entry.key) == Some(position);
            live.then_some((entry.key, entry.first))
        })
    }

    /// Bytes allocated.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.ring.bytes() + self.index.bytes()
    }
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    key: DedupKey,
    first: First,
}

const _: () = assert!(size_of::<Entry>() == 48);

/// The low bits of how many entries were pushed before this one. They wrap, and tell entries apart
/// as long as there are fewer than 2^32.
type Position = u32;

/// Entries in the order of their insertion. Every chunk between the first and the last is full, so
/// that a position leads straight to its entry. A lone chunk grows from small and is a ring in
/// itself: many queues have a few ids at a time.
#[derive(Debug, Default)]
struct Ring {
    chunks: VecDeque<VecDeque<Entry>>,
    /// The position of the first entry.
    base: Position,
    len: usize,
}

impl Ring {
    /// The position that the next entry gets.
    fn end(&self) -> Position {
        self.base.wrapping_add(self.len as Position)
    }

    fn front(&self) -> Option<&Entry> {
        self.chunks.front()?.front()
    }

    /// The entry at a position, which is that of an entry in the ring.
    fn at(&self, position: Position) -> &Entry {
        let nth = position.wrapping_sub(self.base) as usize;
        let first = &self.chunks[0];
        match nth.checked_sub(first.len()) {
            None => &first[nth],
            Some(rest) => &self.chunks[1 + rest / CHUNK][rest % CHUNK],
        }
    }

    fn push(&mut self, entry: Entry) {
        if self.chunks.back().is_none_or(|chunk| chunk.len() == CHUNK) {
            let room = if self.chunks.is_empty() { 0 } else { CHUNK };
            self.chunks.push_back(VecDeque::with_capacity(room));
        }
        self.chunks.back_mut().expect("there is a chunk with room").push_back(entry);
        self.len += 1;
    }

    fn pop(&mut self) -> Option<(Position, Entry)> {
        let chunk = self.chunks.front_mut()?;
        let entry = chunk.pop_front()?;
        if chunk.is_empty() {
            self.chunks.pop_front();
        }
        let position = self.base;
        self.base = self.base.wrapping_add(1);
        self.len -= 1;
        Some((position, entry))
    }

    /// Frees what a larger ring needed; whole chunks are free already.
    fn shrink(&mut self) {
        if self.chunks.len() <= 1 {
            self.chunks.shrink_to_fit();
        }
        if let Some(chunk) = self.chunks.front_mut()
            && self.len == chunk.len()
            && chunk.capacity() > 4 * chunk.len()
        {
            chunk.shrink_to(2 * chunk.len());
        }
    }

    fn iter(&self) -> impl Iterator<Item = (Position, &Entry)> {
        let entries = self.chunks.iter().flatten().enumerate();
        entries.map(|(nth, entry)| (self.base.wrapping_add(nth as Position), entry))
    }

    #[cfg(test)]
    fn bytes(&self) -> usize {
        let entries = self.chunks.iter().map(VecDeque::capacity).sum::<usize>();
        entries * size_of::<Entry>() + self.chunks.capacity() * size_of::<VecDeque<Entry>>()
    }
}

/// Where in the ring the entry of each key is. One table, or [`PARTS`] of them: a table that grows
/// or shrinks moves all that it holds.
#[derive(Debug)]
struct Index {
    seed: u64,
    parts: Vec<HashTable<Position>>,
}

impl Index {
    fn new(seed: u64) -> Index {
        Index { seed, parts: vec![HashTable::new()] }
    }

    fn find(&self, ring: &Ring, key: DedupKey) -> Option<Position> {
        let hash = hash(self.seed, key);
        let part = &self.parts[part_of(hash, self.parts.len())];
        part.find(hash, |position| ring.at(*position).key == key).copied()
    }

    /// Points to the entry that is about to be pushed, unless the one of this key is at least as high.
    /// Says whether it does.
    fn point(&mut self, ring: &Ring, key: DedupKey, number: Number) -> bool {
        if self.parts.len() == 1 && ring.len >= SPLIT_FROM {
            self.split(ring);
        }
        let (seed, parts) = (self.seed, self.parts.len());
        let hashed = hash(seed, key);
        let slot = self.parts[part_of(hashed, parts)].entry(
            hashed,
            |position| ring.at(*position).key == key,
            |position| hash(seed, ring.at(*position).key),
        );
        match slot {
            Slot::Occupied(there) if ring.at(*there.get()).first.number >= number => return false,
            Slot::Occupied(mut there) => *there.get_mut() = ring.end(),
            Slot::Vacant(free) => {
                free.insert(ring.end());
            }
        }
        true
    }

    /// Follows an entry out of the ring. Does nothing for a stale one.
    fn remove(&mut self, ring: &Ring, position: Position, key: DedupKey) {
        let (seed, parts) = (self.seed, self.parts.len());
        let hashed = hash(seed, key);
        let part = &mut self.parts[part_of(hashed, parts)];
        let Ok(there) = part.find_entry(hashed, |other| *other == position) else { return };
        there.remove();
        // A table that doubled has fewer than 2.3 buckets an entry, and one that halved at least 1.4:
        // between two changes of size a good part of the entries has come or gone.
        let buckets = part.num_buckets();
        if buckets > BUCKETS_MIN && buckets * 5 > part.len() * 16 {
            part.shrink_to(part.len() + part.len() / 4, |position| hash(seed, ring.at(*position).key));
        }
    }

    fn split(&mut self, ring: &Ring) {
        let seed = self.seed;
        let hash_at = |position: &Position| hash(seed, ring.at(*position).key);
        let mut parts = vec![HashTable::new(); PARTS];
        for position in self.parts.drain(..).flatten() {
            let hash = hash_at(&position);
            parts[part_of(hash, PARTS)].insert_unique(hash, position, hash_at);
        }
        self.parts = parts;
    }

    #[cfg(test)]
    fn bytes(&self) -> usize {
        let tables = self.parts.iter().map(HashTable::allocation_size).sum::<usize>();
        tables + self.parts.capacity() * size_of::<HashTable<Position>>()
    }
}

/// Which of `parts`, a power of two. The table itself looks at the lowest and the highest bits.
fn part_of(hash: u64, parts: usize) -> usize {
    (hash >> 40) as usize & (parts - 1)
}

/// A hash that nobody can aim at without the seed.
fn hash(seed: u64, key: DedupKey) -> u64 {
    let (low, high) = (key.0.get() as u64, (key.0.get() >> 64) as u64);
    let low = fold(low ^ seed, 0x9e37_79b9_7f4a_7c15);
    fold(low ^ high, seed ^ 0xd1b5_4a32_d192_ed03)
}

/// The two halves of the product, one over the other: every bit of it counts.
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests;
