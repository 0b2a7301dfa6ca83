//! What scripts say as what the core takes: what the server does before the mailbox, kept plain.

use super::queues;
use crate::action::{Attribute, Fault};
use postrider_core::queue::settings::{
    AllowedSources, DedupScope, Redrive, RedriveAllow, Setting, Switch, Throughput,
};
use postrider_core::topic::filter::{AttributeFact, Facts, Number, Policy, Scope, Value};
use postrider_core::topic::subscription::{Filter, Form};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Attributes of a queue.
pub(super) fn settings(given: &BTreeMap<String, String>) -> Result<Vec<Setting>, Fault> {
    given.iter().map(|(name, value)| setting(name, value)).collect()
}

fn setting(name: &str, value: &str) -> Result<Setting, Fault> {
    let number = || value.parse::<u32>().map_err(|_| Fault(format!("`{name}` is a number, not `{value}`")));
    let text = || (!value.is_empty()).then(|| Arc::from(value));
    Ok(match name {
        "visibility" => Setting::Visibility(number()?),
        "size" => Setting::MessageBytesMax(number()?),
        "retention" => Setting::Retention(number()?),
        "delay" => Setting::Delay(number()?),
        "wait" => Setting::Wait(number()?),
        "policy" => Setting::Policy(text()),
        "sse" => Setting::ManagedSse(if value == "true" { Switch::On } else { Switch::Off }),
        "kms" => Setting::KmsKey(text()),
        "fifo" => Setting::FifoQueue(switch(name, value)?),
        "content-dedup" => Setting::ContentDedup(switch(name, value)?),
        "scope" => Setting::DedupScope(match value {
            "queue" => DedupScope::Queue,
            "group" => DedupScope::MessageGroup,
            _ => return Err(wrong(name, value)),
        }),
        "throughput" => Setting::Throughput(match value {
            "queue" => Throughput::PerQueue,
            "group" => Throughput::PerMessageGroup,
            _ => return Err(wrong(name, value)),
        }),
        "redrive" => Setting::Redrive(redrive(name, value)?),
        "allow" => Setting::RedriveAllow(Some(RedriveAllow { text: value.into(), sources: allowed(value) })),
        unknown => return Err(Fault(format!("a queue has no `{unknown}`"))),
    })
}

fn wrong(name: &str, value: &str) -> Fault {
    Fault(format!("`{name}` is never `{value}`"))
}

fn switch(name: &str, value: &str) -> Result<Switch, Fault> {
    match value {
        "on" => Ok(Switch::On),
        "off" => Ok(Switch::Off),
        _ => Err(wrong(name, value)),
    }
}

/// `queue:count`, or nothing.
fn redrive(name: &str, value: &str) -> Result<Option<Redrive>, Fault> {
    if value.is_empty() {
        return Ok(None);
    }
    let parsed = value.split_once(':').and_then(|(queue, count)| Some((queue, count.parse().ok()?)));
    let (queue, receives_max) = parsed.ok_or_else(|| wrong(name, value))?;
    Ok(Some(Redrive { target: queues::arn(queue), receives_max }))
}

fn allowed(value: &str) -> AllowedSources {
    match value {
        "all" => AllowedSources::All,
        "none" => AllowedSources::None,
        names => AllowedSources::These(names.split(',').map(queues::arn).collect()),
    }
}

/// A JSON text as the core's plain value.
pub(super) fn value(text: &str) -> Option<Value> {
    serde_json::from_str::<serde_json::Value>(text).ok().map(plain)
}

fn plain(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(bool) => Value::Bool(bool),
        serde_json::Value::Number(number) => {
            Number::parse(&number.to_string()).map_or(Value::Null, Value::Number)
        }
        serde_json::Value::String(text) => Value::String(text.into()),
        serde_json::Value::Array(items) => Value::Array(items.into_iter().map(plain).collect()),
        serde_json::Value::Object(members) => {
            Value::Object(members.into_iter().map(|(key, value)| (key.into(), plain(value))).collect())
        }
    }
}

/// `filter=` and `scope=`. `None` for a filter that asks for nothing.
pub(super) fn filter(policy: &str, scope: &str) -> Result<Option<Arc<Filter>>, Fault> {
    let scope = if scope == "body" { Scope::MessageBody } else { Scope::MessageAttributes };
    let parsed = value(policy).ok_or_else(|| Fault(format!("`{policy}` is no JSON")))?;
    let compiled = Policy::compile(&parsed, scope).map_err(|error| Fault(format!("{error:?}")))?;
    let filter = Filter { text: policy.into(), scope, policy: compiled };
    Ok((!filter.policy.is_empty()).then(|| Arc::new(filter)))
}

/// `raw=`.
pub(super) fn form(raw: &str) -> Form {
    if raw == "true" { Form::Raw } else { Form::Envelope }
}

/// What filters see of a publication; its body only if some filter looks at it.
pub(super) fn facts(attributes: &[Attribute], body: Option<&str>) -> Facts {
    let fact = |attribute: &Attribute| {
        let text = attribute.value.as_str();
        let fact = match attribute.kind.as_str() {
            "Binary" => AttributeFact::Binary,
            "Number" => {
                Number::parse(text).map_or_else(|| AttributeFact::Text(text.into()), AttributeFact::Number)
            }
            "String.Array" => match value(text) {
                Some(Value::Array(items)) => AttributeFact::Array(items),
                _ => AttributeFact::Text(text.into()),
            },
            _ => AttributeFact::Text(text.into()),
        };
        (attribute.name.as_str().into(), fact)
    };
    Facts::new(attributes.iter().map(fact).collect(), body.and_then(value))
}

/// The size of a message as SQS and SNS count it.
pub(super) fn size(body: &str, attributes: &[Attribute]) -> u32 {
    let attributes = attributes.iter().map(|a| a.name.len() + a.kind.len() + a.value.len()).sum::<usize>();
    u32::try_from(body.len() + attributes).unwrap_or(u32::MAX)
}
