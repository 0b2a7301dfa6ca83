//! A server in memory without sockets, and requests as SDKs write them.

use crate::context::{Context, Origin};
use crate::courier::Courier;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::op;
use crate::signing::{Making, Signing};
use crate::statuses::Statuses;
use crate::urls::Urls;
use postrider_core::shard::{Bounds, Waits};
use postrider_core::topic::retry::Schedule;
use postrider_iam::{Gate, sigv4};
use postrider_outbound::egress::{Egress, Loopback};
use postrider_runtime::{Node, Options, Storage};
use postrider_wire::{Request, Service, route};
use serde_json::Value;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// The account of the golden files.
pub(super) const ACCOUNT: &str = "210987654321";
/// The request id of the golden files.
pub(super) const REQUEST_ID: &str = "7d0b6c3e-1f52-5b9a-8c44-2f6f0f9be001";
/// The server's base URL in the golden files.
pub(super) const BASE: &str = "http://mq.example.test:4100";
/// Its own address.
pub(super) const LOCAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4100);

/// A server in memory.
pub(crate) struct Server {
    pub(crate) context: Context,
    /// Whose requests are signed.
    pub(super) account: &'static str,
    pub(super) trace_id: Option<&'static str>,
    /// Whether requests come with a signature, which nobody checks.
    pub(super) signs: bool,
    _making: Making,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) query_error: Option<&'static str>,
    pub(super) body: String,
}

impl Got {
    /// The body as JSON.
    pub(super) fn json(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The code of an error, whatever the protocol.
    pub(super) fn code(&self) -> &str {
        match self.query_error {
            Some(error) => error.split(';').next().unwrap(),
            None => self.text("Code"),
        }
    }

    /// The text of an error, whatever the protocol.
    pub(super) fn message(&self) -> String {
        match self.query_error {
            Some(_) => {
                let body: Value = serde_json::from_str(&self.body).unwrap();
                let text = body.get("message").or_else(|| body.get("Message"));
                text.and_then(Value::as_str).unwrap_or_default().to_owned()
            }
            None => {
                let text = self.text("Message").replace("&quot;", "\"").replace("&apos;", "'");
                text.replace("&#39;", "'").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
            }
        }
    }

    /// The text of the first XML element of this name; empty if there is none.
    pub(super) fn text(&self, element: &str) -> &str {
        self.texts(element).next().unwrap_or_default()
    }

    /// The texts of all XML elements of this name.
    pub(super) fn texts<'g>(&'g self, element: &str) -> impl Iterator<Item = &'g str> {
        let (open, close) = (format!("<{element}>"), format!("</{element}>"));
        let mut rest = self.body.as_str();
        std::iter::from_fn(move || {
            let (_, after) = rest.split_once(&open)?;
            let (text, after) = after.split_once(&close)?;
            rest = after;
            Some(text)
        })
    }
}

impl Server {
    pub(crate) fn open(shards: u16) -> Server {
        Server::with_body_memory(shards, 1 << 30)
    }

    pub(super) fn with_body_memory(shards: u16, body_memory: u64) -> Server {
        Server::with(shards, body_memory, Bounds::default())
    }

    pub(super) fn with(shards: u16, body_memory: u64, bounds: Bounds) -> Server {
        let options = Options {
            storage: Storage::Memory,
            shards: Some(shards),
            body_memory,
            waits: Waits::default(),
            bounds,
            retries: Schedule::HTTP,
            permit: Arc::new(|_| true),
            facts: Arc::new(crate::op::facts_of_payload),
            version: "test".to_owned(),
        };
        let node = Node::open(&options).unwrap();
        let (signing, making) = Signing::start(None).unwrap();
        let context = Context {
            node,
            gate: Gate::open(),
            signing,
            courier: Courier::default(),
            urls: Urls::new(None),
            retries: Schedule::HTTP,
            egress: Egress::new(Vec::new(), Loopback::Allowed),
            limits: Limits::default(),
            metrics: Metrics::new(),
            statuses: Statuses::start(None).unwrap(),
        };
        Server { context, account: ACCOUNT, trace_id: None, signs: true, _making: making }
    }

    /// Asks SQS in JSON.
    pub(super) async fn sqs(&self, action: &str, body: Value) -> Got {
        let target = format!("AmazonSQS.{action}");
        let body = body.to_string();
        let request = Request {
            method: "POST",
            path: "/",
            query: "",
            content_type: Some("application/x-amz-json-1.0"),
            target: Some(&target),
            body: body.as_bytes(),
        };
        self.ask(&request, Service::Sqs).await
    }

    /// Asks either service in Query.
    pub(super) async fn form(&self, service: Service, action: &str, parameters: &[(&str, &str)]) -> Got {
        let escape = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let mut body = format!("Action={action}&Version={}", service.api_version());
        for (name, value) in parameters {
            body.push_str(&format!("&{}={}", escape(name), escape(value)));
        }
        self.form_body(service, &body).await
    }

    /// Asks either service with a form that is written already.
    pub(super) async fn form_body(&self, service: Service, body: &str) -> Got {
        let request = Request {
            method: "POST",
            path: "/",
            query: "",
            content_type: Some("application/x-www-form-urlencoded; charset=utf-8"),
            target: None,
            body: body.as_bytes(),
        };
        self.ask(&request, service).await
    }

    /// Asks SNS.
    pub(super) async fn sns(&self, action: &str, parameters: &[(&str, &str)]) -> Got {
        self.form(Service::Sns, action, parameters).await
    }

    async fn ask(&self, request: &Request<'_>, service: Service) -> Got {
        let credential = format!(
            "AWS4-HMAC-SHA256 Credential={}/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, \
             Signature={}",
            self.account,
            service.signing_name(),
            "0".repeat(64)
        );
        let mut headers: Vec<(&str, &[u8])> = vec![("host", b"mq.example.test:4100")];
        if self.signs {
            headers.push(("authorization", credential.as_bytes()));
        }
        let received = sigv4::Request {
            method: request.method,
            path: request.path,
            query: request.query,
            headers: &headers,
            body: request.body,
        };
        let signed = self.context.gate.check(&received, None, 1_767_225_600).unwrap();
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let origin =
            Origin { scheme_and_host: BASE, path: request.path, trace_id: self.trace_id, peer, local: LOCAL };
        let routed = route(request, Some(service)).unwrap();
        let response = op::answer(&self.context, signed, routed, &origin, None, REQUEST_ID).await;
        assert_eq!(response.request_id, REQUEST_ID);
        Got {
            status: response.status,
            query_error: response.query_error,
            body: String::from_utf8(response.body).unwrap(),
        }
    }
}

/// Reads a golden file.
pub(super) fn golden(name: &str) -> Value {
    let path = format!("{}/../../tests/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap()
}
