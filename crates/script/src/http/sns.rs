//! What a script does to topics, as AWS Query.

use super::xml::{elements, entry, text};
use super::{Answer, HttpTarget, Stop, clock, done};
use crate::action::{Attribute, By, Fault, OnTopic, Publishing, Structure};
use crate::ledger::topic_key;
use crate::refusal;
use crate::topic_attributes::{TOPIC_ATTRIBUTES, of_sns, to_sns};
use serde_json::Value;
use std::collections::BTreeMap;

/// A signature by the account of scripts. A server that lets anybody in takes any.
const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/sns/aws4_request, \
                      SignedHeaders=host;x-amz-date, Signature=00";

/// Parameters of a request.
pub(super) type Form = Vec<(String, String)>;

impl HttpTarget {
    pub(super) fn on_topic(&mut self, name: &str, what: &OnTopic) -> Answer {
        let arn = self.topic_arn(name);
        match what {
            OnTopic::Create(given) => {
                let mut form = vec![("Name".into(), name.into())];
                let fifo = name.ends_with(".fifo").then(|| ("FifoTopic", "true".to_owned()));
                add_map(&mut form, fifo.into_iter().chain(stored(given)));
                add_tags(&mut form, given);
                self.sns("CreateTopic", form).and_then(|_| done())
            }
            OnTopic::Set(given) => {
                for (name, value) in stored(given) {
                    let mut form = named(&arn);
                    form.push(("AttributeName".into(), name.into()));
                    form.push(("AttributeValue".into(), value));
                    self.sns("SetTopicAttributes", form)?;
                }
                done()
            }
            OnTopic::DeleteTopic => {
                self.sns("DeleteTopic", named(&arn))?;
                self.ledger.forget(&topic_key(name));
                done()
            }
            OnTopic::Attributes => self.topic_attributes(&arn),
            OnTopic::Subscribe(who, given) => self.subscribe(&arn, who, given),
            OnTopic::SetSubscription(who, given) => self.set_subscription(&arn, who, given),
            OnTopic::Subscription(who) => self.show_subscription(&arn, who),
            OnTopic::Unsubscribe(who, by) => self.unsubscribe(&arn, who, *by),
            OnTopic::Subscriptions => self.list_subscriptions(&arn),
            OnTopic::Publish(publishing) => self.publish(name, &arn, publishing),
            OnTopic::Confirm(..) => {
                Err(Fault("nobody plays endpoints here: `confirm` is for `@pure` scripts".into()).into())
            }
        }
    }

    fn topic_attributes(&self, arn: &str) -> Answer {
        let xml = self.sns("GetTopicAttributes", named(arn))?;
        let counts = [
            ("subscriptions", "SubscriptionsConfirmed"),
            ("pending", "SubscriptionsPending"),
            ("deleted", "SubscriptionsDeleted"),
        ];
        let mut words = counts.map(|(short, name)| format!("{short}={}", entry(&xml, name))).to_vec();
        words.extend(TOPIC_ATTRIBUTES.iter().filter_map(|(short, name)| {
            let value = entry(&xml, name);
            (!value.is_empty()).then(|| format!("{short}={}", of_sns(short, &value)))
        }));
        let begins = clock::point(&entry(&xml, "BeginningArchiveTime"));
        let begins = begins.map(|at| at.duration_since(self.began).unwrap_or_default().as_secs());
        words.extend(begins.map(|seconds| format!("begins={seconds}")));
        Ok(words)
    }

    /// Asks as the owner of everything, who signs.
    pub(super) fn sns(&self, action: &str, form: Form) -> Result<String, Stop> {
        self.sns_as(By::Owner, action, form)
    }

    pub(super) fn sns_as(&self, by: By, action: &str, mut form: Form) -> Result<String, Stop> {
        form.push(("Action".into(), action.into()));
        form.push(("Version".into(), "2010-03-31".into()));
        let pairs = form.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value)));
        let body = pairs.collect::<Vec<_>>().join("&");
        let mut headers = vec![("Content-Type", "application/x-www-form-urlencoded")];
        match by {
            By::Owner => headers.push(("Authorization", SIGNED)),
            By::Link => {}
        }
        let response = self.client.post(&headers, &body)?;
        if response.status == 200 {
            return Ok(response.body);
        }
        let (code, message) = (text(&response.body, "Code"), text(&response.body, "Message"));
        if code.is_empty() {
            return Err(Fault(format!("{action} answered {}: {}", response.status, response.body)).into());
        }
        Err(Stop::Refused(code, message))
    }

    /// All pages of a list, one after the other.
    pub(super) fn pages(&self, action: &str, form: Form) -> Result<Vec<String>, Stop> {
        let mut pages = Vec::new();
        let mut next = String::new();
        loop {
            let mut form = form.clone();
            if !next.is_empty() {
                form.push(("NextToken".into(), next));
            }
            let page = self.sns(action, form)?;
            next = text(&page, "NextToken");
            pages.push(page);
            if next.is_empty() {
                return Ok(pages);
            }
        }
    }

    pub(super) fn list_topics(&self) -> Answer {
        let pages = self.pages("ListTopics", Vec::new())?;
        let arns = pages.iter().flat_map(|page| elements(page, "TopicArn"));
        let names = arns.filter_map(|arn| arn.rsplit(':').next());
        let mut names = names.map(str::to_owned).collect::<Vec<_>>();
        names.sort();
        Ok(names)
    }

    fn publish(&mut self, name: &str, arn: &str, publishing: &Publishing) -> Answer {
        self.ledger.published();
        let mut form = named(arn);
        let entry = |form: &mut Form, entry: &str, body: &str| {
            let Publishing { attributes, group, dedup, structure, .. } = publishing;
            form.push((format!("{entry}Message"), body.into()));
            add_attributes(form, entry, attributes);
            form.extend(group.iter().map(|group| (format!("{entry}MessageGroupId"), group.clone())));
            form.extend(dedup.iter().map(|id| (format!("{entry}MessageDeduplicationId"), id.clone())));
            if *structure == Structure::Json {
                form.push((format!("{entry}MessageStructure"), "json".into()));
            }
        };
        if let [body] = &publishing.bodies[..] {
            entry(&mut form, "", body);
            let xml = self.sns("Publish", form)?;
            return Ok(vec![self.told(name, body, &xml)?]);
        }
        for (at, body) in publishing.bodies.iter().enumerate() {
            let prefix = format!("PublishBatchRequestEntries.member.{}.", at + 1);
            form.push((format!("{prefix}Id"), at.to_string()));
            entry(&mut form, &prefix, body);
        }
        let xml = self.sns("PublishBatch", form)?;
        let mut answers = vec!["missing".to_owned(); publishing.bodies.len()];
        let mut members = elements(&xml, "member");
        members.sort_by_key(|member| text(member, "Id").parse::<usize>().ok());
        for member in members {
            let at = text(member, "Id").parse::<usize>().ok().filter(|at| *at < answers.len());
            let at = at.ok_or_else(|| Fault(format!("PublishBatch answered {xml}")))?;
            let code = text(member, "Code");
            answers[at] = if code.is_empty() {
                self.told(name, &publishing.bodies[at], member)?
            } else {
                refusal::of_wire(&code, &text(member, "Message"))
            };
        }
        Ok(answers)
    }

    /// What was told for a publication: FIFO topics give sequence numbers, others none.
    fn told(&mut self, topic: &str, body: &str, xml: &str) -> Result<String, Fault> {
        let sequence = sequence(topic, &text(xml, "SequenceNumber"))?;
        let word = body.trim_end_matches('.');
        self.ledger.sent(&topic_key(topic), word, text(xml, "MessageId"), sequence)
    }

    /// An envelope has the id and the sequence number that its publisher was told.
    pub(super) fn copied(&self, envelope: &Value) -> Result<(), Fault> {
        let text = |name: &str| envelope[name].as_str().unwrap_or_default();
        let topic = text("TopicArn").rsplit(':').next().unwrap_or_default();
        let sequence = sequence(topic, text("SequenceNumber"))?;
        self.ledger.copied(&topic_key(topic), text("MessageId"), sequence)
    }
}

/// A sequence number: 20 digits on a FIFO topic, absent on others.
fn sequence(topic: &str, told: &str) -> Result<Option<u128>, Fault> {
    match (topic.ends_with(".fifo"), told.len(), told.parse()) {
        (true, 20, Ok(sequence)) => Ok(Some(sequence)),
        (false, 0, _) => Ok(None),
        (true | false, ..) => Err(Fault(format!("{topic} told the sequence number `{told}`"))),
    }
}

pub(super) fn named(topic: &str) -> Form {
    vec![("TopicArn".into(), topic.into())]
}

fn stored(given: &BTreeMap<String, String>) -> impl Iterator<Item = (&'static str, String)> {
    TOPIC_ATTRIBUTES.iter().filter_map(|(short, name)| Some((*name, to_sns(short, given.get(*short)?))))
}

/// A map of attributes.
pub(super) fn add_map(form: &mut Form, map: impl Iterator<Item = (&'static str, String)>) {
    for (at, (name, value)) in map.enumerate() {
        form.push((format!("Attributes.entry.{}.key", at + 1), name.into()));
        form.push((format!("Attributes.entry.{}.value", at + 1), value));
    }
}

/// `tags=`: `key:value` with commas.
fn add_tags(form: &mut Form, given: &BTreeMap<String, String>) {
    let tags = given.get("tags").into_iter().flat_map(|tags| tags.split(',')).filter(|tag| !tag.is_empty());
    for (at, tag) in tags.enumerate() {
        let (key, value) = tag.split_once(':').unwrap_or((tag, ""));
        form.push((format!("Tags.member.{}.Key", at + 1), key.into()));
        form.push((format!("Tags.member.{}.Value", at + 1), value.into()));
    }
}

fn add_attributes(form: &mut Form, entry: &str, attributes: &[Attribute]) {
    for (at, attribute) in attributes.iter().enumerate() {
        let name = format!("{entry}MessageAttributes.entry.{}.", at + 1);
        form.push((format!("{name}Name"), attribute.name.clone()));
        form.push((format!("{name}Value.DataType"), attribute.kind.clone()));
        if attribute.kind == "Binary" {
            form.push((format!("{name}Value.BinaryValue"), base64(attribute.value.as_bytes())));
        } else {
            form.push((format!("{name}Value.StringValue"), attribute.value.clone()));
        }
    }
}

fn escaped(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

pub(super) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let word =
            group.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for at in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * at) & 63) as usize];
            text.push(if at <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped() {
        assert_eq!(escaped("a b=ä~"), "a%20b%3D%C3%A4~");
        assert_eq!(["", "f", "fo", "foo"].map(|text| base64(text.as_bytes())), ["", "Zg==", "Zm8=", "Zm9v"]);
    }
}
