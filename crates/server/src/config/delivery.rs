//! The settings of deliveries to endpoints, in the table `delivery`.

use super::retry::HttpRetry;
use super::{Config, is_exposed};
use crate::dispatch;
use crate::urls::Template;
use clap::Args;
use postrider_core::topic::retry::Schedule;
use postrider_outbound::egress::{Cidr, CidrFlaw, Egress, Loopback};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

/// Attempts that may be under way: each has a socket.
pub(super) const ATTEMPTS: RangeInclusive<usize> = 1..=16_384;

/// How deliveries to endpoints are made, as far as it is given.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DeliveryLayer {
    /// Networks beyond the public internet that endpoints may be in: addresses or networks such as 10.0.0.0/8; may
    /// be given several times [default: none, and this machine while it is open and nobody else can reach it]
    #[arg(
        id = "delivery.allow",
        long = "delivery-allow",
        env = "POSTRIDER_DELIVERY_ALLOW",
        value_name = "NETWORK",
        value_delimiter = ','
    )]
    pub(crate) allow: Option<Vec<Destination>>,
    /// PEM file of certificate authorities that https endpoints may have, besides those of the system
    /// [default: none]
    #[arg(
        id = "delivery.ca_file",
        long = "delivery-ca-file",
        env = "POSTRIDER_DELIVERY_CA_FILE",
        value_name = "FILE"
    )]
    pub(crate) ca_file: Option<PathBuf>,
    /// Deliveries that are attempted at the same time [default: 4096]
    #[arg(
        id = "delivery.attempts_max",
        long = "delivery-attempts-max",
        env = "POSTRIDER_DELIVERY_ATTEMPTS_MAX",
        value_name = "NUMBER"
    )]
    pub(crate) attempts_max: Option<usize>,
    /// When deliveries over HTTP are tried again whose topic and subscription say nothing: a healthyRetryPolicy, with
    /// parts of seconds if you like, such as {"minDelayTarget":0.1,"numRetries":5} [default: 3 times, 20 s apart]
    #[arg(
        id = "delivery.http_retry",
        long = "delivery-http-retry",
        env = "POSTRIDER_DELIVERY_HTTP_RETRY",
        value_name = "JSON"
    )]
    pub(crate) http_retry: Option<HttpRetry>,
}

impl DeliveryLayer {
    /// These settings, and those of `below` where these say nothing.
    pub(super) fn over(self, below: DeliveryLayer) -> DeliveryLayer {
        DeliveryLayer {
            allow: self.allow.or(below.allow),
            ca_file: self.ca_file.or(below.ca_file),
            attempts_max: self.attempts_max.or(below.attempts_max),
            http_retry: self.http_retry.or(below.http_retry),
        }
    }

    /// The settings in effect.
    pub(super) fn resolve(self) -> Delivery {
        Delivery {
            allow: self.allow.unwrap_or_default(),
            ca_file: self.ca_file,
            attempts_max: self.attempts_max.unwrap_or(dispatch::ATTEMPTS_DEFAULT),
            http_retry: self.http_retry,
        }
    }
}

/// How deliveries to endpoints are made.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Delivery {
    /// Networks beyond the public internet that endpoints may be in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) allow: Vec<Destination>,
    /// More certificate authorities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Attempts under way at the same time.
    pub(crate) attempts_max: usize,
    /// When deliveries over HTTP are tried again by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) http_retry: Option<HttpRetry>,
}

impl Delivery {
    /// When deliveries over HTTP are tried again whose topic and subscription say nothing.
    pub(crate) fn retries(&self) -> Schedule {
        self.http_retry.unwrap_or_default().0
    }
}

/// A network that may be delivered to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Destination(pub(crate) Cidr);

impl FromStr for Destination {
    type Err = String;

    fn from_str(text: &str) -> Result<Destination, String> {
        text.parse().map(Destination).map_err(|flaw: CidrFlaw| flaw.to_string())
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Destination {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Destination {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Destination, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Config {
    /// Where deliveries may go. To this machine itself without being told only while everybody who can subscribe is on
    /// it: without credentials, and not listening to others.
    pub(crate) fn egress(&self) -> Egress {
        let alone = self.gate().is_open() && !self.listen.iter().any(|address| is_exposed(*address));
        let loopback = if alone { Loopback::Allowed } else { Loopback::Refused };
        Egress::new(self.delivery.allow.iter().map(|destination| destination.0).collect(), loopback)
    }

    /// The base of `SigningCertURL`, if it is another than that of the other URLs.
    pub(crate) fn certificates(&self) -> Option<Template> {
        let url = self.certificate_url.as_deref()?;
        Some(Template::parse(url).expect("the URL was checked"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Layer;
    use super::*;
    use std::net::IpAddr;

    fn config(text: &str) -> Config {
        Config::resolve(Layer::parse(std::path::Path::new("p.toml"), text).unwrap()).unwrap()
    }

    fn allows(config: &Config, address: &str) -> bool {
        config.egress().judge(address.parse::<IpAddr>().unwrap()).is_ok()
    }

    #[test]
    fn this_machine_is_delivered_to_only_while_it_is_alone() {
        let secret = "access_key_id = \"A\"\nsecret_access_key = \"S\"\n";
        let open = "listen = [\"0.0.0.0:1\"]\ninsecure_open = true\n";
        let named = "[delivery]\nallow = [\"127.0.0.1\", \"10.0.0.0/8\"]";
        for (text, loopback) in [
            ("", true),
            (secret, false),
            (open, false),
            (&*format!("{secret}{named}"), true),
            (&*format!("{open}{named}"), true),
        ] {
            assert_eq!(allows(&config(text), "127.0.0.1"), loopback, "{text}");
        }
        assert!(!allows(&config(""), "10.1.2.3") && allows(&config(named), "10.1.2.3"));
        assert!(allows(&config(""), "1.1.1.1") && !allows(&config(named), "169.254.169.254"));
    }

    #[test]
    fn the_default_schedule_can_be_another() {
        assert_eq!(config("").delivery.retries(), Schedule::HTTP);
        let text = "[delivery]\nhttp_retry = '{\"minDelayTarget\":0.1,\"numRetries\":2}'";
        let quick = config(text);
        assert_eq!(quick.delivery.retries().delay_ms(2), Some(100));
        assert_eq!(config(&quick.to_toml()).delivery.retries(), quick.delivery.retries());
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["10.0.0.0/33", "10.1.0.0/8", "example.com", ""] {
            assert!(text.parse::<Destination>().is_err(), "{text}");
        }
        let printed = config("[delivery]\nallow = [\"10.0.0.0/8\"]\nattempts_max = 5").to_toml();
        assert!(printed.contains("[delivery]\nallow = [\"10.0.0.0/8\"]\nattempts_max = 5\n"), "{printed}");
        let layer = Layer::parse(std::path::Path::new("p.toml"), "[delivery]\nattempts_max = 0").unwrap();
        assert!(Config::resolve(layer).unwrap_err().to_string().starts_with("delivery.attempts_max: "));
    }
}
