//! What a script does to subscriptions, as AWS Query.

use super::sns::{add_map, named};
use super::xml::{elements, entry, text};
use super::{Answer, HttpTarget, Stop, clock, done};
use crate::action::By;
use crate::topic_attributes::span;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

impl HttpTarget {
    pub(super) fn subscribe(&self, topic: &str, who: &str, given: &BTreeMap<String, String>) -> Answer {
        let mut form = named(topic);
        let (protocol, endpoint) = self.endpoint(who);
        form.push(("Protocol".into(), protocol));
        form.push(("Endpoint".into(), endpoint));
        add_map(&mut form, self.options(given).into_iter());
        self.sns("Subscribe", form).and_then(|_| done())
    }

    pub(super) fn set_subscription(
        &self,
        topic: &str,
        who: &str,
        given: &BTreeMap<String, String>,
    ) -> Answer {
        let subscription = self.subscription(topic, who)?;
        for (name, value) in self.options(given) {
            let form = vec![
                ("SubscriptionArn".into(), subscription.clone()),
                ("AttributeName".into(), name.into()),
                ("AttributeValue".into(), value),
            ];
            self.sns("SetSubscriptionAttributes", form)?;
        }
        done()
    }

    pub(super) fn unsubscribe(&self, topic: &str, who: &str, by: By) -> Answer {
        let subscription = self.subscription(topic, who)?;
        self.sns_as(by, "Unsubscribe", vec![("SubscriptionArn".into(), subscription)]).and_then(|_| done())
    }

    pub(super) fn list_subscriptions(&self, topic: &str) -> Answer {
        let subscriptions = self.subscriptions(topic)?;
        let queues = subscriptions.iter().filter_map(|(endpoint, _)| endpoint.rsplit(':').next());
        let mut queues = queues.map(str::to_owned).collect::<Vec<_>>();
        queues.sort();
        Ok(queues)
    }

    pub(super) fn show_subscription(&self, topic: &str, who: &str) -> Answer {
        let subscription = self.subscription(topic, who)?;
        let xml = self.sns("GetSubscriptionAttributes", vec![("SubscriptionArn".into(), subscription)])?;
        let redrive = serde_json::from_str::<Value>(&entry(&xml, "RedrivePolicy")).unwrap_or_default();
        let target = redrive["deadLetterTargetArn"].as_str().and_then(|arn| arn.rsplit(':').next());
        let target = target.unwrap_or_default();
        let mut words = vec![
            format!("raw={}", entry(&xml, "RawMessageDelivery")),
            format!("pending={}", entry(&xml, "PendingConfirmation")),
            format!("signed={}", entry(&xml, "ConfirmationWasAuthenticated")),
            format!("redrive={target}"),
        ];
        let filter = entry(&xml, "FilterPolicy");
        if !filter.is_empty() {
            let in_body = entry(&xml, "FilterPolicyScope") == "MessageBody";
            words.push(format!("filter={filter}"));
            words.push(format!("scope={}", if in_body { "body" } else { "attributes" }));
        }
        let replay = entry(&xml, "ReplayStatus").to_ascii_lowercase().replace(' ', "-");
        if !replay.is_empty() {
            words.push(format!("replay={replay}"));
        }
        Ok(words)
    }

    /// Protocol and endpoint of a subscriber.
    fn endpoint(&self, who: &str) -> (String, String) {
        match who.split_once(':') {
            None => ("sqs".into(), self.queue_arn(who)),
            Some((protocol @ ("http" | "https"), _)) => (protocol.into(), who.into()),
            Some((protocol, address)) => (protocol.into(), address.into()),
        }
    }

    /// Endpoint and ARN of each subscription.
    fn subscriptions(&self, topic: &str) -> Result<Vec<(String, String)>, Stop> {
        let pages = self.pages("ListSubscriptionsByTopic", named(topic))?;
        let members = pages.iter().flat_map(|page| elements(page, "member"));
        Ok(members.map(|member| (text(member, "Endpoint"), text(member, "SubscriptionArn"))).collect())
    }

    fn subscription(&self, topic: &str, who: &str) -> Result<String, Stop> {
        let (_, endpoint) = self.endpoint(who);
        let found = self.subscriptions(topic)?.into_iter().find(|(there, _)| *there == endpoint);
        let missing = || Stop::Refused("NotFound".into(), "Subscription does not exist".into());
        found.map(|(_, arn)| arn).ok_or_else(missing)
    }

    /// Attributes of a subscription by their names in SNS. The scope comes first, as the filter is read in it.
    fn options(&self, given: &BTreeMap<String, String>) -> Vec<(&'static str, String)> {
        let of = |short: &str| given.get(short).map(String::as_str);
        let scope =
            of("scope").map(|scope| if scope == "body" { "MessageBody" } else { "MessageAttributes" });
        let redrive = of("redrive").map(|queue| match queue {
            "" => String::new(),
            queue => json!({ "deadLetterTargetArn": self.queue_arn(queue) }).to_string(),
        });
        let options = [
            ("FilterPolicyScope", scope.map(str::to_owned)),
            ("FilterPolicy", of("filter").map(str::to_owned)),
            ("RawMessageDelivery", of("raw").map(str::to_owned)),
            ("RedrivePolicy", redrive),
            ("DeliveryPolicy", of("delivery").map(str::to_owned)),
            ("ReplayPolicy", of("replay").map(|replay| self.replay(replay))),
        ];
        options.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    fn replay(&self, given: &str) -> String {
        let Some((from, until)) = span(given) else { return String::new() };
        let point = |ms: u64| clock::text(self.began + Duration::from_millis(ms));
        let mut policy = json!({ "PointType": "Timestamp", "StartingPoint": point(from) });
        until.iter().for_each(|until| policy["EndingPoint"] = json!(point(*until)));
        policy.to_string()
    }
}
