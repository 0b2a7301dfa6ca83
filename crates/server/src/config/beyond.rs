//! The settings that go beyond AWS, in the tables `extensions` and `limits`. Without them the server is as
//! AWS is.

use super::Size;
use crate::limits::NamePattern;
use clap::Args;
use clap::builder::BoolishValueParser;
use postrider_core::shard::Bounds;
use serde::{Deserialize, Serialize};

/// What AWS does not have, as far as it is given.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ExtensionsLayer {
    /// Answer /_localstack/health and /_aws/sqs/messages, as LocalStack does [default: false]
    #[arg(id = "extensions.localstack", long = "extensions-localstack", env = "POSTRIDER_EXTENSIONS_LOCALSTACK", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub(crate) localstack: Option<bool>,
    /// Queues that take messages with a DelaySeconds beyond 15 minutes: names, or beginnings of names with a
    /// * at the end; may be given several times [default: none]
    #[arg(
        id = "extensions.long_delay",
        long = "extensions-long-delay",
        env = "POSTRIDER_EXTENSIONS_LONG_DELAY",
        value_name = "PATTERN",
        value_delimiter = ','
    )]
    pub(crate) long_delay: Option<Vec<NamePattern>>,
}

/// Limits above those of AWS, as far as they are given.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LimitsLayer {
    /// Entries of a batch of SQS, up to 100 [default: 10]
    #[arg(
        id = "limits.batch_entries_max",
        long = "limits-batch-entries-max",
        env = "POSTRIDER_LIMITS_BATCH_ENTRIES_MAX",
        value_name = "NUMBER"
    )]
    pub(crate) batch_entries_max: Option<usize>,
    /// Size that a queue's MaximumMessageSize may have, and of a batch, up to 2MiB [default: 1MiB]
    #[arg(
        id = "limits.message_bytes_max",
        long = "limits-message-bytes-max",
        env = "POSTRIDER_LIMITS_MESSAGE_BYTES_MAX",
        value_name = "SIZE"
    )]
    pub(crate) message_bytes_max: Option<Size>,
    /// Messages that one ReceiveMessage may ask for, up to 100 [default: 10]
    #[arg(
        id = "limits.receive_max",
        long = "limits-receive-max",
        env = "POSTRIDER_LIMITS_RECEIVE_MAX",
        value_name = "NUMBER"
    )]
    pub(crate) receive_max: Option<u32>,
    /// Filter policies of one topic, up to 20000 [default: 200]
    #[arg(
        id = "limits.topic_filters_max",
        long = "limits-topic-filters-max",
        env = "POSTRIDER_LIMITS_TOPIC_FILTERS_MAX",
        value_name = "NUMBER"
    )]
    pub(crate) topic_filters_max: Option<usize>,
    /// Filter policies of all topics of an account, up to 1000000 [default: 10000]
    #[arg(
        id = "limits.account_filters_max",
        long = "limits-account-filters-max",
        env = "POSTRIDER_LIMITS_ACCOUNT_FILTERS_MAX",
        value_name = "NUMBER"
    )]
    pub(crate) account_filters_max: Option<usize>,
    /// Subscriptions of one topic, up to 20000 [default: 20000]
    #[arg(
        id = "limits.topic_subscriptions_max",
        long = "limits-topic-subscriptions-max",
        env = "POSTRIDER_LIMITS_TOPIC_SUBSCRIPTIONS_MAX",
        value_name = "NUMBER"
    )]
    pub(crate) topic_subscriptions_max: Option<usize>,
    /// Deliveries owed to one endpoint; with a further one the oldest is given up [default: 1000000]
    #[arg(
        id = "limits.endpoint_owed_max",
        long = "limits-endpoint-owed-max",
        env = "POSTRIDER_LIMITS_ENDPOINT_OWED_MAX",
        value_name = "NUMBER"
    )]
    pub(crate) endpoint_owed_max: Option<usize>,
}

impl ExtensionsLayer {
    /// These settings, and those of `below` where these say nothing.
    pub(super) fn over(self, below: ExtensionsLayer) -> ExtensionsLayer {
        ExtensionsLayer {
            localstack: self.localstack.or(below.localstack),
            long_delay: self.long_delay.or(below.long_delay),
        }
    }
}

impl LimitsLayer {
    /// These settings, and those of `below` where these say nothing.
    pub(super) fn over(self, below: LimitsLayer) -> LimitsLayer {
        LimitsLayer {
            batch_entries_max: self.batch_entries_max.or(below.batch_entries_max),
            message_bytes_max: self.message_bytes_max.or(below.message_bytes_max),
            receive_max: self.receive_max.or(below.receive_max),
            topic_filters_max: self.topic_filters_max.or(below.topic_filters_max),
            account_filters_max: self.account_filters_max.or(below.account_filters_max),
            topic_subscriptions_max: self.topic_subscriptions_max.or(below.topic_subscriptions_max),
            endpoint_owed_max: self.endpoint_owed_max.or(below.endpoint_owed_max),
        }
    }
}

/// The extensions in effect.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Extensions {
    /// Whether the paths of LocalStack are answered.
    pub(crate) localstack: bool,
    /// Queues that take longer delays.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) long_delay: Vec<NamePattern>,
}

/// The limits in effect.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Raised {
    /// Entries of a batch of SQS.
    pub(crate) batch_entries_max: usize,
    /// The upper end of `MaximumMessageSize`, and the size of a batch.
    pub(crate) message_bytes_max: Size,
    /// Messages of one receive.
    pub(crate) receive_max: u32,
    /// Filter policies of one topic.
    pub(crate) topic_filters_max: usize,
    /// Filter policies of all topics of an account.
    pub(crate) account_filters_max: usize,
    /// Subscriptions of one topic.
    pub(crate) topic_subscriptions_max: usize,
    /// Deliveries owed to one endpoint.
    pub(crate) endpoint_owed_max: usize,
}

impl Raised {
    /// What the shards keep to.
    pub(crate) fn bounds(&self) -> Bounds {
        Bounds {
            subscriptions_per_topic: self.topic_subscriptions_max,
            filters_per_topic: self.topic_filters_max,
            filters_per_account: self.account_filters_max,
            owed_per_endpoint: self.endpoint_owed_max,
        }
    }
}
