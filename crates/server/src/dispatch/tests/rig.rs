//! Shards, a topic, and a dispatcher over them.

use crate::context::Context;
use crate::courier::Courier;
use crate::dispatch::{Dispatcher, Settings};
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::signing::{Making, Signing};
use crate::statuses::Statuses;
use crate::urls::{Template, Urls};
use postrider_core::body::Payload;
use postrider_core::command::{AskQueue, AskTopic, Notice, Publish, Subscribe, TopicMeaning};
use postrider_core::event::SubscriptionStated;
use postrider_core::id::Uuid;
use postrider_core::rejection::Permit;
use postrider_core::reply::Content;
use postrider_core::shard::{Bounds, Waits};
use postrider_core::topic::retry::{Phases, Schedule};
use postrider_core::topic::subscription::{Endpoint, Form, Protocol, Standing, Token};
use postrider_core::{Arn, Command, Reply, Timestamp};
use postrider_iam::Gate;
use postrider_outbound::egress::{Egress, Loopback};
use postrider_outbound::http::{Bounds as Spending, Trust};
use postrider_runtime::{Node, Options, Storage};
use postrider_wire::envelope::{self, ConfirmationKind, SignatureVersion};
use postrider_wire::payload::{self, Publication, Structure};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::time::Instant;

/// A server without its API.
pub(super) struct Rig {
    pub(super) context: Arc<Context>,
    topic: Arn,
    dispatcher: Option<Dispatcher>,
    _making: Making,
}

/// What is different from an ordinary server.
pub(super) struct Setup {
    pub(super) storage: Storage,
    pub(super) shards: u16,
    pub(super) body_memory: u64,
    pub(super) retries: u32,
    pub(super) attempts_max: usize,
    pub(super) loopback: Loopback,
    pub(super) certificates: Option<&'static str>,
    pub(super) attributes: &'static [(&'static str, &'static str)],
    pub(super) permit: Arc<Permit>,
}

impl Default for Setup {
    fn default() -> Setup {
        Setup {
            storage: Storage::Memory,
            shards: 1,
            body_memory: 1 << 20,
            retries: 3,
            attempts_max: 64,
            loopback: Loopback::Allowed,
            certificates: None,
            attributes: &[],
            permit: Arc::new(|_| true),
        }
    }
}

pub(super) fn queue(name: &str) -> Arn {
    Arn::of("aws", "sqs", "us-east-1", "000000000000", name)
}

impl Rig {
    pub(super) async fn start(setup: Setup) -> Rig {
        let phases =
            Phases { min_delay_ms: 20, max_delay_ms: 20, retries: setup.retries, ..*Schedule::HTTP.phases() };
        let options = Options {
            storage: setup.storage,
            shards: Some(setup.shards),
            body_memory: setup.body_memory,
            waits: Waits::default(),
            bounds: Bounds::default(),
            retries: Schedule::new(phases).unwrap(),
            permit: setup.permit,
            facts: Arc::new(crate::op::facts_of_payload),
            version: "test".to_owned(),
        };
        let node = Node::open(&options).unwrap();
        let (signing, making) = Signing::start(None).unwrap();
        let certificates = setup.certificates.map(|text| Template::parse(text).unwrap());
        let context = Arc::new(Context {
            node,
            gate: Gate::open(),
            signing,
            courier: Courier::new(certificates),
            urls: Urls::new(None),
            retries: Schedule::HTTP,
            egress: Egress::new(Vec::new(), setup.loopback),
            limits: Limits::default(),
            metrics: Metrics::new(),
            statuses: Statuses::start(None).unwrap(),
        });
        let settings = Settings {
            attempts_max: setup.attempts_max,
            trust: Trust::new(None).unwrap(),
            http: Spending::default(),
        };
        let dispatcher = Some(Dispatcher::start(&context, settings));
        let topic = Arn::of("aws", "sns", "us-east-1", "000000000000", "news");
        let rig = Rig { context, topic, dispatcher, _making: making };
        if rig.context.node.judgement(&rig.topic).is_none() {
            let attributes = setup.attributes.iter().map(|(name, value)| ((*name).into(), (*value).into()));
            let meaning = TopicMeaning::default();
            let (arn, attributes) = (rig.topic.clone(), attributes.collect());
            rig.ask(&rig.topic, Command::CreateTopic { arn, attributes, meaning, tags: None }).await;
        }
        rig
    }

    pub(super) async fn ask(&self, arn: &Arn, command: Command) -> Reply {
        self.context.node.ask(arn, command).await.unwrap().result.unwrap()
    }

    async fn ask_topic(&self, ask: AskTopic) -> Reply {
        let judged = self.context.node.judgement(&self.topic).unwrap().revision;
        self.ask(&self.topic, Command::Topic { arn: self.topic.clone(), judged, ask }).await
    }

    pub(super) async fn create_queue(&self, name: &str) -> Arn {
        let arn = queue(name);
        let judged = postrider_core::id::Revision(0);
        let create =
            Command::CreateQueue { arn: arn.clone(), judged, settings: Vec::new(), tags: BTreeMap::new() };
        self.ask(&arn, create).await;
        arn
    }

    /// A subscription that everybody has agreed to.
    pub(super) async fn subscribe(
        &self,
        protocol: Protocol,
        address: &str,
        dead_letter: Option<&Arn>,
    ) -> Uuid {
        self.subscribe_as(protocol, address, dead_letter, Form::Envelope).await
    }

    pub(super) async fn subscribe_as(
        &self,
        protocol: Protocol,
        address: &str,
        dead_letter: Option<&Arn>,
        form: Form,
    ) -> Uuid {
        self.subscribe_endpoint(Endpoint::Other(protocol, address.into()), dead_letter, form).await
    }

    /// A subscription of a queue, which need not be there.
    pub(super) async fn subscribe_queue(&self, queue: &Arn, dead_letter: Option<&Arn>) -> Uuid {
        self.subscribe_endpoint(Endpoint::Queue(queue.clone()), dead_letter, Form::Envelope).await
    }

    async fn subscribe_endpoint(&self, endpoint: Endpoint, dead_letter: Option<&Arn>, form: Form) -> Uuid {
        let mut wanted =
            SubscriptionStated::wanted(endpoint, "000000000000", "arn:aws:iam::000000000000:root");
        (wanted.dead_letter, wanted.form) = (dead_letter.cloned(), form);
        let reply = self.ask_topic(AskTopic::Subscribe(Box::new(Subscribe::new(wanted)))).await;
        let Reply::Subscribed(id, _) = reply else { panic!("{reply:?}") };
        id
    }

    /// A subscription that the endpoint is asked to confirm.
    pub(super) async fn ask_endpoint(&self, address: &str) {
        let key = self.context.signing.key().await;
        let token = [7; 32];
        let text = envelope::Token::new(&token).unwrap().to_string();
        let payload = payload::Notice {
            kind: ConfirmationKind::Subscription,
            service_url: "http://localhost:4566",
            signing_key_id: key.key_id(),
            signature_version: SignatureVersion::V1,
            token: &text,
        };
        let payload = Payload::new(payload.encode().into(), 0);
        let endpoint = Endpoint::Other(Protocol::Http, address.into());
        let mut wanted =
            SubscriptionStated::wanted(endpoint, "000000000000", "arn:aws:iam::000000000000:root");
        wanted.standing = Standing::Pending(Timestamp(0));
        let mut subscribe = Subscribe::new(wanted);
        subscribe.notice = Some(Notice { payload, token: Token(token) });
        self.ask_topic(AskTopic::Subscribe(Box::new(subscribe))).await;
    }

    /// Publishes this many messages, `m0` and so on.
    pub(super) async fn publish(&self, count: usize) {
        let messages: Vec<_> = (0..count).map(|number| format!("m{number}")).collect();
        self.publish_these(&messages).await;
    }

    /// Publishes messages, of any length.
    pub(super) async fn publish_these(&self, messages: &[String]) {
        let key = self.context.signing.key().await;
        let publish = |message: &String| {
            let publication = Publication {
                service_url: "http://localhost:4566",
                signing_key_id: Some(key.key_id()),
                signature_version: SignatureVersion::V2,
                trace_header: None,
                subject: None,
                structure: Structure::Text,
                group_id: None,
                deduplication_id: None,
                attributes: Vec::new(),
                message,
            };
            Publish::new(Payload::new(publication.encode().into(), 2))
        };
        self.ask_topic(AskTopic::Publish(messages.iter().map(publish).collect())).await;
    }

    /// The public ids of the publications of which a queue has copies.
    pub(super) async fn copies(&self, queue: &Arn) -> Vec<Uuid> {
        let judged = self.context.node.judgement(queue).unwrap().revision;
        let ask = AskQueue::Peek { after: 0, max: 100 };
        let reply = self.ask(queue, Command::Queue { arn: queue.clone(), judged, ask }).await;
        let Reply::Peeked(messages) = reply else { panic!("{reply:?}") };
        let id = |content: &Content| match content {
            Content::Copy { published, .. } => published.message_id,
            Content::Own(_) => panic!("a message that nobody sent"),
        };
        messages.iter().map(|message| id(&message.content)).collect()
    }

    /// Deliveries that are owed, and those that were dropped.
    pub(super) fn owed_and_dropped(&self) -> (u64, u64) {
        let shards = self.context.node.shards().iter().map(|shard| shard.gauges());
        shards.fold((0, 0), |(owed, dropped), shard| {
            (owed + shard.due.load(Relaxed), dropped + shard.dropped.load(Relaxed))
        })
    }

    /// Waits until nothing is owed any more.
    pub(super) async fn settled(&self) {
        // What a publish owes is counted before it is answered.
        until("nothing is owed", || self.owed_and_dropped().0 == 0).await;
    }

    /// Ends the dispatcher, and says how long that took.
    pub(super) async fn stop(&mut self, grace: Duration) -> Duration {
        let started = Instant::now();
        self.dispatcher.take().unwrap().stop(grace).await;
        started.elapsed()
    }

    /// Ends everything.
    pub(super) async fn close(mut self) {
        if let Some(dispatcher) = self.dispatcher.take() {
            dispatcher.stop(Duration::ZERO).await;
        }
        let context = Arc::into_inner(self.context).expect("the dispatcher lets go of everything");
        tokio::task::spawn_blocking(move || context.node.close()).await.unwrap();
    }
}

/// Waits for something that has to come about soon.
pub(super) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
