//! The two forms of a request's time: ISO 8601 basic (`20260102T030405Z`) and the `Date` header's.

use time::format_description::well_known::Rfc2822;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

/// Length of the basic form, in bytes.
const BASIC_BYTES: usize = 16;

/// Reads `yyyymmddThhmmssZ` as Unix seconds; anything else, and dates that do not exist, are `None`.
pub(crate) fn parse_basic(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() != BASIC_BYTES || bytes[8] != b'T' || bytes[15] != b'Z' {
        return None;
    }
    let month = Month::try_from(two_digits(bytes, 4)?).ok()?;
    let year = i32::from(two_digits(bytes, 0)?) * 100 + i32::from(two_digits(bytes, 2)?);
    let date = Date::from_calendar_date(year, month, two_digits(bytes, 6)?).ok()?;
    let time = Time::from_hms(two_digits(bytes, 9)?, two_digits(bytes, 11)?, two_digits(bytes, 13)?).ok()?;
    Some(PrimitiveDateTime::new(date, time).assume_utc().unix_timestamp())
}

/// Reads an HTTP date, `Fri, 02 Jan 2026 03:04:05 GMT`, as Unix seconds.
pub(crate) fn parse_http(text: &str) -> Option<i64> {
    OffsetDateTime::parse(text, &Rfc2822).ok().map(OffsetDateTime::unix_timestamp)
}

/// Writes the basic form. Years outside 0 to 9999 cannot be written and become 1970: no request
/// carries such a time, and no clock shows it.
pub(crate) fn format_basic(at_s: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp(at_s)
        .ok()
        .filter(|at| (0..=9999).contains(&at.year()))
        .unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (hour, minute, second) = at.to_hms();
    format!("{:04}{:02}{:02}T{hour:02}{minute:02}{second:02}Z", at.year(), u8::from(at.month()), at.day())
}

fn two_digits(bytes: &[u8], at: usize) -> Option<u8> {
    let (tens, ones) = (bytes[at].wrapping_sub(b'0'), bytes[at + 1].wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| tens * 10 + ones)
}
