//! Credentials in the query: presigned requests.
//!
//! Names are matched exactly, the first of several counts. A repeated one is covered by the
//! signature like any other parameter.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::error::AuthError;
use crate::sigv4::scope::Scope;
use crate::sigv4::{ALGORITHM, Carrier, Claim, Sent};

/// The parameter that carries the signature and so cannot be covered by it.
pub(crate) const SIGNATURE: &str = "X-Amz-Signature";

/// Longest life of a presigned request, in seconds: 7 days.
pub const EXPIRES_S_MAX: u32 = 604_800;

/// The parameters, decoded, as far as they are there and not empty.
#[derive(Default)]
struct Fields<'a> {
    algorithm: Option<Cow<'a, str>>,
    credential: Option<Cow<'a, str>>,
    signature: Option<Cow<'a, str>>,
    signed_headers: Option<Cow<'a, str>>,
    date: Option<Cow<'a, str>>,
    expires: Option<Cow<'a, str>>,
    token: Option<Cow<'a, str>>,
    content_sha256: Option<Cow<'a, str>>,
}

/// Whether a query carries credentials at all.
pub(crate) fn is_presigned(query: &str) -> bool {
    query.contains("X-Amz-") && {
        let fields = split(query);
        fields.algorithm.is_some() || fields.credential.is_some() || fields.signature.is_some()
    }
}

/// Reads the structure of a presigned request; nothing is verified.
pub(crate) fn parse(query: &str) -> Result<Claim<'_>, AuthError> {
    let fields = split(query);
    let missing = missing(&fields);
    let Fields {
        algorithm: Some(algorithm),
        credential: Some(credential),
        signature: Some(signature),
        signed_headers: Some(signed_headers),
        date: Some(date),
        expires: Some(expires),
        token,
        content_sha256,
    } = fields
    else {
        return Err(missing);
    };
    if algorithm != ALGORITHM {
        return Err(AuthError::Incomplete(format!("Unsupported AWS 'algorithm': '{algorithm}'.")));
    }
    Ok(Claim {
        carrier: Carrier::Presigned { expires_s: parse_expires(&expires)?, content_sha256 },
        scope: Scope::parse(credential)?,
        signed_headers,
        signature,
        sent: Sent::parse(date)?,
        token: token.map(|token| match token {
            Cow::Borrowed(token) => Cow::Borrowed(token.as_bytes()),
            Cow::Owned(token) => Cow::Owned(token.into_bytes()),
        }),
    })
}

/// The credential of a query, however malformed the rest may be.
pub(crate) fn credential(query: &str) -> Option<Cow<'_, str>> {
    if query.contains("X-Amz-") { split(query).credential } else { None }
}

fn split(query: &str) -> Fields<'_> {
    let mut fields = Fields::default();
    for pair in query.split('&') {
        let Some((name, value)) = pair.split_once('=').filter(|(_, value)| !value.is_empty()) else {
            continue;
        };
        let field = match name {
            "X-Amz-Algorithm" => &mut fields.algorithm,
            "X-Amz-Credential" => &mut fields.credential,
            SIGNATURE => &mut fields.signature,
            "X-Amz-SignedHeaders" => &mut fields.signed_headers,
            "X-Amz-Date" => &mut fields.date,
            "X-Amz-Expires" => &mut fields.expires,
            "X-Amz-Security-Token" => &mut fields.token,
            "X-Amz-Content-Sha256" => &mut fields.content_sha256,
            _ => continue,
        };
        if field.is_none() {
            *field = Some(percent_decode_str(value).decode_utf8_lossy());
        }
    }
    fields
}

fn missing(fields: &Fields<'_>) -> AuthError {
    let parameters = [
        ("X-Amz-Algorithm", &fields.algorithm),
        ("X-Amz-Credential", &fields.credential),
        (SIGNATURE, &fields.signature),
        ("X-Amz-SignedHeaders", &fields.signed_headers),
        ("X-Amz-Date", &fields.date),
        ("X-Amz-Expires", &fields.expires),
    ];
    let mut text = String::new();
    for (name, _) in parameters.iter().filter(|(_, value)| value.is_none()) {
        text.push_str("AWS query-string parameters must include '");
        text.push_str(name);
        text.push_str("'. ");
    }
    text.push_str("Re-examine the query-string parameters.");
    AuthError::Incomplete(text)
}

fn parse_expires(text: &str) -> Result<u32, AuthError> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<u32>() {
        Ok(expires_s) if digits && (1..=EXPIRES_S_MAX).contains(&expires_s) => Ok(expires_s),
        Ok(_) | Err(_) => Err(AuthError::Incomplete(format!(
            "X-Amz-Expires must be a number of seconds between 1 and {EXPIRES_S_MAX}, got '{text}'."
        ))),
    }
}
