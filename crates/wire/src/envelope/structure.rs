//! `MessageStructure=json`: one message, a text per protocol.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::error::{Error, sns};
use crate::payload::Structure;
use crate::shape::pairs_from_json;
use crate::text::Text;

/// The text that a protocol's subscribers get: the message itself, or with [`Structure::Json`] the
/// entry of the protocol, or else the default one.
///
/// A publish is judged by calling this with the protocol `default`. Entries that are not strings are
/// as good as absent; of repeated entries the last counts.
///
/// # Errors
/// `InvalidParameter` for a structured message that is not a JSON object or has no text `default`.
pub fn text_for<'m>(structure: Structure, message: &'m str, protocol: &str) -> Result<Cow<'m, str>, Error> {
    match structure {
        Structure::Text => Ok(Cow::Borrowed(message)),
        Structure::Json => {
            let entries: Entries<'m> = serde_json::from_str(message).map_err(|_| sns::message_not_json())?;
            let default = entries.text("default").ok_or_else(sns::no_default_entry)?;
            Ok(entries.text(protocol).unwrap_or(default).into_cow())
        }
    }
}

/// The texts that the subscribers of several protocols get of a structured message, which is read once for all
/// of them.
///
/// # Errors
/// As [`text_for`].
pub fn texts_for<'m>(message: &'m str, protocols: &[&str]) -> Result<Vec<Cow<'m, str>>, Error> {
    let entries: Entries<'m> = serde_json::from_str(message).map_err(|_| sns::message_not_json())?;
    let default = entries.text("default").ok_or_else(sns::no_default_entry)?.into_cow();
    let own = |protocol: &&str| entries.text(protocol).map_or_else(|| default.clone(), Text::into_cow);
    Ok(protocols.iter().map(own).collect())
}

struct Entries<'a>(Vec<(Text<'a>, &'a RawValue)>);

impl<'a> Entries<'a> {
    fn text(&self, name: &str) -> Option<Text<'a>> {
        let (_, value) = self.0.iter().rev().find(|(key, _)| key == name)?;
        serde_json::from_str(value.get()).ok()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        pairs_from_json(deserializer).map(Self)
    }
}
