//! Credentials in the `Authorization` header.
//!
//! `AWS4-HMAC-SHA256 Credential=<access key id>/<scope>, SignedHeaders=<a;b;c>, Signature=<64 hex>`,
//! with the time in `X-Amz-Date`, else in `Date`.

use std::borrow::Cow;

use crate::error::AuthError;
use crate::sigv4::scope::Scope;
use crate::sigv4::{ALGORITHM, Carrier, Claim, Request, Sent};

/// The parameters of the header, as far as they are there and not empty.
#[derive(Default)]
struct Fields<'a> {
    credential: Option<&'a str>,
    signed_headers: Option<&'a str>,
    signature: Option<&'a str>,
}

/// Reads the structure of a signed request; nothing is verified.
pub(crate) fn parse<'a>(request: &Request<'a>, authorization: &'a [u8]) -> Result<Claim<'a>, AuthError> {
    let fields = std::str::from_utf8(authorization).map(split).unwrap_or_default();
    let date = request.value("x-amz-date").or_else(|| request.value("date"));
    let (Some(credential), Some(signed_headers), Some(signature), Some(date)) =
        (fields.credential, fields.signed_headers, fields.signature, date)
    else {
        return Err(incomplete(&fields, date, authorization));
    };
    Ok(Claim {
        carrier: Carrier::Header,
        scope: Scope::parse(Cow::Borrowed(credential))?,
        signed_headers: Cow::Borrowed(signed_headers),
        signature: Cow::Borrowed(signature),
        sent: Sent::parse(String::from_utf8_lossy(date))?,
        token: request.value("x-amz-security-token").filter(|token| !token.is_empty()).map(Cow::Borrowed),
    })
}

/// The credential of a header, however malformed the rest may be, of whatever algorithm.
pub(crate) fn credential(authorization: &[u8]) -> Option<&str> {
    let (_, rest) = std::str::from_utf8(authorization).ok()?.split_once("Credential=")?;
    rest.split([',', ' ']).next()
}

fn split(text: &str) -> Fields<'_> {
    let mut fields = Fields::default();
    let Some(parameters) = text.trim_start().strip_prefix(ALGORITHM) else { return fields };
    if !parameters.starts_with([' ', '\t']) {
        return fields;
    }
    for parameter in parameters.split(',') {
        let Some((name, value)) = parameter.trim_ascii().split_once('=') else { continue };
        let value = Some(value).filter(|value| !value.is_empty());
        match name {
            "Credential" => fields.credential = value,
            "SignedHeaders" => fields.signed_headers = value,
            "Signature" => fields.signature = value,
            _ => {}
        }
    }
    fields
}

fn incomplete(fields: &Fields<'_>, date: Option<&[u8]>, authorization: &[u8]) -> AuthError {
    let mut text = String::new();
    let parameters = [
        ("Credential", fields.credential),
        ("Signature", fields.signature),
        ("SignedHeaders", fields.signed_headers),
    ];
    for (name, _) in parameters.iter().filter(|(_, value)| value.is_none()) {
        text.push_str("Authorization header requires '");
        text.push_str(name);
        text.push_str("' parameter. ");
    }
    if date.is_none() {
        text.push_str(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ",
        );
    }
    text.push_str("Authorization=");
    text.push_str(&String::from_utf8_lossy(authorization));
    AuthError::Incomplete(text)
}
