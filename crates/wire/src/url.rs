//! Queue URLs: reading any form that AWS accepts, and building ours.
//!
//! Clients send the URL that they were given, through whatever host they reach us by, so only the
//! last two path segments count (spec `sqs.md` section 3).

use crate::error::{Error, sqs};
use crate::operation::Protocol;
use crate::text::Text;

/// What a queue URL names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueRef<'a> {
    /// The owner; `None` for a bare name, which is meant in the caller's account.
    pub account: Option<&'a str>,
    /// The name. Not yet judged.
    pub name: &'a str,
}

/// Reads a queue URL: `<scheme>://<host>/…/<account>/<name>`, a path that ends so, or a bare name.
///
/// `None` if it has neither form, which SQS calls a queue that does not exist.
pub fn parse(url: &str) -> Option<QueueRef<'_>> {
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
            Some(QueueRef { account: Some(account), name })
        }
        None if has_host || path.is_empty() => None,
        None => Some(QueueRef { account: None, name: path }),
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
    parse(path).is_some_and(|queue| queue.account.is_some())
}

/// The URL of a queue, below `base` (scheme, host and port, without a slash at the end).
pub fn build(base: &str, account: &str, name: &str) -> String {
    format!("{base}/{account}/{name}")
}

#[cfg(test)]
mod tests;
