//! The verbs that are about topics.

use super::{Answers, bodies, dedup, unknown};
use crate::action::{Attribute, By, OnTopic, Publishing, Structure, Ticket};
use crate::parse::{Arguments, Wrong};
use crate::topic_attributes::{TOPIC_ATTRIBUTES, span};
use std::collections::BTreeMap;

const SUBSCRIPTION_OPTIONS: [&str; 6] = ["filter", "scope", "raw", "redrive", "delivery", "replay"];

const WHO: &str = "a topic and a subscriber";

pub(super) fn on_topic(arguments: &mut Arguments<'_>) -> Result<(OnTopic, Answers), Wrong> {
    Ok(match arguments.verb.text {
        "topic" => {
            let mut given = topic_attributes(arguments);
            given.extend(arguments.some_of(["tags"]));
            (OnTopic::Create(given), Answers::Success)
        }
        "set-topic" => (OnTopic::Set(topic_attributes(arguments)), Answers::Success),
        "delete-topic" => (OnTopic::DeleteTopic, Answers::Success),
        "topic-attributes" => (OnTopic::Attributes, Answers::Pairs),
        "subscribe" => {
            let who = arguments.word(WHO)?;
            (OnTopic::Subscribe(who, subscription_attributes(arguments)?), Answers::Success)
        }
        "set-subscription" => {
            let who = arguments.word(WHO)?;
            (OnTopic::SetSubscription(who, subscription_attributes(arguments)?), Answers::Success)
        }
        "subscription" => (OnTopic::Subscription(arguments.word(WHO)?), Answers::Pairs),
        "confirm" => {
            let who = arguments.word(WHO)?;
            let by = by(arguments)?.unwrap_or(By::Link);
            (OnTopic::Confirm(who, ticket(arguments)?, by), Answers::Success)
        }
        "unsubscribe" => {
            let who = arguments.word(WHO)?;
            (OnTopic::Unsubscribe(who, by(arguments)?.unwrap_or(By::Owner)), Answers::Success)
        }
        "subscriptions" => (OnTopic::Subscriptions, Answers::Words),
        "publish" => (OnTopic::Publish(publishing(arguments)?), Answers::Success),
        _ => return Err(unknown(arguments)),
    })
}

fn publishing(arguments: &mut Arguments<'_>) -> Result<Publishing, Wrong> {
    let structure = match arguments.option("structure") {
        None => Structure::Plain,
        Some(value) if value.text == "json" => Structure::Json,
        Some(value) => return Err((value.column, "`structure` is `json`".into())),
    };
    let attributes = message_attributes(arguments)?;
    let (group, dedup) = (arguments.text("group"), dedup(arguments));
    Ok(Publishing { bodies: bodies(arguments)?, attributes, group, dedup, structure })
}

fn by(arguments: &mut Arguments<'_>) -> Result<Option<By>, Wrong> {
    match arguments.option("by") {
        None => Ok(None),
        Some(value) if value.text == "owner" => Ok(Some(By::Owner)),
        Some(value) if value.text == "link" => Ok(Some(By::Link)),
        Some(value) => Err((value.column, "`by` is `owner` or `link`".into())),
    }
}

fn ticket(arguments: &mut Arguments<'_>) -> Result<Ticket, Wrong> {
    let Some(value) = arguments.option("token") else { return Ok(Ticket::Received(None)) };
    if value.text == "forged" {
        return Ok(Ticket::Forged);
    }
    let which = value.text.parse::<usize>().ok().filter(|which| *which > 0);
    let wrong = || (value.column, "`token` is which one it got, from 1, or `forged`".to_owned());
    which.map(|which| Ticket::Received(Some(which))).ok_or_else(wrong)
}

fn topic_attributes(arguments: &mut Arguments<'_>) -> BTreeMap<String, String> {
    arguments.some_of(TOPIC_ATTRIBUTES.map(|(short, _)| short))
}

fn subscription_attributes(arguments: &mut Arguments<'_>) -> Result<BTreeMap<String, String>, Wrong> {
    for (name, values) in [("scope", ["body", "attributes"]), ("raw", ["true", "false"])] {
        let given = arguments.options.get(name);
        if let Some(given) = given.filter(|given| !values.contains(&given.text)) {
            return Err((given.column, format!("`{name}` is `{}` or `{}`", values[0], values[1])));
        }
    }
    if let Some(given) = arguments.options.get("replay")
        && given.text != "off"
        && span(given.text).is_none()
    {
        return Err((given.column, "`replay` is a time, two with a `-` between, or `off`".into()));
    }
    Ok(arguments.some_of(SUBSCRIPTION_OPTIONS))
}

fn message_attributes(arguments: &mut Arguments<'_>) -> Result<Vec<Attribute>, Wrong> {
    let names = arguments.options.keys().copied().filter(|name| name.starts_with("attr."));
    let names = names.collect::<Vec<_>>();
    let mut attributes = Vec::with_capacity(names.len());
    for name in names {
        let Some(value) = arguments.option(name) else { continue };
        let (bare, kind) =
            name["attr.".len()..].split_once(':').unwrap_or((&name["attr.".len()..], "String"));
        let known = ["String", "Number", "String.Array", "Binary"].contains(&kind);
        if bare.is_empty() || !known {
            return Err((value.column - name.len() - 1, format!("`{name}` is no attribute")));
        }
        attributes.push(Attribute { name: bare.into(), kind: kind.into(), value: value.text.into() });
    }
    Ok(attributes)
}
