//! The books find what they are there to find.

use super::super::endpoints::{Filter, Nature};
use super::*;

const ODD: Traits = Traits { odd: true, size: 0 };
const EVEN: Traits = Traits { odd: false, size: 0 };

fn books(nature: Nature) -> Books {
    Books::new(vec![Endpoint { number: 0, nature, filter: Filter::Odd, raw: false }])
}

fn published(books: &mut Books, traits: Traits) -> usize {
    let number = books.asked(traits);
    books.acknowledged(number);
    number
}

#[test]
fn what_arrived_or_is_dead_or_was_refused_is_not_missing() {
    let mut books = books(Nature::Gone);
    let (taken, dead, lost) =
        (published(&mut books, ODD), published(&mut books, ODD), published(&mut books, ODD));
    published(&mut books, EVEN);
    books.asked(ODD);
    books.arrived(0, taken, Turn::Taken);
    books.arrived(0, dead, Turn::Failed);
    books.dead_letter(0, dead);
    assert!(books.verdict().is_ok());
    assert_eq!(books.missing(None), [(0, lost)]);
    assert_eq!(books.missing(Some(Nature::Healthy)), []);
    books.close();
    assert!(books.verdict().unwrap_err().contains("is lost"));
}

#[test]
fn a_message_that_the_filter_refuses_is_a_violation() {
    let mut books = books(Nature::Healthy);
    let number = published(&mut books, EVEN);
    books.arrived(0, number, Turn::Taken);
    assert!(books.verdict().unwrap_err().contains("filter refuses"));
    books.arrived(0, 7, Turn::Taken);
    assert!(books.verdict().unwrap_err().contains("nobody published"));
}

#[test]
fn attempts_have_a_least_and_a_most() {
    let mut healthy = books(Nature::Healthy);
    let number = published(&mut healthy, ODD);
    healthy.arrived(0, number, Turn::Taken);
    healthy.interrupted();
    healthy.arrived(0, number, Turn::Taken);
    assert!(healthy.verdict().is_ok());
    healthy.arrived(0, number, Turn::Taken);
    assert!(healthy.verdict().is_err());

    let mut recovering = books(Nature::Recovering);
    let number = published(&mut recovering, ODD);
    (0..RETRIES).for_each(|_| recovering.arrived(0, number, Turn::Failed));
    recovering.dead_letter(0, number);
    assert!(recovering.verdict().unwrap_err().contains("instead of"));
}

#[test]
fn a_dead_letter_is_there_once() {
    let mut books = books(Nature::Gone);
    let number = published(&mut books, ODD);
    books.arrived(0, number, Turn::Failed);
    books.dead_letter(0, number);
    assert!(books.verdict().is_ok());
    books.dead_letter(0, number);
    assert!(books.verdict().unwrap_err().contains("2 times"));
}

#[test]
fn latencies_over_a_kill_do_not_count() {
    let mut books = books(Nature::Healthy);
    let (first, second) = (published(&mut books, ODD), published(&mut books, ODD));
    books.arrived(0, first, Turn::Taken);
    books.interrupted();
    books.arrived(0, second, Turn::Taken);
    assert_eq!(books.latencies_us.len(), 1);
}
