//! The patterns of one key, ordered so that a value is judged by all of them at once.
//!
//! A message can have a value for every three of its bytes, and a key 150 patterns: trying each pattern on each value
//! takes a tenth of a second, in the thread of the shard, for one subscription. So patterns of one kind are brought
//! together: beginnings, endings and texts without case into [`Sorted`] lists, ranges of numbers and addresses into
//! [`Intervals`], wildcards into [`Globs`]. A value then costs a walk along its bytes, however many patterns there are.
//!
//! Several `anything-but` admit a value unless every one of them refuses it. What all of them refuse is intersected
//! here, kind by kind, so that they too are asked once.
//!
//! An index is derived from patterns and never stored.

use std::net::IpAddr;
use std::ops::Bound;

use super::condition::{Conditions, Pattern, Scalar};
use super::globs::Globs;
use super::number::Number;
use super::pattern::{Wildcard, folded_bytes};
use super::sorted::{Intervals, Sorted};

/// So many patterns are as soon tried one after the other.
const FEW: usize = 2;

/// The patterns of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Index {
    prefixes: Sorted,
    /// Reversed.
    suffixes: Sorted,
    /// Folded.
    texts: Sorted,
    wildcards: Globs,
    numbers: Intervals<Number>,
    addresses: Intervals<IpAddr>,
    refused: Option<Refused>,
}

/// What all `anything-but` of a key refuse: a text that is in everything that is there, a number that is in the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Refused {
    lists: Option<Lists>,
    prefixes: Option<Sorted>,
    /// Reversed.
    suffixes: Option<Sorted>,
    /// Folded.
    texts: Option<Sorted>,
    /// A group for each `anything-but` with wildcards.
    wildcards: Globs,
}

/// What all lists of texts and numbers have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Lists {
    texts: Sorted,
    numbers: Box<[Number]>,
}

impl Index {
    /// The index of patterns; `None` where they are so few that it would gain nothing.
    pub(crate) fn of(patterns: &[Pattern]) -> Option<Box<Index>> {
        if patterns.len() <= FEW {
            return None;
        }
        let (mut prefixes, mut suffixes, mut texts) = (Vec::new(), Vec::new(), Vec::new());
        let (mut numbers, mut addresses, mut wildcards) = (Vec::new(), Vec::new(), Vec::new());
        let mut refused: Option<Refused> = None;
        let mut refused_wildcards = Vec::new();
        for pattern in patterns {
            match pattern {
                Pattern::Prefix(text) => prefixes.push(bytes(text)),
                Pattern::Suffix(text) => suffixes.push(reversed(text)),
                Pattern::IgnoreCase(text) => texts.push(bytes(text)),
                Pattern::Wildcard(wildcard) => wildcards.push(wildcard),
                Pattern::Range(bottom, top) => numbers.push(span(*bottom, *top)),
                Pattern::Cidr(cidr) => addresses.push(cidr.span()),
                Pattern::AnythingBut(conditions) => {
                    let refused = refused.get_or_insert_default();
                    refused.meet(conditions);
                    refused_wildcards.extend(wildcards_of(conditions));
                }
            }
        }
        if let Some(refused) = &mut refused {
            refused.wildcards = Globs::new(&refused_wildcards);
        }
        let plain = if wildcards.is_empty() { vec![] } else { vec![wildcards] };
        Some(Box::new(Index {
            prefixes: Sorted::new(prefixes),
            suffixes: Sorted::new(suffixes),
            texts: Sorted::new(texts),
            wildcards: Globs::new(&plain),
            numbers: Intervals::new(numbers),
            addresses: Intervals::new(addresses),
            refused,
        }))
    }

    /// Whether one of the patterns admits the value.
    pub(crate) fn admits(&self, scalar: Scalar<'_>) -> bool {
        let by_value = match scalar {
            Scalar::Text(text) => self.admits_text(text),
            Scalar::Number(number) => self.numbers.hold(number),
            Scalar::Null | Scalar::Bool(_) | Scalar::Binary => false,
        };
        by_value || self.refused.as_ref().is_some_and(|refused| !refused.holds(scalar))
    }

    /// How many wildcards are tried one by one.
    pub(crate) fn long_wildcards(&self) -> usize {
        self.wildcards.long() + self.refused.as_ref().map_or(0, |refused| refused.wildcards.long())
    }

    fn admits_text(&self, text: &str) -> bool {
        self.prefixes.begin(text.bytes())
            || self.suffixes.begin(text.bytes().rev())
            || self.texts.hold_folded(text)
            || !self.addresses.is_empty() && text.parse().is_ok_and(|address| self.addresses.hold(address))
            || self.wildcards.any(text)
    }
}

impl Refused {
    /// Takes another `anything-but` in. Its wildcards are taken in all together, later.
    fn meet(&mut self, conditions: &Conditions) {
        let (mut prefixes, mut suffixes, mut texts) = (Vec::new(), Vec::new(), Vec::new());
        for pattern in conditions.patterns() {
            match pattern {
                Pattern::Prefix(text) => prefixes.push(bytes(text)),
                Pattern::Suffix(text) => suffixes.push(reversed(text)),
                Pattern::IgnoreCase(text) => texts.push(bytes(text)),
                Pattern::Wildcard(_) | Pattern::Range(..) | Pattern::Cidr(_) | Pattern::AnythingBut(_) => {}
            }
        }
        meet(&mut self.prefixes, prefixes, Sorted::common_prefixes);
        meet(&mut self.suffixes, suffixes, Sorted::common_prefixes);
        meet(&mut self.texts, texts, Sorted::common);
        if conditions.patterns().is_empty() {
            let other = Lists {
                texts: Sorted::new(conditions.strings().iter().map(|text| bytes(text)).collect()),
                numbers: conditions.numbers().into(),
            };
            self.lists = Some(match self.lists.take() {
                Some(lists) => lists.common(&other),
                None => other,
            });
        }
    }

    fn holds(&self, scalar: Scalar<'_>) -> bool {
        match scalar {
            Scalar::Text(text) => self.holds_text(text),
            Scalar::Number(number) => {
                let no_patterns = self.prefixes.is_none()
                    && self.suffixes.is_none()
                    && self.texts.is_none()
                    && self.wildcards.is_empty();
                no_patterns && self.lists.as_ref().is_some_and(|lists| lists.hold(number))
            }
            Scalar::Null | Scalar::Bool(_) | Scalar::Binary => false,
        }
    }

    fn holds_text(&self, text: &str) -> bool {
        self.lists.as_ref().is_none_or(|lists| lists.texts.hold(text.bytes()))
            && self.prefixes.as_ref().is_none_or(|prefixes| prefixes.begin(text.bytes()))
            && self.suffixes.as_ref().is_none_or(|suffixes| suffixes.begin(text.bytes().rev()))
            && self.texts.as_ref().is_none_or(|texts| texts.hold_folded(text))
            && self.wildcards.all(text)
    }
}

impl Lists {
    fn hold(&self, number: Number) -> bool {
        self.numbers.binary_search(&number).is_ok()
    }

    fn common(self, other: &Lists) -> Lists {
        let numbers = self.numbers.iter().filter(|number| other.hold(**number));
        Lists { texts: self.texts.common(&other.texts), numbers: numbers.copied().collect() }
    }
}

impl Sorted {
    /// Whether the text, folded, is one of them.
    fn hold_folded(&self, text: &str) -> bool {
        if self.is_empty() {
            return false;
        }
        if text.is_ascii() {
            return self.hold(text.bytes().map(|byte| byte.to_ascii_lowercase()));
        }
        self.hold(folded_bytes(text))
    }
}

/// Intersects what is there with what there is in another `anything-but`, unless that has nothing of the kind.
fn meet(there: &mut Option<Sorted>, other: Vec<Box<[u8]>>, both: fn(Sorted, &Sorted) -> Sorted) {
    if !other.is_empty() {
        let other = Sorted::new(other);
        *there = Some(match there.take() {
            Some(there) => both(there, &other),
            None => other,
        });
    }
}

/// The wildcards of an `anything-but`, if it has any.
fn wildcards_of(conditions: &Conditions) -> Option<Vec<&Wildcard>> {
    let wildcards = conditions.patterns().iter().filter_map(|pattern| match pattern {
        Pattern::Wildcard(wildcard) => Some(wildcard),
        Pattern::Prefix(_)
        | Pattern::Suffix(_)
        | Pattern::IgnoreCase(_)
        | Pattern::Range(..)
        | Pattern::Cidr(_)
        | Pattern::AnythingBut(_) => None,
    });
    Some(wildcards.collect::<Vec<_>>()).filter(|wildcards| !wildcards.is_empty())
}

fn bytes(text: &str) -> Box<[u8]> {
    text.as_bytes().into()
}

fn reversed(text: &str) -> Box<[u8]> {
    text.bytes().rev().collect()
}

/// The first and the last number of a range.
fn span(bottom: Bound<Number>, top: Bound<Number>) -> (Number, Number) {
    let first = match bottom {
        Bound::Included(number) => number,
        Bound::Excluded(number) => number.next(),
        Bound::Unbounded => Number::LEAST,
    };
    let last = match top {
        Bound::Included(number) => number,
        Bound::Excluded(number) => number.previous(),
        Bound::Unbounded => Number::MOST,
    };
    (first, last)
}
