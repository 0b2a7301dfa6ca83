//! Every log passes the contract suite: in memory, in files on a real disk, in files on the faulty disk while
//! it does not fail; with spares made in the background and inline, under both durabilities.

use std::collections::HashMap;
use std::sync::Arc;

use postrider_log::contract::{self, ENTRY_BYTES_MAX, SEGMENT_BYTES};
use postrider_log::faulty::FaultyDisk;
use postrider_log::file::disk::{Disk, RealDisk};
use postrider_log::{Durability, FileLog, Log, MemoryLog, Options, Spares};

fn options(durability: Durability, spares: Spares) -> Options {
    Options {
        durability,
        spares,
        segment_bytes: SEGMENT_BYTES,
        first_segment_bytes: SEGMENT_BYTES / 2,
        entry_bytes_max: ENTRY_BYTES_MAX,
        ..Options::new(3, 99)
    }
}

fn file_log(disk: Arc<dyn Disk>, options: &Options) -> Box<dyn Log> {
    Box::new(FileLog::open(disk, options).expect("a log that opens"))
}

#[test]
fn the_log_in_memory_passes() {
    contract::run(&mut |_| Box::new(MemoryLog::new(SEGMENT_BYTES, ENTRY_BYTES_MAX)));
}

#[test]
fn the_log_in_real_files_passes() {
    for durability in [Durability::Fsync, Durability::Os] {
        let folder = tempfile::tempdir().unwrap();
        let mut open = |which: u32| {
            let own = folder.path().join(which.to_string());
            std::fs::create_dir_all(&own).unwrap();
            file_log(Arc::new(RealDisk::new(own)), &options(durability, Spares::Background))
        };
        contract::run(&mut open);
        contract::run_persistent(&mut open);
    }
}

#[test]
fn the_log_on_the_faulty_disk_passes() {
    for spares in [Spares::Inline, Spares::Background] {
        let mut disks: HashMap<u32, FaultyDisk> = HashMap::new();
        let mut open = |which: u32| {
            let disk = disks.entry(which).or_default().clone();
            file_log(Arc::new(disk), &options(Durability::Fsync, spares))
        };
        contract::run(&mut open);
        contract::run_persistent(&mut open);
    }
}

#[test]
fn the_log_survives_power_loss_between_openings() {
    let mut disks: HashMap<u32, FaultyDisk> = HashMap::new();
    let mut seed = 0;
    contract::run_persistent(&mut |which: u32| {
        seed += 1;
        let disk = disks.entry(which).or_default().crash(seed);
        disks.insert(which, disk.clone());
        file_log(Arc::new(disk), &options(Durability::Fsync, Spares::Inline))
    });
}
