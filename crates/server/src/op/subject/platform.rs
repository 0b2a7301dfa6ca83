//! Platform applications and their endpoints as subjects (sns 19).
//!
//! An endpoint's ARN says which application it belongs to, and there it lives: that is whom we ask, while policies
//! name the endpoint.

use super::{Subject, own, sns_arn, sns_subject};
use postrider_core::Arn;
use postrider_iam::Caller;
use postrider_wire::Service;
use postrider_wire::error::{Error, sns as errors};
use postrider_wire::sns::CreatePlatformApplication;
use postrider_wire::sns::platform::{Platform, Resource, check_name};

/// An application that is to be made.
pub(super) fn new_application(
    asked: &CreatePlatformApplication<'_>,
    caller: &Caller,
) -> Result<Subject, Error> {
    check_name(&asked.name)?;
    let platform = Platform::parse(&asked.platform);
    let platform = platform.ok_or_else(|| errors::platform_unknown(&asked.platform))?;
    let name = Resource::Application { platform, name: &asked.name }.to_string();
    Ok(sns_subject(own(caller, Service::Sns, &name), "sns:CreatePlatformApplication", &[]))
}

/// An application that a request names.
pub(super) fn application(text: &str, action: &'static str, caller: &Caller) -> Result<Subject, Error> {
    let parameter = "PlatformApplicationArn";
    let arn = sns_arn(parameter, text, caller)?;
    match Resource::parse(arn.resource()) {
        Some(Resource::Application { .. }) => Ok(sns_subject(arn, action, &[])),
        Some(Resource::Endpoint { .. }) | None => Err(errors::foreign_arn(parameter)),
    }
}

/// An endpoint that a request names.
pub(super) fn endpoint(text: &str, action: &'static str, caller: &Caller) -> Result<Subject, Error> {
    let parameter = "EndpointArn";
    let arn = sns_arn(parameter, text, caller)?;
    if !Resource::has_slashes_of_endpoint(arn.resource()) {
        return Err(errors::endpoint_arn_slashes());
    }
    of_endpoint(arn, action).ok_or_else(|| errors::foreign_arn(parameter))
}

/// An endpoint that something is published to.
pub(super) fn recipient(text: &str, caller: &Caller) -> Result<Subject, Error> {
    let arn = sns_arn("TargetArn", text, caller)?;
    of_endpoint(arn, "sns:Publish").ok_or_else(errors::no_endpoint)
}

/// `None` if this is not the ARN of an endpoint.
fn of_endpoint(arn: Arn, action: &'static str) -> Option<Subject> {
    let Resource::Endpoint { platform, name, .. } = Resource::parse(arn.resource())? else { return None };
    let application = Resource::Application { platform, name }.to_string();
    let application = Arn::of(arn.partition(), arn.service(), arn.region(), arn.account(), &application);
    Some(Subject { endpoint: Some(arn), ..sns_subject(application, action, &[]) })
}
