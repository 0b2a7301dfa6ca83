//! `cargo x idle`: a server with 1,000 parked long polls does nothing.
//!
//! A long poll lasts 20 s at most, so the minute is measured in windows: park everybody, let the server come
//! to rest, look at what the process used while nobody asked anything, let the polls end, and again.

use crate::flags::Flags;
use crate::http::Client;
use crate::process;
use crate::server::{self, Launch, Profile, Server};
use crate::tree;
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant};

/// Windows measured by default: 4 of 15 s are a minute.
pub(crate) const WINDOWS: u32 = 4;
const WINDOW: Duration = Duration::from_secs(15);
const SETTLED_WITHIN: Duration = Duration::from_secs(60);
const PARKED: usize = 1000;
/// It is about 28.6 MiB; the rest is for how much of the program's file the system happens to map.
///
/// About 10 MiB are pages of the program and its libraries, which nobody has to himself. Memory is 4 MiB at rest and about
/// 15 KiB a poll: over 8 KiB are the two buffers that hyper has for each connection, which it lets nobody choose
/// the size of; the task is 2 KiB and the request's future 2.5 KiB. So what could still be saved is little, as long
/// as a future that waits keeps no room for what it does not wait for.
const RESIDENT_KIB_MAX: u64 = 30 * 1024;
/// Share of one core, over all windows together.
const CPU_SHARE_MAX: f64 = 0.001;

/// `cargo x idle [--windows N]`.
pub(crate) fn command(arguments: &[String]) -> Result<(), String> {
    run(Flags::parse(arguments, &["windows"], &[])?.number("windows", WINDOWS)?)
}

/// Measures, and fails if a bound is exceeded.
pub(crate) fn run(windows: u32) -> Result<(), String> {
    let binary = server::binary(Profile::Release)?;
    let data_dir = tree::fresh("idle")?.join("data");
    let mut launch = Launch::new(&binary, &data_dir, 1);
    let raise = "ulimit -n 8192 2>/dev/null; exec \"$0\" \"$@\"";
    launch.under = ["sh", "-c", raise].map(str::to_owned).to_vec();
    let mut server = launch.start()?;
    let queue_url = create_queue(&server)?;
    settle(&server, &data_dir)?;

    let (mut cpu, mut resident_kib, mut wrote) = (0, 0, 0);
    // The same connections all the time, as the pools of SDKs keep them.
    let mut clients: Vec<Client> =
        (0..PARKED).map(|_| Client::new(&server.api, Duration::from_secs(60))).collect();
    for window in 1..=windows {
        park(&mut clients, &queue_url)?;
        // The last poll was sent a moment ago: give the server one second to take it in.
        std::thread::sleep(Duration::from_secs(1));
        let (before, files) = (Usage::of(&server)?, fingerprint(&data_dir)?);
        std::thread::sleep(WINDOW);
        let after = Usage::of(&server)?;
        server.alive()?;
        if fingerprint(&data_dir)? != files {
            return Err("a file of the data directory changed while nobody asked anything".to_owned());
        }
        cpu += after.cpu_ticks - before.cpu_ticks;
        wrote += after.written - before.written;
        resident_kib = resident_kib.max(after.resident_kib);
        println!("    window {window}: {after:?}");
        demand_empty(&mut clients)?;
    }
    let share = cpu as f64 / 100.0 / (WINDOW.as_secs_f64() * f64::from(windows));
    let megabytes = resident_kib as f64 / 1024.0;
    println!(
        "    {PARKED} long polls: {:.3} % of a core, {megabytes:.1} MiB, {wrote} bytes written",
        share * 100.0
    );
    if share > CPU_SHARE_MAX || resident_kib > RESIDENT_KIB_MAX || wrote > 0 {
        return Err("an idle server must use < 0.1 % of a core and < 30 MiB, and write nothing".to_owned());
    }
    server::demand_quiet(&launch.log, &[])
}

/// Waits until what a first start does in the background (spare segments, a signing key) is done.
fn settle(server: &Server, data_dir: &Path) -> Result<(), String> {
    let deadline = Instant::now() + SETTLED_WITHIN;
    while Instant::now() < deadline {
        let (before, files) = (Usage::of(server)?, fingerprint(data_dir)?);
        std::thread::sleep(Duration::from_secs(2));
        let after = Usage::of(server)?;
        if fingerprint(data_dir)? == files && after.cpu_ticks <= before.cpu_ticks + 1 {
            return Ok(());
        }
    }
    Err(format!("a server that nobody uses did not come to rest within {} s", SETTLED_WITHIN.as_secs()))
}

fn create_queue(server: &Server) -> Result<String, String> {
    let mut client = Client::new(&server.api, Duration::from_secs(10));
    let reply =
        client.sqs("CreateQueue", &json!({ "QueueName": "idle" })).map_err(|e| e.to_string())?.ok()?;
    let url = reply.json()["QueueUrl"].as_str().map(str::to_owned);
    url.ok_or_else(|| format!("CreateQueue answered {}", reply.body))
}

fn park(clients: &mut [Client], queue_url: &str) -> Result<(), String> {
    let input = json!({ "QueueUrl": queue_url, "WaitTimeSeconds": 20 });
    clients.iter_mut().try_for_each(|client| {
        client.start_sqs("ReceiveMessage", &input).map_err(|e| format!("cannot park a poll: {e}"))
    })
}

fn demand_empty(parked: &mut [Client]) -> Result<(), String> {
    let started = Instant::now();
    for client in parked {
        let reply = client.answer().map_err(|e| format!("a parked poll got no answer: {e}"))?.ok()?;
        if reply.json().get("Messages").is_some() {
            return Err(format!("an empty queue answered {}", reply.body));
        }
    }
    if started.elapsed() > Duration::from_secs(15) {
        return Err("parked polls ended late".to_owned());
    }
    Ok(())
}

/// What a process has used so far.
#[derive(Debug)]
struct Usage {
    cpu_ticks: u64,
    resident_kib: u64,
    written: u64,
}

impl Usage {
    fn of(server: &Server) -> Result<Usage, String> {
        let directory = Path::new("/proc").join(server.pid().to_string());
        let stat = tree::read(&directory.join("stat"))?;
        // Fields after the command name, which ends with the last parenthesis: user time is 14, system 15.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
        Ok(Usage {
            cpu_ticks: ticks(11) + ticks(12),
            resident_kib: process::resident_kib(server.pid())?,
            written: process::field(&tree::read(&directory.join("io"))?, "write_bytes:"),
        })
    }
}

/// Names, lengths and times of every file below a directory.
fn fingerprint(directory: &Path) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_path_buf()];
    while let Some(directory) = open.pop() {
        let listing = std::fs::read_dir(&directory).map_err(|e| format!("{}: {e}", directory.display()))?;
        for entry in listing.filter_map(Result::ok) {
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                open.push(entry.path());
            } else {
                found.push(format!("{:?} {} {:?}", entry.path(), metadata.len(), metadata.modified().ok()));
            }
        }
    }
    found.sort();
    Ok(found)
}
