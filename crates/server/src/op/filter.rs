//! Filter policies and what messages offer to them: from JSON text to the core's values (sns 12).

mod json;

use postrider_core::topic::filter::{AttributeFact, Facts, Number, Policy, Scope, Value};
use postrider_core::topic::subscription::Filter;
use postrider_wire::attribute::{self, Attribute};
use postrider_wire::error::Error;
use postrider_wire::error::sns::{self as errors, SetBy};
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The longest filter policy, bytes.
const POLICY_BYTES_MAX: usize = 262_144;

/// Reads `FilterPolicyScope`.
pub(super) fn scope(by: SetBy, value: &str) -> Result<Scope, Error> {
    match value {
        "MessageAttributes" => Ok(Scope::MessageAttributes),
        "MessageBody" => Ok(Scope::MessageBody),
        _ => Err(errors::filter_policy_scope(by, value)),
    }
}

/// The name of a scope.
pub(super) fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::MessageAttributes => "MessageAttributes",
        Scope::MessageBody => "MessageBody",
    }
}

/// The filter that `FilterPolicy` and `FilterPolicyScope` make together. An empty text and `{}` are no
/// policy; a scope other than the default is then kept beside an empty text, for a policy to come.
pub(super) fn filter(by: SetBy, text: &str, scope: Scope) -> Result<Option<Arc<Filter>>, Error> {
    let policy = if text.is_empty() { None } else { Some(compiled(by, text, scope)?) };
    if let Some(policy) = policy.filter(|policy| !policy.is_empty()) {
        return Ok(Some(Arc::new(Filter { text: text.into(), scope, policy })));
    }
    Ok(match scope {
        Scope::MessageAttributes => None,
        Scope::MessageBody => {
            let policy =
                Policy::compile(&Value::Object(Vec::new()), scope).expect("an empty policy compiles");
            Some(Arc::new(Filter { text: "".into(), scope, policy }))
        }
    })
}

fn compiled(by: SetBy, text: &str, scope: Scope) -> Result<Policy, Error> {
    let refuse =
        |what: &dyn std::fmt::Display| errors::subscription_attribute(by, &format!("FilterPolicy: {what}"));
    if text.len() > POLICY_BYTES_MAX {
        return Err(refuse(&"The policy is longer than 262144 bytes"));
    }
    let value = json::parse(text).map_err(|flaw| refuse(&format!("failed to parse JSON. {flaw}")))?;
    Policy::compile(&value, scope).map_err(|error| {
        if error.names_filter_policy() {
            refuse(&error)
        } else {
            errors::subscription_attribute(by, &error.to_string())
        }
    })
}

/// What a message offers to filters. `body` is its text where some filter asks for it; a text that is not
/// JSON, or nested too deeply, is as good as none.
pub(super) fn facts(attributes: &[Attribute<'_>], body: Option<&str>) -> Facts {
    let named = attributes.iter().map(|attribute| ((*attribute.name).into(), fact(attribute)));
    Facts::new(named.collect(), body.and_then(|text| json::parse(text).ok()))
}

/// A message attribute by the base of its type. A number or array that is none is taken for a text.
fn fact(attribute: &Attribute<'_>) -> AttributeFact {
    let text = match &attribute.value {
        attribute::Value::Binary(_) => return AttributeFact::Binary,
        attribute::Value::Text(text) => text,
    };
    let base = attribute.data_type.split('.').next().unwrap_or_default();
    match (base, &*attribute.data_type) {
        (_, "String.Array") => match json::parse(text) {
            Ok(Value::Array(items)) => AttributeFact::Array(items),
            Ok(_) | Err(_) => AttributeFact::Text((**text).into()),
        },
        ("Number", _) => {
            Number::parse(text).map_or_else(|| AttributeFact::Text((**text).into()), AttributeFact::Number)
        }
        (_, _) => AttributeFact::Text((**text).into()),
    }
}

/// Whether a text is a JSON object, whatever its members.
pub(super) fn is_json_object(text: &str) -> bool {
    serde_json::from_str::<BTreeMap<String, IgnoredAny>>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute<'a>(name: &'a str, data_type: &'a str, value: &'a str) -> Attribute<'a> {
        Attribute {
            name: name.into(),
            data_type: data_type.into(),
            value: attribute::Value::Text(value.into()),
        }
    }

    fn matches(policy: &str, scope: Scope, attributes: &[Attribute<'_>], body: Option<&str>) -> bool {
        let filter = filter(SetBy::Set, policy, scope).unwrap();
        filter.is_none_or(|filter| filter.policy.matches(&facts(attributes, body)))
    }

    #[test]
    fn attributes_are_facts_by_the_base_of_their_type() {
        let all = [
            attribute("n", "Number.int", "15.0"),
            attribute("s", "String.label", "x"),
            attribute("a", "String.Array", r#"["x", 1, true]"#),
            attribute("odd", "String.Array", "x"),
        ];
        let scope = Scope::MessageAttributes;
        assert!(matches(r#"{"n":[15],"s":["x"],"a":[1]}"#, scope, &all, None));
        assert!(matches(r#"{"odd":["x"]}"#, scope, &all, None));
        assert!(!matches(r#"{"n":["15.0"]}"#, scope, &all, None));
        assert!(!matches(r#"{"a":["y"]}"#, scope, &all, None));
    }

    #[test]
    fn bodies_are_looked_at_when_they_are_there() {
        let scope = Scope::MessageBody;
        assert!(matches(r#"{"a":{"b":[1]}}"#, scope, &[], Some(r#"{"a":{"b":1.0}}"#)));
        assert!(!matches(r#"{"a":{"b":[1]}}"#, scope, &[], Some("no json")));
        assert!(!matches(r#"{"a":{"b":[1]}}"#, scope, &[], None));
        assert!(matches("{}", scope, &[], Some("no json")));
    }

    #[test]
    fn no_policy_keeps_the_scope_only() {
        assert_eq!(filter(SetBy::Set, "", Scope::MessageAttributes), Ok(None));
        assert_eq!(filter(SetBy::Set, "{}", Scope::MessageAttributes), Ok(None));
        let kept = filter(SetBy::Set, "{}", Scope::MessageBody).unwrap().unwrap();
        assert_eq!((&*kept.text, kept.scope), ("", Scope::MessageBody));
    }

    #[test]
    fn errors_name_the_call_and_the_attribute() {
        let text = |by, policy, scope| filter(by, policy, scope).unwrap_err().message;
        let (attributes, body) = (Scope::MessageAttributes, Scope::MessageBody);
        assert_eq!(
            text(SetBy::Subscribe, r#"{"a":[]}"#, attributes),
            "Invalid parameter: Attributes Reason: FilterPolicy: Empty arrays are not allowed"
        );
        assert_eq!(
            text(SetBy::Set, r#"{"a":[]}"#, body),
            "Invalid parameter: FilterPolicy: Empty arrays are not allowed"
        );
        assert_eq!(
            text(SetBy::Set, r#"{"a":{"b":["x"]}}"#, attributes),
            "Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy"
        );
        let not_json = text(SetBy::Subscribe, "{", attributes);
        let start = "Invalid parameter: Attributes Reason: FilterPolicy: failed to parse JSON. ";
        assert!(not_json.starts_with(start), "{not_json}");
        let long = format!(r#"{{"a":["{}"]}}"#, "x".repeat(POLICY_BYTES_MAX));
        assert!(filter(SetBy::Set, &long, attributes).is_err());
        assert!(scope(SetBy::Set, "Body").unwrap_err().message.contains("[Body]"));
    }
}
