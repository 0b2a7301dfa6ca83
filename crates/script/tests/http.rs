//! Every script that does not need simulated time, over HTTP on the binary: with one shard and with four.
//!
//! `POSTRIDER_BIN` names the binary; without it there is nothing to test, and a line says so.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use postrider_script::{HttpTarget, Runs, Script, run};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread::JoinHandle;

/// Warnings that a server without credentials, and deliveries to queues that are gone, deserve.
const EXPECTED: [&str; 2] = ["no credentials are configured", "deliveries were dropped"];

struct Server {
    child: Child,
    address: SocketAddr,
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
        let address = line.split_whitespace().find_map(|word| word.strip_prefix("api=http://"));
        let address = address.unwrap_or_else(|| panic!("the server said {line:?}")).parse().unwrap();
        Server { child, address, log: Some(log) }
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

/// Runs all scripts at once: their seconds are real, and mostly spent waiting.
fn run_all(shards: &str) {
    let Ok(binary) = std::env::var("POSTRIDER_BIN") else {
        println!("skipped: POSTRIDER_BIN does not name the binary");
        return;
    };
    let server = Server::start(&binary, shards);
    let address = server.address;
    let running = scripts().into_iter().map(|(name, script)| {
        std::thread::spawn(move || {
            let prefix = format!("{}--", name.replace('.', "_"));
            let failed = run(&script, &mut HttpTarget::new(address, &prefix)).err();
            failed.map(|failure| format!("{name}: {failure}"))
        })
    });
    let running = running.collect::<Vec<_>>();
    assert!(running.len() >= 70, "the scripts are found");
    let mut failures = running.into_iter().filter_map(|run| run.join().unwrap()).collect::<Vec<_>>();
    failures.extend(server.stop().into_iter().map(|line| format!("the server said: {line}")));
    assert!(failures.is_empty(), "on {shards} shards:\n{}", failures.join("\n"));
}

#[test]
fn on_one_shard() {
    run_all("1");
}

#[test]
fn on_four_shards() {
    run_all("4");
}
