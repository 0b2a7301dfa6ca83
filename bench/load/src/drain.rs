//! How fast the copies of a fan-out are taken away again: ten are received, ten are deleted, over all connections.

use crate::Fault;
use crate::connection::Connection;
use crate::scenario::{Scenario, accepted};
use std::time::Duration;
use tokio::time::Instant;

/// How long to drain: there may be more copies than anybody wants to wait for.
const WINDOW: Duration = Duration::from_secs(3);

/// Messages deleted in a second; zero if the scenario has no queues to drain.
pub async fn rate(target: &str, connections: usize, scenario: &Scenario) -> Result<f64, Fault> {
    if scenario.queues().is_empty() {
        return Ok(0.0);
    }
    let started = Instant::now();
    let workers = (0..connections).map(|first| {
        let (target, scenario) = (target.to_owned(), scenario.clone());
        tokio::task::spawn_local(async move {
            let work = drain(&target, &scenario, first, connections, started + WINDOW);
            work.await.map_err(|e| e.to_string())
        })
    });
    let mut deleted = 0;
    for worker in workers.collect::<Vec<_>>() {
        deleted += worker.await??;
    }
    Ok(deleted as f64 / started.elapsed().as_secs_f64())
}

/// Empties every `step`-th queue from the `first` on, as far as the time goes.
async fn drain(
    target: &str,
    scenario: &Scenario,
    first: usize,
    step: usize,
    until: Instant,
) -> Result<u64, Fault> {
    let mut connection = Connection::open(target).await?;
    let mut deleted = 0;
    for url in scenario.queues().iter().skip(first).step_by(step) {
        let receive = scenario.of_queue(url, "ReceiveMessage", r#""MaxNumberOfMessages":10"#);
        while Instant::now() < until {
            let status = connection.call(&receive).await?;
            accepted(status, &connection)?;
            let entries = entries(connection.body());
            if entries.is_empty() {
                break;
            }
            let list = format!(r#""Entries":[{}]"#, entries.join(","));
            let status = connection.call(&scenario.of_queue(url, "DeleteMessageBatch", &list)).await?;
            accepted(status, &connection)?;
            deleted += entries.len() as u64;
        }
    }
    Ok(deleted)
}

/// Entries of a delete for all messages of an answer.
fn entries(answer: &str) -> Vec<String> {
    let receipts = answer.split("\"ReceiptHandle\":\"").skip(1).filter_map(|rest| rest.split('"').next());
    let entry = |(id, receipt)| format!(r#"{{"Id":"{id}","ReceiptHandle":"{receipt}"}}"#);
    receipts.enumerate().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receipts_become_entries() {
        let answer = r#"{"Messages":[{"ReceiptHandle":"a","Body":"x"},{"ReceiptHandle":"b","Body":"y"}]}"#;
        let wanted = [r#"{"Id":"0","ReceiptHandle":"a"}"#, r#"{"Id":"1","ReceiptHandle":"b"}"#];
        assert_eq!(entries(answer), wanted);
        assert!(entries("{}").is_empty());
    }
}
