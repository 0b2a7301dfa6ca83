//! Deliveries over HTTP and HTTPS (sns 7.4, 9, 10).

use super::attempt::{Attempted, End};
use crate::context::Context;
use crate::courier::{Posted, Undeliverable};
use postrider_core::reply::Claimed;
use postrider_outbound::egress::Egress;
use postrider_outbound::http::{Attempt, Bounds, Class, Ending, Sender, Trust};
use postrider_runtime::chain;
use std::sync::Arc;

/// Sends by HTTP and HTTPS.
#[derive(Debug)]
pub(super) struct Http {
    sender: Sender,
}

impl Http {
    pub(super) fn new(egress: Egress, trust: Trust, bounds: Bounds) -> Http {
        Http { sender: Sender::new(egress, trust, bounds) }
    }

    /// Renders what the endpoint gets, and posts it.
    pub(super) async fn attempt(
        &self,
        context: &Context,
        claimed: &Claimed,
        payload: Arc<[u8]>,
    ) -> Attempted {
        let posted = context.courier.post(&context.signing, claimed, &payload).await;
        drop(payload);
        let Posted { headers, body } = match posted {
            Ok(posted) => posted,
            Err(undeliverable) => return not_rendered(&undeliverable),
        };
        let attempt = Attempt { url: claimed.subscription.endpoint.address(), headers, body };
        let outcome = self.sender.send(&attempt).await;
        let end = match outcome.ending {
            Ending::Forbidden => End::Forbidden,
            Ending::Answered(_)
            | Ending::Malformed
            | Ending::Unresolved
            | Ending::Unreachable
            | Ending::Untrusted
            | Ending::Closed
            | Ending::Garbled
            | Ending::TimedOut => match outcome.class() {
                Class::Delivered => End::Delivered,
                Class::Retryable => End::Failed,
                Class::Permanent => End::Refused,
            },
        };
        Attempted { end, status: outcome.status().unwrap_or(0), response: outcome.detail, fault: None }
    }
}

/// A payload that is none will never be one; what could not be signed was interrupted.
fn not_rendered(undeliverable: &Undeliverable) -> Attempted {
    let end = match undeliverable {
        Undeliverable::Damaged(_) | Undeliverable::Unstructured(_) => End::Refused,
        Undeliverable::Unreadable(_) | Undeliverable::Unsigned(_) => End::Failed,
    };
    Attempted::faulty(end, "the message cannot be shown", chain(undeliverable))
}
