//! Which certificates of endpoints are believed.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::{ClientConfig, RootCertStore};

/// The certificate authorities that may vouch for endpoints, and how TLS is spoken.
#[derive(Clone)]
pub struct Trust {
    config: Arc<ClientConfig>,
    authorities: usize,
}

/// Why the configured authorities cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustFault {
    /// The text is not PEM.
    #[error("reading the PEM of the certificate authorities")]
    Pem(#[source] pem::Error),
    /// The text has no certificate in it.
    #[error("the PEM of the certificate authorities has no certificate")]
    Empty,
    /// A certificate cannot be an authority's.
    #[error("taking a certificate for an authority's")]
    Certificate(#[source] rustls::Error),
    /// The cryptographic library does not have the versions of TLS.
    #[error("setting up TLS")]
    Tls(#[source] rustls::Error),
}

impl Trust {
    /// Believes the authorities of the operating system, and those of a PEM text besides. Reads files;
    /// a system without authorities is no fault, see [`Trust::authorities`].
    pub fn new(extra_pem: Option<&[u8]>) -> Result<Trust, TrustFault> {
        let mut roots = RootCertStore::empty();
        // What a system has is often beyond what anybody checks: bad files and certificates are left out.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(extra_pem) = extra_pem {
            let before = roots.len();
            for certificate in CertificateDer::pem_slice_iter(extra_pem) {
                roots.add(certificate.map_err(TrustFault::Pem)?).map_err(TrustFault::Certificate)?;
            }
            if roots.len() == before {
                return Err(TrustFault::Empty);
            }
        }
        let authorities = roots.len();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TrustFault::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Trust { config: Arc::new(config), authorities })
    }

    /// How many authorities are believed. With none, every delivery over HTTPS fails: worth a warning at
    /// start.
    pub fn authorities(&self) -> usize {
        self.authorities
    }

    pub(super) fn config(&self) -> &Arc<ClientConfig> {
        &self.config
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trust({} authorities)", self.authorities)
    }
}
