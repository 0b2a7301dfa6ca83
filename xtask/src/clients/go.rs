//! The AWS SDK for Go, run by `go test`.
//!
//! Modules, the build cache and the test binary lie in `sdk-go` below the target directory. Versions are those
//! of `tests/sdk-go/go.mod`, and `go.sum` holds their digests. The toolchain is the one on this machine: none
//! is downloaded.

use super::{Client, DROPPED, Line, Run, client_command, list};
use crate::{step, tree};
use std::path::PathBuf;
use std::process::Command;

pub(super) const CLIENT: Client =
    Client { name: "go", needs: &["go"], install, run: Run::Against(run, DROPPED) };

fn installed() -> PathBuf {
    tree::target().join("sdk-go")
}

/// `go` over the tests' module, with everything that it writes below the target directory.
fn go(words: &[&str]) -> Command {
    let directory = installed();
    let mut go = Command::new("go");
    go.arg("-C").arg(tree::root().join("tests/sdk-go")).args(words);
    go.env("GOPATH", directory.join("path"));
    go.env("GOMODCACHE", directory.join("modules")).env("GOCACHE", directory.join("cache"));
    // Read-only files in a module cache would make the target directory hard to remove.
    go.env("GOFLAGS", "-modcacherw").env("GOTOOLCHAIN", "local").env("GOWORK", "off").env("CGO_ENABLED", "0");
    go
}

fn install() -> Result<(), String> {
    step::capture(&mut go(&["mod", "download"])).map(|_| ())
}

fn run(endpoint: &str) -> Result<u32, String> {
    let binary = installed().join("sdk-go.test");
    step::capture(&mut go(&["vet", "."]))?;
    step::capture(go(&["test", "-c", "-o"]).arg(&binary).arg("."))?;
    let mut tests = client_command(&binary, endpoint);
    tests.args(["-test.v", "-test.parallel=8", "-test.timeout=120s"]);
    list(&mut tests, read)
}

/// A line of `go test -v`. Subtests are indented below their test.
fn read(line: &str) -> Line<'_> {
    let line = line.trim_start();
    match line.strip_prefix("--- PASS: ") {
        Some(test) => Line::Passed(test.rsplit_once(" (").map_or(test, |(name, _)| name)),
        None if line.starts_with("=== ") || line == "PASS" => Line::Noise,
        None => Line::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_runner_are_read() {
        assert_eq!(read("--- PASS: TestOrder (0.02s)"), Line::Passed("TestOrder"));
        assert_eq!(read("    --- PASS: TestErrors/a_queue (0.00s)"), Line::Passed("TestErrors/a_queue"));
        assert_eq!(read("=== RUN   TestOrder"), Line::Noise);
        assert_eq!(read("--- FAIL: TestOrder (0.02s)"), Line::Other);
    }
}
