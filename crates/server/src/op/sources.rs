//! The sources of a dead-letter queue: the queues whose `RedrivePolicy` names it (sqs 11).
//!
//! They may be in any shard, so all are asked.

use super::account::{arns, next_token, token};
use super::{Answered, Call};
use crate::reject::Refused;
use postrider_core::command::AskQueue;
use postrider_core::reply::More;
use postrider_core::{Arn, Command, limits};
use postrider_wire::Output;
use postrider_wire::error::sqs as errors;
use postrider_wire::sqs::{ListDeadLetterSourceQueues, ListDeadLetterSourceQueuesOutput};

pub(super) async fn list<'r>(call: &Call<'_, 'r>, asked: &ListDeadLetterSourceQueues<'_>) -> Answered<'r> {
    call.queue(AskQueue::View).await?;
    let most = i64::try_from(limits::LIST_QUEUES_MAX).expect("a thousand");
    let max = asked.max_results.unwrap_or(most);
    if !(1..=most).contains(&max) {
        return Err(errors::max_results(max, most).into());
    }
    let after = match asked.next_token.as_deref() {
        Some(given) => Some(next_token(given).ok_or_else(|| errors::next_token(given))?),
        None => None,
    };
    // Sources have the account and the region of their dead-letter queue: their names say where a page ended.
    let queue = &call.subject.arn;
    let arn =
        |name: String| Arn::of(queue.partition(), queue.service(), queue.region(), queue.account(), &name);
    let max = usize::try_from(max).expect("between 1 and 1000");
    let (sources, more) = of(call, queue, after.map(arn), max).await?;
    let last = sources.last().filter(|_| more == More::Yes && asked.max_results.is_some());
    let next_token = last.map(|arn| token(arn.resource()).into());
    let queue_urls = sources.iter().map(|arn| call.queue_url(arn.resource()).into()).collect();
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
