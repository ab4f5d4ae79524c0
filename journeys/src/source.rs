//! The SQL of the source tree, as text.

use std::fs;
use std::path::{Path, PathBuf};

use crate::repository;

/// One `sql!("…")` of the source tree.
#[derive(Clone, Debug)]
pub struct Statement {
    pub file: PathBuf,
    pub line: usize,
    pub text: String,
}

/// Every statement that crates, rooms and the server write as a literal, tests aside.
#[must_use]
pub fn statements() -> Vec<Statement> {
    let mut files = Vec::new();
    for folder in ["crates", "rooms", "server"] {
        collect(&repository().join(folder), &mut files);
    }
    files.sort();
    files
        .iter()
        .flat_map(|file| {
            let text = fs::read_to_string(file).unwrap();
            in_text(file, &text)
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            if !["tests", "target", "benches"].contains(&name.as_str()) {
                collect(&path, files);
            }
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            files.push(path);
        }
    }
}

/// Statements up to the file's unit tests, which have tables of their own.
fn in_text(file: &Path, text: &str) -> Vec<Statement> {
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or(text);
    let mut found = Vec::new();
    for (at, _) in code.match_indices("sql!(") {
        let line_start = code[..at].rfind('\n').map_or(0, |newline| newline + 1);
        if code[line_start..at].trim_start().starts_with("//") {
            continue;
        }
        let rest = code[at + "sql!(".len()..].trim_start();
        if let Some(sql) = literal(rest) {
            found.push(Statement {
                file: file.strip_prefix(repository()).unwrap_or(file).to_path_buf(),
                line: code[..at].matches('\n').count() + 1,
                text: sql,
            });
        }
    }
    found
}

/// The value of a string literal, plain or raw, at the start of a text.
fn literal(text: &str) -> Option<String> {
    if let Some(raw) = text.strip_prefix('r') {
        let marks = raw.chars().take_while(|mark| *mark == '#').count();
        let end = format!("\"{}", "#".repeat(marks));
        let inner = raw.get(marks..)?.strip_prefix('"')?;
        return inner.split_once(&end).map(|(value, _)| value.to_owned());
    }
    let mut value = String::new();
    let mut letters = text.strip_prefix('"')?.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return Some(value),
            '\\' => match letters.next()? {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                '\n' => while letters.next_if(|next| next.is_whitespace()).is_some() {},
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_read_as_the_compiler_reads_them() {
        let code = "tx.all(sql!(\"SELECT a \\\n   FROM b WHERE c = '\\\\' AND d = \\\"e\\\"\"), args![]);\n\
                    // sql!(\"not this\")\ntx.exec(sql!(\n  r#\"DELETE \"x\"\"#), args![]);\n\
                    #[cfg(test)]\nmod tests { sql!(\"nor this\") }";
        let found = in_text(Path::new("x.rs"), code);
        let texts: Vec<&str> = found.iter().map(|statement| statement.text.as_str()).collect();
        assert_eq!(
            texts,
            ["SELECT a FROM b WHERE c = '\\' AND d = \"e\"", "DELETE \"x\""]
        );
        assert_eq!(found[1].line, 4);
    }
}
