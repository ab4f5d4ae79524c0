//! `tidy`: the rules of the house that the compiler does not check, each breach with a sentence.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;

use crate::process::{Outcome, output, program, root};

mod contract;
mod edges;
mod migrations;
mod rust;
mod schemas;
mod sql;
mod tables;
mod text;

/// Folders whose contents are made, not written.
const NOT_OURS: &[&str] = &[
    ".git",
    ".venv",
    "__pycache__",
    "node_modules",
    "target",
    "tenantry-data",
    "tenantry-dev",
];

/// Folders of code, where files must stay short and the source rules hold.
const CODE: &[&str] = &["crates/", "journeys/", "rooms/", "server/", "xtask/"];

/// A broken rule and where it was broken.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Breach {
    path: String,
    line: usize,
    sentence: String,
}

impl Breach {
    fn file(path: &str, sentence: impl Into<String>) -> Self {
        Self::line(path, 0, sentence)
    }

    fn line(path: &str, line: usize, sentence: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            sentence: sentence.into(),
        }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.sentence),
            line => write!(f, "{}:{line}: {}", self.path, self.sentence),
        }
    }
}

pub(crate) fn run() -> Outcome {
    let root = root();
    let mut files = Vec::new();
    walk(&root, "", &mut files)?;
    let mut breaches = dependencies(&root)?;
    breaches.extend(check(&files));
    breaches.sort();
    for breach in &breaches {
        println!("{breach}");
    }
    match breaches.len() {
        0 => Ok(()),
        1 => Err("one rule is broken".to_owned()),
        count => Err(format!("{count} rules are broken")),
    }
}

/// Every rule about the text of files, given as path and contents.
fn check(files: &[(String, String)]) -> Vec<Breach> {
    let mut migrations: Vec<(String, String)> = Vec::new();
    for (path, text) in files {
        if let Some(name) = path
            .strip_prefix("migrations/")
            .filter(|name| name.ends_with(".sql"))
        {
            migrations.push((name.to_owned(), text.clone()));
        }
    }
    let owners: BTreeSet<&str> = edges::ROOMS.iter().copied().chain(["blocks"]).collect();
    let (schema, mut breaches) = migrations::read(&migrations, &owners);
    for (path, text) in files {
        breaches.extend(text::machine_paths(path, text));
        if path.ends_with("/Cargo.toml") {
            breaches.extend(edges::manifest(path, text));
        }
        if path.ends_with(".rs") && CODE.iter().any(|folder| path.starts_with(folder)) {
            let source = rust::Source::parse(text);
            breaches.extend(text::length(path, text));
            breaches.extend(text::macros(path, &source));
            breaches.extend(text::layers(path, &source));
            breaches.extend(tables::check(path, &source, &schema));
        }
    }
    let contract = |name: &str| {
        files
            .iter()
            .find(|(path, _)| path == name)
            .map_or("", |(_, text)| text.as_str())
    };
    breaches.extend(schemas::check(files));
    breaches.extend(contract::check(
        contract("contract/operations.txt"),
        contract("contract/pending.txt"),
        contract("contract/extra.txt"),
    ));
    breaches
}

fn dependencies(root: &Path) -> Outcome<Vec<Breach>> {
    let mut cargo = program("cargo");
    let printed = output(cargo.args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: edges::Metadata = serde_json::from_str(&printed)
        .map_err(|e| format!("`cargo metadata` printed something else: {e}"))?;
    let mut breaches = Vec::new();
    for package in &metadata.packages {
        let path = Path::new(&package.manifest_path);
        let shown = path.strip_prefix(root).unwrap_or(path).to_string_lossy();
        breaches.extend(edges::check(package, &shown));
    }
    Ok(breaches)
}

/// Collects every text file under a folder with its path relative to the workspace.
fn walk(folder: &Path, prefix: &str, files: &mut Vec<(String, String)>) -> Outcome {
    let entries = fs::read_dir(folder).map_err(|e| format!("{} cannot be read: {e}", folder.display()))?;
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && !NOT_OURS.contains(&name.as_str()) {
            walk(&entry.path(), &format!("{path}/"), files)?;
        } else if kind.is_file() && name != ".git" {
            // What is not UTF-8 is no text of ours: pictures, recorded bytes.
            if let Ok(text) = fs::read_to_string(entry.path()) {
                files.push((path, text));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_every_kind_reach_the_files() {
        let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        let found = check(&[
            file(
                "migrations/0001_people_users.sql",
                "CREATE TABLE users (environment_id TEXT)",
            ),
            file("rooms/people/src/store.rs", "sql!(\"SELECT 1 FROM users\")"),
            file("rooms/audit/src/lib.rs", "pub mod x;"),
            file("rooms/audit/Cargo.toml", ""),
            file("contract/pending.txt", "GET /x\n"),
        ]);
        let paths: Vec<&str> = found.iter().map(|breach| breach.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "rooms/people/src/store.rs",
                "rooms/audit/src/lib.rs",
                "rooms/audit/Cargo.toml",
                "contract/pending.txt"
            ]
        );
    }

    #[test]
    fn a_breach_says_where_and_what() {
        assert_eq!(Breach::line("a.rs", 3, "why").to_string(), "a.rs:3: why");
        assert_eq!(Breach::file("a.rs", "why").to_string(), "a.rs: why");
    }
}
