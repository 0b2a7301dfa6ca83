//! Which attributes a receive returns.

use std::ops::Deref;

use crate::shape::List;
use crate::text::Text;

/// Which message attributes a ReceiveMessage asks for.
#[derive(Debug, Clone, Copy)]
pub struct Selection<'s> {
    names: &'s [Text<'s>],
}

impl<'s> Selection<'s> {
    /// The selection that `MessageAttributeNames` makes; absent selects nothing.
    pub fn new(names: Option<&'s List<Text<'s>>>) -> Self {
        Self { names: names.map(Deref::deref).unwrap_or_default() }
    }

    /// Whether it selects nothing at all.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether an attribute of this name is selected: `All`, `.*` and `*` select every one, `text.*`
    /// all that start with `text`, anything else the one it names.
    pub fn includes(&self, name: &str) -> bool {
        self.names.iter().any(|pattern| match pattern.as_str() {
            "All" | ".*" | "*" => true,
            pattern => match pattern.strip_suffix(".*") {
                Some(prefix) => name.starts_with(prefix),
                None => name == pattern,
            },
        })
    }
}
