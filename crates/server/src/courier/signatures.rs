//! Signatures of envelopes, made once per publication.
//!
//! All copies of a publication in queues have the same string to sign, whatever the subscription. Whoever
//! comes first makes the signature, on a thread for blocking work (a quarter of a millisecond of RSA); who
//! comes meanwhile waits for it. What falls out of the cache is made again, and comes out the same.
//!
//! Invariant: at most [`KEPT_MAX`] signatures are kept, and the two collections name the same ones.

use crate::signing::Signing;
use postrider_core::id::Uuid;
use postrider_outbound::signature::Version;
use postrider_wire::envelope::SignatureVersion;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;
use tokio::task::{JoinError, spawn_blocking};

/// Signatures that are kept: about 2 MB.
pub(crate) const KEPT_MAX: usize = 4_096;

/// A signature, and the key that made it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Made {
    /// In base64.
    pub(crate) signature: String,
    /// The key's id, as in the certificate's URL.
    pub(crate) key_id: String,
    /// The base of that URL, if it is another than that of the other URLs.
    pub(crate) certificates: Option<String>,
}

/// What a signature is known by: the id of the publication, and the protocol if each has a text of its own.
pub(crate) type Key = (Uuid, &'static str);

type Cell = Arc<OnceCell<Arc<Made>>>;

/// The signatures made last, by what they are of.
#[derive(Debug, Default)]
pub(crate) struct Signatures {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    by_key: HashMap<Key, Cell>,
    /// Oldest first.
    order: VecDeque<Key>,
}

impl Signatures {
    /// The signature of a publication, if it is made and still here.
    pub(crate) fn find(&self, key: Key) -> Option<Arc<Made>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.by_key.get(&key)?.get().cloned()
    }

    /// Makes the signature of a publication, or waits for whoever makes it.
    ///
    /// # Errors
    /// Signing panicked, or the runtime is shutting down.
    pub(crate) async fn make(
        &self,
        key: Key,
        signing: &Signing,
        version: SignatureVersion,
        to_sign: String,
        certificates: Option<String>,
    ) -> Result<Arc<Made>, JoinError> {
        let cell = self.cell(key);
        let sign = || async {
            let signer = signing.key().await;
            let version = match version {
                SignatureVersion::V1 => Version::V1,
                SignatureVersion::V2 => Version::V2,
            };
            let sign = move || Made {
                signature: signer.sign(version, to_sign.as_bytes()),
                key_id: signer.key_id().to_owned(),
                certificates,
            };
            spawn_blocking(sign).await.map(Arc::new)
        };
        cell.get_or_try_init(sign).await.cloned()
    }

    fn cell(&self, key: Key) -> Cell {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = kept.by_key.get(&key) {
            return cell.clone();
        }
        if kept.order.len() == KEPT_MAX
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.by_key.remove(&oldest);
        }
        let cell = Cell::default();
        kept.by_key.insert(key, cell.clone());
        kept.order.push_back(key);
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_signature_makes_room() {
        let signatures = Signatures::default();
        for id in 0..=KEPT_MAX as u128 {
            let cell = signatures.cell((Uuid(id), ""));
            let made = Made { signature: id.to_string(), key_id: String::new(), certificates: None };
            cell.set(Arc::new(made)).unwrap();
        }
        assert_eq!(signatures.find((Uuid(0), "")), None);
        assert_eq!(signatures.find((Uuid(1), "")).unwrap().signature, "1");
        let kept = signatures.kept.lock().unwrap();
        assert_eq!((kept.by_key.len(), kept.order.len()), (KEPT_MAX, KEPT_MAX));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn concurrent_callers_get_one_signature() {
        let (signing, _making) = Signing::start(None).unwrap();
        let signatures = Arc::new(Signatures::default());
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let (signatures, signing) = (signatures.clone(), signing.clone());
            tasks.spawn(async move {
                let version = SignatureVersion::V1;
                let made = signatures.make((Uuid(7), ""), &signing, version, "text".into(), None).await;
                made.unwrap()
            });
        }
        let made = tasks.join_all().await;
        assert!(made.iter().all(|other| Arc::ptr_eq(&made[0], other)));
        assert!(Arc::ptr_eq(&made[0], &signatures.find((Uuid(7), "")).unwrap()));
    }
}
