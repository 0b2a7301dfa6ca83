//! Sequence numbers, and the handles of move tasks.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;

#[test]
fn a_sequence_number_is_in_the_range_of_aws() {
    assert_eq!(sequence_number(0), "18800000000000000000");
    assert_eq!(sequence_number(42), "18800000000000000042");
}

proptest! {
    #[test]
    fn sequence_numbers_are_20_digits_and_ordered_as_text(a in any::<u64>(), b in any::<u64>()) {
        for pair in [(a, b), (a, a.saturating_add(1)), (b >> 40, b >> 8)] {
            let (x, y) = (sequence_number(pair.0), sequence_number(pair.1));
            prop_assert_eq!((x.len(), y.len()), (20, 20));
            prop_assert!(x.starts_with("188") || pair.0 >= 100_000_000_000_000_000);
            prop_assert_eq!(x.cmp(&y), pair.0.cmp(&pair.1));
        }
    }

    #[test]
    fn a_task_handle_is_read_back_and_no_text_panics(task_id in any::<String>(), source_arn in any::<String>()) {
        prop_assert_eq!(TaskHandle::parse(&task_id), None);
        prop_assert_eq!(TaskHandle::parse(&STANDARD.encode(&task_id)), None);
        let handle = TaskHandle { task_id, source_arn };
        prop_assert_eq!(TaskHandle::parse(&handle.encode()), Some(handle));
    }
}

#[test]
fn a_task_handle_has_both_parts() {
    // As AWS's own look, with spaces.
    let text = r#"{"taskId": "5a7d0c1e", "sourceArn": "arn:aws:sqs:us-east-1:210987654321:dead"}"#;
    let read = TaskHandle::parse(&STANDARD.encode(text)).unwrap();
    assert_eq!(read.task_id, "5a7d0c1e");
    assert_eq!(read.source_arn, "arn:aws:sqs:us-east-1:210987654321:dead");
    for text in ["", "{}", "[]", r#"{"taskId":"a"}"#, r#"{"taskId":1,"sourceArn":"a"}"#, "null"] {
        assert_eq!(TaskHandle::parse(&STANDARD.encode(text)), None, "{text}");
    }
    assert_eq!(TaskHandle::parse("garbage!"), None);
}
