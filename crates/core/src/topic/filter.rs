//! Filter policies: which messages of a topic a subscription wants.
//!
//! A policy is checked and compiled once, when it is set; a message is turned into [`Facts`] once,
//! when it is published. [`Policy::matches`] then runs for every subscription of the topic and is
//! therefore the hot part: it allocates nothing and looks at the message by binary search.
//!
//! Policy and message arrive as plain [`Value`]s, because core reads no JSON. The rules are those of
//! sns 12 and, where that is silent, of the rule engine that AWS publishes as event-ruler.
//!
//! Compiled, a policy is at most [`KEYS_MAX`] leaves (a path and its conditions, sorted by path) and
//! the alternatives that `$or` makes of them: the policy holds when all leaves of one alternative
//! hold. Five leaves make at most six alternatives, so writing `$or` out costs nothing and keeps
//! evaluation free of it.
//!
//! A key with more than a few patterns has them brought together in an `index`, so that what a value costs does not grow
//! with their number: whoever may subscribe and publish must not be able to hold the shard.
//!
//! Invariants:
//! - leaves are sorted by path, alternatives name leaves in ascending order;
//! - in the attribute scope a path is one segment, the attribute's name, dots and all; in the body
//!   scope a segment has no dot, in policies as in messages, so that `a.b` and `{"a": {"b"}}` are one;
//! - no path is longer than [`DEPTH_MAX`], which bounds every recursion here.

mod codec;
mod complexity;
mod condition;
mod error;
mod eval;
mod facts;
mod globs;
mod index;
mod number;
mod operator;
mod parse;
mod pattern;
mod sorted;
mod value;

use condition::Conditions;

pub use codec::Malformed;
pub use complexity::{COMBINATIONS_MAX, DEPTH_MAX, KEYS_MAX};
pub use error::PolicyError;
pub use facts::{AttributeFact, Facts};
pub use number::Number;
pub use value::Value;

/// What a policy looks at: `FilterPolicyScope` of a subscription (sns 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The message attributes, the default.
    MessageAttributes,
    /// The message itself, read as a JSON object.
    MessageBody,
}

/// A checked and compiled filter policy. Equal policies have equal encodings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    scope: Scope,
    leaves: Box<[Leaf]>,
    /// Indexes into `leaves`. The policy `{}` has one alternative that asks for nothing.
    alternatives: Box<[Box<[u8]>]>,
}

/// One key of a policy that has an array of conditions, any of which will do.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Leaf {
    path: Box<[Box<str>]>,
    conditions: Conditions,
}

impl Policy {
    /// Checks and compiles a policy (sns 12). The text's size (256 KB) is the caller's to check.
    ///
    /// The policy `{}` compiles to one that every message satisfies. Of two members of one object with
    /// the same key, the last counts. Errors are found in the order of the text; the limits on nesting,
    /// keys and combinations are looked at, in this order, once all of it is well formed.
    pub fn compile(policy: &Value, scope: Scope) -> Result<Self, PolicyError> {
        complexity::compile(parse::policy(policy, scope)?, scope)
    }

    /// What the policy looks at.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// True for `{}`, which asks for nothing; setting it removes a subscription's filter (sns 4).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    /// Whether a subscription with this policy gets the message.
    #[must_use]
    pub fn matches(&self, facts: &Facts) -> bool {
        eval::matches(self, facts)
    }

    /// Appends the compiled form to `out`. The first byte names the version of the format; the bytes
    /// depend on the policy alone.
    pub fn encode(&self, out: &mut Vec<u8>) {
        codec::encode(self, out);
    }

    /// Reads what [`Policy::encode`] wrote, all of it. Any other bytes are an error, never a panic, and
    /// never a policy that breaks the invariants above.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        codec::decode(bytes)
    }
}

#[cfg(test)]
mod tests;
