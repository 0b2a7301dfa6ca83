//! Events of accounts to bytes.

use super::Out;
use crate::account::{Event, Sandboxed, Status};
use crate::codec::tag;

pub(super) fn encode(out: &mut Out<'_>, event: &Event) {
    match event {
        Event::SmsAttributes { account, attributes } => out.event(tag::SMS_ATTRIBUTES, |o| {
            o.text(1, account.as_str());
            o.pairs(2, attributes);
        }),
        Event::Sandboxed(stated) => out.event(tag::SANDBOXED, |o| sandboxed(o, stated)),
        Event::Unsandboxed { account, phone } => out.event(tag::UNSANDBOXED, |o| {
            o.text(1, account.as_str());
            o.text(2, phone);
        }),
        Event::OptedOut { account, phone, at } => out.event(tag::OPTED_OUT, |o| {
            o.text(1, account.as_str());
            o.text(2, phone);
            o.int(3, at.0);
        }),
        Event::OptedIn { account, phone } => out.event(tag::OPTED_IN, |o| {
            o.text(1, account.as_str());
            o.text(2, phone);
        }),
    }
}

fn sandboxed(o: &mut Out<'_>, stated: &Sandboxed) {
    o.text(1, stated.account.as_str());
    o.text(2, &stated.phone);
    o.int(
        3,
        match stated.status {
            Status::Pending => 0,
            Status::Verified => 1,
        },
    );
    o.text(4, &stated.password);
    o.int(5, stated.since.0);
}
