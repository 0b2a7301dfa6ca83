//! Spare segments: made ahead, given back, and wanting when the disk is full.

use super::*;
use crate::faulty::FaultyDisk;

const BYTES: u64 = 16 << 10;

fn options(spares: Spares) -> Options {
    Options {
        segment_bytes: BYTES,
        spare_count: 2,
        spares,
        retry: Duration::from_millis(1),
        ..Options::new(0, 1)
    }
}

fn start(disk: &FaultyDisk, spares: Spares) -> (Pool, Arc<Space>) {
    let space = Arc::new(Space::new(2 * (BYTES - FRAMES_START)));
    let found: Vec<String> = disk.list().unwrap().into_iter().filter(|name| is_spare(name)).collect();
    let pool = Pool::start(Arc::new(disk.clone()), &options(spares), Arc::clone(&space), &found).unwrap();
    (pool, space)
}

fn names(disk: &FaultyDisk) -> Vec<String> {
    disk.list().unwrap()
}

#[test]
fn there_are_as_many_as_wanted_and_they_are_full_of_zeros() {
    let disk = FaultyDisk::new();
    let (pool, space) = start(&disk, Spares::Inline);
    assert_eq!(names(&disk), ["0000000001.spare", "0000000002.spare"]);
    assert_eq!(disk.crash(1).content("0000000002.spare"), Some(vec![0; BYTES as usize]), "durably");
    let taken = pool.take(1).unwrap();
    assert_eq!(taken[0].bytes, BYTES);
    pool.tend();
    assert_eq!(names(&disk).len(), 3);
    assert!(!space.full());
}

#[test]
fn those_that_are_there_are_taken_over_and_misfits_removed() {
    let disk = FaultyDisk::new();
    drop(start(&disk, Spares::Inline));
    disk.create("0000000009.spare").unwrap().write_at(b"short", 0).unwrap();
    let writes = disk.counts().writes;
    let (pool, _) = start(&disk, Spares::Inline);
    assert_eq!(names(&disk), ["0000000001.spare", "0000000002.spare"]);
    assert_eq!(disk.counts().writes, writes, "nothing was made");
    assert_eq!(pool.name(), "0000000010.spare");
}

#[test]
fn what_is_given_beyond_need_is_removed() {
    let disk = FaultyDisk::new();
    let (pool, _) = start(&disk, Spares::Inline);
    let mut taken = pool.take(2).unwrap();
    pool.tend();
    for spare in taken.drain(..) {
        pool.give(spare);
    }
    pool.tend();
    assert_eq!(names(&disk).len(), 2);
}

#[test]
fn a_failure_leaves_no_litter_and_is_tried_again() {
    let disk = FaultyDisk::new();
    disk.limit(Some(BYTES + BYTES / 2));
    let (pool, space) = start(&disk, Spares::Inline);
    assert!(space.full());
    assert_eq!(names(&disk), ["0000000001.spare"]);
    assert!(pool.take(2).is_none());
    assert_eq!(pool.take(1).unwrap().len(), 1, "what there is can be taken");
    disk.limit(None);
    pool.tend();
    assert!(!space.full());
}

#[test]
fn the_thread_makes_them_too_and_stops_when_the_pool_goes() {
    let disk = FaultyDisk::new();
    let (pool, _) = start(&disk, Spares::Background);
    assert_eq!(pool.take(5).unwrap().len(), 5, "waits for more than usual");
    drop(pool);
    let after = disk.counts();
    assert!(names(&disk).iter().all(|name| is_spare(name)));
    assert_eq!(disk.counts(), after);
}
