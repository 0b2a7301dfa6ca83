//! What is said of platform applications and endpoints.

use super::invalid_parameter_because;
use crate::error::{Error, ErrorKind};

/// A platform application that is not there.
pub fn platform_application_does_not_exist() -> Error {
    Error::new(ErrorKind::NotFound, "PlatformApplication does not exist")
}

/// An endpoint that is not there.
pub fn endpoint_does_not_exist() -> Error {
    Error::new(ErrorKind::NotFound, "Endpoint does not exist")
}

/// A push service that does not exist.
pub fn platform_unknown(platform: &str) -> Error {
    invalid_parameter_because("Platform", &format!("{platform} is not supported"))
}

/// A name of more than 256 characters.
pub fn application_name_too_long(name: &str) -> Error {
    invalid_parameter_because(name, "must be at most 256 characters long")
}

/// No name.
pub fn application_name_empty(name: &str) -> Error {
    invalid_parameter_because(name, "cannot be empty")
}

/// A name with other characters.
pub fn application_name_characters(name: &str) -> Error {
    invalid_parameter_because(
        name,
        "must contain only characters 'a'-'z', 'A'-'Z', '0'-'9', '_', '-', and '.'",
    )
}

/// One of the two attributes with credentials without the other.
pub fn platform_attribute_alone(given: &str, lacking: &str) -> Error {
    invalid_parameter_because("Attributes", &format!("{given} attribute provided without {lacking}"))
}

/// An attribute that applications or endpoints do not have.
pub fn platform_attribute_name(name: &str) -> Error {
    invalid_parameter_because("Attributes", &format!("Invalid attribute name: {name}"))
}

/// An attribute of an application or endpoint with a value that is none.
pub fn platform_attribute_value(name: &str, reason: &str) -> Error {
    invalid_parameter_because("Attributes", &format!("Invalid value for attribute: {name}: {reason}"))
}

/// `CustomUserData` of more than 2,048 bytes.
pub fn custom_user_data_too_long() -> Error {
    platform_attribute_value("CustomUserData", "must be at most 2048 bytes long in UTF-8 encoding")
}

/// An endpoint's ARN whose last part has not three slashes.
pub fn endpoint_arn_slashes() -> Error {
    invalid_parameter_because("EndpointArn", "Wrong number of slashes in relative portion of the ARN.")
}

/// An endpoint that exists with other attributes.
pub fn endpoint_attributes_differ(arn: &str) -> Error {
    let reason = format!("Endpoint {arn} already exists with the same Token, but different attributes.");
    invalid_parameter_because("Token", &reason)
}

/// An endpoint without a token. The wording is ours.
pub fn endpoint_token_empty() -> Error {
    invalid_parameter_because("Token", "must not be empty")
}
