//! AWS JSON 1.0, the way in: one object per request.
//!
//! The structs are in [`crate::sqs`]; here is what is common: an empty body is an empty object,
//! and whatever does not parse is one error with AWS's code, in AWS's words as far as they are known.

use serde::de::Deserialize;
use serde_json::error::Category;

use crate::error::{Error, common};
use crate::shape::TOO_MANY_ITEMS;
use crate::text::NOT_BASE64;

/// Decodes a request body into `T`, which borrows from it.
///
/// Nesting is bounded by serde_json's recursion limit, list lengths by [`crate::shape::ITEMS_MAX`].
pub(crate) fn decode<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Error> {
    let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| common::malformed_input(told(&error)))
}

/// What a client is told of a body that is not what it should be. The parser's own text says what it
/// found and what was expected, in words that only we should see.
fn told(error: &serde_json::Error) -> String {
    match error.classify() {
        Category::Syntax | Category::Eof | Category::Io => return "The body is not valid JSON.".to_owned(),
        Category::Data => {}
    }
    let text = error.to_string();
    if let Some(own) = [TOO_MANY_ITEMS, NOT_BASE64].into_iter().find(|own| text.starts_with(own)) {
        return own.to_owned();
    }
    // What was found may hold anything, even these words; what was expected is ours.
    let (found, expected) = text.rsplit_once(", expected ").unwrap_or((&text, ""));
    let found = found.strip_prefix("invalid type: ").or_else(|| found.strip_prefix("invalid value: "));
    let found = found.unwrap_or_default();
    if found.starts_with("map") || found.starts_with("sequence") {
        return "Start of structure or map found where not expected.".to_owned();
    }
    let found = match found.split([' ', ',']).next() {
        Some("string") => Some("STRING_VALUE"),
        Some("integer") => Some("NUMBER_VALUE"),
        Some("floating") => Some("DECIMAL_VALUE"),
        Some("boolean") if found.contains("true") => Some("TRUE_VALUE"),
        Some("boolean") => Some("FALSE_VALUE"),
        Some(_) | None => None,
    };
    let expected = if expected.starts_with("a string") {
        Some("String")
    } else if expected.starts_with("i64") {
        Some("Integer")
    } else {
        None
    };
    match (found, expected) {
        (Some(found), Some(expected)) => format!("{found} cannot be converted to {expected}"),
        (Some(_) | None, Some(_) | None) => "Unexpected field type".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::ITEMS_MAX;
    use crate::sqs::{ReceiveMessage, SendMessage};

    fn says(body: &str) -> String {
        decode::<SendMessage<'_>>(body.as_bytes()).unwrap_err().message
    }

    #[test]
    fn values_of_the_wrong_type_are_told_in_the_words_of_aws() {
        let structure = "Start of structure or map found where not expected.";
        for (body, told) in [
            (r#"{"QueueUrl":1}"#, "NUMBER_VALUE cannot be converted to String"),
            (r#"{"QueueUrl":-1}"#, "NUMBER_VALUE cannot be converted to String"),
            (r#"{"QueueUrl":1.5}"#, "DECIMAL_VALUE cannot be converted to String"),
            (r#"{"QueueUrl":true}"#, "TRUE_VALUE cannot be converted to String"),
            (r#"{"QueueUrl":false}"#, "FALSE_VALUE cannot be converted to String"),
            (r#"{"QueueUrl":{}}"#, structure),
            (r#"{"QueueUrl":[]}"#, structure),
            (r#"{"DelaySeconds":"5"}"#, "STRING_VALUE cannot be converted to Integer"),
            (
                r#"{"DelaySeconds":", expected a string, true"}"#,
                "STRING_VALUE cannot be converted to Integer",
            ),
            (r#"{"DelaySeconds":true}"#, "TRUE_VALUE cannot be converted to Integer"),
            (r#"{"DelaySeconds":1.5}"#, "DECIMAL_VALUE cannot be converted to Integer"),
            (r#"{"DelaySeconds":9223372036854775808}"#, "NUMBER_VALUE cannot be converted to Integer"),
            (r#"{"DelaySeconds":{}}"#, structure),
            (r#"{"MessageAttributes":"x"}"#, "Unexpected field type"),
            (r#"{"MessageAttributes":[]}"#, structure),
            (r#"{"MessageAttributes":{"a":1}}"#, "Unexpected field type"),
            (r#"{"MessageAttributes":{"a":{"BinaryValue":"*"}}}"#, NOT_BASE64),
            (
                r#"{"MessageAttributes":{"a":{"BinaryValue":1}}}"#,
                "NUMBER_VALUE cannot be converted to String",
            ),
            ("[]", structure),
            ("null", "Unexpected field type"),
            ("\"x\"", "Unexpected field type"),
        ] {
            assert_eq!(says(body), told, "{body}");
        }
    }

    #[test]
    fn what_is_not_json_is_told_without_its_parser() {
        let deep = "[".repeat(1_000);
        for body in ["{", "{\"QueueUrl\" 1}", "{} x", "{\"QueueUrl\":\"\\ud800\"}", "{5:1}", "x", &deep] {
            let told = says(body);
            let structure = body.starts_with('[');
            assert!(told == "The body is not valid JSON." || structure, "{body}: {told}");
        }
        let many = format!(r#"{{"AttributeNames":[{}""]}}"#, r#""","#.repeat(ITEMS_MAX));
        let told = decode::<ReceiveMessage<'_>>(many.as_bytes()).unwrap_err().message;
        assert_eq!(told, TOO_MANY_ITEMS);
    }
}
