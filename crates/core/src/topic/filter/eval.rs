//! Whether a message satisfies a policy.
//!
//! In the body scope a policy walks down the message along its paths. Where it meets an array, one element
//! must satisfy all that the policy says below that array (the rule of event-ruler), so an alternative is
//! evaluated as a tree and not leaf by leaf.
//!
//! `{"exists": false}` needs a third answer. It asks that a key is nowhere, so over an array it must hold
//! for every element; but next to a key that a particular element satisfied, it speaks of that element.
//! Hence [`Verdict`].

use super::condition::{Conditions, Scalar};
use super::facts::{AttributeFact, Facts};
use super::value::{Value, member};
use super::{Policy, Scope};

/// How some keys of a policy fare with a part of a message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Fails,
    /// All hold, because all may be absent and are.
    HoldsByAbsence,
    /// All hold, at least one by a value that is there.
    HoldsByValue,
}

use Verdict::{Fails, HoldsByAbsence, HoldsByValue};

impl Verdict {
    /// The verdict on two sets of keys together. `HoldsByAbsence` is the verdict on no keys at all.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Fails, _) | (_, Fails) => Fails,
            (HoldsByAbsence, HoldsByAbsence) => HoldsByAbsence,
            (HoldsByValue, HoldsByAbsence | HoldsByValue) | (HoldsByAbsence, HoldsByValue) => HoldsByValue,
        }
    }

    /// The verdict on an array that has elements.
    fn over(items: &[Value], judge: impl Fn(&Value) -> Self) -> Self {
        let mut verdict = HoldsByAbsence;
        for item in items {
            match judge(item) {
                HoldsByValue => return HoldsByValue,
                HoldsByAbsence => {}
                Fails => verdict = Fails,
            }
        }
        verdict
    }
}

/// Whether one of the policy's alternatives holds for the message.
pub(crate) fn matches(policy: &Policy, facts: &Facts) -> bool {
    match (policy.scope, facts.body()) {
        (Scope::MessageAttributes, _) => {
            policy.alternatives.iter().any(|leaves| leaves.iter().all(|leaf| attribute(policy, *leaf, facts)))
        }
        (Scope::MessageBody, Some(body)) => {
            policy.alternatives.iter().any(|leaves| object(policy, leaves, 0, body) != Fails)
        }
        (Scope::MessageBody, None) => policy.is_empty(),
    }
}

/// Whether a leaf holds for the attribute that it names.
fn attribute(policy: &Policy, leaf: u8, facts: &Facts) -> bool {
    let leaf = &policy.leaves[usize::from(leaf)];
    match facts.attribute(&leaf.path[0]) {
        Some(AttributeFact::Text(text)) => leaf.conditions.admit(Scalar::Text(text)),
        Some(AttributeFact::Number(number)) => leaf.conditions.admit(Scalar::Number(*number)),
        Some(AttributeFact::Binary) => leaf.conditions.admit(Scalar::Binary),
        Some(AttributeFact::Array(items)) => {
            Verdict::over(items, |item| value(&leaf.conditions, item)) == HoldsByValue
        }
        // A message without attributes has nothing that a policy of this scope could look at (sns 12).
        None => leaf.conditions.admit_absence() && facts.has_attributes(),
    }
}

/// The verdict on leaves, sorted and sharing their first `depth` segments, at an object of the message.
fn object(policy: &Policy, leaves: &[u8], depth: usize, members: &[(Box<str>, Value)]) -> Verdict {
    let mut verdict = HoldsByAbsence;
    let mut rest = leaves;
    while let Some(first) = rest.first() {
        let segment = |leaf: &u8| &policy.leaves[usize::from(*leaf)].path[depth];
        let key = segment(first);
        let (group, after) = rest.split_at(rest.iter().take_while(|leaf| segment(leaf) == key).count());
        rest = after;
        verdict = verdict.and(match member(members, key) {
            Some(found) => below(policy, group, depth + 1, found),
            None => absent(policy, group),
        });
        if verdict == Fails {
            break;
        }
    }
    verdict
}

/// The verdict on leaves at the value that their first `depth` segments lead to: some end there, the
/// others go on. The former come first, as their paths are shorter.
fn below(policy: &Policy, leaves: &[u8], depth: usize, found: &Value) -> Verdict {
    let ends = |leaf: &&u8| policy.leaves[usize::from(**leaf)].path.len() == depth;
    let (ending, longer) = leaves.split_at(leaves.iter().take_while(ends).count());
    let here = ending.iter().fold(HoldsByAbsence, |verdict, leaf| {
        verdict.and(value(&policy.leaves[usize::from(*leaf)].conditions, found))
    });
    if longer.is_empty() || here == Fails { here } else { here.and(branch(policy, longer, depth, found)) }
}

/// The verdict on leaves that go on below a value.
fn branch(policy: &Policy, leaves: &[u8], depth: usize, found: &Value) -> Verdict {
    match found {
        Value::Object(members) => object(policy, leaves, depth, members),
        Value::Array(items) if !items.is_empty() => {
            Verdict::over(items, |item| branch(policy, leaves, depth, item))
        }
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            absent(policy, leaves)
        }
    }
}

/// The verdict on leaves of which the message has none.
fn absent(policy: &Policy, leaves: &[u8]) -> Verdict {
    let may_be_absent = |leaf: &u8| policy.leaves[usize::from(*leaf)].conditions.admit_absence();
    if leaves.iter().all(may_be_absent) { HoldsByAbsence } else { Fails }
}

/// The verdict on one key's conditions at its value. Objects and empty arrays are no values.
fn value(conditions: &Conditions, found: &Value) -> Verdict {
    let scalar = match found {
        Value::Array(items) if !items.is_empty() => {
            return Verdict::over(items, |item| value(conditions, item));
        }
        Value::Array(_) | Value::Object(_) => {
            return if conditions.admit_absence() { HoldsByAbsence } else { Fails };
        }
        Value::Null => Scalar::Null,
        Value::Bool(literal) => Scalar::Bool(*literal),
        Value::Number(number) => Scalar::Number(*number),
        Value::String(text) => Scalar::Text(text),
    };
    if conditions.admit(scalar) { HoldsByValue } else { Fails }
}
