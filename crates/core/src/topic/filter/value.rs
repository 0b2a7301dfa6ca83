//! Plain JSON values, and the form in which a message body is searched.

use super::complexity::DEPTH_MAX;
use super::number::Number;

/// A JSON value. Built by whoever reads JSON, who also bounds its depth: dropping and searching a value
/// recurse as deep as it is nested (128 levels is what JSON readers usually allow).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number of any size.
    Number(Number),
    /// A string, unescaped.
    String(Box<str>),
    /// An array.
    Array(Vec<Value>),
    /// An object: its members in the order of the text, duplicates included.
    Object(Members),
}

/// Members of an object.
pub(crate) type Members = Vec<(Box<str>, Value)>;

/// Brings the members of a message body into the form in which policies search them: every object has its
/// keys sorted, unique and without dots.
///
/// - Of members with the same key the last counts, as in most JSON readers.
/// - `{"a.b": 1}` becomes `{"a": {"b": 1}}`. When that meets another `a`, objects are merged, and
///   whatever else there is stands beside them in an array, which offers each of its elements.
/// - What lies deeper than `DEPTH_MAX` keys is left out: no policy reaches it, and a key full of dots
///   must not decide how deep we recurse.
pub(crate) fn searchable(members: Members) -> Members {
    object(last_of_each(members), 0)
}

/// Finds a member of an object in searchable form.
pub(crate) fn member<'a>(members: &'a [(Box<str>, Value)], key: &str) -> Option<&'a Value> {
    let at = members.binary_search_by(|(name, _)| (**name).cmp(key)).ok()?;
    Some(&members[at].1)
}

/// Sorts by key and keeps the last of equal keys.
fn last_of_each(mut members: Members) -> Members {
    members.sort_by(|(a, _), (b, _)| a.cmp(b));
    members.dedup_by(|later, kept| {
        let same = later.0 == kept.0;
        if same {
            std::mem::swap(later, kept); // `dedup_by` drops the first argument.
        }
        same
    });
    members
}

/// Makes one object of members that may come from several, `depth` keys below the root.
fn object(mut members: Members, depth: usize) -> Members {
    if depth == DEPTH_MAX {
        return Members::new();
    }
    for (key, value) in &mut members {
        if let Some((head, rest)) = key.split_once('.') {
            let inner = std::mem::replace(value, Value::Null);
            *value = Value::Object(vec![(rest.into(), inner)]);
            *key = head.into();
        }
    }
    members.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut merged = Members::with_capacity(members.len());
    let mut members = members.into_iter().peekable();
    while let Some((key, first)) = members.next() {
        let mut group = vec![first];
        while let Some((_, next)) = members.next_if(|(next, _)| *next == key) {
            group.push(next);
        }
        merged.push((key, one_of_group(group, depth + 1)));
    }
    merged
}

/// Makes one value of all that stands under one key.
fn one_of_group(group: Vec<Value>, depth: usize) -> Value {
    let mut inner: Option<Members> = None;
    let mut others = Vec::new();
    for value in group {
        match value {
            Value::Object(members) => {
                let members = last_of_each(members);
                match &mut inner {
                    Some(inner) => inner.extend(members),
                    None => inner = Some(members),
                }
            }
            Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                others.push(element(value, depth));
            }
        }
    }
    let inner = inner.map(|members| Value::Object(object(members, depth)));
    if others.is_empty() {
        return inner.unwrap_or(Value::Array(others));
    }
    others.extend(inner);
    if others.len() == 1 { others.remove(0) } else { Value::Array(others) }
}

/// Brings a value that is merged with nothing into searchable form.
fn element(value: Value, depth: usize) -> Value {
    match value {
        Value::Object(members) => Value::Object(object(last_of_each(members), depth)),
        Value::Array(items) => Value::Array(items.into_iter().map(|item| element(item, depth)).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::{Members, Value, member, searchable};

    fn text(text: &str) -> Value {
        Value::String(text.into())
    }

    fn object<const N: usize>(members: [(&str, Value); N]) -> Members {
        members.into_iter().map(|(key, value)| (key.into(), value)).collect()
    }

    #[test]
    fn keys_are_sorted_and_the_last_of_equal_ones_stays() {
        let inner = object([("x", text("1")), ("x", text("2"))]);
        let body = searchable(object([
            ("b", Value::Object(inner)),
            ("a", text("1")),
            ("b.c", text("3")),
            ("a", text("2")),
        ]));
        assert_eq!(
            body,
            object([("a", text("2")), ("b", Value::Object(object([("c", text("3")), ("x", text("2"))])))])
        );
        assert_eq!(member(&body, "a"), Some(&text("2")));
        assert_eq!(member(&body, "c"), None);
    }

    #[test]
    fn what_cannot_be_merged_stands_side_by_side() {
        let body = searchable(object([("a", text("1")), ("a.b", text("2")), ("a.b.c", text("3"))]));
        let c = Value::Object(object([("c", text("3"))]));
        let b = Value::Object(object([("b", Value::Array(vec![text("2"), c]))]));
        assert_eq!(body, object([("a", Value::Array(vec![text("1"), b]))]));
    }

    #[test]
    fn a_key_full_of_dots_is_cut() {
        let body = searchable(vec![(".".repeat(250_000).into(), Value::Null)]);
        let mut depth = 0;
        let mut members = &body;
        while let Some((_, Value::Object(inner))) = members.first() {
            depth += 1;
            members = inner;
        }
        assert_eq!(depth, super::DEPTH_MAX);
    }
}
