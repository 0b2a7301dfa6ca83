//! The sources of a dead-letter queue: the queues whose `RedrivePolicy` names it (sqs 11).
//!
//! They may be in any shard, so all are asked.

use super::account::{QueuePage, arns};
use super::{Answered, Call};
use crate::reject::Refused;
use postrider_core::command::AskQueue;
use postrider_core::reply::More;
use postrider_core::{Arn, Command};
use postrider_wire::Output;
use postrider_wire::sqs::{ListDeadLetterSourceQueues, ListDeadLetterSourceQueuesOutput};

pub(super) async fn list<'r>(call: &Call<'_, 'r>, asked: &ListDeadLetterSourceQueues<'_>) -> Answered<'r> {
    call.queue(AskQueue::View).await?;
    let page = QueuePage::asked(asked.max_results, asked.next_token.as_deref())?;
    // Sources have the account and the region of their dead-letter queue: their names say where a page ended.
    let queue = &call.subject.arn;
    let arn = |name: &str| Arn::of(queue.partition(), queue.service(), queue.region(), queue.account(), name);
    let (sources, more) = of(call, queue, page.after.as_deref().map(arn), page.max).await?;
    let (queue_urls, next_token) = page.told(call, &sources, more);
    call.ok(&Output::ListDeadLetterSourceQueues(ListDeadLetterSourceQueuesOutput { queue_urls, next_token }))
}

/// Whether a queue is the dead-letter queue of any.
pub(super) async fn any(call: &Call<'_, '_>, target: &Arn) -> Result<bool, Refused> {
    Ok(!of(call, target, None, 1).await?.0.is_empty())
}

/// The next sources of a queue, in order of their ARNs.
async fn of(
    call: &Call<'_, '_>,
    target: &Arn,
    after: Option<Arn>,
    max: usize,
) -> Result<(Vec<Arn>, More), Refused> {
    let after: Option<Box<str>> = after.map(|arn| arn.as_str().into());
    arns(call, max, || Command::ListSources { target: target.clone(), after: after.clone(), max }).await
}
