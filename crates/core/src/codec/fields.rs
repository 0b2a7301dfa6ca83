//! The fields of an event, in whatever order and number they were written.

use super::decode::journey;
use super::{KIND_BYTES, KIND_INT, KIND_LONG, Malformed};
use crate::body::{Payload, Place};
use crate::event::{Journey, Past, Receives, Tags, Why};
use crate::id::Uuid;
use crate::{Arn, Lsn, Timestamp};
use bytes::Bytes;
use std::num::NonZero;

/// Where fields are read from: a range of the entry.
#[derive(Clone, Copy)]
pub(super) struct In<'a> {
    pub(super) lsn: Lsn,
    pub(super) entry: &'a Bytes,
    pub(super) at: usize,
    pub(super) end: usize,
}

/// Fields in the order in which they were written.
pub(super) struct Fields<'a> {
    input: In<'a>,
    found: Vec<(u64, Value)>,
}

#[derive(Clone, Copy)]
pub(super) enum Value {
    Int(u64),
    Range(usize, usize),
}

impl<'a> In<'a> {
    pub(super) fn varint(&mut self) -> Result<u64, Malformed> {
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

    /// The id that the range holds, of the field with this tag.
    pub(super) fn uuid(self, tag: u16) -> Result<Uuid, Malformed> {
        let bytes = self.entry[self.at..self.end].try_into().map_err(|_| Malformed::Field(tag))?;
        Ok(Uuid(u128::from_be_bytes(bytes)))
    }

    pub(super) fn range(&mut self, len: u64) -> Result<Value, Malformed> {
        let len = usize::try_from(len).map_err(|_| Malformed::Layout)?;
        let end = self.at.checked_add(len).filter(|end| *end <= self.end).ok_or(Malformed::Layout)?;
        Ok(Value::Range(std::mem::replace(&mut self.at, end), end))
    }

    pub(super) fn read(mut self) -> Result<Fields<'a>, Malformed> {
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
    pub(super) fn values(&self, tag: u64) -> impl Iterator<Item = Value> {
        self.found.iter().filter(move |field| field.0 == tag).map(|field| field.1)
    }

    pub(super) fn ints(&self, tag: u64) -> impl Iterator<Item = u64> {
        self.values(tag).filter_map(|value| match value {
            Value::Int(int) => Some(int),
            Value::Range(..) => None,
        })
    }

    pub(super) fn int(&self, tag: u64) -> u64 {
        self.ints(tag).next().unwrap_or(0)
    }

    pub(super) fn u32(&self, tag: u16) -> Result<u32, Malformed> {
        u32::try_from(self.int(u64::from(tag))).map_err(|_| Malformed::Field(tag))
    }

    pub(super) fn u16(&self, tag: u16) -> Result<u16, Malformed> {
        u16::try_from(self.int(u64::from(tag))).map_err(|_| Malformed::Field(tag))
    }

    pub(super) fn ranges(&self, tag: u64) -> impl Iterator<Item = In<'a>> {
        let input = self.input;
        self.values(tag).filter_map(move |value| match value {
            Value::Range(at, end) => Some(In { at, end, ..input }),
            Value::Int(_) => None,
        })
    }

    pub(super) fn bytes(&self, tag: u64) -> &'a [u8] {
        self.ranges(tag).next().map_or(&[], |range| &range.entry[range.at..range.end])
    }

    pub(super) fn text(&self, tag: u16) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes(u64::from(tag))).map_err(|_| Malformed::Field(tag))
    }

    pub(super) fn arn(&self, tag: u16) -> Result<Arn, Malformed> {
        Arn::parse(self.text(tag)?).ok_or(Malformed::Field(tag))
    }

    pub(super) fn uuid(&self, tag: u16) -> Result<Uuid, Malformed> {
        self.ranges(u64::from(tag)).next().ok_or(Malformed::Field(tag))?.uuid(tag)
    }

    pub(super) fn key(&self, tag: u16) -> Result<Option<NonZero<u128>>, Malformed> {
        let bytes = self.bytes(u64::from(tag));
        if bytes.is_empty() {
            return Ok(None);
        }
        let bytes = bytes.try_into().map_err(|_| Malformed::Field(tag))?;
        NonZero::new(u128::from_be_bytes(bytes)).map(Some).ok_or(Malformed::Field(tag))
    }

    pub(super) fn pair(&self, tag: u64) -> Result<Option<(u16, u64)>, Malformed> {
        let pair = self.ranges(tag).next().map(|range| {
            let f = range.read()?;
            Ok((f.u16(1)?, f.int(2)))
        });
        pair.transpose()
    }

    pub(super) fn why(&self, tag: u16) -> Result<Why, Malformed> {
        if self.bytes(u64::from(tag)).is_empty() { Ok(Why::Spent) } else { self.uuid(tag).map(Why::Task) }
    }

    pub(super) fn past(&self, tag: u64) -> Result<Option<Box<Past>>, Malformed> {
        let past = self.ranges(tag).next().map(|range| {
            let f = range.read()?;
            let source = if f.bytes(1).is_empty() { None } else { Some(f.arn(1)?) };
            let (received_before, refused_at) = (f.u32(2)?, Timestamp(f.int(3)));
            Ok(Box::new(Past { source, received_before, refused_at }))
        });
        past.transpose()
    }

    pub(super) fn journey(&self, tag: u64) -> Result<Option<Box<Journey>>, Malformed> {
        self.ranges(tag).next().map(|range| journey(range).map(Box::new)).transpose()
    }

    pub(super) fn pairs(&self, tag: u64) -> Result<Tags, Malformed> {
        self.ranges(tag)
            .map(|range| {
                let f = range.read()?;
                Ok((f.text(1)?.into(), f.text(2)?.into()))
            })
            .collect()
    }

    pub(super) fn payload(&self, tag: u16) -> Result<Payload, Malformed> {
        let range = self.ranges(u64::from(tag)).next().ok_or(Malformed::Field(tag))?;
        let offset = u32::try_from(range.at).map_err(|_| Malformed::Layout)?;
        let len = u32::try_from(range.end - range.at).map_err(|_| Malformed::Layout)?;
        let place = Place { lsn: range.lsn, offset, len, crc: self.u32(tag + 2)? };
        Ok(Payload { bytes: range.entry.slice(range.at..range.end), size: self.u32(tag + 1)?, place })
    }

    pub(super) fn receives(&self, tag: u16) -> Result<Receives, Malformed> {
        let time = |tag: u16| Timestamp(self.int(u64::from(tag)));
        Ok(Receives { count: self.u32(tag)?, first_at: time(tag + 1), last_at: time(tag + 2) })
    }
}
