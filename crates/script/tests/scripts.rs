//! Every script on pure shards: one and four of them, with payloads in memory and read back from the log.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use postrider_script::{Options, Runs, Script, Verify, World, run};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

fn scripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scripts");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut scripts =
        files.filter(|path| path.extension().is_some_and(|e| e == "script")).collect::<Vec<_>>();
    scripts.sort();
    assert!(scripts.len() >= 90, "the scripts are found");
    scripts
}

fn run_all(shards: u16, body_memory: u64) {
    let mut failures = Vec::new();
    for path in scripts() {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let script = Script::parse(&text).unwrap_or_else(|mistake| panic!("{name}: {mistake}"));
        if script.runs == Runs::Http {
            continue;
        }
        let options = Options { shards, body_memory, verify: Verify::EachStep, ..Options::default() };
        let failed = catch_unwind(AssertUnwindSafe(|| {
            let mut world = World::new(options);
            let failed = run(&script, &mut world).err();
            if failed.is_none() {
                world.verify_trims();
            }
            failed
        }));
        match failed {
            Ok(None) => {}
            Ok(Some(failure)) => failures.push(format!("{name}: {failure}")),
            Err(_) => failures.push(format!("{name}: the state contradicts itself or its log, see above")),
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn on_one_shard() {
    run_all(1, u64::MAX);
}

#[test]
fn on_four_shards() {
    run_all(4, u64::MAX);
}

#[test]
fn on_four_shards_with_payloads_read_back() {
    run_all(4, 0);
}

#[test]
fn on_one_shard_with_some_payloads_read_back() {
    run_all(1, 10);
}
