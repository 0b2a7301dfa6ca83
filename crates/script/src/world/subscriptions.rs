//! What a script does to subscriptions.

use super::policies::{endpoint, has_to_confirm, subscription_policy};
use super::{BEGIN, Stop, World, answer, convert, endpoints, queues, unexpected};
use crate::action::{By, Ticket};
use crate::topic_attributes::span;
use postrider_core::command::{AskTopic, Command, Given, Presence, Subscribe};
use postrider_core::event::{ReplayStated, ReplayStatus, SubscriptionStated};
use postrider_core::reply::{More, Reply};
use postrider_core::topic::filter::Scope;
use postrider_core::topic::retry::Policy;
use postrider_core::topic::subscription::{Change, Confirmation, Form, Meaning, Span, Standing};
use postrider_core::{Arn, Rejection};
use std::collections::BTreeMap;
use std::sync::Arc;

type Options = BTreeMap<String, String>;

/// Attributes that are shown as texts, with their names in SNS.
const TEXTS: [(&str, &str); 3] =
    [("redrive", "RedrivePolicy"), ("delivery", "DeliveryPolicy"), ("replay", "ReplayPolicy")];

/// An attribute that is shown as a text: its name, the text, and what follows from it.
type Text = (&'static str, Option<Box<str>>, Meaning);

fn text(short: &str, value: &str) -> Result<(Option<Box<str>>, Meaning), Stop> {
    let shown = (!value.is_empty() && value != "off").then(|| Box::from(value));
    Ok(match short {
        "redrive" => {
            let target = shown.is_some().then(|| queues::arn(value));
            let policy =
                target.as_ref().map(|arn| format!(r#"{{"deadLetterTargetArn":"{}"}}"#, arn.as_str()));
            (policy.map(Box::from), Meaning::DeadLetter(target))
        }
        "delivery" => (shown, Meaning::Delivery(subscription_policy(value)?)),
        "replay" => {
            let (from, until) = span(value).unzip();
            let span = from
                .map(|from| Span { from: BEGIN + from, until: until.flatten().map(|until| BEGIN + until) });
            (shown, Meaning::Replay(span))
        }
        _ => (shown, Meaning::None),
    })
}

/// What is given of those.
fn texts(given: &Options) -> Result<Vec<Text>, Stop> {
    let given = TEXTS.iter().filter_map(|(short, name)| Some((*short, *name, given.get(*short)?)));
    given
        .map(|(short, name, value)| text(short, value).map(|(text, meaning)| (name, text, meaning)))
        .collect()
}

impl World {
    pub(super) fn subscribe(&mut self, topic: &Arn, who: &str, given: &Options) -> Result<Vec<String>, Stop> {
        let endpoint = endpoint(who)?;
        let asks = has_to_confirm(endpoint.protocol());
        let principal = "arn:aws:iam::000000000000:root";
        let mut wanted = SubscriptionStated::wanted(endpoint, "000000000000", principal);
        if let Some(policy) = given.get("filter") {
            wanted.filter = convert::filter(policy, given.get("scope").map_or("attributes", |scope| scope))?;
        }
        wanted.form = given.get("raw").map(|raw| convert::form(raw)).unwrap_or_default();
        let mut replay = None;
        let mut names = Vec::new();
        for (name, text, meaning) in texts(given)? {
            names.push(name.into());
            wanted.attributes.extend(text.map(|text| (name.into(), text)));
            match meaning {
                Meaning::DeadLetter(target) => wanted.dead_letter = target,
                Meaning::Delivery(policy) => wanted.delivery = policy,
                Meaning::Replay(span) => replay = span,
                Meaning::None => {}
            }
        }
        let presence =
            |name: &str| if given.contains_key(name) { Presence::Present } else { Presence::Absent };
        let filter = if given.contains_key("scope") { Presence::Present } else { presence("filter") };
        let given = Given { form: presence("raw"), filter, texts: names };
        let shard = self.shard(topic);
        let notice = asks.then(|| self.notice(shard, "SubscriptionConfirmation"));
        if asks {
            wanted.standing = Standing::Pending(self.now);
        }
        let filters_elsewhere = self.filters_elsewhere(topic)?;
        let asked = Subscribe { wanted, given, notice, replay, filters_elsewhere };
        self.ask_topic(topic, AskTopic::Subscribe(Box::new(asked)))?;
        Ok(answer::done())
    }

    /// Filter policies that the topic's account has in other shards.
    fn filters_elsewhere(&mut self, topic: &Arn) -> Result<usize, Stop> {
        let (own, mut count) = (self.shard(topic), 0);
        for shard in (0..self.options.shards).filter(|shard| *shard != own) {
            let reply = self.command(shard, Command::CountFilters { account: topic.account().into() })?;
            let Reply::Count(found) = reply else { return Err(unexpected(&reply)) };
            count += found;
        }
        Ok(count)
    }

    pub(super) fn set_subscription(
        &mut self,
        topic: &Arn,
        who: &str,
        given: &Options,
    ) -> Result<Vec<String>, Stop> {
        let now = self.subscription(topic, who)?;
        let mut changes = Vec::new();
        if let Some(raw) = given.get("raw") {
            changes.push(Change::Form(convert::form(raw)));
        }
        if given.contains_key("filter") || given.contains_key("scope") {
            let old = now.filter.as_ref();
            let policy = given.get("filter").map(String::as_str).or(old.map(|filter| &*filter.text));
            let scope = given.get("scope").map(String::as_str).or(old.map(|filter| scope(filter.scope)));
            let filter = convert::filter(policy.unwrap_or("{}"), scope.unwrap_or("attributes"))?;
            changes.push(Change::Filter { filter, elsewhere: self.filters_elsewhere(topic)? });
        }
        for (name, text, meaning) in texts(given)? {
            changes.push(Change::Attribute { name: name.into(), text, meaning });
        }
        for change in changes {
            self.ask_topic(topic, AskTopic::SetSubscription(now.id, change))?;
        }
        Ok(answer::done())
    }

    pub(super) fn confirm(
        &mut self,
        topic: &Arn,
        who: &str,
        ticket: Ticket,
        by: By,
    ) -> Result<Vec<String>, Stop> {
        let token = self.token(topic.resource(), who, ticket)?;
        let shard = u16::from_be_bytes([token.0[0], token.0[1]]);
        let reply = self.command(shard, Command::Confirm { token, by: endpoints::confirmation(by) })?;
        let Reply::Confirmed(of, _) = &reply else { return Err(unexpected(&reply)) };
        if of == topic { Ok(answer::done()) } else { Err(unexpected(&reply)) }
    }

    pub(super) fn unsubscribe(&mut self, topic: &Arn, who: &str, by: By) -> Result<Vec<String>, Stop> {
        let id = self.subscription(topic, who)?.id;
        let shard = self.shard(topic);
        let notice = match by {
            By::Owner => None,
            By::Link => Some(Box::new(self.notice(shard, "UnsubscribeConfirmation"))),
        };
        self.ask_topic(topic, AskTopic::Unsubscribe(id, notice))?;
        Ok(answer::done())
    }

    /// The subscription of somebody, as `name=value`.
    pub(super) fn show_subscription(&mut self, topic: &Arn, who: &str) -> Result<Vec<String>, Stop> {
        let id = self.subscription(topic, who)?.id;
        let reply = self.ask_topic(topic, AskTopic::Subscription(id))?;
        let Reply::Subscription(stated, replay) = reply else { return Err(unexpected(&reply)) };
        Ok(shown(&stated, replay))
    }

    pub(super) fn list_subscriptions(&mut self, topic: &Arn) -> Result<Vec<String>, Stop> {
        let word = |there: &Arc<SubscriptionStated>| {
            let pending = matches!(there.standing, Standing::Pending(_));
            format!("{}{}", endpoints::word(&there.endpoint), if pending { ":pending" } else { "" })
        };
        let mut words = self.subscriptions(topic)?.iter().map(word).collect::<Vec<_>>();
        words.sort();
        Ok(words)
    }

    /// All subscriptions of a topic, gathered page by page.
    fn subscriptions(&mut self, topic: &Arn) -> Result<Vec<Arc<SubscriptionStated>>, Stop> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let reply = self.ask_topic(topic, AskTopic::ListSubscriptions(after))?;
            let Reply::Subscriptions(found, more) = reply else { return Err(unexpected(&reply)) };
            all.extend(found.into_iter().map(|(_, subscription)| subscription));
            after = all.last().map(|subscription| subscription.id);
            if more == More::No {
                return Ok(all);
            }
        }
    }

    fn subscription(&mut self, topic: &Arn, who: &str) -> Result<Arc<SubscriptionStated>, Stop> {
        let endpoint = endpoint(who)?;
        let found = self.subscriptions(topic)?.into_iter().find(|found| found.endpoint == endpoint);
        found.ok_or(Stop::Refused(Rejection::SubscriptionDoesNotExist))
    }
}

fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::MessageAttributes => "attributes",
        Scope::MessageBody => "body",
    }
}

fn shown(stated: &SubscriptionStated, replay: Option<ReplayStated>) -> Vec<String> {
    let (pending, signed) = match stated.standing {
        Standing::Pending(_) => (true, false),
        Standing::Confirmed(Confirmation::Authenticated) => (false, true),
        Standing::Confirmed(Confirmation::Link) | Standing::Ended(_) => (false, false),
    };
    let mut words = vec![
        format!("raw={}", stated.form == Form::Raw),
        format!("pending={pending}"),
        format!("signed={signed}"),
        format!("redrive={}", stated.dead_letter.as_ref().map_or("", |queue| queue.resource())),
    ];
    words.extend(
        stated
            .filter
            .iter()
            .flat_map(|filter| [format!("filter={}", filter.text), format!("scope={}", scope(filter.scope))]),
    );
    if stated.delivery != Policy::default() {
        words.push("delivery=own".into());
    }
    words.extend(
        replay.and_then(|replay| replay_status(replay.status)).map(|status| format!("replay={status}")),
    );
    words
}

/// How far a replay is. One that was called off is not there any more.
fn replay_status(status: ReplayStatus) -> Option<&'static str> {
    match status {
        ReplayStatus::Pending => Some("pending"),
        ReplayStatus::InProgress => Some("in-progress"),
        ReplayStatus::Completed => Some("completed"),
        ReplayStatus::Failed => Some("failed"),
        ReplayStatus::Stopped | ReplayStatus::Stopping => None,
    }
}
