//! Which SQL stands where, which tables it names, and that it stays inside an environment.

use std::collections::BTreeSet;
use std::ops::Range;

use super::migrations::Schema;
use super::rust::Source;
use super::{Breach, sql};

const MARKS: &[&str] = &["sql!(", "Query::new("];
const EVERY_ENVIRONMENT: &str = "all environments:";

/// The SQL rules for one source file.
pub(crate) fn check(path: &str, source: &Source, schema: &Schema) -> Vec<Breach> {
    let Some(home) = home(path) else {
        return Vec::new();
    };
    let statements = statements(source);
    let mut breaches = Vec::new();
    if let Some(first) = statements.first().filter(|_| !may_hold_sql(path)) {
        let line = source.line(first.0.start);
        breaches.push(Breach::line(
            path,
            line,
            "SQL stands in store.rs or in a folder called store",
        ));
    }
    for (at, name) in tables_named(path, source, &statements) {
        if let Some(table) = schema.get(&name).filter(|table| table.owner != home) {
            let sentence = format!(
                "the table {name} belongs to {}; ask through its lib.rs",
                table.owner
            );
            breaches.push(Breach::line(path, source.line(at), sentence));
        }
    }
    for (range, whole) in &statements {
        let line = source.line(range.start);
        if let Some(table) = crossing(source, range, whole, schema).filter(|_| !excused(source, line)) {
            let sentence = format!(
                "the statement on {table} does not name environment_id; where that is meant, say `// {EVERY_ENVIRONMENT} reason` on the line before"
            );
            breaches.push(Breach::line(path, line, sentence));
        }
    }
    breaches
}

/// Who owns the tables that a file may name: its room, or its crate. The db crate has only the toy tables of its tests.
fn home(path: &str) -> Option<&str> {
    let mut parts = path.split('/');
    match (parts.next()?, parts.next()?) {
        ("crates", "db") => None,
        ("rooms" | "crates", name) => Some(name),
        ("server", _) => Some("server"),
        _ => None,
    }
}

fn may_hold_sql(path: &str) -> bool {
    let mut parts = path.split('/').rev();
    path.starts_with("crates/blocks/")
        || parts.next() == Some("store.rs")
        || parts.any(|folder| folder == "store")
}

/// Each piece of SQL: the bracket that holds it, and the statement around it, where a list builder adds its conditions.
fn statements(source: &Source) -> Vec<(Range<usize>, Range<usize>)> {
    let mut found = Vec::new();
    for mark in MARKS {
        for (start, _) in source.code.match_indices(mark) {
            let close = source.closing(start + mark.len() - 1);
            let tail = source.code.get(close..).unwrap_or_default();
            let end = if mark.starts_with("sql!") {
                close
            } else {
                close + tail.find(';').unwrap_or(tail.len())
            };
            found.push((start..close, start..end));
        }
    }
    found.sort_by_key(|(range, _)| range.start);
    found
}

/// Every name that stands where a table stands: in marked SQL, and in store files in any string with upper-case keywords.
fn tables_named(
    path: &str,
    source: &Source,
    statements: &[(Range<usize>, Range<usize>)],
) -> BTreeSet<(usize, String)> {
    let mut found = BTreeSet::new();
    for literal in &source.literals {
        let marked = statements.iter().any(|(range, _)| range.contains(&literal.at));
        if marked || may_hold_sql(path) {
            found.extend(
                sql::tables(&literal.text, !marked)
                    .into_iter()
                    .map(|name| (literal.at, name)),
            );
        }
    }
    found
}

/// The table of an environment that a statement reaches without naming the environment.
fn crossing(source: &Source, range: &Range<usize>, whole: &Range<usize>, schema: &Schema) -> Option<String> {
    let scoped = source
        .literals_in(range)
        .flat_map(|literal| sql::tables(&literal.text, false))
        .find(|name| schema.get(name).is_some_and(|table| table.scoped))?;
    let names_it = source
        .literals_in(whole)
        .any(|literal| sql::has_word(&literal.text, "environment_id"));
    (!names_it).then_some(scoped)
}

fn excused(source: &Source, line: usize) -> bool {
    source.comments.iter().any(|comment| {
        let at = source.line(comment.at);
        let reason = comment
            .text
            .split_once(EVERY_ENVIRONMENT)
            .map(|(_, reason)| reason.trim());
        (at == line || at + 1 == line) && reason.is_some_and(|reason| !reason.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::super::migrations::Table;
    use super::*;

    fn schema() -> Schema {
        let table = |owner: &str, scoped| Table {
            owner: owner.to_owned(),
            scoped,
        };
        Schema::from([
            ("roles".to_owned(), table("tenancy", true)),
            ("users".to_owned(), table("people", true)),
            ("tasks".to_owned(), table("blocks", true)),
            ("meta".to_owned(), table("people", false)),
        ])
    }

    fn breaches(path: &str, text: &str) -> Vec<String> {
        let found = check(path, &Source::parse(text), &schema());
        found.iter().map(ToString::to_string).collect()
    }

    const STORE: &str = "rooms/people/src/users/store.rs";

    #[test]
    fn sql_stands_in_stores() {
        let text = "tx.all(sql!(\"SELECT id FROM users WHERE environment_id = $1\"))";
        assert!(breaches(STORE, text).is_empty());
        assert!(breaches("rooms/people/src/users/store/list.rs", text).is_empty());
        assert_eq!(breaches("rooms/people/src/users/domain.rs", text).len(), 1);
        assert_eq!(breaches("crates/web/src/gate.rs", text).len(), 2);
        assert!(breaches("journeys/tests/people.rs", text).is_empty());
        assert!(breaches("crates/db/tests/it.rs", "sql!(\"SELECT id FROM users\")").is_empty());
    }

    #[test]
    fn a_table_of_another_room_is_out_of_reach() {
        let joined = "sql!(\"SELECT 1 FROM users u JOIN roles r ON r.environment_id = u.environment_id\")";
        let found = breaches(STORE, joined);
        assert_eq!(found.len(), 1);
        assert!(
            found
                .iter()
                .all(|sentence| sentence.contains("roles belongs to tenancy"))
        );
        assert_eq!(
            breaches(STORE, "const PIECE: &str = \" JOIN roles r ON true\";").len(),
            1
        );
        assert!(breaches(STORE, "fail(\"removed from roles\")").is_empty());
        assert_eq!(
            breaches(
                "crates/blocks/src/x.rs",
                "sql!(\"UPDATE users SET environment_id = $1\")"
            )
            .len(),
            1
        );
    }

    #[test]
    fn every_statement_names_its_environment() {
        let bare = "\nsql!(\"DELETE FROM users WHERE id = $1\")";
        assert_eq!(breaches(STORE, bare).len(), 1);
        assert!(
            breaches(
                STORE,
                &format!("// all environments: the sweep of expired rows{bare}")
            )
            .is_empty()
        );
        assert_eq!(breaches(STORE, &format!("// all environments:{bare}")).len(), 1);
        assert!(breaches(STORE, "sql!(\"SELECT x FROM meta\")").is_empty());
        assert!(
            breaches(
                STORE,
                "sql!(\"SELECT id FROM users\", \" WHERE environment_id = $1\")"
            )
            .is_empty()
        );
    }

    #[test]
    fn a_list_builder_may_add_the_environment_later() {
        let list = "let q = Query::new(\"SELECT id FROM users\").and(\"environment_id = \", x);";
        assert!(breaches(STORE, list).is_empty());
        assert_eq!(
            breaches(
                STORE,
                "let q = Query::new(\"SELECT id FROM users\"); y(\"environment_id\");"
            )
            .len(),
            1
        );
    }
}
