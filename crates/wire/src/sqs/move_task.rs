//! Message move tasks: their handles, and what is answered of them (spec `sqs.md` section 11).
//!
//! Invariant: only a task that runs has a handle in a list, and only one that failed has a reason.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::output::ToXml;
use crate::xml::Xml;

/// What names a task to its owner: opaque to clients, so that a handle with a source that does not exist
/// and one of no task can be told apart. Base64 of a JSON object, as on AWS.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskHandle {
    /// The id of the task. Not yet judged.
    pub task_id: String,
    /// The ARN of the queue that it moves from. Not yet judged.
    pub source_arn: String,
}

impl TaskHandle {
    /// Reads a handle; `None` if nobody gave out a text like this.
    pub fn parse(text: &str) -> Option<Self> {
        let json = STANDARD.decode(text).ok()?;
        serde_json::from_slice(&json).ok()
    }

    /// The text that clients get.
    pub fn encode(&self) -> String {
        STANDARD.encode(serde_json::to_vec(self).expect("two texts serialise without errors"))
    }
}

/// The answer of [`super::StartMessageMoveTask`].
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct StartMessageMoveTaskOutput<'a> {
    /// The handle of the task; see [`TaskHandle`].
    pub task_handle: Cow<'a, str>,
}

impl ToXml for StartMessageMoveTaskOutput<'_> {
    fn write(&self, xml: &mut Xml) {
        xml.text("TaskHandle", &self.task_handle);
    }
}

/// The answer of [`super::CancelMessageMoveTask`].
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CancelMessageMoveTaskOutput {
    /// How many messages were moved before.
    pub approximate_number_of_messages_moved: u64,
}

impl ToXml for CancelMessageMoveTaskOutput {
    fn write(&self, xml: &mut Xml) {
        write_number(xml, "ApproximateNumberOfMessagesMoved", self.approximate_number_of_messages_moved);
    }
}

/// The answer of [`super::ListMessageMoveTasks`].
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListMessageMoveTasksOutput<'a> {
    /// The tasks, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<MoveTask<'a>>,
}

impl ToXml for ListMessageMoveTasksOutput<'_> {
    fn write(&self, xml: &mut Xml) {
        for task in &self.results {
            xml.element("ListMessageMoveTasksResultEntry", |xml| task.write(xml));
        }
    }
}

/// How far a task is, with what only a task in this state has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoveTaskStatus<'a> {
    /// It moves messages.
    Running {
        /// What to cancel it by; see [`TaskHandle`].
        handle: Cow<'a, str>,
    },
    /// It has moved all.
    Completed,
    /// It was told to end, and has not ended yet.
    Cancelling,
    /// It was told to end, and has.
    Cancelled,
    /// It could not go on.
    Failed {
        /// Why, such as `AWS.SimpleQueueService.NonExistentQueue`.
        reason: Cow<'a, str>,
    },
}

impl MoveTaskStatus<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::Running { .. } => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Cancelling => "CANCELLING",
            Self::Cancelled => "CANCELLED",
            Self::Failed { .. } => "FAILED",
        }
    }

    fn handle(&self) -> Option<&str> {
        match self {
            Self::Running { handle } => Some(handle),
            Self::Completed | Self::Cancelling | Self::Cancelled | Self::Failed { .. } => None,
        }
    }

    fn failure_reason(&self) -> Option<&str> {
        match self {
            Self::Failed { reason } => Some(reason),
            Self::Running { .. } | Self::Completed | Self::Cancelling | Self::Cancelled => None,
        }
    }
}

/// One task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveTask<'a> {
    /// How far it is.
    pub status: MoveTaskStatus<'a>,
    /// The ARN of the queue that it moves from.
    pub source_arn: Cow<'a, str>,
    /// The ARN of the queue that it moves to, if one was named.
    pub destination_arn: Option<Cow<'a, str>>,
    /// How fast, in messages a second, if that was said.
    pub max_number_of_messages_per_second: Option<u32>,
    /// How many messages it has moved.
    pub approximate_number_of_messages_moved: u64,
    /// How many there were to move when it started.
    pub approximate_number_of_messages_to_move: u64,
    /// When it was started, milliseconds since 1970.
    pub started_timestamp: u64,
}

/// One member of a task.
enum Part<'p> {
    Text(&'p str),
    Number(u64),
}

impl MoveTask<'_> {
    /// The members that are there, in the model's order.
    fn parts(&self) -> impl Iterator<Item = (&'static str, Part<'_>)> {
        let rate = self.max_number_of_messages_per_second.map(u64::from);
        [
            ("TaskHandle", self.status.handle().map(Part::Text)),
            ("Status", Some(Part::Text(self.status.name()))),
            ("SourceArn", Some(Part::Text(&self.source_arn))),
            ("DestinationArn", self.destination_arn.as_deref().map(Part::Text)),
            ("MaxNumberOfMessagesPerSecond", rate.map(Part::Number)),
            (
                "ApproximateNumberOfMessagesMoved",
                Some(Part::Number(self.approximate_number_of_messages_moved)),
            ),
            (
                "ApproximateNumberOfMessagesToMove",
                Some(Part::Number(self.approximate_number_of_messages_to_move)),
            ),
            ("FailureReason", self.status.failure_reason().map(Part::Text)),
            ("StartedTimestamp", Some(Part::Number(self.started_timestamp))),
        ]
        .into_iter()
        .filter_map(|(name, part)| Some((name, part?)))
    }
}

impl Serialize for MoveTask<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, part) in self.parts() {
            match part {
                Part::Text(text) => map.serialize_entry(name, text)?,
                Part::Number(number) => map.serialize_entry(name, &number)?,
            }
        }
        map.end()
    }
}

impl ToXml for MoveTask<'_> {
    fn write(&self, xml: &mut Xml) {
        for (name, part) in self.parts() {
            match part {
                Part::Text(text) => xml.text(name, text),
                Part::Number(number) => write_number(xml, name, number),
            }
        }
    }
}

fn write_number(xml: &mut Xml, name: &str, number: u64) {
    xml.text(name, &number.to_string());
}
