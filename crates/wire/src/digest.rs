//! The MD5s that SDKs check on every send and receive (spec `sqs.md` section 8).
//!
//! A wrong one makes clients throw, so this is part of the protocol and not a checksum of ours.

use std::fmt;

use md5::{Digest, Md5 as Hasher};
use serde::{Serialize, Serializer};

use crate::attribute::{Attribute, Value};

/// An MD5, written as 32 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Md5(pub [u8; 16]);

impl Md5 {
    fn hex(&self) -> [u8; 32] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut hex = [0; 32];
        for (pair, byte) in hex.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        hex
    }

    pub(crate) fn with_hex<T>(&self, use_it: impl FnOnce(&str) -> T) -> T {
        use_it(std::str::from_utf8(&self.hex()).expect("hexadecimal digits are ASCII"))
    }
}

impl fmt::Display for Md5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_hex(|hex| f.write_str(hex))
    }
}

impl Serialize for Md5 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.with_hex(|hex| serializer.serialize_str(hex))
    }
}

/// `MD5OfMessageBody`, `MD5OfBody`.
pub fn body(text: &str) -> Md5 {
    Md5(Hasher::digest(text.as_bytes()).into())
}

/// `MD5OfMessageAttributes`, `MD5OfMessageSystemAttributes`: over the attributes in the order of their
/// names' bytes. `None` for no attributes, as the member is then absent.
pub fn attributes<'a>(attributes: impl IntoIterator<Item = &'a Attribute<'a>>) -> Option<Md5> {
    let mut sorted: Vec<_> = attributes.into_iter().collect();
    if sorted.is_empty() {
        return None;
    }
    sorted.sort_unstable_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
    let mut hasher = Hasher::new();
    for attribute in sorted {
        update_sized(&mut hasher, attribute.name.as_bytes());
        update_sized(&mut hasher, attribute.data_type.as_bytes());
        match &attribute.value {
            Value::Text(text) => {
                hasher.update([1]);
                update_sized(&mut hasher, text.as_bytes());
            }
            Value::Binary(bytes) => {
                hasher.update([2]);
                update_sized(&mut hasher, bytes);
            }
        }
    }
    Some(Md5(hasher.finalize().into()))
}

fn update_sized(hasher: &mut Hasher, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).expect("a request is far smaller than 4 GiB");
    hasher.update(length.to_be_bytes());
    hasher.update(bytes);
}

#[cfg(test)]
mod tests;
