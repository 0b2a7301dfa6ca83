//! One source of settings, each of which may be absent: the command line with the environment, or the file.

use super::beyond::{ExtensionsLayer, LimitsLayer};
use super::delivery::DeliveryLayer;
use super::{ConfigFault, Network, Size};
use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// When something counts as durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Durability {
    /// When the disk has it: survives power loss
    Fsync,
    /// When the operating system has it: survives the end of the process, not power loss
    Os,
    /// Never: everything is gone with the process, and there is no data directory
    Memory,
}

/// Whether the two waits of 60 s that AWS imposes are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AwsWaits {
    /// As AWS does
    On,
    /// For tests that create, delete and purge the same queue again and again
    Off,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// A secret text, which is never printed.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct SecretText(String);

impl SecretText {
    /// The text itself.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for SecretText {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<SecretText, Self::Err> {
        Ok(SecretText(text.to_owned()))
    }
}

impl Serialize for SecretText {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("(not shown)")
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(not shown)")
    }
}

/// Settings, as far as they are given. The comments are what `--help` says.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[command(next_help_heading = "Settings")]
pub(crate) struct Layer {
    /// Read settings from this TOML file; flags and environment go before it
    #[arg(long, env = "POSTRIDER_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub(crate) config: Option<PathBuf>,
    /// Where the API listens; may be given several times; port 0 takes a free one [default: 127.0.0.1:4566]
    #[arg(long, env = "POSTRIDER_LISTEN", value_name = "ADDRESS", value_delimiter = ',')]
    pub(crate) listen: Option<Vec<SocketAddr>>,
    /// Where health, metrics and the admin API listen [default: 127.0.0.1:4567]
    #[arg(long, env = "POSTRIDER_ADMIN_LISTEN", value_name = "ADDRESS")]
    pub(crate) admin_listen: Option<SocketAddr>,
    /// Base of the URLs given to clients, for example http://sqs.example:4566, or
    /// http://sqs.{region}.example:4566/{account}/{name} [default: as the client used it]
    #[arg(long, env = "POSTRIDER_URL", value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Base of SigningCertURL in notifications, for example https://sns.{region}.amazonaws.com [default: that of the
    /// other URLs]
    #[arg(long, env = "POSTRIDER_CERTIFICATE_URL", value_name = "URL")]
    pub(crate) certificate_url: Option<String>,
    /// Region of requests that neither a signature nor a host gives one [default: us-east-1]
    #[arg(long, env = "POSTRIDER_REGION", value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Proxies whose X-Forwarded-Host, -Proto and -Port are believed: addresses or networks such as
    /// 10.0.0.0/8; may be given several times [default: none]
    #[arg(long, env = "POSTRIDER_TRUSTED_PROXIES", value_name = "NETWORK", value_delimiter = ',')]
    pub(crate) trusted_proxies: Option<Vec<Network>>,
    /// Let anybody in, from everywhere, without credentials [default: false]
    #[arg(long, env = "POSTRIDER_INSECURE_OPEN", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub(crate) insecure_open: Option<bool>,
    /// Access key id that requests must be signed with [default: none, any signature is accepted]
    #[arg(long, env = "POSTRIDER_ACCESS_KEY_ID", value_name = "ID")]
    pub(crate) access_key_id: Option<String>,
    /// Its secret; better given in the environment, since flags can be seen by others
    #[arg(long, env = "POSTRIDER_SECRET_ACCESS_KEY", value_name = "SECRET", hide_env_values = true)]
    pub(crate) secret_access_key: Option<SecretText>,
    /// Account of that credential, 12 digits [default: 000000000000]
    #[arg(long, env = "POSTRIDER_ACCOUNT", value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// Where the data is kept [default: ./postrider-data]
    #[arg(long, env = "POSTRIDER_DATA_DIR", value_name = "DIRECTORY")]
    pub(crate) data_dir: Option<PathBuf>,
    /// When a reply may leave [default: fsync]
    #[arg(long, env = "POSTRIDER_DURABILITY", value_name = "WHEN", hide_possible_values = false)]
    pub(crate) durability: Option<Durability>,
    /// Keep everything in memory: short for --durability memory, and goes before it [default: false]
    #[arg(long, env = "POSTRIDER_MEMORY", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub(crate) memory: Option<bool>,
    /// Shards of a new data directory, fixed from then on [default: 1, or what the data directory has]
    #[arg(long, env = "POSTRIDER_SHARDS", value_name = "NUMBER")]
    pub(crate) shards: Option<u16>,
    /// Size of a segment of the log [default: 16MiB]
    #[arg(long, env = "POSTRIDER_SEGMENT_BYTES", value_name = "SIZE")]
    pub(crate) segment_bytes: Option<Size>,
    /// Message bodies that may stay in memory; others are read back from the log [default: 256MiB]
    #[arg(long, env = "POSTRIDER_BODY_MEMORY", value_name = "SIZE")]
    pub(crate) body_memory: Option<Size>,
    /// The largest request body [default: 12MiB]
    #[arg(long, env = "POSTRIDER_REQUEST_BYTES_MAX", value_name = "SIZE")]
    pub(crate) request_bytes_max: Option<Size>,
    /// Seconds that a client may take to send a request or to take an answer, and a connection may be idle
    /// [default: 60]
    #[arg(long, env = "POSTRIDER_CLIENT_TIMEOUT_S", value_name = "SECONDS")]
    pub(crate) client_timeout_s: Option<u32>,
    /// Keep the 60 s after DeleteQueue and PurgeQueue that AWS imposes [default: on]
    #[arg(long, env = "POSTRIDER_AWS_WAITS", value_name = "SWITCH")]
    pub(crate) aws_waits: Option<AwsWaits>,
    /// Queues whose messages /metrics counts [default: 1000]
    #[arg(long, env = "POSTRIDER_METRICS_QUEUES_MAX", value_name = "NUMBER")]
    pub(crate) metrics_queues_max: Option<usize>,
    /// What is logged: error, warn, info, debug, trace, or a filter such as info,postrider_runtime=debug
    /// [default: info]
    #[arg(long, env = "POSTRIDER_LOG_LEVEL", value_name = "FILTER")]
    pub(crate) log_level: Option<String>,
    /// How log lines look [default: text]
    #[arg(long, env = "POSTRIDER_LOG_FORMAT", value_name = "FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
    #[command(flatten)]
    pub(crate) delivery: DeliveryLayer,
    #[command(flatten)]
    pub(crate) extensions: ExtensionsLayer,
    #[command(flatten)]
    pub(crate) limits: LimitsLayer,
}

impl Layer {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Layer, ConfigFault> {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|source| ConfigFault::File { path: path.to_owned(), source })?;
        Layer::parse(path, &text)
    }

    /// Reads a file's text. Faults name key and line, but never quote the value, which may be the secret.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Layer, ConfigFault> {
        toml::from_str(text).map_err(|error: toml::de::Error| {
            let at = error.span().map_or(0, |span| span.start.min(text.len()));
            let before = &text.as_bytes()[..at];
            let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
            let key =
                text.lines().nth(line - 1).and_then(|line| line.split_once('=')).map(|(key, _)| key.trim());
            let text = match key {
                Some(key) if !error.message().contains(key) => format!("{key}: {}", error.message()),
                Some(_) | None => error.message().to_owned(),
            };
            ConfigFault::Syntax { path: path.to_owned(), line, text }
        })
    }

    /// These settings, and those of `below` where these say nothing.
    pub(super) fn over(self, below: Layer) -> Layer {
        Layer {
            config: self.config.or(below.config),
            listen: self.listen.or(below.listen),
            admin_listen: self.admin_listen.or(below.admin_listen),
            url: self.url.or(below.url),
            certificate_url: self.certificate_url.or(below.certificate_url),
            region: self.region.or(below.region),
            trusted_proxies: self.trusted_proxies.or(below.trusted_proxies),
            insecure_open: self.insecure_open.or(below.insecure_open),
            access_key_id: self.access_key_id.or(below.access_key_id),
            secret_access_key: self.secret_access_key.or(below.secret_access_key),
            account: self.account.or(below.account),
            data_dir: self.data_dir.or(below.data_dir),
            durability: self.durability.or(below.durability),
            memory: self.memory.or(below.memory),
            shards: self.shards.or(below.shards),
            segment_bytes: self.segment_bytes.or(below.segment_bytes),
            body_memory: self.body_memory.or(below.body_memory),
            request_bytes_max: self.request_bytes_max.or(below.request_bytes_max),
            client_timeout_s: self.client_timeout_s.or(below.client_timeout_s),
            aws_waits: self.aws_waits.or(below.aws_waits),
            metrics_queues_max: self.metrics_queues_max.or(below.metrics_queues_max),
            log_level: self.log_level.or(below.log_level),
            log_format: self.log_format.or(below.log_format),
            delivery: self.delivery.over(below.delivery),
            extensions: self.extensions.over(below.extensions),
            limits: self.limits.over(below.limits),
        }
    }
}
