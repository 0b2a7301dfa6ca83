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
    /// Something with the endpoint of this address. Only where endpoints are played.
    Endpoint(String, OnEndpoint),
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
    Send(Outgoing),
    /// Receives messages and shows them.
    Receive(Incoming),
    /// Shows its messages without receiving them, in the order in which they came to it. Only where time is simulated.
    Peek,
    /// Deletes messages, several in one batch.
    Delete(Vec<Handle>),
    /// Changes when messages are visible, several in one batch.
    Visibility(Vec<Handle>, u32),
    /// Removes all its messages.
    Purge,
    /// Shows the names of the queues whose dead-letter queue it is.
    Sources,
    /// Starts a task that moves its messages.
    StartMove {
        /// To this queue; each to the one it came from if absent.
        to: Option<String>,
        /// Messages in a second.
        rate: Option<u32>,
    },
    /// Stops a task that moves its messages, and shows how many it has moved.
    CancelMove(Task),
    /// Shows the tasks that move its messages, newest first.
    Moves,
}

/// Messages to send. Group and deduplication id are those of each of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// What they say.
    pub bodies: Vec<String>,
    /// Seconds until they are visible.
    pub delay_s: Option<u32>,
    /// `MessageGroupId`.
    pub group: Option<String>,
    /// `MessageDeduplicationId`.
    pub dedup: Option<String>,
}

/// How to receive, and what to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Incoming {
    /// How many at most.
    pub max: u32,
    /// Seconds until they are visible again.
    pub visibility_s: Option<u32>,
    /// Seconds to wait for one.
    pub wait_s: Option<u32>,
    /// `ReceiveRequestAttemptId`.
    pub attempt: Option<String>,
    /// What to show of each message besides what it says.
    pub show: Vec<Shown>,
}

/// Something that is known of a message that was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// How often it was received.
    Count,
    /// Its group.
    Group,
    /// Its deduplication id.
    Dedup,
    /// The queue from which it came to this dead-letter queue.
    Source,
    /// Which of the different handles of this message its handle is, from 1.
    Handle,
    /// When it was sent, whole seconds since the script began.
    Sent,
    /// When it was first received, likewise.
    First,
}

impl Shown {
    /// All, by the names that scripts know.
    pub(crate) const NAMES: [(&str, Shown); 7] = [
        ("count", Shown::Count),
        ("group", Shown::Group),
        ("dedup", Shown::Dedup),
        ("source", Shown::Source),
        ("handle", Shown::Handle),
        ("sent", Shown::Sent),
        ("first", Shown::First),
    ];
}

/// Which task that moves messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// The one of the queue that was started so manieth, from 1; the last if absent.
    Started(Option<usize>),
    /// One that nobody started.
    Forged,
}

/// What is done with a topic. Subscribers are names of queues, or addresses of other endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnTopic {
    /// Creates it with these attributes, by short name, and `tags` as they were given.
    Create(BTreeMap<String, String>),
    /// Sets attributes of it.
    Set(BTreeMap<String, String>),
    /// Deletes it.
    DeleteTopic,
    /// Shows its attributes and counts as `name=value`.
    Attributes,
    /// Subscribes somebody, with attributes as they were given.
    Subscribe(String, BTreeMap<String, String>),
    /// Sets attributes of the subscription of somebody.
    SetSubscription(String, BTreeMap<String, String>),
    /// Shows the subscription of somebody as `name=value`.
    Subscription(String),
    /// Confirms the subscription of an endpoint, or takes it up again.
    Confirm(String, Ticket, By),
    /// Ends the subscription of somebody.
    Unsubscribe(String, By),
    /// Shows who is subscribed: names of queues, addresses, and `:pending` behind who has not agreed.
    Subscriptions,
    /// Publishes messages, several in one batch.
    Publish(Publishing),
}

/// Messages to publish. All but what they say is that of each of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publishing {
    /// What they say.
    pub bodies: Vec<String>,
    /// Attributes.
    pub attributes: Vec<Attribute>,
    /// `MessageGroupId`.
    pub group: Option<String>,
    /// `MessageDeduplicationId`.
    pub dedup: Option<String>,
    /// Whether the bodies have a text for each protocol.
    pub structure: Structure,
}

/// `MessageStructure`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Structure {
    /// One text for all.
    #[default]
    Plain,
    /// A JSON object with a text for each protocol.
    Json,
}

/// Who confirms or ends a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Its owner, who signs.
    Owner,
    /// Whoever has the link.
    Link,
}

/// Which of the tokens that an endpoint got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ticket {
    /// The so manieth that came from this topic, from 1; the last if absent.
    Received(Option<usize>),
    /// One that nobody gave out.
    Forged,
}

/// What is done with an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnEndpoint {
    /// From now on it does this with what it gets.
    Becomes(Temper),
    /// Shows the attempts that it saw since it was last asked: what came, and the second.
    Attempts,
}

/// What an endpoint does with what it gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Temper {
    /// It takes it.
    #[default]
    Accepts,
    /// It fails, as servers in trouble do.
    Fails,
    /// It says no for good.
    Refuses,
    /// It does not answer until it becomes something else, which then is its answer.
    Hangs,
}

impl Temper {
    /// All, by the names that scripts know.
    pub(crate) const NAMES: [(&str, Temper); 4] = [
        ("accepts", Temper::Accepts),
        ("fails", Temper::Fails),
        ("refuses", Temper::Refuses),
        ("hangs", Temper::Hangs),
    ];
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

/// The queue attributes of the language with their names in SQS.
pub(crate) const QUEUE_ATTRIBUTES: [(&str, &str); 14] = [
    ("visibility", "VisibilityTimeout"),
    ("size", "MaximumMessageSize"),
    ("retention", "MessageRetentionPeriod"),
    ("delay", "DelaySeconds"),
    ("wait", "ReceiveMessageWaitTimeSeconds"),
    ("policy", "Policy"),
    ("sse", "SqsManagedSseEnabled"),
    ("kms", "KmsMasterKeyId"),
    ("fifo", "FifoQueue"),
    ("content-dedup", "ContentBasedDeduplication"),
    ("scope", "DeduplicationScope"),
    ("throughput", "FifoThroughputLimit"),
    ("redrive", "RedrivePolicy"),
    ("allow", "RedriveAllowPolicy"),
];
