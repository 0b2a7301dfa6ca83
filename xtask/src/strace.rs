//! `cargo x strace`: no acknowledgement leaves before the fdatasync that covers it has returned.
//!
//! The binary runs under `strace` while a few clients send messages, each with a body of its own. From the
//! trace: the write to the log that holds the body, the fdatasync of that file that begins after that write
//! has returned, and the write to the socket that holds the message's id. The order of the lines in a trace
//! is the order in which the kernel stopped the threads, so it can be trusted across threads: a thread that
//! was woken by another's fdatasync is seen writing after that fdatasync was seen returning.

mod trace;

use crate::flags::Flags;
use crate::http::Client;
use crate::server::{self, Launch, Profile, Server};
use crate::step::{self, Outcome};
use crate::tree;
use serde_json::json;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const CLIENTS: u32 = 4;
const SYSCALLS: &str = "trace=fsync,fdatasync,write,writev,sendto,sendmsg,pwrite64,pwritev,pwritev2";

/// `cargo x strace`; without `--shards`, with 1 and with 4.
pub(crate) fn command(arguments: &[String]) -> Result<(), String> {
    let flags = Flags::parse(arguments, &["shards", "sends"], &["release"])?;
    let profile = if flags.has("release") { Profile::Release } else { Profile::Checked };
    let shards = match flags.text("shards") {
        None => vec![1, 4],
        Some(_) => vec![flags.number("shards", 1)?],
    };
    for shards in shards {
        if let Outcome::Skipped(reason) = run(profile, shards, flags.number("sends", 300)?)? {
            return Err(reason);
        }
    }
    Ok(())
}

/// Traces `sends` sends and checks every reply.
pub(crate) fn run(profile: Profile, shards: u32, sends: u32) -> Result<Outcome, String> {
    if let Err(reason) = install() {
        return Ok(Outcome::Skipped(reason));
    }
    let binary = server::binary(profile)?;
    let directory = tree::fresh("strace")?;
    let (data_dir, recording) = (directory.join("data"), directory.join("trace.txt"));
    let mut launch = Launch::new(&binary, &data_dir, shards);
    // -D keeps the server our own child; -y prints paths beside file descriptors; -s must exceed the entries
    // that a few clients can fill, but not the zeros that segments are filled with.
    let words = ["strace", "-D", "-f", "-y", "-ttt", "-s", "65536", "-e", SYSCALLS, "-o"];
    launch.under = words.map(str::to_owned).to_vec();
    launch.under.push(recording.to_string_lossy().into_owned());
    let server = launch.start()?;
    let pid = server.pid();
    let sent = send_all(&server, sends)?;
    server.terminate()?;
    let text = finished(&recording, pid)?;
    let inside = data_dir.canonicalize().map_err(|e| format!("{}: {e}", data_dir.display()))?.join("");
    let report = trace::check(&text, &inside.to_string_lossy(), &sent);
    println!("    {report}; shards {shards}");
    if !report.complaints.is_empty() {
        let shown = &report.complaints[..report.complaints.len().min(10)];
        let count = report.complaints.len();
        return Err(format!(
            "{count} replies without proof\n  {}\n  kept: {}",
            shown.join("\n  "),
            recording.display()
        ));
    }
    server::demand_quiet(&launch.log, &[])?;
    Ok(Outcome::Done)
}

/// Makes sure that there is an strace; installs it where that is nobody's business but ours.
fn install() -> Result<(), String> {
    if step::exists("strace") {
        return Ok(());
    }
    let root = step::capture(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !root || !tree::in_ci() {
        return Err("there is no strace on this machine".to_owned());
    }
    step::exec(Command::new("apt-get").args(["update", "-qq"]))?;
    step::exec(Command::new("apt-get").args(["install", "-y", "-qq", "strace"]))
}

/// Sends from several connections at once; what was sent, with the message ids that were acknowledged.
fn send_all(server: &Server, sends: u32) -> Result<Vec<trace::Sent>, String> {
    let mut client = Client::new(&server.api, Duration::from_secs(60));
    let created = client.sqs("CreateQueue", &json!({ "QueueName": "traced" })).map_err(|e| e.to_string())?;
    let url = created.ok()?.json()["QueueUrl"].as_str().ok_or("CreateQueue answered no QueueUrl")?.to_owned();
    let threads: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (api, url) = (server.api.clone(), url.clone());
            std::thread::spawn(move || send_some(&api, &url, client, sends / CLIENTS))
        })
        .collect();
    let mut sent = Vec::new();
    for thread in threads {
        sent.extend(thread.join().map_err(|_| "a sender panicked")??);
    }
    Ok(sent)
}

fn send_some(api: &str, url: &str, number: u32, sends: u32) -> Result<Vec<trace::Sent>, String> {
    let mut client = Client::new(api, Duration::from_secs(60));
    let mut sent = Vec::new();
    for at in 0..sends {
        let body = format!("traced-body-{number:02}-{at:06}-end");
        let input = json!({ "QueueUrl": url, "MessageBody": body });
        let reply = client.sqs("SendMessage", &input).map_err(|e| format!("SendMessage: {e}"))?.ok()?.json();
        let id = reply["MessageId"].as_str().ok_or("SendMessage answered no MessageId")?;
        sent.push(trace::Sent { body, message_id: id.to_owned() });
    }
    Ok(sent)
}

/// The recording, once strace has written the end of the process.
fn finished(recording: &Path, pid: u32) -> Result<String, String> {
    let deadline = Instant::now() + Duration::from_secs(10);
    let end = format!("{pid} ");
    loop {
        let text =
            String::from_utf8_lossy(&std::fs::read(recording).map_err(|e| e.to_string())?).into_owned();
        if text.lines().any(|line| line.starts_with(&end) && line.contains("+++ ")) {
            return Ok(text);
        }
        if Instant::now() > deadline {
            return Err(format!("{} has no end", recording.display()));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
