//! Archive and replay of FIFO topics: the JSON of the two policies (spec `sns.md` section 14).
//!
//! A topic's `ArchivePolicy` says how long publications are kept, a subscription's `ReplayPolicy` which of
//! them it gets again. Reasons that AWS gives for refusing one were not recorded; those here are ours.

use serde::Deserialize;

use crate::envelope::parse_timestamp;
use crate::error::Error;
use crate::error::sns::{SetBy, archive_policy, replay_policy};

/// The fewest and the most days that publications are kept.
pub const RETENTION_DAYS: std::ops::RangeInclusive<u32> = 1..=365;

/// What a topic's `ArchivePolicy` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchivePolicy {
    /// No archive, or no longer one: what it has is deleted. Written `{}` or as an empty text.
    Inactive,
    /// Publications are kept.
    Active {
        /// For how long, within [`RETENTION_DAYS`].
        retention_days: u32,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ArchiveMembers {
    #[serde(rename = "MessageRetentionPeriod")]
    retention_period: Option<Days>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Days {
    Number(u32),
    Text(String),
}

impl Days {
    fn count(&self) -> Option<u32> {
        let days = match self {
            Self::Number(days) => Some(*days),
            Self::Text(text) => text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit())),
        };
        days.filter(|days| RETENTION_DAYS.contains(days))
    }
}

impl ArchivePolicy {
    /// Reads the attribute's value.
    ///
    /// # Errors
    /// `InvalidParameter` for what is no JSON object, has other members, or days out of range.
    pub fn parse(by: SetBy, text: &str) -> Result<Self, Error> {
        if text.is_empty() {
            return Ok(Self::Inactive);
        }
        let members: ArchiveMembers = object(text)
            .ok_or_else(|| archive_policy(by, "must be a JSON object with MessageRetentionPeriod"))?;
        let Some(days) = members.retention_period else { return Ok(Self::Inactive) };
        let retention_days = days.count().ok_or_else(|| {
            archive_policy(by, "MessageRetentionPeriod must be a whole number of days between 1 and 365")
        })?;
        Ok(Self::Active { retention_days })
    }
}

/// Reads a JSON object; serde would take an array for a struct as well.
fn object<'t, T: Deserialize<'t>>(text: &'t str) -> Option<T> {
    serde_json::from_str(text).ok().filter(|_| text.trim_start().starts_with('{'))
}

/// What a subscription's `ReplayPolicy` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayPolicy {
    /// No replay: one that runs is stopped. Written `{}` or as an empty text.
    Stop,
    /// A replay, in place of one that runs.
    Start(Span),
}

/// The part of an archive that is replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first instant, milliseconds since 1970.
    pub from_ms: u64,
    /// The last instant, not before the first. Without one the replay goes on into the present; with one
    /// the subscription gets nothing after it.
    pub until_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct ReplayMembers {
    point_type: Option<String>,
    starting_point: Option<String>,
    ending_point: Option<String>,
}

impl ReplayPolicy {
    /// Reads the attribute's value.
    ///
    /// # Errors
    /// `InvalidParameter` for what is no JSON object, has other members, or points that are no timestamps
    /// or in the wrong order.
    pub fn parse(by: SetBy, text: &str) -> Result<Self, Error> {
        if text.is_empty() {
            return Ok(Self::Stop);
        }
        let members: ReplayMembers = object(text).ok_or_else(|| {
            replay_policy(by, "must be a JSON object with PointType, StartingPoint and EndingPoint")
        })?;
        let (point_type, start) = match (members.point_type, members.starting_point, &members.ending_point) {
            (None, None, None) => return Ok(Self::Stop),
            (point_type, start, _) => (point_type.unwrap_or_default(), start.unwrap_or_default()),
        };
        if point_type != "Timestamp" {
            return Err(replay_policy(by, "PointType must be Timestamp"));
        }
        let point = |name: &str, text: &str| {
            parse_timestamp(text).ok_or_else(|| replay_policy(by, &format!("{name} must be a timestamp")))
        };
        let from_ms = point("StartingPoint", &start)?;
        let until_ms = members.ending_point.map(|end| point("EndingPoint", &end)).transpose()?;
        if until_ms.is_some_and(|until_ms| until_ms < from_ms) {
            return Err(replay_policy(by, "EndingPoint must not be before StartingPoint"));
        }
        Ok(Self::Start(Span { from_ms, until_ms }))
    }
}

/// How far a replay is: a subscription's `ReplayStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayStatus {
    /// It was asked for and has not begun.
    Pending,
    /// It delivers.
    InProgress,
    /// It has delivered all.
    Completed,
    /// It ended before its time.
    Failed,
}

impl ReplayStatus {
    /// The attribute's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::InProgress => "In progress",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
        }
    }
}
