//! What is said of phones and of the SMS attributes of an account.

use super::invalid_parameter_because;
use crate::error::{Error, ErrorKind};

fn plain(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidParameter, message)
}

/// A Subscribe with an `sms` endpoint that is no phone number.
pub fn sms_endpoint(endpoint: &str) -> Error {
    plain(format!("Invalid SMS endpoint: {endpoint}"))
}

/// A phone number, to opt in or to ask for, that is none.
pub fn phone_number_format() -> Error {
    invalid_parameter_because("PhoneNumber", "input incorrectly formatted")
}

/// An SMS attribute that does not exist.
pub fn sms_attribute_unknown(name: &str) -> Error {
    plain(format!("{name} is not a valid attribute"))
}

/// A `DefaultSMSType` that is none.
pub fn sms_type() -> Error {
    plain("DefaultSMSType is invalid")
}

/// A `DefaultSenderID` that is none. The misspelling is AWS's.
pub fn sms_sender_id() -> Error {
    plain("DefaultSendID is not a valid attribute")
}

/// Any other SMS attribute with a value that is none. The wording is ours, after that of `DefaultSMSType`.
pub fn sms_attribute_value(name: &str) -> Error {
    plain(format!("{name} is invalid"))
}

/// A message to a phone whose owner wants none. The wording is ours.
pub fn opted_out() -> Error {
    Error::new(ErrorKind::OptedOut, "The phone number is opted out of SMS messages.")
}

/// A phone that is not in the sandbox. The wording is ours.
pub fn sandbox_phone_missing() -> Error {
    Error::new(ErrorKind::SnsResourceNotFound, "The phone number is not in the SMS sandbox.")
}

/// A request of the sandbox that its owner should not make, such as an eleventh phone, or to remove one too
/// early. The wording is ours.
pub fn sandbox_user_error(reason: &str) -> Error {
    Error::new(ErrorKind::UserError, reason)
}

/// A one-time password that is not the one that was sent. The wording is ours.
pub fn wrong_password() -> Error {
    Error::new(ErrorKind::VerificationException, "The one-time password is not valid.")
}
