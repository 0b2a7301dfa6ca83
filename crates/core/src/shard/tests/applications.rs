//! Platform applications and their endpoints (sns 19).

use super::Live;
use super::accounts::survives;
use crate::application::{Ask, Change, Endpoint, Event, Refused, State, Told};
use crate::command::Page;
use crate::event::Tags;
use crate::id::Uuid;
use crate::reply::{More, Reply};
use crate::shard::Config;
use crate::{Arn, Command, Rejection};

const PREFIX: &str = "arn:aws:sns:us-east-1:000000000000:";

fn application(name: &str) -> Arn {
    Arn::parse(&format!("{PREFIX}app/GCM/{name}")).unwrap()
}

fn tags<const N: usize>(tags: [(&str, &str); N]) -> Tags {
    tags.into_iter().map(|(key, value)| (key.into(), value.into())).collect()
}

fn endpoint(token: &str) -> Endpoint {
    Endpoint { token: token.into(), user_data: "".into(), state: State::Enabled }
}

impl Live {
    fn app(&mut self, name: &str, ask: Ask) -> Result<Reply, Rejection> {
        self.run(Command::Application { arn: application(name), ask }).map(|decided| decided.reply)
    }

    fn shop(&mut self, ask: Ask) -> Result<Told, Refused> {
        match self.app("shop", ask) {
            Ok(Reply::Application(told)) => Ok(told),
            Err(Rejection::Application(refused)) => Err(refused),
            other => panic!("{other:?}"),
        }
    }

    fn make(&mut self, name: &str) {
        self.app(name, Ask::Create(tags([("PlatformCredential", "key")]))).unwrap();
    }

    fn device(&mut self, token: &str) -> Uuid {
        match self.shop(Ask::CreateEndpoint(endpoint(token))) {
            Ok(Told::Created(id)) => id,
            other => panic!("{other:?}"),
        }
    }

    fn applications(&mut self, after: Option<&str>, max: usize) -> (Vec<String>, More) {
        let after = after.map(|name| application(name).as_str().into());
        let page = Page { prefix: PREFIX.into(), after, max };
        let reply = self.run(Command::ListApplications(page)).unwrap().reply;
        let Reply::Application(Told::Applications(found, more)) = reply else { panic!("{reply:?}") };
        let name = |arn: &Arn| arn.as_str().rsplit('/').next().unwrap().to_owned();
        (found.iter().map(|(arn, _)| name(arn)).collect(), more)
    }
}

#[test]
fn an_application_is_made_once_and_changed() {
    let mut live = Live::new(Config::default());
    assert_eq!(live.shop(Ask::View), Err(Refused::DoesNotExist));
    live.make("shop");
    live.app("shop", Ask::Create(tags([("PlatformCredential", "other")]))).unwrap();
    let set = tags([("SuccessFeedbackSampleRate", "5"), ("PlatformCredential", "new")]);
    live.app("shop", Ask::Set(set)).unwrap();
    live.app("shop", Ask::Set(tags([("SuccessFeedbackSampleRate", "")]))).unwrap();
    assert_eq!(live.shop(Ask::View), Ok(Told::Application(tags([("PlatformCredential", "new")]))));
    let entries = live.entries.len();
    live.app("shop", Ask::Set(tags([("PlatformCredential", "new")]))).unwrap();
    assert_eq!(live.entries.len(), entries, "what changes nothing writes nothing");
    live.app("shop", Ask::Delete).unwrap();
    live.app("shop", Ask::Delete).unwrap();
    assert_eq!(live.entries.len(), entries + 1);
    assert_eq!(live.shop(Ask::View), Err(Refused::DoesNotExist));
    assert_eq!(live.shop(Ask::CreateEndpoint(endpoint("t"))), Err(Refused::DoesNotExist));
}

#[test]
fn applications_are_listed_in_order_by_the_page() {
    let mut live = Live::new(Config::default());
    for name in ["c", "a", "b", "d"] {
        live.make(name);
    }
    live.app("b", Ask::Delete).unwrap();
    assert_eq!(live.applications(None, 2), (vec!["a".into(), "c".into()], More::Yes));
    assert_eq!(live.applications(Some("b"), 2), (vec!["c".into(), "d".into()], More::No));
    assert_eq!(live.applications(Some("c"), 2), (vec!["d".into()], More::No));
}

#[test]
fn a_token_is_one_endpoint() {
    let mut live = Live::new(Config::default());
    live.make("shop");
    let id = live.device("t");
    assert_eq!(live.device("t"), id);
    let other = Endpoint { user_data: "x".into(), ..endpoint("t") };
    assert_eq!(live.shop(Ask::CreateEndpoint(other)), Err(Refused::TokenIsTaken(id)));
    let off = Change { state: Some(State::Disabled), ..Change::default() };
    live.app("shop", Ask::SetEndpoint(id, off)).unwrap();
    assert_eq!(live.shop(Ask::CreateEndpoint(endpoint("t"))), Err(Refused::TokenIsTaken(id)));
    let second = live.device("u");
    let token = |token: &str| Change { token: Some(token.into()), ..Change::default() };
    assert_eq!(live.shop(Ask::SetEndpoint(second, token("t"))), Err(Refused::TokenIsTaken(id)));
    live.app("shop", Ask::SetEndpoint(id, token("v"))).unwrap();
    live.app("shop", Ask::SetEndpoint(second, token("t"))).unwrap();
    assert_eq!(live.device("t"), second);
    assert_eq!(
        live.shop(Ask::Endpoint(id)),
        Ok(Told::Endpoint(Endpoint { state: State::Disabled, ..endpoint("v") }))
    );
    live.app("shop", Ask::DeleteEndpoint(second)).unwrap();
    live.app("shop", Ask::DeleteEndpoint(second)).unwrap();
    assert_eq!(live.shop(Ask::Endpoint(second)), Err(Refused::EndpointDoesNotExist));
    assert_ne!(live.device("t"), second);
}

#[test]
fn nothing_is_for_what_is_disabled() {
    let mut live = Live::new(Config::default());
    live.make("shop");
    let id = live.device("t");
    assert_eq!(live.shop(Ask::Recipient(id)), Ok(Told::Endpoint(endpoint("t"))));
    assert_eq!(live.shop(Ask::Recipient(Uuid(1))), Err(Refused::EndpointDoesNotExist));
    live.app("shop", Ask::Set(tags([("Enabled", "false")]))).unwrap();
    assert_eq!(live.shop(Ask::Recipient(id)), Err(Refused::Disabled));
    live.app("shop", Ask::Set(tags([("Enabled", "true")]))).unwrap();
    let off = Change { state: Some(State::Disabled), ..Change::default() };
    live.app("shop", Ask::SetEndpoint(id, off)).unwrap();
    assert_eq!(live.shop(Ask::Recipient(id)), Err(Refused::EndpointDisabled));
}

#[test]
fn endpoints_are_listed_by_the_page() {
    let mut live = Live::new(Config::default());
    live.make("shop");
    let mut ids = (0..250).map(|n| live.device(&format!("t-{n}"))).collect::<Vec<_>>();
    ids.sort();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let Ok(Told::Endpoints(found, more)) = live.shop(Ask::ListEndpoints(after)) else { panic!() };
        seen.extend(found.iter().map(|(id, _)| *id));
        after = seen.last().copied();
        if more == More::No {
            break;
        }
        assert_eq!(found.len(), 100);
    }
    assert_eq!(seen, ids);
}

#[test]
fn endpoints_of_a_deleted_application_are_freed_in_slices() {
    let mut live = Live::new(Config::default());
    let before = live.shard.live_bytes();
    live.make("shop");
    for n in 0..7 {
        live.device(&format!("t-{n}"));
    }
    live.app("shop", Ask::Delete).unwrap();
    assert_eq!(live.shard.live_bytes(), before, "at once nothing of it is alive");
    live.make("shop");
    assert_eq!(live.shop(Ask::ListEndpoints(None)), Ok(Told::Endpoints(vec![], More::No)));
    assert!(live.shard.reap(3));
    assert!(live.shard.reap(4));
    assert!(!live.shard.reap(4));
}

#[test]
fn applications_survive_compaction() {
    let mut live = Live::new(Config::default());
    for name in ["shop", "other", "gone"] {
        live.make(name);
        for n in 0..4 {
            live.app(name, Ask::CreateEndpoint(endpoint(&format!("t-{n}")))).unwrap();
        }
    }
    live.app("gone", Ask::Delete).unwrap();
    let id = live.device("t-1");
    live.app("shop", Ask::Set(tags([("Enabled", "false")]))).unwrap();
    let change = Change { token: Some("moved".into()), ..Change::default() };
    live.app("shop", Ask::SetEndpoint(id, change)).unwrap();
    let next = live.device("t-1");
    live.app("shop", Ask::DeleteEndpoint(next)).unwrap();
    live.make("gone");
    survives(&mut live);
}

/// Endpoints are found, changed and listed without a walk over them all.
#[test]
fn nothing_takes_longer_when_there_are_many_endpoints() {
    let mut live = Live::new(Config::default());
    live.make("shop");
    let id = live.device("first");
    let Some(crate::Event::Application(Event::Endpoint(first))) = live.entries[2].first().cloned() else {
        panic!()
    };
    for n in 0..50_000u128 {
        let mut stated = first.clone();
        (stated.id, stated.endpoint) = (Uuid(n << 64), endpoint(&format!("token-{n}")));
        live.shard.apply(crate::Lsn(9), &crate::Event::Application(Event::Endpoint(stated)));
    }
    let asks = [
        Ask::CreateEndpoint(endpoint("first")),
        Ask::Endpoint(id),
        Ask::ListEndpoints(Some(Uuid(40_000 << 64))),
        Ask::SetEndpoint(id, Change { token: Some("token-x".into()), ..Change::default() }),
    ];
    let started = std::time::Instant::now();
    for _ in 0..1_000 {
        for ask in asks.clone() {
            live.decide(Command::Application { arn: application("shop"), ask }).unwrap();
        }
    }
    let took = started.elapsed();
    assert!(took.as_secs() < 5, "4,000 walks over 50,000 endpoints take a minute: {took:?}");
}
