//! The gate: from a received request to one whose caller is known.

use crate::Signed;
use crate::credentials::Credentials;
use crate::error::AuthError;
use crate::identity::{Caller, Service};
use crate::sigv4::{self, KeyCache, Request};

/// Whether callers have to prove who they are. One for the whole server; shared by all threads.
#[derive(Debug)]
pub struct Gate {
    mode: Mode,
}

#[derive(Debug)]
enum Mode {
    Open,
    Enforcing { credentials: Credentials, keys: KeyCache },
}

impl Gate {
    /// Takes everybody at their word: any signature, or none, is accepted.
    pub fn open() -> Gate {
        Gate { mode: Mode::Open }
    }

    /// Accepts signatures made with these credentials only. Requests without any signature pass as
    /// anonymous, for [`crate::authorize`] to judge.
    pub fn enforcing(credentials: Credentials) -> Gate {
        Gate { mode: Mode::Enforcing { credentials, keys: KeyCache::new() } }
    }

    /// Whether nothing is proven here.
    pub fn is_open(&self) -> bool {
        match self.mode {
            Mode::Open => true,
            Mode::Enforcing { .. } => false,
        }
    }

    /// Finds out who sent a request. `expected` is the service it is for, where that is known before
    /// the operation is; `now_s` the server's time in Unix seconds.
    pub fn check(
        &self,
        request: &Request<'_>,
        expected: Option<Service>,
        now_s: i64,
    ) -> Result<Signed, AuthError> {
        self.check_either(&[*request], expected, now_s)
    }

    /// As [`Gate::check`], for a request that came through a proxy: the client signed the host that it used,
    /// `forwarded`, which the proxy may have replaced. That one is tried first.
    pub fn check_forwarded(
        &self,
        request: &Request<'_>,
        forwarded: &str,
        expected: Option<Service>,
        now_s: i64,
    ) -> Result<Signed, AuthError> {
        let mut headers = request.headers.to_vec();
        for (name, value) in &mut headers {
            *value = if name.eq_ignore_ascii_case("host") { forwarded.as_bytes() } else { *value };
        }
        self.check_either(&[Request { headers: &headers, ..*request }, *request], expected, now_s)
    }

    /// Checks a request that may have been signed as either of these, which differ in their host only.
    fn check_either(
        &self,
        requests: &[Request<'_>],
        expected: Option<Service>,
        now_s: i64,
    ) -> Result<Signed, AuthError> {
        let request = requests.first().expect("a request is as it came, or as it was forwarded, or both");
        let (credentials, keys) = match &self.mode {
            Mode::Open => return Ok(Signed { caller: Caller::claimed(&sigv4::hint(request)) }),
            Mode::Enforcing { credentials, keys } => (credentials, keys),
        };
        let Some(claim) = sigv4::parse(request, expected)? else {
            return Ok(Signed { caller: Caller::anonymous() });
        };
        let credential = credentials.find(claim.access_key_id()).ok_or(AuthError::UnknownToken)?;
        sigv4::verify_either(&claim, requests, credential, now_s, keys)?;
        let principal = credential.principal.clone();
        let caller = Caller::new(credential.account, principal, claim.region(), claim.service());
        Ok(Signed { caller })
    }
}
