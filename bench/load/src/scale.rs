//! The load of `cargo x bench scale`: an empty server and a full one are asked the same.
//!
//! ```text
//! scale fill    --messages N --groups N --queues N      the queues, and as much in them
//! scale park    --polls N --queues N                    long polls on queues that stay empty, until killed
//! scale cycle   --queue NAME --groups N --connections N --seconds N
//! scale polled  --pollers N --connections N --seconds N
//! ```
//!
//! All take `--target HOST:PORT`. A cycle is SendMessage, ReceiveMessage, ChangeMessageVisibility and DeleteMessage,
//! one after the other over each connection, so a queue stays as full as it was. The four are told apart in the
//! report. In `polled` the queue is empty and every message goes to a poll that is parked there.

mod cycle;
mod fill;
mod park;
mod polled;

use crate::Fault;
use crate::connection::Connection;
use crate::flags::Flags;
use crate::scenario::accepted;
use crate::sign::{Service, Signer};
use hdrhistogram::Histogram;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::Instant;

/// A standard queue whose messages have no group.
const PLAIN: &str = "plain";
/// A standard queue whose messages have groups.
const FAIR: &str = "fair";
/// A FIFO queue.
const FIFO: &str = "orders.fifo";
/// A queue on which long polls wait.
const POLLED: &str = "polled";

/// What is measured, in the order of the report.
const OPERATIONS: [&str; 4] = ["SendMessage", "ReceiveMessage", "ChangeMessageVisibility", "DeleteMessage"];

/// `scale`.
pub async fn command(arguments: &[String]) -> Result<String, Fault> {
    let (what, rest) = arguments.split_first().ok_or("scale fill|park|cycle|polled")?;
    let mut flags = Flags::parse(rest)?;
    let target: String = flags.need("--target")?;
    let report = match what.as_str() {
        "fill" => {
            let (messages, groups) = (flags.need("--messages")?, flags.need("--groups")?);
            let queues = flags.need("--queues")?;
            flags.end()?;
            fill::run(&target, messages, groups, queues).await?
        }
        "park" => {
            let (polls, queues) = (flags.need("--polls")?, flags.need("--queues")?);
            flags.end()?;
            park::run(&target, polls, queues).await?
        }
        "cycle" | "polled" => {
            let window = Window::of(flags.need("--seconds")?);
            let connections = flags.need("--connections")?;
            let sample = Sample::new()?;
            if what == "cycle" {
                let (queue, groups): (String, u64) = (flags.need("--queue")?, flags.need("--groups")?);
                flags.end()?;
                cycle::run(&target, &queue, groups, connections, window, &sample).await?;
            } else {
                let pollers = flags.need("--pollers")?;
                flags.end()?;
                polled::run(&target, pollers, connections, window, &sample).await?;
            }
            sample.report()
        }
        other => return Err(format!("there is no scale {other:?}").into()),
    };
    Ok(report)
}

fn queue_url(target: &str, name: &str) -> String {
    format!("http://{target}/000000000000/{name}")
}

/// When a request counts: the first half second does not.
#[derive(Clone, Copy)]
struct Window {
    opens: Instant,
    closes: Instant,
}

impl Window {
    fn of(seconds: f64) -> Window {
        let opens = Instant::now() + Duration::from_millis(500);
        Window { opens, closes: opens + Duration::from_secs_f64(seconds) }
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.closes
    }
}

/// The latencies of each operation, microseconds.
#[derive(Clone)]
struct Sample(Rc<RefCell<Vec<Histogram<u64>>>>);

impl Sample {
    fn new() -> Result<Sample, Fault> {
        let histograms = OPERATIONS.iter().map(|_| Histogram::new_with_bounds(1, 60_000_000, 3));
        Ok(Sample(Rc::new(RefCell::new(histograms.collect::<Result<_, _>>()?))))
    }

    /// Counts what `operation` took from `started` until now, if that was within the window.
    fn count(&self, operation: usize, started: Instant, window: Window) {
        let ended = Instant::now();
        if started >= window.opens && ended < window.closes {
            let latency = (ended - started).as_micros() as u64;
            self.0.borrow_mut()[operation].saturating_record(latency.max(1));
        }
    }

    fn report(&self) -> String {
        let histograms = self.0.borrow();
        let members = OPERATIONS.iter().zip(histograms.iter()).map(|(name, latencies)| {
            let at = |quantile| latencies.value_at_quantile(quantile);
            let (count, p50, p99) = (latencies.len(), at(0.5), at(0.99));
            format!(r#""{name}":{{"count":{count},"p50_us":{p50},"p99_us":{p99}}}"#)
        });
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    }
}

/// A connection that asks one queue, each request signed for itself.
struct Caller {
    connection: Connection,
    signer: Signer,
    queue_url: String,
}

impl Caller {
    async fn open(target: &str, queue: &str) -> Result<Caller, Fault> {
        let connection = Connection::open(target).await?;
        let signer = Signer::of_environment(target);
        Ok(Caller { connection, signer, queue_url: queue_url(target, queue) })
    }

    /// The bytes of a request; `rest` are its members besides the queue.
    fn request(&self, action: &str, rest: &str) -> Vec<u8> {
        let body = format!(r#"{{"QueueUrl":"{}",{rest}}}"#, self.queue_url);
        self.signer.request(Service::Sqs, action, &body)
    }

    /// Sends a request and demands success. The answer's body is there until the next call.
    async fn call(&mut self, request: &[u8]) -> Result<&str, Fault> {
        let status = self.connection.call(request).await?;
        accepted(status, &self.connection)?;
        Ok(self.connection.body())
    }
}
