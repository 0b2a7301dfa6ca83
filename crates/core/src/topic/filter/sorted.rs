//! Sets in which a value is found without looking at all of them.

/// Texts, as bytes, in order: they can be walked along like a tree that branches at every byte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sorted(Box<[Box<[u8]>]>);

/// The texts of a list that begin with what was walked along, in order.
struct Walk<'a> {
    texts: &'a [Box<[u8]>],
    walked: usize,
}

impl Sorted {
    /// Takes texts in any order.
    pub(crate) fn new(mut texts: Vec<Box<[u8]>>) -> Self {
        texts.sort_unstable();
        texts.dedup();
        Self(texts.into_boxed_slice())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them is the beginning of this text.
    pub(crate) fn begin(&self, text: impl Iterator<Item = u8>) -> bool {
        let mut walk = Walk { texts: &self.0, walked: 0 };
        if walk.is_at_end_of_one() {
            return true;
        }
        for byte in text {
            walk.along(byte);
            if walk.is_at_end_of_one() {
                return true;
            }
            if walk.texts.is_empty() {
                return false;
            }
        }
        false
    }

    /// Whether one of them is this text.
    pub(crate) fn hold(&self, text: impl Iterator<Item = u8>) -> bool {
        let mut walk = Walk { texts: &self.0, walked: 0 };
        for byte in text {
            walk.along(byte);
            if walk.texts.is_empty() {
                return false;
            }
        }
        walk.is_at_end_of_one()
    }

    /// What is in both.
    pub(crate) fn common(self, other: &Self) -> Self {
        let texts = self.0.into_iter().filter(|text| other.hold(text.iter().copied()));
        Self(texts.collect())
    }

    /// Beginnings of exactly those texts that begin with one of each.
    pub(crate) fn common_prefixes(self, other: &Self) -> Self {
        let longer = other.0.iter().filter(|text| self.begin(text.iter().copied()));
        let mut texts = longer.cloned().collect::<Vec<_>>();
        texts.extend(self.0.into_iter().filter(|text| other.begin(text.iter().copied())));
        Self::new(texts)
    }
}

impl Walk<'_> {
    /// Goes one byte further.
    fn along(&mut self, byte: u8) {
        let at = self.walked;
        self.walked += 1;
        // One that ends here is the first of those that go on.
        if let [first, longer @ ..] = self.texts
            && first.len() == at
        {
            self.texts = longer;
        }
        let [first, .., last] = self.texts else {
            if self.texts.first().is_some_and(|only| only[at] != byte) {
                self.texts = &[];
            }
            return;
        };
        let (first, last) = (first[at], last[at]);
        if first != byte {
            self.texts = &self.texts[self.texts.partition_point(|text| text[at] < byte)..];
        }
        if last != byte {
            self.texts = &self.texts[..self.texts.partition_point(|text| text[at] == byte)];
        }
    }

    fn is_at_end_of_one(&self) -> bool {
        self.texts.first().is_some_and(|text| text.len() == self.walked)
    }
}

/// Ranges that include their ends, apart from each other, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Intervals<T>(Box<[(T, T)]>);

impl<T: Copy + Ord> Intervals<T> {
    /// Takes ranges in any order, which may overlap; each is its first and its last.
    pub(crate) fn new(mut ranges: Vec<(T, T)>) -> Self {
        ranges.sort_unstable();
        let mut apart: Vec<(T, T)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match apart.last_mut() {
                Some(before) if first <= before.1 => before.1 = before.1.max(last),
                Some(_) | None => apart.push((first, last)),
            }
        }
        Self(apart.into_boxed_slice())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it is in one of them.
    pub(crate) fn hold(&self, value: T) -> bool {
        let before = self.0.partition_point(|(first, _)| *first <= value);
        before.checked_sub(1).is_some_and(|at| value <= self.0[at].1)
    }
}

#[cfg(test)]
mod tests {
    use super::{Intervals, Sorted};

    fn sorted(texts: &[&str]) -> Sorted {
        Sorted::new(texts.iter().map(|text| text.as_bytes().into()).collect())
    }

    /// All texts of up to three letters.
    fn texts() -> Vec<String> {
        let longer = |all: &[String]| -> Vec<String> {
            all.iter().flat_map(|text| ["a", "b", "c"].map(|letter| text.clone() + letter)).collect()
        };
        let (none, mut all) = (vec![String::new()], vec![String::new()]);
        let one = longer(&none);
        let two = longer(&one);
        let three = longer(&two);
        all.extend([one, two, three].concat());
        all
    }

    const LISTS: [&[&str]; 7] = [
        &[],
        &[""],
        &["a"],
        &["ab", "b", "bcc"],
        &["a", "ab", "abc", "b"],
        &["ac", "ab", "aa", "ac"],
        &["", "c", "cab", "cb"],
    ];

    #[test]
    fn lists_are_walked_along() {
        for list in LISTS {
            let made = sorted(list);
            assert_eq!(made.is_empty(), list.is_empty());
            for text in texts() {
                assert_eq!(made.hold(text.bytes()), list.contains(&text.as_str()), "{list:?} {text}");
                let begins = list.iter().any(|prefix| text.starts_with(prefix));
                assert_eq!(made.begin(text.bytes()), begins, "{list:?} {text}");
            }
        }
    }

    #[test]
    fn what_lists_have_in_common_is_in_both() {
        for (a, b) in LISTS.iter().flat_map(|a| LISTS.map(|b| (*a, b))) {
            let (both, beginnings) = (sorted(a).common(&sorted(b)), sorted(a).common_prefixes(&sorted(b)));
            for text in texts() {
                let holds = [a, b].iter().all(|list| list.contains(&text.as_str()));
                assert_eq!(both.hold(text.bytes()), holds, "{a:?} {b:?} {text}");
                let begins = [a, b].iter().all(|list| list.iter().any(|prefix| text.starts_with(prefix)));
                assert_eq!(beginnings.begin(text.bytes()), begins, "{a:?} {b:?} {text}");
            }
        }
    }

    #[test]
    fn ranges_may_overlap_and_touch() {
        let ranges = vec![(5, 7), (1, 2), (6, 6), (7, 9), (10, 10), (2, 3), (20, 30), (21, 22)];
        let made = Intervals::new(ranges.clone());
        for value in 0..40 {
            let inside = ranges.iter().any(|(first, last)| (*first..=*last).contains(&value));
            assert_eq!(made.hold(value), inside, "{value}");
        }
        assert!(Intervals::<u8>::new(vec![]).is_empty() && !Intervals::new(vec![]).hold(0));
    }
}
