//! `cargo x tidy`: the rules of the tree that no compiler checks.
//!
//! Each rule is a pure function from text to findings, so that each has tests of what it refuses and of what
//! it lets through. A finding is one line, `path:line: what is wrong`.

mod edges;
mod links;
mod source;
mod tables;

use crate::flags::Flags;
use crate::tree;
use std::path::{Path, PathBuf};

/// One file of the tree, read.
#[derive(Debug)]
struct Page {
    /// Relative to the root, with forward slashes.
    path: String,
    text: String,
}

/// `cargo x tidy`.
pub(crate) fn command(arguments: &[String]) -> Result<(), String> {
    Flags::parse(arguments, &[], &[])?;
    check()
}

/// Checks the whole tree.
pub(crate) fn check() -> Result<(), String> {
    let root = tree::root();
    let findings = findings(&root)?;
    for finding in &findings {
        println!("    {finding}");
    }
    if findings.is_empty() { Ok(()) } else { Err(format!("tidy has {} findings", findings.len())) }
}

fn findings(root: &Path) -> Result<Vec<String>, String> {
    let files = tree::files(root)?;
    let pages = pages(root, &files);
    let page = |path: &str| pages.iter().find(|page| page.path == path).map(|page| page.text.as_str());
    let operations = tables::operations(page(tables::ACTIONS).unwrap_or_default())?;

    let mut findings = Vec::new();
    for page in &pages {
        findings.extend(source::everywhere(page));
        if page.path.ends_with(".rs") {
            findings.extend(source::rust(page, &operations));
        }
    }
    findings.extend(links::dead(&pages, &files));
    findings.extend(edges::differences(&pages));
    findings.extend(tables::unused_limits(&pages));
    findings.extend(tables::missing_operations(&pages, &operations));
    findings.extend(tables::uncovered(&pages));
    findings.sort();
    Ok(findings)
}

/// Reads what is text; a file that is not UTF-8 has no rules.
fn pages(root: &Path, files: &[PathBuf]) -> Vec<Page> {
    files
        .iter()
        .filter_map(|path| {
            let text = std::fs::read_to_string(root.join(path)).ok()?;
            Some(Page { path: path.to_string_lossy().replace('\\', "/"), text })
        })
        .collect()
}

/// The words of a line of code: runs of letters, digits and underscores.
fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// A line without its `//` comment and without what stands in string literals.
fn code(line: &str) -> String {
    let mut kept = String::with_capacity(line.len());
    let mut characters = line.chars().peekable();
    let mut inside = false;
    while let Some(character) = characters.next() {
        match character {
            '\\' if inside => {
                characters.next();
            }
            '"' => inside = !inside,
            '/' if !inside && characters.peek() == Some(&'/') => break,
            _ if inside => {}
            other => kept.push(other),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_what_is_left_without_comments_and_strings() {
        assert_eq!(code("let a = \"http://x \\\" y\"; // why"), "let a = ; ");
        assert_eq!(code("a / b"), "a / b");
        assert_eq!(words("pub(crate) fn a_b()").collect::<Vec<_>>(), ["pub", "crate", "fn", "a_b"]);
    }
}
