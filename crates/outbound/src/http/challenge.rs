//! Credentials, when an endpoint asks for them (RFC 7617 Basic, RFC 7616 Digest).
//!
//! AWS posts without credentials first and answers the endpoint's challenge (sns 9), so a user name and a password
//! in a URL are given only to whoever asks for them, in the form that tells the least: Digest if it is
//! offered, else Basic.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use ::http::{HeaderValue, Method, Uri};
use aws_lc_rs::{digest, rand};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest as _, Md5};

use super::endpoint::Credentials;

/// One challenge of a `WWW-Authenticate` header: a scheme in lower case, and its parameters.
#[derive(Debug, PartialEq, Eq)]
struct Challenge {
    scheme: String,
    parameters: Vec<(String, String)>,
}

/// The digests that an endpoint may ask for.
#[derive(Clone, Copy, Debug)]
enum Algorithm {
    Md5,
    Sha256,
}

/// Is the first hash bound to the session?
#[derive(Clone, Copy, Debug)]
enum Binding {
    Plain,
    Session,
}

/// The `Authorization` that answers these challenges. `None` if none of them can be answered.
pub(super) fn answer(
    credentials: &Credentials,
    challenges: &[HeaderValue],
    target: &Uri,
) -> Option<HeaderValue> {
    let challenges: Vec<Challenge> =
        challenges.iter().filter_map(|value| value.to_str().ok()).flat_map(challenges_of).collect();
    let mut nonce = [0; 16];
    rand::fill(&mut nonce).ok()?;
    let digested = challenges
        .iter()
        .filter(|challenge| challenge.scheme == "digest")
        .find_map(|challenge| digested(credentials, challenge, &Method::POST, target, &hex(&nonce)));
    let text = match digested {
        Some(text) => text,
        None if challenges.iter().any(|challenge| challenge.scheme == "basic") => basic(credentials),
        None => return None,
    };
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn basic(credentials: &Credentials) -> String {
    format!("Basic {}", BASE64.encode(format!("{}:{}", credentials.user, credentials.password)))
}

/// The answer to a Digest challenge, if we can do what it asks for. `cnonce` has to be fresh; its use is the
/// first, since nothing is kept from one attempt to the next.
fn digested(
    credentials: &Credentials,
    challenge: &Challenge,
    method: &Method,
    target: &Uri,
    cnonce: &str,
) -> Option<String> {
    let (realm, nonce) = (challenge.parameter("realm")?, challenge.parameter("nonce")?);
    let named = challenge.parameter("algorithm");
    let (algorithm, binding) = match named.map(str::to_ascii_lowercase).as_deref() {
        None | Some("md5") => (Algorithm::Md5, Binding::Plain),
        Some("md5-sess") => (Algorithm::Md5, Binding::Session),
        Some("sha-256") => (Algorithm::Sha256, Binding::Plain),
        Some("sha-256-sess") => (Algorithm::Sha256, Binding::Session),
        Some(_) => return None,
    };
    let user = quotable(&credentials.user)?;
    let secret = algorithm.hash(&format!("{user}:{realm}:{}", credentials.password));
    let secret = match binding {
        Binding::Plain => secret,
        Binding::Session => algorithm.hash(&format!("{secret}:{nonce}:{cnonce}")),
    };
    let what = algorithm.hash(&format!("{method}:{target}"));
    let mut text = format!(
        "Digest username=\"{user}\", realm=\"{}\", nonce=\"{}\", uri=\"{target}\"",
        quotable(realm)?,
        quotable(nonce)?
    );
    let response = match challenge.parameter("qop") {
        // Without quality of protection: RFC 2069, which some still speak.
        None => algorithm.hash(&format!("{secret}:{nonce}:{what}")),
        Some(offered) if offered.split(',').any(|qop| qop.trim().eq_ignore_ascii_case("auth")) => {
            let _ = write!(text, ", qop=auth, nc=00000001, cnonce=\"{cnonce}\"");
            algorithm.hash(&format!("{secret}:{nonce}:00000001:{cnonce}:auth:{what}"))
        }
        Some(_) => return None,
    };
    let _ = write!(text, ", response=\"{response}\"");
    if let Some(algorithm) = named {
        let _ = write!(text, ", algorithm={algorithm}");
    }
    if let Some(opaque) = challenge.parameter("opaque") {
        let _ = write!(text, ", opaque=\"{}\"", quotable(opaque)?);
    }
    Some(text)
}

impl Algorithm {
    fn hash(self, text: &str) -> String {
        match self {
            Algorithm::Md5 => hex(&Md5::digest(text)),
            Algorithm::Sha256 => hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref()),
        }
    }
}

impl Challenge {
    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A text that may stand between quotes as it is. What would need an escape is not worth the trouble that
/// endpoints have with escapes.
fn quotable(text: &str) -> Option<&str> {
    (!text.contains(['"', '\\'])).then_some(text)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The challenges of one header, which separates both challenges and parameters by commas: an item with a
/// space before its `=`, or without one, begins a challenge.
fn challenges_of(header: &str) -> Vec<Challenge> {
    let mut challenges: Vec<Challenge> = Vec::new();
    for item in items(header) {
        let head = item.find(['=', '"']).map_or(item, |end| &item[..end]);
        let parameter = match head.trim_end().split_once(' ') {
            None if head.len() < item.len() => item,
            None => {
                challenges.push(Challenge { scheme: item.to_ascii_lowercase(), parameters: Vec::new() });
                continue;
            }
            Some((scheme, _)) => {
                challenges.push(Challenge { scheme: scheme.to_ascii_lowercase(), parameters: Vec::new() });
                item[scheme.len()..].trim_start()
            }
        };
        let (Some(challenge), Some((key, value))) = (challenges.last_mut(), parameter.split_once('=')) else {
            continue;
        };
        challenge.parameters.push((key.trim().to_ascii_lowercase(), unquoted(value.trim())));
    }
    challenges
}

/// Splits at commas outside of quotes.
fn items(header: &str) -> Vec<&str> {
    let mut items = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (at, c) in header.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                items.push(header[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(header[start..].trim());
    items.retain(|item| !item.is_empty());
    items
}

fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut text = String::with_capacity(inner.len());
    let mut escaped = false;
    for c in inner.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            escaped = false;
            text.push(c);
        }
    }
    text
}
