//! A small web server that does as it is told, and remembers what it got.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What is done upon a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    /// Answer with this status at once.
    Status(u16),
    /// Answer 200 after this long.
    After(Duration),
    /// Never answer.
    Hang,
}

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Got {
    pub(super) path: String,
    /// By names in lower case.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: String,
}

type Plan = dyn Fn(&Got, usize) -> Answer + Send + Sync;

pub(super) struct Endpoint {
    address: SocketAddr,
    seen: Arc<Seen>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct Seen {
    got: Mutex<Vec<Got>>,
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Endpoint {
    /// One that answers as `plan` says, which is told the request and how many came before it.
    pub(super) async fn start(plan: impl Fn(&Got, usize) -> Answer + Send + Sync + 'static) -> Endpoint {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, plan): (_, Arc<Plan>) = (Arc::<Seen>::default(), Arc::new(plan));
        let shared = seen.clone();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, plan) = (shared.clone(), plan.clone());
                connections.spawn(async move {
                    serve(stream, &seen, &*plan).await;
                });
            }
        });
        Endpoint { address, seen, _tasks: tasks }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// All requests so far.
    pub(super) fn got(&self) -> Vec<Got> {
        self.seen.got.lock().unwrap().clone()
    }

    /// How many requests were answered, or not, at the same time at most.
    pub(super) fn most_at_once(&self) -> usize {
        self.seen.most.load(SeqCst)
    }
}

async fn serve(mut stream: TcpStream, seen: &Seen, plan: &Plan) -> Option<()> {
    loop {
        let got = request(&mut stream).await?;
        let before = {
            let mut all = seen.got.lock().unwrap();
            all.push(got.clone());
            all.len() - 1
        };
        let now = seen.now.fetch_add(1, SeqCst) + 1;
        seen.most.fetch_max(now, SeqCst);
        let status = match plan(&got, before) {
            Answer::Status(status) => Some(status),
            Answer::After(time) => {
                tokio::time::sleep(time).await;
                Some(200)
            }
            Answer::Hang => {
                // Until the other side goes.
                let _ = stream.read(&mut [0; 1]).await;
                None
            }
        };
        seen.now.fetch_sub(1, SeqCst);
        let answer = format!("HTTP/1.1 {} Told\r\nContent-Length: 4\r\n\r\nsaid", status?);
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
}

async fn request(stream: &mut TcpStream) -> Option<Got> {
    let mut bytes = Vec::new();
    loop {
        let mut part = [0; 16 << 10];
        let read = stream.read(&mut part).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let mut lines = head.lines();
        let path = lines.next()?.split(' ').nth(1)?.to_owned();
        let headers: BTreeMap<String, String> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        if body.len() >= headers.get("content-length")?.parse().ok()? {
            return Some(Got { path, headers, body: body.to_owned() });
        }
    }
}
