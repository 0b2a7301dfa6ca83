//! Which crate may depend on which: the table in `ARCHITECTURE.md` equals what Cargo is told.
//!
//! The table stands under the heading `## Dependency edges`, one row for each crate:
//! `| crate | may depend on |`, names without the `postrider-` prefix, separated by commas; a dash or
//! `nothing` for none. Dependencies of tests are not edges of the architecture and are not compared.

use super::Page;
use std::collections::{BTreeMap, BTreeSet};

const PAGE: &str = "ARCHITECTURE.md";
const HEADING: &str = "## Dependency edges";
const PREFIX: &str = "postrider-";

type Edges = BTreeMap<String, BTreeSet<String>>;

/// Where the table and the manifests differ.
pub(super) fn differences(pages: &[Page]) -> Vec<String> {
    let Some(architecture) = pages.iter().find(|page| page.path == PAGE) else {
        return vec![format!("{PAGE}:1: missing; it holds the table of dependency edges")];
    };
    let Some(allowed) = table(&architecture.text) else {
        return vec![format!("{PAGE}:1: no table under {HEADING:?}")];
    };
    let mut findings = Vec::new();
    let declared = declared(pages);
    for (name, edges) in &declared {
        let place = format!("crates/{name}/Cargo.toml:1");
        let Some(allowed) = allowed.get(name) else {
            findings.push(format!("{place}: {name} has no row in the table of {PAGE}"));
            continue;
        };
        let extra = edges.difference(allowed);
        findings.extend(extra.map(|to| format!("{place}: {name} -> {to} is not in the table of {PAGE}")));
        let missing = allowed.difference(edges);
        findings.extend(
            missing.map(|to| format!("{PAGE}:1: {name} -> {to} is in the table but not in Cargo.toml")),
        );
    }
    let gone = allowed.keys().filter(|name| !declared.contains_key(*name));
    findings.extend(gone.map(|name| format!("{PAGE}:1: the table has {name}, which is no crate")));
    findings
}

/// The rows of the table, or nothing if there is none.
fn table(text: &str) -> Option<Edges> {
    let section = text.split_once(HEADING)?.1;
    let section = section.split("\n## ").next().unwrap_or(section);
    let rows = section.lines().filter(|line| line.trim_start().starts_with('|'));
    let edges: Edges = rows
        .skip(1)
        .filter(|row| !row.chars().all(|c| "|-: ".contains(c)))
        .filter_map(|row| {
            let mut cells = row.trim().trim_matches('|').split('|').map(str::trim);
            let name = cells.next()?.trim_matches('`').to_owned();
            let to = cells.next()?.split(',').map(|to| to.trim().trim_matches('`'));
            let to = to.filter(|to| !["", "-", "–", "—", "nothing", "none"].contains(to));
            Some((name, to.map(str::to_owned).collect()))
        })
        .collect();
    (!edges.is_empty()).then_some(edges)
}

/// What the manifests of `crates/*` and of `xtask` say.
fn declared(pages: &[Page]) -> Edges {
    pages
        .iter()
        .filter_map(|page| {
            let directory = page.path.strip_suffix("/Cargo.toml")?;
            let name = directory.strip_prefix("crates/").or((directory == "xtask").then_some("xtask"))?;
            Some((name.to_owned(), dependencies(&page.text)))
        })
        .collect()
}

/// Our crates among the dependencies of a manifest, for every target, but not those of tests and builds.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let mut edges = BTreeSet::new();
    let mut inside = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            let (table, name) =
                header.split_once("dependencies.").map_or((header, ""), |(_, name)| ("", name));
            inside =
                table == "dependencies" || (table.starts_with("target.") && table.ends_with(".dependencies"));
            if header.starts_with("dependencies.") {
                edges.extend(name.strip_prefix(PREFIX).map(str::to_owned));
            }
        } else if inside {
            let key = line.split(['=', '.']).next().unwrap_or_default().trim().trim_matches('"');
            edges.extend(key.strip_prefix(PREFIX).map(str::to_owned));
        }
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "# A\n\n## Dependency edges\n\nProse.\n\n| crate | may depend on |\n|---|---|\n\
                         | `core` | nothing |\n| xtask | |\n| log | — |\n| runtime | core, `log` |\n\n## Next\n\n| a | b |\n";

    fn pages(architecture: &str, runtime: &str) -> Vec<Page> {
        let page = |path: &str, text: &str| Page { path: path.to_owned(), text: text.to_owned() };
        vec![
            page("ARCHITECTURE.md", architecture),
            page("crates/core/Cargo.toml", "[dependencies]\nbytes.workspace = true\n"),
            page(
                "crates/log/Cargo.toml",
                "[dependencies]\n\n[dev-dependencies]\npostrider-core.workspace = true\n",
            ),
            page("crates/runtime/Cargo.toml", runtime),
            page("xtask/Cargo.toml", "[dependencies]\nserde_json.workspace = true\n"),
        ]
    }

    #[test]
    fn equal_edges_are_fine() {
        let runtime =
            "[dependencies]\npostrider-core.workspace = true\npostrider-log = { path = \"../log\" }\n";
        assert_eq!(differences(&pages(TABLE, runtime)), Vec::<String>::new());
        let runtime =
            "[dependencies]\npostrider-core.workspace = true\n[dependencies.postrider-log]\npath = \"\"\n";
        assert_eq!(differences(&pages(TABLE, runtime)), Vec::<String>::new());
    }

    #[test]
    fn an_edge_too_many_or_too_few_is_found() {
        let more = "[dependencies]\npostrider-core.workspace = true\npostrider-log.workspace = true\n\
                    postrider-wire.workspace = true\n";
        assert_eq!(differences(&pages(TABLE, more)).len(), 1);
        let fewer = "[dependencies]\npostrider-core.workspace = true\n";
        assert_eq!(differences(&pages(TABLE, fewer)).len(), 1);
        let target = "[target.'cfg(unix)'.dependencies]\npostrider-core.workspace = true\n\
                      postrider-log.workspace = true\npostrider-iam.workspace = true\n";
        assert_eq!(differences(&pages(TABLE, target)).len(), 1);
    }

    #[test]
    fn rows_and_crates_must_agree() {
        let runtime = "[dependencies]\npostrider-core.workspace = true\npostrider-log.workspace = true\n";
        let without_log = TABLE.replace("| log | — |\n", "");
        assert_eq!(differences(&pages(&without_log, runtime)).len(), 1);
        let with_wire = TABLE.replace("| log | — |", "| log | — |\n| wire | |");
        assert_eq!(differences(&pages(&with_wire, runtime)).len(), 1);
        assert_eq!(differences(&pages("# A\n", runtime)).len(), 1);
        assert_eq!(differences(&pages(TABLE, runtime)[1..]).len(), 1);
    }
}
