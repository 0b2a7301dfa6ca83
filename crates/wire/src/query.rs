//! AWS Query, the way in: a flat list of `name=value`, with structure written into the names.
//!
//! `Tag.1.Key=team&Tag.1.Value=web` is a list of one pair. A list of one may leave the number out, as AWS's
//! own examples do: `Tag.Key=team&Tag.Value=web`. [`Fields`] holds the decoded parameters
//! sorted by name, so that everything below a prefix is a contiguous slice; a `Form` is such a
//! slice with the prefix forgotten, and reading a nested structure is reading a smaller form. Values
//! stay borrowed from the request unless they held escapes.
//!
//! Invariants:
//! - `pairs` is sorted by name, and of equal names the first sent comes first (and wins);
//! - all names in a `Form` share their first `skip` bytes.

use std::borrow::Cow;

use crate::error::{Error, common, sns, sqs};
use crate::text::{Blob, Text};
use crate::{Service, shape};

/// The most parameters that one request may have. The largest sensible request (a batch of 10
/// messages with 10 attributes each) has about 500.
pub const FIELDS_MAX: usize = 10_000;

/// The parameters of one request, from the query string and the form body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fields<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Fields<'a> {
    /// Parses a query string and a form body, which AWS lets clients split parameters between.
    ///
    /// # Errors
    /// `MalformedInput` for a broken escape, text that is not UTF-8, or over [`FIELDS_MAX`] parameters.
    pub fn parse(query: &'a str, body: &'a [u8]) -> Result<Self, Error> {
        let mut pairs = Vec::new();
        for pair in [query.as_bytes(), body].into_iter().flat_map(|part| part.split(|byte| *byte == b'&')) {
            if pair.is_empty() {
                continue;
            }
            if pairs.len() == FIELDS_MAX {
                return Err(common::malformed_input("Too many parameters."));
            }
            let cut = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let name = unescape(&pair[..cut])?;
            let value = unescape(pair.get(cut + 1..).unwrap_or_default())?;
            pairs.push((name, value));
        }
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Self { pairs })
    }

    /// The value of a parameter.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.form().value(name)
    }

    /// Adds a parameter unless it was sent.
    pub(crate) fn default_to(&mut self, name: &'static str, value: &'a str) {
        let at = self.pairs.partition_point(|pair| *pair.0 < *name);
        if self.pairs.get(at).is_none_or(|pair| pair.0 != name) {
            self.pairs.insert(at, (Cow::Borrowed(name), Cow::Borrowed(value)));
        }
    }

    pub(crate) fn form(&self) -> Form<'_> {
        Form { pairs: &self.pairs, skip: 0 }
    }
}

/// Undoes form encoding: `+` is a space, `%XX` a byte.
fn unescape(bytes: &[u8]) -> Result<Cow<'_, str>, Error> {
    let not_utf8 = |_| common::malformed_input("Parameters must be UTF-8.");
    if !bytes.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(not_utf8);
    }
    let decoded = decode_escapes(bytes, b' ')
        .ok_or_else(|| common::malformed_input("Parameters have a broken escape."))?;
    String::from_utf8(decoded).map(Cow::Owned).map_err(|error| not_utf8(error.utf8_error()))
}

/// Undoes the escapes of a URL's path, where `+` is itself. What is broken is left as it is.
pub(crate) fn unescape_percent(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let decoded = decode_escapes(text.as_bytes(), b'+').and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// `%XX` is a byte, and `+` is `plus`; `None` if an escape is broken.
fn decode_escapes(bytes: &[u8], plus: u8) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'+' => decoded.push(plus),
            b'%' => {
                let (hex, after) = tail.split_at_checked(2)?;
                rest = after;
                decoded.push(hex_digit(hex[0])? << 4 | hex_digit(hex[1])?);
            }
            other => decoded.push(*other),
        }
    }
    Some(decoded)
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The parameters below one prefix.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form<'f> {
    pairs: &'f [(Cow<'f, str>, Cow<'f, str>)],
    skip: usize,
}

impl<'f> Form<'f> {
    fn name(&self, pair: &'f (Cow<'f, str>, Cow<'f, str>)) -> &'f str {
        &pair.0[self.skip..]
    }

    /// The value of exactly `name`.
    pub(crate) fn value(&self, name: &str) -> Option<&'f str> {
        let at = self.pairs.partition_point(|pair| self.name(pair) < name);
        self.pairs.get(at).filter(|pair| self.name(pair) == name).map(|pair| &*pair.1)
    }

    /// The parameters whose name starts with `name` and a dot.
    pub(crate) fn under(&self, name: &str) -> Form<'f> {
        let dotted = || name.bytes().chain([b'.']);
        let start = self.pairs.partition_point(|pair| self.name(pair).bytes().lt(dotted()));
        let is_under = |own: &str| own.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
        let length = self.pairs[start..].partition_point(|pair| is_under(self.name(pair)));
        Form { pairs: &self.pairs[start..start + length], skip: self.skip + name.len() + 1 }
    }

    /// The values of `name.1`, `name.2`, …, in the order of their numbers; gaps are allowed.
    ///
    /// Just `name` is `name.1` unless that is there, too. Without a value it is how some clients write an
    /// empty list.
    pub(crate) fn values(&self, name: &str) -> Vec<&'f str> {
        let below = self.under(name);
        let mut values: Vec<_> =
            below.pairs.iter().filter_map(|pair| Some((index(below.name(pair))?, &*pair.1))).collect();
        values.extend(self.value(name).filter(|value| !value.is_empty()).map(|value| (1, value)));
        values.sort_by_key(|(number, _)| *number);
        values.dedup_by_key(|(number, _)| *number);
        values.into_iter().map(|(_, value)| value).collect()
    }

    /// The forms below `name.1.`, `name.2.`, …, with their numbers and in their order.
    ///
    /// What is directly below `name.` is `name.1.` unless that is there, too, if it has one of `members`.
    pub(crate) fn entries(&self, name: &str, members: &[&str]) -> Vec<(u32, Form<'f>)> {
        let below = self.under(name);
        let mut entries: Vec<(u32, Form<'f>)> = Vec::new();
        let mut unnumbered = None;
        let mut start = 0;
        while let Some(pair) = below.pairs.get(start) {
            let own = below.name(pair);
            let first = own.split_once('.').map(|(number, _)| number);
            let Some((number, segment)) = first.and_then(|segment| Some((index(segment)?, segment))) else {
                if members.contains(&first.unwrap_or(own)) {
                    unnumbered = Some((1, below));
                }
                start += 1;
                continue;
            };
            let form = Form { pairs: &below.pairs[start..], skip: below.skip }.under(segment);
            start += form.pairs.len();
            entries.push((number, form));
        }
        entries.sort_by_key(|(number, _)| *number);
        if entries.first().is_none_or(|(number, _)| *number > 1) {
            entries.splice(0..0, unnumbered);
        }
        entries
    }
}

/// The number in a list parameter's name: decimal, from 1, no leading zero.
fn index(segment: &str) -> Option<u32> {
    let canonical = segment.bytes().all(|byte| byte.is_ascii_digit()) && !segment.starts_with('0');
    segment.parse().ok().filter(|_| canonical)
}

/// Why a form does not hold what a struct asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// A required member is absent; the path to it, in lower camel case.
    Null(String),
    /// A value is not of the member's type.
    Malformed(String),
}

impl Flaw {
    /// The same, seen from one level further out.
    pub(crate) fn within(self, outer: &str) -> Self {
        match self {
            Self::Null(path) => Self::Null(format!("{outer}.{path}")),
            Self::Malformed(what) => Self::Malformed(what),
        }
    }

    pub(crate) fn into_error(self, service: Service) -> Error {
        match (self, service) {
            (Self::Null(path), Service::Sqs) => sqs::missing_parameter(&parameter_name(&path)),
            (Self::Null(path), Service::Sns) => sns::null_member(&path),
            (Self::Malformed(what), Service::Sqs | Service::Sns) => common::malformed_input(what),
        }
    }
}

/// The Query parameter of SQS that a path means: `messageAttribute.1.member.name` is
/// `MessageAttribute.1.Name`.
fn parameter_name(path: &str) -> String {
    let mut name = String::with_capacity(path.len());
    for segment in path.split('.').filter(|segment| *segment != "member") {
        let dot = if name.is_empty() { "" } else { "." };
        let (first, rest) = segment.split_at_checked(1).unwrap_or((segment, ""));
        name.extend([dot, &first.to_ascii_uppercase(), rest]);
    }
    name
}

/// How error paths spell a member: `PublishBatchRequestEntries.member` is `publishBatchRequestEntries`.
pub(crate) fn path_segment(name: &str) -> String {
    let mut segment = name.split('.').next().unwrap_or_default().to_owned();
    if let Some(first) = segment.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    segment
}

/// A structure that a form can hold.
pub(crate) trait Shape<'f>: Sized {
    /// The names of its members.
    const MEMBERS: &'static [&'static str];

    /// Reads the structure's members.
    fn from_form(form: Form<'f>) -> Result<Self, Flaw>;
}

/// The value of one member.
pub(crate) trait Member<'f>: Sized {
    /// Reads member `name`; `None` if no parameter mentions it.
    fn find(form: Form<'f>, name: &str) -> Result<Option<Self>, Flaw>;
}

/// One field of a struct: a member that may be absent (`Option`) or must not be.
pub(crate) trait Field<'f>: Sized {
    /// Reads the field from member `name`.
    fn read(form: Form<'f>, name: &str) -> Result<Self, Flaw>;
}

impl<'f, T: Member<'f>> Field<'f> for Option<T> {
    fn read(form: Form<'f>, name: &str) -> Result<Self, Flaw> {
        T::find(form, name).map_err(|flaw| flaw.within(&path_segment(name)))
    }
}

impl<'f, T: Member<'f>> Field<'f> for T {
    fn read(form: Form<'f>, name: &str) -> Result<Self, Flaw> {
        Option::<T>::read(form, name)?.ok_or_else(|| Flaw::Null(path_segment(name)))
    }
}

impl<'f> Member<'f> for Text<'f> {
    fn find(form: Form<'f>, name: &str) -> Result<Option<Self>, Flaw> {
        Ok(form.value(name).map(Text::from))
    }
}

impl<'f> Member<'f> for Blob<'f> {
    fn find(form: Form<'f>, name: &str) -> Result<Option<Self>, Flaw> {
        let read =
            |text| Blob::from_base64(text).ok_or_else(|| Flaw::Malformed(format!("{name} is not base64.")));
        form.value(name).map(read).transpose()
    }
}

impl<'f> Member<'f> for i64 {
    fn find(form: Form<'f>, name: &str) -> Result<Option<Self>, Flaw> {
        let read = |text: &str| {
            // Rust takes a plus for part of a number.
            let number = text.parse().ok().filter(|_| !text.starts_with('+'));
            number.ok_or_else(|| Flaw::Malformed(format!("{name} must be an integer, but was: {text}")))
        };
        form.value(name).map(read).transpose()
    }
}

impl<'f> Member<'f> for bool {
    fn find(form: Form<'f>, name: &str) -> Result<Option<Self>, Flaw> {
        let read = |text: &str| match text.to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(Flaw::Malformed(format!("{name} must be true or false, but was: {text}"))),
        };
        form.value(name).map(read).transpose()
    }
}

impl<'f> Member<'f> for shape::List<Text<'f>> {
    fn find(form: Form<'f>, name: &str) -> Result<Option<Self>, Flaw> {
        let values = form.values(name);
        Ok((!values.is_empty()).then(|| values.into_iter().map(Text::from).collect()))
    }
}

impl<'f> Member<'f> for shape::List<Blob<'f>> {
    fn find(form: Form<'f>, name: &str) -> Result<Option<Self>, Flaw> {
        let read =
            |text| Blob::from_base64(text).ok_or_else(|| Flaw::Malformed(format!("{name} is not base64.")));
        let values = form.values(name);
        if values.is_empty() {
            return Ok(None);
        }
        values.into_iter().map(read).collect::<Result<_, _>>().map(Some)
    }
}

impl<'f, T: Shape<'f>> Member<'f> for shape::List<T> {
    fn find(form: Form<'f>, name: &str) -> Result<Option<Self>, Flaw> {
        let entries = form.entries(name, T::MEMBERS);
        if entries.is_empty() {
            return Ok(None);
        }
        let read =
            |(number, entry)| T::from_form(entry).map_err(|flaw| flaw.within(&format!("{number}.member")));
        entries.into_iter().map(read).collect::<Result<_, _>>().map(Some)
    }
}

#[cfg(test)]
mod tests;
