//! What every request is answered with: the node, who is let in, URLs, the signing key, the counters.
//!
//! One [`Context`] for the whole process, shared by all connections; an [`Origin`] for each request says
//! from where the client sees this server.

use crate::courier::Courier;
use crate::metrics::Metrics;
use crate::signing::Signing;
use postrider_iam::Gate;
use postrider_runtime::Node;
use postrider_wire::url;
use std::net::IpAddr;

/// Everything that answering a request takes.
pub(crate) struct Context {
    /// The shards.
    pub(crate) node: Node,
    /// Who is let in.
    pub(crate) gate: Gate,
    /// The key that signs notifications.
    pub(crate) signing: Signing,
    /// Renders what consumers get; remembers signatures. `Courier::default()` to begin with.
    pub(crate) courier: Courier,
    /// How this server names itself to its clients.
    pub(crate) urls: Urls,
    /// Counters of requests.
    pub(crate) metrics: Metrics,
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
}

/// The URLs that clients are given: below the configured base, or else below the one they used.
#[derive(Clone, Debug)]
pub(crate) struct Urls {
    pinned: Option<Box<str>>,
}

impl Urls {
    /// URLs below `pinned`, or below what each client used.
    pub(crate) fn new(pinned: Option<&str>) -> Urls {
        Urls { pinned: pinned.map(|base| base.trim_end_matches('/').into()) }
    }

    /// The base of all URLs, without a slash at the end. `SigningCertURL` and `UnsubscribeURL` are below it.
    pub(crate) fn service_url(&self, origin: &Origin<'_>) -> String {
        self.base(origin).to_owned()
    }

    /// The URL of a queue.
    pub(crate) fn queue_url(&self, origin: &Origin<'_>, account: &str, name: &str) -> String {
        url::build(self.base(origin), account, name)
    }

    fn base<'a>(&'a self, origin: &Origin<'a>) -> &'a str {
        self.pinned.as_deref().unwrap_or(origin.scheme_and_host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const ORIGIN: Origin<'_> = Origin {
        scheme_and_host: "http://localhost:4566",
        path: "/",
        trace_id: None,
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
    };

    #[test]
    fn urls_follow_the_client() {
        let urls = Urls::new(None);
        assert_eq!(urls.service_url(&ORIGIN), "http://localhost:4566");
        assert_eq!(urls.queue_url(&ORIGIN, "000000000000", "a"), "http://localhost:4566/000000000000/a");
    }

    #[test]
    fn urls_can_be_pinned() {
        let urls = Urls::new(Some("https://sqs.example/"));
        assert_eq!(urls.service_url(&ORIGIN), "https://sqs.example");
        assert_eq!(urls.queue_url(&ORIGIN, "000000000000", "a"), "https://sqs.example/000000000000/a");
    }
}
