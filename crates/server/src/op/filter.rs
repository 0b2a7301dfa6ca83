//! Filter policies and what messages offer to them: from JSON text to the core's values (sns 12).

mod json;

use postrider_core::topic::filter::{AttributeFact, Facts, Number, Policy, Scope, Value};
use postrider_core::topic::subscription::Filter;
use postrider_wire::attribute::{self, Attribute};
use postrider_wire::error::Error;
use postrider_wire::error::sns::{self as errors, SetBy};
use serde::de::IgnoredAny;
use std::borrow::Cow;
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
    facts_of_texts::<()>(attributes, body, []).0
}

/// What a message offers that has texts of their own for some: with `MessageStructure` `json` the text of the
/// subscription's own protocol is filtered (sns 12). Answers the facts of `body`, and those of the texts that differ
/// from it; however many share a text, it is read once. Without a `body` nobody asks for texts.
pub(super) fn facts_of_texts<'t, P>(
    attributes: &[Attribute<'_>],
    body: Option<&str>,
    own: impl IntoIterator<Item = (P, Cow<'t, str>)>,
) -> (Facts, Vec<(P, Facts)>) {
    let read = |text: &str| json::parse(text).ok();
    let named = attributes.iter().map(|attribute| ((*attribute.name).into(), fact(attribute)));
    let facts = Facts::new(named.collect(), body.and_then(read));
    let Some(body) = body else { return (facts, Vec::new()) };
    let mut known: Vec<(Cow<'t, str>, Facts)> = Vec::new();
    let mut differing = Vec::new();
    for (whose, text) in own.into_iter().filter(|(_, text)| **text != *body) {
        let found = match known.iter().find(|(other, _)| *other == text) {
            Some((_, found)) => found.clone(),
            None => facts.with_body(read(&text)),
        };
        differing.push((whose, found.clone()));
        known.push((text, found));
    }
    (facts, differing)
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
mod tests;
