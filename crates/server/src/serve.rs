//! The life of the process: open, listen, answer, drain, close.
//!
//! The admin pages come first and go last, so that whoever watches sees the server start and drain:
//! `/readyz` is 200 only while the API answers. A first signal drains, and takes at most [`DRAIN_WITHIN`];
//! a second one ends the process at once, which is safe too.

use crate::admin::{self, Admin, Stage};
use crate::config::{AwsWaits, Config, Durability, is_exposed};
use crate::context::Context;
use crate::courier::Courier;
use crate::dispatch::{self, Dispatcher};
use crate::http::body::Bodies;
use crate::http::front::Front;
use crate::http::pipeline::Pipeline;
use crate::http::{Listener, Phase};
use crate::metrics::Metrics;
use crate::signing::{Making, Signing, SigningFault};
use crate::statuses::Statuses;
use postrider_core::shard::Waits;
use postrider_log::file;
use postrider_outbound::http::{Bounds as Spending, Trust, TrustFault};
use postrider_runtime::node::NodeFault;
use postrider_runtime::{Node, Options, Storage};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{info, warn};

/// How long a drain may take, from the signal to the closing of the log.
const DRAIN_WITHIN: Duration = Duration::from_secs(10);
/// How long closing the log may take beyond that: what is in the mailboxes is still carried out.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);
/// How long attempts at endpoints that are under way may take once the server ends.
const ATTEMPTS_WITHIN: Duration = Duration::from_secs(2);
/// Files that are not connections: the log's, the listeners, the runtime's.
const FILES_RESERVED: u64 = 256;
/// Connections of the admin listener: a few people and machines that look.
const ADMIN_CONNECTIONS_MAX: usize = 64;

/// Why the server did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeFault {
    /// A thread, a signal handler or the runtime could not be had.
    #[error("could not {step}")]
    System {
        /// What was being done.
        step: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// An address cannot be listened on.
    #[error("could not listen on {address} (setting {key})")]
    Listen {
        /// The setting.
        key: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The data could not be opened.
    #[error(transparent)]
    Node(#[from] NodeFault),
    /// The file of certificate authorities cannot be read.
    #[error("could not read {} (setting delivery.ca_file)", path.display())]
    Authorities {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The certificate authorities of endpoints cannot be used.
    #[error("could not use the certificate authorities of endpoints (setting delivery.ca_file)")]
    Trust(#[from] TrustFault),
    /// There is no signing key.
    #[error(transparent)]
    Signing(#[from] SigningFault),
    /// A shard stopped while the server ran. What it was is in the log.
    #[error(
        "a shard's log failed, so nothing more can be promised: look at the disk and at the lines above, then \
         start again, which recovers; `postrider log verify` tells whether it can"
    )]
    Failed,
}

/// Runs the server until it is told to end, and says with which status.
pub(crate) fn serve(config: &Config) -> Result<ExitCode, ServeFault> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|source| ServeFault::System { step: "start the runtime", source })?;
    let ended = runtime.block_on(until_told(config));
    // Whatever still runs has nothing to lose.
    runtime.shutdown_background();
    ended
}

async fn until_told(config: &Config) -> Result<ExitCode, ServeFault> {
    let mut signals = Signals::new()?;
    let mut running = tokio::select! {
        started = Running::start(config) => started?,
        name = signals.next() => {
            info!(signal = name, "told to end while starting");
            return Ok(ExitCode::SUCCESS);
        }
    };
    running.announce()?;
    let name = tokio::select! {
        name = signals.next() => name,
        fault = running.failed() => return Err(fault),
    };
    info!(signal = name, "draining; a second signal ends at once");
    tokio::select! {
        () = running.stop() => Ok(ExitCode::SUCCESS),
        name = signals.next() => {
            info!(signal = name, "ended without draining");
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The signals that end a server.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> Result<Signals, ServeFault> {
        let listen =
            |kind| signal(kind).map_err(|source| ServeFault::System { step: "listen to signals", source });
        let (terminate, interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
        Ok(Signals { terminate, interrupt })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// A server that answers.
pub(crate) struct Running {
    /// Where the API listens.
    pub(crate) api: Vec<SocketAddr>,
    admin: SocketAddr,
    context: Arc<Context>,
    pages: Arc<Admin>,
    making: Making,
    phase: watch::Sender<Phase>,
    dispatcher: Dispatcher,
    /// One for each listener of the API.
    listeners: JoinSet<()>,
    admin_phase: watch::Sender<Phase>,
    admin_listener: JoinSet<()>,
}

impl Running {
    /// Opens the data and begins to answer.
    ///
    /// # Errors
    /// Something that the server needs cannot be had.
    pub(crate) async fn start(config: &Config) -> Result<Running, ServeFault> {
        let budget = Budget::of(config, raise_file_limit());
        // What is wrong with the configuration is told before anybody could connect.
        let delivery = delivery(config, &budget)?;
        let client_timeout = Duration::from_secs(u64::from(config.client_timeout_s));
        let admin_socket = listen("admin_listen", config.admin_listen).await?;
        let admin = bound(&admin_socket, config.admin_listen)?;
        let pages = Arc::new(Admin::new(config.metrics_queues_max, admin::Reach::of(config)));
        let (phase, phases) = watch::channel(Phase::Serving);
        let mut admin_listener = JoinSet::new();
        let admin_pages = Listener::new(pages.clone(), client_timeout, ADMIN_CONNECTIONS_MAX);
        // The admin pages do not drain with the API: they tell of it.
        let (admin_phase, admin_phases) = watch::channel(Phase::Serving);
        admin_listener.spawn(admin_pages.run(admin_socket, admin_phases));

        let node = open(config).await?;
        let (signing, making) = Signing::start(node.data_dir())?;
        let statuses = Statuses::start(node.data_dir());
        let statuses = statuses.map_err(|source| ServeFault::System { step: "start a thread", source })?;
        let context = Arc::new(Context {
            statuses,
            node,
            gate: config.gate(),
            signing,
            courier: Courier::new(config.certificates()),
            urls: config.urls(),
            retries: config.delivery.retries(),
            egress: config.egress(),
            limits: config.limits(),
            metrics: Metrics::new(),
        });
        let bodies = Bodies::new(config.request_bytes_max.0, client_timeout);
        let pipeline = Arc::new(Pipeline::new(context.clone(), Front::of(config), bodies, phases.clone()));
        let listener = Listener::new(pipeline, client_timeout, budget.connections);
        let (mut api, mut listeners) = (Vec::new(), JoinSet::new());
        for address in &config.listen {
            let socket = listen("listen", *address).await?;
            api.push(bound(&socket, *address)?);
            listeners.spawn(listener.clone().run(socket, phases.clone()));
        }
        let dispatcher = Dispatcher::start(&context, delivery);
        say_who_may_come_in(config);
        pages.enter(Stage::Ready(context.clone()));
        Ok(Running {
            api,
            admin,
            context,
            pages,
            making,
            phase,
            dispatcher,
            listeners,
            admin_phase,
            admin_listener,
        })
    }

    /// Says on standard output where the server listens: one line, for people and for scripts.
    fn announce(&self) -> Result<(), ServeFault> {
        let mut line = "listening".to_owned();
        self.api.iter().for_each(|api| line.push_str(&format!(" api=http://{api}")));
        line.push_str(&format!(" admin=http://{}\n", self.admin));
        let said = io::stdout().write_all(line.as_bytes()).and_then(|()| io::stdout().flush());
        said.map_err(|source| ServeFault::System { step: "write to standard output", source })
    }

    /// Comes back when the server can go on no longer.
    async fn failed(&mut self) -> ServeFault {
        tokio::select! {
            () = self.context.node.failed() => ServeFault::Failed,
            fault = self.making.failed() => ServeFault::Signing(fault),
        }
    }

    /// Drains and closes. What cannot be finished in time is cut off, which loses nothing acknowledged.
    pub(crate) async fn stop(mut self) {
        let deadline = Instant::now() + DRAIN_WITHIN;
        self.pages.enter(Stage::Draining(self.context.clone()));
        self.phase.send_replace(Phase::Draining);
        let finished = async { while self.listeners.join_next().await.is_some() {} };
        let drained = async { timeout_at(deadline, finished).await };
        let (drained, ()) = tokio::join!(drained, self.dispatcher.stop(ATTEMPTS_WITHIN));
        if drained.is_err() {
            warn!("some clients did not finish in time, and are cut off");
            self.listeners.shutdown().await;
        }
        self.pages.enter(Stage::Closed);
        self.admin_phase.send_replace(Phase::Draining);
        let told = async { while self.admin_listener.join_next().await.is_some() {} };
        if timeout_at(deadline, told).await.is_err() {
            self.admin_listener.shutdown().await;
        }
        match timeout_at(deadline + CLOSE_WITHIN, close(self.context)).await {
            Ok(()) => info!("closed"),
            Err(_) => warn!("the log could not be closed in time; the next start recovers it"),
        }
    }
}

/// Closes the node as soon as the last answer has let go of it.
async fn close(mut context: Arc<Context>) {
    let context = loop {
        match Arc::try_unwrap(context) {
            Ok(context) => break context,
            Err(shared) => context = shared,
        }
        sleep(Duration::from_millis(5)).await;
    };
    // A panic has ended the process already.
    let _ = tokio::task::spawn_blocking(move || context.node.close()).await;
}

async fn open(config: &Config) -> Result<Node, ServeFault> {
    let on_disk = |durability| Storage::Directory {
        path: config.data_dir.clone(),
        durability,
        segment_bytes: config.segment_bytes.0,
    };
    let options = Options {
        storage: match config.durability {
            Durability::Fsync => on_disk(file::Durability::Fsync),
            Durability::Os => on_disk(file::Durability::Os),
            Durability::Memory => Storage::Memory,
        },
        shards: config.shards,
        body_memory: config.body_memory.0,
        waits: match config.aws_waits {
            AwsWaits::On => Waits::default(),
            AwsWaits::Off => Waits { deleted_ms: 0, purge_ms: 0 },
        },
        bounds: config.limits.bounds(),
        retries: config.delivery.retries(),
        permit: Arc::new(|_| true),
        facts: Arc::new(crate::op::facts_of_payload),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    // A replay may take long, and the signals are to be heard meanwhile.
    let opened = tokio::task::spawn_blocking(move || Node::open(&options)).await;
    let opened =
        opened.map_err(|error| ServeFault::System { step: "open the data", source: error.into() })?;
    Ok(opened?)
}

async fn listen(key: &'static str, address: SocketAddr) -> Result<TcpListener, ServeFault> {
    TcpListener::bind(address).await.map_err(|source| ServeFault::Listen { key, address, source })
}

/// The address with its real port.
fn bound(socket: &TcpListener, asked: SocketAddr) -> Result<SocketAddr, ServeFault> {
    socket.local_addr().map_err(|source| ServeFault::Listen { key: "listen", address: asked, source })
}

/// What the files that the process may have open are used for.
struct Budget {
    /// Connections of the API.
    connections: usize,
    /// Attempts at endpoints under way.
    attempts: usize,
    /// Connections to endpoints that wait for the next attempt.
    idle: usize,
}

impl Budget {
    /// Attempts get what the configuration says, but at most a quarter of all files.
    fn of(config: &Config, files: u64) -> Budget {
        let files = usize::try_from(files.saturating_sub(FILES_RESERVED)).unwrap_or(usize::MAX);
        let asked = config.delivery.attempts_max;
        let attempts = asked.min(files / 4).max(1);
        if attempts < asked {
            let why = "the limit of open files is low";
            info!(asked, attempts, why, "fewer deliveries are attempted at once");
        }
        let idle = attempts.min(Spending::default().idle_max);
        let connections = files.saturating_sub(attempts + idle).clamp(16, crate::http::CONNECTIONS_MAX);
        Budget { connections, attempts, idle }
    }
}

/// How deliveries are made.
fn delivery(config: &Config, budget: &Budget) -> Result<dispatch::Settings, ServeFault> {
    let read = |path: &PathBuf| {
        std::fs::read(path).map_err(|source| ServeFault::Authorities { path: path.clone(), source })
    };
    let authorities = config.delivery.ca_file.as_ref().map(read).transpose()?;
    Ok(dispatch::Settings {
        attempts_max: budget.attempts,
        trust: Trust::new(authorities.as_deref())?,
        http: Spending { idle_max: budget.idle, ..Spending::default() },
    })
}

/// One clear line about an open server.
fn say_who_may_come_in(config: &Config) {
    let exposed = config.listen.iter().chain([&config.admin_listen]).any(|address| is_exposed(*address));
    let is_open = config.access_key_id.is_none();
    if is_open && exposed {
        warn!(
            "anybody who can reach this server may read and send everything: no credentials are configured"
        );
    } else if is_open {
        info!("no credentials are configured: any signature is accepted, from this machine only");
    }
}

/// Lets the process have as many open files as it may, and says how many those are: each client is one.
fn raise_file_limit() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    // Not being allowed to is fine: then the lower limit holds.
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum.unwrap_or(u64::MAX),
        Err(_) => limit.current.unwrap_or(u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Layer;

    #[tokio::test]
    async fn authorities_that_cannot_be_used_are_noticed_before_anything_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let (data_dir, pem) = (folder.path().join("data"), folder.path().join("ca.pem"));
        std::fs::write(&pem, "no PEM").unwrap();
        // Opening a port would be another fault.
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = taken.local_addr().unwrap();
        let mut settings = Layer {
            listen: Some(vec![address]),
            admin_listen: Some(address),
            data_dir: Some(data_dir.clone()),
            ..Layer::default()
        };
        settings.delivery.ca_file = Some(pem);
        let started = Running::start(&Config::load(settings).unwrap()).await;
        assert!(matches!(started, Err(ServeFault::Trust(_))));
        assert!(!data_dir.exists());
    }
}
