//! Postrider: log.
