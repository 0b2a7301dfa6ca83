//! Postrider: runtime.
