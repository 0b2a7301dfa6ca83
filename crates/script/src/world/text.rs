//! What a payload of a world is: scripts read their own bodies, so it need not be that of the wire.

use crate::action::{Attribute, Structure};
use postrider_core::topic::subscription::Protocol;
use std::borrow::Cow;

const SEPARATOR: char = '\u{1f}';
const ATTRIBUTE: char = '\u{1e}';
const FIELD: char = '\u{1d}';

/// A payload, read.
pub(super) struct Text<'a> {
    pub(super) group: &'a str,
    pub(super) dedup: &'a str,
    pub(super) structure: Structure,
    pub(super) attributes: Vec<Attribute>,
    pub(super) body: &'a str,
}

impl<'a> Text<'a> {
    /// Nothing but a body.
    pub(super) fn plain(body: &'a str) -> Text<'a> {
        Text { group: "", dedup: "", structure: Structure::Plain, attributes: Vec::new(), body }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let structure = match self.structure {
            Structure::Plain => "",
            Structure::Json => "json",
        };
        let mut attributes = String::new();
        for Attribute { name, kind, value } in &self.attributes {
            attributes.push_str(&format!("{name}{FIELD}{kind}{FIELD}{value}{ATTRIBUTE}"));
        }
        [self.group, self.dedup, structure, &attributes, self.body].join(&SEPARATOR.to_string()).into_bytes()
    }

    pub(super) fn decode(bytes: &'a [u8]) -> Text<'a> {
        let text = std::str::from_utf8(bytes).expect("scripts are text");
        let mut parts = text.splitn(5, SEPARATOR);
        let mut part = || parts.next().expect("a payload of a world has five parts");
        let (group, dedup) = (part(), part());
        let structure = if part().is_empty() { Structure::Plain } else { Structure::Json };
        let attributes = part().split_terminator(ATTRIBUTE).map(attribute).collect();
        Text { group, dedup, structure, attributes, body: part() }
    }

    /// The text for a protocol: its own, or the default one, if there are several (sns 5).
    pub(super) fn body_for(&self, protocol: Protocol) -> Cow<'a, str> {
        match self.structure {
            Structure::Plain => Cow::Borrowed(self.body),
            Structure::Json => {
                let texts = serde_json::from_str::<serde_json::Value>(self.body).unwrap_or_default();
                let own = texts[protocol.as_str()].as_str().or(texts["default"].as_str());
                Cow::Owned(own.unwrap_or_default().to_owned())
            }
        }
    }
}

fn attribute(text: &str) -> Attribute {
    let mut fields = text.splitn(3, FIELD).map(str::to_owned);
    let mut field = || fields.next().unwrap_or_default();
    Attribute { name: field(), kind: field(), value: field() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let attribute =
            |name: &str| Attribute { name: name.into(), kind: "String".into(), value: "a b".into() };
        let attributes = vec![attribute("x"), attribute("y")];
        let body = r#"{"default":"d","sqs":"s","http":5}"#;
        let text = Text { group: "g", dedup: "", structure: Structure::Json, attributes, body };
        let bytes = text.encode();
        let read = Text::decode(&bytes);
        assert_eq!((read.group, read.dedup, read.structure), ("g", "", Structure::Json));
        assert_eq!((read.body, &read.attributes), (body, &text.attributes));
        assert_eq!([Protocol::Sqs, Protocol::Http].map(|p| read.body_for(p).into_owned()), ["s", "d"]);
        assert_eq!(Text::decode(&Text::plain("b").encode()).body_for(Protocol::Sqs), "b");
    }
}
