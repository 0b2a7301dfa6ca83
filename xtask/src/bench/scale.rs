//! `cargo x bench scale`: a full server answers as fast as an empty one.
//!
//! Two servers run side by side on one machine. One has only the queues that are measured, with nothing in them; the
//! other has 1,000,000 waiting messages in each, over 100,000 message groups where the queue has groups, 10,000 queues
//! and 5,000 parked long polls, all at once. They are asked the same, in turns, over few connections: what counts is
//! the latency of one request, not how many fit into a second. Each round gives a ratio of the two, and the median of
//! these counts, because both figures of a round were taken within seconds of each other.
//!
//! The servers write to the log and do not wait for the disk unless `--durability fsync` says so: a wait of a
//! millisecond that both have would hide whatever one of them has besides.

use super::{Guard, build, machine, median_of};
use crate::flags::Flags;
use crate::server::{self, ACCESS_KEY_ID, Access, Launch, Profile, SECRET_ACCESS_KEY, Server};
use crate::{step, tree};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What `p50` of the full server may be of that of the empty one.
const RATIO_MAX: f64 = 1.5;
/// How long the filling may take, seconds.
const FILL_S_MAX: f64 = 120.0;
/// Parked polls on the queue that is measured, besides those on other queues.
const POLLERS_FULL: u32 = 100;
/// The same on the empty server: two for each sender, so that one is always parked.
const POLLERS_EMPTY: u32 = 2;
const PARKED_WITHIN: Duration = Duration::from_secs(120);

const OPERATIONS: [&str; 4] = ["SendMessage", "ReceiveMessage", "ChangeMessageVisibility", "DeleteMessage"];

/// The queues that are measured, and what they are.
const QUEUES: [(&str, &str); 4] = [
    ("plain", "standard"),
    ("fair", "standard, with message groups"),
    ("orders.fifo", "FIFO"),
    ("polled", "standard, polls parked on it"),
];

/// How much is in the full server, and how long is measured.
#[derive(Debug, Clone)]
struct Plan {
    messages: u64,
    groups: u64,
    queues: u64,
    polls: u64,
    rounds: usize,
    seconds: f64,
    connections: u32,
    durability: &'static str,
}

#[derive(Debug)]
struct Programs {
    load: PathBuf,
    server: PathBuf,
}

impl Programs {
    fn build() -> Result<Programs, String> {
        Ok(Programs { load: build("load")?, server: server::binary(Profile::Release)? })
    }
}

/// Latencies of one operation on one queue in one round.
#[derive(Debug, Clone, Copy)]
struct Round {
    queue: usize,
    operation: usize,
    empty: Latency,
    full: Latency,
}

#[derive(Debug, Clone, Copy)]
struct Latency {
    p50_us: f64,
    p99_us: f64,
}

/// `cargo x bench scale`.
pub(super) fn command(arguments: &[String]) -> Result<(), String> {
    let valued = ["messages", "groups", "queues", "polls", "rounds", "seconds", "connections", "durability"];
    let flags = Flags::parse(arguments, &valued, &["check"])?;
    let plan = Plan {
        messages: flags.number("messages", 1_000_000)?,
        groups: flags.number("groups", 100_000)?,
        queues: flags.number("queues", 10_000)?,
        polls: flags.number("polls", 5_000)?,
        rounds: flags.number("rounds", 9)?,
        seconds: flags.number("seconds", 2.0)?,
        connections: flags.number("connections", 2)?,
        durability: match flags.text("durability") {
            None | Some("os") => "os",
            Some("fsync") => "fsync",
            Some(other) => return Err(format!("--durability is os or fsync, not {other:?}")),
        },
    };
    if plan.rounds == 0 || plan.connections == 0 || plan.groups == 0 || !(0.1..=600.0).contains(&plan.seconds)
    {
        return Err(
            "--rounds, --connections and --groups must be at least 1, --seconds 0.1 to 600".to_owned()
        );
    }
    let missed = run(&plan, &Programs::build()?)?;
    match missed.as_slice() {
        [] => Ok(()),
        _ if !flags.has("check") => Ok(()),
        missed => Err(missed.join("; ")),
    }
}

/// Everything once and small, so that it does not rot. The figures mean nothing.
pub(super) fn smoke() -> Result<(), String> {
    let plan = Plan {
        messages: 20_000,
        groups: 2_000,
        queues: 200,
        polls: 200,
        rounds: 1,
        seconds: 0.2,
        connections: 2,
        durability: "os",
    };
    run(&plan, &Programs::build()?).map(drop)
}

/// Measures, prints, and gives what is not as promised.
fn run(plan: &Plan, programs: &Programs) -> Result<Vec<String>, String> {
    let scratch = tree::fresh("bench-scale")?;
    let [empty_launch, full_launch] =
        ["empty", "full"].map(|name| launch(plan, programs, &scratch.join(name)));
    let (mut empty, mut full) = (empty_launch.start()?, full_launch.start()?);
    fill(programs, &empty, 0, plan.groups, 0)?;
    let began = Instant::now();
    let report = fill(programs, &full, plan.messages, plan.groups, plan.queues)?;
    let fill_s = began.elapsed().as_secs_f64();
    println!("    filled in {fill_s:.1} s: {report}");
    let parked = park(plan, programs, &full)?;
    println!("    {} long polls are parked", plan.polls);

    let mut rounds = Vec::new();
    for round in 0..plan.rounds {
        rounds.extend(once(plan, programs, &empty, &full, round)?);
        empty.alive()?;
        full.alive()?;
    }
    let resident = [&empty, &full].map(|server| resident_mib(server.pid()));
    drop(parked);
    for server in [empty, full] {
        server.terminate()?;
    }
    server::demand_quiet(&empty_launch.log, &[])?;
    server::demand_quiet(&full_launch.log, &[])?;
    // The logs of the servers are gigabytes, and there is nothing in them to look for when all went well.
    std::fs::remove_dir_all(&scratch).map_err(|e| format!("cannot clear {}: {e}", scratch.display()))?;

    let (table, mut missed) = render(&rounds);
    let text = format!("{}{table}", head(plan, fill_s, resident));
    println!("\n{text}");
    let path = tree::target().join("bench-scale.md");
    std::fs::write(&path, text).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    println!("written to {}", path.display());
    if fill_s > FILL_S_MAX {
        missed.push(format!("filling took {fill_s:.0} s, more than {FILL_S_MAX:.0}"));
    }
    Ok(missed)
}

fn launch(plan: &Plan, programs: &Programs, data_dir: &Path) -> Launch {
    let mut launch = Launch::new(&programs.server, data_dir, 1);
    launch.access = Access::Signed;
    launch.durability = plan.durability;
    launch
}

/// The load generator on one server, with room for many connections.
fn generator(programs: &Programs, server: &Server, what: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 16384 2>/dev/null; exec \"$0\" \"$@\""]).arg(&programs.load);
    command.args(["scale", what, "--target", &server.api]);
    command.env("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID).env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY);
    command
}

fn fill(
    programs: &Programs,
    server: &Server,
    messages: u64,
    groups: u64,
    queues: u64,
) -> Result<String, String> {
    let mut command = generator(programs, server, "fill");
    for (name, value) in [("--messages", messages), ("--groups", groups), ("--queues", queues)] {
        command.args([name, &value.to_string()]);
    }
    step::capture(&mut command).map(|report| report.trim().to_owned())
}

/// Parks the polls and waits until all are under way. They end with the process.
fn park(plan: &Plan, programs: &Programs, server: &Server) -> Result<Guard, String> {
    let mut command = generator(programs, server, "park");
    command.args(["--polls", &plan.polls.to_string(), "--queues", &plan.queues.to_string()]);
    let child = command.stdout(Stdio::piped()).spawn();
    let mut parked = Guard(child.map_err(|e| format!("cannot start the load generator: {e}"))?);
    let stdout = parked.0.stdout.take().expect("standard output is piped");
    let (found, wait) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line);
        let _ = found.send(read.map(|_| line));
    });
    let line = wait.recv_timeout(PARKED_WITHIN).map_err(|_| "the long polls were not parked in time")?;
    match line {
        Ok(line) if line.starts_with("parked") => Ok(parked),
        Ok(_) | Err(_) => Err("the long polls could not be parked".to_owned()),
    }
}

/// One round: each queue on both servers, one right after the other; the next round turns the order around.
fn once(
    plan: &Plan,
    programs: &Programs,
    empty: &Server,
    full: &Server,
    round: usize,
) -> Result<Vec<Round>, String> {
    let mut measured = Vec::new();
    for at in 0..QUEUES.len() {
        let queue = (at + round) % QUEUES.len();
        let [of_empty, of_full] = if round.is_multiple_of(2) {
            let first = ask(plan, programs, empty, queue, POLLERS_EMPTY * plan.connections)?;
            [first, ask(plan, programs, full, queue, POLLERS_FULL)?]
        } else {
            let first = ask(plan, programs, full, queue, POLLERS_FULL)?;
            [ask(plan, programs, empty, queue, POLLERS_EMPTY * plan.connections)?, first]
        };
        let ratios = of_empty.iter().zip(&of_full).map(|(empty, full)| full.p50_us / empty.p50_us);
        let ratios = ratios.map(|ratio| format!("{ratio:5.2}")).collect::<Vec<_>>().join(" ");
        println!("    round {:2}  {:12} p50 full/empty: {ratios}", round + 1, QUEUES[queue].0);
        let pairs = of_empty.into_iter().zip(of_full).enumerate();
        measured.extend(pairs.map(|(operation, (empty, full))| Round { queue, operation, empty, full }));
    }
    Ok(measured)
}

/// Asks one server for a while; the latencies of the four operations.
fn ask(
    plan: &Plan,
    programs: &Programs,
    server: &Server,
    queue: usize,
    pollers: u32,
) -> Result<Vec<Latency>, String> {
    let name = QUEUES[queue].0;
    let mut command = generator(programs, server, if name == "polled" { "polled" } else { "cycle" });
    if name == "polled" {
        command.args(["--pollers", &pollers.to_string()]);
    } else {
        command.args(["--queue", name, "--groups", &plan.groups.to_string()]);
    }
    command.args(["--connections", &plan.connections.to_string(), "--seconds", &plan.seconds.to_string()]);
    let report = step::capture(&mut command)?;
    let report: Value = serde_json::from_str(report.trim()).map_err(|e| format!("{e} in {report:?}"))?;
    let latencies = OPERATIONS.iter().map(|operation| {
        let number = |name: &str| report[operation][name].as_f64().unwrap_or_default();
        if number("count") == 0.0 {
            return Err(format!("no {operation} was counted: {report}"));
        }
        Ok(Latency { p50_us: number("p50_us"), p99_us: number("p99_us") })
    });
    latencies.collect()
}

fn resident_mib(pid: u32) -> u64 {
    let status = tree::read(&Path::new("/proc").join(pid.to_string()).join("status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() / 1024
}

fn head(plan: &Plan, fill_s: f64, resident: [u64; 2]) -> String {
    format!(
        "# bench scale\n\n{}; {} connections, closed loop, {} rounds of {} s, `--durability {}`.\n\n\
         The full server: {} messages in each of three queues, {} message groups, {} queues, {} parked polls; filled in \
         {fill_s:.1} s, {} MiB resident (the empty one {}).\n\n",
        machine(),
        plan.connections,
        plan.rounds,
        plan.seconds,
        plan.durability,
        plan.messages,
        plan.groups,
        plan.queues,
        plan.polls,
        resident[1],
        resident[0],
    )
}

/// The table, and the rows that are above the promise.
fn render(rounds: &[Round]) -> (String, Vec<String>) {
    let mut text = "| queue | operation | p50 empty, us | p50 full, us | ratio of p50 | p99 empty, us | p99 full, us | |\n\
                    |---|---|---:|---:|---:|---:|---:|---|\n"
        .to_owned();
    let mut missed = Vec::new();
    for (queue, (_, title)) in QUEUES.iter().enumerate() {
        for (operation, name) in OPERATIONS.iter().enumerate() {
            let of = |value: fn(&Round) -> f64| {
                let rows = rounds.iter().filter(|row| (row.queue, row.operation) == (queue, operation));
                median_of(rows.map(value).collect())
            };
            let Some(ratio) = of(|row| row.full.p50_us / row.empty.p50_us) else { continue };
            let verdict = if ratio <= RATIO_MAX { "kept" } else { "MISSED" };
            if ratio > RATIO_MAX {
                missed.push(format!("{name} on {title}: {ratio:.2} times an empty server, not {RATIO_MAX}"));
            }
            let _ = writeln!(
                text,
                "| {title} | {name} | {:.0} | {:.0} | {ratio:.2} | {:.0} | {:.0} | {verdict} |",
                of(|row| row.empty.p50_us).unwrap_or_default(),
                of(|row| row.full.p50_us).unwrap_or_default(),
                of(|row| row.empty.p99_us).unwrap_or_default(),
                of(|row| row.full.p99_us).unwrap_or_default(),
            );
        }
    }
    (text, missed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(operation: usize, empty_us: f64, full_us: f64) -> Round {
        let latency = |p50_us| Latency { p50_us, p99_us: 9.0 * p50_us };
        Round { queue: 2, operation, empty: latency(empty_us), full: latency(full_us) }
    }

    #[test]
    fn the_ratio_is_that_of_the_rounds_and_judged() {
        // A slow minute that both servers had does not count, one that only one had counts as one round.
        let rounds =
            [round(0, 100.0, 120.0), round(0, 900.0, 1080.0), round(0, 100.0, 900.0), round(3, 100.0, 160.0)];
        let (text, missed) = render(&rounds);
        assert!(text.contains("| FIFO | SendMessage | 100 | 900 | 1.20 | 900 | 8100 | kept |"), "{text}");
        assert!(text.contains("| FIFO | DeleteMessage | 100 | 160 | 1.60 | 900 | 1440 | MISSED |"), "{text}");
        assert_eq!(missed.len(), 1);
        assert!(!text.contains("ReceiveMessage"));
    }
}
