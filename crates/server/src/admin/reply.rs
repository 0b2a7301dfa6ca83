//! How the admin pages answer: text, JSON, and problems as JSON.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use postrider_runtime::Unanswered;
use serde::Serialize;
use std::borrow::Cow;

/// Why there is no page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    status: u16,
    error: Cow<'static, str>,
}

impl Problem {
    /// The path leads nowhere.
    pub(super) const NO_SUCH_PAGE: Problem = Problem::new(404, "there is no such page");
    /// The queue is not there.
    pub(super) const NO_SUCH_QUEUE: Problem = Problem::new(404, "there is no such queue");
    /// The method is not GET or HEAD.
    pub(super) const ONLY_LOOKS: Problem = Problem::new(405, "the admin pages can only be looked at");
    /// The log is being read, or closed.
    pub(super) const NOT_READY: Problem = Problem::new(503, "the server is starting or ending");
    /// Other machines may reach this listener.
    pub(super) const CLOSED_TO_STRANGERS: Problem = Problem::new(
        403,
        "other machines can reach this listener, which asks nobody for credentials: it shows queues and \
         messages only with admin_listen on loopback, or with insecure_open",
    );
    /// The resource changed again and again while it was looked at.
    pub(super) const RESTLESS: Problem = Problem::new(503, "the queue or topic keeps changing; try again");
    /// The shard does not take it now, since its disk is full.
    pub(super) const NOT_DONE: Problem = Problem::new(503, "the server has no space left; try again");
    /// The server is at fault; the log says why.
    pub(super) const DEFECT: Problem = Problem::new(500, "the server has a defect; see the log");
    /// A message could not be read; the log says why.
    pub(super) const UNREADABLE: Problem = Problem::new(500, "a message cannot be read; see the log");

    const fn new(status: u16, error: &'static str) -> Problem {
        Problem { status, error: Cow::Borrowed(error) }
    }

    /// A parameter is wrong.
    pub(super) fn parameter(name: &str, text: &str) -> Problem {
        Problem { status: 400, error: Cow::Owned(format!("{name}: {text}")) }
    }

    pub(super) fn into_response(self) -> Response<Full<Bytes>> {
        #[derive(Serialize)]
        struct Told<'a> {
            error: &'a str,
        }
        json(self.status, &Told { error: &self.error })
    }
}

impl From<Unanswered> for Problem {
    fn from(unanswered: Unanswered) -> Problem {
        Problem { status: 503, error: Cow::Owned(unanswered.to_string()) }
    }
}

/// A page of text.
pub(super) fn plain(status: u16, text: &'static str) -> Response<Full<Bytes>> {
    page(status, "text/plain; charset=utf-8", text)
}

/// A page of JSON.
pub(super) fn json(status: u16, value: &impl Serialize) -> Response<Full<Bytes>> {
    let text = serde_json::to_vec(value).expect("pages are structs with plain values");
    page(status, "application/json", text)
}

/// A page of anything.
pub(super) fn page(status: u16, mime: &'static str, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = StatusCode::from_u16(status).expect("a status of ours");
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(mime));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
