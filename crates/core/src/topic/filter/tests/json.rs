//! A small JSON reader, because core has none and the order of members and the text of numbers matter
//! here. Strict enough for tests: what it does not understand is `None`.

use super::super::{Number, Value};

/// Reads one value and nothing else.
pub(super) fn read(text: &str) -> Option<Value> {
    let mut reader = Reader { rest: text };
    let value = reader.value()?;
    reader.rest.trim_start().is_empty().then_some(value)
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn eat(&mut self, token: &str) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(token)?;
        Some(())
    }

    fn value(&mut self) -> Option<Value> {
        self.rest = self.rest.trim_start();
        match self.rest.chars().next()? {
            '{' => self
                .list('}', |reader| {
                    let key = reader.string()?;
                    reader.eat(":")?;
                    Some((key, reader.value()?))
                })
                .map(Value::Object),
            '[' => self.list(']', Self::value).map(Value::Array),
            '"' => self.string().map(Value::String),
            'n' => self.eat("null").map(|()| Value::Null),
            't' => self.eat("true").map(|()| Value::Bool(true)),
            'f' => self.eat("false").map(|()| Value::Bool(false)),
            _ => {
                let len = self.rest.find(|c: char| !"+-.eE0123456789".contains(c)).unwrap_or(self.rest.len());
                let (number, rest) = self.rest.split_at(len);
                self.rest = rest;
                Number::parse(number).map(Value::Number)
            }
        }
    }

    fn list<T>(&mut self, end: char, item: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.rest = &self.rest[1..];
        let end = end.to_string();
        let mut items = Vec::new();
        if self.eat(&end).is_some() {
            return Some(items);
        }
        loop {
            items.push(item(self)?);
            if self.eat(&end).is_some() {
                return Some(items);
            }
            self.eat(",")?;
        }
    }

    fn string(&mut self) -> Option<Box<str>> {
        self.eat("\"")?;
        let mut text = String::new();
        let mut characters = self.rest.char_indices();
        loop {
            match characters.next()? {
                (at, '"') => {
                    self.rest = &self.rest[at + 1..];
                    return Some(text.into());
                }
                (_, '\\') => text.push(match characters.next()?.1 {
                    'n' => '\n',
                    't' => '\t',
                    'u' => {
                        let code: String = characters.by_ref().take(4).map(|(_, c)| c).collect();
                        char::from_u32(u32::from_str_radix(&code, 16).ok()?)?
                    }
                    other => other,
                }),
                (_, other) => text.push(other),
            }
        }
    }
}
