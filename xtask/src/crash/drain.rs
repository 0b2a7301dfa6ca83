//! The end of the crash test: the counts, and everything that is left, received and deleted.

use super::actors::{now, receive_and_delete};
use super::ledger::Ledger;
use super::scene::{LANES, PATIENCE, Scene, VISIBILITY, ask};
use crate::http::Client;
use crate::server::Server;
use serde_json::json;
use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Duration;

/// Readings of the counts, 100 ms apart, that must agree before they are believed: deliveries between shards
/// may still be on their way.
const EQUAL_READINGS: u32 = 10;
const SETTLED_WITHIN: Duration = Duration::from_secs(30);
/// What nobody could receive in this time is lost. Everything hidden comes back within `VISIBILITY`.
const QUIET_FOR: Duration = Duration::from_secs(VISIBILITY.as_secs() + 3);
const COUNTS: [&str; 3] = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
];

/// Drains every queue and closes the books.
pub(super) fn to_the_last(server: &Server, scene: &Scene, ledger: &Mutex<Ledger>) -> Result<(), String> {
    let mut client = Client::new(&server.api, PATIENCE);
    let counts = settled(&mut client, scene)?;
    for (lane, count) in counts.iter().enumerate() {
        let bounds = ledger.lock().expect("no actor is left").bounds(lane);
        if !(bounds.least..=bounds.most).contains(count) {
            let text = format!("queue {lane} counts {count} messages, but by the books {bounds:?}");
            ledger.lock().expect("no actor is left").violation(text);
        }
        let mut drained = HashSet::new();
        let mut quiet_since = now();
        while (drained.len() as u64) < *count && now() < quiet_since + QUIET_FOR {
            let ids = receive_and_delete(&mut client, ledger, scene, lane)?;
            if !ids.is_empty() {
                quiet_since = now();
            }
            drained.extend(ids);
        }
        drained.extend(receive_and_delete(&mut client, ledger, scene, lane)?);
        if drained.len() as u64 != *count {
            let text = format!("queue {lane} counted {count} messages and gave {}", drained.len());
            ledger.lock().expect("no actor is left").violation(text);
        }
    }
    ledger.lock().expect("no actor is left").close();
    Ok(())
}

/// After everything was deleted and the server restarted, every queue is empty and stays so.
pub(super) fn nothing_left(server: &Server, scene: &Scene) -> Result<(), String> {
    let mut client = Client::new(&server.api, PATIENCE);
    for (lane, url) in scene.queue_urls.iter().enumerate() {
        let left = counts(&mut client, scene)?[lane];
        let input = json!({ "QueueUrl": url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": VISIBILITY.as_secs() + 1 });
        let reply = ask(&mut client, "ReceiveMessage", &input)?;
        if left > 0 || reply.get("Messages").is_some() {
            return Err(format!("queue {lane} was emptied, and after a restart it counts {left}: {reply}"));
        }
    }
    Ok(())
}

fn settled(client: &mut Client, scene: &Scene) -> Result<Vec<u64>, String> {
    let deadline = now() + SETTLED_WITHIN;
    let (mut last, mut equal) = (counts(client, scene)?, 0);
    while equal < EQUAL_READINGS && now() < deadline {
        std::thread::sleep(Duration::from_millis(100));
        let next = counts(client, scene)?;
        equal = if next == last { equal + 1 } else { 0 };
        last = next;
    }
    if equal < EQUAL_READINGS {
        return Err("the counts of the queues do not come to rest".to_owned());
    }
    Ok(last)
}

/// Visible, in flight and delayed messages of each queue, added up.
fn counts(client: &mut Client, scene: &Scene) -> Result<Vec<u64>, String> {
    let mut totals = Vec::with_capacity(LANES.len());
    for url in &scene.queue_urls {
        let input = json!({ "QueueUrl": url, "AttributeNames": COUNTS });
        let reply = ask(client, "GetQueueAttributes", &input)?;
        let mut total = 0;
        for name in COUNTS {
            let text = reply["Attributes"][name].as_str().and_then(|text| text.parse::<u64>().ok());
            total += text.ok_or_else(|| format!("GetQueueAttributes answered no {name}: {reply}"))?;
        }
        totals.push(total);
    }
    Ok(totals)
}
