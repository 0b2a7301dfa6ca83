//! AWS bytes to typed operations and back.
//!
//! A request passes through [`request::route`] (which protocol, service and action is this?) and
//! [`request::Routed::decode`] (what are its members?). A reply passes through
//! [`response::encode`] or [`response::encode_error`]. Between the two everything is a plain
//! struct that borrows from the request, written by hand: [`sqs`] and [`sns`] hold one struct per
//! operation and say, field by field, what each member is called in each protocol.
//!
//! This crate knows shapes, not rules: whether a number is in range or a queue exists is decided
//! elsewhere. It does hold every text that AWS puts into an error message ([`error`]), so that
//! those who decide only pick one by name.
//!
//! Invariants:
//! - no input makes this crate panic: bytes that mean nothing are an [`Error`];
//! - whether a member was absent or empty survives decoding, because AWS tells them apart;
//! - JSON and Query of one operation decode into the same struct.

pub mod attribute;
pub mod delivery_log;
pub mod digest;
pub mod envelope;
pub mod error;
mod json;
pub mod operation;
pub mod payload;
pub mod query;
pub mod request;
pub mod response;
pub mod shape;
pub mod sns;
pub mod sqs;
pub mod text;
pub mod url;
mod xml;

pub use error::{Error, ErrorKind};
pub use operation::{Action, Operation, Protocol, Service};
pub use request::{Request, Routed, route};
pub use response::{Output, Response};
pub use text::{Blob, Text};
