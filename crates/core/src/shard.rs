//! A shard: queues and topics with one log and one writer.
//!
//! This file holds the state and routes what is asked; the rules stand with the queue and the topic,
//! `apply` folds events in, `advance` lets time pass, [`live`] says what compaction must state again.
//!
//! Invariants:
//! - a queue in `queues` that is stated is in `queue_names`, and the reverse; topics alike;
//! - a publication is kept exactly as long as a copy or an owed delivery refers to it;
//! - `due` has each queue at or before its next deadline;
//! - `homes` has exactly the messages that the log states under another queue or number than they have now;
//! - `moving` has exactly the queues whose move task is not at its end.

mod advance;
mod apply;
mod archive;
mod bounds;
mod check;
mod cost;
mod deliveries;
mod exchange;
pub mod live;
mod moves;
mod names;
mod placing;
mod queues;
mod redrive;
mod status;
mod subscriptions;
mod topics;

#[cfg(test)]
mod tests;

use crate::account::state::Accounts;
use crate::application::state::Applications;
use crate::body::{Body, Residency};
use crate::command::{Command, Page};
use crate::delivery::Deliveries;
use crate::event::{Event, ReplayStated, ShardStated};
use crate::id::{Ids, Number, PublicationId, QueueId, Revision, TopicId, Uuid};
use crate::outbox::{Accepted, Outbox, Published};
use crate::queue::attempt::Attempts;
use crate::queue::dedup::Dedup;
use crate::queue::messages::Messages;
use crate::queue::receipt::Sealer;
use crate::queue::{Queue, message};
use crate::rejection::{Permit, Rejection};
use crate::reply::{self, More, Reply};
use crate::topic::Topic;
use crate::topic::retry::Schedule;
use crate::topic::status::Ended;
use crate::topic::subscription::Token;
use crate::{Arn, Lsn, Timestamp, limits};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

pub use bounds::Bounds;
pub(crate) use deliveries::Ends;
use names::Names;
pub(crate) use placing::Placing;

/// What a shard is told by its surroundings; not state.
#[derive(Clone)]
pub struct Config {
    /// Which shard this is, from 0.
    pub index: u16,
    /// How many there are.
    pub shards: u16,
    /// Payload bytes that may stay in memory.
    pub body_memory: u64,
    /// Whether the waits of 60 s after a delete and between purges are kept.
    pub waits: Waits,
    /// Limits that may be raised.
    pub bounds: Bounds,
    /// When deliveries over HTTP are tried again whose topic and subscription say nothing.
    pub retries: Schedule,
    /// Says whether a topic, or a queue whose message moves, may send to a queue.
    pub permit: Arc<Permit>,
}

/// The waits that AWS imposes, milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    /// Before the name of a deleted queue may be used again.
    pub deleted_ms: u64,
    /// Between two purges of a queue.
    pub purge_ms: u64,
}

impl Default for Waits {
    fn default() -> Waits {
        Waits { deleted_ms: limits::DELETED_WAIT_MS, purge_ms: limits::PURGE_WAIT_MS }
    }
}

impl Default for Config {
    fn default() -> Config {
        Config {
            index: 0,
            shards: 1,
            body_memory: u64::MAX,
            waits: Waits::default(),
            bounds: Bounds::default(),
            retries: Schedule::HTTP,
            permit: Arc::new(|_| true),
        }
    }
}

/// The state of a shard.
pub struct Shard {
    pub(crate) config: Config,
    pub(crate) now: Timestamp,
    pub(crate) own: ShardStated,
    own_stated: Lsn,
    format: u32,
    format_stated: Lsn,
    sealer: Sealer,
    pub(crate) queues: BTreeMap<QueueId, Queue>,
    pub(crate) queue_names: Names<QueueId>,
    pub(crate) topics: BTreeMap<TopicId, Topic>,
    topic_names: Names<TopicId>,
    deleted: BTreeMap<Arn, DeletedName>,
    deleted_order: BTreeSet<(Timestamp, Arn)>,
    pub(crate) publications: BTreeMap<PublicationId, Publication>,
    pub(crate) outbox: Outbox,
    deliveries: Deliveries,
    /// Deliveries that are on their way to a dead-letter queue, by where the log states them: the publication and the
    /// subscription. The number is that of the outbox.
    diverted: BTreeMap<(PublicationId, Uuid), (u16, u64)>,
    pub(crate) tokens: BTreeMap<Token, (TopicId, Uuid)>,
    /// Subscriptions that nobody has confirmed, by the account that made them.
    pending: BTreeMap<Box<str>, usize>,
    /// Filter policies of all topics, by the account that has the topics.
    account_filters: BTreeMap<Box<str>, usize>,
    /// When topics forget something: an id, or a subscription whose tokens are over.
    topic_due: BTreeSet<(Timestamp, TopicId, Option<Uuid>)>,
    /// Publications that wait for the archive of their topic.
    unarchived: BTreeMap<TopicId, BTreeMap<u64, PublicationId>>,
    pub(crate) replays: BTreeMap<(TopicId, Uuid), Replay>,
    /// Replays that are under way.
    replaying: BTreeSet<(TopicId, Uuid)>,
    /// Something has begun to wait for an archive, or a replay to go on.
    archives_woken: bool,
    inbox: BTreeMap<u16, Accepted>,
    residency: Residency,
    due: BTreeSet<(Timestamp, QueueId)>,
    /// Queues by the queue that is their dead-letter queue.
    sources: BTreeMap<Arn, BTreeSet<Arn>>,
    /// Where messages are that came from another queue, by where the log states them.
    homes: BTreeMap<(QueueId, Number), (QueueId, Number)>,
    moving: BTreeSet<QueueId>,
    doomed: Vec<Doomed>,
    live_bytes: u64,
    ready: BTreeSet<QueueId>,
    changed: Vec<Arn>,
    accounts: Accounts,
    applications: Applications,
}

/// What is left of a queue that was purged or deleted, to be freed in slices.
struct Doomed {
    messages: Messages,
    /// Freed with the last message.
    _memory: (Dedup, Attempts),
}

/// The name of a deleted queue, blocked for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct DeletedName {
    queue: QueueId,
    at: Timestamp,
    stated: Lsn,
}

/// A publication with copies or owed deliveries in this shard.
#[derive(Debug)]
pub(crate) struct Publication {
    pub(crate) published: Published,
    pub(crate) body: Body,
    /// Copies, owed deliveries and archives that refer to it.
    refs: u64,
}

/// A subscription that gets messages of an archive once more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Replay {
    pub(crate) stated: ReplayStated,
    /// Where the log states it last.
    pub(crate) at: Lsn,
}

/// What a command does: events for the log, and the answer for when they are durable.
#[derive(Debug)]
pub struct Decided {
    /// What happened, in order; nothing for a command that changes nothing.
    pub events: Vec<Event>,
    /// What the caller gets.
    pub reply: Reply,
    /// Deliveries that were refused for good, by their target's absence or its policy.
    pub dropped: u64,
    /// What became of copies, for topics that want to be told: worth nothing until the events are durable.
    pub ended: Vec<Ended>,
}

impl Decided {
    pub(crate) fn nothing(reply: Reply) -> Decided {
        Decided { events: Vec::new(), reply, dropped: 0, ended: Vec::new() }
    }

    pub(crate) fn one(event: Event, reply: Reply) -> Decided {
        Decided { events: vec![event], ..Decided::nothing(reply) }
    }

    pub(crate) fn perhaps(event: Option<Event>, reply: Reply) -> Decided {
        Decided { events: event.into_iter().collect(), ..Decided::nothing(reply) }
    }
}

/// What a caller is judged by: the state of a resource that matters before it is asked anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// State of the settings and the policy.
    pub revision: Revision,
    /// The resource policy.
    pub policy: Option<Arc<str>>,
    /// A topic some of whose filters look into message bodies.
    pub filters_bodies: bool,
    /// `MaximumMessageSize`, bytes.
    pub message_bytes_max: u32,
    /// `SignatureVersion` of a topic, if it is set: a publication keeps the one that it was judged by.
    pub signature_version: Option<Box<str>>,
}

impl Shard {
    /// An empty shard, before anything was read from its log.
    pub fn new(config: Config) -> Shard {
        Shard {
            residency: Residency { budget: config.body_memory, used: 0 },
            config,
            now: Timestamp::ZERO,
            own: ShardStated {
                next_queue: 1,
                next_topic: 1,
                next_publication: 1,
                next_revision: 1,
                ..Default::default()
            },
            own_stated: Lsn(0),
            format: 0,
            format_stated: Lsn(0),
            sealer: Sealer::new(&[0; 32]),
            queues: BTreeMap::new(),
            queue_names: Names::default(),
            topics: BTreeMap::new(),
            topic_names: Names::default(),
            deleted: BTreeMap::new(),
            deleted_order: BTreeSet::new(),
            publications: BTreeMap::new(),
            outbox: Outbox::default(),
            deliveries: Deliveries::default(),
            diverted: BTreeMap::new(),
            tokens: BTreeMap::new(),
            pending: BTreeMap::new(),
            account_filters: BTreeMap::new(),
            topic_due: BTreeSet::new(),
            unarchived: BTreeMap::new(),
            replays: BTreeMap::new(),
            replaying: BTreeSet::new(),
            archives_woken: false,
            inbox: BTreeMap::new(),
            due: BTreeSet::new(),
            sources: BTreeMap::new(),
            homes: BTreeMap::new(),
            moving: BTreeSet::new(),
            doomed: Vec::new(),
            live_bytes: 0,
            ready: BTreeSet::new(),
            changed: Vec::new(),
            accounts: Accounts::default(),
            applications: Applications::default(),
        }
    }

    /// The events that a new owner of this shard appends first: its claim, and, for a shard that is
    /// new, the key of its receipt handles.
    pub fn claim(&self, secret: [u8; 32]) -> Vec<Event> {
        let mut events = vec![Event::Opened];
        if self.format < crate::codec::FORMAT {
            events.push(Event::FormatRaised(crate::codec::FORMAT));
        }
        if self.own_stated == Lsn(0) {
            events.push(Event::Shard(ShardStated { secret, ..self.statement() }));
        }
        events
    }

    /// Decides what a command does at the shard's present time. Changes nothing.
    pub fn decide(&self, command: Command, ids: &mut Ids) -> Result<Decided, Rejection> {
        match command {
            Command::CreateQueue { arn, judged, settings, tags } => {
                self.create_queue(arn, judged, &settings, tags)
            }
            Command::Queue { arn, judged, ask } => self.ask_queue(&arn, judged, ask, ids),
            Command::ListQueues(page) => Ok(list(self.queue_names.ordered(), &page)),
            Command::ListSources { target, after, max } => {
                Ok(self.list_sources(&target, after.as_deref(), max))
            }
            Command::CreateTopic { arn, attributes, meaning, tags } => {
                self.create_topic(arn, attributes, meaning, tags)
            }
            Command::Topic { arn, judged, ask } => self.ask_topic(&arn, judged, ask, ids),
            Command::ListTopics(page) => Ok(list(self.topic_names.ordered(), &page)),
            Command::ListSubscriptions(page) => Ok(self.list_subscriptions(&page)),
            Command::CountFilters { account } => {
                Ok(Decided::nothing(Reply::Count(self.filters_of(&account))))
            }
            Command::Confirm { token, by } => self.confirm(token, by),
            Command::Knows(token) => self.known(token).map(|_| Decided::nothing(Reply::Done)),
            // The writer takes deliveries by itself: that changes nothing that the log has.
            Command::Claim { .. } => Ok(Decided::nothing(Reply::Claimed(Vec::new()))),
            // What ended is with the writer: it is no state.
            Command::Ended => Ok(Decided::nothing(Reply::Ended { publications: Vec::new(), left_out: 0 })),
            Command::Tried(reports) => Ok(self.tried(&reports)),
            Command::ToArchive { after, skip } => Ok(self.to_archive(after, &skip)),
            Command::Archived { topic, up_to } => Ok(self.archived(topic, up_to)),
            Command::Archives => Ok(self.archives()),
            Command::Replays => Ok(self.replays_under_way()),
            Command::Replay { topic, subscription, id, messages, up_to } => {
                Ok(self.replay((topic, subscription, id), messages, up_to))
            }
            Command::Deliver { from, parcels } => Ok(self.take_in(from, parcels)),
            Command::Owed { to } => Ok(self.owed(to)),
            Command::Settle { to, accepted, refused } => Ok(self.settle(to, accepted, refused)),
            Command::Account { arn, ask } => self.accounts.decide(self.now, arn, ask),
            Command::Application { arn, ask } => self.applications.decide(arn, ask, ids),
            Command::ListApplications(page) => Ok(self.applications.list(&page)),
        }
    }

    /// The shard's time: that of the last [`Shard::advance`].
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// What a caller who asks this resource is judged by. `None` when it does not exist.
    pub fn judgement(&self, arn: &Arn) -> Option<Judgement> {
        if let Some(stated) = self.queue_by_name(arn).and_then(|queue| queue.stated.as_ref()) {
            let policy = stated.settings.policy.clone();
            return Some(Judgement {
                revision: stated.revision,
                policy,
                filters_bodies: false,
                message_bytes_max: stated.settings.message_bytes_max,
                signature_version: None,
            });
        }
        let topic = self.topic_by_name(arn)?;
        let stated = topic.stated.as_ref()?;
        let policy = stated.attributes.get("Policy").map(|text| Arc::from(&**text));
        Some(Judgement {
            revision: stated.revision,
            policy,
            filters_bodies: topic.filters_bodies(),
            message_bytes_max: stated.message_bytes_max,
            signature_version: stated.attributes.get("SignatureVersion").cloned(),
        })
    }

    /// All queues and topics, for the first filling of what callers are judged by.
    pub fn resources(&self) -> impl Iterator<Item = &Arn> {
        self.queue_names.ordered().keys().chain(self.topic_names.ordered().keys())
    }

    /// Takes the resources whose judgement may have changed since this was last asked.
    pub fn take_changed(&mut self) -> Vec<Arn> {
        std::mem::take(&mut self.changed)
    }

    /// Takes the queues in which messages may have become available since this was last asked.
    pub fn take_ready(&mut self) -> BTreeSet<QueueId> {
        std::mem::take(&mut self.ready)
    }

    /// Takes queues back, to be looked at when this is next asked, if anything may be handed out there.
    pub fn make_ready(&mut self, queues: BTreeSet<QueueId>) {
        let ready = |id: &QueueId| self.queues.get(id).is_none_or(|queue| queue.messages.has_ready());
        self.ready.extend(queues.into_iter().filter(ready));
    }

    /// The internal id of a queue.
    pub fn queue_id(&self, arn: &Arn) -> Option<QueueId> {
        self.queue_names.find(arn)
    }

    /// A queue's ARN.
    pub fn queue_arn(&self, queue: QueueId) -> Option<Arn> {
        let stated = self.queues.get(&queue)?.stated.as_ref()?;
        Some(stated.arn.clone())
    }

    /// Seconds that a receive of this queue waits when it does not say.
    pub fn default_wait_s(&self, queue: QueueId) -> u32 {
        let stated = self.queues.get(&queue).and_then(|queue| queue.stated.as_ref());
        stated.map_or(0, |stated| stated.settings.wait_s)
    }

    /// Messages of a queue by state.
    pub fn counts(&self, queue: QueueId) -> reply::Counts {
        self.queues.get(&queue).map(|queue| queue.messages.counts()).unwrap_or_default()
    }

    /// Shards to which deliveries are owed.
    pub fn owes(&self) -> impl Iterator<Item = u16> {
        let streams = self.outbox.streams.iter();
        streams.filter(|(_, stream)| !stream.owed.is_empty()).map(|(shard, _)| *shard)
    }

    /// Deliveries that are owed to all shards.
    pub fn owed_count(&self) -> usize {
        self.outbox.streams.values().map(|stream| stream.owed.len()).sum()
    }

    /// Deliveries that are owed to endpoints.
    pub fn due_count(&self) -> usize {
        self.deliveries.len()
    }

    /// About how many bytes of the log state what is alive.
    pub fn live_bytes(&self) -> u64 {
        self.live_bytes + self.accounts.live_bytes() + self.applications.live_bytes()
    }

    /// Payload bytes in memory.
    pub fn resident_bytes(&self) -> u64 {
        self.residency.used
    }

    pub(crate) fn queue_by_name(&self, arn: &Arn) -> Option<&Queue> {
        self.queues.get(&self.queue_names.find(arn)?)
    }

    pub(crate) fn topic_by_name(&self, arn: &Arn) -> Option<&Topic> {
        self.topics.get(&self.topic_names.find(arn)?)
    }

    /// The content of a message with its payload looked up.
    fn content(&self, content: &message::Content) -> Option<reply::Content> {
        Some(match content {
            message::Content::Own(body) => reply::Content::Own(body.clone()),
            message::Content::Copy { publication, subscription, rendition } => {
                let publication = self.publications.get(publication)?;
                reply::Content::Copy {
                    published: publication.published.clone(),
                    subscription: *subscription,
                    rendition: *rendition,
                    body: publication.body.clone(),
                }
            }
        })
    }

    /// What a statement of the shard itself says now.
    pub(crate) fn statement(&self) -> ShardStated {
        let next_owed = self.outbox.streams.iter().map(|(shard, stream)| (*shard, stream.next));
        ShardStated { next_owed: next_owed.collect(), ..self.own.clone() }
    }
}

fn list<T>(names: &BTreeMap<Arn, T>, page: &Page) -> Decided {
    let after = |arn: &&Arn| page.after.as_deref().is_none_or(|after| arn.as_str() > after);
    let from = page.after.as_deref().unwrap_or("").max(&page.prefix);
    let range =
        names.range::<str, _>((Bound::Included(from), Bound::Unbounded)).map(|entry| entry.0).filter(after);
    let mut arns = range.take_while(|arn| arn.as_str().starts_with(&*page.prefix)).take(page.max + 1);
    let found = arns.by_ref().take(page.max).cloned().collect();
    let more = if arns.next().is_some() { More::Yes } else { More::No };
    Decided::nothing(Reply::Arns(found, more))
}
