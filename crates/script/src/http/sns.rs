//! What a script does to topics, as AWS Query.

use super::{Answer, HttpTarget, Stop, done};
use crate::action::{Attribute, Fault, OnTopic, TOPIC_ATTRIBUTES};
use crate::refusal;
use std::collections::BTreeMap;

/// Parameters of a request.
type Form = Vec<(String, String)>;

impl HttpTarget {
    pub(super) fn on_topic(&mut self, name: &str, what: &OnTopic) -> Answer {
        let arn = self.topic_arn(name);
        match what {
            OnTopic::Create(given) => {
                let mut form = vec![("Name".into(), self.full(name))];
                for (at, (name, value)) in stored(given).enumerate() {
                    form.push((format!("Attributes.entry.{}.key", at + 1), name.into()));
                    form.push((format!("Attributes.entry.{}.value", at + 1), value.into()));
                }
                self.sns("CreateTopic", form).and_then(|_| done())
            }
            OnTopic::Set(given) => {
                for (name, value) in stored(given) {
                    let mut form = named(&arn);
                    form.push(("AttributeName".into(), name.into()));
                    form.push(("AttributeValue".into(), value.into()));
                    self.sns("SetTopicAttributes", form)?;
                }
                done()
            }
            OnTopic::DeleteTopic => self.sns("DeleteTopic", named(&arn)).and_then(|_| done()),
            OnTopic::Attributes => {
                let xml = self.sns("GetTopicAttributes", named(&arn))?;
                let value = |name: &str| {
                    let entries = elements(&xml, "entry");
                    let entry = entries.into_iter().find(|entry| text(entry, "key") == name);
                    entry.map(|entry| text(entry, "value")).unwrap_or_default()
                };
                let subscriptions = format!("subscriptions={}", value("SubscriptionsConfirmed"));
                Ok(vec![subscriptions, format!("deleted={}", value("SubscriptionsDeleted"))])
            }
            OnTopic::Subscribe(queue, attributes) => {
                let mut form = named(&arn);
                form.push(("Protocol".into(), "sqs".into()));
                form.push(("Endpoint".into(), self.queue_arn(queue)));
                for (at, (name, value)) in options(attributes).enumerate() {
                    form.push((format!("Attributes.entry.{}.key", at + 1), name.into()));
                    form.push((format!("Attributes.entry.{}.value", at + 1), value));
                }
                self.sns("Subscribe", form).and_then(|_| done())
            }
            OnTopic::SetSubscription(queue, attributes) => {
                let subscription = self.subscription(&arn, queue)?;
                for (name, value) in options(attributes) {
                    let form = vec![
                        ("SubscriptionArn".into(), subscription.clone()),
                        ("AttributeName".into(), name.into()),
                        ("AttributeValue".into(), value),
                    ];
                    self.sns("SetSubscriptionAttributes", form)?;
                }
                done()
            }
            OnTopic::Unsubscribe(queue) => {
                let subscription = self.subscription(&arn, queue)?;
                self.sns("Unsubscribe", vec![("SubscriptionArn".into(), subscription)]).and_then(|_| done())
            }
            OnTopic::Subscriptions => {
                let subscriptions = self.subscriptions(&arn)?;
                let queues = subscriptions.iter().filter_map(|(endpoint, _)| endpoint.rsplit(':').next());
                let mut queues =
                    queues.filter_map(|name| self.short(name)).map(str::to_owned).collect::<Vec<_>>();
                queues.sort();
                Ok(queues)
            }
            OnTopic::Publish { bodies, attributes, group } => {
                self.ledger.published();
                self.publish(&arn, bodies, attributes, group.as_deref())
            }
        }
    }

    fn sns(&self, action: &str, mut form: Form) -> Result<String, Stop> {
        form.push(("Action".into(), action.into()));
        form.push(("Version".into(), "2010-03-31".into()));
        let pairs = form.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value)));
        let body = pairs.collect::<Vec<_>>().join("&");
        let response = self.client.post(&[("Content-Type", "application/x-www-form-urlencoded")], &body)?;
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
    fn pages(&self, action: &str, form: Form) -> Result<Vec<String>, Stop> {
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
        let names = arns.filter_map(|arn| arn.rsplit(':').next()).filter_map(|name| self.short(name));
        let mut names = names.map(str::to_owned).collect::<Vec<_>>();
        names.sort();
        Ok(names)
    }

    /// Endpoint and ARN of each subscription.
    fn subscriptions(&self, topic: &str) -> Result<Vec<(String, String)>, Stop> {
        let pages = self.pages("ListSubscriptionsByTopic", named(topic))?;
        let members = pages.iter().flat_map(|page| elements(page, "member"));
        Ok(members.map(|member| (text(member, "Endpoint"), text(member, "SubscriptionArn"))).collect())
    }

    fn subscription(&self, topic: &str, queue: &str) -> Result<String, Stop> {
        let endpoint = self.queue_arn(queue);
        let found = self.subscriptions(topic)?.into_iter().find(|(there, _)| *there == endpoint);
        let missing = || Stop::Refused("NotFound".into(), "Subscription does not exist".into());
        found.map(|(_, arn)| arn).ok_or_else(missing)
    }

    fn publish(
        &self,
        topic: &str,
        bodies: &[String],
        attributes: &[Attribute],
        group: Option<&str>,
    ) -> Answer {
        let mut form = named(topic);
        if let [body] = bodies {
            form.push(("Message".into(), body.clone()));
            add_attributes(&mut form, "", attributes);
            form.extend(group.map(|group| ("MessageGroupId".into(), group.into())));
            return self.sns("Publish", form).and_then(|_| done());
        }
        for (at, body) in bodies.iter().enumerate() {
            let entry = format!("PublishBatchRequestEntries.member.{}.", at + 1);
            form.push((format!("{entry}Id"), at.to_string()));
            form.push((format!("{entry}Message"), body.clone()));
            add_attributes(&mut form, &entry, attributes);
            form.extend(group.map(|group| (format!("{entry}MessageGroupId"), group.into())));
        }
        let xml = self.sns("PublishBatch", form)?;
        let mut answers = vec!["missing".to_owned(); bodies.len()];
        for member in elements(&xml, "member") {
            let at = text(member, "Id").parse::<usize>().ok().and_then(|at| answers.get_mut(at));
            let answer = at.ok_or_else(|| Fault(format!("PublishBatch answered {xml}")))?;
            let code = text(member, "Code");
            let good = code.is_empty();
            *answer = if good { "ok".into() } else { refusal::of_wire(&code, &text(member, "Message")) };
        }
        Ok(answers)
    }
}

fn named(topic: &str) -> Form {
    vec![("TopicArn".into(), topic.into())]
}

fn stored(given: &BTreeMap<String, String>) -> impl Iterator<Item = (&'static str, &str)> {
    TOPIC_ATTRIBUTES.iter().filter_map(|(short, name)| Some((*name, given.get(*short)?.as_str())))
}

/// Attributes of a subscription by their names in SNS. The scope comes first, as the filter is read in it.
fn options(given: &BTreeMap<String, String>) -> impl Iterator<Item = (&'static str, String)> {
    let scope = given.get("scope").map(|scope| {
        ("FilterPolicyScope", if scope == "body" { "MessageBody" } else { "MessageAttributes" }.to_owned())
    });
    let filter = given.get("filter").map(|filter| ("FilterPolicy", filter.clone()));
    let raw = given.get("raw").map(|raw| ("RawMessageDelivery", raw.clone()));
    [scope, filter, raw].into_iter().flatten()
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

/// The insides of all elements of this name, none of which is inside another.
fn elements<'a>(xml: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts = xml.split(&open).skip(1);
    parts.filter_map(|part| part.split_once(&close)).map(|(inside, _)| inside).collect()
}

/// The text of the first element of this name; empty if there is none.
fn text(xml: &str, name: &str) -> String {
    let inside = elements(xml, name).first().copied().unwrap_or_default();
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    entities.iter().fold(inside.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_and_unescaped() {
        let xml = "<a><m><k>x</k><v>1 &amp;lt; 2</v></m><m><k>y</k><v/></m></a>";
        assert_eq!(elements(xml, "m").len(), 2);
        assert_eq!(text(elements(xml, "m")[0], "v"), "1 &lt; 2");
        assert_eq!(text(xml, "none"), "");
    }

    #[test]
    fn values_are_escaped() {
        assert_eq!(escaped("a b=ä~"), "a%20b%3D%C3%A4~");
        assert_eq!(["", "f", "fo", "foo"].map(|text| base64(text.as_bytes())), ["", "Zg==", "Zm8=", "Zm9v"]);
    }
}
