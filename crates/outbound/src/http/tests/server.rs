//! A server that follows a script: per connection, what to do upon each request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio_rustls::TlsAcceptor;

/// What is done upon one request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Read it, answer it.
    Answer(&'static str),
    /// Read it, say nothing, and wait until the other side goes.
    Silence,
    /// Read it and close.
    Close,
    /// Close without waiting for it.
    Hang,
    /// Read it, begin an answer, and go on with the second text until the other side goes.
    Endless(&'static str, &'static str),
}

pub(super) struct Server {
    pub(super) address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    requests: Mutex<mpsc::UnboundedReceiver<String>>,
    closings: Mutex<mpsc::UnboundedReceiver<()>>,
}

/// Where a connection tells what it saw.
#[derive(Clone)]
struct Seen {
    requests: mpsc::UnboundedSender<String>,
    closings: mpsc::UnboundedSender<()>,
}

impl Server {
    /// Serves as many connections as there are scripts.
    pub(super) async fn start(scripts: Vec<Vec<Step>>) -> Server {
        Server::start_with(scripts, None).await
    }

    pub(super) async fn start_secure(scripts: Vec<Vec<Step>>, tls: TlsAcceptor) -> Server {
        Server::start_with(scripts, Some(tls)).await
    }

    async fn start_with(scripts: Vec<Vec<Step>>, tls: Option<TlsAcceptor>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let (requests, got_requests) = mpsc::unbounded_channel();
        let (closings, got_closings) = mpsc::unbounded_channel();
        let seen = Seen { requests, closings };
        let counter = Arc::clone(&accepted);
        tokio::spawn(async move {
            for script in scripts {
                let (stream, _) = listener.accept().await.unwrap();
                counter.fetch_add(1, Ordering::SeqCst);
                let (seen, tls) = (seen.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => play(stream, script, &seen).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                play(stream, script, &seen).await;
                            }
                        }
                    }
                    let _ = seen.closings.send(());
                });
            }
        });
        Server { address, accepted, requests: Mutex::new(got_requests), closings: Mutex::new(got_closings) }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub(super) fn connections(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// The next request, in full.
    pub(super) async fn request(&self) -> String {
        let mut requests = self.requests.lock().await;
        tokio::time::timeout(Duration::from_secs(20), requests.recv()).await.unwrap().unwrap()
    }

    /// Waits until one more connection has ended.
    pub(super) async fn closed(&self) {
        let mut closings = self.closings.lock().await;
        tokio::time::timeout(Duration::from_secs(20), closings.recv()).await.unwrap().unwrap();
    }
}

async fn play<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, script: Vec<Step>, seen: &Seen) {
    for step in script {
        if matches!(step, Step::Hang) {
            return;
        }
        let Some(request) = request(&mut stream).await else { return };
        let _ = seen.requests.send(request);
        match step {
            Step::Answer(text) => {
                // One write of UTF-8 text.
                if stream.write_all(text.as_bytes()).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
            }
            Step::Silence => gone(&mut stream).await,
            Step::Close | Step::Hang => return,
            Step::Endless(head, more) => {
                let _ = stream.write_all(head.as_bytes()).await;
                while stream.write_all(more.as_bytes()).await.is_ok() {}
                return;
            }
        }
    }
    gone(&mut stream).await;
}

async fn gone<S: AsyncRead + Unpin>(stream: &mut S) {
    let mut rest = [0; 1024];
    while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
}

async fn request<S: AsyncRead + Unpin>(stream: &mut S) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let mut part = [0; 16 << 10];
        let read = stream.read(&mut part).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.to_ascii_lowercase();
        let length: usize = length.split("content-length: ").nth(1)?.lines().next()?.parse().ok()?;
        if body.len() >= length {
            return Some(text.into_owned());
        }
    }
}
