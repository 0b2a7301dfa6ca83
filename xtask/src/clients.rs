//! `cargo x clients`: other people's clients, unmodified, each with the test runner of its own language.
//!
//! Every client gets a server of its own, whose log must stay free of complaints that its tests do not provoke;
//! a client that needs a server with settings of its own starts it by itself. What a client needs is installed
//! below the target directory. A client whose toolchain is not on this machine is skipped with the reason,
//! which the steps turn into a failure in continuous integration. A run that passed no test is a failure too.

mod go;
mod java;
mod javascript;
mod python;
mod validators;

use crate::flags::Flags;
use crate::server::{self, Launch, Profile};
use crate::step::{self, Outcome, Steps};
use crate::tree;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// One kind of client.
#[derive(Debug)]
pub(crate) struct Client {
    /// As `--only` and the name of its step have it.
    pub(crate) name: &'static str,
    /// The programs without which it is skipped; each must end when started with `--version`.
    pub(crate) needs: &'static [&'static str],
    /// Puts what it needs below the target directory, unless it is there. A failure is why it is skipped.
    pub(crate) install: fn() -> Result<(), String>,
    /// Runs its tests and gives how many passed, or what failed.
    pub(crate) run: Run,
}

/// How the tests of a client come to a server.
#[derive(Debug)]
pub(crate) enum Run {
    /// They get the URL of one that was started for them. Complaints in its log are failures, but for those that
    /// contain one of these texts.
    Against(fn(&str) -> Result<u32, String>, &'static [&'static str]),
    /// They start this binary by themselves, with so many shards.
    Alone(fn(&Path, u32) -> Result<u32, String>),
}

/// What a server says when deliveries come to their end, as tests of topics have them do.
const DROPPED: &[&str] = &["deliveries were dropped"];

/// All of them, in the order in which they run.
const CLIENTS: &[Client] =
    &[javascript::CLIENT, go::CLIENT, java::CLIENT, python::AWS_CLI, python::CELERY, validators::CLIENT];

/// `cargo x clients`.
pub(crate) fn command(arguments: &[String]) -> Result<(), String> {
    let flags = Flags::parse(arguments, &["only", "shards"], &["release"])?;
    let profile = if flags.has("release") { Profile::Release } else { Profile::Checked };
    let mut steps = Steps::default();
    run(&mut steps, profile, flags.number("shards", 1)?, flags.text("only"))?;
    steps.summary();
    Ok(())
}

/// Runs the clients, one step each; `only` names some of them, separated by commas.
pub(crate) fn run(
    steps: &mut Steps,
    profile: Profile,
    shards: u32,
    only: Option<&str>,
) -> Result<(), String> {
    let chosen = chosen(only)?;
    let binary = server::binary(profile)?;
    for client in chosen {
        steps.run(&format!("e2e: client {}", client.name), || tested(client, &binary, shards))?;
    }
    Ok(())
}

fn chosen(only: Option<&str>) -> Result<Vec<&'static Client>, String> {
    let Some(only) = only else { return Ok(CLIENTS.iter().collect()) };
    let known: Vec<&str> = CLIENTS.iter().map(|client| client.name).collect();
    only.split(',')
        .map(|name| {
            let found = CLIENTS.iter().find(|client| client.name == name);
            found.ok_or_else(|| format!("there is no client {name:?}, only {}", known.join(", ")))
        })
        .collect()
}

fn tested(client: &Client, binary: &Path, shards: u32) -> Result<Outcome, String> {
    if let Some(absent) = client.needs.iter().find(|program| !step::exists(program)) {
        return Ok(Outcome::Skipped(format!("there is no {absent} on this machine")));
    }
    if let Err(reason) = (client.install)() {
        return Ok(Outcome::Skipped(format!("what it needs cannot be installed ({reason})")));
    }
    let passed = match &client.run {
        Run::Against(run, expected) => with_server(client.name, binary, shards, *run, expected)?,
        Run::Alone(run) => run(binary, shards)?,
    };
    if passed == 0 {
        return Err("no test ran".to_owned());
    }
    println!("    {}: {passed} passed, 0 failed", client.name);
    Ok(Outcome::Done)
}

fn with_server(
    name: &str,
    binary: &Path,
    shards: u32,
    run: fn(&str) -> Result<u32, String>,
    expected: &[&str],
) -> Result<u32, String> {
    let scratch = tree::fresh(&format!("client-{name}"))?;
    let launch = Launch::new(binary, &scratch.join("data"), shards);
    let server = launch.start()?;
    let passed = run(&format!("http://{}", server.api))?;
    server.terminate()?;
    server::demand_quiet(&launch.log, expected)?;
    Ok(passed)
}

/// A command in the root of the tree that knows the server, and nothing of the AWS settings of whoever runs it.
pub(crate) fn client_command(program: &Path, endpoint: &str) -> Command {
    let mut command = clean_command(program);
    command.env("POSTRIDER_ENDPOINT", endpoint);
    command
}

/// The same without a server.
pub(crate) fn clean_command(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("AWS_") || text.starts_with("POSTRIDER_") {
            command.env_remove(&name);
        }
    }
    let nowhere = tree::target().join("x").join("no-aws-settings");
    command
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", &nowhere)
        .env("AWS_SHARED_CREDENTIALS_FILE", &nowhere)
        .current_dir(tree::root());
    command
}

/// What a line of a test runner says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// A test of this name has passed.
    Passed(&'a str),
    /// Nothing that anybody needs to read.
    Noise,
    /// Whatever else: it is shown as it is.
    Other,
}

/// Runs a test runner, lists what passes as it goes, and counts it.
pub(crate) fn list(command: &mut Command, read: fn(&str) -> Line<'_>) -> Result<u32, String> {
    let shown = step::show(command);
    println!("    $ {shown}");
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|e| format!("{shown}: {e}"))?;
    let stdout = child.stdout.take().expect("standard output is piped");
    let mut passed = 0;
    for line in BufReader::new(stdout).lines() {
        let line = line.map_err(|e| format!("{shown}: {e}"))?;
        match read(&line) {
            Line::Passed(name) => {
                passed += 1;
                println!("      passed  {name}");
            }
            Line::Noise => {}
            Line::Other => println!("      {line}"),
        }
    }
    let status = child.wait().map_err(|e| format!("{shown}: {e}"))?;
    if status.success() { Ok(passed) } else { Err(format!("{shown}: {status}")) }
}

/// Runs `install` for a directory unless it has succeeded there for the same `wanted`, which lists versions.
pub(crate) fn install_once(
    directory: &Path,
    wanted: &str,
    install: impl FnOnce() -> Result<(), String>,
) -> Result<(), String> {
    let stamp = directory.join("installed.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    println!("    installing into {}", directory.display());
    std::fs::create_dir_all(directory).map_err(|e| format!("cannot make {}: {e}", directory.display()))?;
    // What a failed installation leaves behind is not what was there before.
    let _ = std::fs::remove_file(&stamp);
    install()?;
    std::fs::write(&stamp, wanted).map_err(|e| format!("cannot write {}: {e}", stamp.display()))
}

/// The major release in what a program says of its version, after `prefix`: 17 of `javac 17.0.15`.
pub(crate) fn major(version: &str, prefix: &str) -> Option<u32> {
    let number = version.trim().strip_prefix(prefix)?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Copies a file to a directory, under its own name.
pub(crate) fn copy(source: &Path, directory: &Path) -> Result<(), String> {
    let name = source.file_name().expect("a file that was listed or named has a name");
    let copied = std::fs::copy(source, directory.join(name));
    copied.map(|_| ()).map_err(|e| format!("cannot copy {}: {e}", source.display()))
}

/// The files directly in a directory of the tree whose names end so, sorted.
pub(crate) fn files_ending(directory: &Path, end: &str) -> Result<Vec<PathBuf>, String> {
    let failed = |e: std::io::Error| format!("cannot list {}: {e}", directory.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.to_string_lossy().ends_with(end) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_chosen_by_name() {
        assert_eq!(chosen(None).unwrap().len(), CLIENTS.len());
        let names: Vec<&str> = chosen(Some("go,javascript")).unwrap().iter().map(|c| c.name).collect();
        assert_eq!(names, ["go", "javascript"]);
        assert!(chosen(Some("cobol")).unwrap_err().contains("javascript"));
    }

    #[test]
    fn what_passes_is_counted_and_a_failure_is_one() {
        let read = |line: &str| match line.strip_prefix("ok ") {
            Some(_) => Line::Passed("a test"),
            None => Line::Other,
        };
        let mut fine = Command::new("sh");
        assert_eq!(list(fine.args(["-c", "echo ok 1; echo hm; echo ok 2"]), read), Ok(2));
        let mut broken = Command::new("sh");
        assert!(list(broken.args(["-c", "echo ok 1; exit 1"]), read).is_err());
    }

    #[test]
    fn versions_are_read() {
        assert_eq!(major("javac 17.0.15\n", "javac "), Some(17));
        assert_eq!(major("javac 21-ea", "javac "), Some(21));
        assert_eq!(major("v20.11.1\n", "v"), Some(20));
        assert_eq!(major("20", "v"), None);
        assert_eq!(major("v", "v"), None);
    }

    #[test]
    fn an_installation_is_repeated_only_for_other_versions() {
        let directory = tempfile::tempdir().unwrap();
        let mut times = 0;
        for wanted in ["1", "1", "2", "2"] {
            let install = || {
                times += 1;
                Ok(())
            };
            install_once(directory.path(), wanted, install).unwrap();
        }
        assert_eq!(times, 2);
        assert!(install_once(directory.path(), "3", || Err("no network".to_owned())).is_err());
        assert!(install_once(directory.path(), "2", || Err("no network".to_owned())).is_err());
    }
}
