//! An endpoint's URL, taken apart.
//!
//! Stricter than browsers on purpose: a host is a name or one of the two usual spellings of an address.
//! Whatever a resolver would take for an address in disguise (`0x7f.1`, `2130706433`, `0177.0.0.1`) is
//! refused here, and would meet the egress guard as an address anyway.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ::http::{HeaderValue, Uri};
use percent_encoding::percent_decode_str;

/// A host name, bytes, without a final dot (RFC 1035).
const NAME_BYTES_MAX: usize = 253;
/// One part of a host name, bytes (RFC 1035).
const LABEL_BYTES_MAX: usize = 63;

/// How an endpoint is spoken to. The same words as the subscription's protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

/// Where a connection leads to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Origin {
    pub(super) scheme: Scheme,
    pub(super) host: Host,
    pub(super) port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Host {
    /// In lower case, without a final dot.
    Name(Box<str>),
    Address(IpAddr),
}

/// A user name and a password. Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) user: Box<str>,
    pub(super) password: Box<str>,
}

/// An endpoint that can be posted to.
#[derive(Clone, Debug)]
pub struct Endpoint {
    origin: Origin,
    credentials: Option<Credentials>,
    host_header: HeaderValue,
    target: Uri,
}

/// Why a text is no endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointFlaw {
    /// Not a URL, or with characters that have to be escaped.
    #[error("not a URL")]
    Url,
    /// Neither `http` nor `https`.
    #[error("not an http or https URL")]
    Scheme,
    /// The host is neither a name nor an IP address in its usual spelling.
    #[error("the URL has no host that is a name or an IP address")]
    Host,
    /// The port is not a number from 1 to 65535.
    #[error("the URL's port is not a number from 1 to 65535")]
    Port,
    /// User name or password are not UTF-8 once their escapes are undone.
    #[error("the URL's user name and password are not UTF-8")]
    Credentials,
}

impl Endpoint {
    /// Takes a URL apart. A fragment is ignored: it never leaves a client.
    pub fn parse(url: &str) -> Result<Endpoint, EndpointFlaw> {
        let uri = Uri::from_str(url).map_err(|_| EndpointFlaw::Url)?;
        let (scheme, default_port) = match uri.scheme_str() {
            Some("http") => (Scheme::Http, 80),
            Some("https") => (Scheme::Https, 443),
            Some(_) | None => return Err(EndpointFlaw::Scheme),
        };
        let authority = uri.authority().ok_or(EndpointFlaw::Host)?.as_str();
        let (user_info, host_port) =
            authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
        let (host_text, port_text) = split_port(host_port)?;
        let host = Host::parse(host_text)?;
        let port = match port_text {
            None => default_port,
            Some(text) => port(text)?,
        };
        let host_header = HeaderValue::from_str(&shown(&host, (port != default_port).then_some(port)))
            .map_err(|_| EndpointFlaw::Host)?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        // `http://host?query` has a query and no path.
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Endpoint {
            origin: Origin { scheme, host, port },
            credentials: user_info.map(Credentials::parse).transpose()?,
            host_header,
            target: Uri::from_str(&path).map_err(|_| EndpointFlaw::Url)?,
        })
    }

    /// How it is spoken to.
    pub fn scheme(&self) -> Scheme {
        self.origin.scheme
    }

    /// The address that the host is, if it is one and not a name.
    pub fn address(&self) -> Option<IpAddr> {
        match self.origin.host {
            Host::Address(address) => Some(address),
            Host::Name(_) => None,
        }
    }

    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(super) fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// Path and query: what stands in the request line.
    pub(super) fn target(&self) -> &Uri {
        &self.target
    }

    pub(super) fn host_header(&self) -> &HeaderValue {
        &self.host_header
    }
}

impl Host {
    fn parse(text: &str) -> Result<Host, EndpointFlaw> {
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner.strip_suffix(']').ok_or(EndpointFlaw::Host)?;
            let address = Ipv6Addr::from_str(inner).map_err(|_| EndpointFlaw::Host)?;
            return Ok(Host::Address(address.into()));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        if name.len() > NAME_BYTES_MAX || !name.split('.').all(is_label) {
            return Err(EndpointFlaw::Host);
        }
        // A name whose last part is a number is an address to every resolver, or nothing.
        let last = name.rsplit('.').next().unwrap_or(name).to_ascii_lowercase();
        if last.starts_with("0x") || last.bytes().all(|byte| byte.is_ascii_digit()) {
            let address = Ipv4Addr::from_str(name).map_err(|_| EndpointFlaw::Host)?;
            return Ok(Host::Address(address.into()));
        }
        Ok(Host::Name(name.to_ascii_lowercase().into()))
    }
}

impl Credentials {
    fn parse(user_info: &str) -> Result<Credentials, EndpointFlaw> {
        let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
        let decode = |text: &str| {
            let text = percent_decode_str(text).decode_utf8().map_err(|_| EndpointFlaw::Credentials)?;
            Ok(text.into())
        };
        Ok(Credentials { user: decode(user)?, password: decode(password)? })
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(..)")
    }
}

fn is_label(label: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=LABEL_BYTES_MAX).contains(&label.len()) && label.bytes().all(allowed)
}

fn split_port(host_port: &str) -> Result<(&str, Option<&str>), EndpointFlaw> {
    let end_of_host = match host_port.rfind(']') {
        Some(bracket) => bracket + 1,
        None => host_port.find(':').unwrap_or(host_port.len()),
    };
    let (host, rest) = host_port.split_at(end_of_host);
    match rest.strip_prefix(':') {
        Some(port) => Ok((host, Some(port))),
        None if rest.is_empty() => Ok((host, None)),
        None => Err(EndpointFlaw::Host),
    }
}

fn port(text: &str) -> Result<u16, EndpointFlaw> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(EndpointFlaw::Port);
    }
    text.parse().ok().filter(|port| *port > 0).ok_or(EndpointFlaw::Port)
}

fn shown(host: &Host, port: Option<u16>) -> String {
    let host = match host {
        Host::Name(name) => name.to_string(),
        Host::Address(IpAddr::V4(address)) => address.to_string(),
        Host::Address(IpAddr::V6(address)) => format!("[{address}]"),
    };
    port.map_or(host.clone(), |port| format!("{host}:{port}"))
}
