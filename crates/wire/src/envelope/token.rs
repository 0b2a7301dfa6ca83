//! Tokens that confirm subscriptions.
//!
//! To clients a token is a long text of lower-case hexadecimal digits with the first digits of AWS's. To the
//! server it carries some bytes of its own, from which it tells which subscription is meant: the link that
//! an endpoint visits is good whatever topic it names. The bytes are not protected here; whoever makes them
//! has to put something unguessable in.

use std::fmt;

/// What every token starts with, as AWS's do.
const PREFIX: [u8; 5] = [0x23, 0x36, 0x41, 0x2f, 0x37];
/// The fewest and the most digits that a token of anybody's may have.
const DIGITS: std::ops::RangeInclusive<usize> = 32..=512;

/// What a token is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    payload: Vec<u8>,
}

/// Why a text is no token of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenFlaw {
    /// It has not the form of a token; see [`crate::error::sns::token_malformed`].
    Malformed,
    /// It has the form, and we never gave out such a one; see [`crate::error::sns::token_unknown`].
    Unknown,
}

impl Token {
    /// The fewest and the most bytes that a token can carry.
    pub const PAYLOAD_BYTES: std::ops::RangeInclusive<usize> =
        *DIGITS.start() / 2 - PREFIX.len()..=*DIGITS.end() / 2 - PREFIX.len();

    /// A token that carries `payload`; `None` if that is too short or too long.
    pub fn new(payload: &[u8]) -> Option<Self> {
        Self::PAYLOAD_BYTES.contains(&payload.len()).then(|| Self { payload: payload.to_vec() })
    }

    /// What it carries.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Reads a token.
    ///
    /// # Errors
    /// [`TokenFlaw`] for a text that [`Token`] does not display as.
    pub fn parse(text: &str) -> Result<Self, TokenFlaw> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if !DIGITS.contains(&text.len()) || !text.bytes().all(is_digit) {
            return Err(TokenFlaw::Malformed);
        }
        let byte = |pair: &[u8]| {
            let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
            u8::from_str_radix(pair, 16).ok()
        };
        let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(byte).collect();
        let payload = bytes.as_deref().and_then(|bytes| bytes.strip_prefix(&PREFIX));
        payload.and_then(Self::new).ok_or(TokenFlaw::Unknown)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        PREFIX.iter().chain(&self.payload).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
