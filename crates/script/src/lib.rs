//! Postrider: script.
