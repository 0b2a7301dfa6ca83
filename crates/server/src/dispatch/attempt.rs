//! One attempt: sent by its protocol, counted, noted in the status log, and put into a report.

use super::Shared;
use super::capacity::SLOW_AFTER;
use super::status::Watched;
use crate::metrics::{Attempt, Fate, Reason};
use postrider_core::command::{Outcome, Report};
use postrider_core::event::Occasion;
use postrider_core::reply::Claimed;
use postrider_runtime::{Unreadable, chain};
use std::sync::Arc;
use std::time::Instant;
use tracing::{error, warn};

/// A delivery that is to be attempted, with its payload.
pub(super) struct Consignment {
    /// What, to whom, and by which policy.
    pub(super) claimed: Claimed,
    /// The payload, or why there is none.
    pub(super) payload: Result<Arc<[u8]>, Unreadable>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The endpoint took it.
    Delivered,
    /// Another attempt may do better.
    Failed,
    /// The endpoint will never take it.
    Refused,
    /// The egress guard does not let it go there.
    Forbidden,
    /// This version cannot deliver by the protocol.
    Unavailable,
}

/// What became of an attempt.
#[derive(Clone, Debug)]
pub(super) struct Attempted {
    /// How it ended.
    pub(super) end: End,
    /// The status of the answer, or what stands for it; zero without an answer.
    pub(super) status: u16,
    /// The beginning of the answer, or what went wrong. The answer is somebody else's text: not for our log.
    pub(super) response: String,
    /// What went wrong on our side, for our log. Whoever finds it leaves the saying to [`attempt`], which does not
    /// say it for every attempt.
    pub(super) fault: Option<String>,
}

impl Attempted {
    pub(super) fn new(end: End, response: impl Into<String>) -> Attempted {
        Attempted { end, status: 0, response: response.into(), fault: None }
    }

    /// What the endpoint should have got could not be had.
    pub(super) fn faulty(end: End, response: impl Into<String>, fault: String) -> Attempted {
        Attempted { fault: Some(fault), ..Attempted::new(end, response) }
    }
}

/// Makes an attempt.
pub(super) async fn attempt(shared: &Shared, consignment: Consignment) -> Report {
    let Consignment { claimed, payload } = consignment;
    let counted = &shared.context.metrics.deliveries;
    let _begun = counted.begun();
    let begun = Instant::now();
    let (attempted, watched) = match payload {
        Ok(payload) => {
            let watched = Watched::of(&claimed, &payload);
            (shared.senders.attempt(&shared.context, &claimed, payload).await, watched)
        }
        Err(unreadable) => (cannot_be_read(&unreadable), None),
    };
    let (kind, outcome) = match attempted.end {
        End::Delivered if begun.elapsed() > SLOW_AFTER => (Attempt::Delivered, Outcome::DeliveredLate),
        End::Delivered => (Attempt::Delivered, Outcome::Delivered),
        End::Failed => (Attempt::Failed, Outcome::Failed),
        End::Refused | End::Forbidden | End::Unavailable => (Attempt::Refused, Outcome::Refused),
    };
    counted.tried(kind);
    say(shared, &claimed, &attempted);
    let given_up = given_up(&claimed, attempted.end);
    if let Some(reason) = given_up
        && claimed.published.occasion != Occasion::Notice
    {
        let fate = if claimed.subscription.dead_letter.is_some() { Fate::DeadLetter } else { Fate::Dropped };
        counted.given_up(reason, fate);
    }
    if let Some(watched) = watched {
        watched.note(&shared.context.statuses, &claimed, &attempted, given_up);
    }
    Report { topic: claimed.topic, subscription: claimed.subscription.id, publication: claimed.id, outcome }
}

/// The next attempt may find the disk in a better state.
fn cannot_be_read(unreadable: &Unreadable) -> Attempted {
    Attempted::faulty(End::Failed, "the message cannot be read", chain(unreadable))
}

/// Why the delivery is at its end without having been delivered, if it is. What the shard decides may differ
/// if the policy was changed a moment ago; these are only numbers.
fn given_up(claimed: &Claimed, end: End) -> Option<Reason> {
    let is_last = || claimed.policy.schedule.delay_ms(claimed.failures.saturating_add(1)).is_none();
    match end {
        End::Delivered => None,
        End::Failed => is_last().then_some(Reason::Exhausted),
        End::Refused | End::Forbidden => Some(Reason::Refused),
        End::Unavailable => Some(Reason::Unavailable),
    }
}

/// Says what only the operator can change.
fn say(shared: &Shared, claimed: &Claimed, attempted: &Attempted) {
    let subscription = claimed.subscription.id;
    match attempted.end {
        End::Delivered | End::Failed | End::Refused if attempted.fault.is_none() => return,
        End::Delivered | End::Failed | End::Refused | End::Forbidden | End::Unavailable => {}
    }
    if !shared.quiet.may_say(subscription, Instant::now()) {
        return;
    }
    let topic = &claimed.published.topic;
    if let Some(reason) = &attempted.fault {
        error!(%topic, %subscription, reason, "a message that is owed cannot be read or shown");
    }
    let protocol = claimed.subscription.endpoint.protocol().as_str();
    match attempted.end {
        End::Delivered | End::Failed | End::Refused => {}
        End::Forbidden => warn!(
            %topic,
            %subscription,
            reason = attempted.response,
            "a delivery was not made: the setting delivery.allow names the networks that may be delivered to"
        ),
        End::Unavailable => {
            warn!(%topic, %subscription, "delivery by {protocol} is not available in this version");
        }
    }
}
