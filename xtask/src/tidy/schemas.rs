//! Names of types in the API document: there each name stands for one shape, so two types of one name would hide each other.

use std::collections::BTreeMap;

use regex::Regex;

use super::Breach;

/// Finds types of the document that share a name, in files given as path and text.
pub(crate) fn check(files: &[(String, String)]) -> Vec<Breach> {
    let Ok(types) = Regex::new(
        // What follows the derivation, attributes and comments of any length, is passed over to the next item; a comment that
        // begins a line with the word is none.
        r"(?:derive\([^)]*\bToSchema\b[^)]*\)\](?s:.*?)\n[ \t]*(?:pub(?:\([^)]*\))? )?(?:struct|enum) |kinds! \{\s*(?:(?:///|//|#\[)[^\n]*\s*)*)(\$?\w+)",
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
            // In a macro the name is its caller's.
            let Some(name) = found.get(1).filter(|name| !name.as_str().starts_with('$')) else {
                continue;
            };
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
    fn whatever_stands_between_a_derivation_and_its_type_is_passed_over() {
        let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        for text in [
            "#[derive(ToSchema)]\n#[serde(\n    rename_all = \"camelCase\",\n)]\nstruct Body {}\n",
            "#[derive(ToSchema)]\n// A struct of its own.\n// struct is a word here\nstruct Body {}\n",
            "#[derive(ToSchema)]\npub(in crate::x) struct Body {}\n",
            "#[derive(ToSchema)]\n#[serde(rename = \"a] b\")]\npub enum Body {}\n",
            "mod x {\n    #[derive(\n        Debug,\n        ToSchema,\n    )]\n    pub(super) struct Body {}\n}\n",
            "kinds! {\n    /// Why.\n    Body {\n        A = \"a\",\n    }\n}\n",
        ] {
            let found = check(&[
                file("rooms/a/src/x.rs", "#[derive(ToSchema)]\nstruct Body {}\n"),
                file("rooms/b/src/y.rs", text),
            ]);
            assert_eq!(found.len(), 1, "{text}");
        }
        let macro_text = "macro_rules! kinds { () => {\n#[derive(ToSchema)]\npub enum $name {} } }\n";
        let found = check(&[
            file("rooms/a/src/x.rs", macro_text),
            file("rooms/b/src/y.rs", macro_text),
        ]);
        assert!(found.is_empty());
    }

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
