//! Amazon Resource Names: the identity of queues, topics and subscriptions, and where they live.
//!
//! A resource's key is (partition, account, region, name), which is exactly what its ARN says, so the
//! ARN's text is the key.

use crate::limits;
use sha2::{Digest, Sha256};
use std::{fmt, sync::Arc};

/// An ARN with at least six elements: `arn:partition:service:region:account:resource`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn(Arc<str>);

impl Arn {
    /// Reads an ARN. `None` when it has fewer than six elements, does not begin with `arn:`, or is longer than
    /// any ARN: it is kept with each delivery that is owed, so its length has to have a bound.
    pub fn parse(text: &str) -> Option<Arn> {
        if text.len() > limits::ARN_BYTES_MAX {
            return None;
        }
        let parts = text.splitn(6, ':').collect::<Vec<_>>();
        (parts.len() == 6 && parts[0] == "arn" && !parts[5].is_empty()).then(|| Arn(text.into()))
    }

    /// Reads what [`Arn::of_account`] makes.
    pub fn parse_account(text: &str) -> Option<Arn> {
        let parts = text.splitn(6, ':').collect::<Vec<_>>();
        let is_prefix = parts.len() == 6 && parts[0] == "arn" && parts[5].is_empty();
        (is_prefix && text.len() <= limits::ARN_BYTES_MAX).then(|| Arn(text.into()))
    }

    /// What all ARNs of an account begin with: it stands for the account as a whole, and says where that lives.
    pub fn of_account(partition: &str, service: &str, region: &str, account: &str) -> Arn {
        Arn::of(partition, service, region, account, "")
    }

    /// The ARN of a queue or topic.
    pub fn of(partition: &str, service: &str, region: &str, account: &str, name: &str) -> Arn {
        Arn(format!("arn:{partition}:{service}:{region}:{account}:{name}").into())
    }

    /// The ARN as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn part(&self, index: usize) -> &str {
        self.0.splitn(6, ':').nth(index).unwrap_or("")
    }

    /// `aws`, `aws-cn`, ...
    pub fn partition(&self) -> &str {
        self.part(1)
    }

    /// `sqs` or `sns`.
    pub fn service(&self) -> &str {
        self.part(2)
    }

    /// The region, `us-east-1` for example.
    pub fn region(&self) -> &str {
        self.part(3)
    }

    /// The owner's account, 12 digits.
    pub fn account(&self) -> &str {
        self.part(4)
    }

    /// What follows the account: the name of a queue or topic, `topic:uuid` for a subscription.
    pub fn resource(&self) -> &str {
        self.part(5)
    }

    /// Does it name a FIFO queue or topic? Their names end so, and no other's do (sqs 4).
    pub fn is_fifo(&self) -> bool {
        self.0.ends_with(crate::name::FIFO_SUFFIX)
    }

    /// The shard that holds this resource, of `shards`: the first 8 bytes of SHA-256 of the ARN,
    /// big-endian, modulo the number of shards. Pinned by a golden test: it is part of the format.
    pub fn shard(&self, shards: u16) -> u16 {
        if shards <= 1 {
            return 0;
        }
        let digest = Sha256::digest(self.0.as_bytes());
        let first = u64::from_be_bytes(digest[..8].try_into().expect("a digest has 32 bytes"));
        u16::try_from(first % u64::from(shards)).expect("less than a u16")
    }
}

impl fmt::Debug for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for Arn {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        let arn = Arn::parse("arn:aws:sns:eu-west-1:123456789012:news:5f0c").unwrap();
        assert_eq!(arn.partition(), "aws");
        assert_eq!(arn.service(), "sns");
        assert_eq!(arn.region(), "eu-west-1");
        assert_eq!(arn.account(), "123456789012");
        assert_eq!(arn.resource(), "news:5f0c");
        assert!(Arn::parse("arn:aws:sns:eu-west-1:123456789012").is_none());
        assert!(Arn::parse("http://x/1/2").is_none());
        let long = |bytes: usize| format!("arn:aws:sqs:::{}", "q".repeat(bytes - "arn:aws:sqs:::".len()));
        assert!(Arn::parse(&long(limits::ARN_BYTES_MAX)).is_some());
        assert!(Arn::parse(&long(limits::ARN_BYTES_MAX + 1)).is_none());
    }

    /// Placement is part of the data format: these values may never change.
    #[test]
    fn placement_is_pinned() {
        let shards = ["a", "b", "orders", "orders.fifo", "audit"]
            .map(|name| Arn::of("aws", "sqs", "us-east-1", "000000000000", name).shard(4));
        assert_eq!(shards, PINNED);
        assert_eq!(Arn::of("aws", "sqs", "us-east-1", "000000000000", "a").shard(1), 0);
    }

    const PINNED: [u16; 5] = [2, 2, 3, 1, 2];
}
