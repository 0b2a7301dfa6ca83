//! Scripts over HTTP on a running server: SQS in AWS JSON, SNS in AWS Query, with no signature that proves anything.
//!
//! The server must let anybody in. Time is real: [`Target::at`] sleeps until the script's clock says so.
//! Every name gets a prefix, so that many scripts can run on one server at once. `restart` and `compact`
//! do nothing here, because no client can see them.

mod attributes;
mod client;
mod clock;
mod sns;
mod sqs;
mod subscriptions;
mod xml;

use crate::action::{Action, Fault, Target};
use crate::ledger::{Handles, Ledger, Tasks};
use crate::refusal;
use client::Client;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

/// Account and region of who does not say.
const ACCOUNT: &str = "000000000000";
const REGION: &str = "us-east-1";

/// How long deliveries between shards may take to be seen.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running server.
pub struct HttpTarget {
    client: Client,
    prefix: String,
    began: SystemTime,
    begin: Instant,
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
    /// The server at `address`, for a script whose queues and topics get names with this prefix. Its
    /// time begins now.
    pub fn new(address: SocketAddr, prefix: &str) -> HttpTarget {
        HttpTarget {
            client: Client::new(address),
            prefix: prefix.into(),
            // In this order: nothing of the script is before what it calls its beginning.
            began: SystemTime::now(),
            begin: Instant::now(),
            handles: Handles::new("Zm9yZ2Vk".into()),
            tasks: Tasks::new(String::new()),
            ledger: Ledger::default(),
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

    /// The name that the server knows.
    fn full(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The name that the script knows, if it is one of this script's.
    fn short<'a>(&self, full: &'a str) -> Option<&'a str> {
        full.strip_prefix(&self.prefix)
    }

    fn queue_arn(&self, name: &str) -> String {
        format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{}", self.full(name))
    }

    fn topic_arn(&self, name: &str) -> String {
        format!("arn:aws:sns:{REGION}:{ACCOUNT}:{}", self.full(name))
    }
}

fn done() -> Answer {
    Ok(vec!["ok".into()])
}

impl Target for HttpTarget {
    fn at(&mut self, time_ms: u64) {
        let then = self.begin + Duration::from_millis(time_ms);
        std::thread::sleep(then.saturating_duration_since(Instant::now()));
    }

    fn perform(&mut self, action: &Action) -> Result<Vec<String>, Fault> {
        match self.act(action) {
            Ok(answer) => Ok(answer),
            Err(Stop::Refused(code, message)) => Ok(vec![refusal::of_wire(&code, &message)]),
            Err(Stop::Broken(fault)) => Err(fault),
        }
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }
}
