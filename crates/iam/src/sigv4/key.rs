//! Signing keys: derived from a secret, and cached.
//!
//! A signing key depends on secret, date, region and service, so one serves every request of a day.
//! Deriving costs five HMACs; the cache makes that one map look-up.
//!
//! Invariants:
//! - a key enters the cache only after a signature made with it was verified, so strangers cannot
//!   fill it;
//! - it holds at most [`KEYS_MAX`] keys;
//! - a key is never used for another secret than the one it was derived from.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::hmac;

use crate::credentials::Secret;
use crate::sigv4::scope::Scope;

/// Most keys kept. Full means: all are dropped and those in use derived again, once each.
pub const KEYS_MAX: usize = 256;

/// The signing key as bytes: the HMAC chain over date, region, service and `aws4_request`.
pub(crate) fn derive(secret: &Secret, date: &str, region: &str, service: &str) -> [u8; 32] {
    let secret = secret.expose();
    let mut seed = Vec::with_capacity(4 + secret.len());
    seed.extend_from_slice(b"AWS4");
    seed.extend_from_slice(secret.as_bytes());
    let mut key = hmac_sha256(&seed, date.as_bytes());
    for part in [region, service, super::TERMINATOR] {
        key = hmac_sha256(&key, part.as_bytes());
    }
    key
}

fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message);
    tag.as_ref().try_into().expect("HMAC-SHA256 is 32 bytes long")
}

/// Signing keys by access key id, date, region and service. Shared by all threads.
#[derive(Default)]
pub struct KeyCache {
    keys: RwLock<HashMap<Box<str>, Entry>>,
}

struct Entry {
    secret: Secret,
    key: Arc<hmac::Key>,
}

/// A signing key, and whether the cache already has it.
pub(crate) enum Found {
    Cached(Arc<hmac::Key>),
    Derived(Arc<hmac::Key>),
}

impl KeyCache {
    /// An empty cache.
    pub fn new() -> KeyCache {
        KeyCache::default()
    }

    pub(crate) fn find_or_derive(&self, scope: &Scope<'_>, secret: &Secret) -> Found {
        {
            let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(entry) = keys.get(scope.key_text()).filter(|entry| entry.secret.is_same(secret)) {
                return Found::Cached(Arc::clone(&entry.key));
            }
        }
        let bytes = derive(secret, scope.date(), scope.region(), scope.service());
        Found::Derived(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// Remembers a key whose signature was verified.
    pub(crate) fn keep(&self, scope: &Scope<'_>, secret: &Secret, key: Arc<hmac::Key>) {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= KEYS_MAX {
            keys.clear();
        }
        keys.insert(scope.key_text().into(), Entry { secret: secret.clone(), key });
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyCache(redacted)")
    }
}
