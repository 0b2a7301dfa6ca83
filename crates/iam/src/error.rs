//! Every reason to refuse a request before its rights are looked at, with the text that AWS gives.
//!
//! The texts are made here; which code and HTTP status go with them depends on the protocol of the
//! answer and is decided where answers are encoded.

use std::fmt;

use crate::identity::Service;
use crate::sigv4::date;

/// Why a request was not authenticated. `Display` is the message of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthError {
    /// There were no credentials and nothing allows anonymous callers. SQS answers `AccessDenied`
    /// and names the endpoint or queue URL, SNS answers `MissingAuthenticationToken`. HTTP 403.
    NoCredentials {
        /// The service that was called.
        service: Service,
        /// The endpoint or queue URL that was called; printed for SQS only.
        resource: String,
    },
    /// `IncompleteSignature`, HTTP 400: the credentials cannot be made out. The text says what is
    /// missing or malformed.
    Incomplete(String),
    /// `SignatureDoesNotMatch`, HTTP 403: the scope is not one of this server. One sentence for each
    /// fault, in the order region, service, terminator, date.
    WrongScope(String),
    /// `SignatureDoesNotMatch`, HTTP 403: a header that has to be signed is not.
    NotSigned(RequiredHeader),
    /// `InvalidClientTokenId` (JSON: `UnrecognizedClientException`), HTTP 403: the access key id is
    /// not known, or the session token is not the credential's.
    UnknownToken,
    /// `SignatureDoesNotMatch` (JSON: `InvalidSignatureException`), HTTP 403.
    Mismatch,
    /// As [`AuthError::Mismatch`]: the signature is too old, or a presigned URL is past its expiry.
    Expired {
        /// When the request says it was signed, Unix seconds.
        sent_s: i64,
        /// The server's time, Unix seconds.
        now_s: i64,
        /// How long such a signature holds, in seconds.
        window_s: i64,
    },
    /// As [`AuthError::Mismatch`]: the signature is from the future.
    NotYetCurrent {
        /// When the request says it was signed, Unix seconds.
        sent_s: i64,
        /// The server's time, Unix seconds.
        now_s: i64,
        /// How far ahead a client's clock may be, in seconds.
        window_s: i64,
    },
    /// `ExpiredToken`, HTTP 403: the temporary credential has ended.
    ExpiredToken,
}

/// Headers that a signature has to cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequiredHeader {
    /// `Host`, always: else a request could be sent on to another server.
    Host,
    /// `X-Amz-Target`, where there is one: it says which operation is asked for.
    Target,
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AuthError::NoCredentials { service: Service::Sqs, resource } => {
                write!(f, "Access to the resource {resource} is denied.")
            }
            AuthError::NoCredentials { service: Service::Sns, .. } => {
                f.write_str("Request is missing Authentication Token")
            }
            AuthError::Incomplete(text) | AuthError::WrongScope(text) => f.write_str(text),
            AuthError::NotSigned(RequiredHeader::Host) => {
                f.write_str("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
            }
            AuthError::NotSigned(RequiredHeader::Target) => {
                f.write_str("'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.")
            }
            AuthError::UnknownToken => f.write_str("The security token included in the request is invalid."),
            AuthError::Mismatch => f.write_str(
                "The request signature we calculated does not match the signature you provided. Check your \
                 AWS Secret Access Key and signing method. Consult the service documentation for details.",
            ),
            AuthError::Expired { sent_s, now_s, window_s } => {
                let (sent, now, limit) = times(*sent_s, *now_s, now_s.saturating_sub(*window_s));
                let window = Window(*window_s);
                write!(f, "Signature expired: {sent} is now earlier than {limit} ({now} - {window})")
            }
            AuthError::NotYetCurrent { sent_s, now_s, window_s } => {
                let (sent, now, limit) = times(*sent_s, *now_s, now_s.saturating_add(*window_s));
                let window = Window(*window_s);
                write!(f, "Signature not yet current: {sent} is still later than {limit} ({now} + {window})")
            }
            AuthError::ExpiredToken => f.write_str("The security token included in the request is expired"),
        }
    }
}

impl std::error::Error for AuthError {}

fn times(sent_s: i64, now_s: i64, limit_s: i64) -> (String, String, String) {
    (date::format_basic(sent_s), date::format_basic(now_s), date::format_basic(limit_s))
}

/// A duration as the messages print it: `15 min.`, and seconds where minutes do not come out even.
struct Window(i64);

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 % 60 == 0 { write!(f, "{} min.", self.0 / 60) } else { write!(f, "{} sec.", self.0) }
    }
}
