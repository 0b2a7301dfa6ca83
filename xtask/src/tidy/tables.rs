//! Tables that must agree with the code: every limit is used, every AWS operation is named, and what shows the rules of
//! SQS and SNS is there.

use super::{Page, code, words};
use std::collections::{HashMap, HashSet};

/// The golden list of AWS operations.
pub(super) const ACTIONS: &str = "tests/golden/actions.json";
const OPERATIONS: &str = "crates/wire/src/operation.rs";
const LIMITS: &str = "crates/core/src/limits.rs";
/// The tables of what shows each rule, with the scripts that they must name.
const COVERAGE: [(&str, &str); 2] = [("docs/sqs-coverage.md", "sqs-"), ("docs/sns-coverage.md", "sns-")];
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

/// Scripts that the table of their service's rules does not name, and names there of scripts and tests that are not.
pub(super) fn uncovered(pages: &[Page]) -> Vec<String> {
    let scripts = pages.iter().filter_map(|page| page.path.strip_prefix(SCRIPTS)?.strip_suffix(".script"));
    let scripts: HashSet<&str> = scripts.collect();
    let tests = definitions(pages);
    let mut findings = Vec::new();
    for (table, prefix) in COVERAGE {
        let text = pages.iter().find(|page| page.path == table).map_or("", |page| page.text.as_str());
        let names = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '.');
        let named: HashSet<&str> =
            names.map(|name| name.trim_end_matches('.')).filter(|name| is_script(name)).collect();
        let own = scripts.iter().filter(|name| name.starts_with(prefix));
        let missing = own.filter(|name| !named.contains(*name));
        findings.extend(missing.map(|name| format!("{table}:1: {name} shows no rule")));
        findings
            .extend(named.difference(&scripts).map(|name| format!("{table}:1: there is no script {name}")));
        let quoted = text.split('`').skip(1).step_by(2).filter(|name| is_test(name));
        let gone: HashSet<&str> = quoted.filter(|name| !tests.contains(name)).collect();
        findings.extend(gone.iter().map(|name| format!("{table}:1: there is no test {name}")));
    }
    findings
}

/// Is this the name of a script that is about a section of a fact sheet?
fn is_script(name: &str) -> bool {
    let prefixes = COVERAGE.iter().filter_map(|(_, prefix)| name.strip_prefix(prefix));
    prefixes.into_iter().any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Is this the name of a test, rather than one of something of AWS? Tests have several words, all of them small.
fn is_test(name: &str) -> bool {
    let small = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    name.matches('_').count() > 1 && name.chars().all(small)
}

/// What functions and files are called.
fn definitions(pages: &[Page]) -> HashSet<&str> {
    let mut names = HashSet::new();
    for page in pages {
        let file = page.path.rsplit('/').next().unwrap_or_default();
        names.extend(file.split('.').next());
        for line in page.text.lines() {
            let rest = ["fn ", "def "].iter().find_map(|keyword| line.split_once(keyword));
            names.extend(rest.and_then(|(_, rest)| words(rest).next()));
        }
    }
    names
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
        assert_eq!(uncovered(&[script("sqs-4-a"), script("sns-1-c"), script("log-x")]).len(), 2);
        let sqs = page(COVERAGE[0].0, "| a rule | sqs-4-a, sqs-5.1-b. |\n");
        let sns = page(COVERAGE[1].0, "| a rule | sns-1-c, sqs-4-a, sns-2-e |\n");
        let pages = [sqs, sns, script("sqs-4-a"), script("sqs-9-d"), script("sns-1-c"), script("sns-3-f")];
        let mut found = uncovered(&pages);
        found.sort();
        let expected =
            ["sns-3-f shows no rule", "no script sns-2-e", "sqs-9-d shows no rule", "no script sqs-5.1-b"];
        assert_eq!(found.len(), expected.len(), "{found:?}");
        assert!(found.iter().zip(expected).all(|(found, part)| found.contains(part)), "{found:?}");
    }

    #[test]
    fn a_test_that_is_not_there_is_found() {
        let table =
            "| a rule | core: `it_holds_water`, `it_is_gone`; sdk `test_of_all`, `min_delay`, `It_Is_X` |\n";
        let table = page(COVERAGE[1].0, table);
        let rust = page("crates/a/src/tests.rs", "    fn it_holds_water() {\n");
        let python = page("tests/sdk-python/test_of_all.py", "def test_x(sqs):\n");
        let found = uncovered(&[table, rust, python]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("no test it_is_gone"));
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
