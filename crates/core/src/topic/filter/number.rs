//! Numbers of policies and messages, compared as decimals and never as floats.
//!
//! A policy knows numbers of at most five decimals (sns 12), so all that can ever be asked of a
//! message's number is how it compares to a multiple of 1e-5. That is what is kept: the number
//! rounded down to such a multiple, and whether anything was cut off. It fits 16 bytes, is exact for
//! every question, and needs no allocation whatever the sender writes.

use std::fmt;

/// Digits kept left of the sixth decimal: 31 before the point and 5 behind it. A number with more
/// is larger than any that a policy can name.
const DIGITS_MAX: i64 = 36;
/// Decimals that a policy's number may have (sns 12).
const DECIMALS: i64 = 5;
/// 1e5, the units of `Number` in one.
const UNIT: i128 = 100_000;
/// The largest absolute value in `numeric` and `anything-but`: 1e9 (sns 12).
const NUMERIC_MAX: Number = Number(2 * UNIT * 1_000_000_000);
/// Stands for everything with more than `DIGITS_MAX` digits; odd, so equal to no policy's number.
const BEYOND: i128 = 2 * 10_i128.pow(DIGITS_MAX as u32) + 1;

/// A decimal number. `15`, `15.0` and `1.5e1` are equal.
///
/// Holds twice the multiple of 1e-5 next towards zero, and one more (away from zero) when the number is
/// not that multiple: so the order of these integers is the order of the numbers, and numbers that
/// compare equal are those that no policy can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(i128);

impl Number {
    /// Reads the text of a JSON number or of a `Number` attribute: sign, digits, optional fraction,
    /// optional exponent, of any length. Also takes `+5`, `.5`, `5.` and `007`, which JSON does not have
    /// but senders of attributes write. `None` if it is no number.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.as_bytes() {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let mantissa_len = unsigned.iter().position(|b| matches!(b, b'e' | b'E')).unwrap_or(unsigned.len());
        let (mantissa, exponent) = unsigned.split_at(mantissa_len);
        let exponent = match exponent {
            [] => 0,
            [_, digits @ ..] => exponent_of(digits)?,
        };
        let point = mantissa.iter().position(|b| *b == b'.').unwrap_or(mantissa.len());
        let (whole, fraction) = (&mantissa[..point], mantissa.get(point + 1..).unwrap_or_default());
        if whole.len() + fraction.len() == 0 || !whole.iter().chain(fraction).all(u8::is_ascii_digit) {
            return None;
        }
        let magnitude = magnitude(whole, fraction, exponent);
        Some(Self(if negative { -magnitude } else { magnitude }))
    }

    /// As small, and as large, as any.
    pub(crate) const LEAST: Number = Number(-BEYOND);
    pub(crate) const MOST: Number = Number(BEYOND);

    /// The next number that is kept apart from it.
    pub(crate) fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The one before it.
    pub(crate) fn previous(self) -> Self {
        Self(self.0 - 1)
    }

    /// Has at most five decimals and is small enough to be kept whole.
    pub(crate) fn is_exact(self) -> bool {
        self.0 % 2 == 0
    }

    /// Lies in -1e9..=1e9.
    pub(crate) fn is_in_numeric_range(self) -> bool {
        (-NUMERIC_MAX.0..=NUMERIC_MAX.0).contains(&self.0)
    }

    /// The stored form: 16 bytes, little-endian, of twice the multiple of 1e-5.
    pub(crate) fn to_le_bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }

    /// Reads the stored form of an exact number.
    pub(crate) fn from_le_bytes(bytes: [u8; 16]) -> Option<Self> {
        let number = Self(i128::from_le_bytes(bytes));
        (number.is_exact() && (-BEYOND..=BEYOND).contains(&number.0)).then_some(number)
    }
}

impl From<i64> for Number {
    fn from(whole: i64) -> Self {
        Self(i128::from(whole) * 2 * UNIT)
    }
}

/// The shortest decimal form, cut to five decimals; only error messages show it.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = self.0.unsigned_abs() / 2;
        let (whole, fraction) = (units / UNIT.unsigned_abs(), units % UNIT.unsigned_abs());
        let sign = if self.0 < 0 { "-" } else { "" };
        if fraction == 0 {
            return write!(f, "{sign}{whole}");
        }
        let decimals = format!("{fraction:05}");
        write!(f, "{sign}{whole}.{}", decimals.trim_end_matches('0'))
    }
}

/// Reads an exponent; one too large for any purpose saturates.
fn exponent_of(text: &[u8]) -> Option<i64> {
    let (sign, digits) = match text {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        rest => (1, rest),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let saturating = |sum: i64, digit: &u8| (sum * 10 + i64::from(digit - b'0')).min(1 << 40);
    Some(sign * digits.iter().fold(0, saturating))
}

/// The absolute value in the form of `Number`, from digits around the point and an exponent.
fn magnitude(whole: &[u8], fraction: &[u8], exponent: i64) -> i128 {
    let digits = whole.iter().chain(fraction).map(|digit| i128::from(digit - b'0'));
    let zeros = digits.clone().take_while(|digit| *digit == 0).count();
    let mut significant = digits.skip(zeros).peekable();
    if significant.peek().is_none() {
        return 0;
    }
    let kept = whole.len() as i64 - zeros as i64 + exponent + DECIMALS;
    if kept > DIGITS_MAX {
        return BEYOND;
    }
    let mut units = 0;
    for _ in 0..kept {
        units = units * 10 + significant.next().unwrap_or(0);
    }
    units * 2 + i128::from(significant.any(|digit| digit != 0))
}

#[cfg(test)]
mod tests {
    use super::Number;

    fn n(text: &str) -> Number {
        Number::parse(text).unwrap_or_else(|| panic!("{text} is a number"))
    }

    #[test]
    fn notations_of_one_value_are_equal() {
        for (a, b) in [
            ("15", "15.0"),
            ("15", "1.5e1"),
            ("15", "1500E-2"),
            ("15", "+015."),
            ("0.5", ".5"),
            ("0", "-0.0e9"),
            ("301.5", "3.015e2"),
            ("0.00001", "1e-5"),
            ("0", "0e999999999999999999999999"),
        ] {
            assert_eq!(n(a), n(b), "{a} {b}");
            assert!(n(a).is_exact());
        }
        assert_eq!(n("-42"), Number::from(-42));
    }

    #[test]
    fn order_holds_at_any_size_and_precision() {
        let ascending = [
            "-1e999999999999999999999",
            "-1e20",
            "-1000000000",
            "-1.000001",
            "-1.00000",
            "-0.999999",
            "-1e-400",
            "0",
            "1e-999999999999999999999",
            "0.00001",
            "0.000011",
            "1",
            "1.000001",
            "999999999999999999999",
            "1000000000000000000000",
            "1e30",
            "1e40",
        ];
        for (i, a) in ascending.iter().enumerate() {
            for b in &ascending[i + 1..] {
                assert!(n(a) < n(b), "{a} < {b}");
            }
        }
    }

    #[test]
    fn what_a_policy_cannot_name_is_never_exact() {
        for text in ["1.000001", "1e-6", "-0.123456", "1e40", "-1e99999999999999999999"] {
            assert!(!n(text).is_exact(), "{text}");
        }
        assert!(n("1000000000").is_in_numeric_range() && n("-1e9").is_in_numeric_range());
        assert!(!n("1000000000.00001").is_in_numeric_range() && !n("-1e10").is_in_numeric_range());
    }

    #[test]
    fn other_text_is_no_number() {
        for text in
            ["", "-", "+", ".", "e5", "1e", "1e+", "1e5.5", "1.2.3", "--1", "0x10", " 1", "1 ", "NaN", "1,5"]
        {
            assert_eq!(Number::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn long_texts_are_read_to_the_end() {
        let zeros = "0".repeat(300_000);
        assert_eq!(n(&format!("{zeros}7.{zeros}")), n("7"));
        assert!(n(&format!("7.{zeros}1")) > n("7"));
        assert_eq!(n(&format!("0.{zeros}7e300001")), n("7"));
    }

    #[test]
    fn shown_as_a_short_decimal() {
        for (text, shown) in
            [("30", "30"), ("1.50", "1.5"), ("-0.00001", "-0.00001"), ("1e2", "100"), ("-0", "0")]
        {
            assert_eq!(n(text).to_string(), shown);
        }
    }

    #[test]
    fn stored_form_takes_only_exact_numbers() {
        for text in ["0", "-1e9", "123456789012", "0.00001"] {
            assert_eq!(Number::from_le_bytes(n(text).to_le_bytes()), Some(n(text)));
        }
        assert_eq!(Number::from_le_bytes(n("1e-6").to_le_bytes()), None);
        assert_eq!(Number::from_le_bytes(i128::MAX.to_le_bytes()), None);
    }
}
