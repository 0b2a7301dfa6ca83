//! Subscriptions: who gets a topic's publications, which of them, and in what form.

use super::filter::{Policy, Scope};
use crate::Lsn;
use crate::event::SubscriptionStated;
use std::sync::Arc;

/// In what form a subscriber gets a publication.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// The JSON envelope.
    #[default]
    Envelope,
    /// The message itself (`RawMessageDelivery`).
    Raw,
}

/// A filter policy: its text as it was given, and what it means.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// `FilterPolicy`, as it was sent.
    pub text: Box<str>,
    /// `FilterPolicyScope`.
    pub scope: Scope,
    /// The policy, parsed.
    pub policy: Policy,
}

/// A change of one attribute of a subscription.
#[derive(Clone, Debug)]
pub enum Change {
    /// `RawMessageDelivery`.
    Form(Form),
    /// `FilterPolicy` or `FilterPolicyScope`: the filter that results, or none.
    Filter(Option<Arc<Filter>>),
}

/// A subscription as the state holds it.
#[derive(Clone, Debug)]
pub(crate) struct Subscription {
    pub(crate) stated: Arc<SubscriptionStated>,
    /// Where the log states it last.
    pub(crate) at: Lsn,
}

impl Subscription {
    /// This subscription with a change.
    pub(crate) fn with(&self, change: Change) -> SubscriptionStated {
        let mut next = SubscriptionStated::clone(&self.stated);
        match change {
            Change::Form(form) => next.form = form,
            Change::Filter(filter) => next.filter = filter,
        }
        next
    }
}
