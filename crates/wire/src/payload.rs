//! What is stored of a message: one opaque value to everybody but this module.
//!
//! ```text
//! payload    version (1 byte, 1)  field*
//! field      tag (1 byte)  length (LEB128)  bytes
//! attribute  field*, as the bytes of an attribute field
//! ```
//!
//! A [`Message`] is what a sender sent to a queue; a [`Publication`] is what a publisher sent to a
//! topic, stored once for all its copies; a [`Notice`] is what asks an endpoint to confirm something.
//! Decoding copies nothing.
//!
//! Invariants:
//! - fields are written in one fixed order, so equal values have equal bytes;
//! - the body, message or token is the last, and required, so a payload that was cut is never taken for a whole one;
//! - tags are never reused; a reader skips those it does not know and refuses a newer version.

mod notice;

pub use notice::Notice;

use std::borrow::Cow;
use std::fmt;

use crate::attribute::{Attribute, Value};
use crate::digest::Md5;
use crate::envelope::SignatureVersion;

/// The version byte that is written.
const VERSION: u8 = 1;

mod tag {
    pub(super) mod message {
        pub(in super::super) const SENDER_ID: u8 = 1;
        pub(in super::super) const TRACE_HEADER: u8 = 2;
        pub(in super::super) const BODY_MD5: u8 = 3;
        pub(in super::super) const ATTRIBUTE: u8 = 4;
        pub(in super::super) const BODY: u8 = 5;
        pub(in super::super) const GROUP_ID: u8 = 6;
        pub(in super::super) const DEDUPLICATION_ID: u8 = 7;
    }

    pub(super) mod publication {
        pub(in super::super) const SERVICE_URL: u8 = 1;
        pub(in super::super) const SIGNING_KEY_ID: u8 = 2;
        pub(in super::super) const SIGNATURE_VERSION: u8 = 3;
        pub(in super::super) const TRACE_HEADER: u8 = 4;
        pub(in super::super) const SUBJECT: u8 = 5;
        pub(in super::super) const STRUCTURE: u8 = 6;
        pub(in super::super) const ATTRIBUTE: u8 = 7;
        pub(in super::super) const MESSAGE: u8 = 8;
        pub(in super::super) const GROUP_ID: u8 = 9;
        pub(in super::super) const DEDUPLICATION_ID: u8 = 10;
    }

    pub(super) mod attribute {
        pub(in super::super) const NAME: u8 = 1;
        pub(in super::super) const DATA_TYPE: u8 = 2;
        pub(in super::super) const TEXT: u8 = 3;
        pub(in super::super) const BINARY: u8 = 4;
    }
}

/// Stored bytes that are not a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damaged(
    /// What is wrong with them.
    pub &'static str,
);

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "damaged payload: {}", self.0)
    }
}

impl std::error::Error for Damaged {}

/// What a sender sent to a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<'a> {
    /// The unique id of the sending principal.
    pub sender_id: &'a str,
    /// The trace header.
    pub trace_header: Option<&'a str>,
    /// Digest of the body, made once.
    pub body_md5: Md5,
    /// The message group.
    pub group_id: Option<&'a str>,
    /// The deduplication id, on FIFO queues: the sender's, or the one made of the body.
    pub deduplication_id: Option<&'a str>,
    /// The message attributes, in the order sent.
    pub attributes: Vec<Attribute<'a>>,
    /// The body.
    pub body: &'a str,
}

impl<'a> Message<'a> {
    /// The bytes to store.
    pub fn encode(&self) -> Vec<u8> {
        let ids = self.group_id.map_or(0, str::len) + self.deduplication_id.map_or(0, str::len);
        let mut out = start(self.body.len() + self.sender_id.len() + ids, &self.attributes);
        put(&mut out, tag::message::SENDER_ID, self.sender_id.as_bytes());
        put_optional(&mut out, tag::message::TRACE_HEADER, self.trace_header);
        put(&mut out, tag::message::BODY_MD5, &self.body_md5.0);
        put_optional(&mut out, tag::message::GROUP_ID, self.group_id);
        put_optional(&mut out, tag::message::DEDUPLICATION_ID, self.deduplication_id);
        put_attributes(&mut out, tag::message::ATTRIBUTE, &self.attributes);
        put(&mut out, tag::message::BODY, self.body.as_bytes());
        out
    }

    /// Reads stored bytes.
    ///
    /// # Errors
    /// [`Damaged`] if they are not what [`Message::encode`] writes, in this version.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Damaged> {
        let (mut sender_id, mut trace_header, mut md5, mut body) = (None, None, None, None);
        let (mut group_id, mut deduplication_id) = (None, None);
        let mut attributes = Vec::new();
        for field in fields(bytes)? {
            let (tag, value) = field?;
            match tag {
                tag::message::SENDER_ID => sender_id = Some(text(value)?),
                tag::message::TRACE_HEADER => trace_header = Some(text(value)?),
                tag::message::BODY_MD5 => {
                    md5 = Some(Md5(value.try_into().map_err(|_| Damaged("a digest of another length"))?));
                }
                tag::message::ATTRIBUTE => attributes.push(attribute(value)?),
                tag::message::BODY => body = Some(text(value)?),
                tag::message::GROUP_ID => group_id = Some(text(value)?),
                tag::message::DEDUPLICATION_ID => deduplication_id = Some(text(value)?),
                _ => {}
            }
        }
        Ok(Self {
            sender_id: sender_id.ok_or(Damaged("no sender id"))?,
            trace_header,
            body_md5: md5.ok_or(Damaged("no digest"))?,
            group_id,
            deduplication_id,
            attributes,
            body: body.ok_or(Damaged("no body"))?,
        })
    }
}

/// Whether a publication's message is text or a JSON object with a text per protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Structure {
    /// The message is what everybody gets.
    Text,
    /// `MessageStructure=json`: see [`crate::envelope::text_for`].
    Json,
}

/// What a publisher sent to a topic, with all that its envelopes depend on but time and ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication<'a> {
    /// The base of the URLs in the envelope.
    pub service_url: &'a str,
    /// The key that signs the envelope; `None` on FIFO topics, which do not sign.
    pub signing_key_id: Option<&'a str>,
    /// The signature version that the topic had.
    pub signature_version: SignatureVersion,
    /// The trace header.
    pub trace_header: Option<&'a str>,
    /// The subject.
    pub subject: Option<&'a str>,
    /// How to read the message.
    pub structure: Structure,
    /// The message group.
    pub group_id: Option<&'a str>,
    /// The deduplication id, on FIFO topics: the publisher's, or the one made of the message.
    pub deduplication_id: Option<&'a str>,
    /// The message attributes, in the order sent.
    pub attributes: Vec<Attribute<'a>>,
    /// The message.
    pub message: &'a str,
}

impl<'a> Publication<'a> {
    /// The bytes to store.
    pub fn encode(&self) -> Vec<u8> {
        let ids = self.group_id.map_or(0, str::len) + self.deduplication_id.map_or(0, str::len);
        let mut out = start(self.message.len() + self.service_url.len() + ids, &self.attributes);
        put(&mut out, tag::publication::SERVICE_URL, self.service_url.as_bytes());
        put_optional(&mut out, tag::publication::SIGNING_KEY_ID, self.signing_key_id);
        put(&mut out, tag::publication::SIGNATURE_VERSION, self.signature_version.as_str().as_bytes());
        put_optional(&mut out, tag::publication::TRACE_HEADER, self.trace_header);
        put_optional(&mut out, tag::publication::SUBJECT, self.subject);
        match self.structure {
            Structure::Text => {}
            Structure::Json => put(&mut out, tag::publication::STRUCTURE, b"json"),
        }
        put_optional(&mut out, tag::publication::GROUP_ID, self.group_id);
        put_optional(&mut out, tag::publication::DEDUPLICATION_ID, self.deduplication_id);
        put_attributes(&mut out, tag::publication::ATTRIBUTE, &self.attributes);
        put(&mut out, tag::publication::MESSAGE, self.message.as_bytes());
        out
    }

    /// Reads stored bytes.
    ///
    /// # Errors
    /// [`Damaged`] if they are not what [`Publication::encode`] writes, in this version.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Damaged> {
        let (mut service_url, mut signing_key_id, mut version) = (None, None, None);
        let (mut trace_header, mut subject, mut message) = (None, None, None);
        let (mut group_id, mut deduplication_id) = (None, None);
        let mut structure = Structure::Text;
        let mut attributes = Vec::new();
        for field in fields(bytes)? {
            let (tag, value) = field?;
            match tag {
                tag::publication::SERVICE_URL => service_url = Some(text(value)?),
                tag::publication::SIGNING_KEY_ID => signing_key_id = Some(text(value)?),
                tag::publication::SIGNATURE_VERSION => version = SignatureVersion::parse(text(value)?),
                tag::publication::TRACE_HEADER => trace_header = Some(text(value)?),
                tag::publication::SUBJECT => subject = Some(text(value)?),
                tag::publication::STRUCTURE if value == b"json" => structure = Structure::Json,
                tag::publication::STRUCTURE => return Err(Damaged("an unknown message structure")),
                tag::publication::ATTRIBUTE => attributes.push(attribute(value)?),
                tag::publication::MESSAGE => message = Some(text(value)?),
                tag::publication::GROUP_ID => group_id = Some(text(value)?),
                tag::publication::DEDUPLICATION_ID => deduplication_id = Some(text(value)?),
                _ => {}
            }
        }
        Ok(Self {
            service_url: service_url.ok_or(Damaged("no service URL"))?,
            signing_key_id,
            signature_version: version.ok_or(Damaged("no signature version"))?,
            trace_header,
            subject,
            structure,
            group_id,
            deduplication_id,
            attributes,
            message: message.ok_or(Damaged("no message"))?,
        })
    }
}

fn start(texts: usize, attributes: &[Attribute<'_>]) -> Vec<u8> {
    // Room for the tags and lengths as well, so that the common payload is one allocation.
    let attribute_bytes: usize = attributes.iter().map(|attribute| attribute.size() + 16).sum();
    let mut out = Vec::with_capacity(texts + attribute_bytes + 64);
    out.push(VERSION);
    out
}

fn put(out: &mut Vec<u8>, tag: u8, value: &[u8]) {
    out.push(tag);
    put_length(out, value.len());
    out.extend_from_slice(value);
}

fn put_optional(out: &mut Vec<u8>, tag: u8, value: Option<&str>) {
    if let Some(value) = value {
        put(out, tag, value.as_bytes());
    }
}

fn put_length(out: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        out.push(u8::try_from(length & 0x7F).expect("seven bits fit a byte") | 0x80);
        length >>= 7;
    }
    out.push(u8::try_from(length).expect("less than 0x80 fits a byte"));
}

fn put_attributes(out: &mut Vec<u8>, tag: u8, attributes: &[Attribute<'_>]) {
    let mut inner = Vec::new();
    for attribute in attributes {
        inner.clear();
        put(&mut inner, tag::attribute::NAME, attribute.name.as_bytes());
        put(&mut inner, tag::attribute::DATA_TYPE, attribute.data_type.as_bytes());
        match &attribute.value {
            Value::Text(text) => put(&mut inner, tag::attribute::TEXT, text.as_bytes()),
            Value::Binary(bytes) => put(&mut inner, tag::attribute::BINARY, bytes),
        }
        put(out, tag, &inner);
    }
}

/// Checks the version and gives the fields after it.
fn fields(bytes: &[u8]) -> Result<Fields<'_>, Damaged> {
    match bytes.split_first() {
        Some((&VERSION, rest)) => Ok(Fields { rest }),
        Some(_) => Err(Damaged("an unknown version")),
        None => Err(Damaged("empty")),
    }
}

struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn read(&mut self) -> Option<(u8, &'a [u8])> {
        let (tag, mut rest) = self.rest.split_first()?;
        let mut length = 0_usize;
        for shift in [0, 7, 14, 21, 28] {
            let (byte, tail) = rest.split_first()?;
            rest = tail;
            length |= usize::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                let (value, after) = rest.split_at_checked(length)?;
                self.rest = after;
                return Some((*tag, value));
            }
        }
        None
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u8, &'a [u8]), Damaged>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_none() {
            self.rest = &[];
        }
        Some(field.ok_or(Damaged("a field longer than the payload")))
    }
}

fn text(bytes: &[u8]) -> Result<&str, Damaged> {
    std::str::from_utf8(bytes).map_err(|_| Damaged("text that is not UTF-8"))
}

fn attribute(bytes: &[u8]) -> Result<Attribute<'_>, Damaged> {
    let (mut name, mut data_type, mut value) = (None, None, None);
    for field in (Fields { rest: bytes }) {
        let (tag, bytes) = field?;
        match tag {
            tag::attribute::NAME => name = Some(text(bytes)?),
            tag::attribute::DATA_TYPE => data_type = Some(text(bytes)?),
            tag::attribute::TEXT => value = Some(Value::Text(Cow::Borrowed(text(bytes)?))),
            tag::attribute::BINARY => value = Some(Value::Binary(Cow::Borrowed(bytes))),
            _ => {}
        }
    }
    Ok(Attribute {
        name: Cow::Borrowed(name.ok_or(Damaged("an attribute without name"))?),
        data_type: Cow::Borrowed(data_type.ok_or(Damaged("an attribute without type"))?),
        value: value.ok_or(Damaged("an attribute without value"))?,
    })
}

#[cfg(test)]
mod tests;
