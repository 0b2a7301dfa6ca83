//! Subscriptions: made, looked at, changed, ended (sns 4).
//!
//! Only queues can be subscribed yet, and those are confirmed at once.

use super::account::{next_token, token};
use super::{Answered, Call, done, filter, topic_attributes};
use crate::reject::{Refused, not_yet_sns};
use postrider_core::Arn;
use postrider_core::Reply;
use postrider_core::command::{AskTopic, Given, Presence};
use postrider_core::event::SubscriptionStated;
use postrider_core::id::{TopicId, Uuid};
use postrider_core::name::Name;
use postrider_core::reply::More;
use postrider_core::topic::filter::Scope;
use postrider_core::topic::subscription::{Change, Filter, Form};
use postrider_iam::{Account, Principal, is_region};
use postrider_wire::error::sns::{self as errors, SetBy};
use postrider_wire::error::{Error, ErrorKind, common};
use postrider_wire::sns::{
    AttributesOutput, ListSubscriptionsByTopic, ListSubscriptionsOutput, SetSubscriptionAttributes,
    Subscribe, SubscribeOutput, Subscription,
};
use postrider_wire::sqs::NamedValues;
use postrider_wire::{Output, Service, Text};
use std::sync::Arc;

/// The one protocol that there is.
const SQS: &str = "sqs";
/// Protocols that AWS has and we do not have yet.
const PLANNED: [&str; 8] =
    ["http", "https", "email", "email-json", "sms", "application", "lambda", "firehose"];

pub(super) async fn subscribe<'r>(call: &Call<'_, 'r>, asked: &Subscribe<'_>) -> Answered<'r> {
    let queue = endpoint(&asked.protocol, asked.endpoint.as_deref().unwrap_or_default())?;
    let wishes = Wishes::read(asked.attributes.as_deref().unwrap_or_default())?;
    let scope = wishes.scope.unwrap_or(Scope::MessageAttributes);
    let stated = SubscriptionStated {
        topic: TopicId::default(),
        id: Uuid::default(),
        queue,
        owner: call.caller.account().as_str().into(),
        principal: call.caller.principal().arn().into(),
        form: wishes.form.unwrap_or_default(),
        filter: filter::filter(SetBy::Subscribe, wishes.policy.unwrap_or_default(), scope)?,
    };
    let given = Given { form: presence(wishes.form.as_ref()), filter: presence(wishes.policy.as_ref()) };
    let reply = call.topic(AskTopic::Subscribe(Box::new(stated), given)).await?;
    let Reply::Subscribed(id) = reply else { return Err(call.defect()) };
    let subscription_arn = format!("{}:{id}", call.subject.arn).into();
    call.ok(&Output::Subscribe(SubscribeOutput { subscription_arn }))
}

/// The queue that an endpoint names. It need not exist, and may be of any account and region.
fn endpoint(protocol: &str, endpoint: &str) -> Result<Arn, Error> {
    if PLANNED.contains(&protocol) {
        return Err(not_yet_sns("Protocol", &format!("{protocol} subscriptions are")));
    }
    if protocol != SQS {
        return Err(errors::unknown_protocol(protocol));
    }
    let queue = Arn::parse(endpoint).filter(names_queue).ok_or_else(errors::sqs_endpoint)?;
    if queue.resource().ends_with(".fifo") { Err(errors::fifo_queue_on_standard_topic()) } else { Ok(queue) }
}

/// Could there be a queue of this ARN?
fn names_queue(arn: &Arn) -> bool {
    let name = arn.resource().strip_suffix(".fifo").unwrap_or(arn.resource());
    let place = is_region(arn.region()) && Account::parse(arn.account()).is_some();
    arn.service() == SQS && place && Name::queue(name).is_some()
}

fn presence<T>(given: Option<&T>) -> Presence {
    if given.is_some() { Presence::Present } else { Presence::Absent }
}

/// The attributes that a Subscribe gives.
#[derive(Debug, Default)]
struct Wishes<'a> {
    form: Option<Form>,
    policy: Option<&'a str>,
    scope: Option<Scope>,
}

impl<'a> Wishes<'a> {
    fn read(given: &'a [(Text<'a>, Text<'a>)]) -> Result<Wishes<'a>, Error> {
        let by = SetBy::Subscribe;
        let mut wishes = Wishes::default();
        for (name, value) in given {
            match Attribute::parse(by, name, value)? {
                Attribute::Form => wishes.form = Some(form(by, value)?),
                Attribute::Policy => wishes.policy = Some(value),
                Attribute::Scope => wishes.scope = Some(filter::scope(by, value)?),
                Attribute::Redrive => {}
            }
        }
        Ok(wishes)
    }
}

/// The attributes that a subscription of a queue has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attribute {
    Form,
    Policy,
    Scope,
    /// Removing it is fine: there is none.
    Redrive,
}

impl Attribute {
    fn parse(by: SetBy, name: &str, value: &str) -> Result<Attribute, Error> {
        match name {
            "RawMessageDelivery" => Ok(Attribute::Form),
            "FilterPolicy" => Ok(Attribute::Policy),
            "FilterPolicyScope" => Ok(Attribute::Scope),
            "RedrivePolicy" if value.is_empty() => Ok(Attribute::Redrive),
            "RedrivePolicy" => Err(not_yet_sns("RedrivePolicy", "Dead-letter queues of subscriptions are")),
            // AWS refuses these on a queue of a standard topic, in words that are not known.
            "DeliveryPolicy" | "SubscriptionRoleArn" | "ReplayPolicy" => {
                Err(errors::subscription_attribute(by, &format!("{name}: not valid for this subscription")))
            }
            _ => Err(topic_attributes::unknown(by, name)),
        }
    }
}

fn form(by: SetBy, value: &str) -> Result<Form, Error> {
    if value.eq_ignore_ascii_case("true") {
        Ok(Form::Raw)
    } else if value.eq_ignore_ascii_case("false") {
        Ok(Form::Envelope)
    } else {
        Err(errors::raw_message_delivery(by, value))
    }
}

/// The subscription that the call is about; a missing topic has none.
async fn find(call: &Call<'_, '_>, id: Uuid) -> Result<Arc<SubscriptionStated>, Refused> {
    let reply = call.topic(AskTopic::Subscription(id)).await.map_err(missing)?;
    let Reply::Subscriptions(found, _) = reply else { return Err(call.defect()) };
    call.sole(found).map(|(_, stated)| stated)
}

fn missing(refused: Refused) -> Refused {
    match refused {
        Refused::Because(error) if error.kind == ErrorKind::NotFound => {
            errors::subscription_does_not_exist().into()
        }
        Refused::Because(_) | Refused::Stale => refused,
    }
}

fn named(call: &Call<'_, '_>) -> Result<(String, Uuid), Refused> {
    call.subject.subscription_arn().ok_or_else(|| call.defect())
}

pub(super) async fn attributes<'r>(call: &Call<'_, 'r>) -> Answered<'r> {
    let (arn, id) = named(call)?;
    let stated = find(call, id).await?;
    let attributes = shown(&arn, call.subject.arn.as_str(), &stated);
    call.ok(&Output::GetSubscriptionAttributes(AttributesOutput { attributes }))
}

/// In AWS's order.
fn shown<'s>(arn: &'s str, topic: &'s str, stated: &'s SubscriptionStated) -> NamedValues<'s> {
    let raw = match stated.form {
        Form::Raw => "true",
        Form::Envelope => "false",
    };
    let filter = stated.filter.as_deref().filter(|filter| !filter.text.is_empty());
    let all = [
        ("SubscriptionPrincipal", Some(&*stated.principal)),
        ("Owner", Some(&stated.owner)),
        ("RawMessageDelivery", Some(raw)),
        ("FilterPolicy", filter.map(|filter| &*filter.text)),
        ("TopicArn", Some(topic)),
        ("Endpoint", Some(stated.queue.as_str())),
        ("FilterPolicyScope", filter.map(|filter| filter::scope_name(filter.scope))),
        ("Protocol", Some(SQS)),
        ("PendingConfirmation", Some("false")),
        ("ConfirmationWasAuthenticated", Some("true")),
        ("SubscriptionArn", Some(arn)),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name.into(), value?.into()))).collect()
}

pub(super) async fn set_attribute<'r>(
    call: &Call<'_, 'r>,
    asked: &SetSubscriptionAttributes<'_>,
) -> Answered<'r> {
    let by = SetBy::Set;
    let (_, id) = named(call)?;
    let value = asked.attribute_value.as_deref().unwrap_or_default();
    let change = match Attribute::parse(by, &asked.attribute_name, value)? {
        Attribute::Form => Change::Form(form(by, value)?),
        Attribute::Policy => {
            let now = find(call, id).await?;
            Change::Filter(filter::filter(by, value, current_scope(now.filter.as_deref()))?)
        }
        Attribute::Scope => {
            let scope = filter::scope(by, value)?;
            let now = find(call, id).await?;
            let text = now.filter.as_deref().map_or("", |filter| &filter.text);
            Change::Filter(filter::filter(by, text, scope)?)
        }
        Attribute::Redrive => {
            find(call, id).await?;
            return call.ok(&Output::SetSubscriptionAttributes);
        }
    };
    done(&call.topic(AskTopic::SetSubscription(id, change)).await.map_err(missing)?, call)?;
    call.ok(&Output::SetSubscriptionAttributes)
}

fn current_scope(filter: Option<&Filter>) -> Scope {
    filter.map_or(Scope::MessageAttributes, |filter| filter.scope)
}

/// Ending what is not there is done at once. Nobody in particular may end no subscription of a queue:
/// its envelope, with the link, is for whoever can read the queue (sns 4).
pub(super) async fn unsubscribe<'r>(call: &Call<'_, 'r>) -> Answered<'r> {
    let (_, id) = named(call)?;
    if *call.caller.principal() == Principal::Anonymous {
        match find(call, id).await {
            Ok(_) => return Err(anonymous(call).into()),
            Err(Refused::Because(error)) if error.kind == ErrorKind::NotFound => {}
            Err(refused) => return Err(refused),
        }
    }
    match call.topic(AskTopic::Unsubscribe(id)).await {
        Ok(reply) => done(&reply, call)?,
        Err(Refused::Because(error)) if error.kind == ErrorKind::NotFound => {}
        Err(refused) => return Err(refused),
    }
    call.ok(&Output::Unsubscribe)
}

fn anonymous(call: &Call<'_, '_>) -> Error {
    let principal = call.caller.principal().arn();
    let reason = "because no resource-based policy allows the SNS:Unsubscribe action";
    common::not_authorized(Service::Sns, &principal, "Unsubscribe", call.subject.arn.as_str(), reason)
}

pub(super) async fn list<'r>(call: &Call<'_, 'r>, asked: &ListSubscriptionsByTopic<'_>) -> Answered<'r> {
    let after = match asked.next_token.as_deref() {
        Some(given) => {
            Some(next_token(given).as_deref().and_then(Uuid::parse).ok_or_else(errors::next_token)?)
        }
        None => None,
    };
    let Reply::Subscriptions(found, more) = call.topic(AskTopic::ListSubscriptions(after)).await? else {
        return Err(call.defect());
    };
    let last = found.last().filter(|_| more == More::Yes);
    let next_token = last.map(|(_, stated)| token(&stated.id.to_string()).into());
    let subscriptions = found.iter().map(|(topic, stated)| listed(topic, stated)).collect();
    call.ok(&Output::ListSubscriptionsByTopic(ListSubscriptionsOutput { subscriptions, next_token }))
}

/// A subscription as listings show it.
pub(super) fn listed<'s>(topic: &'s Arn, stated: &'s SubscriptionStated) -> Subscription<'s> {
    Subscription {
        owner: (&*stated.owner).into(),
        protocol: SQS.into(),
        endpoint: stated.queue.as_str().into(),
        subscription_arn: format!("{topic}:{}", stated.id).into(),
        topic_arn: topic.as_str().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUEUE: &str = "arn:aws:sqs:eu-west-1:210987654321:orders";

    #[test]
    fn endpoints_are_queues() {
        assert_eq!(endpoint("sqs", QUEUE).unwrap().as_str(), QUEUE);
        for bad in ["", "http://localhost/1/q", "arn:aws:sns:us-east-1:1:t", "arn:aws:sqs:us-east-1:1:a:b"] {
            assert_eq!(endpoint("sqs", bad), Err(errors::sqs_endpoint()), "{bad}");
        }
        let fifo = format!("{QUEUE}.fifo");
        assert_eq!(endpoint("sqs", &fifo), Err(errors::fifo_queue_on_standard_topic()));
        assert_eq!(endpoint("carrier-pigeon", "x"), Err(errors::unknown_protocol("carrier-pigeon")));
        for protocol in PLANNED {
            assert!(endpoint(protocol, "x").unwrap_err().message.contains("not supported"), "{protocol}");
        }
    }

    #[test]
    fn attributes_are_read_or_refused() {
        let read = |pairs: &[(&'static str, &'static str)]| {
            let given: Vec<_> =
                pairs.iter().map(|(name, value)| (Text::from(*name), Text::from(*value))).collect();
            Wishes::read(&given).map(|wishes| (wishes.form, wishes.policy.map(str::to_owned), wishes.scope))
        };
        let given =
            [("RawMessageDelivery", "TRUE"), ("FilterPolicyScope", "MessageBody"), ("FilterPolicy", "{}")];
        assert_eq!(read(&given), Ok((Some(Form::Raw), Some("{}".into()), Some(Scope::MessageBody))));
        assert_eq!(read(&[("RedrivePolicy", "")]), Ok((None, None, None)));
        let raw = errors::raw_message_delivery(SetBy::Subscribe, "x");
        assert_eq!(read(&[("RawMessageDelivery", "x")]), Err(raw));
        for name in ["RedrivePolicy", "DeliveryPolicy", "SubscriptionRoleArn", "ReplayPolicy", "Colour"] {
            assert_eq!(read(&[(name, "{}")]).unwrap_err().kind, ErrorKind::InvalidParameter, "{name}");
        }
        assert_eq!(Attribute::parse(SetBy::Set, "Colour", ""), Err(errors::attribute_name()));
    }
}
