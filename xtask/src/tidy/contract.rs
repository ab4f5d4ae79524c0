//! The contract files: sorted, without doubles, and pending operations are documented ones.

use std::collections::BTreeMap;

use super::Breach;

/// A method and a path in which the names of parameters do not matter.
fn place(line: &str) -> String {
    let parts: Vec<&str> = line
        .split('/')
        .map(|part| if part.starts_with('{') { "{}" } else { part })
        .collect();
    parts.join("/")
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

pub(crate) fn check(operations: &str, pending: &str, extra: &str) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let mut documented: BTreeMap<String, &str> = BTreeMap::new();
    for (file, text) in [("operations", operations), ("pending", pending), ("extra", extra)] {
        let path = format!("contract/{file}.txt");
        let mut report = |sentence: String| breaches.push(Breach::file(&path, sentence));
        let mut before = "";
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        for line in lines(text) {
            let well_formed = line.split_once(' ').is_some_and(|(method, path)| {
                ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method)
                    && path.starts_with('/')
                    && !path.contains(' ')
            });
            if !well_formed {
                report(format!("`{line}` is not METHOD /path"));
            }
            if line <= before {
                report(format!("`{line}` is out of order"));
            }
            before = line;
            if let Some(other) = seen.insert(place(line), line).filter(|other| *other != line) {
                report(format!("`{line}` and `{other}` are the same place"));
            }
            match (file, documented.get(&place(line))) {
                ("pending", None) => report(format!("`{line}` is not in operations.txt")),
                ("extra", Some(_)) => report(format!("`{line}` is documented, so it is not extra")),
                _ => {}
            }
        }
        if file == "operations" {
            documented = seen;
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameter_names_do_not_matter() {
        assert!(
            check(
                "GET /a/{id}\nPOST /a\n",
                "# not built\nGET /a/{userId}\n",
                "# none\nGET /b\n"
            )
            .is_empty()
        );
    }

    #[test]
    fn disorder_strangers_and_doubles_are_reported() {
        assert_eq!(check("POST /a\nGET /b\n", "", "").len(), 1);
        assert_eq!(check("GET /a/{id}\nGET /a/{name}\n", "", "").len(), 1);
        assert_eq!(check("GET /a\n", "GET /b\n", "GET /a\n").len(), 2);
        assert_eq!(check("FETCH a\n", "", "").len(), 1);
    }
}
