//! What consumers do with messages they hold: delete them, or change when they are visible again.

use super::message::Where;
use super::receive::is_held;
use super::settings::Settings;
use super::{Queue, receipt, receipt::Sealer};
use crate::command::Receipt;
use crate::event::Event;
use crate::id::Number;
use crate::{Rejection, Timestamp, limits};

/// Decides a batch of deletes. Deleting what is gone succeeds. On a standard queue any handle of a message will do
/// (sqs 6), but a message that is on its way to another queue stays; on a FIFO queue only the handle of the last
/// receive will, and only until its visibility timeout ends (sqs 10).
pub(crate) fn decide_delete(
    queue: &Queue,
    settings: &Settings,
    receipts: &[Receipt],
    sealer: &Sealer,
) -> (Option<Event>, Vec<Result<(), Rejection>>) {
    let mut numbers = Vec::with_capacity(receipts.len());
    let answers = receipts.iter().map(|bytes| {
        let receipt = open(queue, bytes, sealer)?;
        let Some(message) = queue.messages.find(receipt.number) else { return Ok(()) };
        if settings.fifo.is_some() && !is_held(message, receipt.receive) {
            return Err(Rejection::ReceiptExpired);
        }
        if message.place != Where::Leaving && !numbers.contains(&receipt.number) {
            numbers.push(receipt.number);
        }
        Ok(())
    });
    let answers = answers.collect();
    let event = (!numbers.is_empty()).then_some(Event::Deleted { queue: queue.id, numbers });
    (event, answers)
}

/// Decides a batch of visibility changes. On a standard queue a handle stays good after its timeout passed: the message
/// is hidden again (sqs 9). On a FIFO queue it does not (sqs 10).
pub(crate) fn decide_visibility(
    queue: &Queue,
    settings: &Settings,
    now: Timestamp,
    asked: &[(Receipt, u32)],
    sealer: &Sealer,
) -> (Option<Event>, Vec<Result<(), Rejection>>) {
    let mut changes: Vec<(Number, Timestamp)> = Vec::with_capacity(asked.len());
    let answers = asked.iter().map(|(bytes, timeout_s)| {
        let receipt = open(queue, bytes, sealer)?;
        let message = queue.messages.find(receipt.number).ok_or(Rejection::MessageGone)?;
        let held = settings.fifo.is_none() || is_held(message, receipt.receive);
        if !held || message.place == Where::Leaving {
            return Err(Rejection::MessageGone);
        }
        let until = now.plus_s(*timeout_s);
        // To end the wait is always allowed, however long it has been.
        if *timeout_s > 0 && until > message.receives.last_at.plus_s(limits::VISIBILITY_S_MAX) {
            return Err(Rejection::VisibilityBeyondLimit);
        }
        changes.push((receipt.number, until));
        Ok(())
    });
    let answers = answers.collect();
    let event = (!changes.is_empty()).then_some(Event::VisibilityChanged { queue: queue.id, changes });
    (event, answers)
}

fn open(queue: &Queue, bytes: &[u8], sealer: &Sealer) -> Result<receipt::Receipt, Rejection> {
    let receipt = sealer.open(bytes).filter(|receipt| receipt.queue == queue.id);
    receipt.ok_or(Rejection::ReceiptHandleIsInvalid)
}

/// Folds visibility changes in. Numbers that are not here belong to messages that are stated later.
pub(crate) fn apply_visibility(queue: &mut Queue, now: Timestamp, changes: &[(Number, Timestamp)]) {
    for &(number, until) in changes {
        queue.messages.update(now, number, |message| {
            message.visible_at = until;
            message.place = super::send::place(now, until, message.receives);
        });
    }
}
