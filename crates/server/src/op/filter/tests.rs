//! Policies and messages from text to verdict, with the recorded vectors, and refusals as the two calls word them.

use super::*;
use serde_json::json;

const ATTRIBUTES: Scope = Scope::MessageAttributes;
const BODY: Scope = Scope::MessageBody;

fn attribute<'a>(name: &'a str, data_type: &'a str, value: &'a str) -> Attribute<'a> {
    let value = match data_type {
        "Binary" => attribute::Value::Binary(value.as_bytes().into()),
        _ => attribute::Value::Text(value.into()),
    };
    Attribute { name: name.into(), data_type: data_type.into(), value }
}

fn matches(policy: &str, scope: Scope, attributes: &[Attribute<'_>], body: Option<&str>) -> bool {
    let filter = filter(SetBy::Set, policy, scope).unwrap();
    filter.is_none_or(|filter| filter.policy.matches(&facts(attributes, body)))
}

fn refused(by: SetBy, policy: &str, scope: Scope) -> String {
    filter(by, policy, scope).expect_err(policy).message.to_string()
}

/// A list of the recorded vectors.
fn golden(list: &str) -> Vec<serde_json::Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/filters.json");
    let file: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    file[list].as_array().unwrap().clone()
}

fn scope_of(vector: &serde_json::Value) -> Scope {
    scope(SetBy::Set, vector["scope"].as_str().unwrap()).unwrap()
}

#[test]
fn recorded_vectors_match_from_text_to_text() {
    for vector in golden("matching") {
        let none = serde_json::Map::new();
        let attributes = vector["attributes"].as_object().unwrap_or(&none).iter().map(|(name, value)| {
            attribute(name, value["DataType"].as_str().unwrap(), value["StringValue"].as_str().unwrap())
        });
        let attributes: Vec<_> = attributes.collect();
        let matched = matches(
            &vector["policy"].to_string(),
            scope_of(&vector),
            &attributes,
            vector["message"].as_str(),
        );
        assert_eq!(json!(matched), vector["match"], "{vector}");
    }
    for vector in golden("valid") {
        let kept = filter(SetBy::Subscribe, vector["policy"].as_str().unwrap(), scope_of(&vector)).unwrap();
        assert_eq!(kept.unwrap().text, vector["policy"].as_str().unwrap().into());
    }
}

#[test]
fn recorded_refusals_have_both_wordings() {
    for vector in golden("invalid") {
        let (policy, scope) = (vector["policy"].as_str().unwrap(), scope_of(&vector));
        let text = vector["error"].as_str().unwrap();
        let subscribe = format!("Invalid parameter: Attributes Reason: {text}");
        assert_eq!(refused(SetBy::Subscribe, policy, scope), subscribe);
        assert_eq!(refused(SetBy::Set, policy, scope), format!("Invalid parameter: {text}"));
    }
}

#[test]
fn what_is_not_json_is_said_in_both_wordings() {
    for policy in ["{", "no json", r#"{"a":["b"]} x"#, r#"{"a":[01]}"#, "{'a':['b']}"] {
        let start = "Invalid parameter: Attributes Reason: FilterPolicy: failed to parse JSON. ";
        assert!(refused(SetBy::Subscribe, policy, ATTRIBUTES).starts_with(start), "{policy}");
        let start = "Invalid parameter: FilterPolicy: failed to parse JSON. ";
        assert!(refused(SetBy::Set, policy, BODY).starts_with(start), "{policy}");
    }
    for policy in ["[]", "7", "null", r#""text""#] {
        assert_eq!(
            refused(SetBy::Set, policy, BODY),
            "Invalid parameter: FilterPolicy: Filter is not an object"
        );
    }
}

#[test]
fn scopes_have_two_names_and_both_wordings() {
    for known in [ATTRIBUTES, BODY] {
        assert_eq!(scope(SetBy::Set, scope_name(known)), Ok(known));
    }
    for bad in ["", "Body", "messagebody", "MessageBody "] {
        let text = format!(
            "FilterPolicyScope: Invalid value [{bad}]. Please use either MessageBody or MessageAttributes"
        );
        let message = |by| scope(by, bad).unwrap_err().message.to_string();
        assert_eq!(message(SetBy::Subscribe), format!("Invalid parameter: Attributes Reason: {text}"));
        assert_eq!(message(SetBy::Set), format!("Invalid parameter: {text}"));
    }
}

#[test]
fn a_policy_has_at_most_256_kb() {
    let long = |bytes: usize| format!(r#"{{"a":["{}"]}}"#, "x".repeat(bytes - r#"{"a":[""]}"#.len()));
    assert!(filter(SetBy::Set, &long(262_144), ATTRIBUTES).is_ok());
    let text = refused(SetBy::Subscribe, &long(262_145), ATTRIBUTES);
    assert_eq!(
        text,
        "Invalid parameter: Attributes Reason: FilterPolicy: The policy is longer than 262144 bytes"
    );
}

#[test]
fn a_nested_policy_cannot_move_to_the_attributes() {
    let nested = r#"{"a":{"b":["x"]}}"#;
    assert!(filter(SetBy::Set, nested, BODY).is_ok());
    let text =
        "Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy";
    assert_eq!(refused(SetBy::Set, nested, ATTRIBUTES), text);
}

#[test]
fn no_policy_keeps_the_scope_only() {
    for none in ["", "{}", " { } "] {
        assert_eq!(filter(SetBy::Set, none, ATTRIBUTES), Ok(None));
        let kept = filter(SetBy::Set, none, BODY).unwrap().unwrap();
        assert_eq!((&*kept.text, kept.scope), ("", BODY));
        assert!(kept.policy.matches(&facts(&[], None)));
    }
}

#[test]
fn attributes_are_facts_by_the_base_of_their_type() {
    let all = [
        attribute("n", "Number.int", "15.0"),
        attribute("s", "String.label", "x"),
        attribute("a", "String.Array", r#"["x", 1, true, null]"#),
        attribute("odd", "String.Array", "x"),
        attribute("many", "Number", "15 apples"),
        attribute("b", "Binary", "x"),
    ];
    for (policy, wanted) in [
        (r#"{"n":[15],"s":["x"],"a":[1]}"#, true),
        (r#"{"a":[null]}"#, true),
        (r#"{"a":[true]}"#, true),
        (r#"{"a":["y"]}"#, false),
        (r#"{"odd":["x"]}"#, true),
        (r#"{"many":["15 apples"]}"#, true),
        (r#"{"many":[{"numeric":[">",0]}]}"#, false),
        (r#"{"n":["15.0"]}"#, false),
        (r#"{"b":[{"exists":true}]}"#, true),
        (r#"{"b":["x"]}"#, false),
        (r#"{"b":[{"anything-but":["y"]}]}"#, false),
        (r#"{"b":[{"exists":false}]}"#, false),
    ] {
        assert_eq!(matches(policy, ATTRIBUTES, &all, Some("{}")), wanted, "{policy}");
    }
}

#[test]
fn bodies_are_looked_at_when_they_are_there() {
    let policy = r#"{"a":{"b":[1]}}"#;
    let deep =
        |levels: usize| format!(r#"{{"a":{{"b":1}},"c":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
    for (body, wanted) in [
        (Some(r#"{"a":{"b":1.0}}"#), true),
        (Some(" {\"a\":\n{\"b\":1}} "), true),
        (Some(r#"{"a":{"b":1}"#), false),
        (Some(r#"[{"a":{"b":1}}]"#), false),
        (Some("no json"), false),
        (Some(&*deep(json::DEPTH_MAX - 1)), true),
        (Some(&*deep(json::DEPTH_MAX)), false),
        (None, false),
    ] {
        assert_eq!(matches(policy, BODY, &[], body), wanted, "{body:?}");
    }
    assert!(matches("{}", BODY, &[], Some("no json")));
}

#[test]
fn each_text_of_a_structured_message_is_filtered_for_whom_it_is() {
    let kind = |kind: &str| format!(r#"{{"kind":"{kind}"}}"#);
    let texts =
        [("sqs", kind("a")), ("http", kind("b")), ("https", kind("b")), ("email", "no json".to_owned())];
    let own = || texts.iter().map(|(protocol, text)| (*protocol, Cow::from(text.as_str())));
    let all = [attribute("n", "Number", "1")];
    let (facts, differing) = facts_of_texts(&all, Some(&kind("a")), own());
    let admit = |policy: &str, scope| filter(SetBy::Set, policy, scope).unwrap().unwrap();
    let (a, b) = (admit(r#"{"kind":["a"]}"#, BODY), admit(r#"{"kind":["b"]}"#, BODY));
    assert!(a.policy.matches(&facts) && !b.policy.matches(&facts));
    let seen: Vec<_> =
        differing.iter().map(|(whose, own)| (*whose, a.policy.matches(own), b.policy.matches(own))).collect();
    assert_eq!(seen, [("http", false, true), ("https", false, true), ("email", false, false)]);
    let by_attribute = admit(r#"{"n":[1]}"#, ATTRIBUTES);
    assert!(differing.iter().all(|(_, own)| by_attribute.policy.matches(own)));
    assert_eq!(facts_of_texts(&all, None, own()).1, []);
}

#[test]
fn hostile_texts_are_answered() {
    let deep = format!("{}[1]{}", r#"{"a":"#.repeat(200), "}".repeat(200));
    assert!(refused(SetBy::Set, &deep, BODY).contains("Nested too deeply"));
    let many: String = (0..15_000).map(|key| format!(r#""{key}":[1],"#)).collect();
    let wide = format!(r#"{{"{}":{{{many}"z":[1]}}}}"#, "k".repeat(50_000));
    assert!(refused(SetBy::Set, &wide, BODY).contains("more than 5 keys"));
    let digits = format!(r#"{{"a":[{{"numeric":["=",1e{}]}}]}}"#, "9".repeat(200_000));
    assert!(refused(SetBy::Set, &digits, BODY).contains("between"));
    for body in [
        "[".repeat(262_144),
        format!(r#"{{"a":[{}0]}}"#, "[],".repeat(80_000)),
        format!("{{{}\"a\":{{\"b\":1}}}}", "\"\":1,".repeat(50_000)),
        format!(r#"{{"{}":1}}"#, "a.".repeat(130_000)),
        format!(r#"{{"a":{}}}"#, "9".repeat(262_000)),
    ] {
        let found = matches(r#"{"a":{"b":[1]}}"#, BODY, &[], Some(&body));
        assert_eq!(found, body.starts_with("{\"\""), "{}", &body[..20]);
    }
}
