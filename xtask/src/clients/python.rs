//! Clients in Python that are no library: the AWS CLI, and Celery over kombu's SQS transport, run by pytest.
//!
//! Each has a virtual environment of its own below the target directory, since their versions of the same
//! packages differ. boto3 is not here: its suite starts and kills servers by itself, see `crate::python`.

use super::{Client, Line, Run, client_command, list};
use crate::{python, tree};
use std::process::Command;

pub(super) const AWS_CLI: Client = Client {
    name: "aws-cli",
    needs: &["python3"],
    install: install_aws_cli,
    run: Run::Against(run_aws_cli, &[]),
};
pub(super) const CELERY: Client = Client {
    name: "celery",
    needs: &["python3"],
    install: install_celery,
    run: Run::Against(run_celery, &[]),
};

fn install_aws_cli() -> Result<(), String> {
    install("aws-cli")
}

fn run_aws_cli(endpoint: &str) -> Result<u32, String> {
    run("aws-cli", endpoint)
}

fn install_celery() -> Result<(), String> {
    install("celery")
}

fn run_celery(endpoint: &str) -> Result<u32, String> {
    run("celery", endpoint)
}

/// The environment and the directory of the tests have the client's name.
fn install(name: &str) -> Result<(), String> {
    python::environment(name, &format!("tests/{name}/requirements.txt")).map(|_| ())
}

fn run(name: &str, endpoint: &str) -> Result<u32, String> {
    let interpreter = python::environment(name, &format!("tests/{name}/requirements.txt"))?;
    pytest(name, &mut client_command(&interpreter, endpoint))
}

/// Has an interpreter run the tests in the directory of that name, and lists them.
pub(super) fn pytest(name: &str, interpreter: &mut Command) -> Result<u32, String> {
    interpreter.args([
        "-m",
        "pytest",
        "-v",
        "--no-header",
        "--tb=short",
        "-p",
        "no:cacheprovider",
        "--basetemp",
    ]);
    // Logs of workers stay there, so that a failure can be looked into.
    interpreter.arg(tree::target().join("x").join(format!("client-{name}")).join("tests"));
    interpreter.arg(format!("tests/{name}")).env("PYTHONDONTWRITEBYTECODE", "1");
    list(interpreter, read)
}

/// A line of `pytest -v`: file, two colons, test, outcome, progress.
fn read(line: &str) -> Line<'_> {
    match line.split_once(" PASSED") {
        Some((test, _)) => Line::Passed(test.split_once("::").map_or(test, |(_, name)| name)),
        None if line.is_empty() || line.starts_with("collecting") || line.contains("test session starts") => {
            Line::Noise
        }
        None => Line::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_runner_are_read() {
        let passed = "tests/celery/test_celery.py::test_predefined_queues[given.fifo] PASSED [ 90%]";
        assert_eq!(read(passed), Line::Passed("test_predefined_queues[given.fifo]"));
        assert_eq!(read("collecting ... collected 11 items"), Line::Noise);
        assert_eq!(read("tests/celery/test_celery.py::test_retries FAILED [ 20%]"), Line::Other);
        assert_eq!(read("11 passed in 30.01s"), Line::Other);
    }
}
