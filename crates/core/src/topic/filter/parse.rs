//! From a policy's JSON to a formula over its keys: objects ask for all of their members, `$or` for any
//! of its elements.

use super::Scope;
use super::complexity::DEPTH_MAX;
use super::condition::{Conditions, Draft, Literals};
use super::error::PolicyError;
use super::operator;
use super::value::Value;

/// Names that `$or` refuses as keys, to tell an alternative from a match expression: all operators of
/// event-ruler, and those that it keeps for later.
const RESERVED_IN_OR: [&str; 24] = [
    "exactly",
    "equals-ignore-case",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "numeric",
    "cidr",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

/// What a policy asks for. Borrows the policy's keys, so that it is never much larger than the policy: the
/// paths, which are, are made only of formulas within the limits.
#[derive(Debug)]
pub(crate) enum Formula<'a> {
    /// The conditions of the keys around it.
    Leaf(Unplaced),
    /// What stands under a key.
    Below(&'a str, Box<Formula<'a>>),
    All(Vec<Formula<'a>>),
    Any(Vec<Formula<'a>>),
}

/// A key's conditions, and what they count for in the limits.
#[derive(Debug)]
pub(crate) struct Unplaced {
    pub(crate) conditions: Conditions,
    /// Elements of its array; a list of patterns in `anything-but` counts as many.
    pub(crate) values: usize,
    /// Objects around it, as written: 1 for a key of the policy itself. `$or` does not count.
    pub(crate) depth: usize,
}

/// Where in the policy we are.
#[derive(Clone, Copy)]
struct Place {
    scope: Scope,
    /// Keys from the policy's root to here, as written.
    depth: usize,
    /// Segments of the path that these keys make.
    segments: usize,
    /// Objects and `$or`s from the root to here.
    nesting: usize,
    in_or: bool,
}

/// Reads a whole policy.
pub(crate) fn policy(policy: &Value, scope: Scope) -> Result<Formula<'_>, PolicyError> {
    let Value::Object(members) = policy else { return Err(PolicyError::NotAnObject) };
    if members.is_empty() {
        return Ok(Formula::All(vec![]));
    }
    object(members, Place { scope, depth: 0, segments: 0, nesting: 0, in_or: false })
}

fn object(members: &[(Box<str>, Value)], place: Place) -> Result<Formula<'_>, PolicyError> {
    // Every level has at least one value, so this is over 150 combinations; and it bounds the recursion.
    if place.nesting == DEPTH_MAX {
        return Err(PolicyError::TooComplex);
    }
    if members.is_empty() {
        return Err(PolicyError::EmptyObject);
    }
    let mut parts = Vec::with_capacity(members.len());
    for (key, value) in members {
        parts.push((&**key, member(key, value, place)?));
    }
    // Of equal keys the last counts: the sort is stable, so reversed it comes first, and `dedup` keeps it.
    parts.sort_by_key(|(key, _)| *key);
    parts.reverse();
    parts.dedup_by_key(|(key, _)| *key);
    Ok(Formula::All(parts.into_iter().map(|(_, part)| part).collect()))
}

fn member<'a>(key: &'a str, value: &'a Value, place: Place) -> Result<Formula<'a>, PolicyError> {
    if key == "$or" {
        return any_of(value, place);
    }
    if place.in_or && RESERVED_IN_OR.contains(&key) {
        return Err(PolicyError::OrReserved(key.into()));
    }
    let (depth, segments) = (place.depth + 1, place.segments + segments(key, place.scope).count());
    let below = match value {
        Value::Object(members) => {
            object(members, Place { depth, segments, nesting: place.nesting + 1, ..place })?
        }
        Value::Array(_) if segments > DEPTH_MAX => return Err(PolicyError::TooComplex),
        Value::Array(items) => {
            let conditions = conditions(items)?;
            let values = items.len() + conditions.listed_patterns();
            Formula::Leaf(Unplaced { conditions, values, depth })
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            return Err(PolicyError::NotAContainer(key.into()));
        }
    };
    Ok(Formula::Below(key, Box::new(below)))
}

/// The part of a path that one key is: attribute names keep their dots, in bodies a dot is a step.
pub(crate) fn segments(key: &str, scope: Scope) -> impl Iterator<Item = &str> {
    let separator = match scope {
        Scope::MessageAttributes => None,
        Scope::MessageBody => Some('.'),
    };
    key.split(move |character| Some(character) == separator)
}

fn any_of(value: &Value, place: Place) -> Result<Formula<'_>, PolicyError> {
    let Value::Array(items) = value else { return Err(PolicyError::OrNotAnArray) };
    let mut parts = Vec::with_capacity(items.len());
    for item in items {
        let Value::Object(members) = item else { return Err(PolicyError::OrElement) };
        parts.push(object(members, Place { nesting: place.nesting + 1, in_or: true, ..place })?);
    }
    if parts.is_empty() {
        return Err(PolicyError::EmptyArray);
    }
    if parts.len() < 2 {
        return Err(PolicyError::OrTooFew);
    }
    Ok(Formula::Any(parts))
}

fn conditions(items: &[Value]) -> Result<Conditions, PolicyError> {
    let mut draft = Draft::default();
    for item in items {
        match item {
            Value::Null => draft.literal(Literals::NULL),
            Value::Bool(true) => draft.literal(Literals::TRUE),
            Value::Bool(false) => draft.literal(Literals::FALSE),
            Value::Number(number) => draft.number(operator::number(*number)?),
            Value::String(text) => draft.string(text.clone()),
            Value::Object(members) => operator::expression(members, &mut draft)?,
            Value::Array(_) => return Err(PolicyError::MatchValue),
        }
    }
    if items.is_empty() { Err(PolicyError::EmptyArray) } else { Ok(draft.finish()) }
}
