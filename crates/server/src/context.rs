//! What every request is answered with: the node, who is let in, URLs, limits, the signing key, the counters.
//!
//! One [`Context`] for the whole process, shared by all connections; an [`Origin`] for each request says
//! from where the client sees this server.

use crate::courier::Courier;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::signing::Signing;
use crate::statuses::Statuses;
use crate::urls::Urls;
use postrider_core::topic::retry::Schedule;
use postrider_iam::Gate;
use postrider_outbound::egress::Egress;
use postrider_runtime::Node;
use std::net::{IpAddr, SocketAddr};

/// Everything that answering a request takes.
pub(crate) struct Context {
    /// The shards.
    pub(crate) node: Node,
    /// Who is let in.
    pub(crate) gate: Gate,
    /// The key that signs notifications.
    pub(crate) signing: Signing,
    /// Renders what consumers get; remembers signatures. A new one has none.
    pub(crate) courier: Courier,
    /// How this server names itself to its clients.
    pub(crate) urls: Urls,
    /// When deliveries over HTTP are tried again whose topic and subscription say nothing.
    pub(crate) retries: Schedule,
    /// Which addresses endpoints may have.
    pub(crate) egress: Egress,
    /// What the configuration raises above the limits of AWS.
    pub(crate) limits: Limits,
    /// Counters of requests and deliveries.
    pub(crate) metrics: Metrics,
    /// What became of deliveries whose topics want it noted.
    pub(crate) statuses: Statuses,
}

/// Where a request came from, and how its sender reached us.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    /// The base URL as the client used it, `http://host:port`, without a slash at the end.
    pub(crate) scheme_and_host: &'a str,
    /// The path of the request, as it was on the wire.
    pub(crate) path: &'a str,
    /// The header `X-Amzn-Trace-Id`, which becomes the system attribute `AWSTraceHeader`.
    pub(crate) trace_id: Option<&'a str>,
    /// The client's address.
    pub(crate) peer: IpAddr,
    /// Our own address on the connection, which nobody chooses who only writes requests.
    pub(crate) local: SocketAddr,
}
