//! A standard topic: its attributes, its subscriptions, and what publishing to it does.
//!
//! Attributes that no rule here acts on are kept as text, in the form in which they are shown.

pub mod filter;
pub(crate) mod publish;
pub mod retry;
pub mod subscription;

use crate::command::{Given, Presence};
use crate::event::{Event, SubscriptionStated, Tags, TopicStated};
use crate::id::{Revision, TopicId, Uuid};
use crate::reply::TopicView;
use crate::{Arn, Lsn, Rejection, limits};
use filter::Scope;
use std::collections::BTreeMap;
use std::sync::Arc;
use subscription::{Change, Subscription};

/// A topic and its subscriptions.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) id: TopicId,
    /// `None` in a shell: on replay, a topic that is stated only later.
    pub(crate) stated: Option<Stated>,
    pub(crate) subscriptions: BTreeMap<Uuid, Subscription>,
    /// Subscriptions whose filter looks into message bodies.
    body_filters: usize,
}

/// What a statement says of a topic.
#[derive(Debug, PartialEq)]
pub(crate) struct Stated {
    pub(crate) arn: Arn,
    pub(crate) revision: Revision,
    pub(crate) attributes: BTreeMap<Box<str>, Box<str>>,
    pub(crate) tags: Tags,
    pub(crate) subscriptions_deleted: u64,
    /// `MaximumMessageSize`, out of the attributes.
    pub(crate) message_bytes_max: u32,
    /// Where the log states it last.
    pub(crate) at: Lsn,
}

impl Topic {
    /// A topic that something was said of before it was stated.
    pub(crate) fn shell(id: TopicId) -> Topic {
        Topic { id, stated: None, subscriptions: BTreeMap::new(), body_filters: 0 }
    }

    /// Folds a statement in.
    pub(crate) fn state(&mut self, at: Lsn, stated: &TopicStated) {
        let size = stated.attributes.get("MaximumMessageSize").and_then(|text| text.parse().ok());
        self.stated = Some(Stated {
            arn: stated.arn.clone(),
            revision: stated.revision,
            attributes: stated.attributes.clone(),
            tags: stated.tags.clone(),
            subscriptions_deleted: stated.subscriptions_deleted,
            message_bytes_max: size.unwrap_or(limits::TOPIC_MESSAGE_BYTES_DEFAULT),
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
            attributes: stated.attributes.clone(),
            tags: stated.tags.clone(),
            subscriptions_deleted: stated.subscriptions_deleted,
        })
    }

    /// The topic as its owner may see it. `None` for a shell.
    pub(crate) fn view(&self) -> Option<TopicView> {
        let stated = self.stated.as_ref()?;
        Some(TopicView {
            arn: stated.arn.clone(),
            revision: stated.revision,
            attributes: stated.attributes.clone(),
            tags: stated.tags.clone(),
            subscriptions: self.subscriptions.len(),
            subscriptions_deleted: stated.subscriptions_deleted,
        })
    }

    /// Does some filter look into message bodies?
    pub(crate) fn filters_bodies(&self) -> bool {
        self.body_filters > 0
    }

    /// Folds a statement of a subscription in.
    pub(crate) fn subscribe(&mut self, at: Lsn, stated: &SubscriptionStated) {
        self.body_filters += usize::from(filters_body(stated));
        let subscription = Subscription { stated: Arc::new(stated.clone()), at };
        if let Some(old) = self.subscriptions.insert(stated.id, subscription) {
            self.body_filters -= usize::from(filters_body(&old.stated));
        }
    }

    /// Folds the end of a subscription in. It counts even if the subscription is not here: when the
    /// log was trimmed behind its statement, the topic may still be stated before its end.
    pub(crate) fn unsubscribe(&mut self, id: Uuid) {
        if let Some(old) = self.subscriptions.remove(&id) {
            self.body_filters -= usize::from(filters_body(&old.stated));
        }
        if let Some(stated) = &mut self.stated {
            stated.subscriptions_deleted += 1;
        }
    }

    /// Decides a Subscribe. The same queue again is the same subscription, if the attributes that
    /// were given agree (sns 4).
    pub(crate) fn decide_subscribe(
        &self,
        mut wanted: SubscriptionStated,
        given: Given,
        id: Uuid,
    ) -> Result<(Option<Event>, Uuid), Rejection> {
        if let Some(there) = self.subscriptions.values().find(|s| s.stated.queue == wanted.queue) {
            let there = &there.stated;
            let form = given.form == Presence::Absent || there.form == wanted.form;
            let filter = given.filter == Presence::Absent || there.filter == wanted.filter;
            let agrees = form && filter;
            return if agrees { Ok((None, there.id)) } else { Err(Rejection::SubscriptionAttributesDiffer) };
        }
        if self.subscriptions.len() >= limits::SUBSCRIPTIONS_PER_TOPIC_MAX {
            return Err(Rejection::TooManySubscriptions);
        }
        if wanted.filter.is_some() {
            self.admits_filter()?;
        }
        wanted.topic = self.id;
        wanted.id = id;
        Ok((Some(Event::Subscription(Box::new(wanted))), id))
    }

    /// Decides a change of a subscription.
    pub(crate) fn decide_set(&self, id: Uuid, change: Change) -> Result<Event, Rejection> {
        let there = self.subscriptions.get(&id).ok_or(Rejection::SubscriptionDoesNotExist)?;
        let next = there.with(change);
        if next.filter.is_some() && there.stated.filter.is_none() {
            self.admits_filter()?;
        }
        Ok(Event::Subscription(Box::new(next)))
    }

    fn admits_filter(&self) -> Result<(), Rejection> {
        let filters = self.subscriptions.values().filter(|s| s.stated.filter.is_some()).count();
        if filters < limits::FILTERS_PER_TOPIC_MAX { Ok(()) } else { Err(Rejection::TooManyFilterPolicies) }
    }

    /// Is the state of the two topics the same? Where the log states things does not count.
    pub(crate) fn same(&self, other: &Topic) -> bool {
        let subscriptions = (&self.subscriptions, &other.subscriptions);
        self.statement() == other.statement()
            && subscriptions.0.len() == subscriptions.1.len()
            && subscriptions.0.iter().zip(subscriptions.1).all(|(a, b)| a.1.stated == b.1.stated)
    }
}

fn filters_body(stated: &SubscriptionStated) -> bool {
    stated.filter.as_ref().is_some_and(|filter| filter.scope == Scope::MessageBody)
}
