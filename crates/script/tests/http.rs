//! Every script that does not need simulated time, over HTTP on a binary of its own: with one shard and with four.
//!
//! `POSTRIDER_BIN` names the binary; without it there is nothing to test, and a line says so.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use postrider_script::{HttpTarget, Runs, Script, run};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Mutex;
use std::thread::JoinHandle;
use std::time::Duration;

/// Warnings that a server without credentials, and deliveries to queues that are gone, deserve.
const EXPECTED: [&str; 2] = ["no credentials are configured", "deliveries were dropped"];

/// Scripts that run at once: they mostly wait.
const AT_ONCE: usize = 8;
/// How late a step may be for its script to count, if it fails; scripts tell times half a second apart at the closest.
const LATE_MAX: Duration = Duration::from_millis(200);
/// How often a script runs again that failed and was late.
const RUNS_MAX: u32 = 5;

struct Server {
    child: Child,
    api: SocketAddr,
    admin: SocketAddr,
    log: Option<JoinHandle<String>>,
}

impl Server {
    fn start(binary: &str, shards: &str) -> Server {
        let mut command = Command::new(binary);
        command.args(["serve", "--memory", "--shards", shards]);
        command.args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let log = std::thread::spawn(move || read(stderr));
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = |of: &str| {
            let address = line.split_whitespace().find_map(|word| word.strip_prefix(of));
            address.unwrap_or_else(|| panic!("the server said {line:?}")).parse().unwrap()
        };
        Server { child, api: address("api=http://"), admin: address("admin=http://"), log: Some(log) }
    }

    /// Ends it, and gives the lines of its log that nobody expected.
    fn stop(mut self) -> Vec<String> {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let log = self.log.take().unwrap().join().unwrap();
        let bad =
            log.lines().filter(|line| ["WARN", "ERROR", "panicked"].iter().any(|bad| line.contains(bad)));
        let bad = bad.filter(|line| !EXPECTED.iter().any(|expected| line.contains(expected)));
        bad.map(str::to_owned).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(mut stderr: ChildStderr) -> String {
    let mut bytes = Vec::new();
    let _ = stderr.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Name and text of each script, in order.
fn scripts() -> Vec<(String, Script)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scripts");
    let paths = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let paths = paths.filter(|path| path.extension().is_some_and(|extension| extension == "script"));
    let mut scripts = paths
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let script = Script::parse(&text).unwrap_or_else(|mistake| panic!("{name}: {mistake}"));
            (name, script)
        })
        .filter(|(_, script)| script.runs != Runs::Pure)
        .collect::<Vec<_>>();
    scripts.sort_by(|a, b| a.0.cmp(&b.0));
    scripts
}

/// How a run of a script ended.
enum Ended {
    Well,
    /// What was wrong.
    Badly(String),
    /// It did not answer as expected, on a machine too busy to keep its times: that shows nothing.
    Late(String),
}

fn check(binary: &str, shards: &str, name: &str, script: &Script) -> Ended {
    let server = Server::start(binary, shards);
    let mut target = HttpTarget::new(server.api, server.admin);
    let failed = run(script, &mut target).err();
    let said = server.stop();
    match failed {
        _ if !said.is_empty() => Ended::Badly(format!("{name}: the server said: {}", said.join("\n"))),
        None => Ended::Well,
        Some(failure) if target.late() > LATE_MAX => Ended::Late(format!("{name}: {failure}")),
        Some(failure) => Ended::Badly(format!("{name}: {failure}")),
    }
}

/// Runs all, many at a time because they mostly wait; and those that were late again, by themselves.
fn run_all(shards: &str) {
    let Ok(binary) = std::env::var("POSTRIDER_BIN") else {
        println!("skipped: POSTRIDER_BIN does not name the binary");
        return;
    };
    let scripts = scripts();
    assert!(scripts.len() >= 70, "the scripts are found");
    let next = Mutex::new(scripts.iter());
    let (failures, late) = (Mutex::new(Vec::<String>::new()), Mutex::new(Vec::new()));
    let work = || {
        loop {
            let Some((name, script)) = next.lock().unwrap().next() else { break };
            let ended = check(&binary, shards, name, script);
            match ended {
                Ended::Well => {}
                Ended::Badly(failure) => failures.lock().unwrap().push(failure),
                Ended::Late(_) => late.lock().unwrap().push((name, script)),
            }
        }
    };
    std::thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(work))));
    let mut failures = failures.into_inner().unwrap();
    for (name, script) in late.into_inner().unwrap() {
        failures.extend(alone(|| check(&binary, shards, name, script)));
    }
    assert!(failures.is_empty(), "on {shards} shards:\n{}", failures.join("\n"));
}

/// What was wrong with the first of some runs that was not late.
fn alone(run: impl Fn() -> Ended) -> Option<String> {
    let mut last = None;
    for _ in 0..RUNS_MAX {
        match run() {
            Ended::Well => return None,
            Ended::Badly(failure) => return Some(failure),
            Ended::Late(failure) => {
                last = Some(format!("{failure}\n    in {RUNS_MAX} runs, and all were late"))
            }
        }
    }
    last
}

#[test]
fn on_one_shard() {
    run_all("1");
}

#[test]
fn on_four_shards() {
    run_all("4");
}
