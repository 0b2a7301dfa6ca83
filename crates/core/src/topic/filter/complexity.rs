//! The limits on a policy's size, and `$or` written out, which these limits keep small.

use super::error::PolicyError;
use super::parse::{Formula, Key};
use super::{Leaf, Policy, Scope};

/// Keys with conditions in one policy (sns 12); keys that hold objects do not count.
pub const KEYS_MAX: usize = 5;
/// Combinations of one policy: the product over keys of values times depth, where the elements of an
/// `$or` add up (sns 12).
pub const COMBINATIONS_MAX: u64 = 150;
/// Keys from the root of a policy to a leaf. A leaf deeper than this makes more than 150 combinations;
/// the bound also holds for the steps of keys with dots, which do not count as depth there.
pub const DEPTH_MAX: usize = 150;

/// Checks the limits and compiles.
pub(crate) fn compile(formula: Formula, scope: Scope) -> Result<Policy, PolicyError> {
    if scope == Scope::MessageAttributes && has_nested_key(&formula) {
        return Err(PolicyError::NestedInAttributeScope);
    }
    if keys(&formula) > KEYS_MAX {
        return Err(PolicyError::TooManyKeys);
    }
    if combinations(&formula) > COMBINATIONS_MAX {
        return Err(PolicyError::TooComplex);
    }
    let mut keys = Vec::with_capacity(KEYS_MAX);
    let alternatives = write_out(formula, &mut keys);
    Ok(sorted(keys, &alternatives, scope))
}

fn has_nested_key(formula: &Formula) -> bool {
    match formula {
        Formula::Key(key) => key.depth > 1,
        Formula::All(parts) | Formula::Any(parts) => parts.iter().any(has_nested_key),
    }
}

fn keys(formula: &Formula) -> usize {
    match formula {
        Formula::Key(_) => 1,
        Formula::All(parts) | Formula::Any(parts) => parts.iter().map(keys).sum(),
    }
}

fn combinations(formula: &Formula) -> u64 {
    match formula {
        Formula::Key(key) => (key.values as u64).saturating_mul(key.depth as u64),
        Formula::All(parts) => parts.iter().map(combinations).fold(1, u64::saturating_mul),
        Formula::Any(parts) => parts.iter().map(combinations).fold(0, u64::saturating_add),
    }
}

/// Moves the keys out and returns the sets of keys that satisfy the formula, each as bits.
fn write_out(formula: Formula, keys: &mut Vec<Key>) -> Vec<u8> {
    match formula {
        Formula::Key(key) => {
            keys.push(key);
            vec![1 << (keys.len() - 1)]
        }
        Formula::Any(parts) => parts.into_iter().flat_map(|part| write_out(part, keys)).collect(),
        Formula::All(parts) => parts.into_iter().fold(vec![0], |sets, part| {
            let more = write_out(part, keys);
            sets.iter().flat_map(|set| more.iter().map(move |other| set | other)).collect()
        }),
    }
}

/// Puts the keys in the order of their paths, and the alternatives in terms of that order.
fn sorted(keys: Vec<Key>, alternatives: &[u8], scope: Scope) -> Policy {
    let mut keys: Vec<(usize, Key)> = keys.into_iter().enumerate().collect();
    keys.sort_by(|(_, a), (_, b)| a.path.cmp(&b.path));
    let places = |set: u8| -> Box<[u8]> {
        (0_u8..).zip(&keys).filter(|(_, (bit, _))| set & (1 << bit) != 0).map(|(place, _)| place).collect()
    };
    let alternatives = alternatives.iter().map(|set| places(*set)).collect();
    let leaves =
        keys.into_iter().map(|(_, key)| Leaf { path: key.path, conditions: key.conditions }).collect();
    Policy { scope, leaves, alternatives }
}
