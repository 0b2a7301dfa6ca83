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

/// What a policy asks for.
#[derive(Debug)]
pub(crate) enum Formula {
    Key(Key),
    All(Vec<Formula>),
    Any(Vec<Formula>),
}

/// A key with conditions, and what it counts for in the limits.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) path: Box<[Box<str>]>,
    pub(crate) conditions: Conditions,
    /// Elements of its array.
    pub(crate) values: usize,
    /// Objects around it, as written: 1 for a key of the policy itself. `$or` does not count.
    pub(crate) depth: usize,
}

/// Where in the policy we are.
#[derive(Clone, Copy)]
struct Place<'a> {
    scope: Scope,
    /// The keys from the policy's root to here, as written.
    keys: &'a [&'a str],
    /// Objects and `$or`s from the root to here.
    nesting: usize,
    in_or: bool,
}

/// Reads a whole policy.
pub(crate) fn policy(policy: &Value, scope: Scope) -> Result<Formula, PolicyError> {
    let Value::Object(members) = policy else { return Err(PolicyError::NotAnObject) };
    if members.is_empty() {
        return Ok(Formula::All(vec![]));
    }
    object(members, Place { scope, keys: &[], nesting: 0, in_or: false })
}

fn object(members: &[(Box<str>, Value)], place: Place<'_>) -> Result<Formula, PolicyError> {
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

fn member(key: &str, value: &Value, place: Place<'_>) -> Result<Formula, PolicyError> {
    if key == "$or" {
        return any_of(value, place);
    }
    if place.in_or && RESERVED_IN_OR.contains(&key) {
        return Err(PolicyError::OrReserved(key.into()));
    }
    let keys = [place.keys, &[key]].concat();
    match value {
        Value::Object(members) => object(members, Place { keys: &keys, nesting: place.nesting + 1, ..place }),
        Value::Array(items) => Ok(Formula::Key(Key {
            path: path(&keys, place.scope)?,
            conditions: conditions(items)?,
            values: items.len(),
            depth: keys.len(),
        })),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Err(PolicyError::NotAContainer(key.into()))
        }
    }
}

fn any_of(value: &Value, place: Place<'_>) -> Result<Formula, PolicyError> {
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

/// The path as the scope looks it up: attribute names keep their dots, in bodies a dot is a step.
fn path(keys: &[&str], scope: Scope) -> Result<Box<[Box<str>]>, PolicyError> {
    let path: Box<[Box<str>]> = match scope {
        Scope::MessageAttributes => keys.iter().map(|key| (*key).into()).collect(),
        Scope::MessageBody => {
            keys.iter().flat_map(|key| key.split('.')).take(DEPTH_MAX + 1).map(Into::into).collect()
        }
    };
    if path.len() > DEPTH_MAX { Err(PolicyError::TooComplex) } else { Ok(path) }
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
