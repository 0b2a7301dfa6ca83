//! Questions that go to all shards, and to many resources at once.

use super::reply::Problem;
use crate::metrics::{Complete, Counted, QUEUES_AT_ONCE, Queues};
use postrider_core::command::{AskQueue, AskTopic, Page};
use postrider_core::id::Revision;
use postrider_core::reply::{More, QueueView, TopicView};
use postrider_core::{Arn, Command, Rejection, Reply};
use postrider_runtime::{Answer, Node, ShardHandle};
use std::future::Future;
use tokio::task::JoinSet;

/// How often a resource that changes meanwhile is asked again.
const ASKED_MAX: usize = 8;

/// Resources of one kind, over all shards, in order of their ARNs: at most `page.max` of them.
pub(super) async fn list(
    node: &Node,
    page: &Page,
    command: fn(Page) -> Command,
) -> Result<(Vec<Arn>, More), Problem> {
    let (mut found, mut more) = (Vec::new(), More::No);
    for shard in node.shards() {
        if let Ok(Reply::Arns(arns, rest)) = shard.ask(command(page.clone())).await?.result {
            found.extend(arns);
            more = if rest == More::Yes { More::Yes } else { more };
        }
    }
    found.sort();
    if found.len() > page.max {
        found.truncate(page.max);
        more = More::Yes;
    }
    Ok((found, more))
}

/// Asks what only a judged caller may ask; the administrator may. `None` if the resource is gone.
pub(super) async fn about(
    shard: &ShardHandle,
    arn: &Arn,
    command: impl Fn(Arn, Revision) -> Command,
) -> Result<Option<Answer>, Problem> {
    for _ in 0..ASKED_MAX {
        let Some(judgement) = shard.judgement(arn) else { return Ok(None) };
        let answer = shard.ask(command(arn.clone(), judgement.revision)).await?;
        match answer.result {
            Err(Rejection::Stale) => {}
            Err(_) => return Ok(None),
            Ok(_) => return Ok(Some(answer)),
        }
    }
    Err(Problem::RESTLESS)
}

/// A queue; `None` if it is gone.
async fn view_queue(shard: ShardHandle, arn: Arn) -> Result<Option<QueueView>, Problem> {
    let view = |arn, judged| Command::Queue { arn, judged, ask: AskQueue::View };
    match about(&shard, &arn, view).await?.map(|answer| answer.result) {
        Some(Ok(Reply::Queue(view))) => Ok(Some(*view)),
        Some(Ok(_) | Err(_)) | None => Ok(None),
    }
}

/// A topic; `None` if it is gone.
async fn view_topic(shard: ShardHandle, arn: Arn) -> Result<Option<TopicView>, Problem> {
    let view = |arn, judged| Command::Topic { arn, judged, ask: AskTopic::View };
    match about(&shard, &arn, view).await?.map(|answer| answer.result) {
        Some(Ok(Reply::Topic(view))) => Ok(Some(*view)),
        Some(Ok(_) | Err(_)) | None => Ok(None),
    }
}

/// These queues, in this order, without those that are gone.
pub(super) async fn view_queues(node: &Node, arns: &[Arn]) -> Result<Vec<QueueView>, Problem> {
    view(node, arns, view_queue).await
}

/// These topics, in this order, without those that are gone.
pub(super) async fn view_topics(node: &Node, arns: &[Arn]) -> Result<Vec<TopicView>, Problem> {
    view(node, arns, view_topic).await
}

/// Views many resources, some at the same time: each answer waits for the log, but they can wait together.
async fn view<T: Send + 'static, F>(
    node: &Node,
    arns: &[Arn],
    view: fn(ShardHandle, Arn) -> F,
) -> Result<Vec<T>, Problem>
where
    F: Future<Output = Result<Option<T>, Problem>> + Send + 'static,
{
    let mut views = Vec::with_capacity(arns.len());
    for arns in arns.chunks(QUEUES_AT_ONCE) {
        let mut asking = JoinSet::new();
        for (index, arn) in arns.iter().enumerate() {
            let asked = view(node.shard(arn).clone(), arn.clone());
            asking.spawn(async move { (index, asked.await) });
        }
        let mut chunk = asking.join_all().await;
        chunk.sort_by_key(|(index, _)| *index);
        for (_, viewed) in chunk {
            views.extend(viewed?);
        }
    }
    Ok(views)
}

/// The first queues, at most so many, with their messages by state.
pub(super) async fn counted_queues(node: &Node, max: usize) -> Result<Queues, Problem> {
    let page = Page { prefix: "arn:".into(), after: None, max };
    let (arns, more) = list(node, &page, Command::ListQueues).await?;
    let views = view_queues(node, &arns).await?;
    let complete = match more {
        More::Yes => Complete::No,
        More::No => Complete::Yes,
    };
    let counted = views.into_iter().map(|view| Counted {
        messages: view.counts,
        groups: view.settings.fifo.is_none().then_some(view.fair),
        queue: view.arn,
    });
    Ok(Queues { counted: counted.collect(), complete })
}
