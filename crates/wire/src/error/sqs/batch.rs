//! What is said of a batch as a whole.

use crate::Action;
use crate::error::{Error, ErrorKind};

/// A batch without entries. `action` is the batch operation.
pub fn empty_batch(action: Action) -> Error {
    let message = format!("There should be at least one {}RequestEntry in the request.", action.name());
    Error::new(ErrorKind::EmptyBatchRequest, message)
}

/// A batch of more entries than `count_max`, which is 10 unless the server was told otherwise.
pub fn too_many_entries(count: usize, count_max: usize) -> Error {
    Error::new(
        ErrorKind::TooManyEntriesInBatchRequest,
        format!("Maximum number of entries per request are {count_max}. You have sent {count}."),
    )
}

/// Two entries with one id.
pub fn entry_id_repeated(id: &str) -> Error {
    Error::new(ErrorKind::BatchEntryIdsNotDistinct, format!("Id {id} repeated."))
}

/// An entry id with other characters or length.
pub fn entry_id_invalid() -> Error {
    Error::new(
        ErrorKind::InvalidBatchEntryId,
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most \
         80 letters long.",
    )
}

/// A batch whose messages together are larger than `bytes_max`, which is 1 MiB unless the server was told
/// otherwise.
pub fn batch_too_long(bytes: usize, bytes_max: usize) -> Error {
    Error::new(
        ErrorKind::BatchRequestTooLong,
        format!("Batch requests cannot be longer than {bytes_max} bytes. You have sent {bytes} bytes."),
    )
}
