//! How AWS prints: the lines of a string to sign, and the JSON object of an envelope.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Signature, signing_cert_url};
use crate::attribute::{Attribute, Value};

/// Keys and values of a string to sign; a key without a value is left out.
pub(super) fn lines(pairs: &[(&str, Option<&str>)]) -> String {
    let mut out = String::new();
    for (key, value) in pairs {
        if let Some(value) = value {
            for part in [*key, "\n", *value, "\n"] {
                out.push_str(part);
            }
        }
    }
    out
}

/// A JSON object in AWS's print.
pub(super) struct Object {
    out: String,
}

impl Object {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { out: String::with_capacity(bytes) }
    }

    pub(super) fn key(&mut self, key: &str) {
        self.out.push_str(if self.out.is_empty() { "{\n  " } else { ",\n  " });
        push_json(&mut self.out, key);
        self.out.push_str(" : ");
    }

    pub(super) fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        push_json(&mut self.out, value);
    }

    pub(super) fn optional(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    pub(super) fn signature(&mut self, service_url: &str, signature: Signature<'_>) {
        self.text("SignatureVersion", signature.version.as_str());
        self.text("Signature", signature.value);
        let base = signature.certificates.unwrap_or(service_url);
        self.text("SigningCertURL", &signing_cert_url(base, signature.key_id));
    }

    pub(super) fn attributes(&mut self, attributes: &[Attribute<'_>]) {
        self.key("MessageAttributes");
        for (at, attribute) in attributes.iter().enumerate() {
            self.out.push_str(if at == 0 { "{\n    " } else { ",\n    " });
            push_json(&mut self.out, &attribute.name);
            self.out.push_str(" : {\"Type\":");
            push_json(&mut self.out, &attribute.data_type);
            self.out.push_str(",\"Value\":");
            match &attribute.value {
                Value::Text(text) => push_json(&mut self.out, text),
                Value::Binary(bytes) => push_json(&mut self.out, &STANDARD.encode(bytes)),
            }
            self.out.push('}');
        }
        self.out.push_str("\n  }");
    }

    pub(super) fn end(mut self) -> String {
        self.out.push_str("\n}");
        self.out
    }
}

/// Appends a text as a JSON string.
fn push_json(out: &mut String, text: &str) {
    out.push_str(&serde_json::to_string(text).expect("a string serialises without errors"));
}
