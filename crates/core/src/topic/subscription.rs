//! Subscriptions: who gets a topic's publications, which of them, and in what form.

use super::filter::{Policy, Scope};
use super::retry;
use crate::event::SubscriptionStated;
use crate::{Arn, Lsn, Timestamp};
use std::sync::Arc;

/// By what way a subscriber gets publications (sns 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// A queue.
    Sqs,
    /// A web server.
    Http,
    /// A web server, over TLS.
    Https,
    /// A mailbox, for people.
    Email,
    /// A mailbox, for programs.
    EmailJson,
    /// A telephone.
    Sms,
    /// An app on a device.
    Application,
    /// A function.
    Lambda,
    /// A delivery stream.
    Firehose,
}

impl Protocol {
    /// All of them. Each has its place in this row for good: the log has it.
    pub const ALL: [Protocol; 9] = [
        Protocol::Sqs,
        Protocol::Http,
        Protocol::Https,
        Protocol::Email,
        Protocol::EmailJson,
        Protocol::Sms,
        Protocol::Application,
        Protocol::Lambda,
        Protocol::Firehose,
    ];

    /// As requests name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Protocol::Sqs => "sqs",
            Protocol::Http => "http",
            Protocol::Https => "https",
            Protocol::Email => "email",
            Protocol::EmailJson => "email-json",
            Protocol::Sms => "sms",
            Protocol::Application => "application",
            Protocol::Lambda => "lambda",
            Protocol::Firehose => "firehose",
        }
    }

    /// The protocol that a request names.
    pub fn parse(text: &str) -> Option<Protocol> {
        Protocol::ALL.into_iter().find(|protocol| protocol.as_str() == text)
    }
}

/// Who gets a topic's publications.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    /// A queue, which need not exist.
    Queue(Arn),
    /// Anybody else: a protocol other than [`Protocol::Sqs`], and an address in the form that it wants.
    Other(Protocol, Box<str>),
}

impl Endpoint {
    /// By what way it gets publications.
    pub fn protocol(&self) -> Protocol {
        match self {
            Endpoint::Queue(_) => Protocol::Sqs,
            Endpoint::Other(protocol, _) => *protocol,
        }
    }

    /// Its address: an ARN, a URL, ...
    pub fn address(&self) -> &str {
        match self {
            Endpoint::Queue(queue) => queue.as_str(),
            Endpoint::Other(_, address) => address,
        }
    }
}

/// Whether an endpoint has agreed to be subscribed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has.
    Confirmed(Confirmation),
    /// It was asked, the last time then. Gone when the tokens' life is over.
    Pending(Timestamp),
    /// It left by the link in its messages, then, and may come back while the tokens live. Nobody sees it.
    Ended(Timestamp),
}

/// Who has confirmed a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// Somebody who signed, or nobody had to. Only who signs may unsubscribe.
    Authenticated,
    /// Whoever had the link.
    Link,
}

/// What somebody at an endpoint shows to confirm: random, but for the first two bytes, which name the shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token(pub [u8; 32]);

/// In what form a subscriber gets a publication.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// The JSON envelope.
    #[default]
    Envelope,
    /// The message itself (`RawMessageDelivery`).
    Raw,
}

/// What a copy of a publication shows: a text may have a variant for each protocol, and a dead-letter queue gets what the
/// endpoint would have got (sns 11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rendition {
    /// The protocol of the subscription.
    pub protocol: Protocol,
    /// Envelope or raw.
    pub form: Form,
}

impl Rendition {
    /// What a queue gets.
    pub fn of_queue(form: Form) -> Rendition {
        Rendition { protocol: Protocol::Sqs, form }
    }
}

/// A filter policy: its text as it was given, and what it means.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// `FilterPolicy`, as it was sent.
    pub text: Box<str>,
    /// `FilterPolicyScope`.
    pub scope: Scope,
    /// The policy, parsed.
    pub policy: Policy,
}

impl Filter {
    /// Whether it has a policy, and is not just a scope that is kept for one to come.
    pub fn is_policy(&self) -> bool {
        !self.policy.is_empty()
    }
}

/// A change of one attribute of a subscription.
#[derive(Clone, Debug)]
pub enum Change {
    /// `RawMessageDelivery`.
    Form(Form),
    /// `FilterPolicy` or `FilterPolicyScope`.
    Filter {
        /// The filter that results, or none.
        filter: Option<Arc<Filter>>,
        /// Filter policies that the topic's account has in other shards. Matters only if the subscription has none.
        elsewhere: usize,
    },
    /// An attribute that is shown as a text; `None` removes it.
    Attribute {
        /// Its name.
        name: Box<str>,
        /// The text as it is shown.
        text: Option<Box<str>>,
        /// What follows from it.
        meaning: Meaning,
    },
}

/// What follows from an attribute of a subscription.
#[derive(Clone, Debug)]
pub enum Meaning {
    /// Nothing here.
    None,
    /// How deliveries are tried again (`DeliveryPolicy`).
    Delivery(retry::Policy),
    /// Where they go at the end (`RedrivePolicy`).
    DeadLetter(Option<Arn>),
    /// Which messages of the archive it gets once more (`ReplayPolicy`); `None` stops a replay.
    Replay(Option<Span>),
}

/// A stretch of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Messages published then or later.
    pub from: Timestamp,
    /// And not later than this.
    pub until: Option<Timestamp>,
}

/// A subscription as the state holds it.
#[derive(Clone, Debug)]
pub(crate) struct Subscription {
    pub(crate) stated: Arc<SubscriptionStated>,
    /// Where the log states it last.
    pub(crate) at: Lsn,
}

impl Subscription {
    /// This subscription with a change.
    pub(crate) fn with(&self, change: Change) -> SubscriptionStated {
        let mut next = SubscriptionStated::clone(&self.stated);
        match change {
            Change::Form(form) => next.form = form,
            Change::Filter { filter, .. } => next.filter = filter,
            Change::Attribute { name, text, meaning } => {
                match text {
                    Some(text) => next.attributes.insert(name, text),
                    None => next.attributes.remove(&name),
                };
                match meaning {
                    Meaning::None | Meaning::Replay(_) => {}
                    Meaning::Delivery(policy) => next.delivery = policy,
                    Meaning::DeadLetter(target) => next.dead_letter = target,
                }
            }
        }
        next
    }

    /// Does it get publications, as far as its endpoint has a say?
    pub(crate) fn is_confirmed(&self) -> bool {
        matches!(self.stated.standing, Standing::Confirmed(_))
    }
}
