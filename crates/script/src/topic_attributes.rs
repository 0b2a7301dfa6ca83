//! Attributes of topics and subscriptions: how scripts write them, and how SNS does.

/// The topic attributes of the language with their names in SNS.
pub(crate) const TOPIC_ATTRIBUTES: [(&str, &str); 6] = [
    ("display", "DisplayName"),
    ("size", "MaximumMessageSize"),
    ("content-dedup", "ContentBasedDeduplication"),
    ("scope", "FifoThroughputScope"),
    ("delivery", "DeliveryPolicy"),
    ("archive", "ArchivePolicy"),
];

/// Words of scripts for values of SNS, by attribute.
const WORDS: [(&str, &str, &str); 5] = [
    ("content-dedup", "on", "true"),
    ("content-dedup", "off", "false"),
    ("scope", "topic", "Topic"),
    ("scope", "group", "MessageGroup"),
    ("archive", "off", "{}"),
];

/// A value as SNS writes it.
pub(crate) fn to_sns(short: &str, value: &str) -> String {
    if let Some((.., text)) = WORDS.iter().find(|(of, word, _)| (*of, *word) == (short, value)) {
        return (*text).to_owned();
    }
    match short {
        "archive" => serde_json::json!({ "MessageRetentionPeriod": value }).to_string(),
        _ => value.to_owned(),
    }
}

/// A value as scripts write it.
pub(crate) fn of_sns(short: &str, value: &str) -> String {
    if let Some((_, word, _)) = WORDS.iter().find(|(of, _, text)| (*of, *text) == (short, value)) {
        return (*word).to_owned();
    }
    match short {
        "archive" => archive_days(value).map_or_else(|| value.to_owned(), |days| days.to_string()),
        _ => value.to_owned(),
    }
}

/// What an `ArchivePolicy` says; zero if it says that there is no archive.
pub(crate) fn archive_days(policy: &str) -> Option<u16> {
    let policy = serde_json::from_str::<serde_json::Value>(policy).ok()?;
    let days = &policy["MessageRetentionPeriod"];
    if days.is_null() {
        return Some(0);
    }
    let number = || days.as_u64().and_then(|days| u16::try_from(days).ok());
    days.as_str().map_or_else(number, |days| days.parse().ok())
}

/// `from` or `from-until` of a replay, milliseconds since the script began.
pub(crate) fn span(text: &str) -> Option<(u64, Option<u64>)> {
    let (from, until) = text.split_once('-').map_or((text, None), |(from, until)| (from, Some(until)));
    let until = match until {
        Some(until) => Some(crate::parse::time_ms(until)?),
        None => None,
    };
    Some((crate::parse::time_ms(from)?, until))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_in_both_ways() {
        let pairs = [
            ("content-dedup", "on", "true"),
            ("scope", "group", "MessageGroup"),
            ("archive", "30", r#"{"MessageRetentionPeriod":"30"}"#),
            ("archive", "off", "{}"),
            ("display", "on", "on"),
        ];
        for (short, word, text) in pairs {
            assert_eq!(to_sns(short, word), text);
            assert_eq!(of_sns(short, text), word);
        }
        assert_eq!(archive_days(r#"{"MessageRetentionPeriod":7}"#), Some(7));
        assert_eq!(archive_days("{}"), Some(0));
        assert_eq!(archive_days("nonsense"), None);
    }

    #[test]
    fn replays_have_a_beginning_and_perhaps_an_end() {
        assert_eq!(span("00:01.5"), Some((1_500, None)));
        assert_eq!(span("00:01-01:00"), Some((1_000, Some(60_000))));
        assert_eq!(span("1-2"), None);
    }
}
