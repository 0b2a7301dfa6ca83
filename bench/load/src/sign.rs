//! Signature Version 4 by header, for the two kinds of requests that are sent here: a POST to `/` with a
//! body in AWS JSON or in AWS Query.

use crate::clock;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// Which service a request is for, and how it is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// SQS in AWS JSON 1.0.
    Sqs,
    /// SNS in AWS Query.
    Sns,
}

impl Service {
    fn name(self) -> &'static str {
        match self {
            Service::Sqs => "sqs",
            Service::Sns => "sns",
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Service::Sqs => "application/x-amz-json-1.0",
            Service::Sns => "application/x-www-form-urlencoded; charset=utf-8",
        }
    }
}

/// Makes whole requests. The date is fixed at the start: a signature holds for 15 minutes, longer than a run.
#[derive(Clone)]
pub struct Signer {
    id: String,
    host: String,
    date: String,
    region: String,
    sqs_key: Hmac<Sha256>,
    sns_key: Hmac<Sha256>,
}

impl Signer {
    /// A signer for one credential, one host and one date (`yyyymmddThhmmssZ`).
    pub fn new(id: &str, secret: &str, region: &str, host: &str, date: String) -> Signer {
        let key = |service: Service| {
            let secret = format!("AWS4{secret}");
            let mut key = hmac(&keyed(secret.as_bytes()), &date.as_bytes()[..8]);
            for part in [region, service.name(), "aws4_request"] {
                key = hmac(&keyed(&key), part.as_bytes());
            }
            keyed(&key)
        };
        let (sqs_key, sns_key) = (key(Service::Sqs), key(Service::Sns));
        let (id, host, region) = (id.to_owned(), host.to_owned(), region.to_owned());
        Signer { id, host, date, region, sqs_key, sns_key }
    }

    /// A signer for the credential of the environment, one host, and now.
    pub fn of_environment(host: &str) -> Signer {
        let secret = std::env::var("AWS_SECRET_ACCESS_KEY").unwrap_or_else(|_| "made-up".to_owned());
        let id = std::env::var("AWS_ACCESS_KEY_ID").unwrap_or_else(|_| "000000000000".to_owned());
        Signer::new(&id, &secret, "us-east-1", host, clock::now())
    }

    /// The bytes of a signed request; `action` is the target of an SQS request and ignored for SNS.
    pub fn request(&self, service: Service, action: &str, body: &str) -> Vec<u8> {
        let authorization = self.authorization(service, action, body);
        let (host, date, content_type) = (&self.host, &self.date, service.content_type());
        let target = match service {
            Service::Sqs => format!("X-Amz-Target: AmazonSQS.{action}\r\n"),
            Service::Sns => String::new(),
        };
        let length = body.len();
        format!(
            "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: {content_type}\r\n{target}X-Amz-Date: {date}\r\n\
             Authorization: {authorization}\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }

    fn authorization(&self, service: Service, action: &str, body: &str) -> String {
        let (target, signed_headers) = match service {
            Service::Sqs => {
                (format!("x-amz-target:AmazonSQS.{action}\n"), "content-type;host;x-amz-date;x-amz-target")
            }
            Service::Sns => (String::new(), "content-type;host;x-amz-date"),
        };
        let canonical = format!(
            "POST\n/\n\ncontent-type:{}\nhost:{}\nx-amz-date:{}\n{target}\n{signed_headers}\n{}",
            service.content_type(),
            self.host,
            self.date,
            hex(&Sha256::digest(body.as_bytes())),
        );
        let scope = format!("{}/{}/{}/aws4_request", &self.date[..8], self.region, service.name());
        let hashed = hex(&Sha256::digest(canonical.as_bytes()));
        let to_sign = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{hashed}", self.date);
        let key = match service {
            Service::Sqs => &self.sqs_key,
            Service::Sns => &self.sns_key,
        };
        let signature = hex(&hmac(key, to_sign.as_bytes()));
        let id = &self.id;
        format!(
            "AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={signed_headers}, Signature={signature}"
        )
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

fn hmac(key: &Hmac<Sha256>, text: &[u8]) -> [u8; 32] {
    let mut mac = key.clone();
    mac.update(text);
    mac.finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The case `sqs-json-post` of `tests/golden/sigv4.json`.
    #[test]
    fn the_golden_signature_comes_out() {
        let (id, secret) = ("AKIDEXAMPLE0000MQ01", "made-up-secret/for+tests");
        let date = "20260102T030405Z".to_owned();
        let signer = Signer::new(id, secret, "us-east-1", "mq.example.test:4100", date);
        let authorization = signer.authorization(Service::Sqs, "ListQueues", r#"{"QueueNamePrefix":"ord"}"#);
        let signature = "5db4c7c02febd84333eef45b6ac0c30221481f924aa488c6e98d4d7b3489a1ec";
        assert!(authorization.ends_with(&format!("Signature={signature}")), "{authorization}");
    }
}
