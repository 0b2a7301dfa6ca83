//! How an attempt ended, and what that means for the delivery (sns 10).

use ::http::HeaderValue;
use std::error::Error;
use std::fmt::Write as _;

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub ending: Ending,
    /// How long it took, milliseconds.
    pub dwell_ms: u64,
    /// The beginning of the endpoint's answer if there was one, else what went wrong. Printable, at most
    /// as long as [`Bounds::answer_bytes_max`](super::Bounds::answer_bytes_max) allows. An answer is
    /// somebody else's text: not for our log.
    pub detail: String,
}

impl Outcome {
    /// The status of the answer, if there was one.
    pub fn status(&self) -> Option<u16> {
        self.ending.status()
    }

    /// What this means for the delivery.
    pub fn class(&self) -> Class {
        self.ending.class()
    }
}

/// What an ending means for the delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// It is done.
    Delivered,
    /// Another attempt may succeed: the trouble is on the endpoint's side, or on the way.
    Retryable,
    /// No attempt will succeed: to the dead-letter queue, or dropped.
    Permanent,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// The endpoint answered with this status.
    Answered(u16),
    /// The URL is none that can be posted to.
    Malformed,
    /// The egress guard refused every address that the endpoint has.
    Forbidden,
    /// The name has no address, or could not be looked up.
    Unresolved,
    /// No address took the connection.
    Unreachable,
    /// TLS was not agreed on: certificate, name, version.
    Untrusted,
    /// The connection was lost before there was an answer.
    Closed,
    /// What came back is not HTTP, or is more of it than an answer's head may have.
    Garbled,
    /// The attempt's time was over.
    TimedOut,
}

impl Ending {
    /// The status of the answer, if there was one.
    pub fn status(self) -> Option<u16> {
        match self {
            Ending::Answered(status) => Some(status),
            Ending::Malformed
            | Ending::Forbidden
            | Ending::Unresolved
            | Ending::Unreachable
            | Ending::Untrusted
            | Ending::Closed
            | Ending::Garbled
            | Ending::TimedOut => None,
        }
    }

    /// What this means for the delivery. Trouble of connection, name, TLS or time, 5xx and 429 may pass;
    /// other 4xx and redirects will not (sns 10). What is no HTTP status of a final answer at all is
    /// trouble of the endpoint's.
    pub fn class(self) -> Class {
        match self {
            Ending::Answered(200..=299) => Class::Delivered,
            Ending::Answered(429) => Class::Retryable,
            Ending::Answered(300..=499) | Ending::Malformed | Ending::Forbidden => Class::Permanent,
            Ending::Answered(_)
            | Ending::Unresolved
            | Ending::Unreachable
            | Ending::Untrusted
            | Ending::Closed
            | Ending::Garbled
            | Ending::TimedOut => Class::Retryable,
        }
    }
}

/// An answer, as far as it was read.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) text: String,
    /// `WWW-Authenticate` of a 401.
    pub(super) challenges: Vec<HeaderValue>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) ending: Ending,
    pub(super) detail: String,
}

impl Failure {
    pub(super) fn new(ending: Ending, detail: impl Into<String>) -> Failure {
        Failure { ending, detail: detail.into() }
    }

    /// A failure with the error that it came from, and what that came from.
    pub(super) fn caused(ending: Ending, error: &dyn Error) -> Failure {
        let mut detail = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            // Writing to a string cannot fail.
            let _ = write!(detail, ": {inner}");
            source = inner.source();
        }
        Failure { ending, detail }
    }

    pub(super) fn timed_out(step: &str) -> Failure {
        Failure::new(Ending::TimedOut, format!("the time was over while {step}"))
    }
}

/// The readable beginning of a body: no control characters, which could forge lines wherever it is shown.
pub(super) fn printable(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
