//! Looking at the messages of a queue without receiving them, as people know it from LocalStack.
//!
//! A message looks as its consumer would get it, with all its attributes, but for its receipt handle, which
//! is none. Nothing changes: no count, no timeout, no order. An answer has bounds of its own, since a queue
//! has none: it holds the messages that were sent first.

use super::{Answered, Call};
use crate::courier::{Parcel, Undeliverable, Wanted};
use crate::reject::Refused;
use postrider_core::command::AskQueue;
use postrider_core::id::GroupKey;
use postrider_core::queue::receipt;
use postrider_core::reply::{Delivery, Peeked, Where};
use postrider_core::{Reply, limits};
use postrider_wire::attribute::{Selection, SystemSelection};
use postrider_wire::sqs::{ReceiveMessageOutput, ReceivedMessage};
use postrider_wire::{Output, Text};
use std::collections::BTreeSet;
use tracing::error;

/// Messages of one answer.
const SHOWN_MAX: usize = 1_000;
/// Messages that are gone through for one answer.
const SEEN_MAX: usize = 10_000;
/// Payloads that are read for one answer, bytes.
const READ_BYTES_MAX: usize = 16 << 20;
/// What stands for a receipt handle: no queue takes it. LocalStack's word.
const NO_RECEIPT: &str = "SQS/BACKDOOR/ACCESS";

/// Which messages somebody who looks wants to see besides those that are available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// Those in flight, and those of message groups that are held back by one.
    pub(crate) invisible: Show,
    /// Those whose delay has not passed.
    pub(crate) delayed: Show,
}

/// Whether something is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Show {
    /// It is.
    Yes,
    /// It is not.
    No,
}

/// Where a message is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Available,
    InFlight,
    Delayed,
    /// Something earlier of its message group is in flight or delayed.
    HeldBack,
}

/// A message that is shown.
struct Seen {
    delivery: Delivery,
    parcel: Parcel,
    state: State,
}

pub(super) async fn messages<'r>(call: &Call<'_, 'r>, look: Look) -> Answered<'r> {
    let names = std::iter::once(Text::from("All")).collect();
    let wanted = Wanted {
        queue: &call.subject.arn,
        system: SystemSelection::all(),
        attributes: Selection::new(Some(&names)),
    };
    let seen = seen(call, look).await?;
    let shown = seen.iter().filter_map(|seen| told(call, shown(seen, look, &wanted)));
    call.ok(&Output::ReceiveMessage(ReceiveMessageOutput { messages: shown.collect() }))
}

/// The messages that somebody wants to see, in the order in which they were sent.
///
/// Payloads of others are not read: nobody sees them, and they may be many.
async fn seen(call: &Call<'_, '_>, look: Look) -> Result<Vec<Seen>, Refused> {
    let is_fifo = call.subject.arn.is_fifo();
    let (mut seen, mut held_back) = (Vec::new(), BTreeSet::new());
    let (mut after, mut gone_through, mut bytes) = (0, 0, 0);
    loop {
        let answer = call.ask_queue(AskQueue::Peek { after, max: limits::PEEK_MAX }).await?;
        let peeked = match &answer.result {
            Ok(Reply::Peeked(peeked)) => peeked,
            Ok(_) => return Err(call.defect()),
            Err(rejection) => return Err(call.refused(rejection)),
        };
        for message in peeked {
            let group = message.group.filter(|_| is_fifo);
            let state = in_group(state(message), group, &mut held_back);
            if !is_shown(state, look) {
                continue;
            }
            bytes += message.content.body().size as usize;
            let opened = call.context.courier.open(&call.context.signing, &answer, message).await;
            if let Some(parcel) = told(call, opened) {
                let delivery = Delivery { receipt: [0; receipt::BYTES], message: message.clone() };
                seen.push(Seen { delivery, parcel, state });
            }
            if seen.len() == SHOWN_MAX || bytes >= READ_BYTES_MAX {
                return Ok(seen);
            }
        }
        gone_through += peeked.len();
        match peeked.last() {
            Some(last) if gone_through < SEEN_MAX => after = last.number,
            Some(_) | None => return Ok(seen),
        }
    }
}

fn state(message: &Peeked) -> State {
    match message.place {
        Where::Available => State::Available,
        // What is on its way to another shard stays here until it has arrived there.
        Where::InFlight | Where::Leaving => State::InFlight,
        Where::Delayed => State::Delayed,
    }
}

/// In a message group of a FIFO queue nothing is available behind what is not (sqs 10).
fn in_group(state: State, group: Option<GroupKey>, held_back: &mut BTreeSet<GroupKey>) -> State {
    let Some(group) = group else { return state };
    match state {
        State::Available if held_back.contains(&group) => State::HeldBack,
        State::InFlight | State::Delayed => {
            held_back.insert(group);
            state
        }
        State::Available | State::HeldBack => state,
    }
}

fn is_shown(state: State, look: Look) -> bool {
    match state {
        State::Available => true,
        State::InFlight | State::HeldBack => look.invisible == Show::Yes,
        State::Delayed => look.delayed == Show::Yes,
    }
}

/// A message as its consumer would get it, with LocalStack's two attributes for those who asked for more than
/// what is available.
fn shown<'s>(seen: &'s Seen, look: Look, wanted: &Wanted<'_>) -> Result<ReceivedMessage<'s>, Undeliverable> {
    let mut message = seen.parcel.render(&seen.delivery, wanted)?;
    message.receipt_handle = NO_RECEIPT.into();
    let word = |is: bool| if is { "true" } else { "false" };
    if look.invisible == Show::Yes {
        let is_visible = word(seen.state == State::Available);
        message.attributes.push(("IsVisible".into(), is_visible.into()));
    }
    if look.delayed == Show::Yes {
        message.attributes.push(("IsDelayed".into(), word(seen.state == State::Delayed).into()));
    }
    Ok(message)
}

/// One message that cannot be read must not hide its neighbours.
fn told<T>(call: &Call<'_, '_>, read: Result<T, Undeliverable>) -> Option<T> {
    match read {
        Ok(read) => Some(read),
        Err(fault) => {
            let (queue, fault) = (call.subject.arn.as_str(), postrider_runtime::chain(&fault));
            error!(queue, fault, "a message could not be read");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_held_back_behind_what_is_not_available() {
        let mut held_back = BTreeSet::new();
        let mut state = |state, group: Option<&str>| in_group(state, group.map(GroupKey::of), &mut held_back);
        assert_eq!(state(State::Available, Some("a")), State::Available);
        assert_eq!(state(State::InFlight, Some("a")), State::InFlight);
        assert_eq!(state(State::Available, Some("a")), State::HeldBack);
        assert_eq!(state(State::Available, Some("b")), State::Available);
        assert_eq!(state(State::Delayed, Some("b")), State::Delayed);
        assert_eq!(state(State::Available, Some("b")), State::HeldBack);
        assert_eq!(state(State::Available, None), State::Available);
    }

    #[test]
    fn by_default_what_is_available_is_shown() {
        let look = |invisible, delayed| Look { invisible, delayed };
        let all = [State::Available, State::InFlight, State::Delayed, State::HeldBack];
        let shown = |look| all.map(|state| is_shown(state, look));
        assert_eq!(shown(look(Show::No, Show::No)), [true, false, false, false]);
        assert_eq!(shown(look(Show::Yes, Show::No)), [true, true, false, true]);
        assert_eq!(shown(look(Show::No, Show::Yes)), [true, false, true, false]);
    }
}
