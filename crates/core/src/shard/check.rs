//! The invariants of the state, for debug builds and tests.

use super::Shard;
use crate::Arn;
use crate::outbox::Owed;
use crate::queue::message::Content;
use std::collections::BTreeMap;

impl Shard {
    /// Is the state the same? Where the log states things, what is in memory, and what waits to be
    /// freed do not count. Both shards must be at the same time, with everything reaped.
    pub fn same(&self, other: &Shard) -> bool {
        let queues = (&self.queues, &other.queues);
        let topics = (&self.topics, &other.topics);
        let publications = (&self.publications, &other.publications);
        let deleted = |shard: &Shard| {
            let names = shard.deleted.iter().map(|(arn, name)| (arn.clone(), name.queue, name.at));
            names.collect::<Vec<_>>()
        };
        let inbox = |shard: &Shard| {
            let inbox = shard.inbox.iter().map(|(from, accepted)| (*from, accepted.number));
            inbox.collect::<Vec<_>>()
        };
        self.statement() == other.statement()
            && queues.0.len() == queues.1.len()
            && queues.0.iter().zip(queues.1).all(|(a, b)| a.0 == b.0 && a.1.same(b.1, self.now))
            && topics.0.len() == topics.1.len()
            && topics.0.iter().zip(topics.1).all(|(a, b)| a.0 == b.0 && a.1.same(b.1))
            && publications.0.len() == publications.1.len()
            && publications.0.iter().zip(publications.1).all(|(a, b)| {
                (a.0, a.1.message_id, a.1.published_at, a.1.refs)
                    == (b.0, b.1.message_id, b.1.published_at, b.1.refs)
                    && a.1.topic == b.1.topic
                    && a.1.group == b.1.group
                    && a.1.body.place.crc == b.1.body.place.crc
            })
            && self.outbox == other.outbox
            && self.sources == other.sources
            && self.moving == other.moving
            && deleted(self) == deleted(other)
            && inbox(self) == inbox(other)
    }

    /// Shells that no statement completed: after a replay there may be none.
    pub fn shells(&self) -> usize {
        let queues = self.queues.values().filter(|queue| queue.stated.is_none()).count();
        queues + self.topics.values().filter(|topic| topic.stated.is_none()).count()
    }

    /// Panics if the state contradicts itself. Costs a walk over everything, so it is for tests.
    pub fn check(&self) {
        let mut refs = BTreeMap::<_, u64>::new();
        let doomed = self.doomed.iter().flat_map(|doomed| doomed.messages.all());
        let messages = self.queues.values().flat_map(|queue| queue.messages.all());
        let mut homes = 0;
        for message in messages.chain(doomed) {
            homes += usize::from(message.home.is_some());
            if let Content::Copy { publication, .. } = message.content {
                *refs.entry(publication).or_default() += 1;
            }
        }
        assert_eq!(homes, self.homes.len(), "messages that moved can be found");
        for owed in self.outbox.streams.values().flat_map(|stream| stream.owed.values()) {
            match owed {
                Owed::Copy { publication, .. } => *refs.entry(*publication).or_default() += 1,
                Owed::Message { queue, number, .. } => {
                    let queue = self.queues.get(queue);
                    let leaving = queue.is_some_and(|queue| queue.messages.leaving().contains_key(number));
                    assert!(leaving, "I8: what leaves is in its queue until it has arrived");
                }
            }
        }
        let kept = self.publications.iter().map(|(id, publication)| (*id, publication.refs));
        assert_eq!(kept.collect::<BTreeMap<_, _>>(), refs, "a publication is kept while referred to");
        for queue in self.queues.values() {
            queue.messages.check(self.now);
            if let Some(due) = queue.due() {
                assert!(queue.scheduled.is_some_and(|scheduled| scheduled <= due), "due in time");
            }
            let moving = self.moving.contains(&queue.id);
            assert_eq!(moving, queue.tasks.active().is_some(), "a move task goes on until its end");
            let stated = queue.stated.as_ref().map(|stated| &stated.arn);
            let named = stated.and_then(|arn: &Arn| self.queue_names.find(arn));
            assert_eq!(named, stated.is_some().then_some(queue.id), "a queue is known by its name");
        }
        assert!(self.residency.used <= self.residency.budget, "I11: resident payloads");
    }
}
