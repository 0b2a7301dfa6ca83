//! The owner of a phone wants no messages: `PUT /v1/opted-out/<region>/<account>/<phone>`.
//!
//! AWS learns this from an answer such as STOP to a text message; here an operator, or what receives the answers, says
//! it. Saying it twice is as good as once.

use super::reply::Problem;
use percent_encoding::percent_decode_str;
use postrider_core::account::Ask;
use postrider_core::{Arn, Command, Rejection, Reply};
use postrider_iam::{Account, is_region};
use postrider_runtime::Node;
use postrider_wire::sns::sms::is_e164;
use serde::Serialize;
use tracing::error;

/// What was put.
#[derive(Serialize)]
pub(super) struct OptedOut {
    account: String,
    region: String,
    phone: String,
}

/// Lets an account send no more messages to a phone.
pub(super) async fn opt_out(
    node: &Node,
    region: &str,
    account: &str,
    phone: &str,
) -> Result<OptedOut, Problem> {
    let account = Account::parse(account).ok_or_else(|| Problem::parameter("account", "it has 12 digits"))?;
    if !is_region(region) {
        return Err(Problem::parameter("region", "it is no region"));
    }
    let phone = percent_decode_str(phone).decode_utf8().ok().filter(|phone| is_e164(phone));
    let phone =
        phone.ok_or_else(|| Problem::parameter("phone", "it is a plus, and 2 to 15 digits (E.164)"))?;
    let arn = Arn::of_account("aws", "sns", region, account.as_str());
    let ask = Ask::OptOut((*phone).into());
    match node.ask(&arn, Command::Account { arn: arn.clone(), ask }).await?.result {
        Ok(Reply::Done) => Ok(OptedOut {
            account: account.as_str().to_owned(),
            region: region.to_owned(),
            phone: phone.into_owned(),
        }),
        Err(Rejection::NoSpace) => Err(Problem::NOT_DONE),
        other => {
            error!(?other, "a shard gave an answer that does not fit the opting out of a phone");
            Err(Problem::DEFECT)
        }
    }
}
