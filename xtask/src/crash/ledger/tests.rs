//! Each rule of the books, seen to pass and seen to fail.

use super::*;

const HIDDEN: Duration = Duration::from_secs(2);

fn at(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn span(asked: u64, answered: u64) -> Span {
    Span { asked: at(asked), answered: at(answered) }
}

/// Books with one acknowledged message `k`, received as `m` at 100 ms.
fn books() -> Ledger {
    let mut ledger = Ledger::new(2);
    ledger.asked(0, "k", at(0), Duration::ZERO);
    ledger.acknowledged(0, "k", Some("m"));
    ledger.received(0, "k", "m", span(90, 100), HIDDEN);
    assert_eq!(ledger.verdict(), Ok(()));
    ledger
}

fn refused(ledger: &Ledger, text: &str) {
    let reason = ledger.verdict().unwrap_err();
    assert!(reason.contains(text), "{reason}");
}

#[test]
fn an_acknowledged_message_must_arrive() {
    let mut ledger = books();
    ledger.close();
    assert_eq!(ledger.verdict(), Ok(()));
    ledger.asked(1, "other", at(0), Duration::ZERO);
    ledger.close();
    assert_eq!(ledger.verdict(), Ok(()));
    ledger.acknowledged(1, "other", None);
    ledger.close();
    refused(&ledger, "never arrived");
}

#[test]
fn a_message_in_flight_is_not_handed_out() {
    let mut ledger = books();
    ledger.received(0, "k", "m", span(2_200, 2_250), HIDDEN);
    assert_eq!(ledger.verdict(), Ok(()));
    ledger.received(0, "k", "m", span(2_300, 3_000), HIDDEN);
    refused(&ledger, "in flight");
}

#[test]
fn a_released_message_may_come_at_once() {
    let mut ledger = books();
    ledger.released(0, "m");
    ledger.received(0, "k", "m", span(110, 120), HIDDEN);
    assert_eq!(ledger.verdict(), Ok(()));
}

#[test]
fn a_delete_is_for_good() {
    let mut ledger = books();
    ledger.delete_asked(0);
    ledger.deleted(0, "m", at(90), at(200));
    ledger.received(0, "k", "m", span(5_000, 5_010), HIDDEN);
    refused(&ledger, "after its delete");
}

#[test]
fn a_delete_by_an_old_handle_promises_nothing() {
    let mut ledger = books();
    ledger.delete_asked(0);
    ledger.deleted(0, "m", at(90), at(3_000));
    ledger.received(0, "k", "m", span(5_000, 5_010), HIDDEN);
    assert_eq!(ledger.verdict(), Ok(()));
}

#[test]
fn a_delete_by_a_replaced_handle_promises_nothing() {
    let mut ledger = books();
    ledger.received(0, "k", "m", span(2_500, 2_510), HIDDEN);
    ledger.delete_asked(0);
    ledger.deleted(0, "m", at(90), at(2_520));
    ledger.received(0, "k", "m", span(5_000, 5_010), HIDDEN);
    assert_eq!(ledger.verdict(), Ok(()));
}

#[test]
fn one_send_makes_one_message() {
    let mut ledger = books();
    ledger.received(0, "k", "m2", span(110, 120), HIDDEN);
    refused(&ledger, "twice");
}

#[test]
fn what_nobody_sent_is_not_explained() {
    let mut ledger = books();
    ledger.received(1, "k", "m3", span(110, 120), HIDDEN);
    refused(&ledger, "nobody sent it");
}

#[test]
fn a_delay_is_kept() {
    let mut ledger = Ledger::new(1);
    ledger.asked(0, "late", at(0), Duration::from_secs(1));
    ledger.received(0, "late", "m", span(10, 500), HIDDEN);
    refused(&ledger, "before its delay");
    let mut ledger = Ledger::new(1);
    ledger.asked(0, "late", at(0), Duration::from_secs(1));
    ledger.received(0, "late", "m", span(10, 1_000), HIDDEN);
    assert_eq!(ledger.verdict(), Ok(()));
}

#[test]
fn the_acknowledged_id_is_the_received_id() {
    let mut ledger = Ledger::new(1);
    ledger.asked(0, "k", at(0), Duration::ZERO);
    ledger.received(0, "k", "m", span(10, 20), HIDDEN);
    ledger.acknowledged(0, "k", Some("n"));
    refused(&ledger, "acknowledged as n");
}

#[test]
fn bounds_count_what_is_not_known() {
    let mut ledger = books();
    ledger.asked(0, "unanswered", at(0), Duration::ZERO);
    assert_eq!(ledger.bounds(0), Bounds { least: 1, most: 2 });
    ledger.delete_asked(0);
    assert_eq!(ledger.bounds(0), Bounds { least: 0, most: 2 });
    ledger.deleted(0, "m", at(90), at(200));
    assert_eq!(ledger.bounds(0), Bounds { least: 0, most: 1 });
    assert_eq!(ledger.backlog(), 1);
}
