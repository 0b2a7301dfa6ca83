//! Topics: created, looked at, changed, deleted.

use super::{Answered, Call, done, tags, topic_attributes};
use crate::reject::{Refused, not_yet_sns, of_topic};
use postrider_core::command::AskTopic;
use postrider_core::name::Name;
use postrider_core::{Command, Reply, limits};
use postrider_wire::Output;
use postrider_wire::error::sns::{self as errors, SetBy};
use postrider_wire::error::{Error, ErrorKind};
use postrider_wire::sns::{AttributesOutput, CreateTopic, CreateTopicOutput, SetTopicAttributes};
use std::collections::BTreeMap;

pub(super) async fn create<'r>(call: &Call<'_, 'r>, asked: &CreateTopic<'_>) -> Answered<'r> {
    let given = asked.attributes.as_deref().unwrap_or_default();
    let fifo = given.iter().rev().find(|(name, _)| name == "FifoTopic").map(|(_, value)| value.as_str());
    standard_name(&asked.name, fifo)?;
    let mut attributes = BTreeMap::new();
    for (name, value) in given.iter().filter(|(name, _)| name != "FifoTopic") {
        if let Some(stored) = topic_attributes::stored(SetBy::Subscribe, name, value)? {
            attributes.insert((**name).into(), stored);
        }
    }
    if asked.data_protection_policy.as_deref().is_some_and(|policy| !policy.is_empty()) {
        return Err(not_yet_sns("DataProtectionPolicy", "Data protection policies are").into());
    }
    let tags = asked.tags.as_deref().map(tags::of_topic).transpose()?;
    let arn = call.subject.arn.clone();
    let answer = call.ask(Command::CreateTopic { arn, attributes, tags }).await?;
    done(&answer.result.map_err(|rejection| of_topic(&rejection))?, call)?;
    call.ok(&Output::CreateTopic(CreateTopicOutput { topic_arn: call.subject.arn.as_str().into() }))
}

/// Checks a new topic's name together with `FifoTopic`, of which it has to be the proof (sns 3).
fn standard_name(name: &str, fifo: Option<&str>) -> Result<(), Error> {
    let fits = name.len() <= limits::TOPIC_NAME_MAX;
    let is_fifo_name = fits && name.strip_suffix(".fifo").and_then(Name::topic).is_some();
    match fifo {
        Some(value) if value.eq_ignore_ascii_case("true") => {
            Err(if is_fifo_name { not_yet_sns("FifoTopic", "FIFO topics are") } else { errors::topic_name() })
        }
        Some(value) if !value.eq_ignore_ascii_case("false") => {
            Err(errors::subscription_attribute(SetBy::Subscribe, "FifoTopic: must be true or false"))
        }
        Some(_) | None => Name::topic(name).map(|_| ()).ok_or_else(errors::topic_name),
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
    let attributes = topic_attributes::shown(&view);
    call.ok(&Output::GetTopicAttributes(AttributesOutput { attributes }))
}

pub(super) async fn set_attribute<'r>(call: &Call<'_, 'r>, asked: &SetTopicAttributes<'_>) -> Answered<'r> {
    let value = asked.attribute_value.as_deref().unwrap_or_default();
    let stored = topic_attributes::stored(SetBy::Set, &asked.attribute_name, value)?;
    let name = (*asked.attribute_name).into();
    done(&call.topic(AskTopic::Set(name, stored)).await?, call)?;
    call.ok(&Output::SetTopicAttributes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_kinds_have_to_agree() {
        assert!(standard_name("news", None).is_ok());
        assert!(standard_name("news", Some("false")).is_ok());
        let topic_name = Err(errors::topic_name());
        for (name, fifo) in
            [("", None), ("a b", None), ("a.fifo", None), ("a.fifo", Some("false")), ("a", Some("true"))]
        {
            assert_eq!(standard_name(name, fifo), topic_name, "{name}");
        }
        assert_eq!(standard_name(&"a".repeat(257), None), topic_name);
        assert_eq!(standard_name(&format!("{}.fifo", "a".repeat(252)), Some("true")), topic_name);
        assert!(standard_name("a.fifo", Some("true")).unwrap_err().message.contains("not supported"));
        assert!(standard_name("a", Some("maybe")).is_err());
    }
}
