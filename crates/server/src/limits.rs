//! The limits that the configuration may raise above those of AWS, and for which queues.
//!
//! Invariant: [`Limits::default`] is AWS; no limit is ever below it.

use postrider_core::{Arn, limits};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// Entries that a batch may be allowed to have: one batch is one turn of a shard, which others wait for.
pub(crate) const BATCH_ENTRIES: RangeInclusive<usize> = limits::BATCH_ENTRIES_MAX..=100;
/// Bytes that messages may be allowed to have. Two of the largest fit into an entry of the log.
pub(crate) const MESSAGE_BYTES_MAX: RangeInclusive<u64> = 1_048_576..=(2 << 20);
/// Messages that a receive may be allowed to ask for: all are held in memory for the answer.
pub(crate) const RECEIVE: RangeInclusive<u32> = limits::RECEIVE_MAX..=100;

/// The limits in effect.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// Entries of a batch of SQS.
    pub(crate) batch_entries_max: usize,
    /// The largest `MaximumMessageSize`, and all messages of a batch, bytes.
    pub(crate) message_bytes_max: u32,
    /// Messages of one receive.
    pub(crate) receive_max: u32,
    /// Queues that take delays beyond 15 minutes.
    pub(crate) long_delay: Vec<NamePattern>,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            batch_entries_max: limits::BATCH_ENTRIES_MAX,
            message_bytes_max: *limits::MESSAGE_BYTES.end(),
            receive_max: limits::RECEIVE_MAX,
            long_delay: Vec::new(),
        }
    }
}

impl Limits {
    /// What `MaximumMessageSize` of a queue may be, bytes.
    pub(crate) fn message_bytes(&self) -> RangeInclusive<u32> {
        *limits::MESSAGE_BYTES.start()..=self.message_bytes_max
    }

    /// All messages of one batch, bytes: as at AWS, one message of the largest size is a batch.
    pub(crate) fn batch_bytes_max(&self) -> usize {
        limits::BATCH_BYTES_MAX.max(self.message_bytes_max) as usize
    }

    /// The longest `DelaySeconds` of a message to a queue that keeps messages for `retention_s`, seconds. A
    /// message that is delayed for as long as its queue keeps it would never be seen.
    pub(crate) fn delay_s_max(&self, queue: &Arn, retention_s: u32) -> u32 {
        if self.has_long_delay(queue) {
            limits::DELAY_S_MAX.max(retention_s.saturating_sub(1))
        } else {
            limits::DELAY_S_MAX
        }
    }

    /// Whether a queue takes delays beyond 15 minutes.
    pub(crate) fn has_long_delay(&self, queue: &Arn) -> bool {
        self.long_delay.iter().any(|pattern| pattern.matches(queue.resource()))
    }
}

/// Whether a text has no characters but those of names, labels and ids of entries: ASCII letters, digits, `-`
/// and `_`.
pub(crate) fn has_name_characters(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// A queue's name, or all that begin with a text: `reminders`, `reminders-*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamePattern(Box<str>);

impl NamePattern {
    fn matches(&self, name: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => name == &*self.0,
        }
    }
}

impl FromStr for NamePattern {
    type Err = String;

    fn from_str(text: &str) -> Result<NamePattern, String> {
        let name = text.strip_suffix('*').unwrap_or(text);
        if text.is_empty() || name.len() > limits::QUEUE_NAME_MAX || !has_name_characters(name) {
            return Err(format!(
                "{text:?} is not the name of a standard queue, nor the beginning of one with a * at the end"
            ));
        }
        Ok(NamePattern(text.into()))
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for NamePattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for NamePattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<NamePattern, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(name: &str) -> Arn {
        Arn::of("aws", "sqs", "us-east-1", "000000000000", name)
    }

    #[test]
    fn by_default_the_limits_are_those_of_aws() {
        let limits = Limits::default();
        assert_eq!(limits.message_bytes(), limits::MESSAGE_BYTES);
        assert_eq!(limits.batch_bytes_max(), limits::BATCH_BYTES_MAX as usize);
        assert_eq!(limits.delay_s_max(&queue("a"), 1_209_600), limits::DELAY_S_MAX);
        assert_eq!(*MESSAGE_BYTES_MAX.start(), u64::from(*limits::MESSAGE_BYTES.end()));
    }

    #[test]
    fn long_delays_are_for_the_queues_that_are_named() {
        let patterns = ["reminders", "later-*"].map(|text| text.parse().unwrap());
        let limits = Limits { long_delay: patterns.into(), ..Limits::default() };
        for (name, retention_s, expected) in [
            ("reminders", 345_600, 345_599),
            ("reminders", 60, 900),
            ("reminders-2", 345_600, 900),
            ("later-", 1_209_600, 1_209_599),
            ("later-on", 345_600, 345_599),
            ("later", 345_600, 900),
        ] {
            assert_eq!(limits.delay_s_max(&queue(name), retention_s), expected, "{name}");
        }
    }

    #[test]
    fn patterns_are_names_with_at_most_one_star_at_the_end() {
        for text in ["*", "a", "a-*", "A_9"] {
            assert!(text.parse::<NamePattern>().is_ok(), "{text}");
        }
        for text in ["", "**", "*a", "a*b", "a.fifo", "ä", &"a".repeat(81)] {
            assert!(text.parse::<NamePattern>().is_err(), "{text}");
        }
    }
}
