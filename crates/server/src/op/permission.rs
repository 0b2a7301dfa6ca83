//! AddPermission and RemovePermission: statements of a queue's policy, by label (auth 6).
//!
//! The policy that is changed is the one that the caller was judged by. If another has taken its place in the
//! meantime, the shard says so and the caller is judged again, so no change is lost.

use super::policy_document::{Document, OF_QUEUE};
use super::{Answered, Call, done};
use crate::limits::has_name_characters;
use crate::reject::Refused;
use postrider_core::command::AskQueue;
use postrider_core::queue::settings::Setting;
use postrider_iam::Account;
use postrider_wire::error::{Error, sqs as errors};
use postrider_wire::operation::Service;
use postrider_wire::sqs::{AddPermission, RemovePermission, required};
use postrider_wire::{Action, Output, Text};
use serde::Serialize;
use std::collections::BTreeSet;

/// The longest label, characters (sqs 4).
const LABEL_CHARS_MAX: usize = 80;

/// The actions that others than a queue's owner can be permitted (auth 4).
const FOR_OTHERS: [&str; 9] = [
    "*",
    "SendMessage",
    "ReceiveMessage",
    "DeleteMessage",
    "ChangeMessageVisibility",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "PurgeQueue",
];

pub(super) async fn add<'r>(call: &Call<'_, 'r>, asked: &AddPermission<'_>) -> Answered<'r> {
    let label = label(asked.label.as_ref())?;
    let actions = actions(asked.actions.as_deref().unwrap_or_default())?;
    let accounts = accounts(asked.aws_account_ids.as_deref().unwrap_or_default())?;
    let mut policy = match judged_policy(call) {
        Some(text) => Document::parse(text).ok_or_else(|| errors::invalid_attribute_value("Policy"))?,
        None => Document::new(&call.subject.arn),
    };
    if policy.has(label) {
        return Err(errors::label_exists(label).into());
    }
    policy.add(statement(label, &accounts, &actions, call.subject.arn.as_str()));
    let text = policy.text(&OF_QUEUE).ok_or_else(too_large)?;
    set(call, Some(text)).await?;
    call.ok(&Output::SqsAddPermission)
}

pub(super) async fn remove<'r>(call: &Call<'_, 'r>, asked: &RemovePermission<'_>) -> Answered<'r> {
    let label = label(asked.label.as_ref())?;
    let policy = judged_policy(call).and_then(Document::parse).filter(|policy| policy.has(label));
    let mut policy = policy.ok_or_else(|| errors::label_unknown(label))?;
    policy.remove(label);
    let text = if policy.is_empty() { None } else { Some(policy.text(&OF_QUEUE).ok_or_else(too_large)?) };
    set(call, text).await?;
    call.ok(&Output::SqsRemovePermission)
}

fn too_large() -> Error {
    errors::policy_too_large(OF_QUEUE.statements_max, OF_QUEUE.principals_max, OF_QUEUE.bytes_max)
}

fn judged_policy<'c>(call: &'c Call<'_, '_>) -> Option<&'c str> {
    call.judgement.as_ref()?.policy.as_deref()
}

async fn set(call: &Call<'_, '_>, text: Option<String>) -> Result<(), Refused> {
    let setting = Setting::Policy(text.map(Into::into));
    done(&call.queue(AskQueue::Set(vec![setting])).await?, call)
}

fn label<'t>(given: Option<&'t Text<'_>>) -> Result<&'t str, Error> {
    let label = required(given, "Label")?;
    let fits = label.len() <= LABEL_CHARS_MAX && has_name_characters(label);
    if fits { Ok(label) } else { Err(errors::label(label)) }
}

/// The actions as a statement names them.
fn actions(given: &[Text<'_>]) -> Result<Vec<String>, Error> {
    if given.is_empty() {
        return Err(errors::missing_parameter("Actions"));
    }
    if given.len() > errors::ACTIONS_MAX {
        return Err(errors::too_many_actions(given.len()));
    }
    match given.iter().find(|action| !FOR_OTHERS.contains(&&***action)) {
        // A batch is permitted by the action of its entries (auth 5): policies have no name for it.
        Some(action) if action.ends_with("Batch") => Err(errors::action_unknown(action)),
        Some(action) => match Action::find(Service::Sqs, action) {
            Some(_) => Err(errors::action_of_owner(action)),
            None => Err(errors::action_unknown(action)),
        },
        None => Ok(given.iter().map(|action| format!("SQS:{action}")).collect()),
    }
}

/// The accounts as a statement names them, each once.
fn accounts(given: &[Text<'_>]) -> Result<Vec<String>, Error> {
    let unknown: Vec<&str> =
        given.iter().map(Text::as_str).filter(|text| Account::parse(text).is_none()).collect();
    if given.is_empty() || !unknown.is_empty() {
        return Err(errors::principal_unverified(&unknown));
    }
    Ok(roots(given))
}

/// What statements call accounts, each once.
pub(super) fn roots(accounts: &[Text<'_>]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let distinct = accounts.iter().filter(|account| seen.insert(account.as_str()));
    distinct.map(|account| format!("arn:aws:iam::{account}:root")).collect()
}

/// A statement, its members in AWS's order.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement<'a> {
    sid: &'a str,
    effect: &'static str,
    principal: Principal<'a>,
    action: OneOrMore<'a>,
    resource: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "UPPERCASE")]
struct Principal<'a> {
    aws: OneOrMore<'a>,
}

/// A single value stands without an array.
#[derive(Serialize)]
#[serde(untagged)]
enum OneOrMore<'a> {
    One(&'a str),
    More(&'a [String]),
}

fn one_or_more(values: &[String]) -> OneOrMore<'_> {
    match values {
        [one] => OneOrMore::One(one),
        more => OneOrMore::More(more),
    }
}

pub(super) fn statement(label: &str, accounts: &[String], actions: &[String], resource: &str) -> String {
    let statement = Statement {
        sid: label,
        effect: "Allow",
        principal: Principal { aws: one_or_more(accounts) },
        action: one_or_more(actions),
        resource,
    };
    serde_json::to_string(&statement).expect("texts serialise without errors")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::subject::OWNER_ONLY;

    /// What is for the owner only cannot be permitted, and all else can. A batch has the action of its entries.
    #[test]
    fn every_action_is_for_the_owner_alone_or_can_be_permitted() {
        let all = Action::ALL.iter().filter(|action| action.service() == Service::Sqs);
        let all = all.map(|action| action.name()).filter(|name| !name.ends_with("Batch"));
        let mut all: Vec<&str> = all.collect();
        all.sort_unstable();
        let mut parts = [&FOR_OTHERS[1..], &OWNER_ONLY].concat();
        parts.sort_unstable();
        assert_eq!(parts, all);
        assert_eq!(FOR_OTHERS[0], "*");
    }
}
