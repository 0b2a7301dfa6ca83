//! What an operator reads of deliveries: one JSON object for each that ended (spec `sns.md` section 16).

use std::borrow::Cow;

use serde::Serialize;

use crate::digest::Md5;

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Outcome {
    /// The endpoint took it.
    Success,
    /// It was given up.
    Failure,
}

/// The name of the log that the deliveries of a topic go to.
pub fn log_group(region: &str, account: &str, topic: &str, outcome: Outcome) -> String {
    let failure = match outcome {
        Outcome::Success => "",
        Outcome::Failure => "/Failure",
    };
    format!("sns/{region}/{account}/{topic}{failure}")
}

/// One delivery that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry<'a> {
    /// What was delivered.
    pub notification: Notification<'a>,
    /// How.
    pub delivery: Delivery<'a>,
    /// How it ended.
    pub status: Outcome,
}

/// What was delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification<'a> {
    /// [`crate::digest::body`] of the message's text.
    #[serde(rename = "messageMD5Sum")]
    pub message_md5: Md5,
    /// The id of the publication.
    pub message_id: &'a str,
    /// The topic.
    pub topic_arn: &'a str,
    /// When it was published, by [`crate::envelope::timestamp`].
    pub timestamp: &'a str,
}

/// How it was delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery<'a> {
    /// The id of this delivery.
    pub delivery_id: &'a str,
    /// The endpoint.
    pub destination: &'a str,
    /// What the endpoint said, a JSON text; see [`queue_took`] and [`queue_refused`].
    pub provider_response: Cow<'a, str>,
    /// From the publication to the end.
    pub dwell_time_ms: u64,
    /// How often it was tried; only where there are retries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// The HTTP status of the last answer, or what stands for it.
    pub status_code: u16,
}

impl Entry<'_> {
    /// The line that is logged, without its end.
    pub fn render(&self) -> String {
        json(self)
    }
}

/// The provider response of a queue that took a message.
pub fn queue_took(request_id: &str, message_id: &str) -> String {
    #[derive(Serialize)]
    struct Took<'a> {
        #[serde(rename = "sqsRequestId")]
        request_id: &'a str,
        #[serde(rename = "sqsMessageId")]
        message_id: &'a str,
    }
    json(&Took { request_id, message_id })
}

/// The provider response of a queue that cannot be delivered to, whatever is tried.
pub fn queue_refused(code: &str, message: &str) -> String {
    #[derive(Serialize)]
    struct Refused<'a> {
        #[serde(rename = "ErrorCode")]
        code: &'a str,
        #[serde(rename = "ErrorMessage")]
        message: &'a str,
        #[serde(rename = "sqsRequestId")]
        request_id: &'static str,
    }
    json(&Refused { code, message, request_id: "Unrecoverable" })
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("entries have string keys and serialise without errors")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest;

    #[test]
    fn an_entry_has_the_members_of_aws() {
        let entry = Entry {
            notification: Notification {
                message_md5: digest::body("hello"),
                message_id: "m",
                topic_arn: "arn:t",
                timestamp: "2026-01-02T03:04:05.678Z",
            },
            delivery: Delivery {
                delivery_id: "d",
                destination: "arn:q",
                provider_response: queue_took("r", "s").into(),
                dwell_time_ms: 7,
                attempts: None,
                status_code: 200,
            },
            status: Outcome::Success,
        };
        assert_eq!(
            entry.render(),
            r#"{"notification":{"messageMD5Sum":"5d41402abc4b2a76b9719d911017c592","messageId":"m","topicArn":"arn:t","timestamp":"2026-01-02T03:04:05.678Z"},"delivery":{"deliveryId":"d","destination":"arn:q","providerResponse":"{\"sqsRequestId\":\"r\",\"sqsMessageId\":\"s\"}","dwellTimeMs":7,"statusCode":200},"status":"SUCCESS"}"#
        );
        let refused = Entry {
            delivery: Delivery {
                provider_response: queue_refused("AWS.SimpleQueueService.NonExistentQueue", "gone").into(),
                attempts: Some(4),
                ..entry.delivery.clone()
            },
            status: Outcome::Failure,
            ..entry
        };
        let line = refused.render();
        assert!(
            line.contains(r#""dwellTimeMs":7,"attempts":4,"statusCode":200},"status":"FAILURE"}"#),
            "{line}"
        );
        assert!(line.contains(r#"\"ErrorMessage\":\"gone\",\"sqsRequestId\":\"Unrecoverable\"}"#), "{line}");
    }

    #[test]
    fn failures_have_a_log_of_their_own() {
        assert_eq!(log_group("eu-north-1", "1", "news", Outcome::Success), "sns/eu-north-1/1/news");
        assert_eq!(log_group("eu-north-1", "1", "news", Outcome::Failure), "sns/eu-north-1/1/news/Failure");
    }
}
