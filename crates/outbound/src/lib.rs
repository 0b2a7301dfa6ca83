//! Postrider: outbound.
