//! Data protection policies (spec `sns.md` section 15): kept and given back as they are, never acted on.
//!
//! So that a typing error is told, the policy's outline is checked: its version, and of each statement the
//! direction and the operation. Reasons that AWS gives were not recorded; those here are ours.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::error::Error;
use crate::error::sns::data_protection_policy;

/// The longest policy, characters.
pub const POLICY_CHARS_MAX: usize = 30_720;

const VERSION: &str = "2021-06-01";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    #[serde(rename = "Name")]
    _name: String,
    version: String,
    statement: Vec<Statement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    #[serde(rename = "DataDirection")]
    _direction: Direction,
    #[serde(rename = "DataIdentifier")]
    _identifiers: Vec<String>,
    operation: Operation,
}

#[derive(Deserialize)]
enum Direction {
    Inbound,
    Outbound,
}

#[derive(Deserialize)]
enum Operation {
    Deny(IgnoredAny),
    Audit(IgnoredAny),
    Deidentify(IgnoredAny),
}

/// Judges a policy. The empty text is none, and removes the one that is there.
///
/// # Errors
/// `InvalidParameter` for one that is too long, is no JSON object with name, version and statements, or has
/// two statements that audit.
pub fn check(text: &str) -> Result<(), Error> {
    if text.is_empty() {
        return Ok(());
    }
    if text.chars().count() > POLICY_CHARS_MAX {
        return Err(data_protection_policy("must be at most 30720 characters long"));
    }
    let read = serde_json::from_str(text).ok().filter(|_| text.trim_start().starts_with('{'));
    let policy: Policy =
        read.ok_or_else(|| data_protection_policy("must be a JSON object with Name, Version and Statement"))?;
    if policy.version != VERSION {
        return Err(data_protection_policy("Version must be 2021-06-01"));
    }
    let audits = |statement: &&Statement| match &statement.operation {
        Operation::Audit(_) => true,
        Operation::Deny(_) | Operation::Deidentify(_) => false,
    };
    match policy.statement.iter().filter(audits).count() {
        _ if policy.statement.is_empty() => Err(data_protection_policy("must have a statement")),
        0 | 1 => Ok(()),
        _ => Err(data_protection_policy("must have at most one audit statement")),
    }
}
