//! The binary `postrider`: queues and topics that speak Amazon SQS and SNS.
//!
//! This file is the command line and what holds for the whole process: its allocator, what a panic does, and
//! its exit status. [`serve`] is the server.

mod admin;
mod config;
mod context;
mod courier;
mod demo;
mod dispatch;
mod http;
mod limits;
mod log_command;
mod logging;
mod metrics;
mod op;
mod reject;
mod serve;
mod signing;
mod statuses;
mod urls;

use clap::{Parser, Subcommand};
use config::{Config, Layer};
use std::error::Error;
use std::process::ExitCode;

/// Many small bodies that come and go: mimalloc keeps the resident size of that down, and is fast.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Queues and topics that speak Amazon SQS and SNS, in one binary.
#[derive(Parser)]
#[command(name = "postrider", version, about, max_term_width = 110, subcommand_required = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server
    Serve {
        #[command(flatten)]
        settings: Box<Layer>,
    },
    /// Print the settings in effect, as a configuration file
    Config {
        #[command(flatten)]
        settings: Box<Layer>,
    },
    /// Show what the server does: a topic, three queues with filters, some messages
    Demo,
    /// Look at the log of a data directory that no server uses, or repair it
    Log {
        #[command(subcommand)]
        command: log_command::LogCommand,
    },
}

fn main() -> ExitCode {
    abort_on_panic();
    match run(CommandLine::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("postrider: {}", postrider_runtime::chain(&*error));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode, Box<dyn Error>> {
    match command {
        Command::Serve { settings } => {
            let config = Config::load(*settings)?;
            logging::start(&config.log_level, config.log_format)?;
            Ok(serve::serve(&config)?)
        }
        Command::Config { settings } => {
            print!("{}", Config::load(*settings)?.to_toml());
            Ok(ExitCode::SUCCESS)
        }
        Command::Demo => Ok(demo::run()?),
        Command::Log { command } => Ok(log_command::run(&command)?),
    }
}

/// A panic is a bug, and a process that has met one proves nothing any more: it ends at once, in every build
/// profile and on every thread. What was acknowledged is in the log.
fn abort_on_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        report(panic);
        std::process::abort();
    }));
}
