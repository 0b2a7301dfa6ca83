//! The limits on a policy's size, and `$or` written out, which these limits keep small.

use super::error::PolicyError;
use super::parse::{Formula, Unplaced, segments};
use super::{Leaf, Policy, Scope};

/// Keys with conditions in one policy (sns 12); keys that hold objects do not count.
pub const KEYS_MAX: usize = 5;
/// Combinations of one policy: the product over keys of values times depth, where the elements of an
/// `$or` add up (sns 12). It also bounds what has to be tried one by one on each value of a message: so a list
/// of patterns in `anything-but` counts as that many values, a list of texts and numbers, which is searched, as one.
pub const COMBINATIONS_MAX: u64 = 150;
/// Wildcards of one policy that are tried one by one, being too long or too many to be tried at once (see `globs`).
pub(crate) const LONG_WILDCARDS_MAX: usize = 10;
/// Keys from the root of a policy to a leaf. A leaf deeper than this makes more than 150 combinations;
/// the bound also holds for the steps of keys with dots, which do not count as depth there.
pub const DEPTH_MAX: usize = 150;

/// Checks the limits and compiles.
pub(crate) fn compile(formula: Formula<'_>, scope: Scope) -> Result<Policy, PolicyError> {
    if scope == Scope::MessageAttributes && has_nested_key(&formula) {
        return Err(PolicyError::NestedInAttributeScope);
    }
    if keys(&formula) > KEYS_MAX {
        return Err(PolicyError::TooManyKeys);
    }
    if combinations(&formula) > COMBINATIONS_MAX {
        return Err(PolicyError::TooComplex);
    }
    let mut leaves = Vec::with_capacity(KEYS_MAX);
    let alternatives = write_out(formula, &mut vec![], scope, &mut leaves);
    if leaves.iter().map(|leaf| leaf.conditions.long_wildcards()).sum::<usize>() > LONG_WILDCARDS_MAX {
        return Err(PolicyError::TooComplex);
    }
    Ok(sorted(leaves, &alternatives, scope))
}

fn has_nested_key(formula: &Formula<'_>) -> bool {
    match formula {
        Formula::Leaf(leaf) => leaf.depth > 1,
        Formula::Below(_, part) => has_nested_key(part),
        Formula::All(parts) | Formula::Any(parts) => parts.iter().any(has_nested_key),
    }
}

fn keys(formula: &Formula<'_>) -> usize {
    match formula {
        Formula::Leaf(_) => 1,
        Formula::Below(_, part) => keys(part),
        Formula::All(parts) | Formula::Any(parts) => parts.iter().map(keys).sum(),
    }
}

fn combinations(formula: &Formula<'_>) -> u64 {
    match formula {
        Formula::Leaf(leaf) => (leaf.values as u64).saturating_mul(leaf.depth as u64),
        Formula::Below(_, part) => combinations(part),
        Formula::All(parts) => parts.iter().map(combinations).fold(1, u64::saturating_mul),
        Formula::Any(parts) => parts.iter().map(combinations).fold(0, u64::saturating_add),
    }
}

/// Moves the leaves out, with the paths that the keys `above` them make, and returns the sets of leaves that
/// satisfy the formula, each as bits.
fn write_out<'a>(
    formula: Formula<'a>,
    above: &mut Vec<&'a str>,
    scope: Scope,
    leaves: &mut Vec<Leaf>,
) -> Vec<u8> {
    match formula {
        Formula::Leaf(Unplaced { conditions, .. }) => {
            leaves.push(Leaf { path: path(above, scope), conditions });
            vec![1 << (leaves.len() - 1)]
        }
        Formula::Below(key, part) => {
            above.push(key);
            let sets = write_out(*part, above, scope, leaves);
            above.pop();
            sets
        }
        Formula::Any(parts) => {
            parts.into_iter().flat_map(|part| write_out(part, above, scope, leaves)).collect()
        }
        Formula::All(parts) => parts.into_iter().fold(vec![0], |sets, part| {
            let more = write_out(part, above, scope, leaves);
            sets.iter().flat_map(|set| more.iter().map(move |other| set | other)).collect()
        }),
    }
}

fn path(keys: &[&str], scope: Scope) -> Box<[Box<str>]> {
    keys.iter().flat_map(|key| segments(key, scope)).map(Into::into).collect()
}

/// Puts the leaves in the order of their paths, and the alternatives in terms of that order.
fn sorted(leaves: Vec<Leaf>, alternatives: &[u8], scope: Scope) -> Policy {
    let mut leaves: Vec<(usize, Leaf)> = leaves.into_iter().enumerate().collect();
    leaves.sort_by(|(_, a), (_, b)| a.path.cmp(&b.path));
    let places = |set: u8| -> Box<[u8]> {
        (0_u8..).zip(&leaves).filter(|(_, (bit, _))| set & (1 << bit) != 0).map(|(place, _)| place).collect()
    };
    let alternatives = alternatives.iter().map(|set| places(*set)).collect();
    let leaves = leaves.into_iter().map(|(_, leaf)| leaf).collect();
    Policy { scope, leaves, alternatives }
}
