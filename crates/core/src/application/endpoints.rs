//! The endpoints of an application: by id, for everybody who knows the ARN and for lists; and by token, of which no two
//! have the same.
//!
//! Invariants:
//! - `by_token` has exactly the tokens of `by_id`;
//! - `live_bytes` is about what the log takes to state them all.

use super::Endpoint;
use crate::Lsn;
use crate::id::Uuid;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

/// What a statement of an endpoint takes besides its texts.
const STATED: u64 = 64;

/// The endpoints of an application.
#[derive(Debug, Default)]
pub(super) struct Endpoints {
    by_id: BTreeMap<Uuid, Known>,
    by_token: BTreeMap<Arc<str>, Uuid>,
    live_bytes: u64,
}

/// An endpoint.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) endpoint: Endpoint,
    /// Where the log states it last.
    pub(super) stated: Lsn,
}

impl Endpoints {
    /// The endpoint of this id.
    pub(super) fn find(&self, id: Uuid) -> Option<&Known> {
        self.by_id.get(&id)
    }

    /// The endpoint with this token.
    pub(super) fn with_token(&self, token: &str) -> Option<(Uuid, &Endpoint)> {
        let id = *self.by_token.get(token)?;
        Some((id, &self.by_id.get(&id)?.endpoint))
    }

    /// Those after one, in order of their ids.
    pub(super) fn after(&self, after: Option<Uuid>) -> impl Iterator<Item = (Uuid, &Endpoint)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.by_id.range((from, Bound::Unbounded)).map(|(id, known)| (*id, &known.endpoint))
    }

    /// Folds a statement in.
    pub(super) fn state(&mut self, stated: Lsn, id: Uuid, endpoint: &Endpoint) {
        self.remove(id);
        self.live_bytes += live_bytes(endpoint);
        self.by_token.insert(endpoint.token.clone(), id);
        self.by_id.insert(id, Known { endpoint: endpoint.clone(), stated });
    }

    /// Folds an end in.
    pub(super) fn remove(&mut self, id: Uuid) {
        let Some(known) = self.by_id.remove(&id) else { return };
        self.live_bytes -= live_bytes(&known.endpoint);
        self.by_token.remove(&known.endpoint.token);
    }

    /// Frees one, of an application that is gone. Says whether there was one.
    pub(super) fn pop(&mut self) -> bool {
        self.by_token.pop_last();
        self.by_id.pop_last().is_some()
    }

    /// About how many bytes of the log state them.
    pub(super) fn live_bytes(&self) -> u64 {
        self.live_bytes
    }

    /// Are they the same? Where the log states them does not count.
    pub(super) fn same(&self, other: &Endpoints) -> bool {
        self.by_token == other.by_token && self.after(None).eq(other.after(None))
    }

    /// Panics if they contradict themselves.
    pub(super) fn check(&self) {
        assert_eq!(self.by_id.len(), self.by_token.len(), "each endpoint has a token of its own");
        for (token, id) in &self.by_token {
            let endpoint = self.by_id.get(id).map(|known| &known.endpoint.token);
            assert_eq!(endpoint, Some(token), "an endpoint is found by its token");
        }
        let live_bytes = self.by_id.values().map(|known| self::live_bytes(&known.endpoint)).sum::<u64>();
        assert_eq!(self.live_bytes, live_bytes, "live bytes of endpoints");
    }
}

fn live_bytes(endpoint: &Endpoint) -> u64 {
    STATED + endpoint.text_bytes() as u64
}
