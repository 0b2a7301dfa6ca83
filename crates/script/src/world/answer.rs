//! Replies of the core as a script writes them.

use super::text::Text;
use crate::action::Shown;
use crate::refusal;
use postrider_core::event::{MoveStatus, MoveTaskStated, Occasion};
use postrider_core::outbox::Published;
use postrider_core::queue::settings::{DedupScope, Encryption, Fifo, Redrive, Settings, Switch, Throughput};
use postrider_core::reply::{Content, Counts, Peeked};
use postrider_core::topic::subscription::Form;
use postrider_core::{Rejection, Timestamp};

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
pub(super) fn message(content: &Content, text: &Text<'_>) -> String {
    match content {
        Content::Own(_) => text.body.trim_end_matches('.').to_owned(),
        Content::Copy { published, rendition, .. } => {
            copy(published, rendition.form, &text.body_for(rendition.protocol))
        }
    }
}

/// A publication as somebody gets it who is to have this body. What asks to confirm never comes raw.
pub(super) fn copy(published: &Published, form: Form, body: &str) -> String {
    let body = body.trim_end_matches('.');
    match (form, published.occasion) {
        (Form::Raw, Occasion::Published | Occasion::Replayed) => body.to_owned(),
        (Form::Envelope, _) | (Form::Raw, Occasion::Notice) => {
            format!("{}/{body}", published.topic.resource())
        }
    }
}

/// What else is to be shown of a message.
pub(super) fn shown(
    what: Shown,
    message: &Peeked,
    text: &Text<'_>,
    handle: usize,
    begin: Timestamp,
) -> String {
    let seconds = |at: Timestamp| ((at - begin) / 1000).to_string();
    let or_none = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    // A copy in a standard queue has not what its FIFO topic gave it.
    let of_group = |text: &str| or_none(message.group.map_or("", |_| text));
    match what {
        Shown::Count => message.receives.count.to_string(),
        Shown::Group => of_group(text.group),
        Shown::Dedup => of_group(text.dedup),
        Shown::Source => or_none(message.source.as_ref().map_or("", |source| source.resource())),
        Shown::Handle => handle.to_string(),
        Shown::Sent => seconds(message.sent_at),
        Shown::First => seconds(message.receives.first_at),
    }
}

pub(super) fn task(task: &MoveTaskStated) -> String {
    let status = match task.status {
        MoveStatus::Running => "running",
        MoveStatus::Completed => "completed",
        MoveStatus::Cancelling => "cancelling",
        MoveStatus::Cancelled => "cancelled",
        MoveStatus::Failed(_) => "failed",
    };
    let mut word = format!("{status}:{}/{}", task.moved, task.to_move);
    task.destination.iter().for_each(|to| word.push_str(&format!(":to={}", to.resource())));
    task.per_second.iter().for_each(|rate| word.push_str(&format!(":rate={rate}")));
    if let MoveStatus::Failed(failure) = task.status {
        word.push_str(&format!(":{failure:?}"));
    }
    word
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
    shown.extend(settings.fifo.iter().flat_map(fifo));
    if let Some(Redrive { target, receives_max }) = &settings.redrive {
        shown.push(format!("redrive={}:{receives_max}", target.resource()));
    }
    shown.extend(settings.redrive_allow.as_ref().map(|allow| format!("allow={}", allow.text)));
    shown
}

fn fifo(fifo: &Fifo) -> [String; 4] {
    let scope = match fifo.scope {
        DedupScope::Queue => "queue",
        DedupScope::MessageGroup => "group",
    };
    let throughput = match fifo.throughput {
        Throughput::PerQueue => "queue",
        Throughput::PerMessageGroup => "group",
    };
    let content = if fifo.content_dedup == Switch::On { "on" } else { "off" };
    [
        "fifo=on".into(),
        format!("content-dedup={content}"),
        format!("scope={scope}"),
        format!("throughput={throughput}"),
    ]
}
