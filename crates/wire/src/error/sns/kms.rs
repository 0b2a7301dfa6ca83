//! What is said of the keys of encrypted topics. The wordings are ours: none was recorded.

use crate::error::{Error, ErrorKind};

/// A publisher who may not use the topic's key.
pub fn kms_access_denied(key: &str) -> Error {
    let message = format!("The caller or SNS does not have the permission to use the KMS key {key}.");
    Error::new(ErrorKind::SnsKmsAccessDenied, message)
}

/// A key that is disabled.
pub fn kms_disabled(key: &str) -> Error {
    Error::new(ErrorKind::SnsKmsDisabled, format!("The KMS key {key} is disabled."))
}

/// A key that is about to be deleted, or waits for its material.
pub fn kms_invalid_state(key: &str) -> Error {
    Error::new(ErrorKind::SnsKmsInvalidState, format!("The state of the KMS key {key} does not allow this."))
}

/// A key that does not exist.
pub fn kms_not_found(key: &str) -> Error {
    Error::new(ErrorKind::SnsKmsNotFound, format!("The KMS key {key} does not exist."))
}

/// An account that has no key service.
pub fn kms_opt_in_required() -> Error {
    Error::new(ErrorKind::SnsKmsOptInRequired, "The account is not signed up for the key service.")
}

/// More requests than the key service takes.
pub fn kms_throttling() -> Error {
    Error::new(ErrorKind::SnsKmsThrottling, "The request to the key service was throttled.")
}
