//! What the tests of this crate share: the golden files, and a second, slower way from operations
//! and answers to JSON values and form parameters, driven by the service model, to compare with.

// Each test binary uses its own part of this module.
#![allow(dead_code, unused_imports, reason = "each test binary uses its own part")]

mod members;
mod outputs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
pub(crate) use members::members;
pub(crate) use outputs::output;
use postrider_wire::{Request, Routed, Service, route};
use serde_json::Value;

/// Reads a golden file.
pub(crate) fn golden(name: &str) -> Value {
    let path = format!("{}/../../tests/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("the golden file is in the repository");
    serde_json::from_str(&text).expect("golden files are JSON")
}

/// A text of a JSON value.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

/// The members of a JSON object; none of anything else.
pub(crate) fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

pub(crate) fn service_key(service: Service) -> &'static str {
    service.signing_name()
}

/// Routes a JSON request.
pub(crate) fn json_request<'a>(target: &'a str, body: &'a [u8]) -> Routed<'a> {
    route(&json(target, body), None).expect("a built action")
}

pub(crate) fn json<'a>(target: &'a str, body: &'a [u8]) -> Request<'a> {
    Request {
        method: "POST",
        path: "/",
        query: "",
        content_type: Some("application/x-amz-json-1.0"),
        target: Some(target),
        body,
    }
}

pub(crate) fn form(body: &[u8]) -> Request<'_> {
    Request {
        method: "POST",
        path: "/",
        query: "",
        content_type: Some("application/x-www-form-urlencoded; charset=utf-8"),
        target: None,
        body,
    }
}

/// Form-encodes parameters, with every byte but letters and digits escaped.
pub(crate) fn encode_form(pairs: &[(String, String)]) -> String {
    let escape = |text: &str| -> String {
        text.bytes()
            .map(|byte| match byte {
                b' ' => "+".to_owned(),
                byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
                byte => format!("%{byte:02X}"),
            })
            .collect()
    };
    let pairs: Vec<_> =
        pairs.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    pairs.join("&")
}

/// The form parameters of an action with these members, by the model's rules for the service.
pub(crate) fn to_form(service: Service, name: &str, model: &Value, members: &Value) -> Vec<(String, String)> {
    let mut pairs = vec![
        ("Action".to_owned(), name.to_owned()),
        ("Version".to_owned(), service.api_version().to_owned()),
    ];
    for (member, value) in entries(members) {
        let prefix = match (service, member.as_str()) {
            // In the model it shares the parameter of the older member; this name is accepted, too.
            (Service::Sqs, "MessageSystemAttributeNames") => "MessageSystemAttributeName".to_owned(),
            (Service::Sqs, _) => sqs_prefix(&model["queryNames"][member]),
            (Service::Sns, _) => member.clone(),
        };
        put(&mut pairs, service, &prefix, &model["input"][member], value);
    }
    pairs
}

fn sqs_prefix(query_names: &Value) -> String {
    let first = query_names.as_str().or_else(|| query_names[0].as_str()).expect("a Query name");
    first.split(".N").next().expect("a first part").to_owned()
}

fn put(pairs: &mut Vec<(String, String)>, service: Service, prefix: &str, shape: &Value, value: &Value) {
    match text(&shape["type"]) {
        "list" => {
            let infix = if service == Service::Sns { ".member" } else { "" };
            for (at, item) in value.as_array().expect("a list").iter().enumerate() {
                put(pairs, service, &format!("{prefix}{infix}.{}", at + 1), &shape["member"], item);
            }
        }
        "map" => {
            let is_tags = prefix.ends_with("Tag");
            let (infix, key_name, value_name) = match service {
                Service::Sqs => ("", if is_tags { "Key" } else { "Name" }, "Value"),
                Service::Sns => (
                    ".entry",
                    shape["keyName"].as_str().unwrap_or("key"),
                    shape["valueName"].as_str().unwrap_or("value"),
                ),
            };
            for (at, (key, item)) in entries(value).enumerate() {
                let entry = format!("{prefix}{infix}.{}", at + 1);
                pairs.push((format!("{entry}.{key_name}"), key.clone()));
                put(pairs, service, &format!("{entry}.{value_name}"), &shape["value"], item);
            }
        }
        "structure" => {
            for (member, item) in entries(value) {
                let name = match (service, member.as_str()) {
                    (
                        Service::Sqs,
                        "MessageAttributes"
                        | "MessageSystemAttributes"
                        | "StringListValues"
                        | "BinaryListValues",
                    ) => &member[..member.len() - 1],
                    (_, name) => name,
                };
                put(pairs, service, &format!("{prefix}.{name}"), &shape["members"][member], item);
            }
        }
        _ => {
            let plain = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            pairs.push((prefix.to_owned(), plain));
        }
    }
}

/// A value of a model's type: every member of every structure, two items in every list and map.
/// `path` makes texts different from each other.
pub(crate) fn example(path: &str, shape: &Value) -> Value {
    match text(&shape["type"]) {
        "string" if shape["enum"].is_array() => shape["enum"][0].clone(),
        "timestamp" => "2026-01-02T03:04:05.678Z".into(),
        "string" if path.contains("MD5") => "0123456789abcdef0123456789abcdef".into(),
        "string" => format!("text of {path} & <co>").into(),
        "blob" => STANDARD.encode(path).into(),
        "integer" | "long" => 7.into(),
        "boolean" => true.into(),
        "list" => (1..=2).map(|at| example(&format!("{path}.{at}"), &shape["member"])).collect(),
        "map" => (1..=2)
            .map(|at| (format!("{path}.key{at}"), example(&format!("{path}.value{at}"), &shape["value"])))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        "structure" => entries(&shape["members"])
            .map(|(name, member)| (name.clone(), example(&format!("{path}.{name}"), member)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => panic!("the model has a type {other}"),
    }
}
