//! A topic: its attributes, its subscriptions, and what publishing to it does.
//!
//! Attributes that no rule here acts on are kept as text, in the form in which they are shown.
//!
//! Invariants:
//! - `by_endpoint` has each subscription but those that have ended;
//! - `filters` counts those of them that have a filter policy, `body_filters` those whose filter looks into bodies.

pub mod filter;
pub(crate) mod lifecycle;
pub(crate) mod publish;
pub mod retry;
pub mod status;
pub mod subscription;

use crate::event::{Archive, SubscriptionStated, Tags, TopicDeduplicated, TopicStated};
use crate::id::{Revision, TopicId, Uuid};
use crate::queue::dedup::{Dedup, First};
use crate::queue::settings::Switch;
use crate::reply::TopicView;
use crate::{Arn, Lsn, Timestamp, limits};
use filter::Scope;
use std::collections::BTreeMap;
use std::sync::Arc;
use subscription::{Endpoint, Standing, Subscription};

/// A topic and its subscriptions.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) id: TopicId,
    /// `None` in a shell: on replay, a topic that is stated only later.
    pub(crate) stated: Option<Stated>,
    pub(crate) subscriptions: BTreeMap<Uuid, Subscription>,
    /// What is remembered of deduplication ids, on a FIFO topic.
    pub(crate) dedup: Dedup,
    /// First sequence number that no publication has had.
    pub(crate) next_sequence: u64,
    by_endpoint: BTreeMap<Endpoint, Uuid>,
    filters: usize,
    /// Subscriptions whose filter looks into message bodies.
    body_filters: usize,
}

/// What a statement says of a topic.
#[derive(Debug, PartialEq)]
pub(crate) struct Stated {
    pub(crate) arn: Arn,
    pub(crate) revision: Revision,
    pub(crate) attributes: Arc<BTreeMap<Box<str>, Box<str>>>,
    pub(crate) tags: Tags,
    pub(crate) subscriptions_deleted: u64,
    pub(crate) delivery: retry::TopicPolicy,
    pub(crate) archive: Option<Archive>,
    /// `MaximumMessageSize`, out of the attributes.
    pub(crate) message_bytes_max: u32,
    /// What it wants to be told of deliveries to queues, out of the attributes.
    pub(crate) asked: status::Asked,
    /// What the attributes of a FIFO topic say; absent on a standard topic.
    pub(crate) fifo: Option<FifoSettings>,
    /// Where the log states it last.
    pub(crate) at: Lsn,
}

/// How a FIFO topic deduplicates (sns 13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FifoSettings {
    /// `ContentBasedDeduplication`.
    pub(crate) content_dedup: Switch,
    /// `FifoThroughputScope`: within the topic or within each group.
    pub(crate) scope: ThroughputScope,
}

/// Among which publications a deduplication id is unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ThroughputScope {
    Topic,
    MessageGroup,
}

impl Topic {
    /// A topic that something was said of before it was stated.
    pub(crate) fn shell(id: TopicId, seed: u64) -> Topic {
        Topic {
            id,
            stated: None,
            subscriptions: BTreeMap::new(),
            dedup: Dedup::new(seed),
            next_sequence: 1,
            by_endpoint: BTreeMap::new(),
            filters: 0,
            body_filters: 0,
        }
    }

    /// Folds a statement in.
    pub(crate) fn state(&mut self, at: Lsn, stated: &TopicStated) {
        let says = |name: &str, value: &str| stated.attributes.get(name).is_some_and(|text| **text == *value);
        let size = stated.attributes.get("MaximumMessageSize").and_then(|text| text.parse().ok());
        let content = says("ContentBasedDeduplication", "true");
        let grouped = says("FifoThroughputScope", "MessageGroup");
        self.next_sequence = self.next_sequence.max(stated.next_sequence);
        self.stated = Some(Stated {
            arn: stated.arn.clone(),
            revision: stated.revision,
            attributes: Arc::new(stated.attributes.clone()),
            tags: stated.tags.clone(),
            subscriptions_deleted: stated.subscriptions_deleted,
            delivery: stated.delivery.clone(),
            archive: stated.archive,
            message_bytes_max: size.unwrap_or(limits::TOPIC_MESSAGE_BYTES_DEFAULT),
            asked: status::Asked::of(&stated.attributes, "SQS"),
            fifo: stated.arn.is_fifo().then_some(FifoSettings {
                content_dedup: if content { Switch::On } else { Switch::Off },
                scope: if grouped { ThroughputScope::MessageGroup } else { ThroughputScope::Topic },
            }),
            at,
        });
    }

    /// What a statement of this topic says now. `None` for a shell.
    pub(crate) fn statement(&self) -> Option<TopicStated> {
        let stated = self.stated.as_ref()?;
        Some(TopicStated {
            id: self.id,
            arn: stated.arn.clone(),
            revision: stated.revision,
            attributes: stated.attributes.as_ref().clone(),
            tags: stated.tags.clone(),
            subscriptions_deleted: stated.subscriptions_deleted,
            next_sequence: self.next_sequence,
            delivery: stated.delivery.clone(),
            archive: stated.archive,
        })
    }

    /// The topic as its owner may see it. `None` for a shell.
    pub(crate) fn view(&self) -> Option<TopicView> {
        let stated = self.stated.as_ref()?;
        let standings = self.subscriptions.values().map(|there| there.stated.standing);
        let (mut confirmed, mut pending) = (0, 0);
        for standing in standings {
            match standing {
                Standing::Confirmed(_) => confirmed += 1,
                Standing::Pending(_) => pending += 1,
                Standing::Ended(_) => {}
            }
        }
        Some(TopicView {
            arn: stated.arn.clone(),
            revision: stated.revision,
            attributes: stated.attributes.as_ref().clone(),
            tags: stated.tags.clone(),
            subscriptions: confirmed,
            subscriptions_pending: pending,
            subscriptions_deleted: stated.subscriptions_deleted,
            archive: stated.archive,
        })
    }

    /// Does some filter look into message bodies?
    pub(crate) fn filters_bodies(&self) -> bool {
        self.body_filters > 0
    }

    /// How many filter policies there are.
    pub(crate) fn filters(&self) -> usize {
        self.filters
    }

    /// The subscription of an endpoint, unless it has ended.
    pub(crate) fn subscribed(&self, endpoint: &Endpoint) -> Option<&Subscription> {
        self.subscriptions.get(self.by_endpoint.get(endpoint)?)
    }

    /// How many subscriptions there are, ended ones apart.
    pub(crate) fn len(&self) -> usize {
        self.by_endpoint.len()
    }

    /// Folds a statement of a subscription in. Gives back the one that was there.
    pub(crate) fn subscribe(&mut self, at: Lsn, stated: &SubscriptionStated) -> Option<Subscription> {
        let subscription = Subscription { stated: Arc::new(stated.clone()), at };
        let old = self.subscriptions.insert(stated.id, subscription);
        if let Some(old) = &old {
            self.uncount(&old.stated);
        }
        if !matches!(stated.standing, Standing::Ended(_)) {
            self.filters += usize::from(has_policy(stated));
            self.body_filters += usize::from(filters_body(stated));
            self.by_endpoint.insert(stated.endpoint.clone(), stated.id);
        }
        old
    }

    /// Folds the end of a subscription in. It counts even if the subscription is not here: when the
    /// log was trimmed behind its statement, the topic may still be stated before its end.
    pub(crate) fn unsubscribe(&mut self, id: Uuid) -> Option<Subscription> {
        if let Some(stated) = &mut self.stated {
            stated.subscriptions_deleted += 1;
        }
        self.forget(id)
    }

    /// Removes a subscription.
    pub(crate) fn forget(&mut self, id: Uuid) -> Option<Subscription> {
        let old = self.subscriptions.remove(&id);
        if let Some(old) = &old {
            self.uncount(&old.stated);
        }
        old
    }

    fn uncount(&mut self, old: &SubscriptionStated) {
        if matches!(old.standing, Standing::Ended(_)) {
            return;
        }
        self.filters -= usize::from(has_policy(old));
        self.body_filters -= usize::from(filters_body(old));
        if self.by_endpoint.get(&old.endpoint) == Some(&old.id) {
            self.by_endpoint.remove(&old.endpoint);
        }
    }

    /// Remembers a deduplication id.
    pub(crate) fn deduplicate(&mut self, stated: &TopicDeduplicated) {
        self.next_sequence = self.next_sequence.max(stated.sequence + 1);
        self.dedup.insert(stated.key, First { id: stated.id, number: stated.sequence, at: stated.at });
    }

    /// Is the state of the two topics the same? Where the log states things does not count.
    pub(crate) fn same(&self, other: &Topic, now: Timestamp) -> bool {
        let subscriptions = (&self.subscriptions, &other.subscriptions);
        self.statement() == other.statement()
            && subscriptions.0.len() == subscriptions.1.len()
            && subscriptions.0.iter().zip(subscriptions.1).all(|(a, b)| a.1.stated == b.1.stated)
            && self.remembered(now) == other.remembered(now)
            && self.by_endpoint == other.by_endpoint
    }

    /// Panics if what is derived from the subscriptions is not what they say. For tests: it looks at all of them.
    pub(crate) fn check(&self) {
        let all = || self.subscriptions.values().map(|one| &*one.stated);
        let subscribed = || all().filter(|stated| !matches!(stated.standing, Standing::Ended(_)));
        let filters = subscribed().filter(|stated| has_policy(stated)).count();
        let body_filters = subscribed().filter(|stated| filters_body(stated)).count();
        assert_eq!((self.filters, self.body_filters), (filters, body_filters), "filters are counted");
        let by_endpoint = subscribed().map(|stated| (stated.endpoint.clone(), stated.id)).collect();
        assert_eq!(self.by_endpoint, by_endpoint, "an endpoint is subscribed once");
    }

    fn remembered(&self, now: Timestamp) -> BTreeMap<crate::id::DedupKey, First> {
        self.dedup.iter_live(now).collect()
    }
}

/// Has the subscription a filter policy?
pub(crate) fn has_policy(stated: &SubscriptionStated) -> bool {
    stated.filter.as_ref().is_some_and(|filter| filter.is_policy())
}

fn filters_body(stated: &SubscriptionStated) -> bool {
    stated.filter.as_ref().is_some_and(|filter| filter.scope == Scope::MessageBody)
}
