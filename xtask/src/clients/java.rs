//! The AWS SDK for Java and the extended client library, run by Maven and JUnit.
//!
//! Maven's repository and what it builds lie in `sdk-java` below the target directory. Versions are those of
//! `tests/sdk-java/pom.xml`. Once they are installed, Maven runs without a network.

use super::{Client, DROPPED, Line, Run, client_command, install_once, list, major};
use crate::{step, tree};
use std::path::{Path, PathBuf};
use std::process::Command;

pub(super) const CLIENT: Client =
    Client { name: "java", needs: &["javac", "mvn"], install, run: Run::Against(run, DROPPED) };

/// The oldest release of Java that the tests and the S3 server are written for.
const JAVA_MIN: u32 = 17;
const MANIFEST: &str = "tests/sdk-java/pom.xml";

fn installed() -> PathBuf {
    tree::target().join("sdk-java")
}

/// The arguments that every run of the tests has.
fn with_maven(command: &mut Command) -> &mut Command {
    let directory = installed();
    with_manifest(command, MANIFEST, &directory)
        .arg(format!("-Doutputs={}", directory.join("build").display()))
}

/// The arguments that every run of Maven has: its repository lies below `directory`.
fn with_manifest<'a>(command: &'a mut Command, manifest: &str, directory: &Path) -> &'a mut Command {
    command
        .args(["--quiet", "--batch-mode", "--no-transfer-progress", "-Dstyle.color=never", "--file"])
        .arg(tree::root().join(manifest))
        .arg(format!("-Dmaven.repo.local={}", directory.join("repository").display()))
}

fn install() -> Result<(), String> {
    demand_compiler()?;
    install_once(&installed(), &tree::read(&tree::root().join(MANIFEST))?, || {
        fetch(with_maven(&mut Command::new("mvn")).args(["-Dmaven.test.skip=true", "test"]))
    })
}

/// Fails if the compiler of Java is too old.
pub(super) fn demand_compiler() -> Result<(), String> {
    let version = step::capture(Command::new("javac").arg("--version"))?;
    if major(&version, "javac ").is_none_or(|major| major < JAVA_MIN) {
        return Err(format!("the compiler is {}, and at least {JAVA_MIN} is needed", version.trim()));
    }
    Ok(())
}

/// Copies the jars that a manifest of the tree names to `jars` below `directory`.
pub(super) fn copy_jars(manifest: &str, directory: &Path) -> Result<(), String> {
    let mut maven = Command::new("mvn");
    let maven = with_manifest(&mut maven, manifest, directory).arg("dependency:copy-dependencies");
    fetch(maven.arg(format!("-DoutputDirectory={}", directory.join("jars").display())))
}

/// Has Maven fetch what is missing.
fn fetch(maven: &mut Command) -> Result<(), String> {
    let output =
        maven.arg("-Dmaven.wagon.http.retryHandler.count=3").output().map_err(|e| format!("mvn: {e}"))?;
    // Maven tells its errors on standard output; the first one names what is missing.
    let printed = String::from_utf8_lossy(&output.stdout);
    let reason = printed.lines().find(|line| line.contains("[ERROR]")).unwrap_or("mvn failed");
    if output.status.success() { Ok(()) } else { Err(reason.to_owned()) }
}

fn run(endpoint: &str) -> Result<u32, String> {
    let mut maven = client_command(Path::new("mvn"), endpoint);
    list(with_maven(&mut maven).args(["--offline", "test"]), read)
}

/// A line as the listener of the tests writes it. Maven resets the colours of a terminal whether there is one
/// or not.
fn read(line: &str) -> Line<'_> {
    let line = line.trim_start_matches("\u{1b}[0m");
    match line.strip_prefix("passed ") {
        Some(test) => Line::Passed(test),
        None if line.is_empty() => Line::Noise,
        None => Line::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_listener_are_read() {
        assert_eq!(read("passed FifoTest.sizes [1]"), Line::Passed("FifoTest.sizes [1]"));
        assert_eq!(read("FAILED FifoTest.sizes"), Line::Other);
        assert_eq!(read("\u{1b}[0m\u{1b}[0mpassed QueueTest.tags"), Line::Passed("QueueTest.tags"));
        assert_eq!(read("\u{1b}[0m"), Line::Noise);
        assert_eq!(read("[ERROR] no"), Line::Other);
    }
}
