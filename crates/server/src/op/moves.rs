//! Message move tasks: started, cancelled, listed (sqs 11).
//!
//! The subject is the source, which is named by its ARN or within a task's handle. What depends on other
//! queues (has any this one as its dead-letter queue, is the destination there) is asked of their shards before
//! the task is started; a task finds out for itself what changes later.

use super::{Answered, Call, sources};
use crate::reject::Refused;
use postrider_core::command::AskQueue;
use postrider_core::event::{MoveFailure, MoveStatus, MoveTaskStated};
use postrider_core::id::Uuid;
use postrider_core::{Arn, Rejection, Reply, limits};
use postrider_wire::Output;
use postrider_wire::error::{Error, sqs as errors};
use postrider_wire::sqs::{
    CancelMessageMoveTask, CancelMessageMoveTaskOutput, ListMessageMoveTasks, ListMessageMoveTasksOutput,
    MoveTask, MoveTaskStatus, StartMessageMoveTask, StartMessageMoveTaskOutput, TaskHandle,
};

/// The most tasks of a list, and how many there are when nobody says.
const LIST_MAX: i64 = 10;
const LIST_DEFAULT: i64 = 1;

pub(super) async fn start<'r>(call: &Call<'_, 'r>, asked: &StartMessageMoveTask<'_>) -> Answered<'r> {
    let source = &call.subject.arn;
    let destination = call.subject.destination.clone();
    if call.view_of(source).await?.is_none() {
        return Err(errors::move_queue_missing("SourceArn").into());
    }
    let per_second = asked.max_number_of_messages_per_second.map(rate).transpose()?;
    if !sources::any(call, source).await? {
        return Err(errors::move_source_is_no_dead_letter_queue().into());
    }
    if let Some(destination) = &destination {
        let found = if is_beside(destination, source) { call.view_of(destination).await? } else { None };
        found.ok_or_else(|| errors::move_queue_missing("DestinationArn"))?;
        if destination.is_fifo() != source.is_fifo() {
            return Err(errors::move_destination_type(destination.as_str()).into());
        }
    }
    let start = AskQueue::StartMove { destination, per_second };
    let Reply::MoveStarted(id) = ask(call, start).await? else { return Err(call.defect()) };
    let task_handle = handle(id, source).into();
    call.ok(&Output::StartMessageMoveTask(StartMessageMoveTaskOutput { task_handle }))
}

pub(super) async fn cancel<'r>(call: &Call<'_, 'r>, asked: &CancelMessageMoveTask<'_>) -> Answered<'r> {
    if call.view_of(&call.subject.arn).await?.is_none() {
        return Err(errors::move_queue_missing("SourceArn").into());
    }
    let handle = asked.task_handle.as_deref().and_then(TaskHandle::parse);
    let id = handle.and_then(|handle| Uuid::parse(&handle.task_id)).ok_or_else(errors::move_task_missing)?;
    let Reply::MoveCancelled { moved } = ask(call, AskQueue::CancelMove(id)).await? else {
        return Err(call.defect());
    };
    let output = CancelMessageMoveTaskOutput { approximate_number_of_messages_moved: moved };
    call.ok(&Output::CancelMessageMoveTask(output))
}

pub(super) async fn list<'r>(call: &Call<'_, 'r>, asked: &ListMessageMoveTasks<'_>) -> Answered<'r> {
    let Reply::Moves(tasks) = ask(call, AskQueue::ListMoves).await? else { return Err(call.defect()) };
    let max = asked.max_results.unwrap_or(LIST_DEFAULT);
    if !(1..=LIST_MAX).contains(&max) {
        return Err(errors::max_results(max, LIST_MAX).into());
    }
    let max = usize::try_from(max).expect("between 1 and 10");
    let results = tasks.iter().take(max).map(|task| shown(task, &call.subject.arn)).collect();
    call.ok(&Output::ListMessageMoveTasks(ListMessageMoveTasksOutput { results }))
}

/// Asks the source, whose absence these operations word in their own way.
async fn ask(call: &Call<'_, '_>, ask: AskQueue) -> Result<Reply, Refused> {
    let answer = call.ask_queue(ask).await?;
    answer.result.map_err(|rejection| {
        if rejection == Rejection::QueueDoesNotExist {
            errors::move_queue_missing("SourceArn").into()
        } else {
            call.refused(&rejection)
        }
    })
}

fn rate(given: i64) -> Result<u32, Error> {
    let rate = u32::try_from(given).ok().filter(|rate| limits::MOVES_PER_S.contains(rate));
    rate.ok_or_else(|| errors::move_rate(given))
}

/// Whether a queue is of the account and the region of another: no task goes beyond these.
fn is_beside(queue: &Arn, other: &Arn) -> bool {
    let [ours, theirs] =
        [queue, other].map(|arn| (arn.partition(), arn.service(), arn.region(), arn.account()));
    ours == theirs
}

fn handle(id: Uuid, source: &Arn) -> String {
    TaskHandle { task_id: id.to_string(), source_arn: source.to_string() }.encode()
}

fn shown<'t>(task: &'t MoveTaskStated, source: &'t Arn) -> MoveTask<'t> {
    let status = match task.status {
        MoveStatus::Running => MoveTaskStatus::Running { handle: handle(task.id, source).into() },
        MoveStatus::Completed => MoveTaskStatus::Completed,
        MoveStatus::Cancelling => MoveTaskStatus::Cancelling,
        MoveStatus::Cancelled => MoveTaskStatus::Cancelled,
        MoveStatus::Failed(failure) => MoveTaskStatus::Failed { reason: reason(failure).into() },
    };
    MoveTask {
        status,
        source_arn: source.as_str().into(),
        destination_arn: task.destination.as_ref().map(|arn| arn.as_str().into()),
        max_number_of_messages_per_second: task.per_second,
        approximate_number_of_messages_moved: task.moved,
        approximate_number_of_messages_to_move: task.to_move,
        started_timestamp: task.started.0,
    }
}

/// `FailureReason`. That of a queue that may not be sent to is our word.
fn reason(failure: MoveFailure) -> &'static str {
    match failure {
        MoveFailure::NonExistentQueue => "AWS.SimpleQueueService.NonExistentQueue",
        MoveFailure::CouldNotDetermineMessageSource => "CouldNotDetermineMessageSource",
        MoveFailure::NotPermitted => "AccessDenied",
    }
}
