//! Deliveries to endpoints outside: handed out when their time has come, tried again by the policies, and at the end
//! owed to the dead-letter queue of their subscription, or dropped.

use super::{Decided, Placing, Publication, Shard, cost};
use crate::Timestamp;
use crate::command::{Outcome, Report};
use crate::delivery::{LineKey, Owing, Trend};
use crate::event::{Event, Leg, Occasion, OwedStated, PublicationStated, SubscriptionStated, Then, Tried};
use crate::id::{PublicationId, TopicId, Uuid};
use crate::outbox::Owed;
use crate::reply::{Claimed, Reply};
use crate::topic::Topic;
use crate::topic::retry::{Effective, Schedule};
use crate::topic::subscription::Protocol;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What follows when deliveries come to their end.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    /// They are owed to dead-letter queues now.
    pub(crate) diverted: Vec<Event>,
    /// There will never be these.
    pub(crate) dropped: u64,
}

impl Shard {
    /// The next time at which [`Shard::take_due`] has something to give.
    pub fn endpoints_due(&self) -> Option<Timestamp> {
        self.deliveries.due()
    }

    /// Takes deliveries whose time has come, the oldest first. Nothing that the log has is changed: after a restart they
    /// are to be had again.
    pub fn take_due(&mut self, max: usize, bytes_max: usize) -> Reply {
        let (mut claimed, mut bytes) = (Vec::new(), 0);
        while claimed.len() < max && bytes < bytes_max {
            let (topics, retries) = (&self.topics, self.config.retries);
            let pace = |(topic, id): LineKey| {
                let topic = topics.get(&topic)?;
                let subscription = &topic.subscriptions.get(&id)?.stated;
                effective(retries, topic, subscription)?.attempts_per_s_max
            };
            let Some((line, id, owing)) = self.deliveries.take(self.now, pace) else { break };
            let Some(next) = self.claimed(line, id, owing) else { continue };
            bytes += next.body.place.len as usize;
            claimed.push(next);
        }
        Reply::Claimed(claimed)
    }

    /// How many deliveries are owed to an endpoint.
    pub(crate) fn due_count_of(&self, line: LineKey) -> usize {
        self.deliveries.len_of(line)
    }

    /// The delivery to an endpoint that has been owed for longest, `nth` others apart, and that nobody has taken.
    pub(crate) fn oldest_due(&self, line: LineKey, nth: usize) -> Option<PublicationId> {
        self.deliveries.oldest(line, nth)
    }

    fn claimed(&self, (topic, id): LineKey, publication: PublicationId, owing: Owing) -> Option<Claimed> {
        let there = self.topics.get(&topic)?;
        let subscription = there.subscriptions.get(&id)?.stated.clone();
        let Publication { published, body, .. } = self.publications.get(&publication)?;
        Some(Claimed {
            topic,
            id: publication,
            published: published.clone(),
            body: body.clone(),
            failures: owing.failures,
            policy: Arc::new(effective(self.config.retries, there, &subscription)?),
            attributes: there.stated.as_ref()?.attributes.clone(),
            subscription,
        })
    }

    /// Learns from attempts how many an endpoint can take at a time. The log does not have that.
    pub fn learn(&mut self, reports: &[Report]) {
        for report in reports {
            let trend = match report.outcome {
                Outcome::Delivered | Outcome::Refused => Trend::Good,
                Outcome::DeliveredLate => Trend::Slow,
                Outcome::Failed => Trend::Bad,
            };
            self.deliveries.learn((report.topic, report.subscription), trend);
        }
    }

    /// Decides what follows from attempts: one event for all of them.
    pub(super) fn tried(&self, reports: &[Report]) -> Decided {
        let (mut tried, mut ends, mut placing) = (Vec::new(), Ends::default(), Placing::new(self));
        for Report { topic, subscription, publication, outcome } in reports_once(reports) {
            let line = (topic, subscription);
            let Some(owing) = self.deliveries.find(line, publication) else { continue };
            let then = match outcome {
                Outcome::Delivered | Outcome::DeliveredLate => Then::Over,
                Outcome::Failed => match self.next_attempt(line, owing) {
                    Some(at) => Then::Again(at),
                    None => self.end(&mut ends, &mut placing, line, publication),
                },
                Outcome::Refused => self.end(&mut ends, &mut placing, line, publication),
            };
            tried.push(Tried { topic, subscription, publication, then });
        }
        let mut events = ends.diverted;
        events.extend((!tried.is_empty()).then_some(Event::Tried(tried)));
        Decided { events, dropped: ends.dropped, ..Decided::nothing(Reply::Done) }
    }

    /// When a delivery whose attempt has just failed is tried again, if it is.
    fn next_attempt(&self, (topic, id): LineKey, owing: Owing) -> Option<Timestamp> {
        let topic = self.topics.get(&topic)?;
        let subscription = &topic.subscriptions.get(&id)?.stated;
        let policy = effective(self.config.retries, topic, subscription)?;
        policy.schedule.delay_ms(owing.failures + 1).map(|ms| self.now + ms)
    }

    /// A delivery to an endpoint is at its end.
    pub(crate) fn end(
        &self,
        ends: &mut Ends,
        placing: &mut Placing<'_>,
        (topic, id): LineKey,
        publication: PublicationId,
    ) -> Then {
        let subscription = self.topics.get(&topic).and_then(|topic| topic.subscriptions.get(&id));
        let published = self.publications.get(&publication).map(|there| &there.published);
        if let (Some(subscription), Some(published)) = (subscription, published)
            && published.occasion != Occasion::Notice
        {
            match self.dead_letter(placing, &subscription.stated) {
                Some(owed) => ends.diverted.push(Event::Diverted { publication, owed }),
                None => ends.dropped += 1,
            }
        }
        Then::Over
    }

    /// A delivery to the dead-letter queue of a subscription, if it has one.
    pub(crate) fn dead_letter(
        &self,
        placing: &mut Placing<'_>,
        subscription: &SubscriptionStated,
    ) -> Option<OwedStated> {
        let queue = subscription.dead_letter.as_ref()?;
        let to = queue.shard(self.config.shards);
        let owed = placing.owe(to, queue, subscription.id, subscription.rendition());
        Some(OwedStated { leg: Leg::DeadLetter, ..owed })
    }

    /// A copy that a queue of another shard refused for good goes to the dead-letter queue of its subscription.
    pub(super) fn redirect(&self, owed: &Owed) -> Ends {
        let mut ends = Ends::default();
        let Owed::Copy { publication, subscription, leg, .. } = owed else { return ends };
        let Some(there) = self.publications.get(publication) else { return ends };
        let topic = self.topic_by_name(&there.published.topic);
        let subscription = topic.and_then(|topic| topic.subscriptions.get(subscription));
        let notice = there.published.occasion == Occasion::Notice;
        let target = match (leg, subscription) {
            (Leg::Endpoint, Some(subscription)) if !notice => {
                self.dead_letter(&mut Placing::new(self), &subscription.stated)
            }
            (Leg::Endpoint | Leg::DeadLetter, _) => None,
        };
        match target {
            Some(owed) => ends.diverted.push(Event::Diverted { publication: *publication, owed }),
            None => ends.dropped += u64::from(!notice),
        }
        ends
    }

    pub(super) fn apply_due(&mut self, stated: &PublicationStated) {
        let Some(topic) = stated.home else { return };
        for due in &stated.due {
            let owing = Owing { failures: due.failures, at: due.at };
            if self.deliveries.owe((topic, due.subscription), stated.id, owing) {
                self.live_bytes += cost::DUE;
                self.refer(stated.id);
            }
        }
    }

    pub(super) fn apply_tried(&mut self, tried: &[Tried]) {
        for Tried { topic, subscription, publication, then } in tried {
            let line = (*topic, *subscription);
            match then {
                Then::Over => {
                    if self.deliveries.settle(line, *publication) {
                        self.live_bytes -= cost::DUE;
                        self.unrefer(*publication);
                    }
                }
                Then::Again(at) => {
                    self.deliveries.again(line, *publication, *at);
                }
            }
        }
    }

    pub(super) fn apply_diverted(&mut self, publication: PublicationId, owed: &OwedStated) {
        let OwedStated { to, number, queue, subscription, rendition, leg } = owed.clone();
        self.outbox.used(to, number);
        // A publication that is not here is stated later, with this delivery in it, or without when it was settled.
        if self.publications.contains_key(&publication) {
            self.live_bytes += cost::OWED;
            self.refer(publication);
            self.outbox.add(to, number, Owed::Copy { publication, queue, subscription, rendition, leg });
            self.diverted.insert((publication, subscription), (to, number));
        }
    }

    /// A copy was answered for: if it was on its way to a dead-letter queue, it is not any more.
    pub(super) fn arrive(&mut self, publication: PublicationId, subscription: Uuid, leg: Leg) {
        match leg {
            Leg::Endpoint => {}
            Leg::DeadLetter => {
                self.diverted.remove(&(publication, subscription));
            }
        }
    }

    /// Nothing is owed to a subscription any more: it is gone.
    pub(super) fn clear_line(&mut self, line: LineKey) {
        self.live_bytes -= cost::DUE * self.deliveries.clear(line) as u64;
    }

    pub(super) fn clear_lines(&mut self, topic: TopicId) {
        for line in self.deliveries.lines_of(topic) {
            self.clear_line(line);
        }
    }
}

/// Reports of one turn, the last one of each delivery: an attempt cannot end twice.
fn reports_once(reports: &[Report]) -> Vec<Report> {
    let mut last = BTreeMap::new();
    for report in reports {
        last.insert((report.topic, report.subscription, report.publication), *report);
    }
    last.into_values().collect()
}

/// What the policies come to for a subscription. `None` for a topic that is a shell.
fn effective(http: Schedule, topic: &Topic, subscription: &SubscriptionStated) -> Option<Effective> {
    let default = match subscription.endpoint.protocol() {
        Protocol::Http | Protocol::Https => http,
        Protocol::Sqs | Protocol::Lambda | Protocol::Firehose => Schedule::AWS_MANAGED,
        Protocol::Email | Protocol::EmailJson | Protocol::Sms | Protocol::Application => {
            Schedule::CUSTOMER_MANAGED
        }
    };
    let own = &subscription.delivery;
    Some(Effective::of(default, &topic.stated.as_ref()?.delivery, own, subscription.form))
}
