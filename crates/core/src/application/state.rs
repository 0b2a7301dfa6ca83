//! The applications of a shard: their rules, and the fold.
//!
//! An event may name an application that is only stated later, when the log was trimmed in between: it goes to a
//! *shell*, which the later statement completes.
//!
//! Invariants:
//! - an application that is stated is in `names`, and the reverse;
//! - `live_bytes` is about what the log takes to state everything here.

use super::endpoints::Endpoints;
use super::{ApplicationStated, Ask, Change, ENABLED, Endpoint, EndpointStated, Event, Refused, State, Told};
use crate::account::pairs;
use crate::command::Page;
use crate::event::Tags;
use crate::id::{Ids, Uuid};
use crate::reply::{More, Reply};
use crate::shard::Decided;
use crate::{Arn, Lsn, Rejection, limits};
use std::collections::BTreeMap;
use std::ops::Bound;

/// What a statement of an application takes besides its ARN and attributes.
const STATED: u64 = 64;

/// The applications of a shard.
#[derive(Debug, Default)]
pub(crate) struct Applications {
    by_id: BTreeMap<Uuid, Application>,
    names: BTreeMap<Arn, Uuid>,
    /// What is left of applications that are gone, to be freed in slices.
    doomed: Vec<Endpoints>,
    live_bytes: u64,
}

/// An application and its endpoints.
#[derive(Debug, Default)]
struct Application {
    /// `None` in a shell.
    stated: Option<Stated>,
    endpoints: Endpoints,
}

/// What a statement says of an application.
#[derive(Debug)]
struct Stated {
    arn: Arn,
    attributes: Tags,
    at: Lsn,
}

impl Applications {
    /// Decides what an application does.
    pub(crate) fn decide(&self, arn: Arn, ask: Ask, ids: &mut Ids) -> Result<Decided, Rejection> {
        let found = self.find(&arn);
        if let Ask::Create(attributes) = ask {
            let id = if found.is_some() { None } else { Some(ids.uuid()) };
            let stated = |id| Event::Application(Box::new(ApplicationStated { id, arn, attributes }));
            return Ok(done(id.map(stated)));
        }
        // To delete what is not there is done at once.
        if found.is_none() && matches!(ask, Ask::Delete | Ask::DeleteEndpoint(_)) {
            return Ok(done(None));
        }
        let (application, there) = found.ok_or(Rejection::Application(Refused::DoesNotExist))?;
        there.decide(application, arn, ask, ids).map_err(Rejection::Application)
    }

    /// A page of applications.
    pub(crate) fn list(&self, page: &Page) -> Decided {
        let from = page.after.as_deref().unwrap_or("").max(&page.prefix);
        let mut rest = self
            .names
            .range::<str, _>((Bound::Included(from), Bound::Unbounded))
            .filter(|(arn, _)| page.after.as_deref().is_none_or(|after| arn.as_str() > after))
            .take_while(|(arn, _)| arn.as_str().starts_with(&*page.prefix))
            .filter_map(|(arn, id)| {
                Some((arn.clone(), self.by_id.get(id)?.stated.as_ref()?.attributes.clone()))
            });
        let found = rest.by_ref().take(page.max).collect();
        let more = if rest.next().is_some() { More::Yes } else { More::No };
        told(Told::Applications(found, more))
    }

    /// Folds an event of the entry at `lsn` in.
    pub(crate) fn apply(&mut self, lsn: Lsn, event: &Event) {
        match event {
            Event::Application(stated) => {
                let ApplicationStated { id, arn, attributes } = &**stated;
                self.names.insert(arn.clone(), *id);
                let stated = Stated { arn: arn.clone(), attributes: attributes.clone(), at: lsn };
                self.change(*id, |application| application.stated = Some(stated));
            }
            Event::Deleted { application } => self.delete(*application),
            Event::Endpoint(stated) => {
                let EndpointStated { application, id, endpoint } = &**stated;
                self.change(*application, |application| application.endpoints.state(lsn, *id, endpoint));
            }
            Event::EndpointDeleted { application, id } => {
                if self.by_id.contains_key(application) {
                    self.change(*application, |application| application.endpoints.remove(*id));
                }
            }
        }
    }

    /// The statement that keeps alive what `event`, of the entry at `lsn`, stated; none when that is gone, or stated
    /// again later.
    pub(crate) fn restate(&self, lsn: Lsn, event: &Event) -> Option<Event> {
        match event {
            Event::Application(stated) => {
                let there = self.by_id.get(&stated.id)?.stated.as_ref()?;
                (there.at == lsn).then(|| event.clone())
            }
            Event::Endpoint(stated) => {
                let there = self.by_id.get(&stated.application)?.endpoints.find(stated.id)?;
                (there.stated == lsn).then(|| event.clone())
            }
            Event::Deleted { .. } | Event::EndpointDeleted { .. } => None,
        }
    }

    /// About how many bytes of the log state what is alive here.
    pub(crate) fn live_bytes(&self) -> u64 {
        self.live_bytes
    }

    /// Frees up to `endpoints` endpoints of applications that are gone. Says whether there are more.
    pub(crate) fn reap(&mut self, endpoints: usize) -> bool {
        for _ in 0..endpoints {
            let Some(last) = self.doomed.last_mut() else { return false };
            if !last.pop() {
                self.doomed.pop();
            }
        }
        !self.doomed.is_empty()
    }

    /// Shells that no statement completed.
    pub(crate) fn shells(&self) -> usize {
        self.by_id.values().filter(|application| application.stated.is_none()).count()
    }

    /// Is the state the same? Where the log states things does not count.
    pub(crate) fn same(&self, other: &Applications) -> bool {
        let same = |(a, b): ((&Uuid, &Application), (&Uuid, &Application))| a.0 == b.0 && a.1.same(b.1);
        self.by_id.len() == other.by_id.len() && self.by_id.iter().zip(&other.by_id).all(same)
    }

    /// Panics if the state contradicts itself.
    pub(crate) fn check(&self) {
        let mut named = 0;
        for (id, application) in &self.by_id {
            application.endpoints.check();
            if let Some(stated) = &application.stated {
                named += 1;
                assert_eq!(self.names.get(&stated.arn), Some(id), "an application is known by its name");
            }
        }
        assert_eq!(self.names.len(), named, "a name is that of an application");
        let live_bytes = self.by_id.values().map(Application::live_bytes).sum::<u64>();
        assert_eq!(self.live_bytes, live_bytes, "live bytes of applications");
    }

    fn find(&self, arn: &Arn) -> Option<(Uuid, &Application)> {
        let id = *self.names.get(arn)?;
        Some((id, self.by_id.get(&id)?))
    }

    fn change(&mut self, id: Uuid, change: impl FnOnce(&mut Application)) {
        let application = self.by_id.entry(id).or_default();
        let before = application.live_bytes();
        change(application);
        self.live_bytes = self.live_bytes - before + application.live_bytes();
    }

    fn delete(&mut self, id: Uuid) {
        let Some(application) = self.by_id.remove(&id) else { return };
        self.live_bytes -= application.live_bytes();
        if let Some(stated) = &application.stated {
            self.names.remove(&stated.arn);
        }
        self.doomed.push(application.endpoints);
    }
}

impl Application {
    fn decide(&self, id: Uuid, arn: Arn, ask: Ask, ids: &mut Ids) -> Result<Decided, Refused> {
        let stated = self.stated.as_ref().ok_or(Refused::DoesNotExist)?;
        match ask {
            Ask::Create(_) => Ok(done(None)),
            Ask::View => Ok(told(Told::Application(stated.attributes.clone()))),
            Ask::Set(given) => {
                let mut attributes = stated.attributes.clone();
                attributes.extend(given);
                attributes.retain(|_, value| !value.is_empty());
                let is_news = attributes != stated.attributes;
                let stated = Event::Application(Box::new(ApplicationStated { id, arn, attributes }));
                Ok(done(is_news.then_some(stated)))
            }
            Ask::Delete => Ok(done(Some(Event::Deleted { application: id }))),
            Ask::CreateEndpoint(wanted) => self.decide_create(id, wanted, ids),
            Ask::Endpoint(endpoint) => Ok(told(Told::Endpoint(self.endpoint(endpoint)?.clone()))),
            Ask::SetEndpoint(endpoint, change) => self.decide_set(id, endpoint, change),
            Ask::DeleteEndpoint(endpoint) => {
                let is_there = self.endpoints.find(endpoint).is_some();
                Ok(done(is_there.then_some(Event::EndpointDeleted { application: id, id: endpoint })))
            }
            Ask::ListEndpoints(after) => {
                let mut rest = self.endpoints.after(after).map(|(id, endpoint)| (id, endpoint.clone()));
                let found = rest.by_ref().take(limits::LIST_SNS_PAGE).collect();
                let more = if rest.next().is_some() { More::Yes } else { More::No };
                Ok(told(Told::Endpoints(found, more)))
            }
            Ask::Recipient(endpoint) => {
                let endpoint = self.endpoint(endpoint)?;
                if stated.attributes.get(ENABLED).is_some_and(|value| &**value == "false") {
                    return Err(Refused::Disabled);
                }
                match endpoint.state {
                    State::Enabled => Ok(told(Told::Endpoint(endpoint.clone()))),
                    State::Disabled => Err(Refused::EndpointDisabled),
                }
            }
        }
    }

    /// The endpoint that has the token is the same one if all of its attributes agree (sns 19).
    fn decide_create(&self, application: Uuid, wanted: Endpoint, ids: &mut Ids) -> Result<Decided, Refused> {
        match self.endpoints.with_token(&wanted.token) {
            Some((id, there)) if *there == wanted => Ok(told(Told::Created(id))),
            Some((id, _)) => Err(Refused::TokenIsTaken(id)),
            None => {
                let id = ids.uuid();
                let stated = EndpointStated { application, id, endpoint: wanted };
                let event = crate::Event::Application(Event::Endpoint(Box::new(stated)));
                Ok(Decided::one(event, Reply::Application(Told::Created(id))))
            }
        }
    }

    fn decide_set(&self, application: Uuid, id: Uuid, change: Change) -> Result<Decided, Refused> {
        let there = self.endpoint(id)?;
        let next = Endpoint {
            token: change.token.unwrap_or_else(|| there.token.clone()),
            user_data: change.user_data.unwrap_or_else(|| there.user_data.clone()),
            state: change.state.unwrap_or(there.state),
        };
        match self.endpoints.with_token(&next.token) {
            Some((other, _)) if other != id => return Err(Refused::TokenIsTaken(other)),
            Some(_) | None => {}
        }
        let is_news = next != *there;
        let stated = Event::Endpoint(Box::new(EndpointStated { application, id, endpoint: next }));
        Ok(done(is_news.then_some(stated)))
    }

    fn endpoint(&self, id: Uuid) -> Result<&Endpoint, Refused> {
        self.endpoints.find(id).map(|known| &known.endpoint).ok_or(Refused::EndpointDoesNotExist)
    }

    fn live_bytes(&self) -> u64 {
        let stated = self
            .stated
            .as_ref()
            .map_or(0, |stated| STATED + (stated.arn.as_str().len() + pairs(&stated.attributes)) as u64);
        stated + self.endpoints.live_bytes()
    }

    fn same(&self, other: &Application) -> bool {
        let stated = |application: &Application| {
            application.stated.as_ref().map(|stated| (stated.arn.clone(), stated.attributes.clone()))
        };
        stated(self) == stated(other) && self.endpoints.same(&other.endpoints)
    }
}

fn told(told: Told) -> Decided {
    Decided::nothing(Reply::Application(told))
}

fn done(event: Option<Event>) -> Decided {
    Decided::perhaps(event.map(crate::Event::Application), Reply::Done)
}
