//! From an HTTP request to an operation, in two steps.
//!
//! [`route`] decides what is asked for, without reading members: protocol, service, action. It is
//! what a server needs to know before it checks a signature, and what an error answer needs.
//! [`Routed::decode`] reads the members.
//!
//! Two steps also because of memory: Query parameters are unescaped once, into [`Routed`], and the
//! operation borrows from there.

use crate::error::{Error, common};
use crate::operation::{Action, Input, Operation, Protocol, Service, Status};
use crate::query::Fields;
use crate::url;

/// The parts of an HTTP request that say what is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// `GET`, `POST`.
    pub method: &'a str,
    /// The path, with its first slash.
    pub path: &'a str,
    /// What follows the `?`; empty if nothing does.
    pub query: &'a str,
    /// The `Content-Type` header.
    pub content_type: Option<&'a str>,
    /// The `X-Amz-Target` header.
    pub target: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

/// A request whose protocol, service and action are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routed<'a> {
    /// The protocol.
    pub protocol: Protocol,
    /// The action, always a built one; its service is [`Action::service`].
    pub action: Action,
    /// The parameters; empty in JSON.
    fields: Fields<'a>,
    body: &'a [u8],
}

/// A request that asks for nothing that is served. The answer is written in the dialect it was in,
/// as far as that can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unroutable {
    /// The protocol of the answer.
    pub protocol: Protocol,
    /// The service that answers.
    pub service: Service,
    /// What to answer.
    pub error: Error,
}

/// Finds out what a request asks for.
///
/// `hint` is the service that the request's signature names, if it has one. It settles what neither
/// the action's name nor the `Version` parameter does: which service an unknown name, or a name
/// that both have, belongs to. Without it, a queue's path or `QueueUrl` means SQS, and all else SNS.
///
/// # Errors
/// [`Unroutable`] for an unknown or unbuilt action, for no action, for CreateQueue or ListQueues on a
/// queue's path, and for parameters that do not parse.
pub fn route<'a>(request: &Request<'a>, hint: Option<Service>) -> Result<Routed<'a>, Unroutable> {
    if let Some(target) = request.target {
        return route_target(request, target);
    }
    if is(request.content_type, "application/x-amz-json-1.0") {
        return Err(unroutable_json(""));
    }
    route_form(request, hint)
}

fn route_target<'a>(request: &Request<'a>, target: &str) -> Result<Routed<'a>, Unroutable> {
    match Action::of_target(target).filter(|action| action.status() == Status::Built) {
        Some(action) => {
            Ok(Routed { protocol: Protocol::Json, action, fields: Fields::default(), body: request.body })
        }
        None => Err(unroutable_json(target)),
    }
}

fn unroutable_json(target: &str) -> Unroutable {
    let error = common::unknown_action(Protocol::Json, target);
    Unroutable { protocol: Protocol::Json, service: Service::Sqs, error }
}

fn route_form<'a>(request: &Request<'a>, hint: Option<Service>) -> Result<Routed<'a>, Unroutable> {
    let is_form =
        request.content_type.is_none() || is(request.content_type, "application/x-www-form-urlencoded");
    let body = if is_form { request.body } else { &[] };
    let on_queue = url::is_queue_path(request.path);
    let by_form = if on_queue { Service::Sqs } else { Service::Sns };
    let refuse = |service, error| Unroutable { protocol: Protocol::Query, service, error };

    let mut fields =
        Fields::parse(request.query, body).map_err(|error| refuse(hint.unwrap_or(by_form), error))?;
    let service = match fields.value("Version") {
        Some("2012-11-05") => Service::Sqs,
        Some("2010-03-31") => Service::Sns,
        Some(_) | None => hint.unwrap_or_else(|| match fields.value("QueueUrl") {
            Some(_) => Service::Sqs,
            None => by_form,
        }),
    };
    let Some(name) = fields.value("Action") else {
        let is_page = request.method == "GET" && service == Service::Sqs;
        let error = if is_page {
            common::unknown_operation_page()
        } else {
            common::unknown_action(Protocol::Query, "")
        };
        return Err(refuse(service, error));
    };
    // A name that only the other service has is meant for that one, whatever else the request says.
    let other = match service {
        Service::Sqs => Service::Sns,
        Service::Sns => Service::Sqs,
    };
    let found = Action::find(service, name).or_else(|| Action::find(other, name));
    let Some(action) = found.filter(|action| action.status() == Status::Built) else {
        let service = found.map_or(service, Action::service);
        return Err(refuse(service, common::unknown_action(Protocol::Query, name)));
    };
    if action.service() == Service::Sqs && on_queue {
        if matches!(action, Action::CreateQueue | Action::ListQueues) {
            return Err(refuse(Service::Sqs, common::unknown_action(Protocol::Query, name)));
        }
        fields.default_to("QueueUrl", request.path);
    }
    Ok(Routed { protocol: Protocol::Query, action, fields, body: &[] })
}

/// Whether a content type is `mime`, whatever its parameters.
fn is(content_type: Option<&str>, mime: &str) -> bool {
    let essence = content_type.and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case(mime))
}

impl Routed<'_> {
    /// A parameter of a Query request, such as those of a presigned URL.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.fields.value(name)
    }

    /// Reads the members of the operation. They borrow from the request, or from `self`.
    ///
    /// For SQS Query the path of a queue stands in for an absent `QueueUrl`. Unknown members are
    /// skipped.
    ///
    /// # Errors
    /// `MalformedInput` for what does not parse or has another type; for SNS also `ValidationError`
    /// for an absent required member. What SQS requires is for the operation to check.
    pub fn decode(&self) -> Result<Operation<'_>, Error> {
        let input =
            Input { action: self.action, protocol: self.protocol, form: self.fields.form(), body: self.body };
        input.decode()
    }
}

#[cfg(test)]
mod tests;
