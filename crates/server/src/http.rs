//! Listening, and what every connection has in common: HTTP/1.1 with keep-alive or HTTP/2, bounds, time-outs,
//! and an orderly end. What is answered is somebody else's ([`Answers`]): the API's or the admin pages'.
//!
//! A connection on which nothing is being answered for the client's time-out is closed, whatever it is in
//! the middle of: a head that dribbles in, an answer that nobody takes, or nothing at all. One lazy timer a
//! connection does that, so it costs a request next to nothing. Bodies have their own time-out ([`body`]).
//!
//! Invariants:
//! - at most so many connections are open as a listener may have; further ones wait in the system's backlog;
//! - no connection outlives its listener's task.

pub(crate) mod body;
pub(crate) mod front;
mod localstack;
pub(crate) mod pipeline;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::ops::DerefMut;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::{debug, warn};

/// Connections of the API. A connection takes about 15 KiB while it waits in a long poll, so
/// this is 240 MiB at worst, and some hundred clients with the pools that SDKs have.
pub(crate) const CONNECTIONS_MAX: usize = 16_384;
/// Requests that are open on one HTTP/2 connection.
const STREAMS_MAX: u32 = 256;
/// Bytes that an HTTP/2 peer may send ahead, of one request and of all on a connection: nearly every message
/// goes through without a stop.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 4 << 20;
/// Bytes of all headers of a request.
const HEADERS_BYTES_MAX: u32 = 64 << 10;
/// Bytes that hyper buffers of an HTTP/1.1 connection, and so the longest head.
const HTTP1_BUFFER_BYTES_MAX: usize = 512 << 10;
/// What an HTTP/2 connection begins with, and no HTTP/1.1 request does.
const HTTP2_START: &[u8; HTTP2_LENGTH] = b"PRI ";
const HTTP2_LENGTH: usize = 4;
/// How long to wait for the rest of the first bytes, when a client sends even those in pieces.
const START_RETRY: Duration = Duration::from_millis(10);
/// How long to wait after the system refused to give us a connection.
const ACCEPT_RETRY: Duration = Duration::from_millis(500);

/// Where the process is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It answers.
    Serving,
    /// It finishes what it has begun.
    Draining,
}

/// Comes back when `phase` says to drain, or when whoever says it is gone, which is later than that.
pub(crate) async fn draining(mut phase: watch::Receiver<Phase>) {
    let _ = phase.wait_for(|phase| *phase == Phase::Draining).await;
}

/// The two ends of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    /// The client's address.
    pub(crate) peer: IpAddr,
    /// Ours.
    pub(crate) local: SocketAddr,
}

/// What hyper gets.
pub(crate) type Answered = Result<Response<Full<Bytes>>, Infallible>;

/// Answers requests.
pub(crate) trait Answers: Send + Sync + 'static {
    /// Answers one request, and lets go of `busy` with it. It is hyper that waits for the answer, so that nothing has
    /// to have room for the request around it.
    fn answer(
        self: Arc<Self>,
        ends: Ends,
        request: Request<Incoming>,
        busy: Busy,
    ) -> impl Future<Output = Answered> + Send;

    /// Held while a connection is open.
    fn connected(&self) -> impl Drop + Send;
}

/// A listener with what its connections share.
pub(crate) struct Listener<A> {
    answers: Arc<A>,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
    client_timeout: Duration,
    slots: Arc<Semaphore>,
}

impl<A: Answers> Listener<A> {
    /// Connections that `answers` answers, at most so many at a time over all sockets.
    pub(crate) fn new(answers: Arc<A>, client_timeout: Duration, connections_max: usize) -> Arc<Listener<A>> {
        let mut http1 = http1::Builder::new();
        // The time-out of heads is ours, see above; hyper's would set a timer for each request.
        http1.timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(HTTP1_BUFFER_BYTES_MAX);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS_MAX)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .max_header_list_size(HEADERS_BYTES_MAX)
            .keep_alive_interval(client_timeout)
            .keep_alive_timeout(client_timeout);
        let slots = Arc::new(Semaphore::new(connections_max));
        Arc::new(Listener { answers, http1, http2, client_timeout, slots })
    }

    /// Accepts connections until `phase` says to drain, then waits for those that are open to finish. Dropping
    /// this ends them at once.
    pub(crate) async fn run(self: Arc<Self>, socket: TcpListener, phase: watch::Receiver<Phase>) {
        let mut connections = JoinSet::new();
        let mut ending = std::pin::pin!(draining(phase.clone()));
        loop {
            tokio::select! {
                (slot, stream, ends) = accept(&socket, &self.slots) => {
                    connections.spawn(self.clone().serve(stream, ends, phase.clone(), slot));
                }
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                () = ending.as_mut() => break,
            }
        }
        drop(socket);
        while connections.join_next().await.is_some() {}
    }

    async fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        ends: Ends,
        phase: watch::Receiver<Phase>,
        _slot: OwnedSemaphorePermit,
    ) {
        let _connected = self.answers.connected();
        let activity = Arc::new(Activity::new());
        let service = service_fn(|request| self.answers.clone().answer(ends, request, activity.begin()));
        let mut ending = std::pin::pin!(draining(phase));
        let version = tokio::select! {
            version = timeout(self.client_timeout, version(&stream)) => version,
            () = ending.as_mut() => return,
        };
        let Ok(version) = version else { return };
        let (io, peer) = (TokioIo::new(stream), ends.peer);
        match version {
            Version::Http1 => {
                let connection = std::pin::pin!(self.http1.serve_connection(io, service));
                carry(connection, ending, &activity, self.client_timeout, peer).await;
            }
            // Few connections for many requests: boxed, or those of HTTP/1.1 would keep room for one.
            Version::Http2 => {
                let connection = Box::pin(self.http2.serve_connection(io, service));
                Box::pin(carry(connection, ending, &activity, self.client_timeout, peer)).await;
            }
        }
    }
}

/// Carries a connection to its end: that of the client, of its patience or of the server.
async fn carry<C, D>(
    mut connection: Pin<C>,
    mut ending: Pin<&mut D>,
    activity: &Activity,
    client_timeout: Duration,
    peer: IpAddr,
) where
    C: DerefMut<Target: GracefulConnection<Error = hyper::Error>>,
    D: Future<Output = ()>,
{
    let mut finishing = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    debug!(%peer, %error, "connection ended");
                }
                return;
            }
            () = sleep_until(activity.deadline(client_timeout)) => {
                if activity.deadline(client_timeout) <= Instant::now() {
                    debug!(%peer, "connection closed: its client is idle or too slow");
                    return;
                }
            }
            () = ending.as_mut(), if !finishing => {
                finishing = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

/// What a client speaks.
enum Version {
    Http1,
    Http2,
}

/// Looks at the first bytes without taking them. hyper's own way would take them, and have every connection keep a
/// buffer of twice the size.
async fn version(stream: &TcpStream) -> Version {
    let mut start = [0; HTTP2_LENGTH];
    loop {
        match stream.peek(&mut start).await {
            Ok(HTTP2_LENGTH) if start == *HTTP2_START => return Version::Http2,
            Ok(some @ 1..HTTP2_LENGTH) if start[..some] == HTTP2_START[..some] => sleep(START_RETRY).await,
            // What is wrong with the connection will be found again when it is read.
            Ok(_) | Err(_) => return Version::Http1,
        }
    }
}

/// The next connection, once there is a slot for it.
async fn accept(socket: &TcpListener, slots: &Arc<Semaphore>) -> (OwnedSemaphorePermit, TcpStream, Ends) {
    let slot = slots.clone().acquire_owned().await.expect("the semaphore is never closed");
    loop {
        let accepted = socket.accept().await.and_then(|(stream, peer)| {
            stream.set_nodelay(true)?;
            let local = stream.local_addr()?;
            // URLs name neither an IPv4 address in the form of IPv6 nor the scope of an address.
            let local = SocketAddr::new(local.ip().to_canonical(), local.port());
            Ok((stream, Ends { peer: peer.ip().to_canonical(), local }))
        });
        match accepted {
            Ok((stream, ends)) => return (slot, stream, ends),
            Err(error) if is_the_clients(&error) => {}
            Err(error) => {
                warn!(%error, "cannot accept connections for now");
                sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

/// The client was gone again before we looked.
fn is_the_clients(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionReset, InvalidInput, NotConnected};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | InvalidInput | NotConnected)
}

/// Since when a connection has had nothing to answer.
struct Activity {
    opened: Instant,
    answering: AtomicU32,
    /// Milliseconds after `opened`.
    idle_since_ms: AtomicU64,
}

impl Activity {
    fn new() -> Activity {
        Activity { opened: Instant::now(), answering: AtomicU32::new(0), idle_since_ms: AtomicU64::new(0) }
    }

    fn begin(self: &Arc<Activity>) -> Busy {
        self.answering.fetch_add(1, Relaxed);
        Busy(self.clone())
    }

    /// When the connection will have been idle for `timeout`, as far as is known.
    fn deadline(&self, timeout: Duration) -> Instant {
        if self.answering.load(Relaxed) > 0 {
            return Instant::now() + timeout;
        }
        self.opened + Duration::from_millis(self.idle_since_ms.load(Relaxed)) + timeout
    }
}

/// A request that is being answered.
pub(crate) struct Busy(Arc<Activity>);

impl Drop for Busy {
    fn drop(&mut self) {
        let idle_since_ms = u64::try_from(self.0.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.idle_since_ms.store(idle_since_ms, Relaxed);
        self.0.answering.fetch_sub(1, Relaxed);
    }
}
