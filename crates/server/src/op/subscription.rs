//! Subscriptions: made, looked at, changed, ended (sns 4).

use super::account::{next_token, token};
use super::subscription_attributes::{Attribute, Holder, Kept, TextAttribute, Wishes};
use super::{
    Answered, Call, confirmation, delivery_policy, done, filter, subscriber, subscription_attributes,
};
use crate::reject::Refused;
use postrider_core::command::{AskTopic, Given, Presence, Subscribe as Command};
use postrider_core::event::{ReplayStated, SubscriptionStated};
use postrider_core::id::Uuid;
use postrider_core::reply::{Confirmed, More};
use postrider_core::topic::filter::Scope;
use postrider_core::topic::retry::{Effective, TopicPolicy};
use postrider_core::topic::subscription::{Change, Filter, Meaning, Protocol, Standing};
use postrider_core::{Arn, Command as Ask, Reply};
use postrider_wire::Output;
use postrider_wire::envelope::ConfirmationKind;
use postrider_wire::error::ErrorKind;
use postrider_wire::error::sns::{self as errors, SetBy};
use postrider_wire::sns::{
    AttributesOutput, ListSubscriptionsByTopic, ListSubscriptionsOutput, PENDING_CONFIRMATION,
    PENDING_CONFIRMATION_LISTED, SetSubscriptionAttributes, Subscribe, SubscribeOutput, Subscription,
};
use std::sync::Arc;

pub(super) async fn subscribe<'r>(call: &Call<'_, 'r>, asked: &Subscribe<'_>) -> Answered<'r> {
    let command = wanted(call, asked).await?;
    let reply = call.topic(AskTopic::Subscribe(Box::new(command))).await?;
    let Reply::Subscribed(id, confirmed) = reply else { return Err(call.defect()) };
    let subscription_arn = match confirmed {
        Confirmed::NotYet if !asked.return_subscription_arn.unwrap_or(false) => PENDING_CONFIRMATION.into(),
        Confirmed::NotYet | Confirmed::Yes => format!("{}:{id}", call.subject.arn).into(),
    };
    call.ok(&Output::Subscribe(SubscribeOutput { subscription_arn }))
}

async fn wanted(call: &Call<'_, '_>, asked: &Subscribe<'_>) -> Result<Command, Refused> {
    let (by, topic) = (SetBy::Subscribe, &call.subject.arn);
    let text = asked.endpoint.as_deref().unwrap_or_default();
    let endpoint = subscriber::endpoint(topic, &asked.protocol, text, &call.context.egress)?;
    let wishes = Wishes::read(asked.attributes.as_deref().unwrap_or_default())?;
    let form = wishes.form.unwrap_or_default();
    subscription_attributes::check_form(by, form, &endpoint)?;
    let account = call.caller.account();
    let holder = Holder { topic, endpoint: &endpoint, owner: account.as_str(), form };
    let texts = wishes.texts.iter().map(|(attribute, value)| {
        Ok((*attribute, subscription_attributes::kept(by, *attribute, value, holder)?))
    });
    let texts = texts.collect::<Result<Vec<(TextAttribute, Kept)>, Refused>>()?;
    let has_role = texts.iter().any(|(attribute, _)| *attribute == TextAttribute::Role);
    if endpoint.protocol() == Protocol::Firehose && !has_role {
        return Err(errors::subscription_role_missing().into());
    }
    let has_to_confirm = subscriber::has_to_confirm(call, &endpoint);
    let mut wanted = SubscriptionStated {
        form,
        filter: filter::filter(
            by,
            wishes.filter.unwrap_or_default(),
            wishes.scope.unwrap_or(Scope::MessageAttributes),
        )?,
        ..SubscriptionStated::wanted(endpoint, account.as_str(), &call.caller.principal().arn())
    };
    let mut replay = None;
    let given = Given {
        form: presence(wishes.form.as_ref()),
        filter: presence(wishes.filter.as_ref()),
        texts: texts.iter().map(|(attribute, _)| attribute.name().into()).collect(),
    };
    for (attribute, Kept { text, meaning }) in texts {
        wanted.attributes.extend(text.map(|text| (attribute.name().into(), text)));
        match meaning {
            Meaning::None => {}
            Meaning::Delivery(policy) => wanted.delivery = policy,
            Meaning::DeadLetter(target) => wanted.dead_letter = target,
            Meaning::Replay(span) => replay = span,
        }
    }
    let filters_elsewhere = filters_elsewhere(call, wanted.filter.as_deref()).await?;
    let mut notice = None;
    if has_to_confirm {
        wanted.standing = Standing::Pending(postrider_core::Timestamp::ZERO);
        notice = Some(confirmation::notice(call, ConfirmationKind::Subscription).await?);
    }
    Ok(Command { wanted, given, notice, replay, filters_elsewhere })
}

/// Filter policies that the topic's account has in shards other than the topic's: what matters for a new one, so nobody
/// is asked without a policy. Meanwhile others may come in, so a few at the same time may go over the limit.
async fn filters_elsewhere(call: &Call<'_, '_>, new: Option<&Filter>) -> Result<usize, Refused> {
    if !new.is_some_and(Filter::is_policy) {
        return Ok(0);
    }
    let (topic, shards) = (&call.subject.arn, call.context.node.shards());
    let own = topic.shard(u16::try_from(shards.len()).map_err(|_| call.defect())?);
    let mut count = 0;
    for shard in shards.iter().filter(|shard| shard.index() != own) {
        let answer = shard.ask(Ask::CountFilters { account: topic.account().into() }).await?;
        let Ok(Reply::Count(found)) = answer.result else { return Err(call.defect()) };
        count += found;
    }
    Ok(count)
}

fn presence<T>(given: Option<&T>) -> Presence {
    if given.is_some() { Presence::Present } else { Presence::Absent }
}

/// The subscription that the call is about, and how far its replay is; a missing topic has none.
async fn find(
    call: &Call<'_, '_>,
    id: Uuid,
) -> Result<(Arc<SubscriptionStated>, Option<ReplayStated>), Refused> {
    let reply = call.topic(AskTopic::Subscription(id)).await.map_err(missing)?;
    let Reply::Subscription(stated, replay) = reply else { return Err(call.defect()) };
    Ok((stated, replay))
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
    let (stated, replay) = find(call, id).await?;
    let effective = match stated.endpoint.protocol() {
        Protocol::Http | Protocol::Https => Some(effective(call, &stated).await?),
        Protocol::Sqs
        | Protocol::Email
        | Protocol::EmailJson
        | Protocol::Sms
        | Protocol::Application
        | Protocol::Lambda
        | Protocol::Firehose => None,
    };
    let topic = call.subject.arn.as_str();
    let attributes = subscription_attributes::shown(&arn, topic, &stated, effective.as_ref(), replay);
    call.ok(&Output::GetSubscriptionAttributes(AttributesOutput { attributes }))
}

/// What the delivery policies of server, topic and subscription come to.
async fn effective(call: &Call<'_, '_>, stated: &SubscriptionStated) -> Result<Effective, Refused> {
    let Reply::Topic(view) = call.topic(AskTopic::View).await.map_err(missing)? else {
        return Err(call.defect());
    };
    let of_topic = match view.attributes.get("DeliveryPolicy") {
        Some(text) => delivery_policy::topic(text).map_err(|_| call.defect())?.policy,
        None => TopicPolicy::default(),
    };
    Ok(Effective::of(call.context.retries, &of_topic, &stated.delivery, stated.form))
}

pub(super) async fn set_attribute<'r>(
    call: &Call<'_, 'r>,
    asked: &SetSubscriptionAttributes<'_>,
) -> Answered<'r> {
    let by = SetBy::Set;
    let (_, id) = named(call)?;
    let value = asked.attribute_value.as_deref().unwrap_or_default();
    let attribute = Attribute::parse(by, &asked.attribute_name)?;
    let (now, _) = find(call, id).await?;
    let change = match attribute {
        Attribute::Form => {
            let form = subscription_attributes::form(by, value)?;
            subscription_attributes::check_form(by, form, &now.endpoint)?;
            Change::Form(form)
        }
        Attribute::Filter => {
            let filter = filter::filter(by, value, current_scope(now.filter.as_deref()))?;
            let is_new = !now.filter.as_deref().is_some_and(Filter::is_policy);
            let new = filter.as_deref().filter(|_| is_new);
            Change::Filter { elsewhere: filters_elsewhere(call, new).await?, filter }
        }
        Attribute::Scope => {
            let scope = filter::scope(by, value)?;
            let text = now.filter.as_deref().map_or("", |filter| &filter.text);
            Change::Filter { filter: filter::filter(by, text, scope)?, elsewhere: 0 }
        }
        Attribute::Text(attribute) => {
            let topic = &call.subject.arn;
            let holder = Holder { topic, endpoint: &now.endpoint, owner: &now.owner, form: now.form };
            let Kept { text, meaning } = subscription_attributes::kept(by, attribute, value, holder)?;
            Change::Attribute { name: attribute.name().into(), text, meaning }
        }
    };
    done(&call.topic(AskTopic::SetSubscription(id, change)).await.map_err(missing)?, call)?;
    call.ok(&Output::SetSubscriptionAttributes)
}

fn current_scope(filter: Option<&Filter>) -> Scope {
    filter.map_or(Scope::MessageAttributes, |filter| filter.scope)
}

/// Ending what is not there is done at once. Who does not sign came by the link in a message: the endpoint is told, and
/// may take it back.
pub(super) async fn unsubscribe<'r>(call: &Call<'_, 'r>) -> Answered<'r> {
    let (_, id) = named(call)?;
    let notice = if call.is_signed() {
        None
    } else {
        Some(Box::new(confirmation::notice(call, ConfirmationKind::Unsubscribe).await?))
    };
    match call.topic(AskTopic::Unsubscribe(id, notice)).await {
        Ok(reply) => done(&reply, call)?,
        Err(Refused::Because(error)) if error.kind == ErrorKind::NotFound => {}
        Err(refused) => return Err(refused),
    }
    call.ok(&Output::Unsubscribe)
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
    let subscription_arn = match stated.standing {
        Standing::Pending(_) => PENDING_CONFIRMATION_LISTED.into(),
        Standing::Confirmed(_) | Standing::Ended(_) => format!("{topic}:{}", stated.id).into(),
    };
    Subscription {
        owner: (&*stated.owner).into(),
        protocol: stated.endpoint.protocol().as_str().into(),
        endpoint: stated.endpoint.address().into(),
        subscription_arn,
        topic_arn: topic.as_str().into(),
    }
}
