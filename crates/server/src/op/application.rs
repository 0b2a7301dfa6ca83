//! Platform applications (sns 19).
//!
//! Their attributes are kept as they were given; credentials are never shown.

use super::account::{cut, each, either, page, sns_token, token};
use super::{Answered, Call, done};
use postrider_core::application::{Ask, ENABLED, Told};
use postrider_core::event::Tags;
use postrider_core::reply::More;
use postrider_core::{Arn, Command, Reply, limits};
use postrider_wire::error::{Error, sns as errors};
use postrider_wire::sns::platform::{
    Application, CreatePlatformApplicationOutput, ListPlatformApplicationsOutput, Platform, Resource,
};
use postrider_wire::sns::{
    AttributesOutput, CreatePlatformApplication, ListPlatformApplications, SetPlatformApplicationAttributes,
};
use postrider_wire::sqs::NamedValues;
use postrider_wire::{Output, Text};

const CREDENTIAL: &str = "PlatformCredential";
const PRINCIPAL: &str = "PlatformPrincipal";
/// What nobody is shown.
const SECRETS: [&str; 2] = [CREDENTIAL, PRINCIPAL];

pub(super) async fn create<'r>(call: &Call<'_, 'r>, asked: &CreatePlatformApplication<'_>) -> Answered<'r> {
    let attributes = checked(call, &asked.attributes)?;
    done(&call.application(Ask::Create(attributes)).await?, call)?;
    let platform_application_arn = call.subject.arn.as_str().into();
    call.ok(&Output::CreatePlatformApplication(CreatePlatformApplicationOutput { platform_application_arn }))
}

/// Deleting one that is not there is done at once.
pub(super) async fn delete<'r>(call: &Call<'_, 'r>) -> Answered<'r> {
    done(&call.application(Ask::Delete).await?, call)?;
    call.ok(&Output::DeletePlatformApplication)
}

pub(super) async fn attributes<'r>(call: &Call<'_, 'r>) -> Answered<'r> {
    let Reply::Application(Told::Application(kept)) = call.application(Ask::View).await? else {
        return Err(call.defect());
    };
    call.ok(&Output::GetPlatformApplicationAttributes(AttributesOutput { attributes: shown(kept) }))
}

pub(super) async fn set<'r>(
    call: &Call<'_, 'r>,
    asked: &SetPlatformApplicationAttributes<'_>,
) -> Answered<'r> {
    let attributes = checked(call, &asked.attributes)?;
    done(&call.application(Ask::Set(attributes)).await?, call)?;
    call.ok(&Output::SetPlatformApplicationAttributes)
}

pub(super) async fn list<'r>(call: &Call<'_, 'r>, asked: &ListPlatformApplications<'_>) -> Answered<'r> {
    let after = sns_token(asked.next_token.as_deref())?;
    let page = page(call, "", after, limits::LIST_SNS_PAGE);
    let mut all: Vec<(Arn, Tags)> = Vec::new();
    let mut more = More::No;
    for reply in each(call, || Command::ListApplications(page.clone())).await? {
        let Reply::Application(Told::Applications(found, continued)) = reply else {
            return Err(call.defect());
        };
        all.extend(found);
        more = either(more, continued);
    }
    all.sort();
    let more = cut(&mut all, limits::LIST_SNS_PAGE, more);
    let last = all.last().filter(|_| more == More::Yes);
    let next_token = last.map(|(arn, _)| token(arn.resource()).into());
    let row = |(arn, kept): (Arn, Tags)| Application {
        arn: arn.as_str().to_owned().into(),
        attributes: shown(kept),
    };
    let applications = all.into_iter().map(row).collect();
    call.ok(&Output::ListPlatformApplications(ListPlatformApplicationsOutput { applications, next_token }))
}

/// What may be seen of the attributes.
fn shown(mut kept: Tags) -> NamedValues<'static> {
    kept.entry(ENABLED.into()).or_insert_with(|| "true".into());
    let open = kept.into_iter().filter(|(name, _)| !SECRETS.contains(&&**name));
    open.map(|(name, value)| (String::from(name).into(), String::from(value).into())).collect()
}

/// Judges the attributes of a request, and gives them the form in which they are kept.
fn checked(call: &Call<'_, '_>, given: &[(Text<'_>, Text<'_>)]) -> Result<Tags, Error> {
    let mut attributes = Tags::new();
    for (name, value) in given {
        let value = kept(name, value)?;
        attributes.insert((**name).into(), value);
    }
    let has = |name: &str| attributes.get(name).is_some_and(|value| !value.is_empty());
    match (has(CREDENTIAL), has(PRINCIPAL)) {
        (false, true) => Err(errors::platform_attribute_alone(PRINCIPAL, CREDENTIAL)),
        (true, false) if needs_principal(&call.subject.arn) => {
            Err(errors::platform_attribute_alone(CREDENTIAL, PRINCIPAL))
        }
        (true, true | false) | (false, false) => Ok(attributes),
    }
}

/// Of all push services only Google's has no principal.
fn needs_principal(application: &Arn) -> bool {
    match Resource::parse(application.resource()) {
        Some(Resource::Application { platform, .. } | Resource::Endpoint { platform, .. }) => {
            platform != Platform::Gcm
        }
        None => true,
    }
}

/// The longest credential or principal, bytes. A bound of ours: keys and certificates have a few KiB.
const CREDENTIAL_BYTES_MAX: usize = 64 << 10;

/// The form in which a value is kept; empty if that unsets the attribute.
fn kept(name: &str, value: &str) -> Result<Box<str>, Error> {
    let wrong = |reason| Err(errors::platform_attribute_value(name, reason));
    match name {
        ENABLED => match super::endpoint::state(value) {
            Some(state) => Ok(super::endpoint::word(state).into()),
            None => wrong("must be true or false"),
        },
        "SuccessFeedbackSampleRate" => {
            let rate = value.parse::<u8>().ok().filter(|rate| *rate <= 100);
            if rate.is_some() || value.is_empty() { Ok(value.into()) } else { wrong("must be from 0 to 100") }
        }
        "EventEndpointCreated"
        | "EventEndpointDeleted"
        | "EventEndpointUpdated"
        | "EventDeliveryFailure"
        | "SuccessFeedbackRoleArn"
        | "FailureFeedbackRoleArn" => {
            let is_arn = value.is_empty() || Arn::parse(value).is_some();
            if is_arn { Ok(value.into()) } else { wrong("must be an ARN") }
        }
        CREDENTIAL | PRINCIPAL if value.len() > CREDENTIAL_BYTES_MAX => {
            wrong("must be at most 65536 bytes long")
        }
        CREDENTIAL | PRINCIPAL | "ApplePlatformTeamID" | "ApplePlatformBundleID" => Ok(value.into()),
        _ => Err(errors::platform_attribute_name(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_judged_by_their_names() {
        assert_eq!(kept("Enabled", "FALSE").as_deref(), Ok("false"));
        assert_eq!(kept("SuccessFeedbackSampleRate", "100").as_deref(), Ok("100"));
        for (name, value) in [
            ("Enabled", "yes"),
            ("Enabled", ""),
            ("SuccessFeedbackSampleRate", "101"),
            ("EventEndpointCreated", "news"),
            ("Colour", "red"),
            (CREDENTIAL, &"k".repeat(CREDENTIAL_BYTES_MAX + 1)),
        ] {
            assert!(kept(name, value).is_err(), "{name}={value}");
        }
    }

    #[test]
    fn credentials_are_not_shown() {
        let kept = [(CREDENTIAL, "key"), (PRINCIPAL, "who"), ("ApplePlatformTeamID", "team")];
        let kept = kept.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        let shown = shown(kept);
        assert_eq!(shown, [("ApplePlatformTeamID".into(), "team".into()), ("Enabled".into(), "true".into())]);
    }
}
