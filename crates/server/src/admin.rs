//! The admin pages: is it alive, is it ready, numbers for Prometheus, and a look at queues and topics.
//!
//! Looking changes nothing: messages are shown without being handed out. Everything is paged, and asked of
//! the shards as operations are, so that no look holds up a turn for long. The one thing that can be done here is what
//! AWS has no action for: to say that the owner of a phone wants no messages. It is a PUT, which browsers
//! make for a page of another site only after asking this server, which says no;
//! a name that is made to lead here (DNS rebinding) gets around that.
//!
//! Nobody is asked for credentials here. That is why the listener is on loopback by default, and why a
//! server that has credentials and lets other machines reach this listener shows them health and numbers
//! only ([`Reach`]).

mod ask;
mod lists;
mod opt_out;
mod reply;

use crate::config::{Config, is_exposed};
use crate::context::Context;
use crate::http::{Answered, Answers, Busy, Ends};
use crate::metrics;
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use reply::{Problem, json, plain};
use std::sync::{Arc, PoisonError, RwLock};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How far the server is.
pub(crate) enum Stage {
    /// The log is being read.
    Starting,
    /// The API answers.
    Ready(Arc<Context>),
    /// The API finishes what it has begun.
    Draining(Arc<Context>),
    /// The log is being closed.
    Closed,
}

/// Which pages there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// All.
    Everything,
    /// Only those that show nothing of what people send.
    HealthAndNumbers,
}

impl Reach {
    /// Other machines see queues and messages without credentials only if that was asked for.
    pub(crate) fn of(config: &Config) -> Reach {
        if is_exposed(config.admin_listen) && !config.insecure_open {
            Reach::HealthAndNumbers
        } else {
            Reach::Everything
        }
    }
}

/// Answers the admin listener.
pub(crate) struct Admin {
    stage: RwLock<Stage>,
    metrics_queues_max: usize,
    reach: Reach,
}

impl Admin {
    /// The pages of a server that starts.
    pub(crate) fn new(metrics_queues_max: usize, reach: Reach) -> Admin {
        Admin { stage: RwLock::new(Stage::Starting), metrics_queues_max, reach }
    }

    /// The server is now at this stage.
    pub(crate) fn enter(&self, stage: Stage) {
        *self.stage.write().unwrap_or_else(PoisonError::into_inner) = stage;
    }

    /// What the pages are made from, while there is something.
    fn context(&self) -> Option<Arc<Context>> {
        match &*self.stage.read().unwrap_or_else(PoisonError::into_inner) {
            Stage::Ready(context) | Stage::Draining(context) => Some(context.clone()),
            Stage::Starting | Stage::Closed => None,
        }
    }

    fn readiness(&self) -> (u16, &'static str) {
        match &*self.stage.read().unwrap_or_else(PoisonError::into_inner) {
            Stage::Ready(_) => (200, "ready\n"),
            Stage::Starting => (503, "starting\n"),
            Stage::Draining(_) => (503, "draining\n"),
            Stage::Closed => (503, "closed\n"),
        }
    }

    async fn page(&self, path: &str, query: &str) -> Result<Response<Full<Bytes>>, Problem> {
        let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match segments[..] {
            ["healthz"] => Ok(plain(200, "ok\n")),
            ["readyz"] => {
                let (status, text) = self.readiness();
                Ok(plain(status, text))
            }
            ["metrics"] => {
                let context = self.context().ok_or(Problem::NOT_READY)?;
                let queues = ask::counted_queues(&context.node, self.metrics_queues_max).await?;
                Ok(reply::page(200, OPEN_METRICS, metrics::page(context, queues)))
            }
            ["v1", ..] => self.look(&*self.inside()?, &segments[1..], query).await,
            _ => Err(Problem::NO_SUCH_PAGE),
        }
    }

    /// What pages are made from that show what people send.
    fn inside(&self) -> Result<Arc<Context>, Problem> {
        match self.reach {
            Reach::HealthAndNumbers => Err(Problem::CLOSED_TO_STRANGERS),
            Reach::Everything => self.context().ok_or(Problem::NOT_READY),
        }
    }

    async fn put(&self, path: &str) -> Result<Response<Full<Bytes>>, Problem> {
        let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match segments[..] {
            ["v1", "opted-out", region, account, phone] => {
                let told = opt_out::opt_out(&self.inside()?.node, region, account, phone).await?;
                Ok(json(200, &told))
            }
            _ => Err(Problem::ONLY_LOOKS),
        }
    }

    async fn look(
        &self,
        context: &Context,
        segments: &[&str],
        query: &str,
    ) -> Result<Response<Full<Bytes>>, Problem> {
        match segments {
            ["queues"] => lists::queues(&context.node, query).await.map(|page| json(200, &page)),
            ["queues", id, "messages"] => {
                lists::messages(&context.node, id, query).await.map(|page| json(200, &page))
            }
            ["delivery-status"] => lists::deliveries(&context.statuses, query).map(|page| json(200, &page)),
            ["topics"] => lists::topics(&context.node, query).await.map(|page| json(200, &page)),
            _ => Err(Problem::NO_SUCH_PAGE),
        }
    }
}

/// Nothing is counted about connections of the admin listener.
struct Uncounted;

impl Drop for Uncounted {
    fn drop(&mut self) {}
}

impl Answers for Admin {
    async fn answer(self: Arc<Self>, _ends: Ends, request: Request<Incoming>, _busy: Busy) -> Answered {
        let answered = match *request.method() {
            Method::GET | Method::HEAD => {
                self.page(request.uri().path(), request.uri().query().unwrap_or_default()).await
            }
            Method::PUT => self.put(request.uri().path()).await,
            _ => Err(Problem::ONLY_LOOKS),
        };
        Ok(answered.unwrap_or_else(|problem| problem.into_response()))
    }

    fn connected(&self) -> impl Drop + Send {
        Uncounted
    }
}
