//! Who sends by which protocol. Another protocol is another file and another arm here.

use super::attempt::{Attempted, End};
use super::http::Http;
use crate::context::Context;
use postrider_core::reply::Claimed;
use postrider_core::topic::subscription::Protocol;
use postrider_outbound::egress::Egress;
use postrider_outbound::http::{Bounds, Trust};
use std::sync::Arc;

/// One sender for each protocol that there is.
#[derive(Debug)]
pub(super) struct Senders {
    http: Http,
}

impl Senders {
    pub(super) fn new(egress: Egress, trust: Trust, bounds: Bounds) -> Senders {
        Senders { http: Http::new(egress, trust, bounds) }
    }

    /// Makes one attempt: renders what this protocol's endpoints get, and sends it. Ends within a bound of its own,
    /// and when dropped. A sender lets go of the payload when it has rendered it.
    pub(super) async fn attempt(
        &self,
        context: &Context,
        claimed: &Claimed,
        payload: Arc<[u8]>,
    ) -> Attempted {
        let protocol = claimed.subscription.endpoint.protocol();
        match protocol {
            Protocol::Http | Protocol::Https => self.http.attempt(context, claimed, payload).await,
            Protocol::Email
            | Protocol::EmailJson
            | Protocol::Sms
            | Protocol::Application
            | Protocol::Lambda
            | Protocol::Firehose
            // Queues get copies from their shards, and are never claimed.
            | Protocol::Sqs => {
                let text = format!("delivery by {} is not available in this version", protocol.as_str());
                Attempted::new(End::Unavailable, text)
            }
        }
    }
}
