//! JSON objects whose members stay as they were written.
//!
//! Queue attributes that are JSON are kept and shown as they were sent, and messages about them repeat parts
//! of them. So members are looked at one by one, each as its own text, and nothing is parsed and printed again.

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// The members of an object, in the order of the text.
#[derive(Debug)]
pub(super) struct Members<'t>(Vec<(String, &'t RawValue)>);

impl<'t> Members<'t> {
    /// Reads a text; `None` if it is not an object.
    pub(super) fn parse(text: &'t str) -> Option<Members<'t>> {
        serde_json::from_str(text).ok()
    }

    /// The member of this name; of repeated ones the last counts.
    pub(super) fn find(&self, name: &str) -> Option<&'t RawValue> {
        self.iter().rev().find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    /// Names and values.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &'t RawValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }
}

impl<'de: 't, 't> Deserialize<'de> for Members<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Reader)
    }
}

/// The elements of an array; `None` for any other value.
pub(super) fn elements(value: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(value.get()).ok()
}

/// A text; `None` for any other value.
pub(super) fn string(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_text_and_the_last_of_equal_names_counts() {
        let members = Members::parse(r#" {"a": [1,  2], "b":1.0,"a" : "x\n"} "#).unwrap();
        let written: Vec<_> = members.iter().map(|(name, value)| (name, value.get())).collect();
        assert_eq!(written, [("a", "[1,  2]"), ("b", "1.0"), ("a", r#""x\n""#)]);
        assert_eq!(string(members.find("a").unwrap()).as_deref(), Some("x\n"));
        assert!(members.find("c").is_none());
        assert_eq!(elements(written_array()).unwrap().len(), 2);
        assert!(
            elements(members.find("b").unwrap()).is_none() && string(members.find("b").unwrap()).is_none()
        );
    }

    fn written_array() -> &'static RawValue {
        Members::parse(r#"{"a":[{},"b"]}"#).unwrap().find("a").unwrap()
    }

    #[test]
    fn only_objects_are_read() {
        for text in ["", "{", "[]", "null", "1", "\"{}\"", "{} {}", r#"{"a"}"#, r#"{"a":[1,]}"#, "{'a':1}"] {
            assert!(Members::parse(text).is_none(), "{text}");
        }
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Members::parse(&deep).is_some());
    }
}
