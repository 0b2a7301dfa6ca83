//! Text messages as an account sees them: attributes, owners of phones who want none, numbers to send from
//! (sns 18).

use super::account::{sns_token, token};
use super::{Answered, Call, done};
use crate::reject::Refused;
use postrider_core::account::{Ask, Page, Preference, Told};
use postrider_core::event::Tags;
use postrider_core::reply::More;
use postrider_core::{Reply, limits};
use postrider_wire::Output;
use postrider_wire::error::sns as errors;
use postrider_wire::sns::sms::{
    AccountAttribute, CheckIfPhoneNumberIsOptedOutOutput, GetSmsAttributesOutput,
    ListOriginationNumbersOutput, ListPhoneNumbersOptedOutOutput, is_e164,
};
use postrider_wire::sns::{
    CheckIfPhoneNumberIsOptedOut, GetSmsAttributes, ListOriginationNumbers, ListPhoneNumbersOptedOut,
    OptInPhoneNumber, SetSmsAttributes,
};

/// `MonthlySpendLimit` of an account that has not set one, US dollars (sns 18).
const SPEND_LIMIT_DEFAULT: &str = "1";

pub(super) async fn set_attributes<'r>(call: &Call<'_, 'r>, asked: &SetSmsAttributes<'_>) -> Answered<'r> {
    let mut given = Tags::new();
    for (name, value) in asked.attributes.iter() {
        AccountAttribute::parse(name)?.check(value)?;
        given.insert((**name).into(), (**value).into());
    }
    done(&call.of_account(Ask::SetSmsAttributes(given)).await?, call)?;
    call.ok(&Output::SetSmsAttributes)
}

pub(super) async fn attributes<'r>(call: &Call<'_, 'r>, asked: &GetSmsAttributes<'_>) -> Answered<'r> {
    let mut wanted = Vec::new();
    for name in asked.attributes.iter().flat_map(|names| names.iter()) {
        wanted.push(AccountAttribute::parse(name)?);
    }
    let Reply::Account(Told::SmsAttributes(mut set)) = call.of_account(Ask::SmsAttributes).await? else {
        return Err(call.defect());
    };
    let limit = AccountAttribute::MonthlySpendLimit.as_str();
    set.entry(limit.into()).or_insert_with(|| SPEND_LIMIT_DEFAULT.into());
    let shown = |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted.as_str() == name);
    let attributes = set.into_iter().filter(|(name, _)| shown(name));
    let attributes = attributes.map(|(name, value)| (String::from(name).into(), String::from(value).into()));
    call.ok(&Output::GetSmsAttributes(GetSmsAttributesOutput { attributes: attributes.collect() }))
}

pub(super) async fn preference<'r>(
    call: &Call<'_, 'r>,
    asked: &CheckIfPhoneNumberIsOptedOut<'_>,
) -> Answered<'r> {
    let phone = phone(&asked.phone_number)?;
    let Reply::Account(Told::Preference(preference)) = call.of_account(Ask::Preference(phone)).await? else {
        return Err(call.defect());
    };
    let is_opted_out = preference == Preference::OptedOut;
    call.ok(&Output::CheckIfPhoneNumberIsOptedOut(CheckIfPhoneNumberIsOptedOutOutput { is_opted_out }))
}

pub(super) async fn list_opted_out<'r>(
    call: &Call<'_, 'r>,
    asked: &ListPhoneNumbersOptedOut<'_>,
) -> Answered<'r> {
    let after = sns_token(asked.next_token.as_deref())?.map(Into::into);
    let page = Page { after, max: limits::LIST_SNS_PAGE };
    let Reply::Account(Told::OptedOut(phones, more)) = call.of_account(Ask::ListOptedOut(page)).await? else {
        return Err(call.defect());
    };
    let last = phones.last().filter(|_| more == More::Yes);
    let next_token = last.map(|phone| token(phone).into());
    let phone_numbers = phones.iter().map(|phone| (&**phone).into()).collect();
    call.ok(&Output::ListPhoneNumbersOptedOut(ListPhoneNumbersOptedOutOutput { phone_numbers, next_token }))
}

pub(super) async fn opt_in<'r>(call: &Call<'_, 'r>, asked: &OptInPhoneNumber<'_>) -> Answered<'r> {
    let phone = phone(&asked.phone_number)?;
    done(&call.of_account(Ask::OptIn(phone)).await?, call)?;
    call.ok(&Output::OptInPhoneNumber)
}

/// This server has no numbers of its own: whoever sends its messages has.
pub(super) fn origination_numbers<'r>(
    call: &Call<'_, 'r>,
    asked: &ListOriginationNumbers<'_>,
) -> Answered<'r> {
    asked.check()?;
    sns_token(asked.next_token.as_deref())?;
    call.ok(&Output::ListOriginationNumbers(ListOriginationNumbersOutput::default()))
}

pub(super) fn phone(text: &str) -> Result<Box<str>, Refused> {
    if is_e164(text) { Ok(text.into()) } else { Err(errors::phone_number_format().into()) }
}
