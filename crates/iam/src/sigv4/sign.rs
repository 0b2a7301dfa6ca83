//! Making signatures: the same rules in the other direction.
//!
//! Used for calls that leave the server, and by tests and benchmarks as the client.

use crate::credentials::Credential;
use crate::sigv4::canonical::{write_encoded, write_request};
use crate::sigv4::{ALGORITHM, Request, TERMINATOR, date, key, presigned, sha256_hex, string_to_sign};

/// Where a signature is valid.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// For example `us-east-1`.
    pub region: &'a str,
    /// The signing name of a service, for example `sqs`.
    pub service: &'a str,
}

/// Signs a request and returns the headers to add to it: `x-amz-date`, for a temporary credential
/// `x-amz-security-token`, and `authorization`.
///
/// All headers of the request are covered, so give only those that arrive unchanged; `host` must be
/// among them.
pub fn sign(
    request: &Request<'_>,
    credential: &Credential,
    place: Place<'_>,
    now_s: i64,
) -> Vec<(&'static str, String)> {
    let sent = date::format_basic(now_s);
    let mut added = vec![("x-amz-date", sent.clone())];
    if let Some(session) = &credential.session {
        added.push(("x-amz-security-token", session.token.expose().to_owned()));
    }
    let mut headers = request.headers.to_vec();
    headers.extend(added.iter().map(|(name, value)| (*name, value.as_bytes())));
    let signed = Request { headers: &headers, ..*request };
    let names = signed_headers(&signed);
    let scope = scope(&sent, place);
    let signature = signature(&signed, credential, place, &names, &sent);
    let authorization = format!(
        "{ALGORITHM} Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
        credential.access_key_id
    );
    added.push(("authorization", authorization));
    added
}

/// Signs a request for later use by whoever holds it and returns its whole query: the request's own
/// and the `X-Amz-…` parameters. All headers of the request are covered; `host` must be among them.
/// `expires_s` is how long it holds, 1 to [`crate::sigv4::EXPIRES_S_MAX`].
pub fn presign(
    request: &Request<'_>,
    credential: &Credential,
    place: Place<'_>,
    now_s: i64,
    expires_s: u32,
) -> String {
    let sent = date::format_basic(now_s);
    let names = signed_headers(request);
    let full_credential = format!("{}/{}", credential.access_key_id, scope(&sent, place));
    let expires = expires_s.to_string();
    let mut parameters = vec![
        ("X-Amz-Algorithm", ALGORITHM),
        ("X-Amz-Credential", &full_credential),
        ("X-Amz-Date", &sent),
        ("X-Amz-Expires", &expires),
        ("X-Amz-SignedHeaders", &names),
    ];
    if let Some(session) = &credential.session {
        parameters.push(("X-Amz-Security-Token", session.token.expose()));
    }
    let mut query = request.query.as_bytes().to_vec();
    for (name, value) in parameters {
        if !query.is_empty() {
            query.push(b'&');
        }
        query.extend_from_slice(name.as_bytes());
        query.push(b'=');
        value.bytes().for_each(|byte| write_encoded(&mut query, byte));
    }
    let mut query = String::from_utf8(query).expect("a query in UTF-8 and percent-encoded ASCII");
    let signed = Request { query: &query, ..*request };
    let signature = signature(&signed, credential, place, &names, &sent);
    query.push('&');
    query.push_str(presigned::SIGNATURE);
    query.push('=');
    query.push_str(&signature);
    query
}

fn signed_headers(request: &Request<'_>) -> String {
    let mut names: Vec<String> = request.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    names.sort_unstable();
    names.dedup();
    names.join(";")
}

fn scope(sent: &str, place: Place<'_>) -> String {
    format!("{}/{}/{}/{TERMINATOR}", &sent[..8], place.region, place.service)
}

fn signature(
    request: &Request<'_>,
    credential: &Credential,
    place: Place<'_>,
    names: &str,
    sent: &str,
) -> String {
    let declared = request.value("x-amz-content-sha256");
    let hash = sha256_hex(request.body);
    let payload = declared.unwrap_or(&hash);
    let mut text = Vec::new();
    write_request(&mut text, request, names, None, payload);
    string_to_sign(&mut text, sent, &scope(sent, place));
    let key = key::derive(&credential.secret, &sent[..8], place.region, place.service);
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &key);
    super::hex(aws_lc_rs::hmac::sign(&key, &text).as_ref())
}
