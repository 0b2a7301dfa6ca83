//! Signature Version 4: reading, checking and making signatures, as pure functions over bytes.
//!
//! [`parse`] reads who claims to have signed a request, [`verify`] proves it with that caller's
//! secret. Between the two the caller of this module looks the access key id up. Checks come in the
//! order structure, date, scope, (key known), signature, age, session token; so a client is told
//! about its clock or its expired token only once it has proven that it holds the secret.
//!
//! Clock: a signature holds for [`PAST_S_MAX`] after its time and from [`FUTURE_S_MAX`] before it; a
//! presigned one for the seconds that it names. Both limits belong to it.
//!
//! Cost: a signed POST without query takes one buffer, two SHA-256, one HMAC and a map look-up: 1.2 us for
//! a body of 350 bytes (`examples/verify_cost.rs`, 2-core machine).

pub(crate) mod canonical;
pub(crate) mod date;
mod header;
mod key;
mod presigned;
mod scope;
mod sign;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use aws_lc_rs::{digest, hmac};

use crate::credentials::Credential;
use crate::error::{AuthError, RequiredHeader};
use crate::identity::{Service, is_region};
use crate::sigv4::key::Found;
use crate::sigv4::scope::Scope;

pub use crate::sigv4::key::{KEYS_MAX, KeyCache};
pub use crate::sigv4::presigned::EXPIRES_S_MAX;
pub use crate::sigv4::sign::{Place, presign, sign};

/// How old a signature in a header may be, in seconds.
pub const PAST_S_MAX: i64 = 15 * 60;

/// How far ahead of the server's clock a signature may be, in seconds. AWS names this bound in the
/// message that refuses more.
pub const FUTURE_S_MAX: i64 = 5 * 60;

pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
pub(crate) const TERMINATOR: &str = "aws4_request";
const UNSIGNED_PAYLOAD: &[u8] = b"UNSIGNED-PAYLOAD";

/// A request as it was received: the first stage on its way to being executed.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The method, upper case.
    pub method: &'a str,
    /// The path as it was on the wire, still percent-encoded.
    pub path: &'a str,
    /// The query as it was on the wire, without `?`; empty if there was none.
    pub query: &'a str,
    /// All headers in the order received. Names match in any case. HTTP/2 has no `host`: give its
    /// `:authority` under that name.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The body's exact bytes.
    pub body: &'a [u8],
}

impl<'a> Request<'a> {
    fn values(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.headers
            .iter()
            .filter(move |(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| *value)
    }

    fn value(&self, name: &str) -> Option<&'a [u8]> {
        self.values(name).next()
    }
}

/// Who claims to have signed a request, not proven yet.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    carrier: Carrier<'a>,
    scope: Scope<'a>,
    signed_headers: Cow<'a, str>,
    signature: Cow<'a, str>,
    sent: Sent<'a>,
    token: Option<Cow<'a, [u8]>>,
}

/// Where the credentials of a request are.
#[derive(Clone, Debug)]
enum Carrier<'a> {
    Header,
    Presigned { expires_s: u32, content_sha256: Option<Cow<'a, str>> },
}

impl Claim<'_> {
    /// The key that the request says it was signed with.
    pub fn access_key_id(&self) -> &str {
        self.scope.access_key_id()
    }

    /// The region of the scope; well-formed.
    pub fn region(&self) -> &str {
        self.scope.region()
    }

    /// The service of the scope.
    pub fn service(&self) -> Option<Service> {
        Service::parse(self.scope.service())
    }

    fn signs(&self, header: &str) -> bool {
        self.signed_headers.split(';').any(|name| name == header)
    }
}

/// The time that a request was signed at.
#[derive(Clone, Debug)]
struct Sent<'a> {
    /// `yyyymmddThhmmssZ`
    text: Cow<'a, str>,
    at_s: i64,
}

impl<'a> Sent<'a> {
    fn parse(text: Cow<'a, str>) -> Result<Sent<'a>, AuthError> {
        if let Some(at_s) = date::parse_basic(&text) {
            return Ok(Sent { text, at_s });
        }
        match date::parse_http(&text) {
            Some(at_s) => Ok(Sent { text: Cow::Owned(date::format_basic(at_s)), at_s }),
            None => Err(AuthError::Incomplete(format!(
                "Date must be in ISO-8601 'basic format'. Got '{text}'. See http://en.wikipedia.org/wiki/ISO_8601"
            ))),
        }
    }
}

/// Reads the credentials of a request and checks their structure, date and scope. `None` if it has
/// none at all. An `Authorization` header goes before a presigned query.
///
/// `expected` is the service that the request is for, if that is known before its operation is:
/// `None` accepts both.
pub fn parse<'a>(request: &Request<'a>, expected: Option<Service>) -> Result<Option<Claim<'a>>, AuthError> {
    let claim = match request.value("authorization") {
        Some(authorization) => header::parse(request, authorization)?,
        None if presigned::is_presigned(request.query) => presigned::parse(request.query)?,
        None => return Ok(None),
    };
    claim.scope.check(&claim.sent.text, expected)?;
    if !claim.signs("host") {
        return Err(AuthError::NotSigned(RequiredHeader::Host));
    }
    if request.value("x-amz-target").is_some() && !claim.signs("x-amz-target") {
        return Err(AuthError::NotSigned(RequiredHeader::Target));
    }
    Ok(Some(claim))
}

/// Proves a claim: the signature was made over exactly this request, with this credential's secret,
/// recently. `now_s` is the server's time in Unix seconds.
pub fn verify(
    claim: &Claim<'_>,
    request: &Request<'_>,
    credential: &Credential,
    now_s: i64,
    keys: &KeyCache,
) -> Result<(), AuthError> {
    verify_either(claim, &[*request], credential, now_s, keys)
}

/// As [`verify`], where the request may have been signed as any of these; they differ in headers only.
pub(crate) fn verify_either(
    claim: &Claim<'_>,
    requests: &[Request<'_>],
    credential: &Credential,
    now_s: i64,
    keys: &KeyCache,
) -> Result<(), AuthError> {
    let signature = unhex(&claim.signature).ok_or(AuthError::Mismatch)?;
    let payload = match requests {
        [request, ..] => payload_of(claim, request)?,
        [] => return Err(AuthError::Mismatch),
    };
    let signed_with = |key: &hmac::Key| {
        let holds = |request| hmac::verify(key, &text_of(claim, request, &payload), &signature).is_ok();
        if requests.iter().any(holds) { Ok(()) } else { Err(AuthError::Mismatch) }
    };
    match keys.find_or_derive(&claim.scope, &credential.secret) {
        Found::Cached(key) => signed_with(&key)?,
        Found::Derived(key) => {
            signed_with(&key)?;
            keys.keep(&claim.scope, &credential.secret, key);
        }
    }
    check_age(claim, now_s)?;
    check_token(claim, credential, now_s)
}

/// What stands for the body in a canonical request.
enum Payload {
    /// The body is not signed.
    Unsigned,
    /// SHA-256 of the body, in hex.
    Hash([u8; 64]),
}

fn payload_of(claim: &Claim<'_>, request: &Request<'_>) -> Result<Payload, AuthError> {
    let declared = match &claim.carrier {
        Carrier::Presigned { content_sha256: Some(declared), .. } => Some(declared.as_bytes()),
        Carrier::Header | Carrier::Presigned { .. } => {
            request.value("x-amz-content-sha256").filter(|_| claim.signs("x-amz-content-sha256"))
        }
    };
    if declared == Some(UNSIGNED_PAYLOAD) {
        return Ok(Payload::Unsigned);
    }
    let hash = sha256_hex(request.body);
    if declared.is_some_and(|declared| declared != hash) {
        return Err(AuthError::Mismatch);
    }
    Ok(Payload::Hash(hash))
}

/// The string to sign of a claimed request.
fn text_of(claim: &Claim<'_>, request: &Request<'_>, payload: &Payload) -> Vec<u8> {
    let leave_out = match claim.carrier {
        Carrier::Header => None,
        Carrier::Presigned { .. } => Some(presigned::SIGNATURE),
    };
    let headers_bytes: usize = request.headers.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    let mut text = Vec::with_capacity(headers_bytes + request.path.len() + 2 * request.query.len() + 128);
    let payload = match payload {
        Payload::Unsigned => UNSIGNED_PAYLOAD,
        Payload::Hash(hash) => hash,
    };
    canonical::write_request(&mut text, request, &claim.signed_headers, leave_out, payload);
    string_to_sign(&mut text, &claim.sent.text, claim.scope.signed_text());
    text
}

/// Replaces a canonical request by its string to sign. `scope` has no access key id.
pub(crate) fn string_to_sign(text: &mut Vec<u8>, sent: &str, scope: &str) {
    let hash = sha256_hex(text);
    text.clear();
    for part in [ALGORITHM, "\n", sent, "\n", scope, "\n"] {
        text.extend_from_slice(part.as_bytes());
    }
    text.extend_from_slice(&hash);
}

fn check_age(claim: &Claim<'_>, now_s: i64) -> Result<(), AuthError> {
    let sent_s = claim.sent.at_s;
    let window_s = match claim.carrier {
        Carrier::Header => PAST_S_MAX,
        Carrier::Presigned { expires_s, .. } => i64::from(expires_s),
    };
    if now_s.saturating_sub(sent_s) > window_s {
        return Err(AuthError::Expired { sent_s, now_s, window_s });
    }
    if sent_s.saturating_sub(now_s) > FUTURE_S_MAX {
        return Err(AuthError::NotYetCurrent { sent_s, now_s, window_s: FUTURE_S_MAX });
    }
    Ok(())
}

fn check_token(claim: &Claim<'_>, credential: &Credential, now_s: i64) -> Result<(), AuthError> {
    match (&credential.session, &claim.token) {
        (None, None) => Ok(()),
        (Some(session), Some(token)) if session.token.matches(token) => {
            if now_s < session.expires_s {
                Ok(())
            } else {
                Err(AuthError::ExpiredToken)
            }
        }
        (None, Some(_)) | (Some(_), None | Some(_)) => Err(AuthError::UnknownToken),
    }
}

/// What a request's credentials say, if anything, without any proof.
#[derive(Clone, Debug)]
pub struct Hint<'a> {
    credential: Cow<'a, str>,
}

/// Reads what can be read of a request's credentials. Never fails: an open server takes any
/// signature, however broken, and only wants to know account and region.
pub fn hint<'a>(request: &Request<'a>) -> Hint<'a> {
    let credential = match request.value("authorization") {
        Some(authorization) => header::credential(authorization).map(Cow::Borrowed),
        None => presigned::credential(request.query),
    };
    Hint { credential: credential.unwrap_or_default() }
}

impl Hint<'_> {
    /// The access key id, if one is named.
    pub fn access_key_id(&self) -> Option<&str> {
        self.credential.split('/').next().filter(|id| !id.is_empty())
    }

    /// The region of the scope, if it has the form of one.
    pub fn region(&self) -> Option<&str> {
        self.credential.split('/').nth(2).filter(|region| is_region(region))
    }

    /// The service of the scope, if it is one of ours.
    pub fn service(&self) -> Option<Service> {
        self.credential.split('/').nth(3).and_then(Service::parse)
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// SHA-256 in lower-case hex.
pub(crate) fn sha256_hex(bytes: &[u8]) -> [u8; 64] {
    let hash = digest::digest(&digest::SHA256, bytes);
    let mut text = [0; 64];
    for (pair, byte) in text.chunks_exact_mut(2).zip(hash.as_ref()) {
        pair[0] = HEX[usize::from(byte >> 4)];
        pair[1] = HEX[usize::from(byte & 15)];
    }
    text
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

/// Reads a signature: exactly 64 lower-case hex digits, so that a signature has one spelling.
fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits: &[u8; 64] = text.as_bytes().try_into().ok()?;
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}
