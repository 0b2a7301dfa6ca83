//! Fills a server: the queues that are measured, and many others.

use super::{Caller, FAIR, FIFO, PLAIN, POLLED};
use crate::Fault;
use crate::connection::Connection;
use crate::scenario::{accepted, plain_body};
use crate::sign::{Service, Signer};
use std::fmt::Write as _;
use tokio::time::Instant;

const CONNECTIONS: u64 = 32;
const BATCH: u64 = 10;

/// Makes the queues, `queues` in all, and sends `messages` to each of the three that are measured full. Says how long
/// each took.
pub(super) async fn run(target: &str, messages: u64, groups: u64, queues: u64) -> Result<String, Fault> {
    let started = Instant::now();
    let first = [PLAIN, FAIR, FIFO, POLLED].map(str::to_owned);
    let others = (0..queues.saturating_sub(first.len() as u64)).map(super::park::queue);
    create(target, first.into_iter().chain(others).collect()).await?;
    let mut report = format!(r#"{{"queues":{queues},"queues_s":{:.2}"#, started.elapsed().as_secs_f64());
    for queue in [PLAIN, FAIR, FIFO] {
        let started = Instant::now();
        fill(target, queue, messages, groups).await?;
        let _ = write!(report, r#","{queue}_s":{:.2}"#, started.elapsed().as_secs_f64());
    }
    report.push('}');
    Ok(report)
}

async fn create(target: &str, names: Vec<String>) -> Result<(), Fault> {
    let share = names.len().div_ceil(CONNECTIONS as usize).max(1);
    let creators = names.chunks(share).map(|names| {
        let (target, names) = (target.to_owned(), names.to_vec());
        tokio::task::spawn_local(async move {
            let mut connection = Connection::open(&target).await.map_err(|e| e.to_string())?;
            let signer = Signer::of_environment(&target);
            for name in names {
                let fifo = if name == FIFO { r#","FifoQueue":"true""# } else { "" };
                let attributes = format!(r#"{{"VisibilityTimeout":"600"{fifo}}}"#);
                let body = format!(r#"{{"QueueName":"{name}","Attributes":{attributes}}}"#);
                let request = signer.request(Service::Sqs, "CreateQueue", &body);
                let status = connection.call(&request).await.map_err(|e| e.to_string())?;
                accepted(status, &connection)?;
            }
            Ok::<(), String>(())
        })
    });
    for creator in creators.collect::<Vec<_>>() {
        creator.await??;
    }
    Ok(())
}

async fn fill(target: &str, queue: &'static str, messages: u64, groups: u64) -> Result<(), Fault> {
    let batches = messages.div_ceil(BATCH);
    let fillers = (0..CONNECTIONS).map(|filler| {
        let target = target.to_owned();
        tokio::task::spawn_local(async move {
            let work = async {
                let mut caller = Caller::open(&target, queue).await?;
                // Messages without a group are all the same, and so are the requests.
                let same = (queue == PLAIN).then(|| batch(&caller, queue, 0, groups));
                for nth in (filler..batches).step_by(CONNECTIONS as usize) {
                    let made = if same.is_none() { batch(&caller, queue, nth, groups) } else { Vec::new() };
                    let answer = caller.call(same.as_ref().unwrap_or(&made)).await?;
                    if answer.contains("\"Failed\"") {
                        return Err(format!("a batch failed in part: {answer}").into());
                    }
                }
                Ok::<(), Fault>(())
            };
            work.await.map_err(|e| e.to_string())
        })
    });
    for filler in fillers.collect::<Vec<_>>() {
        filler.await??;
    }
    Ok(())
}

fn batch(caller: &Caller, queue: &str, nth: u64, groups: u64) -> Vec<u8> {
    let body = plain_body();
    let mut entries = String::new();
    for id in 0..BATCH {
        let comma = if id == 0 { "" } else { "," };
        let message = nth * BATCH + id;
        let more = more_of(queue, message % groups, &format!("fill-{message}"));
        let _ = write!(entries, r#"{comma}{{"Id":"{id}","MessageBody":"{body}"{more}}}"#);
    }
    caller.request("SendMessageBatch", &format!(r#""Entries":[{entries}]"#))
}

/// What a message for a queue has besides its body: a group, and a deduplication id.
pub(super) fn more_of(queue: &str, group: u64, dedup: &str) -> String {
    match queue {
        FIFO => format!(r#","MessageGroupId":"g{group}","MessageDeduplicationId":"{dedup}""#),
        FAIR => format!(r#","MessageGroupId":"g{group}""#),
        _ => String::new(),
    }
}
