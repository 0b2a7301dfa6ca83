//! Postrider: iam.
