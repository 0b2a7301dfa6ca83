//! The system attributes of received messages, and which of them a receive asks for.

use crate::error::{self, Error};
use crate::sqs::ReceiveMessage;

/// A system attribute of a received message (spec `sqs.md` section 7), in AWS's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SystemName {
    /// The unique id of the sending principal.
    SenderId,
    /// When it was sent, milliseconds since 1970.
    SentTimestamp,
    /// How often it was received, this time included.
    ApproximateReceiveCount,
    /// When it was first received, milliseconds since 1970.
    ApproximateFirstReceiveTimestamp,
    /// On FIFO queues: its number; see [`crate::sqs::sequence_number`].
    SequenceNumber,
    /// Its group: on FIFO queues, and on others if it was sent with one.
    MessageGroupId,
    /// On FIFO queues: the deduplication id, explicit or made of the body.
    MessageDeduplicationId,
    /// The trace header, if it was sent with one.
    AwsTraceHeader,
    /// In a dead-letter queue: the ARN of the queue that it comes from.
    DeadLetterQueueSourceArn,
}

impl SystemName {
    /// Every one.
    pub const ALL: [Self; 9] = [
        Self::SenderId,
        Self::SentTimestamp,
        Self::ApproximateReceiveCount,
        Self::ApproximateFirstReceiveTimestamp,
        Self::SequenceNumber,
        Self::MessageGroupId,
        Self::MessageDeduplicationId,
        Self::AwsTraceHeader,
        Self::DeadLetterQueueSourceArn,
    ];

    /// Its name in requests and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SenderId => "SenderId",
            Self::SentTimestamp => "SentTimestamp",
            Self::ApproximateReceiveCount => "ApproximateReceiveCount",
            Self::ApproximateFirstReceiveTimestamp => "ApproximateFirstReceiveTimestamp",
            Self::SequenceNumber => "SequenceNumber",
            Self::MessageGroupId => "MessageGroupId",
            Self::MessageDeduplicationId => "MessageDeduplicationId",
            Self::AwsTraceHeader => super::TRACE_HEADER,
            Self::DeadLetterQueueSourceArn => "DeadLetterQueueSourceArn",
        }
    }

    /// The one of this name; names are case-sensitive.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }

    fn bit(self) -> u16 {
        1 << (self as u16)
    }
}

/// Which system attributes a ReceiveMessage asks for: a set of [`SystemName`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SystemSelection {
    bits: u16,
}

impl SystemSelection {
    /// Every system attribute, as `All` selects.
    pub fn all() -> Self {
        Self { bits: SystemName::ALL.into_iter().fold(0, |bits, name| bits | name.bit()) }
    }

    /// The selection that a request makes: the union of what its two members name.
    ///
    /// The model gives the older member the names of queue attributes, which Query clients may so send in
    /// either's place: `is_queue_attribute` tells those, and they select nothing.
    ///
    /// # Errors
    /// `InvalidAttributeName` for any other name.
    pub fn of(asked: &ReceiveMessage<'_>, is_queue_attribute: impl Fn(&str) -> bool) -> Result<Self, Error> {
        let mut selection = Self::default();
        for name in asked.system_names() {
            selection.bits |= match SystemName::parse(name) {
                Some(name) => name.bit(),
                None if name == "All" => Self::all().bits,
                None if is_queue_attribute(name) => 0,
                None => return Err(error::sqs::unknown_attribute(name)),
            };
        }
        Ok(selection)
    }

    /// Whether a system attribute is selected.
    pub fn includes(self, name: SystemName) -> bool {
        self.bits & name.bit() != 0
    }
}
