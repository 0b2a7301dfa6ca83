//! What was published, what came to which endpoint, and what follows from that.
//!
//! A publication without an answer may have happened or not: it may arrive or not, but never where a filter refuses it.
//! What an endpoint gets again, without a kill in between, was tried again by its policy, and never more often; and
//! nothing is a dead letter before its policy was at its end.

use super::endpoints::{Endpoint, Nature, RETRIES};
use std::time::Instant;

const VIOLATIONS_SHOWN: usize = 20;

/// What filters look at in a publication.
#[derive(Debug, Clone, Copy)]
pub(super) struct Traits {
    /// The attribute `parity`.
    pub(super) odd: bool,
    /// The member `size` of the body.
    pub(super) size: u64,
}

#[derive(Debug)]
struct Publication {
    traits: Traits,
    asked: Instant,
    /// The run of the server that it was asked of.
    run: u32,
    acknowledged: bool,
}

/// What an endpoint has seen of a publication.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    attempts: u32,
    taken: u32,
    dead: u32,
}

/// What an endpoint did with a publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It took it: the answer is 200.
    Taken,
    /// The attempt fails.
    Failed,
}

/// The books of one run.
#[derive(Debug)]
pub(super) struct Books {
    endpoints: Vec<Endpoint>,
    confirmed: Vec<bool>,
    publications: Vec<Publication>,
    /// By endpoint and publication.
    seen: Vec<Vec<Seen>>,
    /// How often the server was started anew.
    run: u32,
    /// From the request to publish to the arrival at a healthy endpoint, where no kill came between, microseconds.
    latencies_us: Vec<u64>,
    violations: Vec<String>,
}

/// Figures of one run.
#[derive(Debug, Default)]
pub(super) struct Totals {
    /// Publications that were asked for, and that were acknowledged.
    pub(super) asked: usize,
    pub(super) acknowledged: usize,
    /// Pairs of publication and endpoint that were taken at least once.
    pub(super) taken: u64,
    /// Taken again.
    pub(super) again: u64,
    /// Attempts that the endpoints saw.
    pub(super) attempts: u64,
    pub(super) dead: u64,
}

impl Books {
    /// Books for these endpoints.
    pub(super) fn new(endpoints: Vec<Endpoint>) -> Books {
        let count = endpoints.len();
        Books {
            endpoints,
            confirmed: vec![false; count],
            publications: Vec::new(),
            seen: vec![Vec::new(); count],
            run: 0,
            latencies_us: Vec::new(),
            violations: Vec::new(),
        }
    }

    /// A subscription was confirmed.
    pub(super) fn confirmed(&mut self, endpoint: usize) {
        self.confirmed[endpoint] = true;
    }

    /// How many were not confirmed yet.
    pub(super) fn unconfirmed(&self) -> usize {
        self.confirmed.iter().filter(|confirmed| !**confirmed).count()
    }

    /// The server was killed or ended, and whatever was under way with it.
    pub(super) fn interrupted(&mut self) {
        self.run += 1;
    }

    /// A message is about to be published. Gives its number.
    pub(super) fn asked(&mut self, traits: Traits) -> usize {
        let run = self.run;
        self.publications.push(Publication { traits, asked: Instant::now(), run, acknowledged: false });
        self.publications.len() - 1
    }

    /// The server took it.
    pub(super) fn acknowledged(&mut self, number: usize) {
        self.publications[number].acknowledged = true;
    }

    /// An endpoint got a message.
    pub(super) fn arrived(&mut self, endpoint: usize, number: usize, turn: Turn) {
        if !self.may_be_at(endpoint, number, "arrived") {
            return;
        }
        let publication = &self.publications[number];
        let of = &self.endpoints[endpoint];
        let interruptions = self.run - publication.run;
        let seen = slot(&mut self.seen[endpoint], number);
        seen.attempts += 1;
        if turn == Turn::Taken {
            seen.taken += 1;
            if seen.taken == 1 && of.nature == Nature::Healthy && interruptions == 0 {
                let took = publication.asked.elapsed();
                self.latencies_us.push(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
            }
        }
        let most = of.nature.attempts_max(interruptions);
        if seen.attempts > most {
            let text = format!(
                "{of}: message {number} came {} times; with {interruptions} kills in between at most {most}",
                seen.attempts
            );
            self.violation(text);
        }
    }

    /// A message was found in the dead-letter queue of an endpoint.
    pub(super) fn dead_letter(&mut self, endpoint: usize, number: usize) {
        if !self.may_be_at(endpoint, number, "is a dead letter") {
            return;
        }
        let seen = slot(&mut self.seen[endpoint], number);
        seen.dead += 1;
        let (dead, attempts) = (seen.dead, seen.attempts);
        let of = &self.endpoints[endpoint];
        let least = of.nature.attempts_min();
        let text = if dead > 1 {
            format!("{of}: message {number} is a dead letter {dead} times")
        } else if attempts < least {
            format!("{of}: message {number} is a dead letter after {attempts} attempts instead of {least}")
        } else {
            return;
        };
        self.violation(text);
    }

    fn may_be_at(&mut self, endpoint: usize, number: usize, how: &str) -> bool {
        let of = &self.endpoints[endpoint];
        let text = match self.publications.get(number) {
            None => format!("{of}: message {number} {how}, which nobody published"),
            Some(publication) if of.filter.admits(publication.traits) => return true,
            Some(publication) => {
                format!("{of}: message {number} {how}, which its filter refuses: {:?}", publication.traits)
            }
        };
        self.violation(text);
        false
    }

    /// What has not come to endpoints of this nature (or of any) and is no dead letter either: endpoint and message.
    pub(super) fn missing(&self, nature: Option<Nature>) -> Vec<(usize, usize)> {
        let of_nature = |of: &Endpoint| nature.is_none_or(|nature| of.nature == nature);
        let mut missing = Vec::new();
        for (endpoint, of) in self.endpoints.iter().enumerate().filter(|(_, of)| of_nature(of)) {
            for (number, publication) in self.publications.iter().enumerate() {
                let seen = self.seen[endpoint].get(number).copied().unwrap_or_default();
                let owed = publication.acknowledged && of.filter.admits(publication.traits);
                if owed && seen.taken == 0 && seen.dead == 0 {
                    missing.push((endpoint, number));
                }
            }
        }
        missing
    }

    /// Notes as a violation what is missing after everything has had its time.
    pub(super) fn close(&mut self) {
        for (endpoint, number) in self.missing(None) {
            let text = format!("{}: message {number} is lost", self.endpoints[endpoint]);
            self.violation(text);
        }
    }

    /// Notes something that must not be.
    pub(super) fn violation(&mut self, text: String) {
        self.violations.push(text);
    }

    /// An error with the violations so far, if there is any.
    pub(super) fn verdict(&self) -> Result<(), String> {
        if self.violations.is_empty() {
            return Ok(());
        }
        let shown = &self.violations[..self.violations.len().min(VIOLATIONS_SHOWN)];
        Err(format!("{} violations, among them\n  {}", self.violations.len(), shown.join("\n  ")))
    }

    /// The sums.
    pub(super) fn totals(&self) -> Totals {
        let mut totals = Totals { asked: self.publications.len(), ..Totals::default() };
        totals.acknowledged = self.publications.iter().filter(|publication| publication.acknowledged).count();
        for seen in self.seen.iter().flatten() {
            totals.taken += u64::from(seen.taken > 0);
            totals.again += u64::from(seen.taken.saturating_sub(1));
            totals.attempts += u64::from(seen.attempts);
            totals.dead += u64::from(seen.dead);
        }
        totals
    }

    /// Latencies at healthy endpoints, microseconds, of the slowest of so many per thousand.
    pub(super) fn latency_us(&self, per_mille: usize) -> u64 {
        let mut sorted = self.latencies_us.clone();
        sorted.sort_unstable();
        let at = (sorted.len() * per_mille / 1_000).min(sorted.len().saturating_sub(1));
        sorted.get(at).copied().unwrap_or_default()
    }
}

impl Nature {
    /// How often a message may come, with so many kills in between: each may have cut one attempt short.
    fn attempts_max(self, interruptions: u32) -> u32 {
        match self {
            Nature::Healthy | Nature::Slow | Nature::Gone => 1 + interruptions,
            Nature::Recovering => 1 + RETRIES + interruptions,
            // A post on a kept connection that is closed in its face is posted once more at once.
            Nature::Hanging | Nature::Flapping => 2 * (1 + RETRIES + interruptions),
        }
    }

    /// How often a message must have come before it is a dead letter.
    fn attempts_min(self) -> u32 {
        match self {
            Nature::Gone => 1,
            Nature::Healthy | Nature::Slow | Nature::Recovering | Nature::Hanging | Nature::Flapping => {
                1 + RETRIES
            }
        }
    }
}

fn slot(seen: &mut Vec<Seen>, number: usize) -> &mut Seen {
    if seen.len() <= number {
        seen.resize(number + 1, Seen::default());
    }
    &mut seen[number]
}

#[cfg(test)]
mod tests;
