//! Many wildcards at once, tried on a text by one walk along it.
//!
//! A wildcard of n bytes is n + 1 bits, one behind the other: bit i says that its first i bytes have been met, stars
//! apart. A byte of the text moves every bit on that it fits, and bits before a star stay:
//!
//! ```text
//! state = ((state << 1) & high[byte >> 4] & low[byte & 15]) | (state & loops)
//! ```
//!
//! One byte only leads to a bit, the one whose halves are both set for it: so two tables of 16 rows say what one of 256
//! would in eight times the memory. An account may have ten thousand policies.
//!
//! Short wildcards stand first, and a text is only tried on those that are no longer than it is: so many short texts cost
//! no more than a long one, which costs its length times [`WORDS_MAX`] at most. Wildcards for which that is no gain, and
//! those that are too many, are tried one by one.
//!
//! Invariants:
//! - `high` and `low` have no bit at which a wildcard begins, so that none runs into its neighbour;
//! - `least` ascends, and there are at most [`WORDS_MAX`] words.

use super::pattern::Wildcard;

/// Words of state: as many as patterns of one key, of which a walk takes about as long as ten searches for one piece.
const WORDS_MAX: usize = 150;
/// Bits of a word.
const BITS: usize = u64::BITS as usize;
/// Values of half a byte.
const HALVES: usize = 16;
/// Bytes from which on to search for the pieces of a wildcard is faster.
const LONG: usize = 8 * BITS;
/// How often a walk is looked at whether it is over before the text is.
const CHUNK: usize = 64;

/// Wildcards in groups, of each of which one has to fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Globs {
    /// Bits that a byte with this upper half may move others to: for each half, all words.
    high: Box<[u64]>,
    /// The same of its lower half.
    low: Box<[u64]>,
    /// Bits that stay.
    loops: Box<[u64]>,
    /// Bits at which wildcards begin.
    start: Box<[u64]>,
    /// The shortest text that a wildcard with bits in the word fits.
    least: Box<[usize]>,
    groups: Box<[Group]>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Group {
    /// Words, and in each the bits at which wildcards of the group end.
    ends: Vec<(usize, u64)>,
    long: Vec<Wildcard>,
}

/// One bit for each position of each wildcard.
type State = [u64; WORDS_MAX];

impl Globs {
    /// Brings groups of wildcards together; no group is empty.
    pub(crate) fn new(groups: &[Vec<&Wildcard>]) -> Self {
        let mut globs = Self { groups: vec![Group::default(); groups.len()].into(), ..Self::default() };
        let all = groups.iter().enumerate().flat_map(|(at, group)| group.iter().map(move |one| (at, *one)));
        let mut all = all.map(|(group, one)| (literal(one).count(), group, one)).collect::<Vec<_>>();
        all.sort_by_key(|(length, ..)| *length);
        let mut bits = 0;
        let fit = all.iter().take_while(|(length, ..)| {
            bits += length + 1;
            *length < LONG && bits <= WORDS_MAX * BITS
        });
        let (short, long) = all.split_at(fit.count());
        for (_, group, one) in long {
            globs.groups[*group].long.push((*one).clone());
        }
        globs.take_in(short);
        globs
    }

    /// Takes wildcards in that fit, the shorter ones first.
    fn take_in(&mut self, wildcards: &[(usize, usize, &Wildcard)]) {
        let bits = wildcards.iter().map(|(length, ..)| length + 1).sum::<usize>();
        let words = bits.div_ceil(BITS);
        let (mut high, mut low) = (vec![0; HALVES * words], vec![0; HALVES * words]);
        let (mut loops, mut start, mut least) = (vec![0; words], vec![0; words], Vec::new());
        let mut at = 0;
        for (length, group, one) in wildcards {
            set(&mut start, at);
            for (nth, piece) in one.pieces().iter().enumerate() {
                if nth > 0 {
                    set(&mut loops, at);
                }
                for byte in piece.bytes() {
                    at += 1;
                    let (upper, lower) = halves(byte);
                    set(&mut high[upper * words..], at);
                    set(&mut low[lower * words..], at);
                }
            }
            self.groups[*group].end(at / BITS, 1 << (at % BITS));
            at += 1;
            least.resize(at.div_ceil(BITS), *length);
        }
        *self = Self {
            high: high.into(),
            low: low.into(),
            loops: loops.into(),
            start: start.into(),
            least: least.into(),
            groups: std::mem::take(&mut self.groups),
        };
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// How many are tried one by one.
    pub(crate) fn long(&self) -> usize {
        self.groups.iter().map(|group| group.long.len()).sum()
    }

    /// Whether a wildcard of some group fits the text.
    pub(crate) fn any(&self, text: &str) -> bool {
        if self.is_empty() {
            return false;
        }
        let state = self.walk(text);
        self.groups.iter().any(|group| group.fits(&state, text))
    }

    /// Whether of each group a wildcard fits the text.
    pub(crate) fn all(&self, text: &str) -> bool {
        if self.is_empty() {
            return true;
        }
        let state = self.walk(text);
        self.groups.iter().all(|group| group.fits(&state, text))
    }

    /// The state behind the text.
    fn walk(&self, text: &str) -> State {
        let mut states = ([0; WORDS_MAX], [0; WORDS_MAX]);
        let (mut state, mut next) = (&mut states.0, &mut states.1);
        let row = self.least.len();
        let words = self.least.partition_point(|least| *least <= text.len());
        if words == 0 {
            return *state;
        }
        state[..words].copy_from_slice(&self.start[..words]);
        for chunk in text.as_bytes().chunks(CHUNK) {
            for byte in chunk {
                let (upper, lower) = halves(*byte);
                let (high, low) = (&self.high[upper * row..][..words], &self.low[lower * row..][..words]);
                move_on(&state[..words], &mut next[..words], high, low, &self.loops[..words]);
                std::mem::swap(&mut state, &mut next);
            }
            if state[..words].iter().all(|word| *word == 0) {
                break;
            }
        }
        *state
    }
}

/// Moves the bits of a state on for one byte.
fn move_on(state: &[u64], next: &mut [u64], high: &[u64], low: &[u64], loops: &[u64]) {
    next[0] = ((state[0] << 1) & high[0] & low[0]) | (state[0] & loops[0]);
    let step = high[1..].iter().zip(&low[1..]).map(|(high, low)| high & low);
    let words = state.windows(2).zip(&mut next[1..]).zip(step.zip(&loops[1..]));
    for ((pair, next), (step, loops)) in words {
        let moved = pair[1] << 1 | pair[0] >> (BITS - 1);
        *next = (moved & step) | (pair[1] & loops);
    }
}

impl Group {
    fn end(&mut self, word: usize, bit: u64) {
        match self.ends.last_mut() {
            Some((last, bits)) if *last == word => *bits |= bit,
            Some(_) | None => self.ends.push((word, bit)),
        }
    }

    fn fits(&self, state: &State, text: &str) -> bool {
        self.ends.iter().any(|(word, bits)| state[*word] & bits != 0)
            || self.long.iter().any(|wildcard| wildcard.admits(text))
    }
}

fn set(words: &mut [u64], bit: usize) {
    words[bit / BITS] |= 1 << (bit % BITS);
}

/// All bytes of a wildcard but its stars.
fn literal(wildcard: &Wildcard) -> impl Iterator<Item = u8> {
    wildcard.pieces().iter().flat_map(|piece| piece.bytes())
}

/// The upper and the lower half of a byte.
fn halves(byte: u8) -> (usize, usize) {
    (usize::from(byte >> 4), usize::from(byte & 15))
}

#[cfg(test)]
mod tests {
    use super::super::pattern::Wildcard;
    use super::super::tests::random::Dice;
    use super::{BITS, Globs, WORDS_MAX};

    /// Letters and, if wanted, stars, of which no two are side by side.
    fn letters(dice: &mut Dice, length: usize, one_star_in: Option<usize>) -> String {
        let mut made = String::new();
        while made.len() < length {
            let star = one_star_in.is_some_and(|often| dice.below(often) == 0);
            if !star {
                made.push_str(dice.pick(&["a", "a", "a", "b", "ü"]));
            } else if !made.ends_with('*') {
                made.push('*');
            }
        }
        made
    }

    /// A text that the pattern fits, or would if one letter were another.
    fn near(dice: &mut Dice, pattern: &str) -> String {
        let mut text = String::new();
        for one in pattern.chars() {
            match one {
                '*' => text += &letters(dice, 3, None),
                _ => text.push(one),
            }
        }
        if dice.below(2) == 0 && text.is_ascii() && !text.is_empty() {
            let at = dice.below(text.len());
            text.replace_range(at..=at, "b");
        }
        text
    }

    #[test]
    fn all_at_once_is_the_same_as_one_by_one() {
        let mut dice = Dice(8);
        let (mut any, mut all, mut compared) = (0, 0, 0);
        for round in 0..1_500 {
            let longest = dice.pick(&[3, 12, 70, 300, 800]);
            let group = |dice: &mut Dice| -> Vec<String> {
                let count = 1 + dice.below(12);
                (0..count)
                    .map(|_| {
                        let length = dice.below(longest);
                        letters(dice, length, Some(7))
                    })
                    .collect()
            };
            let patterns: Vec<Vec<String>> = (0..=dice.below(4)).map(|_| group(&mut dice)).collect();
            let parsed: Vec<Vec<Wildcard>> = patterns
                .iter()
                .map(|group| group.iter().map(|one| Wildcard::parse(one).expect("a pattern")).collect())
                .collect();
            let borrowed: Vec<Vec<&Wildcard>> = parsed.iter().map(|group| group.iter().collect()).collect();
            let globs = Globs::new(&borrowed);
            for _ in 0..8 {
                // Near one of them, or near one that is not among them.
                let other = group(&mut dice);
                let group = &patterns[dice.below(patterns.len())];
                let group = if dice.below(2) == 0 { group } else { &other };
                let pattern = dice.below(group.len());
                let text = near(&mut dice, &group[pattern]);
                let fits = |group: &Vec<Wildcard>| group.iter().any(|one| one.admits(&text));
                let wanted = (parsed.iter().any(fits), parsed.iter().all(fits));
                assert_eq!(
                    (globs.any(&text), globs.all(&text)),
                    wanted,
                    "round {round}: {patterns:?} {text}"
                );
                any += usize::from(wanted.0);
                all += usize::from(wanted.1);
                compared += 1;
            }
        }
        assert!(any > compared / 4 && any < compared * 9 / 10, "{any} of {compared}");
        assert!(all > compared / 10 && all < any, "{all} of {compared}");
    }

    /// Also those that share a half with it.
    #[test]
    fn no_other_byte_is_taken_for_the_one_that_is_wanted() {
        let letters = || (0..128_u8).map(char::from).filter(|one| !['*', '\\'].contains(one));
        for wanted in letters() {
            let pattern = Wildcard::parse(&format!("*{wanted}")).expect("a pattern");
            let globs = Globs::new(&[vec![&pattern]]);
            for other in letters() {
                assert_eq!(globs.any(&format!("x{other}")), wanted == other, "{wanted:?} {other:?}");
            }
        }
    }

    #[test]
    fn wildcards_are_as_many_and_as_long_as_they_like() {
        let parsed =
            |length: usize| Wildcard::parse(&format!("*{}*", "a".repeat(length))).expect("a pattern");
        let long = |length: usize, count: usize| Globs::new(&[vec![&parsed(length); count]]).long();
        assert_eq!(long(BITS - 1, WORDS_MAX), 0);
        assert_eq!(long(BITS - 1, WORDS_MAX + 3), 3);
        assert_eq!(long(8 * BITS, 5), 5);
        assert_eq!((Globs::new(&[]).any("a"), Globs::new(&[]).all("a")), (false, true));
        let star = Wildcard::parse("*").expect("a pattern");
        let some = [star, parsed(63), parsed(64), parsed(65), parsed(5_000)];
        for one in &some[1..] {
            let globs = Globs::new(&[vec![one; 160]]);
            for length in [62, 63, 64, 65, 66, 4_999, 5_000, 5_001] {
                let text = "a".repeat(length);
                assert_eq!(globs.any(&text), one.admits(&text), "{length}");
            }
        }
        assert!(Globs::new(&[vec![&some[0]]]).any(""));
    }
}
