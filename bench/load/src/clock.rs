//! The date as signatures spell it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Now, as `yyyymmddThhmmssZ`.
pub fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    spell(since.as_secs())
}

/// Seconds since 1970 as `yyyymmddThhmmssZ`.
fn spell(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Days since 1 March of year 0, in eras of 400 years: the leap day then is the last of a year.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{:02}Z", second % 60)
}

#[cfg(test)]
mod tests {
    use super::spell;

    #[test]
    fn dates_are_spelled() {
        assert_eq!(spell(0), "19700101T000000Z");
        assert_eq!(spell(951_782_400), "20000229T000000Z");
        assert_eq!(spell(1_767_323_045), "20260102T030405Z");
        assert_eq!(spell(1_798_761_599), "20261231T235959Z");
    }
}
