//! Bytes to events of accounts.

use crate::account::{Event, Sandboxed, Status};
use crate::codec::fields::{Fields, In};
use crate::codec::{Malformed, tag};
use crate::{Arn, Timestamp};

pub(super) fn decode(tag: u16, fields: In<'_>) -> Result<Event, Malformed> {
    let f = fields.read()?;
    let (account, phone) = (account(&f)?, || Ok(f.text(2)?.into()));
    Ok(match tag {
        tag::SMS_ATTRIBUTES => Event::SmsAttributes { account, attributes: f.pairs(2)? },
        tag::SANDBOXED => Event::Sandboxed(Box::new(Sandboxed {
            account,
            phone: phone()?,
            status: match f.int(3) {
                0 => Status::Pending,
                1 => Status::Verified,
                _ => return Err(Malformed::Field(3)),
            },
            password: f.text(4)?.into(),
            since: Timestamp(f.int(5)),
        })),
        tag::UNSANDBOXED => Event::Unsandboxed { account, phone: phone()? },
        tag::OPTED_OUT => Event::OptedOut { account, phone: phone()?, at: Timestamp(f.int(3)) },
        tag::OPTED_IN => Event::OptedIn { account, phone: phone()? },
        unknown => return Err(Malformed::UnknownEvent(unknown)),
    })
}

fn account(f: &Fields<'_>) -> Result<Arn, Malformed> {
    Arn::parse_account(f.text(1)?).ok_or(Malformed::Field(1))
}
