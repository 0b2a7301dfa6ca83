//! Events of platform applications to bytes.

use super::Out;
use crate::application::{EndpointStated, Event, State};
use crate::codec::tag;
use crate::id::Uuid;

pub(super) fn encode(out: &mut Out<'_>, event: &Event) {
    match event {
        Event::Application(stated) => out.event(tag::APPLICATION, |o| {
            uuid(o, 1, stated.id);
            o.text(2, stated.arn.as_str());
            o.pairs(3, &stated.attributes);
        }),
        Event::Deleted { application } => out.event(tag::APPLICATION_DELETED, |o| uuid(o, 1, *application)),
        Event::Endpoint(stated) => out.event(tag::ENDPOINT, |o| endpoint(o, stated)),
        Event::EndpointDeleted { application, id } => out.event(tag::ENDPOINT_DELETED, |o| {
            uuid(o, 1, *application);
            uuid(o, 2, *id);
        }),
    }
}

fn endpoint(o: &mut Out<'_>, stated: &EndpointStated) {
    uuid(o, 1, stated.application);
    uuid(o, 2, stated.id);
    o.text(3, &stated.endpoint.token);
    o.text(4, &stated.endpoint.user_data);
    o.int(
        5,
        match stated.endpoint.state {
            State::Enabled => 0,
            State::Disabled => 1,
        },
    );
}

fn uuid(o: &mut Out<'_>, tag: u64, id: Uuid) {
    o.bytes(tag, &id.0.to_be_bytes());
}
