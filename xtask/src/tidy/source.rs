//! Rules about single files: length, the opening comment, names, marks, paths of machines.

use super::{Page, code, words};

/// Lines of a file that is not a test.
const LINES_MAX: usize = 500;
/// Last words of a type's name that say nothing about it.
const EMPTY_WORDS: [&str; 6] = ["Manager", "Helper", "Util", "Utils", "Data", "Info"];
const EMPTY_MODULES: [&str; 4] = ["util", "utils", "helper", "helpers"];
// Spelled in halves, because this file is checked as well.
const MARKS: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
const MACHINE_PATHS: [&str; 3] = [concat!("/wo", "rk/"), concat!("/tmp", "/ctx"), concat!("/ro", "ot/")];

/// Rules for every text file.
pub(super) fn everywhere(page: &Page) -> Vec<String> {
    let mut findings = Vec::new();
    for (at, line) in page.text.lines().enumerate() {
        let place = format!("{}:{}", page.path, at + 1);
        if let Some(mark) = words(line).find(|word| MARKS.contains(word)) {
            findings.push(format!("{place}: {mark} left behind; file an issue instead"));
        }
        if let Some(path) = MACHINE_PATHS.iter().find(|path| line.contains(*path)) {
            findings.push(format!("{place}: {path} is a path of one machine"));
        }
    }
    findings
}

/// Rules for Rust. `operations` are the names of the AWS operations.
pub(super) fn rust(page: &Page, operations: &[String]) -> Vec<String> {
    let mut findings = Vec::new();
    let lines = page.text.lines().count();
    if lines > LINES_MAX && !is_test(&page.path) {
        findings.push(format!("{}:{lines}: more than {LINES_MAX} lines; split it", page.path));
    }
    if !page.text.starts_with("//!") {
        findings.push(format!("{}:1: the file does not open with //! (what, why, invariants)", page.path));
    }
    for (at, line) in page.text.lines().enumerate() {
        if let Some(finding) = bad_name(&code(line), operations) {
            findings.push(format!("{}:{}: {finding}", page.path, at + 1));
        }
    }
    findings
}

fn is_test(path: &str) -> bool {
    path.split('/').any(|part| part == "tests" || part == "tests.rs")
}

/// What is wrong with the name that this line declares.
fn bad_name(line: &str, operations: &[String]) -> Option<String> {
    let mut words = words(line);
    while let Some(word) = words.next() {
        match word {
            "struct" | "enum" | "trait" | "type" => {
                let name = words.next()?;
                let empty = EMPTY_WORDS.iter().find(|empty| last_word(name) == **empty)?;
                return Some(format!("{name}: a name that ends in {empty} does not say what it is"));
            }
            "mod" => {
                let name = words.next()?;
                let empty = EMPTY_MODULES.contains(&name);
                return empty.then(|| format!("mod {name} does not say what it is for"));
            }
            "fn" => {
                let name = words.next()?;
                name.strip_prefix("get_")?;
                // `get_queue_url` is the name of an operation, and then it is the field's word.
                let operation = operations.iter().any(|operation| snake(operation) == name);
                return (!operation).then(|| format!("{name}: leave out get_"));
            }
            _ => {}
        }
    }
    None
}

/// The last word of a camel-case name.
fn last_word(name: &str) -> &str {
    let start = name.rfind(|c: char| c.is_ascii_uppercase()).unwrap_or_default();
    &name[start..]
}

fn snake(operation: &str) -> String {
    let mut name = String::new();
    let characters: Vec<char> = operation.chars().collect();
    for (at, character) in characters.iter().enumerate() {
        let after_lower = at > 0 && !characters[at - 1].is_ascii_uppercase();
        let before_lower = at > 0 && characters.get(at + 1).is_some_and(char::is_ascii_lowercase);
        if character.is_ascii_uppercase() && (after_lower || before_lower) {
            name.push('_');
        }
        name.push(character.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(path: &str, text: &str) -> Page {
        Page { path: path.to_owned(), text: text.to_owned() }
    }

    fn rust_findings(path: &str, text: &str) -> Vec<String> {
        rust(&page(path, text), &["GetQueueUrl".to_owned(), "GetSMSAttributes".to_owned()])
    }

    #[test]
    fn long_files_are_refused_unless_they_are_tests() {
        let long = format!("//! Long.\n{}", "\n".repeat(LINES_MAX));
        assert_eq!(rust_findings("crates/a/src/x.rs", &long).len(), 1);
        assert!(rust_findings("crates/a/src/x/tests.rs", &long).is_empty());
        assert!(rust_findings("crates/a/tests/x.rs", &long).is_empty());
        let fits = format!("//! Fits.\n{}", "\n".repeat(LINES_MAX - 1));
        assert!(rust_findings("crates/a/src/x.rs", &fits).is_empty());
    }

    #[test]
    fn a_file_opens_with_what_it_is() {
        assert_eq!(rust_findings("a.rs", "use std::io;\n").len(), 1);
        assert!(rust_findings("a.rs", "//! Reads.\nuse std::io;\n").is_empty());
    }

    #[test]
    fn empty_names_are_refused() {
        for line in [
            "pub struct QueueManager;",
            "enum MessageInfo {}",
            "pub(crate) type QueueData = u8;",
            "trait Helper {}",
            "mod utils;",
            "pub fn get_depth(&self) -> u32 {",
        ] {
            assert_eq!(rust_findings("a.rs", &format!("//! A.\n{line}\n")).len(), 1, "{line}");
        }
        for line in [
            "pub struct Database;",
            "struct DataDir;",
            "mod inform;",
            "fn get_queue_url() {}",
            "fn get_sms_attributes() {}",
            "// a struct like QueueManager",
            "let depth = map.get(1);",
        ] {
            assert!(rust_findings("a.rs", &format!("//! A.\n{line}\n")).is_empty(), "{line}");
        }
    }

    #[test]
    fn marks_and_machine_paths_are_refused() {
        let text = format!("a {}\nb {}: c\n{}main\nfine\n", MARKS[0], MARKS[1], MACHINE_PATHS[0]);
        assert_eq!(everywhere(&page("README.md", &text)).len(), 3);
        assert!(everywhere(&page("README.md", "a mastodon, to do\nhomework/x\n")).is_empty());
    }
}
