//! The credentials that the server knows, and their secrets.
//!
//! Invariant: a secret is never printed, in no `Debug` and no error, and is compared only in
//! constant time.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use aws_lc_rs::constant_time;

use crate::identity::{Account, Principal};

/// A secret text: a secret access key or a session token. Cheap to clone.
#[derive(Clone)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Takes a secret in.
    pub fn new(text: impl Into<Arc<str>>) -> Secret {
        Secret(text.into())
    }

    /// Compares in time that depends on the lengths only.
    pub fn matches(&self, given: &[u8]) -> bool {
        constant_time::verify_slices_are_equal(self.0.as_bytes(), given).is_ok()
    }

    /// The text itself, for deriving keys from it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Whether both are clones of one secret: keys derived from one are then good for the other.
    pub(crate) fn is_same(&self, other: &Secret) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

/// What makes a credential temporary.
#[derive(Clone, Debug)]
pub struct Session {
    /// The token that every request must carry.
    pub token: Secret,
    /// When the credential ends, in Unix seconds. From this second on it is expired.
    pub expires_s: i64,
}

/// A credential: what a client signs with, and who it then is.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The public half, which requests name.
    pub access_key_id: String,
    /// The secret half, which requests prove.
    pub secret: Secret,
    /// The account that the caller's names belong to.
    pub account: Account,
    /// Who the caller is.
    pub principal: Principal,
    /// Set for temporary credentials only.
    pub session: Option<Session>,
}

impl Credential {
    /// A lasting credential of an account's root.
    pub fn root(access_key_id: impl Into<String>, secret: Secret, account: Account) -> Credential {
        Credential {
            access_key_id: access_key_id.into(),
            secret,
            account,
            principal: Principal::Root(account),
            session: None,
        }
    }
}

/// The credentials that a server accepts, by access key id.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    by_key_id: HashMap<String, Credential>,
}

impl Credentials {
    /// No credentials: every signature is refused.
    pub fn new() -> Credentials {
        Credentials::default()
    }

    /// Adds a credential, in place of any with the same access key id.
    #[must_use]
    pub fn with(mut self, credential: Credential) -> Credentials {
        self.by_key_id.insert(credential.access_key_id.clone(), credential);
        self
    }

    /// Finds a credential. Access key ids are public, so the time this takes may tell.
    pub fn find(&self, access_key_id: &str) -> Option<&Credential> {
        self.by_key_id.get(access_key_id)
    }
}
