//! Endpoints outside, played: each does with what it gets what the script says, at once and in simulated time.

use super::answer;
use super::text::Text;
use super::{BEGIN, World};
use crate::action::{By, Fault, OnEndpoint, Temper, Ticket};
use bytes::Bytes;
use postrider_core::body::Payload;
use postrider_core::command::{Command, Notice, Outcome, Report};
use postrider_core::event::Occasion;
use postrider_core::reply::Claimed;
use postrider_core::topic::subscription::{Confirmation, Endpoint, Protocol, Token};
use std::collections::BTreeMap;

/// What a world knows of its endpoints, by their addresses as scripts write them.
#[derive(Default)]
pub(super) struct Endpoints {
    tempers: BTreeMap<String, Temper>,
    /// Attempts that they saw and that nobody has asked for yet.
    seen: BTreeMap<String, Vec<String>>,
    /// Attempts that they have not answered, with the shard that made them.
    open: BTreeMap<String, Vec<(u16, Report)>>,
    /// Tokens that they got, by topic.
    tokens: BTreeMap<(String, String), Vec<Token>>,
    /// Tokens that were given out.
    issued: u64,
}

impl Endpoints {
    /// All connections break: what was not answered never is.
    pub(super) fn hang_up(&mut self) {
        self.open.clear();
    }
}

/// An endpoint as scripts write it.
pub(super) fn word(endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::Queue(queue) => queue.resource().to_owned(),
        Endpoint::Other(Protocol::Http | Protocol::Https, url) => url.to_string(),
        Endpoint::Other(protocol, address) => format!("{}:{address}", protocol.as_str()),
    }
}

impl World {
    pub(super) fn on_endpoint(&mut self, address: &str, what: OnEndpoint) -> Vec<String> {
        match what {
            OnEndpoint::Attempts => self.endpoints.seen.remove(address).unwrap_or_default(),
            OnEndpoint::Becomes(temper) => {
                self.endpoints.tempers.insert(address.into(), temper);
                let open = self.endpoints.open.remove(address).unwrap_or_default();
                for (shard, report) in open {
                    match outcome(temper) {
                        Some(outcome) => self.tried(shard, vec![Report { outcome, ..report }]),
                        None => self.endpoints.open.entry(address.into()).or_default().push((shard, report)),
                    }
                }
                self.work();
                answer::done()
            }
        }
    }

    /// Makes the attempts of a shard whose time has come. False if there are none.
    pub(super) fn attempt(&mut self, shard: u16) -> bool {
        let node = &mut self.nodes[usize::from(shard)];
        if node.shard.endpoints_due().is_none_or(|due| due > self.now) {
            return false;
        }
        let claimed = node.take_due(self.now);
        let reports = claimed.iter().filter_map(|claimed| self.meet(shard, claimed)).collect::<Vec<_>>();
        if !reports.is_empty() {
            self.tried(shard, reports);
        }
        true
    }

    /// One attempt. None if the endpoint does not answer.
    fn meet(&mut self, shard: u16, claimed: &Claimed) -> Option<Report> {
        let Claimed { topic, subscription, id, published, body, .. } = claimed;
        let bytes = self.nodes[usize::from(shard)].read(body);
        let text = Text::decode(&bytes);
        let address = word(&subscription.endpoint);
        let temper = self.endpoints.tempers.get(&address).copied().unwrap_or_default();
        let shown =
            answer::copy(published, subscription.form, &text.body_for(subscription.endpoint.protocol()));
        let at = self.now - BEGIN;
        let (seconds, millis) = (at / 1000, at % 1000);
        let at = if millis == 0 { seconds.to_string() } else { format!("{seconds}.{millis:03}") };
        self.endpoints.seen.entry(address.clone()).or_default().push(format!("{shown}:{at}"));
        if published.occasion == Occasion::Notice && temper == Temper::Accepts {
            let token = subscription.tokens.iter().find(|token| hex(token) == text.dedup);
            let got = (published.topic.resource().to_owned(), address.clone());
            self.endpoints.tokens.entry(got).or_default().extend(token);
        }
        let (topic, publication, subscription) = (*topic, *id, subscription.id);
        let report = |outcome| Report { topic, subscription, publication, outcome };
        match outcome(temper) {
            Some(outcome) => Some(report(outcome)),
            None => {
                let open = self.endpoints.open.entry(address).or_default();
                open.push((shard, report(Outcome::Failed)));
                None
            }
        }
    }

    fn tried(&mut self, shard: u16, reports: Vec<Report>) {
        let tried = self.turn(shard, Command::Tried(reports));
        assert!(tried.is_ok(), "reports are taken, not answered with {tried:?}");
    }

    /// What asks an endpoint to confirm, with a token that nobody has had.
    pub(super) fn notice(&mut self, shard: u16, kind: &str) -> Notice {
        self.endpoints.issued += 1;
        let mut token = [0; 32];
        token[..2].copy_from_slice(&shard.to_be_bytes());
        token[24..].copy_from_slice(&self.endpoints.issued.to_be_bytes());
        let token = Token(token);
        let text = Text { dedup: &hex(&token), ..Text::plain(kind) };
        Notice { payload: Payload::new(Bytes::from(text.encode()), 0), token }
    }

    /// The token that a script means.
    pub(super) fn token(&self, topic: &str, who: &str, ticket: Ticket) -> Result<Token, Fault> {
        let got = self.endpoints.tokens.get(&(topic.to_owned(), who.to_owned()));
        let got = got.map_or(&[][..], Vec::as_slice);
        let found = match ticket {
            Ticket::Forged => Some(Token([0; 32])),
            Ticket::Received(None) => got.last().copied(),
            Ticket::Received(Some(which)) => got.get(which - 1).copied(),
        };
        found.ok_or_else(|| Fault(format!("{who} did not get that many tokens from {topic}")))
    }
}

/// Who confirms, as the core has it.
pub(super) fn confirmation(by: By) -> Confirmation {
    match by {
        By::Owner => Confirmation::Authenticated,
        By::Link => Confirmation::Link,
    }
}

/// What an endpoint answers; None if it does not.
fn outcome(temper: Temper) -> Option<Outcome> {
    match temper {
        Temper::Accepts => Some(Outcome::Delivered),
        Temper::Fails => Some(Outcome::Failed),
        Temper::Refuses => Some(Outcome::Refused),
        Temper::Hangs => None,
    }
}

fn hex(token: &Token) -> String {
    token.0.iter().map(|byte| format!("{byte:02x}")).collect()
}
