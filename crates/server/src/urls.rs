//! How this server names itself to its clients: the base of queue URLs, certificates and links.
//!
//! URLs are below what each client used to reach us, or below what the setting `url` says, which may name
//! region and account. Whatever the base is, a queue URL ends with account and name, because queues are
//! found by these two segments alone (sqs 3).
//!
//! Invariant: no host that an unknown caller named gets into what this server signs. Queue URLs are not signed, and
//! go back to the caller alone.

use crate::context::Origin;
use postrider_iam::Principal;
use postrider_wire::url;
use std::borrow::Cow;

const REGION: &str = "{region}";
const ACCOUNT: &str = "{account}";
/// What queue URLs end with; it may be left out of the setting.
const END: &str = "/{account}/{name}";

/// The setting `url`, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    /// Scheme, host and perhaps a path, without a slash at the end.
    base: Box<str>,
}

impl Template {
    /// Reads `https://sqs.example`, `http://sqs.{region}.example:4566/{account}/{name}` and the like.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub(crate) fn parse(text: &str) -> Result<Template, String> {
        let base = text.strip_suffix(END).unwrap_or(text).trim_end_matches('/');
        let host = base.strip_prefix("http://").or_else(|| base.strip_prefix("https://"));
        let plain = base.replace(REGION, "region").replace(ACCOUNT, "account");
        let is_plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'?' | b'#' | b'"' | b'<' | b'>' | b'\\');
        match host {
            None => Err("it has to look like http://sqs.example:4566".to_owned()),
            Some("") => Err("it names no host".to_owned()),
            Some(host) if host.starts_with('/') => Err("it names no host".to_owned()),
            Some(_) if base.contains("{name}") => {
                Err("{name} can only be at the end, as /{account}/{name}".to_owned())
            }
            Some(_) if plain.contains(['{', '}']) => {
                Err("the names in braces are {region}, {account}, and {name} at the end".to_owned())
            }
            Some(_) if !plain.bytes().all(is_plain) => {
                Err("it holds a character that the beginning of a URL cannot have".to_owned())
            }
            Some(_) => Ok(Template { base: base.into() }),
        }
    }

    /// The base of the URLs of an account in a region, without a slash at the end.
    pub(crate) fn base(&self, region: &str, account: &str) -> Cow<'_, str> {
        if !self.base.contains('{') {
            return Cow::Borrowed(&self.base);
        }
        Cow::Owned(self.base.replace(REGION, region).replace(ACCOUNT, account))
    }
}

/// The URLs that clients are given.
#[derive(Clone, Debug)]
pub(crate) struct Urls {
    pinned: Option<Template>,
}

impl Urls {
    /// URLs as `pinned` says, or below what each client used.
    pub(crate) fn new(pinned: Option<Template>) -> Urls {
        Urls { pinned }
    }

    /// The base of the URLs of an account in a region, without a slash at the end, that others get because of what
    /// `caller` asked for: `SigningCertURL`, `UnsubscribeURL` and `SubscribeURL` are below it. Whoever has to prove who
    /// he is and does not could otherwise have links to a host of his sent and signed.
    pub(crate) fn service_url(
        &self,
        origin: &Origin<'_>,
        caller: &Principal,
        region: &str,
        account: &str,
    ) -> String {
        match (&self.pinned, caller) {
            (None, Principal::Anonymous) => format!("http://{}", origin.local),
            (Some(_), Principal::Anonymous) | (_, Principal::Root(_) | Principal::Named { .. }) => {
                self.base(origin, region, account).into_owned()
            }
        }
    }

    /// The URL of a queue.
    pub(crate) fn queue_url(&self, origin: &Origin<'_>, region: &str, account: &str, name: &str) -> String {
        url::build(&self.base(origin, region, account), account, name)
    }

    fn base<'a>(&'a self, origin: &Origin<'a>, region: &str, account: &str) -> Cow<'a, str> {
        match &self.pinned {
            Some(template) => template.base(region, account),
            None => Cow::Borrowed(origin.scheme_and_host),
        }
    }
}

/// The region that a host names in one of the forms that AWS has: `sqs.<region>.…`, `sns.<region>.…`, also
/// with `-fips`, and `<region>.queue.…`. A port may follow.
///
/// Only what looks like a region of AWS counts, as `eu-west-1` does: `sqs.example.com` names none.
pub(crate) fn region_of_host(host: &str) -> Option<&str> {
    let host = host.split(':').next().unwrap_or_default();
    let pairs = host.split('.').zip(host.split('.').skip(1));
    let mut named = pairs.filter_map(|(first, second)| match (first, second) {
        ("sqs" | "sqs-fips" | "sns" | "sns-fips", region) => Some(region),
        (region, "queue") => Some(region),
        (_, _) => None,
    });
    named.find(|region| looks_like_region(region))
}

/// The region that the host of a URL names.
pub(crate) fn region_of_url(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    region_of_host(rest.split('/').next().unwrap_or_default())
}

/// At least three words with hyphens between, letters but for the last, which is a number.
fn looks_like_region(text: &str) -> bool {
    let mut words = text.rsplit('-');
    let number = words.next().unwrap_or_default();
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    is_number && text.matches('-').count() >= 2 && words.all(is_word) && postrider_iam::is_region(text)
}

/// An address of an endpoint without the user name and password that a URL may have.
pub(crate) fn without_password(address: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = address.split_once("://") else { return address.into() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://***@{host}{path}").into(),
        None => address.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use postrider_iam::Account;
    use std::net::{IpAddr, Ipv4Addr, SocketAddr};

    const ORIGIN: Origin<'_> = Origin {
        scheme_and_host: "http://localhost:4566",
        path: "/",
        trace_id: None,
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        local: SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)), 4566),
    };
    const OWNER: Principal = Principal::Root(Account::DEFAULT);

    fn pinned(text: &str) -> Urls {
        Urls::new(Some(Template::parse(text).unwrap()))
    }

    #[test]
    fn urls_follow_the_client() {
        let urls = Urls::new(None);
        assert_eq!(urls.service_url(&ORIGIN, &OWNER, "eu-west-1", "000000000000"), "http://localhost:4566");
        let url = urls.queue_url(&ORIGIN, "eu-west-1", "000000000000", "a");
        assert_eq!(url, "http://localhost:4566/000000000000/a");
    }

    #[test]
    fn a_stranger_does_not_choose_the_host_of_links() {
        let link = |urls: &Urls, caller| urls.service_url(&ORIGIN, caller, "eu-west-1", "000000000000");
        let urls = Urls::new(None);
        assert_eq!(link(&urls, &Principal::Anonymous), "http://192.0.2.7:4566");
        assert_eq!(link(&urls, &OWNER), "http://localhost:4566");
        assert_eq!(link(&pinned("https://sqs.example"), &Principal::Anonymous), "https://sqs.example");
        // It is told to nobody else.
        let url = urls.queue_url(&ORIGIN, "eu-west-1", "000000000000", "a");
        assert_eq!(url, "http://localhost:4566/000000000000/a");
    }

    #[test]
    fn urls_can_be_pinned() {
        for (template, base) in [
            ("https://sqs.example/", "https://sqs.example"),
            ("https://sqs.example/{account}/{name}", "https://sqs.example"),
            ("http://mq.example:1/below/", "http://mq.example:1/below"),
            ("http://sqs.{region}.example:4566/{account}/{name}", "http://sqs.eu-west-1.example:4566"),
            ("http://{account}.example/{region}", "http://000000000000.example/eu-west-1"),
        ] {
            let urls = pinned(template);
            assert_eq!(urls.service_url(&ORIGIN, &OWNER, "eu-west-1", "000000000000"), base);
            let url = urls.queue_url(&ORIGIN, "eu-west-1", "000000000000", "a");
            assert_eq!(url, format!("{base}/000000000000/a"));
        }
    }

    #[test]
    fn what_cannot_be_a_base_is_refused() {
        for (text, expected) in [
            ("sqs.example", "look like http://sqs.example:4566"),
            ("http://", "look like http://sqs.example:4566"),
            ("http:///a", "no host"),
            ("http://a/{name}", "{name} can only be at the end"),
            ("http://{name}.a/{account}/{name}", "{name} can only be at the end"),
            ("http://{zone}.a", "the names in braces are"),
            ("http://a/{account", "the names in braces are"),
            ("http://a b", "cannot have"),
            ("http://a/?x", "cannot have"),
        ] {
            let told = Template::parse(text).unwrap_err();
            assert!(told.contains(expected), "{text}: {told}");
        }
    }

    #[test]
    fn hosts_name_regions_as_those_of_aws_do() {
        for (host, region) in [
            ("sqs.eu-west-1.amazonaws.com", Some("eu-west-1")),
            ("sqs.us-gov-west-1.example.internal:4566", Some("us-gov-west-1")),
            ("sqs-fips.us-east-2.amazonaws.com", Some("us-east-2")),
            ("ap-southeast-2.queue.amazonaws.com", Some("ap-southeast-2")),
            ("vpce-1-2.sqs.eu-west-1.vpce.amazonaws.com", Some("eu-west-1")),
            ("sns.eu-central-1.localhost:4566", Some("eu-central-1")),
            ("queue.amazonaws.com", None),
            ("sqs.example.com", None),
            ("sqs.my-own-host.example", None),
            ("sqs", None),
            ("localhost:4566", None),
            ("[::1]:4566", None),
            ("eu-west-1.example", None),
        ] {
            assert_eq!(region_of_host(host), region, "{host}");
        }
        assert_eq!(region_of_url("http://sqs.eu-west-1.a:1/000000000000/q"), Some("eu-west-1"));
        assert_eq!(region_of_url("/sqs.eu-west-1.a/q"), None);
    }

    #[test]
    fn passwords_are_not_shown() {
        assert_eq!(without_password("https://u:p@h:1/a@b?c"), "https://***@h:1/a@b?c");
        assert_eq!(without_password("http://h/a@b"), "http://h/a@b");
        assert_eq!(without_password("a@b.example"), "a@b.example");
    }
}
