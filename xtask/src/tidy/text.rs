//! Rules that can be seen in the text of one file.

use std::sync::LazyLock;

use regex::Regex;

use super::Breach;
use super::rust::Source;

const LINES: usize = 600;
const LINES_OF_JOURNEYS: usize = 800;

#[expect(
    clippy::expect_used,
    reason = "the patterns are constants, and the tests use each"
)]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a valid pattern")
}

/// Nobody ever split a file of thousands of lines.
pub(crate) fn length(path: &str, text: &str) -> Option<Breach> {
    let limit = if path.starts_with("journeys/") {
        LINES_OF_JOURNEYS
    } else {
        LINES
    };
    let lines = text.lines().count();
    (lines > limit).then(|| Breach::file(path, format!("has {lines} lines; split it before {limit}")))
}

/// A folder that exists on one machine only.
pub(crate) fn machine_paths(path: &str, text: &str) -> Vec<Breach> {
    static FOLDER: LazyLock<Regex> =
        LazyLock::new(|| pattern(r#"(^|[\s"'`(=:,<\[])/(work|root|home/\w+|Users/\w+)(/|["'`\s),]|$)"#));
    let lines = text.lines().enumerate().filter(|(_, line)| FOLDER.is_match(line));
    lines
        .map(|(index, _)| {
            Breach::line(
                path,
                index + 1,
                "names a folder of one machine; paths are relative to the workspace",
            )
        })
        .collect()
}

/// Macros that are for the moment of writing, and output that only programs may make.
pub(crate) fn macros(path: &str, source: &Source) -> Vec<Breach> {
    static UNFINISHED: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(todo|unimplemented|dbg)!"));
    static PRINT: LazyLock<Regex> = LazyLock::new(|| pattern(r"\be?print(ln)?!"));
    let mut breaches = Vec::new();
    for found in UNFINISHED.find_iter(&source.code) {
        let sentence = format!("{} does not stay in finished code", found.as_str());
        breaches.push(Breach::line(path, source.line(found.start()), sentence));
    }
    let program = ["server/", "xtask/", "journeys/src/bin/"]
        .iter()
        .any(|folder| path.starts_with(folder));
    for found in PRINT.find_iter(&source.code).filter(|_| !program) {
        let sentence = format!(
            "{} is for programs; a library logs through tracing or returns a value",
            found.as_str()
        );
        breaches.push(Breach::line(path, source.line(found.start()), sentence));
    }
    breaches
}

/// The order api → domain → store inside a room, and one door per room.
pub(crate) fn layers(path: &str, source: &Source) -> Vec<Breach> {
    static WEB: LazyLock<Regex> = LazyLock::new(|| pattern(r"\bweb::(\w*)"));
    static STORE: LazyLock<Regex> = LazyLock::new(|| pattern(r"\bstore::"));
    static PUB_MOD: LazyLock<Regex> = LazyLock::new(|| pattern(r"\bpub\s+mod\b"));
    if !path.starts_with("rooms/") {
        return Vec::new();
    }
    let mut parts = path.rsplit('/');
    let file = parts.next().unwrap_or_default();
    let is = |name: &str| file.strip_suffix(".rs") == Some(name) || parts.clone().next() == Some(name);
    let mut breaches = Vec::new();
    let mut report = |at, sentence: &str| breaches.push(Breach::line(path, source.line(at), sentence));
    if is("store") || is("model") {
        for found in WEB.captures_iter(&source.code) {
            if let (Some(whole), Some(item)) = (found.get(0), found.get(1))
                && item.as_str() != "utoipa"
            {
                report(
                    whole.start(),
                    "stores and models know nothing of HTTP: no web:: here but utoipa",
                );
            }
        }
    }
    if is("api") {
        for found in STORE.find_iter(&source.code) {
            report(found.start(), "handlers call the domain, never the store");
        }
    }
    if path.ends_with("src/lib.rs") {
        for found in PUB_MOD.find_iter(&source.code) {
            report(
                found.start(),
                "a room's lib.rs re-exports items; its modules stay private",
            );
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn macros_in(path: &str, text: &str) -> usize {
        macros(path, &Source::parse(text)).len()
    }

    fn layers_in(path: &str, text: &str) -> usize {
        layers(path, &Source::parse(text)).len()
    }

    #[test]
    fn long_files_are_reported() {
        let lines = |count| "x\n".repeat(count);
        assert!(length("rooms/people/src/a.rs", &lines(600)).is_none());
        assert!(length("rooms/people/src/a.rs", &lines(601)).is_some());
        assert!(length("journeys/tests/a.rs", &lines(800)).is_none());
        assert!(length("journeys/tests/a.rs", &lines(801)).is_some());
    }

    #[test]
    fn folders_of_one_machine_are_reported_and_routes_are_not() {
        for folder in ["work", "root", "home/ann", "Users/ann"] {
            assert_eq!(
                machine_paths("a.md", &format!("one\nsee `/{folder}/thing`")).len(),
                1,
                "{folder}"
            );
        }
        for text in [
            "/identity/root",
            "https://example.com/work/",
            "/workers",
            "/rooted",
            "a/root/b",
        ] {
            assert!(machine_paths("a.rs", text).is_empty(), "{text}");
        }
    }

    #[test]
    fn unfinished_code_is_found_and_comments_are_not() {
        assert_eq!(
            macros_in("crates/kit/src/a.rs", "fn f() { todo!() } // todo!()\n"),
            1
        );
        assert_eq!(
            macros_in("xtask/src/a.rs", "unimplemented!(); dbg!(1); println!()"),
            2
        );
        assert_eq!(
            macros_in("crates/kit/src/a.rs", "println!(); eprintln!(); print!(\"dbg!\")"),
            3
        );
        assert_eq!(macros_in("journeys/src/bin/bench.rs", "println!()"), 0);
    }

    #[test]
    fn a_room_keeps_its_layers() {
        assert_eq!(
            layers_in(
                "rooms/people/src/users/store.rs",
                "use web::Caller; use web::utoipa::ToSchema;"
            ),
            1
        );
        assert_eq!(
            layers_in("rooms/people/src/users/model.rs", "use web::{Body, Params};"),
            1
        );
        assert_eq!(
            layers_in("rooms/people/src/users/domain.rs", "use web::Caller; store::x()"),
            0
        );
        assert_eq!(
            layers_in(
                "rooms/people/src/users/api.rs",
                "use super::store::users; my_store::x()"
            ),
            1
        );
        assert_eq!(
            layers_in("rooms/people/src/users/api/list.rs", "super::store::x()"),
            1
        );
        assert_eq!(
            layers_in("rooms/people/src/lib.rs", "mod a; pub mod b; pub use a::C;"),
            1
        );
        assert_eq!(layers_in("crates/web/src/lib.rs", "pub mod b;"), 0);
    }
}
