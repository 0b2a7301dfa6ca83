//! Refusals of known callers, in AWS's words.

use std::fmt;

/// Why a caller may not do what it asks for. `Display` is the message of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// Nobody in particular asked, and nothing allows that. Answered as missing credentials, which
    /// differs between the services: see [`crate::AuthError::NoCredentials`].
    Anonymous,
    /// A known caller has no right to it.
    Refused {
        /// The caller as [`crate::Principal::arn`] gives it.
        principal: String,
        /// The action as policies name it, for example `sqs:SendMessage`.
        action: String,
        /// The resource's ARN, or `*`.
        resource: String,
        /// Which policy decided.
        reason: Reason,
    },
}

/// What decided against a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No policy of this kind allows the action.
    NothingAllows(PolicyKind),
    /// A policy of this kind denies it.
    ExplicitDeny(PolicyKind),
}

/// The kinds of policy that take part in a judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyKind {
    /// Of the user or role.
    Identity,
    /// Of the queue or topic.
    Resource,
    /// Given with a temporary credential.
    Session,
    /// The bound of what identity policies can give.
    PermissionsBoundary,
    /// Of the network endpoint that the request came through.
    VpcEndpoint,
    /// Of the organisation.
    ServiceControl,
}

impl PolicyKind {
    /// Without an article, as in "no … allows".
    fn name(self) -> &'static str {
        match self {
            PolicyKind::Identity => "identity-based policy",
            PolicyKind::Resource => "resource-based policy",
            PolicyKind::Session => "session policy",
            PolicyKind::PermissionsBoundary => "permissions boundary",
            PolicyKind::VpcEndpoint => "VPC endpoint policy",
            PolicyKind::ServiceControl => "service control policy",
        }
    }

    fn article(self) -> &'static str {
        match self {
            PolicyKind::Identity => "an",
            PolicyKind::Resource
            | PolicyKind::Session
            | PolicyKind::PermissionsBoundary
            | PolicyKind::VpcEndpoint
            | PolicyKind::ServiceControl => "a",
        }
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (principal, action, resource, reason) = match self {
            Denied::Anonymous => return f.write_str("Request is missing Authentication Token"),
            Denied::Refused { principal, action, resource, reason } => (principal, action, resource, reason),
        };
        let action = printed(action);
        write!(f, "User: {principal} is not authorized to perform: {action} on resource: {resource} ")?;
        match reason {
            Reason::NothingAllows(kind) => write!(f, "because no {} allows the {action} action", kind.name()),
            Reason::ExplicitDeny(kind) => {
                write!(f, "with an explicit deny in {} {}", kind.article(), kind.name())
            }
        }
    }
}

impl std::error::Error for Denied {}

/// An action as each service prints it: `sqs:sendmessage`, but `SNS:Publish`.
fn printed(action: &str) -> String {
    match action.split_once(':') {
        Some((service, name)) if service.eq_ignore_ascii_case("sns") => format!("SNS:{name}"),
        Some(_) | None => action.to_ascii_lowercase(),
    }
}
