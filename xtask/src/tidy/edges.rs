//! Who may depend on whom, and what a manifest must and must not say.

use serde::Deserialize;

use super::Breach;

/// The room line: a room may depend only on rooms to its left.
pub(crate) const ROOMS: &[&str] = &[
    "environment",
    "audit",
    "tenancy",
    "people",
    "entitlements",
    "access",
    "federation",
    "portal",
];

/// The floor, each crate with what it may stand on.
const FLOOR: &[(&str, &[&str])] = &[
    ("kit", &[]),
    ("db", &["kit"]),
    ("crypto", &["kit"]),
    ("outbound", &["kit"]),
    ("web", &["kit", "db", "crypto", "outbound"]),
    ("blocks", &["kit", "db", "crypto", "outbound", "web"]),
];

/// What a room gets through the floor and never by itself.
const NOT_IN_ROOMS: &[&str] = &["axum", "rusqlite", "tokio-postgres", "tokio", "reqwest", "rand"];
/// Tests of a room run a router and send it requests.
const IN_TESTS_OF_ROOMS: &[&str] = &["axum", "tokio"];
const DRIVERS: &[&str] = &[
    "rusqlite",
    "tokio-postgres",
    "tokio-postgres-rustls",
    "deadpool-postgres",
];

#[derive(Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
}

#[derive(Deserialize)]
pub(crate) struct Package {
    name: String,
    pub(crate) manifest_path: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    path: Option<String>,
    /// `dev` for what only the tests use.
    kind: Option<String>,
}

/// The rules about dependencies; `manifest` is the path shown to the reader.
pub(crate) fn check(package: &Package, manifest: &str) -> Vec<Breach> {
    let name = package.name.as_str();
    let mut breaches = Vec::new();
    for dependency in &package.dependencies {
        let other = dependency.name.as_str();
        let sentence = if dependency.path.is_some() {
            forbidden_edge(name, other)
        } else if dependency.kind.as_deref() == Some("dev") && IN_TESTS_OF_ROOMS.contains(&other) {
            None
        } else {
            forbidden_package(name, other)
        };
        breaches.extend(sentence.map(|sentence| Breach::file(manifest, sentence)));
    }
    let folder = manifest.trim_end_matches("/Cargo.toml");
    let known = match folder.split_once('/') {
        Some(("rooms", room)) => ROOMS.contains(&room),
        Some(("crates", floor)) => FLOOR.iter().any(|(known, _)| *known == floor),
        _ => true,
    };
    if !known {
        breaches.push(Breach::file(
            manifest,
            "has no place in the line of crates; give it one in xtask/src/tidy/edges.rs",
        ));
    }
    breaches
}

fn forbidden_edge(from: &str, to: &str) -> Option<String> {
    let place = |name: &str| ROOMS.iter().position(|room| *room == name);
    let on_floor = |name: &str| FLOOR.iter().any(|(floor, _)| *floor == name);
    if let Some((_, below)) = FLOOR.iter().find(|(floor, _)| *floor == from) {
        return (!below.contains(&to)).then(|| format!("{from} stands below {to} and may not depend on it"));
    }
    match (place(from), place(to)) {
        (Some(here), Some(there)) if there < here => None,
        (Some(_), Some(_)) => Some(format!(
            "{to} is not to the left of {from}; take a trait that the server supplies, or write an outbox event"
        )),
        (Some(_), None) if on_floor(to) => None,
        (Some(_), None) => Some(format!("a room may not depend on {to}")),
        (None, _) if from == "tenantry" && matches!(to, "journeys" | "xtask") => {
            Some(format!("the server may not depend on {to}"))
        }
        (None, _) if from == "xtask" => Some("xtask builds without the rest of the workspace".to_owned()),
        (None, _) => None,
    }
}

fn forbidden_package(from: &str, other: &str) -> Option<String> {
    let floor = FLOOR.iter().any(|(name, _)| *name == from);
    if ROOMS.contains(&from) && (NOT_IN_ROOMS.contains(&other) || other.starts_with("deadpool")) {
        return Some(format!(
            "a room does not list {other}; the floor crates offer what is needed"
        ));
    }
    if floor && from != "db" && DRIVERS.contains(&other) {
        return Some(format!("only db names a driver such as {other}"));
    }
    if floor && from != "web" && other == "axum" {
        return Some("on the floor only web names axum".to_owned());
    }
    None
}

/// What can only be seen in the manifest's text.
pub(crate) fn manifest(path: &str, text: &str) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let mut section = String::new();
    let mut lints = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.starts_with('[') {
            section = line.trim_matches(['[', ']']).to_owned();
            if section.contains("dependencies.") {
                breaches.push(Breach::line(
                    path,
                    index + 1,
                    "write a dependency on one line: NAME.workspace = true",
                ));
            }
            continue;
        }
        let compact: String = line.chars().filter(|c| !c.is_whitespace()).collect();
        lints |= section == "lints" && compact == "workspace=true";
        let shared = compact.contains("workspace=true") || compact.contains("path=");
        if section.ends_with("dependencies") && !compact.is_empty() && !shared {
            breaches.push(Breach::line(
                path,
                index + 1,
                "versions stand in the workspace manifest: NAME.workspace = true",
            ));
        }
    }
    if !lints {
        breaches.push(Breach::file(path, "wants [lints] with workspace = true"));
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[(&str, bool)]) -> Package {
        Package {
            name: name.to_owned(),
            manifest_path: String::new(),
            dependencies: dependencies
                .iter()
                .map(|(name, own)| Dependency {
                    name: (*name).to_owned(),
                    path: own.then(String::new),
                    kind: None,
                })
                .collect(),
        }
    }

    fn breaches(folder: &str, name: &str, dependencies: &[(&str, bool)]) -> Vec<String> {
        let found = check(&package(name, dependencies), &format!("{folder}/Cargo.toml"));
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn edges_point_left_and_down() {
        let all = [
            ("kit", true),
            ("web", true),
            ("blocks", true),
            ("environment", true),
            ("people", true),
        ];
        assert!(breaches("rooms/access", "access", &all).is_empty());
        assert_eq!(breaches("rooms/audit", "audit", &all).len(), 1);
        assert_eq!(
            breaches("rooms/people", "people", &[("people", true), ("journeys", true)]).len(),
            2
        );
        assert!(
            breaches(
                "crates/web",
                "web",
                &[("kit", true), ("db", true), ("crypto", true)]
            )
            .is_empty()
        );
        assert_eq!(
            breaches(
                "crates/db",
                "db",
                &[("kit", true), ("web", true), ("crypto", true)]
            )
            .len(),
            2
        );
        assert!(breaches("server", "tenantry", &[("kit", true), ("access", true)]).is_empty());
        assert_eq!(breaches("server", "tenantry", &[("journeys", true)]).len(), 1);
        assert!(breaches("journeys", "journeys", &[("tenantry", true)]).is_empty());
        assert_eq!(breaches("xtask", "xtask", &[("kit", true)]).len(), 1);
    }

    #[test]
    fn rooms_list_no_driver_and_no_runtime() {
        let listed = [("tokio", false), ("deadpool-postgres", false), ("serde", false)];
        assert_eq!(breaches("rooms/audit", "audit", &listed).len(), 2);
        assert_eq!(
            breaches("crates/crypto", "crypto", &[("rusqlite", false), ("axum", false)]).len(),
            2
        );
        assert!(breaches("crates/db", "db", &[("rusqlite", false), ("tokio", false)]).is_empty());
    }

    #[test]
    fn tests_of_rooms_may_run_a_router() {
        let mut room = package(
            "access",
            &[("tokio", false), ("axum", false), ("rusqlite", false)],
        );
        for dependency in &mut room.dependencies {
            dependency.kind = Some("dev".to_owned());
        }
        assert_eq!(check(&room, "rooms/access/Cargo.toml").len(), 1);
    }

    #[test]
    fn a_crate_without_a_place_is_reported() {
        assert_eq!(breaches("rooms/kitchen", "kitchen", &[]).len(), 1);
        assert_eq!(breaches("crates/utils", "utils", &[]).len(), 1);
    }

    #[test]
    fn manifests_take_lints_and_versions_from_the_workspace() {
        let good = "[dependencies]\nkit.workspace = true # why\nweb = { workspace = true, features = [\"x\"] }\nz = { path = \"../z\" }\n\n[lints]\nworkspace = true\n";
        assert!(manifest("a", good).is_empty());
        let bad = "[dependencies]\nserde = \"1\"\n[dev-dependencies.tokio]\nversion = \"1\"\n";
        assert_eq!(manifest("a", bad).len(), 3);
    }
}
