//! Phones: the operations, and what is a phone number (spec `sns.md` section 18).
//!
//! Requests that the model constrains (patterns, lengths, ranges) have a `check`: AWS's framework makes it
//! before the operation runs, so its error goes before all others. Requests and answers about numbers that
//! opted out spell their members in lower case, as do the account's SMS attributes.

mod account;
mod output;

pub use account::AccountAttribute;
pub use output::*;

use crate::error::{Error, sns as errors};
use crate::query::{Flaw, Form, Shape};
use crate::shape::{List, Pairs, form_shape};
use crate::text::Text;

/// The longest phone number of the sandbox.
pub const PHONE_NUMBER_CHARS_MAX: usize = 20;
/// The most numbers of a page of [`ListSmsSandboxPhoneNumbers`].
pub const SANDBOX_PAGE_MAX: i64 = 100;
/// The most numbers of a page of [`ListOriginationNumbers`].
pub const ORIGINATION_PAGE_MAX: i64 = 30;
/// The languages that a one-time password's message may be in.
pub const LANGUAGES: [&str; 13] = [
    "en-US", "en-GB", "es-419", "es-ES", "de-DE", "fr-CA", "fr-FR", "it-IT", "ja-JP", "pt-BR", "kr-KR",
    "zh-CN", "zh-TW",
];

const PHONE_NUMBER_PATTERN: &str = r"^(\+[0-9]{8,}|[0-9]{0,9})$";
const PASSWORD_PATTERN: &str = "^[0-9]+$";

form_shape! {
    /// Whether a phone's owner wants no messages.
    CheckIfPhoneNumberIsOptedOut<'a> {
        /// The phone.
        phone_number: Text<'a>, "phoneNumber";
    }

    /// Lists the phones whose owners want no messages, 100 a page.
    ListPhoneNumbersOptedOut<'a> {
        /// Where the page before ended.
        next_token: Option<Text<'a>>, "nextToken";
    }

    /// Sends messages to a phone again.
    OptInPhoneNumber<'a> {
        /// The phone.
        phone_number: Text<'a>, "phoneNumber";
    }

    /// Changes SMS attributes of the account.
    SetSmsAttributes<'a> {
        /// The new values.
        attributes: Pairs<'a>, "attributes.entry";
    }

    /// Reads SMS attributes of the account.
    GetSmsAttributes<'a> {
        /// Which attributes; all if this is absent.
        attributes: Option<List<Text<'a>>>, "attributes.member";
    }

    /// Adds a phone to the sandbox and sends it a one-time password.
    CreateSmsSandboxPhoneNumber<'a> {
        /// The phone.
        phone_number: Text<'a>, "PhoneNumber";
        /// The language of the message; `en-US` if this is absent.
        language_code: Option<Text<'a>>, "LanguageCode";
    }

    /// Verifies a phone of the sandbox.
    VerifySmsSandboxPhoneNumber<'a> {
        /// The phone.
        phone_number: Text<'a>, "PhoneNumber";
        /// What the phone was sent.
        one_time_password: Text<'a>, "OneTimePassword";
    }

    /// Removes a phone from the sandbox.
    DeleteSmsSandboxPhoneNumber<'a> {
        /// The phone.
        phone_number: Text<'a>, "PhoneNumber";
    }

    /// Lists the phones of the sandbox.
    ListSmsSandboxPhoneNumbers<'a> {
        /// Where the page before ended.
        next_token: Option<Text<'a>>, "NextToken";
        /// Page length, 1–100.
        max_results: Option<i64>, "MaxResults";
    }

    /// Lists the numbers that the account sends from.
    ListOriginationNumbers<'a> {
        /// Where the page before ended.
        next_token: Option<Text<'a>>, "NextToken";
        /// Page length, 1–30.
        max_results: Option<i64>, "MaxResults";
    }
}

/// Asks whether the account is in the sandbox. It has no members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GetSmsSandboxAccountStatus;

impl<'f> Shape<'f> for GetSmsSandboxAccountStatus {
    const MEMBERS: &'static [&'static str] = &[];

    fn from_form(_: Form<'f>) -> Result<Self, Flaw> {
        Ok(Self)
    }
}

impl CreateSmsSandboxPhoneNumber<'_> {
    /// Makes the model's checks.
    ///
    /// # Errors
    /// `ValidationError` for a phone number that is none, or an unknown language.
    pub fn check(&self) -> Result<(), Error> {
        check_phone_number(&self.phone_number)?;
        match self.language_code.as_deref() {
            Some(code) if !LANGUAGES.contains(&code) => {
                Err(errors::not_in_enum("languageCode", code, &LANGUAGES))
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl VerifySmsSandboxPhoneNumber<'_> {
    /// Makes the model's checks.
    ///
    /// # Errors
    /// `ValidationError` for a phone number that is none, or a password that is not 5 to 8 digits.
    pub fn check(&self) -> Result<(), Error> {
        check_phone_number(&self.phone_number)?;
        let password = self.one_time_password.as_str();
        let path = "oneTimePassword";
        match password.chars().count() {
            0..5 => Err(errors::too_short(path, password, 5)),
            5..=8 if password.bytes().all(|byte| byte.is_ascii_digit()) => Ok(()),
            5..=8 => Err(errors::not_of_pattern(path, password, PASSWORD_PATTERN)),
            9.. => Err(errors::too_long(path, password, 8)),
        }
    }
}

impl DeleteSmsSandboxPhoneNumber<'_> {
    /// Makes the model's checks.
    ///
    /// # Errors
    /// `ValidationError` for a phone number that is none.
    pub fn check(&self) -> Result<(), Error> {
        check_phone_number(&self.phone_number)
    }
}

impl ListSmsSandboxPhoneNumbers<'_> {
    /// Makes the model's checks.
    ///
    /// # Errors
    /// `ValidationError` for a page length out of range.
    pub fn check(&self) -> Result<(), Error> {
        check_page(self.max_results, SANDBOX_PAGE_MAX)
    }
}

impl ListOriginationNumbers<'_> {
    /// Makes the model's checks.
    ///
    /// # Errors
    /// `ValidationError` for a page length out of range.
    pub fn check(&self) -> Result<(), Error> {
        check_page(self.max_results, ORIGINATION_PAGE_MAX)
    }
}

fn check_phone_number(number: &str) -> Result<(), Error> {
    let path = "phoneNumber";
    if number.chars().count() > PHONE_NUMBER_CHARS_MAX {
        return Err(errors::too_long(path, number, PHONE_NUMBER_CHARS_MAX));
    }
    let (digits, lengths) = match number.strip_prefix('+') {
        Some(digits) => (digits, 8..=PHONE_NUMBER_CHARS_MAX),
        None => (number, 0..=9),
    };
    let fits = digits.bytes().all(|byte| byte.is_ascii_digit()) && lengths.contains(&digits.len());
    if fits { Ok(()) } else { Err(errors::not_of_pattern(path, number, PHONE_NUMBER_PATTERN)) }
}

fn check_page(max_results: Option<i64>, max: i64) -> Result<(), Error> {
    match max_results {
        Some(given) if given < 1 => Err(errors::too_small("maxResults", given, 1)),
        Some(given) if given > max => Err(errors::too_large("maxResults", given, max)),
        Some(_) | None => Ok(()),
    }
}

/// Whether a text is a phone number in E.164: a plus and up to 15 digits, of which the first is not zero.
/// What one can publish to, and opt in.
pub fn is_e164(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (2..=15).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a phone can be subscribed by this text: digits, perhaps behind a plus, with at most one of
/// `-`, space and `.` between two of them.
pub fn is_endpoint(text: &str) -> bool {
    let number = text.strip_prefix('+').unwrap_or(text);
    number
        .split(['-', ' ', '.'])
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}
