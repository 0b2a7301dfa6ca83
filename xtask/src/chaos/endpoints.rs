//! The 200 endpoints: who they are, and how they behave.
//!
//! Two thirds are healthy, the others fail in five ways. Until everybody is confirmed all behave well, then trouble begins,
//! and at the end it is over, so that everything that is owed still can come.

use super::books::{Books, Traits, Turn};
use super::web::{self, Arrived, Conduct, Site};
use crate::http::Client;
use serde_json::Value;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, RwLock};
use std::time::{Duration, Instant};

/// All endpoints.
pub(super) const ENDPOINTS: usize = 200;
/// `numRetries` of those that have trouble, each 1 s after the last.
pub(super) const RETRIES: u32 = 2;
/// Origins that they are at.
const LISTENERS: usize = 20;
/// How long a slow endpoint takes: less than what the server waits for an answer.
const SLOW: Duration = Duration::from_secs(4);
/// The path of an endpoint, before its number.
const PATH: &str = "/hooks/";
const PATIENCE: Duration = Duration::from_secs(20);

/// How an endpoint behaves in times of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nature {
    /// Takes everything at once.
    Healthy,
    /// Takes everything, but takes long.
    Slow,
    /// 500 for some seconds, then well again.
    Recovering,
    /// 404 for good.
    Gone,
    /// Never answers.
    Hanging,
    /// Some seconds down, some seconds up.
    Flapping,
}

/// What an endpoint wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filter {
    All,
    /// The attribute `parity` is `odd`.
    Odd,
    /// The member `size` of the body is at least 500.
    Big,
}

impl Filter {
    /// Whether a publication must come, and no other may.
    pub(super) fn admits(self, traits: Traits) -> bool {
        match self {
            Filter::All => true,
            Filter::Odd => traits.odd,
            Filter::Big => traits.size >= 500,
        }
    }
}

/// One endpoint.
#[derive(Debug, Clone, Copy)]
pub(super) struct Endpoint {
    pub(super) number: usize,
    pub(super) nature: Nature,
    pub(super) filter: Filter,
    pub(super) raw: bool,
}

impl Endpoint {
    fn of(number: usize) -> Endpoint {
        const TROUBLES: [Nature; 5] =
            [Nature::Recovering, Nature::Gone, Nature::Hanging, Nature::Flapping, Nature::Slow];
        let nature = if number.is_multiple_of(3) { TROUBLES[number / 3 % 5] } else { Nature::Healthy };
        let filter = [Filter::All, Filter::Odd, Filter::All, Filter::Big][number % 4];
        Endpoint { number, nature, filter, raw: number % 7 < 2 }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "endpoint {} ({:?}, {:?}, raw {})", self.number, self.nature, self.filter, self.raw)
    }
}

/// Everybody.
pub(super) fn everybody() -> Vec<Endpoint> {
    (0..ENDPOINTS).map(Endpoint::of).collect()
}

/// How the times are.
#[derive(Debug, Clone, Copy)]
enum Times {
    Calm,
    /// Since when.
    Trouble(Instant),
}

/// The endpoints, served.
#[derive(Debug)]
pub(super) struct Endpoints {
    all: Vec<Endpoint>,
    books: Arc<Mutex<Books>>,
    times: RwLock<Times>,
}

impl Endpoints {
    /// Opens all of them. Gives the URL of each as well.
    pub(super) fn open(books: &Arc<Mutex<Books>>) -> Result<(Arc<Endpoints>, Vec<String>), String> {
        let times = RwLock::new(Times::Calm);
        let endpoints = Arc::new(Endpoints { all: everybody(), books: Arc::clone(books), times });
        let addresses = (0..LISTENERS).map(|_| web::serve(&endpoints)).collect::<Result<Vec<_>, _>>();
        let addresses = addresses.map_err(|e| format!("cannot open the endpoints: {e}"))?;
        let url = |number| format!("http://{}{PATH}{number}", addresses[number % LISTENERS]);
        let urls = (0..ENDPOINTS).map(url).collect();
        Ok((endpoints, urls))
    }

    /// Now a third is in trouble.
    pub(super) fn begin_trouble(&self) {
        *self.times.write().expect("no reader panics") = Times::Trouble(Instant::now());
    }

    /// Now all are well.
    pub(super) fn end_trouble(&self) {
        *self.times.write().expect("no reader panics") = Times::Calm;
    }

    fn times(&self) -> Times {
        *self.times.read().expect("no writer panics")
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().expect("nobody panics while he writes")
    }

    fn asked_for(&self, request: &Arrived) -> Option<Endpoint> {
        let number: usize = request.path.strip_prefix(PATH)?.parse().ok()?;
        self.all.get(number).copied()
    }

    fn mood(&self, of: Endpoint) -> Conduct {
        let Times::Trouble(since) = self.times() else { return Conduct::Answer(200) };
        let (elapsed, number) = (since.elapsed().as_secs_f64(), of.number);
        match of.nature {
            Nature::Healthy => Conduct::Answer(200),
            Nature::Slow => Conduct::Late(SLOW),
            Nature::Recovering if elapsed < 5.0 + (number % 20) as f64 => Conduct::Answer(500),
            Nature::Recovering => Conduct::Answer(200),
            Nature::Gone => Conduct::Answer(404),
            Nature::Hanging => Conduct::Hang,
            Nature::Flapping => {
                let period = 4.0 + (number % 5) as f64;
                if elapsed % period > period * 0.6 {
                    Conduct::Answer(200)
                } else if number.is_multiple_of(2) {
                    Conduct::HangUp
                } else {
                    Conduct::Answer(503)
                }
            }
        }
    }

    /// Visits the link of a confirmation, as the owner of an endpoint does.
    fn confirm(&self, endpoint: usize, body: &str) {
        let confirmation: Value = serde_json::from_str(body).unwrap_or(Value::Null);
        let link = confirmation["SubscribeURL"].as_str().unwrap_or_default();
        let visited = link
            .strip_prefix("http://")
            .and_then(|rest| rest.split_once('/'))
            .ok_or_else(|| format!("no link in {body}"))
            .and_then(|(host, path)| {
                let reply = Client::new(host, PATIENCE).fetch(&format!("/{path}"));
                reply.map_err(|e| format!("{link}: {e}"))?.ok()
            });
        match visited {
            Ok(_) => self.books().confirmed(endpoint),
            Err(reason) => self.books().violation(format!("endpoint {endpoint}: cannot confirm: {reason}")),
        }
    }
}

fn is_confirmation(request: &Arrived) -> bool {
    request.header("x-amz-sns-message-type") == Some("SubscriptionConfirmation")
}

/// The number of a message, from its own text or from an envelope.
pub(super) fn number(body: &str) -> Option<usize> {
    let parsed: Value = serde_json::from_str(body).ok()?;
    let inner = match parsed["Message"].as_str() {
        Some(text) => serde_json::from_str(text).ok()?,
        None => parsed,
    };
    inner["n"].as_u64().and_then(|number| usize::try_from(number).ok())
}

impl Site for Endpoints {
    fn conduct(&self, request: &Arrived) -> Conduct {
        let Some(of) = self.asked_for(request) else { return Conduct::Answer(404) };
        if is_confirmation(request) {
            return Conduct::Answer(200);
        }
        let raw = request.header("x-amz-sns-rawdelivery") == Some("true");
        if request.header("x-amz-sns-message-type") != Some("Notification") || raw != of.raw {
            self.books().violation(format!("{of}: an odd request: {request:?}"));
        }
        let conduct = self.mood(of);
        let turn = match conduct {
            Conduct::Answer(200) | Conduct::Late(_) => Turn::Taken,
            Conduct::Answer(_) | Conduct::Hang | Conduct::HangUp => Turn::Failed,
        };
        match number(&request.body) {
            Some(number) => self.books().arrived(of.number, number, turn),
            None => self.books().violation(format!("{of}: not a message of ours: {}", request.body)),
        }
        conduct
    }

    fn answered(&self, request: &Arrived) {
        if let Some(of) = self.asked_for(request).filter(|_| is_confirmation(request)) {
            self.confirm(of.number, &request.body);
        }
    }

    fn hangs(&self) -> bool {
        matches!(self.times(), Times::Trouble(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_has_trouble_of_every_kind() {
        let all = everybody();
        let count = |nature| all.iter().filter(|of| of.nature == nature).count();
        assert_eq!(count(Nature::Healthy), 133);
        for nature in [Nature::Slow, Nature::Recovering, Nature::Gone, Nature::Hanging, Nature::Flapping] {
            assert!(count(nature) >= 13, "{nature:?}");
        }
    }

    #[test]
    fn numbers_are_read_from_both_forms() {
        assert_eq!(number(r#"{"n":7,"size":1}"#), Some(7));
        assert_eq!(number(r#"{"Type":"Notification","Message":"{\"n\":8}"}"#), Some(8));
        assert_eq!(number("hello"), None);
    }
}
