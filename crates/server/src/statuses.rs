//! The delivery status log: what became of deliveries, for topics whose attributes ask for it (sns 16).
//!
//! At AWS these are log groups. Here each event is one JSON object that names its group: the newest ones are
//! kept in memory for the admin pages, and with a data directory all are written to a file that is rotated.
//! Whoever delivers never waits for the disk: what the writer has not got to is left out, and counted.
//!
//! Invariant: neither the memory nor the files grow beyond their bounds.

mod file;

use file::Writer;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

/// Events that are kept in memory.
const KEPT_MAX: usize = 1_000;
/// And their bytes in all.
const KEPT_BYTES_MAX: usize = 2 << 20;

/// One delivery that ended.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Event {
    /// Its place among all since the start, from 1.
    #[serde(skip_serializing_if = "is_unnumbered")]
    pub(crate) number: u64,
    /// The log group that it would be in at AWS.
    pub(crate) log_group: Box<str>,
    /// The entry, as AWS writes it.
    pub(crate) entry: Box<RawValue>,
}

fn is_unnumbered(number: &u64) -> bool {
    *number == 0
}

impl Event {
    fn bytes(&self) -> usize {
        self.log_group.len() + self.entry.get().len()
    }
}

/// The log.
#[derive(Debug)]
pub(crate) struct Statuses {
    recent: Mutex<Recent>,
    writer: Option<Writer>,
    left_out: AtomicU64,
}

#[derive(Debug, Default)]
struct Recent {
    /// Oldest first.
    events: VecDeque<Event>,
    bytes: usize,
    /// Of the last one.
    number: u64,
}

impl Statuses {
    /// A log in memory, and in files below the data directory if there is one.
    ///
    /// # Errors
    /// The thread that writes the files could not be started.
    pub(crate) fn start(data_dir: Option<&Path>) -> std::io::Result<Statuses> {
        let writer = data_dir.map(Writer::start).transpose()?;
        Ok(Statuses { recent: Mutex::default(), writer, left_out: AtomicU64::new(0) })
    }

    /// Notes one delivery. `entry` is JSON; what is none is left out.
    pub(crate) fn record(&self, log_group: &str, entry: String) {
        let Ok(entry) = RawValue::from_string(entry) else { return };
        let event = Event { number: 0, log_group: log_group.into(), entry };
        if let Some(writer) = &self.writer
            && !writer.write(line(&event))
        {
            self.left_out.fetch_add(1, Relaxed);
        }
        self.keep(event);
    }

    fn keep(&self, event: Event) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.number += 1;
        recent.bytes += event.bytes();
        let number = recent.number;
        recent.events.push_back(Event { number, ..event });
        while recent.events.len() > KEPT_MAX || recent.bytes > KEPT_BYTES_MAX {
            let Some(oldest) = recent.events.pop_front() else { return };
            recent.bytes -= oldest.bytes();
        }
    }

    /// The newest events, newest first: of groups whose name begins with `prefix`, older than number `before` if
    /// that is given.
    pub(crate) fn newest(&self, prefix: &str, before: Option<u64>, max: usize) -> Vec<Event> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let older =
            recent.events.iter().rev().filter(|event| before.is_none_or(|before| event.number < before));
        older.filter(|event| event.log_group.starts_with(prefix)).take(max).cloned().collect()
    }

    /// Counts events that could not be noted.
    pub(crate) fn leave_out(&self, events: u64) {
        self.left_out.fetch_add(events, Relaxed);
    }

    /// Events that are in no file, because the disk is too slow or full, or because they came too fast.
    pub(crate) fn left_out(&self) -> u64 {
        self.left_out.load(Relaxed) + self.writer.as_ref().map_or(0, Writer::lost)
    }
}

/// A line of the file, with its end.
fn line(event: &Event) -> String {
    let mut line = serde_json::to_string(event).expect("texts and JSON in a struct serialise without errors");
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_and_found() {
        let statuses = Statuses::start(None).unwrap();
        for number in 0..KEPT_MAX + 10 {
            let group = if number % 2 == 0 { "sns/r/a/even" } else { "sns/r/a/odd" };
            statuses.record(group, format!("{{\"n\":{number}}}"));
        }
        let numbers = |prefix, before, max| {
            let events = statuses.newest(prefix, before, max);
            events.iter().map(|event| event.number).collect::<Vec<_>>()
        };
        assert_eq!(numbers("", None, 3), [1_010, 1_009, 1_008]);
        assert_eq!(numbers("sns/r/a/odd", Some(1_008), 2), [1_006, 1_004]);
        assert_eq!(numbers("", None, usize::MAX).len(), KEPT_MAX);
        assert_eq!(numbers("sns/other", None, 3), [0; 0]);
        let newest = statuses.newest("", None, 1).remove(0);
        assert_eq!(
            serde_json::to_string(&newest).unwrap(),
            r#"{"number":1010,"log_group":"sns/r/a/odd","entry":{"n":1009}}"#
        );
    }

    #[test]
    fn large_events_leave_room_for_fewer() {
        let statuses = Statuses::start(None).unwrap();
        let large = format!("\"{}\"", "x".repeat(KEPT_BYTES_MAX / 4));
        (0..10).for_each(|_| statuses.record("g", large.clone()));
        assert_eq!(statuses.newest("", None, 10).len(), 3);
    }
}
