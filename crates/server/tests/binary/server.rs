//! The binary as a process.

use crate::client::Client;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_postrider");
const START_WITHIN: Duration = Duration::from_secs(20);
const END_WITHIN: Duration = Duration::from_secs(20);

/// The binary with nothing of this process's settings.
pub(crate) fn postrider(arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("POSTRIDER_")) {
        command.env_remove(name);
    }
    command.env("NO_COLOR", "1").args(arguments).stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub(crate) fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    postrider(arguments).envs(environment.iter().copied()).output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What to start. The data directory is made in a folder of its own.
pub(crate) struct Launch {
    folder: TempDir,
    flags: Vec<String>,
    environment: Vec<(String, String)>,
    expected: Vec<&'static str>,
}

impl Launch {
    pub(crate) fn new(flags: &[&str]) -> Launch {
        Launch {
            folder: tempfile::tempdir().unwrap(),
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
            environment: Vec::new(),
            expected: Vec::new(),
        }
    }

    pub(crate) fn with_environment(mut self, name: &str, value: &str) -> Launch {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// WARN and ERROR lines with this text are fine.
    pub(crate) fn expecting(mut self, text: &'static str) -> Launch {
        self.expected.push(text);
        self
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Starts the server, and waits until it says where it listens.
    pub(crate) fn start(&self) -> Server<'_> {
        self.start_with_admin("127.0.0.1:0")
    }

    /// The same, with the admin pages elsewhere.
    pub(crate) fn start_with_admin(&self, admin: &str) -> Server<'_> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log_path()).unwrap();
        let data_dir = self.data_dir();
        let mut command = postrider(&["serve", "--admin-listen", admin, "--data-dir"]);
        command.arg(data_dir).args(["--listen", "127.0.0.1:0"]).args(&self.flags);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let started = Instant::now();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let (said, line) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // Nobody may be interested in further lines.
                let _ = said.send(line);
            }
        });
        let mut server = Server {
            child,
            lines: line,
            api: Vec::new(),
            admin: String::new(),
            took: Duration::ZERO,
            launch: self,
        };
        let line = server.lines.recv_timeout(START_WITHIN);
        let line = line.unwrap_or_else(|_| panic!("the server did not listen:\n{}", self.log()));
        server.took = started.elapsed();
        let words: Vec<&str> = line.split(' ').collect();
        assert_eq!(words[0], "listening", "{line}");
        let named = |name: &str| {
            let words = words.iter().filter_map(|word| word.strip_prefix(name)).map(str::to_owned);
            words.collect::<Vec<_>>()
        };
        server.api = named("api=http://");
        server.admin = named("admin=http://").concat();
        server
    }
}

/// A running server. When dropped it is killed, and its log is judged.
pub(crate) struct Server<'l> {
    child: Child,
    lines: mpsc::Receiver<String>,
    pub(crate) api: Vec<String>,
    pub(crate) admin: String,
    /// From the start of the process to the line that says that it listens.
    pub(crate) took: Duration,
    launch: &'l Launch,
}

impl Server<'_> {
    pub(crate) fn client(&self) -> Client {
        Client::connect(&self.api[0])
    }

    pub(crate) fn admin(&self) -> Client {
        Client::connect(&self.admin)
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the end of the process.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + END_WITHIN;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the server did not end:\n{}", self.launch.log());
    }

    /// `SIGTERM`, and how long the end took.
    pub(crate) fn terminate(&mut self) -> Duration {
        let asked = Instant::now();
        self.signal("-TERM");
        let status = self.wait();
        assert!(status.success(), "{status}:\n{}", self.launch.log());
        asked.elapsed()
    }

    /// What the server said on standard output beyond its first line.
    pub(crate) fn said_more(&self) -> Vec<String> {
        self.lines.try_iter().collect()
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the server's log:\n{}", self.launch.log());
            return;
        }
        let log = self.launch.log();
        let bad = |line: &&str| ["WARN", "ERROR", "panicked"].iter().any(|word| line.contains(word));
        let complaints: Vec<&str> = log
            .lines()
            .filter(bad)
            .filter(|line| !self.launch.expected.iter().any(|expected| line.contains(expected)))
            .collect();
        assert!(complaints.is_empty(), "the server complained:\n{}", complaints.join("\n"));
    }
}

/// Everything below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}
