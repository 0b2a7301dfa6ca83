//! What leaves the server: one attempt at one endpoint, and the signature on what is sent.
//!
//! This crate sends what others rendered. When to try again is state and lives in the core.

pub mod egress;
pub mod http;
pub mod signature;
