//! What a target remembers of a script: the receipt handles that it was handed, the move tasks that it started, and the
//! ids and sequence numbers that it was told. What contradicts them is a fault, whatever the script expects.

use crate::action::{Fault, Handle, Task};
use std::collections::BTreeMap;

/// Receipt handles, in order, by queue and by the message as it is shown.
#[derive(Debug)]
pub(crate) struct Handles<T> {
    by_message: BTreeMap<(String, String), Vec<T>>,
    forged: T,
}

impl<T: Clone + PartialEq> Handles<T> {
    pub(crate) fn new(forged: T) -> Handles<T> {
        Handles { by_message: BTreeMap::new(), forged }
    }

    /// Adds one, and says which of the different ones of this message it is, from 1.
    pub(crate) fn add(&mut self, queue: &str, word: &str, handle: T) -> usize {
        let issued = self.by_message.entry((queue.into(), word.into())).or_default();
        issued.push(handle.clone());
        let mut different: Vec<&T> = Vec::new();
        for other in issued.iter() {
            if !different.contains(&other) {
                different.push(other);
            }
        }
        1 + different.iter().position(|other| **other == handle).unwrap_or(0)
    }

    /// The handle that a script means.
    pub(crate) fn find(&self, handle: &Handle) -> Result<T, Fault> {
        let Handle::Issued { queue, word, receive } = handle else { return Ok(self.forged.clone()) };
        let issued = self.by_message.get(&(queue.clone(), word.clone())).map_or(&[][..], Vec::as_slice);
        let found = match receive {
            Some(receive) => issued.get(receive - 1),
            None => issued.last(),
        };
        found.cloned().ok_or_else(|| Fault(format!("{queue} did not hand out {word} that often")))
    }
}

/// Handles of move tasks, in order, by queue.
#[derive(Debug)]
pub(crate) struct Tasks<T> {
    by_queue: BTreeMap<String, Vec<T>>,
    forged: T,
}

impl<T: Clone> Tasks<T> {
    pub(crate) fn new(forged: T) -> Tasks<T> {
        Tasks { by_queue: BTreeMap::new(), forged }
    }

    pub(crate) fn add(&mut self, queue: &str, task: T) {
        self.by_queue.entry(queue.into()).or_default().push(task);
    }

    /// The task that a script means.
    pub(crate) fn find(&self, queue: &str, task: &Task) -> Result<T, Fault> {
        let started = self.by_queue.get(queue).map_or(&[][..], Vec::as_slice);
        let found = match task {
            Task::Forged => Some(&self.forged),
            Task::Started(Some(which)) => started.get(which - 1),
            Task::Started(None) => started.last(),
        };
        found.cloned().ok_or_else(|| Fault(format!("{queue} has not started that many tasks")))
    }
}

/// What a topic is called in a [`Ledger`], where queues have their names.
pub(crate) fn topic_key(name: &str) -> String {
    format!("topic {name}")
}

/// Ids and sequence numbers of messages. Sequence numbers are those of FIFO queues and topics.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Queue, body and sequence number by message id.
    sent: BTreeMap<String, (String, String, Option<u128>)>,
    /// The highest sequence number of each queue.
    last: BTreeMap<String, u128>,
    /// Something was published: then queues get messages with ids that nobody was told.
    published: bool,
}

impl Ledger {
    /// A send was answered with this. `ok` if it made a message, `=body` if it repeated the one that says so.
    pub(crate) fn sent(
        &mut self,
        queue: &str,
        word: &str,
        id: String,
        sequence: Option<u128>,
    ) -> Result<String, Fault> {
        if let Some((of, body, told)) = self.sent.get(&id) {
            let same = of == queue && sequence.is_some() && *told == sequence;
            return if same { Ok(format!("={body}")) } else { Err(Fault(format!("the id {id} is not new"))) };
        }
        if let Some(sequence) = sequence {
            let last = self.last.entry(queue.into()).or_default();
            if sequence <= *last {
                return Err(Fault(format!("sequence number {sequence} follows {last}")));
            }
            *last = sequence;
        }
        self.sent.insert(id, (queue.into(), word.into(), sequence));
        Ok("ok".into())
    }

    /// A message was received with this.
    pub(crate) fn received(
        &self,
        queue: &str,
        word: &str,
        id: &str,
        sequence: Option<u128>,
    ) -> Result<(), Fault> {
        let Some((of, body, told)) = self.sent.get(id) else {
            let known =
                if self.published { Ok(()) } else { Err(Fault(format!("nobody sent a message {id}"))) };
            return known;
        };
        if body != word {
            return Err(Fault(format!("{word} came under the id of {body}")));
        }
        // A message that came back to its queue has another number there.
        let lower = of == queue && sequence < *told;
        if lower {
            Err(Fault(format!("{word} came with sequence number {sequence:?}, sent was {told:?}")))
        } else {
            Ok(())
        }
    }

    /// A copy came with this id and sequence number of its publication.
    pub(crate) fn copied(&self, topic: &str, id: &str, sequence: Option<u128>) -> Result<(), Fault> {
        match self.sent.get(id) {
            None => Err(Fault(format!("nobody published a message {id}"))),
            Some((of, ..)) if of != topic => {
                Err(Fault(format!("{id} was published to {of}, not to {topic}")))
            }
            // A topic of that name has begun anew.
            Some((.., None)) => Ok(()),
            Some((.., told)) if *told == sequence => Ok(()),
            Some((.., told)) => Err(Fault(format!("{id} came with {sequence:?}, told was {told:?}"))),
        }
    }

    /// Something was published.
    pub(crate) fn published(&mut self) {
        self.published = true;
    }

    /// A queue is gone: one of its name begins anew.
    pub(crate) fn forget(&mut self, queue: &str) {
        self.last.remove(queue);
        self.sent.values_mut().filter(|sent| sent.0 == queue).for_each(|sent| sent.2 = None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_sequence_numbers_are_held_against_each_other() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.sent("q", "a", "1".into(), Some(5)), Ok("ok".into()));
        assert_eq!(ledger.sent("q", "b", "1".into(), Some(5)), Ok("=a".into()));
        assert!(ledger.sent("q", "b", "1".into(), Some(6)).is_err(), "another sequence number");
        assert!(ledger.sent("r", "b", "1".into(), Some(5)).is_err(), "another queue");
        assert!(ledger.sent("q", "b", "2".into(), Some(5)).is_err(), "not higher");
        assert!(ledger.received("q", "a", "1", Some(5)).is_ok());
        assert!(ledger.received("q", "b", "1", Some(5)).is_err(), "another body");
        assert!(ledger.received("q", "a", "1", Some(4)).is_err(), "a lower sequence number");
        assert!(ledger.received("r", "a", "1", Some(1)).is_ok(), "it has moved");
        assert!(ledger.received("q", "a", "9", Some(9)).is_err(), "nobody sent it");
        ledger.forget("q");
        assert!(ledger.received("q", "a", "1", Some(1)).is_ok(), "it has moved to a queue that began anew");
        assert_eq!(ledger.sent("q", "b", "2".into(), Some(1)), Ok("ok".into()));
        assert_eq!(ledger.sent("s", "c", "3".into(), None), Ok("ok".into()));
        assert!(ledger.sent("s", "c", "3".into(), None).is_err(), "a standard queue repeats no id");
    }

    #[test]
    fn copies_are_held_against_what_was_told() {
        let mut ledger = Ledger::default();
        let topic = topic_key("t");
        assert_eq!(ledger.sent(&topic, "a", "1".into(), Some(5)), Ok("ok".into()));
        assert_eq!(ledger.sent(&topic, "b", "2".into(), None), Ok("ok".into()));
        assert!(ledger.copied(&topic, "1", Some(5)).is_ok());
        assert!(ledger.copied(&topic, "1", Some(6)).is_err(), "another sequence number");
        assert!(ledger.copied(&topic, "3", Some(5)).is_err(), "nobody published it");
        assert!(ledger.copied("t", "1", Some(5)).is_err(), "to another topic");
        ledger.forget(&topic);
        assert!(ledger.copied(&topic, "1", Some(6)).is_ok(), "the topic began anew");
    }

    #[test]
    fn equal_handles_are_one() {
        let mut handles = Handles::new(0);
        assert_eq!([handles.add("q", "a", 7), handles.add("q", "a", 8), handles.add("q", "a", 7)], [1, 2, 1]);
        assert_eq!(handles.add("q", "b", 9), 1);
    }
}
