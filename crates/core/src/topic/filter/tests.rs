//! The golden vectors of filter policies, and the means by which the other tests build their inputs.

mod cases;
mod hostile;
mod json;
mod model;
mod operators;
pub(super) mod random;

use std::path::Path;

use super::{AttributeFact, Facts, Number, Policy, PolicyError, Scope, Value};

/// Reads JSON that the test knows to be well formed.
fn json(text: &str) -> Value {
    json::read(text).unwrap_or_else(|| panic!("not JSON: {text}"))
}

fn compile(text: &str, scope: Scope) -> Result<Policy, PolicyError> {
    Policy::compile(&json(text), scope)
}

fn policy(text: &str, scope: Scope) -> Policy {
    compile(text, scope).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Facts of a message without attributes; the body may be any text.
fn body(text: &str) -> Facts {
    Facts::new(vec![], json::read(text))
}

/// An attribute as SNS has it: data type and string value.
fn fact(data_type: &str, text: &str) -> AttributeFact {
    match data_type {
        "String" => AttributeFact::Text(text.into()),
        "Number" => AttributeFact::Number(Number::parse(text).expect("a number")),
        "Binary" => AttributeFact::Binary,
        "String.Array" => {
            let Value::Array(items) = json(text) else { panic!("not an array: {text}") };
            AttributeFact::Array(items)
        }
        other => panic!("data type {other}"),
    }
}

/// Facts of a message that has only attributes: name, data type, value.
fn attributes(list: &[(&str, &str, &str)]) -> Facts {
    Facts::new(list.iter().map(|(name, kind, text)| ((*name).into(), fact(kind, text))).collect(), None)
}

/// A member of an object of the golden file.
fn field<'a>(object: &'a Value, key: &str) -> Option<&'a Value> {
    let Value::Object(members) = object else { panic!("not an object: {object:?}") };
    members.iter().find(|(name, _)| **name == *key).map(|(_, value)| value)
}

fn text_of<'a>(object: &'a Value, key: &str) -> &'a str {
    let Some(Value::String(text)) = field(object, key) else { panic!("no string {key}: {object:?}") };
    text
}

fn scope_of(vector: &Value) -> Scope {
    match text_of(vector, "scope") {
        "MessageAttributes" => Scope::MessageAttributes,
        "MessageBody" => Scope::MessageBody,
        other => panic!("scope {other}"),
    }
}

/// One list of the golden file.
fn golden(list: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/filters.json");
    let file = std::fs::read_to_string(&path).expect("the golden file");
    let Some(Value::Array(vectors)) = field(&json(&file), list).cloned() else { panic!("no list {list}") };
    assert!(!vectors.is_empty());
    vectors
}

fn golden_facts(vector: &Value) -> Facts {
    let Some(Value::Object(members)) = field(vector, "attributes") else {
        return body(text_of(vector, "message"));
    };
    let attribute = |value| fact(text_of(value, "DataType"), text_of(value, "StringValue"));
    Facts::new(members.iter().map(|(name, value)| (name.clone(), attribute(value))).collect(), None)
}

#[test]
fn golden_vectors_match_as_recorded() {
    for vector in golden("matching") {
        let wanted = field(&vector, "match") == Some(&Value::Bool(true));
        let source = field(&vector, "policy").expect("a policy");
        let policy = Policy::compile(source, scope_of(&vector)).expect("a policy");
        let facts = golden_facts(&vector);
        assert_eq!(policy.matches(&facts), wanted, "{vector:?}");
        let mut bytes = Vec::new();
        policy.encode(&mut bytes);
        let decoded = Policy::decode(&bytes).expect("what was encoded");
        assert_eq!(decoded, policy);
        assert_eq!(decoded.matches(&facts), wanted, "decoded {vector:?}");
    }
}

#[test]
fn golden_policies_are_refused_as_recorded() {
    for vector in golden("invalid") {
        let text = text_of(&vector, "policy");
        let error = compile(text, scope_of(&vector)).expect_err(text);
        let infix = if error.names_filter_policy() { "FilterPolicy: " } else { "" };
        assert_eq!(format!("{infix}{error}"), text_of(&vector, "error"), "{text}");
    }
}

#[test]
fn golden_policies_are_accepted_as_recorded() {
    for vector in golden("valid") {
        assert!(!policy(text_of(&vector, "policy"), scope_of(&vector)).is_empty());
    }
}
