//! Message attributes: name, type and value, the same for SQS and SNS.
//!
//! [`Given`] is what a request says, [`Attribute`] is proof that the service's syntax rules hold;
//! [`sqs`] and [`sns`] lead from one to the other, each with its service's own errors. Order is as
//! sent; of repeated names the last counts.
//!
//! Invariants of an [`Attribute`]:
//! - the value's kind is the one its type asks for: bytes for `Binary`, text for all else;
//! - it is not empty, and neither is the name;
//! - neither name nor type has a forbidden character, see [`has_forbidden_character`].

mod number;
mod selection;
mod system;

use std::borrow::Cow;
use std::ops::Deref;

pub use number::is_number;
pub use selection::Selection;
use serde::de::{Deserialize, Deserializer};
pub use system::{SystemName, SystemSelection};

use crate::error::{self, Error};
use crate::operation::Action;
use crate::query::{Flaw, Form, Member, Shape};
use crate::shape::{List, present_pairs_from_json, shape};
use crate::text::{Blob, Text};

/// The most attributes that an SQS message may have.
pub const COUNT_MAX: usize = 10;
/// The longest name, in bytes (sqs 4, sns 6). AWS's sentences say "less than", and stay as they are.
pub const NAME_BYTES_MAX: usize = 256;
/// The longest type, in bytes.
pub const TYPE_BYTES_MAX: usize = 256;
/// The only message system attribute that may be sent.
pub const TRACE_HEADER: &str = "AWSTraceHeader";
/// The longest trace header, in bytes. AWS names no bound; one of X-Ray has about a hundred.
pub const TRACE_HEADER_BYTES_MAX: usize = 1_024;

shape! {
    /// The value of one attribute, as a request has it.
    Given<'a> {
        /// `String`, `Number`, `Binary`, with or without a label after a dot.
        data_type: Text<'a>, "DataType", "DataType";
        /// The value of all but `Binary`.
        string_value: Text<'a>, "StringValue", "StringValue";
        /// The value of `Binary`.
        binary_value: Blob<'a>, "BinaryValue", "BinaryValue";
        /// Modelled by AWS and refused by it.
        string_list_values: List<Text<'a>>, "StringListValues", "StringListValue";
        /// Modelled by AWS and refused by it.
        binary_list_values: List<Blob<'a>>, "BinaryListValues", "BinaryListValue";
    }
}

/// The attributes of one message, as a request has them: in the order sent, names may repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenAttributes<'a>(Vec<(Text<'a>, Given<'a>)>);

impl<'a> Deref for GivenAttributes<'a> {
    type Target = [(Text<'a>, Given<'a>)];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<'a> FromIterator<(Text<'a>, Given<'a>)> for GivenAttributes<'a> {
    fn from_iter<I: IntoIterator<Item = (Text<'a>, Given<'a>)>>(attributes: I) -> Self {
        Self(attributes.into_iter().collect())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for GivenAttributes<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        present_pairs_from_json(deserializer).map(Self)
    }
}

/// `<name>.N.Name`, `<name>.N.Value.<member>`.
impl<'f> Member<'f> for GivenAttributes<'f> {
    fn find(form: Form<'f>, name: &str) -> Result<Option<Self>, Flaw> {
        let entries = form.entries(name, &["Name", "Value"]);
        if entries.is_empty() {
            return Ok(None);
        }
        let read = |(number, entry): (u32, Form<'f>)| {
            let name = entry.value("Name").ok_or_else(|| Flaw::Null(format!("{number}.member.name")))?;
            let given = Given::from_form(entry.under("Value")).map_err(|flaw| flaw.within(name))?;
            Ok((Text::from(name), given))
        };
        entries.into_iter().map(read).collect::<Result<_, _>>().map(|read| Some(Self(read)))
    }
}

/// One attribute of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// The name.
    pub name: Cow<'a, str>,
    /// The type, with its label.
    pub data_type: Cow<'a, str>,
    /// The value.
    pub value: Value<'a>,
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// Of `String`, `Number` and `String.Array`.
    Text(Cow<'a, str>),
    /// Of `Binary`.
    Binary(Cow<'a, [u8]>),
}

impl Value<'_> {
    /// The bytes of the value.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }
}

impl Attribute<'_> {
    /// What this attribute counts against a message's size: the bytes of name, type and value.
    pub fn size(&self) -> usize {
        self.name.len() + self.data_type.len() + self.value.as_bytes().len()
    }
}

/// What attributes count against a message's size.
pub fn size(attributes: &[Attribute<'_>]) -> usize {
    attributes.iter().map(Attribute::size).sum()
}

/// Whether a text has a character that no SQS body, no string attribute and no type may have: anything but
/// U+9, U+A, U+D, U+20–U+D7FF, U+E000–U+FFFD and what lies beyond the first plane.
pub fn has_forbidden_character(text: &str) -> bool {
    let bytes = text.as_bytes();
    let control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
    // U+FFFE and U+FFFF are EF BF BE and EF BF BF; EF starts few characters, so look for it first.
    let noncharacter = |window: &[u8]| window[0] == 0xEF && window[1] == 0xBF && window[2] >= 0xBE;
    bytes.iter().any(control) || (bytes.contains(&0xEF) && bytes.windows(3).any(noncharacter))
}

/// The three base types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Base {
    String,
    Number,
    Binary,
}

impl Base {
    fn of(data_type: &str) -> Option<Self> {
        match data_type.split('.').next() {
            Some("String") => Some(Self::String),
            Some("Number") => Some(Self::Number),
            Some("Binary") => Some(Self::Binary),
            Some(_) | None => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::String => "String",
            Self::Number => "Number",
            Self::Binary => "Binary",
        }
    }

    /// The value of this type, if it is there, alone, and not empty.
    fn value_of<'g>(self, given: &'g Given<'_>) -> Option<Value<'g>> {
        let text = given.string_value.as_deref();
        let bytes = given.binary_value.as_deref();
        match (self, text, bytes) {
            (Self::String | Self::Number, Some(text), None) if !text.is_empty() => {
                Some(Value::Text(Cow::Borrowed(text)))
            }
            (Self::Binary, None, Some(bytes)) if !bytes.is_empty() => {
                Some(Value::Binary(Cow::Borrowed(bytes)))
            }
            (Self::String | Self::Number | Self::Binary, _, _) => None,
        }
    }
}

/// Judges the attributes of an SQS message, in AWS's words.
///
/// # Errors
/// `UnsupportedOperation` for list values, else `InvalidParameterValue`.
pub fn sqs<'g>(action: Action, given: Option<&'g GivenAttributes<'_>>) -> Result<Vec<Attribute<'g>>, Error> {
    let Some(given) = given else { return Ok(Vec::new()) };
    if given.iter().any(|(_, value)| has_lists(value)) {
        return Err(error::sqs::attribute_lists(action));
    }
    if given.len() > COUNT_MAX {
        return Err(error::sqs::too_many_attributes(given.len()));
    }
    let judged = given.iter().map(|(name, value)| sqs_one(name, value)).collect::<Result<Vec<_>, _>>()?;
    Ok(last_of_each_name(judged))
}

/// Judges the system attributes of an SQS message: the trace header, if it is given.
///
/// # Errors
/// As [`sqs`], and for any other name.
pub fn sqs_system<'g>(
    action: Action,
    given: Option<&'g GivenAttributes<'_>>,
) -> Result<Option<Attribute<'g>>, Error> {
    let Some(given) = given else { return Ok(None) };
    if given.iter().any(|(_, value)| has_lists(value)) {
        return Err(error::sqs::attribute_lists(action));
    }
    let mut trace_header = None;
    for (name, value) in given.iter() {
        if name != TRACE_HEADER {
            return Err(error::sqs::system_attribute(name));
        }
        if let Some(other) = value.data_type.as_deref().filter(|given| !matches!(*given, "" | "String")) {
            return Err(error::sqs::trace_header_type(other));
        }
        let typed = value.data_type.as_deref().is_some_and(|given| !given.is_empty());
        if typed && Base::String.value_of(value).is_none() {
            return Err(error::sqs::trace_header_empty());
        }
        let judged = sqs_value(name, value)?;
        if judged.value.as_bytes().len() > TRACE_HEADER_BYTES_MAX {
            return Err(error::sqs::trace_header_too_long(TRACE_HEADER_BYTES_MAX));
        }
        trace_header = Some(judged);
    }
    Ok(trace_header)
}

fn has_lists(value: &Given<'_>) -> bool {
    value.string_list_values.as_deref().is_some_and(|list| !list.is_empty())
        || value.binary_list_values.as_deref().is_some_and(|list| !list.is_empty())
}

fn sqs_one<'g>(name: &'g Text<'_>, value: &'g Given<'_>) -> Result<Attribute<'g>, Error> {
    if name.len() > NAME_BYTES_MAX {
        return Err(error::sqs::attribute_name_too_long());
    }
    let allowed = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-' | '.');
    if name.is_empty() || !name.chars().all(allowed) || name.contains("..") {
        return Err(error::sqs::attribute_name_characters());
    }
    let starts_with =
        |prefix: &str| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    if starts_with("AWS.") || starts_with("Amazon.") || name.starts_with('.') || name.ends_with('.') {
        return Err(error::sqs::attribute_name_reserved());
    }
    sqs_value(name, value)
}

fn sqs_value<'g>(name: &'g Text<'_>, given: &'g Given<'_>) -> Result<Attribute<'g>, Error> {
    let data_type = given.data_type.as_deref().filter(|data_type| !data_type.is_empty());
    let data_type = data_type.ok_or_else(error::sqs::attribute_type_missing)?;
    let base = Base::of(data_type).ok_or_else(|| error::sqs::attribute_type_unknown(data_type))?;
    if data_type.len() > TYPE_BYTES_MAX {
        return Err(error::sqs::attribute_type_too_long());
    }
    if has_forbidden_character(data_type) {
        return Err(error::sqs::attribute_contents());
    }
    let value = base.value_of(given).ok_or_else(|| error::sqs::attribute_empty(name, base.name()))?;
    if let Value::Text(text) = &value {
        if has_forbidden_character(text) {
            return Err(error::sqs::attribute_contents());
        }
        if base == Base::Number && !is_number(text) {
            return Err(error::sqs::attribute_not_a_number(name));
        }
    }
    Ok(Attribute { name: Cow::Borrowed(name), data_type: Cow::Borrowed(data_type), value })
}

/// Judges the attributes of an SNS message, in AWS's words.
///
/// `path` is where the message is in the request: empty for Publish, and
/// `publishBatchRequestEntries.N.member.` for an entry of a batch.
///
/// # Errors
/// `ValidationError` for a missing type, else `ParameterValueInvalid`.
pub fn sns<'g>(path: &str, given: Option<&'g GivenAttributes<'_>>) -> Result<Vec<Attribute<'g>>, Error> {
    let Some(given) = given else { return Ok(Vec::new()) };
    let judged =
        given.iter().map(|(name, value)| sns_one(path, name, value)).collect::<Result<Vec<_>, _>>()?;
    Ok(last_of_each_name(judged))
}

fn sns_one<'g>(path: &str, name: &'g Text<'_>, given: &'g Given<'_>) -> Result<Attribute<'g>, Error> {
    sns_name(name)?;
    let Some(data_type) = given.data_type.as_deref() else {
        let null = format!("{path}messageAttributes.{}.member.dataType", name.as_str());
        return Err(error::sns::null_member(&null));
    };
    let base = Base::of(data_type).filter(|_| !has_forbidden_character(data_type));
    let base = base.ok_or_else(|| error::sns::attribute_type(name))?;
    let (field, is_given) = match base {
        Base::String | Base::Number => ("String", given.string_value.is_some()),
        Base::Binary => ("Binary", given.binary_value.is_some()),
    };
    if !is_given && (given.string_value.is_some() || given.binary_value.is_some()) {
        return Err(error::sns::attribute_field(name, data_type, field));
    }
    let value = base.value_of(given).ok_or_else(|| error::sns::attribute_empty(name, data_type))?;
    Ok(Attribute { name: Cow::Borrowed(name), data_type: Cow::Borrowed(data_type), value })
}

fn sns_name(name: &str) -> Result<(), Error> {
    if name.is_empty() {
        return Err(error::sns::attribute_name_empty());
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(error::sns::attribute_name_too_long());
    }
    let allowed = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-' | '.');
    if let Some(character) = name.chars().find(|character| !allowed(*character)) {
        return Err(error::sns::attribute_name_character(character));
    }
    if name.starts_with('.') {
        return Err(error::sns::attribute_name_starts_with_dot());
    }
    if name.ends_with('.') {
        return Err(error::sns::attribute_name_ends_with_dot());
    }
    if name.contains("..") {
        return Err(error::sns::attribute_name_successive_dots());
    }
    Ok(())
}

/// Keeps the last attribute of each name.
fn last_of_each_name(mut attributes: Vec<Attribute<'_>>) -> Vec<Attribute<'_>> {
    if attributes.len() < 2 {
        return attributes;
    }
    let mut seen = std::collections::BTreeSet::new();
    let mut keep: Vec<bool> =
        attributes.iter().rev().map(|attribute| seen.insert(&*attribute.name)).collect();
    if keep.contains(&false) {
        attributes.retain(|_| keep.pop().expect("one flag per attribute"));
    }
    attributes
}

#[cfg(test)]
mod tests;
