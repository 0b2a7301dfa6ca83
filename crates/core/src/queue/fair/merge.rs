//! The messages of many groups, and those of none, in one order, as far as somebody asks.
//!
//! A group is opened only when its first message's turn comes, so the work is that of the messages
//! taken, and nothing is allocated while all of them are of no group.

use super::{Group, Key};
use crate::id::{GroupKey, Number};
use std::collections::{BTreeMap, btree_set};
use std::iter::Peekable;

/// Messages of several groups and of none, by their keys.
pub(super) struct Merge<'a> {
    groups: &'a BTreeMap<GroupKey, Group>,
    /// The first message of each group that was not opened yet.
    pub(super) heads: Peekable<btree_set::Iter<'a, (Key, GroupKey)>>,
    pub(super) ungrouped: Peekable<btree_set::Iter<'a, Key>>,
    /// The next message of each group that was opened, and what is behind it.
    pub(super) opened: BTreeMap<Key, btree_set::Iter<'a, Key>>,
}

impl<'a> Merge<'a> {
    /// The messages of the groups in `heads`, and `ungrouped`.
    pub(super) fn new(
        groups: &'a BTreeMap<GroupKey, Group>,
        heads: btree_set::Iter<'a, (Key, GroupKey)>,
        ungrouped: btree_set::Iter<'a, Key>,
    ) -> Merge<'a> {
        Merge { groups, heads: heads.peekable(), ungrouped: ungrouped.peekable(), opened: BTreeMap::new() }
    }
}

impl Iterator for Merge<'_> {
    type Item = Number;

    fn next(&mut self) -> Option<Number> {
        let alone = self.ungrouped.peek().map(|key| **key);
        let head = self.heads.peek().map(|entry| entry.0);
        let opened = self.opened.first_key_value().map(|entry| *entry.0);
        let first = [alone, head, opened].into_iter().flatten().min()?;
        if alone == Some(first) {
            self.ungrouped.next();
        } else {
            let mut rest = if head == Some(first) {
                let (_, group) = self.heads.next()?;
                let mut messages = self.groups.get(group)?.available.iter();
                messages.next();
                messages
            } else {
                self.opened.pop_first()?.1
            };
            if let Some(next) = rest.next() {
                self.opened.insert(*next, rest);
            }
        }
        Some(first.1)
    }
}
