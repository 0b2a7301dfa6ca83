//! Delays beyond 15 minutes, for the queues that the setting `extensions.long_delay` names.

use super::Call;
use crate::reject::Refused;
use postrider_core::command::AskQueue;
use postrider_core::{Reply, limits};

/// The longest `DelaySeconds` that the messages of a request may have, of which these are `given`. Only who
/// asks for what AWS does not have is made to wait for the queue's retention, be it to be refused.
pub(super) async fn delay_s_max(
    call: &Call<'_, '_>,
    given: impl Iterator<Item = Option<i64>>,
) -> Result<u32, Refused> {
    let (queue, limits) = (&call.subject.arn, &call.context.limits);
    let is_of_aws = |delay_s: i64| (0..=i64::from(limits::DELAY_S_MAX)).contains(&delay_s);
    if !limits.has_long_delay(queue) || given.flatten().all(is_of_aws) {
        return Ok(limits::DELAY_S_MAX);
    }
    let Reply::Queue(view) = call.queue(AskQueue::View).await? else { return Err(call.defect()) };
    Ok(limits.delay_s_max(queue, view.settings.retention_s))
}
