//! Archives of FIFO topics, and replays from them (sns 14).
//!
//! The archive itself is a log of its own, which is not the core's. Here is what waits for it: a publication of a topic
//! with an archive is kept until the archive has it. And here are the replays: each is a cursor over the archive. While it
//! is under way its subscription gets nothing else, because everything that is published comes to it
//! by the archive, in order; so it is over when the cursor has come to the last publication of all.

use super::{Decided, Placing, Publication, Replay, Shard};
use crate::command::{Presence, Replayed};
use crate::event::{Event, Occasion, PublicationStated, ReplayStated, ReplayStatus};
use crate::id::{PublicationId, Revision, TopicId, Uuid};
use crate::limits;
use crate::outbox::Published;
use crate::reply::{ArchiveView, ReplayView, Reply, ToArchive};
use crate::topic::Topic;
use crate::topic::lifecycle::is_under_way;
use crate::topic::publish::Fanning;
use crate::topic::subscription::{Endpoint, Subscription};
use std::ops::Bound;

impl Shard {
    /// Does the subscription get what is published now, or does something from the archive come before?
    pub(crate) fn is_replaying(&self, topic: TopicId, subscription: Uuid) -> bool {
        let Some(replay) = self.replays.get(&(topic, subscription)) else { return false };
        // After a replay with an end nothing comes any more (sns 14).
        let ended = replay.stated.status == ReplayStatus::Completed && replay.stated.until.is_some();
        is_under_way(replay.stated.status) || ended
    }

    /// Does anything wait for an archive, or is a replay under way?
    pub fn archives_wait(&self) -> bool {
        !self.unarchived.is_empty() || self.replays_on().next().is_some()
    }

    /// Has anything begun to wait for an archive, or a replay to go on, since this was last asked?
    pub fn take_archives_wait(&mut self) -> bool {
        std::mem::take(&mut self.archives_woken)
    }

    /// Replays that go on, with their subscriptions. A subscription that nobody has confirmed gets nothing yet.
    fn replays_on(&self) -> impl Iterator<Item = (&ReplayStated, &Subscription)> {
        let under_way = self.replaying.iter().filter_map(|key| self.replays.get(key));
        under_way.filter_map(|Replay { stated, .. }| {
            let subscription = self.topics.get(&stated.topic)?.subscriptions.get(&stated.subscription)?;
            subscription.is_confirmed().then_some((stated, subscription))
        })
    }

    pub(super) fn to_archive(&self, after: TopicId, skip: &[TopicId]) -> Decided {
        let behind = self.unarchived.range((Bound::Excluded(after), Bound::Unbounded));
        let topics = behind.chain(self.unarchived.range(..=after)).filter(|(topic, _)| !skip.contains(topic));
        let waiting = topics.flat_map(|(topic, waiting)| {
            waiting.values().map(|publication| (*topic, self.publications.get(publication)))
        });
        let (mut page, mut bytes) = (Vec::new(), 0);
        for (topic, publication) in waiting.take(limits::ARCHIVE_PAGE_MAX) {
            let Some(Publication { published, body, .. }) = publication else { continue };
            bytes += body.place.len as usize;
            if !page.is_empty() && bytes > limits::ARCHIVE_PAGE_BYTES_MAX {
                break;
            }
            page.push(ToArchive { topic, published: published.clone(), body: body.clone() });
        }
        Decided::nothing(Reply::ToArchive(page))
    }

    pub(super) fn archived(&self, topic: TopicId, up_to: u64) -> Decided {
        let waiting = self.unarchived.get(&topic).and_then(|waiting| waiting.first_key_value());
        let some = waiting.is_some_and(|(first, _)| *first <= up_to);
        Decided::perhaps(some.then_some(Event::Archived { topic, up_to }), Reply::Done)
    }

    pub(super) fn archives(&self) -> Decided {
        let archives = self.topics.values().filter_map(|topic| {
            let stated = topic.stated.as_ref()?;
            let archive = stated.archive?;
            Some(ArchiveView { topic: topic.id, begins: archive.begins(self.now) })
        });
        Decided::nothing(Reply::Archives(archives.collect()))
    }

    pub(super) fn replays_under_way(&self) -> Decided {
        let replays = self.replays_on().map(|(replay, subscription)| ReplayView {
            replay: *replay,
            subscription: subscription.stated.clone(),
            ahead: self.ahead_of(&subscription.stated.endpoint),
        });
        Decided::nothing(Reply::Replays(replays.collect()))
    }

    /// How much there is in a queue of this shard, or on its way to the shard of another.
    fn ahead_of(&self, endpoint: &Endpoint) -> usize {
        let Endpoint::Queue(name) = endpoint else { return 0 };
        if let Some(queue) = self.queue_names.find(name).and_then(|id| self.queues.get(&id)) {
            let counts = queue.messages.counts();
            return counts.available + counts.in_flight + counts.delayed;
        }
        let stream = self.outbox.streams.get(&name.shard(self.config.shards));
        stream.map_or(0, |stream| stream.owed.len())
    }

    /// Decides the next step of a replay.
    pub(super) fn replay(
        &self,
        (topic, subscription, id): (TopicId, Uuid, Revision),
        messages: Vec<Replayed>,
        up_to: u64,
    ) -> Decided {
        let nothing = Decided::nothing(Reply::Done);
        let Some(replay) = self.replays.get(&(topic, subscription)).map(|replay| replay.stated) else {
            return nothing;
        };
        let there = self.topics.get(&topic);
        let (Some(topic), true) = (there, replay.id == id && is_under_way(replay.status)) else {
            return nothing;
        };
        let (Some(stated), Some(subscription)) = (&topic.stated, topic.subscriptions.get(&subscription))
        else {
            return nothing;
        };
        if !subscription.is_confirmed() {
            return nothing;
        }
        let stopping = replay.status == ReplayStatus::Stopping;
        let status = if stopping { ReplayStatus::Stopping } else { ReplayStatus::InProgress };
        let mut next = ReplayStated { status, ..replay };
        let mut decided = nothing;
        let mut placing = Placing::new(self);
        for message in messages {
            let published = Published { occasion: Occasion::Replayed, ..message.published };
            let Published { message_id, published_at, fifo, .. } = published;
            // What the archive was told to keep no longer, or had before it was made anew.
            let kept = stated.archive.is_some_and(|archive| archive.keeps(published_at, self.now));
            let sequence = fifo.map_or(0, |fifo| fifo.sequence);
            let asked_for = published_at >= replay.from && kept && !stopping;
            let waited = replay.until.is_none() && sequence >= replay.behind;
            if sequence <= replay.cursor || !(asked_for || waited) {
                continue;
            }
            if replay.until.is_some_and(|until| published_at > until) {
                next.status = ReplayStatus::Completed;
                break;
            }
            let wants = stated.asked.wants(message_id);
            let mut fanning = Fanning::new(self, topic, &stated.arn, published.ordered(), wants);
            fanning.deliver(&mut placing, subscription, &message.facts);
            decided.dropped += fanning.dropped;
            decided.ended.extend(fanning.ended(&published, &message.payload));
            if fanning.is_nothing() {
                continue;
            }
            let id = PublicationId(self.own.next_publication + decided.events.len() as u64);
            let stated = fanning.state(PublicationStated::of(id, published, message.payload));
            decided.events.push(Event::Publication(Box::new(stated)));
        }
        next.cursor = next.cursor.max(up_to.min(self.archived_up_to(topic)));
        // With an end in the past nothing that is published from now on belongs to the replay.
        let over = next.until.is_some_and(|until| until < self.now);
        if next.cursor + 1 >= topic.next_sequence && (next.until.is_none() || over) {
            next.status = if stopping { ReplayStatus::Stopped } else { ReplayStatus::Completed };
        }
        if next != replay {
            decided.events.push(Event::Replay(Box::new(next)));
        }
        decided
    }

    /// The last sequence number behind which nothing waits for the archive.
    fn archived_up_to(&self, topic: &Topic) -> u64 {
        let waiting = self.unarchived.get(&topic.id).and_then(|waiting| waiting.first_key_value());
        waiting.map_or(topic.next_sequence, |(first, _)| *first) - 1
    }

    pub(super) fn apply_archived(&mut self, topic: TopicId, up_to: u64) {
        let Some(waiting) = self.unarchived.get_mut(&topic) else { return };
        let rest = waiting.split_off(&(up_to + 1));
        let done = std::mem::replace(waiting, rest);
        if waiting.is_empty() {
            self.unarchived.remove(&topic);
        }
        done.into_values().for_each(|publication| self.unrefer(publication));
    }

    /// A publication waits for the archive.
    pub(super) fn apply_unarchived(&mut self, stated: &PublicationStated) {
        let (Some(topic), Some(fifo), Presence::Present) = (stated.home, stated.fifo, stated.archive) else {
            return;
        };
        self.archives_woken = true;
        if self.unarchived.entry(topic).or_default().insert(fifo.sequence, stated.id).is_none() {
            self.refer(stated.id);
        }
    }

    /// There is no archive any more: what waited for it does not, and replays have failed.
    pub(super) fn drop_archive(&mut self, topic: TopicId) {
        let waiting = self.unarchived.remove(&topic).unwrap_or_default();
        waiting.into_values().for_each(|publication| self.unrefer(publication));
        let all = (topic, Uuid(0))..=(topic, Uuid(u128::MAX));
        for (_, replay) in self.replays.range_mut(all) {
            if is_under_way(replay.stated.status) {
                replay.stated.status = ReplayStatus::Failed;
                self.replaying.remove(&(topic, replay.stated.subscription));
            }
        }
    }
}
