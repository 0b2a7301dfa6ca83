//! The ceiling: the least that an HTTP server with a log can do for a request.
//!
//! It reads each request whole, ignores what it says, and answers a fixed text of the size of a SendMessage
//! reply. With `--file` every answer first waits until its body was appended to a zero-filled file and
//! synced; whatever has come in while the last fdatasync ran shares the next one. No parsing, no signatures,
//! no state: what a real server reaches of this is the price of being one.
//!
//! `postrider-ceiling --listen ADDRESS [--file PATH]`; `GET /metrics` tells how often it synced.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use std::convert::Infallible;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use tokio::sync::oneshot;

/// The length of the file, written round and round.
const FILE_BYTES: u64 = 256 << 20;
const ANSWER: &[u8] = br#"{"MD5OfMessageBody":"00000000000000000000000000000000","MessageId":"00000000-0000-0000-0000-000000000000"}"#;

type Fault = Box<dyn std::error::Error>;

/// A body that waits to be synced, and whom to tell.
struct Job {
    body: Bytes,
    synced: oneshot::Sender<()>,
}

/// What the handlers share.
#[derive(Clone)]
struct Ceiling {
    log: Option<mpsc::Sender<Job>>,
    syncs: Arc<AtomicU64>,
}

#[tokio::main]
async fn main() -> Result<(), Fault> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let given = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)
    };
    let listen = given("--listen").ok_or("--listen ADDRESS is missing")?;
    let syncs = Arc::new(AtomicU64::new(0));
    let log = given("--file").map(|path| start_log(path, Arc::clone(&syncs))).transpose()?;
    let ceiling = Ceiling { log, syncs };

    let listener = tokio::net::TcpListener::bind(listen).await?;
    println!("listening api=http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let ceiling = ceiling.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, ceiling.clone()));
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(hyper_util::rt::TokioIo::new(stream), service);
            // A client that goes away ends its connection with an error, and that is all there is to it.
            let _ = connection.await;
        });
    }
}

async fn answer(request: Request<Incoming>, ceiling: Ceiling) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.method() == Method::GET {
        let text = format!("postrider_log_syncs_total {}\n", ceiling.syncs.load(Ordering::Relaxed));
        return Ok(Response::new(Full::new(Bytes::from(text))));
    }
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    if let Some(log) = &ceiling.log {
        let (synced, wait) = oneshot::channel();
        let sent = log.send(Job { body, synced }).is_ok();
        assert!(sent && wait.await.is_ok(), "the log thread lives as long as the process");
    }
    Ok(Response::builder()
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amzn-RequestId", "00000000-0000-0000-0000-000000000000")
        .body(Full::new(Bytes::from_static(ANSWER)))
        .expect("the headers are constant"))
}

/// Fills the file with zeros and starts the thread that appends and syncs.
fn start_log(path: &str, syncs: Arc<AtomicU64>) -> Result<mpsc::Sender<Job>, Fault> {
    let file = File::options().create(true).truncate(true).read(true).write(true).open(path)?;
    let zeros = vec![0; 1 << 20];
    for at in (0..FILE_BYTES).step_by(zeros.len()) {
        file.write_all_at(&zeros, at)?;
    }
    file.sync_all()?;
    let (sender, jobs) = mpsc::channel();
    std::thread::spawn(move || {
        // A ceiling that cannot write has no figure to give.
        if let Err(error) = append(&file, &jobs, &syncs) {
            eprintln!("the ceiling cannot write: {error}");
            std::process::exit(1);
        }
    });
    Ok(sender)
}

fn append(file: &File, jobs: &mpsc::Receiver<Job>, syncs: &AtomicU64) -> std::io::Result<()> {
    let (mut at, mut group, mut waiting) = (0, Vec::new(), Vec::new());
    while let Ok(first) = jobs.recv() {
        for job in std::iter::once(first).chain(jobs.try_iter()) {
            group.extend_from_slice(&job.body);
            waiting.push(job.synced);
        }
        let length = group.len() as u64;
        if at + length > FILE_BYTES {
            at = 0;
        }
        file.write_all_at(&group, at)?;
        file.sync_data()?;
        syncs.fetch_add(1, Ordering::Relaxed);
        at += length;
        group.clear();
        for synced in waiting.drain(..) {
            // A client that went away does not wait any more.
            let _ = synced.send(());
        }
    }
    Ok(())
}
