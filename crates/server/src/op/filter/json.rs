//! JSON text to the core's plain values.
//!
//! A reader of our own because numbers must keep their digits: `0.1` and `300.00001` are compared as
//! decimals, and no binary number in between may round them. Texts and numbers are checked by serde_json.
//!
//! Invariant: no value is nested deeper than [`DEPTH_MAX`], however long the text.

use postrider_core::topic::filter::{Number, Value};
use serde::de::IgnoredAny;
use std::borrow::Cow;
use std::fmt;

/// The deepest nesting that is read.
pub(super) const DEPTH_MAX: usize = 128;

/// Why a text is not JSON, and at which byte. The words are ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flaw {
    what: &'static str,
    at: usize,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.what, self.at)
    }
}

/// Reads one value and nothing after it.
pub(super) fn parse(text: &str) -> Result<Value, Flaw> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    match reader.peek() {
        Some(_) => Err(reader.flaw("Unexpected text after the value")),
        None => Ok(value),
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn flaw(&self, what: &'static str) -> Flaw {
        Flaw { what, at: self.at }
    }

    /// The next byte that is no white space, which becomes the present one.
    fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.text.as_bytes().get(self.at).copied()
    }

    /// Steps over `byte` if it is next.
    fn skip(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// Takes the text of a word or number.
    fn token(&mut self) -> &'t str {
        let rest = &self.text[self.at..];
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        let token = &rest[..rest.bytes().take_while(is_part).count()];
        self.at += token.len();
        token
    }

    fn value(&mut self, depth: usize) -> Result<Value, Flaw> {
        if depth == DEPTH_MAX {
            return Err(self.flaw("Nested too deeply"));
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => Ok(Value::String(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => self.word(),
            None => Err(self.flaw("Unexpected end of input")),
        }
    }

    fn word(&mut self) -> Result<Value, Flaw> {
        let flaw = self.flaw("Unrecognized token");
        match self.token() {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            "null" => Ok(Value::Null),
            _ => Err(flaw),
        }
    }

    fn number(&mut self) -> Result<Value, Flaw> {
        let flaw = self.flaw("Malformed number");
        let token = self.token();
        serde_json::from_str::<Digits>(token).map_err(|_| flaw)?;
        Number::parse(token).map(Value::Number).ok_or(flaw)
    }

    fn string(&mut self) -> Result<Box<str>, Flaw> {
        let flaw = self.flaw("Malformed string");
        let rest = &self.text[self.at..];
        let mut escaped = true; // So that the opening quote does not count.
        let end = rest.bytes().position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        });
        let quoted = &rest[..=end.ok_or(flaw)?];
        self.at += quoted.len();
        serde_json::from_str::<Cow<'_, str>>(quoted).map(Box::from).map_err(|_| flaw)
    }

    fn array(&mut self, depth: usize) -> Result<Value, Flaw> {
        let mut items = Vec::new();
        self.at += 1;
        if self.skip(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.skip(b']') {
                return Ok(Value::Array(items));
            }
            if !self.skip(b',') {
                return Err(self.flaw("Expected a comma or the end of the array"));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Flaw> {
        let mut members = Vec::new();
        self.at += 1;
        if self.skip(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.flaw("Expected a member name"));
            }
            let name = self.string()?;
            if !self.skip(b':') {
                return Err(self.flaw("Expected a colon"));
            }
            members.push((name, self.value(depth + 1)?));
            if self.skip(b'}') {
                return Ok(Value::Object(members));
            }
            if !self.skip(b',') {
                return Err(self.flaw("Expected a comma or the end of the object"));
            }
        }
    }
}

/// A number by JSON's grammar, of any size: nothing is computed.
struct Digits;

impl<'de> serde::de::Deserialize<'de> for Digits {
    fn deserialize<D: serde::de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <IgnoredAny as serde::de::Deserialize>::deserialize(deserializer).map(|_| Digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Value {
        Value::Number(Number::parse(text).unwrap())
    }

    #[test]
    fn values_are_read() {
        let text = r#" {"a" : [1, -2.5e1, "x\"y\u00e9\\", true, false, null, {}], "a":[] } "#;
        let items = vec![
            number("1"),
            number("-25"),
            Value::String("x\"yé\\".into()),
            Value::Bool(true),
            Value::Bool(false),
            Value::Null,
            Value::Object(Vec::new()),
        ];
        let members = vec![("a".into(), Value::Array(items)), ("a".into(), Value::Array(Vec::new()))];
        assert_eq!(parse(text), Ok(Value::Object(members)));
    }

    #[test]
    fn numbers_keep_their_digits() {
        assert_ne!(parse("9007199254740993"), parse("9007199254740992"));
        assert_eq!(parse("0.10"), parse("1e-1"));
        assert!(parse("1e999999").is_ok());
    }

    #[test]
    fn what_is_not_json_is_refused() {
        let bad = [
            "",
            " ",
            "{",
            "[",
            "\"",
            "\"\\\"",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "[1,]",
            "[1 2]",
            "{a:1}",
            "01",
            "1.",
            ".5",
            "+1",
            "-",
            "1e",
            "NaN",
            "tru",
            "truee",
            "1 2",
            "\"\t\"",
            "\"\\x\"",
            "é",
            "{\"a\":1}}",
            "'a'",
        ];
        for text in bad {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(&nested(DEPTH_MAX)).is_ok());
        assert!(parse(&nested(DEPTH_MAX + 1)).is_err());
        assert!(parse(&"[".repeat(1_000_000)).is_err());
        assert!(parse(&"{\"a\":".repeat(100_000)).is_err());
    }
}
