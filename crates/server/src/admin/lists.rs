//! The paged lists: queues, topics, the messages of a queue, and what became of deliveries.
//!
//! Each takes `limit` and `after`, and answers `next` while there is more: the `after` of the next page.

use super::ask;
use super::reply::Problem;
use crate::courier::{self, Shown};
use crate::statuses::{Event, Statuses};
use percent_encoding::percent_decode_str;
use postrider_core::command::{AskQueue, Page};
use postrider_core::queue::settings::{Fifo, Switch};
use postrider_core::reply::{More, QueueView, TopicView};
use postrider_core::{Arn, Command, Reply, limits};
use postrider_runtime::Node;
use serde::Serialize;
use std::collections::BTreeMap;
use tracing::error;

/// Queues or topics of one page.
const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 1_000;
/// Messages of one page.
const MESSAGES_DEFAULT: usize = 10;

/// `GET /v1/queues`.
#[derive(Serialize)]
pub(super) struct QueuesPage {
    queues: Vec<QueueRow>,
    next: Option<String>,
}

#[derive(Serialize)]
struct QueueRow {
    arn: String,
    account: String,
    region: String,
    name: String,
    created_ms: u64,
    modified_ms: u64,
    visibility_s: u32,
    delay_s: u32,
    retention_s: u32,
    wait_s: u32,
    message_bytes_max: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    fifo: Option<FifoRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redrive: Option<RedriveRow>,
    tags: BTreeMap<String, String>,
    messages: Messages,
    /// What groups do, on a standard queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Groups>,
}

/// What only FIFO queues have.
#[derive(Serialize)]
struct FifoRow {
    content_based_deduplication: bool,
    deduplication_scope: &'static str,
    throughput_limit: &'static str,
}

/// Where messages go that were received too often.
#[derive(Serialize)]
struct RedriveRow {
    dead_letter_queue: String,
    receives_max: u32,
}

#[derive(Serialize)]
struct Messages {
    available: usize,
    in_flight: usize,
    delayed: usize,
}

/// Noisy groups, and the messages of all others by state.
#[derive(Serialize)]
struct Groups {
    noisy: usize,
    quiet: Messages,
}

/// `GET /v1/topics`.
#[derive(Serialize)]
pub(super) struct TopicsPage {
    topics: Vec<TopicRow>,
    next: Option<String>,
}

#[derive(Serialize)]
struct TopicRow {
    arn: String,
    account: String,
    region: String,
    name: String,
    attributes: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
    subscriptions: usize,
}

/// `GET /v1/queues/{arn}/messages`.
#[derive(Serialize)]
pub(super) struct MessagesPage {
    queue: String,
    messages: Vec<Shown>,
    next: Option<u64>,
}

/// `GET /v1/delivery-status`.
#[derive(Serialize)]
pub(super) struct DeliveriesPage {
    deliveries: Vec<Event>,
    next: Option<u64>,
}

/// What became of deliveries, newest first, as far as it is still in memory.
pub(super) fn deliveries(statuses: &Statuses, query: &str) -> Result<DeliveriesPage, Problem> {
    let parameters = Parameters::parse(query)?;
    let after = match parameters.value("after") {
        Some(text) => {
            Some(text.parse().map_err(|_| Problem::parameter("after", "it is a delivery's number"))?)
        }
        None => None,
    };
    let max = parameters.limit(PAGE_DEFAULT, PAGE_MAX)?;
    let deliveries = statuses.newest(parameters.value("prefix").unwrap_or_default(), after, max);
    let next = deliveries.last().filter(|_| deliveries.len() == max).map(|last| last.number);
    Ok(DeliveriesPage { deliveries, next })
}

/// Queues, in order of their ARNs.
pub(super) async fn queues(node: &Node, query: &str) -> Result<QueuesPage, Problem> {
    let page = page(&Parameters::parse(query)?)?;
    let (arns, more) = ask::list(node, &page, Command::ListQueues).await?;
    let queues = ask::view_queues(node, &arns).await?.into_iter().map(QueueRow::from).collect();
    Ok(QueuesPage { queues, next: next(&arns, more) })
}

/// Topics, in order of their ARNs.
pub(super) async fn topics(node: &Node, query: &str) -> Result<TopicsPage, Problem> {
    let page = page(&Parameters::parse(query)?)?;
    let (arns, more) = ask::list(node, &page, Command::ListTopics).await?;
    let topics = ask::view_topics(node, &arns).await?.into_iter().map(TopicRow::from).collect();
    Ok(TopicsPage { topics, next: next(&arns, more) })
}

/// Messages of a queue, in the order in which they were sent, handed out to nobody.
pub(super) async fn messages(node: &Node, id: &str, query: &str) -> Result<MessagesPage, Problem> {
    let parameters = Parameters::parse(query)?;
    let after = match parameters.value("after") {
        Some(text) => text.parse().map_err(|_| Problem::parameter("after", "it is a message's number"))?,
        None => 0,
    };
    let max = parameters.limit(MESSAGES_DEFAULT, limits::PEEK_MAX)?;
    let arn = decoded(id).and_then(|id| Arn::parse(&id)).ok_or(Problem::NO_SUCH_QUEUE)?;
    let peek = |arn, judged| Command::Queue { arn, judged, ask: AskQueue::Peek { after, max } };
    let answer = ask::about(node.shard(&arn), &arn, peek).await?.ok_or(Problem::NO_SUCH_QUEUE)?;
    let Ok(Reply::Peeked(peeked)) = &answer.result else { return Err(Problem::NO_SUCH_QUEUE) };
    // Bodies that are not in memory are read from the log, which blocks.
    let shown = tokio::task::block_in_place(|| {
        peeked.iter().map(|message| courier::peeked(&answer, message)).collect::<Result<Vec<_>, _>>()
    });
    let messages = shown.map_err(|undeliverable| {
        let reason = postrider_runtime::chain(&undeliverable);
        error!(queue = arn.as_str(), reason, "a message cannot be shown");
        Problem::UNREADABLE
    })?;
    let next = peeked.last().filter(|_| peeked.len() == max).map(|last| last.number);
    Ok(MessagesPage { queue: arn.to_string(), messages, next })
}

impl From<QueueView> for QueueRow {
    fn from(view: QueueView) -> QueueRow {
        QueueRow {
            arn: view.arn.to_string(),
            account: view.arn.account().to_owned(),
            region: view.arn.region().to_owned(),
            name: view.arn.resource().to_owned(),
            created_ms: view.created.0,
            modified_ms: view.modified.0,
            visibility_s: view.settings.visibility_s,
            delay_s: view.settings.delay_s,
            retention_s: view.settings.retention_s,
            wait_s: view.settings.wait_s,
            message_bytes_max: view.settings.message_bytes_max,
            groups: view.settings.fifo.is_none().then_some(Groups {
                noisy: view.fair.noisy_groups,
                quiet: Messages {
                    available: view.fair.quiet_available,
                    in_flight: view.fair.quiet_in_flight,
                    delayed: view.fair.quiet_delayed,
                },
            }),
            fifo: view.settings.fifo.map(FifoRow::from),
            redrive: view.settings.redrive.map(|redrive| RedriveRow {
                dead_letter_queue: redrive.target.to_string(),
                receives_max: redrive.receives_max,
            }),
            tags: texts(view.tags),
            messages: Messages {
                available: view.counts.available,
                in_flight: view.counts.in_flight,
                delayed: view.counts.delayed,
            },
        }
    }
}

impl From<Fifo> for FifoRow {
    fn from(fifo: Fifo) -> FifoRow {
        FifoRow {
            content_based_deduplication: fifo.content_dedup == Switch::On,
            deduplication_scope: fifo.scope.as_str(),
            throughput_limit: fifo.throughput.as_str(),
        }
    }
}

impl From<TopicView> for TopicRow {
    fn from(view: TopicView) -> TopicRow {
        TopicRow {
            arn: view.arn.to_string(),
            account: view.arn.account().to_owned(),
            region: view.arn.region().to_owned(),
            name: view.arn.resource().to_owned(),
            attributes: texts(view.attributes),
            tags: texts(view.tags),
            subscriptions: view.subscriptions,
        }
    }
}

fn texts(map: BTreeMap<Box<str>, Box<str>>) -> BTreeMap<String, String> {
    map.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

fn page(parameters: &Parameters) -> Result<Page, Problem> {
    Ok(Page {
        prefix: parameters.value("prefix").unwrap_or("arn:").into(),
        after: parameters.value("after").map(Into::into),
        max: parameters.limit(PAGE_DEFAULT, PAGE_MAX)?,
    })
}

fn next(arns: &[Arn], more: More) -> Option<String> {
    match more {
        More::Yes => arns.last().map(Arn::to_string),
        More::No => None,
    }
}

/// The parameters of a page.
#[derive(Debug)]
struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn parse(query: &str) -> Result<Parameters, Problem> {
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decoded(value).ok_or_else(|| Problem::parameter(name, "it is not UTF-8"))?;
            Ok((name.to_owned(), value))
        });
        pairs.collect::<Result<_, _>>().map(Parameters)
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    fn limit(&self, default: usize, max: usize) -> Result<usize, Problem> {
        let Some(text) = self.value("limit") else { return Ok(default) };
        let limit = text.parse().ok().filter(|limit| (1..=max).contains(limit));
        limit.ok_or_else(|| Problem::parameter("limit", &format!("it is a number from 1 to {max}")))
    }
}

fn decoded(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_and_bounded() {
        let parameters = Parameters::parse("after=arn%3Aaws&limit=7&x").unwrap();
        assert_eq!(parameters.value("after"), Some("arn:aws"));
        assert_eq!(parameters.limit(1, 10), Ok(7));
        assert!(parameters.limit(1, 6).is_err());
        assert!(Parameters::parse("limit=0").unwrap().limit(1, 6).is_err());
        assert!(Parameters::parse("after=%ff").is_err());
        assert_eq!(Parameters::parse("").unwrap().limit(3, 6), Ok(3));
    }
}
