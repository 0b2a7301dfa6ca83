//! What SNS keeps of an account as a whole: its attributes for text messages, the phones of its sandbox, and the
//! phones whose owners want no messages (sns 18).
//!
//! An account is known by the prefix of all its ARNs ([`Arn::of_account`]), which says where it lives. It need not be
//! created: an account of which nothing is said has the defaults.

pub(crate) mod state;

use crate::event::Tags;
use crate::reply::More;
use crate::{Arn, Timestamp};

/// Everything an account can be asked.
#[derive(Clone, Debug)]
pub enum Ask {
    /// Its SMS attributes that were set: [`Told::SmsAttributes`].
    SmsAttributes,
    /// Sets SMS attributes; an empty value unsets one.
    SetSmsAttributes(Tags),
    /// Whether a phone's owner wants messages: [`Told::Preference`].
    Preference(Box<str>),
    /// The owner of a phone wants no messages.
    OptOut(Box<str>),
    /// The owner of a phone wants messages again.
    OptIn(Box<str>),
    /// Lists the phones whose owners want none: [`Told::OptedOut`].
    ListOptedOut(Page),
    /// Adds a phone to the sandbox, to be verified by this password: [`Told::Status`]. A phone that is there and not
    /// verified gets the new password.
    AddToSandbox {
        /// The phone.
        phone: Box<str>,
        /// 5 to 8 digits.
        password: Box<str>,
    },
    /// Verifies a phone of the sandbox.
    Verify {
        /// The phone.
        phone: Box<str>,
        /// What it was sent.
        password: Box<str>,
    },
    /// Removes a phone from the sandbox.
    RemoveFromSandbox(Box<str>),
    /// Lists the phones of the sandbox: [`Told::Sandbox`].
    ListSandbox(Page),
}

/// A page of a list of phones, in order of their numbers.
#[derive(Clone, Debug)]
pub struct Page {
    /// The last one of the page before.
    pub after: Option<Box<str>>,
    /// How many at most.
    pub max: usize,
}

/// What an account answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// SMS attributes that were set.
    SmsAttributes(Tags),
    /// Whether a phone's owner wants messages.
    Preference(Preference),
    /// Phones whose owners want no messages.
    OptedOut(Vec<Box<str>>, More),
    /// How far a phone of the sandbox is. Only for one that is not verified its password counts.
    Status(Status),
    /// Phones of the sandbox.
    Sandbox(Vec<(Box<str>, Status)>, More),
}

/// Whether a phone's owner wants messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preference {
    /// Yes, or never said otherwise.
    Wanted,
    /// No.
    OptedOut,
}

/// How far the verification of a phone of the sandbox is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It was sent a password, and nobody has told it yet.
    Pending,
    /// Somebody told the password.
    Verified,
}

/// Why an account did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The phone is not in the sandbox.
    NotInSandbox,
    /// The sandbox has as many phones as it may.
    SandboxFull,
    /// The phone came to the sandbox, or was verified, less than a day ago.
    TooEarlyToRemove,
    /// The password is another.
    WrongPassword,
    /// The owner of the phone wants no messages.
    OptedOut,
}

/// Something that happened to an account. Statements say all there is to know of one thing, the others end one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Statement: all SMS attributes that are set.
    SmsAttributes {
        /// Whose.
        account: Arn,
        /// Names and values.
        attributes: Tags,
    },
    /// Statement: a phone of the sandbox.
    Sandboxed(Box<Sandboxed>),
    /// A phone is not in the sandbox any more.
    Unsandboxed {
        /// Whose sandbox.
        account: Arn,
        /// The phone.
        phone: Box<str>,
    },
    /// Statement: the owner of a phone wants no messages.
    OptedOut {
        /// Of which account.
        account: Arn,
        /// The phone.
        phone: Box<str>,
        /// Since when.
        at: Timestamp,
    },
    /// The owner of a phone wants messages again.
    OptedIn {
        /// Of which account.
        account: Arn,
        /// The phone.
        phone: Box<str>,
    },
}

/// A phone of the sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sandboxed {
    /// Whose sandbox.
    pub account: Arn,
    /// The phone.
    pub phone: Box<str>,
    /// How far it is.
    pub status: Status,
    /// What verifies it; empty when it is verified.
    pub password: Box<str>,
    /// When it was last sent a password, or was verified.
    pub since: Timestamp,
}

impl Ask {
    /// Bytes of the texts that it brings.
    pub fn text_bytes(&self) -> usize {
        match self {
            Ask::SetSmsAttributes(attributes) => pairs(attributes),
            Ask::AddToSandbox { phone, password } | Ask::Verify { phone, password } => {
                phone.len() + password.len()
            }
            Ask::Preference(phone)
            | Ask::OptOut(phone)
            | Ask::OptIn(phone)
            | Ask::RemoveFromSandbox(phone) => phone.len(),
            Ask::SmsAttributes | Ask::ListOptedOut(_) | Ask::ListSandbox(_) => 0,
        }
    }
}

impl Event {
    /// Bytes of the texts that it holds.
    pub fn text_bytes(&self) -> usize {
        match self {
            Event::SmsAttributes { account, attributes } => account.as_str().len() + pairs(attributes),
            Event::Sandboxed(stated) => {
                stated.account.as_str().len() + stated.phone.len() + stated.password.len()
            }
            Event::Unsandboxed { account, phone }
            | Event::OptedOut { account, phone, .. }
            | Event::OptedIn { account, phone } => account.as_str().len() + phone.len(),
        }
    }

    /// Does it add to what is alive?
    pub fn grows(&self) -> bool {
        match self {
            Event::SmsAttributes { .. } | Event::Sandboxed(_) | Event::OptedOut { .. } => true,
            Event::Unsandboxed { .. } | Event::OptedIn { .. } => false,
        }
    }
}

/// Bytes of names and values, with what the log adds.
pub(crate) fn pairs(pairs: &Tags) -> usize {
    pairs.iter().map(|(name, value)| 16 + name.len() + value.len()).sum()
}
