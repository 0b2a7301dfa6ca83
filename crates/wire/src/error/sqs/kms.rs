//! What is said when a queue's KMS key cannot be used.
//!
//! Codes and statuses are modelled; no sentence is known, so these are ours. `key` is the key as the queue's
//! `KmsMasterKeyId` names it.

use crate::error::{Error, ErrorKind};

/// The caller may not use the key.
pub fn kms_access_denied(key: &str) -> Error {
    Error::new(ErrorKind::KmsAccessDenied, format!("The caller is not allowed to use the key {key}."))
}

/// The key is disabled.
pub fn kms_disabled(key: &str) -> Error {
    Error::new(ErrorKind::KmsDisabled, format!("The key {key} is disabled."))
}

/// The key is of a kind that does not encrypt data.
pub fn kms_invalid_key_usage(key: &str) -> Error {
    Error::new(ErrorKind::KmsInvalidKeyUsage, format!("The key {key} is not meant for encryption."))
}

/// The key is in a state that does not allow its use, such as pending deletion.
pub fn kms_invalid_state(key: &str) -> Error {
    Error::new(ErrorKind::KmsInvalidState, format!("The state of the key {key} does not allow its use."))
}

/// The key does not exist.
pub fn kms_not_found(key: &str) -> Error {
    Error::new(ErrorKind::KmsNotFound, format!("The key {key} does not exist."))
}

/// The account has not subscribed to KMS.
pub fn kms_opt_in_required() -> Error {
    Error::new(ErrorKind::KmsOptInRequired, "The account is not subscribed to the key management service.")
}

/// KMS was asked too often.
pub fn kms_throttled() -> Error {
    Error::new(ErrorKind::KmsThrottled, "The key management service denied the request due to throttling.")
}
