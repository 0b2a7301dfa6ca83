//! What the core says of accounts and platform applications (sns 18, 19).

use super::{Refused, defect, of_topic};
use crate::op::endpoint_arn;
use postrider_core::{Arn, Rejection, account, application};
use postrider_wire::Service;
use postrider_wire::error::sns;

/// What the core says of an account.
pub(crate) fn of_account(rejection: &Rejection) -> Refused {
    let Rejection::Account(refused) = rejection else { return of_topic(rejection) };
    Refused::Because(match refused {
        account::Refused::NotInSandbox => sns::sandbox_phone_missing(),
        account::Refused::SandboxFull => {
            sns::sandbox_user_error("The SMS sandbox has as many phone numbers as it may have.")
        }
        account::Refused::TooEarlyToRemove => sns::sandbox_user_error(
            "A phone number can be deleted from the SMS sandbox 24 hours after it was added or verified.",
        ),
        account::Refused::WrongPassword => sns::wrong_password(),
        account::Refused::OptedOut => sns::opted_out(),
    })
}

/// What the core says of the platform application of this ARN.
pub(crate) fn of_application(rejection: &Rejection, arn: &Arn) -> Refused {
    let Rejection::Application(refused) = rejection else { return of_topic(rejection) };
    Refused::Because(match refused {
        application::Refused::DoesNotExist => sns::platform_application_does_not_exist(),
        application::Refused::Disabled => sns::platform_application_disabled(),
        application::Refused::EndpointDoesNotExist => sns::endpoint_does_not_exist(),
        application::Refused::EndpointDisabled => sns::endpoint_disabled(),
        application::Refused::TokenIsTaken(id) => match endpoint_arn(arn, *id) {
            Some(endpoint) => sns::endpoint_attributes_differ(&endpoint),
            None => defect(Service::Sns, "an application of another name"),
        },
    })
}
