//! Replies of the core as a script writes them.

use crate::refusal;
use postrider_core::Rejection;
use postrider_core::queue::settings::{Encryption, Settings};
use postrider_core::reply::{Content, Counts};
use postrider_core::topic::subscription::Form;

/// The answer of what has nothing to say.
pub(super) fn done() -> Vec<String> {
    vec!["ok".into()]
}

/// One answer for each entry of a batch.
pub(super) fn each<T>(entries: Vec<Result<T, Rejection>>) -> Vec<String> {
    let shown = |entry: Result<T, Rejection>| match entry {
        Ok(_) => "ok".into(),
        Err(rejection) => refusal::of_core(&rejection),
    };
    entries.into_iter().map(shown).collect()
}

/// A message: its body without the dots that pad it, behind its topic if it came in an envelope.
pub(super) fn message(content: &Content, body: &[u8]) -> String {
    let body = String::from_utf8_lossy(body);
    let body = body.trim_end_matches('.');
    match content {
        Content::Own(_) | Content::Copy { form: Form::Raw, .. } => body.to_owned(),
        Content::Copy { topic, form: Form::Envelope, .. } => format!("{}/{body}", topic.resource()),
    }
}

pub(super) fn counts(counts: Counts) -> Vec<String> {
    vec![format!("{}/{}/{}", counts.available, counts.in_flight, counts.delayed)]
}

pub(super) fn settings(settings: &Settings) -> Vec<String> {
    let mut shown = vec![
        format!("visibility={}", settings.visibility_s),
        format!("size={}", settings.message_bytes_max),
        format!("retention={}", settings.retention_s),
        format!("delay={}", settings.delay_s),
        format!("wait={}", settings.wait_s),
        format!("sse={}", settings.encryption == Encryption::Managed),
    ];
    shown.extend(settings.policy.as_ref().map(|policy| format!("policy={policy}")));
    if let Encryption::Kms { key, .. } = &settings.encryption {
        shown.push(format!("kms={key}"));
    }
    shown
}
