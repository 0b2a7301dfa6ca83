//! Bytes to events. Total: malformed input is an error value.

use super::{KIND_BYTES, KIND_INT, KIND_LONG, Malformed, tag};
use crate::body::{Payload, Place};
use crate::event::{
    CopyStated, Event, MessageStated, OwedStated, PublicationStated, QueueStated, Receives, ShardStated,
    SubscriptionStated, Tags, TopicStated,
};
use crate::id::{PublicationId, QueueId, Revision, TopicId, Uuid};
use crate::queue::settings::{Encryption, Settings};
use crate::topic::filter::{Policy, Scope};
use crate::topic::subscription::{Filter, Form};
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
        tag::VISIBILITY_CHANGED => {
            let f = fields.read()?;
            let changes = f.ints(2).zip(f.ints(3).map(Timestamp)).collect();
            Event::VisibilityChanged { queue: QueueId(f.int(1)), changes }
        }
        tag::DELETED => {
            let f = fields.read()?;
            Event::Deleted { queue: QueueId(f.int(1)), numbers: f.ints(2).collect() }
        }
        tag::TOPIC => Event::Topic(Box::new(topic(fields)?)),
        tag::TOPIC_DELETED => Event::TopicDeleted { topic: TopicId(fields.read()?.int(1)) },
        tag::SUBSCRIPTION => Event::Subscription(Box::new(subscription(fields)?)),
        tag::UNSUBSCRIBED => {
            let f = fields.read()?;
            Event::Unsubscribed { topic: TopicId(f.int(1)), subscription: f.uuid(2)? }
        }
        tag::PUBLICATION => Event::Publication(Box::new(publication(fields)?)),
        tag::SETTLED => {
            let f = fields.read()?;
            let refused = Some(f.int(3)).filter(|number| *number > 0);
            Event::Settled { to: f.u16(1)?, accepted: f.int(2), refused }
        }
        tag::INBOX => {
            let f = fields.read()?;
            Event::Inbox { from: f.u16(1)?, number: f.int(2) }
        }
        unknown => return Err(Malformed::UnknownEvent(unknown)),
    })
}

/// Where fields are read from: a range of the entry.
#[derive(Clone, Copy)]
struct In<'a> {
    lsn: Lsn,
    entry: &'a Bytes,
    at: usize,
    end: usize,
}

/// Fields in the order in which they were written.
struct Fields<'a> {
    input: In<'a>,
    found: Vec<(u64, Value)>,
}

#[derive(Clone, Copy)]
enum Value {
    Int(u64),
    Range(usize, usize),
}

impl<'a> In<'a> {
    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.entry[..self.end].get(self.at).ok_or(Malformed::Layout)?;
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Malformed::Layout)
    }

    fn range(&mut self, len: u64) -> Result<Value, Malformed> {
        let len = usize::try_from(len).map_err(|_| Malformed::Layout)?;
        let end = self.at.checked_add(len).filter(|end| *end <= self.end).ok_or(Malformed::Layout)?;
        Ok(Value::Range(std::mem::replace(&mut self.at, end), end))
    }

    fn read(mut self) -> Result<Fields<'a>, Malformed> {
        let mut found = Vec::with_capacity(12);
        while self.at < self.end {
            let key = self.varint()?;
            let value = match key & 3 {
                KIND_INT => Value::Int(self.varint()?),
                KIND_BYTES => {
                    let len = self.varint()?;
                    self.range(len)?
                }
                KIND_LONG => {
                    let head = self.entry[..self.end].get(self.at..self.at + 4).ok_or(Malformed::Layout)?;
                    self.at += 4;
                    self.range(u64::from(u32::from_le_bytes([head[0], head[1], head[2], head[3]])))?
                }
                _ => return Err(Malformed::Layout),
            };
            found.push((key >> 2, value));
        }
        Ok(Fields { input: self, found })
    }
}

impl<'a> Fields<'a> {
    fn values(&self, tag: u64) -> impl Iterator<Item = Value> {
        self.found.iter().filter(move |field| field.0 == tag).map(|field| field.1)
    }

    fn ints(&self, tag: u64) -> impl Iterator<Item = u64> {
        self.values(tag).filter_map(|value| match value {
            Value::Int(int) => Some(int),
            Value::Range(..) => None,
        })
    }

    fn int(&self, tag: u64) -> u64 {
        self.ints(tag).next().unwrap_or(0)
    }

    fn u32(&self, tag: u16) -> Result<u32, Malformed> {
        u32::try_from(self.int(u64::from(tag))).map_err(|_| Malformed::Field(tag))
    }

    fn u16(&self, tag: u16) -> Result<u16, Malformed> {
        u16::try_from(self.int(u64::from(tag))).map_err(|_| Malformed::Field(tag))
    }

    fn ranges(&self, tag: u64) -> impl Iterator<Item = In<'a>> {
        let input = self.input;
        self.values(tag).filter_map(move |value| match value {
            Value::Range(at, end) => Some(In { at, end, ..input }),
            Value::Int(_) => None,
        })
    }

    fn bytes(&self, tag: u64) -> &'a [u8] {
        self.ranges(tag).next().map_or(&[], |range| &range.entry[range.at..range.end])
    }

    fn text(&self, tag: u16) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes(u64::from(tag))).map_err(|_| Malformed::Field(tag))
    }

    fn arn(&self, tag: u16) -> Result<Arn, Malformed> {
        Arn::parse(self.text(tag)?).ok_or(Malformed::Field(tag))
    }

    fn uuid(&self, tag: u16) -> Result<Uuid, Malformed> {
        let bytes = self.bytes(u64::from(tag)).try_into().map_err(|_| Malformed::Field(tag))?;
        Ok(Uuid(u128::from_be_bytes(bytes)))
    }

    fn pairs(&self, tag: u64) -> Result<Tags, Malformed> {
        self.ranges(tag)
            .map(|range| {
                let f = range.read()?;
                Ok((f.text(1)?.into(), f.text(2)?.into()))
            })
            .collect()
    }

    fn payload(&self, tag: u16) -> Result<Payload, Malformed> {
        let range = self.ranges(u64::from(tag)).next().ok_or(Malformed::Field(tag))?;
        let offset = u32::try_from(range.at).map_err(|_| Malformed::Layout)?;
        let len = u32::try_from(range.end - range.at).map_err(|_| Malformed::Layout)?;
        let place = Place { lsn: range.lsn, offset, len, crc: self.u32(tag + 2)? };
        Ok(Payload { bytes: range.entry.slice(range.at..range.end), size: self.u32(tag + 1)?, place })
    }

    fn receives(&self, tag: u16) -> Result<Receives, Malformed> {
        let time = |tag: u16| Timestamp(self.int(u64::from(tag)));
        Ok(Receives { count: self.u32(tag)?, first_at: time(tag + 1), last_at: time(tag + 2) })
    }

    fn form(&self, tag: u16) -> Result<Form, Malformed> {
        match self.int(u64::from(tag)) {
            0 => Ok(Form::Envelope),
            1 => Ok(Form::Raw),
            _ => Err(Malformed::Field(tag)),
        }
    }
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
    Ok(QueueStated {
        id: QueueId(f.int(1)),
        arn: f.arn(2)?,
        revision: Revision(f.int(3)),
        created: Timestamp(f.int(4)),
        modified: Timestamp(f.int(5)),
        settings: settings(f.ranges(6).next().ok_or(Malformed::Field(6))?)?,
        tags: f.pairs(7)?,
        next_number: f.int(8),
        expired_before: Timestamp(f.int(9)),
        purged_before: f.int(10),
        purged_at: Timestamp(f.int(11)),
    })
}

fn settings(fields: In<'_>) -> Result<Settings, Malformed> {
    let f = fields.read()?;
    let encryption = match f.int(7) {
        0 => Encryption::Off,
        1 => Encryption::Managed,
        2 => Encryption::Kms { key: f.text(8)?.into(), reuse_s: f.u32(9)? },
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
    })
}

fn topic(fields: In<'_>) -> Result<TopicStated, Malformed> {
    let f = fields.read()?;
    Ok(TopicStated {
        id: TopicId(f.int(1)),
        arn: f.arn(2)?,
        revision: Revision(f.int(3)),
        attributes: f.pairs(4)?,
        tags: f.pairs(5)?,
        subscriptions_deleted: f.int(6),
    })
}

fn subscription(fields: In<'_>) -> Result<SubscriptionStated, Malformed> {
    let f = fields.read()?;
    let policy = f.bytes(9);
    let filter = if policy.is_empty() {
        None
    } else {
        let scope = match f.int(8) {
            0 => Scope::MessageAttributes,
            1 => Scope::MessageBody,
            _ => return Err(Malformed::Field(8)),
        };
        let policy = Policy::decode(policy).map_err(|_| Malformed::Filter)?;
        Some(Arc::new(Filter { text: f.text(7)?.into(), scope, policy }))
    };
    Ok(SubscriptionStated {
        topic: TopicId(f.int(1)),
        id: f.uuid(2)?,
        queue: f.arn(3)?,
        owner: f.text(4)?.into(),
        principal: f.text(5)?.into(),
        form: f.form(6)?,
        filter,
    })
}

fn publication(fields: In<'_>) -> Result<PublicationStated, Malformed> {
    let f = fields.read()?;
    let from = f.ranges(5).next().map(|range| {
        let f = range.read()?;
        Ok((f.u16(1)?, f.int(2)))
    });
    Ok(PublicationStated {
        id: PublicationId(f.int(1)),
        message_id: f.uuid(2)?,
        topic: f.arn(3)?,
        published_at: Timestamp(f.int(4)),
        payload: f.payload(10)?,
        copies: f.ranges(13).map(copy).collect::<Result<_, _>>()?,
        owed: f.ranges(14).map(owed).collect::<Result<_, _>>()?,
        from: from.transpose()?,
    })
}

fn copy(fields: In<'_>) -> Result<CopyStated, Malformed> {
    let f = fields.read()?;
    Ok(CopyStated {
        queue: QueueId(f.int(1)),
        number: f.int(2),
        subscription: f.uuid(3)?,
        form: f.form(4)?,
        sent_at: Timestamp(f.int(5)),
        visible_at: Timestamp(f.int(6)),
        receives: f.receives(7)?,
    })
}

fn owed(fields: In<'_>) -> Result<OwedStated, Malformed> {
    let f = fields.read()?;
    Ok(OwedStated {
        to: f.u16(1)?,
        number: f.int(2),
        queue: f.arn(3)?,
        subscription: f.uuid(4)?,
        form: f.form(5)?,
    })
}
