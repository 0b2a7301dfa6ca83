//! Platform applications and their endpoints: the operations, and how their ARNs are made (spec `sns.md`
//! section 19).
//!
//! An application is credentials for a push service, an endpoint one device there. What is sent to the
//! services is not made here.

use std::borrow::Cow;
use std::fmt;

use super::output::{write_list, write_map};
use crate::error::{Error, sns as errors};
use crate::shape::{Pairs, form_shape};
use crate::sqs::{NamedValues, ToXml};
use crate::text::Text;
use crate::xml::Xml;

/// The longest name of an application.
pub const NAME_CHARS_MAX: usize = 256;
/// The longest `CustomUserData` of an endpoint.
pub const CUSTOM_USER_DATA_BYTES_MAX: usize = 2_048;

form_shape! {
    /// Creates a platform application, or finds the one of this name.
    CreatePlatformApplication<'a> {
        /// The name.
        name: Text<'a>, "Name";
        /// The push service; see [`Platform`].
        platform: Text<'a>, "Platform";
        /// `PlatformCredential`, `PlatformPrincipal` and others.
        attributes: Pairs<'a>, "Attributes.entry";
    }

    /// Deletes a platform application and its endpoints.
    DeletePlatformApplication<'a> {
        /// The application.
        platform_application_arn: Text<'a>, "PlatformApplicationArn";
    }

    /// Reads the attributes of a platform application that are no secrets.
    GetPlatformApplicationAttributes<'a> {
        /// The application.
        platform_application_arn: Text<'a>, "PlatformApplicationArn";
    }

    /// Changes attributes of a platform application.
    SetPlatformApplicationAttributes<'a> {
        /// The application.
        platform_application_arn: Text<'a>, "PlatformApplicationArn";
        /// The new values.
        attributes: Pairs<'a>, "Attributes.entry";
    }

    /// Lists the account's platform applications, 100 a page.
    ListPlatformApplications<'a> {
        /// Where the page before ended.
        next_token: Option<Text<'a>>, "NextToken";
    }

    /// Creates an endpoint, or finds the one of this token.
    CreatePlatformEndpoint<'a> {
        /// The application.
        platform_application_arn: Text<'a>, "PlatformApplicationArn";
        /// What the push service calls the device.
        token: Text<'a>, "Token";
        /// Anything. The one among `attributes` goes before this one.
        custom_user_data: Option<Text<'a>>, "CustomUserData";
        /// `CustomUserData`, `Enabled`, `Token`.
        attributes: Option<Pairs<'a>>, "Attributes.entry";
    }

    /// Deletes an endpoint. Its subscriptions stay.
    DeleteEndpoint<'a> {
        /// The endpoint.
        endpoint_arn: Text<'a>, "EndpointArn";
    }

    /// Reads the attributes of an endpoint.
    GetEndpointAttributes<'a> {
        /// The endpoint.
        endpoint_arn: Text<'a>, "EndpointArn";
    }

    /// Changes attributes of an endpoint.
    SetEndpointAttributes<'a> {
        /// The endpoint.
        endpoint_arn: Text<'a>, "EndpointArn";
        /// The new values.
        attributes: Pairs<'a>, "Attributes.entry";
    }

    /// Lists the endpoints of a platform application, 100 a page.
    ListEndpointsByPlatformApplication<'a> {
        /// The application.
        platform_application_arn: Text<'a>, "PlatformApplicationArn";
        /// Where the page before ended.
        next_token: Option<Text<'a>>, "NextToken";
    }
}

/// The answer of [`CreatePlatformApplication`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatePlatformApplicationOutput<'a> {
    /// The application.
    pub platform_application_arn: Cow<'a, str>,
}

impl ToXml for CreatePlatformApplicationOutput<'_> {
    fn write(&self, xml: &mut Xml) {
        xml.text("PlatformApplicationArn", &self.platform_application_arn);
    }
}

/// The answer of [`CreatePlatformEndpoint`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatePlatformEndpointOutput<'a> {
    /// The endpoint.
    pub endpoint_arn: Cow<'a, str>,
}

impl ToXml for CreatePlatformEndpointOutput<'_> {
    fn write(&self, xml: &mut Xml) {
        xml.text("EndpointArn", &self.endpoint_arn);
    }
}

/// The answer of [`ListPlatformApplications`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListPlatformApplicationsOutput<'a> {
    /// The applications of this page.
    pub applications: Vec<Application<'a>>,
    /// Where the next page starts.
    pub next_token: Option<Cow<'a, str>>,
}

impl ToXml for ListPlatformApplicationsOutput<'_> {
    fn write(&self, xml: &mut Xml) {
        write_list(xml, "PlatformApplications", &self.applications);
        xml.optional("NextToken", self.next_token.as_deref());
    }
}

/// One platform application of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application<'a> {
    /// The application.
    pub arn: Cow<'a, str>,
    /// Its attributes that are no secrets.
    pub attributes: NamedValues<'a>,
}

impl ToXml for Application<'_> {
    fn write(&self, xml: &mut Xml) {
        xml.text("PlatformApplicationArn", &self.arn);
        write_map(xml, "Attributes", &self.attributes);
    }
}

/// The answer of [`ListEndpointsByPlatformApplication`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListEndpointsByPlatformApplicationOutput<'a> {
    /// The endpoints of this page.
    pub endpoints: Vec<Endpoint<'a>>,
    /// Where the next page starts.
    pub next_token: Option<Cow<'a, str>>,
}

impl ToXml for ListEndpointsByPlatformApplicationOutput<'_> {
    fn write(&self, xml: &mut Xml) {
        write_list(xml, "Endpoints", &self.endpoints);
        xml.optional("NextToken", self.next_token.as_deref());
    }
}

/// One endpoint of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint<'a> {
    /// The endpoint.
    pub arn: Cow<'a, str>,
    /// Its attributes.
    pub attributes: NamedValues<'a>,
}

impl ToXml for Endpoint<'_> {
    fn write(&self, xml: &mut Xml) {
        xml.text("EndpointArn", &self.arn);
        write_map(xml, "Attributes", &self.attributes);
    }
}

macro_rules! platforms {
    ($( $variant:ident $name:literal; )*) => {
        /// A push service.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Platform {
            $( #[doc = concat!("`", $name, "`.")] $variant, )*
        }

        impl Platform {
            /// Every one, in the order of their names.
            pub const ALL: &'static [Platform] = &[ $( Platform::$variant, )* ];

            /// Its name in requests and ARNs, and its key in a structured message.
            pub fn as_str(self) -> &'static str {
                match self { $( Platform::$variant => $name, )* }
            }
        }
    };
}

platforms! {
    Adm "ADM";
    Apns "APNS";
    ApnsSandbox "APNS_SANDBOX";
    ApnsVoip "APNS_VOIP";
    ApnsVoipSandbox "APNS_VOIP_SANDBOX";
    Baidu "BAIDU";
    Gcm "GCM";
    Macos "MACOS";
    MacosSandbox "MACOS_SANDBOX";
    Mpns "MPNS";
    Wns "WNS";
}

impl Platform {
    /// The one of this name; names are case-sensitive.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.as_str() == name)
    }
}

/// Judges the name of an application.
///
/// # Errors
/// `InvalidParameter` for an empty or too long one, or another character than letters, digits, `_`, `-`, `.`.
pub fn check_name(name: &str) -> Result<(), Error> {
    if name.is_empty() {
        return Err(errors::application_name_empty(name));
    }
    if name.chars().count() > NAME_CHARS_MAX {
        return Err(errors::application_name_too_long(name));
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if name.bytes().all(allowed) { Ok(()) } else { Err(errors::application_name_characters(name)) }
}

/// The last part of the ARN of an application or an endpoint.
///
/// Invariant: `name` is one that [`check_name`] accepts, and `id` is not empty and has no slash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource<'a> {
    /// `app/<platform>/<name>`.
    Application {
        /// The push service.
        platform: Platform,
        /// The name of the application.
        name: &'a str,
    },
    /// `endpoint/<platform>/<name>/<id>`.
    Endpoint {
        /// The push service.
        platform: Platform,
        /// The name of the application.
        name: &'a str,
        /// The id of the endpoint, a UUID that is not judged here.
        id: &'a str,
    },
}

impl<'a> Resource<'a> {
    /// Reads the last part of an ARN; `None` for that of anything else.
    pub fn parse(resource: &'a str) -> Option<Self> {
        let parts: Vec<&str> = resource.split('/').collect();
        match *parts.as_slice() {
            ["app", platform, name] => {
                let platform = Platform::parse(platform)?;
                check_name(name).ok()?;
                Some(Self::Application { platform, name })
            }
            ["endpoint", platform, name, id] if !id.is_empty() => {
                let platform = Platform::parse(platform)?;
                check_name(name).ok()?;
                Some(Self::Endpoint { platform, name, id })
            }
            _ => None,
        }
    }

    /// Whether the last part of an ARN has as many slashes as an endpoint's; one that has not is told so
    /// before anything else ([`errors::endpoint_arn_slashes`]).
    pub fn has_slashes_of_endpoint(resource: &str) -> bool {
        resource.split('/').count() == 4
    }
}

impl fmt::Display for Resource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Application { platform, name } => write!(f, "app/{}/{name}", platform.as_str()),
            Self::Endpoint { platform, name, id } => write!(f, "endpoint/{}/{name}/{id}", platform.as_str()),
        }
    }
}
