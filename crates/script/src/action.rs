//! What a script can ask for, and what a target of scripts is.

use std::collections::BTreeMap;
use std::time::Duration;

/// One operation, as a line of a script says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Something with the queue of this name.
    Queue(String, OnQueue),
    /// Something with the topic of this name.
    Topic(String, OnTopic),
    /// Shows the names of queues that begin with the prefix, asking for pages of `max`.
    ListQueues {
        /// Beginning of the names.
        prefix: String,
        /// Names of one page.
        max: usize,
    },
    /// Shows the names of all topics.
    ListTopics,
    /// Ends the server and starts it again, from its log.
    Restart,
    /// States again what is live, and trims the log.
    Compact,
}

/// What is done with a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnQueue {
    /// Creates it with these attributes, by short name.
    Create(BTreeMap<String, String>),
    /// Deletes it.
    DeleteQueue,
    /// Sets attributes of it.
    Set(BTreeMap<String, String>),
    /// Shows its attributes as `name=value`.
    Attributes,
    /// Shows its messages as `available/in flight/delayed`.
    Counts,
    /// Sends messages, several in one batch.
    Send {
        /// What they say.
        bodies: Vec<String>,
        /// Seconds until they are visible.
        delay_s: Option<u32>,
    },
    /// Receives messages and shows them.
    Receive {
        /// How many at most.
        max: u32,
        /// Seconds until they are visible again.
        visibility_s: Option<u32>,
        /// Seconds to wait for one.
        wait_s: Option<u32>,
    },
    /// Deletes messages, several in one batch.
    Delete(Vec<Handle>),
    /// Changes when messages are visible, several in one batch.
    Visibility(Vec<Handle>, u32),
    /// Removes all its messages.
    Purge,
}

/// What is done with a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnTopic {
    /// Creates it with these attributes, by short name.
    Create(BTreeMap<String, String>),
    /// Sets attributes of it.
    Set(BTreeMap<String, String>),
    /// Deletes it.
    DeleteTopic,
    /// Shows its counts as `name=value`.
    Attributes,
    /// Subscribes a queue, with `filter`, `scope` and `raw` as they were given.
    Subscribe(String, BTreeMap<String, String>),
    /// Sets attributes of the subscription of a queue.
    SetSubscription(String, BTreeMap<String, String>),
    /// Ends the subscription of a queue.
    Unsubscribe(String),
    /// Shows the queues that are subscribed, by name.
    Subscriptions,
    /// Publishes messages, several in one batch.
    Publish {
        /// What they say.
        bodies: Vec<String>,
        /// Attributes of each of them.
        attributes: Vec<Attribute>,
    },
}

/// A message attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// `String`, `Number`, `String.Array`, `Binary`.
    pub kind: String,
    /// Its value; of a `Binary` one the text's bytes.
    pub value: String,
}

/// Which receipt handle to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handle {
    /// One that was handed out.
    Issued {
        /// By this queue.
        queue: String,
        /// With the message that is shown like this.
        word: String,
        /// At this receive of it, from 1; the last if absent.
        receive: Option<usize>,
    },
    /// One that nobody issued.
    Forged,
}

/// The target could not do what it was asked, for a reason that no script expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(pub String);

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Something that scripts run on.
pub trait Target {
    /// Makes it this late since the script began, milliseconds. Never goes back.
    fn at(&mut self, time_ms: u64);

    /// Does one operation. The answer is as a script writes it: `ok`, words, `name=value`, `!Refusal`.
    ///
    /// # Errors
    ///
    /// When the target itself is broken; a refusal is an answer.
    fn perform(&mut self, action: &Action) -> Result<Vec<String>, Fault>;

    /// How long what was done may take to be seen; zero where it is seen at once.
    fn patience(&self) -> Duration {
        Duration::ZERO
    }
}

/// The receipt handles that a target was handed, in order, by queue and by the message as it is shown.
#[derive(Debug)]
pub(crate) struct Handles<T> {
    by_message: BTreeMap<(String, String), Vec<T>>,
    forged: T,
}

impl<T: Clone> Handles<T> {
    pub(crate) fn new(forged: T) -> Handles<T> {
        Handles { by_message: BTreeMap::new(), forged }
    }

    pub(crate) fn add(&mut self, queue: &str, word: &str, handle: T) {
        self.by_message.entry((queue.into(), word.into())).or_default().push(handle);
    }

    /// The handle that a script means.
    pub(crate) fn find(&self, handle: &Handle) -> Result<T, Fault> {
        let Handle::Issued { queue, word, receive } = handle else { return Ok(self.forged.clone()) };
        let issued = self.by_message.get(&(queue.clone(), word.clone())).map_or(&[][..], Vec::as_slice);
        let found = match receive {
            Some(receive) => issued.get(receive - 1),
            None => issued.last(),
        };
        found.cloned().ok_or_else(|| Fault(format!("{queue} did not hand out {word} that often")))
    }
}

/// The queue attributes of the language with their names in SQS.
pub(crate) const QUEUE_ATTRIBUTES: [(&str, &str); 8] = [
    ("visibility", "VisibilityTimeout"),
    ("size", "MaximumMessageSize"),
    ("retention", "MessageRetentionPeriod"),
    ("delay", "DelaySeconds"),
    ("wait", "ReceiveMessageWaitTimeSeconds"),
    ("policy", "Policy"),
    ("sse", "SqsManagedSseEnabled"),
    ("kms", "KmsMasterKeyId"),
];

/// The topic attributes of the language with their names in SNS.
pub(crate) const TOPIC_ATTRIBUTES: [(&str, &str); 2] =
    [("display", "DisplayName"), ("size", "MaximumMessageSize")];
