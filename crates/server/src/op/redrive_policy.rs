//! `RedrivePolicy` and `RedriveAllowPolicy`: read, checked, and shown (sqs 5.3).
//!
//! What a text can say wrong by itself is told first, also whose the dead-letter queue is; then what that
//! queue says: whether it is there, and whom it admits. That is asked of its shard, and holds when the policy
//! is set; what changes later does not break the policy.

use super::Call;
use super::json_object::{Members, elements, string};
use crate::reject::Refused;
use postrider_core::queue::settings::{AllowedSources, Redrive, RedriveAllow};
use postrider_core::{Arn, limits};
use postrider_wire::error::{Error, sqs as errors};
use serde_json::value::RawValue;

/// The longest `RedrivePolicy`, bytes. AWS names no bound; this is many times what one can say, and messages
/// about it repeat it.
const REDRIVE_BYTES_MAX: usize = 4_096;
/// The longest `RedriveAllowPolicy`, bytes: that of a `Policy`.
const REDRIVE_ALLOW_BYTES_MAX: usize = 8_192;

/// Members of a `RedrivePolicy`.
const TARGET: &str = "deadLetterTargetArn";
const COUNT: &str = "maxReceiveCount";
/// Members of a `RedriveAllowPolicy`.
const PERMISSION: &str = "redrivePermission";
const SOURCES: &str = "sourceQueueArns";

/// Reads the `RedrivePolicy` of the queue `source`, as far as the text tells.
pub(super) fn redrive(text: &str, source: &Arn) -> Result<Redrive, Error> {
    let text = Some(text).filter(|text| text.len() <= REDRIVE_BYTES_MAX);
    let (text, members) = text
        .and_then(|text| Some((text, Members::parse(text)?)))
        .ok_or_else(errors::redrive_policy_not_json)?;
    let member = |name| {
        let found = members.find(name).filter(|value| value.get() != "null");
        found.ok_or_else(|| errors::redrive_policy_lacks(text, name))
    };
    let (count, target) = (member(COUNT)?, member(TARGET)?);
    let receives_max = receives_max(text, count)?;
    let target = string(target).and_then(|target| queue_arn(&target));
    let target = target.ok_or_else(|| errors::redrive_policy_target_is_no_queue(text))?;
    if target.is_fifo() != source.is_fifo() {
        return Err(errors::redrive_policy_target_type(text));
    }
    if members.iter().any(|(name, _)| name != TARGET && name != COUNT) {
        return Err(errors::redrive_policy_members(text));
    }
    Ok(Redrive { target, receives_max })
}

/// A number, or the same in quotes.
fn receives_max(text: &str, value: &RawValue) -> Result<u32, Error> {
    let given = string(value).unwrap_or_else(|| value.get().to_owned());
    let digits = !given.is_empty() && given.bytes().all(|byte| byte.is_ascii_digit());
    let count = digits.then(|| given.parse().ok()).flatten();
    let count = count.filter(|count| limits::RECEIVES_MAX.contains(count));
    count.ok_or_else(|| errors::redrive_policy_count(text, &given))
}

fn queue_arn(text: &str) -> Option<Arn> {
    Arn::parse(text).filter(|arn| arn.service() == "sqs")
}

/// Checks that the dead-letter queue is there, and lets the subject of the call be its source.
pub(super) async fn check_target(call: &Call<'_, '_>, text: &str, redrive: &Redrive) -> Result<(), Refused> {
    let (source, target) = (&call.subject.arn, &redrive.target);
    let missing = || Refused::from(errors::redrive_policy_target_missing(text));
    // A queue of another region is as good as missing.
    if (source.partition(), source.region()) != (target.partition(), target.region()) {
        return Err(missing());
    }
    // Of other accounts nobody learns here which queues they have.
    if source.account() != target.account() {
        return Err(errors::redrive_policy_target_owner(text).into());
    }
    let view = call.view_of(target).await?.ok_or_else(missing)?;
    match view.settings.redrive_allow {
        Some(allow) if !allow.sources.admit(source) => Err(errors::redrive_policy_not_allowed(text).into()),
        Some(_) | None => Ok(()),
    }
}

/// Reads a `RedriveAllowPolicy`.
pub(super) fn redrive_allow(text: &str) -> Result<RedriveAllow, Error> {
    let format = errors::redrive_allow_policy_format;
    let members = Some(text).filter(|text| text.len() <= REDRIVE_ALLOW_BYTES_MAX).and_then(Members::parse);
    let members = members.ok_or_else(format)?;
    if members.iter().any(|(name, _)| name != PERMISSION && name != SOURCES) {
        return Err(format());
    }
    let permission = members.find(PERMISSION).and_then(string).ok_or_else(format)?;
    let given = match members.find(SOURCES) {
        Some(value) => elements(value).ok_or_else(format)?,
        None => Vec::new(),
    };
    let sources: Option<Vec<Arn>> = given.iter().map(|value| queue_arn(&string(value)?)).collect();
    let sources = sources.ok_or_else(format)?;
    let sources = match (&*permission, sources.len()) {
        ("byQueue", 0) => return Err(errors::redrive_allow_policy_needs_sources(text)),
        ("byQueue", 1..=limits::REDRIVE_SOURCES_MAX) => AllowedSources::These(sources),
        ("byQueue", _) => return Err(errors::redrive_allow_policy_too_many(text)),
        ("allowAll", 0) => AllowedSources::All,
        ("denyAll", 0) => AllowedSources::None,
        ("allowAll" | "denyAll", _) => return Err(errors::redrive_allow_policy_needs_by_queue(text)),
        (_, _) => return Err(format()),
    };
    Ok(RedriveAllow { text: text.into(), sources })
}

/// A `RedrivePolicy` as AWS shows it, however it was sent. The ARN is that of a queue: nothing in it needs an
/// escape.
pub(super) fn shown(redrive: &Redrive) -> String {
    format!(r#"{{"{TARGET}":"{}","{COUNT}":{}}}"#, redrive.target, redrive.receives_max)
}

#[cfg(test)]
mod tests;
