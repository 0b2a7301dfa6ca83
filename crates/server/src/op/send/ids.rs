//! `MessageGroupId` and `MessageDeduplicationId`: their syntax, and what queues of each type want of them
//! (sqs 4, 10, 12).
//!
//! A FIFO queue orders by the group and drops what repeats a deduplication id; whoever gives none gets the
//! digest of the body, which counts only where `ContentBasedDeduplication` is on: that is the core's to
//! know. A standard queue takes a group, to be fair to the others, and no deduplication id.

use crate::op::Call;
use aws_lc_rs::digest::{SHA256, digest};
use postrider_core::command::Dedup;
use postrider_core::id::{DedupKey, GroupKey};
use postrider_wire::error::{Error, sqs as errors};
use std::borrow::Cow;
use std::fmt::Write as _;

/// The longest `MessageGroupId`, `MessageDeduplicationId` and `ReceiveRequestAttemptId`, characters (sqs 4).
const CHARS_MAX: usize = 128;

/// The type of a queue, which its name tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Standard,
    Fifo,
}

impl Type {
    /// The type of the queue that a call is about.
    pub(super) fn of(call: &Call<'_, '_>) -> Type {
        if call.subject.arn.is_fifo() { Type::Fifo } else { Type::Standard }
    }
}

/// The ids of one message, for its payload, and what the core makes of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ids<'a> {
    pub(super) group_id: Option<&'a str>,
    pub(super) deduplication_id: Option<Cow<'a, str>>,
    pub(super) dedup: Option<Dedup>,
}

impl<'a> Ids<'a> {
    /// Checks the ids that came with a message for a queue of this type.
    ///
    /// # Errors
    /// An id of another form, a FIFO queue's message without a group, a standard queue's message with a
    /// deduplication id.
    pub(super) fn checked(
        queue: Type,
        group: Option<&'a str>,
        deduplication: Option<&'a str>,
        body: &str,
    ) -> Result<Ids<'a>, Error> {
        if queue == Type::Fifo && group.is_none_or(str::is_empty) {
            return Err(errors::no_group_id());
        }
        for (name, id) in [("MessageGroupId", group), ("MessageDeduplicationId", deduplication)] {
            if let Some(id) = id.filter(|id| !is_id(id)) {
                return Err(errors::fifo_id(name, id));
            }
        }
        match (queue, deduplication) {
            (Type::Standard, Some(id)) => Err(errors::deduplication_id_on_standard(id)),
            (Type::Standard, None) => Ok(Ids { group_id: group, ..Ids::default() }),
            (Type::Fifo, Some(id)) => {
                let dedup = Some(Dedup::Explicit(DedupKey::of(id)));
                Ok(Ids { group_id: group, deduplication_id: Some(id.into()), dedup })
            }
            (Type::Fifo, None) => {
                let id = of_body(body);
                let dedup = Some(Dedup::OfBody(DedupKey::of(&id)));
                Ok(Ids { group_id: group, deduplication_id: Some(id.into()), dedup })
            }
        }
    }

    /// What the core knows the group by.
    pub(super) fn group(&self) -> Option<GroupKey> {
        self.group_id.map(GroupKey::of)
    }
}

/// Checks the groups of a batch as a whole: on a FIFO queue one that is missing refuses all entries, and
/// with another code than that of a single message (sqs 2).
///
/// # Errors
/// A message for a FIFO queue has no group.
pub(super) fn check_groups<'a>(
    queue: Type,
    mut groups: impl Iterator<Item = Option<&'a str>>,
) -> Result<(), Error> {
    let is_missing = queue == Type::Fifo && groups.any(|group| group.is_none_or(str::is_empty));
    if is_missing { Err(errors::no_group_id_in_batch()) } else { Ok(()) }
}

/// Printable ASCII without space, 1 to 128 characters (sqs 4).
pub(in crate::op) fn is_id(id: &str) -> bool {
    (1..=CHARS_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

/// SHA-256 of a body, in lower-case hexadecimal digits (sqs 10).
pub(in crate::op) fn of_body(body: &str) -> String {
    let digest = digest(&SHA256, body.as_bytes());
    let mut text = String::with_capacity(2 * digest.as_ref().len());
    for byte in digest.as_ref() {
        write!(text, "{byte:02x}").expect("a String takes any text");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: Option<&str> = Some("g");

    #[test]
    fn a_fifo_queue_wants_a_group_and_makes_a_deduplication_id() {
        let checked = |group, deduplication| Ids::checked(Type::Fifo, group, deduplication, "step one");
        assert_eq!(checked(None, Some("d")), Err(errors::no_group_id()));
        assert_eq!(checked(Some(""), Some("d")), Err(errors::no_group_id()));
        let of_body = checked(GROUP, None).unwrap();
        let hex = "52831d1d544eb10c068d22669f462f0b6bf185931b66bbfc071eb8b377e487e0";
        assert_eq!(of_body.deduplication_id.as_deref(), Some(hex));
        assert_eq!(of_body.dedup, Some(Dedup::OfBody(DedupKey::of(hex))));
        let explicit = checked(GROUP, Some(hex)).unwrap();
        assert_eq!(explicit.dedup, Some(Dedup::Explicit(DedupKey::of(hex))));
        assert_eq!(explicit.group(), Some(GroupKey::of("g")));
    }

    #[test]
    fn a_standard_queue_takes_a_group_and_no_deduplication_id() {
        let checked = |group, deduplication| Ids::checked(Type::Standard, group, deduplication, "m");
        assert_eq!(checked(None, None), Ok(Ids::default()));
        assert_eq!(checked(GROUP, None), Ok(Ids { group_id: GROUP, ..Ids::default() }));
        assert_eq!(checked(GROUP, Some("d")), Err(errors::deduplication_id_on_standard("d")));
        assert_eq!(checked(Some(""), None), Err(errors::fifo_id("MessageGroupId", "")));
    }

    #[test]
    fn ids_are_short_and_printable() {
        for good in ["!", "~", &"x".repeat(128)] {
            assert!(is_id(good), "{good}");
        }
        for bad in ["", " ", "a b", "ä", "\u{7f}", &"x".repeat(129)] {
            assert!(!is_id(bad), "{bad}");
            for queue in [Type::Standard, Type::Fifo] {
                let refused = Ids::checked(queue, GROUP, Some(bad), "m");
                assert_eq!(refused, Err(errors::fifo_id("MessageDeduplicationId", bad)));
            }
        }
    }

    #[test]
    fn one_message_without_a_group_refuses_the_batch_of_a_fifo_queue() {
        let groups = [GROUP, None];
        assert_eq!(check_groups(Type::Fifo, groups.into_iter()), Err(errors::no_group_id_in_batch()));
        assert_eq!(check_groups(Type::Fifo, [GROUP].into_iter()), Ok(()));
        assert_eq!(check_groups(Type::Standard, groups.into_iter()), Ok(()));
    }
}
