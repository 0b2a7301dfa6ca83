//! The operations of SQS: what each is given, and what each answers.
//!
//! Every member is an `Option`: SQS decides which are required one by one, in an order of its own
//! and with different errors, so the absence of a member is for the operation to judge
//! ([`required`] is the common case). Numbers are as sent; ranges are the operation's, too.

mod move_task;
mod output;
#[cfg(test)]
mod tests;

pub use move_task::{
    CancelMessageMoveTaskOutput, ListMessageMoveTasksOutput, MoveTask, MoveTaskStatus,
    StartMessageMoveTaskOutput, TaskHandle,
};
pub use output::{
    BatchFailure, BatchOutput, DoneEntry, GetQueueAttributesOutput, ListDeadLetterSourceQueuesOutput,
    ListQueueTagsOutput, ListQueuesOutput, NamedValues, QueueUrlOutput, ReceiveMessageOutput,
    ReceivedMessage, SendMessageOutput, SentEntry,
};
pub(crate) use output::{ToXml, write_batch};

use crate::attribute::GivenAttributes;
use crate::error::{Error, sqs};
use crate::shape::{List, Pairs, shape};
use crate::text::Text;

/// A member that SQS wants present and not empty.
///
/// # Errors
/// `MissingParameter`, naming `name`, for an absent or empty one.
pub fn required<'t>(member: Option<&'t Text<'_>>, name: &str) -> Result<&'t str, Error> {
    match member {
        Some(text) if !text.is_empty() => Ok(text),
        Some(_) | None => Err(sqs::missing_parameter(name)),
    }
}

/// How a message's number in its FIFO queue looks: 20 digits, in the order of the numbers, in the range
/// where AWS's are seen (`188…`, spec `sqs.md` section 10).
pub fn sequence_number(number: u64) -> String {
    const FIRST: u128 = 18_800_000_000_000_000_000;
    (FIRST + u128::from(number)).to_string()
}

shape! {
    /// Creates a queue, or finds one that equals it.
    CreateQueue<'a> {
        /// The name of the queue.
        queue_name: Text<'a>, "QueueName", "QueueName";
        /// Queue attributes.
        attributes: Pairs<'a>, "Attributes", "Attribute";
        /// Tags. Lower case in JSON only here.
        tags: Pairs<'a>, "tags", "Tag";
    }

    /// Finds a queue by name.
    GetQueueUrl<'a> {
        /// The name of the queue.
        queue_name: Text<'a>, "QueueName", "QueueName";
        /// The account that owns it, if not the caller's.
        queue_owner_account: Text<'a>, "QueueOwnerAWSAccountId", "QueueOwnerAWSAccountId";
    }

    /// Lists queues by name prefix.
    ListQueues<'a> {
        /// What the names start with.
        queue_name_prefix: Text<'a>, "QueueNamePrefix", "QueueNamePrefix";
        /// Where the page before ended.
        next_token: Text<'a>, "NextToken", "NextToken";
        /// Page length, 1–1000.
        max_results: i64, "MaxResults", "MaxResults";
    }

    /// Reads queue attributes.
    GetQueueAttributes<'a> {
        /// The queue.
        queue_url: Text<'a>, "QueueUrl", "QueueUrl";
        /// Which attributes, or `All`.
        attribute_names: List<Text<'a>>, "AttributeNames", "AttributeName";
    }

    /// Changes queue attributes.
    SetQueueAttributes<'a> {
        /// The queue.
        queue_url: Text<'a>, "QueueUrl", "QueueUrl";
        /// The new values.
        attributes: Pairs<'a>, "Attributes", "Attribute";
    }

    /// Deletes a queue.
    DeleteQueue<'a> {
        /// The queue.
        queue_url: Text<'a>, "QueueUrl", "QueueUrl";
    }

    /// Deletes the messages of a queue.
    PurgeQueue<'a> {
        /// The queue.
        queue_url: Text<'a>, "QueueUrl", "QueueUrl";
    }

    /// Sends one message.
    SendMessage<'a> {
        /// The queue.
        queue_url: Text<'a>, "QueueUrl", "QueueUrl";
        /// The body.
        message_body: Text<'a>, "MessageBody", "MessageBody";
        /// Seconds until it can be received, 0–900.
        delay_seconds: i64, "DelaySeconds", "DelaySeconds";
        /// Attributes of the sender's.
        message_attributes: GivenAttributes<'a>, "MessageAttributes", "MessageAttribute";
        /// `AWSTraceHeader`.
        message_system_attributes: GivenAttributes<'a>, "MessageSystemAttributes", "MessageSystemAttribute";
        /// The deduplication id, on FIFO queues.
        message_deduplication_id: Text<'a>, "MessageDeduplicationId", "MessageDeduplicationId";
        /// The group.
        message_group_id: Text<'a>, "MessageGroupId", "MessageGroupId";
    }

    /// Sends up to 10 messages.
    SendMessageBatch<'a> {
        /// The queue.
        queue_url: Text<'a>, "QueueUrl", "QueueUrl";
        /// The messages.
        entries: List<SendMessageBatchEntry<'a>>, "Entries", "SendMessageBatchRequestEntry";
    }

    /// One message of a batch; as [`SendMessage`].
    SendMessageBatchEntry<'a> {
        /// What the answer calls this entry.
        id: Text<'a>, "Id", "Id";
        /// The body.
        message_body: Text<'a>, "MessageBody", "MessageBody";
        /// Seconds until it can be received, 0–900.
        delay_seconds: i64, "DelaySeconds", "DelaySeconds";
        /// Attributes of the sender's.
        message_attributes: GivenAttributes<'a>, "MessageAttributes", "MessageAttribute";
        /// `AWSTraceHeader`.
        message_system_attributes: GivenAttributes<'a>, "MessageSystemAttributes", "MessageSystemAttribute";
        /// The deduplication id, on FIFO queues.
        message_deduplication_id: Text<'a>, "MessageDeduplicationId", "MessageDeduplicationId";
        /// The group.
        message_group_id: Text<'a>, "MessageGroupId", "MessageGroupId";
    }

    /// Receives up to 10 messages, waiting for the first if asked to.
    ReceiveMessage<'a> {
        /// The queue.
        queue_url: Text<'a>, "QueueUrl", "QueueUrl";
        /// System attributes to return, by the older member; see [`ReceiveMessage::system_names`].
        attribute_names: List<Text<'a>>, "AttributeNames", "AttributeName";
        /// System attributes to return, by the newer member.
        message_system_attribute_names: List<Text<'a>>, "MessageSystemAttributeNames", "MessageSystemAttributeName";
        /// Message attributes to return; see [`crate::attribute::Selection`].
        message_attribute_names: List<Text<'a>>, "MessageAttributeNames", "MessageAttributeName";
        /// How many at most, 1–10.
        max_number_of_messages: i64, "MaxNumberOfMessages", "MaxNumberOfMessages";
        /// Seconds that they stay in flight, 0–43200.
        visibility_timeout: i64, "VisibilityTimeout", "VisibilityTimeout";
        /// Seconds to wait for the first, 0–20.
        wait_time_seconds: i64, "WaitTimeSeconds", "WaitTimeSeconds";
        /// Names this attempt, on FIFO queues, so that it can be repeated.
        receive_request_attempt_id: Text<'a>, "ReceiveRequestAttemptId", "ReceiveRequestAttemptId";
    }

    /// Deletes one message.
    DeleteMessage<'a> {
        /// The queue.
        queue_url: Text<'a>, "QueueUrl", "QueueUrl";
        /// The handle that a receive gave out.
        receipt_handle: Text<'a>, "ReceiptHandle", "ReceiptHandle";
    }

    /// Deletes up to 10 messages.
    DeleteMessageBatch<'a> {
        /// The queue.
        queue_url: Text<'a>, "QueueUrl", "QueueUrl";
        /// The messages.
        entries: List<DeleteMessageBatchEntry<'a>>, "Entries", "DeleteMessageBatchRequestEntry";
    }

    /// One message of a batch; as [`DeleteMessage`].
    DeleteMessageBatchEntry<'a> {
        /// What the answer calls this entry.
        id: Text<'a>, "Id", "Id";
        /// The handle that a receive gave out.
        receipt_handle: Text<'a>, "ReceiptHandle", "ReceiptHandle";
    }

    /// Changes how long one message stays in flight, from now.
    ChangeMessageVisibility<'a> {
        /// The queue.
        queue_url: Text<'a>, "QueueUrl", "QueueUrl";
        /// The handle that a receive gave out.
        receipt_handle: Text<'a>, "ReceiptHandle", "ReceiptHandle";
        /// Seconds from now, 0–43200.
        visibility_timeout: i64, "VisibilityTimeout", "VisibilityTimeout";
    }

    /// Changes how long up to 10 messages stay in flight.
    ChangeMessageVisibilityBatch<'a> {
        /// The queue.
        queue_url: Text<'a>, "QueueUrl", "QueueUrl";
        /// The messages.
        entries: List<ChangeMessageVisibilityBatchEntry<'a>>, "Entries", "ChangeMessageVisibilityBatchRequestEntry";
    }

    /// One message of a batch; as [`ChangeMessageVisibility`].
    ChangeMessageVisibilityBatchEntry<'a> {
        /// What the answer calls this entry.
        id: Text<'a>, "Id", "Id";
        /// The handle that a receive gave out.
        receipt_handle: Text<'a>, "ReceiptHandle", "ReceiptHandle";
        /// Seconds from now, 0–43200.
        visibility_timeout: i64, "VisibilityTimeout", "VisibilityTimeout";
    }

    /// Adds or overwrites tags of a queue.
    TagQueue<'a> {
        /// The queue.
        queue_url: Text<'a>, "QueueUrl", "QueueUrl";
        /// The tags.
        tags: Pairs<'a>, "Tags", "Tag";
    }

    /// Removes tags of a queue.
    UntagQueue<'a> {
        /// The queue.
        queue_url: Text<'a>, "QueueUrl", "QueueUrl";
        /// The keys of the tags.
        tag_keys: List<Text<'a>>, "TagKeys", "TagKey";
    }

    /// Lists the tags of a queue.
    ListQueueTags<'a> {
        /// The queue.
        queue_url: Text<'a>, "QueueUrl", "QueueUrl";
    }

    /// Adds a statement to the policy of a queue. SNS has an operation of this name, too.
    AddPermission<'a> {
        /// The queue.
        queue_url: Text<'a>, "QueueUrl", "QueueUrl";
        /// What the statement is called.
        label: Text<'a>, "Label", "Label";
        /// Who is permitted.
        aws_account_ids: List<Text<'a>>, "AWSAccountIds", "AWSAccountId";
        /// What is permitted: names of actions, or `*`.
        actions: List<Text<'a>>, "Actions", "ActionName";
    }

    /// Removes a statement from the policy of a queue. SNS has an operation of this name, too.
    RemovePermission<'a> {
        /// The queue.
        queue_url: Text<'a>, "QueueUrl", "QueueUrl";
        /// What the statement is called.
        label: Text<'a>, "Label", "Label";
    }

    /// Lists the queues whose dead-letter queue this is.
    ListDeadLetterSourceQueues<'a> {
        /// The dead-letter queue.
        queue_url: Text<'a>, "QueueUrl", "QueueUrl";
        /// Where the page before ended.
        next_token: Text<'a>, "NextToken", "NextToken";
        /// Page length, 1–1000.
        max_results: i64, "MaxResults", "MaxResults";
    }

    /// Starts to move the messages of a dead-letter queue.
    StartMessageMoveTask<'a> {
        /// The ARN of the dead-letter queue.
        source_arn: Text<'a>, "SourceArn", "SourceArn";
        /// The ARN of the queue to move to; each message's own source if there is none.
        destination_arn: Text<'a>, "DestinationArn", "DestinationArn";
        /// How fast, 1–500.
        max_number_of_messages_per_second: i64, "MaxNumberOfMessagesPerSecond", "MaxNumberOfMessagesPerSecond";
    }

    /// Ends a move before its time.
    CancelMessageMoveTask<'a> {
        /// What the start of the move answered; see [`TaskHandle`].
        task_handle: Text<'a>, "TaskHandle", "TaskHandle";
    }

    /// Lists the moves from a dead-letter queue.
    ListMessageMoveTasks<'a> {
        /// The ARN of the dead-letter queue.
        source_arn: Text<'a>, "SourceArn", "SourceArn";
        /// How many at most, 1–10.
        max_results: i64, "MaxResults", "MaxResults";
    }
}

impl ReceiveMessage<'_> {
    /// The system attributes asked for, by either member: AWS takes the union.
    ///
    /// Over Query both members share the parameter `AttributeName.N`, which is read into the older.
    pub fn system_names(&self) -> impl Iterator<Item = &str> {
        let names = [&self.attribute_names, &self.message_system_attribute_names];
        names.into_iter().flatten().flatten().map(Text::as_str)
    }
}
