//! Topics and subscriptions, to bytes and back.

use super::encode::Out;
use super::fields::In;
use super::publication::{form, read_form};
use super::{Malformed, publication};
use crate::event::{Archive, ReplayStated, ReplayStatus, SubscriptionStated, TopicDeduplicated, TopicStated};
use crate::id::{DedupKey, Revision, TopicId};
use crate::topic::filter::{self, Scope};
use crate::topic::retry::{Backoff, ContentType, Overrides, Phases, Policy, Schedule, TopicPolicy};
use crate::topic::subscription::{Confirmation, Endpoint, Filter, Protocol, Standing, Token};
use crate::{Event, Timestamp};
use std::num::NonZeroU32;
use std::sync::Arc;

pub(super) fn topic(o: &mut Out<'_>, stated: &TopicStated) {
    o.int(1, stated.id.0);
    o.text(2, stated.arn.as_str());
    o.int(3, stated.revision.0);
    o.pairs(4, &stated.attributes);
    o.pairs(5, &stated.tags);
    o.int(6, stated.subscriptions_deleted);
    o.int(7, stated.next_sequence);
    if stated.delivery != TopicPolicy::default() {
        o.nested(8, |o| {
            o.nested(1, |o| policy(o, &stated.delivery.policy));
            o.int(2, u64::from(stated.delivery.overrides == Overrides::Disabled));
        });
    }
    if let Some(Archive { since, days }) = stated.archive {
        o.nested(9, |o| {
            o.int(1, since.0);
            o.int(2, u64::from(days));
        });
    }
}

pub(super) fn read_topic(fields: In<'_>) -> Result<TopicStated, Malformed> {
    let f = fields.read()?;
    let delivery = f.ranges(8).next().map(|range| {
        let f = range.read()?;
        let policy = f.ranges(1).next().map(read_policy).transpose()?.unwrap_or_default();
        let overrides = if f.int(2) == 0 { Overrides::Allowed } else { Overrides::Disabled };
        Ok(TopicPolicy { policy, overrides })
    });
    let archive = f.ranges(9).next().map(|range| {
        let f = range.read()?;
        Ok(Archive { since: Timestamp(f.int(1)), days: f.u16(2)? })
    });
    Ok(TopicStated {
        id: TopicId(f.int(1)),
        arn: f.arn(2)?,
        revision: Revision(f.int(3)),
        attributes: f.pairs(4)?,
        tags: f.pairs(5)?,
        subscriptions_deleted: f.int(6),
        next_sequence: f.int(7),
        delivery: delivery.transpose()?.unwrap_or_default(),
        archive: archive.transpose()?,
    })
}

pub(super) fn subscription(o: &mut Out<'_>, stated: &SubscriptionStated) {
    o.int(1, stated.topic.0);
    o.bytes(2, &stated.id.0.to_be_bytes());
    match &stated.endpoint {
        Endpoint::Queue(queue) => o.text(3, queue.as_str()),
        Endpoint::Other(protocol, address) => {
            o.int(10, publication::protocol(*protocol));
            o.text(11, address);
        }
    }
    o.text(4, &stated.owner);
    o.text(5, &stated.principal);
    o.int(6, form(stated.form));
    if let Some(filter) = &stated.filter {
        o.text(7, &filter.text);
        o.int(
            8,
            match filter.scope {
                Scope::MessageAttributes => 0,
                Scope::MessageBody => 1,
            },
        );
        let mut policy = Vec::new();
        filter.policy.encode(&mut policy);
        o.bytes(9, &policy);
    }
    let (standing, since) = match stated.standing {
        Standing::Confirmed(Confirmation::Authenticated) => (0, Timestamp::ZERO),
        Standing::Confirmed(Confirmation::Link) => (1, Timestamp::ZERO),
        Standing::Pending(since) => (2, since),
        Standing::Ended(since) => (3, since),
    };
    o.int(12, standing);
    o.int(13, since.0);
    stated.tokens.iter().for_each(|token| o.bytes(14, &token.0));
    if let Some(target) = &stated.dead_letter {
        o.text(15, target.as_str());
    }
    if stated.delivery != Policy::default() {
        o.nested(16, |o| policy(o, &stated.delivery));
    }
    o.pairs(17, &stated.attributes);
}

pub(super) fn read_subscription(fields: In<'_>) -> Result<SubscriptionStated, Malformed> {
    let f = fields.read()?;
    let endpoint = match publication::read_protocol(f.int(10)).ok_or(Malformed::Field(10))? {
        Protocol::Sqs => Endpoint::Queue(f.arn(3)?),
        protocol @ (Protocol::Http
        | Protocol::Https
        | Protocol::Email
        | Protocol::EmailJson
        | Protocol::Sms
        | Protocol::Application
        | Protocol::Lambda
        | Protocol::Firehose) => Endpoint::Other(protocol, f.text(11)?.into()),
    };
    let since = Timestamp(f.int(13));
    let standing = match f.int(12) {
        0 => Standing::Confirmed(Confirmation::Authenticated),
        1 => Standing::Confirmed(Confirmation::Link),
        2 => Standing::Pending(since),
        3 => Standing::Ended(since),
        _ => return Err(Malformed::Field(12)),
    };
    let token = |range: In<'_>| {
        let bytes = &range.entry[range.at..range.end];
        Ok(Token(bytes.try_into().map_err(|_| Malformed::Field(14))?))
    };
    Ok(SubscriptionStated {
        topic: TopicId(f.int(1)),
        id: f.uuid(2)?,
        endpoint,
        owner: f.text(4)?.into(),
        principal: f.text(5)?.into(),
        form: read_form(&f, 6)?,
        filter: read_filter(f.bytes(9), f.int(8), f.text(7)?)?,
        standing,
        tokens: f.ranges(14).map(token).collect::<Result<_, _>>()?,
        dead_letter: if f.bytes(15).is_empty() { None } else { Some(f.arn(15)?) },
        delivery: f.ranges(16).next().map(read_policy).transpose()?.unwrap_or_default(),
        attributes: f.pairs(17)?,
    })
}

fn read_filter(policy: &[u8], scope: u64, text: &str) -> Result<Option<Arc<Filter>>, Malformed> {
    if policy.is_empty() {
        return Ok(None);
    }
    let scope = match scope {
        0 => Scope::MessageAttributes,
        1 => Scope::MessageBody,
        _ => return Err(Malformed::Field(8)),
    };
    let policy = filter::Policy::decode(policy).map_err(|_| Malformed::Filter)?;
    Ok(Some(Arc::new(Filter { text: text.into(), scope, policy })))
}

fn policy(o: &mut Out<'_>, policy: &Policy) {
    if let Some(schedule) = &policy.schedule {
        let phases = schedule.phases();
        o.nested(1, |o| {
            o.int(1, u64::from(phases.min_delay_ms));
            o.int(2, u64::from(phases.max_delay_ms));
            o.int(3, u64::from(phases.retries));
            o.int(4, u64::from(phases.no_delay_retries));
            o.int(5, u64::from(phases.min_delay_retries));
            o.int(6, u64::from(phases.max_delay_retries));
            let place = BACKOFFS.iter().position(|known| *known == phases.backoff);
            o.int(7, place.expect("all are in the row") as u64);
        });
    }
    o.int(2, policy.attempts_per_s_max.map_or(0, |rate| u64::from(rate.get())));
    if let Some(content_type) = &policy.content_type {
        o.text(3, content_type.as_str());
    }
}

/// Each has its place in this row for good.
const BACKOFFS: [Backoff; 4] =
    [Backoff::Linear, Backoff::Arithmetic, Backoff::Geometric, Backoff::Exponential];

fn read_policy(fields: In<'_>) -> Result<Policy, Malformed> {
    let f = fields.read()?;
    let schedule = f.ranges(1).next().map(|range| {
        let f = range.read()?;
        let place = usize::try_from(f.int(7)).map_err(|_| Malformed::Field(7))?;
        let phases = Phases {
            min_delay_ms: f.u32(1)?,
            max_delay_ms: f.u32(2)?,
            retries: f.u32(3)?,
            no_delay_retries: f.u32(4)?,
            min_delay_retries: f.u32(5)?,
            max_delay_retries: f.u32(6)?,
            backoff: *BACKOFFS.get(place).ok_or(Malformed::Field(7))?,
        };
        Schedule::new(phases).map_err(|_| Malformed::Field(1))
    });
    let content_type = Some(f.text(3)?).filter(|text| !text.is_empty());
    let content_type = content_type.map(|text| ContentType::new(text).ok_or(Malformed::Field(3)));
    Ok(Policy {
        schedule: schedule.transpose()?,
        attempts_per_s_max: NonZeroU32::new(f.u32(2)?),
        content_type: content_type.transpose()?,
    })
}

pub(super) fn deduplicated(o: &mut Out<'_>, stated: &TopicDeduplicated) {
    o.int(1, stated.topic.0);
    o.key(2, Some(stated.key.0));
    o.bytes(3, &stated.id.0.to_be_bytes());
    o.int(4, stated.sequence);
    o.int(5, stated.at.0);
}

pub(super) fn read_deduplicated(fields: In<'_>) -> Result<TopicDeduplicated, Malformed> {
    let f = fields.read()?;
    Ok(TopicDeduplicated {
        topic: TopicId(f.int(1)),
        key: DedupKey(f.key(2)?.ok_or(Malformed::Field(2))?),
        id: f.uuid(3)?,
        sequence: f.int(4),
        at: Timestamp(f.int(5)),
    })
}

pub(super) fn read_archived(fields: In<'_>) -> Result<Event, Malformed> {
    let f = fields.read()?;
    Ok(Event::Archived { topic: TopicId(f.int(1)), up_to: f.int(2) })
}

pub(super) fn replay(o: &mut Out<'_>, stated: &ReplayStated) {
    o.int(1, stated.topic.0);
    o.bytes(2, &stated.subscription.0.to_be_bytes());
    o.int(3, stated.id.0);
    o.int(4, stated.from.0);
    if let Some(until) = stated.until {
        o.item(5, until.0);
    }
    o.int(6, stated.cursor);
    o.int(8, stated.behind);
    let place = STATUSES.iter().position(|known| *known == stated.status);
    o.int(7, place.expect("all are in the row") as u64);
}

/// Each has its place in this row for good.
const STATUSES: [ReplayStatus; 6] = [
    ReplayStatus::Pending,
    ReplayStatus::InProgress,
    ReplayStatus::Completed,
    ReplayStatus::Failed,
    ReplayStatus::Stopped,
    ReplayStatus::Stopping,
];

pub(super) fn read_replay(fields: In<'_>) -> Result<ReplayStated, Malformed> {
    let f = fields.read()?;
    let place = usize::try_from(f.int(7)).map_err(|_| Malformed::Field(7))?;
    Ok(ReplayStated {
        topic: TopicId(f.int(1)),
        subscription: f.uuid(2)?,
        id: Revision(f.int(3)),
        from: Timestamp(f.int(4)),
        until: f.ints(5).next().map(Timestamp),
        cursor: f.int(6),
        behind: f.int(8),
        status: *STATUSES.get(place).ok_or(Malformed::Field(7))?,
    })
}
