//! Platform applications, credentials for a push service, and their endpoints, the devices there (sns 19).
//!
//! An application is known by its ARN, and lives where that says; its endpoints live with it and have ids. Inside the
//! log an application has an id of its own, so that one that is deleted and made again is another.

mod endpoints;
pub(crate) mod state;

use crate::Arn;
use crate::account::pairs;
use crate::event::Tags;
use crate::id::Uuid;
use crate::reply::More;
use std::sync::Arc;

/// The attribute of an application that says whether it may send; `true` unless it was set.
pub const ENABLED: &str = "Enabled";

/// Everything an application can be asked.
#[derive(Clone, Debug)]
pub enum Ask {
    /// Makes it with these attributes. One that is there stays as it is.
    Create(Tags),
    /// Its attributes, with its secrets: [`Told::Application`].
    View,
    /// Sets attributes; an empty value unsets one.
    Set(Tags),
    /// Deletes it with its endpoints.
    Delete,
    /// Makes an endpoint, or finds the one of this token if its attributes agree: [`Told::Created`].
    CreateEndpoint(Endpoint),
    /// One endpoint: [`Told::Endpoint`].
    Endpoint(Uuid),
    /// Changes an endpoint.
    SetEndpoint(Uuid, Change),
    /// Deletes an endpoint.
    DeleteEndpoint(Uuid),
    /// Lists a page of endpoints in order of their ids, after this one: [`Told::Endpoints`].
    ListEndpoints(Option<Uuid>),
    /// An endpoint that something is to be sent to: [`Told::Endpoint`], if it and the application are enabled.
    Recipient(Uuid),
}

/// What an application answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Attributes, with secrets.
    Application(Tags),
    /// Applications in order of their ARNs, and whether there are more after the last.
    Applications(Vec<(Arn, Tags)>, More),
    /// The id of an endpoint.
    Created(Uuid),
    /// An endpoint.
    Endpoint(Endpoint),
    /// Endpoints, and whether there are more after the last.
    Endpoints(Vec<(Uuid, Endpoint)>, More),
}

/// Why an application did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is not there.
    DoesNotExist,
    /// It may not send.
    Disabled,
    /// The endpoint is not there.
    EndpointDoesNotExist,
    /// Nothing may be sent to the endpoint.
    EndpointDisabled,
    /// This endpoint has the token, and other attributes.
    TokenIsTaken(Uuid),
}

/// What is known of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// What the push service calls the device; one endpoint of an application has it.
    pub token: Arc<str>,
    /// Whatever its owner likes; empty when nothing.
    pub user_data: Box<str>,
    /// Whether anything may be sent to it.
    pub state: State,
}

/// Whether anything may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It may.
    Enabled,
    /// It may not.
    Disabled,
}

/// A change of an endpoint; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Another token.
    pub token: Option<Arc<str>>,
    /// Other data.
    pub user_data: Option<Box<str>>,
    /// Whether anything may be sent to it.
    pub state: Option<State>,
}

/// Something that happened to an application. Statements say all there is to know of one thing, the others end one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Statement: an application, without its endpoints.
    Application(Box<ApplicationStated>),
    /// An application and its endpoints are gone.
    Deleted {
        /// Which.
        application: Uuid,
    },
    /// Statement: an endpoint.
    Endpoint(Box<EndpointStated>),
    /// An endpoint is gone.
    EndpointDeleted {
        /// Of which application.
        application: Uuid,
        /// Which.
        id: Uuid,
    },
}

/// An application, without its endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationStated {
    /// Its internal id.
    pub id: Uuid,
    /// Its public identity.
    pub arn: Arn,
    /// Attributes that were set, secrets among them.
    pub attributes: Tags,
}

/// An endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointStated {
    /// Of which application.
    pub application: Uuid,
    /// The last part of its ARN.
    pub id: Uuid,
    /// What is known of it.
    pub endpoint: Endpoint,
}

impl Endpoint {
    /// Bytes of its texts.
    pub(crate) fn text_bytes(&self) -> usize {
        self.token.len() + self.user_data.len()
    }
}

impl Ask {
    /// Bytes of the texts that it brings.
    pub fn text_bytes(&self) -> usize {
        match self {
            Ask::Create(attributes) | Ask::Set(attributes) => pairs(attributes),
            Ask::CreateEndpoint(endpoint) => endpoint.text_bytes(),
            Ask::SetEndpoint(_, change) => {
                change.token.as_ref().map_or(0, |token| token.len())
                    + change.user_data.as_ref().map_or(0, |user_data| user_data.len())
            }
            Ask::View
            | Ask::Delete
            | Ask::Endpoint(_)
            | Ask::DeleteEndpoint(_)
            | Ask::ListEndpoints(_)
            | Ask::Recipient(_) => 0,
        }
    }
}

impl Event {
    /// Bytes of the texts that it holds.
    pub fn text_bytes(&self) -> usize {
        match self {
            Event::Application(stated) => stated.arn.as_str().len() + pairs(&stated.attributes),
            Event::Endpoint(stated) => stated.endpoint.text_bytes(),
            Event::Deleted { .. } | Event::EndpointDeleted { .. } => 0,
        }
    }

    /// Does it add to what is alive?
    pub fn grows(&self) -> bool {
        match self {
            Event::Application(_) | Event::Endpoint(_) => true,
            Event::Deleted { .. } | Event::EndpointDeleted { .. } => false,
        }
    }
}
