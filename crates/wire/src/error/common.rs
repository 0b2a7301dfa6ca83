//! Texts of the framework in front of both services: routing, signatures, permissions, faults.
//!
//! Texts about signatures are made where signatures are checked; here are those without parts, and
//! those that name the request.

use super::{Error, ErrorKind};
use crate::{Protocol, Service};

/// A browser sent a request for a page of another site, and no credential protects the server. The
/// wording is ours.
pub fn cross_site() -> Error {
    let text = "A page of another site may not ask this server while it accepts any signature.";
    Error::new(ErrorKind::AccessDenied, text)
}

/// An action that does not exist, is not built, or is not allowed at this path. JSON has no text.
pub fn unknown_action(protocol: Protocol, name: &str) -> Error {
    let message = match protocol {
        Protocol::Json => String::new(),
        Protocol::Query => format!("The action {name} is not valid for this endpoint."),
    };
    Error::new(ErrorKind::UnknownOperation, message)
}

/// A GET of a queue URL that asks for nothing: the bare 404 page.
pub fn unknown_operation_page() -> Error {
    Error::new(ErrorKind::UnknownOperationPage, "")
}

/// Input that is not well-formed, or a member of the wrong type. What the text repeats of the input is
/// cut, since it may be as long as a request.
pub fn malformed_input(message: impl Into<String>) -> Error {
    const BYTES_MAX: usize = 256;
    let mut message = message.into();
    if message.len() > BYTES_MAX {
        message.truncate(message.floor_char_boundary(BYTES_MAX));
        message.push('…');
    }
    Error::new(ErrorKind::MalformedInput, message)
}

/// Nobody's signature, where one is needed. `resource` is the queue URL or the endpoint.
pub fn missing_credentials(service: Service, resource: &str) -> Error {
    match service {
        Service::Sqs => {
            Error::new(ErrorKind::AccessDenied, format!("Access to the resource {resource} is denied."))
        }
        Service::Sns => {
            Error::new(ErrorKind::MissingAuthenticationToken, "Request is missing Authentication Token")
        }
    }
}

/// A caller without the right. `action` is the API name; each service spells it its own way.
///
/// `reason` is the rest of the sentence, such as `because no identity-based policy allows the …
/// action` or `with an explicit deny in a resource-based policy`.
pub fn not_authorized(
    service: Service,
    principal: &str,
    action: &str,
    resource: &str,
    reason: &str,
) -> Error {
    let (kind, action) = match service {
        Service::Sqs => (ErrorKind::AccessDenied, format!("sqs:{}", action.to_ascii_lowercase())),
        Service::Sns => (ErrorKind::AuthorizationError, format!("SNS:{action}")),
    };
    let message =
        format!("User: {principal} is not authorized to perform: {action} on resource: {resource} {reason}");
    Error::new(kind, message)
}

/// A request whose body is longer than the server takes.
pub fn request_too_large() -> Error {
    Error::new(ErrorKind::RequestTooLarge, "The request is larger than this server accepts.")
}

/// A request whose body did not arrive in time.
pub fn request_timeout() -> Error {
    Error::new(ErrorKind::RequestTimeout, "The body of the request did not arrive in time.")
}

/// The server is busy, starting, or out of space: try again. SDKs retry this by its status.
pub fn service_unavailable(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::ServiceUnavailable, message)
}

/// The server's own failure. Each service has its own code for it.
pub fn internal_failure(service: Service) -> Error {
    let kind = match service {
        Service::Sqs => ErrorKind::InternalFailure,
        Service::Sns => ErrorKind::InternalError,
    };
    Error::new(kind, "The request processing has failed because of an unknown error, exception or failure.")
}
