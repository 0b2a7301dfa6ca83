//! Send, receive, change the visibility, delete, and again.

use super::fill::more_of;
use super::{Caller, Sample, Window};
use crate::Fault;
use crate::scenario::{json_text, plain_body};
use std::cell::Cell;
use std::rc::Rc;
use tokio::time::Instant;

/// Runs cycles over each connection until the window closes.
pub(super) async fn run(
    target: &str,
    queue: &str,
    groups: u64,
    connections: u64,
    window: Window,
    sample: &Sample,
) -> Result<(), Fault> {
    // No group and no id twice in a run, and others in each run.
    let sent = Rc::new(Cell::new(u64::from(std::process::id()) * 1_000_003));
    let workers = (0..connections).map(|_| {
        let (target, queue) = (target.to_owned(), queue.to_owned());
        let (sample, sent) = (sample.clone(), Rc::clone(&sent));
        tokio::task::spawn_local(async move {
            let work = work(&target, &queue, groups, window, &sample, &sent);
            work.await.map_err(|e| e.to_string())
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await??;
    }
    Ok(())
}

async fn work(
    target: &str,
    queue: &str,
    groups: u64,
    window: Window,
    sample: &Sample,
    sent: &Cell<u64>,
) -> Result<(), Fault> {
    let mut caller = Caller::open(target, queue).await?;
    let receive = caller.request("ReceiveMessage", r#""MaxNumberOfMessages":1"#);
    let body = plain_body();
    while !window.is_over() {
        sent.set(sent.get() + 1);
        let more = more_of(queue, sent.get() % groups, &format!("cycle-{}", sent.get()));
        let send = caller.request("SendMessage", &format!(r#""MessageBody":"{body}"{more}"#));
        let started = Instant::now();
        caller.call(&send).await?;
        sample.count(0, started, window);

        let started = Instant::now();
        let answer = caller.call(&receive).await?;
        sample.count(1, started, window);
        let receipt = json_text(answer, "ReceiptHandle");
        let receipt = receipt.ok_or("a receive got nothing although each sends first")?.to_owned();
        settle(&mut caller, &receipt, window, sample).await?;
    }
    Ok(())
}

/// Changes the visibility of a message, and deletes it.
pub(super) async fn settle(
    caller: &mut Caller,
    receipt: &str,
    window: Window,
    sample: &Sample,
) -> Result<(), Fault> {
    let handle = format!(r#""ReceiptHandle":"{receipt}""#);
    let change = caller.request("ChangeMessageVisibility", &format!(r#"{handle},"VisibilityTimeout":900"#));
    let delete = caller.request("DeleteMessage", &handle);
    let started = Instant::now();
    caller.call(&change).await?;
    sample.count(2, started, window);
    let started = Instant::now();
    caller.call(&delete).await?;
    sample.count(3, started, window);
    Ok(())
}
