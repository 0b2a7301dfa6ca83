//! Request bodies: whole in memory, within three bounds, before anything looks at them.
//!
//! A body has at most so many bytes, arrives within a time, and all bodies that are held at the same time
//! stay below [`HELD_BYTES_MAX`]. Whoever exceeds one is answered; the rest of such a body is not read.
//!
//! Invariant: `held` is the sum of all living [`Body`]s and of what is being read.

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use postrider_wire::error::{Error, common};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::time::timeout;

/// Bytes of all bodies that are held at the same time: 21 of the largest by default. Only what has arrived
/// counts, not what is announced.
const HELD_BYTES_MAX: u64 = 256 << 20;

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It is longer than a request may be.
    TooLarge,
    /// It did not arrive in time.
    TooSlow,
    /// Too much is held already.
    Busy,
    /// The connection or its framing broke.
    Broken,
}

impl Flaw {
    /// What the client is told.
    pub(crate) fn error(self) -> Error {
        match self {
            Flaw::TooLarge => common::request_too_large(),
            Flaw::TooSlow => common::request_timeout(),
            Flaw::Busy => {
                common::service_unavailable("The server has more to do than it can take. Try again.")
            }
            Flaw::Broken => common::malformed_input("The body of the request could not be read."),
        }
    }
}

/// Reads bodies.
#[derive(Debug)]
pub(crate) struct Bodies {
    bytes_max: u64,
    within: Duration,
    held: AtomicU64,
}

/// A whole body.
pub(crate) struct Body<'b> {
    /// Its bytes.
    pub(crate) bytes: Bytes,
    _hold: Hold<'b>,
}

impl Bodies {
    /// Bodies of at most `bytes_max` bytes that arrive within a time.
    pub(crate) fn new(bytes_max: u64, within: Duration) -> Bodies {
        Bodies { bytes_max, within, held: AtomicU64::new(0) }
    }

    /// Reads a body.
    ///
    /// # Errors
    /// It breaks one of the bounds, or cannot be read.
    pub(crate) async fn read(&self, incoming: Incoming) -> Result<Body<'_>, Flaw> {
        let mut hold = Hold { bodies: self, bytes: 0 };
        if incoming.is_end_stream() {
            return Ok(Body { bytes: Bytes::new(), _hold: hold });
        }
        // The rest of a body that is announced as too long is not worth reading.
        if incoming.size_hint().lower() > self.bytes_max {
            return Err(Flaw::TooLarge);
        }
        match timeout(self.within, collect(incoming, &mut hold)).await {
            Ok(read) => Ok(Body { bytes: read?, _hold: hold }),
            Err(_) => Err(Flaw::TooSlow),
        }
    }
}

/// Most bodies arrive in one piece, which is then used as it is.
async fn collect(mut incoming: Incoming, hold: &mut Hold<'_>) -> Result<Bytes, Flaw> {
    let mut first = Bytes::new();
    let mut whole = Vec::new();
    while let Some(frame) = incoming.frame().await {
        let Ok(piece) = frame.map_err(|_| Flaw::Broken)?.into_data() else { continue };
        hold.more(piece.len() as u64)?;
        if first.is_empty() && whole.is_empty() {
            first = piece;
            if incoming.is_end_stream() {
                break;
            }
            continue;
        }
        if whole.is_empty() {
            whole.extend_from_slice(&first);
        }
        whole.extend_from_slice(&piece);
    }
    Ok(if whole.is_empty() { first } else { Bytes::from(whole) })
}

/// A share of what may be held.
#[derive(Debug)]
struct Hold<'b> {
    bodies: &'b Bodies,
    bytes: u64,
}

impl Hold<'_> {
    fn more(&mut self, bytes: u64) -> Result<(), Flaw> {
        if self.bytes + bytes > self.bodies.bytes_max {
            return Err(Flaw::TooLarge);
        }
        self.bytes += bytes;
        let held = self.bodies.held.fetch_add(bytes, Relaxed) + bytes;
        if held > HELD_BYTES_MAX { Err(Flaw::Busy) } else { Ok(()) }
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.bodies.held.fetch_sub(self.bytes, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_bounded_and_given_back() {
        let bodies = Bodies::new(HELD_BYTES_MAX, Duration::from_secs(1));
        let mut first = Hold { bodies: &bodies, bytes: 0 };
        assert_eq!(first.more(HELD_BYTES_MAX), Ok(()));
        assert_eq!(first.more(1), Err(Flaw::TooLarge));
        let mut second = Hold { bodies: &bodies, bytes: 0 };
        assert_eq!(second.more(1), Err(Flaw::Busy));
        drop((first, second));
        assert_eq!(bodies.held.load(Relaxed), 0);
    }
}
