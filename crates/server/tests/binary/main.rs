//! The built binary, seen from outside: nothing here links a Postrider crate.
//!
//! Any WARN or ERROR line on the server's standard error fails the test, unless the test expects it.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

mod access;
mod admin;
mod archives;
mod beyond;
mod bounds;
mod client;
mod command_line;
mod deliveries;
mod durable;
mod ending;
mod http2;
mod localstack;
mod server;
mod signer;
mod starting;
mod urls;
