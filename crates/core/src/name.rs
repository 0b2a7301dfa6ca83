//! Names of queues and topics: parsed once at the edge, so that a [`Name`] is proof.

use crate::limits;
use std::sync::Arc;

/// A valid queue or topic name: `[A-Za-z0-9_-]`, 1 to 80 (queue) or 1 to 256 (topic) characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(Arc<str>);

impl Name {
    /// A standard queue's name (sqs.md section 4). `None` when it breaks the rule.
    pub fn queue(text: &str) -> Option<Name> {
        Self::checked(text, limits::QUEUE_NAME_MAX)
    }

    /// A standard topic's name (sns.md section 3). `None` when it breaks the rule.
    pub fn topic(text: &str) -> Option<Name> {
        Self::checked(text, limits::TOPIC_NAME_MAX)
    }

    fn checked(text: &str, max: usize) -> Option<Name> {
        let fits = (1..=max).contains(&text.len());
        let clean = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        (fits && clean).then(|| Name(text.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
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
        assert!(Name::queue("ä").is_none());
    }
}
