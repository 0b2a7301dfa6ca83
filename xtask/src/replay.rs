//! `cargo x replay`: a large archive is replayed to a FIFO queue, with little memory, and over `kill -9`.
//!
//! Messages are published to a FIFO topic that keeps an archive, over several connections and in many groups, while
//! nobody is subscribed. Then a FIFO queue is subscribed from the beginning of the archive. While consumers drain it and
//! somebody goes on publishing, the server is killed and started again, at seeded points. It must show:
//!
//! - every message comes, the first deliveries of each group in order and without a gap; what comes again
//!   was in flight at a kill; what was deleted never comes again;
//! - what was published meanwhile comes after what was there before, and the replay becomes `Completed`;
//! - during the replay the server holds less than 50 MB more than before it, and after each restart less than 50 MB
//!   more than right after that restart.

mod actors;
mod ledger;

use crate::chaos::{ask_sns, create_queue, create_topic, subscribe};
use crate::crash::{EXPECTED_LOG, ask, kill_amid};
use crate::flags::Flags;
use crate::http::{Client, Reply};
use crate::process::Watch;
use crate::rng::{Rng, clock_seed};
use crate::server::{self, Launch, Profile, Server};
use crate::tree;
use actors::{CONSUMERS, Crew};
use ledger::Ledger;
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// By how much the server may grow while it replays, KiB.
const GROWTH_KIB_MAX: u64 = 50_000_000 / 1024;
/// What a killed consumer held comes back after this.
const VISIBILITY_S: &str = "10";
const PATIENCE: Duration = Duration::from_secs(20);
/// A replay that brings nothing for so long has stopped.
const QUIET_FOR: Duration = Duration::from_secs(30);
/// From the last message to `Completed`.
const COMPLETED_WITHIN: Duration = Duration::from_secs(30);
/// After publishing, before memory is read: what is under way in the background comes to its end.
const REST: Duration = Duration::from_secs(3);
/// Messages of the short form.
const SHORT: u64 = 20_000;

/// What to run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    messages: u64,
    kills: u32,
    shards: u32,
    seed: u64,
    profile: Profile,
}

impl Plan {
    /// What continuous integration has time for.
    pub(crate) fn short(shards: u32) -> Plan {
        Plan { messages: SHORT, kills: 1, shards, seed: clock_seed(), profile: Profile::Checked }
    }
}

/// `cargo x replay [--messages N] [--kills N] [--shards N] [--seed N] [--checked]`.
pub(crate) fn command(arguments: &[String]) -> Result<(), String> {
    let flags = Flags::parse(arguments, &["messages", "kills", "shards", "seed"], &["checked"])?;
    let mut plan = Plan::short(flags.number("shards", 1)?);
    plan.messages = flags.number("messages", 1_000_000)?;
    plan.kills = flags.number("kills", 2)?;
    plan.seed = flags.number("seed", plan.seed)?;
    if !flags.has("checked") {
        plan.profile = Profile::Release;
    }
    run(&plan)
}

/// Runs it. The error names the seed and the data directory, which is kept.
pub(crate) fn run(plan: &Plan) -> Result<(), String> {
    let binary = server::binary(plan.profile)?;
    let data_dir = tree::fresh(&format!("replay-{}", plan.shards))?.join("data");
    let launch = Launch::new(&binary, &data_dir, plan.shards);
    let Plan { messages, kills, shards, seed, .. } = plan;
    println!("    {messages} messages, {kills} kills, {shards} shards, seed {seed}");
    play(plan, &launch).map_err(|reason| {
        let again =
            format!("cargo x replay --messages {messages} --kills {kills} --shards {shards} --seed {seed}");
        format!("{reason}\n  seed {seed}: {again}\n  kept: {}", data_dir.display())
    })
}

fn play(plan: &Plan, launch: &Launch) -> Result<(), String> {
    let mut rng = Rng::new(plan.seed, 0);
    let mut server = launch.start()?;
    let topic = create_archived(&mut Client::new(&server.api, PATIENCE))?;
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let empty_kib = resident_kib(&server)?;
    fill(plan, &server, &topic, &ledger)?;
    std::thread::sleep(REST);
    let watch = Watch::begin(server.pid());
    let mut before_kib = resident_kib(&server)?;
    println!("    resident: {} MiB empty, {} MiB before the replay", empty_kib / 1024, before_kib / 1024);
    // The server has closed the first one, if publishing took longer than it lets a connection be idle.
    let mut client = Client::new(&server.api, PATIENCE);
    let (queue, subscription) = subscribe_from_the_beginning(&mut client, &topic)?;
    for kill in 1..=plan.kills {
        let share = u64::from(kill) * 100 / u64::from(plan.kills + 1);
        let until = plan.messages * rng.between(share.saturating_sub(15).max(2), share + 10) / 100;
        let crew = Crew::new(&server, &topic, &queue, &ledger);
        replay_and_kill(&crew, until, server)?;
        growth("until the kill", &watch, before_kib)?;
        let restart = Instant::now();
        server = launch.start()?;
        before_kib = resident_kib(&server)?;
        watch.turn_to(server.pid());
        watch.reset();
        let books = ledger.lock().expect("nobody panics while he writes");
        println!(
            "    killed after {} came, back in {:.0?} with {} MiB; {}",
            until,
            restart.elapsed(),
            before_kib / 1024,
            books.totals()
        );
        books.verdict()?;
    }
    let crew = Crew::new(&server, &topic, &queue, &ledger);
    finish(&crew, &subscription)?;
    growth("to the end", &watch, before_kib)?;
    live(&crew)?;
    nothing_left(&server, &queue)?;
    let again_max = u64::from(plan.kills) * CONSUMERS * 10;
    let books = ledger.lock().expect("nobody panics while he writes");
    println!("    {}", books.totals());
    books.verdict()?;
    if books.again() > again_max {
        return Err(format!(
            "{} messages came again, and {again_max} can have been in flight",
            books.again()
        ));
    }
    server.terminate()?;
    server::demand_quiet(&launch.log, &EXPECTED_LOG)
}

fn resident_kib(server: &Server) -> Result<u64, String> {
    crate::process::resident_kib(server.pid())
}

fn create_archived(client: &mut Client) -> Result<String, String> {
    let parameters = [
        ("Name", "archived.fifo"),
        ("Attributes.entry.1.key", "FifoTopic"),
        ("Attributes.entry.1.value", "true"),
        ("Attributes.entry.2.key", "ArchivePolicy"),
        ("Attributes.entry.2.value", r#"{"MessageRetentionPeriod":"30"}"#),
    ];
    create_topic(client, &parameters)
}

/// Publishes everything that will be replayed.
fn fill(plan: &Plan, server: &Server, topic: &str, ledger: &Arc<Mutex<Ledger>>) -> Result<(), String> {
    let crew = Crew::new(server, topic, "", ledger);
    let since = Instant::now();
    crew.publish(plan.messages)?;
    let took = since.elapsed();
    println!(
        "    {} messages published in {took:.1?}, {:.0} a second",
        plan.messages,
        plan.messages as f64 / took.as_secs_f64()
    );
    Ok(())
}

/// The queue's URL and the subscription's ARN.
fn subscribe_from_the_beginning(client: &mut Client, topic: &str) -> Result<(String, String), String> {
    let reply = ask_sns(client, "GetTopicAttributes", &[("TopicArn", topic)])?;
    let beginning = attribute(&reply, "BeginningArchiveTime")
        .ok_or_else(|| format!("a topic with an archive has no BeginningArchiveTime: {}", reply.body))?;
    let attributes = json!({ "FifoQueue": "true", "VisibilityTimeout": VISIBILITY_S });
    let (queue, arn) = create_queue(client, "replayed.fifo", &attributes)?;
    let replay = json!({ "PointType": "Timestamp", "StartingPoint": beginning }).to_string();
    let attributes = [("RawMessageDelivery", "true".to_owned()), ("ReplayPolicy", replay)];
    let subscription = subscribe(client, topic, "sqs", &arn, &attributes)?;
    let status = replay_status(client, &subscription)?;
    if !["Pending", "In progress"].contains(&status.as_str()) {
        return Err(format!("a replay that has just begun is {status:?}"));
    }
    Ok((queue, subscription))
}

fn replay_status(client: &mut Client, subscription: &str) -> Result<String, String> {
    let reply = ask_sns(client, "GetSubscriptionAttributes", &[("SubscriptionArn", subscription)])?;
    attribute(&reply, "ReplayStatus")
        .map(str::to_owned)
        .ok_or_else(|| format!("a subscription with a ReplayPolicy has no ReplayStatus: {}", reply.body))
}

/// The value of an attribute in a list of them.
fn attribute<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    let (_, rest) = reply.body.split_once(&format!("<key>{name}</key>"))?;
    let (value, _) = rest.split_once("<value>")?.1.split_once("</value>")?;
    Some(value)
}

/// Lets consumers work and somebody publish, until so many messages have come; then the server is killed.
fn replay_and_kill(crew: &Crew, until: u64, server: Server) -> Result<(), String> {
    let killed = Arc::new(AtomicBool::new(false));
    let mut threads = crew.consumers(&killed);
    threads.push(crew.straggler(&killed));
    let came = wait_until(crew, || crew.books().came() >= until);
    kill_amid(threads, Duration::ZERO, server, &killed)?;
    came
}

/// Waits for something that the consumers bring about; fails when nothing comes any more.
fn wait_until(crew: &Crew, done: impl Fn() -> bool) -> Result<(), String> {
    let (mut last, mut since) = (0, Instant::now());
    while !done() {
        std::thread::sleep(Duration::from_millis(20));
        let came = crew.books().came();
        if came != last {
            (last, since) = (came, Instant::now());
        } else if since.elapsed() > QUIET_FOR {
            let books = crew.books();
            return Err(format!(
                "nothing has come for {QUIET_FOR:?}: {}; {}",
                books.totals(),
                books.missing()
            ));
        }
    }
    Ok(())
}

/// Consumes to the last message, with somebody publishing for a while, and waits for the replay to be over.
fn finish(crew: &Crew, subscription: &str) -> Result<(), String> {
    let stop = Arc::new(AtomicBool::new(false));
    let consumers = crew.consumers(&stop);
    let quiet = Arc::new(AtomicBool::new(false));
    let straggler = crew.straggler(&quiet);
    let since = Instant::now();
    let near = crew.books().left();
    let came = wait_until(crew, || crew.books().left() < near / 10 + 100);
    quiet.store(true, Ordering::SeqCst);
    straggler.join().map_err(|_| "the publisher panicked".to_owned())??;
    let came = came.and_then(|()| wait_until(crew, || crew.books().is_complete()));
    println!("    the last {near} and what was added came in {:.1?}", since.elapsed());
    let mut client = Client::new(&crew.api, PATIENCE);
    let deadline = Instant::now() + COMPLETED_WITHIN;
    let mut status = replay_status(&mut client, subscription)?;
    while status != "Completed" && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(100));
        status = replay_status(&mut client, subscription)?;
    }
    stop.store(true, Ordering::SeqCst);
    for consumer in consumers {
        consumer.join().map_err(|_| "a consumer panicked".to_owned())??;
    }
    came?;
    if status == "Completed" { Ok(()) } else { Err(format!("everything came, and the replay is {status:?}")) }
}

/// What is published now comes as to any subscription.
fn live(crew: &Crew) -> Result<(), String> {
    crew.publish(1_000)?;
    let stop = Arc::new(AtomicBool::new(false));
    let consumers = crew.consumers(&stop);
    let came = wait_until(crew, || crew.books().is_complete());
    stop.store(true, Ordering::SeqCst);
    for consumer in consumers {
        consumer.join().map_err(|_| "a consumer panicked".to_owned())??;
    }
    came
}

fn nothing_left(server: &Server, queue: &str) -> Result<(), String> {
    let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
    let input = json!({ "QueueUrl": queue, "AttributeNames": names });
    let reply = ask(&mut Client::new(&server.api, PATIENCE), "GetQueueAttributes", &input)?;
    let empty = names.iter().all(|name| reply["Attributes"][name] == "0");
    if empty { Ok(()) } else { Err(format!("everything was deleted, and the queue counts {reply}")) }
}

fn growth(when: &str, watch: &Watch, before_kib: u64) -> Result<(), String> {
    let grown = watch.peak_kib().saturating_sub(before_kib);
    println!("    {when}: at most {} MiB resident, {} MiB more", watch.peak_kib() / 1024, grown / 1024);
    if grown > GROWTH_KIB_MAX {
        return Err(format!(
            "the server grew by {grown} KiB during the replay; {GROWTH_KIB_MAX} are allowed"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_is_found() {
        let body =
            "<entry><key>A</key><value>1</value></entry>\n<entry><key>B</key>\n<value>2</value></entry>";
        let reply = Reply { status: 200, body: body.to_owned() };
        assert_eq!(
            [attribute(&reply, "A"), attribute(&reply, "B"), attribute(&reply, "C")],
            [Some("1"), Some("2"), None]
        );
    }
}
