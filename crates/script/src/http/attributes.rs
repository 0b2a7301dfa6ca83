//! Queue attributes as scripts write them, and as SQS does.

use super::{Answer, HttpTarget};
use crate::action::{Fault, QUEUE_ATTRIBUTES};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Words of scripts for values of SQS, by attribute.
const WORDS: [(&str, &str, &str); 8] = [
    ("fifo", "on", "true"),
    ("fifo", "off", "false"),
    ("content-dedup", "on", "true"),
    ("content-dedup", "off", "false"),
    ("scope", "group", "messageGroup"),
    ("scope", "queue", "queue"),
    ("throughput", "group", "perMessageGroupId"),
    ("throughput", "queue", "perQueue"),
];

impl HttpTarget {
    /// Attributes by their names in SQS.
    pub(super) fn to_wire(&self, given: &BTreeMap<String, String>) -> Result<BTreeMap<&str, String>, Fault> {
        let known = QUEUE_ATTRIBUTES.iter();
        let known = known.filter_map(|(short, name)| Some((*short, *name, given.get(*short)?.as_str())));
        known.map(|(short, name, value)| Ok((name, self.value(short, value)?))).collect()
    }

    fn value(&self, short: &str, value: &str) -> Result<String, Fault> {
        let found = WORDS.iter().find(|(of, word, _)| (*of, *word) == (short, value));
        Ok(match (short, found) {
            (_, Some((_, _, text))) => (*text).to_owned(),
            ("redrive", None) if !value.is_empty() => {
                let (queue, count) = value.split_once(':').unwrap_or((value, ""));
                let target = self.queue_arn(queue);
                json!({ "deadLetterTargetArn": target, "maxReceiveCount": count }).to_string()
            }
            ("allow", None) => match value {
                "all" => json!({ "redrivePermission": "allowAll" }).to_string(),
                "none" => json!({ "redrivePermission": "denyAll" }).to_string(),
                names => {
                    let arns = names.split(',').map(|name| self.queue_arn(name)).collect::<Vec<_>>();
                    json!({ "redrivePermission": "byQueue", "sourceQueueArns": arns }).to_string()
                }
            },
            (_, None) => value.to_owned(),
        })
    }

    /// All attributes that scripts know, as they write them.
    pub(super) fn of_wire(&self, shown: &Value) -> Answer {
        let known = QUEUE_ATTRIBUTES.iter();
        let known = known.filter_map(|(short, name)| Some((*short, shown.get(*name)?.as_str()?)));
        Ok(known.map(|(short, value)| format!("{short}={}", self.word_of(short, value))).collect())
    }

    fn word_of(&self, short: &str, value: &str) -> String {
        if let Some((_, word, _)) = WORDS.iter().find(|(of, _, text)| (*of, *text) == (short, value)) {
            return (*word).to_owned();
        }
        let name = |arn: &Value| {
            let name = arn.as_str().and_then(|arn| arn.rsplit(':').next()).unwrap_or_default();
            name.to_owned()
        };
        let json = serde_json::from_str::<Value>(value).unwrap_or_default();
        match short {
            "redrive" => format!("{}:{}", name(&json["deadLetterTargetArn"]), json["maxReceiveCount"]),
            "allow" => match json["redrivePermission"].as_str() {
                Some("allowAll") => "all".into(),
                Some("denyAll") => "none".into(),
                _ => {
                    let names = json["sourceQueueArns"].as_array().into_iter().flatten().map(name);
                    names.collect::<Vec<_>>().join(",")
                }
            },
            _ => value.to_owned(),
        }
    }
}
