//! What became of copies for queues, of what topics want to be told, until somebody asks.
//!
//! This is for people to read and rests on nothing, so it is in memory only and has a bound: what does not fit is
//! left out, and counted.

use postrider_core::reply::Reply;
use postrider_core::topic::status::Ended;

/// Copies that are kept. Those of one publication are kept together, so there may be as many more as a topic has
/// subscriptions.
const COPIES_MAX: usize = 20_000;
/// Payload bytes that are kept, and one publication more.
const BYTES_MAX: usize = 4 << 20;

/// What waits.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    publications: Vec<Ended>,
    copies: usize,
    bytes: usize,
    left_out: u64,
}

impl Waiting {
    pub(crate) fn is_empty(&self) -> bool {
        self.publications.is_empty()
    }

    /// Keeps these, as far as there is room.
    pub(crate) fn keep(&mut self, ended: Vec<Ended>) {
        for ended in ended {
            let copies = ended.copies.len();
            if self.copies >= COPIES_MAX || self.bytes >= BYTES_MAX {
                self.left_out += copies as u64;
                continue;
            }
            self.copies += copies;
            self.bytes += ended.body.place.len as usize;
            self.publications.push(ended);
        }
    }

    /// Hands everything out.
    pub(crate) fn take(&mut self) -> Reply {
        let Waiting { publications, left_out, .. } = std::mem::take(self);
        Reply::Ended { publications, left_out }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use postrider_core::body::{Body, Place};
    use postrider_core::event::Occasion;
    use postrider_core::id::Uuid;
    use postrider_core::outbox::Published;
    use postrider_core::topic::status::EndedCopy;
    use postrider_core::{Arn, Timestamp};

    fn ended(copies: usize, len: usize) -> Ended {
        let arn = |service, name| Arn::of("aws", service, "us-east-1", "000000000000", name);
        let copy = EndedCopy { subscription: Uuid(1), queue: arn("sqs", "q"), end: Ok(()) };
        let place = Place { len: u32::try_from(len).unwrap(), ..Place::default() };
        Ended {
            published: Published {
                message_id: Uuid(2),
                topic: arn("sns", "t"),
                published_at: Timestamp(3),
                group: None,
                fifo: None,
                occasion: Occasion::Published,
            },
            body: Body { place, size: 0, resident: None },
            at: Timestamp(3),
            copies: vec![copy; copies],
        }
    }

    fn taken(waiting: &mut Waiting) -> (usize, u64) {
        let Reply::Ended { publications, left_out } = waiting.take() else { panic!() };
        (publications.len(), left_out)
    }

    #[test]
    fn what_does_not_fit_is_left_out_and_counted() {
        let mut waiting = Waiting::default();
        assert!(waiting.is_empty());
        waiting.keep(vec![ended(COPIES_MAX - 1, 0), ended(5, 0), ended(2, 0), ended(3, 0)]);
        assert!(!waiting.is_empty());
        assert_eq!(taken(&mut waiting), (2, 5));
        waiting.keep((0..9).map(|_| ended(1, BYTES_MAX / 4)).collect());
        assert_eq!(taken(&mut waiting), (4, 5));
        assert_eq!(taken(&mut waiting), (0, 0));
    }
}
