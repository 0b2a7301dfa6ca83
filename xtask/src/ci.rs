//! `ci` and `e2e`: which steps, in which order.
//!
//! Cheap steps come first, so that the common mistakes are told within a minute. The binary of the fast
//! levels is the one with debug assertions: it is built by `cargo test` anyway and checks its own
//! invariants. The optimised one is built once, for `e2e`.

use crate::flags::Flags;
use crate::server::Profile;
use crate::step::{self, Outcome, Steps};
use crate::{bench, chaos, clients, crash, idle, python, replay, server, strace, tidy};
use std::process::Command;

/// The rounds of the crash test in continuous integration.
const CRASH_ROUNDS: u32 = 5;
/// Every test of the binary runs with one shard and with several.
const SHARDS: [u32; 2] = [1, 4];
/// Clients run once, where queues that belong together may lie in different shards.
const CLIENT_SHARDS: u32 = 4;

/// `cargo x ci [--all]`.
pub(crate) fn ci(arguments: &[String]) -> Result<(), String> {
    let flags = Flags::parse(arguments, &[], &["all"])?;
    let mut steps = Steps::default();
    steps.run("format", || cargo(&["fmt", "--all", "--check"]))?;
    steps.run("tidy", || tidy::check().map(|()| Outcome::Done))?;
    steps.run("clippy", || {
        cargo(&["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"])
    })?;
    steps.run("test", || cargo(&["test", "--workspace"]))?;
    steps.run("scripts over HTTP", || {
        let mut command = Command::new(env!("CARGO"));
        command.args(["test", "--quiet", "--package", "postrider-script", "--test", "http"]);
        step::exec(command.env("POSTRIDER_BIN", server::binary(Profile::Checked)?))?;
        Ok(Outcome::Done)
    })?;
    for shards in SHARDS {
        steps.run(&format!("sdk-python, shards {shards}"), || {
            python::run_sdk(Profile::Checked, shards, None)
        })?;
    }
    for shards in SHARDS {
        let plan = crash::Plan::new(CRASH_ROUNDS, shards, Profile::Checked);
        steps.run(&format!("crash, shards {shards}"), || crash::run(&plan).map(|()| Outcome::Done))?;
    }
    for shards in SHARDS {
        let plan = chaos::Plan::short(shards);
        steps.run(&format!("chaos, shards {shards}"), || chaos::run(&plan).map(|()| Outcome::Done))?;
        let plan = replay::Plan::short(shards);
        steps.run(&format!("replay, shards {shards}"), || replay::run(&plan).map(|()| Outcome::Done))?;
    }
    for shards in SHARDS {
        steps.run(&format!("strace, shards {shards}"), || strace::run(Profile::Checked, shards, 200))?;
    }
    if flags.has("all") {
        end_to_end(&mut steps)?;
    }
    steps.summary();
    Ok(())
}

/// `cargo x e2e`.
pub(crate) fn e2e(arguments: &[String]) -> Result<(), String> {
    Flags::parse(arguments, &[], &[])?;
    let mut steps = Steps::default();
    end_to_end(&mut steps)?;
    steps.summary();
    Ok(())
}

fn end_to_end(steps: &mut Steps) -> Result<(), String> {
    steps.run("e2e: optimised binary", || server::binary(Profile::Release).map(|_| Outcome::Done))?;
    python::run_boto3(steps, Profile::Release, CLIENT_SHARDS)?;
    clients::run(steps, Profile::Release, CLIENT_SHARDS, None)?;
    for shards in SHARDS {
        let name = format!("e2e: fan-out under kill -9, shards {shards}");
        steps.run(&name, || python::run_fanout(Profile::Release, shards))?;
    }
    steps.run("e2e: idle server, 1,000 long polls", || idle::run(idle::WINDOWS).map(|()| Outcome::Done))?;
    steps.run("e2e: bench, one short round", || bench::smoke().map(|()| Outcome::Done))
}

fn cargo(words: &[&str]) -> Result<Outcome, String> {
    step::exec(Command::new(env!("CARGO")).args(words))?;
    Ok(Outcome::Done)
}
