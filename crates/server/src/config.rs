//! The configuration: what it is, where it comes from, and what is refused.
//!
//! Every setting has one name, written `--data-dir` as a flag, `POSTRIDER_DATA_DIR` in the environment and
//! `data_dir` in the file. A flag goes before the environment, that before the file, that before the
//! default. `postrider config` prints what results, as a file that means the same.
//!
//! Invariant: a [`Config`] is usable as it is, and never makes a server listen to strangers unasked.

mod beyond;
mod delivery;
mod layer;
mod network;
mod retry;
mod size;
#[cfg(test)]
mod tests;

use crate::limits::{self, Limits};
use crate::urls::{Template, Urls};
use beyond::{Extensions, Raised};
use delivery::Delivery;
use postrider_core::limits::SUBSCRIPTIONS_PER_TOPIC_MAX;
use postrider_core::shard::Bounds;
use postrider_iam::{Account, Credential, Credentials, DEFAULT_REGION, Gate, Secret, is_region};
use serde::Serialize;
use std::net::SocketAddr;
use std::path::PathBuf;

pub(crate) use layer::{AwsWaits, Durability, Layer, LogFormat, SecretText};
pub(crate) use network::Network;
pub(crate) use size::Size;

/// Bytes of a segment: at least one entry of the log has to fit, at most what the log can address.
const SEGMENT_BYTES: std::ops::RangeInclusive<u64> = (8 << 20)..=(1 << 30);
/// The largest request by default, bytes. A batch of ten messages of AWS's largest size is read, so that it
/// can be told what is wrong with it.
const REQUEST_BYTES_DEFAULT: u64 = 12 << 20;
/// So is the largest message, however it is escaped: form encoding makes at most three bytes of one, and so
/// does JSON of what is not ASCII. A MiB is for what goes around it.
const _: () = assert!(REQUEST_BYTES_DEFAULT >= 3 * *limits::MESSAGE_BYTES_MAX.end() + (1 << 20));
const REQUEST_BYTES: std::ops::RangeInclusive<u64> = (16 << 10)..=(64 << 20);
/// Each shard has two threads and a few segments of its own.
const SHARDS: std::ops::RangeInclusive<u16> = 1..=256;
/// Each takes about 100 bytes of memory.
const ENDPOINT_OWED_MAX: usize = 100_000_000;
/// Each is looked at by each publication of its topic; together they are only kept.
const ACCOUNT_FILTERS_MAX: usize = 1_000_000;
const CLIENT_TIMEOUT_S: std::ops::RangeInclusive<u32> = 1..=3_600;

/// Why a configuration is refused. The text says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigFault {
    /// The file cannot be read.
    #[error("could not read the configuration file {}", path.display())]
    File {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is not understood.
    #[error("{}:{line}: {text}", path.display())]
    Syntax {
        /// The file's path.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong, naming the key.
        text: String,
    },
    /// A setting has a value that it cannot have.
    #[error("{key}: {text}")]
    Value {
        /// Its name in the file.
        key: &'static str,
        /// What is wrong.
        text: String,
    },
    /// Anybody could use the server.
    #[error(
        "{key} {address} can be reached from other machines, and there are no credentials, so anybody could \
         read and send everything: set access_key_id and secret_access_key, or listen on 127.0.0.1, or say \
         --insecure-open if that is what you want"
    )]
    Open {
        /// `listen` or `admin_listen`.
        key: &'static str,
        /// The first such address.
        address: SocketAddr,
    },
}

/// The settings in effect. In the order in which `postrider config` prints them.
#[derive(Debug, Serialize)]
pub(crate) struct Config {
    /// Where the API listens.
    pub(crate) listen: Vec<SocketAddr>,
    /// Where health, metrics and the admin API are.
    pub(crate) admin_listen: SocketAddr,
    /// Base of the URLs that clients are given; as the client used it when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    /// Base of `SigningCertURL`; that of the other URLs when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) certificate_url: Option<String>,
    /// The region of requests that neither a signature nor a host gives one.
    pub(crate) region: String,
    /// The proxies whose `X-Forwarded-` headers are believed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) trusted_proxies: Vec<Network>,
    /// Listen beyond loopback without credentials.
    pub(crate) insecure_open: bool,
    /// The access key id that requests must be signed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) access_key_id: Option<String>,
    /// Its secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secret_access_key: Option<SecretText>,
    /// The account of that credential.
    pub(crate) account: String,
    /// Where the data is.
    pub(crate) data_dir: PathBuf,
    /// When something counts as durable.
    pub(crate) durability: Durability,
    /// Short for `durability = "memory"`.
    pub(crate) memory: bool,
    /// How many shards a new data directory gets; what is there when absent, or 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shards: Option<u16>,
    /// Bytes of a segment of a log.
    pub(crate) segment_bytes: Size,
    /// Bytes of message bodies that may stay in memory.
    pub(crate) body_memory: Size,
    /// The most bytes that the body of a request may have.
    pub(crate) request_bytes_max: Size,
    /// Seconds that a client may take to send a request, or to take the answer; and that a connection may
    /// be idle.
    pub(crate) client_timeout_s: u32,
    /// Whether a name stays taken for 60 s after DeleteQueue, and PurgeQueue is refused for 60 s.
    pub(crate) aws_waits: AwsWaits,
    /// Queues whose messages `/metrics` counts.
    pub(crate) metrics_queues_max: usize,
    /// What is logged, as a `tracing` filter.
    pub(crate) log_level: String,
    /// How it is logged.
    pub(crate) log_format: LogFormat,
    /// How deliveries to endpoints are made.
    pub(crate) delivery: Delivery,
    /// What AWS does not have.
    pub(crate) extensions: Extensions,
    /// Limits that may be above those of AWS.
    pub(crate) limits: Raised,
}

impl Config {
    /// The settings in effect: what `given` on the command line and in the environment says, over what the
    /// file says that it names, over the defaults.
    ///
    /// # Errors
    /// The file cannot be read, or a setting is refused.
    pub(crate) fn load(given: Layer) -> Result<Config, ConfigFault> {
        let file = match &given.config {
            Some(path) => Layer::read(path)?,
            None => Layer::default(),
        };
        Config::resolve(given.over(file))
    }

    fn resolve(layer: Layer) -> Result<Config, ConfigFault> {
        let asked = layer.durability.unwrap_or(Durability::Fsync);
        let durability = if layer.memory.unwrap_or(false) { Durability::Memory } else { asked };
        let (aws, bounds) = (Limits::default(), Bounds::default());
        let message_bytes_max = layer.limits.message_bytes_max;
        let message_bytes_max = message_bytes_max.unwrap_or(Size(u64::from(aws.message_bytes_max)));
        let config = Config {
            listen: layer.listen.unwrap_or_else(|| vec![loopback(4566)]),
            admin_listen: layer.admin_listen.unwrap_or_else(|| loopback(4567)),
            url: layer.url,
            certificate_url: layer.certificate_url,
            region: layer.region.unwrap_or_else(|| DEFAULT_REGION.to_owned()),
            trusted_proxies: layer.trusted_proxies.unwrap_or_default(),
            insecure_open: layer.insecure_open.unwrap_or(false),
            access_key_id: layer.access_key_id,
            secret_access_key: layer.secret_access_key,
            account: layer.account.unwrap_or_else(|| Account::DEFAULT.to_string()),
            data_dir: layer.data_dir.unwrap_or_else(|| PathBuf::from("./postrider-data")),
            durability,
            memory: durability == Durability::Memory,
            shards: layer.shards,
            segment_bytes: layer.segment_bytes.unwrap_or(Size(16 << 20)),
            body_memory: layer.body_memory.unwrap_or(Size(256 << 20)),
            request_bytes_max: layer.request_bytes_max.unwrap_or(Size(REQUEST_BYTES_DEFAULT)),
            client_timeout_s: layer.client_timeout_s.unwrap_or(60),
            aws_waits: layer.aws_waits.unwrap_or(AwsWaits::On),
            metrics_queues_max: layer.metrics_queues_max.unwrap_or(1_000),
            log_level: layer.log_level.unwrap_or_else(|| "info".to_owned()),
            log_format: layer.log_format.unwrap_or(LogFormat::Text),
            delivery: layer.delivery.resolve(),
            extensions: Extensions {
                localstack: layer.extensions.localstack.unwrap_or(false),
                long_delay: layer.extensions.long_delay.unwrap_or_default(),
            },
            limits: Raised {
                batch_entries_max: layer.limits.batch_entries_max.unwrap_or(aws.batch_entries_max),
                message_bytes_max,
                receive_max: layer.limits.receive_max.unwrap_or(aws.receive_max),
                topic_filters_max: layer.limits.topic_filters_max.unwrap_or(bounds.filters_per_topic),
                account_filters_max: layer.limits.account_filters_max.unwrap_or(bounds.filters_per_account),
                topic_subscriptions_max: layer
                    .limits
                    .topic_subscriptions_max
                    .unwrap_or(bounds.subscriptions_per_topic),
                endpoint_owed_max: layer.limits.endpoint_owed_max.unwrap_or(bounds.owed_per_endpoint),
            },
        };
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigFault> {
        let refuse = |key, text: String| Err(ConfigFault::Value { key, text });
        if self.listen.is_empty() {
            return refuse("listen", "at least one address is needed".to_owned());
        }
        if let Some(Err(text)) = self.url.as_deref().map(Template::parse) {
            return refuse("url", text);
        }
        if let Some(Err(text)) = self.certificate_url.as_deref().map(Template::parse) {
            return refuse("certificate_url", text);
        }
        if !is_region(&self.region) {
            return refuse("region", "a region looks like us-east-1".to_owned());
        }
        match (&self.access_key_id, &self.secret_access_key) {
            (Some(_), None) => {
                return refuse("secret_access_key", "access_key_id is set without it".to_owned());
            }
            (None, Some(_)) => {
                return refuse("access_key_id", "secret_access_key is set without it".to_owned());
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
        if self.access_key_id.as_deref().is_some_and(|id| id.is_empty() || id.contains(['/', ',', ' '])) {
            return refuse(
                "access_key_id",
                "it may not be empty, nor hold a slash, comma or space".to_owned(),
            );
        }
        if Account::parse(&self.account).is_none() {
            return refuse("account", "an account has 12 digits".to_owned());
        }
        if let Some(shards) = self.shards.filter(|shards| !SHARDS.contains(shards)) {
            return refuse("shards", format!("{shards} is not between 1 and {}", SHARDS.end()));
        }
        within("segment_bytes", self.segment_bytes, SEGMENT_BYTES)?;
        self.check_limits()?;
        if !delivery::ATTEMPTS.contains(&self.delivery.attempts_max) {
            let (from, to) = delivery::ATTEMPTS.into_inner();
            return refuse("delivery.attempts_max", format!("it is between {from} and {to}"));
        }
        within("request_bytes_max", self.request_bytes_max, REQUEST_BYTES)?;
        if !CLIENT_TIMEOUT_S.contains(&self.client_timeout_s) {
            return refuse("client_timeout_s", format!("it is between 1 and {} s", CLIENT_TIMEOUT_S.end()));
        }
        if let Err(error) = tracing_subscriber::EnvFilter::try_new(&self.log_level) {
            return refuse("log_level", error.to_string());
        }
        self.check_exposure()
    }

    fn check_limits(&self) -> Result<(), ConfigFault> {
        let refuse = |key, text| Err(ConfigFault::Value { key, text });
        let Raised { batch_entries_max, message_bytes_max, receive_max, .. } = self.limits;
        let (from, to) = limits::BATCH_ENTRIES.into_inner();
        if !(from..=to).contains(&batch_entries_max) {
            let text = format!("{batch_entries_max} is not between {from}, which AWS has, and {to}");
            return refuse("limits.batch_entries_max", text);
        }
        let (from, to) = limits::RECEIVE.into_inner();
        if !(from..=to).contains(&receive_max) {
            let text = format!("{receive_max} is not between {from}, which AWS has, and {to}");
            return refuse("limits.receive_max", text);
        }
        for (key, number, most) in [
            ("limits.topic_filters_max", self.limits.topic_filters_max, SUBSCRIPTIONS_PER_TOPIC_MAX),
            ("limits.account_filters_max", self.limits.account_filters_max, ACCOUNT_FILTERS_MAX),
            (
                "limits.topic_subscriptions_max",
                self.limits.topic_subscriptions_max,
                SUBSCRIPTIONS_PER_TOPIC_MAX,
            ),
            ("limits.endpoint_owed_max", self.limits.endpoint_owed_max, ENDPOINT_OWED_MAX),
        ] {
            if !(1..=most).contains(&number) {
                return refuse(key, format!("{number} is not between 1 and {most}"));
            }
        }
        within("limits.message_bytes_max", message_bytes_max, limits::MESSAGE_BYTES_MAX)
    }

    /// Without credentials nobody but this machine may come in, unless that was asked for.
    fn check_exposure(&self) -> Result<(), ConfigFault> {
        if self.access_key_id.is_some() || self.insecure_open {
            return Ok(());
        }
        let addresses = self.listen.iter().map(|address| ("listen", *address));
        let exposed =
            addresses.chain([("admin_listen", self.admin_listen)]).find(|(_, address)| is_exposed(*address));
        match exposed {
            Some((key, address)) => Err(ConfigFault::Open { key, address }),
            None => Ok(()),
        }
    }

    /// Who is let in.
    pub(crate) fn gate(&self) -> Gate {
        let account = Account::parse(&self.account).expect("the account was checked");
        match (&self.access_key_id, &self.secret_access_key) {
            (Some(id), Some(secret)) => {
                let credential = Credential::root(id.as_str(), Secret::new(secret.expose()), account);
                Gate::enforcing(Credentials::new().with(credential))
            }
            (Some(_), None) | (None, Some(_) | None) => Gate::open(),
        }
    }

    /// The URLs that clients are given.
    pub(crate) fn urls(&self) -> Urls {
        Urls::new(self.url.as_deref().map(|url| Template::parse(url).expect("the URL was checked")))
    }

    /// The limits in effect.
    pub(crate) fn limits(&self) -> Limits {
        let bytes = self.limits.message_bytes_max.0;
        Limits {
            batch_entries_max: self.limits.batch_entries_max,
            message_bytes_max: u32::try_from(bytes).expect("the limits were checked"),
            receive_max: self.limits.receive_max,
            long_delay: self.extensions.long_delay.clone(),
        }
    }

    /// The settings as a file that means the same; but for the secret, which is not shown.
    pub(crate) fn to_toml(&self) -> String {
        toml::to_string(self).expect("settings are plain values with string keys")
    }
}

/// Whether other machines may reach an address.
pub(crate) fn is_exposed(address: SocketAddr) -> bool {
    !address.ip().to_canonical().is_loopback()
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn within(key: &'static str, size: Size, range: std::ops::RangeInclusive<u64>) -> Result<(), ConfigFault> {
    if range.contains(&size.0) {
        return Ok(());
    }
    let text = format!("{size} is not between {} and {}", Size(*range.start()), Size(*range.end()));
    Err(ConfigFault::Value { key, text })
}
