//! What a script does to topics.

use super::text::Text;
use super::{BEGIN, Stop, World, answer, convert, policies, unexpected};
use crate::action::{Fault, OnTopic, Publishing, Structure};
use crate::ledger::topic_key;
use crate::parse::hash;
use crate::refusal;
use crate::topic_attributes::{TOPIC_ATTRIBUTES, of_sns, to_sns};
use bytes::Bytes;
use postrider_core::body::Payload;
use postrider_core::command::{AskTopic, Command, Dedup, Presence, Publish, TopicMeaning};
use postrider_core::event::Tags;
use postrider_core::id::{DedupKey, GroupKey};
use postrider_core::outbox::Published;
use postrider_core::reply::{Reply, TopicView};
use postrider_core::topic::subscription::Protocol;
use postrider_core::{Arn, Rejection, Timestamp};
use std::collections::BTreeMap;

type Options = BTreeMap<String, String>;

/// The ARN of a topic of a world.
pub(super) fn arn(name: &str) -> Arn {
    Arn::of("aws", "sns", "us-east-1", "000000000000", name)
}

/// An attribute of a topic as the core stores it, and what follows from it. An archive that is none is not stored.
type Stored = (Box<str>, Option<Box<str>>, TopicMeaning);

fn stored(given: &Options) -> Result<Vec<Stored>, Fault> {
    let given = TOPIC_ATTRIBUTES.iter().filter_map(|(short, name)| Some((*short, *name, given.get(*short)?)));
    let stored = given.map(|(short, name, value)| {
        let text = to_sns(short, value);
        let meaning = policies::meaning(short, &text)?;
        let unset = text.is_empty() || meaning.archive_days == Some(0);
        Ok((name.into(), (!unset).then(|| text.into()), meaning))
    });
    stored.collect()
}

/// `key:value` with commas.
fn tags(text: &str) -> Tags {
    let tags = text.split(',').filter(|tag| !tag.is_empty());
    tags.map(|tag| tag.split_once(':').unwrap_or((tag, "")))
        .map(|(key, value)| (key.into(), value.into()))
        .collect()
}

impl World {
    pub(super) fn on_topic(&mut self, name: &str, what: &OnTopic) -> Result<Vec<String>, Stop> {
        let topic = arn(name);
        match what {
            OnTopic::Create(given) => self.create_topic(topic, given),
            OnTopic::Set(given) => {
                self.expect_archive(&topic, given);
                for (name, value, meaning) in stored(given)? {
                    self.ask_topic(&topic, AskTopic::Set(name, value, meaning))?;
                }
                Ok(answer::done())
            }
            // Deleting a topic that is not there succeeds (sns 3).
            OnTopic::DeleteTopic => {
                match self.ask_topic(&topic, AskTopic::Delete) {
                    Err(rejection) if rejection != Rejection::TopicDoesNotExist => {
                        return Err(rejection.into());
                    }
                    Ok(_) | Err(_) => {}
                }
                self.ledger.forget(&topic_key(name));
                Ok(answer::done())
            }
            OnTopic::Attributes => {
                let reply = self.ask_topic(&topic, AskTopic::View)?;
                let Reply::Topic(view) = reply else { return Err(unexpected(&reply)) };
                Ok(shown(&view, self.now))
            }
            OnTopic::Subscribe(who, given) => self.subscribe(&topic, who, given),
            OnTopic::SetSubscription(who, given) => self.set_subscription(&topic, who, given),
            OnTopic::Subscription(who) => self.show_subscription(&topic, who),
            OnTopic::Confirm(who, ticket, by) => self.confirm(&topic, who, *ticket, *by),
            OnTopic::Unsubscribe(who, by) => self.unsubscribe(&topic, who, *by),
            OnTopic::Subscriptions => self.list_subscriptions(&topic),
            OnTopic::Publish(publishing) => self.publish(&topic, publishing),
        }
    }

    fn create_topic(&mut self, arn: Arn, given: &Options) -> Result<Vec<String>, Stop> {
        let (mut attributes, mut meaning) = (BTreeMap::new(), TopicMeaning::default());
        for (name, value, means) in stored(given)? {
            attributes.extend(value.map(|value| (name, value)));
            meaning.delivery = meaning.delivery.or(means.delivery);
            meaning.archive_days = meaning.archive_days.or(means.archive_days);
        }
        let tags = given.get("tags").map(|given| tags(given));
        self.expect_archive(&arn, given);
        let shard = self.shard(&arn);
        self.command(shard, Command::CreateTopic { arn, attributes, meaning, tags })?;
        Ok(answer::done())
    }

    fn expect_archive(&mut self, topic: &Arn, given: &Options) {
        if given.contains_key("archive") {
            let shard = self.shard(topic);
            self.archives.expect(shard);
        }
    }

    pub(super) fn ask_topic(&mut self, topic: &Arn, ask: AskTopic) -> Result<Reply, Rejection> {
        self.ask(topic, |arn, judged| Command::Topic { arn, judged, ask })
    }

    /// Publishes as the server does: it looks into bodies only if the judgement says that some filter
    /// does, and once more if that changed in between.
    fn publish(&mut self, topic: &Arn, publishing: &Publishing) -> Result<Vec<String>, Stop> {
        self.ledger.published();
        for presence in [self.looks_at_bodies(topic), Presence::Present] {
            let message = |body: &String| message(topic, publishing, body, presence);
            let messages = publishing.bodies.iter().map(message).collect();
            let reply = self.ask_topic(topic, AskTopic::Publish(messages));
            if matches!(reply, Err(Rejection::Stale)) {
                continue;
            }
            let reply = reply?;
            let Reply::Published(entries) = reply else { return Err(unexpected(&reply)) };
            let mut words = Vec::with_capacity(entries.len());
            for (entry, body) in entries.into_iter().zip(&publishing.bodies) {
                words.push(match entry {
                    Err(rejection) => refusal::of_core(&rejection),
                    Ok(told) => {
                        let (key, word) = (topic_key(topic.resource()), body.trim_end_matches('.'));
                        self.ledger.sent(&key, word, told.id.to_string(), told.sequence.map(u128::from))?
                    }
                });
            }
            return Ok(words);
        }
        Err(Fault("a publication that was looked at is never stale".into()).into())
    }

    /// A copy has the id and the sequence number that its publisher was told.
    pub(super) fn copied(&self, published: &Published) -> Result<(), Fault> {
        let key = topic_key(published.topic.resource());
        let sequence = published.fifo.map(|fifo| u128::from(fifo.sequence));
        self.ledger.copied(&key, &published.message_id.to_string(), sequence)
    }

    fn looks_at_bodies(&self, topic: &Arn) -> Presence {
        let judgement = self.nodes[usize::from(self.shard(topic))].shard.judgement(topic);
        let looks = judgement.is_some_and(|judgement| judgement.filters_bodies);
        if looks { Presence::Present } else { Presence::Absent }
    }
}

/// A publication as the server makes it: a FIFO topic gets the digest of the body where no deduplication id is given.
fn message(topic: &Arn, publishing: &Publishing, body: &str, looks: Presence) -> Publish {
    let Publishing { attributes, group, dedup, structure, .. } = publishing;
    let group = group.as_deref();
    let digest = if topic.is_fifo() { hash(body) } else { String::new() };
    let key = match dedup {
        Some(id) => Some(Dedup::Explicit(DedupKey::of(id))),
        None => topic.is_fifo().then(|| Dedup::OfBody(DedupKey::of(&digest))),
    };
    let text = Text {
        group: group.unwrap_or(""),
        dedup: dedup.as_deref().unwrap_or(&digest),
        structure: *structure,
        attributes: attributes.clone(),
        body,
    };
    let facts = |protocol| {
        let seen = text.body_for(protocol);
        convert::facts(attributes, (looks == Presence::Present).then(|| seen.trim_end_matches('.')))
    };
    let own_facts = match structure {
        Structure::Plain => Vec::new(),
        Structure::Json => Protocol::ALL.iter().map(|protocol| (*protocol, facts(*protocol))).collect(),
    };
    Publish {
        payload: Payload::new(Bytes::from(text.encode()), convert::size(body, attributes)),
        facts: facts(Protocol::Sqs),
        own_facts,
        group: group.map(GroupKey::of),
        dedup: key,
        body: looks,
    }
}

fn shown(view: &TopicView, now: Timestamp) -> Vec<String> {
    let mut words = vec![
        format!("subscriptions={}", view.subscriptions),
        format!("pending={}", view.subscriptions_pending),
        format!("deleted={}", view.subscriptions_deleted),
    ];
    for (short, name) in TOPIC_ATTRIBUTES {
        words.extend(view.attributes.get(name).map(|value| format!("{short}={}", of_sns(short, value))));
    }
    words.extend(view.archive.map(|archive| format!("begins={}", (archive.begins(now) - BEGIN) / 1000)));
    words
}
