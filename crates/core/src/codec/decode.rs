//! Bytes to events. Total: malformed input is an error value.

mod account;
mod application;

use super::fields::In;
use super::{Malformed, outcome, publication, tag, topic};
use crate::event::{
    AttemptStated, DeduplicatedStated, Event, Journey, MessageStated, MoveTaskStated, QueueStated,
    ShardStated,
};
use crate::id::{DedupKey, GroupKey, QueueId, Revision, TopicId};
use crate::queue::expiry::Expired;
use crate::queue::settings::{
    AllowedSources, DedupScope, Encryption, Fifo, KMS_REUSE_S_DEFAULT, Redrive, RedriveAllow, Settings,
    Switch, Throughput,
};
use crate::{Arn, Lsn, Timestamp};
use bytes::Bytes;
use std::sync::Arc;

/// Reads the events of the entry at `lsn`, in order. Payloads are slices of `entry`.
pub fn decode(lsn: Lsn, entry: &Bytes, mut each: impl FnMut(Event)) -> Result<(), Malformed> {
    let mut at = 0;
    while at < entry.len() {
        let head = entry.get(at..at + 6).ok_or(Malformed::Layout)?;
        let tag = u16::from_le_bytes([head[0], head[1]]);
        let len = u32::from_le_bytes([head[2], head[3], head[4], head[5]]) as usize;
        let end = (at + 6).checked_add(len).filter(|end| *end <= entry.len()).ok_or(Malformed::Layout)?;
        each(event(tag, In { lsn, entry, at: at + 6, end })?);
        at = end;
    }
    Ok(())
}

fn event(tag: u16, fields: In<'_>) -> Result<Event, Malformed> {
    Ok(match tag {
        tag::OPENED => Event::Opened,
        tag::FORMAT_RAISED => Event::FormatRaised(fields.read()?.u32(1)?),
        tag::SHARD => Event::Shard(shard(fields)?),
        tag::QUEUE => Event::Queue(Box::new(queue(fields)?)),
        tag::QUEUE_DELETED => {
            let f = fields.read()?;
            Event::QueueDeleted { queue: QueueId(f.int(1)), arn: f.arn(2)?, at: Timestamp(f.int(3)) }
        }
        tag::QUEUE_PURGED => {
            let f = fields.read()?;
            Event::QueuePurged { queue: QueueId(f.int(1)), before: f.int(2) }
        }
        tag::MESSAGE => Event::Message(message(fields)?),
        tag::RECEIVED => {
            let f = fields.read()?;
            let numbers = f.ints(3).collect();
            Event::Received { queue: QueueId(f.int(1)), until: Timestamp(f.int(2)), numbers }
        }
        tag::DEDUPLICATED => Event::Deduplicated(deduplicated(fields)?),
        tag::ATTEMPT => Event::Attempt(Box::new(attempt(fields)?)),
        tag::MOVED => {
            let f = fields.read()?;
            let numbers = f.ints(5).zip(f.ints(6)).collect();
            let (from, to) = (QueueId(f.int(1)), QueueId(f.int(3)));
            Event::Moved { from, source: f.arn(2)?, to, why: f.why(4)?, numbers }
        }
        tag::LEAVING => {
            let f = fields.read()?;
            let journey = f.journey(3)?.ok_or(Malformed::Field(3))?;
            Event::Leaving { queue: QueueId(f.int(1)), number: f.int(2), journey }
        }
        tag::MOVE_TASK => Event::MoveTask(Box::new(move_task(fields)?)),
        tag::VISIBILITY_CHANGED => {
            let f = fields.read()?;
            let changes = f.ints(2).zip(f.ints(3).map(Timestamp)).collect();
            Event::VisibilityChanged { queue: QueueId(f.int(1)), changes }
        }
        tag::DELETED => {
            let f = fields.read()?;
            Event::Deleted { queue: QueueId(f.int(1)), numbers: f.ints(2).collect() }
        }
        tag::TOPIC => Event::Topic(Box::new(topic::read_topic(fields)?)),
        tag::TOPIC_DELETED => Event::TopicDeleted { topic: TopicId(fields.read()?.int(1)) },
        tag::SUBSCRIPTION => Event::Subscription(Box::new(topic::read_subscription(fields)?)),
        tag::UNSUBSCRIBED => {
            let f = fields.read()?;
            Event::Unsubscribed { topic: TopicId(f.int(1)), subscription: f.uuid(2)? }
        }
        tag::PUBLICATION => Event::Publication(Box::new(publication::read(fields)?)),
        tag::TRIED => Event::Tried(publication::read_tried(fields)?),
        tag::DIVERTED => publication::read_diverted(fields)?,
        tag::TOPIC_DEDUPLICATED => Event::TopicDeduplicated(topic::read_deduplicated(fields)?),
        tag::ARCHIVED => topic::read_archived(fields)?,
        tag::REPLAY => Event::Replay(Box::new(topic::read_replay(fields)?)),
        tag::SETTLED => {
            let f = fields.read()?;
            let refused = Some(f.int(3)).filter(|number| *number > 0);
            Event::Settled { to: f.u16(1)?, accepted: f.int(2), refused }
        }
        tag::INBOX => {
            let f = fields.read()?;
            Event::Inbox { from: f.u16(1)?, number: f.int(2) }
        }
        tag::SMS_ATTRIBUTES..=tag::OPTED_IN => Event::Account(account::decode(tag, fields)?),
        tag::APPLICATION..=tag::ENDPOINT_DELETED => Event::Application(application::decode(tag, fields)?),
        unknown => return Err(Malformed::UnknownEvent(unknown)),
    })
}

fn shard(fields: In<'_>) -> Result<ShardStated, Malformed> {
    let f = fields.read()?;
    let next_owed = f.ranges(6).map(|range| {
        let f = range.read()?;
        Ok((f.u16(1)?, f.int(2)))
    });
    Ok(ShardStated {
        secret: f.bytes(1).try_into().map_err(|_| Malformed::Field(1))?,
        next_queue: f.int(2),
        next_topic: f.int(3),
        next_publication: f.int(4),
        next_revision: f.int(5),
        next_owed: next_owed.collect::<Result<_, _>>()?,
    })
}

fn queue(fields: In<'_>) -> Result<QueueStated, Malformed> {
    let f = fields.read()?;
    let mut expired = Expired::default();
    for range in f.ranges(13) {
        let f = range.read()?;
        expired.add(Timestamp(f.int(1)), f.int(2));
    }
    expired.add(Timestamp(f.int(9)), f.ints(12).next().unwrap_or_else(|| f.int(8)));
    Ok(QueueStated {
        id: QueueId(f.int(1)),
        arn: f.arn(2)?,
        revision: Revision(f.int(3)),
        created: Timestamp(f.int(4)),
        modified: Timestamp(f.int(5)),
        settings: settings(f.ranges(6).next().ok_or(Malformed::Field(6))?)?,
        tags: f.pairs(7)?,
        next_number: f.int(8),
        expired,
        purged_before: f.int(10),
        purged_at: Timestamp(f.int(11)),
    })
}

fn settings(fields: In<'_>) -> Result<Settings, Malformed> {
    let f = fields.read()?;
    let encryption = match f.int(7) {
        0 => Encryption::Off,
        1 => Encryption::Managed,
        2 => Encryption::Kms { key: f.text(8)?.into() },
        _ => return Err(Malformed::Field(7)),
    };
    Ok(Settings {
        visibility_s: f.u32(1)?,
        message_bytes_max: f.u32(2)?,
        retention_s: f.u32(3)?,
        delay_s: f.u32(4)?,
        wait_s: f.u32(5)?,
        policy: Some(f.text(6)?).filter(|text| !text.is_empty()).map(Arc::from),
        encryption,
        kms_reuse_s: Some(f.u32(9)?).filter(|s| *s > 0).unwrap_or(KMS_REUSE_S_DEFAULT),
        fifo: f.ranges(10).next().map(fifo).transpose()?,
        redrive: f.ranges(11).next().map(redrive).transpose()?,
        redrive_allow: f.ranges(12).next().map(redrive_allow).transpose()?,
    })
}

fn fifo(fields: In<'_>) -> Result<Fifo, Malformed> {
    let f = fields.read()?;
    let content_dedup = if f.int(1) == 0 { Switch::Off } else { Switch::On };
    let scope = if f.int(2) == 0 { DedupScope::Queue } else { DedupScope::MessageGroup };
    let throughput = if f.int(3) == 0 { Throughput::PerQueue } else { Throughput::PerMessageGroup };
    Ok(Fifo { content_dedup, scope, throughput })
}

fn redrive(fields: In<'_>) -> Result<Redrive, Malformed> {
    let f = fields.read()?;
    Ok(Redrive { target: f.arn(1)?, receives_max: f.u32(2)? })
}

fn redrive_allow(fields: In<'_>) -> Result<RedriveAllow, Malformed> {
    let f = fields.read()?;
    let named = f.ranges(3).map(|range| {
        let text = std::str::from_utf8(&range.entry[range.at..range.end]).ok();
        text.and_then(Arn::parse).ok_or(Malformed::Field(3))
    });
    let sources = match f.int(2) {
        0 => AllowedSources::All,
        1 => AllowedSources::None,
        2 => AllowedSources::These(named.collect::<Result<_, _>>()?),
        _ => return Err(Malformed::Field(2)),
    };
    Ok(RedriveAllow { text: f.text(1)?.into(), sources })
}

pub(super) fn journey(fields: In<'_>) -> Result<Journey, Malformed> {
    let f = fields.read()?;
    Ok(Journey { to: f.u16(1)?, number: f.int(2), target: f.arn(3)?, why: f.why(4)? })
}

fn deduplicated(fields: In<'_>) -> Result<DeduplicatedStated, Malformed> {
    let f = fields.read()?;
    Ok(DeduplicatedStated {
        queue: QueueId(f.int(1)),
        key: DedupKey(f.key(2)?.ok_or(Malformed::Field(2))?),
        id: f.uuid(3)?,
        number: f.int(4),
        at: Timestamp(f.int(5)),
    })
}

fn attempt(fields: In<'_>) -> Result<AttemptStated, Malformed> {
    let f = fields.read()?;
    let count = |count| u32::try_from(count).map_err(|_| Malformed::Field(6));
    let receipts = f.ints(5).zip(f.ints(6)).map(|(number, times)| Ok((number, count(times)?)));
    Ok(AttemptStated {
        queue: QueueId(f.int(1)),
        key: DedupKey(f.key(2)?.ok_or(Malformed::Field(2))?),
        at: Timestamp(f.int(3)),
        until: Timestamp(f.int(4)),
        receipts: receipts.collect::<Result<_, _>>()?,
    })
}

fn move_task(fields: In<'_>) -> Result<MoveTaskStated, Malformed> {
    let f = fields.read()?;
    Ok(MoveTaskStated {
        queue: QueueId(f.int(1)),
        id: f.uuid(2)?,
        destination: if f.bytes(3).is_empty() { None } else { Some(f.arn(3)?) },
        per_second: Some(f.u32(4)?).filter(|rate| *rate > 0),
        started: Timestamp(f.int(5)),
        status: outcome::of(f.int(6)).ok_or(Malformed::Field(6))?,
        moved: f.int(7),
        to_move: f.int(8),
    })
}

fn message(fields: In<'_>) -> Result<MessageStated, Malformed> {
    let f = fields.read()?;
    Ok(MessageStated {
        queue: QueueId(f.int(1)),
        number: f.int(2),
        id: f.uuid(3)?,
        sent_at: Timestamp(f.int(4)),
        visible_at: Timestamp(f.int(5)),
        receives: f.receives(6)?,
        payload: f.payload(10)?,
        group: f.key(13)?.map(GroupKey),
        dedup: f.key(14)?.map(DedupKey),
        past: f.past(15)?,
        journey: f.journey(16)?,
        from: f.pair(17)?,
    })
}
