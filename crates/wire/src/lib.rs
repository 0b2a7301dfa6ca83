//! Postrider: wire.
