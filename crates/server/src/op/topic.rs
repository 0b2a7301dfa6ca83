//! Topics: created, looked at, changed, deleted.

use super::topic_attributes::{self, DATA_PROTECTION, FIFO_TOPIC};
use super::{Answered, Call, done, tags};
use crate::reject::{Refused, of_topic};
use postrider_core::command::{AskTopic, TopicMeaning};
use postrider_core::name::Name;
use postrider_core::{Command, Reply, Timestamp};
use postrider_wire::Output;
use postrider_wire::error::sns::{self as errors, SetBy};
use postrider_wire::error::{Error, ErrorKind};
use postrider_wire::sns::{
    AttributesOutput, CreateTopic, CreateTopicOutput, GetDataProtectionPolicyOutput, PutDataProtectionPolicy,
    SetTopicAttributes, data_protection,
};
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

pub(super) async fn create<'r>(call: &Call<'_, 'r>, asked: &CreateTopic<'_>) -> Answered<'r> {
    let given = asked.attributes.as_deref().unwrap_or_default();
    let fifo = given.iter().rev().find(|(name, _)| name == FIFO_TOPIC).map(|(_, value)| value.as_str());
    check_name(&asked.name, fifo)?;
    let (mut attributes, mut meaning) = (BTreeMap::<Box<str>, Box<str>>::new(), TopicMeaning::default());
    let mut unset: Vec<&str> = Vec::new();
    // Of a repeated attribute the last counts, in text and meaning.
    for (name, value) in given.iter().filter(|(name, _)| name != FIFO_TOPIC) {
        let stored = topic_attributes::stored(&call.subject.arn, SetBy::Subscribe, name, value)?;
        meaning.delivery = stored.meaning.delivery.or(meaning.delivery);
        meaning.archive_days = stored.meaning.archive_days.or(meaning.archive_days);
        match stored.text {
            Some(text) => {
                unset.retain(|other| *other != &**name);
                attributes.insert((**name).into(), text);
            }
            None => {
                attributes.remove(&**name);
                unset.push(name);
            }
        }
    }
    let protection = asked.data_protection_policy.as_deref().unwrap_or_default();
    data_protection::check(protection)?;
    if !protection.is_empty() {
        attributes.insert(DATA_PROTECTION.into(), protection.into());
    }
    let tags = asked.tags.as_deref().map(tags::of_topic).transpose()?;
    has_unset(call, &unset).await?;
    let arn = call.subject.arn.clone();
    let answer = call.ask(Command::CreateTopic { arn, attributes, meaning, tags }).await?;
    done(&answer.result.map_err(|rejection| of_topic(&rejection))?, call)?;
    call.ok(&Output::CreateTopic(CreateTopicOutput { topic_arn: call.subject.arn.as_str().into() }))
}

/// Who gives an attribute the value that it has by itself does not mean a topic that has another.
async fn has_unset(call: &Call<'_, '_>, unset: &[&str]) -> Result<(), Refused> {
    if unset.is_empty() || call.judgement.is_none() {
        return Ok(());
    }
    let Reply::Topic(view) = call.topic(AskTopic::View).await? else { return Err(call.defect()) };
    if unset.iter().any(|name| view.attributes.contains_key(*name)) {
        return Err(errors::topic_attributes_differ().into());
    }
    Ok(())
}

/// Checks a new topic's name together with `FifoTopic`, of which it has to be the proof (sns 3).
fn check_name(name: &str, fifo: Option<&str>) -> Result<(), Error> {
    let wants_fifo = match fifo {
        Some(value) if value.eq_ignore_ascii_case("true") => true,
        Some(value) if !value.eq_ignore_ascii_case("false") => {
            return Err(errors::subscription_attribute(SetBy::Subscribe, "FifoTopic: must be true or false"));
        }
        Some(_) | None => false,
    };
    match Name::topic(name) {
        Some(name) if name.is_fifo() == wants_fifo => Ok(()),
        Some(_) | None => Err(errors::topic_name()),
    }
}

/// Deleting a topic that is not there is done at once (sns 3).
pub(super) async fn delete<'r>(call: &Call<'_, 'r>) -> Answered<'r> {
    match call.topic(AskTopic::Delete).await {
        Ok(reply) => done(&reply, call)?,
        Err(Refused::Because(error)) if error.kind == ErrorKind::NotFound => {}
        Err(refused) => return Err(refused),
    }
    call.ok(&Output::DeleteTopic)
}

pub(super) async fn attributes<'r>(call: &Call<'_, 'r>) -> Answered<'r> {
    let Reply::Topic(view) = call.topic(AskTopic::View).await? else { return Err(call.defect()) };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let now = Timestamp(u64::try_from(now).unwrap_or(u64::MAX));
    let attributes = topic_attributes::shown(&view, call.context.retries, now);
    call.ok(&Output::GetTopicAttributes(AttributesOutput { attributes }))
}

pub(super) async fn set_attribute<'r>(call: &Call<'_, 'r>, asked: &SetTopicAttributes<'_>) -> Answered<'r> {
    let value = asked.attribute_value.as_deref().unwrap_or_default();
    let name = &*asked.attribute_name;
    let stored = topic_attributes::stored(&call.subject.arn, SetBy::Set, name, value)?;
    done(&call.topic(AskTopic::Set(name.into(), stored.text, stored.meaning)).await?, call)?;
    call.ok(&Output::SetTopicAttributes)
}

pub(super) async fn data_protection<'r>(call: &Call<'_, 'r>) -> Answered<'r> {
    let Reply::Topic(view) = call.topic(AskTopic::View).await? else { return Err(call.defect()) };
    let policy = view.attributes.get(DATA_PROTECTION).map_or("", |policy| policy);
    call.ok(&Output::GetDataProtectionPolicy(GetDataProtectionPolicyOutput {
        data_protection_policy: policy.into(),
    }))
}

/// The policy is kept, and nothing is looked through by it (sns 15).
pub(super) async fn put_data_protection<'r>(
    call: &Call<'_, 'r>,
    asked: &PutDataProtectionPolicy<'_>,
) -> Answered<'r> {
    let policy = &*asked.data_protection_policy;
    data_protection::check(policy)?;
    let text = (!policy.is_empty()).then(|| policy.into());
    let set = AskTopic::Set(DATA_PROTECTION.into(), text, TopicMeaning::default());
    done(&call.topic(set).await?, call)?;
    call.ok(&Output::PutDataProtectionPolicy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_kinds_have_to_agree() {
        for (name, fifo) in
            [("news", None), ("news", Some("false")), ("a.fifo", Some("true")), ("a.fifo", Some("TRUE"))]
        {
            assert_eq!(check_name(name, fifo), Ok(()), "{name}");
        }
        let topic_name = Err(errors::topic_name());
        for (name, fifo) in
            [("", None), ("a b", None), ("a.fifo", None), ("a.fifo", Some("false")), ("a", Some("true"))]
        {
            assert_eq!(check_name(name, fifo), topic_name, "{name}");
        }
        assert_eq!(check_name(&"a".repeat(257), None), topic_name);
        assert_eq!(check_name(&format!("{}.fifo", "a".repeat(252)), Some("true")), topic_name);
        assert!(check_name("a", Some("maybe")).is_err());
    }
}
