//! Events to bytes.

mod account;
mod application;

use super::{KIND_BYTES, KIND_INT, KIND_LONG, outcome, publication, tag, topic};
use crate::body::{self, Payload, Place};
use crate::event::{
    AttemptStated, DeduplicatedStated, Event, Journey, MessageStated, MoveTaskStated, Past, QueueStated,
    Receives, ShardStated, Tags, Why,
};
use crate::id::{Number, QueueId};
use crate::queue::settings::{
    AllowedSources, DedupScope, Encryption, Fifo, KMS_REUSE_S_DEFAULT, Settings, Switch, Throughput,
};
use crate::{Arn, Lsn};
use std::num::NonZero;

/// Appends an event to the payload of the entry at `lsn`, and notes in the event where its own
/// payload lies.
pub fn encode(lsn: Lsn, event: &mut Event, entry: &mut Vec<u8>) {
    let mut out = Out { entry };
    match event {
        Event::Opened => out.event(tag::OPENED, |_| {}),
        Event::FormatRaised(version) => out.event(tag::FORMAT_RAISED, |o| o.int(1, u64::from(*version))),
        Event::Shard(stated) => out.event(tag::SHARD, |o| shard(o, stated)),
        Event::Queue(stated) => out.event(tag::QUEUE, |o| queue(o, stated)),
        Event::QueueDeleted { queue, arn, at } => out.event(tag::QUEUE_DELETED, |o| {
            o.int(1, queue.0);
            o.text(2, arn.as_str());
            o.int(3, at.0);
        }),
        Event::QueuePurged { queue, before } => out.event(tag::QUEUE_PURGED, |o| o.two(queue.0, *before)),
        Event::Message(stated) => out.event(tag::MESSAGE, |o| message(o, lsn, stated)),
        Event::Received { queue, until, numbers } => out.event(tag::RECEIVED, |o| {
            o.int(1, queue.0);
            o.int(2, until.0);
            numbers.iter().for_each(|number| o.item(3, *number));
        }),
        Event::Deduplicated(stated) => out.event(tag::DEDUPLICATED, |o| deduplicated(o, stated)),
        Event::Attempt(stated) => out.event(tag::ATTEMPT, |o| attempt(o, stated)),
        Event::Moved { from, source, to, why, numbers } => {
            out.event(tag::MOVED, |o| moved(o, (*from, source), *to, why, numbers));
        }
        Event::Leaving { queue, number, journey: stated } => out.event(tag::LEAVING, |o| {
            o.int(1, queue.0);
            o.int(2, *number);
            o.nested(3, |o| journey(o, stated));
        }),
        Event::MoveTask(stated) => out.event(tag::MOVE_TASK, |o| move_task(o, stated)),
        Event::VisibilityChanged { queue, changes } => out.event(tag::VISIBILITY_CHANGED, |o| {
            o.int(1, queue.0);
            for (number, until) in changes {
                o.item(2, *number);
                o.item(3, until.0);
            }
        }),
        Event::Deleted { queue, numbers } => out.event(tag::DELETED, |o| {
            o.int(1, queue.0);
            numbers.iter().for_each(|number| o.item(2, *number));
        }),
        Event::Topic(stated) => out.event(tag::TOPIC, |o| topic::topic(o, stated)),
        Event::TopicDeleted { topic } => out.event(tag::TOPIC_DELETED, |o| o.int(1, topic.0)),
        Event::Subscription(stated) => out.event(tag::SUBSCRIPTION, |o| topic::subscription(o, stated)),
        Event::Unsubscribed { topic, subscription } => out.event(tag::UNSUBSCRIBED, |o| {
            o.int(1, topic.0);
            o.bytes(2, &subscription.0.to_be_bytes());
        }),
        Event::Publication(stated) => out.event(tag::PUBLICATION, |o| publication::write(o, lsn, stated)),
        Event::Tried(tried) => out.event(tag::TRIED, |o| publication::tried(o, tried)),
        Event::Diverted { publication, owed } => {
            out.event(tag::DIVERTED, |o| publication::diverted(o, *publication, owed));
        }
        Event::TopicDeduplicated(stated) => {
            out.event(tag::TOPIC_DEDUPLICATED, |o| topic::deduplicated(o, stated));
        }
        Event::Archived { topic, up_to } => out.event(tag::ARCHIVED, |o| o.two(topic.0, *up_to)),
        Event::Replay(stated) => out.event(tag::REPLAY, |o| topic::replay(o, stated)),
        Event::Settled { to, accepted, refused } => out.event(tag::SETTLED, |o| {
            o.int(1, u64::from(*to));
            o.int(2, *accepted);
            o.int(3, refused.unwrap_or(0));
        }),
        Event::Inbox { from, number } => out.event(tag::INBOX, |o| o.two(u64::from(*from), *number)),
        Event::Account(event) => account::encode(&mut out, event),
        Event::Application(event) => application::encode(&mut out, event),
    }
}

pub(super) struct Out<'a> {
    entry: &'a mut Vec<u8>,
}

impl Out<'_> {
    fn event(&mut self, tag: u16, fields: impl FnOnce(&mut Out<'_>)) {
        self.entry.extend_from_slice(&tag.to_le_bytes());
        self.sized(fields);
    }

    /// Writes what `fields` writes behind its length.
    fn sized(&mut self, fields: impl FnOnce(&mut Out<'_>)) {
        let at = self.entry.len();
        self.entry.extend_from_slice(&[0; 4]);
        fields(&mut Out { entry: self.entry });
        let len = u32::try_from(self.entry.len() - at - 4).expect("an entry is far below 4 GiB");
        self.entry[at..at + 4].copy_from_slice(&len.to_le_bytes());
    }

    pub(super) fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.entry.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.entry.push(value as u8);
    }

    pub(super) fn int(&mut self, tag: u64, value: u64) {
        if value != 0 {
            self.item(tag, value);
        }
    }

    /// The first two fields.
    fn two(&mut self, first: u64, second: u64) {
        self.int(1, first);
        self.int(2, second);
    }

    /// One integer of a list: written even if it is zero, because lists are read by position.
    pub(super) fn item(&mut self, tag: u64, value: u64) {
        self.varint(tag << 2 | KIND_INT);
        self.varint(value);
    }

    pub(super) fn bytes(&mut self, tag: u64, value: &[u8]) {
        self.varint(tag << 2 | KIND_BYTES);
        self.varint(value.len() as u64);
        self.entry.extend_from_slice(value);
    }

    pub(super) fn text(&mut self, tag: u64, value: &str) {
        if !value.is_empty() {
            self.bytes(tag, value.as_bytes());
        }
    }

    pub(super) fn key(&mut self, tag: u64, value: Option<NonZero<u128>>) {
        if let Some(value) = value {
            self.bytes(tag, &value.get().to_be_bytes());
        }
    }

    pub(super) fn pair(&mut self, tag: u64, pair: Option<(u16, u64)>) {
        if let Some((first, second)) = pair {
            self.nested(tag, |o| {
                o.int(1, u64::from(first));
                o.int(2, second);
            });
        }
    }

    pub(super) fn nested(&mut self, tag: u64, fields: impl FnOnce(&mut Out<'_>)) {
        self.varint(tag << 2 | KIND_LONG);
        self.sized(fields);
    }

    pub(super) fn pairs(&mut self, tag: u64, pairs: &Tags) {
        for (key, value) in pairs {
            self.nested(tag, |o| {
                o.text(1, key);
                o.text(2, value);
            });
        }
    }

    pub(super) fn payload(&mut self, tag: u64, lsn: Lsn, payload: &mut Payload) {
        let crc = body::crc(&payload.bytes);
        self.int(tag + 1, u64::from(payload.size));
        self.int(tag + 2, u64::from(crc));
        self.bytes(tag, &payload.bytes);
        let len = u32::try_from(payload.bytes.len()).expect("a payload is far below 4 GiB");
        let end = u32::try_from(self.entry.len()).expect("an entry is far below 4 GiB");
        payload.place = Place { lsn, offset: end - len, len, crc };
    }

    pub(super) fn receives(&mut self, tag: u64, receives: &Receives) {
        self.int(tag, u64::from(receives.count));
        self.int(tag + 1, receives.first_at.0);
        self.int(tag + 2, receives.last_at.0);
    }
}

fn shard(o: &mut Out<'_>, stated: &ShardStated) {
    o.bytes(1, &stated.secret);
    o.int(2, stated.next_queue);
    o.int(3, stated.next_topic);
    o.int(4, stated.next_publication);
    o.int(5, stated.next_revision);
    for pair in &stated.next_owed {
        o.pair(6, Some(*pair));
    }
}

fn queue(o: &mut Out<'_>, stated: &QueueStated) {
    o.int(1, stated.id.0);
    o.text(2, stated.arn.as_str());
    o.int(3, stated.revision.0);
    o.int(4, stated.created.0);
    o.int(5, stated.modified.0);
    o.nested(6, |o| settings(o, &stated.settings));
    o.pairs(7, &stated.tags);
    o.int(8, stated.next_number);
    o.int(9, stated.expired.pairs().last().map_or(0, |last| last.0.0));
    o.int(10, stated.purged_before);
    o.int(11, stated.purged_at.0);
    if let [earlier @ .., (_, below)] = stated.expired.pairs() {
        if *below != stated.next_number {
            o.item(12, *below);
        }
        for (before, below) in earlier {
            o.nested(13, |o| {
                o.int(1, before.0);
                o.int(2, *below);
            });
        }
    }
}

fn settings(o: &mut Out<'_>, settings: &Settings) {
    o.int(1, u64::from(settings.visibility_s));
    o.int(2, u64::from(settings.message_bytes_max));
    o.int(3, u64::from(settings.retention_s));
    o.int(4, u64::from(settings.delay_s));
    o.int(5, u64::from(settings.wait_s));
    if let Some(policy) = &settings.policy {
        o.text(6, policy);
    }
    match &settings.encryption {
        Encryption::Off => {}
        Encryption::Managed => o.int(7, 1),
        Encryption::Kms { key } => {
            o.int(7, 2);
            o.text(8, key);
        }
    }
    if matches!(settings.encryption, Encryption::Kms { .. }) || settings.kms_reuse_s != KMS_REUSE_S_DEFAULT {
        o.int(9, u64::from(settings.kms_reuse_s));
    }
    if let Some(Fifo { content_dedup, scope, throughput }) = settings.fifo {
        o.nested(10, |o| {
            o.int(1, u64::from(content_dedup == Switch::On));
            o.int(2, u64::from(scope == DedupScope::MessageGroup));
            o.int(3, u64::from(throughput == Throughput::PerMessageGroup));
        });
    }
    if let Some(redrive) = &settings.redrive {
        o.nested(11, |o| {
            o.text(1, redrive.target.as_str());
            o.int(2, u64::from(redrive.receives_max));
        });
    }
    if let Some(allow) = &settings.redrive_allow {
        o.nested(12, |o| {
            o.text(1, &allow.text);
            match &allow.sources {
                AllowedSources::All => {}
                AllowedSources::None => o.int(2, 1),
                AllowedSources::These(sources) => {
                    o.int(2, 2);
                    sources.iter().for_each(|source| o.text(3, source.as_str()));
                }
            }
        });
    }
}

fn message(o: &mut Out<'_>, lsn: Lsn, stated: &mut MessageStated) {
    o.int(1, stated.queue.0);
    o.int(2, stated.number);
    o.bytes(3, &stated.id.0.to_be_bytes());
    o.int(4, stated.sent_at.0);
    o.int(5, stated.visible_at.0);
    o.receives(6, &stated.receives);
    o.payload(10, lsn, &mut stated.payload);
    o.key(13, stated.group.map(|key| key.0));
    o.key(14, stated.dedup.map(|key| key.0));
    way(o, 15, stated.past.as_deref(), stated.journey.as_deref());
    o.pair(17, stated.from);
}

/// Where a message comes from and where it goes, in two fields.
pub(super) fn way(o: &mut Out<'_>, tag: u64, stated: Option<&Past>, next: Option<&Journey>) {
    if let Some(stated) = stated {
        o.nested(tag, |o| {
            if let Some(source) = &stated.source {
                o.text(1, source.as_str());
            }
            o.int(2, u64::from(stated.received_before));
            o.int(3, stated.refused_at.0);
        });
    }
    if let Some(next) = next {
        o.nested(tag + 1, |o| journey(o, next));
    }
}

fn moved(
    o: &mut Out<'_>,
    (from, source): (QueueId, &Arn),
    to: QueueId,
    reason: &Why,
    numbers: &[(Number, Number)],
) {
    o.int(1, from.0);
    o.text(2, source.as_str());
    o.int(3, to.0);
    why(o, 4, reason);
    for (number, there) in numbers {
        o.item(5, *number);
        o.item(6, *there);
    }
}

fn journey(o: &mut Out<'_>, stated: &Journey) {
    o.int(1, u64::from(stated.to));
    o.int(2, stated.number);
    o.text(3, stated.target.as_str());
    why(o, 4, &stated.why);
}

/// Without the field the message is spent.
fn why(o: &mut Out<'_>, tag: u64, why: &Why) {
    match why {
        Why::Spent => {}
        Why::Task(id) => o.bytes(tag, &id.0.to_be_bytes()),
    }
}

fn deduplicated(o: &mut Out<'_>, stated: &DeduplicatedStated) {
    o.int(1, stated.queue.0);
    o.key(2, Some(stated.key.0));
    o.bytes(3, &stated.id.0.to_be_bytes());
    o.int(4, stated.number);
    o.int(5, stated.at.0);
}

fn attempt(o: &mut Out<'_>, stated: &AttemptStated) {
    o.int(1, stated.queue.0);
    o.key(2, Some(stated.key.0));
    o.int(3, stated.at.0);
    o.int(4, stated.until.0);
    for (number, count) in &stated.receipts {
        o.item(5, *number);
        o.item(6, u64::from(*count));
    }
}

fn move_task(o: &mut Out<'_>, stated: &MoveTaskStated) {
    o.int(1, stated.queue.0);
    o.bytes(2, &stated.id.0.to_be_bytes());
    if let Some(destination) = &stated.destination {
        o.text(3, destination.as_str());
    }
    o.int(4, u64::from(stated.per_second.unwrap_or(0)));
    o.int(5, stated.started.0);
    o.int(6, outcome::number(stated.status));
    o.int(7, stated.moved);
    o.int(8, stated.to_move);
}
