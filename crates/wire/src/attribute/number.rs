//! The syntax of `Number` values.

use std::ops::RangeInclusive;

/// The most digits from the first to the last that is not zero.
const SIGNIFICANT_DIGITS_MAX: i64 = 38;
/// The powers of ten that the first digit may stand for.
const MAGNITUDES: RangeInclusive<i64> = -128..=126;

/// Whether SQS takes a text for a number: decimal with sign and exponent, at most 38 significant
/// digits, between 10^-128 and 10^126 in size, or zero.
pub fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()),
        None => (unsigned, Some(0)),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = whole.len() + fraction.len();
    let decimal = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    let (Some(exponent), true) = (exponent, decimal && digits > 0) else { return false };

    let nonzero = || (0_i64..).zip(whole.bytes().chain(fraction.bytes())).filter(|(_, byte)| *byte != b'0');
    let (Some((first, _)), Some((last, _))) = (nonzero().next(), nonzero().last()) else {
        return true; // All digits are zero.
    };
    if last - first + 1 > SIGNIFICANT_DIGITS_MAX {
        return false;
    }
    let Ok(whole_digits) = i64::try_from(whole.len()) else { return false };
    let magnitude = whole_digits - 1 - first + i64::from(exponent);
    MAGNITUDES.contains(&magnitude)
}
