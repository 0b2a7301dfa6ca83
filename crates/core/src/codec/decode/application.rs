//! Bytes to events of platform applications.

use crate::application::{ApplicationStated, Endpoint, EndpointStated, Event, State};
use crate::codec::fields::In;
use crate::codec::{Malformed, tag};

pub(super) fn decode(tag: u16, fields: In<'_>) -> Result<Event, Malformed> {
    let f = fields.read()?;
    let application = f.uuid(1)?;
    Ok(match tag {
        tag::APPLICATION => Event::Application(Box::new(ApplicationStated {
            id: application,
            arn: f.arn(2)?,
            attributes: f.pairs(3)?,
        })),
        tag::APPLICATION_DELETED => Event::Deleted { application },
        tag::ENDPOINT => {
            let state = match f.int(5) {
                0 => State::Enabled,
                1 => State::Disabled,
                _ => return Err(Malformed::Field(5)),
            };
            let endpoint = Endpoint { token: f.text(3)?.into(), user_data: f.text(4)?.into(), state };
            Event::Endpoint(Box::new(EndpointStated { application, id: f.uuid(2)?, endpoint }))
        }
        tag::ENDPOINT_DELETED => Event::EndpointDeleted { application, id: f.uuid(2)? },
        unknown => return Err(Malformed::UnknownEvent(unknown)),
    })
}
