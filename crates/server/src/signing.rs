//! The key that signs SNS notifications, from the first start of a data directory on.
//!
//! The key is read from `signing.pem` in the data directory. Where there is none it is made in the
//! background, because that takes a good part of a second, and written before anybody gets to use it: a
//! notification is never signed with a key that a crash could lose. A server in memory makes one for itself.
//!
//! Invariant: once a [`Signing`] has given a key out, it gives out no other.

use postrider_outbound::signature::{SignatureFault, SigningKey};
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use time::OffsetDateTime;
use tokio::sync::watch;
use tracing::info;

/// The file's name in the data directory: private key and certificate, in PEM.
const NAME: &str = "signing.pem";
const UNFINISHED: &str = "signing.pem.tmp";

/// Why there is no signing key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SigningFault {
    /// The file could not be read or written.
    #[error("could not {step} {}", path.display())]
    Io {
        /// What was being done.
        step: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// What is in the file is no key.
    #[error(
        "{} holds no usable key: restore it from a copy, or remove it to have a new one made (then \
         receivers have to trust the new certificate)",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: SignatureFault,
    },
    /// No key could be made.
    #[error("could not make a key to sign notifications with")]
    Generate(#[from] SignatureFault),
}

/// The signing key, as soon as there is one. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Signing {
    key: watch::Receiver<Option<Arc<SigningKey>>>,
}

/// What becomes of the key that is being made.
pub(crate) struct Making {
    task: tokio::task::JoinHandle<Result<(), SigningFault>>,
}

impl Making {
    /// Comes back when making the key failed; never if it did not. Then no notification can be signed, and
    /// the process had better end.
    pub(crate) async fn failed(&mut self) -> SigningFault {
        match (&mut self.task).await {
            Ok(Err(fault)) => fault,
            // A panic ends the process by itself, and a task is only cancelled at its end.
            Ok(Ok(())) | Err(_) => std::future::pending().await,
        }
    }
}

impl Signing {
    /// Reads the key of a data directory, or begins to make one. `None` keeps it in memory.
    ///
    /// # Errors
    /// There is a key that cannot be read.
    pub(crate) fn start(data_dir: Option<&Path>) -> Result<(Signing, Making), SigningFault> {
        let stored = data_dir.map(read).transpose()?.flatten();
        let (ready, key) = watch::channel(stored.map(Arc::new));
        let data_dir = data_dir.map(Path::to_owned);
        let task = tokio::task::spawn_blocking(move || {
            if ready.borrow().is_none() {
                ready.send_replace(Some(Arc::new(make(data_dir.as_deref())?)));
            }
            Ok(())
        });
        Ok((Signing { key }, Making { task }))
    }

    /// The key. On the first start of a data directory this waits until it is made.
    pub(crate) async fn key(&self) -> Arc<SigningKey> {
        let mut key = self.key.clone();
        // The guard that `wait_for` gives must not be held across the await below.
        let made = key.wait_for(Option::is_some).await.map(|made| made.clone());
        match made {
            Ok(key) => key.expect("it was waited for"),
            // The key could not be made, and the process is on its way out.
            Err(_) => std::future::pending().await,
        }
    }

    /// The key, if it is there already.
    pub(crate) fn key_now(&self) -> Option<Arc<SigningKey>> {
        self.key.borrow().clone()
    }
}

fn read(data_dir: &Path) -> Result<Option<SigningKey>, SigningFault> {
    let path = data_dir.join(NAME);
    match fs::read_to_string(&path) {
        Ok(text) => {
            SigningKey::from_pem(&text).map(Some).map_err(|source| SigningFault::Damaged { path, source })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SigningFault::Io { step: "read", path, source }),
    }
}

fn make(data_dir: Option<&Path>) -> Result<SigningKey, SigningFault> {
    let started = Instant::now();
    let key = SigningKey::generate(OffsetDateTime::now_utc())?;
    if let Some(data_dir) = data_dir {
        write(data_dir, &key.to_pem())?;
    }
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    info!(key_id = key.key_id(), took_ms, "signing key made");
    Ok(key)
}

/// Writes the file as a whole and durably, readable by its owner only.
fn write(data_dir: &Path, pem: &str) -> Result<(), SigningFault> {
    let unfinished = data_dir.join(UNFINISHED);
    let fault = |step, path: &Path| {
        let path = path.to_owned();
        move |source| SigningFault::Io { step, path, source }
    };
    // One that a crash left behind may have other permissions.
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(fault("remove", &unfinished)(error));
        }
        Ok(()) | Err(_) => {}
    }
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished);
    let mut file = file.map_err(fault("create", &unfinished))?;
    file.write_all(pem.as_bytes()).map_err(fault("write", &unfinished))?;
    file.sync_all().map_err(fault("sync", &unfinished))?;
    fs::rename(&unfinished, data_dir.join(NAME)).map_err(fault("rename", &unfinished))?;
    let folder = fs::File::open(data_dir).and_then(|folder| folder.sync_all());
    folder.map_err(fault("sync", data_dir))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[tokio::test]
    async fn a_key_is_made_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (signing, _making) = Signing::start(Some(folder.path())).unwrap();
        let first = signing.key().await;
        let mode = fs::metadata(folder.path().join(NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let (again, _making) = Signing::start(Some(folder.path())).unwrap();
        assert_eq!(again.key_now().unwrap().key_id(), first.key_id());
    }

    #[tokio::test]
    async fn a_damaged_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(NAME), "no key").unwrap();
        assert!(matches!(Signing::start(Some(folder.path())), Err(SigningFault::Damaged { .. })));
        assert_eq!(fs::read_to_string(folder.path().join(NAME)).unwrap(), "no key");
    }
}
