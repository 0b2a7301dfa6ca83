//! Points in time as SNS writes them: `2026-01-02T03:04:05.678Z`.

use std::time::{Duration, SystemTime};

const DAY_S: u64 = 86_400;

/// Days from the first of March of year zero to 1970-01-01.
const EPOCH_DAYS: u64 = 719_468;

/// A point in time as a text.
pub(super) fn text(at: SystemTime) -> String {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let (day, second) = (since.as_secs() / DAY_S + EPOCH_DAYS, since.as_secs() % DAY_S);
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let (date, month) = (of_year - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = year + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", since.subsec_millis())
}

/// The point in time that a text names.
pub(super) fn point(text: &str) -> Option<SystemTime> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
    let (year, month, date) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let year = year.checked_sub(u64::from(month <= 2))?;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + date.checked_sub(1)?;
    let day = year * 365 + year / 4 - year / 100 + year / 400 + of_year;
    let second = number(11, 13)? * 3_600 + number(14, 16)? * 60 + number(17, 19)?;
    let millis = text.get(19..).and_then(|rest| rest.strip_prefix('.')).and_then(|rest| rest.get(..3));
    let since = Duration::from_secs(day.checked_sub(EPOCH_DAYS)? * DAY_S + second);
    Some(SystemTime::UNIX_EPOCH + since + Duration::from_millis(millis.map_or(Some(0), |m| m.parse().ok())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_in_time_are_written_and_read() {
        for (millis, written) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_767_323_045_678, "2026-01-02T03:04:05.678Z"),
            (1_798_761_599_999, "2026-12-31T23:59:59.999Z"),
        ] {
            let at = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
            assert_eq!(text(at), written);
            assert_eq!(point(written), Some(at));
        }
        assert_eq!(point("2026-01-02T03:04:05Z"), point("2026-01-02T03:04:05.000Z"));
        assert_eq!(point("yesterday"), None);
    }
}
