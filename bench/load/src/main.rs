//! The load generator: signed SQS and SNS requests over keep-alive connections, as cheaply as possible.
//!
//! Closed loop by default: every connection sends its next request when the last was answered. With `--rate`
//! an open loop: requests fall due at fixed times whether or not the server keeps up, and a latency counts
//! from the time that the request was due, so that a stall is not hidden by the requests that it held back.
//!
//! One JSON object on standard output is the whole report. `scale` is another kind of load: see there.

mod clock;
mod connection;
mod drain;
mod flags;
mod run;
mod scale;
mod scenario;
mod sign;

use flags::Flags;
use scenario::{Kind, Scenario};
use std::time::Duration;

/// Any failure; this is a tool for people who read its message.
pub type Fault = Box<dyn std::error::Error>;

/// Messages put into the queue for each second of a receive-delete run: more than any server here can hand
/// out, so that the queue does not run dry while it is measured.
const PREFILL_PER_S: u64 = 35_000;

/// What was asked for on the command line.
struct Options {
    target: String,
    kind: Kind,
    connections: usize,
    warmup: Duration,
    measure: Duration,
    rate: Option<f64>,
    prefill: u64,
    metrics: Option<String>,
    pid: Option<u32>,
}

fn options(arguments: &[String]) -> Result<Options, Fault> {
    let mut flags = Flags::parse(arguments)?;
    let kind: String = flags.need("--scenario")?;
    let seconds = flags.take("--seconds")?.unwrap_or(10);
    let warmup = flags.take("--warmup")?.unwrap_or(2);
    let options = Options {
        target: flags.need("--target")?,
        kind: Kind::parse(&kind)?,
        connections: flags.take("--connections")?.unwrap_or(64),
        warmup: Duration::from_secs(warmup),
        measure: Duration::from_secs(seconds),
        rate: flags.take("--rate")?,
        prefill: flags.take("--prefill")?.unwrap_or((seconds + warmup) * PREFILL_PER_S),
        metrics: flags.take("--metrics")?,
        pid: flags.take("--pid")?,
    };
    flags.end()?;
    if options.connections == 0 {
        return Err("--connections must be at least 1".into());
    }
    Ok(options)
}

fn main() -> Result<(), Fault> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let report = match arguments.split_first() {
            Some((first, rest)) if first == "scale" => scale::command(rest).await?,
            Some(_) | None => load(&arguments).await?,
        };
        println!("{report}");
        Ok(())
    })
}

async fn load(arguments: &[String]) -> Result<String, Fault> {
    let options = options(arguments)?;
    let signer = sign::Signer::of_environment(&options.target);
    let scenario = Scenario::prepare(options.kind, &options.target, signer, options.prefill).await?;
    run::run(&options, scenario).await
}
