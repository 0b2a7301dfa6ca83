//! The SMS sandbox of an account (sns 18).
//!
//! No account is confined to its sandbox; what it holds is kept and shown. A one-time password goes to the operator's
//! log, since nothing sends text messages.

use super::account::{sns_token, token};
use super::{Answered, Call, done, sms};
use crate::reject::{Refused, defect};
use postrider_core::Reply;
use postrider_core::account::{Ask, Page, Status, Told};
use postrider_core::reply::More;
use postrider_wire::sns::sms::{
    GetSmsSandboxAccountStatusOutput, ListSmsSandboxPhoneNumbersOutput, SANDBOX_PAGE_MAX, SandboxPhoneNumber,
    SandboxStatus,
};
use postrider_wire::sns::{
    CreateSmsSandboxPhoneNumber, DeleteSmsSandboxPhoneNumber, ListSmsSandboxPhoneNumbers,
    VerifySmsSandboxPhoneNumber,
};
use postrider_wire::{Output, Service};
use tracing::info;

pub(super) fn status<'r>(call: &Call<'_, 'r>) -> Answered<'r> {
    let status = GetSmsSandboxAccountStatusOutput { is_in_sandbox: false };
    call.ok(&Output::GetSmsSandboxAccountStatus(status))
}

pub(super) async fn add<'r>(call: &Call<'_, 'r>, asked: &CreateSmsSandboxPhoneNumber<'_>) -> Answered<'r> {
    asked.check()?;
    let phone: &str = &sms::phone(&asked.phone_number)?;
    let password = password()?;
    let ask = Ask::AddToSandbox { phone: phone.into(), password: password.as_str().into() };
    let Reply::Account(Told::Status(status)) = call.of_account(ask).await? else {
        return Err(call.defect());
    };
    if status == Status::Pending {
        let (account, region) = (call.subject.arn.account(), call.subject.arn.region());
        info!(account, region, phone, password, "one-time password of the SMS sandbox");
    }
    call.ok(&Output::CreateSmsSandboxPhoneNumber)
}

pub(super) async fn verify<'r>(call: &Call<'_, 'r>, asked: &VerifySmsSandboxPhoneNumber<'_>) -> Answered<'r> {
    asked.check()?;
    let (phone, password) = ((*asked.phone_number).into(), (*asked.one_time_password).into());
    done(&call.of_account(Ask::Verify { phone, password }).await?, call)?;
    call.ok(&Output::VerifySmsSandboxPhoneNumber)
}

pub(super) async fn remove<'r>(call: &Call<'_, 'r>, asked: &DeleteSmsSandboxPhoneNumber<'_>) -> Answered<'r> {
    asked.check()?;
    done(&call.of_account(Ask::RemoveFromSandbox((*asked.phone_number).into())).await?, call)?;
    call.ok(&Output::DeleteSmsSandboxPhoneNumber)
}

pub(super) async fn list<'r>(call: &Call<'_, 'r>, asked: &ListSmsSandboxPhoneNumbers<'_>) -> Answered<'r> {
    asked.check()?;
    let after = sns_token(asked.next_token.as_deref())?.map(Into::into);
    let max = usize::try_from(asked.max_results.unwrap_or(SANDBOX_PAGE_MAX)).expect("it was checked");
    let ask = Ask::ListSandbox(Page { after, max });
    let Reply::Account(Told::Sandbox(phones, more)) = call.of_account(ask).await? else {
        return Err(call.defect());
    };
    let last = phones.last().filter(|_| more == More::Yes);
    let next_token = last.map(|(phone, _)| token(phone).into());
    let phone_numbers = phones.iter().map(|(phone, status)| SandboxPhoneNumber {
        phone_number: (&**phone).into(),
        status: match status {
            Status::Pending => SandboxStatus::Pending,
            Status::Verified => SandboxStatus::Verified,
        },
    });
    let phone_numbers = phone_numbers.collect();
    call.ok(&Output::ListSmsSandboxPhoneNumbers(ListSmsSandboxPhoneNumbersOutput {
        phone_numbers,
        next_token,
    }))
}

/// Six digits that nobody can guess.
fn password() -> Result<String, Refused> {
    let mut bytes = [0; 8];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_| defect(Service::Sns, "there are no random bytes to be had"))?;
    Ok(format!("{:06}", u64::from_be_bytes(bytes) % 1_000_000))
}
