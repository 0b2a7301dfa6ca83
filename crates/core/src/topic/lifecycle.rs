//! The life of a subscription: it is asked for, confirmed, changed, ended, and perhaps taken up again (sns 4, 9).
//!
//! An endpoint that has to agree gets a notice with a token, and whoever shows that token confirms. Who leaves by the link
//! in a message gets a notice, too, and its token brings him back. A notice is a publication with one
//! delivery.

use super::subscription::{Change, Confirmation, Endpoint, Meaning, Protocol, Span, Standing, Token};
use super::{Stated, Topic, has_policy};
use crate::command::{Notice, Presence, Subscribe};
use crate::event::{
    DueStated, Event, Occasion, PublicationStated, ReplayStated, ReplayStatus, SubscriptionStated,
};
use crate::id::{Ids, PublicationId, Revision, Uuid};
use crate::outbox::Published;
use crate::reply::{Confirmed, Reply};
use crate::shard::{Decided, Placing, Shard};
use crate::topic::subscription::{Form, Rendition};
use crate::{Rejection, limits};

impl Shard {
    /// Decides a Subscribe. The same endpoint again is the same subscription, if the attributes that were given agree
    /// (sns 4); if it was not confirmed yet, it is asked once more.
    pub(crate) fn subscribe(
        &self,
        topic: &Topic,
        stated: &Stated,
        asked: Subscribe,
        ids: &mut Ids,
    ) -> Result<Decided, Rejection> {
        let Subscribe { mut wanted, given, notice, replay, filters_elsewhere } = asked;
        if let Some(there) = topic.subscribed(&wanted.endpoint) {
            let there = &there.stated;
            let form = given.form == Presence::Absent || there.form == wanted.form;
            let filter = given.filter == Presence::Absent || there.filter == wanted.filter;
            let same = |name: &str| there.attributes.get(name) == wanted.attributes.get(name);
            if !(form && filter && given.texts.iter().all(|name| same(name))) {
                return Err(Rejection::SubscriptionAttributesDiffer);
            }
            return Ok(match (there.standing, notice) {
                (Standing::Pending(_), Some(notice)) => {
                    self.ask_endpoint(stated, SubscriptionStated::clone(there), notice, ids)
                }
                (Standing::Pending(_), None) => match wanted.standing {
                    // Whoever subscribes now does not have to confirm: the owner of the queue.
                    Standing::Confirmed(_) => {
                        let mut next = SubscriptionStated::clone(there);
                        next.standing = wanted.standing;
                        let reply = Reply::Subscribed(next.id, Confirmed::Yes);
                        Decided::one(Event::Subscription(Box::new(next)), reply)
                    }
                    Standing::Pending(_) | Standing::Ended(_) => {
                        Decided::nothing(Reply::Subscribed(there.id, Confirmed::NotYet))
                    }
                },
                (Standing::Confirmed(_) | Standing::Ended(_), _) => {
                    Decided::nothing(Reply::Subscribed(there.id, Confirmed::Yes))
                }
            });
        }
        self.admit(topic, stated, &wanted, filters_elsewhere)?;
        (wanted.topic, wanted.id) = (topic.id, ids.uuid());
        wanted.tokens.clear();
        let replay = replay.map(|span| self.start_replay(topic, stated, wanted.id, span)).transpose()?;
        let mut decided = match notice {
            Some(notice) => self.ask_endpoint(stated, wanted, notice, ids),
            None => {
                let reply = Reply::Subscribed(wanted.id, Confirmed::Yes);
                Decided::one(Event::Subscription(Box::new(wanted)), reply)
            }
        };
        decided.events.extend(replay);
        Ok(decided)
    }

    /// May the topic have this subscription besides those that it has? `filters_elsewhere` is what its account has of
    /// filter policies in other shards.
    fn admit(
        &self,
        topic: &Topic,
        stated: &Stated,
        wanted: &SubscriptionStated,
        filters_elsewhere: usize,
    ) -> Result<(), Rejection> {
        let few = stated.fifo.is_some() || large(stated.message_bytes_max);
        let most =
            if few { limits::FEW_SUBSCRIPTIONS_MAX } else { self.config.bounds.subscriptions_per_topic };
        if large(stated.message_bytes_max) && !takes_large(wanted.endpoint.protocol()) {
            return Err(Rejection::LargeMessagesNotSupported);
        }
        if topic.len() >= most {
            return Err(Rejection::TooManySubscriptions);
        }
        if matches!(wanted.standing, Standing::Pending(_))
            && self.pending_of(&wanted.owner) >= limits::PENDING_MAX
        {
            return Err(Rejection::TooManyPending);
        }
        if has_policy(wanted) { self.admits_filter(topic, stated, filters_elsewhere) } else { Ok(()) }
    }

    /// May the topic, and its account, have one more filter policy?
    fn admits_filter(&self, topic: &Topic, stated: &Stated, elsewhere: usize) -> Result<(), Rejection> {
        let bounds = &self.config.bounds;
        let of_account = self.filters_of(stated.arn.account()).saturating_add(elsewhere);
        if topic.filters < bounds.filters_per_topic && of_account < bounds.filters_per_account {
            Ok(())
        } else {
            Err(Rejection::TooManyFilterPolicies)
        }
    }

    /// May the topic admit messages of this size, with the subscriptions that it has (sns 3)?
    pub(crate) fn admits_size(topic: &Topic, bytes_max: u32) -> bool {
        let suits = |endpoint: &Endpoint| takes_large(endpoint.protocol());
        !large(bytes_max)
            || topic.len() <= limits::FEW_SUBSCRIPTIONS_MAX && topic.by_endpoint.keys().all(suits)
    }

    /// Asks an endpoint to confirm, now for the first time or once more.
    fn ask_endpoint(
        &self,
        topic: &Stated,
        mut next: SubscriptionStated,
        notice: Notice,
        ids: &mut Ids,
    ) -> Decided {
        next.standing = Standing::Pending(self.now);
        remember(&mut next.tokens, notice.token);
        let reply = Reply::Subscribed(next.id, Confirmed::NotYet);
        let publication = self.notice(topic, &next, notice, ids);
        let mut decided = Decided::one(Event::Subscription(Box::new(next)), reply);
        decided.events.extend(publication);
        decided
    }

    /// The publication that brings a notice to an endpoint. None for a queue that is not to be had: nobody else could
    /// read it, and the subscriber may ask again.
    fn notice(
        &self,
        topic: &Stated,
        to: &SubscriptionStated,
        notice: Notice,
        ids: &mut Ids,
    ) -> Option<Event> {
        let published = Published {
            message_id: ids.uuid(),
            topic: topic.arn.clone(),
            published_at: self.now,
            group: None,
            fifo: None,
            occasion: Occasion::Notice,
        };
        let id = PublicationId(self.own.next_publication);
        let mut publication = PublicationStated::of(id, published, notice.payload);
        match &to.endpoint {
            Endpoint::Queue(queue) => {
                let mut placing = Placing::new(self);
                if self.holds(queue, 0) {
                    let copy = placing
                        .copy(&topic.arn, queue, (to.id, Rendition::of_queue(Form::Envelope)), None)
                        .ok()?;
                    publication.copies.extend(copy);
                } else {
                    let shard = queue.shard(self.config.shards);
                    publication.owed.push(placing.owe(
                        shard,
                        queue,
                        to.id,
                        Rendition::of_queue(Form::Envelope),
                    ));
                }
            }
            Endpoint::Other(..) => {
                publication.home = Some(to.topic);
                publication.due.push(DueStated { subscription: to.id, failures: 0, at: self.now });
            }
        }
        Some(Event::Publication(Box::new(publication)))
    }

    /// Decides a ConfirmSubscription. Who confirmed before is told the same again.
    pub(crate) fn confirm(&self, token: Token, by: Confirmation) -> Result<Decided, Rejection> {
        let (topic, stated, there) = self.known(token)?;
        let reply = Reply::Confirmed(stated.arn.clone(), there.id);
        match there.standing {
            Standing::Confirmed(_) => Ok(Decided::nothing(reply)),
            Standing::Pending(_) | Standing::Ended(_) => {
                if matches!(there.standing, Standing::Ended(_)) {
                    // Nobody asks other shards before a link is followed, so only filters of this one count.
                    self.admit(topic, stated, there, 0)?;
                }
                let mut next = SubscriptionStated::clone(there);
                next.standing = Standing::Confirmed(by);
                Ok(Decided::one(Event::Subscription(Box::new(next)), reply))
            }
        }
    }

    /// The subscription that a token is for, with its topic.
    pub(crate) fn known(&self, token: Token) -> Result<(&Topic, &Stated, &SubscriptionStated), Rejection> {
        let (topic, id) = self.tokens.get(&token).ok_or(Rejection::TokenUnknown)?;
        let topic = self.topics.get(topic).ok_or(Rejection::TokenUnknown)?;
        let stated = topic.stated.as_ref().ok_or(Rejection::TokenUnknown)?;
        let there: &SubscriptionStated = &topic.subscriptions.get(id).ok_or(Rejection::TokenUnknown)?.stated;
        match there.standing {
            // Whoever subscribed the endpoint again after it had left has asked for another subscription.
            Standing::Ended(_) if topic.subscribed(&there.endpoint).is_some() => Err(Rejection::TokenUnknown),
            Standing::Confirmed(_) | Standing::Pending(_) | Standing::Ended(_) => Ok((topic, stated, there)),
        }
    }

    /// Decides an Unsubscribe. What is not there is no error (sns 2).
    pub(crate) fn unsubscribe(
        &self,
        topic: &Topic,
        stated: &Stated,
        id: Uuid,
        notice: Option<Notice>,
        ids: &mut Ids,
    ) -> Result<Decided, Rejection> {
        let Some(there) = topic.subscriptions.get(&id) else { return Ok(Decided::nothing(Reply::Done)) };
        match there.stated.standing {
            Standing::Ended(_) => return Ok(Decided::nothing(Reply::Done)),
            Standing::Pending(_) => return Err(Rejection::SubscriptionPending),
            Standing::Confirmed(Confirmation::Authenticated) if notice.is_some() => {
                return Err(Rejection::UnsubscribeNotAuthenticated);
            }
            Standing::Confirmed(_) => {}
        }
        let gone = Event::Unsubscribed { topic: topic.id, subscription: id };
        let mut decided = Decided::one(gone, Reply::Done);
        if let Some(notice) = notice {
            let mut next = SubscriptionStated::clone(&there.stated);
            next.standing = Standing::Ended(self.now);
            next.tokens = vec![notice.token];
            let publication = self.notice(stated, &next, notice, ids);
            decided.events.push(Event::Subscription(Box::new(next)));
            decided.events.extend(publication);
        }
        Ok(decided)
    }

    /// Decides a change of a subscription.
    pub(crate) fn set_subscription(
        &self,
        topic: &Topic,
        stated: &Stated,
        id: Uuid,
        change: Change,
    ) -> Result<Decided, Rejection> {
        let there = topic.subscriptions.get(&id).ok_or(Rejection::SubscriptionDoesNotExist)?;
        if matches!(there.stated.standing, Standing::Ended(_)) {
            return Err(Rejection::SubscriptionDoesNotExist);
        }
        let replay = match &change {
            Change::Attribute { meaning: Meaning::Replay(Some(span)), .. } => {
                Some(self.start_replay(topic, stated, id, *span)?)
            }
            Change::Attribute { meaning: Meaning::Replay(None), .. } => self.stop_replay(topic, id),
            Change::Form(_) | Change::Filter { .. } | Change::Attribute { .. } => None,
        };
        let elsewhere = if let Change::Filter { elsewhere, .. } = &change { *elsewhere } else { 0 };
        let next = there.with(change);
        if has_policy(&next) && !has_policy(&there.stated) {
            self.admits_filter(topic, stated, elsewhere)?;
        }
        let mut decided = Decided::one(Event::Subscription(Box::new(next)), Reply::Done);
        decided.events.extend(replay);
        Ok(decided)
    }

    /// A replay begins, and takes the place of one that is under way (sns 14).
    fn start_replay(
        &self,
        topic: &Topic,
        stated: &Stated,
        subscription: Uuid,
        span: Span,
    ) -> Result<Event, Rejection> {
        if stated.archive.is_none() {
            return Err(Rejection::NoArchive);
        }
        let others = self.replays_of(topic.id).filter(|replay| replay.subscription != subscription);
        let under_way = others.filter(|replay| is_under_way(replay.status)).count();
        if under_way >= limits::REPLAYS_PER_TOPIC_MAX {
            return Err(Rejection::TooManyReplays);
        }
        Ok(Event::Replay(Box::new(ReplayStated {
            topic: topic.id,
            subscription,
            id: Revision(self.own.next_revision),
            from: span.from.min(self.now),
            until: span.until,
            cursor: 0,
            behind: self.behind(topic, subscription).unwrap_or(topic.next_sequence),
            status: ReplayStatus::Pending,
        })))
    }

    /// The first publication that still waits behind a replay, if one is under way behind which anything waits.
    fn behind(&self, topic: &Topic, subscription: Uuid) -> Option<u64> {
        let replay = self.replays.get(&(topic.id, subscription))?.stated;
        let next = replay.behind.max(replay.cursor + 1);
        let waits = is_under_way(replay.status) && replay.until.is_none() && next < topic.next_sequence;
        waits.then_some(next)
    }

    /// A replay is called off; what was published behind it still comes.
    fn stop_replay(&self, topic: &Topic, subscription: Uuid) -> Option<Event> {
        let replay = self.replays.get(&(topic.id, subscription))?.stated;
        let status = match self.behind(topic, subscription) {
            Some(_) => ReplayStatus::Stopping,
            None => ReplayStatus::Stopped,
        };
        Some(Event::Replay(Box::new(ReplayStated { status, ..replay })))
    }

    /// Does anything wait behind replays of a topic? Then its archive has to stay.
    pub(crate) fn waits_behind_replays(&self, topic: &Topic) -> bool {
        self.replays_of(topic.id).any(|replay| self.behind(topic, replay.subscription).is_some())
    }
}

/// Do messages still come from the archive?
pub(crate) fn is_under_way(status: ReplayStatus) -> bool {
    match status {
        ReplayStatus::Pending | ReplayStatus::InProgress | ReplayStatus::Stopping => true,
        ReplayStatus::Completed | ReplayStatus::Failed | ReplayStatus::Stopped => false,
    }
}

/// Is this more than a topic admits by itself?
fn large(bytes_max: u32) -> bool {
    bytes_max > limits::TOPIC_MESSAGE_BYTES_DEFAULT
}

/// May endpoints of this kind get such messages?
fn takes_large(protocol: Protocol) -> bool {
    match protocol {
        Protocol::Sqs | Protocol::Lambda | Protocol::Firehose => true,
        Protocol::Http
        | Protocol::Https
        | Protocol::Email
        | Protocol::EmailJson
        | Protocol::Sms
        | Protocol::Application => false,
    }
}

/// Adds a token, and forgets the oldest if there are too many.
fn remember(tokens: &mut Vec<Token>, token: Token) {
    tokens.push(token);
    if tokens.len() > limits::TOKENS_MAX {
        tokens.remove(0);
    }
}
