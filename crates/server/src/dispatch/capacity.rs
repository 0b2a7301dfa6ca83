//! How much may be under way at the same time: attempts, and payload bytes that they hold. Over all shards.
//!
//! Room is reserved before deliveries are claimed, because what is claimed is not handed out to anybody else.
//! What a claim did not need goes back at once; what an attempt holds goes back when it ends.
//!
//! Half of the places, and half of the bytes, are for attempts that take long: one that has not ended after
//! [`SLOW_AFTER`] moves there, so that endpoints that hang leave room for others until there are very many of
//! them. What keeps a single endpoint small is the shard's bound on attempts at one endpoint.
//!
//! Invariants:
//! - at most `attempts_max` attempts are under way;
//! - their payloads have at most `bytes_max` bytes: a claim leaves room for the largest payload that it may end
//!   with, so that each attempt is charged what it holds.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Deliveries of one claim: more would make a turn long, and keep the other shards waiting.
const CLAIM_MAX: usize = 256;
/// Payload bytes of one claim, in units.
const CLAIM_UNITS_MAX: usize = (8 << 20) / UNIT_BYTES;
/// What a claim may take beyond the bytes that it asks for, in units: the largest payload, which is a message of
/// 1 MiB with what else is kept of it; and less than one unit for each delivery, because units are not divided.
const LARGEST_UNITS: usize = (1 << 20) / UNIT_BYTES + 64 + CLAIM_MAX;
/// An attempt that has not ended by then takes long.
pub(super) const SLOW_AFTER: Duration = Duration::from_secs(1);
/// Bytes are counted in units of this many, because a semaphore does not count far.
const UNIT_BYTES: usize = 1 << 10;

/// What all shards together may have under way.
#[derive(Debug)]
pub(super) struct Capacity {
    attempts: Arc<Semaphore>,
    /// Places for attempts that take long.
    slow: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
    /// Bytes for attempts that take long.
    slow_bytes: Arc<Semaphore>,
    /// Units that a claim may take beyond what it asks for.
    largest: usize,
}

/// What one claim may take.
#[derive(Debug)]
pub(super) struct Reserve {
    attempts: OwnedSemaphorePermit,
    bytes: OwnedSemaphorePermit,
    largest: usize,
}

/// What one attempt holds until it ends.
#[derive(Debug)]
pub(super) struct Room {
    attempt: OwnedSemaphorePermit,
    bytes: OwnedSemaphorePermit,
}

impl Room {
    /// The attempt takes long: moves it, if there is still a place for such.
    pub(super) fn slow_down(&mut self, capacity: &Capacity) {
        let units = u32::try_from(self.bytes.num_permits()).unwrap_or(u32::MAX);
        let place = capacity.slow.clone().try_acquire_owned();
        let bytes = capacity.slow_bytes.clone().try_acquire_many_owned(units);
        if let (Ok(place), Ok(bytes)) = (place, bytes) {
            (self.attempt, self.bytes) = (place, bytes);
        }
    }
}

impl Capacity {
    /// For so many attempts, with payloads of so many bytes; at least one of each.
    pub(super) fn new(attempts_max: usize, bytes_max: usize) -> Capacity {
        let quick = attempts_max.div_ceil(2).max(1);
        let units = (bytes_max / UNIT_BYTES / 2).max(1);
        Capacity {
            attempts: Arc::new(Semaphore::new(quick)),
            slow: Arc::new(Semaphore::new(attempts_max.saturating_sub(quick))),
            bytes: Arc::new(Semaphore::new(units)),
            slow_bytes: Arc::new(Semaphore::new(units)),
            largest: LARGEST_UNITS.min(units),
        }
    }

    /// Waits until there is room for one attempt with the largest payload, and takes what there is besides, up to
    /// what one claim may have.
    pub(super) async fn reserve(&self) -> Reserve {
        let closed = "nobody closes these semaphores";
        let mut attempts = self.attempts.clone().acquire_owned().await.expect(closed);
        let largest = u32::try_from(self.largest).unwrap_or(u32::MAX);
        let mut bytes = self.bytes.clone().acquire_many_owned(largest).await.expect(closed);
        add(&mut attempts, &self.attempts, CLAIM_MAX);
        add(&mut bytes, &self.bytes, CLAIM_UNITS_MAX);
        Reserve { attempts, bytes, largest: self.largest }
    }

    /// The same, if that is possible at once.
    pub(super) fn try_reserve(&self) -> Option<Reserve> {
        let mut attempts = self.attempts.clone().try_acquire_owned().ok()?;
        let largest = u32::try_from(self.largest).unwrap_or(u32::MAX);
        let mut bytes = self.bytes.clone().try_acquire_many_owned(largest).ok()?;
        add(&mut attempts, &self.attempts, CLAIM_MAX);
        add(&mut bytes, &self.bytes, CLAIM_UNITS_MAX);
        Some(Reserve { attempts, bytes, largest: self.largest })
    }
}

/// Adds what is free, up to `most` in all. Somebody else may be faster: then it stays at what it is.
fn add(permit: &mut OwnedSemaphorePermit, semaphore: &Arc<Semaphore>, most: usize) {
    let more = semaphore.available_permits().min(most.saturating_sub(permit.num_permits()));
    if let Ok(more) = semaphore.clone().try_acquire_many_owned(u32::try_from(more).unwrap_or(0)) {
        permit.merge(more);
    }
}

impl Reserve {
    /// Deliveries that may be claimed.
    pub(super) fn deliveries_max(&self) -> usize {
        self.attempts.num_permits()
    }

    /// Payload bytes that may be claimed; the delivery that reaches them is claimed, too.
    pub(super) fn bytes_max(&self) -> usize {
        (self.bytes.num_permits().saturating_sub(self.largest) * UNIT_BYTES).max(1)
    }

    /// Room for an attempt with a payload of so many bytes. `None` when as many were taken as may be claimed.
    pub(super) fn take(&mut self, payload_bytes: usize) -> Option<Room> {
        let attempt = self.attempts.split(1)?;
        let units = payload_bytes.div_ceil(UNIT_BYTES).min(self.bytes.num_permits());
        let bytes = self.bytes.split(units)?;
        Some(Room { attempt, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_not_needed_goes_back() {
        let units = 2 * LARGEST_UNITS;
        let capacity = Capacity::new(6, 2 * units * UNIT_BYTES);
        let mut reserve = capacity.reserve().await;
        assert_eq!((reserve.deliveries_max(), reserve.bytes_max()), (3, LARGEST_UNITS * UNIT_BYTES));
        assert!(capacity.try_reserve().is_none());
        let rooms = (reserve.take(1).unwrap(), reserve.take(UNIT_BYTES + 1).unwrap());
        drop(reserve);
        let rest = capacity.try_reserve().unwrap();
        assert_eq!((rest.deliveries_max(), rest.bytes_max()), (1, (LARGEST_UNITS - 3) * UNIT_BYTES));
        drop((rest, rooms));
        assert_eq!(capacity.try_reserve().unwrap().deliveries_max(), 3);
    }

    #[tokio::test]
    async fn a_payload_may_be_larger_than_what_is_left() {
        let capacity = Capacity::new(4, UNIT_BYTES);
        let mut reserve = capacity.reserve().await;
        let room = reserve.take(100 * UNIT_BYTES).unwrap();
        drop(reserve);
        assert!(capacity.try_reserve().is_none(), "its bytes are all there are");
        drop(room);
        assert!(capacity.try_reserve().is_some());
    }

    #[tokio::test]
    async fn what_takes_long_leaves_room_until_there_is_too_much_of_it() {
        let capacity = Capacity::new(3, 4 << 20);
        let mut reserve = capacity.reserve().await;
        let mut rooms = [reserve.take(1 << 20).unwrap(), reserve.take(512 << 10).unwrap()];
        drop(reserve);
        assert!(capacity.try_reserve().is_none());
        rooms.iter_mut().for_each(|room| room.slow_down(&capacity));
        let reserve = capacity.try_reserve().unwrap();
        assert_eq!(reserve.deliveries_max(), 1, "of three places two are taken");
        assert_eq!(capacity.slow_bytes.available_permits(), 1 << 10, "and the bytes went along");
        drop((rooms, reserve));
        assert_eq!(
            (capacity.slow.available_permits(), capacity.slow_bytes.available_permits()),
            (1, 2 << 10)
        );
    }

    #[tokio::test]
    async fn every_attempt_is_charged_what_it_holds() {
        let capacity = Capacity::new(2 * CLAIM_MAX, 2 * LARGEST_UNITS * UNIT_BYTES);
        let mut reserve = capacity.reserve().await;
        assert_eq!(
            (reserve.deliveries_max(), reserve.bytes_max()),
            (CLAIM_MAX, 1),
            "the least that is claimed"
        );
        let small: Vec<_> = (1..CLAIM_MAX).map(|_| reserve.take(1).unwrap()).collect();
        let large = reserve.take(1 << 20).unwrap();
        assert_eq!(large.bytes.num_permits() * UNIT_BYTES, 1 << 20);
        drop(small);
    }

    #[tokio::test]
    async fn a_claim_leaves_something_for_others() {
        let capacity = Capacity::new(1_000, 64 << 20);
        let reserve = capacity.reserve().await;
        assert_eq!(
            (reserve.deliveries_max(), reserve.bytes_max()),
            (CLAIM_MAX, (8 << 20) - LARGEST_UNITS * UNIT_BYTES)
        );
        assert!(capacity.try_reserve().is_some());
    }
}
