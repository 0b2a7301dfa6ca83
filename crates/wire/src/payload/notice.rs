//! What is stored of a message that asks an endpoint to visit a URL.
//!
//! Its fields have the tags of a [`super::Publication`] where they mean the same, and tags of their own
//! where not, so neither kind is ever taken for the other.

use super::{Damaged, fields, put, start, text};
use crate::envelope::{ConfirmationKind, SignatureVersion};

mod tag {
    pub(super) const SERVICE_URL: u8 = 1;
    pub(super) const SIGNING_KEY_ID: u8 = 2;
    pub(super) const SIGNATURE_VERSION: u8 = 3;
    pub(super) const KIND: u8 = 32;
    pub(super) const TOKEN: u8 = 33;
}

const SUBSCRIBE: &[u8] = b"subscribe";
const UNSUBSCRIBE: &[u8] = b"unsubscribe";

/// A confirmation, with all that its envelope depends on but time and ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice<'a> {
    /// Which of the two.
    pub kind: ConfirmationKind,
    /// The base of the URLs in the envelope.
    pub service_url: &'a str,
    /// The key that signs the envelope.
    pub signing_key_id: &'a str,
    /// The signature version that the topic had.
    pub signature_version: SignatureVersion,
    /// What confirms: a [`crate::envelope::Token`] as text.
    pub token: &'a str,
}

impl<'a> Notice<'a> {
    /// The bytes to store.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = start(self.service_url.len() + self.signing_key_id.len() + self.token.len(), &[]);
        put(&mut out, tag::SERVICE_URL, self.service_url.as_bytes());
        put(&mut out, tag::SIGNING_KEY_ID, self.signing_key_id.as_bytes());
        put(&mut out, tag::SIGNATURE_VERSION, self.signature_version.as_str().as_bytes());
        let kind = match self.kind {
            ConfirmationKind::Subscription => SUBSCRIBE,
            ConfirmationKind::Unsubscribe => UNSUBSCRIBE,
        };
        put(&mut out, tag::KIND, kind);
        put(&mut out, tag::TOKEN, self.token.as_bytes());
        out
    }

    /// Reads stored bytes.
    ///
    /// # Errors
    /// [`Damaged`] if they are not what [`Notice::encode`] writes, in this version.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Damaged> {
        let (mut kind, mut service_url, mut signing_key_id) = (None, None, None);
        let (mut version, mut token) = (None, None);
        for field in fields(bytes)? {
            let (tag, value) = field?;
            match tag {
                tag::SERVICE_URL => service_url = Some(text(value)?),
                tag::SIGNING_KEY_ID => signing_key_id = Some(text(value)?),
                tag::SIGNATURE_VERSION => version = SignatureVersion::parse(text(value)?),
                tag::KIND if value == SUBSCRIBE => kind = Some(ConfirmationKind::Subscription),
                tag::KIND if value == UNSUBSCRIBE => kind = Some(ConfirmationKind::Unsubscribe),
                tag::KIND => return Err(Damaged("an unknown kind of confirmation")),
                tag::TOKEN => token = Some(text(value)?),
                _ => {}
            }
        }
        Ok(Self {
            kind: kind.ok_or(Damaged("no kind of confirmation"))?,
            service_url: service_url.ok_or(Damaged("no service URL"))?,
            signing_key_id: signing_key_id.ok_or(Damaged("no signing key"))?,
            signature_version: version.ok_or(Damaged("no signature version"))?,
            token: token.ok_or(Damaged("no token"))?,
        })
    }
}
