//! The built binary as a process: build it, start it, kill it, read its log.
//!
//! The contract with the binary: flags `--listen --admin-listen --data-dir --durability --shards`, one line
//! `listening api=http://HOST:PORT admin=http://HOST:PORT` on standard output when it serves, `/readyz` on
//! the admin listener, log lines on standard error.

use crate::http::Client;
use crate::{step, tree};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long a start, which may include a recovery, is allowed to take.
const START_WITHIN: Duration = Duration::from_secs(30);
/// How long a server may take to drain and exit.
const STOP_WITHIN: Duration = Duration::from_secs(15);
/// The credential that a server with signatures is started with.
pub(crate) const ACCESS_KEY_ID: &str = "AKIDPOSTRIDERBENCH01";
/// The secret of `ACCESS_KEY_ID`.
pub(crate) const SECRET_ACCESS_KEY: &str = "made-up-secret/for+the+bench";

/// How the binary is optimised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// With debug assertions, so that the server checks its invariants as it goes.
    Checked,
    /// As users run it.
    Release,
}

/// Whether the server asks for signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// No credential: every request is accepted, on loopback only.
    Open,
    /// One credential: every signature is verified.
    Signed,
}

/// The path of the binary, built unless `POSTRIDER_BIN` names one.
pub(crate) fn binary(profile: Profile) -> Result<PathBuf, String> {
    if let Some(given) = std::env::var_os("POSTRIDER_BIN") {
        return Ok(PathBuf::from(given));
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "-p", "postrider-server", "--bin", "postrider"]);
    let directory = match profile {
        Profile::Checked => "debug",
        Profile::Release => {
            cargo.arg("--release");
            "release"
        }
    };
    step::exec(&mut cargo)?;
    Ok(tree::target().join(directory).join("postrider"))
}

/// What to start.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    /// The binary.
    pub(crate) binary: PathBuf,
    /// The data directory; made by the server if it does not exist.
    pub(crate) data_dir: PathBuf,
    /// The number of shards, fixed when the data directory is created.
    pub(crate) shards: u32,
    /// Whether requests are signed.
    pub(crate) access: Access,
    /// `--durability`: what an acknowledged request has survived.
    pub(crate) durability: &'static str,
    /// Further flags.
    pub(crate) more: Vec<String>,
    /// A command to run the binary under; its words come first.
    pub(crate) under: Vec<String>,
    /// The file that the log lines are appended to.
    pub(crate) log: PathBuf,
}

impl Launch {
    /// An open server over `data_dir` that logs beside it.
    pub(crate) fn new(binary: &Path, data_dir: &Path, shards: u32) -> Launch {
        Launch {
            binary: binary.to_path_buf(),
            data_dir: data_dir.to_path_buf(),
            shards,
            access: Access::Open,
            durability: "fsync",
            more: Vec::new(),
            under: Vec::new(),
            log: data_dir.with_extension("log"),
        }
    }

    /// Starts the server and waits until it is ready.
    pub(crate) fn start(&self) -> Result<Server, String> {
        let log = OpenOptions::new().create(true).append(true).open(&self.log);
        let log = log.map_err(|e| format!("cannot write {}: {e}", self.log.display()))?;
        let mut child = self.command(log).spawn().map_err(|e| format!("cannot start the server: {e}"))?;
        let stdout = child.stdout.take().expect("standard output is piped");
        let mut server = Server { child, api: String::new(), admin: String::new(), log: self.log.clone() };
        let deadline = Instant::now() + START_WITHIN;
        let (api, admin) = addresses(stdout, START_WITHIN).map_err(|reason| {
            format!("{reason}; its log {} ends with\n{}", self.log.display(), tail(&self.log))
        })?;
        server.api = api;
        server.admin = admin;
        server.wait_ready(deadline)?;
        Ok(server)
    }

    fn command(&self, log: File) -> Command {
        let mut words = self.under.clone();
        words.push(self.binary.to_string_lossy().into_owned());
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).arg("serve");
        command.args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
        command.args(["--durability", self.durability]);
        command.arg("--data-dir").arg(&self.data_dir).arg("--shards").arg(self.shards.to_string());
        command.args(&self.more);
        command.env("NO_COLOR", "1");
        match self.access {
            Access::Open => {
                command.env_remove("POSTRIDER_ACCESS_KEY_ID").env_remove("POSTRIDER_SECRET_ACCESS_KEY");
            }
            Access::Signed => {
                command.env("POSTRIDER_ACCESS_KEY_ID", ACCESS_KEY_ID);
                command.env("POSTRIDER_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY);
            }
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        command
    }
}

/// A running server. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// `host:port` of the API.
    pub(crate) api: String,
    /// `host:port` of the admin listener.
    pub(crate) admin: String,
    log: PathBuf,
}

impl Server {
    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The sum of these metrics over all shards, read from one page.
    pub(crate) fn metrics(&self, names: &[&str]) -> Result<u64, String> {
        let reply = Client::new(&self.admin, Duration::from_secs(10)).fetch("/metrics");
        let page = reply.map_err(|e| format!("/metrics: {e}"))?.ok()?.body;
        let value = |line: &str| {
            let (name, value) = line.rsplit_once(' ')?;
            let name = name.split('{').next().unwrap_or_default();
            if names.contains(&name) { value.parse::<u64>().ok() } else { None }
        };
        Ok(page.lines().filter_map(value).sum())
    }

    /// Fails if the server has ended by itself.
    pub(crate) fn alive(&mut self) -> Result<(), String> {
        match self.child.try_wait().map_err(|e| e.to_string())? {
            None => Ok(()),
            Some(status) => Err(format!("the server ended by itself: {status}\n{}", tail(&self.log))),
        }
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) -> Result<(), String> {
        self.alive()?;
        self.child.kill().map_err(|e| format!("cannot kill the server: {e}"))?;
        self.child.wait().map_err(|e| format!("cannot wait for the server: {e}"))?;
        Ok(())
    }

    /// `SIGTERM`, and an exit with success within a bound.
    pub(crate) fn terminate(mut self) -> Result<(), String> {
        self.alive()?;
        step::capture(Command::new("kill").args(["-TERM", &self.pid().to_string()]))?;
        let deadline = Instant::now() + STOP_WITHIN;
        while Instant::now() < deadline {
            match self.child.try_wait().map_err(|e| e.to_string())? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(format!("SIGTERM ended the server with {status}")),
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        }
        Err(format!("the server did not exit within {} s of SIGTERM", STOP_WITHIN.as_secs()))
    }

    fn wait_ready(&mut self, deadline: Instant) -> Result<(), String> {
        while Instant::now() < deadline {
            self.alive()?;
            let reply = Client::new(&self.admin, Duration::from_secs(5)).fetch("/readyz");
            if reply.is_ok_and(|reply| reply.status == 200) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err(format!("/readyz was not 200 within {} s\n{}", START_WITHIN.as_secs(), tail(&self.log)))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for the line that says where the server listens, and keeps reading so that the pipe never fills.
fn addresses(stdout: ChildStdout, within: Duration) -> Result<(String, String), String> {
    let (found, wait) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(addresses) = parse_listening(&line) {
                let _ = found.send(addresses);
            }
        }
    });
    wait.recv_timeout(within).map_err(|_| "the server did not say that it is listening".to_owned())
}

fn parse_listening(line: &str) -> Option<(String, String)> {
    let mut words = line.strip_prefix("listening ")?.split_whitespace();
    let api = words.next()?.strip_prefix("api=http://")?;
    let admin = words.next()?.strip_prefix("admin=http://")?;
    Some((api.to_owned(), admin.to_owned()))
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

/// The WARN and ERROR lines and panics of a log, but for those that contain one of `expected`.
pub(crate) fn complaints(log: &Path, expected: &[&str]) -> Result<Vec<String>, String> {
    let text = tree::read(log)?;
    Ok(text
        .lines()
        .filter(|line| {
            let level = line.split(|c: char| !c.is_ascii_alphanumeric()).take(24);
            level.clone().any(|word| word == "WARN" || word == "ERROR") || line.contains("panicked at")
        })
        .filter(|line| !expected.iter().any(|text| line.contains(text)))
        .map(str::to_owned)
        .collect())
}

/// Fails if the log complains about anything that is not `expected`.
pub(crate) fn demand_quiet(log: &Path, expected: &[&str]) -> Result<(), String> {
    let lines = complaints(log, expected)?;
    if lines.is_empty() {
        return Ok(());
    }
    Err(format!("the server complained in {}:\n{}", log.display(), lines.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_listening_line_is_read() {
        let line = "listening api=http://127.0.0.1:41 admin=http://127.0.0.1:42";
        assert_eq!(parse_listening(line), Some(("127.0.0.1:41".into(), "127.0.0.1:42".into())));
        assert_eq!(parse_listening("listening on 127.0.0.1:41"), None);
    }

    #[test]
    fn complaints_are_lines_of_a_bad_level() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("log");
        let text = "2026-01-02T03:04:05Z  INFO postrider: replayed entries=3\n\
                    2026-01-02T03:04:05Z  WARN postrider: cut the end of the log bytes=3\n\
                    {\"level\":\"ERROR\",\"message\":\"disk\"}\n\
                    thread 'main' panicked at src/main.rs\n";
        std::fs::write(&log, text).unwrap();
        assert_eq!(complaints(&log, &[]).unwrap().len(), 3);
        assert_eq!(complaints(&log, &["cut the end of the log"]).unwrap().len(), 2);
        assert!(demand_quiet(&log, &["cut the end of the log"]).is_err());
    }
}
