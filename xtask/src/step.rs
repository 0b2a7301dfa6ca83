//! Steps with a header and a duration; the first failure ends the run.

use crate::tree;
use std::process::Command;
use std::time::Instant;

/// What became of a step that did not fail.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It ran.
    Done,
    /// Something that it needs is not on this machine.
    Skipped(String),
}

/// The steps run so far, for the summary.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    lines: Vec<String>,
}

impl Steps {
    /// Runs one step. A skipped step is a failure in continuous integration.
    pub(crate) fn run(
        &mut self,
        name: &str,
        body: impl FnOnce() -> Result<Outcome, String>,
    ) -> Result<(), String> {
        println!("\n==> {name}");
        let start = Instant::now();
        let outcome = body();
        let seconds = start.elapsed().as_secs_f64();
        match outcome {
            Ok(Outcome::Done) => {
                println!("<== {name}: ok in {seconds:.1} s");
                self.lines.push(format!("  ok       {seconds:7.1} s  {name}"));
                Ok(())
            }
            Ok(Outcome::Skipped(reason)) if tree::in_ci() => {
                Err(format!("{name}: {reason}, and nothing may be skipped here"))
            }
            Ok(Outcome::Skipped(reason)) => {
                println!("<== {name}: SKIPPED, {reason}");
                self.lines.push(format!("  skipped  {seconds:7.1} s  {name}: {reason}"));
                Ok(())
            }
            Err(reason) => Err(format!("{name} after {seconds:.1} s: {reason}")),
        }
    }

    /// Prints one line for each step.
    pub(crate) fn summary(&self) {
        println!("\nsteps");
        for line in &self.lines {
            println!("{line}");
        }
    }
}

/// Runs a command in the root of the tree and demands that it succeeds.
pub(crate) fn exec(command: &mut Command) -> Result<(), String> {
    let shown = show(command);
    println!("    $ {shown}");
    let status = command.current_dir(tree::root()).status().map_err(|e| format!("{shown}: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("{shown}: {status}")) }
}

/// Runs a command quietly and gives its output; its error output is part of the error.
pub(crate) fn capture(command: &mut Command) -> Result<String, String> {
    let shown = show(command);
    let output = command.output().map_err(|e| format!("{shown}: {e}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("{shown}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr).trim_end()))
}

/// Whether a program can be started at all.
pub(crate) fn exists(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

/// A command as one would type it.
pub(crate) fn show(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}
