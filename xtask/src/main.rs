//! The one door: `cargo x <command>`.
//!
//! Everything that builds, checks, breaks or measures Postrider is a command here, so that a laptop and the
//! continuous integration run the same thing. Nothing in this crate links a Postrider crate: whatever it
//! says about the server it has seen from outside, through the built binary.
//!
//! What is not Rust (packages of other languages, for the clients) is installed below the target directory,
//! never elsewhere.

mod bench;
mod chaos;
mod ci;
mod clients;
mod crash;
mod flags;
mod http;
mod idle;
mod process;
mod python;
mod replay;
mod rng;
mod server;
mod step;
mod strace;
mod tidy;
mod tree;

use std::process::ExitCode;

const USAGE: &str = "cargo x <command>

  ci [--all]      format, clippy, tidy, all tests, then the tests of the binary; --all adds e2e
  e2e             the acceptance runs on an optimised binary: clients of other languages,
                  fan-out under kill -9, the idle server
  tidy            the rules of the tree: sizes, names, dependency edges, links, limits, operations
  sdk             boto3 against the binary            [--shards N] [--release] [--only json|query]
  clients         clients of other languages          [--only NAME,NAME] [--shards N] [--release]
  crash           kill -9 under load, then the books  [--rounds 50] [--shards N] [--seed N] [--release]
  chaos           200 endpoints of which a third fail, FIFO queues, and kill -9
                                                      [--rounds 10] [--shards N] [--seed N] [--rate 6]
                                                      [--attempts 640] [--short] [--release]
  replay          an archive replayed to a FIFO queue, and kill -9 on the way
                                                      [--messages 1000000] [--kills 2] [--shards N] [--seed N] [--checked]
  strace          no reply before its fdatasync       [--shards N] [--sends 300] [--release]
  idle            1,000 parked long polls cost nothing [--windows 4]
  bench           load against server and ceiling     [--rounds 5] [--seconds 10] [--connections 64]
                                                      [--rate REQUESTS_PER_SECOND] [--only NAME,NAME]
  bench scale     latency of a full server by an empty one  [--check] [--rounds 9] [--seconds 2] [--connections 2]
                                                      [--messages 1000000] [--groups 100000] [--queues 10000]
                                                      [--polls 5000] [--durability os|fsync]
  bench core      instructions by operation on an empty and a full shard, bytes of a message, a group, an id
                                                      [--check] [--only instructions|memory] [--cycles 1000]
                                                      [--messages 1000000] [--groups 100000] [--queues 10000]

POSTRIDER_BIN=PATH tests that binary instead of building one.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((command, rest)) = arguments.split_first() else {
        println!("{USAGE}");
        return ExitCode::FAILURE;
    };
    match dispatch(command, rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("\nFAILED: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: &str, rest: &[String]) -> Result<(), String> {
    match command {
        "ci" => ci::ci(rest),
        "e2e" => ci::e2e(rest),
        "tidy" => tidy::command(rest),
        "sdk" => python::sdk(rest),
        "clients" => clients::command(rest),
        "crash" => crash::command(rest),
        "chaos" => chaos::command(rest),
        "replay" => replay::command(rest),
        "strace" => strace::command(rest),
        "idle" => idle::command(rest),
        "bench" => bench::command(rest),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => Err(format!("there is no command {other:?}\n\n{USAGE}")),
    }
}
