//! The key that signs SNS messages, and its certificate.
//!
//! A receiver fetches the certificate at the message's `SigningCertURL` and verifies the signature
//! over the string to sign with it. The certificate is self-signed, for `sns.amazonaws.com` as AWS's
//! own are; a receiver has to be told to trust it. A message keeps the id of the key that it was
//! signed with, so the key is made once and kept.
//!
//! Invariants:
//! - key and certificate of a [`SigningKey`] belong together: it has signed and verified something
//!   in both versions before it is given out;
//! - the private key is never printed.

mod pem;
mod sha1;
#[cfg(test)]
mod tests;

use std::fmt;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{
    self, KeyPair as _, RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_SHA256, UnparsedPublicKey,
};
use aws_lc_rs::{digest, error};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rcgen::{CertificateParams, DnType, KeyUsagePurpose};
use time::{Duration, OffsetDateTime};

/// The common name of AWS's certificates, and of ours.
pub const SUBJECT: &str = "sns.amazonaws.com";

/// How long a certificate is valid: 100 years. The key is as long-lived as the data directory, so an
/// earlier end would only break receivers one day.
const VALID_DAYS: i64 = 36_525;

/// Clocks of receivers may be behind ours by this much when a certificate is fresh.
const BACKDATED_DAYS: i64 = 1;

const KEY_LABEL: &str = "PRIVATE KEY";
const CERTIFICATE_LABEL: &str = "CERTIFICATE";

/// The topic attribute `SignatureVersion`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// `1`: RSA PKCS#1 v1.5 with SHA-1. Weak, and the default of SNS topics.
    V1,
    /// `2`: RSA PKCS#1 v1.5 with SHA-256.
    V2,
}

/// Why there is no signing key.
#[derive(Debug, thiserror::Error)]
pub enum SignatureFault {
    /// The cryptographic library could not make or use a key.
    #[error("making the signing key")]
    Key(#[source] error::Unspecified),
    /// The certificate could not be made.
    #[error("making the certificate of the signing key")]
    Certificate(#[source] rcgen::Error),
    /// The stored text has no intact block of this kind.
    #[error("the stored signing key has no intact {0} block")]
    Missing(&'static str),
    /// The stored private key is not an RSA key in PKCS#8.
    #[error("reading the stored signing key")]
    Rejected(#[source] error::KeyRejected),
    /// The stored certificate is not that of the stored key, or the key does not sign.
    #[error("the stored signing key and its certificate do not belong together")]
    Unmatched,
}

/// The key and its certificate. Signing is safe from several threads at once.
pub struct SigningKey {
    sha256: KeyPair,
    sha1: sha1::Signer,
    private_pem: String,
    certificate_pem: String,
    key_id: String,
}

impl SigningKey {
    /// Makes an RSA-2048 key and a certificate that is valid from a day before `now` for 100 years.
    /// Takes a tenth of a second or so of CPU, and varies: primes are found by chance.
    pub fn generate(now: OffsetDateTime) -> Result<SigningKey, SignatureFault> {
        let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048)
            .map_err(SignatureFault::Certificate)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, SUBJECT);
        params.not_before = now.saturating_sub(Duration::days(BACKDATED_DAYS));
        params.not_after = now.saturating_add(Duration::days(VALID_DAYS));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let certificate = params.self_signed(&key).map_err(SignatureFault::Certificate)?;
        SigningKey::new(key.serialized_der(), certificate.der())
    }

    /// Reads what [`SigningKey::to_pem`] wrote, and proves that it is intact by signing something.
    pub fn from_pem(text: &str) -> Result<SigningKey, SignatureFault> {
        let block = |label| pem::decode(label, text).ok_or(SignatureFault::Missing(label));
        SigningKey::new(&block(KEY_LABEL)?, &block(CERTIFICATE_LABEL)?)
    }

    /// The private key (PKCS#8) and the certificate, one after the other, in PEM: one text, so that
    /// they are stored together or not at all. Secret.
    pub fn to_pem(&self) -> String {
        format!("{}{}", self.private_pem, self.certificate_pem)
    }

    /// The certificate in PEM, as it is served at the `SigningCertURL`.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// 32 lower-case hex digits, the start of the certificate's SHA-256: for the path
    /// `/SimpleNotificationService-<key id>.pem`.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Signs, and encodes the signature in base64 as envelopes carry it. Costs about a quarter of a millisecond.
    pub fn sign(&self, version: Version, string_to_sign: &[u8]) -> String {
        let signature = self
            .try_sign(version, string_to_sign)
            .expect("this key has signed before, and signing takes no input that could be wrong");
        BASE64.encode(signature)
    }

    fn new(pkcs8: &[u8], certificate: &[u8]) -> Result<SigningKey, SignatureFault> {
        let sha256 = KeyPair::from_pkcs8(pkcs8).map_err(SignatureFault::Rejected)?;
        let sha1 = sha1::Signer::from_pkcs8(pkcs8).ok_or(SignatureFault::Unmatched)?;
        let key = SigningKey {
            sha256,
            sha1,
            private_pem: pem::encode(KEY_LABEL, pkcs8),
            certificate_pem: pem::encode(CERTIFICATE_LABEL, certificate),
            key_id: key_id(certificate),
        };
        key.prove(certificate)?;
        Ok(key)
    }

    /// Checks that the certificate is for this key and that the key signs in both versions.
    fn prove(&self, certificate: &[u8]) -> Result<(), SignatureFault> {
        let public: PublicKeyX509Der<'_> = self.sha256.public_key().as_der().map_err(SignatureFault::Key)?;
        if !certificate.windows(public.as_ref().len()).any(|part| part == public.as_ref()) {
            return Err(SignatureFault::Unmatched);
        }
        let message = b"a signing key proves itself";
        for version in [Version::V1, Version::V2] {
            let signature = self.try_sign(version, message).map_err(SignatureFault::Key)?;
            verify(version, public.as_ref(), message, &signature).map_err(|_| SignatureFault::Unmatched)?;
        }
        Ok(())
    }

    fn try_sign(&self, version: Version, message: &[u8]) -> Result<Vec<u8>, error::Unspecified> {
        match version {
            Version::V1 => self.sha1.sign(message).ok_or(error::Unspecified),
            Version::V2 => {
                let mut signature = vec![0; self.sha256.public_modulus_len()];
                self.sha256.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)?;
                Ok(signature)
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.key_id)
    }
}

/// Verifies a signature with a public key in DER, as a receiver would.
fn verify(version: Version, public: &[u8], message: &[u8], sign: &[u8]) -> Result<(), error::Unspecified> {
    let parameters: &'static signature::RsaParameters = match version {
        Version::V1 => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
        Version::V2 => &RSA_PKCS1_2048_8192_SHA256,
    };
    UnparsedPublicKey::new(parameters, public).verify(message, sign)
}

fn key_id(certificate: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, certificate);
    hash.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}
