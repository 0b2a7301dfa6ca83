//! A world of pure shards: the core, an in-memory log for each shard, and nothing else.
//!
//! A turn is what it is in the runtime: time passes, a command is decided, its events are encoded into
//! one entry (which tells payloads where they lie) and applied. After each operation a relay carries what
//! shards owe each other until nobody owes anything.
//!
//! Time is simulated: it is what the script says, and a long poll moves it to whatever it waits for.

mod answer;
mod archive;
mod convert;
mod endpoints;
mod node;
mod policies;
mod queues;
mod subscriptions;
mod text;
mod topics;

use crate::action::{Action, Fault, Target};
use crate::ledger::{Handles, Ledger, Tasks};
use crate::refusal;
use archive::Archives;
use endpoints::Endpoints;
use node::Node;
use postrider_core::command::{Command, Page};
use postrider_core::id::{Revision, Uuid};
use postrider_core::rejection::Permit;
use postrider_core::reply::{More, Reply};
use postrider_core::shard::{Bounds, Config};
use postrider_core::{Arn, Rejection, Timestamp};
use std::sync::Arc;

/// When a world begins: any time will do, but retention reaches back from it.
const BEGIN: Timestamp = Timestamp(1_750_000_000_000);

/// What a world is like.
#[derive(Clone)]
pub struct Options {
    /// How many shards there are.
    pub shards: u16,
    /// Payload bytes that each may keep in memory; the others are read back from its log.
    pub body_memory: u64,
    /// Says whether a topic may send to a queue.
    pub permit: Arc<Permit>,
    /// Limits that may be raised.
    pub bounds: Bounds,
    /// How often the state is compared with its log.
    pub verify: Verify,
    /// When what shards owe each other is carried between them.
    pub exchange: Exchange,
}

/// When what shards owe each other is carried between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// As soon as it is owed.
    AtOnce,
    /// By [`World::exchange`].
    ByHand,
}

/// What becomes of one exchange between two shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The origin gets the answer.
    Settled,
    /// The origin never hears of it, and will ask again.
    AnswerLost,
}

/// How often the state is compared with its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verify {
    /// Only at `restart` and `compact`, and when asked.
    OnDemand,
    /// After every step.
    EachStep,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            shards: 1,
            body_memory: u64::MAX,
            permit: Arc::new(|_| true),
            bounds: Bounds::default(),
            verify: Verify::OnDemand,
            exchange: Exchange::AtOnce,
        }
    }
}

/// Pure shards that send to each other.
pub struct World {
    options: Options,
    now: Timestamp,
    nodes: Vec<Node>,
    handles: Handles<Box<[u8]>>,
    tasks: Tasks<Uuid>,
    ledger: Ledger,
    endpoints: Endpoints,
    archives: Archives,
    dropped: u64,
}

/// How a part of an operation ended: refused, or the target is broken.
enum Stop {
    Refused(Rejection),
    Broken(Fault),
}

impl From<Rejection> for Stop {
    fn from(rejection: Rejection) -> Stop {
        Stop::Refused(rejection)
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::Broken(fault)
    }
}

/// The core answered with another kind of reply than the command asks for.
fn unexpected(reply: &Reply) -> Stop {
    Stop::Broken(Fault(format!("the core answered {reply:?}")))
}

impl World {
    /// A world without queues and topics.
    pub fn new(options: Options) -> World {
        let config = |index| Config {
            index,
            shards: options.shards,
            body_memory: options.body_memory,
            bounds: options.bounds,
            permit: options.permit.clone(),
            ..Config::default()
        };
        let nodes = (0..options.shards).map(|index| Node::open(config(index), BEGIN)).collect();
        World {
            options,
            now: BEGIN,
            nodes,
            handles: Handles::new(Box::from([0; 33])),
            tasks: Tasks::new(Uuid(0)),
            ledger: Ledger::default(),
            endpoints: Endpoints::default(),
            archives: Archives::default(),
            dropped: 0,
        }
    }

    /// Deliveries that were refused for good, since the world began.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Does one command, and carries out what it makes shards owe each other.
    ///
    /// # Errors
    ///
    /// The reason for which the core refuses it.
    pub fn command(&mut self, shard: u16, command: Command) -> Result<Reply, Rejection> {
        let reply = self.turn(shard, command)?;
        self.work();
        Ok(reply)
    }

    /// Carries what some shard owes the next one to it. False if nobody owes anything.
    pub fn exchange(&mut self, fate: Fate) -> bool {
        let owes = |from: &u16| Some((*from, self.nodes[usize::from(*from)].owes_to()?));
        let Some((from, to)) = (0..self.options.shards).find_map(|from| owes(&from)) else { return false };
        let parcels = self.nodes[usize::from(from)].owed(self.now, to);
        let taken = self.turn(to, Command::Deliver { from, parcels });
        let Ok(Reply::Taken { accepted, refused }) = taken else { panic!("an inbox answers, not {taken:?}") };
        if fate == Fate::Settled {
            let settled = self.turn(from, Command::Settle { to, accepted, refused });
            assert!(matches!(settled, Ok(Reply::Done)), "an outbox settles");
        }
        true
    }

    /// Checks every shard against itself and against its log (I2).
    ///
    /// # Panics
    ///
    /// If they differ.
    pub fn verify(&mut self) {
        self.nodes.iter_mut().for_each(|node| node.verify(self.now));
    }

    /// Checks that the log of every shard can be compacted and trimmed after each of its entries (I3).
    ///
    /// # Panics
    ///
    /// If that would change anything.
    pub fn verify_trims(&mut self) {
        self.nodes.iter_mut().for_each(|node| node.verify_trims(self.now));
    }

    /// Ends every shard and opens it from its log.
    ///
    /// # Panics
    ///
    /// If the log does not give the state (I2).
    pub fn restart(&mut self) {
        self.verify();
        self.nodes.iter_mut().for_each(|node| node.reopen(self.now));
        self.endpoints.hang_up();
        self.verify();
        self.work();
    }

    /// States again what is live in the older `percent` of each log, and trims there.
    ///
    /// # Panics
    ///
    /// If that changes anything (I3).
    pub fn compact(&mut self, percent: u64) {
        self.nodes.iter_mut().for_each(|node| node.compact(self.now, percent));
    }

    fn shard(&self, arn: &Arn) -> u16 {
        arn.shard(self.options.shards)
    }

    fn turn(&mut self, shard: u16, command: Command) -> Result<Reply, Rejection> {
        let decided = self.nodes[usize::from(shard)].turn(self.now, command)?;
        self.dropped += decided.dropped;
        Ok(decided.reply)
    }

    /// Asks the resource's shard, judged by its present revision. Commands are never stale here but when
    /// the caller did not look at the body of a publication; that is the caller's to repeat.
    fn ask(&mut self, arn: &Arn, command: impl FnOnce(Arn, Revision) -> Command) -> Result<Reply, Rejection> {
        let shard = self.shard(arn);
        let judgement = self.nodes[usize::from(shard)].shard.judgement(arn);
        let judged = judgement.map(|judgement| judgement.revision).unwrap_or_default();
        self.command(shard, command(arn.clone(), judged))
    }

    /// What shards do of their own accord, and for each other, until nothing is left to do at this time.
    fn work(&mut self) {
        loop {
            let mut worked = false;
            for shard in 0..self.options.shards {
                worked |= self.nodes[usize::from(shard)].step(self.now);
                worked |= self.attempt(shard);
                worked |= self.archive(shard);
            }
            if self.options.exchange == Exchange::AtOnce {
                worked |= self.exchange(Fate::Settled);
            }
            if !worked {
                return;
            }
        }
    }

    /// Lets time pass, with what shards do of their own accord on the way.
    fn pass(&mut self, until: Timestamp) {
        while let Some(next) = self.step_due().filter(|next| *next <= until) {
            self.now = self.now.max(next);
            self.work();
            assert!(self.step_due() != Some(next), "what is due is done");
        }
        self.now = self.now.max(until);
        let now = self.now;
        self.nodes.iter_mut().for_each(|node| node.shard.advance(now));
    }

    fn step_due(&self) -> Option<Timestamp> {
        let due = |node: &Node| node.shard.move_due().into_iter().chain(node.shard.endpoints_due()).min();
        self.nodes.iter().filter_map(due).min()
    }

    /// The names of all queues or topics, gathered page by page, in order.
    fn names(&mut self, of: fn(Page) -> Command, prefix: &str, max: usize) -> Result<Vec<String>, Stop> {
        let mut names = Vec::new();
        for shard in 0..self.options.shards {
            let mut after = None;
            loop {
                let page = Page { prefix: prefix.into(), after: after.take(), max };
                let reply = self.command(shard, of(page))?;
                let Reply::Arns(arns, more) = reply else { return Err(unexpected(&reply)) };
                names.extend(arns.iter().map(|arn| arn.resource().to_owned()));
                after = arns.last().map(|arn| arn.as_str().into());
                if more == More::No {
                    break;
                }
            }
        }
        names.sort();
        Ok(names)
    }

    fn act(&mut self, action: &Action) -> Result<Vec<String>, Stop> {
        match action {
            Action::Queue(name, what) => self.on_queue(name, what),
            Action::Topic(name, what) => self.on_topic(name, what),
            Action::Endpoint(address, what) => Ok(self.on_endpoint(address, *what)),
            Action::ListQueues { prefix, max } => {
                Ok(self.names(Command::ListQueues, queues::arn(prefix).as_str(), *max)?)
            }
            Action::ListTopics => Ok(self.names(Command::ListTopics, topics::arn("").as_str(), 100)?),
            Action::Restart => {
                self.restart();
                Ok(answer::done())
            }
            Action::Compact => {
                self.compact(50);
                self.compact(100);
                Ok(answer::done())
            }
        }
    }
}

impl Target for World {
    fn at(&mut self, time_ms: u64) {
        self.pass(BEGIN + time_ms);
    }

    fn perform(&mut self, action: &Action) -> Result<Vec<String>, Fault> {
        let answer = match self.act(action) {
            Ok(answer) => answer,
            Err(Stop::Refused(rejection)) => vec![refusal::of_core(&rejection)],
            Err(Stop::Broken(fault)) => return Err(fault),
        };
        if self.options.verify == Verify::EachStep {
            self.verify();
        }
        Ok(answer)
    }
}
