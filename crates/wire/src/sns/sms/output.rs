//! What the operations about phones answer.

use std::borrow::Cow;

use crate::envelope::timestamp;
use crate::sns::output::{write_flag, write_list, write_map, write_texts};
use crate::sqs::{NamedValues, ToXml};
use crate::xml::Xml;

/// The answer of [`super::CheckIfPhoneNumberIsOptedOut`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckIfPhoneNumberIsOptedOutOutput {
    /// Whether its owner wants no messages.
    pub is_opted_out: bool,
}

impl ToXml for CheckIfPhoneNumberIsOptedOutOutput {
    fn write(&self, xml: &mut Xml) {
        write_flag(xml, "isOptedOut", self.is_opted_out);
    }
}

/// The answer of [`super::ListPhoneNumbersOptedOut`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListPhoneNumbersOptedOutOutput<'a> {
    /// The phones of this page.
    pub phone_numbers: Vec<Cow<'a, str>>,
    /// Where the next page starts.
    pub next_token: Option<Cow<'a, str>>,
}

impl ToXml for ListPhoneNumbersOptedOutOutput<'_> {
    fn write(&self, xml: &mut Xml) {
        write_texts(xml, "phoneNumbers", &self.phone_numbers);
        xml.optional("nextToken", self.next_token.as_deref());
    }
}

/// The answer of [`super::GetSmsAttributes`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GetSmsAttributesOutput<'a> {
    /// Names and values.
    pub attributes: NamedValues<'a>,
}

impl ToXml for GetSmsAttributesOutput<'_> {
    fn write(&self, xml: &mut Xml) {
        write_map(xml, "attributes", &self.attributes);
    }
}

/// The answer of [`super::GetSmsSandboxAccountStatus`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GetSmsSandboxAccountStatusOutput {
    /// Whether the account can send to verified phones only.
    pub is_in_sandbox: bool,
}

impl ToXml for GetSmsSandboxAccountStatusOutput {
    fn write(&self, xml: &mut Xml) {
        write_flag(xml, "IsInSandbox", self.is_in_sandbox);
    }
}

/// The answer of [`super::ListSmsSandboxPhoneNumbers`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListSmsSandboxPhoneNumbersOutput<'a> {
    /// The phones of this page.
    pub phone_numbers: Vec<SandboxPhoneNumber<'a>>,
    /// Where the next page starts.
    pub next_token: Option<Cow<'a, str>>,
}

impl ToXml for ListSmsSandboxPhoneNumbersOutput<'_> {
    fn write(&self, xml: &mut Xml) {
        write_list(xml, "PhoneNumbers", &self.phone_numbers);
        xml.optional("NextToken", self.next_token.as_deref());
    }
}

/// One phone of the sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxPhoneNumber<'a> {
    /// The phone.
    pub phone_number: Cow<'a, str>,
    /// How far it is.
    pub status: SandboxStatus,
}

impl ToXml for SandboxPhoneNumber<'_> {
    fn write(&self, xml: &mut Xml) {
        xml.text("PhoneNumber", &self.phone_number);
        let status = match self.status {
            SandboxStatus::Pending => "Pending",
            SandboxStatus::Verified => "Verified",
        };
        xml.text("Status", status);
    }
}

/// How far the verification of a phone of the sandbox is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SandboxStatus {
    /// The one-time password was not told yet.
    Pending,
    /// Messages can be sent to it.
    Verified,
}

/// The answer of [`super::ListOriginationNumbers`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListOriginationNumbersOutput<'a> {
    /// The numbers of this page.
    pub phone_numbers: Vec<OriginationNumber<'a>>,
    /// Where the next page starts.
    pub next_token: Option<Cow<'a, str>>,
}

impl ToXml for ListOriginationNumbersOutput<'_> {
    fn write(&self, xml: &mut Xml) {
        xml.optional("NextToken", self.next_token.as_deref());
        write_list(xml, "PhoneNumbers", &self.phone_numbers);
    }
}

/// One number that the account sends from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginationNumber<'a> {
    /// When it came to the account, milliseconds since 1970.
    pub created_at_ms: u64,
    /// The number.
    pub phone_number: Cow<'a, str>,
    /// `ACTIVE` and others.
    pub status: Cow<'a, str>,
    /// Two letters.
    pub iso2_country_code: Cow<'a, str>,
    /// `Transactional`, `Promotional` or `Premium`.
    pub route_type: Cow<'a, str>,
    /// Some of `SMS`, `MMS` and `VOICE`.
    pub capabilities: Vec<Cow<'a, str>>,
}

impl ToXml for OriginationNumber<'_> {
    fn write(&self, xml: &mut Xml) {
        xml.text("CreatedAt", &timestamp(self.created_at_ms));
        xml.text("PhoneNumber", &self.phone_number);
        xml.text("Status", &self.status);
        xml.text("Iso2CountryCode", &self.iso2_country_code);
        xml.text("RouteType", &self.route_type);
        write_texts(xml, "NumberCapabilities", &self.capabilities);
    }
}
