//! The loops, the window that is measured, and the report.

use crate::connection::Connection;
use crate::scenario::{Scenario, Script};
use crate::{Fault, Options, drain};
use hdrhistogram::Histogram;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout_at};

/// Latencies beyond a minute are counted as a minute.
const LATENCY_US_MAX: u64 = 60_000_000;
/// Kernel clock ticks per second, as `/proc` counts CPU time.
const TICKS_PER_S: f64 = 100.0;

/// When a connection sends, and what of it counts.
#[derive(Debug, Clone, Copy)]
struct Plan {
    opens: Instant,
    closes: Instant,
    /// The first request of the connection and the time between two, in an open loop.
    pace: Option<(Instant, Duration)>,
}

/// What was counted within the window.
struct Tally {
    requests: u64,
    messages: u64,
    errors: u64,
    first_error: String,
    latencies_us: Histogram<u64>,
}

impl Tally {
    fn new() -> Result<Tally, Fault> {
        let latencies_us = Histogram::new_with_bounds(1, LATENCY_US_MAX, 3)?;
        Ok(Tally { requests: 0, messages: 0, errors: 0, first_error: String::new(), latencies_us })
    }

    fn refused(&mut self, reason: String) {
        self.errors += 1;
        if self.first_error.is_empty() {
            self.first_error = reason;
        }
    }

    fn add(&mut self, other: &Tally) -> Result<(), Fault> {
        self.requests += other.requests;
        self.messages += other.messages;
        self.errors += other.errors;
        if self.first_error.is_empty() {
            self.first_error.clone_from(&other.first_error);
        }
        self.latencies_us.add(&other.latencies_us)?;
        Ok(())
    }
}

/// Runs the load and gives the report as one line of JSON.
pub async fn run(options: &Options, scenario: Scenario) -> Result<String, Fault> {
    let mut connections = Vec::with_capacity(options.connections);
    for _ in 0..options.connections {
        connections.push(Connection::open(&options.target).await?);
    }
    let opens = Instant::now() + options.warmup;
    let closes = opens + options.measure;
    let workers: Vec<_> = connections
        .into_iter()
        .enumerate()
        .map(|(at, connection)| {
            let pace = options.rate.map(|rate| {
                let gap = Duration::from_secs_f64(1.0 / rate);
                (opens - options.warmup + gap * at as u32, gap * options.connections as u32)
            });
            let plan = Plan { opens, closes, pace };
            let script = scenario.script();
            tokio::task::spawn_local(async move {
                work(connection, script, plan).await.map_err(|e| e.to_string())
            })
        })
        .collect();
    sleep_until(opens).await;
    let before = Sample::take(options).await?;
    sleep_until(closes).await;
    let after = Sample::take(options).await?;
    let mut total = Tally::new()?;
    for worker in workers {
        total.add(&worker.await??)?;
    }
    let drained_per_s = drain::rate(&options.target, options.connections, &scenario).await?;
    Ok(report(&total, options.measure, drained_per_s, &before, &after))
}

async fn work(mut connection: Connection, mut script: Script, plan: Plan) -> Result<Tally, Fault> {
    let mut tally = Tally::new()?;
    let mut due = plan.pace.map(|(first, _)| first);
    loop {
        if let Some(due) = due {
            sleep_until(due.min(plan.closes)).await;
        }
        let started = due.unwrap_or_else(Instant::now);
        if started >= plan.closes || Instant::now() >= plan.closes {
            return Ok(tally);
        }
        let patience = plan.closes + Duration::from_secs(30);
        let answered = timeout_at(patience, script.step(&mut connection)).await??;
        let ended = Instant::now();
        if ended >= plan.opens && ended < plan.closes {
            match answered {
                Ok(messages) => {
                    tally.requests += 1;
                    tally.messages += messages;
                    let latency = (ended - started).as_micros() as u64;
                    tally.latencies_us.saturating_record(latency.max(1));
                }
                Err(reason) => tally.refused(reason),
            }
        } else if let Err(reason) = answered {
            tally.refused(reason);
        }
        if let (Some(at), Some((_, gap))) = (&mut due, plan.pace) {
            *at += gap;
        }
    }
}

/// What the server has used so far.
#[derive(Debug, Default)]
struct Sample {
    syncs: f64,
    /// Bytes of entries that were appended to the log.
    written: f64,
    cpu_s: f64,
}

impl Sample {
    async fn take(options: &Options) -> Result<Sample, Fault> {
        let mut sample = Sample::default();
        if let Some(address) = &options.metrics {
            let request = format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\n\r\n");
            let mut connection = Connection::open(address).await?;
            connection.call(request.as_bytes()).await?;
            sample.syncs = metric(connection.body(), "postrider_log_syncs_total");
            sample.written = metric(connection.body(), "postrider_log_written_bytes_total");
        }
        if let Some(pid) = options.pid {
            sample.cpu_s = cpu_s(&std::fs::read_to_string(format!("/proc/{pid}/stat"))?);
        }
        Ok(sample)
    }
}

/// The sum of a metric over its labels.
fn metric(text: &str, name: &str) -> f64 {
    text.lines()
        .filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '{'])))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum()
}

/// User and system time of `/proc/PID/stat`: fields 14 and 15, counted after the name in parentheses.
fn cpu_s(stat: &str) -> f64 {
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    fields.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / TICKS_PER_S
}

fn report(total: &Tally, measure: Duration, drained_per_s: f64, before: &Sample, after: &Sample) -> String {
    let latency = |quantile| total.latencies_us.value_at_quantile(quantile);
    let first_error: String =
        total.first_error.chars().filter(|c| (' '..='~').contains(c) && !"\"\\".contains(*c)).collect();
    format!(
        "{{\"seconds\":{},\"requests\":{},\"messages\":{},\"errors\":{},\"first_error\":\"{first_error}\",\
         \"p50_us\":{},\"p90_us\":{},\"p99_us\":{},\"p999_us\":{},\"max_us\":{},\"syncs\":{},\"server_cpu_s\":{:.2},\"drained_per_s\":{drained_per_s:.0},\"log_bytes\":{}}}",
        measure.as_secs_f64(),
        total.requests,
        total.messages,
        total.errors,
        latency(0.5),
        latency(0.9),
        latency(0.99),
        latency(0.999),
        total.latencies_us.max(),
        after.syncs - before.syncs,
        after.cpu_s - before.cpu_s,
        after.written - before.written,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_summed_over_labels() {
        let text =
            "# TYPE a counter\na_total{shard=\"0\"} 3\na_total{shard=\"1\"} 4\na_total_x 9\nb_total 5\n";
        assert_eq!(metric(text, "a_total"), 7.0);
        assert_eq!(metric(text, "b_total"), 5.0);
        assert_eq!(metric(text, "c_total"), 0.0);
    }

    #[test]
    fn cpu_time_is_read_behind_the_name() {
        assert_eq!(cpu_s("12 (a b) c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0"), 2.0);
    }
}
