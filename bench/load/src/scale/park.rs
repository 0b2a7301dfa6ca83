//! Long polls that wait on queues where nothing ever comes.

use super::Caller;
use crate::Fault;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

/// The longest wait that SQS knows, seconds.
const WAIT_S: u64 = 20;
/// Polls that are begun in a millisecond, so that they do not all end at once.
const PER_MS: u64 = 4;

/// The name of one of the queues on which nothing is measured.
pub(super) fn queue(nth: u64) -> String {
    format!("other-{nth}")
}

/// Parks `polls` receives over as many connections, and again when they end, until the process is killed. Says on
/// standard output when all are on their way.
pub(super) async fn run(target: &str, polls: u64, queues: u64) -> Result<String, Fault> {
    let open = Rc::new(Cell::new(0));
    let others = queues.saturating_sub(4).max(1);
    let pollers = (0..polls).map(|nth| {
        let (target, open) = (target.to_owned(), Rc::clone(&open));
        tokio::task::spawn_local(async move {
            tokio::time::sleep(Duration::from_millis(nth / PER_MS)).await;
            poll(&target, &queue(nth % others), 1 + nth % WAIT_S, &open).await.map_err(|e| e.to_string())
        })
    });
    let pollers = pollers.collect::<Vec<_>>();
    while open.get() < polls {
        if let Some(failed) = pollers.iter().position(tokio::task::JoinHandle::is_finished) {
            return Err(format!("poll {failed} of {polls} ended").into());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    println!("parked {polls}");
    for poller in pollers {
        poller.await??;
    }
    Err("there was nothing to park".into())
}

async fn poll(target: &str, queue: &str, first_wait_s: u64, open: &Cell<u64>) -> Result<(), Fault> {
    let mut wait_s = first_wait_s;
    let mut caller = Caller::open(target, queue).await?;
    open.set(open.get() + 1);
    loop {
        // A signature holds for 15 minutes, and this may go on for longer.
        caller.signer = crate::sign::Signer::of_environment(target);
        let receive = caller.request("ReceiveMessage", &format!(r#""WaitTimeSeconds":{wait_s}"#));
        let answer = caller.call(&receive).await?;
        if answer.contains("ReceiptHandle") {
            return Err("a message came where nobody sends any".into());
        }
        wait_s = WAIT_S;
    }
}
