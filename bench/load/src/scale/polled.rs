//! Messages that go to parked polls: a sender sends its next message when the last one has arrived, so that there is
//! always a poll left that waits. A receive is counted from the beginning of the send to the end of the poll.

use super::cycle::settle;
use super::{Caller, POLLED, Sample, Window};
use crate::Fault;
use crate::scenario::json_text;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// Messages on their way, by their bodies: when they were sent, and who waits for their arrival.
type OnTheWay = Rc<RefCell<HashMap<String, (Instant, oneshot::Sender<()>)>>>;

/// Sends over `connections` connections to `pollers` parked polls until the window closes.
pub(super) async fn run(
    target: &str,
    pollers: u64,
    connections: u64,
    window: Window,
    sample: &Sample,
) -> Result<(), Fault> {
    let on_the_way = OnTheWay::default();
    for _ in 0..pollers {
        let caller = Caller::open(target, POLLED).await?;
        let (on_the_way, sample) = (Rc::clone(&on_the_way), sample.clone());
        tokio::task::spawn_local(async move {
            if let Err(fault) = poll(caller, &on_the_way, window, &sample).await {
                eprintln!("a poller ended: {fault}");
                // Whoever waits for an arrival sees that it will not come.
                on_the_way.borrow_mut().clear();
            }
        });
    }
    // The polls are under way before the first message is.
    tokio::time::sleep_until(window.opens).await;
    let senders = (0..connections).map(|nth| {
        let (target, on_the_way, sample) = (target.to_owned(), Rc::clone(&on_the_way), sample.clone());
        tokio::task::spawn_local(async move {
            send(&target, nth, &on_the_way, window, &sample).await.map_err(|e| e.to_string())
        })
    });
    for sender in senders.collect::<Vec<_>>() {
        sender.await??;
    }
    Ok(())
}

async fn send(
    target: &str,
    sender: u64,
    on_the_way: &OnTheWay,
    window: Window,
    sample: &Sample,
) -> Result<(), Fault> {
    let mut caller = Caller::open(target, POLLED).await?;
    let run = std::process::id();
    for nth in 0u64.. {
        if window.is_over() {
            break;
        }
        // As long as the other bodies.
        let body = format!("{:x<256}", format!("{run}-{sender}-{nth}-"));
        let request = caller.request("SendMessage", &format!(r#""MessageBody":"{body}""#));
        let (tell, arrived) = oneshot::channel();
        let started = Instant::now();
        on_the_way.borrow_mut().insert(body, (started, tell));
        caller.call(&request).await?;
        sample.count(0, started, window);
        arrived.await.map_err(|_| "a message did not arrive")?;
    }
    Ok(())
}

async fn poll(
    mut caller: Caller,
    on_the_way: &OnTheWay,
    window: Window,
    sample: &Sample,
) -> Result<(), Fault> {
    let receive = caller.request("ReceiveMessage", r#""WaitTimeSeconds":20"#);
    loop {
        let answer = caller.call(&receive).await?;
        let Some(receipt) = json_text(answer, "ReceiptHandle") else { continue };
        let (receipt, body) = (receipt.to_owned(), json_text(answer, "Body").unwrap_or_default());
        // What an earlier run left behind is nobody's.
        let sent = on_the_way.borrow_mut().remove(body);
        if let Some((started, tell)) = sent {
            sample.count(1, started, window);
            settle(&mut caller, &receipt, window, sample).await?;
            let _ = tell.send(());
        } else {
            settle(&mut caller, &receipt, window, sample).await?;
        }
    }
}
