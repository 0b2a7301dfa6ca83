//! Power loss at every step of random work: what was acknowledged is there, bit for bit; what is there was
//! appended, in order and without a gap; and the log goes on. And the proof that this test can fail: on a
//! disk that ignores syncs it does.

use std::sync::Arc;

use bytes::Bytes;
use postrider_log::contract::{ENTRY_BYTES_MAX, SEGMENT_BYTES, everything};
use postrider_log::faulty::FaultyDisk;
use postrider_log::{Durability, Entry, FileLog, Log, Options, Spares};

/// Small numbers from a seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let a = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let b = (a ^ (a >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (b ^ (b >> 31)) % bound
    }
}

/// What the log must be, as far as its user can know.
#[derive(Default)]
struct Model {
    /// Every entry that was handed to an append, by number; those behind the acknowledged ones may be gone.
    offered: Vec<Entry>,
    /// The last number that must be there.
    kept: u64,
    /// The highest first that a trim was asked for.
    trimmed: u64,
    epoch: u64,
}

impl Model {
    /// Compares a log that was just opened; from now on everything in it must stay.
    fn check(&mut self, log: &FileLog) -> Result<(), String> {
        let (first, tail) = (log.first(), log.tail());
        if first > self.trimmed.max(1) {
            return Err(format!("begins at {first}, and only {} was trimmed", self.trimmed));
        }
        if tail < self.kept {
            return Err(format!("ends at {tail}, and {} was acknowledged", self.kept));
        }
        let tail_index = usize::try_from(tail).expect("small numbers");
        let Some(expected) = self.offered.get(usize::try_from(first).expect("small numbers") - 1..tail_index)
        else {
            return Err(format!("ends at {tail}, and only {} were offered", self.offered.len()));
        };
        if everything(log.reader().as_ref(), first) != expected {
            return Err(format!("entries {first} to {tail} are not what was appended"));
        }
        self.offered.truncate(tail_index);
        self.kept = tail;
        Ok(())
    }

    fn group(&mut self, dice: &mut Dice) -> Vec<Entry> {
        self.offered.truncate(usize::try_from(self.kept).expect("small numbers"));
        let entries = (0..1 + dice.below(4)).map(|index| {
            let bytes =
                if dice.below(8) == 0 { dice.below(u64::from(ENTRY_BYTES_MAX)) } else { dice.below(900) };
            let fill = dice.below(256) as u8;
            let payload: Bytes = (0..bytes).map(|at| fill.wrapping_add(at as u8)).collect();
            let number = self.kept + 1 + index;
            Entry { epoch: self.epoch, number, time_ms: dice.below(1 << 40), payload }
        });
        let entries: Vec<Entry> = entries.collect();
        self.offered.extend_from_slice(&entries);
        entries
    }
}

fn options(durability: Durability) -> Options {
    Options {
        durability,
        spares: Spares::Inline,
        segment_bytes: SEGMENT_BYTES,
        first_segment_bytes: SEGMENT_BYTES / 2,
        entry_bytes_max: ENTRY_BYTES_MAX,
        spare_count: 2,
        ..Options::new(1, 77)
    }
}

fn open(disk: &FaultyDisk, durability: Durability) -> Result<FileLog, postrider_log::Fault> {
    FileLog::open(Arc::new(disk.clone()), &options(durability))
}

/// Works on the log until power goes off or `steps` are done; an error is a fault that nothing explains.
fn work(
    disk: &FaultyDisk,
    durability: Durability,
    model: &mut Model,
    dice: &mut Dice,
    steps: u64,
) -> Result<(), String> {
    let explained = |what: &str, fault: postrider_log::Fault| {
        if disk.is_off() { Ok(()) } else { Err(format!("{what}: {fault:?}")) }
    };
    let mut log = match open(disk, durability) {
        Ok(log) => log,
        Err(fault) => return explained("open", fault),
    };
    model.epoch += 1;
    if disk.is_off() {
        return Ok(());
    }
    model.check(&log)?;
    for _ in 0..steps {
        if dice.below(4) > 0 {
            let entries = model.group(dice);
            match log.append(&entries) {
                Ok(()) => model.kept = log.tail(),
                Err(fault) => return explained("append", fault),
            }
        } else {
            let first = 1 + dice.below(log.tail() + 1);
            model.trimmed = model.trimmed.max(first);
            if let Err(fault) = log.trim(first) {
                return explained("trim", fault);
            }
        }
    }
    Ok(())
}

/// Several lives of one log: power loss in the middle of work, of recovery, of anything; or only a kill.
fn lives(seed: u64, ignore_syncs: bool) -> Result<(), String> {
    let mut dice = Dice(seed);
    let mut disk = FaultyDisk::new();
    if ignore_syncs {
        disk.ignore_syncs();
    }
    let mut model = Model::default();
    for life in 0..5 {
        if dice.below(5) > 0 {
            disk.power_off_after(1 + dice.below(120));
        }
        let steps = dice.below(60);
        work(&disk, Durability::Fsync, &mut model, &mut dice, steps)
            .map_err(|why| format!("life {life}: {why}"))?;
        if disk.is_off() || dice.below(2) == 0 {
            disk = disk.crash(dice.below(u64::MAX));
        }
    }
    let disk = disk.crash(seed);
    work(&disk, Durability::Fsync, &mut model, &mut dice, 5)?;
    let log = open(&disk, Durability::Fsync).map_err(|fault| format!("{fault:?}"))?;
    model.check(&log)
}

#[test]
fn nothing_acknowledged_is_lost_in_two_thousand_seeds() {
    for seed in 0..2_000 {
        lives(seed, false).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
    }
}

#[test]
fn the_same_test_fails_on_a_disk_that_ignores_syncs() {
    let lost = (0..300).filter(|seed| lives(*seed, true).is_err()).count();
    assert!(lost > 100, "only {lost} of 300 seeds noticed that nothing is ever synced");
}

#[test]
fn nothing_is_lost_whatever_the_step_at_which_power_fails() {
    for seed in 0..6 {
        let run = |power: Option<u64>| {
            let (mut dice, disk, mut model) = (Dice(seed), FaultyDisk::new(), Model::default());
            if let Some(changes) = power {
                disk.power_off_after(changes);
            }
            work(&disk, Durability::Fsync, &mut model, &mut dice, 60).unwrap();
            (disk, model)
        };
        let changes = run(None).0.counts().changes();
        assert!(changes > 100, "the work must be worth it");
        for step in 1..=changes {
            let (disk, mut model) = run(Some(step));
            let disk = disk.crash(seed ^ step << 8);
            let log = open(&disk, Durability::Fsync)
                .unwrap_or_else(|fault| panic!("seed {seed} step {step}: {fault:?}"));
            model.check(&log).unwrap_or_else(|why| panic!("seed {seed} step {step}: {why}"));
        }
    }
}

/// Under `os` power loss may take entries, but never a middle, and never what a trim has built upon.
#[test]
fn under_os_power_loss_leaves_a_prefix_that_holds_what_a_trim_needs() {
    let mut cut = 0;
    for seed in 0..600 {
        let (mut dice, disk, mut model) = (Dice(seed), FaultyDisk::new(), Model::default());
        disk.power_off_after(20 + dice.below(100));
        let mut log = match open(&disk, Durability::Os) {
            Ok(log) => log,
            Err(_) => continue,
        };
        let mut settled = 0;
        while !disk.is_off() {
            let (first, entries) = (log.first(), model.group(&mut dice));
            if log.append(&entries).is_ok() {
                model.kept = log.tail();
            }
            if dice.below(10) == 0 {
                let tail = log.tail();
                model.trimmed = model.trimmed.max(tail);
                if log.trim(tail).is_ok_and(|real| real > first) {
                    settled = tail;
                }
            }
        }
        model.kept = settled;
        let disk = disk.crash(seed);
        let log = open(&disk, Durability::Os).unwrap_or_else(|fault| panic!("seed {seed}: {fault:?}"));
        cut += log.recovery().entries_cut;
        model.check(&log).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
    }
    assert!(cut > 0, "some seeds must find whole entries behind the first damage");
}

/// A log that was written under `os` and is opened under `fsync` makes everything durable before it says so.
#[test]
fn what_os_wrote_is_durable_once_it_is_opened_under_fsync() {
    for seed in 0..200 {
        let (mut dice, disk, mut model) = (Dice(seed), FaultyDisk::new(), Model::default());
        work(&disk, Durability::Os, &mut model, &mut dice, 40).unwrap();
        drop(open(&disk, Durability::Fsync).unwrap());
        let log = open(&disk.crash(seed), Durability::Fsync)
            .unwrap_or_else(|fault| panic!("seed {seed}: {fault:?}"));
        model.check(&log).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
    }
}

#[test]
fn the_same_seed_twice_gives_the_same_operations() {
    let run = || {
        let (mut dice, disk, mut model) = (Dice(5), FaultyDisk::new(), Model::default());
        work(&disk, Durability::Fsync, &mut model, &mut dice, 50).unwrap();
        (disk.counts(), disk.content("0000000001.log"), disk.crash(9).content("0000000002.log"))
    };
    assert_eq!(run(), run());
}
