//! Listings of an account: asked of all shards, merged in order, a page at a time.
//!
//! A page's token is the base64 of the name that it ended with, so it stays good whatever is created or
//! deleted meanwhile.

use super::subscription::listed;
use super::{Answered, Call};
use crate::reject::Refused;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postrider_core::command::Page;
use postrider_core::event::SubscriptionStated;
use postrider_core::reply::More;
use postrider_core::{Arn, Command, Reply, limits};
use postrider_wire::Output;
use postrider_wire::error::{Error, sns, sqs};
use postrider_wire::sns::{ListSubscriptions, ListSubscriptionsOutput, ListTopics, ListTopicsOutput};
use postrider_wire::sqs::{ListQueues, ListQueuesOutput};
use std::borrow::Cow;
use std::sync::Arc;

/// The token of a page that ended with `last`.
pub(super) fn token(last: &str) -> String {
    STANDARD.encode(last)
}

/// The name in a token; `None` for one that no page had.
pub(super) fn next_token(token: &str) -> Option<String> {
    let name = STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    name.filter(|name| !name.is_empty())
}

pub(super) async fn queues<'r>(call: &Call<'_, 'r>, asked: &ListQueues<'_>) -> Answered<'r> {
    let asked_page = QueuePage::asked(asked.max_results, asked.next_token.as_deref())?;
    let (after, max) = (asked_page.after.clone(), asked_page.max);
    let page = page(call, asked.queue_name_prefix.as_deref().unwrap_or_default(), after, max);
    let (queues, more) = arns(call, max, || Command::ListQueues(page.clone())).await?;
    let (queue_urls, next_token) = asked_page.told(call, &queues, more);
    call.ok(&Output::ListQueues(ListQueuesOutput { queue_urls, next_token }))
}

/// What a listing of queues is asked for.
pub(super) struct QueuePage {
    /// The name that the page before ended with.
    pub(super) after: Option<String>,
    /// The most queues.
    pub(super) max: usize,
    is_paged: bool,
}

impl QueuePage {
    /// Checks what the caller gives.
    pub(super) fn asked(max_results: Option<i64>, token: Option<&str>) -> Result<QueuePage, Error> {
        let most = i64::try_from(limits::LIST_QUEUES_MAX).expect("a thousand");
        let max = max_results.unwrap_or(most);
        if !(1..=most).contains(&max) {
            return Err(sqs::max_results(max, most));
        }
        let after = match token {
            Some(given) => Some(next_token(given).ok_or_else(|| sqs::next_token(given))?),
            None => None,
        };
        let max = usize::try_from(max).expect("between 1 and 1000");
        Ok(QueuePage { after, max, is_paged: max_results.is_some() })
    }

    /// The URLs of the queues that were found, and the token of the next page. Who does not page gets the
    /// first page, and is not told that there is more (sqs 4).
    pub(super) fn told(
        &self,
        call: &Call<'_, '_>,
        queues: &[Arn],
        more: More,
    ) -> (Vec<Cow<'static, str>>, Option<Cow<'static, str>>) {
        let last = queues.last().filter(|_| more == More::Yes && self.is_paged);
        let urls = queues.iter().map(|arn| call.queue_url(arn.resource()).into());
        (urls.collect(), last.map(|arn| token(arn.resource()).into()))
    }
}

pub(super) async fn topics<'r>(call: &Call<'_, 'r>, asked: &ListTopics<'_>) -> Answered<'r> {
    let after = sns_token(asked.next_token.as_deref())?;
    let page = page(call, "", after, limits::LIST_SNS_PAGE);
    let (topics, more) = arns(call, limits::LIST_SNS_PAGE, || Command::ListTopics(page.clone())).await?;
    let last = topics.last().filter(|_| more == More::Yes);
    let next_token = last.map(|arn| token(arn.resource()).into());
    let topic_arns = topics.iter().map(|arn| arn.as_str().into()).collect();
    call.ok(&Output::ListTopics(ListTopicsOutput { topic_arns, next_token }))
}

pub(super) async fn subscriptions<'r>(call: &Call<'_, 'r>, asked: &ListSubscriptions<'_>) -> Answered<'r> {
    let after = sns_token(asked.next_token.as_deref())?;
    let page = page(call, "", after, limits::LIST_SNS_PAGE);
    let mut all: Vec<(Arn, Arc<SubscriptionStated>)> = Vec::new();
    let mut more = More::No;
    for reply in each(call, || Command::ListSubscriptions(page.clone())).await? {
        let Reply::Subscriptions(found, continued) = reply else { return Err(call.defect()) };
        all.extend(found);
        more = either(more, continued);
    }
    all.sort_by(|a, b| (&a.0, a.1.id).cmp(&(&b.0, b.1.id)));
    let more = cut(&mut all, limits::LIST_SNS_PAGE, more);
    let last = all.last().filter(|_| more == More::Yes);
    let next_token = last.map(|(topic, stated)| token(&format!("{}:{}", topic.resource(), stated.id)).into());
    let subscriptions = all.iter().map(|(topic, stated)| listed(topic, stated)).collect();
    call.ok(&Output::ListSubscriptions(ListSubscriptionsOutput { subscriptions, next_token }))
}

pub(super) fn sns_token(given: Option<&str>) -> Result<Option<String>, Refused> {
    match given {
        Some(given) => Ok(Some(next_token(given).ok_or_else(sns::next_token)?)),
        None => Ok(None),
    }
}

/// The page of names that begin with `prefix` and come after `after`.
pub(super) fn page(call: &Call<'_, '_>, prefix: &str, after: Option<String>, max: usize) -> Page {
    let account = call.subject.arn.as_str();
    Page {
        prefix: format!("{account}{prefix}").into(),
        after: after.map(|after| format!("{account}{after}").into()),
        max,
    }
}

/// The answers of all shards.
pub(super) async fn each(call: &Call<'_, '_>, command: impl Fn() -> Command) -> Result<Vec<Reply>, Refused> {
    let mut replies = Vec::new();
    for shard in call.context.node.shards() {
        let answer = shard.ask(command()).await?;
        replies.push(answer.result.map_err(|_| call.defect())?);
    }
    Ok(replies)
}

pub(super) async fn arns(
    call: &Call<'_, '_>,
    max: usize,
    command: impl Fn() -> Command,
) -> Result<(Vec<Arn>, More), Refused> {
    let mut all = Vec::new();
    let mut more = More::No;
    for reply in each(call, command).await? {
        let Reply::Arns(found, continued) = reply else { return Err(call.defect()) };
        all.extend(found);
        more = either(more, continued);
    }
    all.sort();
    let more = cut(&mut all, max, more);
    Ok((all, more))
}

pub(super) fn either(a: More, b: More) -> More {
    if a == More::Yes { a } else { b }
}

/// Cuts what all shards gave to one page, and says whether there is more.
pub(super) fn cut<T>(all: &mut Vec<T>, max: usize, more: More) -> More {
    let more = if all.len() > max { More::Yes } else { more };
    all.truncate(max);
    more
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_go_around() {
        assert_eq!(token("orders"), "b3JkZXJz");
        assert_eq!(next_token("b3JkZXJz").as_deref(), Some("orders"));
        for bad in ["", "!", "b3JkZXJz=", "/w=="] {
            assert_eq!(next_token(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_page_is_cut_from_what_all_shards_gave() {
        let mut all = vec![1, 2, 3];
        assert_eq!(cut(&mut all, 3, More::No), More::No);
        assert_eq!(cut(&mut all, 3, More::Yes), More::Yes);
        assert_eq!(cut(&mut all, 2, More::No), More::Yes);
        assert_eq!(all, [1, 2]);
    }
}
