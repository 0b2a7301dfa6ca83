//! Queues: created, found, looked at, changed, emptied, deleted.

use super::queue_attributes::{self, Kind};
use super::{Answered, Call, done, tags};
use crate::reject::not_yet_sqs;
use postrider_core::command::AskQueue;
use postrider_core::name::Name;
use postrider_core::{Command, Reply, limits};
use postrider_wire::Output;
use postrider_wire::error::{Error, sqs as errors};
use postrider_wire::sqs::{
    CreateQueue, GetQueueAttributes, GetQueueAttributesOutput, QueueUrlOutput, SetQueueAttributes,
};

pub(super) async fn create<'r>(call: &Call<'_, 'r>, asked: &CreateQueue<'_>) -> Answered<'r> {
    let given = asked.attributes.as_deref().unwrap_or_default();
    standard_name(call.subject.arn.resource(), queue_attributes::kind(given))?;
    let settings = queue_attributes::settings(given)?;
    let tags = tags::of_queue(asked.tags.as_deref().unwrap_or_default())?;
    let answer = call.ask(Command::CreateQueue { arn: call.subject.arn.clone(), settings, tags }).await?;
    done(&call.of_queue(answer)?, call)?;
    call.ok(&Output::CreateQueue(url_output(call)))
}

/// Checks a new queue's name together with `FifoQueue`, of which it has to be the proof (sqs 2).
fn standard_name(name: &str, kind: Kind) -> Result<(), Error> {
    let fits = name.len() <= limits::QUEUE_NAME_MAX;
    let fifo_name = name.strip_suffix(".fifo").and_then(Name::queue).filter(|_| fits);
    match (kind, fifo_name) {
        (Kind::Fifo, Some(_)) => Err(not_yet_sqs("FIFO queues are")),
        (Kind::Fifo, None) => Err(errors::fifo_queue_name()),
        (Kind::Standard, _) => Name::queue(name).map(|_| ()).ok_or_else(errors::queue_name),
    }
}

fn url_output(call: &Call<'_, '_>) -> QueueUrlOutput<'static> {
    QueueUrlOutput { queue_url: call.queue_url(call.subject.arn.resource()).into() }
}

pub(super) async fn url<'r>(call: &Call<'_, 'r>) -> Answered<'r> {
    call.queue(AskQueue::View).await?;
    call.ok(&Output::GetQueueUrl(url_output(call)))
}

pub(super) async fn delete<'r>(call: &Call<'_, 'r>) -> Answered<'r> {
    done(&call.queue(AskQueue::Delete).await?, call)?;
    call.ok(&Output::DeleteQueue)
}

pub(super) async fn purge<'r>(call: &Call<'_, 'r>) -> Answered<'r> {
    done(&call.queue(AskQueue::Purge).await?, call)?;
    call.ok(&Output::PurgeQueue)
}

pub(super) async fn attributes<'r>(call: &Call<'_, 'r>, asked: &GetQueueAttributes<'_>) -> Answered<'r> {
    let names = asked.attribute_names.as_deref().unwrap_or_default();
    let names = queue_attributes::selection(names)?;
    let Reply::Queue(view) = call.queue(AskQueue::View).await? else { return Err(call.defect()) };
    let attributes = queue_attributes::shown(&view, &names);
    call.ok(&Output::GetQueueAttributes(GetQueueAttributesOutput { attributes }))
}

pub(super) async fn set_attributes<'r>(call: &Call<'_, 'r>, asked: &SetQueueAttributes<'_>) -> Answered<'r> {
    let given = asked.attributes.as_deref().filter(|given| !given.is_empty());
    let given = given.ok_or_else(|| errors::missing_parameter("Attributes"))?;
    queue_attributes::keeps_kind(given)?;
    let settings = queue_attributes::settings(given)?;
    done(&call.queue(AskQueue::Set(settings)).await?, call)?;
    call.ok(&Output::SetQueueAttributes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_kinds_have_to_agree() {
        let text = |name: &str, kind| standard_name(name, kind).unwrap_err().message;
        assert!(standard_name("orders", Kind::Standard).is_ok());
        assert_eq!(text("a.fifo", Kind::Standard), errors::queue_name().message);
        assert_eq!(text(&"a".repeat(81), Kind::Standard), errors::queue_name().message);
        assert_eq!(text("a", Kind::Fifo), errors::fifo_queue_name().message);
        assert_eq!(text(".fifo", Kind::Fifo), errors::fifo_queue_name().message);
        assert_eq!(text(&format!("{}.fifo", "a".repeat(76)), Kind::Fifo), errors::fifo_queue_name().message);
        assert!(text("a.fifo", Kind::Fifo).contains("not supported"));
    }
}
