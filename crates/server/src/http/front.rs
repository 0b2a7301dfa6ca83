//! How a client reached us: by which scheme and host, directly or through a proxy that tells.
//!
//! `X-Forwarded-Host`, `-Proto` and `-Port` are believed if the connection comes from a trusted proxy, and
//! mean nothing otherwise: anybody can send them. Of a list the last element counts, and of several headers
//! the last one: that is what the proxy before us wrote, whatever it had been given.

use super::Ends;
use crate::config::{Config, Network};
use crate::urls::region_of_host;
use http::header::{HOST, HeaderName};
use http::request::Parts;
use std::borrow::Cow;
use std::net::IpAddr;

const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");

/// What the server looks like from outside.
#[derive(Clone, Debug)]
pub(crate) struct Front {
    pub(super) proxies: Vec<Network>,
    pub(super) region: Box<str>,
    /// Whether LocalStack's own paths are answered.
    pub(super) localstack: Localstack,
}

/// Whether there are LocalStack's own paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Localstack {
    /// There are.
    Served,
    /// They are paths like any other.
    Absent,
}

impl Front {
    /// As it is configured.
    pub(crate) fn of(config: &Config) -> Front {
        Front {
            proxies: config.trusted_proxies.clone(),
            region: config.region.as_str().into(),
            localstack: if config.extensions.localstack { Localstack::Served } else { Localstack::Absent },
        }
    }

    fn trusts(&self, peer: IpAddr) -> bool {
        self.proxies.iter().any(|network| network.contains(peer))
    }

    /// The region of a request that was not signed: that of the host that the client used, or else the
    /// configured one.
    pub(super) fn region<'r>(&'r self, reached: &'r Reached<'_>) -> &'r str {
        region_of_host(&reached.authority).unwrap_or(&self.region)
    }

    /// How the client of a request reached us.
    pub(super) fn reached<'p>(&self, parts: &'p Parts, ends: Ends) -> Reached<'p> {
        let arrived = host(parts);
        let host = match arrived.filter(|host| is_authority(host)) {
            Some(host) => Cow::Borrowed(host),
            None => Cow::Owned(ends.local.to_string()),
        };
        if !self.trusts(ends.peer) {
            return Reached { scheme: "http", authority: host, by: By::Itself };
        }
        let scheme = match last(parts, &FORWARDED_PROTO) {
            Some(proto) if proto.eq_ignore_ascii_case("https") => "https",
            Some(_) | None => "http",
        };
        let forwarded = last(parts, &FORWARDED_HOST).filter(|host| is_authority(host));
        let authority = forwarded.map_or(host, Cow::Borrowed);
        let port = last(parts, &FORWARDED_PORT).and_then(|port| port.parse::<u16>().ok());
        let usual = if scheme == "https" { 443 } else { 80 };
        let authority = match port.filter(|port| *port != usual && !names_port(&authority)) {
            Some(port) => Cow::Owned(format!("{authority}:{port}")),
            None => authority,
        };
        let by = if arrived == Some(&*authority) { By::Itself } else { By::Proxy };
        Reached { scheme, authority, by }
    }
}

/// How a client reached us.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reached<'p> {
    scheme: &'static str,
    /// Host and perhaps a port.
    pub(super) authority: Cow<'p, str>,
    /// On whose word.
    pub(super) by: By,
}

/// Whose word it is which host a client used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// The client's own.
    Itself,
    /// That of a trusted proxy, and it is another host than the one that arrived.
    Proxy,
}

impl Reached<'_> {
    /// The base URL as the client used it, without a slash at the end.
    pub(super) fn base(&self) -> String {
        format!("{}://{}", self.scheme, self.authority)
    }
}

/// The host that a request names; HTTP/2 has it in the URI.
pub(super) fn host(parts: &Parts) -> Option<&str> {
    let header = parts.headers.get(HOST).and_then(|value| value.to_str().ok());
    header.or_else(|| parts.uri.authority().map(|authority| authority.as_str()))
}

/// The last element of a header that may be a list.
fn last<'p>(parts: &'p Parts, name: &HeaderName) -> Option<&'p str> {
    let value = parts.headers.get_all(name).iter().next_back()?.to_str().ok()?;
    value.rsplit(',').next().map(str::trim).filter(|value| !value.is_empty())
}

/// Whether a text can stand between `http://` and a path.
fn is_authority(text: &str) -> bool {
    let stands =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']');
    !text.is_empty() && text.bytes().all(stands)
}

fn names_port(authority: &str) -> bool {
    authority.rsplit(']').next().is_some_and(|after| after.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    const PEER: &str = "10.1.2.3";

    fn reached(trusted: &str, headers: &[(&str, &str)]) -> String {
        reading(trusted, headers, |reached| reached.base())
    }

    fn reading<T>(trusted: &str, headers: &[(&str, &str)], read: impl Fn(&Reached<'_>) -> T) -> T {
        let mut request = Request::builder().uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let proxies = trusted.split(' ').filter(|text| !text.is_empty()).map(|text| text.parse().unwrap());
        let front = Front { proxies: proxies.collect(), region: "r".into(), localstack: Localstack::Absent };
        let ends = Ends { peer: PEER.parse().unwrap(), local: "127.0.0.1:4566".parse().unwrap() };
        read(&front.reached(&parts, ends))
    }

    #[test]
    fn a_client_is_believed_what_host_it_used_and_nothing_else() {
        let told = [
            ("host", "mq:4566"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-port", "1"),
        ];
        assert_eq!(reached("", &told), "http://mq:4566");
        assert_eq!(reached("10.1.2.4 10.9.0.0/16", &told), "http://mq:4566");
        assert_eq!(reached("", &[]), "http://127.0.0.1:4566");
        assert_eq!(reached("", &[("host", "a/b?c")]), "http://127.0.0.1:4566");
    }

    #[test]
    fn a_trusted_proxy_is_believed_more() {
        let through =
            |headers: &[(&str, &str)]| reached("10.0.0.0/8", &[&[("host", "mq:4566")], headers].concat());
        assert_eq!(through(&[]), "http://mq:4566");
        assert_eq!(through(&[("x-forwarded-proto", "HTTPS")]), "https://mq:4566");
        assert_eq!(through(&[("x-forwarded-proto", "gopher")]), "http://mq:4566");
        assert_eq!(
            through(&[("x-forwarded-host", "sqs.example"), ("x-forwarded-proto", "https")]),
            "https://sqs.example"
        );
        assert_eq!(through(&[("x-forwarded-host", "evil.example, sqs.example")]), "http://sqs.example");
        assert_eq!(
            through(&[("x-forwarded-host", "evil.example"), ("x-forwarded-host", "sqs.example")]),
            "http://sqs.example"
        );
        assert_eq!(through(&[("x-forwarded-host", "sqs.example/x")]), "http://mq:4566");
    }

    #[test]
    fn only_another_host_than_the_one_that_arrived_is_a_proxys_word() {
        let by = |trusted: &str, forwarded: &str| {
            let told = [("host", "mq:4566"), ("x-forwarded-host", forwarded)];
            reading(trusted, &told, |reached| reached.by)
        };
        assert_eq!(by(PEER, "sqs.example"), By::Proxy);
        assert_eq!(by(PEER, "mq:4566"), By::Itself);
        assert_eq!(by(PEER, ""), By::Itself);
        assert_eq!(by("", "sqs.example"), By::Itself);
    }

    #[test]
    fn a_forwarded_port_counts_where_the_host_has_none() {
        let through = |host: &str, proto: &str, port: &str| {
            let told = [("host", host), ("x-forwarded-proto", proto), ("x-forwarded-port", port)];
            reached(PEER, &told)
        };
        assert_eq!(through("a", "https", "8443"), "https://a:8443");
        assert_eq!(through("a", "https", "443"), "https://a");
        assert_eq!(through("a", "http", "80"), "http://a");
        assert_eq!(through("a:1", "https", "8443"), "https://a:1");
        assert_eq!(through("[::1]", "https", "8443"), "https://[::1]:8443");
        assert_eq!(through("[::1]:1", "https", "8443"), "https://[::1]:1");
        assert_eq!(through("a", "http", "many"), "http://a");
    }
}
