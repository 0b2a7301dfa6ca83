//! What a script does to topics.

use super::answer::Text;
use super::{Stop, World, answer, convert, queues, unexpected};
use crate::action::{Attribute, Fault, OnTopic, TOPIC_ATTRIBUTES};
use bytes::Bytes;
use postrider_core::body::Payload;
use postrider_core::command::{AskTopic, Command, Given, Presence, Publish};
use postrider_core::event::SubscriptionStated;
use postrider_core::id::{GroupKey, TopicId, Uuid};
use postrider_core::reply::{More, Reply};
use postrider_core::topic::filter::Scope;
use postrider_core::topic::subscription::Change;
use postrider_core::{Arn, Rejection};
use std::collections::BTreeMap;
use std::sync::Arc;

type Options = BTreeMap<String, String>;

/// The ARN of a topic of a world.
pub(super) fn arn(name: &str) -> Arn {
    Arn::of("aws", "sns", "us-east-1", "000000000000", name)
}

/// Attributes of a topic as the core stores them.
fn stored(given: &Options) -> impl Iterator<Item = (Box<str>, Box<str>)> {
    TOPIC_ATTRIBUTES.iter().filter_map(|(short, name)| {
        let value = given.get(*short)?;
        Some((Box::from(*name), value.as_str().into()))
    })
}

impl World {
    pub(super) fn on_topic(&mut self, name: &str, what: &OnTopic) -> Result<Vec<String>, Stop> {
        let topic = arn(name);
        match what {
            OnTopic::Create(given) => {
                let attributes = stored(given).collect();
                let shard = self.shard(&topic);
                self.command(shard, Command::CreateTopic { arn: topic, attributes, tags: None })?;
                Ok(answer::done())
            }
            OnTopic::Set(given) => {
                for (name, value) in stored(given) {
                    self.ask_topic(&topic, AskTopic::Set(name, Some(value)))?;
                }
                Ok(answer::done())
            }
            // Deleting a topic that is not there succeeds (sns 3).
            OnTopic::DeleteTopic => {
                if let Err(rejection) = self.ask_topic(&topic, AskTopic::Delete)
                    && rejection != Rejection::TopicDoesNotExist
                {
                    return Err(rejection.into());
                }
                Ok(answer::done())
            }
            OnTopic::Attributes => {
                let reply = self.ask_topic(&topic, AskTopic::View)?;
                let Reply::Topic(view) = reply else { return Err(unexpected(&reply)) };
                let subscriptions = format!("subscriptions={}", view.subscriptions);
                Ok(vec![subscriptions, format!("deleted={}", view.subscriptions_deleted)])
            }
            OnTopic::Subscribe(queue, attributes) => self.subscribe(&topic, queue, attributes),
            OnTopic::SetSubscription(queue, attributes) => self.set_subscription(&topic, queue, attributes),
            OnTopic::Unsubscribe(queue) => {
                let id = self.subscription(&topic, queue)?.id;
                self.ask_topic(&topic, AskTopic::Unsubscribe(id))?;
                Ok(answer::done())
            }
            OnTopic::Subscriptions => {
                let subscriptions = self.subscriptions(&topic)?;
                let queues = subscriptions.iter().map(|s| s.queue.resource().to_owned());
                let mut queues = queues.collect::<Vec<_>>();
                queues.sort();
                Ok(queues)
            }
            OnTopic::Publish { bodies, attributes, group } => {
                self.publish(&topic, bodies, attributes, group.as_deref())
            }
        }
    }

    fn ask_topic(&mut self, topic: &Arn, ask: AskTopic) -> Result<Reply, Rejection> {
        self.ask(topic, |arn, judged| Command::Topic { arn, judged, ask })
    }

    fn subscribe(&mut self, topic: &Arn, queue: &str, given: &Options) -> Result<Vec<String>, Stop> {
        let filter = match given.get("filter") {
            Some(policy) => convert::filter(policy, given.get("scope").map_or("attributes", |scope| scope))?,
            None => None,
        };
        let wanted = SubscriptionStated {
            topic: TopicId(0),
            id: Uuid(0),
            queue: queues::arn(queue),
            owner: "000000000000".into(),
            principal: "arn:aws:iam::000000000000:root".into(),
            form: given.get("raw").map(|raw| convert::form(raw)).unwrap_or_default(),
            filter,
        };
        let presence =
            |name: &str| if given.contains_key(name) { Presence::Present } else { Presence::Absent };
        let filter = if given.contains_key("scope") { Presence::Present } else { presence("filter") };
        let given = Given { form: presence("raw"), filter };
        self.ask_topic(topic, AskTopic::Subscribe(Box::new(wanted), given))?;
        Ok(answer::done())
    }

    fn set_subscription(&mut self, topic: &Arn, queue: &str, given: &Options) -> Result<Vec<String>, Stop> {
        let now = self.subscription(topic, queue)?;
        if let Some(raw) = given.get("raw") {
            self.ask_topic(topic, AskTopic::SetSubscription(now.id, Change::Form(convert::form(raw))))?;
        }
        if given.contains_key("filter") || given.contains_key("scope") {
            let old = now.filter.as_ref();
            let policy = given.get("filter").map(String::as_str).or(old.map(|filter| &*filter.text));
            let scope = given.get("scope").map(String::as_str).or(old.map(|filter| match filter.scope {
                Scope::MessageAttributes => "attributes",
                Scope::MessageBody => "body",
            }));
            let filter = convert::filter(policy.unwrap_or("{}"), scope.unwrap_or("attributes"))?;
            self.ask_topic(topic, AskTopic::SetSubscription(now.id, Change::Filter(filter)))?;
        }
        Ok(answer::done())
    }

    /// All subscriptions of a topic, gathered page by page.
    fn subscriptions(&mut self, topic: &Arn) -> Result<Vec<Arc<SubscriptionStated>>, Stop> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let reply = self.ask_topic(topic, AskTopic::ListSubscriptions(after))?;
            let Reply::Subscriptions(found, more) = reply else { return Err(unexpected(&reply)) };
            all.extend(found.into_iter().map(|(_, subscription)| subscription));
            after = all.last().map(|subscription| subscription.id);
            if more == More::No {
                return Ok(all);
            }
        }
    }

    fn subscription(&mut self, topic: &Arn, queue: &str) -> Result<Arc<SubscriptionStated>, Stop> {
        let found = self.subscriptions(topic)?.into_iter().find(|found| found.queue == queues::arn(queue));
        found.ok_or(Stop::Refused(Rejection::SubscriptionDoesNotExist))
    }

    /// Publishes as the server does: it looks into bodies only if the judgement says that some filter
    /// does, and once more if that changed in between.
    fn publish(
        &mut self,
        topic: &Arn,
        bodies: &[String],
        attributes: &[Attribute],
        group: Option<&str>,
    ) -> Result<Vec<String>, Stop> {
        self.ledger.published();
        for presence in [self.looks_at_bodies(topic), Presence::Present] {
            let message = |body: &String| {
                let seen = (presence == Presence::Present).then(|| body.trim_end_matches('.'));
                let text = Text { group: group.unwrap_or(""), dedup: "", body };
                Publish {
                    payload: Payload::new(Bytes::from(text.encode()), convert::size(body, attributes)),
                    facts: convert::facts(attributes, seen),
                    group: group.map(GroupKey::of),
                    body: presence,
                }
            };
            let reply = self.ask_topic(topic, AskTopic::Publish(bodies.iter().map(message).collect()));
            if matches!(reply, Err(Rejection::Stale)) {
                continue;
            }
            let reply = reply?;
            let Reply::Published(entries) = reply else { return Err(unexpected(&reply)) };
            return Ok(answer::each(entries));
        }
        Err(Fault("a publication that was looked at is never stale".into()).into())
    }

    fn looks_at_bodies(&self, topic: &Arn) -> Presence {
        let judgement = self.nodes[usize::from(self.shard(topic))].shard.judgement(topic);
        let looks = judgement.is_some_and(|judgement| judgement.filters_bodies);
        if looks { Presence::Present } else { Presence::Absent }
    }
}
