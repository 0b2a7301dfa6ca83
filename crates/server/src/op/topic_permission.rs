//! AddPermission and RemovePermission: statements of a topic's policy, by label (sns 3). What is changed is the
//! policy that the caller was judged by, as for queues.

use super::permission::{roots, statement};
use super::policy_document::{Document, OF_TOPIC};
use super::topic_attributes::default_policy;
use super::{Answered, Call, done};
use crate::reject::Refused;
use postrider_core::command::{AskTopic, TopicMeaning};
use postrider_iam::Account;
use postrider_wire::error::{Error, sns as errors};
use postrider_wire::sns::{AddPermission, RemovePermission};
use postrider_wire::{Output, Text};

/// The actions that a topic's policy can name.
const ACTIONS: [&str; 9] = [
    "AddPermission",
    "DeleteTopic",
    "GetTopicAttributes",
    "ListSubscriptionsByTopic",
    "Publish",
    "Receive",
    "RemovePermission",
    "SetTopicAttributes",
    "Subscribe",
];

pub(super) async fn add<'r>(call: &Call<'_, 'r>, asked: &AddPermission<'_>) -> Answered<'r> {
    if asked.label.is_empty() {
        return Err(errors::label_empty().into());
    }
    let actions = actions(&asked.actions)?;
    let accounts = accounts(&asked.aws_account_ids)?;
    let text = policy(call);
    let mut policy = Document::parse(&text).ok_or_else(|| errors::invalid_parameter("Policy"))?;
    if policy.has(&asked.label) {
        return Err(errors::statement_exists().into());
    }
    policy.add(statement(&asked.label, &accounts, &actions, call.subject.arn.as_str()));
    set(call, &policy).await?;
    call.ok(&Output::SnsAddPermission)
}

/// Taking away what is not there is done at once.
pub(super) async fn remove<'r>(call: &Call<'_, 'r>, asked: &RemovePermission<'_>) -> Answered<'r> {
    let text = policy(call);
    match Document::parse(&text).filter(|policy| policy.has(&asked.label)) {
        Some(mut policy) => {
            policy.remove(&asked.label);
            set(call, &policy).await?;
        }
        None => {
            call.topic(AskTopic::View).await?;
        }
    }
    call.ok(&Output::SnsRemovePermission)
}

/// The policy that the caller was judged by.
fn policy(call: &Call<'_, '_>) -> String {
    let own = call.judgement.as_ref().and_then(|judgement| judgement.policy.as_deref());
    own.map_or_else(|| default_policy(&call.subject.arn), str::to_owned)
}

async fn set(call: &Call<'_, '_>, policy: &Document<'_>) -> Result<(), Refused> {
    let text = policy.text(&OF_TOPIC).ok_or_else(errors::policy_too_large)?;
    let set = AskTopic::Set("Policy".into(), Some(text.into()), TopicMeaning::default());
    done(&call.topic(set).await?, call)
}

/// The actions as a statement names them.
fn actions(given: &[Text<'_>]) -> Result<Vec<String>, Error> {
    if given.is_empty() || given.iter().any(|action| !ACTIONS.contains(&action.as_str())) {
        return Err(errors::action_out_of_scope());
    }
    Ok(given.iter().map(|action| format!("SNS:{action}")).collect())
}

/// The accounts as a statement names them, each once.
fn accounts(given: &[Text<'_>]) -> Result<Vec<String>, Error> {
    match given.iter().find(|account| Account::parse(account).is_none()) {
        Some(unknown) => Err(errors::account_id(unknown)),
        None if given.is_empty() => Err(errors::account_id("nothing")),
        None => Ok(roots(given)),
    }
}
