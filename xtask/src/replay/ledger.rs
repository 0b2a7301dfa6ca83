//! What was published and what came, by group. Numbers of a group begin at 1.

use std::collections::BTreeMap;

const VIOLATIONS_SHOWN: usize = 20;

/// Numbers and what became of them.
#[derive(Debug, Default)]
struct Group {
    /// The last number that was acknowledged.
    published: u64,
    /// The last number that came.
    came: u64,
    /// Whose delete was acknowledged, by number.
    deleted: Vec<bool>,
}

/// The books of one run.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    groups: BTreeMap<u64, Group>,
    published: u64,
    came: u64,
    again: u64,
    violations: Vec<String>,
}

impl Ledger {
    /// The number that comes next in a group.
    pub(super) fn next(&self, group: u64) -> u64 {
        self.groups.get(&group).map_or(1, |group| group.published + 1)
    }

    /// The server took it.
    pub(super) fn acknowledged(&mut self, group: u64, number: u64) {
        let books = self.groups.entry(group).or_default();
        if number != books.published + 1 {
            self.violations.push(format!("group {group}: {number} was published after {}", books.published));
        }
        books.published = number;
        self.published += 1;
    }

    /// A consumer got it.
    pub(super) fn received(&mut self, group: u64, number: u64) {
        let Some(books) = self.groups.get_mut(&group) else {
            self.violations.push(format!("group {group}: nobody published to it, and {number} came"));
            return;
        };
        let next = books.came + 1;
        if number > next {
            self.violations.push(format!("group {group}: {number} came before {next}"));
        }
        if number < next {
            self.again += 1;
            if books.deleted.get(number as usize).copied().unwrap_or_default() {
                self.violations.push(format!("group {group}: {number} came back after its delete"));
            }
            return;
        }
        self.came += number - books.came;
        books.came = number;
    }

    /// The delete was acknowledged.
    pub(super) fn deleted(&mut self, group: u64, number: u64) {
        let Some(books) = self.groups.get_mut(&group) else { return };
        let at = number as usize;
        if books.deleted.len() <= at {
            books.deleted.resize(at + 1, false);
        }
        books.deleted[at] = true;
    }

    /// About how many have not come yet. What was never acknowledged may have come as well.
    pub(super) fn left(&self) -> u64 {
        self.published.saturating_sub(self.came)
    }

    /// Messages that came, each once.
    pub(super) fn came(&self) -> u64 {
        self.came
    }

    /// Deliveries of what had come before.
    pub(super) fn again(&self) -> u64 {
        self.again
    }

    /// Has everything come that was acknowledged?
    pub(super) fn is_complete(&self) -> bool {
        self.groups.values().all(|group| group.came >= group.published)
    }

    /// What did not come, in words.
    pub(super) fn missing(&self) -> String {
        let behind = self.groups.iter().filter(|(_, group)| group.came < group.published);
        let lines = behind.map(|(id, group)| format!("group {id} at {} of {}", group.came, group.published));
        lines.take(VIOLATIONS_SHOWN).collect::<Vec<_>>().join(", ")
    }

    /// One line of numbers.
    pub(super) fn totals(&self) -> String {
        let Ledger { published, came, again, .. } = self;
        format!("{published} acknowledged, {came} came, {again} came again")
    }

    /// An error with the violations so far, if there is any.
    pub(super) fn verdict(&self) -> Result<(), String> {
        if self.violations.is_empty() {
            return Ok(());
        }
        let shown = &self.violations[..self.violations.len().min(VIOLATIONS_SHOWN)];
        Err(format!("{} violations, among them\n  {}", self.violations.len(), shown.join("\n  ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published(count: u64) -> Ledger {
        let mut ledger = Ledger::default();
        (1..=count).for_each(|number| ledger.acknowledged(7, number));
        ledger
    }

    #[test]
    fn in_order_and_again_is_fine() {
        let mut ledger = published(3);
        [1, 2, 2, 3].into_iter().for_each(|number| ledger.received(7, number));
        assert!(ledger.is_complete() && ledger.verdict().is_ok());
        assert_eq!((ledger.came(), ledger.again()), (3, 1));
    }

    #[test]
    fn gaps_and_returns_are_violations() {
        let mut ledger = published(3);
        ledger.received(7, 1);
        assert!(!ledger.is_complete());
        ledger.deleted(7, 1);
        ledger.received(7, 1);
        ledger.received(7, 3);
        ledger.received(8, 1);
        assert!(ledger.verdict().unwrap_err().starts_with("3 violations"), "{:?}", ledger.violations);
    }
}
