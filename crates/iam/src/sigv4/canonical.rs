//! The canonical request: the bytes that a signature really covers.
//!
//! ```text
//! POST                                     method
//! /                                        path, encoded once more
//!                                          query, sorted
//! host:mq.example.test                     signed headers, one a line, in the order of the list
//! x-amz-date:20260102T030405Z
//!                                          an empty line
//! host;x-amz-date                          the list
//! 6804c405…                                SHA-256 of the body in hex, or UNSIGNED-PAYLOAD
//! ```
//!
//! Everything is appended to one buffer: a request without a query costs no allocation here.

use std::borrow::Cow;
use std::ops::Range;

use crate::sigv4::Request;

/// Appends the canonical request. `leave_out` is the query parameter that cannot cover itself:
/// `X-Amz-Signature` of a presigned request.
pub(crate) fn write_request(
    out: &mut Vec<u8>,
    request: &Request<'_>,
    signed_headers: &str,
    leave_out: Option<&str>,
    payload: &[u8],
) {
    out.extend_from_slice(request.method.as_bytes());
    out.push(b'\n');
    write_path(out, request.path);
    out.push(b'\n');
    write_query(out, request.query, leave_out);
    out.push(b'\n');
    for name in signed_headers.split(';') {
        write_header(out, request, name);
    }
    out.push(b'\n');
    out.extend_from_slice(signed_headers.as_bytes());
    out.push(b'\n');
    out.extend_from_slice(payload);
}

/// Appends the path: dot segments and empty segments are resolved, then what is already encoded is
/// encoded once more, as every service but S3 wants it.
fn write_path(out: &mut Vec<u8>, raw: &str) {
    let path: Cow<'_, str> = match raw {
        "" | "/" => Cow::Borrowed("/"),
        _ if raw.contains("//") || raw.contains("/.") => Cow::Owned(resolve_dots(raw)),
        _ => Cow::Borrowed(raw),
    };
    for byte in path.bytes() {
        if byte == b'/' { out.push(byte) } else { write_encoded(out, byte) }
    }
}

fn resolve_dots(raw: &str) -> String {
    let mut segments = Vec::new();
    for segment in raw.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    let mut path = String::with_capacity(raw.len());
    for segment in &segments {
        path.push('/');
        path.push_str(segment);
    }
    if raw.ends_with('/') || segments.is_empty() {
        path.push('/');
    }
    path
}

/// Appends the query: each name and value decoded and encoded in the one canonical way, sorted by
/// encoded name and then value.
fn write_query(out: &mut Vec<u8>, raw: &str, leave_out: Option<&str>) {
    if raw.is_empty() {
        return;
    }
    let mut pool = Vec::with_capacity(raw.len() + raw.len() / 4);
    let mut pairs: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = recode(&mut pool, name);
        if leave_out.is_some_and(|leave_out| leave_out.as_bytes() == &pool[name.clone()]) {
            continue;
        }
        let value = recode(&mut pool, value);
        pairs.push((name, value));
    }
    let key = |(name, value): &(Range<usize>, Range<usize>)| (&pool[name.clone()], &pool[value.clone()]);
    pairs.sort_unstable_by(|a, b| key(a).cmp(&key(b)));
    for (at, pair) in pairs.iter().enumerate() {
        if at > 0 {
            out.push(b'&');
        }
        let (name, value) = key(pair);
        out.extend_from_slice(name);
        out.push(b'=');
        out.extend_from_slice(value);
    }
}

/// Appends a part of a query in its canonical encoding and says where. `+` is a space, as in forms;
/// a `%` that starts no valid escape stands for itself.
fn recode(pool: &mut Vec<u8>, raw: &str) -> Range<usize> {
    let start = pool.len();
    let bytes = raw.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], escape(bytes, at)) {
            (_, Some(byte)) => {
                write_encoded(pool, byte);
                at += 2;
            }
            (b'+', None) => pool.extend_from_slice(b"%20"),
            (byte, None) => write_encoded(pool, byte),
        }
        at += 1;
    }
    start..pool.len()
}

/// The byte that the escape at `at` stands for, if there is one.
fn escape(bytes: &[u8], at: usize) -> Option<u8> {
    let [b'%', high, low] = *bytes.get(at..at + 3)? else { return None };
    let high = char::from(high).to_digit(16)?;
    let low = char::from(low).to_digit(16)?;
    u8::try_from(high * 16 + low).ok()
}

/// Appends `name:value\n`: values in the order received, joined by commas, each trimmed and with
/// inner runs of spaces folded to one. A header that is not there counts as empty.
fn write_header(out: &mut Vec<u8>, request: &Request<'_>, name: &str) {
    out.extend_from_slice(name.as_bytes());
    out.push(b':');
    for (at, value) in request.values(name).enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_folded(out, value.trim_ascii());
    }
    out.push(b'\n');
}

fn write_folded(out: &mut Vec<u8>, value: &[u8]) {
    if !value.windows(2).any(|two| two == b"  ") {
        return out.extend_from_slice(value);
    }
    let mut before = 0;
    for &byte in value {
        if byte != b' ' || before != b' ' {
            out.push(byte);
        }
        before = byte;
    }
}

/// Appends a byte, percent-encoded unless it is one of `A-Za-z0-9-_.~`.
pub(crate) fn write_encoded(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte),
        _ => out.extend_from_slice(&[b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]),
    }
}
