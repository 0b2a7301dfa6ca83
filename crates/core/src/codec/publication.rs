//! Publications and their deliveries, to bytes and back.

use super::Malformed;
use super::encode::{Out, way};
use super::fields::{Fields, In};
use crate::command::Presence;
use crate::event::{CopyStated, DueStated, Fifo, Leg, Occasion, OwedStated, PublicationStated, Then, Tried};
use crate::id::{DedupKey, GroupKey, PublicationId, QueueId, TopicId};
use crate::topic::subscription::{Form, Protocol, Rendition};
use crate::{Event, Lsn, Timestamp};

pub(super) fn write(o: &mut Out<'_>, lsn: Lsn, stated: &mut PublicationStated) {
    o.int(1, stated.id.0);
    o.bytes(2, &stated.message_id.0.to_be_bytes());
    o.text(3, stated.topic.as_str());
    o.int(4, stated.published_at.0);
    o.pair(5, stated.from);
    o.key(6, stated.group.map(|key| key.0));
    if let Some(fifo) = stated.fifo {
        o.int(7, fifo.sequence);
        o.key(8, Some(fifo.dedup.0));
    }
    o.int(9, occasion(stated.occasion));
    o.payload(10, lsn, &mut stated.payload);
    for stated in &stated.copies {
        o.nested(13, |o| copy(o, stated));
    }
    for stated in &stated.owed {
        o.nested(14, |o| owed(o, stated));
    }
    for stated in &stated.due {
        o.bytes(15, &stated.subscription.0.to_be_bytes());
        o.item(16, u64::from(stated.failures));
        o.item(17, stated.at.0);
    }
    o.int(18, stated.home.map_or(0, |topic| topic.0));
    o.int(19, u64::from(stated.archive == Presence::Present));
}

pub(super) fn read(fields: In<'_>) -> Result<PublicationStated, Malformed> {
    let f = fields.read()?;
    let due = f.ranges(15).zip(f.ints(16)).zip(f.ints(17)).map(|((subscription, failures), at)| {
        Ok(DueStated {
            subscription: subscription.uuid(15)?,
            failures: u32::try_from(failures).map_err(|_| Malformed::Field(16))?,
            at: Timestamp(at),
        })
    });
    let fifo = f.key(8)?.map(|key| Fifo { sequence: f.int(7), dedup: DedupKey(key) });
    Ok(PublicationStated {
        id: PublicationId(f.int(1)),
        message_id: f.uuid(2)?,
        topic: f.arn(3)?,
        published_at: Timestamp(f.int(4)),
        group: f.key(6)?.map(GroupKey),
        fifo,
        occasion: match f.int(9) {
            0 => Occasion::Published,
            1 => Occasion::Replayed,
            2 => Occasion::Notice,
            _ => return Err(Malformed::Field(9)),
        },
        home: Some(TopicId(f.int(18))).filter(|topic| topic.0 > 0),
        archive: if f.int(19) == 0 { Presence::Absent } else { Presence::Present },
        payload: f.payload(10)?,
        copies: f.ranges(13).map(read_copy).collect::<Result<_, _>>()?,
        owed: f.ranges(14).map(read_owed).collect::<Result<_, _>>()?,
        due: due.collect::<Result<_, _>>()?,
        from: f.pair(5)?,
    })
}

fn occasion(occasion: Occasion) -> u64 {
    match occasion {
        Occasion::Published => 0,
        Occasion::Replayed => 1,
        Occasion::Notice => 2,
    }
}

fn copy(o: &mut Out<'_>, stated: &CopyStated) {
    o.int(1, stated.queue.0);
    o.int(2, stated.number);
    o.bytes(3, &stated.subscription.0.to_be_bytes());
    o.int(4, rendition(stated.rendition));
    o.int(5, stated.sent_at.0);
    o.int(6, stated.visible_at.0);
    o.receives(7, &stated.receives);
    way(o, 10, stated.past.as_deref(), stated.journey.as_deref());
    o.key(12, stated.dedup.map(|key| key.0));
    o.int(13, u64::from(stated.group == Presence::Absent));
}

fn read_copy(fields: In<'_>) -> Result<CopyStated, Malformed> {
    let f = fields.read()?;
    Ok(CopyStated {
        queue: QueueId(f.int(1)),
        number: f.int(2),
        subscription: f.uuid(3)?,
        rendition: read_rendition(&f, 4)?,
        sent_at: Timestamp(f.int(5)),
        visible_at: Timestamp(f.int(6)),
        receives: f.receives(7)?,
        past: f.past(10)?,
        journey: f.journey(11)?,
        group: if f.int(13) == 0 { Presence::Present } else { Presence::Absent },
        dedup: f.key(12)?.map(DedupKey),
    })
}

fn owed(o: &mut Out<'_>, stated: &OwedStated) {
    o.int(1, u64::from(stated.to));
    o.int(2, stated.number);
    o.text(3, stated.queue.as_str());
    o.bytes(4, &stated.subscription.0.to_be_bytes());
    o.int(5, rendition(stated.rendition));
    o.int(6, u64::from(stated.leg == Leg::DeadLetter));
}

fn read_owed(fields: In<'_>) -> Result<OwedStated, Malformed> {
    let f = fields.read()?;
    Ok(OwedStated {
        to: f.u16(1)?,
        number: f.int(2),
        queue: f.arn(3)?,
        subscription: f.uuid(4)?,
        rendition: read_rendition(&f, 5)?,
        leg: if f.int(6) == 0 { Leg::Endpoint } else { Leg::DeadLetter },
    })
}

pub(super) fn diverted(o: &mut Out<'_>, publication: PublicationId, stated: &OwedStated) {
    o.int(1, publication.0);
    o.nested(2, |o| owed(o, stated));
}

pub(super) fn read_diverted(fields: In<'_>) -> Result<Event, Malformed> {
    let f = fields.read()?;
    let owed = read_owed(f.ranges(2).next().ok_or(Malformed::Field(2))?)?;
    Ok(Event::Diverted { publication: PublicationId(f.int(1)), owed })
}

/// One attempt is four fields; no time says that nothing follows.
pub(super) fn tried(o: &mut Out<'_>, tried: &[Tried]) {
    for Tried { topic, subscription, publication, then } in tried {
        o.item(1, topic.0);
        o.bytes(2, &subscription.0.to_be_bytes());
        o.item(3, publication.0);
        o.item(
            4,
            match then {
                Then::Over => 0,
                Then::Again(at) => at.0,
            },
        );
    }
}

pub(super) fn read_tried(fields: In<'_>) -> Result<Vec<Tried>, Malformed> {
    let f = fields.read()?;
    let each = f.ints(1).zip(f.ranges(2)).zip(f.ints(3)).zip(f.ints(4));
    let tried = each.map(|(((topic, subscription), publication), at)| {
        Ok(Tried {
            topic: TopicId(topic),
            subscription: subscription.uuid(2)?,
            publication: PublicationId(publication),
            then: if at == 0 { Then::Over } else { Then::Again(Timestamp(at)) },
        })
    });
    tried.collect()
}

/// The place of the protocol, doubled, and the form.
fn rendition(rendition: Rendition) -> u64 {
    protocol(rendition.protocol) << 1 | form(rendition.form)
}

fn read_rendition(f: &Fields<'_>, tag: u16) -> Result<Rendition, Malformed> {
    let value = f.int(u64::from(tag));
    let form = if value & 1 == 0 { Form::Envelope } else { Form::Raw };
    Ok(Rendition { protocol: read_protocol(value >> 1).ok_or(Malformed::Field(tag))?, form })
}

pub(super) fn protocol(protocol: Protocol) -> u64 {
    Protocol::ALL.iter().position(|known| *known == protocol).expect("all are in the row") as u64
}

pub(super) fn read_protocol(place: u64) -> Option<Protocol> {
    Protocol::ALL.get(usize::try_from(place).ok()?).copied()
}

pub(super) fn form(form: Form) -> u64 {
    match form {
        Form::Envelope => 0,
        Form::Raw => 1,
    }
}

pub(super) fn read_form(f: &Fields<'_>, tag: u16) -> Result<Form, Malformed> {
    match f.int(u64::from(tag)) {
        0 => Ok(Form::Envelope),
        1 => Ok(Form::Raw),
        _ => Err(Malformed::Field(tag)),
    }
}
