//! `cargo x bench core`: what an operation of the core costs on an empty and on a full shard, and what things weigh.
//!
//! Instructions are counted by callgrind, which gives the same figure on a busy machine as on a quiet one, and says in
//! which function they were spent. Its processor has no instructions for SHA-256, so the HMAC of a receipt handle costs
//! thousands of instructions there and a few hundred on a machine of today; a constant as large as that would hide
//! growth, so what is spent in it is shown but not part of the ratio.

use super::{build_named, machine};
use crate::flags::Flags;
use crate::{step, tree};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// What an operation on a full shard may cost, of what it costs on an empty one.
const RATIO_MAX: f64 = 2.0;
/// What a deduplication id may weigh, bytes.
const DEDUP_BYTES_MAX: f64 = 64.0;
/// Functions that are named where an operation grows too much.
const NAMED: usize = 6;
/// What a subscription may cost a publication that its filter refuses, and one that it admits, nanoseconds.
const FILTER_NS_MAX: [f64; 2] = [1_000.0, 5_000.0];
/// What is weighed.
const ITEMS: [&str; 5] = ["messages", "groups", "fair-groups", "dedup", "queues"];

/// The parts of the benchmark.
const PARTS: [&str; 3] = ["instructions", "memory", "filters"];

/// How much is in the full shard, and how often each operation is counted.
#[derive(Debug)]
struct Size {
    messages: u64,
    groups: u64,
    queues: u64,
    cycles: u64,
}

/// What callgrind wrote down for one operation in one state.
#[derive(Debug, Default, PartialEq)]
struct Dump {
    state: String,
    operation: String,
    cycles: f64,
    /// Instructions by function, those of what it calls not included.
    functions: BTreeMap<String, f64>,
}

/// `cargo x bench core`.
pub(super) fn command(arguments: &[String]) -> Result<(), String> {
    let flags = Flags::parse(arguments, &["messages", "groups", "queues", "cycles", "only"], &["check"])?;
    let size = Size {
        messages: flags.number("messages", 1_000_000)?,
        groups: flags.number("groups", 100_000)?,
        queues: flags.number("queues", 10_000)?,
        cycles: flags.number("cycles", 1_000)?,
    };
    if size.groups == 0 || size.cycles == 0 {
        return Err("--groups and --cycles must be at least 1".to_owned());
    }
    let only = flags.text("only");
    if let Some(other) = only.filter(|only| !PARTS.contains(only)) {
        return Err(format!("--only takes one of {PARTS:?}, not {other:?}"));
    }
    let [instructions, memory, filters] = PARTS.map(|part| only.is_none_or(|only| only == part));
    let program = build_named("core", "postrider-core-bench")?;
    let (mut text, mut missed) = (format!("# bench core\n\n{}\n\n", machine()), Vec::new());
    if instructions {
        let dumps = count(&program, &size)?;
        let (table, over) = render(&dumps);
        let Size { messages, groups, queues, cycles } = size;
        let _ = writeln!(
            text,
            "Full: {messages} messages in each of three queues, {groups} message groups, {queues} queues. Means of \
             {cycles} operations.\n\n{table}"
        );
        missed.extend(over);
    }
    if memory {
        let (table, over) = weigh(&program)?;
        let _ = writeln!(text, "{table}");
        missed.extend(over);
    }
    if filters {
        let (table, over) = filter(&program)?;
        let _ = writeln!(text, "{table}");
        missed.extend(over);
    }
    println!("\n{text}");
    let path = tree::target().join("bench-core.md");
    std::fs::write(&path, text).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    println!("written to {}", path.display());
    if missed.is_empty() || !flags.has("check") { Ok(()) } else { Err(missed.join("; ")) }
}

/// Carries every operation out on a small shard, without counting anything.
pub(super) fn smoke() -> Result<(), String> {
    let program = build_named("core", "postrider-core-bench")?;
    step::capture(Command::new(&program).args(["instructions", "10000", "1000", "100", "100"]))?;
    step::capture(Command::new(program).args(["filters", "100", "1"])).map(drop)
}

fn count(program: &Path, size: &Size) -> Result<Vec<Dump>, String> {
    if !step::exists("valgrind") {
        return Err("valgrind is not on this machine; it counts the instructions".to_owned());
    }
    let scratch = tree::fresh("bench-core")?;
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["-q", "--tool=callgrind", "--instr-atstart=no", "--collect-atstart=no"]);
    valgrind.args(["--compress-strings=no", "--compress-pos=no"]);
    valgrind.arg(format!("--callgrind-out-file={}", scratch.join("dump").display()));
    valgrind.arg(program).arg("instructions");
    valgrind.args([size.messages, size.groups, size.queues, size.cycles].map(|number| number.to_string()));
    step::exec(&mut valgrind)?;
    // One file for each dump, numbered from 1; the unnumbered one is what was left at the end.
    let mut dumps = Vec::new();
    for number in 1.. {
        let path = scratch.join(format!("dump.{number}"));
        if !path.exists() {
            break;
        }
        dumps.push(read(&tree::read(&path)?)?);
    }
    Ok(dumps)
}

/// Reads a dump of callgrind: lines of cost belong to the function named above them, but for the line after `calls=`,
/// which is what that call cost.
fn read(text: &str) -> Result<Dump, String> {
    let mut dump = Dump::default();
    let (mut function, mut called) = (String::new(), false);
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("desc: Trigger: Client Request: ") {
            let parts: Vec<&str> = name.splitn(3, '/').collect();
            let [state, cycles, operation] = parts[..] else {
                return Err(format!("a dump is named {name:?}"));
            };
            (dump.state, dump.operation) = (state.to_owned(), operation.to_owned());
            dump.cycles = cycles.parse().map_err(|_| format!("a dump is named {name:?}"))?;
        } else if let Some(name) = line.strip_prefix("fn=") {
            name.clone_into(&mut function);
        } else if line.starts_with("calls=") {
            called = true;
        } else if line.starts_with(|first: char| first.is_ascii_digit()) {
            let cost = line.split(' ').nth(1).and_then(|text| text.parse::<f64>().ok()).unwrap_or_default();
            if !std::mem::take(&mut called) {
                *dump.functions.entry(function.clone()).or_default() += cost;
            }
        }
    }
    if dump.cycles > 0.0 { Ok(dump) } else { Err("a dump has no name".to_owned()) }
}

fn is_sha(function: &str) -> bool {
    function.contains("sha2::")
}

impl Dump {
    /// Instructions of one operation, with or without those in SHA-256.
    fn each(&self, which: impl Fn(&str) -> bool) -> f64 {
        let counted = self.functions.iter().filter(|(name, _)| which(name));
        // A sum of nothing would be minus zero.
        counted.fold(0.0, |sum, (_, cost)| sum + cost) / self.cycles
    }
}

/// The table, and the operations that cost more than promised.
fn render(dumps: &[Dump]) -> (String, Vec<String>) {
    let mut text = "| operation | instructions, empty | full | ratio | and in SHA-256 | |\n\
                    |---|---:|---:|---:|---:|---|\n"
        .to_owned();
    let (mut missed, mut grown) = (Vec::new(), String::new());
    for empty in dumps.iter().filter(|dump| dump.state == "empty") {
        let name = &empty.operation;
        let Some(full) = dumps.iter().find(|dump| dump.state == "full" && dump.operation == *name) else {
            missed.push(format!("{name} was not counted on a full shard"));
            continue;
        };
        let [before, after] = [empty, full].map(|dump| dump.each(|function| !is_sha(function)));
        let (ratio, sha) = (after / before, full.each(is_sha));
        let verdict = if ratio <= RATIO_MAX { "kept" } else { "MISSED" };
        let _ = writeln!(text, "| {name} | {before:.0} | {after:.0} | {ratio:.2} | {sha:.0} | {verdict} |");
        if ratio > RATIO_MAX {
            missed.push(format!("{name}: {ratio:.2} times the instructions, not {RATIO_MAX}"));
            let _ = writeln!(grown, "\n{name} grows in (instructions, empty and full):\n");
            grown.push_str(&growth(empty, full));
        }
    }
    (text + &grown, missed)
}

/// The functions that cost most more on the full shard.
fn growth(empty: &Dump, full: &Dump) -> String {
    let mut rows: Vec<(f64, f64, &str)> = full
        .functions
        .keys()
        .map(|name| (empty.each(|other| other == name), full.each(|other| other == name), name.as_str()))
        .collect();
    rows.sort_by(|a, b| (b.1 - b.0).total_cmp(&(a.1 - a.0)));
    let rows = rows.iter().take(NAMED);
    rows.fold(String::new(), |mut text, (before, after, name)| {
        let _ = writeln!(text, "- {before:.0}, {after:.0}: `{name}`");
        text
    })
}

/// What things weigh, and whether that is too much.
fn weigh(program: &Path) -> Result<(String, Vec<String>), String> {
    let mut text = "| what | how many | bytes each | |\n|---|---:|---:|---|\n".to_owned();
    let mut missed = Vec::new();
    for item in ITEMS {
        let line = step::capture(Command::new(program).args(["memory", item]))?;
        let fields: Vec<&str> = line.trim().split('\t').collect();
        let [name, count, bytes, remark] = fields[..] else { return Err(format!("{item}: {line:?}")) };
        let _ = writeln!(text, "| {name} | {count} | {bytes} | {remark} |");
        let bytes: f64 = bytes.parse().map_err(|_| format!("{item}: {line:?}"))?;
        if item == "dedup" && bytes > DEDUP_BYTES_MAX {
            missed.push(format!("a deduplication id takes {bytes} bytes, not {DEDUP_BYTES_MAX}"));
        }
    }
    Ok((text, missed))
}

/// What a subscription with a filter costs a publication, and whether that is too much.
fn filter(program: &Path) -> Result<(String, Vec<String>), String> {
    judged(&step::capture(Command::new(program).arg("filters"))?)
}

fn judged(lines: &str) -> Result<(String, Vec<String>), String> {
    let mut text = "| filter | subscriptions | refused, ns each | admitted and copied, ns each | |\n\
                    |---|---:|---:|---:|---|\n"
        .to_owned();
    let mut missed = Vec::new();
    for line in lines.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, count, refused, admitted] = fields[..] else {
            return Err(format!("no figures: {line:?}"));
        };
        let times = [refused, admitted].map(|field| field.parse::<f64>().unwrap_or(f64::INFINITY));
        let kept = times.iter().zip(FILTER_NS_MAX).all(|(time, most)| *time <= most);
        let verdict = if kept { "kept" } else { "MISSED" };
        let _ = writeln!(text, "| {name} | {count} | {refused} | {admitted} | {verdict} |");
        if !kept {
            missed.push(format!("{name}: {times:?} ns a subscription, not {FILTER_NS_MAX:?}"));
        }
    }
    Ok((text, missed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump(state: &str, decide: u32, sha: u32) -> Dump {
        let text = format!(
            "# callgrind format\ndesc: Trigger: Client Request: {state}/10/FIFO: send\n\nevents: Ir\nsummary: 9\n\n\
             ob=/bin/x\nfl=a.rs\nfn=decide\n12 {decide}\n0 20\ncfn=compress\ncalls=7 0\n12 9999\nfn=sha2::compress\n\
             44 {sha}\n\ntotals: 9\n"
        );
        read(&text).unwrap()
    }

    #[test]
    fn costs_are_those_of_functions_and_not_of_calls() {
        let dump = dump("empty", 80, 500);
        assert_eq!((dump.operation.as_str(), dump.cycles), ("FIFO: send", 10.0));
        assert_eq!(dump.each(|name| !is_sha(name)), 10.0);
        assert_eq!(dump.each(is_sha), 50.0);
        assert!(read("fn=a\n1 2\n").is_err());
    }

    #[test]
    fn filters_are_judged_by_both_times() {
        let (text, missed) =
            judged("a\t10\t999.9\t5000.0\nb\t10\t1000.1\t1.0\nc\t10\t1.0\t5000.1\n").unwrap();
        assert!(text.contains("| a | 10 | 999.9 | 5000.0 | kept |"), "{text}");
        assert_eq!(missed.len(), 2, "{missed:?}");
        assert!(judged("nothing").is_err());
    }

    #[test]
    fn growth_is_judged_without_sha_and_named() {
        let (kept, none) = render(&[dump("empty", 80, 500), dump("full", 160, 500)]);
        assert!(kept.contains("| FIFO: send | 10 | 18 | 1.80 | 50 | kept |"), "{kept}");
        assert!(none.is_empty());
        let (text, missed) = render(&[dump("empty", 80, 500), dump("full", 190, 500)]);
        assert!(text.contains("| 2.10 | 50 | MISSED |") && text.contains("- 10, 21: `decide`"), "{text}");
        assert_eq!(missed.len(), 1);
    }
}
