//! Every relative link in a Markdown page leads somewhere: to a file of the tree, and to a heading if it
//! names one.

use super::Page;
use std::collections::HashSet;
use std::path::PathBuf;

/// The dead links of all pages. `files` are the files of the tree, relative to its root.
pub(super) fn dead(pages: &[Page], files: &[PathBuf]) -> Vec<String> {
    let mut known: HashSet<String> = HashSet::new();
    for file in files {
        let path = file.to_string_lossy().replace('\\', "/");
        let mut parents = path.as_str();
        while let Some((parent, _)) = parents.rsplit_once('/') {
            known.insert(parent.to_owned());
            parents = parent;
        }
        known.insert(path);
    }
    let mut findings = Vec::new();
    for page in pages.iter().filter(|page| page.path.ends_with(".md")) {
        for (line, target) in links(&page.text) {
            if let Some(reason) = why_dead(page, &target, &known, pages) {
                findings.push(format!("{}:{line}: the link to {target} is dead: {reason}", page.path));
            }
        }
    }
    findings
}

fn why_dead(page: &Page, target: &str, known: &HashSet<String>, pages: &[Page]) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let resolved = if path.is_empty() { page.path.clone() } else { resolve(&page.path, path)? };
    if !resolved.is_empty() && !known.contains(&resolved) {
        return Some(format!("there is no {resolved}"));
    }
    if anchor.is_empty() || !resolved.ends_with(".md") {
        return None;
    }
    let there = pages.iter().find(|page| page.path == resolved)?;
    (!anchors(&there.text).contains(anchor)).then(|| format!("{resolved} has no heading #{anchor}"))
}

/// The path that a link means, seen from the page that holds it.
fn resolve(page: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.trim_end_matches('/').split('/') {
        match part {
            "." | "" => {}
            ".." => {
                if parts.pop().is_none() {
                    return Some(format!("{link} (outside the tree)"));
                }
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The links of a page, with their lines, but not those in code.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, line) in prose(text) {
        let mut rest = line.as_str();
        while let Some(start) = rest.find("](") {
            rest = &rest[start + 2..];
            let Some(end) = rest.find(')') else { break };
            let target = rest[..end].split_whitespace().next().unwrap_or_default();
            found.push((at, target.trim_matches(['<', '>']).to_owned()));
            rest = &rest[end..];
        }
    }
    found
}

/// The lines outside of fences, without their code spans; lines count from 1.
fn prose(text: &str) -> Vec<(usize, String)> {
    let mut inside = false;
    let mut lines = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if !inside {
            let outside_of_spans = line.split('`').step_by(2);
            lines.push((at + 1, outside_of_spans.collect::<Vec<_>>().join("")));
        }
    }
    lines
}

/// The anchors that the headings of a page make.
fn anchors(text: &str) -> HashSet<String> {
    let mut found = HashSet::new();
    let mut inside = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        }
        if inside || !line.starts_with('#') {
            continue;
        }
        let heading = line.trim_start_matches('#').trim();
        let anchor: String = heading
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        found.insert(anchor);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dead_links(text: &str) -> usize {
        let page = |path: &str, text: &str| Page { path: path.to_owned(), text: text.to_owned() };
        let pages = [page("docs/a.md", text), page("README.md", "# Post rider: the `x`!\n")];
        let files = ["docs/a.md", "README.md", "crates/core/src/lib.rs"].map(PathBuf::from);
        dead(&pages, &files).len()
    }

    #[test]
    fn living_links_are_fine() {
        let living = "[a](../README.md) [b](a.md) [c](../crates/core) [d](../crates/core/src/lib.rs#L3)\n\
                      [e](https://example.test/x) [f](../README.md#post-rider-the-x) [g](#here)\n# Here\n";
        assert_eq!(dead_links(living), 0);
    }

    #[test]
    fn dead_links_are_found() {
        assert_eq!(dead_links("[a](b.md)\n[c](../../x)\n[d](README.md) [e](../crates/log)\n"), 4);
        assert_eq!(dead_links("[a](../README.md#nowhere) [b](#nowhere)\n"), 2);
    }

    #[test]
    fn code_is_not_a_link() {
        assert_eq!(dead_links("```\n[a](b.md)\n```\n`[a](b.md)`\n"), 0);
    }
}
