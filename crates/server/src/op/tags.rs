//! Tags of queues and topics: their rules, and the operations on them (sqs 4, sns 17).

use super::{Answered, Call, done};
use crate::reject::Refused;
use postrider_core::Reply;
use postrider_core::command::{AskQueue, AskTopic};
use postrider_core::event::Tags;
use postrider_wire::error::{Error, ErrorKind, sns as sns_errors, sqs as sqs_errors};
use postrider_wire::sns::{ListTagsForResourceOutput, TagResource, UntagResource};
use postrider_wire::sqs::{ListQueueTagsOutput, NamedValues, TagQueue, UntagQueue};
use postrider_wire::{Output, Text};

/// The longest key, characters.
const KEY_CHARS_MAX: usize = 128;
/// The longest value, characters.
const VALUE_CHARS_MAX: usize = 256;

/// What is wrong with a tag, in our words: those of AWS are not known.
fn flaw(key: &str, value: &str) -> Option<&'static str> {
    let allowed =
        |text: &str| text.chars().all(|c| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c));
    if !(1..=KEY_CHARS_MAX).contains(&key.chars().count()) {
        Some("A tag key must have 1 to 128 characters.")
    } else if value.chars().count() > VALUE_CHARS_MAX {
        Some("A tag value can have at most 256 characters.")
    } else if !allowed(key) || !allowed(value) {
        Some("Tags can only include letters, digits, spaces, and the characters _ . : / = + - @.")
    } else if key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
        Some("Tag keys must not begin with aws:.")
    } else {
        None
    }
}

/// Reads tags of a queue; of a repeated key the last counts.
pub(super) fn of_queue(given: &[(Text<'_>, Text<'_>)]) -> Result<Tags, Error> {
    let wrong = given.iter().find_map(|(key, value)| Some((key, flaw(key, value)?)));
    if let Some((key, reason)) = wrong {
        return Err(sqs_errors::invalid_parameter("Tags", key, reason));
    }
    Ok(given.iter().map(|(key, value)| ((**key).into(), (**value).into())).collect())
}

/// Reads tags of a topic; keys may not repeat.
pub(super) fn of_topic(given: &[(Text<'_>, Text<'_>)]) -> Result<Tags, Error> {
    if let Some(reason) = given.iter().find_map(|(key, value)| flaw(key, value)) {
        return Err(sns_errors::invalid_parameter_because("Tags", reason));
    }
    let tags: Tags = given.iter().map(|(key, value)| ((**key).into(), (**value).into())).collect();
    if tags.len() == given.len() { Ok(tags) } else { Err(sns_errors::duplicate_tag_keys()) }
}

fn named(tags: &Tags) -> NamedValues<'_> {
    tags.iter().map(|(key, value)| ((&**key).into(), (&**value).into())).collect()
}

pub(super) async fn list_queue<'r>(call: &Call<'_, 'r>) -> Answered<'r> {
    let Reply::Queue(view) = call.queue(AskQueue::View).await? else { return Err(call.defect()) };
    call.ok(&Output::ListQueueTags(ListQueueTagsOutput { tags: named(&view.tags) }))
}

pub(super) async fn tag_queue<'r>(call: &Call<'_, 'r>, asked: &TagQueue<'_>) -> Answered<'r> {
    let given = asked.tags.as_deref().ok_or_else(|| sqs_errors::missing_parameter("Tags"))?;
    done(&call.queue(AskQueue::Tag(of_queue(given)?)).await?, call)?;
    call.ok(&Output::TagQueue)
}

pub(super) async fn untag_queue<'r>(call: &Call<'_, 'r>, asked: &UntagQueue<'_>) -> Answered<'r> {
    let given = asked.tag_keys.as_deref().ok_or_else(|| sqs_errors::missing_parameter("TagKeys"))?;
    done(&call.queue(AskQueue::Untag(keys(given))).await?, call)?;
    call.ok(&Output::UntagQueue)
}

fn keys(given: &[Text<'_>]) -> Vec<Box<str>> {
    given.iter().map(|key| (**key).into()).collect()
}

pub(super) async fn list_topic<'r>(call: &Call<'_, 'r>) -> Answered<'r> {
    let Reply::Topic(view) = resource(call, AskTopic::View).await? else { return Err(call.defect()) };
    call.ok(&Output::ListTagsForResource(ListTagsForResourceOutput { tags: named(&view.tags) }))
}

pub(super) async fn tag_topic<'r>(call: &Call<'_, 'r>, asked: &TagResource<'_>) -> Answered<'r> {
    done(&resource(call, AskTopic::Tag(of_topic(&asked.tags)?)).await?, call)?;
    call.ok(&Output::TagResource)
}

pub(super) async fn untag_topic<'r>(call: &Call<'_, 'r>, asked: &UntagResource<'_>) -> Answered<'r> {
    done(&resource(call, AskTopic::Untag(keys(&asked.tag_keys))).await?, call)?;
    call.ok(&Output::UntagResource)
}

/// Asks a topic that the tag operations call a resource, also when it is missing.
async fn resource(call: &Call<'_, '_>, ask: AskTopic) -> Result<Reply, Refused> {
    call.topic(ask).await.map_err(|refused| match refused {
        Refused::Because(error) if error.kind == ErrorKind::NotFound => {
            sns_errors::resource_not_found().into()
        }
        Refused::Because(_) | Refused::Stale => refused,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&'static str, &'static str)]) -> Vec<(Text<'static>, Text<'static>)> {
        pairs.iter().map(|(key, value)| (Text::from(*key), Text::from(*value))).collect()
    }

    #[test]
    fn tags_have_rules() {
        assert!(flaw("team", "").is_none());
        assert!(flaw("größe", "a b/c@d").is_none());
        assert!(flaw("", "x").is_some());
        assert!(flaw(&"k".repeat(129), "x").is_some());
        assert!(flaw("k", &"v".repeat(257)).is_some());
        assert!(flaw("k;", "v").is_some());
        assert!(flaw("AWS:k", "v").is_some());
    }

    #[test]
    fn a_repeated_key_is_the_last_for_sqs_and_an_error_for_sns() {
        let twice = pairs(&[("a", "1"), ("a", "2")]);
        assert_eq!(of_queue(&twice).unwrap().get("a").map(|value| &**value), Some("2"));
        assert_eq!(of_topic(&twice).unwrap_err(), sns_errors::duplicate_tag_keys());
    }
}
