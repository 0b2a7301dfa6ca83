//! `cargo x bench`: the server against the ceiling, in alternation, as ratios.
//!
//! A figure of one machine says little; the ratio to what the same machine can do at the same time says a
//! lot. So every round measures everything once, in an order that rotates, and the table gives medians over
//! the rounds. The ceiling is a bare HTTP server that takes the same signed request and answers a fixed text,
//! with and without one fdatasync per group of requests (`bench/ceiling`). Every measurement gets a fresh
//! process and a fresh data directory; the server runs with `--durability fsync` and one credential, so that
//! every signature is verified.
//!
//! `scale` and `core` ask another question: does it stay that fast when much is in the server?

mod core;
mod scale;
mod table;

use self::table::median_of;
use crate::flags::Flags;
use crate::http::Client;
use crate::server::{self, ACCESS_KEY_ID, Access, Launch, Profile, SECRET_ACCESS_KEY};
use crate::{step, tree};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long a fan-out is measured, seconds.
const FAN_OUT_SECONDS_MAX: u32 = 3;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Contender {
    CeilingMemory,
    CeilingSync,
    Send,
    SendBatch,
    ReceiveDelete,
    Publish,
    FanOut,
}

const CONTENDERS: [Contender; 7] = [
    Contender::CeilingMemory,
    Contender::CeilingSync,
    Contender::Send,
    Contender::SendBatch,
    Contender::ReceiveDelete,
    Contender::Publish,
    Contender::FanOut,
];

impl Contender {
    /// The name in the table and for `--only`.
    fn name(self) -> &'static str {
        match self {
            Contender::CeilingMemory => "ceiling",
            Contender::CeilingSync => "ceiling-fdatasync",
            Contender::Send => "send",
            Contender::SendBatch => "send-batch",
            Contender::ReceiveDelete => "receive-delete",
            Contender::Publish => "publish",
            Contender::FanOut => "fan-out",
        }
    }

    /// The load generator's scenario.
    fn scenario(self) -> &'static str {
        match self {
            Contender::CeilingMemory | Contender::CeilingSync => "fixed",
            Contender::Send
            | Contender::SendBatch
            | Contender::ReceiveDelete
            | Contender::Publish
            | Contender::FanOut => self.name(),
        }
    }
}

/// One measurement, as the load generator reports it.
#[derive(Debug, Clone)]
struct Measured {
    contender: Contender,
    requests_per_s: f64,
    messages_per_s: f64,
    p50_us: f64,
    p99_us: f64,
    syncs_per_s: f64,
    cpu_us_per_request: f64,
    drained_per_s: f64,
    log_bytes_per_message: f64,
    errors: f64,
}

#[derive(Debug)]
struct Plan {
    rounds: usize,
    seconds: u32,
    connections: u32,
    rate: Option<String>,
    only: Option<String>,
}

#[derive(Debug)]
struct Programs {
    load: PathBuf,
    ceiling: PathBuf,
    server: PathBuf,
}

/// `cargo x bench`.
pub(crate) fn command(arguments: &[String]) -> Result<(), String> {
    match arguments.split_first() {
        Some((first, rest)) if first == "scale" => return scale::command(rest),
        Some((first, rest)) if first == "core" => return core::command(rest),
        Some(_) | None => {}
    }
    let flags = Flags::parse(arguments, &["rounds", "seconds", "connections", "rate", "only"], &[])?;
    let plan = Plan {
        rounds: flags.number("rounds", 5)?,
        seconds: flags.number("seconds", 10)?,
        connections: flags.number("connections", 64)?,
        rate: flags.text("rate").map(str::to_owned),
        only: flags.text("only").map(str::to_owned),
    };
    if plan.rounds == 0 || plan.seconds == 0 || plan.connections == 0 {
        return Err("--rounds, --seconds and --connections must be at least 1".to_owned());
    }
    run(&plan)
}

/// One short round of everything, so that the bench itself does not rot. Its figures mean nothing.
pub(crate) fn smoke() -> Result<(), String> {
    for name in ["load", "ceiling"] {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["test", "--quiet", "--release", "--locked", "--manifest-path"]);
        cargo.arg(tree::root().join("bench").join(name).join("Cargo.toml"));
        step::exec(cargo.arg("--target-dir").arg(programs_target()))?;
    }
    run(&Plan { rounds: 1, seconds: 1, connections: 16, rate: None, only: None })?;
    scale::smoke()?;
    core::smoke()
}

fn run(plan: &Plan) -> Result<(), String> {
    let programs = Programs {
        load: build("load")?,
        ceiling: build("ceiling")?,
        server: server::binary(Profile::Release)?,
    };
    let measured = measure(plan, &programs)?;
    let text = table::render(&measured, plan.rounds, plan.seconds, plan.connections, plan.rate.as_deref());
    println!("\n{text}");
    let path = tree::target().join("bench.md");
    std::fs::write(&path, text).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    println!("written to {}", path.display());
    Ok(())
}

fn build(name: &str) -> Result<PathBuf, String> {
    build_named(name, &format!("postrider-{name}"))
}

/// Where all of these programs are built: they have much below them in common.
fn programs_target() -> PathBuf {
    tree::target().join("bench")
}

/// Builds the program `binary` in `bench/name`.
fn build_named(name: &str, binary: &str) -> Result<PathBuf, String> {
    let target = programs_target();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--release", "--locked", "--manifest-path"]);
    cargo.arg(tree::root().join("bench").join(name).join("Cargo.toml")).arg("--target-dir").arg(&target);
    step::exec(&mut cargo)?;
    Ok(target.join("release").join(binary))
}

fn measure(plan: &Plan, programs: &Programs) -> Result<Vec<Measured>, String> {
    let chosen: Vec<Contender> = CONTENDERS
        .into_iter()
        .filter(|contender| {
            plan.only.as_deref().is_none_or(|only| only.split(',').any(|name| contender.name() == name))
        })
        .collect();
    if chosen.is_empty() {
        let names = CONTENDERS.map(Contender::name).join(", ");
        return Err(format!("--only takes some of {names}, separated by commas"));
    }
    let mut measured = Vec::new();
    for round in 0..plan.rounds {
        for at in 0..chosen.len() {
            let contender = chosen[(at + round) % chosen.len()];
            let result = once(plan, programs, contender)
                .map_err(|reason| format!("{} in round {}: {reason}", contender.name(), round + 1))?;
            println!(
                "    round {}  {:18} {:9.0} requests/s  p99 {:7.0} us  {:6.0} syncs/s",
                round + 1,
                contender.name(),
                result.requests_per_s,
                result.p99_us,
                result.syncs_per_s
            );
            measured.push(result);
        }
    }
    Ok(measured)
}

fn once(plan: &Plan, programs: &Programs, contender: Contender) -> Result<Measured, String> {
    let scratch = tree::fresh("bench")?;
    match contender {
        Contender::CeilingMemory => ceiling(plan, programs, contender, &[]),
        Contender::CeilingSync => {
            let file = scratch.join("ceiling.log");
            ceiling(plan, programs, contender, &["--file", &file.to_string_lossy()])
        }
        Contender::Send
        | Contender::SendBatch
        | Contender::ReceiveDelete
        | Contender::Publish
        | Contender::FanOut => {
            let mut launch = Launch::new(&programs.server, &scratch.join("data"), 1);
            launch.access = Access::Signed;
            let server = launch.start()?;
            let result = load(plan, programs, contender, &server.api, &server.admin, server.pid())?;
            server.terminate()?;
            server::demand_quiet(&launch.log, &[])?;
            Ok(result)
        }
    }
}

/// A child that dies with us.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn ceiling(
    plan: &Plan,
    programs: &Programs,
    contender: Contender,
    more: &[&str],
) -> Result<Measured, String> {
    let mut command = Command::new(&programs.ceiling);
    command.args(["--listen", "127.0.0.1:0"]).args(more).stdout(Stdio::piped());
    let mut child = Guard(command.spawn().map_err(|e| format!("cannot start the ceiling: {e}"))?);
    let stdout = child.0.stdout.take().expect("standard output is piped");
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).map_err(|e| e.to_string())?;
    let api =
        line.trim().strip_prefix("listening api=http://").ok_or("the ceiling did not start")?.to_owned();
    load(plan, programs, contender, &api, &api, child.0.id())
}

/// Runs the load generator and reads its report.
fn load(
    plan: &Plan,
    programs: &Programs,
    contender: Contender,
    api: &str,
    metrics: &str,
    pid: u32,
) -> Result<Measured, String> {
    Client::new(metrics, Duration::from_secs(5))
        .fetch("/metrics")
        .map_err(|e| format!("/metrics: {e}"))?
        .ok()?;
    let mut command = Command::new(&programs.load);
    command.args(["--scenario", contender.scenario(), "--target", api, "--metrics", metrics]);
    // Every request of a fan-out leaves a hundred messages, and all of them are in memory.
    let most = if contender == Contender::FanOut { FAN_OUT_SECONDS_MAX } else { plan.seconds };
    let seconds = plan.seconds.min(most).to_string();
    command.args(["--connections", &plan.connections.to_string(), "--seconds", &seconds]);
    if contender == Contender::FanOut {
        command.args(["--warmup", "1"]);
    }
    command.args(["--pid", &pid.to_string()]);
    if let Some(rate) = &plan.rate {
        command.args(["--rate", rate]);
    }
    command.env("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID).env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY);
    let report = step::capture(&mut command)?;
    let report: Value = serde_json::from_str(report.trim()).map_err(|e| format!("{e} in {report:?}"))?;
    let number = |name: &str| report[name].as_f64().ok_or_else(|| format!("no {name} in {report}"));
    let seconds = number("seconds")?;
    let requests = number("requests")?;
    let measured = Measured {
        contender,
        requests_per_s: requests / seconds,
        messages_per_s: number("messages")? / seconds,
        p50_us: number("p50_us")?,
        p99_us: number("p99_us")?,
        syncs_per_s: number("syncs")? / seconds,
        cpu_us_per_request: number("server_cpu_s")? * 1e6 / requests.max(1.0),
        drained_per_s: number("drained_per_s")?,
        log_bytes_per_message: number("log_bytes")? / number("messages")?.max(1.0),
        errors: number("errors")?,
    };
    if measured.errors > 0.0 {
        return Err(format!("{} requests were refused: {}", measured.errors, report["first_error"]));
    }
    Ok(measured)
}

/// The machine, for the head of the table.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let model = tree::read(Path::new("/proc/cpuinfo")).unwrap_or_default();
    let model = model.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown");
    format!("{cores} cores, {}", model.trim_start_matches([' ', '\t', ':']))
}
