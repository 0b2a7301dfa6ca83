//! One attempt at one HTTP or HTTPS endpoint (sns 7.4, 9 and 10).
//!
//! A [`Sender`] posts what others rendered, and tells how it went and whether another attempt could go
//! better. It knows no schedule: when to try again is state, and lives in the core.
//!
//! What an attempt may cost is bounded: its time, the addresses that it may connect to
//! ([`Egress`]), what it reads of the answer, and the connections that stay open
//! behind it. Redirects are answers like others, and no proxy is asked: both would be ways around the
//! guard.
//!
//! Invariants:
//! - an attempt ends within [`Bounds::attempt`], and its connection with it, or in the pool;
//! - a request is sent a second time only if the endpoint asked for credentials, or if it went out on a
//!   connection that the endpoint closed without an answer since its last use;
//! - neither URL nor credentials are in an outcome.

mod answer;
mod challenge;
mod connect;
mod connection;
mod endpoint;
mod pool;
#[cfg(test)]
mod tests;
mod trust;

use std::sync::Arc;
use std::time::Duration;

use ::http::{HeaderMap, HeaderValue, Request, header};
use bytes::Bytes;
use http_body_util::Full;
use tokio::time::Instant;

use crate::egress::Egress;
use answer::{Answer, Failure};
pub use answer::{Class, Ending, Outcome};
use connect::Connector;
use connection::Connection;
pub use endpoint::{Endpoint, EndpointFlaw, Scheme};
use pool::Pool;
pub use trust::{Trust, TrustFault};

/// What a sender may spend.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// The whole attempt, from the look-up of the name to the status line, credentials asked for
    /// included. 15 s (sns 10).
    pub attempt: Duration,
    /// The rest of the answer, once its status is known: a slow body changes nothing, it only costs the
    /// connection.
    pub answer: Duration,
    /// How much of an answer's body is read, bytes. A longer one costs the connection.
    pub answer_bytes_max: usize,
    /// Connections that are open without a request, in all.
    pub idle_max: usize,
    /// Connections that are open without a request, to one endpoint.
    pub idle_per_endpoint_max: usize,
    /// How long a connection stays open without a request.
    pub idle: Duration,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            attempt: Duration::from_secs(15),
            answer: Duration::from_secs(1),
            answer_bytes_max: 4 << 10,
            idle_max: 256,
            idle_per_endpoint_max: 8,
            idle: Duration::from_secs(30),
        }
    }
}

/// What is to be posted, and where.
#[derive(Clone, Debug)]
pub struct Attempt<'a> {
    /// The subscription's endpoint, as it was given; may carry a user name and a password.
    pub url: &'a str,
    /// The headers, but for `Host`, `Content-Length` and `Connection`, which belong to the connection.
    pub headers: HeaderMap,
    /// The body. Cheap to clone: attempts share it.
    pub body: Bytes,
}

/// Sends attempts, any number at a time. How many is for the caller to bound.
#[derive(Debug)]
pub struct Sender {
    connector: Connector,
    pool: Arc<Pool>,
    bounds: Bounds,
}

impl Sender {
    /// A sender that connects to what the guard allows, and believes the certificates that `trust` does.
    pub fn new(egress: Egress, trust: Trust, bounds: Bounds) -> Sender {
        let pool = Pool::new(bounds.idle_max, bounds.idle_per_endpoint_max, bounds.idle);
        Sender { connector: Connector::new(egress, trust), pool: Arc::new(pool), bounds }
    }

    /// Makes one attempt. Has to run within a tokio runtime with time and I/O; when the future is dropped,
    /// so is the connection.
    pub async fn send(&self, attempt: &Attempt<'_>) -> Outcome {
        let started = Instant::now();
        let result = match Endpoint::parse(attempt.url) {
            Ok(endpoint) => self.run(&endpoint, attempt, started + self.bounds.attempt).await,
            Err(flaw) => Err(Failure::new(Ending::Malformed, flaw.to_string())),
        };
        let dwell_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (ending, detail) = match result {
            Ok(answer) => (Ending::Answered(answer.status), answer.text),
            Err(failure) => (failure.ending, failure.detail),
        };
        Outcome { ending, dwell_ms, detail }
    }

    /// Posts, and once more with credentials if the endpoint asks for some that its URL has (sns 9).
    async fn run(
        &self,
        endpoint: &Endpoint,
        attempt: &Attempt<'_>,
        deadline: Instant,
    ) -> Result<Answer, Failure> {
        let answer = self.post(endpoint, request(endpoint, attempt), deadline).await?;
        if answer.status != ::http::StatusCode::UNAUTHORIZED.as_u16() {
            return Ok(answer);
        }
        let Some(authorization) = endpoint
            .credentials()
            .and_then(|given| challenge::answer(given, &answer.challenges, endpoint.target()))
        else {
            return Ok(answer);
        };
        let mut request = request(endpoint, attempt);
        request.headers_mut().insert(header::AUTHORIZATION, authorization);
        self.post(endpoint, request, deadline).await
    }

    async fn post(
        &self,
        endpoint: &Endpoint,
        request: Request<Full<Bytes>>,
        deadline: Instant,
    ) -> Result<Answer, Failure> {
        if let Some(connection) = self.pool.take(endpoint.origin()) {
            match self.exchange(endpoint, connection, request.clone(), deadline).await {
                // It was closed while it idled, so this says nothing of the endpoint.
                Err(failure) if failure.ending == Ending::Closed => {}
                result => return result,
            }
        }
        let connection = self.connector.connect(endpoint, deadline).await?;
        self.exchange(endpoint, connection, request, deadline).await
    }

    async fn exchange(
        &self,
        endpoint: &Endpoint,
        connection: Connection,
        request: Request<Full<Bytes>>,
        deadline: Instant,
    ) -> Result<Answer, Failure> {
        let (answer, reusable) = connection.exchange(request, deadline, &self.bounds).await?;
        if let Some(connection) = reusable {
            Pool::put(&self.pool, endpoint.origin().clone(), connection);
        }
        Ok(answer)
    }
}

/// The request as it goes out. Hyper adds the content length.
fn request(endpoint: &Endpoint, attempt: &Attempt<'_>) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(attempt.body.clone()));
    *request.method_mut() = ::http::Method::POST;
    *request.uri_mut() = endpoint.target().clone();
    *request.headers_mut() = attempt.headers.clone();
    request.headers_mut().remove(header::CONTENT_LENGTH);
    request.headers_mut().remove(header::TRANSFER_ENCODING);
    request.headers_mut().insert(header::HOST, endpoint.host_header().clone());
    request.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("Keep-Alive"));
    request
}
