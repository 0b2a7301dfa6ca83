//! Paths that people know from LocalStack, if the setting `extensions.localstack` asks for them: its health
//! page, and a look at the messages of a queue.
//!
//! A look is a ReceiveMessage that receives nothing: it is authenticated, decoded, judged and answered as
//! one. What is here turns the request into one, and the answer into JSON for whoever asks for that.

mod json;

use crate::op::{Look, Show};
use http::Method;
use http::header::{ACCEPT, HeaderMap};
use postrider_wire::{Protocol, Request, Routed};
use serde::Serialize;

pub(super) use json::of_xml;

const MESSAGES: &str = "/_aws/sqs/messages";
/// What makes a ReceiveMessage of a request that names no action.
const RECEIVE: &str = "Action=ReceiveMessage&Version=2012-11-05";

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page<'a> {
    /// `/_localstack/health`
    Health,
    /// `/_aws/sqs/messages`, for the queue that the request names as ReceiveMessage does.
    Messages,
    /// `/_aws/sqs/messages/<region>/<account>/<name>`
    MessagesOf {
        /// The region.
        region: &'a str,
        /// Account and name, as the path of a queue URL.
        queue: &'a str,
    },
}

impl<'a> Page<'a> {
    /// The page of a path; `None` if that is somebody else's.
    pub(super) fn of(method: &Method, path: &'a str) -> Option<Page<'a>> {
        if path == "/_localstack/health" {
            return matches!(*method, Method::GET | Method::HEAD).then_some(Page::Health);
        }
        let rest = path.strip_prefix(MESSAGES).filter(|_| matches!(*method, Method::GET | Method::POST))?;
        if rest.is_empty() || rest == "/" {
            return Some(Page::Messages);
        }
        let (region, queue) = rest.strip_prefix('/')?.split_once('/')?;
        let is_queue = queue.split('/').count() == 2 && queue.split('/').all(|part| !part.is_empty());
        (is_queue && postrider_iam::is_region(region)).then_some(Page::MessagesOf { region, queue })
    }

    /// The query of the ReceiveMessage that a request for messages stands for.
    pub(super) fn query(self, asked: &Request<'_>) -> String {
        match self {
            Page::MessagesOf { queue, .. } => format!("{RECEIVE}&QueueUrl=/{queue}&{}", asked.query),
            Page::Health | Page::Messages if names_action(asked) => asked.query.to_owned(),
            Page::Health | Page::Messages => format!("{RECEIVE}&{}", asked.query),
        }
    }

    /// The ReceiveMessage that a request for messages stands for, with its [`Page::query`].
    pub(super) fn receive<'r>(self, asked: &Request<'r>, query: &'r str) -> Request<'r> {
        match self {
            Page::Health | Page::Messages => Request { path: "/", query, ..*asked },
            Page::MessagesOf { .. } => Request {
                method: asked.method,
                path: "/",
                query,
                content_type: None,
                target: None,
                body: &[],
            },
        }
    }
}

fn names_action(asked: &Request<'_>) -> bool {
    let in_query = asked.query.split('&').any(|pair| pair.starts_with("Action="));
    in_query || asked.body.split(|byte| *byte == b'&').any(|pair| pair.starts_with(b"Action="))
}

/// Which messages somebody wants to see: parameters, or in JSON those of the query string.
pub(super) fn look(routed: &Routed<'_>, query: &str) -> Look {
    let shows = |name: &str| {
        let value = match routed.protocol {
            Protocol::Query => routed.parameter(name),
            Protocol::Json => {
                let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
                pairs.filter(|(own, _)| *own == name).map(|(_, value)| value).next()
            }
        };
        let is_true = value.is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true"));
        if is_true { Show::Yes } else { Show::No }
    };
    Look { invisible: shows("ShowInvisible"), delayed: shows("ShowDelayed") }
}

/// Whether a Query request is to be answered in JSON.
pub(super) fn wants_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|one| {
        one.split(';').next().is_some_and(|mime| mime.trim().eq_ignore_ascii_case("application/json"))
    })
}

/// The health page.
pub(super) fn health() -> Vec<u8> {
    #[derive(Serialize)]
    struct Health {
        services: Services,
        edition: &'static str,
        version: &'static str,
    }
    #[derive(Serialize)]
    struct Services {
        sqs: &'static str,
        sns: &'static str,
    }
    let services = Services { sqs: "running", sns: "running" };
    let health = Health { services, edition: "postrider", version: env!("CARGO_PKG_VERSION") };
    serde_json::to_vec(&health).expect("a struct of texts")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_known_by_method_and_path() {
        let get = |path| Page::of(&Method::GET, path);
        assert_eq!(get("/_localstack/health"), Some(Page::Health));
        assert_eq!(Page::of(&Method::POST, "/_localstack/health"), None);
        assert_eq!(get("/_aws/sqs/messages"), Some(Page::Messages));
        assert_eq!(Page::of(&Method::POST, "/_aws/sqs/messages/"), Some(Page::Messages));
        assert_eq!(Page::of(&Method::DELETE, "/_aws/sqs/messages"), None);
        let named = Page::MessagesOf { region: "eu-west-1", queue: "000000000000/q" };
        assert_eq!(get("/_aws/sqs/messages/eu-west-1/000000000000/q"), Some(named));
        for path in ["/", "/_aws/sqs/messagesx", "/_aws/sqs/messages/eu-west-1/q", "/_aws/sqs/messages/E/0/q"]
        {
            assert_eq!(get(path), None, "{path}");
        }
    }

    #[test]
    fn a_request_becomes_a_receive_unless_it_names_an_action() {
        let asked = |query, body: &'static [u8]| Request {
            method: "POST",
            path: MESSAGES,
            query,
            content_type: Some("application/x-www-form-urlencoded"),
            target: None,
            body,
        };
        let plain = asked("QueueUrl=q", b"ShowDelayed=true");
        assert_eq!(Page::Messages.query(&plain), format!("{RECEIVE}&QueueUrl=q"));
        assert_eq!(Page::Messages.query(&asked("a=b", b"x=y&Action=SendMessage")), "a=b");
        assert_eq!(Page::Messages.query(&asked("Action=ListQueues", b"")), "Action=ListQueues");
        let named = Page::MessagesOf { region: "r", queue: "0/q" };
        assert_eq!(named.query(&plain), format!("{RECEIVE}&QueueUrl=/0/q&QueueUrl=q"));
    }

    #[test]
    fn json_is_for_those_who_accept_it() {
        let wants = |accept: &'static str| {
            wants_json(&HeaderMap::from_iter([(ACCEPT, http::HeaderValue::from_static(accept))]))
        };
        assert!(wants("application/json") && wants("text/plain, Application/JSON;q=0.9"));
        assert!(!wants("*/*") && !wants("application/xml") && !wants_json(&HeaderMap::new()));
    }
}
