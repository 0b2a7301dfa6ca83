//! The stored form of a compiled policy.
//!
//! ```text
//! policy      = version:u8(1) scope:u8 count:u8 leaf* count:u8 alternative*
//! leaf        = count:n string* conditions          the path, then what it admits
//! alternative = count:u8 u8*                        indexes of leaves
//! conditions  = literals:u8 count:n string* count:n number* count:n pattern*
//! pattern     = tag:u8 …                            see the constants
//! bound       = tag:u8 [number]
//! string      = length:n UTF-8
//! number      = i128, little-endian, twice the multiple of 1e-5
//! n           = LEB128, at most 5 bytes
//! ```
//!
//! Tags and layout of a version never change; a new operator is a new tag. Decoding checks every
//! invariant that evaluation leans on, so that rotten bytes cannot make it panic or run away.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Bound;

use super::complexity::DEPTH_MAX;
use super::condition::{Conditions, Draft, Literals, Pattern};
use super::number::Number;
use super::pattern::{Cidr, Wildcard};
use super::{Leaf, Policy, Scope};

const VERSION: u8 = 1;

const SCOPE_ATTRIBUTES: u8 = 0;
const SCOPE_BODY: u8 = 1;

const PREFIX: u8 = 1; // string
const SUFFIX: u8 = 2; // string
const IGNORE_CASE: u8 = 3; // string, folded
const WILDCARD: u8 = 4; // count:n string*
const RANGE: u8 = 5; // bound bound
const CIDR_V4: u8 = 6; // 4 bytes, mask:u8
const CIDR_V6: u8 = 7; // 16 bytes, mask:u8
const ANYTHING_BUT: u8 = 8; // conditions: only strings and numbers, or patterns of one tag among the first four

const UNBOUNDED: u8 = 0;
const INCLUDED: u8 = 1;
const EXCLUDED: u8 = 2;

/// Why bytes are no stored policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// They end too early.
    Truncated,
    /// They go on behind the policy.
    Trailing,
    /// They are of a version that is not known here.
    Version(u8),
    /// A tag or a set of bits is not known here.
    Tag(u8),
    /// A string is not UTF-8, or a number is none that a policy can have.
    Value,
    /// Counts, order or nesting are none that a compiled policy has.
    Shape,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("the filter policy ends too early"),
            Self::Trailing => f.write_str("bytes follow the filter policy"),
            Self::Version(version) => write!(f, "filter policy of unknown version {version}"),
            Self::Tag(tag) => write!(f, "filter policy with unknown tag {tag}"),
            Self::Value => f.write_str("filter policy with an impossible value"),
            Self::Shape => f.write_str("filter policy of an impossible shape"),
        }
    }
}

impl std::error::Error for Malformed {}

/// Appends the stored form.
pub(crate) fn encode(policy: &Policy, out: &mut Vec<u8>) {
    out.push(VERSION);
    out.push(match policy.scope {
        Scope::MessageAttributes => SCOPE_ATTRIBUTES,
        Scope::MessageBody => SCOPE_BODY,
    });
    push_short(policy.leaves.len(), out);
    for leaf in &policy.leaves {
        push_strings(&leaf.path, out);
        push_conditions(&leaf.conditions, out);
    }
    push_short(policy.alternatives.len(), out);
    for alternative in &policy.alternatives {
        push_short(alternative.len(), out);
        out.extend_from_slice(alternative);
    }
}

fn push_short(count: usize, out: &mut Vec<u8>) {
    out.push(u8::try_from(count).expect("five leaves make at most six alternatives"));
}

fn push_count(count: usize, out: &mut Vec<u8>) {
    let mut rest = u32::try_from(count).expect("a policy's text is far below 4 GiB");
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

fn push_string(text: &str, out: &mut Vec<u8>) {
    push_count(text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

fn push_strings(texts: &[Box<str>], out: &mut Vec<u8>) {
    push_count(texts.len(), out);
    for text in texts {
        push_string(text, out);
    }
}

fn push_conditions(conditions: &Conditions, out: &mut Vec<u8>) {
    out.push(conditions.literals().bits());
    push_strings(conditions.strings(), out);
    push_count(conditions.numbers().len(), out);
    for number in conditions.numbers() {
        out.extend_from_slice(&number.to_le_bytes());
    }
    push_count(conditions.patterns().len(), out);
    for pattern in conditions.patterns() {
        push_pattern(pattern, out);
    }
}

fn push_pattern(pattern: &Pattern, out: &mut Vec<u8>) {
    let mut tagged = |tag, text: &str| {
        out.push(tag);
        push_string(text, out);
    };
    match pattern {
        Pattern::Prefix(text) => tagged(PREFIX, text),
        Pattern::Suffix(text) => tagged(SUFFIX, text),
        Pattern::IgnoreCase(text) => tagged(IGNORE_CASE, text),
        Pattern::Wildcard(wildcard) => {
            out.push(WILDCARD);
            push_strings(wildcard.pieces(), out);
        }
        Pattern::Range(bottom, top) => {
            out.push(RANGE);
            push_bound(*bottom, out);
            push_bound(*top, out);
        }
        Pattern::Cidr(cidr) => {
            let (network, mask_bits) = cidr.parts();
            match network {
                IpAddr::V4(v4) => {
                    out.push(CIDR_V4);
                    out.extend_from_slice(&v4.octets());
                }
                IpAddr::V6(v6) => {
                    out.push(CIDR_V6);
                    out.extend_from_slice(&v6.octets());
                }
            }
            out.push(mask_bits);
        }
        Pattern::AnythingBut(refused) => {
            out.push(ANYTHING_BUT);
            push_conditions(refused, out);
        }
    }
}

fn push_bound(bound: Bound<Number>, out: &mut Vec<u8>) {
    let (tag, number) = match bound {
        Bound::Unbounded => return out.push(UNBOUNDED),
        Bound::Included(number) => (INCLUDED, number),
        Bound::Excluded(number) => (EXCLUDED, number),
    };
    out.push(tag);
    out.extend_from_slice(&number.to_le_bytes());
}

/// Reads the stored form, which must be all there is.
pub(crate) fn decode(bytes: &[u8]) -> Result<Policy, Malformed> {
    let mut reader = Reader { rest: bytes };
    match reader.byte()? {
        VERSION => {}
        version => return Err(Malformed::Version(version)),
    }
    let scope = match reader.byte()? {
        SCOPE_ATTRIBUTES => Scope::MessageAttributes,
        SCOPE_BODY => Scope::MessageBody,
        tag => return Err(Malformed::Tag(tag)),
    };
    let count = reader.byte()?;
    let leaves = (0..count).map(|_| reader.leaf(scope)).collect::<Result<Box<[Leaf]>, _>>()?;
    let alternative_count = reader.byte()?;
    let alternatives =
        (0..alternative_count).map(|_| reader.alternative(count)).collect::<Result<Box<[_]>, _>>()?;
    if !reader.rest.is_empty() {
        return Err(Malformed::Trailing);
    }
    if !leaves.is_sorted_by(|a, b| a.path <= b.path) || alternatives.is_empty() {
        return Err(Malformed::Shape);
    }
    Ok(Policy { scope, leaves, alternatives })
}

/// Which conditions may stand where the reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Key,
    AnythingBut,
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    /// A count, in its shortest form only: one policy, one encoding.
    fn count(&mut self) -> Result<usize, Malformed> {
        let mut count = 0_u64;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            count |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                let shortest = byte != 0 || shift == 0;
                return usize::try_from(count).ok().filter(|_| shortest).ok_or(Malformed::Shape);
            }
        }
        Err(Malformed::Shape)
    }

    fn string(&mut self) -> Result<Box<str>, Malformed> {
        let len = self.count()?;
        let text = std::str::from_utf8(self.take(len)?).map_err(|_| Malformed::Value)?;
        Ok(text.into())
    }

    fn strings(&mut self) -> Result<Vec<Box<str>>, Malformed> {
        let count = self.count()?;
        (0..count).map(|_| self.string()).collect()
    }

    fn number(&mut self) -> Result<Number, Malformed> {
        Number::from_le_bytes(self.array()?).ok_or(Malformed::Value)
    }

    fn leaf(&mut self, scope: Scope) -> Result<Leaf, Malformed> {
        let path = self.strings()?.into_boxed_slice();
        let fits = match scope {
            Scope::MessageAttributes => path.len() == 1,
            Scope::MessageBody => (1..=DEPTH_MAX).contains(&path.len()),
        };
        if !fits {
            return Err(Malformed::Shape);
        }
        Ok(Leaf { path, conditions: self.conditions(Level::Key)? })
    }

    fn alternative(&mut self, leaf_count: u8) -> Result<Box<[u8]>, Malformed> {
        let len = usize::from(self.byte()?);
        let leaves = self.take(len)?;
        let ascending = leaves.is_sorted_by(|a, b| a < b);
        if ascending && leaves.iter().all(|leaf| *leaf < leaf_count) {
            Ok(leaves.into())
        } else {
            Err(Malformed::Shape)
        }
    }

    fn conditions(&mut self, level: Level) -> Result<Conditions, Malformed> {
        let mut draft = Draft::default();
        let bits = self.byte()?;
        if level == Level::AnythingBut && bits != 0 {
            return Err(Malformed::Shape);
        }
        draft.literal(Literals::from_bits(bits).ok_or(Malformed::Tag(bits))?);
        let strings = self.strings()?;
        let number_count = self.count()?;
        let numbers = (0..number_count).map(|_| self.number()).collect::<Result<Vec<_>, _>>()?;
        let ordered = strings.is_sorted_by(|a, b| a < b) && numbers.is_sorted_by(|a, b| a < b);
        if !ordered {
            return Err(Malformed::Shape);
        }
        strings.into_iter().for_each(|text| draft.string(text));
        numbers.into_iter().for_each(|number| draft.number(number));
        for _ in 0..self.count()? {
            draft.pattern(self.pattern(level)?);
        }
        Ok(draft.finish())
    }

    fn pattern(&mut self, level: Level) -> Result<Pattern, Malformed> {
        Ok(match self.byte()? {
            PREFIX => Pattern::Prefix(self.string()?),
            SUFFIX => Pattern::Suffix(self.string()?),
            IGNORE_CASE => Pattern::IgnoreCase(self.string()?),
            WILDCARD => {
                let pieces = self.strings()?.into_boxed_slice();
                Pattern::Wildcard(Wildcard::from_pieces(pieces).ok_or(Malformed::Shape)?)
            }
            RANGE => Pattern::Range(self.bound()?, self.bound()?),
            CIDR_V4 => {
                let address: [u8; 4] = self.array()?;
                Pattern::Cidr(self.cidr(Ipv4Addr::from(address).into())?)
            }
            CIDR_V6 => {
                let address: [u8; 16] = self.array()?;
                Pattern::Cidr(self.cidr(Ipv6Addr::from(address).into())?)
            }
            ANYTHING_BUT if level == Level::Key => {
                let refused = self.conditions(Level::AnythingBut)?;
                if !refused.may_be_refused() {
                    return Err(Malformed::Shape);
                }
                Pattern::AnythingBut(Box::new(refused))
            }
            ANYTHING_BUT => return Err(Malformed::Shape),
            tag => return Err(Malformed::Tag(tag)),
        })
    }

    fn cidr(&mut self, network: IpAddr) -> Result<Cidr, Malformed> {
        let mask_bits = self.byte()?;
        let cidr = Cidr::new(network, mask_bits).ok_or(Malformed::Value)?;
        if cidr.parts().0 == network { Ok(cidr) } else { Err(Malformed::Value) }
    }

    fn bound(&mut self) -> Result<Bound<Number>, Malformed> {
        Ok(match self.byte()? {
            UNBOUNDED => Bound::Unbounded,
            INCLUDED => Bound::Included(self.number()?),
            EXCLUDED => Bound::Excluded(self.number()?),
            tag => return Err(Malformed::Tag(tag)),
        })
    }
}

#[cfg(test)]
mod tests;
