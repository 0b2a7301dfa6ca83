//! Names of queues and topics: parsed once at the edge, so that a [`Name`] is proof.

use crate::limits;
use std::sync::Arc;

/// What the name of a FIFO queue or topic ends with, counted in its length.
pub const FIFO_SUFFIX: &str = ".fifo";

/// A valid queue or topic name: `[A-Za-z0-9_-]`, 1 to 80 (queue) or 1 to 256 (topic) characters; that of a FIFO one
/// ends with `.fifo`, which counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(Arc<str>);

impl Name {
    /// A queue's name, of either type (sqs.md section 4). `None` when it breaks the rule.
    pub fn queue(text: &str) -> Option<Name> {
        let stem = text.strip_suffix(FIFO_SUFFIX).unwrap_or(text);
        (text.len() <= limits::QUEUE_NAME_MAX && is_plain(stem)).then(|| Name(text.into()))
    }

    /// A topic's name, of either type (sns.md section 3). `None` when it breaks the rule.
    pub fn topic(text: &str) -> Option<Name> {
        let stem = text.strip_suffix(FIFO_SUFFIX).unwrap_or(text);
        (text.len() <= limits::TOPIC_NAME_MAX && is_plain(stem)).then(|| Name(text.into()))
    }

    /// Does it name a FIFO queue or topic?
    pub fn is_fifo(&self) -> bool {
        self.0.ends_with(FIFO_SUFFIX)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Letters, digits, hyphens and underscores, at least one of them.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert!(Name::queue("a-Z_9").is_some());
        assert!(Name::queue("").is_none());
        assert!(Name::queue(&"q".repeat(80)).is_some());
        assert!(Name::queue(&"q".repeat(81)).is_none());
        assert!(Name::topic(&"t".repeat(256)).is_some());
        assert!(Name::topic(&"t".repeat(257)).is_none());
        assert!(Name::queue("a.b").is_none());
        assert!(Name::queue("a.fifo").is_some_and(|name| name.is_fifo()));
        assert!(Name::queue(".fifo").is_none());
        assert!(Name::queue(&format!("{}.fifo", "q".repeat(75))).is_some());
        assert!(Name::queue(&format!("{}.fifo", "q".repeat(76))).is_none());
        assert!(Name::topic("a.fifo").is_some_and(|name| name.is_fifo()));
        assert!(Name::topic(".fifo").is_none());
        assert!(Name::topic(&format!("{}.fifo", "t".repeat(252))).is_none());
        assert!(Name::queue("ä").is_none());
    }
}
