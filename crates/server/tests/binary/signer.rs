//! Signature Version 4 as a client makes it, for one shape of request.

use aws_lc_rs::{digest, hmac};
use serde_json::Value;
use std::time::{SystemTime, UNIX_EPOCH};

/// Header lines that sign an operation of SQS, signed now.
pub(crate) fn sign(host: &str, action: &str, input: &Value, credential: (&str, &str)) -> String {
    let target = format!("AmazonSQS.{action}");
    signed(host, ("POST", "/"), Some(&target), "sqs", input.to_string().as_bytes(), credential)
}

/// Header lines that sign a form for SNS, signed now.
pub(crate) fn sign_form(host: &str, body: &str, credential: (&str, &str)) -> String {
    signed(host, ("POST", "/"), None, "sns", body.as_bytes(), credential)
}

/// Header lines that sign a GET of a path without a query, signed now.
pub(crate) fn sign_get(host: &str, path: &str, credential: (&str, &str)) -> String {
    signed(host, ("GET", path), None, "sqs", b"", credential)
}

fn signed(
    host: &str,
    (method, path): (&str, &str),
    target: Option<&str>,
    service: &str,
    body: &[u8],
    (id, secret): (&str, &str),
) -> String {
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let time = basic(now_s);
    let day = &time[..8];
    let (names, target) = match target {
        Some(target) => ("host;x-amz-date;x-amz-target", format!("x-amz-target:{target}\n")),
        None => ("host;x-amz-date", String::new()),
    };
    let canonical =
        format!("{method}\n{path}\n\nhost:{host}\nx-amz-date:{time}\n{target}\n{names}\n{}", sha256(body));
    let scope = format!("{day}/us-east-1/{service}/aws4_request");
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", sha256(canonical.as_bytes()));
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in [day, "us-east-1", service, "aws4_request"] {
        key = mac(&key, part);
    }
    let signature = hex(&mac(&key, &to_sign));
    format!(
        "x-amz-date: {time}\r\nauthorization: AWS4-HMAC-SHA256 Credential={id}/{scope}, \
         SignedHeaders={names}, Signature={signature}\r\n"
    )
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `yyyymmddThhmmssZ`
fn basic(unix_s: u64) -> String {
    let at = time::OffsetDateTime::from_unix_timestamp(unix_s.try_into().unwrap()).unwrap();
    let (date, clock) = (at.date(), at.time());
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        clock.hour(),
        clock.minute(),
        clock.second()
    )
}
