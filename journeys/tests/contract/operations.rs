//! The route table against the documented operations.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use journeys::{Engine, World, repository};

/// `METHOD path` with every path parameter as `{}`, since their names are ours to choose.
fn plain(line: &str) -> String {
    let (method, path) = line
        .split_once(' ')
        .unwrap_or_else(|| panic!("{line:?} is no METHOD and path"));
    let parts: Vec<&str> = path
        .trim()
        .split('/')
        .map(|part| if part.starts_with('{') { "{}" } else { part })
        .collect();
    format!("{method} {}", parts.join("/"))
}

fn list(name: &str) -> BTreeMap<String, String> {
    let path = repository().join("contract").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| (plain(line), line.to_owned()))
        .collect()
}

fn differences(served: &BTreeSet<String>) -> Vec<String> {
    let (documented, pending, extra) = (list("operations.txt"), list("pending.txt"), list("extra.txt"));
    let mut wrong = Vec::new();
    for (key, line) in &documented {
        match (served.contains(key), pending.contains_key(key)) {
            (true, true) => wrong.push(format!("{line} is served: take it out of contract/pending.txt")),
            (false, false) => wrong.push(format!(
                "{line} is documented and not pending, but nothing serves it"
            )),
            _ => {}
        }
    }
    for (key, line) in &pending {
        if !documented.contains_key(key) {
            wrong.push(format!(
                "{line} is in contract/pending.txt but not in contract/operations.txt"
            ));
        }
    }
    for (key, line) in &extra {
        if documented.contains_key(key) {
            wrong.push(format!("{line} is documented: take it out of contract/extra.txt"));
        } else if !served.contains(key) {
            wrong.push(format!("{line} is in contract/extra.txt but nothing serves it"));
        }
    }
    for key in served {
        if !documented.contains_key(key) && !extra.contains_key(key) {
            wrong.push(format!(
                "{key} is served but not documented: write it into contract/extra.txt, or check its spelling"
            ));
        }
    }
    wrong
}

#[tokio::test]
async fn the_route_table_is_the_contract_less_what_is_pending() {
    let world = World::on(Engine::Sqlite).await;
    let served: BTreeSet<String> = world
        .table()
        .iter()
        .map(|entry| plain(&format!("{} {}", entry.method, entry.path)))
        .collect();
    assert_eq!(served.len(), world.table().len(), "a route is registered twice");
    let wrong = differences(&served);
    assert!(
        wrong.is_empty(),
        "{} differences:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    world.end().await;
}

#[tokio::test]
async fn the_list_of_documented_operations_is_whole() {
    assert_eq!(list("operations.txt").len(), 446);
}

#[tokio::test]
async fn every_route_of_an_environment_describes_itself_in_the_served_document() {
    let world = World::on(Engine::Sqlite).await;
    let document = world.document().await;
    for entry in world
        .table()
        .iter()
        .filter(|entry| !entry.guard.is_about_server())
    {
        let operation = &document["paths"][&entry.path][entry.method.to_lowercase()];
        assert!(
            operation.is_object(),
            "{} {} is not in the document",
            entry.method,
            entry.path
        );
        assert_eq!(
            operation["x-guard"],
            entry.guard.describe(),
            "{} {}",
            entry.method,
            entry.path
        );
    }
    world.end().await;
}
