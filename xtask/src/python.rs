//! The Python half: virtual environments below the target directory, and what runs in them.
//!
//! There are two environments, because SQS has two wire protocols and one SDK release speaks only one of
//! them: the current boto3 speaks AWS JSON, and the last release line before the change speaks AWS Query.
//! Versions are pinned in `tests/sdk-python/requirements*.txt`. Other clients in Python have an environment each,
//! too; see `clients::python`.

use crate::clients::install_once;
use crate::flags::Flags;
use crate::server::{self, Profile};
use crate::step::{self, Outcome, Steps};
use crate::tree;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which protocol the SDK of an environment speaks to SQS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// AWS JSON 1.0.
    Json,
    /// AWS Query.
    Query,
}

impl Dialect {
    const ALL: [Dialect; 2] = [Dialect::Json, Dialect::Query];

    fn name(self) -> &'static str {
        match self {
            Dialect::Json => "json",
            Dialect::Query => "query",
        }
    }

    /// As people write it.
    fn title(self) -> &'static str {
        match self {
            Dialect::Json => "JSON",
            Dialect::Query => "Query",
        }
    }

    fn environment(self) -> Result<PathBuf, String> {
        let requirements = match self {
            Dialect::Json => "tests/sdk-python/requirements.txt",
            Dialect::Query => "tests/sdk-python/requirements-query.txt",
        };
        environment(self.name(), requirements)
    }
}

/// `cargo x sdk`.
pub(crate) fn sdk(arguments: &[String]) -> Result<(), String> {
    let flags = Flags::parse(arguments, &["shards", "only"], &["release"])?;
    let only = match flags.text("only") {
        None => None,
        Some("json") => Some(Dialect::Json),
        Some("query") => Some(Dialect::Query),
        Some(other) => return Err(format!("--only takes json or query, not {other:?}")),
    };
    let profile = if flags.has("release") { Profile::Release } else { Profile::Checked };
    match run_sdk(profile, flags.number("shards", 1)?, only)? {
        Outcome::Done => Ok(()),
        Outcome::Skipped(reason) => Err(reason),
    }
}

/// Runs the pytest suite, in both environments unless `only` names one.
pub(crate) fn run_sdk(profile: Profile, shards: u32, only: Option<Dialect>) -> Result<Outcome, String> {
    let binary = server::binary(profile)?;
    for dialect in Dialect::ALL {
        if only.is_some_and(|chosen| chosen != dialect) {
            continue;
        }
        let python = match dialect.environment() {
            Ok(python) => python,
            Err(reason) => return Ok(Outcome::Skipped(reason)),
        };
        let mut pytest = Command::new(python);
        pytest.args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/sdk-python"]);
        if dialect == Dialect::Query {
            pytest.args(["-m", "sqs"]);
        }
        step::exec(with_server(&mut pytest, &binary, shards)?)?;
    }
    Ok(Outcome::Done)
}

/// Runs the pytest suite as the steps of two clients, one for each environment.
pub(crate) fn run_boto3(steps: &mut Steps, profile: Profile, shards: u32) -> Result<(), String> {
    for dialect in Dialect::ALL {
        let name = format!("e2e: client boto3 ({})", dialect.title());
        steps.run(&name, || run_sdk(profile, shards, Some(dialect)))?;
    }
    Ok(())
}

/// Runs the acceptance run of the fan-out.
pub(crate) fn run_fanout(profile: Profile, shards: u32) -> Result<Outcome, String> {
    let binary = server::binary(profile)?;
    let python = match Dialect::Json.environment() {
        Ok(python) => python,
        Err(reason) => return Ok(Outcome::Skipped(reason)),
    };
    let mut script = Command::new(python);
    script.arg("tests/sdk-python/fanout_under_kill.py");
    step::exec(with_server(&mut script, &binary, shards)?)?;
    Ok(Outcome::Done)
}

fn with_server<'a>(command: &'a mut Command, binary: &Path, shards: u32) -> Result<&'a mut Command, String> {
    let scratch = tree::fresh("sdk-python")?;
    Ok(command
        .env("POSTRIDER_BIN", binary)
        .env("POSTRIDER_SHARDS", shards.to_string())
        .env("POSTRIDER_SCRATCH", scratch)
        .env("PYTHONDONTWRITEBYTECODE", "1"))
}

/// The interpreter of the environment `name` below the target directory, installed if the requirements in that
/// file of the tree changed. An error says why it cannot be had here.
pub(crate) fn environment(name: &str, requirements: &str) -> Result<PathBuf, String> {
    if !step::exists("python3") {
        return Err("there is no python3 on this machine".to_owned());
    }
    let requirements = tree::root().join(requirements);
    let directory = tree::target().join("venv").join(name);
    let python = directory.join("bin/python");
    // Programs in an environment know its path, so one that was moved is made anew.
    let wanted = format!("# {}\n{}", directory.display(), tree::read(&requirements)?);
    install_once(&directory, &wanted, || {
        step::capture(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&directory))?;
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&requirements);
        step::capture(&mut pip).map(|_| ())
    })?;
    Ok(python)
}
