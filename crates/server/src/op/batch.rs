//! What is common to batches: the checks of a batch as a whole, in AWS's order (sqs 2, sns 2).

use crate::limits::{Limits, has_name_characters};
use postrider_core::limits::BATCH_ENTRIES_MAX;
use postrider_wire::Action;
use postrider_wire::error::{Error, sns, sqs};
use postrider_wire::sqs::{BatchFailure, BatchOutput};

/// The longest id of an entry, characters.
const ID_CHARS_MAX: usize = 80;

/// Checks a batch of SQS. `bytes` is the size of all its messages.
pub(super) fn check_sqs(action: Action, ids: &[&str], bytes: usize, limits: &Limits) -> Result<(), Error> {
    if ids.is_empty() {
        return Err(sqs::empty_batch(action));
    }
    if ids.len() > limits.batch_entries_max {
        return Err(sqs::too_many_entries(ids.len(), limits.batch_entries_max));
    }
    if bytes > limits.batch_bytes_max() {
        return Err(sqs::batch_too_long(bytes, limits.batch_bytes_max()));
    }
    if ids.iter().any(|id| id.is_empty() || id.len() > ID_CHARS_MAX || !has_name_characters(id)) {
        return Err(sqs::entry_id_invalid());
    }
    match repeated(ids) {
        Some(id) => Err(sqs::entry_id_repeated(id)),
        None => Ok(()),
    }
}

/// Checks a batch of SNS. `bytes` is the size of all its messages, `bytes_max` what the topic admits.
pub(super) fn check_sns(ids: &[&str], bytes: usize, bytes_max: u32) -> Result<(), Error> {
    if ids.is_empty() {
        return Err(sns::null_member("publishBatchRequestEntries"));
    }
    if ids.len() > BATCH_ENTRIES_MAX {
        return Err(sns::too_many_entries());
    }
    for id in ids {
        if id.is_empty() || !has_name_characters(id) {
            return Err(sns::entry_id_characters(id));
        }
        if id.len() > ID_CHARS_MAX {
            return Err(sns::entry_id_too_long(id));
        }
    }
    if repeated(ids).is_some() {
        return Err(sns::entry_ids_not_distinct());
    }
    if bytes > bytes_max as usize {
        return Err(sns::batch_too_long());
    }
    Ok(())
}

fn repeated<'i>(ids: &[&'i str]) -> Option<&'i str> {
    ids.iter().enumerate().find(|(at, id)| ids[..*at].contains(id)).map(|(_, id)| *id)
}

/// Sorts outcomes into what went well and what did not, each in the order of the request.
pub(super) fn sorted<'i, T>(
    outcomes: impl Iterator<Item = (&'i str, Result<T, Error>)>,
) -> BatchOutput<'i, T> {
    let mut output = BatchOutput::default();
    for (id, outcome) in outcomes {
        match outcome {
            Ok(entry) => output.successful.push(entry),
            Err(error) => output.failed.push(BatchFailure::new(id, error)),
        }
    }
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_of_sqs_is_checked_in_order() {
        let limits = Limits::default();
        let check = |ids: &[&str], bytes| check_sqs(Action::SendMessageBatch, ids, bytes, &limits);
        let over = 1_048_577;
        assert_eq!(check(&[], over), Err(sqs::empty_batch(Action::SendMessageBatch)));
        assert_eq!(check(&["a"; 11], over), Err(sqs::too_many_entries(11, 10)));
        assert_eq!(check(&["", ""], over), Err(sqs::batch_too_long(over, over - 1)));
        assert_eq!(check(&["a", "a", "b!"], 1), Err(sqs::entry_id_invalid()));
        assert_eq!(check(&["a", &"b".repeat(81)], 1), Err(sqs::entry_id_invalid()));
        assert_eq!(check(&["a", "b", "a", "b"], 1), Err(sqs::entry_id_repeated("a")));
        assert_eq!(check(&["a", &"b".repeat(80), "A-_9"], over - 1), Ok(()));
    }

    #[test]
    fn a_batch_of_sns_is_checked_in_order() {
        assert_eq!(check_sns(&["a"; 11], 1, 1), Err(sns::too_many_entries()));
        assert_eq!(check_sns(&["a", "a", "b!"], 1, 1), Err(sns::entry_id_characters("b!")));
        let long = "b".repeat(81);
        assert_eq!(check_sns(&[&long], 1, 1), Err(sns::entry_id_too_long(&long)));
        assert_eq!(check_sns(&["a", "a"], 9, 1), Err(sns::entry_ids_not_distinct()));
        assert_eq!(check_sns(&["a", "b"], 2, 1), Err(sns::batch_too_long()));
        assert_eq!(check_sns(&["a", "b"], 2, 2), Ok(()));
    }
}
