//! `cargo x crash`: `kill -9` at random instants under load, and then the books must balance.
//!
//! Rounds over one data directory: start the server, let senders, publishers and consumers work, kill it in
//! the middle, start it again. A topic feeds three queues (everything; an attribute filter; a body filter)
//! and a fourth queue is sent to directly. What was asked and what was answered goes to the [`Ledger`],
//! which knows what may come out of a queue and what must. At the end everything is drained and checked:
//!
//! - I1: every acknowledged send and publish arrived in each queue that it must reach;
//! - I4, I5: a message in flight or delayed is not handed out, counts equal what can be drained, and one
//!   send makes one message;
//! - an acknowledged delete stays deleted, over every restart;
//! - nothing arrives that nobody sent, or that a filter refuses.
//!
//! FIFO queues have rounds of their own: see [`fifo`].
//!
//! Segments are small and few bodies fit in memory, so that compaction and reads by position are part of it.
//! `kill -9` keeps the page cache: loss of power is tested on the faulty disk, inside the crates.

mod actors;
mod drain;
mod fifo;
mod ledger;
mod scene;

use crate::flags::Flags;
use crate::rng::{Rng, clock_seed};
use crate::server::{self, Launch, Profile, Server};
use crate::tree;
use actors::{Actor, Crew};
use ledger::Ledger;
use scene::{LANES, Scene};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub(crate) use scene::ask;

/// Log lines that a recovery after `kill -9` may write.
pub(crate) const EXPECTED_LOG: [&str; 1] = ["cut the end of the log"];
const SENDERS: u64 = 3;
const PUBLISHERS: u64 = 2;

/// What to run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    rounds: u32,
    shards: u32,
    seed: u64,
    profile: Profile,
}

impl Plan {
    /// A plan with a seed taken from the clock.
    pub(crate) fn new(rounds: u32, shards: u32, profile: Profile) -> Plan {
        Plan { rounds, shards, seed: clock_seed(), profile }
    }
}

/// `cargo x crash [--rounds N] [--shards N] [--seed N] [--release]`; without `--shards`, with 1 and with 4.
pub(crate) fn command(arguments: &[String]) -> Result<(), String> {
    let flags = Flags::parse(arguments, &["rounds", "shards", "seed"], &["release"])?;
    let profile = if flags.has("release") { Profile::Release } else { Profile::Checked };
    let rounds = flags.number("rounds", 50)?;
    let shards = match flags.text("shards") {
        None => vec![1, 4],
        Some(_) => vec![flags.number("shards", 1)?],
    };
    for shards in shards {
        let mut plan = Plan::new(rounds, shards, profile);
        plan.seed = flags.number("seed", plan.seed)?;
        run(&plan)?;
    }
    Ok(())
}

/// Runs all rounds and the final check. The error names the seed and the data directory, which is kept.
pub(crate) fn run(plan: &Plan) -> Result<(), String> {
    let binary = server::binary(plan.profile)?;
    let data_dir = tree::fresh(&format!("crash-{}", plan.shards))?.join("data");
    let mut launch = Launch::new(&binary, &data_dir, plan.shards);
    launch.more = ["--segment-bytes", "8388608", "--body-memory", "262144"].map(str::to_owned).to_vec();
    println!("    {} rounds, {} shards, seed {}", plan.rounds, plan.shards, plan.seed);
    let mut fifo = Launch::new(&binary, &data_dir.with_file_name("fifo"), plan.shards);
    fifo.more.clone_from(&launch.more);
    let both = rounds(plan, &launch).and_then(|()| {
        fifo::rounds(plan.seed, plan.rounds, &fifo)?;
        server::demand_quiet(&fifo.log, &EXPECTED_LOG)
    });
    both.map_err(|reason| {
        let again =
            format!("cargo x crash --rounds {} --shards {} --seed {}", plan.rounds, plan.shards, plan.seed);
        format!("{reason}\n  seed {}: {again}\n  kept: {}", plan.seed, data_dir.display())
    })
}

fn rounds(plan: &Plan, launch: &Launch) -> Result<(), String> {
    let ledger = Arc::new(Mutex::new(Ledger::new(LANES.len())));
    let mut rng = Rng::new(plan.seed, 0);
    let mut server = launch.start()?;
    let scene = Arc::new(Scene::create(&server)?);
    for round in 1..=plan.rounds {
        let lasts = Duration::from_millis(rng.between(20, 1200));
        work(plan.seed, round, lasts, server, &scene, &ledger)?;
        let restart = Instant::now();
        server = launch.start()?;
        let restarted = restart.elapsed();
        let books = ledger.lock().expect("no actor panics");
        println!("    round {round}: killed after {lasts:.0?}, back in {restarted:.0?}; {}", books.totals());
        books.verdict()?;
    }
    drain::to_the_last(&server, &scene, &ledger)?;
    server.kill()?;
    let server = launch.start()?;
    drain::nothing_left(&server, &scene)?;
    server.terminate()?;
    let books = ledger.lock().expect("no actor panics");
    println!("    {}", books.totals());
    books.verdict()?;
    server::demand_quiet(&launch.log, &EXPECTED_LOG)
}

/// One round: everybody works until the server is killed.
fn work(
    seed: u64,
    round: u32,
    lasts: Duration,
    server: Server,
    scene: &Arc<Scene>,
    ledger: &Arc<Mutex<Ledger>>,
) -> Result<(), String> {
    let killed = Arc::new(AtomicBool::new(false));
    let crew = Crew {
        api: server.api.clone(),
        scene: Arc::clone(scene),
        ledger: Arc::clone(ledger),
        killed: Arc::clone(&killed),
    };
    let mut roles: Vec<Actor> = Vec::new();
    roles.extend((0..SENDERS).map(Actor::Sender));
    roles.extend((0..PUBLISHERS).map(Actor::Publisher));
    roles.extend((0..LANES.len()).map(Actor::Consumer));
    let threads = roles
        .into_iter()
        .enumerate()
        .map(|(at, role)| {
            let crew = crew.clone();
            let rng = Rng::new(seed, u64::from(round) * 100 + at as u64 + 1);
            std::thread::spawn(move || crew.play(role, round, rng))
        })
        .collect();
    kill_amid(threads, lasts, server, &killed)
}

/// Kills the server after a while amid the work of these threads, and waits for them to notice.
pub(crate) fn kill_amid(
    threads: Vec<JoinHandle<Result<(), String>>>,
    lasts: Duration,
    mut server: Server,
    killed: &AtomicBool,
) -> Result<(), String> {
    std::thread::sleep(lasts);
    let ended = server.alive();
    killed.store(true, Ordering::SeqCst);
    if ended.is_ok() {
        server.kill()?;
    }
    for thread in threads {
        thread.join().map_err(|_| "an actor panicked".to_owned())??;
    }
    ended
}

/// Repeats a step until told to stop. An error after that is the end of the server, and no failure.
pub(crate) fn until(stop: &AtomicBool, mut step: impl FnMut() -> Result<(), String>) -> Result<(), String> {
    while !stop.load(Ordering::SeqCst) {
        match step() {
            Ok(()) => {}
            Err(_) if stop.load(Ordering::SeqCst) => return Ok(()),
            Err(reason) => return Err(reason),
        }
    }
    Ok(())
}
