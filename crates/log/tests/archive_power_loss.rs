//! Power loss at every step of an archive's work: what was acknowledged is there, what is there was appended,
//! in order and without a gap; and repeating the append that was cut short makes it whole.

use std::sync::Arc;

use bytes::Bytes;
use postrider_log::archive::Options;
use postrider_log::faulty::FaultyDisk;
use postrider_log::{Archive, Durability, Fault, Record};

fn open(disk: &FaultyDisk, durability: Durability) -> Result<Archive, Fault> {
    let small = Options { segment_bytes: 16 << 10, record_bytes_max: 4 << 10, ..Options::new(0, 7) };
    Archive::open(Arc::new(disk.clone()), &Options { pack_bytes: 2 << 10, durability, ..small })
}

fn record(sequence: u64) -> Record {
    let bytes = 1 + (sequence * 7_919) % 900;
    let bytes: Bytes = (0..bytes).map(|at| (sequence + 3 * at) as u8).collect();
    Record { sequence, time_ms: sequence, bytes }
}

/// What must be there, whatever happens.
#[derive(Clone, Copy, Default)]
struct Kept {
    /// The last sequence that was acknowledged.
    last: u64,
    /// The highest time that a trim was asked for.
    trimmed: u64,
}

/// Appends groups of ever other sizes and trims now and then, until `until` is appended or something fails.
fn work(disk: &FaultyDisk, durability: Durability, kept: &mut Kept, until: u64) -> Result<(), Fault> {
    let mut archive = open(disk, durability)?;
    let mut group = 1;
    while kept.last < until {
        let last = (kept.last + group).min(until);
        // The group begins before what is there, as after a crash of whoever appends.
        let first = kept.last.saturating_sub(3).max(1);
        archive.append(&(first..=last).map(record).collect::<Vec<_>>())?;
        kept.last = last;
        if group % 4 == 0 {
            kept.trimmed = kept.last.saturating_sub(60);
            archive.trim_before(kept.trimmed)?;
        }
        group = group % 23 + 5;
    }
    Ok(())
}

fn check(archive: &mut Archive, kept: Kept, offered: u64) -> Result<(), String> {
    let last = archive.last_sequence().unwrap_or(0);
    if last < kept.last || last > offered {
        return Err(format!("ends at {last}; {} was acknowledged, {offered} offered", kept.last));
    }
    archive.trim_before(kept.trimmed).map_err(|fault| format!("{fault:?}"))?;
    let (reader, mut sequence) = (archive.reader(), kept.trimmed.saturating_sub(1));
    loop {
        let more = reader.after(sequence, 5_000).map_err(|fault| format!("{fault:?}"))?;
        if more.is_empty() {
            break;
        }
        for found in more {
            sequence += 1;
            if found != record(sequence) {
                return Err(format!("{} stands where {sequence} belongs", found.sequence));
            }
        }
    }
    if sequence == last { Ok(()) } else { Err(format!("is read to {sequence} and ends at {last}")) }
}

fn lose_power(durability: Durability, step: u64, seed: u64) -> Result<(), String> {
    let (disk, mut kept) = (FaultyDisk::new(), Kept::default());
    disk.power_off_after(step);
    work(&disk, durability, &mut kept, 300).expect_err("power fails");
    let acknowledged = match durability {
        Durability::Fsync => kept,
        Durability::Os => Kept { last: 0, ..kept },
    };
    let disk = disk.crash(seed);
    let mut archive = open(&disk, durability).map_err(|fault| format!("{fault:?}"))?;
    check(&mut archive, acknowledged, kept.last + 30)?;
    kept.last = archive.last_sequence().unwrap_or(0);
    drop(archive);
    // Life goes on, also when power fails while it does.
    disk.power_off_after(1 + seed % 17);
    let _ = work(&disk, durability, &mut kept, 400);
    let acknowledged = match durability {
        Durability::Fsync => kept,
        Durability::Os => Kept { last: 0, ..kept },
    };
    let disk = disk.crash(seed + 1);
    let mut archive = open(&disk, durability).map_err(|fault| format!("again: {fault:?}"))?;
    check(&mut archive, acknowledged, kept.last + 30).map_err(|why| format!("again: {why}"))
}

#[test]
fn nothing_is_lost_whatever_the_step_at_which_power_fails() {
    for durability in [Durability::Fsync, Durability::Os] {
        let disk = FaultyDisk::new();
        work(&disk, durability, &mut Kept::default(), 300).unwrap();
        let changes = disk.counts().changes();
        assert!(changes > 80, "the work must be worth it: {changes}");
        for step in 1..changes {
            for seed in 0..4 {
                let seed = seed * 1_000 + step;
                lose_power(durability, step, seed)
                    .unwrap_or_else(|why| panic!("{durability:?} step {step} seed {seed}: {why}"));
            }
        }
    }
}

#[test]
fn what_os_wrote_is_durable_once_it_is_opened_under_fsync() {
    for seed in 0..100 {
        let (disk, mut kept) = (FaultyDisk::new(), Kept::default());
        work(&disk, Durability::Os, &mut kept, 100 + seed).unwrap();
        drop(open(&disk, Durability::Fsync).unwrap());
        let mut archive = open(&disk.crash(seed), Durability::Fsync).unwrap();
        check(&mut archive, kept, kept.last).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
    }
}

#[test]
fn the_same_test_fails_on_a_disk_that_ignores_syncs() {
    let lost = (0..100).filter(|seed| {
        let (disk, mut kept) = (FaultyDisk::new(), Kept::default());
        disk.ignore_syncs();
        work(&disk, Durability::Fsync, &mut kept, 200).unwrap();
        let archive = open(&disk.crash(*seed), Durability::Fsync);
        archive
            .map_err(|fault| format!("{fault:?}"))
            .and_then(|mut it| check(&mut it, kept, kept.last))
            .is_err()
    });
    let lost = lost.count();
    assert!(lost > 50, "only {lost} of 100 seeds noticed that nothing is ever synced");
}
