//! AWS JSON 1.0, the way in: one object per request.
//!
//! The structs are in [`crate::sqs`]; here is what is common: an empty body is an empty object,
//! and whatever does not parse is one error with AWS's code.

use serde::de::Deserialize;

use crate::error::{Error, common};

/// Decodes a request body into `T`, which borrows from it.
///
/// Nesting is bounded by serde_json's recursion limit, list lengths by [`crate::shape::ITEMS_MAX`].
pub(crate) fn decode<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Error> {
    let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| {
        let text = error.to_string();
        if text.starts_with("invalid type: map") || text.starts_with("invalid type: sequence") {
            common::malformed_input("Start of structure or map found where not expected.")
        } else {
            common::malformed_input(text)
        }
    })
}
