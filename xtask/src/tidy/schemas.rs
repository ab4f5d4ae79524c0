//! Names of types in the API document: there each name stands for one shape, so two types of one name would hide each other.

use std::collections::BTreeMap;

use regex::Regex;

use super::Breach;

/// Finds types of the document that share a name, in files given as path and text.
pub(crate) fn check(files: &[(String, String)]) -> Vec<Breach> {
    let Ok(types) = Regex::new(
        r"derive\([^)]*\bToSchema\b[^)]*\)\](?:\s|#\[[^\n]*\]|///[^\n]*)*(?:pub(?:\([a-z]+\))? )?(?:struct|enum) (\w+)",
    ) else {
        return Vec::new();
    };
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    let mut breaches = Vec::new();
    for (path, text) in files {
        if !path.ends_with(".rs") || !(path.starts_with("rooms/") || path.starts_with("crates/")) {
            continue;
        }
        for found in types.captures_iter(text) {
            let Some(name) = found.get(1) else { continue };
            if let Some(other) = first.insert(name.as_str(), path) {
                let line = text
                    .get(..name.start())
                    .map_or(0, |before| before.lines().count());
                let sentence = format!(
                    "{} is a type of the API document in {other} too, and one would hide the other",
                    name.as_str()
                );
                breaches.push(Breach::line(path, line, sentence));
            }
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_types_of_one_name_are_told_apart_from_others() {
        let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        let found = check(&[
            file(
                "rooms/a/src/x.rs",
                "#[derive(Debug, ToSchema)]\n#[serde(rename_all = \"camelCase\")]\npub(crate) struct Body {}\n",
            ),
            file("rooms/b/src/y.rs", "#[derive(Debug)]\nstruct Body {}\n"),
            file(
                "rooms/c/src/z.rs",
                "\n#[derive(ToSchema)]\n/// Why.\nstruct Body {\n}\n#[derive(ToSchema)]\nenum Other {}\n",
            ),
        ]);
        assert_eq!(found.len(), 1);
        assert!(found.iter().all(|breach| {
            breach.path == "rooms/c/src/z.rs"
                && breach.line == 4
                && breach.sentence.contains("rooms/a/src/x.rs")
        }));
    }
}
