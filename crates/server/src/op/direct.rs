//! Publishing to one device or one phone instead of a topic (sns 5, 18, 19).
//!
//! All that can be wrong with such a request is found. Nothing sends it yet, and so it is refused: nobody is told that
//! a message was sent that was not.

use super::publish::{Parts, texts};
use super::{Answered, Call, endpoint};
use crate::reject::{Refused, not_yet_sns};
use postrider_core::Reply;
use postrider_core::account::{Ask as AskAccount, Preference, Told as ToldByAccount};
use postrider_core::application::{Ask, Told};
use postrider_core::limits::TOPIC_MESSAGE_BYTES_DEFAULT;
use postrider_wire::attribute;
use postrider_wire::envelope::text_for;
use postrider_wire::error::{Error, ErrorKind, sns as errors};
use postrider_wire::payload::Structure;
use postrider_wire::sns::platform::Resource;
use postrider_wire::sns::sms::is_e164;

/// The longest text message, characters (sns 5).
const SMS_CHARS_MAX: usize = 1_600;

/// Publishes to an endpoint of a platform application.
pub(super) async fn to_endpoint<'r>(call: &Call<'_, 'r>, parts: &Parts<'_>) -> Answered<'r> {
    let platform = match Resource::parse(call.subject.arn.resource()) {
        Some(Resource::Application { platform, .. } | Resource::Endpoint { platform, .. }) => platform,
        None => return Err(errors::no_endpoint().into()),
    };
    message_for(platform.as_str(), parts)?;
    let id = endpoint::id_of(call).ok_or_else(errors::no_endpoint)?;
    let reply = call.application(Ask::Recipient(id)).await.map_err(missing)?;
    let Reply::Application(Told::Endpoint(_)) = reply else { return Err(call.defect()) };
    Err(not_yet_sns("TargetArn", "Push notifications are").into())
}

/// Publishes to a phone.
pub(super) async fn to_phone<'r>(call: &Call<'_, 'r>, phone: &str, parts: &Parts<'_>) -> Answered<'r> {
    if !is_e164(phone) {
        return Err(errors::phone_number(phone).into());
    }
    let message = message_for("sms", parts)?;
    if message.chars().count() > SMS_CHARS_MAX {
        return Err(errors::message_too_long().into());
    }
    let reply = call.of_account(AskAccount::Preference(phone.into())).await?;
    let Reply::Account(ToldByAccount::Preference(preference)) = reply else { return Err(call.defect()) };
    match preference {
        Preference::Wanted => Err(not_yet_sns("PhoneNumber", "Text messages are").into()),
        Preference::OptedOut => Err(errors::opted_out().into()),
    }
}

/// The text for a protocol, of a publish that is right.
fn message_for<'m>(protocol: &str, parts: &Parts<'m>) -> Result<std::borrow::Cow<'m, str>, Error> {
    texts(parts)?;
    let structure = match parts.structure {
        None | Some("") => Structure::Text,
        Some("json") => Structure::Json,
        Some(_) => return Err(errors::message_structure()),
    };
    let text = text_for(structure, parts.message, protocol)?;
    let attributes = attribute::sns("", parts.attributes)?;
    if parts.deduplication_id.is_some() {
        return Err(errors::deduplication_id_on_standard());
    }
    let bytes = parts.message.len() + attribute::size(&attributes);
    if bytes > TOPIC_MESSAGE_BYTES_DEFAULT as usize {
        return Err(errors::message_too_long());
    }
    Ok(text)
}

/// Who publishes is told of the endpoint, whichever of the two is not there.
fn missing(refused: Refused) -> Refused {
    match refused {
        Refused::Because(error) if error.kind == ErrorKind::NotFound => errors::no_endpoint().into(),
        Refused::Because(_) | Refused::Stale => refused,
    }
}
