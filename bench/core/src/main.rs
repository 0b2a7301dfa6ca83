//! What one operation of the core costs: instructions on an empty and on a full shard, and bytes in memory.
//!
//! Four programs in one. `instructions` runs under callgrind (`cargo x bench core` starts it so) and asks it for a dump
//! after each operation; without callgrind it only checks that everything can be carried out. `memory ITEM` fills a
//! shard with one kind of thing and tells by how much the process has grown: one item in one process, so that nothing
//! is hidden by memory that was free already. `filters` publishes to a topic whose subscriptions all have a filter.
//! `hostile` evaluates filters that are made to be slow.

mod callgrind;
mod filters;
mod hostile;
mod memory;
mod operations;
mod scene;
mod turns;

use operations::OPERATIONS;
use scene::{Scene, Size};
use std::str::FromStr;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "postrider-core-bench instructions [MESSAGES GROUPS QUEUES CYCLES]
postrider-core-bench memory messages|groups|fair-groups|dedup|queues [COUNT]
postrider-core-bench filters [SUBSCRIPTIONS ROUNDS]
postrider-core-bench hostile";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |at: usize, default: u64| words.get(at).map_or(default, |text| parse(text));
    match words.first() {
        Some(&"instructions") => {
            let size = Size {
                messages: number(1, 1_000_000),
                groups: number(2, 100_000),
                queues: number(3, 10_000),
            };
            instructions(&size, number(4, 1_000));
        }
        Some(&"filters") => filters::measure(number(1, 1_000), number(2, 9)),
        Some(&"hostile") => hostile::measure(),
        Some(&"memory") if words.len() > 1 => memory::measure(words[1], words.get(2).map(|text| parse(text))),
        _ => {
            eprintln!("{USAGE}");
            std::process::exit(2);
        }
    }
}

fn parse<T: FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is not a number in range"))
}

/// Carries out each operation `cycles` times, first on empty shards, then on a full one.
fn instructions(size: &Size, cycles: u64) {
    callgrind::start_instrumentation();
    for operation in &OPERATIONS {
        // One for each operation: what the one before left behind would make it less than empty.
        let mut scene = Scene::empty();
        operation.measure(&mut scene, cycles, "empty");
    }
    // What is not measured need not be instrumented, which makes the filling bearable.
    callgrind::stop_instrumentation();
    let mut scene = Scene::empty();
    scene.fill(size);
    println!("full {}", scene.describe());
    callgrind::start_instrumentation();
    for operation in &OPERATIONS {
        operation.measure(&mut scene, cycles, "full");
    }
    println!("done {}", scene.describe());
}
