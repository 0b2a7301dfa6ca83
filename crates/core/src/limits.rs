//! Every bound, with its source: the sections are those of the fact sheets of SQS and SNS.

/// Queue name, characters (sqs 4).
pub const QUEUE_NAME_MAX: usize = 80;
/// Topic name, characters (sns 3).
pub const TOPIC_NAME_MAX: usize = 256;
/// Visibility timeout, seconds, and the longest that one receive may hide a message (sqs 5.1, 9).
pub const VISIBILITY_S_MAX: u32 = 43_200;
/// Message retention, seconds (sqs 5.1).
pub const RETENTION_S: std::ops::RangeInclusive<u32> = 60..=1_209_600;
/// `MaximumMessageSize` of a queue, bytes (sqs 5.1).
pub const MESSAGE_BYTES: std::ops::RangeInclusive<u32> = 1_024..=1_048_576;
/// All bodies and attributes of one batch, bytes (sqs 4).
pub const BATCH_BYTES_MAX: u32 = 1_048_576;
/// Entries of one batch (sqs 2).
pub const BATCH_ENTRIES_MAX: usize = 10;
/// Delay of a queue or a message, seconds (sqs 5.1).
pub const DELAY_S_MAX: u32 = 900;
/// Long poll, seconds (sqs 9).
pub const WAIT_S_MAX: u32 = 20;
/// Messages of one receive (sqs 9).
pub const RECEIVE_MAX: u32 = 10;
/// Messages of one receive together, bytes with attributes: what ten of the largest have. It matters only where the
/// limits are raised.
pub const RECEIVE_BYTES_MAX: usize = 10 << 20;
/// Messages in flight of one queue (sqs 4).
pub const IN_FLIGHT_MAX: usize = 120_000;
/// A deleted queue's name stays taken this long, milliseconds (sqs 2).
pub const DELETED_WAIT_MS: u64 = 60_000;
/// How often a queue's retention may have been raised, each time by more than has passed since, before what had expired
/// the first time is forgotten.
pub const EXPIRY_STEPS_MAX: usize = 1_000;
/// Two purges of one queue are at least this far apart, milliseconds (sqs 2).
pub const PURGE_WAIT_MS: u64 = 60_000;
/// A deduplication id is remembered this long after the first message with it was accepted, milliseconds (sqs 10).
pub const DEDUP_WINDOW_MS: u64 = 300_000;
/// The id of an attempt to receive gets the same messages this long, milliseconds (sqs 10).
pub const ATTEMPT_WINDOW_MS: u64 = 300_000;
/// `maxReceiveCount` of a redrive policy (sqs 5.3).
pub const RECEIVES_MAX: std::ops::RangeInclusive<u32> = 1..=1_000;
/// Queues that a redrive allow policy may name (sqs 5.3).
pub const REDRIVE_SOURCES_MAX: usize = 10;
/// Messages that a move task moves in a second (sqs 11).
pub const MOVES_PER_S: std::ops::RangeInclusive<u32> = 1..=500;
/// Move tasks of one queue that are remembered (sqs 11).
pub const MOVES_REMEMBERED: usize = 10;
/// Messages that a move task without a rate moves in one turn.
pub const MOVES_PER_TURN_MAX: usize = 500;
/// Messages of one queue that are on their way to queues of other shards; more wait for their turn.
pub const LEAVING_MAX: usize = 1_000;
/// Spent messages that one receive moves to the dead-letter queue at most; the next one goes on.
pub const SPENT_PER_RECEIVE_MAX: usize = 1_000;
/// A message that could not get to its dead-letter queue is handed out again, and tries once more after this long,
/// milliseconds.
pub const REDRIVE_RETRY_MS: u64 = 60_000;
/// Tags of one queue or topic (sqs 4, sns 17).
pub const TAGS_MAX: usize = 50;
/// `KmsDataKeyReusePeriodSeconds` (sqs 5.1).
pub const KMS_REUSE_S: std::ops::RangeInclusive<u32> = 60..=86_400;
/// Queues of one page of a list (sqs 4).
pub const LIST_QUEUES_MAX: usize = 1_000;
/// Topics or subscriptions of one page of a list (sns 1).
pub const LIST_SNS_PAGE: usize = 100;
/// A message of a topic that does not say otherwise, bytes with attributes (sns 5).
pub const TOPIC_MESSAGE_BYTES_DEFAULT: u32 = 262_144;
/// Subscriptions of one topic. AWS has 12,500,000; here one publication with all that it owes must fit
/// into one entry of the log.
pub const SUBSCRIPTIONS_PER_TOPIC_MAX: usize = 20_000;
/// Attributes of a message that a queue can take in raw form (sns 6).
pub const RAW_ATTRIBUTES_MAX: usize = 10;
/// Filter policies of one topic (sns 12).
pub const FILTERS_PER_TOPIC_MAX: usize = 200;
/// Filter policies of all topics of one account (sns 12).
pub const FILTERS_PER_ACCOUNT_MAX: usize = 10_000;
/// `numRetries` of a delivery policy (sns 10).
pub const RETRIES_MAX: u32 = 100;
/// `maxDelayTarget` of a delivery policy, milliseconds (sns 10).
pub const RETRY_DELAY_MS_MAX: u32 = 3_600_000;
/// The delays of all retries of a delivery policy together, milliseconds (sns 10).
pub const RETRY_TOTAL_MS_MAX: u64 = 3_600_000;
/// `headerContentType` of a delivery policy, bytes: room for parameters, none for stories.
pub const CONTENT_TYPE_BYTES_MAX: usize = 256;
/// Phones of the sandbox of one account (sns 18).
pub const SANDBOX_PHONES_MAX: usize = 10;
/// A phone of the sandbox can be removed this long after it was last sent a password or was verified, milliseconds
/// (sns 18).
pub const SANDBOX_REMOVE_WAIT_MS: u64 = 86_400_000;
/// Messages of one peek of the admin interface.
pub const PEEK_MAX: usize = 100;
/// Copies that one publication makes in one turn; the rest follow through the outbox, in order.
pub const COPIES_PER_TURN_MAX: usize = 1_000;
/// Deliveries that one exchange between two shards carries.
pub const PARCEL_DELIVERIES_MAX: usize = 1_000;
/// Payload bytes that one exchange between two shards carries (at least one publication goes).
pub const PARCEL_BYTES_MAX: usize = 1 << 20;
/// An ARN, bytes: what IAM admits for a role, and more than any queue or topic has.
pub const ARN_BYTES_MAX: usize = 2_048;
/// An entry of the log is closed when its events reach this, bytes.
pub const ENTRY_BYTES_MAX: usize = 4 << 20;
/// The largest event, bytes: a message of 1 MiB that is owed to all subscriptions that a topic may have. A larger
/// one gets an entry to itself, and the log has to take it.
pub const EVENT_BYTES_MAX: usize = 6 << 20;
/// How long a token confirms, milliseconds (sns 4: two days by the model, three by the guide).
pub const TOKEN_LIFE_MS: u64 = 3 * 86_400_000;
/// Tokens of one subscription that count: the newest ones.
pub const TOKENS_MAX: usize = 4;
/// Subscriptions of one account that nobody has confirmed (sns 4).
pub const PENDING_MAX: usize = 5_000;
/// Subscriptions of one FIFO topic, and of a topic that admits messages over 262,144 bytes (sns 3, 13).
pub const FEW_SUBSCRIPTIONS_MAX: usize = 100;
/// Attempts at one endpoint at a time.
pub const ATTEMPTS_PER_LINE_MAX: u32 = 32;
/// Attempts at one endpoint at a time, before anything is known of it.
pub const ATTEMPTS_PER_LINE_FIRST: u32 = 4;
/// Attempts at one endpoint at a time, if its answers take over a second.
pub const ATTEMPTS_PER_LINE_SLOW: u32 = 8;
/// Deliveries that are owed to one endpoint; a further one has the oldest reach its end.
pub const OWED_PER_LINE_MAX: usize = 1_000_000;
/// Publications of one page for the archives.
pub const ARCHIVE_PAGE_MAX: usize = 1_000;
/// Payload bytes of one page for the archives, but at least one publication.
pub const ARCHIVE_PAGE_BYTES_MAX: usize = 1 << 20;
/// Replays of one topic that are under way.
pub const REPLAYS_PER_TOPIC_MAX: usize = 100;
