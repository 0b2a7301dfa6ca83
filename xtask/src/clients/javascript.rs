//! The AWS SDK for JavaScript and `sqs-consumer`, run by node's own test runner.
//!
//! Node looks for packages beside the file that imports them, so the tests are copied to where the packages
//! are installed, `sdk-js` below the target directory. Versions, down to the last dependency, are those of
//! `tests/sdk-js/package-lock.json`.

use super::{Client, DROPPED, Line, Run, client_command, copy, files_ending, install_once, list, major};
use crate::{step, tree};
use std::path::{Path, PathBuf};
use std::process::Command;

pub(super) const CLIENT: Client =
    Client { name: "javascript", needs: &["node", "npm"], install, run: Run::Against(run, DROPPED) };

/// The oldest release line of node that both packages support.
const NODE_MIN: u32 = 20;
const MANIFESTS: [&str; 2] = ["package.json", "package-lock.json"];

fn sources() -> PathBuf {
    tree::root().join("tests/sdk-js")
}

fn installed() -> PathBuf {
    tree::target().join("sdk-js")
}

fn install() -> Result<(), String> {
    let wanted = wanted(&sources())?;
    let directory = installed();
    install_once(&directory, &wanted, || packages(&sources(), &directory))
}

/// What the packages of this directory are installed for: the release of node, which must not be too old, and
/// the manifests.
pub(super) fn wanted(sources: &Path) -> Result<String, String> {
    let mut wanted = step::capture(Command::new("node").arg("--version"))?;
    if major(&wanted, "v").is_none_or(|major| major < NODE_MIN) {
        return Err(format!("node is {}, and at least {NODE_MIN} is needed", wanted.trim()));
    }
    for manifest in MANIFESTS {
        wanted += &tree::read(&sources.join(manifest))?;
    }
    Ok(wanted)
}

/// Installs the packages that the manifests in `sources` name into `node_modules` below `directory`.
pub(super) fn packages(sources: &Path, directory: &Path) -> Result<(), String> {
    for manifest in MANIFESTS {
        copy(&sources.join(manifest), directory)?;
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel", "error", "--cache"]);
    npm.arg(directory.join("cache")).current_dir(directory);
    step::capture(&mut npm).map(|_| ())
}

fn run(endpoint: &str) -> Result<u32, String> {
    let directory = installed();
    for stale in files_ending(&directory, ".mjs")? {
        std::fs::remove_file(&stale).map_err(|e| format!("cannot remove {}: {e}", stale.display()))?;
    }
    for source in files_ending(&sources(), ".mjs")? {
        copy(&source, &directory)?;
    }
    let mut node = client_command(Path::new("node"), endpoint);
    node.args(["--no-warnings", "--test", "--test-reporter=spec", "--test-timeout=60000"]);
    let tests = files_ending(&directory, ".test.mjs")?;
    node.arg("--test-concurrency=4").args(tests.iter().filter_map(|test| test.file_name()));
    node.current_dir(&directory);
    list(&mut node, read)
}

/// A line of node's reporter `spec`.
fn read(line: &str) -> Line<'_> {
    match line.strip_prefix("✔ ") {
        // What stands in parentheses at the end is how long the test took.
        Some(test) => Line::Passed(test.rsplit_once(" (").map_or(test, |(name, _)| name)),
        None if line.starts_with("ℹ ") => Line::Noise,
        None => Line::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_reporter_are_read() {
        assert_eq!(read("✔ fifo: one (or two) (12.5ms)"), Line::Passed("fifo: one (or two)"));
        assert_eq!(read("✖ fifo: none (1ms)"), Line::Other);
        assert_eq!(read("ℹ tests 7"), Line::Noise);
    }
}
