//! The load generator: signed SQS and SNS requests over keep-alive connections, as cheaply as possible.
//!
//! Closed loop by default: every connection sends its next request when the last was answered. With `--rate`
//! an open loop: requests fall due at fixed times whether or not the server keeps up, and a latency counts
//! from the time that the request was due, so that a stall is not hidden by the requests that it held back.
//!
//! One JSON object on standard output is the whole report.

mod clock;
mod connection;
mod run;
mod scenario;
mod sign;

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

fn options() -> Result<Options, Fault> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut pairs = std::collections::HashMap::new();
    for pair in arguments.chunks(2) {
        let [name, value] = pair else { return Err(format!("{} needs a value", pair[0]).into()) };
        pairs.insert(name.as_str(), value.as_str());
    }
    let mut take = |name: &str| pairs.remove(name).map(str::to_owned);
    let kind = take("--scenario").ok_or("--scenario is missing")?;
    let seconds = take("--seconds").map_or(Ok(10), |text| text.parse::<u64>())?;
    let warmup = take("--warmup").map_or(Ok(2), |text| text.parse::<u64>())?;
    let options = Options {
        target: take("--target").ok_or("--target HOST:PORT is missing")?,
        kind: Kind::parse(&kind)?,
        connections: take("--connections").map_or(Ok(64), |text| text.parse())?,
        warmup: Duration::from_secs(warmup),
        measure: Duration::from_secs(seconds),
        rate: take("--rate").map(|text| text.parse()).transpose()?,
        prefill: take("--prefill").map_or(Ok((seconds + warmup) * PREFILL_PER_S), |text| text.parse())?,
        metrics: take("--metrics"),
        pid: take("--pid").map(|text| text.parse()).transpose()?,
    };
    match pairs.keys().next() {
        Some(unknown) => Err(format!("unknown flag {unknown}").into()),
        None if options.connections == 0 => Err("--connections must be at least 1".into()),
        None => Ok(options),
    }
}

fn main() -> Result<(), Fault> {
    let options = options()?;
    let secret = std::env::var("AWS_SECRET_ACCESS_KEY").unwrap_or_else(|_| "made-up".to_owned());
    let id = std::env::var("AWS_ACCESS_KEY_ID").unwrap_or_else(|_| "000000000000".to_owned());
    let signer = sign::Signer::new(&id, &secret, "us-east-1", &options.target, clock::now());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let scenario = Scenario::prepare(options.kind, &options.target, signer, options.prefill).await?;
        let report = run::run(&options, scenario).await?;
        println!("{report}");
        Ok(())
    })
}
