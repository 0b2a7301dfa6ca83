//! What a shard is asked about topics.

use super::queues::limited;
use super::{Decided, Shard};
use crate::command::{AskTopic, Page, TopicMeaning};
use crate::event::{Archive, Event, SubscriptionStated, Tags, TopicStated};
use crate::id::{Ids, Revision, TopicId, Uuid};
use crate::reply::{More, Reply};
use crate::topic::subscription::{Standing, Subscription};
use crate::topic::{Topic, publish};
use crate::{Arn, Rejection, Timestamp, limits};
use std::collections::BTreeMap;
use std::ops::Bound;

impl Shard {
    /// The topic that is there if its attributes and tags agree (sns 3), else a new one.
    pub(super) fn create_topic(
        &self,
        arn: Arn,
        attributes: BTreeMap<Box<str>, Box<str>>,
        meaning: TopicMeaning,
        tags: Option<Tags>,
    ) -> Result<Decided, Rejection> {
        if let Some(stated) = self.topic_by_name(&arn).and_then(|topic| topic.stated.as_ref()) {
            if attributes.iter().any(|(name, value)| stated.attributes.get(name) != Some(value)) {
                return Err(Rejection::TopicAttributesDiffer);
            }
            if tags.is_some_and(|tags| tags != stated.tags) {
                return Err(Rejection::TopicTagsDiffer);
            }
            return Ok(Decided::nothing(Reply::Done));
        }
        let stated = TopicStated {
            id: TopicId(self.own.next_topic),
            arn,
            revision: Revision(self.own.next_revision),
            attributes,
            tags: limited(tags.unwrap_or_default())?,
            subscriptions_deleted: 0,
            next_sequence: 1,
            delivery: meaning.delivery.unwrap_or_default(),
            archive: archive(None, meaning.archive_days, self.now),
        };
        Ok(Decided::one(Event::Topic(Box::new(stated)), Reply::Done))
    }

    pub(super) fn ask_topic(
        &self,
        arn: &Arn,
        judged: Revision,
        ask: AskTopic,
        ids: &mut Ids,
    ) -> Result<Decided, Rejection> {
        let topic = self.topic_by_name(arn).ok_or(Rejection::TopicDoesNotExist)?;
        let stated = topic.stated.as_ref().ok_or(Rejection::TopicDoesNotExist)?;
        if stated.revision != judged {
            return Err(Rejection::Stale);
        }
        match ask {
            AskTopic::View => {
                let view = topic.view().ok_or(Rejection::TopicDoesNotExist)?;
                Ok(Decided::nothing(Reply::Topic(Box::new(view))))
            }
            AskTopic::Set(name, value, meaning) => self.restate_topic(topic, |next| {
                let size = value.as_ref().filter(|_| *name == *"MaximumMessageSize");
                if size
                    .and_then(|size| size.parse().ok())
                    .is_some_and(|size| !Shard::admits_size(topic, size))
                {
                    return Err(Rejection::LargeMessagesNotSupported);
                }
                if meaning.archive_days == Some(0) && self.waits_behind_replays(topic) {
                    return Err(Rejection::ReplaysUnderWay);
                }
                next.archive = archive(next.archive, meaning.archive_days, self.now);
                if let Some(delivery) = meaning.delivery {
                    next.delivery = delivery;
                }
                match value {
                    Some(value) => next.attributes.insert(name, value),
                    None => next.attributes.remove(&name),
                };
                Ok(())
            }),
            AskTopic::Tag(tags) => self.restate_topic(topic, |next| {
                next.tags.extend(tags);
                next.tags = limited(std::mem::take(&mut next.tags))?;
                Ok(())
            }),
            AskTopic::Untag(keys) => self.restate_topic(topic, |next| {
                next.tags.retain(|key, _| !keys.contains(key));
                Ok(())
            }),
            AskTopic::Delete if stated.archive.is_some() => Err(Rejection::ArchiveActive),
            AskTopic::Delete => Ok(Decided::one(Event::TopicDeleted { topic: topic.id }, Reply::Done)),
            AskTopic::Subscribe(asked) => self.subscribe(topic, stated, *asked, ids),
            AskTopic::ListSubscriptions(after) => {
                let from = after.map_or(Bound::Unbounded, Bound::Excluded);
                let found = topic.subscriptions.range((from, Bound::Unbounded));
                let found = found.filter(|(_, there)| is_seen(there));
                let found = found.map(|(_, subscription)| (arn.clone(), subscription.stated.clone()));
                Ok(Decided::nothing(page(found, limits::LIST_SNS_PAGE)))
            }
            AskTopic::Subscription(id) => {
                let there = topic.subscriptions.get(&id).filter(|there| is_seen(there));
                let there = there.ok_or(Rejection::SubscriptionDoesNotExist)?;
                let replay = self.replays.get(&(topic.id, id)).map(|replay| replay.stated);
                Ok(Decided::nothing(Reply::Subscription(there.stated.clone(), replay)))
            }
            AskTopic::SetSubscription(id, change) => self.set_subscription(topic, stated, id, change),
            AskTopic::Unsubscribe(id, notice) => {
                self.unsubscribe(topic, stated, id, notice.map(|notice| *notice), ids)
            }
            AskTopic::Publish(messages) => publish::decide(self, topic, stated, messages, ids),
        }
    }

    /// All subscriptions whose topic is in the page, in order of their ARNs.
    pub(super) fn list_subscriptions(&self, asked: &Page) -> Decided {
        let after = asked.after.as_deref().unwrap_or("");
        let (after_topic, after_id) = after.rsplit_once(':').unwrap_or(("", ""));
        let after_id = Uuid::parse(after_id);
        let from = after_topic.max(&asked.prefix);
        let topics = self.topic_names.ordered().range::<str, _>((Bound::Included(from), Bound::Unbounded));
        let topics = topics.take_while(|(arn, _)| arn.as_str().starts_with(&*asked.prefix));
        let found = topics.flat_map(|(arn, id)| {
            let after_id = if arn.as_str() == after_topic { after_id } else { None };
            let from = after_id.map_or(Bound::Unbounded, Bound::Excluded);
            let topic = self.topics.get(id);
            let subscriptions = topic.map(|topic| topic.subscriptions.range((from, Bound::Unbounded)));
            subscriptions
                .into_iter()
                .flatten()
                .filter(|(_, there)| is_seen(there))
                .map(|(_, found)| (arn.clone(), found.stated.clone()))
        });
        Decided::nothing(page(found, asked.max))
    }

    /// A statement of the topic with a change, under a new revision.
    fn restate_topic(
        &self,
        topic: &Topic,
        change: impl FnOnce(&mut TopicStated) -> Result<(), Rejection>,
    ) -> Result<Decided, Rejection> {
        let mut next = topic.statement().ok_or(Rejection::TopicDoesNotExist)?;
        next.revision = Revision(self.own.next_revision);
        change(&mut next)?;
        Ok(Decided::one(Event::Topic(Box::new(next)), Reply::Done))
    }
}

/// The archive that a topic has when its policy says so many days, and zero for none.
fn archive(there: Option<Archive>, days: Option<u16>, now: Timestamp) -> Option<Archive> {
    match days {
        None => there,
        Some(0) => None,
        Some(days) => Some(Archive { since: there.map_or(now, |there| there.since), days }),
    }
}

/// Whether anybody sees it: who has left is remembered, but not shown.
fn is_seen(there: &Subscription) -> bool {
    !matches!(there.stated.standing, Standing::Ended(_))
}

type Found = (Arn, std::sync::Arc<SubscriptionStated>);

fn page(mut found: impl Iterator<Item = Found>, max: usize) -> Reply {
    let page = found.by_ref().take(max).collect();
    let more = if found.next().is_some() { More::Yes } else { More::No };
    Reply::Subscriptions(page, more)
}
