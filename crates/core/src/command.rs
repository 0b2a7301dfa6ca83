//! Everything a shard can be asked.
//!
//! A command that concerns one resource names it by ARN and carries the revision by which its caller
//! was judged; a command that was judged by another revision than the current one is refused as
//! [`crate::Rejection::Stale`] and judged again.

use crate::body::Payload;
use crate::event::{SubscriptionStated, Tags};
use crate::id::{DedupKey, GroupKey, Number, PublicationId, Revision, TopicId, Uuid};
use crate::outbox::{Parcel, Published};
use crate::queue::settings::Setting;
use crate::rejection::Refusal;
use crate::topic::filter::Facts;
use crate::topic::retry;
use crate::topic::subscription::{Change, Confirmation, Protocol, Span, Token};
use crate::{Arn, account, application};
use std::collections::BTreeMap;

/// Everything a shard can be asked.
#[derive(Clone, Debug)]
pub enum Command {
    /// Makes a queue, or finds the one that is there if its attributes agree.
    CreateQueue {
        /// Its identity.
        arn: Arn,
        /// By which revision the caller was judged and the attributes checked; none if there was no such queue.
        judged: Revision,
        /// The attributes that the caller gave, in that order.
        settings: Vec<Setting>,
        /// Its tags.
        tags: Tags,
    },
    /// Asks a queue.
    Queue {
        /// Which.
        arn: Arn,
        /// By which revision the caller was judged.
        judged: Revision,
        /// What.
        ask: AskQueue,
    },
    /// Lists queues in order of their ARNs.
    ListQueues(Page),
    /// Lists the queues of this shard whose dead-letter queue is `target`, in order of their ARNs.
    ListSources {
        /// The dead-letter queue.
        target: Arn,
        /// ARN of the last one of the page before.
        after: Option<Box<str>>,
        /// How many at most.
        max: usize,
    },
    /// Makes a topic, or finds the one that is there if its attributes agree.
    CreateTopic {
        /// Its identity.
        arn: Arn,
        /// Attributes in their stored form.
        attributes: BTreeMap<Box<str>, Box<str>>,
        /// What follows from them.
        meaning: TopicMeaning,
        /// Its tags; absent is not the same as empty when the topic exists.
        tags: Option<Tags>,
    },
    /// Asks a topic.
    Topic {
        /// Which.
        arn: Arn,
        /// By which revision the caller was judged.
        judged: Revision,
        /// What.
        ask: AskTopic,
    },
    /// Lists topics in order of their ARNs.
    ListTopics(Page),
    /// Lists all subscriptions in order of their ARNs.
    ListSubscriptions(Page),
    /// Counts the filter policies that topics of an account have in this shard.
    CountFilters {
        /// The account.
        account: Box<str>,
    },
    /// Confirms a subscription of this shard.
    Confirm {
        /// By what somebody at the endpoint knows of it.
        token: Token,
        /// Who confirms.
        by: Confirmation,
    },
    /// Asks whether a subscription of this shard knows a token, and changes nothing.
    Knows(Token),
    /// Takes deliveries to endpoints whose time has come. Until it is said what became of them, or the shard is opened
    /// again, they are not handed out again.
    Claim {
        /// How many at most.
        max: usize,
        /// Payload bytes at most, but at least one delivery.
        bytes_max: usize,
    },
    /// Takes what became of copies for queues, of what topics want to be told.
    Ended,
    /// Tells what became of deliveries to endpoints that were taken.
    Tried(Vec<Report>),
    /// Reads publications that wait for the archives of their topics, those of each topic in order.
    ToArchive {
        /// Topics behind this one go first.
        after: TopicId,
        /// Not of these topics.
        skip: Vec<TopicId>,
    },
    /// Tells that the archive of a topic has everything up to a sequence number, durably.
    Archived {
        /// The topic.
        topic: TopicId,
        /// The last number that it has.
        up_to: u64,
    },
    /// Lists all archives of this shard.
    Archives,
    /// Lists all replays of this shard that are under way.
    Replays,
    /// Brings messages of an archive to a subscription that replays it.
    Replay {
        /// The topic.
        topic: TopicId,
        /// The subscription.
        subscription: Uuid,
        /// Which replay.
        id: Revision,
        /// The messages that come next in the archive, in order.
        messages: Vec<Replayed>,
        /// Everything in the archive up to this sequence number is in `messages`, or was looked at before.
        up_to: u64,
    },
    /// Takes deliveries that another shard owes.
    Deliver {
        /// The shard that owes them.
        from: u16,
        /// Publications with their deliveries, numbers ascending.
        parcels: Vec<Parcel>,
    },
    /// Reads the next deliveries that are owed to another shard.
    Owed {
        /// The other shard.
        to: u16,
    },
    /// Tells what another shard answered.
    Settle {
        /// The other shard.
        to: u16,
        /// All up to this number are accepted.
        accepted: u64,
        /// This one was refused for good, for this reason.
        refused: Option<(u64, Refusal)>,
    },
    /// Asks an account.
    Account {
        /// Which: the prefix of its ARNs.
        arn: Arn,
        /// What.
        ask: account::Ask,
    },
    /// Asks a platform application.
    Application {
        /// Which.
        arn: Arn,
        /// What.
        ask: application::Ask,
    },
    /// Lists platform applications in order of their ARNs.
    ListApplications(Page),
}

/// A page of a list: resources whose ARN begins with `prefix`, after `after`.
#[derive(Clone, Debug)]
pub struct Page {
    /// Beginning of the ARNs, with at least the account.
    pub prefix: Box<str>,
    /// ARN of the last one of the page before.
    pub after: Option<Box<str>>,
    /// How many at most.
    pub max: usize,
}

/// Everything a queue can be asked.
#[derive(Clone, Debug)]
pub enum AskQueue {
    /// Its attributes, tags and counts.
    View,
    /// Sets attributes, all or none.
    Set(Vec<Setting>),
    /// Adds or overwrites tags.
    Tag(Tags),
    /// Removes tags.
    Untag(Vec<Box<str>>),
    /// Deletes it with its messages.
    Delete,
    /// Removes all its messages.
    Purge,
    /// Sends messages; each is answered on its own.
    Send(Vec<Send>),
    /// Hands out messages.
    Receive(Receive),
    /// Deletes messages; each is answered on its own.
    DeleteMessages(Vec<Receipt>),
    /// Changes when messages become visible; each is answered on its own.
    ChangeVisibility(Vec<(Receipt, u32)>),
    /// Looks at messages without handing them out, in order of their numbers.
    Peek {
        /// Only messages with a greater number.
        after: Number,
        /// How many at most.
        max: usize,
    },
    /// Starts a task that moves its messages.
    StartMove {
        /// Where to; each message to the queue it came from when absent.
        destination: Option<Arn>,
        /// Messages in a second, 1 to 500; as fast as can be when absent.
        per_second: Option<u32>,
    },
    /// Stops a move task.
    CancelMove(Uuid),
    /// Its move tasks, newest first.
    ListMoves,
}

/// The bytes of a receipt handle, not verified yet.
pub type Receipt = Box<[u8]>;

/// One message to send.
#[derive(Clone, Debug)]
pub struct Send {
    /// Body and attributes.
    pub payload: Payload,
    /// Seconds until it is visible; the queue's delay when absent. A FIFO queue has only its own delay.
    pub delay_s: Option<u32>,
    /// Its message group. A FIFO queue demands one.
    pub group: Option<GroupKey>,
    /// Its deduplication id, on a FIFO queue.
    pub dedup: Option<Dedup>,
}

/// The deduplication id of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dedup {
    /// The sender gave it.
    Explicit(DedupKey),
    /// It is the digest of the body, which counts only on a queue with content-based deduplication.
    OfBody(DedupKey),
}

/// How to hand out messages. The waiting itself is not the core's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receive {
    /// How many at most, 1 to 10.
    pub max: u32,
    /// Seconds until they are visible again; the queue's timeout when absent.
    pub visibility_s: Option<u32>,
    /// Seconds to wait for a message; the queue's wait when absent.
    pub wait_s: Option<u32>,
    /// The consumer's id of this attempt: a repetition gets the same messages. FIFO queues only.
    pub attempt: Option<DedupKey>,
}

/// Everything a topic can be asked.
#[derive(Clone, Debug)]
pub enum AskTopic {
    /// Its attributes, tags and counts.
    View,
    /// Sets one attribute, in its stored form; `None` unsets it.
    Set(Box<str>, Option<Box<str>>, TopicMeaning),
    /// Adds or overwrites tags.
    Tag(Tags),
    /// Removes tags.
    Untag(Vec<Box<str>>),
    /// Deletes it with its subscriptions.
    Delete,
    /// Subscribes an endpoint.
    Subscribe(Box<Subscribe>),
    /// Lists its subscriptions in order of their ids, after this one.
    ListSubscriptions(Option<Uuid>),
    /// One subscription.
    Subscription(Uuid),
    /// Changes one subscription.
    SetSubscription(Uuid, Change),
    /// Ends one subscription. Without a notice its owner does, with one whoever has the link in its messages: then the
    /// endpoint gets the notice, and may take it back.
    Unsubscribe(Uuid, Option<Box<Notice>>),
    /// Publishes messages; each is answered on its own.
    Publish(Vec<Publish>),
}

/// What follows from attributes of a topic, of those that are set.
#[derive(Clone, Debug, Default)]
pub struct TopicMeaning {
    /// What `DeliveryPolicy` says.
    pub delivery: Option<retry::TopicPolicy>,
    /// Days of `ArchivePolicy`; zero ends the archive.
    pub archive_days: Option<u16>,
}

/// A new subscription.
#[derive(Clone, Debug)]
pub struct Subscribe {
    /// What it is to be. Its topic, id and tokens are ignored.
    pub wanted: SubscriptionStated,
    /// Which attributes were given.
    pub given: Given,
    /// Asks the endpoint to confirm, if it has to.
    pub notice: Option<Notice>,
    /// Which messages of the archive it gets first.
    pub replay: Option<Span>,
    /// Filter policies that the topic's account has in other shards. Matters only with a filter policy.
    pub filters_elsewhere: usize,
}

/// Which attributes a Subscribe gave: only those are compared with a subscription that is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// `RawMessageDelivery` was given.
    pub form: Presence,
    /// `FilterPolicy` or `FilterPolicyScope` was given.
    pub filter: Presence,
    /// Those that are shown as texts.
    pub texts: Vec<Box<str>>,
}

/// Asks somebody at an endpoint to confirm something.
#[derive(Clone, Debug)]
pub struct Notice {
    /// What the endpoint gets, with the token in it.
    pub payload: Payload,
    /// The token.
    pub token: Token,
}

/// What became of a delivery to an endpoint that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Of which topic.
    pub topic: TopicId,
    /// For which subscription.
    pub subscription: Uuid,
    /// Which publication.
    pub publication: PublicationId,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of one attempt at an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The endpoint has it.
    Delivered,
    /// The endpoint has it, and took its time: it gets no more at a time than it has.
    DeliveredLate,
    /// Not now; it may have it later.
    Failed,
    /// It will never have it.
    Refused,
}

/// A message of an archive.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// What was published.
    pub published: Published,
    /// Message, subject, attributes and what the envelope needs.
    pub payload: Payload,
    /// What filters look at.
    pub facts: Facts,
}

/// Whether something was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Presence {
    /// It was not.
    #[default]
    Absent,
    /// It was.
    Present,
}

/// One message to publish.
#[derive(Clone, Debug)]
pub struct Publish {
    /// Message, subject, attributes and what the envelope needs.
    pub payload: Payload,
    /// What filters look at.
    pub facts: Facts,
    /// What the filters of these look at instead: a structured message has a text of its own for them.
    pub own_facts: Vec<(Protocol, Facts)>,
    /// Its message group: a FIFO topic demands one, and copies in standard queues keep that of a standard topic.
    pub group: Option<GroupKey>,
    /// Its deduplication id, on a FIFO topic.
    pub dedup: Option<Dedup>,
    /// Whether the facts tell of the body. A publish without them to a topic that filters by body is
    /// refused as stale.
    pub body: Presence,
}

impl Subscribe {
    /// A subscription for which no attributes were given.
    pub fn new(wanted: SubscriptionStated) -> Subscribe {
        Subscribe { wanted, given: Given::default(), notice: None, replay: None, filters_elsewhere: 0 }
    }
}

impl Publish {
    /// A message that says nothing special; filters look at nothing of it.
    pub fn new(payload: Payload) -> Publish {
        Publish {
            payload,
            facts: Facts::default(),
            own_facts: Vec::new(),
            group: None,
            dedup: None,
            body: Presence::Absent,
        }
    }

    /// What filters of a protocol look at.
    pub fn facts_of(&self, protocol: Protocol) -> &Facts {
        let own = self.own_facts.iter().find(|(of, _)| *of == protocol);
        own.map_or(&self.facts, |(_, facts)| facts)
    }
}
