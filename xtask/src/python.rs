//! The Python half: virtual environments below the target directory, and what runs in them.
//!
//! There are two environments, because SQS has two wire protocols and one SDK release speaks only one of
//! them: the current boto3 speaks AWS JSON, and the last release line before the change speaks AWS Query.
//! Versions are pinned in `tests/sdk-python/requirements*.txt`.

use crate::flags::Flags;
use crate::server::{self, Profile};
use crate::step::{self, Outcome};
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
    fn name(self) -> &'static str {
        match self {
            Dialect::Json => "json",
            Dialect::Query => "query",
        }
    }

    fn requirements(self) -> &'static str {
        match self {
            Dialect::Json => "requirements.txt",
            Dialect::Query => "requirements-query.txt",
        }
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
    for dialect in [Dialect::Json, Dialect::Query] {
        if only.is_some_and(|chosen| chosen != dialect) {
            continue;
        }
        let python = match environment(dialect)? {
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

/// Runs the acceptance run of the fan-out.
pub(crate) fn run_fanout(profile: Profile, shards: u32) -> Result<Outcome, String> {
    let binary = server::binary(profile)?;
    let python = match environment(Dialect::Json)? {
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

/// The interpreter of an environment, installed if its requirements changed; or why it cannot be had here.
fn environment(dialect: Dialect) -> Result<Result<PathBuf, String>, String> {
    if !step::exists("python3") {
        return Ok(Err("there is no python3 on this machine".to_owned()));
    }
    let requirements = tree::root().join("tests/sdk-python").join(dialect.requirements());
    let wanted = tree::read(&requirements)?;
    let directory = tree::target().join("venv").join(dialect.name());
    let (python, stamp) = (directory.join("bin/python"), directory.join("installed.txt"));
    if python.exists() && std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(Ok(python));
    }
    println!("    installing {} into {}", requirements.display(), directory.display());
    let made = step::capture(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&directory));
    if let Err(reason) = made {
        return Ok(Err(format!("python3 cannot make a virtual environment ({reason})")));
    }
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&requirements);
    if let Err(reason) = step::capture(&mut pip) {
        return Ok(Err(format!("pip cannot install what is needed ({reason})")));
    }
    std::fs::write(&stamp, wanted).map_err(|e| format!("cannot write {}: {e}", stamp.display()))?;
    Ok(Ok(python))
}
