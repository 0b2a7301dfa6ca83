//! Endpoints of platform applications (sns 19).

use super::account::{sns_token, token};
use super::{Answered, Call, done};
use crate::reject::Refused;
use postrider_core::application::{Ask, Change, Endpoint, State, Told};
use postrider_core::id::Uuid;
use postrider_core::reply::More;
use postrider_core::{Arn, Reply};
use postrider_wire::error::{Error, sns as errors};
use postrider_wire::sns::platform::{
    CUSTOM_USER_DATA_BYTES_MAX, CreatePlatformEndpointOutput, Endpoint as Listed,
    ListEndpointsByPlatformApplicationOutput, Resource,
};
use postrider_wire::sns::{
    AttributesOutput, CreatePlatformEndpoint, ListEndpointsByPlatformApplication, SetEndpointAttributes,
};
use postrider_wire::sqs::NamedValues;
use postrider_wire::{Output, Text};

/// The longest token, bytes. AWS does not tell its own bound; those of the push services are shorter.
const TOKEN_BYTES_MAX: usize = 2_048;

/// The ARN of an endpoint; `None` if `application` is not that of an application.
pub(crate) fn arn(application: &Arn, id: Uuid) -> Option<String> {
    let Resource::Application { platform, name } = Resource::parse(application.resource())? else {
        return None;
    };
    let id = id.to_string();
    let resource = Resource::Endpoint { platform, name, id: &id }.to_string();
    let (region, account) = (application.region(), application.account());
    Some(Arn::of(application.partition(), application.service(), region, account, &resource).to_string())
}

pub(super) async fn create<'r>(call: &Call<'_, 'r>, asked: &CreatePlatformEndpoint<'_>) -> Answered<'r> {
    // What is among the attributes goes before what has a member of its own.
    let given = checked(asked.attributes.as_deref().unwrap_or_default())?;
    let user_data = match given.user_data {
        Some(user_data) => user_data,
        None => user_data(asked.custom_user_data.as_deref().unwrap_or_default())?,
    };
    let token = given.token.map_or_else(|| self::token_of(&asked.token), Ok)?;
    let endpoint = Endpoint { token, user_data, state: given.state.unwrap_or(State::Enabled) };
    let Reply::Application(Told::Created(id)) = call.application(Ask::CreateEndpoint(endpoint)).await? else {
        return Err(call.defect());
    };
    let endpoint_arn = arn(&call.subject.arn, id).ok_or_else(|| call.defect())?.into();
    call.ok(&Output::CreatePlatformEndpoint(CreatePlatformEndpointOutput { endpoint_arn }))
}

/// Deleting one that is not there is done at once.
pub(super) async fn delete<'r>(call: &Call<'_, 'r>) -> Answered<'r> {
    if let Some(id) = id_of(call) {
        done(&call.application(Ask::DeleteEndpoint(id)).await?, call)?;
    }
    call.ok(&Output::DeleteEndpoint)
}

pub(super) async fn attributes<'r>(call: &Call<'_, 'r>) -> Answered<'r> {
    let id = id_of(call).ok_or_else(errors::endpoint_does_not_exist)?;
    let asked = endpoint_is_missing(call.application(Ask::Endpoint(id)).await)?;
    let Reply::Application(Told::Endpoint(endpoint)) = asked else { return Err(call.defect()) };
    call.ok(&Output::GetEndpointAttributes(AttributesOutput { attributes: shown(&endpoint) }))
}

pub(super) async fn set<'r>(call: &Call<'_, 'r>, asked: &SetEndpointAttributes<'_>) -> Answered<'r> {
    let change = checked(&asked.attributes)?;
    let id = id_of(call).ok_or_else(errors::endpoint_does_not_exist)?;
    done(&endpoint_is_missing(call.application(Ask::SetEndpoint(id, change)).await)?, call)?;
    call.ok(&Output::SetEndpointAttributes)
}

pub(super) async fn list<'r>(
    call: &Call<'_, 'r>,
    asked: &ListEndpointsByPlatformApplication<'_>,
) -> Answered<'r> {
    let after = sns_token(asked.next_token.as_deref())?;
    let after = after.map(|id| Uuid::parse(&id).ok_or_else(errors::next_token)).transpose()?;
    let reply = call.application(Ask::ListEndpoints(after)).await?;
    let Reply::Application(Told::Endpoints(found, more)) = reply else { return Err(call.defect()) };
    let last = found.last().filter(|_| more == More::Yes);
    let next_token = last.map(|(id, _)| token(&id.to_string()).into());
    let row = |(id, endpoint): &(Uuid, Endpoint)| {
        Some(Listed { arn: arn(&call.subject.arn, *id)?.into(), attributes: shown(endpoint) })
    };
    let endpoints = found.iter().map(row).collect::<Option<_>>().ok_or_else(|| call.defect())?;
    let output = ListEndpointsByPlatformApplicationOutput { endpoints, next_token };
    call.ok(&Output::ListEndpointsByPlatformApplication(output))
}

/// The id of the endpoint that the operation is about; `None` if none has such an id.
pub(super) fn id_of(call: &Call<'_, '_>) -> Option<Uuid> {
    match Resource::parse(call.subject.endpoint.as_ref()?.resource())? {
        Resource::Endpoint { id, .. } => Uuid::parse(id),
        Resource::Application { .. } => None,
    }
}

/// Who asks for an endpoint of an application that is gone is told of the endpoint.
fn endpoint_is_missing(answer: Result<Reply, Refused>) -> Result<Reply, Refused> {
    match answer {
        Err(Refused::Because(error)) if error == errors::platform_application_does_not_exist() => {
            Err(errors::endpoint_does_not_exist().into())
        }
        other => other,
    }
}

fn shown(endpoint: &Endpoint) -> NamedValues<'static> {
    let mut attributes: NamedValues<'static> = vec![
        ("Enabled".into(), word(endpoint.state).into()),
        ("Token".into(), endpoint.token.to_string().into()),
    ];
    if !endpoint.user_data.is_empty() {
        attributes.push(("CustomUserData".into(), endpoint.user_data.to_string().into()));
    }
    attributes
}

/// Judges the attributes of a request.
fn checked(given: &[(Text<'_>, Text<'_>)]) -> Result<Change, Error> {
    let mut change = Change::default();
    for (name, value) in given {
        match name.as_str() {
            "CustomUserData" => change.user_data = Some(user_data(value)?),
            "Token" => change.token = Some(token_of(value)?),
            "Enabled" => {
                let wrong = || errors::platform_attribute_value(name, "must be true or false");
                change.state = Some(state(value).ok_or_else(wrong)?);
            }
            _ => return Err(errors::platform_attribute_name(name)),
        }
    }
    Ok(change)
}

fn user_data(text: &str) -> Result<Box<str>, Error> {
    if text.len() > CUSTOM_USER_DATA_BYTES_MAX {
        return Err(errors::custom_user_data_too_long());
    }
    Ok(text.into())
}

fn token_of(text: &str) -> Result<std::sync::Arc<str>, Error> {
    if text.is_empty() {
        return Err(errors::endpoint_token_empty());
    }
    if text.len() > TOKEN_BYTES_MAX {
        let reason = format!("must be at most {TOKEN_BYTES_MAX} bytes long in UTF-8 encoding");
        return Err(errors::invalid_parameter_because("Token", &reason));
    }
    Ok(text.into())
}

/// What `true` and `false` mean, in whatever case.
pub(super) fn state(word: &str) -> Option<State> {
    if word.eq_ignore_ascii_case("true") {
        Some(State::Enabled)
    } else if word.eq_ignore_ascii_case("false") {
        Some(State::Disabled)
    } else {
        None
    }
}

/// How it is shown.
pub(super) fn word(state: State) -> &'static str {
    match state {
        State::Enabled => "true",
        State::Disabled => "false",
    }
}
