//! The invariants of the state, for debug builds and tests.

use super::Shard;
use crate::Arn;
use crate::outbox::Owed;
use crate::queue::message::Content;
use crate::topic::Topic;
use std::collections::BTreeMap;

impl Shard {
    /// Is the state the same? Where the log states things, what is in memory, and what waits to be
    /// freed do not count. Both shards must be at the same time, with everything reaped.
    pub fn same(&self, other: &Shard) -> bool {
        self.difference(other).is_none()
    }

    /// Which part of the state is not the same, if any is not: as [`Shard::same`].
    pub fn difference(&self, other: &Shard) -> Option<&'static str> {
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
        let replays = |shard: &Shard| shard.replays.values().map(|replay| replay.stated).collect::<Vec<_>>();
        let same_queues = queues.0.len() == queues.1.len()
            && queues.0.iter().zip(queues.1).all(|(a, b)| a.0 == b.0 && a.1.same(b.1, self.now));
        let same_topics = topics.0.len() == topics.1.len()
            && topics.0.iter().zip(topics.1).all(|(a, b)| a.0 == b.0 && a.1.same(b.1, self.now));
        let same_publications = publications.0.len() == publications.1.len()
            && publications.0.iter().zip(publications.1).all(|(a, b)| {
                (a.0, a.1.refs) == (b.0, b.1.refs)
                    && a.1.published == b.1.published
                    && a.1.body.place.crc == b.1.body.place.crc
            });
        let parts = [
            ("the shard itself", self.statement() == other.statement()),
            ("queues", same_queues),
            ("topics", same_topics),
            ("deliveries to endpoints", self.deliveries.all().eq(other.deliveries.all())),
            ("what waits for archives", self.unarchived == other.unarchived),
            ("what is owed to shards", self.outbox == other.outbox),
            ("deliveries to dead-letter queues", self.diverted == other.diverted),
            ("publications", same_publications),
            ("tokens", self.tokens == other.tokens),
            ("filter policies by account", self.account_filters == other.account_filters),
            ("replays", replays(self).eq(&replays(other))),
            ("sources of dead-letter queues", self.sources == other.sources),
            ("queues that move", self.moving == other.moving),
            ("accounts", self.accounts.same(&other.accounts)),
            ("applications", self.applications.same(&other.applications)),
            ("deleted names", deleted(self) == deleted(other)),
            ("inbox", inbox(self) == inbox(other)),
        ];
        parts.into_iter().find(|(_, same)| !same).map(|(part, _)| part)
    }

    /// Shells that no statement completed: after a replay there may be none.
    pub fn shells(&self) -> usize {
        let queues = self.queues.values().filter(|queue| queue.stated.is_none()).count();
        let topics = self.topics.values().filter(|topic| topic.stated.is_none()).count();
        queues + topics + self.applications.shells()
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
        let due = self.deliveries.all().map(|(_, publication, _)| publication);
        for publication in due.chain(self.deliveries.doomed()) {
            *refs.entry(publication).or_default() += 1;
        }
        let lines = self.deliveries.all().map(|(line, ..)| line).chain(self.replays.keys().copied());
        for (topic, subscription) in lines {
            let topic = self.topics.get(&topic).filter(|topic| topic.stated.is_some());
            let there = topic.is_some_and(|topic| topic.subscriptions.contains_key(&subscription));
            assert!(there, "what is for a subscription ends with it");
        }
        for publication in self.unarchived.values().flat_map(|waiting| waiting.values()) {
            *refs.entry(*publication).or_default() += 1;
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
        self.topics.values().for_each(Topic::check);
        let mut filters = BTreeMap::<Box<str>, usize>::new();
        for topic in self.topics.values().filter(|topic| topic.filters() > 0) {
            if let Some(stated) = &topic.stated {
                *filters.entry(stated.arn.account().into()).or_default() += topic.filters();
            }
        }
        assert_eq!(self.account_filters, filters, "filter policies are counted by account");
        assert!(self.residency.used <= self.residency.budget, "I11: resident payloads");
        self.accounts.check();
        self.applications.check();
    }
}
