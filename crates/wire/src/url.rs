//! Queue URLs: reading any form that AWS accepts, and building ours.
//!
//! Clients send the URL that they were given, through whatever host they reach us by, so only the
//! last two path segments count (spec `sqs.md` section 3). Not even the region is taken from the
//! host: it is the one that the request is signed for, as for a bare name. Only who did not sign may
//! mean the host's, which the server looks at itself.

use std::borrow::Cow;

use crate::error::{Error, sqs};
use crate::operation::Protocol;
use crate::query::unescape_percent;
use crate::text::Text;

/// What a queue URL names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueRef<'a> {
    /// The owner; `None` for a bare name, which is meant in the caller's account. Not yet judged.
    pub account: Option<Cow<'a, str>>,
    /// The name. Not yet judged.
    pub name: Cow<'a, str>,
}

/// Reads a queue URL: `<scheme>://<host>/…/<account>/<name>`, a path that ends so, or a bare name.
///
/// `None` if it has neither form, which SQS calls a queue that does not exist. Escapes (`%2E`) are
/// undone within the two segments; a broken one is left as it is, and no queue has such a name.
pub fn parse(url: &str) -> Option<QueueRef<'_>> {
    let (account, name) = segments(url)?;
    Some(QueueRef { account: account.map(unescape_percent), name: unescape_percent(name) })
}

/// The last two segments of the path, or the only one of a text without a host.
fn segments(url: &str) -> Option<(Option<&str>, &str)> {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let whole = &url[..end];
    let (path, has_host) = match whole.split_once("://") {
        Some((_, rest)) => (rest.split_once('/')?.1, true),
        None => (whole, false),
    };
    let path = path.trim_matches('/');
    match path.rsplit_once('/') {
        Some((before, name)) => {
            let account = before.rsplit('/').next().filter(|account| !account.is_empty())?;
            Some((Some(account), name))
        }
        None if has_host || path.is_empty() => None,
        None => Some((None, path)),
    }
}

/// The queue that an operation's `QueueUrl` names.
///
/// # Errors
/// `QueueDoesNotExist`, as SQS says of an absent and of a malformed one.
pub fn required<'u>(url: Option<&'u Text<'_>>, protocol: Protocol) -> Result<QueueRef<'u>, Error> {
    url.and_then(|url| parse(url)).ok_or_else(|| sqs::queue_does_not_exist(protocol))
}

/// Whether a request's path is a queue's own: at least two segments.
pub(crate) fn is_queue_path(path: &str) -> bool {
    segments(path).is_some_and(|(account, _)| account.is_some())
}

/// The URL of a queue, below `base` (scheme, host and port, without a slash at the end).
pub fn build(base: &str, account: &str, name: &str) -> String {
    format!("{base}/{account}/{name}")
}

#[cfg(test)]
mod tests;
