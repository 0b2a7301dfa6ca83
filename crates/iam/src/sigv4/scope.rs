//! The credential of a request: `<access key id>/<yyyymmdd>/<region>/<service>/aws4_request`.

use std::borrow::Cow;
use std::fmt::Write;

use crate::error::AuthError;
use crate::identity::{Service, is_region};

/// A credential with exactly five parts; what the parts say is not checked yet.
#[derive(Clone, Debug)]
pub(crate) struct Scope<'a> {
    text: Cow<'a, str>,
    /// Where the first four parts end.
    ends: [usize; 4],
}

impl<'a> Scope<'a> {
    /// Splits a credential, or says in AWS's words why it cannot.
    pub(crate) fn parse(text: Cow<'a, str>) -> Result<Scope<'a>, AuthError> {
        let mut slashes = text.bytes().enumerate().filter(|(_, byte)| *byte == b'/').map(|(at, _)| at);
        let four = [slashes.next(), slashes.next(), slashes.next(), slashes.next()];
        match (four, slashes.next()) {
            ([Some(a), Some(b), Some(c), Some(d)], None) => Ok(Scope { ends: [a, b, c, d], text }),
            _ => Err(AuthError::Incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. \
                 keyid/date/region/service/term, got '{text}'"
            ))),
        }
    }

    pub(crate) fn access_key_id(&self) -> &str {
        &self.text[..self.ends[0]]
    }

    pub(crate) fn date(&self) -> &str {
        &self.text[self.ends[0] + 1..self.ends[1]]
    }

    pub(crate) fn region(&self) -> &str {
        &self.text[self.ends[1] + 1..self.ends[2]]
    }

    pub(crate) fn service(&self) -> &str {
        &self.text[self.ends[2] + 1..self.ends[3]]
    }

    fn terminator(&self) -> &str {
        &self.text[self.ends[3] + 1..]
    }

    /// The scope as the string to sign has it: everything but the access key id.
    pub(crate) fn signed_text(&self) -> &str {
        &self.text[self.ends[0] + 1..]
    }

    /// What a signing key depends on, besides the secret: everything but the terminator.
    pub(crate) fn key_text(&self) -> &str {
        &self.text[..self.ends[3]]
    }

    /// Checks every part against the request: `sent` is its time as `yyyymmddThhmmssZ`, `expected`
    /// the service it is for, if that is known. All faults are told at once.
    pub(crate) fn check(&self, sent: &str, expected: Option<Service>) -> Result<(), AuthError> {
        let mut faults = String::new();
        if !is_region(self.region()) {
            let region = self.region();
            let _ = write!(faults, "Credential should be scoped to a valid Region, not '{region}'. ");
        }
        let found = Service::parse(self.service());
        if found.is_none() || expected.is_some_and(|expected| found != Some(expected)) {
            let service = expected.unwrap_or(Service::Sqs).name();
            let _ = write!(faults, "Credential should be scoped to correct service: '{service}'. ");
        }
        if self.terminator() != super::TERMINATOR {
            let _ = write!(
                faults,
                "Credential should be scoped with a valid terminator: 'aws4_request', not '{}'. ",
                self.terminator()
            );
        }
        let day = sent.get(..8).unwrap_or(sent);
        if self.date() != day {
            let _ = write!(
                faults,
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
                 '{}' != '{day}', from '{sent}'. ",
                self.date()
            );
        }
        match faults.trim_end() {
            "" => Ok(()),
            faults => Err(AuthError::WrongScope(faults.to_owned())),
        }
    }
}
