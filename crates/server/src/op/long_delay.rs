//! Delays beyond 15 minutes, for the queues that the setting `extensions.long_delay` names.

use super::Call;
use crate::reject::Refused;
use postrider_core::command::AskQueue;
use postrider_core::{Reply, limits};

/// The longest `DelaySeconds` that the messages of a request may have, of which these are `given`. Only who
/// asks for more than AWS has is made to wait for the queue's retention.
pub(super) async fn delay_s_max(
    call: &Call<'_, '_>,
    given: impl Iterator<Item = Option<i64>>,
) -> Result<u32, Refused> {
    let (queue, limits) = (&call.subject.arn, &call.context.limits);
    let is_long = |delay_s: i64| delay_s > i64::from(limits::DELAY_S_MAX);
    if !limits.has_long_delay(queue) || !given.flatten().any(is_long) {
        return Ok(limits::DELAY_S_MAX);
    }
    let Reply::Queue(view) = call.queue(AskQueue::View).await? else { return Err(call.defect()) };
    Ok(limits.delay_s_max(queue, view.settings.retention_s))
}
