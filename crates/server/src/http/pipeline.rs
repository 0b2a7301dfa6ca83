//! A request of the API, from its head to its answer.
//!
//! ```text
//! head + bounded body ──wire::route──▶ protocol, action ──Gate::check──▶ caller ──op::answer──▶ answer
//! ```
//!
//! Every answer has an `x-amzn-RequestId` and is written in the protocol of the request, also those to
//! requests that were never understood.

use super::body::{Bodies, Flaw};
use super::front::{By, Front, Localstack, Reached};
use super::localstack::{self, Page};
use super::{Answered, Answers, Busy, Ends, Phase, draining, front};
use crate::context::{Context, Origin};
use crate::{op, reject};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue, ORIGIN};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use postrider_iam::{Signed, sigv4};
use postrider_wire::attribute::TRACE_HEADER_BYTES_MAX;
use postrider_wire::error::common;
use postrider_wire::response::{encode, encode_error};
use postrider_wire::sqs::ReceiveMessageOutput;
use postrider_wire::{Action, Error, Output, Protocol, Routed, Service, route, url};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::{Semaphore, watch};
use tokio::time::sleep;
use uuid::Uuid;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// While the server drains, receives that are about to be answered get this long; then their wait is over.
const RECEIVE_GRACE: Duration = Duration::from_millis(200);

/// How many look at messages at the same time: each may have a thousand messages and 16 MiB of payloads read,
/// and the answer made of them in memory.
const LOOKS_MAX: usize = 2;

/// Answers requests of the API.
pub(crate) struct Pipeline {
    context: Arc<Context>,
    front: Front,
    bodies: Bodies,
    phase: watch::Receiver<Phase>,
    looks: Semaphore,
}

/// What of a request says what is asked for.
type Asked<'a> = postrider_wire::Request<'a>;

/// A receive that was let in, apart from the buffers that it came in: it may wait for long, and a connection
/// whose request is kept whole takes half as much memory again.
struct Kept {
    method: Method,
    path: Box<str>,
    query: Box<str>,
    content_type: Option<Box<str>>,
    target: Option<Box<str>>,
    body: Box<[u8]>,
    hint: Option<Service>,
    base: String,
    ends: Ends,
}

impl Kept {
    fn of(asked: &Asked<'_>, hint: Option<Service>, base: String, ends: Ends) -> Box<Kept> {
        Box::new(Kept {
            method: Method::from_bytes(asked.method.as_bytes()).unwrap_or_default(),
            path: asked.path.into(),
            query: asked.query.into(),
            content_type: asked.content_type.map(Into::into),
            target: asked.target.map(Into::into),
            body: asked.body.into(),
            hint,
            base,
            ends,
        })
    }

    fn routed(&self) -> Routed<'_> {
        let asked = Asked {
            method: self.method.as_str(),
            path: &self.path,
            query: &self.query,
            content_type: self.content_type.as_deref(),
            target: self.target.as_deref(),
            body: &self.body,
        };
        route(&asked, self.hint).expect("the same request was routed before")
    }

    /// Without a trace: what is received has the trace that it was sent with.
    fn origin(&self) -> Origin<'_> {
        origin(&self.base, &self.path, None, self.ends)
    }
}

/// A request that is not carried out: how and what to answer.
struct Refused {
    protocol: Protocol,
    service: Service,
    action: Option<Action>,
    error: Error,
}

impl Pipeline {
    /// A pipeline whose long polls end when `phase` says to drain.
    pub(crate) fn new(
        context: Arc<Context>,
        front: Front,
        bodies: Bodies,
        phase: watch::Receiver<Phase>,
    ) -> Pipeline {
        Pipeline { context, front, bodies, phase, looks: Semaphore::new(LOOKS_MAX) }
    }

    /// Finds out who asks, and for what; also the service that the signature names. What was `asked`, and
    /// perhaps signed, may stand for something else that is `meant`.
    fn admit<'a>(
        &self,
        parts: &Parts,
        reached: &Reached<'_>,
        asked: &Asked<'_>,
        meant: &Asked<'a>,
    ) -> Result<(Signed, Option<Service>, Routed<'a>), Refused> {
        let mut headers: Vec<(&str, &[u8])> = Vec::with_capacity(parts.headers.len() + 1);
        headers.extend(parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())));
        if let Some(authority) = front::host(parts).filter(|_| !parts.headers.contains_key(HOST)) {
            headers.push((HOST.as_str(), authority.as_bytes()));
        }
        let Asked { method, path, query, body, .. } = *asked;
        let received = sigv4::Request { method, path, query, headers: &headers, body };
        let signature = sigv4::hint(&received);
        let is_regional = signature.region().is_some();
        let hint = signature.service().map(|service| match service {
            postrider_iam::Service::Sqs => Service::Sqs,
            postrider_iam::Service::Sns => Service::Sns,
        });
        let routed = route(meant, hint).map_err(|unroutable| Refused {
            protocol: unroutable.protocol,
            service: unroutable.service,
            action: None,
            error: unroutable.error,
        })?;
        let service = routed.action.service();
        if self.context.gate.is_open()
            && !matches!(routed.action, Action::Unsubscribe | Action::ConfirmSubscription)
            && is_cross_site(parts, reached)
        {
            let (protocol, action) = (routed.protocol, Some(routed.action));
            return Err(Refused { protocol, service, action, error: common::cross_site() });
        }
        let expected = match service {
            Service::Sqs => postrider_iam::Service::Sqs,
            Service::Sns => postrider_iam::Service::Sns,
        };
        let (gate, expected) = (&self.context.gate, Some(expected));
        let checked = match reached.by {
            By::Itself => gate.check(&received, expected, now_s()),
            By::Proxy => gate.check_forwarded(&received, &reached.authority, expected, now_s()),
        };
        match checked {
            Ok(signed) if is_regional => Ok((signed, hint, routed)),
            Ok(signed) => Ok((signed.in_region(self.front.region(reached)), hint, routed)),
            Err(fault) => {
                let error = reject::auth(&fault, service);
                Err(Refused { protocol: routed.protocol, service, action: Some(routed.action), error })
            }
        }
    }

    /// Receives, but waits no longer for messages once the server drains: nobody has to sit out a long poll
    /// for the process to end, and the client gets an answer that it knows.
    async fn receive<'r>(
        &self,
        signed: Signed,
        kept: Box<Kept>,
        request_id: &'r str,
    ) -> postrider_wire::Response<'r> {
        let routed = kept.routed();
        let protocol = routed.protocol;
        let origin = kept.origin();
        let drained = async {
            draining(self.phase.clone()).await;
            sleep(RECEIVE_GRACE).await;
        };
        tokio::select! {
            answered = op::answer(&self.context, signed, routed, &origin, None, request_id) => answered,
            () = drained => {
                let nothing = Output::ReceiveMessage(ReceiveMessageOutput { messages: Vec::new() });
                encode(protocol, &nothing, request_id)
            }
        }
    }

    /// Answers with messages that are looked at and not received.
    async fn look(
        &self,
        page: Page<'_>,
        parts: &Parts,
        reached: &Reached<'_>,
        ends: Ends,
        body: &[u8],
        request_id: &str,
    ) -> Response<Full<Bytes>> {
        let started = Instant::now();
        let asked = asked(parts, body);
        let query = page.query(&asked);
        // Given back when the answer is written.
        let room = self.looks.try_acquire();
        let mut answered = match self.admit(parts, reached, &asked, &page.receive(&asked, &query)) {
            Err(Refused { protocol, service, error, .. }) => {
                encode_error(protocol, service, &error, request_id)
            }
            Ok((_, _, routed)) if routed.action != Action::ReceiveMessage => {
                let error = common::unknown_action(routed.protocol, routed.action.name());
                encode_error(routed.protocol, Service::Sqs, &error, request_id)
            }
            Ok((_, _, routed)) if room.is_err() => {
                let error = common::service_unavailable("Others look at messages. Try again.");
                encode_error(routed.protocol, Service::Sqs, &error, request_id)
            }
            Ok((signed, _, routed)) => {
                let signed = match page {
                    Page::MessagesOf { region, .. } => signed.in_region(region),
                    Page::Messages | Page::Health => signed,
                };
                let (base, look) = (reached.base(), Some(localstack::look(&routed, asked.query)));
                let origin = origin(&base, asked.path, None, ends);
                op::answer(&self.context, signed, routed, &origin, look, request_id).await
            }
        };
        if localstack::wants_json(&parts.headers) && answered.query_error.is_none() {
            let document = std::str::from_utf8(&answered.body).ok().and_then(localstack::of_xml);
            if let Some(document) = document {
                answered.body = document.to_string().into_bytes();
                answered.content_type = "application/json";
            }
        }
        self.context.metrics.answered(None, answered.status, started.elapsed());
        to_http(answered)
    }

    fn refuse(&self, refused: Refused, request_id: &str, started: Instant) -> Response<Full<Bytes>> {
        let Refused { protocol, service, action, error } = refused;
        let answered = encode_error(protocol, service, &error, request_id);
        self.context.metrics.answered(action, answered.status, started.elapsed());
        to_http(answered)
    }

    /// The certificate that notifications are signed with, if the request asks for it.
    fn certificate(&self, parts: &Parts, request_id: &str) -> Option<Response<Full<Bytes>>> {
        let name = parts.uri.path().strip_prefix("/SimpleNotificationService-")?;
        let key_id = name.strip_suffix(".pem").filter(|_| parts.method == Method::GET)?;
        let key = self.context.signing.key_now().filter(|key| key.key_id() == key_id)?;
        let mut response = Response::new(Full::from(key.certificate_pem().to_owned()));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-pem-file"));
        response.headers_mut().insert(REQUEST_ID, visible(request_id));
        Some(response)
    }
}

impl Answers for Pipeline {
    fn answer(
        self: Arc<Self>,
        ends: Ends,
        request: Request<Incoming>,
        busy: Busy,
    ) -> impl Future<Output = Answered> + Send {
        // In one piece, and without what it no longer needs: every future that a request passes through keeps room
        // for what it was given, and a long poll for as long as it waits.
        let (parts, incoming) = request.into_parts();
        async move {
            let started = Instant::now();
            let mut buffer = Uuid::encode_buffer();
            let request_id: &str = Uuid::new_v4().hyphenated().encode_lower(&mut buffer);
            if let Some(certificate) = self.certificate(&parts, request_id) {
                return Ok(certificate);
            }
            let page = match self.front.localstack {
                Localstack::Served => Page::of(&parts.method, parts.uri.path()),
                Localstack::Absent => None,
            };
            if page == Some(Page::Health) {
                return Ok(health(request_id));
            }
            let body = match self.bodies.read(incoming).await {
                Ok(body) => body,
                Err(flaw) => return Ok(self.refuse(unread(&parts, flaw), request_id, started)),
            };
            let reached = self.front.reached(&parts, ends);
            if let Some(page) = page {
                // Rare, and boxed: all other requests would have to keep room for it.
                let looked = self.look(page, &parts, &reached, ends, &body.bytes, request_id);
                return Ok(Box::pin(looked).await);
            }
            let base = reached.base();
            let asked = asked(&parts, &body.bytes);
            let (signed, hint, routed) = match self.admit(&parts, &reached, &asked, &asked) {
                Ok(admitted) => admitted,
                Err(refused) => return Ok(self.refuse(refused, request_id, started)),
            };
            let action = routed.action;
            let answered = if action == Action::ReceiveMessage {
                let kept = Kept::of(&asked, hint, base, ends);
                drop(routed);
                drop(reached);
                drop((body, parts));
                self.receive(signed, kept, request_id).await
            } else {
                let origin = origin(&base, asked.path, trace_id(&parts), ends);
                op::answer(&self.context, signed, routed, &origin, None, request_id).await
            };
            self.context.metrics.answered(Some(action), answered.status, started.elapsed());
            drop(busy);
            Ok(to_http(answered))
        }
    }

    fn connected(&self) -> impl Drop + Send {
        self.context.metrics.connected()
    }
}

/// Where a request came from.
fn origin<'a>(base: &'a str, path: &'a str, trace_id: Option<&'a str>, ends: Ends) -> Origin<'a> {
    Origin { scheme_and_host: base, path, trace_id, peer: ends.peer, local: ends.local }
}

/// What to answer to a request whose body was not read: its protocol is a guess from its head.
fn unread(parts: &Parts, flaw: Flaw) -> Refused {
    let content_type = text(parts, &CONTENT_TYPE).unwrap_or_default();
    let is_json = parts.headers.contains_key(TARGET) || content_type.starts_with("application/x-amz-json");
    let names_queue = url::parse(parts.uri.path()).is_some_and(|queue| queue.account.is_some());
    let (protocol, service) = match (is_json, names_queue) {
        (true, _) => (Protocol::Json, Service::Sqs),
        (false, true) => (Protocol::Query, Service::Sqs),
        (false, false) => (Protocol::Query, Service::Sns),
    };
    Refused { protocol, service, action: None, error: flaw.error() }
}

fn to_http(answered: postrider_wire::Response<'_>) -> Response<Full<Bytes>> {
    let status = StatusCode::from_u16(answered.status).expect("the table of errors holds statuses");
    let mut response = Response::new(Full::from(answered.body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(answered.content_type));
    headers.insert(REQUEST_ID, visible(answered.request_id));
    if let Some(error) = answered.query_error {
        headers.insert(QUERY_ERROR, HeaderValue::from_static(error));
    }
    response
}

/// LocalStack's health page.
fn health(request_id: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(localstack::health()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(REQUEST_ID, visible(request_id));
    response
}

fn visible(request_id: &str) -> HeaderValue {
    HeaderValue::from_str(request_id).expect("a UUID is visible ASCII")
}

fn asked<'a>(parts: &'a Parts, body: &'a [u8]) -> Asked<'a> {
    Asked {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        content_type: text(parts, &CONTENT_TYPE),
        target: text(parts, &TARGET),
        body,
    }
}

/// Did a browser send this for a page of another site? Without credentials any page that somebody opens
/// could otherwise ask us. Links that subscribers are sent are followed from anywhere.
fn is_cross_site(parts: &Parts, reached: &Reached<'_>) -> bool {
    match (text(parts, &FETCH_SITE), text(parts, &ORIGIN)) {
        (Some(site), _) => !matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            origin.split_once("://").is_none_or(|(_, authority)| authority != reached.authority)
        }
        (None, None) => false,
    }
}

/// The trace that a request belongs to. What is too long to be one is not kept with messages.
fn trace_id(parts: &Parts) -> Option<&str> {
    text(parts, &TRACE_ID).filter(|id| id.len() <= TRACE_HEADER_BYTES_MAX)
}

fn text<'a>(parts: &'a Parts, name: &HeaderName) -> Option<&'a str> {
    parts.headers.get(name).and_then(|value| value.to_str().ok())
}

fn now_s() -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
