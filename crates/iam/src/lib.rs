//! Who is asking, and may they.
//!
//! A request passes four stages, each a type that consumes the one before, so that none can be left
//! out:
//!
//! ```text
//! Request ──Gate::check──▶ Signed ──Signed::decoded──▶ Decoded<T> ──authorize──▶ Authorized<T>
//! received                 who asks                    and what                  and may
//! ```
//!
//! Operations accept [`Authorized`] only, and only [`authorize`] makes it. It carries the revision of
//! the resource that it was judged by: the writer refuses a stale one, which goes back through
//! [`Authorized::rejudge`].
//!
//! This crate knows bytes, names and policies; it knows nothing of sockets, of operations, or of the
//! state of queues and topics.
//!
//! Invariants:
//! - a [`Signed`] exists only for a verified signature, for an anonymous caller, or on an open server;
//! - an [`Authorized`] exists only where [`authorize`] said yes;
//! - no secret is printed or compared in a time that depends on it.

mod credentials;
mod denied;
mod error;
mod gate;
mod identity;
pub mod sigv4;
#[cfg(test)]
mod tests;

pub use crate::credentials::{Credential, Credentials, Secret, Session};
pub use crate::denied::{Denied, PolicyKind, Reason};
pub use crate::error::{AuthError, RequiredHeader};
pub use crate::gate::Gate;
pub use crate::identity::{Account, Caller, DEFAULT_REGION, Principal, REGION_BYTES_MAX, Service, is_region};

/// A request whose caller is known: proven, or taken at its word on an open server.
#[derive(Clone, Debug)]
pub struct Signed {
    caller: Caller,
}

impl Signed {
    /// Who asks.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The same request in another region, for one whose signature names none or that says otherwise which
    /// it means. A region is a namespace, and gives no rights: those follow the principal.
    #[must_use]
    pub fn in_region(self, region: &str) -> Signed {
        Signed { caller: self.caller.in_region(region) }
    }

    /// The next stage: what is asked for has been decoded.
    pub fn decoded<T>(self, operation: T) -> Decoded<T> {
        Decoded { caller: self.caller, operation }
    }
}

/// A request whose caller and operation are known, not judged yet.
#[derive(Clone, Debug)]
pub struct Decoded<T> {
    caller: Caller,
    operation: T,
}

impl<T> Decoded<T> {
    /// Who asks.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// What is asked for; to find the resource that it is about.
    pub fn operation(&self) -> &T {
        &self.operation
    }
}

/// What an operation acts on, and by which rules that is judged.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The resource's ARN, or `*` for calls that are about none.
    pub resource: &'a str,
    /// The text of the resource's own policy, if it has one.
    pub policy: Option<&'a str>,
    /// The revision of the resource that `policy` is from.
    pub revision: u64,
}

/// An operation that its caller may execute.
#[derive(Debug)]
pub struct Authorized<T> {
    caller: Caller,
    operation: T,
    judged: u64,
}

impl<T> Authorized<T> {
    /// Who asks.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// What is asked for.
    pub fn operation(&self) -> &T {
        &self.operation
    }

    /// The revision of the resource that the judgement is based on.
    pub fn judged(&self) -> u64 {
        self.judged
    }

    /// Takes the operation out, to execute it.
    pub fn into_parts(self) -> (T, Caller, u64) {
        (self.operation, self.caller, self.judged)
    }

    /// Goes back a stage: the resource has changed since, so it has to be judged again.
    pub fn rejudge(self) -> Decoded<T> {
        Decoded { caller: self.caller, operation: self.operation }
    }
}

/// The calls that need no signature, because a token or the subscription itself is the proof.
const UNSIGNED_ACTIONS: [&str; 2] = ["sns:ConfirmSubscription", "sns:Unsubscribe"];

/// Judges whether a caller may execute an operation: `action` as policies name it, for example
/// `sqs:SendMessage`, on `target`.
///
/// Every known caller may do everything. An anonymous one may only confirm and end subscriptions.
pub fn authorize<T>(decoded: Decoded<T>, action: &str, target: &Target<'_>) -> Result<Authorized<T>, Denied> {
    let Decoded { caller, operation } = decoded;
    match caller.principal() {
        Principal::Anonymous if !UNSIGNED_ACTIONS.contains(&action) => Err(Denied::Anonymous),
        Principal::Anonymous | Principal::Root(_) | Principal::Named { .. } => {
            Ok(Authorized { caller, operation, judged: target.revision })
        }
    }
}
