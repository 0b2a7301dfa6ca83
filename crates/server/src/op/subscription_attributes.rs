//! Attributes of subscriptions: from what is given to what is kept, and to what is shown (sns 4).

use super::delivery_policy;
use super::filter;
use super::json_object::{Members, string};
use super::subscriber::names_queue;
use super::topic_attributes::{self, is_role};
use postrider_core::event::{ReplayStated, ReplayStatus, SubscriptionStated};
use postrider_core::topic::filter::Scope;
use postrider_core::topic::retry::{Effective, Policy};
use postrider_core::topic::subscription::{Confirmation, Endpoint, Form, Meaning, Protocol, Span, Standing};
use postrider_core::{Arn, Timestamp};
use postrider_wire::Text;
use postrider_wire::error::Error;
use postrider_wire::error::sns::{self as errors, SetBy};
use postrider_wire::sns::archive::{ReplayPolicy, ReplayStatus as Shown};
use postrider_wire::sqs::NamedValues;
use std::borrow::Cow;

/// The longest text of a `RedrivePolicy`, `ReplayPolicy` or `ArchivePolicy`, bytes. A bound of ours.
pub(super) const POLICY_BYTES_MAX: usize = 4_096;

/// The attributes that a subscription can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attribute {
    /// `RawMessageDelivery`.
    Form,
    /// `FilterPolicy`.
    Filter,
    /// `FilterPolicyScope`.
    Scope,
    /// One that is kept and shown as a text.
    Text(TextAttribute),
}

/// The attributes that are kept and shown as texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextAttribute {
    /// `DeliveryPolicy`.
    Delivery,
    /// `RedrivePolicy`.
    Redrive,
    /// `SubscriptionRoleArn`.
    Role,
    /// `ReplayPolicy`.
    Replay,
}

impl TextAttribute {
    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            TextAttribute::Delivery => "DeliveryPolicy",
            TextAttribute::Redrive => "RedrivePolicy",
            TextAttribute::Role => "SubscriptionRoleArn",
            TextAttribute::Replay => "ReplayPolicy",
        }
    }
}

/// Whose attributes they are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Holder<'a> {
    /// The topic.
    pub(super) topic: &'a Arn,
    /// The endpoint.
    pub(super) endpoint: &'a Endpoint,
    /// The account that subscribed it.
    pub(super) owner: &'a str,
    /// What it gets, or is to get.
    pub(super) form: Form,
}

/// A text, and what follows from it.
#[derive(Debug)]
pub(super) struct Kept {
    /// As it is shown; `None` removes it.
    pub(super) text: Option<Box<str>>,
    /// What it means.
    pub(super) meaning: Meaning,
}

impl Attribute {
    /// Finds it by its name.
    pub(super) fn parse(by: SetBy, name: &str) -> Result<Attribute, Error> {
        match name {
            "RawMessageDelivery" => Ok(Attribute::Form),
            "FilterPolicy" => Ok(Attribute::Filter),
            "FilterPolicyScope" => Ok(Attribute::Scope),
            "DeliveryPolicy" => Ok(Attribute::Text(TextAttribute::Delivery)),
            "RedrivePolicy" => Ok(Attribute::Text(TextAttribute::Redrive)),
            "SubscriptionRoleArn" => Ok(Attribute::Text(TextAttribute::Role)),
            "ReplayPolicy" => Ok(Attribute::Text(TextAttribute::Replay)),
            _ => Err(topic_attributes::unknown(by, name)),
        }
    }
}

/// The attributes that a Subscribe gives; of a repeated one the last counts.
#[derive(Debug, Default)]
pub(super) struct Wishes<'a> {
    pub(super) form: Option<Form>,
    pub(super) filter: Option<&'a str>,
    pub(super) scope: Option<Scope>,
    pub(super) texts: Vec<(TextAttribute, &'a str)>,
}

impl<'a> Wishes<'a> {
    /// Reads them, as far as that goes without the endpoint.
    pub(super) fn read(given: &'a [(Text<'a>, Text<'a>)]) -> Result<Wishes<'a>, Error> {
        let by = SetBy::Subscribe;
        let mut wishes = Wishes::default();
        for (name, value) in given {
            match Attribute::parse(by, name)? {
                Attribute::Form => wishes.form = Some(form(by, value)?),
                Attribute::Filter => wishes.filter = Some(value),
                Attribute::Scope => wishes.scope = Some(filter::scope(by, value)?),
                Attribute::Text(attribute) => {
                    wishes.texts.retain(|(other, _)| *other != attribute);
                    wishes.texts.push((attribute, value));
                }
            }
        }
        Ok(wishes)
    }
}

/// Reads `RawMessageDelivery`.
pub(super) fn form(by: SetBy, value: &str) -> Result<Form, Error> {
    if value.eq_ignore_ascii_case("true") {
        Ok(Form::Raw)
    } else if value.eq_ignore_ascii_case("false") {
        Ok(Form::Envelope)
    } else {
        Err(errors::raw_message_delivery(by, value))
    }
}

/// Whether an endpoint can get messages in this form.
pub(super) fn check_form(by: SetBy, form: Form, endpoint: &Endpoint) -> Result<(), Error> {
    match endpoint.protocol() {
        Protocol::Sqs | Protocol::Http | Protocol::Https | Protocol::Firehose => Ok(()),
        Protocol::Email | Protocol::EmailJson | Protocol::Sms | Protocol::Application | Protocol::Lambda => {
            match form {
                Form::Envelope => Ok(()),
                Form::Raw => Err(errors::attribute_of_other_subscription(by, "RawMessageDelivery")),
            }
        }
    }
}

/// Reads an attribute that is kept as a text. Empty removes it.
pub(super) fn kept(
    by: SetBy,
    attribute: TextAttribute,
    value: &str,
    holder: Holder<'_>,
) -> Result<Kept, Error> {
    let protocol = holder.endpoint.protocol();
    let suits = match attribute {
        TextAttribute::Delivery => matches!(protocol, Protocol::Http | Protocol::Https),
        TextAttribute::Redrive => true,
        TextAttribute::Role => protocol == Protocol::Firehose,
        TextAttribute::Replay => protocol == Protocol::Sqs && holder.topic.is_fifo(),
    };
    if !suits {
        return Err(errors::attribute_of_other_subscription(by, attribute.name()));
    }
    match attribute {
        TextAttribute::Delivery if value.is_empty() => {
            Ok(Kept { text: None, meaning: Meaning::Delivery(Policy::default()) })
        }
        TextAttribute::Delivery => {
            let accepted = delivery_policy::subscription(value, holder.form)
                .map_err(|flaw| errors::subscription_attribute(by, &format!("DeliveryPolicy: {flaw}")))?;
            Ok(Kept { text: Some(accepted.text.into()), meaning: Meaning::Delivery(accepted.policy) })
        }
        TextAttribute::Redrive if value.is_empty() => {
            Ok(Kept { text: None, meaning: Meaning::DeadLetter(None) })
        }
        TextAttribute::Redrive => {
            let target = dead_letter(by, value, holder)?;
            Ok(Kept { text: Some(value.into()), meaning: Meaning::DeadLetter(Some(target)) })
        }
        TextAttribute::Role if is_role(value) => {
            Ok(Kept { text: Some(value.into()), meaning: Meaning::None })
        }
        TextAttribute::Role => {
            Err(errors::subscription_attribute(by, "SubscriptionRoleArn: must be the ARN of a role"))
        }
        TextAttribute::Replay if value.len() > POLICY_BYTES_MAX => {
            Err(errors::replay_policy(by, "must be at most 4096 bytes long"))
        }
        TextAttribute::Replay => Ok(match ReplayPolicy::parse(by, value)? {
            ReplayPolicy::Stop => Kept { text: None, meaning: Meaning::Replay(None) },
            ReplayPolicy::Start(span) => {
                let until = span.until_ms.map(Timestamp);
                let span = Span { from: Timestamp(span.from_ms), until };
                Kept { text: Some(value.into()), meaning: Meaning::Replay(Some(span)) }
            }
        }),
    }
}

/// The queue that a `RedrivePolicy` names (sns 11). It need not exist.
fn dead_letter(by: SetBy, value: &str, holder: Holder<'_>) -> Result<Arn, Error> {
    let refuse = |why: &str| Err(errors::subscription_attribute(by, &format!("RedrivePolicy: {why}")));
    if value.len() > POLICY_BYTES_MAX {
        return refuse("must be at most 4096 bytes long");
    }
    let members =
        Members::parse(value).ok_or_else(|| errors::redrive_policy_not_json(by, "It is not an object"))?;
    if members.iter().any(|(name, _)| name != "deadLetterTargetArn") {
        return refuse("deadLetterTargetArn is the only member that there can be");
    }
    let target = members.find("deadLetterTargetArn").and_then(string);
    let target = target.and_then(|text| Arn::parse(&text)).filter(names_queue);
    let target = target.ok_or_else(|| errors::redrive_policy_arn(by))?;
    if target.account() != holder.owner || target.region() != holder.topic.region() {
        return refuse("deadLetterTargetArn must be of the account and Region of the subscription");
    }
    let is_fifo = matches!(holder.endpoint, Endpoint::Queue(queue) if queue.is_fifo());
    if is_fifo && !target.is_fifo() {
        return Err(errors::redrive_policy_needs_fifo());
    }
    if target.is_fifo() && !holder.topic.is_fifo() {
        return refuse("a standard topic can only have a standard queue as DLQ");
    }
    Ok(target)
}

/// What is shown of a subscription, in AWS's order. `effective` is what its delivery policies come to, where there
/// are any.
pub(super) fn shown<'s>(
    arn: &'s str,
    topic: &'s str,
    stated: &'s SubscriptionStated,
    effective: Option<&Effective>,
    replay: Option<ReplayStated>,
) -> NamedValues<'s> {
    let text =
        |attribute: TextAttribute| stated.attributes.get(attribute.name()).map(|text| Cow::from(&**text));
    let raw = match stated.form {
        Form::Raw => "true",
        Form::Envelope => "false",
    };
    let (pending, authenticated) = match stated.standing {
        Standing::Confirmed(Confirmation::Authenticated) => ("false", "true"),
        Standing::Confirmed(Confirmation::Link) | Standing::Ended(_) => ("false", "false"),
        Standing::Pending(_) => ("true", "false"),
    };
    let filter = stated.filter.as_deref().filter(|filter| !filter.text.is_empty());
    let status = text(TextAttribute::Replay).and(replay).and_then(|replay| status(replay.status));
    let all: [(&'static str, Option<Cow<'s, str>>); 17] = [
        ("SubscriptionPrincipal", Some((&*stated.principal).into())),
        ("Owner", Some((&*stated.owner).into())),
        ("RawMessageDelivery", Some(raw.into())),
        ("FilterPolicy", filter.map(|filter| (&*filter.text).into())),
        ("TopicArn", Some(topic.into())),
        ("Endpoint", Some(stated.endpoint.address().into())),
        ("EffectiveDeliveryPolicy", effective.map(|e| delivery_policy::subscription_effective(e).into())),
        ("DeliveryPolicy", text(TextAttribute::Delivery)),
        ("FilterPolicyScope", filter.map(|filter| filter::scope_name(filter.scope).into())),
        ("Protocol", Some(stated.endpoint.protocol().as_str().into())),
        ("PendingConfirmation", Some(pending.into())),
        ("ConfirmationWasAuthenticated", Some(authenticated.into())),
        ("SubscriptionArn", Some(arn.into())),
        ("RedrivePolicy", text(TextAttribute::Redrive)),
        ("SubscriptionRoleArn", text(TextAttribute::Role)),
        ("ReplayPolicy", text(TextAttribute::Replay)),
        ("ReplayStatus", status.map(|status| status.as_str().into())),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name.into(), value?))).collect()
}

fn status(status: ReplayStatus) -> Option<Shown> {
    match status {
        ReplayStatus::Pending => Some(Shown::Pending),
        ReplayStatus::InProgress => Some(Shown::InProgress),
        ReplayStatus::Completed => Some(Shown::Completed),
        ReplayStatus::Failed => Some(Shown::Failed),
        ReplayStatus::Stopped | ReplayStatus::Stopping => None,
    }
}

#[cfg(test)]
mod tests;
