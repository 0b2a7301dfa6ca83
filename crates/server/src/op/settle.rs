//! What consumers do with messages they hold: delete them, or change when they are visible again.
//!
//! A handle that is not one of ours in form is put to the core as an empty one, which the core refuses
//! like any that it did not issue: so a missing queue is still found first.

use super::{Answered, Call, batch};
use crate::reject;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use postrider_core::command::{AskQueue, Receipt};
use postrider_core::{Rejection, Reply, limits};
use postrider_wire::error::{Error, sqs as errors};
use postrider_wire::sqs::{
    ChangeMessageVisibility, ChangeMessageVisibilityBatch, DeleteMessage, DeleteMessageBatch, DoneEntry,
    required,
};
use postrider_wire::{Action, Output, Text};

/// A receipt handle as consumers see it.
pub(crate) fn handle(receipt: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(receipt)
}

fn receipt(handle: &str) -> Receipt {
    URL_SAFE_NO_PAD.decode(handle).unwrap_or_default().into()
}

pub(super) async fn delete<'r>(call: &Call<'_, 'r>, asked: &DeleteMessage<'_>) -> Answered<'r> {
    let handle = required(asked.receipt_handle.as_ref(), "ReceiptHandle")?;
    let reply = call.queue(AskQueue::DeleteMessages(vec![receipt(handle)])).await?;
    let Reply::Each(each) = reply else { return Err(call.defect()) };
    call.sole(each)?.map_err(|rejection| reject::of_receipt(&rejection, call.protocol, handle, 0))?;
    call.ok(&Output::DeleteMessage)
}

pub(super) async fn visibility<'r>(call: &Call<'_, 'r>, asked: &ChangeMessageVisibility<'_>) -> Answered<'r> {
    let (handle, timeout_s) = change(asked.receipt_handle.as_ref(), asked.visibility_timeout)?;
    let reply = call.queue(AskQueue::ChangeVisibility(vec![(receipt(handle), timeout_s)])).await?;
    let Reply::Each(each) = reply else { return Err(call.defect()) };
    call.sole(each)?.map_err(|rejection| reject::of_receipt(&rejection, call.protocol, handle, timeout_s))?;
    call.ok(&Output::ChangeMessageVisibility)
}

fn change<'t>(handle: Option<&'t Text<'_>>, timeout_s: Option<i64>) -> Result<(&'t str, u32), Error> {
    let handle = required(handle, "ReceiptHandle")?;
    let given = timeout_s.ok_or_else(|| errors::missing_parameter("VisibilityTimeout"))?;
    Ok((handle, timeout(given)?))
}

/// A visibility timeout within its range, seconds.
pub(super) fn timeout(given: i64) -> Result<u32, Error> {
    let timeout_s = u32::try_from(given).ok().filter(|timeout_s| *timeout_s <= limits::VISIBILITY_S_MAX);
    timeout_s.ok_or_else(|| errors::visibility_timeout(given))
}

/// One entry of a batch, checked: its handle, and the timeout that it asks for.
type Entry<'t> = Result<(&'t str, u32), Error>;

pub(super) async fn delete_batch<'r>(call: &Call<'_, 'r>, asked: &DeleteMessageBatch<'_>) -> Answered<'r> {
    let given = asked.entries.as_deref().unwrap_or_default();
    let ids: Vec<&str> = given.iter().map(|entry| entry.id.as_deref().unwrap_or_default()).collect();
    batch::check_sqs(Action::DeleteMessageBatch, &ids, 0, &call.context.limits)?;
    let entry = |handle| Ok((required(handle, "ReceiptHandle")?, 0));
    let entries: Vec<Entry<'_>> = given.iter().map(|given| entry(given.receipt_handle.as_ref())).collect();
    let receipts = entries.iter().flatten().map(|(handle, _)| receipt(handle)).collect();
    let Reply::Each(each) = call.queue(AskQueue::DeleteMessages(receipts)).await? else {
        return Err(call.defect());
    };
    let joined = call.joined(entries, each)?;
    call.ok(&Output::DeleteMessageBatch(batch::sorted(outcomes(call, &ids, joined))))
}

pub(super) async fn visibility_batch<'r>(
    call: &Call<'_, 'r>,
    asked: &ChangeMessageVisibilityBatch<'_>,
) -> Answered<'r> {
    let given = asked.entries.as_deref().unwrap_or_default();
    let ids: Vec<&str> = given.iter().map(|entry| entry.id.as_deref().unwrap_or_default()).collect();
    batch::check_sqs(Action::ChangeMessageVisibilityBatch, &ids, 0, &call.context.limits)?;
    let entries: Vec<Entry<'_>> =
        given.iter().map(|given| change(given.receipt_handle.as_ref(), given.visibility_timeout)).collect();
    let changes = entries.iter().flatten().map(|(handle, timeout_s)| (receipt(handle), *timeout_s)).collect();
    let Reply::Each(each) = call.queue(AskQueue::ChangeVisibility(changes)).await? else {
        return Err(call.defect());
    };
    let joined = call.joined(entries, each)?;
    call.ok(&Output::ChangeMessageVisibilityBatch(batch::sorted(outcomes(call, &ids, joined))))
}

type Said<'t> = Result<((&'t str, u32), Result<(), Rejection>), Error>;

fn outcomes<'i>(
    call: &Call<'_, '_>,
    ids: &[&'i str],
    joined: Vec<Said<'_>>,
) -> impl Iterator<Item = (&'i str, Result<DoneEntry<'i>, Error>)> {
    ids.iter().zip(joined).map(|(&id, entry)| {
        let outcome = entry.and_then(|((handle, timeout_s), said)| match said {
            Ok(()) => Ok(DoneEntry { id: id.into() }),
            Err(rejection) => Err(reject::of_receipt(&rejection, call.protocol, handle, timeout_s)),
        });
        (id, outcome)
    })
}
