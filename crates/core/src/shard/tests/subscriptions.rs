//! The life of subscriptions: asked for, confirmed, ended, restored, forgotten.

use super::hub::{Hub, token, topic, web};
use super::{payload, queue, wanted};
use crate::command::{AskTopic, Command, Notice, Outcome, Page, Subscribe, TopicMeaning};
use crate::event::{Occasion, SubscriptionStated};
use crate::id::Uuid;
use crate::reply::{Confirmed, Content, Reply};
use crate::shard::{Bounds, Config};
use crate::topic::filter::{Policy, Scope, Value};
use crate::topic::subscription::{
    Change, Confirmation, Endpoint, Filter, Form, Meaning, Protocol, Standing, Token,
};
use crate::{Arn, Rejection, Timestamp, limits};
use std::sync::Arc;

fn hub() -> (Hub, Arn) {
    let mut hub = Hub::new(Config::default());
    let arn = topic("news");
    hub.create_topic(&arn, &[], TopicMeaning::default());
    (hub, arn)
}

fn confirm(hub: &mut Hub, token: Token, by: Confirmation) -> Result<(Arn, Uuid), Rejection> {
    let reply = hub.run_at(0, Command::Confirm { token, by })?;
    let Reply::Confirmed(arn, id) = reply else { panic!("{reply:?}") };
    Ok((arn, id))
}

fn counts(hub: &mut Hub, arn: &Arn) -> (usize, usize, u64) {
    let view = hub.view(arn);
    (view.subscriptions, view.subscriptions_pending, view.subscriptions_deleted)
}

fn link(token: Token) -> Option<Box<Notice>> {
    Some(Box::new(Notice { payload: payload("left"), token }))
}

fn listed(hub: &mut Hub, arn: &Arn) -> Vec<Uuid> {
    let one = hub.ask_topic(arn, AskTopic::ListSubscriptions(None)).unwrap();
    let page = Page { prefix: "arn:aws:sns:".into(), after: None, max: 100 };
    let all = hub.run(arn, Command::ListSubscriptions(page)).unwrap();
    let ids = |reply| {
        let Reply::Subscriptions(found, _) = reply else { panic!("{reply:?}") };
        found.into_iter().map(|(_, stated)| stated.id).collect::<Vec<_>>()
    };
    let (one, all) = (ids(one), ids(all));
    assert_eq!(one, all);
    one
}

const DAY_MS: u64 = 86_400_000;

#[test]
fn an_endpoint_gets_nothing_but_the_question_until_it_confirms() {
    let (mut hub, arn) = hub();
    let (id, confirmed) = hub.pending(&arn, web(), token(0, 1)).unwrap();
    assert_eq!((confirmed, counts(&mut hub, &arn)), (Confirmed::NotYet, (0, 1, 0)));
    hub.say(&arn, "nobody gets this");
    hub.restart();
    let asked = hub.claim(&arn);
    assert_eq!((asked.len(), asked[0].published.occasion), (1, Occasion::Notice));
    assert_eq!(asked[0].body.resident.as_deref(), Some(&b"confirm"[..]));
    hub.report(&arn, &asked, Outcome::Delivered);
    assert_eq!(confirm(&mut hub, token(0, 9), Confirmation::Link), Err(Rejection::TokenUnknown));
    assert!(matches!(hub.run_at(0, Command::Knows(token(0, 9))), Err(Rejection::TokenUnknown)));
    assert!(matches!(hub.run_at(0, Command::Knows(token(0, 1))), Ok(Reply::Done)));
    assert_eq!(counts(&mut hub, &arn), (0, 1, 0), "to ask confirms nothing");
    assert_eq!(confirm(&mut hub, token(0, 1), Confirmation::Link), Ok((arn.clone(), id)));
    assert_eq!(confirm(&mut hub, token(0, 1), Confirmation::Link), Ok((arn.clone(), id)), "and once more");
    hub.restart();
    assert_eq!(confirm(&mut hub, token(0, 1), Confirmation::Authenticated), Ok((arn.clone(), id)));
    let standing = hub.stated(&arn, id).unwrap().standing;
    assert_eq!(standing, Standing::Confirmed(Confirmation::Link), "as it was confirmed first");
    assert_eq!(counts(&mut hub, &arn), (1, 0, 0));
    hub.say(&arn, "x");
    assert_eq!(hub.claim(&arn)[0].published.occasion, Occasion::Published);
    hub.pass(10 * DAY_MS);
    assert_eq!(counts(&mut hub, &arn), (1, 0, 0), "what is confirmed stays");
    let again = hub.pending(&arn, web(), token(0, 2)).unwrap();
    assert_eq!(again, (id, Confirmed::Yes), "and is not asked again");
    assert_eq!(confirm(&mut hub, token(0, 2), Confirmation::Link), Err(Rejection::TokenUnknown));
}

#[test]
fn what_nobody_confirms_is_gone_after_three_days_by_time_alone() {
    let (mut hub, arn) = hub();
    let (id, _) = hub.pending(&arn, web(), token(0, 1)).unwrap();
    hub.pass(3 * DAY_MS - 1);
    assert!(hub.stated(&arn, id).is_ok());
    assert_eq!(hub.shards[0].shard.due(), Some(hub.now + 1));
    let entries = hub.shards[0].log.len();
    hub.pass(1);
    assert_eq!(hub.stated(&arn, id), Err(Rejection::SubscriptionDoesNotExist));
    assert_eq!(confirm(&mut hub, token(0, 1), Confirmation::Link), Err(Rejection::TokenUnknown));
    assert_eq!(hub.shards[0].log.len(), entries, "nothing is written");
    assert_eq!((counts(&mut hub, &arn), hub.shards[0].shard.due_count()), ((0, 0, 0), 0));
    hub.restart();
    let (other, _) = hub.pending(&arn, web(), token(0, 2)).unwrap();
    assert_ne!(id, other);
}

/// The question and the subscription may be stated again in entries of their own. Whatever is trimmed first, nothing is
/// left of a subscription that is over.
#[test]
fn the_question_does_not_outlive_the_subscription_in_the_log() {
    let (mut hub, arn) = hub();
    hub.pending(&arn, web(), token(0, 1)).unwrap();
    let logged = &mut hub.shards[0];
    for _ in 0..2 {
        // Every statement of the first entries gets an entry of its own.
        logged.slice(logged.log.len() - logged.log.len() % 2);
        logged.trim(usize::MAX);
    }
    hub.pass(3 * DAY_MS);
    for _ in 0..hub.shards[0].log.len() {
        hub.shards[0].compact(1);
        hub.shards[0].check(super::logged::Restart::No);
    }
}

#[test]
fn asking_once_more_gives_another_token_and_time_and_four_count() {
    let (mut hub, arn) = hub();
    let (id, _) = hub.pending(&arn, web(), token(0, 0)).unwrap();
    for number in 1..=5 {
        hub.pass(DAY_MS);
        assert_eq!(hub.pending(&arn, web(), token(0, number)).unwrap(), (id, Confirmed::NotYet));
    }
    hub.restart();
    let stated = hub.stated(&arn, id).unwrap();
    assert_eq!(stated.tokens, [2, 3, 4, 5].map(|number| token(0, number)));
    assert_eq!(hub.home(&arn).shard.due_count(), 6, "it is asked each time");
    for old in [0, 1] {
        assert_eq!(confirm(&mut hub, token(0, old), Confirmation::Link), Err(Rejection::TokenUnknown));
    }
    hub.pass(3 * DAY_MS - 1);
    assert_eq!(confirm(&mut hub, token(0, 2), Confirmation::Authenticated), Ok((arn.clone(), id)));
    // Whoever may subscribe without being asked, confirms by that.
    let other = Endpoint::Other(Protocol::Http, "http://other/".into());
    let (pending, _) = hub.pending(&arn, other.clone(), token(0, 7)).unwrap();
    let before = hub.shards[0].log.len();
    let standing = Standing::Pending(Timestamp::ZERO);
    let asked = SubscriptionStated { standing, ..wanted(other.clone()) };
    let again = hub.subscribe(&arn, Subscribe::new(asked)).unwrap();
    assert_eq!((again, hub.shards[0].log.len()), ((pending, Confirmed::NotYet), before));
    // Whoever need not confirm has confirmed by subscribing: the owner of a queue, after the owner of the topic.
    let again = hub.subscribe(&arn, Subscribe::new(wanted(other))).unwrap();
    assert_eq!(again, (pending, Confirmed::Yes));
    hub.restart();
    assert!(matches!(hub.stated(&arn, pending).unwrap().standing, Standing::Confirmed(_)));
}

#[test]
fn the_attributes_that_are_given_must_agree_also_while_it_is_pending() {
    let (mut hub, arn) = hub();
    hub.pending(&arn, web(), token(0, 1)).unwrap();
    let next = SubscriptionStated { form: Form::Raw, ..wanted(web()) };
    let mut asked = Subscribe { notice: link(token(0, 2)).map(|notice| *notice), ..Subscribe::new(next) };
    assert!(hub.subscribe(&arn, asked.clone()).is_ok(), "not given is not compared");
    asked.given.form = crate::command::Presence::Present;
    assert_eq!(hub.subscribe(&arn, asked.clone()), Err(Rejection::SubscriptionAttributesDiffer));
    asked.given.form = crate::command::Presence::Absent;
    asked.given.texts = vec!["RedrivePolicy".into()];
    assert!(hub.subscribe(&arn, asked.clone()).is_ok(), "neither has it");
    asked.wanted.attributes.insert("RedrivePolicy".into(), "{}".into());
    assert_eq!(hub.subscribe(&arn, asked), Err(Rejection::SubscriptionAttributesDiffer));
}

#[test]
fn who_leaves_by_the_link_may_come_back_by_the_link() {
    let (mut hub, arn) = hub();
    let (id, _) = hub.pending(&arn, web(), token(0, 1)).unwrap();
    let pending = hub.ask_topic(&arn, AskTopic::Unsubscribe(id, None));
    assert_eq!(pending.unwrap_err(), Rejection::SubscriptionPending);
    confirm(&mut hub, token(0, 1), Confirmation::Link).unwrap();
    let question = hub.claim(&arn);
    hub.report(&arn, &question, Outcome::Delivered);
    hub.say(&arn, "x");
    hub.ask_topic(&arn, AskTopic::Unsubscribe(id, link(token(0, 2)))).unwrap();
    hub.restart();
    assert_eq!((listed(&mut hub, &arn), counts(&mut hub, &arn)), (vec![], (0, 0, 1)));
    assert_eq!(hub.stated(&arn, id), Err(Rejection::SubscriptionDoesNotExist));
    let form = AskTopic::SetSubscription(id, Change::Form(Form::Raw));
    assert_eq!(hub.ask_topic(&arn, form).unwrap_err(), Rejection::SubscriptionDoesNotExist);
    let told = hub.claim(&arn);
    assert_eq!((told.len(), told[0].published.occasion), (1, Occasion::Notice), "only that it left");
    hub.say(&arn, "y");
    assert_eq!(hub.claim(&arn).len(), 0);
    assert_eq!(confirm(&mut hub, token(0, 1), Confirmation::Link), Err(Rejection::TokenUnknown));
    assert_eq!(confirm(&mut hub, token(0, 2), Confirmation::Link), Ok((arn.clone(), id)));
    hub.restart();
    assert_eq!((listed(&mut hub, &arn), counts(&mut hub, &arn)), (vec![id], (1, 0, 1)));
    assert_eq!(hub.subscribe(&arn, Subscribe::new(wanted(web()))).unwrap().0, id);
    hub.say(&arn, "z");
    assert_eq!(hub.claim(&arn).last().unwrap().published.occasion, Occasion::Published);
    // Leaving twice is leaving once, and leaving is forgotten with its token.
    hub.ask_topic(&arn, AskTopic::Unsubscribe(id, link(token(0, 3)))).unwrap();
    hub.ask_topic(&arn, AskTopic::Unsubscribe(id, link(token(0, 4)))).unwrap();
    hub.ask_topic(&arn, AskTopic::Unsubscribe(id, None)).unwrap();
    assert_eq!(counts(&mut hub, &arn), (0, 0, 2));
    hub.pass(3 * DAY_MS);
    assert_eq!(confirm(&mut hub, token(0, 3), Confirmation::Link), Err(Rejection::TokenUnknown));
    hub.restart();
    assert_eq!(hub.shards[0].shard.due_count(), 0);
}

#[test]
fn an_endpoint_that_was_subscribed_anew_does_not_come_back_as_the_old_one() {
    let (mut hub, arn) = hub();
    let (id, _) = hub.pending(&arn, web(), token(0, 1)).unwrap();
    confirm(&mut hub, token(0, 1), Confirmation::Link).unwrap();
    hub.ask_topic(&arn, AskTopic::Unsubscribe(id, link(token(0, 2)))).unwrap();
    let (other, _) = hub.pending(&arn, web(), token(0, 3)).unwrap();
    assert_ne!(id, other);
    hub.restart();
    assert_eq!(confirm(&mut hub, token(0, 2), Confirmation::Link), Err(Rejection::TokenUnknown));
    assert_eq!(confirm(&mut hub, token(0, 3), Confirmation::Link), Ok((arn.clone(), other)));
    hub.pass(3 * DAY_MS);
    hub.restart();
    assert_eq!(listed(&mut hub, &arn), [other]);
    assert_eq!(hub.pending(&arn, web(), token(0, 4)).unwrap().0, other);
}

#[test]
fn who_confirmed_with_a_signature_leaves_only_so() {
    let (mut hub, arn) = hub();
    let (id, _) = hub.pending(&arn, web(), token(0, 1)).unwrap();
    confirm(&mut hub, token(0, 1), Confirmation::Authenticated).unwrap();
    let leave = AskTopic::Unsubscribe(id, link(token(0, 2)));
    assert_eq!(hub.ask_topic(&arn, leave).unwrap_err(), Rejection::UnsubscribeNotAuthenticated);
    let of_queue = hub.subscribed(&arn, Endpoint::Queue(queue("q")), |_| {});
    let leave = AskTopic::Unsubscribe(of_queue, link(token(0, 2)));
    assert_eq!(hub.ask_topic(&arn, leave).unwrap_err(), Rejection::UnsubscribeNotAuthenticated);
    hub.ask_topic(&arn, AskTopic::Unsubscribe(id, None)).unwrap();
    hub.ask_topic(&arn, AskTopic::Unsubscribe(id, None)).unwrap();
    hub.ask_topic(&arn, AskTopic::Unsubscribe(Uuid(5), link(token(0, 2)))).unwrap();
    assert_eq!(counts(&mut hub, &arn), (1, 0, 1));
    assert_eq!(confirm(&mut hub, token(0, 1), Confirmation::Link), Err(Rejection::TokenUnknown));
}

/// The queue of another account gets the question as a message, here and in another shard; a queue that is not there
/// gets none.
#[test]
fn a_queue_may_have_to_confirm() {
    let mut hub = Hub::pair(&Config::default());
    let arn = hub.topic_at(0, "");
    hub.create_topic(&arn, &[], TopicMeaning::default());
    for (number, shard) in [(1, 0), (2, 1)] {
        let name = hub.name_at(shard, "q", "");
        hub.create_queue(&name, vec![]);
        let (id, _) = hub.pending(&arn, Endpoint::Queue(queue(&name)), token(0, number)).unwrap();
        hub.say(&arn, "not yet");
        hub.exchange();
        hub.restart();
        assert_eq!(hub.bodies(&name), ["confirm"]);
        let Content::Copy { published, subscription, .. } = &hub.peek(&name)[0].content else { panic!() };
        assert_eq!((published.occasion, *subscription), (Occasion::Notice, id));
        confirm(&mut hub, token(0, number), Confirmation::Authenticated).unwrap();
        hub.say(&arn, "now");
        hub.exchange();
        assert_eq!(hub.bodies(&name), ["confirm", "now"]);
        let gone = hub.name_at(shard, "gone", "");
        hub.pending(&arn, Endpoint::Queue(queue(&gone)), token(0, 10 + number)).unwrap();
        hub.exchange();
        hub.restart();
    }
    assert_eq!((hub.dropped, counts(&mut hub, &arn)), (0, (2, 2, 0)));
}

#[test]
fn an_account_has_at_most_5_000_pending() {
    let (mut hub, arn) = hub();
    let other = topic("more");
    hub.create_topic(&other, &[], TopicMeaning::default());
    let at = |n: usize| Endpoint::Other(Protocol::Http, format!("http://e{n}/").into());
    let shard = &mut hub.shards[0].shard;
    let topic = shard.topic_by_name(&other).unwrap().id;
    let since = hub.now;
    // Made by hand: asking for each would take a second.
    let pending = |n: usize| {
        let stated = SubscriptionStated {
            topic,
            id: Uuid(n as u128),
            standing: Standing::Pending(since),
            ..wanted(at(n))
        };
        crate::Event::Subscription(Box::new(stated))
    };
    hub.shards[0].append((1..limits::PENDING_MAX).map(pending).collect());
    hub.pending(&arn, web(), token(0, 1)).unwrap();
    assert_eq!(hub.pending(&arn, at(0), token(0, 2)), Err(Rejection::TooManyPending));
    assert!(hub.pending(&arn, web(), token(0, 3)).is_ok(), "one that is there is asked again");
    assert!(hub.subscribe(&arn, Subscribe::new(wanted(at(0)))).is_ok(), "confirmed ones do not count");
    hub.pass(3 * DAY_MS);
    assert!(hub.pending(&arn, at(9), token(0, 4)).is_ok());
}

#[test]
fn a_topic_has_as_many_subscriptions_and_filters_as_it_is_allowed() {
    let bounds = Bounds { subscriptions_per_topic: 3, filters_per_topic: 1, ..Bounds::default() };
    let mut hub = Hub::new(Config { bounds, ..Config::default() });
    let arn = topic("news");
    hub.create_topic(&arn, &[], TopicMeaning::default());
    let kinds = Value::Array(vec![Value::String("x".into())]);
    let scope = Scope::MessageAttributes;
    let policy = Policy::compile(&Value::Object(vec![("kind".into(), kinds)]), scope).unwrap();
    let filter = Some(Arc::new(Filter { text: "{}".into(), scope, policy }));
    let at = |name: &str| wanted(Endpoint::Queue(queue(name)));
    let filtered = |name| SubscriptionStated { filter: filter.clone(), ..at(name) };
    let first = hub.subscribe(&arn, Subscribe::new(filtered("a"))).unwrap().0;
    let second = hub.subscribe(&arn, Subscribe::new(filtered("b")));
    assert_eq!(second, Err(Rejection::TooManyFilterPolicies));
    hub.subscribe(&arn, Subscribe::new(at("b"))).unwrap();
    hub.pending(&arn, web(), token(0, 1)).unwrap();
    let more = hub.subscribe(&arn, Subscribe::new(at("c")));
    assert_eq!(more, Err(Rejection::TooManySubscriptions), "pending ones count");
    hub.ask_topic(&arn, AskTopic::Unsubscribe(first, None)).unwrap();
    hub.subscribe(&arn, Subscribe::new(filtered("c"))).unwrap();
}

#[test]
fn few_may_subscribe_to_a_fifo_topic_and_to_one_with_large_messages() {
    let mut hub = Hub::new(Config::default());
    let large = [("MaximumMessageSize", "262145")];
    for (arn, attributes) in [(topic("t.fifo"), &[][..]), (topic("large"), &large[..])] {
        hub.create_topic(&arn, attributes, TopicMeaning::default());
        for n in 0..limits::FEW_SUBSCRIPTIONS_MAX {
            hub.subscribed(&arn, Endpoint::Queue(queue(&format!("q{n}"))), |_| {});
        }
        let more = hub.subscribe(&arn, Subscribe::new(wanted(Endpoint::Queue(queue("more")))));
        assert_eq!(more, Err(Rejection::TooManySubscriptions));
    }
}

#[test]
fn large_messages_are_for_queues_and_functions() {
    let (mut hub, arn) = hub();
    let resize =
        |size: &str| AskTopic::Set("MaximumMessageSize".into(), Some(size.into()), TopicMeaning::default());
    let web = hub.subscribed(&arn, web(), |_| {});
    hub.subscribed(&arn, Endpoint::Other(Protocol::Lambda, "arn".into()), |_| {});
    hub.ask_topic(&arn, resize("262144")).unwrap();
    let refused = hub.ask_topic(&arn, resize("262145"));
    assert_eq!(refused.unwrap_err(), Rejection::LargeMessagesNotSupported);
    hub.ask_topic(&arn, AskTopic::Unsubscribe(web, None)).unwrap();
    hub.ask_topic(&arn, resize("1048576")).unwrap();
    for protocol in Protocol::ALL {
        let other = Endpoint::Other(protocol, "there".into());
        let endpoint = if protocol == Protocol::Sqs { Endpoint::Queue(queue("q")) } else { other };
        let takes = matches!(protocol, Protocol::Sqs | Protocol::Lambda | Protocol::Firehose);
        let subscribed = hub.subscribe(&arn, Subscribe::new(wanted(endpoint)));
        assert_eq!(subscribed.is_ok(), takes, "{protocol:?}: {subscribed:?}");
    }
    for n in 4..limits::FEW_SUBSCRIPTIONS_MAX {
        hub.subscribed(&arn, Endpoint::Queue(queue(&format!("q{n}"))), |_| {});
    }
    hub.ask_topic(&arn, resize("1024")).unwrap();
    hub.subscribed(&arn, Endpoint::Queue(queue("one-too-many")), |_| {});
    let refused = hub.ask_topic(&arn, resize("1048576"));
    assert_eq!(refused.unwrap_err(), Rejection::LargeMessagesNotSupported);
}

#[test]
fn attributes_that_are_shown_as_texts_are_set_and_removed() {
    let (mut hub, arn) = hub();
    let id = hub.subscribed(&arn, web(), |_| {});
    let set = |text: Option<&str>, target: Option<Arn>| {
        let (name, text) = ("RedrivePolicy".into(), text.map(Into::into));
        AskTopic::SetSubscription(id, Change::Attribute { name, text, meaning: Meaning::DeadLetter(target) })
    };
    hub.ask_topic(&arn, set(Some("{1}"), Some(queue("dead")))).unwrap();
    hub.restart();
    let stated = hub.stated(&arn, id).unwrap();
    assert_eq!(stated.attributes.get("RedrivePolicy").map(|text| &**text), Some("{1}"));
    assert_eq!(stated.dead_letter, Some(queue("dead")));
    hub.ask_topic(&arn, set(None, None)).unwrap();
    let stated = hub.stated(&arn, id).unwrap();
    assert_eq!((stated.attributes.len(), &stated.dead_letter), (0, &None));
    assert_eq!(stated.standing, Standing::Confirmed(Confirmation::Authenticated));
    let nobody = AskTopic::SetSubscription(Uuid(1), Change::Form(Form::Raw));
    assert_eq!(hub.ask_topic(&arn, nobody).unwrap_err(), Rejection::SubscriptionDoesNotExist);
}
