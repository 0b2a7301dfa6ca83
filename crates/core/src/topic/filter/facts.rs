//! What a message offers to filter policies: made once per publication, asked once per subscription.

use super::number::Number;
use super::value::{Members, Value, searchable};
use std::sync::Arc;

/// One message attribute, by the base of its type (sns 6): `String.custom` is a `String`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeFact {
    /// A `String`.
    Text(Box<str>),
    /// The elements of a `String.Array`: strings, numbers, true, false, null.
    Array(Vec<Value>),
    /// A `Number`.
    Number(Number),
    /// A `Binary`, which can only satisfy `exists`.
    Binary,
}

/// All that policies may ask about one message. Clones share what they hold, and the facts of several texts of one
/// message its attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Sorted by name.
    attributes: Arc<[(Box<str>, AttributeFact)]>,
    /// The members of a body that is a JSON object.
    body: Option<Arc<Members>>,
}

impl Facts {
    /// Takes the attributes, and the body if it is JSON and some subscription filters on it. A body that
    /// is no object is as good as none: it satisfies no policy of the body scope (sns 12).
    #[must_use]
    pub fn new(mut attributes: Vec<(Box<str>, AttributeFact)>, body: Option<Value>) -> Self {
        attributes.sort_by(|(a, _), (b, _)| a.cmp(b));
        Self { attributes: attributes.into(), body: object(body) }
    }

    /// The facts of the same message where some subscriptions get another text: with `MessageStructure` `json` the
    /// text of the subscription's own protocol is filtered (sns 12).
    #[must_use]
    pub fn with_body(&self, body: Option<Value>) -> Self {
        Self { attributes: self.attributes.clone(), body: object(body) }
    }

    /// The attribute of this name.
    pub(crate) fn attribute(&self, name: &str) -> Option<&AttributeFact> {
        let at = self.attributes.binary_search_by(|(known, _)| (**known).cmp(name)).ok()?;
        Some(&self.attributes[at].1)
    }

    /// How many attributes the message has.
    pub(crate) fn attribute_count(&self) -> usize {
        self.attributes.len()
    }

    /// Whether the message has any attribute at all.
    pub(crate) fn has_attributes(&self) -> bool {
        !self.attributes.is_empty()
    }

    /// The members of the body, in searchable form.
    pub(crate) fn body(&self) -> Option<&[(Box<str>, Value)]> {
        self.body.as_deref().map(Vec::as_slice)
    }
}

/// The members of a body that is an object, in searchable form.
fn object(body: Option<Value>) -> Option<Arc<Members>> {
    match body? {
        Value::Object(members) => Some(Arc::new(searchable(members))),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
    }
}
