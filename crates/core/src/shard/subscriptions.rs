//! Topics and their subscriptions, folded in.
//!
//! A subscription that nobody confirms, and one that has left by its link, is gone when its tokens are over. That is a
//! matter of time, so the log does not say it.

use super::apply::seed;
use super::{Replay, Shard, cost};
use crate::event::{ReplayStated, ReplayStatus, SubscriptionStated, TopicDeduplicated, TopicStated};
use crate::id::{TopicId, Uuid};
use crate::topic::Topic;
use crate::topic::lifecycle::is_under_way;
use crate::topic::subscription::{Standing, Subscription};
use crate::{Lsn, Timestamp, limits};

impl Shard {
    pub(super) fn topic_or_shell(&mut self, id: TopicId) -> &mut Topic {
        let seed = seed(&self.own.secret);
        self.topics.entry(id).or_insert_with(|| Topic::shell(id, seed))
    }

    pub(super) fn apply_topic(&mut self, lsn: Lsn, stated: &TopicStated) {
        self.used_revision(stated.revision);
        self.own.next_topic = self.own.next_topic.max(stated.id.0 + 1);
        self.topic_names.insert(stated.arn.clone(), stated.id);
        let topic = self.topic_or_shell(stated.id);
        let before = topic.stated.as_ref().map_or(0, cost::topic);
        // Those of a shell are not counted: nobody knows its account.
        let filters = topic.stated.as_ref().map_or(0, |_| topic.filters());
        topic.state(lsn, stated);
        let after = topic.stated.as_ref().map_or(0, cost::topic);
        self.live_bytes = self.live_bytes - before + after;
        self.count_filters(stated.id, filters);
        if stated.archive.is_none() {
            self.drop_archive(stated.id);
        }
        self.changed.push(stated.arn.clone());
    }

    pub(super) fn apply_topic_deleted(&mut self, id: TopicId) {
        self.clear_lines(id);
        self.drop_archive(id);
        let replays = self.replays.range((id, Uuid(0))..=(id, Uuid(u128::MAX)));
        for key in replays.map(|(key, _)| *key).collect::<Vec<_>>() {
            self.forget_replay(key);
        }
        let Some(mut topic) = self.topics.remove(&id) else { return };
        let filters = topic.filters();
        let ids = topic.subscriptions.keys().copied().collect::<Vec<_>>();
        for subscription in ids {
            if let Some(gone) = topic.forget(subscription) {
                self.let_go(&gone);
            }
        }
        self.live_bytes -= cost::DEDUPLICATED * topic.dedup.len() as u64;
        if let Some(stated) = topic.stated {
            self.count_account_filters(stated.arn.account(), filters, 0);
            self.live_bytes -= cost::topic(&stated);
            self.topic_names.remove(&stated.arn);
            self.changed.push(stated.arn);
        }
    }

    pub(super) fn apply_subscription(&mut self, lsn: Lsn, stated: &SubscriptionStated) {
        let topic = self.topic_or_shell(stated.topic);
        let filters = topic.filters();
        let old = topic.subscribe(lsn, stated);
        if let Some(old) = old {
            self.let_go(&old);
        }
        self.count_filters(stated.topic, filters);
        self.live_bytes += cost::subscription(stated);
        if matches!(stated.standing, Standing::Pending(_)) {
            *self.pending.entry(stated.owner.clone()).or_default() += 1;
        }
        self.tokens.extend(stated.tokens.iter().map(|token| (*token, (stated.topic, stated.id))));
        match stated.standing {
            Standing::Confirmed(_) => {}
            Standing::Pending(since) | Standing::Ended(since) => {
                let over = since + limits::TOKEN_LIFE_MS;
                self.topic_due.insert((over, stated.topic, Some(stated.id)));
            }
        }
        // One that was not confirmed may have had a replay that could not begin.
        self.archives_woken |= self.replaying.contains(&(stated.topic, stated.id));
        self.changed_topic(stated.topic);
    }

    pub(super) fn apply_unsubscribed(&mut self, id: TopicId, subscription: Uuid) {
        self.clear_line((id, subscription));
        self.forget_replay((id, subscription));
        let Some(topic) = self.topics.get_mut(&id) else { return };
        let filters = topic.filters();
        if let Some(old) = topic.unsubscribe(subscription) {
            self.let_go(&old);
        }
        self.count_filters(id, filters);
        self.changed_topic(id);
    }

    fn forget_replay(&mut self, key: (TopicId, Uuid)) {
        self.replaying.remove(&key);
        if self.replays.remove(&key).is_some() {
            self.live_bytes -= cost::REPLAY;
        }
    }

    /// Undoes what is kept elsewhere of a subscription that is no more, or is stated anew.
    fn let_go(&mut self, old: &Subscription) {
        self.live_bytes -= cost::subscription(&old.stated);
        for token in &old.stated.tokens {
            self.tokens.remove(token);
        }
        if matches!(old.stated.standing, Standing::Pending(_))
            && let Some(pending) = self.pending.get_mut(&old.stated.owner)
        {
            *pending -= 1;
            if *pending == 0 {
                self.pending.remove(&old.stated.owner);
            }
        }
        match old.stated.standing {
            Standing::Confirmed(_) => {}
            Standing::Pending(since) | Standing::Ended(since) => {
                let over = since + limits::TOKEN_LIFE_MS;
                self.topic_due.remove(&(over, old.stated.topic, Some(old.stated.id)));
            }
        }
    }

    fn changed_topic(&mut self, id: TopicId) {
        let stated = self.topics.get(&id).and_then(|topic| topic.stated.as_ref());
        self.changed.extend(stated.map(|stated| stated.arn.clone()));
    }

    pub(super) fn apply_topic_deduplicated(&mut self, stated: &TopicDeduplicated) {
        let topic = self.topic_or_shell(stated.topic);
        let before = topic.dedup.len();
        topic.deduplicate(stated);
        let after = topic.dedup.len();
        self.live_bytes += cost::DEDUPLICATED * (after - before) as u64;
        self.schedule_dedup(stated.topic);
    }

    fn schedule_dedup(&mut self, id: TopicId) {
        let next = self.topics.get(&id).and_then(|topic| topic.dedup.next_expiry());
        // What is forgotten is looked up exactly, so freeing it can wait for a full second.
        let next = next.map(|at| Timestamp(at.0.div_ceil(1_000) * 1_000));
        self.topic_due.extend(next.map(|at| (at, id, None)));
    }

    pub(super) fn apply_replay(&mut self, lsn: Lsn, stated: &ReplayStated) {
        self.used_revision(stated.id);
        let key = (stated.topic, stated.subscription);
        self.forget_replay(key);
        if stated.status != ReplayStatus::Stopped {
            self.live_bytes += cost::REPLAY;
            self.replays.insert(key, Replay { stated: *stated, at: lsn });
        }
        if is_under_way(stated.status) {
            self.replaying.insert(key);
            self.archives_woken = true;
        }
    }

    /// Replays of a topic, wherever they are.
    pub(crate) fn replays_of(&self, topic: TopicId) -> impl Iterator<Item = &ReplayStated> {
        let all = (topic, Uuid(0))..=(topic, Uuid(u128::MAX));
        self.replays.range(all).map(|(_, replay)| &replay.stated)
    }

    /// Subscriptions that an account has made and nobody has confirmed.
    pub(crate) fn pending_of(&self, account: &str) -> usize {
        self.pending.get(account).copied().unwrap_or(0)
    }

    /// Filter policies that topics of an account have here.
    pub(crate) fn filters_of(&self, account: &str) -> usize {
        self.account_filters.get(account).copied().unwrap_or(0)
    }

    /// Keeps count of the filter policies of a topic that had so many `before`.
    fn count_filters(&mut self, id: TopicId, before: usize) {
        let Some(topic) = self.topics.get(&id) else { return };
        let after = topic.filters();
        let Some(account) = topic.stated.as_ref().map(|stated| stated.arn.clone()) else { return };
        self.count_account_filters(account.account(), before, after);
    }

    fn count_account_filters(&mut self, account: &str, before: usize, after: usize) {
        if before == after {
            return;
        }
        let count = (self.filters_of(account) + after).saturating_sub(before);
        if count == 0 {
            self.account_filters.remove(account);
        } else {
            self.account_filters.insert(account.into(), count);
        }
    }

    /// Lets time pass for topics.
    pub(super) fn advance_topics(&mut self, now: Timestamp) {
        while let Some(&(at, id, subscription)) = self.topic_due.first()
            && at <= now
        {
            self.topic_due.pop_first();
            let Some(topic) = self.topics.get_mut(&id) else { continue };
            match subscription {
                None => {
                    let left = topic.dedup.expire(now);
                    self.live_bytes -= cost::DEDUPLICATED * left as u64;
                    self.schedule_dedup(id);
                }
                Some(subscription) => {
                    let filters = topic.filters();
                    if let Some(old) = topic.forget(subscription) {
                        self.let_go(&old);
                    }
                    self.count_filters(id, filters);
                    self.clear_line((id, subscription));
                    self.forget_replay((id, subscription));
                    self.changed_topic(id);
                }
            }
        }
    }
}
