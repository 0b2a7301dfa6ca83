//! The conditions of one key, any of which admits a value.

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::net::IpAddr;
use std::ops::{Bound, RangeBounds};

use super::index::Index;
use super::number::Number;
use super::pattern::{Cidr, Wildcard, equals_folded};

/// A value without parts, as a message offers it to a condition.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(&'a str),
    /// The value of a `Binary` attribute, of which policies see only that it is there.
    Binary,
}

/// Conditions that are one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Literals(u8);

impl Literals {
    pub(crate) const NULL: Self = Self(1);
    pub(crate) const TRUE: Self = Self(2);
    pub(crate) const FALSE: Self = Self(4);
    /// `{"exists": true}`
    pub(crate) const PRESENT: Self = Self(8);
    /// `{"exists": false}`
    pub(crate) const ABSENT: Self = Self(16);

    /// The bits, as they are stored.
    pub(crate) fn bits(self) -> u8 {
        self.0
    }

    /// Reads stored bits.
    pub(crate) fn from_bits(bits: u8) -> Option<Self> {
        (bits < 32).then_some(Self(bits))
    }

    pub(crate) fn contains(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// A condition that is more than a comparison with one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    Prefix(Box<str>),
    Suffix(Box<str>),
    /// Folded, see [`equals_folded`].
    IgnoreCase(Box<str>),
    Wildcard(Wildcard),
    /// `numeric`
    Range(Bound<Number>, Bound<Number>),
    Cidr(Cidr),
    /// Admits what these do not. They are texts and numbers, or patterns of one kind among `Prefix`, `Suffix`,
    /// `IgnoreCase` and `Wildcard`.
    AnythingBut(Box<Conditions>),
}

/// The conditions of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Conditions {
    literals: Literals,
    /// Sorted, unique.
    strings: Box<[Box<str>]>,
    /// Sorted, unique, exact.
    numbers: Box<[Number]>,
    patterns: Box<[Pattern]>,
    /// Of the patterns, if they are many.
    index: Option<Box<Index>>,
}

/// Conditions of one key while they are collected, in any order.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    literals: Literals,
    strings: Vec<Box<str>>,
    numbers: Vec<Number>,
    patterns: Vec<Pattern>,
}

impl Draft {
    pub(crate) fn literal(&mut self, literal: Literals) {
        self.literals.insert(literal);
    }

    pub(crate) fn string(&mut self, text: Box<str>) {
        self.strings.push(text);
    }

    pub(crate) fn number(&mut self, number: Number) {
        self.numbers.push(number);
    }

    pub(crate) fn pattern(&mut self, pattern: Pattern) {
        self.patterns.push(pattern);
    }

    /// Brings the conditions into the order in which they are searched.
    pub(crate) fn finish(mut self) -> Conditions {
        self.strings.sort_unstable();
        self.strings.dedup();
        self.numbers.sort_unstable();
        self.numbers.dedup();
        Conditions {
            literals: self.literals,
            strings: self.strings.into_boxed_slice(),
            numbers: self.numbers.into_boxed_slice(),
            index: Index::of(&self.patterns),
            patterns: self.patterns.into_boxed_slice(),
        }
    }
}

impl Conditions {
    /// Whether one of the conditions admits the value.
    pub(crate) fn admit(&self, scalar: Scalar<'_>) -> bool {
        let by_value = match scalar {
            Scalar::Null => self.literals.contains(Literals::NULL),
            Scalar::Bool(true) => self.literals.contains(Literals::TRUE),
            Scalar::Bool(false) => self.literals.contains(Literals::FALSE),
            Scalar::Number(number) => self.numbers.binary_search(&number).is_ok(),
            Scalar::Text(text) => self.strings.binary_search_by(|known| order(known, text)).is_ok(),
            Scalar::Binary => return self.literals.contains(Literals::PRESENT),
        };
        if by_value || self.literals.contains(Literals::PRESENT) && !scalar.is_blank() {
            return true;
        }
        match &self.index {
            Some(index) => index.admits(scalar),
            None => self.admit_one_by_one(scalar),
        }
    }

    fn admit_one_by_one(&self, scalar: Scalar<'_>) -> bool {
        let address = OnceCell::new();
        self.patterns.iter().any(|pattern| pattern.admits(scalar, &address))
    }

    /// Whether one of the conditions is `{"exists": false}`.
    pub(crate) fn admit_absence(&self) -> bool {
        self.literals.contains(Literals::ABSENT)
    }

    /// Patterns of the lists in `anything-but`, beyond the first of each.
    pub(crate) fn listed_patterns(&self) -> usize {
        self.refused().map(|refused| refused.patterns.len().saturating_sub(1)).sum()
    }

    /// Wildcards that are too long to be tried all at once, where there are more than a few.
    pub(crate) fn long_wildcards(&self) -> usize {
        match &self.index {
            Some(index) => index.long_wildcards(),
            None => self.refused().map(Conditions::long_wildcards).sum(),
        }
    }

    /// What each `anything-but` refuses.
    fn refused(&self) -> impl Iterator<Item = &Conditions> {
        self.patterns.iter().filter_map(|pattern| match pattern {
            Pattern::AnythingBut(refused) => Some(&**refused),
            Pattern::Prefix(_)
            | Pattern::Suffix(_)
            | Pattern::IgnoreCase(_)
            | Pattern::Wildcard(_)
            | Pattern::Range(..)
            | Pattern::Cidr(_) => None,
        })
    }

    /// Whether they are such as `anything-but` takes.
    pub(crate) fn may_be_refused(&self) -> bool {
        let Some(first) = self.patterns.first() else {
            return self.strings.len() + self.numbers.len() > 0;
        };
        let may = match first {
            Pattern::Prefix(_) | Pattern::Suffix(_) | Pattern::IgnoreCase(_) | Pattern::Wildcard(_) => true,
            Pattern::Range(..) | Pattern::Cidr(_) | Pattern::AnythingBut(_) => false,
        };
        let kind = std::mem::discriminant(first);
        may && self.patterns.iter().all(|pattern| std::mem::discriminant(pattern) == kind)
            && self.strings.len() + self.numbers.len() == 0
    }

    pub(crate) fn literals(&self) -> Literals {
        self.literals
    }

    pub(crate) fn strings(&self) -> &[Box<str>] {
        &self.strings
    }

    pub(crate) fn numbers(&self) -> &[Number] {
        &self.numbers
    }

    pub(crate) fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }
}

/// The order of two texts. An empty boxed text points nowhere, where comparing no bytes still makes the processor look
/// ahead: that takes 40 times as long as any other comparison.
fn order(known: &str, text: &str) -> Ordering {
    if known.is_empty() || text.is_empty() { known.len().cmp(&text.len()) } else { known.cmp(text) }
}

impl<'a> Scalar<'a> {
    fn text(self) -> Option<&'a str> {
        if let Scalar::Text(text) = self { Some(text) } else { None }
    }

    fn number(self) -> Option<Number> {
        if let Scalar::Number(number) = self { Some(number) } else { None }
    }

    /// There, but nothing that `{"exists": true}` would count (sns 12: non-null, non-empty).
    fn is_blank(self) -> bool {
        match self {
            Scalar::Null => true,
            Scalar::Text(text) => text.is_empty(),
            Scalar::Bool(_) | Scalar::Number(_) | Scalar::Binary => false,
        }
    }
}

impl Pattern {
    /// Whether the value satisfies it. A text is read as an address once, for however many ranges.
    fn admits(&self, scalar: Scalar<'_>, address: &OnceCell<Option<IpAddr>>) -> bool {
        match self {
            Self::AnythingBut(refused) => !refused.admit(scalar),
            Self::Prefix(prefix) => scalar.text().is_some_and(|text| text.starts_with(&**prefix)),
            Self::Suffix(suffix) => scalar.text().is_some_and(|text| text.ends_with(&**suffix)),
            Self::IgnoreCase(folded) => scalar.text().is_some_and(|text| equals_folded(folded, text)),
            Self::Wildcard(wildcard) => scalar.text().is_some_and(|text| wildcard.admits(text)),
            Self::Cidr(cidr) => {
                let address = address.get_or_init(|| scalar.text().and_then(|text| text.parse().ok()));
                address.is_some_and(|address| cidr.admits(address))
            }
            Self::Range(bottom, top) => scalar.number().is_some_and(|n| (*bottom, *top).contains(&n)),
        }
    }
}
