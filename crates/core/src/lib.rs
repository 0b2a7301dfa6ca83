//! Postrider: core.
