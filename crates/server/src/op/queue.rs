//! Queues: created, found, looked at, changed, emptied, deleted.

use super::queue_attributes::{self, Kind};
use super::{Answered, Call, done, tags};
use postrider_core::command::AskQueue;
use postrider_core::name::Name;
use postrider_core::{Command, Reply};
use postrider_wire::Output;
use postrider_wire::error::{Error, sqs as errors};
use postrider_wire::sqs::{
    CreateQueue, GetQueueAttributes, GetQueueAttributesOutput, QueueUrlOutput, SetQueueAttributes,
};

pub(super) async fn create<'r>(call: &Call<'_, 'r>, asked: &CreateQueue<'_>) -> Answered<'r> {
    let given = asked.attributes.as_deref().unwrap_or_default();
    check_name(call.subject.arn.resource(), queue_attributes::kind(given))?;
    let settings = queue_attributes::settings(call, given).await?;
    let tags = tags::of_queue(asked.tags.as_deref().unwrap_or_default())?;
    let (arn, judged) = (call.subject.arn.clone(), call.judged());
    let answer = call.ask(Command::CreateQueue { arn, judged, settings, tags }).await?;
    done(&call.of_queue(answer)?, call)?;
    call.ok(&Output::CreateQueue(url_output(call)))
}

/// Checks a new queue's name together with `FifoQueue`, of which its ending has to be the proof (sqs 2).
fn check_name(name: &str, kind: Kind) -> Result<(), Error> {
    match (kind, Name::queue(name)) {
        (Kind::Fifo, Some(name)) if name.is_fifo() => Ok(()),
        (Kind::Standard, Some(name)) if !name.is_fifo() => Ok(()),
        (Kind::Fifo, _) => Err(errors::fifo_queue_name()),
        (Kind::Standard, _) => Err(errors::queue_name()),
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
    let settings = queue_attributes::settings(call, given).await?;
    done(&call.queue(AskQueue::Set(settings)).await?, call)?;
    call.ok(&Output::SetQueueAttributes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_kinds_have_to_agree() {
        assert_eq!(check_name("orders", Kind::Standard), Ok(()));
        assert_eq!(check_name("orders.fifo", Kind::Fifo), Ok(()));
        assert_eq!(check_name("a.fifo", Kind::Standard), Err(errors::queue_name()));
        assert_eq!(check_name(&"a".repeat(81), Kind::Standard), Err(errors::queue_name()));
        for name in ["a", ".fifo", "a.b.fifo", &format!("{}.fifo", "a".repeat(76))] {
            assert_eq!(check_name(name, Kind::Fifo), Err(errors::fifo_queue_name()), "{name}");
        }
    }
}
