//! Scripts over HTTP on a running server: SQS in AWS JSON, SNS in AWS Query, with no signature that proves anything.
//!
//! The server must let anybody in and be the script's own. Time is real: [`Target::at`] sleeps until the script's clock
//! says so. A step ends when no shard owes another anything any more, as it does on a pure target. `restart` and
//! `compact` do nothing here, because no client can see them.

mod attributes;
mod client;
mod clock;
mod sns;
mod sqs;
mod subscriptions;
mod xml;

use crate::action::{Action, Fault, OnQueue, Target};
use crate::ledger::{Handles, Ledger, Tasks};
use crate::refusal;
use client::Client;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

/// Account and region of who does not say.
const ACCOUNT: &str = "000000000000";
const REGION: &str = "us-east-1";

/// How long a step may take to be settled and seen.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often is asked whether it is settled.
const AGAIN: Duration = Duration::from_millis(5);
/// The gauge of what a shard owes to others, with a label.
const OWED: &str = "postrider_outbox_deliveries{";

/// A running server.
pub struct HttpTarget {
    client: Client,
    admin: Client,
    began: SystemTime,
    begin: Instant,
    late: Duration,
    handles: Handles<String>,
    tasks: Tasks<String>,
    ledger: Ledger,
}

/// Why an operation did not answer as it should.
enum Stop {
    /// Error code and message.
    Refused(String, String),
    Broken(Fault),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::Broken(fault)
    }
}

type Answer = Result<Vec<String>, Stop>;

impl HttpTarget {
    /// The server with this API and these metrics. The script's time begins now.
    pub fn new(api: SocketAddr, admin: SocketAddr) -> HttpTarget {
        HttpTarget {
            client: Client::new(api),
            admin: Client::new(admin),
            late: Duration::ZERO,
            // In this order: nothing of the script is before what it calls its beginning.
            began: SystemTime::now(),
            begin: Instant::now(),
            handles: Handles::new("Zm9yZ2Vk".into()),
            tasks: Tasks::new(String::new()),
            ledger: Ledger::default(),
        }
    }

    /// By how much a step began after its time, or how long it took, at most; receives may wait as long as they like.
    /// If a machine is too busy, what a script shows there means nothing.
    pub fn late(&self) -> Duration {
        self.late
    }

    /// Waits until no shard owes another anything.
    fn wait_until_delivered(&self) -> Result<(), Fault> {
        let end = Instant::now() + PATIENCE;
        loop {
            let page = self.admin.get("/metrics")?;
            let owed = page.body.lines().filter(|line| line.starts_with(OWED)).collect::<Vec<_>>();
            if !owed.is_empty() && owed.iter().all(|line| line.ends_with(" 0")) {
                return Ok(());
            }
            if Instant::now() > end {
                return Err(Fault(format!("what shards owe each other is not settled: {owed:?}")));
            }
            std::thread::sleep(AGAIN);
        }
    }

    fn act(&mut self, action: &Action) -> Answer {
        match action {
            Action::Queue(name, what) => self.on_queue(name, what),
            Action::Topic(name, what) => self.on_topic(name, what),
            Action::Endpoint(..) => Err(Fault(
                "nobody plays endpoints here: `endpoint` and `attempts` are for `@pure` scripts".into(),
            )
            .into()),
            Action::ListQueues { prefix, max } => self.list_queues(prefix, *max),
            Action::ListTopics => self.list_topics(),
            Action::Restart | Action::Compact => done(),
        }
    }

    fn queue_arn(&self, name: &str) -> String {
        format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
    }

    fn topic_arn(&self, name: &str) -> String {
        format!("arn:aws:sns:{REGION}:{ACCOUNT}:{name}")
    }
}

fn done() -> Answer {
    Ok(vec!["ok".into()])
}

impl Target for HttpTarget {
    fn at(&mut self, time_ms: u64) {
        let then = self.begin + Duration::from_millis(time_ms);
        std::thread::sleep(then.saturating_duration_since(Instant::now()));
        self.late = self.late.max(then.elapsed());
    }

    fn perform(&mut self, action: &Action) -> Result<Vec<String>, Fault> {
        let begin = Instant::now();
        let answer = self.act(action);
        if !matches!(action, Action::Queue(_, OnQueue::Receive(_))) {
            self.late = self.late.max(begin.elapsed());
        }
        self.wait_until_delivered()?;
        match answer {
            Ok(answer) => Ok(answer),
            Err(Stop::Refused(code, message)) => Ok(vec![refusal::of_wire(&code, &message)]),
            Err(Stop::Broken(fault)) => Err(fault),
        }
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }
}
