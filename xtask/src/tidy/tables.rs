//! Tables that must agree with the code: every limit is used, every AWS operation is named, and what shows the rules of
//! SQS is there.

use super::{Page, code, words};
use std::collections::{HashMap, HashSet};

/// The golden list of AWS operations.
pub(super) const ACTIONS: &str = "tests/golden/actions.json";
const OPERATIONS: &str = "crates/wire/src/operation.rs";
const LIMITS: &str = "crates/core/src/limits.rs";
const COVERAGE: &str = "docs/sqs-coverage.md";
const SCRIPTS: &str = "tests/scripts/";

/// The names of all AWS operations of all services.
pub(super) fn operations(actions: &str) -> Result<Vec<String>, String> {
    let parsed: serde_json::Value = serde_json::from_str(actions).map_err(|e| format!("{ACTIONS}: {e}"))?;
    let services = parsed["services"].as_object().ok_or_else(|| format!("{ACTIONS} has no services"))?;
    let actions = services.values().filter_map(|service| service["actions"].as_object());
    Ok(actions.flat_map(|actions| actions.keys().cloned()).collect())
}

/// Operations that the table in `wire` does not name.
pub(super) fn missing_operations(pages: &[Page], operations: &[String]) -> Vec<String> {
    let directory = OPERATIONS.replace(".rs", "/");
    let table = pages.iter().filter(|page| page.path == OPERATIONS || page.path.starts_with(&directory));
    // A name stands in the table as text, since not every one is a name that Rust would take; in a comment
    // it does not count.
    let uncommented = |line: &str| line.split("//").next().unwrap_or_default().to_owned() + "\n";
    let text: String = table.flat_map(|page| page.text.lines()).map(uncommented).collect();
    let known: HashSet<&str> = text.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    operations
        .iter()
        .filter(|operation| !known.contains(operation.as_str()))
        .map(|operation| format!("{OPERATIONS}:1: {operation} of {ACTIONS} is not named"))
        .collect()
}

/// Constants of the table of limits that nothing uses.
pub(super) fn unused_limits(pages: &[Page]) -> Vec<String> {
    let Some(limits) = pages.iter().find(|page| page.path == LIMITS) else {
        return vec![format!("{LIMITS}:1: missing; it holds every bound")];
    };
    let crates = pages.iter().filter(|page| page.path.starts_with("crates/") && page.path.ends_with(".rs"));
    let text: String = crates.flat_map(|page| page.text.lines()).map(|line| code(line) + "\n").collect();
    let mut uses: HashMap<&str, usize> = HashMap::new();
    for word in words(&text) {
        *uses.entry(word).or_default() += 1;
    }
    let mut findings = Vec::new();
    for (at, line) in limits.text.lines().enumerate() {
        let line = code(line);
        let Some((_, declaration)) = line.split_once("const ") else { continue };
        let Some(name) = words(declaration).next() else { continue };
        // The declaration itself is one use.
        if uses.get(name).is_none_or(|uses| *uses < 2) {
            findings.push(format!("{LIMITS}:{}: {name} limits nothing", at + 1));
        }
    }
    findings
}

/// Scripts of SQS that the table of its rules does not name, and names there of scripts that are not.
pub(super) fn uncovered(pages: &[Page]) -> Vec<String> {
    let scripts = pages.iter().filter_map(|page| page.path.strip_prefix(SCRIPTS)?.strip_suffix(".script"));
    let scripts: HashSet<&str> = scripts.filter(|name| name.starts_with("sqs-")).collect();
    let text = pages.iter().find(|page| page.path == COVERAGE).map_or("", |page| page.text.as_str());
    let names = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '.');
    let is_section = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    let named = names.map(|name| name.trim_end_matches('.'));
    let named: HashSet<&str> =
        named.filter(|name| name.strip_prefix("sqs-").is_some_and(is_section)).collect();
    let missing = scripts.difference(&named).map(|name| format!("{COVERAGE}:1: {name} shows no rule"));
    let gone = named.difference(&scripts).map(|name| format!("{COVERAGE}:1: there is no script {name}"));
    missing.chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(path: &str, text: &str) -> Page {
        Page { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn an_unused_limit_is_found() {
        let limits = "//! L.\n/// A.\npub const A_MAX: u32 = 1;\npub const B_MAX: u32 = A_MAX;\n// B_MAX\n";
        let unused = unused_limits(&[page(LIMITS, limits), page("crates/log/src/lib.rs", "//! B_MAX\n")]);
        assert_eq!(unused.len(), 1);
        assert!(unused[0].contains("B_MAX"));
        let user = page("crates/log/src/lib.rs", "if n > limits::B_MAX {\n");
        assert!(unused_limits(&[page(LIMITS, limits), user]).is_empty());
        assert_eq!(unused_limits(&[]).len(), 1);
    }

    #[test]
    fn a_script_that_shows_no_rule_is_found_and_so_is_a_rule_that_nothing_shows() {
        let script = |name: &str| page(&format!("tests/scripts/{name}.script"), "");
        let table = page(COVERAGE, "| a rule | sqs-4-a, sqs-5.1-b. |\n");
        assert!(uncovered(&[script("sqs-4-a"), script("sqs-5.1-b"), script("sns-1-c")]).len() == 2);
        let pages = [table, script("sqs-4-a"), script("sqs-9-d"), script("sns-1-c")];
        let mut found = uncovered(&pages);
        found.sort();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("sqs-9-d shows no rule") && found[1].contains("no script sqs-5.1-b"));
    }

    #[test]
    fn an_operation_that_is_not_named_is_found() {
        let actions = r#"{"services":{"sqs":{"actions":{"SendMessage":{},"Purge":{}}},"sns":{"actions":{"Publish":{}}}}}"#;
        let operations = operations(actions).unwrap();
        assert_eq!(operations.len(), 3);
        let table = page(OPERATIONS, "SendMessage, Publish // Purge\n");
        assert_eq!(missing_operations(&[table], &operations).len(), 1);
        let more = page("crates/wire/src/operation/sqs.rs", "Purge\n");
        let table = page(OPERATIONS, "SendMessage, Publish\n");
        assert!(missing_operations(&[table, more], &operations).is_empty());
    }
}
