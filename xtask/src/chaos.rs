//! `cargo x chaos`: 200 HTTP endpoints of which a third fail, 20 FIFO queues, and `kill -9` of the server on the way.
//!
//! One topic has a subscription for each endpoint, some with filters, some raw. Healthy endpoints take everything; the
//! others answer 500 for a while, are gone for good, hang, are slow, or flap, and have a short delivery policy and a
//! dead-letter queue each. A FIFO topic has 20 FIFO queues. While publishers work the server is killed and started
//! over the same data directory, several times. Then the publishers stop, and:
//!
//! - I9: every acknowledged publication that a filter admits came to the endpoint, or is in its dead-letter queue, once
//!   and only after all attempts of the policy, or is owed still; when all endpoints are well, what was owed
//!   comes, and nothing is missing;
//! - nothing came to an endpoint whose filter refuses it, and nothing more often than policy and kills explain;
//! - the first deliveries of each group come in order to each FIFO queue, and none is left out;
//! - the server held less than 300 MB all the time, ended in time amid attempts that hang, and healthy endpoints did
//!   not wait for the others.

mod actors;
mod books;
mod endpoints;
mod fifo;
mod scene;
mod settle;
mod web;

use crate::crash::{EXPECTED_LOG, kill_amid};
use crate::flags::Flags;
use crate::http::Client;
use crate::process::Watch;
use crate::rng::{Rng, clock_seed};
use crate::server::{self, Launch, Profile, Server};
use crate::tree;
use actors::Publisher;
use books::Books;
use endpoints::Endpoints;
use fifo::Fifo;
use scene::{PATIENCE, Scene};
use settle::Finale;
use std::ops::Range;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub(crate) use scene::{ask_sns, create_queue, create_topic, subscribe};

/// The most that the server may hold, KiB.
const RESIDENT_KIB_MAX: u64 = 300 * 1024;
/// 99 of 100 deliveries to healthy endpoints are there within this. Much less than what one that hangs takes: 15 s.
const LATENCY_US_MAX: u64 = 3_000_000;
const PUBLISHERS: u32 = 2;
/// Attempts under way at most. With the idle connections they fit into the 1,024 files that a process may open without
/// asking; and the slow endpoints alone, 32 attempts each, are not all of them.
const ATTEMPTS_MAX: u32 = 640;

/// What to run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    rounds: u32,
    /// How long a round lasts, milliseconds.
    lasts_ms: Range<u64>,
    shards: u32,
    seed: u64,
    /// Publications a second to the topic of the endpoints.
    rate: u32,
    /// `--delivery-attempts-max`.
    attempts_max: u32,
    profile: Profile,
}

impl Plan {
    /// What continuous integration has time for.
    pub(crate) fn short(shards: u32) -> Plan {
        Plan {
            rounds: 3,
            lasts_ms: 3_000..6_000,
            shards,
            seed: clock_seed(),
            rate: 6,
            attempts_max: ATTEMPTS_MAX,
            profile: Profile::Checked,
        }
    }

    fn long(shards: u32) -> Plan {
        Plan { rounds: 10, lasts_ms: 2_000..25_000, ..Plan::short(shards) }
    }
}

/// `cargo x chaos`; without `--shards`, with 1 and with 4.
pub(crate) fn command(arguments: &[String]) -> Result<(), String> {
    let flags =
        Flags::parse(arguments, &["rounds", "shards", "seed", "rate", "attempts"], &["short", "release"])?;
    let shards = match flags.text("shards") {
        None => vec![1, 4],
        Some(_) => vec![flags.number("shards", 1)?],
    };
    for shards in shards {
        let mut plan = if flags.has("short") { Plan::short(shards) } else { Plan::long(shards) };
        plan.rounds = flags.number("rounds", plan.rounds)?;
        plan.seed = flags.number("seed", plan.seed)?;
        plan.rate = flags.number("rate", plan.rate)?.max(1);
        plan.attempts_max = flags.number("attempts", plan.attempts_max)?;
        if flags.has("release") {
            plan.profile = Profile::Release;
        }
        run(&plan)?;
    }
    Ok(())
}

/// Runs all rounds and the end. The error names the seed and the data directory, which is kept.
pub(crate) fn run(plan: &Plan) -> Result<(), String> {
    let binary = server::binary(plan.profile)?;
    let data_dir = tree::fresh(&format!("chaos-{}", plan.shards))?.join("data");
    let mut launch = Launch::new(&binary, &data_dir, plan.shards);
    launch.more = ["--segment-bytes", "8388608", "--body-memory", "1048576"].map(str::to_owned).to_vec();
    launch.more.extend(["--delivery-attempts-max".to_owned(), plan.attempts_max.to_string()]);
    println!(
        "    {} rounds, {} shards, seed {}, {} publications a second",
        plan.rounds, plan.shards, plan.seed, plan.rate
    );
    rounds(plan, &launch).map_err(|reason| {
        let Plan { rounds, shards, seed, rate, attempts_max, .. } = plan;
        let again = format!(
            "--rounds {rounds} --shards {shards} --seed {seed} --rate {rate} --attempts {attempts_max}"
        );
        format!("{reason}\n  seed {seed}: cargo x chaos {again}\n  kept: {}", data_dir.display())
    })
}

/// What the rounds have in common.
struct Stage {
    scene: Arc<Scene>,
    fifo: Arc<Fifo>,
    books: Arc<Mutex<Books>>,
}

fn rounds(plan: &Plan, launch: &Launch) -> Result<(), String> {
    let books = Arc::new(Mutex::new(Books::new(endpoints::everybody())));
    let (endpoints, urls) = Endpoints::open(&books)?;
    let mut server = launch.start()?;
    let watch = Watch::begin(server.pid());
    let mut client = Client::new(&server.api, PATIENCE);
    let made = Instant::now();
    let scene = Arc::new(Scene::create(&mut client, &urls, &books)?);
    let fifo = Arc::new(Fifo::create(&mut client)?);
    println!("    {} endpoints confirmed in {:.1?}", urls.len(), made.elapsed());
    let stage = Stage { scene, fifo, books };
    endpoints.begin_trouble();
    let begun = Instant::now();
    let mut rng = Rng::new(plan.seed, 0);
    for round in 1..=plan.rounds {
        let lasts = Duration::from_millis(rng.between(plan.lasts_ms.start, plan.lasts_ms.end));
        work(plan, round, lasts, server, &stage)?;
        stage.books.lock().expect("nobody panics while he writes").interrupted();
        let restart = Instant::now();
        server = launch.start()?;
        watch.turn_to(server.pid());
        report(
            &format!("round {round}: killed after {lasts:.0?}, back in {:.0?}", restart.elapsed()),
            &stage,
        );
        stage.books.lock().expect("nobody panics while he writes").verdict()?;
        stage.fifo.verdict()?;
    }
    let Stage { scene, fifo, books } = &stage;
    let finale = Finale { launch, endpoints: &endpoints, scene, fifo, books, watch: &watch };
    finale.play(server)?;
    report(&format!("{:.0?} in all", begun.elapsed()), &stage);
    judge(&stage, &watch)?;
    server::demand_quiet(&launch.log, &EXPECTED_LOG)
}

/// One round: everybody works until the server is killed.
fn work(plan: &Plan, round: u32, lasts: Duration, server: Server, stage: &Stage) -> Result<(), String> {
    let killed = Arc::new(AtomicBool::new(false));
    let mut threads = Vec::new();
    for number in 0..PUBLISHERS {
        let publisher = Publisher {
            api: server.api.clone(),
            topic: stage.scene.topic.clone(),
            books: Arc::clone(&stage.books),
            killed: Arc::clone(&killed),
            pause: Duration::from_secs(1) * PUBLISHERS / plan.rate,
        };
        let rng = Rng::new(plan.seed, u64::from(round * 100 + number) + 1);
        threads.push(std::thread::spawn(move || publisher.work(rng)));
    }
    for number in 0..fifo::GROUPS + fifo::QUEUES {
        let (fifo, api, killed) = (Arc::clone(&stage.fifo), server.api.clone(), Arc::clone(&killed));
        threads.push(std::thread::spawn(move || match number.checked_sub(fifo::GROUPS) {
            None => fifo.publish_to(number, &api, &killed),
            Some(queue) => fifo.consume_from(queue, &api, &killed),
        }));
    }
    kill_amid(threads, lasts, server, &killed)
}

fn report(what: &str, stage: &Stage) {
    let totals = stage.books.lock().expect("nobody panics while he writes").totals();
    println!(
        "    {what}; {} of {} acknowledged, {} deliveries taken and {} again in {} attempts, {} dead letters; {}",
        totals.acknowledged,
        totals.asked,
        totals.taken,
        totals.again,
        totals.attempts,
        totals.dead,
        stage.fifo.totals()
    );
}

/// The books at the end, memory, and how long healthy endpoints waited.
fn judge(stage: &Stage, watch: &Watch) -> Result<(), String> {
    let books = stage.books.lock().expect("nobody panics while he writes");
    let [half, most, slowest] = [500, 990, 1000].map(|per_mille| books.latency_us(per_mille));
    let peak_kib = watch.peak_kib();
    println!(
        "    publish to delivery at healthy endpoints: median {:.0?}, p99 {:.0?}, slowest {:.0?}; at most {} MiB resident",
        Duration::from_micros(half),
        Duration::from_micros(most),
        Duration::from_micros(slowest),
        peak_kib / 1024
    );
    books.verdict()?;
    if peak_kib > RESIDENT_KIB_MAX {
        return Err(format!("the server held {peak_kib} KiB, and {RESIDENT_KIB_MAX} are allowed"));
    }
    if most > LATENCY_US_MAX {
        return Err(format!("p99 at healthy endpoints is {most} us, and {LATENCY_US_MAX} are allowed"));
    }
    Ok(())
}
